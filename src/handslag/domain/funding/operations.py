"""Entering a payer's rules, deciding requests for approval of a cost, changing and ending approvals; noting at both
sides what was approved and changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import MessageSealed, NewMessage, seal
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.funding.models import Approval, ApprovalTerms, ProposedChange, Tariff
from handslag.domain.funding.queries import changed_by_two, number_used, proposed_change
from handslag.domain.funding.states import Proposal
from handslag.domain.people.permissions import require_sight
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, Member, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role


class TariffEntered(Event):
    """A payer rules what it bears of a kind of cost."""

    kind = "tariff entered"


class CostDecided(Event):
    """A request for approval of a cost is answered: by a person, or granted in full by the payer's rules."""

    kind = "cost decided"


class CostApproved(Event):
    """An approval is noted, as the answer says it."""

    kind = "cost approved"


class ChangeProposed(Event):
    """A decider of the payer proposes to change or end an approval; another one is to tell it."""

    kind = "approval change proposed"


class ProposalTakenBack(Event):
    """What was proposed isn't told."""

    kind = "approval change taken back"


class ChangeDecided(Event):
    """The payer tells the other side that it changes or ends an approval, and why."""

    kind = "approval change decided"


class ApprovalChanged(Event):
    """What an approval was changed to is noted, as the payer told it."""

    kind = "approval changed"


@dataclass(frozen=True, kw_only=True)
class NewTariff:
    """What is ruled of a kind of cost (see `models.Tariff`); amounts in minor units."""

    account_code: str
    since: date
    unit_ceiling: int | None = None
    granted_up_to: int = 0
    first_payer: str = ""
    needs_approval: bool = False
    changed_by_two: bool = False


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What an answer approves (see `models.Approval`)."""

    person: UUID
    said: UUID
    partner: str
    payer: bool
    number: str
    account_code: str
    since: date
    until: date
    amount: int
    percent: int
    by_rules: bool


@dataclass(frozen=True, kw_only=True)
class NewChange:
    """What a decider proposes to change an approval to (see `models.ProposedChange`)."""

    amount: int
    last_on: date
    billed_from: date
    reason: str
    text: str
    assessed: str = ""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a message (`told`) changes an approval to (see `models.ApprovalTerms`)."""

    told: UUID
    turn: int
    amount: int
    until: date
    billed_from: date
    reason: str


@operation()
def enter_tariff(*, tenant: str | int, by: Actor, now: datetime, new: NewTariff) -> Done[Tariff]:
    """A decider of the payer enters what it bears of a kind of cost from a day on. What was entered before stays.

    NotPossible("ceiling") for a ceiling that isn't above 0, ("limit") for a limit below 0.
    """
    member = require_role(by, now, Role.DECIDER)
    if new.unit_ceiling is not None and new.unit_ceiling <= 0:
        raise NotPossible("ceiling")
    if new.granted_up_to < 0:
        raise NotPossible("limit")
    row = Tariff.objects.create(
        id=open_subject("tariff"), account_code=new.account_code, since=new.since, unit_ceiling=new.unit_ceiling,
        granted_up_to=new.granted_up_to, first_payer=new.first_payer.strip(), needs_approval=new.needs_approval,
        changed_by_two=new.changed_by_two, entered_by_id=member.id, at=now,
    )  # fmt: skip
    payload = {
        "tariff": str(row.id), "account_code": row.account_code, "since": str(row.since),
        "unit_ceiling": row.unit_ceiling, "granted_up_to": row.granted_up_to, "changed_by_two": row.changed_by_two,
    }  # fmt: skip
    return Done(row, TariffEntered(subject=row.id, payload=payload))


@operation()
def decide_cost(*, tenant: str | int, by: Actor, now: datetime, asked: UUID, new: NewMessage) -> Done[Message]:
    """Answer a request for approval of a cost: a decider, or the system where our rules grant it in full (which then
    refuses nothing and cuts nothing). What is approved gets its number here.

    Hidden for a request that isn't hers to see; NotPossible("only in full") for anything else of the system's, and as
    `seal`.
    """
    if by.kind == "system":
        if new.body["answers"][0]["reason"]:
            raise NotPossible("only in full")
    else:
        message_for_staff(asked, by, now, Role.DECIDER)
    answer = dict(new.body["answers"][0])
    if answer.get("amount"):
        answer["approval"] = next_reference("approval", now)
    row = seal(tenant, by, now, replace(new, body={**new.body, "answers": [answer]}))
    return Done(
        row,
        MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest}),
        CostDecided(
            subject=asked,
            payload={
                "message": str(row.id), "approval": answer["approval"], "amount": answer.get("amount", 0),
                "reason": answer["reason"],
            },
        ),
    )  # fmt: skip


@operation()
def note_approval(*, tenant: str | int, by: Actor, now: datetime, asked: UUID, new: Granted) -> Done[Approval]:
    """Note what the answer to a request approves; at both sides the same.

    NotPossible("noted") the second time, ("number used") where the payer gave its number to another approval before.
    """
    if by.kind != "system":
        raise Hidden("message", asked)
    row = Message.objects.select_for_update(of=("self",)).get(id=asked)
    if Approval.objects.filter(said_id=new.said).exists():
        raise NotPossible("noted")
    if number_used(new.payer, new.partner, new.number, row.id):
        raise NotPossible("number used")
    made = Approval.objects.create(
        person_id=new.person, asked=row, said_id=new.said, partner=new.partner, payer=new.payer, number=new.number,
        account_code=new.account_code, since=new.since, until=new.until, amount=new.amount, percent=new.percent,
        by_rules=new.by_rules, at=now,
    )  # fmt: skip
    payload = {
        "approval": str(made.id), "number": made.number, "amount": made.amount, "payer": made.payer,
        "since": str(made.since), "until": str(made.until),
    }  # fmt: skip
    return Done(made, CostApproved(subject=new.person, payload=payload))


