"""Where a message about a person belongs here, inside the receiver's door."""

from __future__ import annotations

from datetime import date, datetime

from handslag.domain.casefile.queries import cases_of
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import unit_for
from handslag.domain.people.queries import person_by_identifier
from handslag.messages.question.message import Person


def placed_for(told: Person, due_on: date, now: datetime, least: int = 0) -> Placed:
    """The unit of the person's open case here, else of whoever registers people (and is cleared for her, if she is
    known and protected). `least`: the protection that the message itself speaks of."""
    person = person_by_identifier(told.identifier_type, told.identifier)
    level = max(person.protection_level if person else 0, least)
    case = next((case for case in cases_of(person.id) if case.state == "open"), None) if person else None
    unit = case.unit_id if case and not level else unit_for(level, now)
    return Placed(
        unit=unit,
        about=case.id if case else None,
        person=person.id if person else None,
        level=level,
        due_on=due_on,
    )
