"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.states import Code
from handslag.messages.place import answers_all, placed_for
from handslag.messages.question.message import Question


def placed(opened: Opened, now: datetime) -> Placed | None:
    """For a question the unit that answers it: of the person's open case here, else of whoever registers people (and is
    cleared for her, if she is known and protected). None for what is said about a question. Unreadable."""
    try:
        said = msgspec.json.decode(opened.content, type=Question)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    answers_all(opened, [answer.number for answer in said.answers], "points")
    if said.asked is None:
        return None
    return placed_for(said.asked.person, said.asked.answer_by, now)
