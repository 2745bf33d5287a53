"""May this member of staff see this person; who may register people."""

from __future__ import annotations

from datetime import datetime

from handslag.domain.people.models import Person
from handslag.domain.tenancy.door import Actor, system
from handslag.domain.tenancy.permissions import Hidden, Member, require_role
from handslag.domain.tenancy.states import Role

#: The system, as it registers what a case system says of its own clients.
CASE_SYSTEM = system("case system")
#: The system, as it registers who applies for the first time, as her e-ID names her.
FIRST_TIME = system("first application")


def may_register(by: Actor, now: datetime, *, own: bool = False) -> int:
    """The clearance of who registers people, households and cases: a registrar's own; none where a case system
    vouches for its clients, an e-ID for who applies for the first time, or where it is a citizen's `own` and nobody
    else's. NotAllowed for everybody else."""
    if by in (CASE_SYSTEM, FIRST_TIME) or (own and by.kind == "citizen"):
        return 0
    return require_role(by, now, Role.REGISTRAR).clearance


def require_sight(member: Member, person: Person) -> None:
    """Hidden ("no hit", never "no access") for a person above the member's clearance."""
    if person.protection_level > member.clearance:
        raise Hidden("person", person.id)
