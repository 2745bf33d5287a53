"""Build assignments and their answers, inside the tenant's door; sealed is what `Assignment` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import may_leave
from handslag.domain.exchange.states import Action
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.assignment.message import Arrival, Assigned, Assignment, outcome
from handslag.messages.conversation import answered, may_wait_until, read, told_without


@dataclass(frozen=True, kw_only=True)
class Assigning:
    """What every assignment is made of: `recipient` is the municipality's address, `assessed` says why it may be told
    although somebody is marked."""

    key: UUID
    recipient: str
    unit: UUID
    persons: list[Assigned]
    arrival_on: date
    centre: str
    moves_from: str
    answer_by: date
    text: str
    assessed: str
    test: bool
    now: datetime


def assigning(new: Assigning) -> NewMessage:
    """The message that assigns. Persons needn't be known here yet: the operation that seals it registers them.

    NotPossible by `may_leave` for each who is known; ("answer by") for a day that is past or too far; ("moves from")
    where she would move from the municipality that she is assigned to."""
    may_wait_until(new.answer_by, new.now)
    if new.moves_from == new.recipient:
        raise NotPossible("moves from")
    today, level = acting_door().the_tenant.today(new.now), 0
    for one in new.persons:
        known = person_by_identifier(one.person.identifier_type, one.person.identifier)
        level = max(level, may_leave(known.id, today, new.assessed) if known else 0)
    said = {
        "persons": [{**told_without(one), "person": told_without(one.person)} for one in new.persons],
        "arrival_on": new.arrival_on.isoformat(),
        "answer_by": new.answer_by.isoformat(),
        **{name: text for name in ("centre", "moves_from", "text") if (text := getattr(new, name).strip())},
    }
    return NewMessage(
        id=new.key,
        kind="assignment",
        action=Action.REQUEST,
        recipient=new.recipient,
        body={"asked": said},
        unit=new.unit,
        level=level,
        response_expected=True,
        test=new.test,
        due_on=new.answer_by,
        assessed=new.assessed.strip() if level else "",
    )


def answering(*, key: UUID, asked: Message, answers: list[Arrival]) -> NewMessage:
    """The message that says of each person when she arrived and how she lives, or why she isn't taken.
    NotPossible("arrival day") for a day before the one from which she is assigned: another is asked for by asking
    back."""
    if wrong_answers(asked, answers):
        raise NotPossible("arrival day")
    return answered(key, asked, answers, outcome(answers))


def wrong_answers(asked: Message, answers: list[Arrival]) -> bool:
    """Whether answers aren't one for each person assigned, or somebody arrived before her day."""
    said = read(asked)
    assert isinstance(said, Assignment) and said.asked is not None
    early = any(one.arrived_on is not None and one.arrived_on < said.asked.arrival_on for one in answers)
    return early or sorted(one.number for one in answers) != [one.number for one in said.asked.persons]
