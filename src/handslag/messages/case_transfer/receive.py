"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.states import Code
from handslag.messages.case_transfer.message import CaseTransfer
from handslag.messages.place import answers_all, placed_for


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people; seen by cleared staff only
    where somebody is marked there. None for what is said about a hand-over. Unreadable."""
    try:
        said = msgspec.json.decode(opened.content, type=CaseTransfer)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    answers_all(opened, [answer.number for answer in said.answers], "items")
    if said.asked is None:
        return None
    marked = said.asked.marked or any(item.member.marked for item in said.asked.items if item.member)
    return placed_for(said.asked.person, said.asked.answer_by, now, least=int(marked))
