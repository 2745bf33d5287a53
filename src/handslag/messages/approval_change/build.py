"""Build changes of an approval and their answers, inside the tenant's door; sealed is what `ApprovalChange` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.states import OVER, Business, Direction, Transport
from handslag.domain.funding.models import Approval, ApprovalTerms
from handslag.domain.funding.operations import Changed
from handslag.domain.funding.queries import approval_by_number, terms_on, turns_of
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.approval_change.message import Kept, NewTerms, outcome
from handslag.messages.conversation import Opening, answered, beginning, read
from handslag.messages.cost_approval.build import cost_in, wish_in


@dataclass(frozen=True, kw_only=True)
class Changing:
    """What a change is made of: `approval` is ours; the rest as in the message; `assessed` says why it may be told
    although somebody is marked."""

    key: UUID
    approval: Approval
    unit: UUID
    amount: int
    last_on: date
    billed_from: date
    reason: str
    text: str
    answer_by: date
    assessed: str = ""
    test: bool = False
    now: datetime


def changing(new: Changing) -> NewMessage:
    """The message that tells a change. NotPossible by `may_leave`, ("no number") for a person without, ("answer by"),
    and by `may_change`."""
    row = new.approval
    may_change(row, amount=new.amount, last_on=new.last_on, billed_from=new.billed_from, now=new.now)
    opening = Opening(
        key=new.key, recipient=row.partner, person=row.person_id, about=row.person_id, unit=new.unit, number="",
        answer_by=new.answer_by, text=new.text, assessed=new.assessed, test=new.test, now=new.now,
    )  # fmt: skip
    last = ApprovalTerms.objects.filter(approval=row).order_by("-turn").values_list("turn", flat=True).first()
    told = {
        "approval": row.number, "turn": (last or 0) + 1, "amount": new.amount, "last_on": new.last_on.isoformat(),
        "billed_from": new.billed_from.isoformat(), "reason": new.reason,
    }  # fmt: skip
    return beginning("approval_change", opening, told)


def may_change(row: Approval, *, amount: int, last_on: date, billed_from: date, now: datetime) -> None:
    """NotPossible: ("changed more") beyond what was asked for, ("nothing changes"), ("ends before told") for a last day
    that is put forward to before today, ("before it began"), ("billed from") for a day that is past,
    ("change under way") while the other side hasn't noted an earlier change."""
    today, terms = acting_door().the_tenant.today(now), terms_on(row, turns_of(row))
    cost, wish = cost_in(row.asked), wish_in(row.asked)
    if amount > wish.amount or last_on > cost.last_on:
        raise NotPossible("changed more")
    if (amount, last_on) == (terms.amount, terms.until - timedelta(days=1)):
        raise NotPossible("nothing changes")
    if last_on < row.since:
        raise NotPossible("before it began")
    if put_forward(terms.until, last_on, today):
        raise NotPossible("ends before told")
    if billed_from < today:
        raise NotPossible("billed from")
    rows = Message.objects.filter(kind="approval_change", action="5", person_id=row.person_id, test=False)
    rows = rows.filter(direction=Direction.OUT, partner=row.partner)
    rows = rows.exclude(transport__in=[Transport.TAKEN_BACK, Transport.REJECTED])  # an expired one may still arrive
    rows = rows.exclude(business__in=[Business.REJECTED, Business.RECALLED])
    noted = ApprovalTerms.objects.filter(approval=row).values("told_id")
    if any(terms_in(one).approval == row.number for one in rows.exclude(id__in=noted)):
        raise NotPossible("change under way")


def put_forward(until: date, last_on: date, told_on: date) -> bool:
    """Whether a change of what held before `until` ends before the day on which it is told: until then it was borne."""
    return last_on < min(until - timedelta(days=1), told_on)


def terms_in(told: Message) -> NewTerms:
    """What a message changes an approval to."""
    asked = read(told).asked
    assert isinstance(asked, NewTerms)
    return asked


def approval_in(told: Message) -> Approval | None:
    """The approval that a message changes, as it is noted here."""
    return approval_by_number(told.direction == Direction.OUT, told.partner, terms_in(told).approval)


def changed_by(told: Message) -> Changed:
    """What a message changes an approval to, as it is noted."""
    new = terms_in(told)
    return Changed(
        told=told.id, turn=new.turn, amount=new.amount, until=new.last_on + timedelta(days=1),
        billed_from=new.billed_from, reason=new.reason,
    )  # fmt: skip


def waiting(person: UUID) -> list[Message]:
    """The changes for a person that came before their approval did."""
    rows = Message.objects.filter(kind="approval_change", action="5", direction=Direction.IN, person_id=person)
    return list(rows.exclude(business__in=OVER).order_by("id"))


def answering(*, key: UUID, asked: Message, answers: list[Kept]) -> NewMessage:
    """The message that says that a change is noted, or why not."""
    return answered(key, asked, answers, outcome(answers))
