"""What a canton claims back of settled lines after an audit (S7): proposed and told by two, accepted or objected to
at the municipality, kept or withdrawn by a person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from handslag.domain.accounts.models import Account, Posting
from handslag.domain.accounts.states import Rests, Side
from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.queries import name_of
from handslag.domain.settlement.models import Answer, Line, Reclaim, ReclaimLine, Statement
from handslag.domain.settlement.operations import (
    NewReclaimLine,
    answer_reclaim,
    drop_reclaim,
    propose_reclaim,
    settle_reclaim,
    tell_reclaim,
)
from handslag.domain.settlement.queries import left_of, numbers_by_person, stretches_of
from handslag.domain.settlement.states import IN_FORCE, LineKind, ReclaimState
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import key_of, uuid7
from handslag.messages.reclaim.build import TO_ANSWER, answering, raised, row_of, telling
from handslag.messages.reclaim.message import Answer as Said
from handslag.web.canton.forms import ReclaimForm
from handslag.web.canton.pages import page, require_register
from handslag.web.canton.statements import ROLES, _told, _whose
from handslag.web.canton.wording import CHECKS, OVERTAKEN, RECLAIMED, REGIMES, refusal
from handslag.web.desk.pages import attempt, base, require, the_member, today, typed
from handslag.web.entry.pages import desk_page

#: At which field a refusal is said.
_BY_FIELD = {"days back": "since", "more back": "amount", "no such line": "others"}


@desk_page("reclaims")
@require_safe
def reclaims(request: HttpRequest, tenant: str) -> HttpResponse:
    """What is claimed back, newest first, those first that wait for somebody."""
    require_register(request)
    require(request, *ROLES)
    looked_at("reclaims")
    on = today(request)
    rows = [{**_stands(row, on), "name": name_of(row.partner)} for row in Reclaim.objects.order_by("-id")]
    rows.sort(key=lambda one: not one["open"])
    return page(request, "reclaims.html", rows=rows)


def _stands(row: Reclaim, on: date) -> dict[str, Any]:
    """A reclaim with how it stands on a day, in words."""
    words, colour = RECLAIMED[row.state]
    waits = row.state == ReclaimState.TOLD
    return {
        "row": row, "state": words, "colour": colour, "regime": REGIMES.get(row.fund, row.fund),
        "why": CHECKS[row.reason], "late": bool(waits and row.answer_by and row.answer_by < on),
        "open": row.state in (ReclaimState.PROPOSED, ReclaimState.TOLD, ReclaimState.OBJECTED),
    }  # fmt: skip


@desk_page("reclaim")
def new(request: HttpRequest, tenant: str, statement: UUID) -> HttpResponse:
    """A decider of the canton proposes to claim a line back (GET `line`), in part or whole, and others of the
    settlement whole, for a colleague to tell."""
    require_register(request)
    member = require(request, Role.DECIDER)
    row = Statement.objects.filter(id=statement, side=Side.PAYER).first()
    lines = Line.objects.filter(statement=row).select_related("person", "statement")
    key = key_of(request.GET.get("line", ""))
    line = lines.filter(id=key).first() if key else None
    if row is None or line is None:
        raise Hidden("line")
    looked_at("statement", row.id)
    left, answer = left_of([line.id]).get(line.id, 0), Answer.objects.filter(line=line).first()
    form = ReclaimForm(line, left, stretches_of(answer.accepted) if answer else [], typed(request), auto_id="id_%s")
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            others = _whole(list(lines.filter(number__in=told["others"])), told["others"])
            made = attempt(
                request, propose_reclaim, statement=row.id, lines=[form.told, *others], reason=told["reason"],
                text=told["text"],
            )  # fmt: skip
            return HttpResponseRedirect(f"{base(request)}/reclaims/{made.id}/")
        except NotPossible as refused:
            field = _BY_FIELD.get(refused.code)
            form.add_error(field if field in form.fields else None, refusal(refused))
    return page(
        request, "reclaim_new.html", status=422 if form.errors else 200, form=form, row=row, one=_told(line),
        name=name_of(row.partner), left=left, currency="CHF",
        whose=_whose(line.person, numbers_by_person([line.person_id]).get(line.person_id, ""), member),
    )  # fmt: skip


def _whole(lines: list[Line], numbers: list[int]) -> list[NewReclaimLine]:
    """These lines, all that is left of each. NotPossible("no such line")."""
    if len(lines) < len(numbers):
        raise NotPossible("no such line")
    left = left_of([one.id for one in lines])
    answers = {one.line_id: one for one in Answer.objects.filter(line__in=lines)}
    if any(not left.get(one.id) for one in lines):
        raise NotPossible("no such line")
    return [
        NewReclaimLine(
            line=one.id, amount=left[one.id],
            days=tuple(stretches_of(answers[one.id].accepted)) if one.kind == LineKind.DAYS else (),
        )
        for one in lines
    ]  # fmt: skip


def _found(key: UUID) -> Reclaim:
    """A reclaim by its key, or that of a message about it."""
    row = Reclaim.objects.select_related("proposed_by", "told_by", "answered_by", "settled_by").filter(id=key).first()
    if row is None:
        message = Message.objects.filter(id=key, kind="reclaim", reference=None).first()
        row = row_of(message) if message is not None else None
    if row is None:
        raise Hidden("reclaim", key)
    return row


@desk_page("reclaim")
def reclaim(request: HttpRequest, tenant: str, reclaim: UUID) -> HttpResponse:
    """One reclaim with its lines and what was said. POST `act`: at the canton `tell`, `drop`, `keep`, `withdraw`
    (`why`); at the municipality `accept`, `object` (`why`)."""
    require_register(request)
    member, row = require(request, *ROLES), _found(reclaim)
    looked_at("reclaim", row.id)
    trouble, why, act = "", request.POST.get("why", ""), request.POST.get("act", "")
    if request.method == "POST":
        try:
            _carried(request, row, act, why)
            return HttpResponseRedirect(f"{base(request)}/reclaims/{row.id}/")
        except Conflict:
            trouble = str(OVERTAKEN)
            row = _found(row.id)
        except NotPossible as refused:
            trouble = refusal(refused)
    on, payer, mine = today(request), row.side == Side.PAYER, the_member(request).id
    decides = payer and Role.DECIDER in member.roles
    over = row.answer_by is not None and row.answer_by < on
    account = Account.objects.filter(partner=row.partner, side=row.side).first()
    posted = Posting.objects.filter(account=account, rests_on=Rests.RECLAIM, reference=row.reference).first()
    told = raised(row) if row.state == ReclaimState.TOLD and not payer else None
    return page(
        request,
        "reclaim.html",
        status=409 if trouble else 200,
        **_stands(row, on),
        name=name_of(row.partner),
        payer=payer,
        lines=_lines(row, member),
        account=account,
        posted=posted,
        in_force=row.state in IN_FORCE,
        may_tell=decides and row.state == ReclaimState.PROPOSED and row.proposed_by_id != mine,
        may_drop=decides and row.state == ReclaimState.PROPOSED,
        may_keep=decides and row.proposed_by_id != mine and (
            row.state == ReclaimState.OBJECTED or (row.state == ReclaimState.TOLD and over)
        ),
        may_withdraw=decides and row.state in (ReclaimState.TOLD, ReclaimState.OBJECTED),
        may_answer=told is not None and told.business == "" and Role.PAYER in member.roles,
        trouble=trouble,
        why_typed=why,
    )  # fmt: skip


def _lines(row: Reclaim, member: Member) -> list[dict[str, Any]]:
    """The lines with their person, what was accepted and what is claimed back."""
    rows = ReclaimLine.objects.filter(reclaim=row).select_related("line__person", "line__statement")
    lines = sorted(rows, key=lambda one: (str(one.line.statement.reference), one.line.number))
    numbers = numbers_by_person({one.line.person_id for one in lines})
    accepted = dict(Answer.objects.filter(line__in=[one.line_id for one in lines]).values_list("line_id", "amount"))
    return [
        {
            **_told(one.line), "whose": _whose(one.line.person, numbers.get(one.line.person_id, ""), member),
            "accepted": accepted.get(one.line_id, 0), "amount": one.amount,
            "days": [(since, until - timedelta(days=1)) for since, until in stretches_of(one.days)],
        }
        for one in lines
    ]  # fmt: skip


def _carried(request: HttpRequest, row: Reclaim, act: str, why: str) -> None:
    """Carry out what was asked for. Conflict, NotPossible."""
    unit = the_member(request).unit_id
    if act == "tell":
        require(request, Role.DECIDER)
        message = telling(row, "raised", unit=unit, text=row.text, answer_by=today(request) + TO_ANSWER)
        attempt(request, tell_reclaim, reclaim=row.id, new=message)
    elif act == "drop":
        require(request, Role.DECIDER)
        attempt(request, drop_reclaim, reclaim=row.id)
    elif act in ("keep", "withdraw"):
        require(request, Role.DECIDER)
        if not why.strip():
            raise NotPossible("why")
        state = ReclaimState.KEPT if act == "keep" else ReclaimState.WITHDRAWN
        message = telling(row, str(state), unit=unit, text=why)
        attempt(request, settle_reclaim, reclaim=row.id, new=message, state=state, why=why)
    elif act in ("accept", "object") and (asked := raised(row)) is not None:
        require(request, Role.PAYER)
        if act == "object" and not why.strip():
            raise NotPossible("why")
        said = Said(number=1, reason="OBJECTED" if act == "object" else "", text=why.strip() if act == "object" else "")
        attempt(
            request, answer_reclaim, reclaim=row.id, asked=asked.id,
            new=answering(key=uuid7(), asked=asked, answer=said),
        )  # fmt: skip
    else:
        raise Conflict("reclaim")
