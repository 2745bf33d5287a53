"""Build hand-overs of a case and their answers, inside the tenant's door; sealed is what `CaseTransfer` takes."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import address_protected
from handslag.domain.people.models import Person
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.case_transfer.message import Ground, Item, Taken, outcome
from handslag.messages.conversation import Opening, answered, beginning, told_without


def handing(new: Opening, *, ground: Ground, moves_on: date, items: list[Item]) -> NewMessage:
    """The message that hands a case over. NotPossible by `beginning`, ("nothing told") without an item, ("protected
    address") for an address that is protected, or from a household in which somebody is."""
    if not items:
        raise NotPossible("nothing told")
    told: list[dict[str, Any]] = []
    for place, item in enumerate(items, 1):
        parts = told_without(item)
        if item.member is not None and not item.member.marked:
            parts["member"].pop("marked")
        told.append(parts | {"number": place})
    marked = {"marked": True} if Person.objects.get(id=new.person).protection_level else {}
    asked = {**marked, "moves_on": moves_on.isoformat(), "ground": told_without(ground), "items": told}
    message = beginning("case_transfer", new, asked)
    secret = message.level or address_protected(new.person, acting_door().the_tenant.today(new.now))
    if secret and any(item.address for item in items):
        raise NotPossible("protected address")
    return message


def answering(*, key: UUID, asked: Message, answers: list[Taken]) -> NewMessage:
    """The message that says what of a hand-over is taken over, item by item."""
    return answered(key, asked, answers, outcome(answers))
