"""Persons: registered with their identifiers, addresses, accounts; households over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, open_subjects, operation
from handslag.domain.people.identifiers import normal_identifier
from handslag.domain.people.models import Account, Address, Household, Identifier, Membership, NameToken, Person
from handslag.domain.people.names import name_tokens, sort_key, stored_name
from handslag.domain.people.permissions import CASE_SYSTEM, may_register, require_sight
from handslag.domain.people.policies import may_be_born_on, may_begin_on
from handslag.domain.people.queries import is_gone, person_by_identifier, records_of
from handslag.domain.people.states import AccountKind, HouseholdRole
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, Member, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role


class PersonRegistered(Event):
    kind = "person registered"


class PersonChanged(Event):
    kind = "person changed"


class AddressRecorded(Event):
    kind = "address recorded"


class ProtectionSet(Event):
    kind = "protection set"


class ProtectionLowered(Event):
    kind = "protection lowered"


class RegistrationReferred(Event):
    kind = "registration referred"


class AccountRecorded(Event):
    kind = "account recorded"


class HouseholdFormed(Event):
    kind = "household formed"


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """What is known of a person when registered. `account` is (kind, clearing, number)."""

    identifier_type: str
    identifier: str
    given_name: str
    family_name: str
    birth_on: date | None = None
    address_lines: list[str] = field(default_factory=list)
    postcode: str = ""
    city: str = ""
    country: str = "SE"
    email: str = ""
    telephone: str = ""
    language: str = "sv"
    protection_level: int = 0
    account: tuple[str, str, str] | None = None


@operation()
def register_person(*, tenant: str | int, by: Actor, now: datetime, new: NewPerson) -> Done[Person]:
    """Register a person by identifier; NotPossible("person known") if somebody here has it already,
    ("birth to come") if her day of birth is after today.

    NotPossible("not here") if that is somebody above her clearance: `refer_registration` then asks who is cleared.
    """
    clearance = may_register(by, now)
    value, birth_on = normal_identifier(new.identifier_type, new.identifier)
    may_be_born_on(new.birth_on or birth_on, now)
    taken = person_by_identifier(new.identifier_type, value)
    if taken is not None:
        raise NotPossible("not here" if taken.protection_level > clearance else "person known")
    person, identifier, tokens = _rows_of(new, open_subject("person"), value, birth_on)
    person.save(force_insert=True)
    identifier.save(force_insert=True)
    NameToken.objects.bulk_create(tokens)
    given, family = person.given_name, person.family_name
    since = acting_door().the_tenant.today(now).replace(day=1)
    if new.address_lines or new.city:
        Address.objects.create(
            person=person,
            lines=new.address_lines,
            postcode=new.postcode,
            city=new.city,
            country=new.country,
            protection_level=new.protection_level,
            since=since,
        )
    if new.account:
        kind, clearing, number = new.account
        Account.objects.create(
            person=person,
            kind=kind,
            clearing=clearing,
            number=number,
            since=since,
            holder=f"{given} {family}".strip(),
        )
    return Done(
        person,
        PersonRegistered(subject=person.id, payload={"identifier_type": new.identifier_type, "identifier": value}),
    )


def _rows_of(new: NewPerson, key: UUID, number: str, born: date | None) -> tuple[Person, Identifier, list[NameToken]]:
    """The rows of a person with a key of hers and her number in its normal form, which are to be inserted."""
    given, family = stored_name(new.given_name), stored_name(new.family_name)
    person = Person(
        id=key,
        given_name=given,
        family_name=family,
        sort_key=sort_key(given, family, "sv"),
        birth_on=new.birth_on or born,
        language=new.language,
        email=new.email,
        telephone=new.telephone,
        protection_level=new.protection_level,
    )
    identifier = Identifier(person=person, type=new.identifier_type, value=number)
    return person, identifier, [NameToken(person=person, token=token) for token in name_tokens(given, family)]


@operation()
def register_people(*, tenant: str | int, by: Actor, now: datetime, new: list[NewPerson]) -> Done[list[Person]]:
    """Register several people by identifier, none of whom is known here, in their order and with few statements; their
    names and numbers alone. NotPossible("person known"), ("birth to come"): then nobody is registered."""
    may_register(by, now)
    numbers = [normal_identifier(one.identifier_type, one.identifier) for one in new]
    for one, (_value, born) in zip(new, numbers, strict=True):
        may_be_born_on(one.birth_on or born, now)
    if Identifier.objects.filter(type__in={one.identifier_type for one in new}, value__in=[n for n, _ in numbers]):
        raise NotPossible("person known")
    rows = [
        _rows_of(one, key, value, born)
        for one, key, (value, born) in zip(new, open_subjects("person", len(new)), numbers, strict=True)
    ]
    people = Person.objects.bulk_create(person for person, _number, _tokens in rows)
    Identifier.objects.bulk_create(number for _person, number, _tokens in rows)
    NameToken.objects.bulk_create(token for _person, _number, tokens in rows for token in tokens)
    return Done(
        people,
        *(
            PersonRegistered(subject=one.id, payload={"identifier_type": number.type, "identifier": number.value})
            for one, number, _tokens in rows
        ),
    )


@operation()
def refer_registration(
    *, tenant: str | int, by: Actor, now: datetime, identifier_type: str, identifier: str
) -> Done[None]:
    """She can't register this number: whoever is cleared for it gets to know that she tried. Hidden where she can."""
    member = require_role(by, now, Role.REGISTRAR)
    value, _ = normal_identifier(identifier_type, identifier)
    taken = person_by_identifier(identifier_type, value)
    if taken is None or taken.protection_level <= member.clearance:
        raise Hidden("person")
    return Done(None, RegistrationReferred(subject=taken.id, payload={"by": str(member.id)}))


