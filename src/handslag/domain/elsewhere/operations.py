"""Clients of another case system followed here; applications handed over to it once; what it says kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from handslag.domain.audit.operations import Done, Event, insert_with_events, open_subject, operation
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import let_go, open_case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import cases_of
from handslag.domain.elsewhere.models import Answer, ForeignCase, HandOver, Switch
from handslag.domain.elsewhere.policies import front
from handslag.domain.elsewhere.states import Group, HandOverState, LookUp, SwitchOutcome
from handslag.domain.people.models import Membership, Person
from handslag.domain.people.operations.persons import NewPerson, follow_person, form_household, register_person
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import Unit
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical

#: A hand-over is tried this often, from half a minute to an hour apart (about a day); then a person looks at it.
MOST_TRIES = 30


class ClientFollowed(Event):
    """A client of the other case system applies here from now on."""

    kind = "client followed"


class ClientLeft(Event):
    """A client of the other case system is no longer served here."""

    kind = "client left"


class CaseAsked(Event):
    """The case system that works the case was asked about it."""

    kind = "case asked elsewhere"


class HandOverQueued(Event):
    kind = "hand-over queued"


class HandOverTried(Event):
    kind = "hand-over tried"


class HandOverSettled(Event):
    """A person sends it again, or has entered it over there."""

    kind = "hand-over settled"


class SwitchEntered(Event):
    """An administrator wants the e-service on or off for a unit and group; another one has to agree."""

    kind = "switch entered"


class SwitchConfirmed(Event):
    kind = "switch confirmed"


class SwitchTakenBack(Event):
    kind = "switch taken back"


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """An adult or a child of the household, as the other case system knows her."""

    identifier_type: str
    identifier: str
    given_name: str
    family_name: str
    role: str
    email: str = ""
    telephone: str = ""


@dataclass(frozen=True, kw_only=True)
class KnownClient:
    """A client of the other case system: her case there, who works it, her household with the applicant first.
    `protected`: somebody in it is; then she is served by a person, here as there."""

    reference: str
    unit: str
    caseworker: str
    household: tuple[KnownPerson, ...]
    protected: bool = False

    @property
    def group(self) -> str:
        """single, couple or children."""
        if any(person.role == "child" for person in self.household):
            return "children"
        return "couple" if len(self.household) > 1 else "single"


def worked_here(person: UUID) -> bool:
    """Whether a person has an open case that this organisation works in this product: then nobody else is asked."""
    return any(case.state == "open" and case.worked_in is None for case in cases_of(person))


@operation()
def follow_client(
    *, tenant: str | int, by: Actor, now: datetime, identifier_type: str, identifier: str, client: KnownClient
) -> Done[Case]:
    """Serve a client of the other case system: her people, household and case stand here as they stand there, and
    follow what changes. The numbers are those of who logs in; she is one of its adults.

    NotPossible("not served on-line") where the switch doesn't name her unit and group, somebody is protected, or what
    is said fits nothing here; whoever was followed before is let go by `leave_client`.
    """
    served = front()
    if by != CASE_SYSTEM or served is None:
        raise NotPossible("not served on-line")
    numbers = {(p.identifier_type, p.identifier) for p in client.household if p.role == "adult"}
    if client.protected or not served.serves(client.unit, client.group) or (identifier_type, identifier) not in numbers:
        raise NotPossible("not served on-line")
    unit = Unit.objects.filter(name=served.units[client.unit]).first()
    if unit is None or not 1 <= len(numbers) <= 2:
        raise NotPossible("not served on-line")
    with connection.cursor() as cursor:  # two adults who log in at once: one after the other
        household = " ".join(sorted(number for _type, number in numbers))
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [acting_door().the_tenant.id, household])
    people = [(_person(tenant, now, known), known.role) for known in client.household]
    if any(person.protection_level for person, _ in people):
        raise NotPossible("not served on-line")
    wanted = {(person.id, role) for person, role in people}
    adults = [person.id for person, role in people if role == "adult"]
    case = Case.objects.filter(applicant_id__in=adults, state="open").first() or (
        Case.objects.filter(co_applicant_id__in=adults, state="open").first()
    )
    if case is not None and case.worked_in is None:
        raise NotPossible("not served on-line")
    if case is not None and not _same(case, adults, wanted):
        let_go(tenant=tenant, by=by, now=now, case=case.id, reason="the household has changed")
        case = None
    if case is None:
        home = form_household(
            tenant=tenant,
            by=by,
            now=now,
            members=[(person.id, role) for person, role in people],
            since=acting_door().the_tenant.today(now),
        )
        case = open_case(
            tenant=tenant,
            by=by,
            now=now,
            applicant=adults[0],
            co_applicant=adults[1] if len(adults) > 1 else None,
            household=home.id,
            unit=unit.id,
            caseworker=None,
            opened_on=acting_door().the_tenant.today(now),
            worked_in=served.name,
        )
    row = ForeignCase.objects.select_for_update(of=("self",)).filter(id=case.id).first() or ForeignCase(
        id=case.id, version=0
    )
    row.reference, row.unit_name, row.caseworker_name = client.reference, client.unit, client.caseworker
    row.version += 1
    row.save()
    return Done(case, ClientFollowed(subject=case.id, payload={"reference": client.reference, "unit": client.unit}))


def _person(tenant: str | int, now: datetime, known: KnownPerson) -> Person:
    """The person here, made or brought up to date."""
    found = person_by_identifier(known.identifier_type, known.identifier)
    if found is None:
        new = NewPerson(
            identifier_type=known.identifier_type,
            identifier=known.identifier,
            given_name=known.given_name,
            family_name=known.family_name,
            email=known.email,
            telephone=known.telephone,
        )
        return register_person(tenant=tenant, by=CASE_SYSTEM, now=now, new=new)
    told = (known.given_name, known.family_name, known.email, known.telephone)
    if told == (found.given_name, found.family_name, found.email, found.telephone) or worked_here(found.id):
        return found
    return follow_person(
        tenant=tenant,
        by=CASE_SYSTEM,
        now=now,
        person=found.id,
        given_name=known.given_name,
        family_name=known.family_name,
        email=known.email,
        telephone=known.telephone,
        protected=False,
    )


def _same(case: Case, adults: list[UUID], wanted: set[tuple[UUID, str]]) -> bool:
    there = Membership.objects.filter(household_id=case.household_id, until=None).values_list("person_id", "role")
    return set(case.adults) == set(adults) and set(there) == wanted


@operation()
def leave_client(
    *, tenant: str | int, by: Actor, now: datetime, person: UUID, protected: bool, reason: str
) -> Done[None]:
    """The other case system no longer knows this client, or the switch no longer names her: her case isn't followed
    any more, and nothing new can be applied for in it. `protected`: she is marked so from now on, like every person
    whom that system says so of."""
    found = Person.objects.filter(id=person).first()
    if found is None or by != CASE_SYSTEM or worked_here(person):
        raise Hidden("person", person)
    followed = [case.id for case in cases_of(person) if case.state == "open"]  # none of them is worked here
    for key in sorted(followed):
        let_go(tenant=tenant, by=by, now=now, case=key, reason=reason)
    if protected and not found.protection_level:
        follow_person(
            tenant=tenant,
            by=by,
            now=now,
            person=person,
            given_name=found.given_name,
            family_name=found.family_name,
            email=found.email,
            telephone=found.telephone,
            protected=True,
        )
    return Done(None, ClientLeft(subject=person, payload={"reason": reason}))


@operation()
def record_answer(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, outcome: str, said: dict[str, Any] | None, trouble: str
) -> Done[ForeignCase]:
    """Keep how a look-up ended: what was said (once, if it is new), or that it failed; the answer before stands on."""
    row = ForeignCase.objects.select_for_update(of=("self",)).select_related("answer").filter(id=case).first()
    if row is None or by.kind != "system" or (said is None) == (outcome == LookUp.ANSWERED):
        raise Hidden("case", case)
    fresh: list[str] = []
    if said is not None:
        digest = canonical.digest(said)
        if row.answer is None or row.answer.digest != digest:
            known = {decision["reference"] for decision in row.answer.said["decisions"]} if row.answer else set()
            fresh = sorted({decision["reference"] for decision in said["decisions"]} - known)
            row.answer = Answer.objects.create(case_id=case, said=said, digest=digest, answered_at=now)
    row.asked_at, row.outcome, row.trouble = now, LookUp(outcome), trouble[:200]
    row.version += 1
    row.save(update_fields=["asked_at", "outcome", "trouble", "answer", "version"])
    return Done(row, CaseAsked(subject=case, payload={"outcome": outcome, "decisions": fresh}))


@operation()
def queue_hand_over(*, tenant: str | int, by: Actor, now: datetime, case: UUID, application: UUID) -> Done[HandOver]:
    """Put an accepted application into the outbox; it costs the accepting request no statement of its own."""
    row = HandOver(id=application, case_id=case, created_at=now, next_try_at=now)
    insert_with_events(row)
    return Done(row, HandOverQueued(subject=case, payload={"application": str(application)}))


@operation()
def record_try(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    application: UUID,
    reference: str = "",
    trouble: str = "",
    again: bool = True,
) -> Done[HandOver]:
    """What became of a try: taken as `reference` over there, to be tried `again` later, or parked for a person.

    NotPossible("ended") where another try has settled it.
    """
    row = HandOver.objects.select_for_update(of=("self",)).filter(id=application).first()
    if row is None or by.kind != "system":
        raise Hidden("hand-over", application)
    if row.state != HandOverState.WAITING:
        raise NotPossible("ended")
    row.attempts += 1
    row.version += 1
    row.trouble = trouble[:200]
    if reference:
        row.state, row.ended_at, row.reference = HandOverState.DELIVERED, now, reference
    elif not again or row.attempts >= MOST_TRIES:
        row.state = HandOverState.PARKED
    else:
        row.next_try_at = now + timedelta(seconds=min(3600, 15 * 2 ** min(row.attempts, 8)))
    row.save()
    payload = {"application": str(row.id), "state": row.state, "try": row.attempts, "reference": reference}
    return Done(row, HandOverTried(subject=row.case_id, payload=payload))


@operation()
def settle_hand_over(
    *, tenant: str | int, by: Actor, now: datetime, application: UUID, version: int, reference: str = ""
) -> Done[HandOver]:
    """A parked hand-over is sent again, or (with the `reference` that it got there) was entered by hand over there.

    Conflict if it was settled since `version`; NotPossible("not parked").
    """
    row = HandOver.objects.select_for_update(of=("self",)).filter(id=application).first()
    if row is None:
        raise Hidden("hand-over", application)
    case_for_staff(row.case_id, by, now, Role.REGISTRAR, Role.CASEWORKER)
    if row.version != version:
        raise Conflict("hand-over", theirs=row.state)
    if row.state != HandOverState.PARKED:
        raise NotPossible("not parked")
    row.version += 1
    if reference.strip():
        row.state, row.ended_at, row.reference = HandOverState.BY_HAND, now, reference.strip()[:80]
    else:
        row.state, row.attempts, row.next_try_at = HandOverState.WAITING, 0, now
    row.save()
    return Done(row, HandOverSettled(subject=row.case_id, payload={"application": str(row.id), "state": row.state}))


@operation()
def enter_switch(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    unit: str,
    group: str,
    on: bool,
    reason: str,
    key: UUID | None = None,
) -> Done[Switch]:
    """Enter that clients of a unit (as it is called over there) and group shall apply here, or no longer; it holds when
    another administrator has confirmed it. NotPossible: ("switch unit") for a unit or group that the connection doesn't
    name, ("switch reason"), ("switched so") where it is so already, ("switch waits") where one of the two waits to be
    confirmed. `key`: of the form; SentAlready the second time."""
    member, served = require_role(by, now, Role.ADMINISTRATOR), front()
    if served is None or unit not in served.units or group not in Group:
        raise NotPossible("switch unit")
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise NotPossible("switch reason")
    own = new_id(Switch, key)
    if served.serves(unit, group) == on:
        raise NotPossible("switched so")
    if Switch.objects.filter(unit_name=unit, client_group=group, outcome="").exists():
        raise NotPossible("switch waits")
    row = Switch.objects.create(
        id=open_subject("switch", own),
        unit_name=unit,
        client_group=group,
        switched_on=on,
        reason=reason,
        entered_by_id=member.id,
        entered_at=now,
    )
    return Done(row, SwitchEntered(subject=row.id, payload={"unit": unit, "group": group, "on": on}))


@operation()
def settle_switch(
    *, tenant: str | int, by: Actor, now: datetime, switch: UUID, version: int, confirm: bool
) -> Done[Switch]:
    """Another administrator confirms a switch, from when on it holds, or one of them takes it back.
    NotForThem("second pair of eyes") to confirm one's own; Conflict if it was settled since `version`."""
    member = require_role(by, now, Role.ADMINISTRATOR)
    row = Switch.objects.select_for_update(of=("self",)).filter(id=switch).first()
    if row is None:
        raise Hidden("switch", switch)
    if row.version != version or row.outcome:
        raise Conflict("switch", theirs=row.outcome)
    if confirm and row.entered_by_id == member.id:
        raise NotForThem("second pair of eyes", switch)
    row.outcome = SwitchOutcome.CONFIRMED if confirm else SwitchOutcome.TAKEN_BACK
    row.settled_by_id, row.settled_at, row.version = member.id, now, row.version + 1
    row.save(update_fields=["outcome", "settled_by", "settled_at", "version"])
    payload = {"unit": row.unit_name, "group": row.client_group, "on": row.switched_on}
    return Done(row, (SwitchConfirmed if confirm else SwitchTakenBack)(subject=row.id, payload=payload))
