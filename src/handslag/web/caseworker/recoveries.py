"""What has left beyond the decisions: claimed back by two people, paid in parts, given up. Nothing is filled in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.operations import letter_languages
from handslag.domain.decisions.queries import appeals_on, in_force, orders_in
from handslag.domain.decisions.states import RUNNING, OrderKind, OrderState
from handslag.domain.payments.models import Booking, Recovery
from handslag.domain.payments.operations.instalments import propose_instalment
from handslag.domain.payments.operations.recoveries import (
    agree_instalments,
    book_repayment,
    decide_recovery,
    grounds_of,
    propose_recovery,
    recovery_letter,
    return_recovery,
    section_for,
    waive_recovery,
    withdraw_recovery,
)
from handslag.domain.payments.queries import (
    basis_of,
    claimable_in,
    claimed_too_much,
    claimed_with,
    lines_of,
    plan_of,
    recoveries_of,
    standing_of,
    waivers_of,
)
from handslag.domain.payments.states import RecoveryGround, RecoveryState
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible, mandate
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel.months import Month
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.letters import shown_in_letters
from handslag.web.caseworker.pages import (
    attempt,
    base,
    form_key,
    page,
    require,
    text_in,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.caseworker.wording import RECOVERY_GROUNDS, REFUSALS, STATES, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import AmountField, DayField

LANGUAGES = {"sv": "Svenska", "en": "English", "de": "Deutsch", "fr": "Français"}


class ProposeForm(forms.Form):
    """A claim: from whom, how much for each month, on what ground, why."""

    person = forms.ChoiceField(label=gettext_lazy("From whom"), widget=forms.RadioSelect)
    ground = forms.ChoiceField(label=gettext_lazy("On what ground"))
    legal_basis = forms.CharField(
        label=gettext_lazy("Section of law, as the letter says it"), max_length=160, validators=[shown_in_letters]
    )
    reasons = forms.CharField(
        label=gettext_lazy("Reasons, for the person to read"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        validators=[shown_in_letters],
    )
    unheard = forms.CharField(
        label=gettext_lazy("If you haven’t asked what they think: why that is clearly not needed"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the letter"))

    def __init__(self, data: Any, case: Case, months: dict[UUID, tuple[Month, int]], initial: Any) -> None:
        super().__init__(data, initial=initial)
        adults = [p for p in (case.applicant, case.co_applicant) if p is not None]
        languages = [(one, LANGUAGES[one]) for one in letter_languages(case.legal_order)]
        grounds = [("", "–"), *((one.value, RECOVERY_GROUNDS[one]) for one in grounds_of(case))]
        self.fields["person"].choices = [(str(p.id), full_name(p)) for p in adults]  # type: ignore[attr-defined]
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]
        self.fields["language"].choices = languages  # type: ignore[attr-defined]
        for key, (month, most) in months.items():
            self.fields[f"amount-{key}"] = AmountField(
                label=gettext("To pay back for %(month)s") % {"month": formats.month(month.since)},
                help_text=gettext("At most %(most)s; empty: nothing") % {"most": formats.money(most)},
                required=False,
            )
        self.months = months

    def amounts(self) -> dict[UUID, int]:
        """What is claimed for each month (öre); months left empty are not in it."""
        found = {key: self.cleaned_data.get(f"amount-{key}") for key in self.months}
        return {key: amount for key, amount in found.items() if amount}

    @property
    def month_fields(self) -> list[Any]:
        """The fields of the months."""
        return [self[f"amount-{key}"] for key in self.months]


class PlanForm(forms.Form):
    """How she pays, as agreed with her."""

    prefix = "plan"
    monthly = AmountField(label=gettext_lazy("Amount each month"))
    first_on = DayField(label=gettext_lazy("From day"))
    agreed = forms.CharField(label=gettext_lazy("What you agreed, with whom and when"), max_length=200)


class KeepForm(forms.Form):
    """A part of the support that is kept back for a Swiss claim: from which month, how much, why."""

    prefix = "keep"
    period = forms.ChoiceField(label=gettext_lazy("From which month"))
    percent = forms.IntegerField(label=gettext_lazy("Per cent of the basic need"), min_value=1, max_value=100)
    reasons = forms.CharField(
        label=gettext_lazy("Reasons, for the person to read"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[shown_in_letters],
    )
    legal_basis = forms.CharField(
        label=gettext_lazy("Section of law, as the letter says it"), max_length=160, validators=[shown_in_letters]
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the letter"))

    def __init__(self, data: Any, row: Recovery, months: list[Period]) -> None:
        super().__init__(data, initial={"legal_basis": row.legal_basis, "language": row.language})
        choices = [("", "–"), *((str(one.id), formats.month(one.since)) for one in months)]
        self.fields["period"].choices = choices  # type: ignore[attr-defined]
        languages = [(one, LANGUAGES[one]) for one in letter_languages("ch")]
        self.fields["language"].choices = languages  # type: ignore[attr-defined]


class MoneyForm(forms.Form):
    """Money that came in for a claim."""

    prefix = "money"
    amount = AmountField(label=gettext_lazy("Amount"))
    source = forms.CharField(label=gettext_lazy("What it rests on (for example a bank statement)"), max_length=120)


class WaiveForm(forms.Form):
    """A part of a claim that is given up."""

    prefix = "waive"
    amount = AmountField(label=gettext_lazy("Amount"))
    reasons = forms.CharField(
        label=gettext_lazy("Reasons"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[shown_in_letters],
    )


_FIELDS = {
    "recovery ground": "ground",
    "section": "legal_basis",
    "reasons": "reasons",
    "not heard": "unheard",
    "more than claimed": "amount",
    "amount": "amount",
    "source": "source",
    "agreed": "agreed",
    "past day": "first_on",
    "reduced from": "period",
    "not heard first": "period",
    "percent": "percent",
}


def _add(form: forms.Form, refused: NotPossible) -> None:
    """Say what an operation refused at the field that it concerns."""
    field = _FIELDS.get(refused.code)
    if refused.code in ("amount", "beyond paid"):
        months = [name for name in form.fields if name.startswith("amount-")]
        own = f"amount-{refused.facts.get('period')}"
        field = next((name for name in (own, "monthly", "amount", *months) if name in form.fields), None)
    text = refusal(refused)
    text = text % {"most": refused.facts["most"]} if "most" in refused.facts else text
    form.add_error(field if field in form.fields else None, text)


@desk_page("recoveries")
def recoveries(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """What has left beyond the decisions of a case, what is claimed of it; POST proposes a claim."""
    found, member = case_for_staff(case, **who(request))
    looked_at("recoveries", found.id)
    left: dict[UUID, int] = {}
    beyond: dict[UUID, int] = {}
    for ground in RecoveryGround:
        for key, amount in basis_of(found.id, ground).items():
            beyond[key] = beyond.get(key, 0) + amount
        for key, amount in claimable_in(found.id, ground).items():
            left[key] = left.get(key, 0) + amount
    over = claimed_too_much(found.id)
    periods = Period.objects.filter(id__in={*beyond, *over}).order_by("since")
    months = {p.id: (Month.of(p.since), left[p.id]) for p in periods if p.id in left}
    try:
        section, certain = section_for(found, "misinformed", today(request))
    except NotPossible:  # the norms of the canton aren't known
        section, certain = "", False
    start = {"legal_basis": section, "language": found.applicant.language, "person": ""}
    if found.co_applicant is None:
        start["person"] = str(found.applicant_id)
    form = ProposeForm(typed(request), found, months, start)
    if request.method == "POST":
        require(request, Role.CASEWORKER)
        if form.is_valid():
            told = {
                name: form.cleaned_data[name] for name in ("ground", "legal_basis", "reasons", "unheard", "language")
            }
            person = UUID(form.cleaned_data["person"])
            try:
                row = attempt(request, propose_recovery, case=found.id, person=person, amounts=form.amounts(), **told)
                return HttpResponseRedirect(f"{base(request)}/recoveries/{row.id}/")
            except NotPossible as refused:
                _add(form, refused)
    rows = recoveries_of([found.id])
    waiting = any(row.state == RecoveryState.PROPOSED for row in rows)
    return page(
        request,
        "recoveries.html",
        status=422 if request.method == "POST" else 200,
        case=found,
        name=case_name(found),
        months=[
            (Month.of(p.since), beyond.get(p.id, 0), left.get(p.id, 0), over.get(p.id, 0), _appealed(p.id))
            for p in periods
        ],
        rows=[_row(row) for row in rows],
        form=form,
        certain=certain,
        may_propose=Role.CASEWORKER in member.roles and bool(left) and not waiting,
    )


def _appealed(period: UUID) -> bool:
    return any(one.state in RUNNING for one in appeals_on(period))


def _row(row: Recovery) -> dict[str, Any]:
    decided = row.state == RecoveryState.DECIDED
    return {
        "row": row,
        "who": full_name(row.person),
        "state": STATES[row.state],
        "amount": sum(line.amount for line in lines_of(row)),
        "open": standing_of(row).open if decided else None,
    }


def _found(request: HttpRequest, key: UUID) -> tuple[Recovery, Case, Member]:
    rows = Recovery.objects.select_related("person", "proposed_by", "decided_by", "letter__document")
    found = rows.filter(id=key).first()
    if found is None:
        raise Hidden("recovery", key)
    case, member = case_for_staff(found.case_id, **who(request))
    found.case = case
    return found, case, member


@desk_page("recovery")
def recovery(request: HttpRequest, tenant: str, recovery: UUID) -> HttpResponse:
    """A claim: proposed, with the letter that it becomes, or decided, with where it stands. POST `act`: decide, return
    (`reason`), withdraw, each with `version`; plan, money, waive, keep with the fields of their forms."""
    row, case, member = _found(request, recovery)
    looked_at("recovery", case.id)
    act = request.POST.get("act", "")
    posted = typed(request)
    asked = posted.get("act", "") if posted is not None else ""
    plan = PlanForm(posted if asked == "plan" else None, initial={"first_on": today(request).isoformat()})
    money = MoneyForm(posted if asked == "money" else None)
    waive = WaiveForm(posted if asked == "waive" else None)
    keep = KeepForm(posted if asked == "keep" else None, row, _undecided(row) if case.legal_order == "ch" else [])
    trouble = ""
    if request.method == "POST":
        form = {"plan": plan, "money": money, "waive": waive, "keep": keep}.get(act)
        try:
            if form is None:
                _step(request, row, act)
                return HttpResponseRedirect(f"{base(request)}/recoveries/{row.id}/")
            if form is keep and keep.is_valid():
                told = keep.cleaned_data | {"period": UUID(keep.cleaned_data["period"])}
                made = attempt(request, propose_instalment, recovery=row.id, **told, key=form_key(request))
                return HttpResponseRedirect(f"{base(request)}/orders/{made.id}/")
            if form is not keep and form.is_valid():
                once = {} if act == "plan" else {"key": form_key(request)}  # a plan takes the place of the one before
                attempt(request, _DOES[act], recovery=row.id, **form.cleaned_data, **once)
                return HttpResponseRedirect(f"{base(request)}/recoveries/{row.id}/")
        except NotPossible as refused:
            if form is None:
                trouble = refusal(refused)
            else:
                _add(form, refused)
        except Conflict:
            trouble = str(REFUSALS["conflict"])
        row, case, member = _found(request, recovery)
    return _shown(request, row, case, member, plan, money, waive, keep, trouble)


def _undecided(row: Recovery) -> list[Period]:
    """From which months on something can be kept back: those that aren't decided, after what was claimed."""
    lines = lines_of(row)
    later = Period.objects.filter(case_id=row.case_id, since__gt=lines[-1].period.since).order_by("since")
    return [one for one in later if in_force(one.id) is None]