def _locked(key: UUID, version: int, by: Actor, now: datetime) -> tuple[Person, Member]:
    """The person, locked, if this registrar may see her. Hidden; Conflict if somebody else changed her meanwhile."""
    member = require_role(by, now, Role.REGISTRAR)
    found = Person.objects.select_for_update(of=("self",)).filter(id=key).first()
    if found is None or is_gone(key):
        raise Hidden("person", key)
    require_sight(member, found)
    if found.version != version:
        raise Conflict("person", theirs=found.version)
    found.version += 1
    return found, member


@operation()
def change_person(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    person: UUID,
    version: int,
    given_name: str,
    family_name: str,
    email: str,
    telephone: str,
    language: str,
) -> Done[Person]:
    """Change name, e-mail, telephone, language of letters; the words by which she is found follow the name.

    Accounts keep the holder's name that they were recorded with. NotPossible("person name") if none is left.
    """
    found, _ = _locked(person, version, by, now)
    told = {
        "given_name": stored_name(given_name),
        "family_name": stored_name(family_name),
        "email": email,
        "telephone": telephone,
        "language": language,
    }
    changed = _change(found, told)
    return Done(found, PersonChanged(subject=found.id, payload={"changed": changed}))


def _change(found: Person, told: dict[str, str]) -> dict[str, list[str]]:
    """Store what is told of a person; gives what was otherwise before, with both."""
    if not told["given_name"] and not told["family_name"]:
        raise NotPossible("person name")
    changed = {name: [getattr(found, name), new] for name, new in told.items() if getattr(found, name) != new}
    for name, (_, new) in changed.items():
        setattr(found, name, new)
    if changed.keys() & {"given_name", "family_name"}:
        found.sort_key = sort_key(found.given_name, found.family_name, "sv")
        words = set(name_tokens(found.given_name, found.family_name))
        NameToken.objects.filter(person=found).exclude(token__in=words).delete()
        there = set(NameToken.objects.filter(person=found).values_list("token", flat=True))
        NameToken.objects.bulk_create(NameToken(person=found, token=token) for token in sorted(words - there))
    found.save(update_fields=[*told, "sort_key", "version"])
    return changed


