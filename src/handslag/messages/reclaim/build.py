"""Tell a reclaim, and answer it, inside the tenant's door; sealed is what `Reclaim` takes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec

from handslag.domain.accounts.queries import account_of
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Action, Business, Direction
from handslag.domain.settlement.models import Reclaim as Row
from handslag.domain.settlement.models import ReclaimLine
from handslag.domain.settlement.queries import reclaim_content
from handslag.messages.conversation import read, replying, told_without
from handslag.messages.reclaim.message import Answer, Reclaimed, ReclaimedLine, Span, outcome

#: [assumed from the catalogue, S7: "object within 30 days"; the days begin with the day after it is told]
TO_ANSWER = timedelta(days=30)


def telling(row: Row, state: str, *, unit: UUID, text: str, answer_by: date | None = None) -> NewMessage:
    """The message that says that a reclaim is `raised` (with the day of the answer), `kept` or `withdrawn`."""
    lines = list(ReclaimLine.objects.filter(reclaim=row).select_related("line__statement"))
    content = reclaim_content(row, lines)
    told = Reclaimed(
        reclaim=row.reference, state=state, reason=row.reason, total=row.total, currency=row.currency,  # type: ignore[arg-type]
        text=text.strip(), answer_by=answer_by,
        lines=[
            ReclaimedLine(
                number=number, settled=one["line"], amount=one["amount"],
                days=[Span(since=since, until=until) for since, until in one["days"]],
            )
            for number, one in enumerate(msgspec.convert(content["lines"], list[dict[str, Any]]), 1)
        ],
    )  # fmt: skip
    account = account_of(row.partner, row.side)
    return NewMessage(
        id=uuid5(row.id, state), kind="reclaim", action=Action.REQUEST, recipient=row.partner,
        body={"asked": _said(told)}, unit=unit, about=account.id if account else None, response_expected=True,
        due_on=answer_by,
    )  # fmt: skip


def _said(told: Reclaimed) -> dict[str, Any]:
    """As it is written: what isn't there isn't said."""
    said = told_without(told)
    said["lines"] = [{name: part for name, part in one.items() if part != []} for one in said["lines"]]
    return said


def reclaimed_in(message: Message) -> Reclaimed:
    """What a message claims back, keeps or withdraws."""
    asked = read(message).asked
    assert isinstance(asked, Reclaimed)
    return asked


def content_in(told: Reclaimed) -> dict[str, Any]:
    """The same as both sides keep it."""
    return {
        "reclaim": told.reclaim, "reason": told.reason, "total": told.total, "currency": told.currency,
        "lines": [
            {"line": one.settled, "amount": one.amount,
             "days": [[day.since.isoformat(), day.until.isoformat()] for day in one.days]}
            for one in told.lines
        ],
    }  # fmt: skip


def row_of(message: Message) -> Row | None:
    """The reclaim that a message is about, as it is kept here."""
    side = "payer" if message.direction == Direction.OUT else "claimant"
    return Row.objects.filter(side=side, partner=message.partner, reference=reclaimed_in(message).reclaim).first()


def raised(row: Row) -> Message | None:
    """The message that told a reclaim, at either side."""
    rows = Message.objects.filter(kind="reclaim", action=Action.REQUEST, partner=row.partner, test=False)
    return next((one for one in rows.exclude(due_on=None).order_by("-id") if reclaimed_in(one).reclaim ==
                 row.reference), None)  # fmt: skip


def answering(*, key: UUID, asked: Message, answer: Answer) -> NewMessage:
    """The message that accepts, objects, or says that it is noted."""
    body: dict[str, Any] = {"answers": [msgspec.to_builtins(answer)]}
    return replying(key, asked, Business(outcome([answer])), body, code=answer.reason)


def is_payer(sender: str) -> bool:
    """Whether an organisation may claim back from ours what it paid."""
    return sender.startswith("canton_office:") and own_address().startswith("municipality:")
