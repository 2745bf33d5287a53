"""May this member of staff see this message."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from handslag.domain.exchange.models import Message
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, Member, NotAllowed, member_behind
from handslag.domain.tenancy.states import Role

#: Roles that see the messages of their unit.
ROLES = frozenset({Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR})


def messages_of(member: Member) -> QuerySet[Message]:
    """The messages of her unit, without those about people above her clearance."""
    if not member.roles & ROLES:
        return Message.objects.none()
    return Message.objects.filter(unit_id=member.unit_id, level__lte=member.clearance)


def message_for_staff(key: UUID, by: Actor, now: datetime, *roles: Role, lock: bool = False) -> tuple[Message, Member]:
    """The message, if it is one of her unit's and she is cleared for it. Hidden otherwise; NotAllowed if she sees it
    but holds none of `roles`."""
    member = member_behind(acting_door(), now)
    found = messages_of(member)
    if lock:
        found = found.select_for_update(of=("self",))
    message = found.filter(id=key).first()
    if by.kind != "staff" or message is None:
        raise Hidden("message", key)
    if roles and not member.roles & set(roles):
        raise NotAllowed("message", key)
    return message, member
