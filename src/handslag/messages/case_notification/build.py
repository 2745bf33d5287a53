"""Build notifications of cases and their answers, inside the tenant's door; sealed is what `CaseNotification` takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import may_leave
from handslag.domain.exchange.queries import own_address
from handslag.domain.register.policies import CANTON
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.case_notification.message import Accepted, Case, outcome
from handslag.messages.conversation import about_people, answered, identified, may_wait_until, read


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """For whom reimbursement is claimed: `person` is ours; the days as in the message."""

    person: UUID
    nationality: str
    permit: str
    permit_until: date | None = None
    residence_since: date
    supported_since: date
    staying: bool = False


@dataclass(frozen=True, kw_only=True)
class Notifying:
    """What a notification is made of: `recipient` is a canton's address; `need` and `income` a month in minor units;
    `assessed` says why it may be told although somebody is marked."""

    key: UUID
    recipient: str
    unit: UUID
    persons: list[Claimed]
    decided_on: date
    heads: int
    cohabitation: bool = False
    need: int
    income: int
    why: str = ""
    answer_by: date
    text: str = ""
    assessed: str = ""
    test: bool = False
    now: datetime


def notifying(new: Notifying) -> NewMessage:
    """The message that notifies a case. NotPossible by `may_leave` and ("no number") for each person; ("answer by") for
    a day that is past or too far; ("not a municipality") anywhere else; ("not decided yet") for a day to come."""
    may_wait_until(new.answer_by, new.now)
    today = acting_door().the_tenant.today(new.now)
    if own_address().startswith(CANTON) or not new.recipient.startswith(CANTON):
        raise NotPossible("not a municipality")
    if new.decided_on > today:
        raise NotPossible("not decided yet")
    keys = [one.person for one in new.persons]
    level = max(may_leave(person, today, new.assessed) for person in keys)
    asked: dict[str, Any] = {
        "persons": [_person(n, one) for n, one in enumerate(new.persons, 1)],
        "decided_on": new.decided_on.isoformat(),
        "heads": new.heads,
        "cohabitation": new.cohabitation,
        "need": new.need,
        "income": new.income,
        "answer_by": new.answer_by.isoformat(),
        **{name: text.strip() for name in ("why", "text") if (text := getattr(new, name)).strip()},
    }
    return about_people("case_notification", new, keys, asked, level)


def _person(number: int, one: Claimed) -> dict[str, Any]:
    days = {name: getattr(one, name) for name in ("permit_until", "residence_since", "supported_since")}
    return {
        "number": number,
        "person": identified(one.person),
        "nationality": one.nationality,
        "permit": one.permit,
        **{name: day.isoformat() for name, day in days.items() if day is not None},
        **({"staying": True} if one.staying else {}),
    }


def case_in(asked: Message) -> Case:
    """What a notification claims."""
    case = read(asked).asked
    assert isinstance(case, Case)
    return case


def answering(*, key: UUID, asked: Message, answers: list[Accepted]) -> NewMessage:
    """The message that says until when each person's claim is accepted. NotPossible("last day") for one that would end
    before it begins, or without an answer for each person once."""
    if wrong_answers(case_in(asked), answers):
        raise NotPossible("last day")
    return answered(key, asked, answers, outcome(answers))


def wrong_answers(case: Case, answers: Sequence[Accepted]) -> bool:
    """Whether these aren't one answer for each person, each until her first day or later."""
    begins = {one.number: one.supported_since for one in case.persons}
    return sorted(one.number for one in answers) != sorted(begins) or any(
        one.last_on is not None and one.last_on < begins[one.number] for one in answers
    )
