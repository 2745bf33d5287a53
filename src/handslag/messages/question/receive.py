"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.casefile.queries import cases_of
from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import unit_for
from handslag.domain.exchange.states import Code
from handslag.domain.people.queries import person_by_identifier
from handslag.messages.question.message import Question


def placed(opened: Opened, now: datetime) -> Placed | None:
    """For a question the unit that answers it: of the person's open case here, else of whoever registers people (and is
    cleared for her, if she is known and protected). None for what is said about a question. Unreadable."""
    try:
        said = msgspec.json.decode(opened.content, type=Question)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    if said.asked is None:
        return None
    asked = said.asked
    person = person_by_identifier(asked.person.identifier_type, asked.person.identifier)
    level = person.protection_level if person else 0
    case = next((case for case in cases_of(person.id) if case.state == "open"), None) if person else None
    unit = case.unit_id if case and not level else unit_for(level, now)
    return Placed(
        unit=unit,
        about=case.id if case else None,
        person=person.id if person else None,
        level=level,
        due_on=asked.answer_by,
    )