def _ours(approval: UUID, by: Actor, now: datetime) -> tuple[Approval, Member]:
    """An approval that we gave, its request locked, and the decider who acts on it."""
    member = require_role(by, now, Role.DECIDER)
    found = Approval.objects.select_related("person").filter(id=approval, payer=True).first()
    if found is None:
        raise Hidden("approval", approval)
    Message.objects.select_for_update(of=("self",)).get(id=found.asked_id)
    require_sight(member, found.person)
    return found, member


@operation()
def propose_change(
    *, tenant: str | int, by: Actor, now: datetime, approval: UUID, new: NewChange
) -> Done[ProposedChange]:
    """A decider of the payer proposes to change or end an approval, for another one to tell.

    NotPossible("proposed before") while something else is proposed.
    """
    row, member = _ours(approval, by, now)
    if proposed_change(row.id) is not None:
        raise NotPossible("proposed before")
    made = ProposedChange.objects.create(
        approval=row, amount=new.amount, last_on=new.last_on, billed_from=new.billed_from, reason=new.reason,
        text=new.text.strip(), assessed=new.assessed.strip(), proposed_by_id=member.id, at=now,
    )  # fmt: skip
    payload = {"approval": str(row.id), "amount": made.amount, "last_on": str(made.last_on), "reason": made.reason}
    return Done(made, ChangeProposed(subject=row.asked_id, payload=payload))


@operation()
def take_back_change(*, tenant: str | int, by: Actor, now: datetime, proposed: UUID) -> Done[ProposedChange]:
    """What was proposed isn't told: any decider says so. Conflict where it was settled before."""
    found = ProposedChange.objects.filter(id=proposed).first()
    if found is None:
        raise Hidden("proposal", proposed)
    row, member = _ours(found.approval_id, by, now)
    _settle(found, Proposal.TAKEN_BACK, member, now)
    return Done(found, ProposalTakenBack(subject=row.asked_id, payload={"approval": str(row.id)}))


def _settle(found: ProposedChange, state: Proposal, member: Member, now: datetime) -> None:
    found.refresh_from_db()
    if found.state != Proposal.PROPOSED:
        raise Conflict("proposal", theirs=found.state)
    found.state, found.settled_by_id, found.settled_at = state, member.id, now
    found.save(update_fields=["state", "settled_by", "settled_at"])


@operation()
def change_approval(*, tenant: str | int, by: Actor, now: datetime, approval: UUID, new: NewMessage) -> Done[Message]:
    """A decider of the payer tells the other side what an approval is changed to, or that it ends. Where something is
    proposed it is told as it stands there, by somebody else.

    NotPossible("two people") where our rules want it proposed first, ("second pair of eyes") for whoever proposed it,
    ("proposed otherwise") for anything else than what is proposed, and as `seal`.
    """
    row, member = _ours(approval, by, now)
    proposed, asked = proposed_change(row.id), new.body["asked"]
    if proposed is None:
        if changed_by_two(row, acting_door().the_tenant.today(now)):
            raise NotPossible("two people")
    else:
        if proposed.proposed_by_id == member.id:
            raise NotForThem("second pair of eyes", row.asked_id)
        told = (asked["amount"], asked["last_on"], asked["reason"], asked["text"])
        if told != (proposed.amount, str(proposed.last_on), proposed.reason, proposed.text):
            raise NotPossible("proposed otherwise")
        _settle(proposed, Proposal.TOLD, member, now)
    sealed = seal(tenant, by, now, new)
    payload = {
        "message": str(sealed.id), "approval": str(row.id), "number": row.number, "amount": asked["amount"],
        "last_on": asked["last_on"], "reason": asked["reason"],
        "proposed_by": str(proposed.proposed_by_id) if proposed else "",
    }  # fmt: skip
    return Done(
        sealed,
        MessageSealed(subject=sealed.id, payload={"message": str(sealed.id), "digest": sealed.digest}),
        ChangeDecided(subject=row.asked_id, payload=payload),
    )


@operation()
def note_change(
    *, tenant: str | int, by: Actor, now: datetime, approval: UUID, new: Changed, reply: NewMessage | None
) -> Done[ApprovalTerms]:
    """Note what the payer changed an approval to; at both sides the same. Whoever was told says by `reply` that it is
    noted. NotPossible("noted") the second time, and as `seal`."""
    if by.kind != "system":
        raise Hidden("approval", approval)
    row = Approval.objects.get(id=approval)
    Message.objects.select_for_update(of=("self",)).get(id=row.asked_id)
    if ApprovalTerms.objects.filter(approval=row, turn=new.turn).exists():
        raise NotPossible("noted")
    made = ApprovalTerms.objects.create(
        approval=row, told_id=new.told, turn=new.turn, amount=new.amount, until=new.until,
        billed_from=new.billed_from, reason=new.reason, at=now,
    )  # fmt: skip
    payload = {
        "approval": str(row.id), "number": row.number, "payer": row.payer, "turn": made.turn, "amount": made.amount,
        "until": str(made.until), "billed_from": str(made.billed_from), "message": str(made.told_id),
    }  # fmt: skip
    events: list[Event] = [ApprovalChanged(subject=row.person_id, payload=payload)]
    if reply is not None:
        said = seal(tenant, by, now, reply)
        events.append(MessageSealed(subject=said.id, payload={"message": str(said.id), "digest": said.digest}))
    return Done(made, *events)
