"""The log review: who looked at what in a month, as far as it comes before a reviewer, and what she found.

She sees who looked, at which page of which case, when and why; never a client's name, nor anything of the case.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.oversight.models import Review, ReviewedLook, TargetedSample
from handslag.domain.oversight.operations import begin_review, close_review, note_outcome, target_sample
from handslag.domain.oversight.queries import case_numbers, months
from handslag.domain.oversight.states import Outcome, Why
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.caseworker.pages import (
    attempt,
    base,
    form_key,
    number_in,
    page,
    require,
    the_door,
    the_member,
    today,
    typed,
    version_seen,
)
from handslag.web.caseworker.wording import LOOK_OUTCOMES, LOOKED_AT, REFUSALS, WHY_REVIEWED, refusal
from handslag.web.entry.pages import desk_page

_AT_A_TIME = 50


@desk_page("log review")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """The months that are over; POST `month` draws the sample of one."""
    require(request, Role.REVIEWER)
    trouble = ""
    if request.method == "POST":
        try:
            review = attempt(request, begin_review, month=Month.parse(request.POST.get("month", "")))
            return HttpResponseRedirect(f"{base(request)}/review/{review.id}/")
        except ValueError:
            trouble = str(REFUSALS["month not over"])
        except NotPossible as refused:
            trouble = refusal(refused)
    found = months(Month.of(today(request)), the_door(request).the_tenant.zone)
    return page(request, "reviews.html", status=422 if trouble else 200, months=found, trouble=trouble)


class TargetForm(forms.Form):
    """Which further looks, and why."""

    case = forms.CharField(label=gettext_lazy("At the case with this number"), max_length=40, required=False)
    member = forms.ChoiceField(label=gettext_lazy("Or by this member of staff"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why they are looked at"), max_length=400, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data: Any, reviewer: UUID) -> None:
        super().__init__(data)
        staff = StaffMember.objects.exclude(id=reviewer).order_by("name", "id").values_list("id", "name")
        self.fields["member"].choices = [("", "–"), *((str(k), n) for k, n in staff)]  # type: ignore[attr-defined]


class OutcomeForm(forms.Form):
    """What was found about the ticked looks."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("What you found"), widget=forms.RadioSelect, choices=tuple(LOOK_OUTCOMES.items())
    )
    words = forms.CharField(
        label=gettext_lazy("In your own words"),
        help_text=gettext_lazy("Needed unless it was part of her work"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CloseForm(forms.Form):
    """What the month showed."""

    report = forms.CharField(
        label=gettext_lazy("What was found, and what is done about it"),
        min_length=10,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


_AT = {
    "targeted at": "case", "no such case": "case", "targeted reason": "reason", "outcome": "outcome",
    "outcome words": "words", "review report": "report",
}  # fmt: skip


@desk_page("log review")
def review(request: HttpRequest, tenant: str, review: UUID) -> HttpResponse:
    """One month: what waits, by reason, and what was found. POST `act`: outcome (with `look`, several), target or
    close."""
    member = require(request, Role.REVIEWER)
    row = Review.objects.select_related("begun_by", "closed_by").filter(id=review).first()
    if row is None:
        raise Hidden("log review", review)
    data = typed(request)
    act = data.get("act", "") if data is not None else ""
    target = TargetForm(data if act == "target" else None, member.id)
    outcome = OutcomeForm(data if act == "outcome" else None)
    close = CloseForm(data if act == "close" else None)
    done: dict[str, tuple[forms.Form, Any]] = {
        "target": (target, target_sample), "outcome": (outcome, note_outcome), "close": (close, close_review)
    }  # fmt: skip
    trouble = ""
    if request.method == "POST" and act in done:
        form, does = done[act]
        if form.is_valid():
            told = dict(form.cleaned_data)
            try:
                if act == "target":
                    told |= {"member": UUID(told["member"]) if told["member"] else None, "key": form_key(request)}
                elif act == "outcome":
                    told["looks"] = [UUID(key) for key in request.POST.getlist("look")]
                else:
                    told["version"] = version_seen(request)
                attempt(request, does, review=row.id, **told)
                return HttpResponseRedirect(request.get_full_path())
            except ValueError:
                raise Hidden("look", review) from None
            except NotPossible as refused:
                where = _AT.get(refused.code)
                if where in form.fields:
                    form.add_error(where, refusal(refused))
                else:
                    trouble = refusal(refused)
            except Conflict:
                trouble = str(REFUSALS["conflict"])
    looked_at("log review", row.id)
    return _page(request, row, target, outcome, close, trouble)


def _page(
    request: HttpRequest, row: Review, target: TargetForm, outcome: OutcomeForm, close: CloseForm, trouble: str
) -> HttpResponse:
    member = the_member(request)
    rows = ReviewedLook.objects.filter(review=row)
    waiting = rows.filter(outcome="")
    others = waiting.exclude(by=member.id)
    counts = {why: others.filter(why__contains=[why]).count() for why in Why}
    view = request.GET.get("view", "")
    shown = _listed(rows.exclude(by=member.id), view).order_by("entry__at", "id")
    listed = Paginator(shown, _AT_A_TIME).get_page(number_in(request.GET.get("page", "")) or 1)
    views = [("", _("Waiting"), others.count()), *((w, WHY_REVIEWED[w], n) for w, n in counts.items() if n)]
    form = next((f for f in (target, outcome, close) if f.errors), None)
    return page(
        request,
        "review.html",
        status=422 if form or trouble else 200,
        row=row,
        listed=listed,
        looks=_shown(listed.object_list),
        views=[
            {"url": f"?view={code}", "label": label, "count": n, "current": code == view}
            for code, label, n in [*views, ("done", _("Reviewed"), rows.exclude(outcome="").count())]
        ],
        query=f"view={view}&",
        waits=waiting.exists(),
        own=waiting.filter(by=member.id).count(),
        before=rows.count(),
        outcomes=[(LOOK_OUTCOMES[one], rows.filter(outcome=one).count()) for one in Outcome],
        samples=TargetedSample.objects.select_related("case", "member", "chosen_by")
        .filter(review=row)
        .order_by("chosen_at", "id"),
        target=target,
        outcome=outcome,
        close=close,
        form=form,
        trouble=trouble,
        ticked=request.POST.getlist("look"),
    )


def _listed(rows: QuerySet[ReviewedLook], view: str) -> QuerySet[ReviewedLook]:
    if view == "done":
        return rows.exclude(outcome="")
    waiting = rows.filter(outcome="")
    return waiting.filter(why__contains=[view]) if view in Why else waiting


def _shown(looks: Any) -> list[dict[str, Any]]:
    found = list(looks.select_related("entry", "by__unit", "reviewed_by"))
    numbers = case_numbers({look.entry.subject for look in found if look.entry.subject is not None})
    return [
        {
            "row": look,
            "what": LOOKED_AT.get(look.entry.what, look.entry.what),
            "cases": numbers.get(look.entry.subject, []),
            "why": [WHY_REVIEWED[why] for why in look.why],
            "found": LOOK_OUTCOMES.get(look.outcome, ""),
        }
        for look in found
    ]
