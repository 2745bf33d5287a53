"""May this member of staff see this person; who may register people."""

from __future__ import annotations

from datetime import datetime

from handslag.domain.people.models import Person
from handslag.domain.tenancy.door import Actor, system
from handslag.domain.tenancy.permissions import Hidden, Member, require_role
from handslag.domain.tenancy.states import Role

#: The system, as it registers what a case system says of its own clients.
CASE_SYSTEM = system("case system")


def may_register(by: Actor, now: datetime) -> int:
    """The clearance of who registers people, households and cases: a registrar's own; none where a case system
    vouches for its clients. NotAllowed for everybody else."""
    return 0 if by == CASE_SYSTEM else require_role(by, now, Role.REGISTRAR).clearance


def require_sight(member: Member, person: Person) -> None:
    """Hidden ("no hit", never "no access") for a person above the member's clearance."""
    if person.protection_level > member.clearance:
        raise Hidden("person", person.id)
