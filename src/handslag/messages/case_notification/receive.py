"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address, sent
from handslag.domain.exchange.states import Code
from handslag.messages.assignment.receive import ASSIGNS, IS_ASSIGNED
from handslag.messages.case_notification.build import case_in, wrong_answers
from handslag.messages.case_notification.message import CaseNotification
from handslag.messages.place import placed_for


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people. None for what is said about a
    notification. Unreadable for what no municipality tells its canton, and for an answer that isn't one for each
    person from her first day on."""
    try:
        said = msgspec.json.decode(opened.content, type=CaseNotification)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    if said.asked is not None:
        if not said.header.sender.startswith(IS_ASSIGNED) or not own_address().startswith(ASSIGNS):
            raise Unreadable(Code.CONTENT, "a municipality notifies a case, to its canton", final=True)
        places = [placed_for(one.person, said.asked.answer_by, now) for one in said.asked.persons]
        return max(places, key=lambda place: place.level)
    asked = sent(said.header.sender, said.header.reference) if said.answers and said.header.reference else None
    if asked is not None and asked.kind == "case_notification" and wrong_answers(case_in(asked), said.answers):
        raise Unreadable(Code.CONTENT, "not an answer for each person from her first day on", final=True)
    return None
