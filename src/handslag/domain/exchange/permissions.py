"""May this member of staff see this message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.queries import least_clearance, living_with_protected
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import RoleGrant, StaffMember
from handslag.domain.tenancy.permissions import Hidden, Member, NotAllowed, member_behind
from handslag.domain.tenancy.states import Role

#: Roles that see the messages of their unit.
ROLES = frozenset({Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR})


#: Roles that see what couldn't be read, of whatever unit: who it is about isn't known.
READS_BROKEN = (Role.REGISTRAR, Role.ADMINISTRATOR)


def only_jobs(by: Actor, what: str) -> None:
    """Hidden for whoever is a person: `what` is done by jobs alone."""
    if by.kind != "system":
        raise Hidden(what)


def who_hold(roles: Iterable[Role], now: datetime) -> QuerySet[StaffMember]:
    """The active members of staff who hold one of these roles today, by name."""
    today = acting_door().the_tenant.today(now)
    holds = RoleGrant.objects.filter(role__in=roles, since__lte=today).exclude(until__lte=today)
    return StaffMember.objects.filter(active=True, id__in=holds.values("member_id")).order_by("name", "id")


def may_be_given(message: Message, now: datetime) -> QuerySet[StaffMember]:
    """Whom a message may be given to: of its unit, cleared for it, holding a role that sees messages."""
    least = max(message.level, least_clearance(message.person_id) if message.person_id else 0)
    return who_hold(sorted(ROLES), now).filter(unit_id=message.unit_id, clearance__gte=least)


def messages_of(member: Member) -> QuerySet[Message]:
    """The messages of her unit, without those about people above her clearance: as they were protected when it was
    written or came, or they or an adult of the household are by now."""
    if not member.roles & ROLES:
        return Message.objects.none()
    now_on = Q(person=None) | Q(person__protection_level__lte=member.clearance)
    found = Message.objects.filter(now_on, unit_id=member.unit_id, level__lte=member.clearance)
    return found.exclude(person_id__in=living_with_protected(member.clearance))


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