_DOES: dict[str, Callable[..., Any]] = {
    "plan": agree_instalments,
    "money": book_repayment,
    "waive": waive_recovery,
}


def _step(request: HttpRequest, row: Recovery, act: str) -> None:
    here = {"recovery": row.id, "version": version_seen(request)}
    if act == "decide":
        attempt(request, decide_recovery, **here)
    elif act == "return":
        attempt(request, return_recovery, **here, reason=text_in(request.POST, "reason", 10_000))
    elif act == "withdraw":
        attempt(request, withdraw_recovery, **here)
    else:
        raise Hidden("recovery", row.id)


def _shown(
    request: HttpRequest,
    row: Recovery,
    case: Case,
    member: Member,
    plan: PlanForm,
    money: MoneyForm,
    waive: WaiveForm,
    keep: KeepForm,
    trouble: str,
) -> HttpResponse:
    lines, standing = lines_of(row), standing_of(row)
    proposed, decided = row.state == RecoveryState.PROPOSED, row.state == RecoveryState.DECIDED
    own = row.proposed_by_id == member.id
    total, now = sum(line.amount for line in lines), request.now  # type: ignore[attr-defined]
    by_what = mandate(member, Decides.RECOVERY, claimed_with(row), now) if proposed else None
    if by_what is not None:
        row.delegation = by_what.words  # as the letter will say it, if she decides
    preview = recovery_letter(row, lines, now, decider=gettext("whoever takes the decision"))
    waivers = waivers_of(row)
    bookings = Booking.objects.filter(recovery_line__recovery=row, kind="income").select_related("period")
    choices = keep.fields["period"].choices  # type: ignore[attr-defined]
    orders = [one for one in orders_in([case.id]) if one.kind == OrderKind.INSTALMENT and one.about == row.number]
    return page(
        request,
        "recovery.html",
        status=422 if trouble or any(form.errors for form in (plan, money, waive, keep)) else 200,
        row=row,
        case=case,
        name=case_name(case),
        who=full_name(row.person),
        state=STATES[row.state],
        proposed=proposed,
        decided=decided,
        amount=total,
        ground=RECOVERY_GROUNDS[row.ground],
        standing=standing,
        over=sum(claimed_too_much(case.id).values()) if decided else 0,
        plan=plan_of(row) if decided else None,
        waivers=waivers,
        money_in=list(bookings.order_by("booked_at", "id")),
        letter=row.letter.content if row.letter else preview,
        document=row.letter.document if row.letter else None,
        may_decide=by_what is not None and not own,
        own=own and proposed,
        may_work=decided and Role.CASEWORKER in member.roles and standing.open > 0,
        may_waive=decided and standing.open > 0 and mandate(member, Decides.WAIVER, 0, now) is not None,
        plan_form=plan,
        money_form=money,
        waive_form=waive,
        keep_form=keep,
        first=Month.of(Period.objects.get(id=choices[1][0]).since) if len(choices) > 1 else None,
        orders=[(one, STATES[one.state]) for one in orders],
        may_keep=case.legal_order == "ch" and not any(one.state == OrderState.PROPOSED for one in orders),
        trouble=trouble,
        reason=request.POST.get("reason", ""),
    )
