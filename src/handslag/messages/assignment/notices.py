"""What an answered assignment says of people, for the register; the same at both sides. Inside the tenant's door."""

from __future__ import annotations

from handslag.domain.exchange.models import BusinessStep, Message
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Business, Direction
from handslag.domain.people.operations.persons import NewPerson
from handslag.domain.register.operations import NewNotice
from handslag.domain.register.states import What
from handslag.domain.tenancy.door import acting_door
from handslag.messages.assignment.message import Assigned, Assignment
from handslag.messages.conversation import read
from handslag.messages.question.message import Person


def person_of(one: Assigned) -> NewPerson:
    """Somebody assigned, as she is registered where she isn't known."""
    return as_registered(one.person)


def as_registered(told: Person) -> NewPerson:
    """Somebody whom a message names, as she is registered where she isn't known."""
    return NewPerson(
        identifier_type=told.identifier_type,
        identifier=told.identifier,
        given_name=told.given_name,
        family_name=told.family_name,
        birth_on=told.birth_on,
        country="CH",
        language=acting_door().the_tenant.languages[0],
    )


def notices_in(asked: Message) -> tuple[list[NewPerson], list[NewNotice]]:
    """The people of an assignment, and what the answer that settled it says of those who were taken: where they are
    from which day on, by the answer; their status, by the assignment. Nothing follows from a test."""
    said = read(asked)
    assert isinstance(said, Assignment) and said.asked is not None
    step = BusinessStep.objects.filter(message=asked, state__in=[Business.ACCEPTED, Business.CHANGED]).first()
    reply = step.said if step else None
    if reply is None or asked.test:
        return [], []
    told = read(reply)
    assert isinstance(told, Assignment)
    municipality = asked.partner if asked.direction == Direction.OUT else own_address()
    found = []
    answers = {answer.number: answer for answer in told.answers}
    for one in said.asked.persons:
        answer = answers[one.number]
        if answer.arrived_on is None:
            continue
        found.append(
            NewNotice(
                number=one.number,
                what=What.MUNICIPALITY,
                value=municipality,
                day=answer.arrived_on,
                message=reply.id,
                moves_from=said.asked.moves_from or "",
                accommodation=answer.accommodation,
                counts=one.quota_credit,
            )
        )
        found.append(
            NewNotice(
                number=one.number,
                what=What.STATUS,
                value=one.status,
                day=one.status_since,
                message=asked.id,
                entry_on=one.entry_on,
            )
        )
    return [person_of(one) for one in said.asked.persons], found
