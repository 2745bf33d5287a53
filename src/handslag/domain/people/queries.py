"""Reads on people, with protection applied: who may see whom is decided here, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from handslag.domain.audit.models import Event, Payload
from handslag.domain.people.identifiers import BadIdentifier, normal_identifier
from handslag.domain.people.models import (
    Account,
    AccountChange,
    Address,
    Identifier,
    Membership,
    NameToken,
    Person,
    Representation,
)
from handslag.domain.people.names import name_tokens
from handslag.domain.people.states import IdentifierType
from handslag.domain.tenancy.models import RoleGrant, StaffMember
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.policies import setting
from handslag.domain.tenancy.states import Role


@dataclass(frozen=True)
class Seen:
    """A person as a given viewer may see them. `masked` people show neither name nor number."""

    id: UUID
    name: str
    identifier: str
    birth_on: date | None
    masked: bool


@dataclass(frozen=True)
class MemberOfHousehold:
    """A person's place in a household on a day."""

    person: Seen
    role: str
    since: date
    until: date | None


def person_by_identifier(kind: str, text: str) -> Person | None:
    """The person with that identifier in this tenant, or None (also for a number that can't be right)."""
    try:
        value, _ = normal_identifier(kind, text)
    except BadIdentifier:
        return None
    found = Identifier.objects.select_related("person").filter(type=kind, value=value).first()
    return found.person if found else None


def person_by_number(text: str, member: Member) -> Person | None:
    """The person with that number, of whatever type; None also for one above this member's clearance."""
    values = {}
    for kind in IdentifierType.values:
        try:
            values[kind] = normal_identifier(kind, text)[0]
        except BadIdentifier:
            continue
    wanted = Q(pk__in=[])
    for kind, value in values.items():
        wanted |= Q(type=kind, value=value)
    found = Identifier.objects.select_related("person").filter(wanted).first()
    return found.person if found and found.person.protection_level <= member.clearance else None


def persons_named(text: str, member: Member, most: int = 20) -> list[Person]:
    """The people whose names have every word of `text`, whom this member may see, by name; at most `most`.

    A person above her clearance is no hit.
    """
    tokens = name_tokens(text)
    if not tokens:
        return []
    found = Person.objects.filter(protection_level__lte=member.clearance)
    for token in tokens:
        found = found.filter(id__in=NameToken.objects.filter(token=token).values("person_id"))
    return list(found.order_by("sort_key", "id")[:most])


def seen_by_staff(member: Member, persons: list[Person]) -> dict[UUID, Seen]:
    """Each person as this member of staff sees them: above her clearance, masked."""
    numbers = dict(Identifier.objects.filter(person__in=persons).values_list("person_id", "value"))
    return {
        person.id: Seen(person.id, "", "", None, True)
        if person.protection_level > member.clearance
        else Seen(person.id, full_name(person), numbers.get(person.id, ""), person.birth_on, False)
        for person in persons
    }


def cleared_unit(level: int, today: date) -> UUID | None:
    """The unit of somebody who may see people of that protection level and register them, else of an administrator
    with that clearance; None where nobody is cleared."""
    for role in (Role.REGISTRAR, Role.ADMINISTRATOR):
        holders = RoleGrant.objects.filter(role=role, since__lte=today).exclude(until__lte=today).values("member_id")
        cleared = StaffMember.objects.filter(active=True, clearance__gte=level, id__in=holders).order_by("id").first()
        if cleared is not None:
            return cleared.unit_id
    return None


def full_name(person: Person) -> str:
    """Given name and family name, whichever there are."""
    return f"{person.given_name} {person.family_name}".strip()


def household_on(household: UUID, since: date, until: date) -> list[Membership]:
    """The memberships of a household that touch [since, until), adults first, then by birth."""
    return sorted(
        Membership.objects.select_related("person")
        .filter(household_id=household, since__lt=until)
        .filter(Q(until__isnull=True) | Q(until__gt=since)),
        key=lambda m: (m.role != "adult", m.person.birth_on or date.max, m.id),
    )