@operation()
def follow_person(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    person: UUID,
    given_name: str,
    family_name: str,
    email: str,
    telephone: str,
    protected: bool,
) -> Done[Person]:
    """Take over what the case system that works her case says of a client. Protection is only ever raised by it (to 1,
    a confidentiality marking); what is protected more highly here, or already, is left as it is."""
    found = Person.objects.select_for_update(of=("self",)).filter(id=person).first()
    if found is None or by != CASE_SYSTEM:
        raise Hidden("person", person)
    found.version += 1
    told = {"given_name": given_name, "family_name": family_name}
    told = {name: stored_name(text) for name, text in told.items()} | {"email": email, "telephone": telephone}
    events: list[Event] = [PersonChanged(subject=found.id, payload={"changed": _change(found, told)})]
    before = (found.protection_level, level_of_addresses(found))
    if protected and not found.protection_level:
        more = protect(found, 1, max(1, before[1]))
        found.save(update_fields=["protection_level"])
        payload = {"before": list(before), "after": [1, max(1, before[1])], "proposed": []}
        events += [ProtectionSet(subject=found.id, payload=payload), *more]
    return Done(found, *events)


@operation()
def record_address(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    person: UUID,
    version: int,
    lines: list[str],
    postcode: str,
    city: str,
    since: date,
    country: str = "SE",
) -> Done[Address]:
    """Where she lives from `since` on: the address before it ends that day; one from that very day is corrected.

    It is protected like the one before, and at least like the person. NotPossible("address"), ("later address"),
    ("far day").
    """
    may_begin_on(since, now)
    found, _ = _locked(person, version, by, now)
    if not lines and not city:
        raise NotPossible("address")
    rows = list(Address.objects.select_for_update(of=("self",)).filter(person=found).order_by("since"))
    if any(row.since > since for row in rows):
        raise NotPossible("later address")
    before = rows[-1] if rows else None
    told = {"lines": lines, "postcode": postcode, "city": city, "country": country}
    payload: dict[str, Any] = {"since": since.isoformat()}
    if before is not None and before.since == since:
        payload["corrected"] = {name: getattr(before, name) for name in told}
        for name, new in told.items():
            setattr(before, name, new)
        before.until = None
        before.save(update_fields=[*told, "until"])
        address = before
    else:
        if before is not None and (before.until is None or before.until > since):
            before.until = since
            before.save(update_fields=["until"])
        level = max(found.protection_level, before.protection_level if before else 0)
        address = Address.objects.create(person=found, protection_level=level, since=since, **told)
    found.save(update_fields=["version"])
    return Done(address, AddressRecorded(subject=found.id, payload={"address": str(address.id), **payload}))


@operation()
def set_protection(
    *, tenant: str | int, by: Actor, now: datetime, person: UUID, version: int, level: int, address_level: int
) -> Done[Person]:
    """Set the protection (0-3) of the person and of her addresses.

    What is raised holds at once. What is lowered waits for another registrar (`confirm_lowering`); setting it anew
    takes a proposal that waits back.
    """
    if level not in range(4) or address_level not in range(4):
        raise ValueError("a level is 0 to 3")
    found, member = _locked(person, version, by, now)
    before = (found.protection_level, level_of_addresses(found))
    now_on = (max(level, before[0]), max(address_level, before[1]))
    waits = now_on != (level, address_level)
    if waits:
        _may_lower(found)
    more = protect(found, *now_on)
    found.lower_to, found.lower_address_to = (level, address_level) if waits else (None, None)
    found.lower_by_id = member.id if waits else None
    found.save(update_fields=["protection_level", "lower_to", "lower_address_to", "lower_by", "version"])
    payload = {"before": list(before), "after": list(now_on), "proposed": [level, address_level] if waits else []}
    return Done(found, ProtectionSet(subject=found.id, payload=payload), *more)


@operation()
def confirm_lowering(*, tenant: str | int, by: Actor, now: datetime, person: UUID, version: int) -> Done[Person]:
    """Another registrar than who proposed it agrees: the lower protection holds from now on.

    NotPossible("second pair of eyes") for who proposed it, ("nothing to lower") if nothing waits, ("lower merged").
    """
    found, member = _locked(person, version, by, now)
    if found.lower_to is None or found.lower_address_to is None:
        raise NotPossible("nothing to lower")
    if found.lower_by_id == member.id:
        raise NotPossible("second pair of eyes")
    _may_lower(found)
    before, proposer = [found.protection_level, level_of_addresses(found)], str(found.lower_by_id)
    after = (found.lower_to, found.lower_address_to)
    protect(found, *after)
    found.lower_to = found.lower_address_to = found.lower_by = None
    found.save(update_fields=["protection_level", "lower_to", "lower_address_to", "lower_by", "version"])
    payload = {"before": before, "after": list(after), "proposed_by": proposer}
    return Done(found, ProtectionLowered(subject=found.id, payload=payload))


