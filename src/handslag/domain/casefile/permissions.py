"""May this person work, or see, this case: role and case relation and protection level."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from handslag.domain.audit.operations import seen_because
from handslag.domain.casefile.models import AccessGrant, Case
from handslag.domain.casefile.queries import (
    access_taken,
    access_to_any,
    cases_worked_by,
    has_relation,
    highest_protection,
)
from handslag.domain.casefile.states import CaseState
from handslag.domain.people.models import Household, Membership, Person
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import is_gone, records_of
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, Member, NotAllowed, member_behind, require_role
from handslag.domain.tenancy.policies import setting
from handslag.domain.tenancy.states import Role

#: Roles that see the cases of their unit.
CASE_ROLES = frozenset({Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR})


class LedOn(NotAllowed):
    """The case is of a record that leads to another one of the same person: it is only read."""


def may_take_access(level: int) -> bool:
    """Whether a case in which somebody has that protection level may be opened by oneself, with a reason."""
    return level <= int(setting("self_access_level"))


def case_for_staff(key: UUID, by: Actor, now: datetime, *roles: Role, lock: bool = False) -> tuple[Case, Member]:
    """The case, if this member of staff has a relation to it (its unit, its caseworker, or her deputy; or access
    that she took by herself today) and a case role.

    Hidden if it doesn't exist, is another unit's, or one of its adults is protected above her clearance;
    NotAllowed if she sees it but holds none of `roles`; LedOn for what needs one of them in a case of a
    record that leads to another: it is only read.
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
    levels = [p.protection_level for p in (case.applicant, case.co_applicant) if p is not None]
    if max(levels) > member.clearance:
        raise Hidden("case", key)
    if not has_relation(case, member):
        grant = access_taken(case.id, member, now)
        if grant is None or not may_take_access(highest_protection(case, door.the_tenant.today(now))):
            raise Hidden("case", key)
        _by_own_reason(grant, case.id, None)
    if roles and not member.roles & set(roles):
        raise NotAllowed("case", key)
    if roles and case.state == CaseState.CLOSED and any(map(is_gone, case.adults)):
        raise LedOn("case", key)
    return case, member


def _by_own_reason(grant: AccessGrant, *subjects: UUID | None) -> None:
    """What follows is seen under access that she took by herself: the page says so, and so does the read log."""
    acting_door().memory["access"] = grant
    seen_because(grant.text, *subjects)


def case_for_citizen(key: UUID, by: Actor) -> Case:
    """The case, if this citizen is one of its two adults; Hidden otherwise."""
    case = Case.objects.select_related("applicant", "co_applicant").filter(id=key).first()
    if by.kind != "citizen" or case is None or by.id not in case.adults:
        raise Hidden("case", key)
    return case


def person_for_staff(key: UUID, by: Actor, now: datetime) -> tuple[Person, Member]:
    """The person, if this member of staff may see them: registrars everybody within their clearance, other
    case roles the households of the cases that they have a relation to or opened by themselves. Hidden otherwise, and
    for a record that was merged into another: she is seen by that one."""
    member = member_behind(acting_door(), now)
    person = Person.objects.filter(id=key).first()
    if by.kind != "staff" or person is None or is_gone(key) or not member.roles & CASE_ROLES:
        raise Hidden("person", key)
    require_sight(member, person)
    if Role.REGISTRAR not in member.roles:
        records = records_of(key)
        homes = Membership.objects.filter(person_id__in=records).values("household_id")
        part_of = Q(household_id__in=homes) | Q(applicant_id__in=records) | Q(co_applicant_id__in=records)
        if not cases_worked_by(member).filter(part_of).exists():
            grant = access_to_any(Case.objects.filter(part_of), member, now)
            if grant is None or not may_take_access(person.protection_level):
                raise Hidden("person", key)
            _by_own_reason(grant, person.id)
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
        grant = access_to_any(Case.objects.filter(household=home), member, now)
        if grant is None or not may_take_access(max(people.values_list("protection_level", flat=True), default=0)):
            raise Hidden("household", key)
        _by_own_reason(grant, home.id)
    return home, member


def may_change_household(key: UUID, by: Actor, now: datetime) -> bool:
    """Whether `household_for_staff` lets her in: a link to what she may not open would tell that somebody is there."""
    try:
        household_for_staff(key, by, now)
    except (Hidden, NotAllowed):
        return False
    return True
