"""Build requests for approval of a cost and their answers, inside the tenant's door; sealed is what `CostApproval`
takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Action, Direction
from handslag.domain.funding.queries import PROVIDER, Wish
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.policies import CANTON, MUNICIPALITY
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.conversation import Opening, answered, beginning, read
from handslag.messages.cost_approval.message import Approved, Cost, outcome


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What a request is made of: `recipient` is the payer's address, `person` is ours; days and amounts (minor units)
    as in the message; `assessed` says why it may be told although somebody is marked."""

    key: UUID
    recipient: str
    unit: UUID
    person: UUID
    account_code: str
    what: str
    cause: str
    since: date
    last_on: date
    unit_price: int
    quantity: int
    percent: int = 100
    other_payer: str = ""
    other_pays: int | None = None
    offers: str = ""
    urgent: bool = False
    why: str = ""
    answer_by: date
    text: str = ""
    assessed: str = ""
    test: bool = False
    now: datetime


def may_ask(asker: str, payer: str) -> bool:
    """Whether a municipality asks its canton, or an institution either."""
    return payer.startswith(CANTON if asker.startswith(MUNICIPALITY) else (CANTON, MUNICIPALITY)) and asker.startswith(
        (MUNICIPALITY, PROVIDER)
    )


def asking(new: Asking) -> NewMessage:
    """The message that asks. NotPossible by `may_leave`, ("no number") for a person without, ("answer by") for a day
    that is past or too far, ("not a payer") for a recipient who isn't asked."""
    if not may_ask(own_address(), new.recipient):
        raise NotPossible("not a payer")
    opening = Opening(
        key=new.key, recipient=new.recipient, person=new.person, about=new.person, unit=new.unit, number="",
        answer_by=new.answer_by, text=new.text, assessed=new.assessed, test=new.test, now=new.now,
    )  # fmt: skip
    texts = {
        name: told for name in ("what", "cause", "other_payer", "offers", "why") if (told := getattr(new, name).strip())
    }
    asked = {
        "account_code": new.account_code, "since": new.since.isoformat(), "last_on": new.last_on.isoformat(),
        "unit_price": new.unit_price, "quantity": new.quantity, "percent": new.percent, "urgent": new.urgent, **texts,
        **({"other_pays": new.other_pays} if new.other_pays is not None else {}),
    }  # fmt: skip
    return beginning("cost_approval", opening, asked)


def cost_in(asked: Message) -> Cost:
    """What a request asks for."""
    cost = read(asked).asked
    assert isinstance(cost, Cost)
    return cost


def wish_of(cost: Cost, asker: str, payer: str) -> Wish:
    """The same, as it is checked here."""
    person = person_by_identifier("zemis", cost.person.identifier)
    return Wish(
        asker=asker, payer=payer, person=person.id if person else None, account_code=cost.account_code,
        since=cost.since, until=cost.last_on + timedelta(days=1), unit_price=cost.unit_price, quantity=cost.quantity,
        percent=cost.percent, other_pays=cost.other_pays,
    )  # fmt: skip


def wish_in(asked: Message) -> Wish:
    """What a request that came or went asks for, as it is checked here."""
    own, out = own_address(), asked.direction == Direction.OUT
    return wish_of(cost_in(asked), own if out else asked.partner, asked.partner if out else own)


def in_full(asked: Message) -> Approved:
    """The answer that approves all that was asked for, as our rules do; its number is given when it is sealed."""
    cost, wish = cost_in(asked), wish_in(asked)
    return Approved(
        number=1, approval="-", amount=wish.amount, percent=cost.percent, since=cost.since, last_on=cost.last_on,
        by_rules=True,
    )  # fmt: skip


def answering(*, key: UUID, asked: Message, answers: list[Approved]) -> NewMessage:
    """The message that answers. NotPossible("approved more") where more is approved than was asked for, ("in full")
    where all of it is, with a reason why not, or less without one, ("unknown person") for somebody not known here."""
    if answers[0].amount and wish_in(asked).person is None:
        raise NotPossible("unknown person")
    if wrong_answer(cost_in(asked), answers[0]):
        raise NotPossible("approved more")
    whole = as_asked(cost_in(asked), answers[0])
    if whole == bool(answers[0].reason):
        raise NotPossible("in full")
    return answered(key, asked, answers, outcome(answers))


def wrong_answer(cost: Cost, answer: Approved) -> bool:
    """Whether more is approved than was asked for: amount, days or share."""
    return answer.amount is not None and (
        answer.amount > wish_of(cost, "", "").amount
        or (answer.percent or 0) > cost.percent
        or (answer.since or cost.since) < cost.since
        or (answer.last_on or cost.last_on) > cost.last_on
    )


def as_asked(cost: Cost, answer: Approved) -> bool:
    """Whether all of it is approved."""
    return (answer.amount, answer.percent, answer.since, answer.last_on) == (
        wish_of(cost, "", "").amount, cost.percent, cost.since, cost.last_on,
    )  # fmt: skip


def is_request(message: Message) -> bool:
    """Whether it begins a conversation of this kind."""
    return message.kind == "cost_approval" and message.action == Action.REQUEST
