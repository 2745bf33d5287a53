"""What an answered mutation says of people, for the register; the same at both sides. Inside the tenant's door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handslag.domain.exchange.models import BusinessStep, Message
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import SETTLED, Direction
from handslag.domain.people.operations.persons import NewPerson
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.operations import NewNotice
from handslag.domain.register.policies import CANTON
from handslag.domain.register.queries import days_of, said_of
from handslag.domain.register.states import GONE, MOVED, OWN_EARNINGS, What
from handslag.messages.assignment.notices import as_registered
from handslag.messages.conversation import read
from handslag.messages.mutation.build import left_in
from handslag.messages.mutation.message import Change, Mutation

#: What costs the municipality that tells it, and not the canton: taken at once, where it contradicts nothing.
AGAINST_ITSELF = frozenset({*GONE, "earnings"}) - {MOVED}


def change_in(asked: Message) -> Change:
    """What a mutation tells."""
    said = read(asked)
    assert isinstance(said, Mutation) and said.asked is not None
    return said.asked


def told_by_canton(asked: Message) -> bool:
    """Whether the canton tells it."""
    return (own_address() if asked.direction == Direction.OUT else asked.partner).startswith(CANTON)


def notices_in(asked: Message) -> tuple[list[NewPerson], list[NewNotice]]:
    """The people of a mutation, and what it says of them once it is answered: who isn't known here says nothing, and
    what the answer says isn't so is disputed. Nothing follows from a test."""
    step = BusinessStep.objects.filter(message=asked, state__in=SETTLED).first()
    reply = read(step.said) if step and step.said else None
    if not isinstance(reply, Mutation) or asked.test:
        return [], []
    reasons = {answer.number: answer.reason for answer in reply.answers}
    change, people, found = change_in(asked), [], []
    for one in change.persons:
        people.append(as_registered(one.person))
        if reasons[one.number] != "PERSON_UNKNOWN":
            found.append(_notice(asked, change, one.number, disputed=bool(reasons[one.number])))
    return people, found


def _notice(asked: Message, change: Change, number: int, *, disputed: bool = False) -> NewNotice:
    told: dict[str, Any] = {"number": number, "day": change.on, "message": asked.id, "disputed": disputed}
    if change.change == "status":
        return NewNotice(what=What.STATUS, value=change.status, entry_on=change.entry_on, **told)
    if change.change in ("earnings", "earnings_ended"):
        until = change.last_on + timedelta(days=1) if change.last_on else None
        kind = OWN_EARNINGS if change.change == "earnings" else change.change
        return NewNotice(what=What.EARNINGS, value=kind, until=until, **told)
    value: str = change.change
    if change.municipality is not None:
        # where she moves to isn't said by the municipality that she leaves, but by the canton and that one's own answer
        value = change.municipality if told_by_canton(asked) else MOVED
    return NewNotice(what=What.MUNICIPALITY, value=value, moves_from=left_in(asked.partner), **told)


def fits_the_register(asked: Message) -> bool:
    """Whether nobody needs to look at a mutation that came: whoever tells it may say so alone, everybody is known here
    and was in that municipality on the day, and it contradicts nothing."""
    change = change_in(asked)
    if not told_by_canton(asked) and change.change not in AGAINST_ITSELF:
        return False
    for one in change.persons:
        known = person_by_identifier("zemis", one.person.identifier)
        said = said_of(known.id) if known else []
        before, new = days_of(said), _notice(asked, change, one.number).said
        here = [row for row in before.responsible if row.value[0] == left_in(asked.partner)]
        there = any(row.since <= change.on and (row.until is None or change.on < row.until) for row in here)
        if not there or days_of([*said, new]).contradicted != before.contradicted:
            return False
    return True
