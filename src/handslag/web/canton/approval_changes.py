"""What a payer approved is changed or ended, and told to whoever asked for it (K2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff, messages_of
from handslag.domain.exchange.queries import name_of
from handslag.domain.exchange.states import Direction
from handslag.domain.funding.models import Approval, ApprovalTerms, ProposedChange
from handslag.domain.funding.operations import NewChange, change_approval, propose_change, take_back_change
from handslag.domain.funding.queries import changed_by_two, proposed_change, terms_on, turns_of
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages.approval_change.build import Changing, answering, approval_in, changing, terms_in
from handslag.web.canton.forms import ApprovalChangeForm, KeptForm
from handslag.web.canton.pages import page, require_register
from handslag.web.canton.talk import as_it_stands, begun, carried_out, name_in, words_forms
from handslag.web.canton.wording import APPROVAL_CHANGED, NOT_KEPT, OVERTAKEN, limit_standing, refusal
from handslag.web.desk.pages import attempt, base, require, today, typed, who
from handslag.web.entry.pages import desk_page

#: At which field a refusal is said.
_BY_FIELD = {
    "nothing changes": "amount", "before it began": "last_on", "ends before told": "last_on",
    "billed from": "billed_from", "assess first": "assessed",
}  # fmt: skip
#: The usual time for an answer.
USUAL = timedelta(days=14)
#: Who of the payer, and of whoever asked, says something of a change.
TELLS = (Role.CASEWORKER, Role.REGISTRAR, Role.DECIDER)


@dataclass(frozen=True)
class Stands:
    """An approval as a page shows it: what it says now, whether that is `over`, what it was changed to and where that
    was told, what is proposed and why."""

    row: Approval
    amount: int
    last_on: date
    first_last_on: date
    over: bool
    turns: list[dict[str, Any]]
    proposed: ProposedChange | None
    why: str


def stands(row: Approval, member: Member, on: date) -> Stands:
    """How an approval stands on a day."""
    terms = terms_on(row, turns_of(row))
    told = list(ApprovalTerms.objects.filter(approval=row).order_by("turn"))
    seen = set(messages_of(member).filter(id__in=[one.told_id for one in told]).values_list("id", flat=True))
    turns = [
        {
            "one": one, "last_on": one.until - timedelta(days=1), "why": APPROVAL_CHANGED.get(one.reason, one.reason),
            "url": f"approval_changes/{one.told_id}/" if one.told_id in seen else "",
        }
        for one in told
    ]  # fmt: skip
    proposed = proposed_change(row.id) if row.payer else None
    why = str(APPROVAL_CHANGED[proposed.reason]) if proposed else ""
    over = terms.until <= on or not terms.amount
    last, first = (day - timedelta(days=1) for day in (terms.until, row.until))
    return Stands(row, terms.amount, last, first, over, turns, proposed, why)


def _ours(approval: UUID, member: Member) -> Approval:
    rows = Approval.objects.filter(id=approval, payer=True).select_related("person", "asked")
    found = rows.first()
    if found is None:
        raise Hidden("approval", approval)
    require_sight(member, found.person)
    return found


@desk_page("cost approval")
def new(request: HttpRequest, tenant: str, approval: UUID) -> HttpResponse:
    """A decider of the payer changes or ends an approval: told at once or, where our rules want two people, proposed
    for a colleague to tell."""
    require_register(request)
    member, on = require(request, Role.DECIDER), today(request)
    row = _ours(approval, member)
    looked_at("cost approval", row.asked_id)
    now_says, two = stands(row, member, on), changed_by_two(row, on)
    initial = {"key": uuid7(), "amount": now_says.amount, "last_on": now_says.last_on, "billed_from": on}
    form = ApprovalChangeForm(typed(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        told = dict(form.cleaned_data)
        key, home = told.pop("key"), f"{base(request)}/cost_approvals/{row.asked_id}/"
        try:
            message = changing(
                Changing(key=key, approval=row, unit=row.asked.unit_id, answer_by=on + USUAL, now=who(request)["now"],
                         **told)
            )  # fmt: skip
            if two:
                attempt(request, propose_change, approval=row.id, new=NewChange(**told))
                return HttpResponseRedirect(home)
            return begun(request, f"{base(request)}/approval_changes/", change_approval, approval=row.id, new=message)
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
    return page(
        request, "approval_change_new.html", status=422 if form.errors else 200, form=form, stands=now_says, two=two,
        name=full_name(row.person), partner=name_of(row.partner),
    )  # fmt: skip


def settled(request: HttpRequest, first: Message, act: str) -> HttpResponse | str | None:
    """What was proposed for the approval of a request is told (`tell it`) or taken back (`drop it`): the way on, or
    what stood in the way; None for any other act. POST `proposed`: as it was seen."""
    if act not in ("tell it", "drop it"):
        return None
    member, on = require(request, Role.DECIDER), today(request)
    row = Approval.objects.filter(asked=first, payer=True).select_related("person", "asked").first()
    found = proposed_change(row.id) if row is not None else None
    if row is None or found is None or str(found.id) != request.POST.get("proposed"):
        return str(OVERTAKEN)
    require_sight(member, row.person)
    try:
        if act == "drop it":
            attempt(request, take_back_change, proposed=found.id)
            return HttpResponseRedirect(f"{base(request)}/cost_approvals/{first.id}/")
        message = changing(
            Changing(
                key=found.id, approval=row, unit=first.unit_id, amount=found.amount, last_on=found.last_on,
                billed_from=max(found.billed_from, on), reason=found.reason, text=found.text, answer_by=on + USUAL,
                assessed=found.assessed, now=who(request)["now"],
            )
        )  # fmt: skip
        return begun(request, f"{base(request)}/approval_changes/", change_approval, approval=row.id, new=message)
    except Conflict:
        return str(OVERTAKEN)
    except NotPossible as refused:
        return refusal(refused)


@desk_page("change of a cost approval")
def change(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A change of an approval, and what was said about it. POST `act`: as of an assignment."""
    first, member = message_for_staff(message, **who(request))
    if first.kind != "approval_change" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("change of a cost approval", first.id)
    act, told, row = request.POST.get("act", ""), terms_in(first), approval_in(first)
    posted = request.POST if act == "answer" else None
    forms_of: dict[str, forms.Form] = {
        "answer": KeptForm(posted, initial={"key": uuid7()}, auto_id="id_a_%s"), **words_forms(request),
    }  # fmt: skip
    trouble = ""
    if request.method == "POST":
        require(request, *TELLS)
        done = carried_out(request, first, forms_of, answering, f"{base(request)}/approval_changes/{first.id}/")
        if isinstance(done, HttpResponse):
            return done
        trouble = done
    sees = row is not None and row.person.protection_level <= member.clearance
    return page(
        request,
        "approval_change.html",
        **as_it_stands(
            request, first, forms_of, trouble, acts=bool(member.roles & set(TELLS)), standing=limit_standing,
            answers=lambda said: [(one, NOT_KEPT.get(one.reason, "")) for one in said.answers],
        ),
        change=told,
        why=APPROVAL_CHANGED[told.reason],
        name=name_in(told),
        stands=stands(row, member, today(request)) if row is not None and sees else None,
        waits=row is None and first.direction == Direction.IN,
    )  # fmt: skip
