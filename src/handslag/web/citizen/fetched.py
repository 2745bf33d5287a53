"""What other authorities said about the person herself, line by line, and her word that a line is wrong.

Each adult sees her own lines only: the application is read and signed by both, these are not in it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_citizen
from handslag.domain.casefile.queries import period_in
from handslag.domain.intake.permissions import draft_for_citizen
from handslag.domain.lookups.models import FetchedLine
from handslag.domain.lookups.operations import dispute_line, take_dispute_back
from handslag.domain.lookups.queries import Disputed, Own, authority_name, disputes_in, told_about
from handslag.domain.lookups.states import DisputeReason, Verdict
from handslag.domain.people.models import Person
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.months import Month
from handslag.web.citizen.forms import text as plain
from handslag.web.citizen.person import me
from handslag.web.citizen.steps import form_behind, reading
from handslag.web.entry.pages import citizen_page
from handslag.web.ui.forms import AmountField


def cards(tenant: str, case: Case, period: Period, person: Person, draft: UUID | None = None) -> dict[str, Any]:
    """What the cards show; nothing where nobody was asked. What is shown is noted in the log of reads. `draft`: the
    application from whose screen a line can be disputed, and to which that leads back."""
    told = told_about(person.id, period.id)
    if not told:
        return {}
    disputed = disputes_in(period.id)
    for key in dict.fromkeys(str(one.standing.answer.look_up_id) for one in told if one.standing.answer):
        looked_at(f"look-up {key}", case.id)
    month, back = Month.of(period.since), f"?draft={draft}" if draft else ""

    def address(line: FetchedLine) -> str:
        return reverse("dispute", args=[tenant, case.id, str(month), line.id]) + back

    open_for = period.last_decision_on is None
    return {
        "fetched": [
            {
                "name": authority_name(one.standing.authority, reading()),
                "state": _state(one),
                "asked_at": one.standing.asked_at,
                "lines": [
                    {
                        "line": line,
                        "disputed": _said(disputed.get(line.id)),
                        "url": address(line) if open_for else "",
                        "replaced": line in one.earlier,
                    }
                    for line in [*one.lines, *one.earlier]
                ],
            }
            for one in sorted(told, key=lambda one: (not one.lines, one.standing.authority))
        ],
        "fetched_both": case.co_applicant_id is not None,
    }


def _state(one: Own) -> str:
    """How it stands with one authority: marked, waiting, failed (with what came all the same), lines, none."""
    if one.marked:
        return "marked"
    if one.standing.answer is None:
        return "waiting"
    if one.standing.missing:
        return "failed"
    return "lines" if one.lines else "none"


def reasons() -> dict[str, str]:
    """What can be wrong with a line."""
    return {
        DisputeReason.AMOUNT: gettext("The amount is wrong"),
        DisputeReason.MISSING: gettext("I didn’t get this money"),
        DisputeReason.NOT_MINE: gettext("It isn’t mine"),
        DisputeReason.MONTH: gettext("It is for another month"),
        DisputeReason.OTHER: gettext("Something else"),
    }


def verdicts() -> dict[str, str]:
    """What a caseworker can decide about it."""
    return {
        Verdict.AS_FETCHED: gettext("We go by what the authority says"),
        Verdict.AS_SAID: gettext("We go by what you say"),
        Verdict.OTHERWISE: gettext("We count it in another way"),
    }


def _said(one: Disputed | None) -> dict[str, Any] | None:
    if one is None:
        return None
    answer = one.answer
    return {
        "reason": reasons()[one.dispute.reason],
        "text": one.dispute.text,
        "amount": one.dispute.amount,
        "verdict": verdicts()[answer.verdict] if answer else "",
        "why": answer.why if answer else "",
    }


class DisputeForm(forms.Form):
    """What is wrong with a line, what it should be, in her own words."""

    use_required_attribute = False

    reason = forms.ChoiceField(widget=forms.RadioSelect)
    amount = AmountField(required=False)
    text = forms.CharField(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = list(reasons().items())
        reason.label = gettext("What is wrong?")
        reason.error_messages |= dict.fromkeys(("required", "invalid_choice"), gettext("Choose what is wrong."))
        self.fields["amount"].label = gettext("What should the amount be?")
        self.fields["amount"].help_text = gettext("If it is the amount that is wrong.")
        self.fields["text"].label = gettext("Tell us more")
        self.fields["text"].help_text = gettext("In your own words, in any language.")


def _refusals() -> dict[str, tuple[str, str]]:
    return {
        "amount": ("amount", gettext("Write what the amount should be.")),
        "text": ("text", gettext("Write what is wrong.")),
        "long text": ("text", gettext("The text is too long for this place. Write it shorter, or send a message.")),
    }


def _troubles() -> dict[str, str]:
    return {
        "decided": gettext("This month is decided now: what you wrote isn’t sent. The decision says how to appeal."),
        "disputed": gettext("You have told us exactly this already."),
        "not disputed": gettext("Your caseworker has answered this already."),
    }


def _found(request: HttpRequest, case: UUID, month: str) -> tuple[Case, Period, Person]:
    person = me(request)
    found = case_for_citizen(case, request.door.the_actor)  # type: ignore[attr-defined]
    try:
        period = period_in(found.id, Month.parse(month))
    except ValueError:
        raise Http404 from None
    if period is None:
        raise Hidden("period", case)
    return found, period, person


@require_safe
@citizen_page("look-ups")
def fetched(request: HttpRequest, tenant: str, case: UUID, month: str) -> HttpResponse:
    """What authorities said about me for a month."""
    found, period, person = _found(request, case, month)
    facts = {"case": found, "month": period.since, **cards(tenant, found, period, person)}
    return render(request, "citizen/fetched.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@citizen_page("look-ups", whose=("dispute", "tenant", "case", "month", "line"))
def dispute(request: HttpRequest, tenant: str, case: UUID, month: str, line: UUID) -> HttpResponse:
    """A line is wrong: POST `reason`, `amount`, `text`; `action=back` takes it back. Leads back to the application's
    screen (`?draft=`), else to the month's lines."""
    found, period, person = _found(request, case, month)
    told = told_about(person.id, period.id)
    own = next((row for one in told for row in [*one.lines, *one.earlier] if row.id == line), None)
    if own is None:
        raise Hidden("line", line)
    looked_at(f"look-up {own.answer.look_up_id}", found.id)
    back, query = _back(request, tenant, found, month)
    standing = disputes_in(period.id).get(own.id)
    posted = request.POST if request.method == "POST" else request.kept  # type: ignore[attr-defined]
    before = {}
    if standing is not None:
        said = standing.dispute
        before = {"reason": said.reason, "amount": said.amount, "text": said.text}
    form = DisputeForm(posted, initial=before)
    trouble = ""
    if request.method == "POST":
        refused = _sent(request, tenant, own, form)
        if refused in _troubles():
            trouble = _troubles()[refused]
        elif refused in _refusals():
            form.add_error(*_refusals()[refused])
        elif not form.errors:
            return HttpResponseRedirect(f"{back}#line-{own.id}")
    facts = {
        "case": found,
        "month": period.since,
        "line": own,
        "name": authority_name(own.authority, reading()),
        "form": form,
        "trouble": trouble,
        "back": back,
        "here": request.path + query,
        "disputed": _said(standing),
        "decided": period.last_decision_on is not None,
        "typed": form["text"].value() or "" if request.method == "POST" else "",
    }
    return render(request, "citizen/dispute.html", facts, status=422 if form.errors or trouble else 200)


