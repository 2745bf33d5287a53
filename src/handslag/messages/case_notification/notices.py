"""What an answered notification says of people, for the register; the same at both sides. Inside the tenant's door."""

from __future__ import annotations

from datetime import timedelta

from handslag.domain.exchange.models import BusinessStep, Message
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Business, Direction
from handslag.domain.people.operations.persons import NewPerson
from handslag.domain.register.operations import NewNotice
from handslag.domain.register.states import What
from handslag.messages.assignment.notices import as_registered
from handslag.messages.case_notification.build import case_in
from handslag.messages.case_notification.message import CaseNotification
from handslag.messages.conversation import read


def municipality_of(asked: Message) -> str:
    """Who notified a case."""
    return own_address() if asked.direction == Direction.OUT else asked.partner


def notices_in(asked: Message) -> tuple[list[NewPerson], list[NewNotice]]:
    """The people of a notification, and what its answer says of those whose claim is accepted: that the municipality is
    responsible from the first day on, and that it is reimbursed from then until the last. Nothing follows from a
    test."""
    step = BusinessStep.objects.filter(message=asked, state__in=[Business.ACCEPTED, Business.CHANGED]).first()
    if step is None or step.said is None or asked.test:
        return [], []
    reply = read(step.said)
    assert isinstance(reply, CaseNotification)
    case, place = case_in(asked), municipality_of(asked)
    last = {answer.number: answer.last_on for answer in reply.answers}
    found = []
    for one in case.persons:
        ends = last[one.number]
        if ends is not None:
            begins = one.supported_since
            found += [
                NewNotice(number=one.number, what=What.MUNICIPALITY, value=place, day=begins, message=asked.id),
                NewNotice(
                    number=one.number,
                    what=What.CLAIM,
                    value=place,
                    day=begins,
                    until=ends + timedelta(days=1),
                    message=step.said.id,
                ),
            ]
    return [as_registered(one.person) for one in case.persons], found
