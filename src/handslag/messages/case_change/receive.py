"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address, sent
from handslag.domain.exchange.states import Code
from handslag.messages.case_change.build import changed_in, goes, wrong_answers
from handslag.messages.case_change.message import CaseChange
from handslag.messages.place import placed_for


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people. None for what is said about a
    change. Unreadable for what goes another way than from a municipality to its canton, or from the canton to the
    municipality where somebody moves to, and for an answer that isn't one for each person."""
    try:
        said = msgspec.json.decode(opened.content, type=CaseChange)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    if said.asked is not None:
        if not goes(said.header.sender, own_address(), said.asked.change):
            raise Unreadable(Code.CONTENT, "a municipality tells its canton, the canton a takeover", final=True)
        if said.asked.municipality in (said.header.sender, own_address()):
            raise Unreadable(Code.CONTENT, "she moves to another municipality than she leaves", final=True)
        places = [placed_for(one.person, said.asked.answer_by, now) for one in said.asked.persons]
        return max(places, key=lambda place: place.level)
    asked = sent(said.header.sender, said.header.reference) if said.answers and said.header.reference else None
    if asked is not None and asked.kind == "case_change" and wrong_answers(changed_in(asked), said.answers):
        raise Unreadable(Code.CONTENT, "not an answer for each person with the days that belong to it", final=True)
    return None