def _back(request: HttpRequest, tenant: str, case: Case, month: str) -> tuple[str, str]:
    """Where it leads back to, and the query that says so."""
    try:
        draft = draft_for_citizen(UUID(request.GET.get("draft", "")), request.door.the_actor)  # type: ignore[attr-defined]
    except (ValueError, Hidden):
        return reverse("fetched", args=[tenant, case.id, month]), ""
    screen = next(one.code for one in form_behind(draft).screens if one.rows and one.rows.code == "incomes")
    return reverse("step", args=[tenant, draft.id, screen]), f"?draft={draft.id}"


def _sent(request: HttpRequest, tenant: str, line: FetchedLine, form: DisputeForm) -> str:
    """Send it, or take it back; gives the code of a refusal."""
    by, now = request.door.the_actor, request.now  # type: ignore[attr-defined]
    try:
        if request.POST.get("action") == "back":
            form.errors.clear()
            take_dispute_back(tenant=tenant, by=by, now=now, line=line.id)
        elif form.is_valid():
            typed = form.cleaned_data
            dispute_line(
                tenant=tenant, by=by, now=now, line=line.id, reason=typed["reason"], text=plain(typed["text"]),
                amount=typed["amount"],
            )  # fmt: skip
    except NotPossible as refusal:
        return refusal.code
    return ""
