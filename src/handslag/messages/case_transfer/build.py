"""Build hand-overs of a case and their answers, inside the tenant's door; sealed is what `CaseTransfer` takes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import may_leave
from handslag.domain.exchange.states import Action
from handslag.domain.people.models import Address, Person
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.case_transfer.message import Ground, Item, Taken, outcome
from handslag.messages.conversation import answered, identified, may_wait_until


def handing(
    *,
    key: UUID,
    recipient: str,
    person: UUID,
    about: UUID,
    unit: UUID,
    number: str,
    ground: Ground,
    moves_on: date,
    answer_by: date,
    text: str,
    items: list[Item],
    assessed: str,
    test: bool,
    now: datetime,
) -> NewMessage:
    """The message that hands a case over. NotPossible by `may_leave`, ("answer by") for a day that is past or too far,
    ("no number") for a person without a number, ("nothing told") without an item, ("protected address") for an
    address that is protected, or from a household in which somebody is."""
    may_wait_until(answer_by, now)
    if not items:
        raise NotPossible("nothing told")
    level = may_leave(person, acting_door().the_tenant.today(now), assessed)
    secret = level or Address.objects.filter(person_id=person, protection_level__gt=0).exists()
    if secret and any(item.address for item in items):
        raise NotPossible("protected address")
    told: list[dict[str, Any]] = []
    for place, item in enumerate(items, 1):
        parts = {name: part for name, part in msgspec.to_builtins(item).items() if part is not None}
        if item.member is not None and not item.member.marked:
            parts["member"].pop("marked")
        told.append(parts | {"number": place})
    asked = {
        "person": identified(person),
        **({"marked": True} if Person.objects.get(id=person).protection_level else {}),
        "moves_on": moves_on.isoformat(),
        "ground": {name: part for name, part in msgspec.to_builtins(ground).items() if part is not None},
        "answer_by": answer_by.isoformat(),
        "text": text.strip(),
        "items": told,
    }
    return NewMessage(
        id=key,
        kind="case_transfer",
        action=Action.REQUEST,
        recipient=recipient,
        body={"asked": asked},
        unit=unit,
        about=about,
        person=person,
        level=level,
        our_case=number,
        response_expected=True,
        test=test,
        due_on=answer_by,
        assessed=assessed.strip() if level else "",
    )


def answering(*, key: UUID, asked: Message, answers: list[Taken]) -> NewMessage:
    """The message that says what of a hand-over is taken over, item by item."""
    return answered(key, asked, answers, outcome(answers))
