"""Reads on people, with protection applied: who may see whom is decided here, once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce

from handslag.domain.audit.models import Event, Payload
from handslag.domain.people.identifiers import BadIdentifier, normal_identifier
from handslag.domain.people.models import (
    Account,
    AccountChange,
    Address,
    CitizenLogin,
    Identifier,
    Membership,
    Merge,
    NameToken,
    Person,
    Representation,
)
from handslag.domain.people.names import name_tokens
from handslag.domain.people.states import IdentifierType, Scope
from handslag.domain.tenancy.door import Actor, planned_once
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


def merges_held() -> QuerySet[Merge]:
    """The merges that hold: confirmed by a second person, and not undone."""
    return Merge.objects.filter(confirmed_at__isnull=False, ended_at=None)


def kept_for(record: UUID) -> UUID:
    """The record that a person is known by here: where this one was merged into another, that one."""
    return merges_held().filter(gone_id=record).values_list("kept_id", flat=True).first() or record


def merges_seen_by(member: Member) -> QuerySet[Merge]:
    """The merges of people whom this member of staff may see."""
    seen = Merge.objects.select_related("gone", "kept", "proposed_by", "confirmed_by", "ended_by")
    return seen.filter(gone__protection_level__lte=member.clearance, kept__protection_level__lte=member.clearance)


def merges_of(record: UUID, member: Member) -> list[Merge]:
    """The merges of a record that wait or hold."""
    return list(merges_seen_by(member).filter(Q(kept_id=record) | Q(gone_id=record), ended_at=None).order_by("id"))


def merges_waiting(member: Member) -> int:
    """How many merges wait for a second registrar."""
    return merges_seen_by(member).filter(confirmed_at=None, ended_at=None).count()


def is_gone(record: UUID) -> bool:
    """Whether a record was merged into another: nothing is written to it as long as that holds."""
    return kept_for(record) != record


def records_of(person: UUID) -> set[UUID]:
    """All records of a person who is known by this one."""
    return {person, *merges_held().filter(kept_id=person).values_list("gone_id", flat=True)}


def records_beside(persons: Iterable[UUID]) -> set[UUID]:
    """The other records of these people, whichever of them leads to which."""
    known = set(persons)
    linked = merges_held().filter(Q(gone_id__in=known) | Q(kept_id__in=known))
    kept = set(linked.values_list("kept_id", flat=True))
    if not kept:
        return set()
    return (kept | set(merges_held().filter(kept_id__in=kept).values_list("gone_id", flat=True))) - known


def numbers_of(persons: Iterable[UUID]) -> dict[UUID, list[Identifier]]:
    """By person her numbers, those of the records merged into hers among them, the best type first."""
    keys = set(persons)
    merged = merges_held().filter(kept_id__in=keys).values("gone_id")
    rows = Identifier.objects.filter(Q(person_id__in=keys) | Q(person_id__in=merged)).annotate(of=_known_as())
    found: dict[UUID, list[Identifier]] = {}
    for row in sorted(rows, key=lambda row: (_RANKS[row.type], row.id)):
        found.setdefault(row.person_id if row.person_id in keys else row.of, []).append(row)
    return found


def _known_as() -> Coalesce:
    """Of an identifier the record that its person is known by."""
    kept = merges_held().filter(gone_id=OuterRef("person_id")).values("kept_id")
    return Coalesce(Subquery(kept), F("person_id"), output_field=UUIDField())


#: Which number a person is called by where she has several.
_RANKS = {kind: rank for rank, kind in enumerate(IdentifierType.values)}


def number_of_log_in(by: Actor, login: str | None) -> str | None:
    """The number that who acts logged in by, of those that her records have."""
    agent = by.agent
    assert agent is not None
    record = CitizenLogin.objects.filter(id=login).values_list("person_id", flat=True).first() if login else None
    numbers = numbers_of([agent]).get(agent, [])
    return next((one.value for one in sorted(numbers, key=lambda one: one.person_id != record)), None)


def record_by_identifier(kind: str, text: str) -> Person | None:
    """The record with that identifier in this tenant, merged or not, or None (also for a number that can't be
    right)."""
    try:
        value, _ = normal_identifier(kind, text)
    except BadIdentifier:
        return None
    found = Identifier.objects.select_related("person").filter(type=kind, value=value).first()
    return found.person if found else None


def _kept(record: Person | None) -> Person | None:
    if record is None or (key := kept_for(record.id)) == record.id:
        return record
    return Person.objects.get(id=key)


def person_by_identifier(kind: str, text: str) -> Person | None:
    """The person with that identifier in this tenant, by the record that she is known by, or None (also for a number
    that can't be right)."""
    return _kept(record_by_identifier(kind, text))


def keys_by_identifiers(kind: str, texts: Collection[str]) -> dict[str, UUID]:
    """The same for many: by the number as it was given, the key of whoever is known by it."""
    values = {}
    for text in texts:
        try:
            values[text] = normal_identifier(kind, text)[0]
        except BadIdentifier:
            continue
    rows = Identifier.objects.filter(type=kind, value__in=set(values.values())).annotate(of=_known_as())
    known: dict[str, UUID] = dict(rows.values_list("value", "of"))
    return {text: known[value] for text, value in values.items() if value in known}


def persons_by_identifiers(kind: str, texts: Collection[str]) -> dict[str, Person]:
    """The same, with the people themselves."""
    keys = keys_by_identifiers(kind, texts)
    people = Person.objects.in_bulk(set(keys.values()))
    return {text: people[key] for text, key in keys.items()}


def person_by_number(text: str, member: Member) -> Person | None:
    """The person with that number, of whatever type, by the record that she is known by; None also for one above this
    member's clearance."""
    values = {}
    for kind in IdentifierType.values:
        try:
            values[kind] = normal_identifier(kind, text)[0]
        except BadIdentifier:
            continue
    wanted = Q(pk__in=[])
    for kind, value in values.items():
        wanted |= Q(type=kind, value=value)
    row = Identifier.objects.select_related("person").filter(wanted).first()
    found = _kept(row.person) if row else None
    return found if found and found.protection_level <= member.clearance else None


def persons_named(text: str, member: Member, most: int = 20) -> list[Person]:
    """The people whose names (as one of their records has them) have every word of `text`, whom this member may see,
    by name; at most `most`.

    A person above her clearance is no hit.
    """
    tokens = name_tokens(text)
    if not tokens:
        return []
    hits = Person.objects.all()
    for token in tokens:
        hits = hits.filter(id__in=NameToken.objects.filter(token=token).values("person_id"))
    merged = merges_held().filter(gone__in=hits).values("kept_id")
    found = Person.objects.filter(
        Q(id__in=hits.values("id")) | Q(id__in=merged), protection_level__lte=member.clearance
    )
    found = found.exclude(id__in=merges_held().values("gone_id"))
    return list(found.order_by("sort_key", "id")[:most])


def seen_by_staff(member: Member, persons: list[Person]) -> dict[UUID, Seen]:
    """Each person as this member of staff sees them: above her clearance, masked."""
    numbers = numbers_of(person.id for person in persons)
    return {
        person.id: Seen(person.id, "", "", None, True)
        if person.protection_level > member.clearance
        else Seen(
            person.id,
            full_name(person),
            next((n.value for n in numbers.get(person.id, ())), ""),
            person.birth_on,
            False,
        )
        for person in persons
    }


_CLEARED = """
SELECT s.unit_id FROM tenancy_staffmember s JOIN tenancy_rolegrant g ON g.member_id = s.id
WHERE s.active AND s.clearance >= %s AND g.role = ANY(%s::text[]) AND g.since <= %s
      AND (g.until IS NULL OR g.until > %s)
ORDER BY array_position(%s::text[], g.role::text), s.id LIMIT 1
"""


def cleared_unit(level: int, today: date) -> UUID | None:
    """The unit of somebody who may see people of that protection level and register them, else of an administrator
    with that clearance; None where nobody is cleared."""
    roles = [Role.REGISTRAR.value, Role.ADMINISTRATOR.value]
    with planned_once() as cursor:
        cursor.execute(_CLEARED, [level, roles, today, today, roles])
        found: tuple[UUID] | None = cursor.fetchone()
    return found[0] if found else None


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


#: What lets somebody see the file that she has by another record of hers.
EARLIER = "earlier record"


def _earlier(person: UUID) -> list[Representation]:
    """The files that somebody has by records which lead to hers, each as what lets her see it; none is registered."""
    homes = Membership.objects.filter(person_id=OuterRef("gone_id"))
    merges = merges_held().select_related("gone", "kept").filter(Exists(homes), kept_id=person)
    return [
        Representation(id=row.id, person=row.gone, representative=row.kept, ground=EARLIER, scope=Scope.SEE)
        for row in merges.filter(gone__protection_level=0, kept__protection_level=0).order_by("id")
    ]


def represented_by(agent: UUID, day: date) -> list[Representation]:
    """For whom somebody may act on a day, in the order of registering, and the files that she has by other records, to
    see; nobody under protection, whom a person serves: nor does who is protected herself act on-line."""
    rows = Representation.objects.select_related("person", "representative").filter(representative_id=agent)
    found = rows.filter(person__protection_level=0, representative__protection_level=0).order_by("id")
    return [*(one for one in found if holds(one, day)), *_earlier(agent)]


def account_on(person: UUID, day: date) -> Account | None:
    """The account into which a person is paid on a day."""
    return accounts_on([person], day).get(person)


def accounts_on(people: Collection[UUID], day: date) -> dict[UUID, Account]:
    """The same of several people; who has none isn't in it."""
    found = Account.objects.filter(person_id__in=people, since__lte=day).filter(Q(until=None) | Q(until__gt=day))
    return {account.person_id: account for account in found}


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