def adults_beside(person: UUID, day: date) -> set[UUID]:
    """The adults of the household that a person lives in on a day, herself among them; nobody where she has none."""
    now = Q(since__lte=day) & (Q(until__isnull=True) | Q(until__gt=day))
    homes = Membership.objects.filter(now, person_id=person).values("household_id")
    return set(Membership.objects.filter(now, household_id__in=homes, role="adult").values_list("person_id", flat=True))


def household_of(person: UUID, day: date) -> UUID | None:
    """The household that somebody lives in on a day as one of its adults."""
    now = Q(since__lte=day) & (Q(until__isnull=True) | Q(until__gt=day))
    rows = Membership.objects.filter(now, person_id=person, role="adult")
    return rows.values_list("household_id", flat=True).first()


def household_seen_by_relative(viewer: UUID, household: UUID, since: date, until: date) -> list[MemberOfHousehold]:
    """The household as one of its adults sees it: relatives under protection are masked."""
    return [
        MemberOfHousehold(
            Seen(m.person_id, "", "", None, True)
            if m.person.protection_level and m.person_id != viewer
            else Seen(m.person_id, full_name(m.person), "", m.person.birth_on, False),
            m.role,
            m.since,
            m.until,
        )
        for m in household_on(household, since, until)
    ]


def protected_now(people: Iterable[UUID], viewer: UUID) -> set[UUID]:
    """Which of these people a relative may no longer see: under protection today, whatever stood before."""
    return set(
        Person.objects.filter(id__in=people, protection_level__gt=0).exclude(id=viewer).values_list("id", flat=True)
    )


def account_change_of(person: UUID) -> AccountChange | None:
    """The newest change of account that somebody has signed, whatever became of it."""
    rows = AccountChange.objects.filter(person_id=person, asked_at__isnull=False)
    return rows.order_by("-asked_at", "-id").first()


def representations_of(*persons: UUID) -> list[Representation]:
    """Who may, or could once, act for some people: newest first."""
    rows = Representation.objects.select_related("representative", "document").filter(person_id__in=persons)
    return list(rows.order_by("-since", "-id"))


def holds(representation: Representation, day: date) -> bool:
    """Whether a representation is in force on a day, and the organisation takes its ground."""
    return (
        representation.since <= day
        and (representation.until is None or day < representation.until)
        and representation.ended_at is None
        and representation.ground in setting("representation_grounds")
    )


def represented_by(agent: UUID, day: date) -> list[Representation]:
    """For whom somebody may act on a day, in the order of registering; nobody under protection, whom a person serves:
    nor does who is protected herself act on-line."""
    rows = Representation.objects.select_related("person", "representative").filter(representative_id=agent)
    found = rows.filter(person__protection_level=0, representative__protection_level=0).order_by("id")
    return [one for one in found if holds(one, day)]


def account_on(person: UUID, day: date) -> Account | None:
    """The account into which a person is paid on a day."""
    return (
        Account.objects.filter(person_id=person, since__lte=day)
        .filter(Q(until__isnull=True) | Q(until__gt=day))
        .first()
    )


def address_on(person: UUID, day: date) -> Address | None:
    """The address of a person on a day."""
    return (
        Address.objects.filter(person_id=person, since__lte=day)
        .filter(Q(until__isnull=True) | Q(until__gt=day))
        .first()
    )


@dataclass(frozen=True)
class LastReset:
    """When an organisation for training was emptied and filled anew last, and how often by now."""

    at: datetime
    times: int


def last_training_reset() -> LastReset | None:
    """The newest reset of an organisation for training; None before the first."""
    event = Event.objects.filter(kind="training reset").order_by("-at", "-id").first()
    return LastReset(event.at, int(Payload.objects.get(id=event.id).body["times"])) if event is not None else None
