"""Conditions and reductions of a Swiss case: proposed, decided by another person, ended. Nothing is filled in."""

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
from handslag.domain.decisions.models import Order, OrderAppeal
from handslag.domain.decisions.operations.order_appeals import (
    change_order_appeal,
    end_order_appeal,
    note_order_appeal,
)
from handslag.domain.decisions.operations.orders import (
    LONGEST_BASIS,
    LONGEST_CONDITION,
    decide_order,
    end_order,
    limits,
    order_letter,
    propose_condition,
    propose_reduction,
    return_order,
    withdraw_order,
)
from handslag.domain.decisions.queries import in_force, order_appeals, orders_in
from handslag.domain.decisions.states import OrderKind, OrderState
from handslag.domain.payments.queries import claim_of, kept_back_by, owed_of
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
from handslag.web.caseworker.wording import ORDER_KINDS, REFUSALS, STATES, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import DayField

LANGUAGES = (("de", "Deutsch"), ("fr", "Français"))


class _OrderForm(forms.Form):
    """What every order says."""

    legal_basis = forms.CharField(
        label=gettext_lazy("Section of law, as the letter says it"),
        max_length=LONGEST_BASIS,
        validators=[shown_in_letters],
    )
    reasons = forms.CharField(
        label=gettext_lazy("Reasons, for the person to read"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        validators=[shown_in_letters],
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the letter"), choices=LANGUAGES)


class ConditionForm(_OrderForm):
    """A condition: on whom, what she has to do, until when, why."""

    person = forms.ChoiceField(label=gettext_lazy("Who"), widget=forms.RadioSelect)
    about = forms.CharField(
        label=gettext_lazy("What she has to do, as the letter says it"),
        max_length=LONGEST_CONDITION,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[shown_in_letters],
    )
    due_on = DayField(label=gettext_lazy("Until, that day included"))
    field_order = ["person", "about", "due_on", "reasons", "legal_basis", "language"]

    def __init__(self, data: Any, case: Case, initial: Any) -> None:
        super().__init__(data, initial=initial)
        adults = [p for p in (case.applicant, case.co_applicant) if p is not None]
        self.fields["person"].choices = [(str(p.id), full_name(p)) for p in adults]  # type: ignore[attr-defined]


class ReductionForm(_OrderForm):
    """A reduction because a condition wasn't met: by how much, from when, for how long, why."""

    period = forms.ChoiceField(label=gettext_lazy("From which month"))
    percent = forms.IntegerField(label=gettext_lazy("Per cent of the basic need"), min_value=1, max_value=100)
    months = forms.IntegerField(label=gettext_lazy("For how many months"), min_value=1, max_value=120)
    field_order = ["period", "percent", "months", "reasons", "legal_basis", "language"]

    def __init__(self, data: Any, months: list[Period], initial: Any) -> None:
        super().__init__(data, initial=initial)
        choices = [("", "–"), *((str(one.id), formats.month(one.since)) for one in months)]
        self.fields["period"].choices = choices  # type: ignore[attr-defined]


class EndForm(forms.Form):
    """Why it doesn't hold any more, and a reduction or an instalment from which month."""

    prefix = "end"
    month = forms.ChoiceField(label=gettext_lazy("From which month it doesn’t hold any more"))
    why = forms.CharField(label=gettext_lazy("Why"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any, row: Order, this_month: Month) -> None:
        super().__init__(data)
        if row.kind == OrderKind.CONDITION or row.period is None:
            del self.fields["month"]
            return
        first = Month.of(row.period.since)
        last = first + (row.months or 1) - 1  # an instalment holds until it is paid
        last = last if row.months else max(this_month, first) + 12
        months = [first]
        while months[-1] < last:
            months.append(months[-1] + 1)
        choices = [("", "–"), *((str(one), formats.month(one.since)) for one in months)]
        self.fields["month"].choices = choices  # type: ignore[attr-defined]


class AppealForm(forms.Form):
    """What is known of an appeal against it."""

    prefix = "appeal"
    came_on = DayField(label=gettext_lazy("The day on which it came here, or you learnt of it"))
    forwarded_on = DayField(
        label=gettext_lazy("If it came here: the day on which you sent it to the authority above"), required=False
    )
    suspends = forms.ChoiceField(
        label=gettext_lazy("Does it suspend this decision?"),
        choices=[
            ("yes", gettext_lazy("Yes: it takes nothing while the appeal runs")),
            ("no", gettext_lazy("No: it goes on")),
        ],
        widget=forms.RadioSelect,
    )
    why = forms.CharField(
        label=gettext_lazy("What that rests on"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data: Any, running: OrderAppeal | None) -> None:
        known = {} if running is None else {"suspends": "yes" if running.suspends else "no", "why": running.why}
        super().__init__(data, initial=known | ({"forwarded_on": running.forwarded_on} if running else {}))
        if running is not None:
            del self.fields["came_on"]


class OutcomeForm(forms.Form):
    """What the authority decided on an appeal."""

    prefix = "outcome"
    ended_on = DayField(label=gettext_lazy("The day of its decision"))
    outcome = forms.CharField(
        label=gettext_lazy("What it decided"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )


_FIELDS = {
    "condition about": "about",
    "day to answer": "due_on",
    "section": "legal_basis",
    "reduced from": "period",
    "not heard yet": "period",
    "reduced already": "period",
    "reduction months": "months",
}


def _add(form: forms.Form, refused: NotPossible) -> None:
    """Say what an operation refused at the field that it concerns."""
    field = _FIELDS.get(refused.code, refused.code)
    if isinstance(form, EndForm):
        field = {"reduced from": "month", "reasons": "why"}.get(refused.code, field)
    if isinstance(form, (AppealForm, OutcomeForm)):
        told = {"reasons": "why", "appeal day": "came_on", "appeal forwarded": "forwarded_on"}
        if isinstance(form, OutcomeForm):
            told = {"reasons": "outcome", "appeal day": "ended_on"}
        field = told.get(refused.code, field)
    form.add_error(field if field in form.fields else None, _said(refused))


def _said(refused: NotPossible) -> str:
    """What was refused, with the limit that it names."""
    text = refusal(refused)
    return text % {"most": refused.facts["most"]} if "most" in refused.facts else text


@desk_page("orders")
def orders(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """The conditions and reductions of a case; POST proposes a condition."""
    found, member = case_for_staff(case, **who(request))
    if found.legal_order != "ch":
        raise Hidden("case", case)
    looked_at("orders", found.id)
    form = ConditionForm(typed(request), found, _start(request, found))
    if request.method == "POST":
        require(request, Role.CASEWORKER)
        if form.is_valid():
            told = form.cleaned_data | {"person": UUID(form.cleaned_data["person"])}
            try:
                row = attempt(request, propose_condition, case=found.id, **told, key=form_key(request))
                return HttpResponseRedirect(f"{base(request)}/orders/{row.id}/")
            except NotPossible as refused:
                _add(form, refused)
    rows = orders_in([found.id])
    for person_id in {row.person_id for row in rows if row.state == OrderState.DECIDED}:
        looked_at("order", person_id)
    waiting = any(row.state == OrderState.PROPOSED for row in rows)
    return page(
        request,
        "orders.html",
        status=422 if request.method == "POST" else 200,
        case=found,
        name=case_name(found),
        rows=[_row(row) for row in rows],
        form=form,
        waiting=waiting,
        may_propose=Role.CASEWORKER in member.roles and not waiting,
    )


def _start(request: HttpRequest, case: Case) -> dict[str, str]:
    """What the forms start from: the section as the norms of the canton have it."""
    language = case.applicant.language if case.applicant.language in dict(LANGUAGES) else LANGUAGES[0][0]
    start = {"language": language, "person": "" if case.co_applicant else str(case.applicant_id)}
    try:
        return start | {"legal_basis": limits(today(request), today(request)).section.sanction}
    except NotPossible:
        return start


def _row(row: Order) -> dict[str, Any]:
    return {
        "row": row,
        "who": full_name(row.person),
        "kind": ORDER_KINDS[row.kind],
        "state": STATES[row.state],
    }


def _found(request: HttpRequest, key: UUID) -> tuple[Order, Case, Member]:
    rows = Order.objects.select_related(
        "person", "period", "condition", "proposed_by", "decided_by", "ended_by", "letter__document"
    )
    found = rows.filter(id=key).first()
    if found is None:
        raise Hidden("order", key)
    case, member = case_for_staff(found.case_id, **who(request))
    found.case = case
    return found, case, member


def _months(row: Order) -> list[Period]:
    """From which months it can be reduced because a condition wasn't met: those after its day that aren't decided."""
    later = Period.objects.filter(case_id=row.case_id, since__gt=row.due_on).order_by("since")
    return [one for one in later if in_force(one.id) is None]


@desk_page("order")
def order(request: HttpRequest, tenant: str, order_: UUID) -> HttpResponse:
    """A proposal with the letter that it becomes, or what was decided. POST `act`: decide, return (`reason`), withdraw,
    end (the fields of `EndForm`), each with `version`; reduce (those of `ReductionForm`) proposes a reduction; appeal
    and outcome (`AppealForm`, `OutcomeForm`) say what is known of an appeal, with `version` of that."""
    row, case, member = _found(request, order_)
    looked_at("order", case.id)
    if row.state == OrderState.DECIDED:
        looked_at("order", row.person_id)
    posted = typed(request)
    act = posted.get("act", "") if posted is not None else ""
    end = EndForm(posted if act == "end" else None, row, Month.of(today(request)))
    claim = claim_of(row) if row.kind == OrderKind.INSTALMENT else None
    over = row.kind == OrderKind.CONDITION and row.due_on is not None and row.due_on < today(request)
    months = _months(row) if over else []
    reduce = ReductionForm(posted if act == "reduce" else None, months, _start(request, case))
    appeals = order_appeals(row.id)
    running = appeals[0] if appeals and appeals[0].ended_on is None else None
    appeal = AppealForm(posted if act == "appeal" else None, running)
    outcome = OutcomeForm(posted if act == "outcome" else None)
    trouble = ""
    if request.method == "POST":
        form = {"end": end, "reduce": reduce, "appeal": appeal, "outcome": outcome}.get(act)
        try:
            if form is None:
                _step(request, row, act)
                return HttpResponseRedirect(f"{base(request)}/orders/{row.id}/")
            if form.is_valid() and isinstance(form, (AppealForm, OutcomeForm)):
                _appealed(request, row, form, running)
                return HttpResponseRedirect(f"{base(request)}/orders/{row.id}/")
            if form.is_valid():
                return HttpResponseRedirect(f"{base(request)}/orders/{_done(request, row, form).id}/")
        except NotPossible as refused:
            if form is None:
                trouble = _said(refused)
            else:
                _add(form, refused)
        except Conflict:
            trouble = str(REFUSALS["conflict"])
        row, case, member = _found(request, order_)
    proposed, own, now = row.state == OrderState.PROPOSED, row.proposed_by_id == member.id, request.now  # type: ignore[attr-defined]
    by_what = mandate(member, Decides.PARTIAL, 0, now) if proposed else None
    if by_what is not None:
        row.delegation = by_what.words  # as the letter will say it, if she decides
    stands = row.state == OrderState.DECIDED and row.ended_on is None
    works = Role.CASEWORKER in member.roles
    others = orders_in([case.id])
    waiting = any(one.state == OrderState.PROPOSED for one in others)
    return page(
        request,
        "order.html",
        status=422 if trouble or any(form.errors for form in (end, reduce, appeal, outcome)) else 200,
        row=row,
        case=case,
        name=case_name(case),
        who=full_name(row.person),
        kind=ORDER_KINDS[row.kind],
        state=STATES[row.state],
        proposed=proposed,
        letter=row.letter.content
        if row.letter
        else order_letter(row, now, decider=gettext("whoever takes the decision")),
        document=row.letter.document if row.letter else None,
        may_decide=by_what is not None and not own,
        own=own and proposed,
        may_end=works and stands,
        may_reduce=works and stands and over and not waiting,
        over=over,
        claim=claim,
        kept=kept_back_by(row) if claim else [],
        left=sum(owed_of(claim).values()) if claim else 0,
        first=Month.of(months[0].since) if months else None,
        reductions=[one for one in others if one.condition_id == row.id],
        may_appeal=works and row.state == OrderState.DECIDED,
        appeals=appeals,
        running=running,
        appeal_form=appeal,
        outcome_form=outcome,
        end_form=end,
        reduce_form=reduce,
        trouble=trouble,
        reason=text_in(request.POST, "reason", 10_000),
    )


def _step(request: HttpRequest, row: Order, act: str) -> None:
    here = {"order": row.id, "version": version_seen(request)}
    does: dict[str, Callable[..., Any]] = {"decide": decide_order, "withdraw": withdraw_order}
    if act == "return":
        attempt(request, return_order, **here, reason=text_in(request.POST, "reason", 10_000))
    elif act in does:
        attempt(request, does[act], **here)
    else:
        raise Hidden("order", row.id)


def _appealed(request: HttpRequest, row: Order, form: forms.Form, running: OrderAppeal | None) -> None:
    """Write down what the form says of an appeal."""
    told = dict(form.cleaned_data)
    here = {"appeal": running.id, "version": version_seen(request)} if running else {}
    if isinstance(form, OutcomeForm):
        if running is None:
            raise Conflict("appeal")
        attempt(request, end_order_appeal, **here, **told)
        return
    told["suspends"] = told["suspends"] == "yes"
    if running is not None:
        attempt(request, change_order_appeal, **here, **told)
    else:
        attempt(request, note_order_appeal, order=row.id, **told, key=form_key(request))


def _done(request: HttpRequest, row: Order, form: forms.Form) -> Order:
    """Do what the form says; gives the order that it leads to."""
    said = form.cleaned_data
    if isinstance(form, EndForm):
        month = Month.parse(said["month"]) if said.get("month") else None
        ended: Order = attempt(
            request, end_order, order=row.id, version=version_seen(request), why=said["why"], month=month
        )
        return ended
    told = said | {"period": UUID(said["period"]), "condition": row.id}
    made: Order = attempt(request, propose_reduction, **told, key=form_key(request))
    return made