def level_of_addresses(person: Person) -> int:
    """The highest protection of her addresses."""
    return max(Address.objects.filter(person=person).values_list("protection_level", flat=True), default=0)


def protect(person: Person, level: int, address_level: int) -> list[Event]:
    """Set both levels; the person is saved by who calls. Gives the events of records merged into hers: they are raised
    with her, never lowered."""
    before = (person.protection_level, level_of_addresses(person))
    person.protection_level = level
    _protect_addresses(person, address_level)
    if level < before[0] or address_level < before[1]:
        return []
    merged = Person.objects.select_for_update(of=("self",)).filter(id__in=records_of(person.id) - {person.id})
    return [event for record in merged.order_by("id") for event in raise_with(record, level, address_level)]


def raise_with(record: Person, level: int, address_level: int) -> list[Event]:
    """Protect a record that leads to another at least as highly as that one."""
    before = (record.protection_level, level_of_addresses(record))
    after = (max(before[0], level), max(before[1], address_level))
    if after == before:
        return []
    record.protection_level, record.version = after[0], record.version + 1
    record.save(update_fields=["protection_level", "version"])
    _protect_addresses(record, after[1])
    return [ProtectionSet(subject=record.id, payload={"before": list(before), "after": list(after), "proposed": []})]


def _protect_addresses(person: Person, level: int) -> None:
    for address in Address.objects.filter(person=person).exclude(protection_level=level):
        address.protection_level = level
        address.save(update_fields=["protection_level"])


def _may_lower(person: Person) -> None:
    """NotPossible("lower merged") as long as another record leads to hers: each has to be looked at by itself."""
    if records_of(person.id) != {person.id}:
        raise NotPossible("lower merged")


@operation()
def form_household(
    *, tenant: str | int, by: Actor, now: datetime, members: list[tuple[UUID, str]], since: date
) -> Done[Household]:
    """Form a household of (person, role) from `since` on, a citizen only her own, of herself alone. Nobody is in two
    households on one day.

    NotPossible("one or two adults"), ("in a household already"), ("far day").
    """
    may_register(by, now, own=members == [(by.id, HouseholdRole.ADULT)])
    may_begin_on(since, now)
    adults = [person for person, role in members if role == HouseholdRole.ADULT]
    if not 1 <= len(adults) <= 2:
        raise NotPossible("one or two adults")
    household = Household.objects.create(id=open_subject("household"))
    taken = Membership.objects.filter(person_id__in=[person for person, _ in members]).exclude(until__lte=since)
    if taken.exists():
        raise NotPossible("in a household already")
    Membership.objects.bulk_create(
        Membership(household=household, person_id=person, role=HouseholdRole(role), since=since)
        for person, role in members
    )
    return Done(
        household,
        HouseholdFormed(
            subject=household.id,
            payload={
                "members": [[str(person), role] for person, role in members],
                "since": since.isoformat(),
            },
        ),
    )


@operation()
def record_account(
    *, tenant: str | int, by: Actor, now: datetime, person: UUID, kind: str, clearing: str, number: str
) -> Done[Account]:
    """Record where a person who has no account yet is paid, from today on; her name is the holder's.

    NotPossible("account known") where one is in force: changing an account needs a second person.
    """
    member = require_role(by, now, Role.REGISTRAR)
    found = Person.objects.select_for_update().filter(id=person).first()
    if found is None or is_gone(person):
        raise Hidden("person", person)
    require_sight(member, found)
    today = acting_door().the_tenant.today(now)
    if Account.objects.filter(person=found).exclude(until__lte=today).exists():
        raise NotPossible("account known")
    account = Account.objects.create(
        person=found,
        kind=AccountKind(kind),
        clearing=clearing,
        number=number,
        holder=f"{found.given_name} {found.family_name}".strip(),
        since=today,
    )
    return Done(account, AccountRecorded(subject=found.id, payload={"account": str(account.id), "kind": kind}))
