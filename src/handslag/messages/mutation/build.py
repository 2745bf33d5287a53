"""Build mutations and their answers, inside the tenant's door; sealed is what `Mutation` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import may_leave
from handslag.domain.exchange.queries import own_address
from handslag.domain.register.policies import CANTON
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.conversation import about_people, answered, identified, may_wait_until
from handslag.messages.mutation.message import Agreed, outcome


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What every mutation is made of: `recipient` is an address; `persons` are ours, of one family unit; `assessed`
    says why it may be told although somebody is marked."""

    key: UUID
    recipient: str
    unit: UUID
    persons: list[UUID]
    change: str
    on: date
    last_on: date | None = None
    status: str = ""
    entry_on: date | None = None
    municipality: str = ""
    answer_by: date
    text: str = ""
    assessed: str = ""
    test: bool = False
    now: datetime


def telling(new: Telling) -> NewMessage:
    """The message that tells a change. NotPossible by `may_leave` and ("no number") for each person; ("answer by") for
    a day that is past or too far; ("moves to") where somebody would move to the municipality that she leaves."""
    may_wait_until(new.answer_by, new.now)
    today = acting_door().the_tenant.today(new.now)
    level = max(may_leave(person, today, new.assessed) for person in new.persons)
    if new.municipality and new.municipality == left_in(new.recipient):
        raise NotPossible("moves to")
    days = {"on": new.on, "last_on": new.last_on, "entry_on": new.entry_on, "answer_by": new.answer_by}
    words = {"status": new.status, "municipality": new.municipality, "text": new.text.strip()}
    asked = {
        "persons": [{"number": n, "person": identified(person)} for n, person in enumerate(new.persons, 1)],
        "change": new.change,
        **{name: day.isoformat() for name, day in days.items() if day is not None},
        **{name: word for name, word in words.items() if word},
    }
    return about_people("mutation", new, new.persons, asked, level)


def answering(*, key: UUID, asked: Message, answers: list[Agreed]) -> NewMessage:
    """The message that says of each person whether it is so."""
    return answered(key, asked, answers, outcome(answers))


def left_in(partner: str) -> str:
    """The municipality of a conversation with this partner, whose persons it is about: the partner, or we."""
    return own_address() if partner.startswith(CANTON) else partner
