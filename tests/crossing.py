"""Every kind of message between a canton and a municipality, for tests of what carries them: a row says who begins it
and how, and how the other side answers. Both ends of a test use it, whichever process they are in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage, seal_message
from handslag.domain.people.operations.persons import register_person
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.tenancy.door import acting
from handslag.messages.assignment.build import answering
from handslag.messages.assignment.message import Arrival, Assignment
from handslag.messages.assignment.notices import person_of
from handslag.messages.case_notification.build import Claimed, Notifying, notifying
from handslag.messages.case_notification.build import answering as accepting
from handslag.messages.case_notification.message import Accepted
from handslag.messages.conversation import read
from handslag.messages.mutation.build import Telling, telling
from handslag.messages.mutation.build import answering as agreeing
from handslag.messages.mutation.message import Agreed
from handslag.messages.question.message import Person
from tests.canton import BEGIN, Canton, somebody
from tests.exchange import Side
from tests.office import Office

LEMLEM = Person(identifier_type="zemis", identifier="21004711.0", given_name="Lemlem", family_name="Haile")


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """`by`: who begins it, `canton` or `municipality`. `begins` gets that one's office, the other's address, the day by
    which an answer is needed and the moment; `answers`, inside the door of the one who is asked, the message that is
    answered. Nothing in what is said may be drawn: by every transport it is the same."""

    by: str
    begins: Callable[[Office, str, date, datetime], Message]
    answers: Callable[[Message], NewMessage]


def _assigned(office: Office, to: str, until: date, now: datetime) -> Message:
    canton = Canton(None, Side(office), [SimpleNamespace(address=to)])  # type: ignore[arg-type, list-item]
    canton.pair.now = now
    return canton.assigned(0, somebody(person=LEMLEM), answer_by=until)


def _arrived(asked: Message) -> NewMessage:
    said = read(asked)
    assert isinstance(said, Assignment) and said.asked is not None
    arrival = Arrival(number=1, arrived_on=said.asked.arrival_on, accommodation="apartment")
    return answering(key=uuid4(), asked=asked, answers=[arrival])


def _earns(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "tell"):
        known = person_by_identifier("zemis", LEMLEM.identifier)
        person = (known or register_person(**act, new=person_of(somebody(person=LEMLEM)))).id
        told = telling(
            Telling(
                key=uuid4(), recipient=to, unit=office.units["Försörjningsstöd"], persons=[person], change="earnings",
                on=BEGIN, answer_by=until, now=now,
            )
        )  # fmt: skip
        return seal_message(**act, new=told)


def _so(asked: Message) -> NewMessage:
    return agreeing(key=uuid4(), asked=asked, answers=[Agreed(number=1)])


def _claims(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "notify"):
        known = person_by_identifier("zemis", LEMLEM.identifier)
        person = (known or register_person(**act, new=person_of(somebody(person=LEMLEM)))).id
        claimed = Claimed(person=person, nationality="ER", permit="B-R", residence_since=BEGIN, supported_since=BEGIN)
        told = notifying(
            Notifying(
                key=uuid4(), recipient=to, unit=office.units["Försörjningsstöd"], persons=[claimed], decided_on=BEGIN,
                heads=1, need=106_100, income=0, why="Die Bewilligung kam spät.", answer_by=until, now=now,
            )
        )  # fmt: skip
        return seal_message(**act, new=told)


def _accepted(asked: Message) -> NewMessage:
    return accepting(key=uuid4(), asked=asked, answers=[Accepted(number=1, last_on=date(2035, 12, 31))])


CROSSINGS: dict[str, Crossing] = {
    "assignment": Crossing(by="canton", begins=_assigned, answers=_arrived),
    "mutation": Crossing(by="municipality", begins=_earns, answers=_so),
    "case_notification": Crossing(by="municipality", begins=_claims, answers=_accepted),
}


def answer(office: Office, kind: str, asked: UUID, now: datetime) -> Message:
    """Hanna of whoever was asked answers."""
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["hanna"], "now": now}
    with acting(office.slug, office.staff["hanna"], "answer"):
        row = Message.objects.get(message_id=asked)
        return seal_message(**act, new=CROSSINGS[kind].answers(row))
