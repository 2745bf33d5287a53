"""May this member of staff see this person; who may register people; may somebody act for another."""

from __future__ import annotations

from datetime import datetime

from handslag.domain.people.models import Person, Representation
from handslag.domain.people.queries import represented_by
from handslag.domain.people.states import Scope
from handslag.domain.tenancy.door import Actor, acting_door, system
from handslag.domain.tenancy.permissions import Hidden, Member, NotAllowed, require_role
from handslag.domain.tenancy.states import Role

#: The system, as it registers what a case system says of its own clients.
CASE_SYSTEM = system("case system")
#: The system, as it registers who applies for the first time, as her e-ID names her.
FIRST_TIME = system("first application")

#: The system, as it registers whom the canton assigns to a municipality that took her.
ASSIGNED = system("assignment")
#: The system, as it registers whom a confirmed import of the canton's register names.
IMPORTED = system("register import")


def may_register(by: Actor, now: datetime, *, own: bool = False) -> int:
    """The clearance of who registers people, households and cases: a registrar's own; none where a case system
    vouches for its clients, an e-ID for who applies for the first time, a canton for whom it assigns and whom its
    register brings, or where it is a citizen's `own` and nobody else's. NotAllowed for everybody else."""
    if by in (CASE_SYSTEM, FIRST_TIME, ASSIGNED, IMPORTED) or (own and by.kind == "citizen"):
        return 0
    return require_role(by, now, Role.REGISTRAR).clearance


def require_sight(member: Member, person: Person) -> None:
    """Hidden ("no hit", never "no access") for a person above the member's clearance."""
    if person.protection_level > member.clearance:
        raise Hidden("person", person.id)


class NotRepresented(Hidden):
    """Somebody acts for a person for whom she may not act, or not any more."""


def representation_behind(by: Actor, now: datetime) -> Representation:
    """The representation by which somebody acts for another today, read once per door; NotRepresented where there is
    none."""
    door = acting_door()
    found: Representation | None = door.memory.get("representation")
    if found is None:
        assert by.through is not None
        rows = [one for one in represented_by(by.through, door.the_tenant.today(now)) if one.person_id == by.id]
        if by != door.the_actor or not rows:
            raise NotRepresented("person", by.id)
        # of several the one that lets her do more
        found = door.memory["representation"] = max(rows, key=lambda one: one.scope == Scope.ACT)
    return found


def require_representation(by: Actor, now: datetime) -> None:
    """What a representative does for somebody: NotRepresented without a representation in force today, NotAllowed where
    it lets her only see."""
    if representation_behind(by, now).scope != Scope.ACT:
        raise NotAllowed("person", by.id)
