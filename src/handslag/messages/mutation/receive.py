"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Code
from handslag.messages.assignment.receive import ASSIGNS, IS_ASSIGNED
from handslag.messages.mutation.message import Mutation
from handslag.messages.place import answers_all, placed_for


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people. None for what is said about a
    mutation. Unreadable for what isn't between a canton and a municipality, and for an answer that isn't one for each
    person."""
    try:
        said = msgspec.json.decode(opened.content, type=Mutation)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    answers_all(opened, [answer.number for answer in said.answers], "persons")
    if said.asked is None:
        return None
    ends = (said.header.sender, own_address())
    if not any(one.startswith(ASSIGNS) and other.startswith(IS_ASSIGNED) for one, other in (ends, ends[::-1])):
        raise Unreadable(Code.CONTENT, "between a canton and a municipality only", final=True)
    places = [placed_for(one.person, said.asked.answer_by, now) for one in said.asked.persons]
    return max(places, key=lambda place: place.level)
