"""May this member of staff see this person."""

from __future__ import annotations

from handslag.domain.people.models import Person
from handslag.domain.tenancy.permissions import Hidden, Member


def require_sight(member: Member, person: Person) -> None:
    """Hidden ("no hit", never "no access") for a person above the member's clearance."""
    if person.protection_level > member.clearance:
        raise Hidden("person", person.id)
