"""What an answered change of a case says of people, for the register; the same at both sides. Inside the tenant's
door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from handslag.domain.exchange.models import BusinessStep, Message
from handslag.domain.exchange.queries import own_address, partners
from handslag.domain.exchange.states import SETTLED, Direction
from handslag.domain.people.operations.persons import NewPerson
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.operations import NewNotice
from handslag.domain.register.queries import days_of, said_of
from handslag.domain.register.states import MOVED, What
from handslag.messages.assignment.notices import as_registered
from handslag.messages.case_change.build import changed_in
from handslag.messages.case_change.checks import checked
from handslag.messages.case_change.message import CaseChange, Changed, Noted
from handslag.messages.conversation import read, told_on

#: What costs the municipality that tells it, and not the canton: taken at once, where nothing speaks against it.
AGAINST_ITSELF = frozenset({"ended", "move"})


def municipality_of(asked: Message) -> str:
    """The municipality of a conversation: the one that tells its canton, or that is told of a takeover."""
    ours = own_address() if asked.direction == Direction.OUT else asked.partner
    theirs = asked.partner if asked.direction == Direction.OUT else own_address()
    return theirs if changed_in(asked).change == "takeover" else ours


def notices_in(asked: Message) -> tuple[list[NewPerson], list[NewNotice]]:
    """The people of a change, and what it says of them once it is answered: the claim ends, or begins again; she left,
    or arrived. What the answer says isn't so says nothing, but of a move, where it is disputed: then whoever denies it
    registers nobody. Nothing follows from a test."""
    step = BusinessStep.objects.filter(message=asked, state__in=SETTLED).first()
    reply = read(step.said) if step and step.said else None
    if not isinstance(reply, CaseChange) or asked.test:
        return [], []
    told, place = changed_in(asked), municipality_of(asked)
    answers = {answer.number: answer for answer in reply.answers}
    found = [
        notice
        for one in told.persons
        if _says_something(told, one.person.identifier, answers[one.number])
        for notice in notices_for(asked.id, told, place, answers[one.number])
    ]
    return [as_registered(one.person) for one in told.persons], found


def _says_something(told: Changed, number: str, answer: Noted) -> bool:
    """Whether anything may be noted of somebody by an answer: not of whom the canton doesn't know; where somebody isn't
    taken over, only at a side that knows her."""
    if told.change == "takeover":
        return not answer.reason or person_by_identifier("zemis", number) is not None
    return answer.reason != "PERSON_UNKNOWN"


def notices_for(message: UUID, told: Changed, place: str, answer: Noted) -> list[NewNotice]:
    """What follows from the answer about one person to the change that `message` tells; `place`: the municipality of
    the conversation."""
    said: dict[str, Any] = {"number": answer.number, "message": message}
    after = timedelta(days=1)
    if told.change == "takeover":
        assert told.municipality is not None
        said |= {"moves_from": told.municipality, "disputed": bool(answer.reason)}
        return [NewNotice(what=What.MUNICIPALITY, value=place, day=told.on, **said)]
    if told.change == "move":
        left = NewNotice(
            what=What.MUNICIPALITY, value=MOVED, day=told.on, moves_from=place, disputed=bool(answer.reason), **said
        )
        closed = NewNotice(what=What.CLOSING, value=place, day=told.on + after, **said)
        return [left] if answer.reason else [left, closed]
    if answer.reason:
        return []
    if told.change == "ended":
        return [NewNotice(what=What.CLOSING, value=place, day=told.on + after, **said)]
    if answer.last_on is None:
        return []
    if told.change == "resumed":
        here = NewNotice(what=What.MUNICIPALITY, value=place, day=told.on, **said)
        return [here, NewNotice(what=What.CLAIM, value=place, day=told.on, until=answer.last_on + after, **said)]
    return [NewNotice(what=What.CLOSING, value=place, day=answer.last_on + after, **said)]


def fits_the_register(asked: Message) -> bool:
    """Whether nobody of the canton needs to look at a change that came: the municipality alone bears what it says,
    everybody is known here, nothing speaks against it or is contradicted by it, and where somebody moves, her new
    municipality can be told."""
    told, place = changed_in(asked), municipality_of(asked)
    if told.change not in AGAINST_ITSELF or any(checked(told, place, told_on(asked), asked).values()):
        return False
    if told.municipality is not None and told.municipality not in partners():
        return False
    for one in told.persons:
        known = person_by_identifier("zemis", one.person.identifier)
        said = said_of(known.id) if known else []
        new = [notice.said for notice in notices_for(asked.id, told, place, Noted(number=one.number))]
        if not said or days_of([*said, *new]).contradicted != days_of(said).contradicted:
            return False
    return True
