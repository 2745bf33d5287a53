"""Entering a payer's rules, deciding requests for approval of a cost, noting at both sides what was approved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import MessageSealed, NewMessage, seal
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.funding.models import Approval, Tariff
from handslag.domain.funding.queries import number_used
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import NotPossible
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


@dataclass(frozen=True, kw_only=True)
class NewTariff:
    """What is ruled of a kind of cost (see `models.Tariff`); amounts in minor units."""

    account_code: str
    since: date
    unit_ceiling: int | None = None
    granted_up_to: int = 0
    first_payer: str = ""
    needs_approval: bool = False


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
        entered_by_id=member.id, at=now,
    )  # fmt: skip
    payload = {
        "tariff": str(row.id), "account_code": row.account_code, "since": str(row.since),
        "unit_ceiling": row.unit_ceiling, "granted_up_to": row.granted_up_to,
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
