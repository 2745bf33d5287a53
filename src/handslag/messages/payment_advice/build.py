"""Tell a partner what it is paid, and say whether it fits, inside the tenant's door; sealed is what `PaymentAdvice`
takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

import msgspec

from handslag.domain.accounts.models import PaymentOrder
from handslag.domain.accounts.queries import (
    account_of,
    advices,
    moved_by,
    open_on,
    paid_again,
    payments_standing,
    statements_in,
    uncovered,
)
from handslag.domain.accounts.states import FAILED, Side
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.states import Action, Business, Direction
from handslag.messages.conversation import read, replying
from handslag.messages.payment_advice.message import Advice, Part, Seen, outcome

#: The submission of a settlement, as it is posted.
_SUBMITTED = re.compile(r"(.+/\d{4}-\d\d-\d\d)#\d+", re.ASCII)
#: So many payments are looked at for what is still to arrive.
MOST_SHOWN = 500


def advising(order: PaymentOrder) -> NewMessage:
    """The message that tells a payment whose file is written, or that it reached nobody: one of each for an order."""
    state = "failed" if order.state in FAILED else "paid"
    moved = moved_by(order)
    named = [order.bill.reference] if order.bill is not None else _named(
        statements_in(order.account_id, order.currency, {one[:3] for one in moved})
    )  # fmt: skip
    told = Advice(
        payment=order.number, state=state, amount=order.amount, currency=order.currency,  # type: ignore[arg-type]
        iban=order.iban, value_on=order.execution_on, settlements=named,  # type: ignore[arg-type]
        parts=[
            Part(number=number, regime=regime, since=since, until=until, netted=netted, paid=paid)
            for number, (regime, since, until, netted, paid) in enumerate(moved, 1)
        ],
    )  # fmt: skip
    assert order.released_by is not None
    return NewMessage(
        id=uuid5(order.id, f"advice {state}"), kind="payment_advice", action=Action.REQUEST,
        recipient=order.account.partner, body={"asked": msgspec.to_builtins(told)}, unit=order.released_by.unit_id,
        about=order.account_id, response_expected=True,
    )  # fmt: skip


def _named(posted: Iterable[str]) -> list[str]:
    """The settlements and bills by what was posted for them, by name: each submission of a settlement is posted by
    itself."""
    return sorted({found[1] if (found := _SUBMITTED.fullmatch(one)) else one for one in posted})


def advised(message: Message) -> Advice:
    """The payment that a message tells."""
    asked = read(message).asked
    assert isinstance(asked, Advice)
    return asked


def announced() -> dict[tuple[str, str], Advice]:
    """The payments that partners have told us and that haven't arrived, nor failed, by partner and settlement."""
    told = [(row.partner, advised(row)) for row in advices(direction=Direction.IN)[:MOST_SHOWN]]
    over = payments_standing(Side.CLAIMANT)
    over |= {(partner, one.payment) for partner, one in told if one.state == "failed"}
    return {
        (partner, reference): one for partner, one in reversed(told) if (partner, one.payment) not in over
        for reference in one.settlements
    }  # fmt: skip


def seen(message: Message) -> Seen:
    """Whether a payment of a partner fits our own account of it: just its parts, or just its bill, are open (before it
    arrived), or it has arrived as told; of what failed nothing has."""
    told, account = advised(message), account_of(message.partner, Side.CLAIMANT)
    arrived = account is not None and paid_again(account.id, told.payment) is None
    if told.state == "failed":
        return Seen(number=1, reason="ARRIVED" if arrived else "")
    if account is None or arrived:
        return Seen(number=1, reason="" if account else "NOT_OPEN")
    rest, bills = open_on(account.id, told.currency)
    bill = next((one for one in bills if one.bill is not None and [one.bill.reference] == told.settlements), None)
    if bill is not None:
        less = bill.figures.open - told.amount
        return Seen(number=1, reason="" if 0 <= less <= uncovered(rest) else "NOT_OPEN")
    open_ = {(one.regime, one.since, one.until): one.figures.open for one in rest}
    fits = all(open_.get((one.regime, one.since, one.until)) == one.netted + one.paid for one in told.parts)
    return Seen(number=1, reason="" if fits else "NOT_OPEN")


def answering(*, key: UUID, asked: Message, answer: Seen) -> NewMessage:
    """The message that says whether it fits."""
    body: dict[str, Any] = {"answers": [msgspec.to_builtins(answer)]}
    return replying(key, asked, Business(outcome([answer])), body, code=answer.reason)
