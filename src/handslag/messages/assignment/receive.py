"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address, sent
from handslag.domain.exchange.states import Code
from handslag.messages.assignment.build import wrong_answers
from handslag.messages.assignment.message import Assignment
from handslag.messages.place import placed_for

#: Who assigns people.
ASSIGNS, IS_ASSIGNED = "canton_office:", "municipality:"


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people. None for what is said about
    an assignment. Unreadable for what no canton says, or isn't for a municipality, and for an answer that isn't one for
    each person, or has somebody arrive before her day."""
    try:
        said = msgspec.json.decode(opened.content, type=Assignment)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    if said.asked is not None:
        if not said.header.sender.startswith(ASSIGNS) or not own_address().startswith(IS_ASSIGNED):
            raise Unreadable(Code.CONTENT, "a canton assigns, to a municipality", final=True)
        places = [placed_for(one.person, said.asked.answer_by, now) for one in said.asked.persons]
        return max(places, key=lambda place: place.level)
    asked = sent(said.header.sender, said.header.reference) if said.answers and said.header.reference else None
    if asked is not None and asked.kind == "assignment" and wrong_answers(asked, said.answers):
        raise Unreadable(Code.CONTENT, "not an answer for each person from her day on", final=True)
    return None
