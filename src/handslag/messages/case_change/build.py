"""Build changes of a case and their answers, inside the tenant's door; sealed is what `CaseChange` takes."""

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
from handslag.domain.register.models import Notice
from handslag.domain.register.policies import CANTON, MUNICIPALITY
from handslag.domain.register.states import What
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.case_change.message import Changed, Noted, first_open, outcome
from handslag.messages.conversation import about_people, answered, identified, may_wait_until, read


@dataclass(frozen=True, kw_only=True)
class Changing:
    """What a change of a case is made of: `recipient` is an address; `persons` are ours, of one household; amounts in
    minor units; `assessed` says why it may be told although somebody is marked."""

    key: UUID
    recipient: str
    unit: UUID
    persons: list[UUID]
    change: str
    on: date
    before: str = ""
    after: str = ""
    cause: str = ""
    bfs_code: str = ""
    balance: int | None = None
    restitution: int | None = None
    municipality: str = ""
    plan: str = ""
    open_costs: int | None = None
    why: str = ""
    answer_by: date
    text: str = ""
    assessed: str = ""
    test: bool = False
    now: datetime


def changing(new: Changing) -> NewMessage:
    """The message that tells a change: a municipality to its canton, the canton only that somebody moves to the
    municipality that it tells. NotPossible by `may_leave` and ("no number") for each person; ("answer by") for a day
    that is past or too far; ("not a municipality") for what goes another way; ("moves to") where she would move to the
    municipality that she leaves; ("not ended yet") for an end to come."""
    may_wait_until(new.answer_by, new.now)
    today = acting_door().the_tenant.today(new.now)
    if not goes(own_address(), new.recipient, new.change):
        raise NotPossible("not a municipality")
    if new.municipality and new.municipality in (own_address(), new.recipient):
        raise NotPossible("moves to")
    if new.change == "ended" and new.on > today:
        raise NotPossible("not ended yet")
    level = max(may_leave(person, today, new.assessed) for person in new.persons)
    words = {
        name: getattr(new, name).strip()
        for name in ("before", "after", "cause", "bfs_code", "municipality", "plan", "why", "text")
    }
    amounts = {name: getattr(new, name) for name in ("balance", "restitution", "open_costs")}
    notification = _notified_by(new.persons)
    asked: dict[str, Any] = {
        "persons": [{"number": n, "person": identified(person)} for n, person in enumerate(new.persons, 1)],
        "change": new.change,
        "on": new.on.isoformat(),
        "answer_by": new.answer_by.isoformat(),
        **{name: text for name, text in words.items() if text},
        **{name: amount for name, amount in amounts.items() if amount is not None},
        **({"notification": notification} if notification else {}),
    }
    return about_people("case_change", new, new.persons, asked, level)


def goes(sender: str, recipient: str, change: str) -> bool:
    """Whether a change of this kind is told from one of these addresses to the other."""
    ends = (MUNICIPALITY, CANTON) if change != "takeover" else (CANTON, MUNICIPALITY)
    return sender.startswith(ends[0]) and recipient.startswith(ends[1])


def _notified_by(persons: Sequence[UUID]) -> str:
    """The message that notified the case of the first of these whose claim we have from one; the newest."""
    rows = Notice.objects.filter(person_id__in=persons, what=What.CLAIM, value=own_address(), message__isnull=False)
    row = rows.select_related("message").order_by("-since", "-at").first()
    return str(row.message.reference) if row and row.message and row.message.reference else ""


def changed_in(asked: Message) -> Changed:
    """What a change of a case tells."""
    told = read(asked).asked
    assert isinstance(told, Changed)
    return told


def answering(*, key: UUID, asked: Message, answers: list[Noted]) -> NewMessage:
    """The message that says of each person whether it is so. NotPossible("last day") for a last day before the change,
    or where none belongs, or is missing."""
    if wrong_answers(changed_in(asked), answers):
        raise NotPossible("last day")
    return answered(key, asked, answers, outcome(answers))


def wrong_answers(told: Changed, answers: Sequence[Noted]) -> bool:
    """Whether these aren't one answer for each person, each with a last day only where one belongs: of support that
    begins again always, from its first day on; of what changes while it goes on perhaps, from the day before."""
    least = first_open(told)

    def wrong(one: Noted) -> bool:
        if one.last_on is None:
            return told.change == "resumed" and not one.reason
        return least is None or one.last_on < least

    numbers = sorted(one.number for one in told.persons)
    return sorted(one.number for one in answers) != numbers or any(wrong(one) for one in answers)
