"""Persons: registered with their identifiers, addresses, accounts; households over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.people.identifiers import normal_identifier
from handslag.domain.people.models import Account, Address, Household, Identifier, Membership, NameToken, Person
from handslag.domain.people.names import name_tokens, sort_key, stored_name
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.states import AccountKind, HouseholdRole
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role


class PersonRegistered(Event):
    kind = "person registered"


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
    """Register a person by identifier; NotPossible("person known") if somebody here has it already.

    NotPossible("not here") if that is somebody above her clearance: `refer_registration` then asks who is cleared.
    """
    member = require_role(by, now, Role.REGISTRAR)
    value, birth_on = normal_identifier(new.identifier_type, new.identifier)
    taken = Identifier.objects.select_related("person").filter(type=new.identifier_type, value=value).first()
    if taken is not None:
        raise NotPossible("not here" if taken.person.protection_level > member.clearance else "person known")
    given, family = stored_name(new.given_name), stored_name(new.family_name)
    person = Person.objects.create(
        id=open_subject("person"),
        given_name=given,
        family_name=family,
        sort_key=sort_key(given, family, "sv"),
        birth_on=new.birth_on or birth_on,
        language=new.language,
        email=new.email,
        telephone=new.telephone,
        protection_level=new.protection_level,
    )
    Identifier.objects.create(person=person, type=new.identifier_type, value=value)
    NameToken.objects.bulk_create(NameToken(person=person, token=token) for token in name_tokens(given, family))
    since = now.date().replace(day=1)
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


@operation()
def refer_registration(
    *, tenant: str | int, by: Actor, now: datetime, identifier_type: str, identifier: str
) -> Done[None]:
    """She can't register this number: whoever is cleared for it gets to know that she tried. Hidden where she can."""
    member = require_role(by, now, Role.REGISTRAR)
    value, _ = normal_identifier(identifier_type, identifier)
    taken = Identifier.objects.select_related("person").filter(type=identifier_type, value=value).first()
    if taken is None or taken.person.protection_level <= member.clearance:
        raise Hidden("person")
    return Done(None, RegistrationReferred(subject=taken.person_id, payload={"by": str(member.id)}))


@operation()
def form_household(
    *, tenant: str | int, by: Actor, now: datetime, members: list[tuple[UUID, str]], since: date
) -> Done[Household]:
    """Form a household of (person, role) from `since` on. Nobody is in two households on one day."""
    require_role(by, now, Role.REGISTRAR)
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
    if found is None:
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
