"""Every kind of message between a canton and a municipality, for tests of what carries them: a row says who begins it
and how, and how the other side answers. Both ends of a test use it, whichever process they are in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage, seal_message
from handslag.domain.tenancy.door import acting
from handslag.messages.assignment.build import answering
from handslag.messages.assignment.message import Arrival, Assignment
from handslag.messages.conversation import read
from handslag.messages.question.message import Person
from tests.canton import Canton, somebody
from tests.exchange import Side
from tests.office import Office

LEMLEM = Person(identifier_type="zemis", identifier="21004711.0", given_name="Lemlem", family_name="Haile")


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """`by`: who begins it, `canton` or `municipality`. `begins` gets that one's office, the other's address and the
    moment; `answers`, inside the door of the one who is asked, the message that is answered. Nothing in what is said
    may be drawn: by every transport it is the same."""

    by: str
    begins: Callable[[Office, str, datetime], Message]
    answers: Callable[[Message], NewMessage]


def _assigned(office: Office, to: str, now: datetime) -> Message:
    canton = Canton(None, Side(office), [SimpleNamespace(address=to)])  # type: ignore[arg-type, list-item]
    canton.pair.now = now
    return canton.assigned(0, somebody(person=LEMLEM))


def _arrived(asked: Message) -> NewMessage:
    said = read(asked)
    assert isinstance(said, Assignment) and said.asked is not None
    arrival = Arrival(number=1, arrived_on=said.asked.arrival_on, accommodation="apartment")
    return answering(key=uuid4(), asked=asked, answers=[arrival])


CROSSINGS: dict[str, Crossing] = {
    "assignment": Crossing(by="canton", begins=_assigned, answers=_arrived),
}


def answer(office: Office, kind: str, asked: UUID, now: datetime) -> Message:
    """Hanna of whoever was asked answers."""
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["hanna"], "now": now}
    with acting(office.slug, office.staff["hanna"], "answer"):
        row = Message.objects.get(message_id=asked)
        return seal_message(**act, new=CROSSINGS[kind].answers(row))
