"""Where a message about a person belongs here, inside the receiver's door."""

from __future__ import annotations

import json
from datetime import date, datetime

from handslag.domain.casefile.queries import cases_of
from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import sent, unit_for
from handslag.domain.exchange.states import BEGINNING, Code
from handslag.domain.people.queries import person_by_identifier
from handslag.messages.question.message import Person


def answers_all(opened: Opened, numbers: list[int], named: str) -> None:
    """Unreadable unless an answer says something to each of the `named` (points, items, documents) of what we asked,
    and to each once. `numbers`: of what it answers."""
    header = opened.framed.header
    asked = sent(header.sender, header.reference) if numbers and header.reference else None
    if asked is None or asked.kind != opened.framed.message or asked.action not in BEGINNING:
        return  # what is wrong with that is said where it is taken in
    wanted = [one["number"] for one in json.loads(asked.content)["asked"][named]]
    if sorted(numbers) != sorted(wanted):
        raise Unreadable(Code.CONTENT, f"doesn't answer each of the {named} once", final=True)


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
