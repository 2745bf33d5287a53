"""May this person do that: role, within the open tenant. The case relation is the case file's to judge."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from handslag.domain.tenancy.door import Actor, Door, acting_door
from handslag.domain.tenancy.states import Role


class Hidden(LookupError):
    """Not there, or not for this person's eyes: both look the same to them."""

    def __init__(self, what: str, subject: UUID | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.subject = subject


class NotAllowed(PermissionError):
    """The person may know that it exists, but may not do this."""

    def __init__(self, what: str, subject: UUID | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.subject = subject


@dataclass(frozen=True)
class Member:
    """A member of staff as the open door sees them."""

    id: UUID
    user_id: UUID
    name: str
    unit_id: UUID
    clearance: int
    roles: frozenset[str]
    #: Members of staff whose deputy she is today.
    stands_in_for: frozenset[UUID] = frozenset()
    #: Single-letter shortcuts on, and her saved views [{name, filter}].
    keys: bool = True
    views: tuple[dict[str, Any], ...] = ()

    @property
    def acts_for(self) -> frozenset[UUID]:
        """Herself, and those whose deputy she is."""
        return self.stands_in_for | {self.id}


_MEMBER = """
SELECT m.id, m.user_id, m.name, m.unit_id, m.clearance,
       array(SELECT r.role FROM tenancy_rolegrant r WHERE r.tenant_id = m.tenant_id AND r.member_id = m.id
             AND r.since <= %(today)s AND (r.until IS NULL OR r.until > %(today)s)),
       array(SELECT d.member_id FROM tenancy_deputy d WHERE d.tenant_id = m.tenant_id AND d.deputy_id = m.id
             AND d.since <= %(today)s AND d.until > %(today)s),
       coalesce(p.keys, true), coalesce(p.views, '[]'::jsonb)
FROM tenancy_staffmember m LEFT JOIN tenancy_preference p ON p.tenant_id = m.tenant_id AND p.member_id = m.id
WHERE m.user_id = %(user)s AND m.active
"""


def member_behind(door: Door, now: datetime) -> Member:
    """The member of staff who acts behind `door`, read once per door; Hidden if they have no place in this tenant."""
    found = door.memory.get("member")
    if found is None:
        by = door.the_actor
        with connection.cursor() as cursor:
            today = door.the_tenant.today(now)
            cursor.execute(_MEMBER, {"today": today, "user": by.id})
            row = cursor.fetchone()
        if by.kind != "staff" or row is None:
            raise Hidden("organisation")
        views = json.loads(row[8]) if isinstance(row[8], str) else row[8]
        found = door.memory["member"] = Member(
            row[0], row[1], row[2], row[3], row[4], frozenset(row[5]), frozenset(row[6]), row[7], tuple(views)
        )
    assert isinstance(found, Member)
    return found


def require_role(by: Actor, now: datetime, *roles: Role) -> Member:
    """The member acting, who must hold one of `roles` today; NotAllowed otherwise. Citizens and jobs hold none."""
    door = acting_door()
    if by != door.the_actor or by.kind != "staff":
        raise NotAllowed(f"role {'/'.join(roles)}")
    member = member_behind(door, now)
    if not member.roles & set(roles):
        raise NotAllowed(f"role {'/'.join(roles)}")
    return member
