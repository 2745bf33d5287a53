"""May this person work, or see, this case: role and case relation and protection level."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from handslag.domain.casefile.models import Case
from handslag.domain.casefile.queries import cases_worked_by
from handslag.domain.people.models import Household, Membership, Person
from handslag.domain.people.permissions import require_sight
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, Member, NotAllowed, member_behind, require_role
from handslag.domain.tenancy.states import Role

#: Roles that see the cases of their unit.
CASE_ROLES = frozenset({Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR})


def case_for_staff(key: UUID, by: Actor, now: datetime, *roles: Role, lock: bool = False) -> tuple[Case, Member]:
    """The case, if this member of staff has a relation to it (its unit, its caseworker, or her deputy) and a
    case role.

    Hidden if it doesn't exist, is another unit's, or one of its adults is protected above her clearance;
    NotAllowed if she sees it but holds none of `roles`.
    """
    door = acting_door()
    if by != door.the_actor or by.kind != "staff":
        raise Hidden("case", key)
    member = member_behind(door, now)
    cases = Case.objects.select_related("applicant", "co_applicant")
    if lock:
        cases = cases.select_for_update(of=("self",))
    case = cases.filter(id=key).first()
    if case is None or not member.roles & CASE_ROLES:
        raise Hidden("case", key)
    related = case.unit_id == member.unit_id or case.caseworker_id in member.acts_for
    levels = [p.protection_level for p in (case.applicant, case.co_applicant) if p is not None]
    if not related or max(levels) > member.clearance:
        raise Hidden("case", key)
    if roles and not member.roles & set(roles):
        raise NotAllowed("case", key)
    return case, member


def case_for_citizen(key: UUID, by: Actor) -> Case:
    """The case, if this citizen is one of its two adults; Hidden otherwise."""
    case = Case.objects.select_related("applicant", "co_applicant").filter(id=key).first()
    if by.kind != "citizen" or case is None or by.id not in (case.applicant_id, case.co_applicant_id):
        raise Hidden("case", key)
    return case


def person_for_staff(key: UUID, by: Actor, now: datetime) -> tuple[Person, Member]:
    """The person, if this member of staff may see them: registrars everybody within their clearance, other
    case roles the households of the cases that they have a relation to. Hidden otherwise."""
    member = member_behind(acting_door(), now)
    person = Person.objects.filter(id=key).first()
    if by.kind != "staff" or person is None or not member.roles & CASE_ROLES:
        raise Hidden("person", key)
    require_sight(member, person)
    if Role.REGISTRAR not in member.roles:
        homes = Membership.objects.filter(person=person).values("household_id")
        if (
            not cases_worked_by(member)
            .filter(Q(household_id__in=homes) | Q(applicant=person) | Q(co_applicant=person))
            .exists()
        ):
            raise Hidden("person", key)
    return person, member


def household_for_staff(key: UUID, by: Actor, now: datetime) -> tuple[Household, Member]:
    """The household, if this registrar, or caseworker with a relation to a case of it, may change who belongs to it.

    Hidden if it doesn't exist, is another's, or somebody in it is protected above her clearance.
    """
    member = require_role(by, now, Role.REGISTRAR, Role.CASEWORKER)
    home = Household.objects.filter(id=key).first()
    if home is None:
        raise Hidden("household", key)
    people = Person.objects.filter(id__in=Membership.objects.filter(household=home).values("person_id"))
    if people.filter(protection_level__gt=member.clearance).exists():
        raise Hidden("household", key)
    if Role.REGISTRAR not in member.roles and not cases_worked_by(member).filter(household=home).exists():
        raise Hidden("household", key)
    return home, member


def may_change_household(key: UUID, by: Actor, now: datetime) -> bool:
    """Whether `household_for_staff` lets her in: a link to what she may not open would tell that somebody is there."""
    try:
        household_for_staff(key, by, now)
    except (Hidden, NotAllowed):
        return False
    return True
