"""Assigning people, noting what messages say of them, settling what they contradict each other about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import MessageSealed, NewMessage, seal
from handslag.domain.exchange.queries import partners
from handslag.domain.people.identifiers import normal_identifier
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import NewPerson, register_people, register_person
from handslag.domain.people.queries import person_by_identifier, persons_by_identifiers
from handslag.domain.register.models import Contradiction, Notice, Residents, Responsibility, Standing
from handslag.domain.register.policies import MUNICIPALITY, first_day, require_canton
from handslag.domain.register.queries import Said, days_of, said_of_each
from handslag.domain.register.states import What
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role


class PersonAssigned(Event):
    """The canton assigns somebody to a municipality, by a message that is on its way."""

    kind = "person assigned"


class NoticeTaken(Event):
    """A message says something of a person from which her days follow."""

    kind = "notice taken"


class ContradictionFound(Event):
    """Messages say different things of some days, which nobody has settled."""

    kind = "contradiction found"


class ContradictionSettled(Event):
    """A person has decided what counts on days that messages contradict each other about."""

    kind = "contradiction settled"


class PersonImported(Event):
    """The register takes over what another system says of a person."""

    kind = "person imported"


class ResidentsEntered(Event):
    """The canton enters how many residents a municipality has, from which its quota follows."""

    kind = "residents entered"


@dataclass(frozen=True, kw_only=True)
class NewNotice:
    """What a message, or the register of another system (`message` None), says of the person at a place of its list."""

    number: int
    what: What
    value: str
    day: date
    message: UUID | None = None
    until: date | None = None
    entry_on: date | None = None
    moves_from: str = ""
    accommodation: str = ""
    counts: bool | None = None
    disputed: bool = False

    @property
    def since(self) -> date:
        """The first day on which it counts, by the settings of the organisation."""
        return first_day(self.day, self.what, self.value, self.moves_from, setting("moving_day"))

    @property
    def said(self) -> Said:
        """The same, as far as days follow from it."""
        return Said(
            self.what, self.value, self.day, self.since, self.until, self.entry_on, self.moves_from,
            disputed=self.disputed,
        )  # fmt: skip


@operation()
def assign(*, tenant: str | int, by: Actor, now: datetime, new: NewMessage, people: list[NewPerson]) -> Done[Message]:
    """The canton assigns people (in the order of the message) to a municipality: who isn't known here is registered,
    and the message leaves in ten seconds, unless it is taken back.

    NotPossible("not the canton"), ("not here") for somebody above the registrar's clearance; as `register_person` and
    `seal`.
    """
    require_canton()
    clearance = require_role(by, now, Role.REGISTRAR).clearance
    keys = []
    for one in people:
        known = person_by_identifier(one.identifier_type, one.identifier)
        if known is not None and known.protection_level > clearance:
            raise NotPossible("not here")
        keys.append(known.id if known else register_person(tenant=tenant, by=by, now=now, new=one).id)
    places = {str(number): str(key) for number, key in enumerate(keys, 1)}
    row = seal(tenant, by, now, replace(new, about=keys[0], person=keys[0], places=places))
    told: list[Event] = [MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest})]
    told += [PersonAssigned(subject=key, payload={"message": str(row.id), "to": row.partner}) for key in keys]
    return Done(row, *told)


@operation()
def note_said(
    *, tenant: str | int, by: Actor, now: datetime, message: UUID, people: list[NewPerson], notices: list[NewNotice]
) -> Done[list[Notice]]:
    """Note what the messages of a conversation (`message` began it) say of people, who are registered where they aren't
    known, and make their days anew. What was noted before stays.

    NotPossible("noted") where nothing is new.
    """
    if by.kind != "system":
        raise Hidden("message", message)
    asked = Message.objects.select_for_update(of=("self",)).get(id=message)
    keys: dict[int, UUID] = {}
    made = []
    for one in notices:
        if one.number not in keys:
            new = people[one.number - 1]
            known = person_by_identifier(new.identifier_type, new.identifier)
            keys[one.number] = known.id if known else register_person(tenant=tenant, by=by, now=now, new=new).id
        assert one.message is not None
        if Notice.objects.filter(message_id=one.message, person_id=keys[one.number], what=one.what).exists():
            continue
        made.append(
            Notice.objects.create(
                person_id=keys[one.number],
                message_id=one.message,
                what=one.what,
                value=one.value,
                day=one.day,
                since=one.since,
                until=one.until,
                disputed=one.disputed,
                entry_on=one.entry_on,
                moves_from=one.moves_from,
                accommodation=one.accommodation,
                counts=one.counts,
                at=now,
            )
        )
    if not made:
        raise NotPossible("noted")
    found = _make_days(row.person_id for row in made)
    unit = str(asked.unit_id)
    return Done(
        made,
        *_contradictions(found, unit),
        *(
            NoticeTaken(
                subject=row.person_id,
                payload={
                    "notice": str(row.id),
                    "what": row.what,
                    "value": row.value,
                    "day": str(row.day),
                    "unit": unit,
                    "first": row.person_id == made[0].person_id,
                },
            )
            for row in made
        ),
    )


def _contradictions(found: Iterable[Contradiction], unit: str) -> list[ContradictionFound]:
    """What a contradiction that is new is told by; `unit`: whose it is to look at it."""
    return [
        ContradictionFound(
            subject=row.person_id,
            payload={
                "contradiction": str(row.id),
                "what": row.what,
                "values": row.values,
                "since": str(row.since),
                "unit": unit,
            },
        )
        for row in found
    ]


@operation()
def note_imported(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    imported: UUID,
    unit: UUID,
    people: list[NewPerson],
    notices: list[NewNotice],
) -> Done[list[Notice]]:
    """Note what the register of another system says of people, by its confirmed import: as `note_said`, with few
    statements."""
    if by.kind != "system":
        raise Hidden("import", imported)
    numbers = [normal_identifier(one.identifier_type, one.identifier)[0] for one in people]
    known = persons_by_identifiers("zemis", numbers)
    new = [one for one, number in zip(people, numbers, strict=True) if number not in known]
    made = iter(register_people(tenant=tenant, by=by, now=now, new=new) if new else [])
    keys = [known[number].id if number in known else next(made).id for number in numbers]
    rows = Notice.objects.bulk_create(
        Notice(
            person_id=keys[one.number - 1],
            imported_id=imported,
            what=one.what,
            value=one.value,
            day=one.day,
            since=one.since,
            until=one.until,
            entry_on=one.entry_on,
            at=now,
        )
        for one in notices
    )
    found = _make_days(keys)
    return Done(
        rows,
        *(PersonImported(subject=key, payload={"import": str(imported)}) for key in keys),
        *_contradictions(found, str(unit)),
    )


@operation()
def settle(*, tenant: str | int, by: Actor, now: datetime, contradiction: UUID, value: str, why: str) -> Done[Notice]:
    """A registrar of the canton decides which of the things that messages say of some days counts, and why. It holds
    between just these: whatever else comes is contradicted again.

    Conflict where something has come, or was settled, since; NotPossible("no such value"), ("why").
    """
    require_canton()
    member = require_role(by, now, Role.REGISTRAR)
    found = Contradiction.objects.filter(id=contradiction, person__protection_level__lte=member.clearance).first()
    if found is None:
        raise Conflict("contradiction")
    Person.objects.select_for_update(of=("self",)).get(id=found.person_id)
    if not Contradiction.objects.filter(id=contradiction).exists():
        raise Conflict("contradiction")
    if value not in found.values:
        raise NotPossible("no such value")
    if not why.strip():
        raise NotPossible("why")
    status, _space, entry = value.partition(" ")
    row = Notice.objects.create(
        person_id=found.person_id,
        what=found.what,
        value=status,
        day=found.since,
        since=found.since,
        until=found.until,
        entry_on=date.fromisoformat(entry) if entry else None,
        between=found.values,
        why=why.strip(),
        settled_by_id=member.id,
        at=now,
    )
    _make_days([found.person_id])
    payload = {"notice": str(row.id), "what": row.what, "value": value, "between": found.values}
    return Done(row, ContradictionSettled(subject=found.person_id, payload=payload))


@operation()
def enter_residents(
    *, tenant: str | int, by: Actor, now: datetime, municipality: str, since: date, residents: int
) -> Done[Residents]:
    """A registrar of the canton enters how many residents a municipality has from a day on. What was entered before
    stays.

    NotPossible("not the canton"), ("no such partner"), ("no residents").
    """
    require_canton()
    member = require_role(by, now, Role.REGISTRAR)
    if not municipality.startswith(MUNICIPALITY) or municipality not in partners():
        raise NotPossible("no such partner")
    if residents < 1:
        raise NotPossible("no residents")
    row = Residents.objects.create(
        id=open_subject("residents"),
        municipality=municipality,
        since=since,
        residents=residents,
        entered_by_id=member.id,
        at=now,
    )
    payload = {"residents": str(row.id), "municipality": municipality, "since": str(since), "number": residents}
    return Done(row, ResidentsEntered(subject=row.id, payload=payload))


@operation()
def tell(*, tenant: str | int, by: Actor, now: datetime, new: NewMessage) -> Done[Message]:
    """What the register itself says to the other side: that a change fits what it knows, that somebody left a
    municipality, what is contradicted. NotPossible as `seal`: ("sent already") the second time."""
    if by.kind != "system":
        raise Hidden("message")
    row = seal(tenant, by, now, new)
    return Done(row, MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest}))


def _make_days(people: Iterable[UUID]) -> list[Contradiction]:
    """Put what follows from the notices in place of these people's days, who are locked in the order of their keys; the
    contradictions that weren't there before."""
    keys = sorted(set(people))
    list(Person.objects.select_for_update(of=("self",)).filter(id__in=keys).order_by("id").values_list("id"))
    before = {(row.person_id, row.what, tuple(row.values)) for row in Contradiction.objects.filter(person_id__in=keys)}
    for kind in (Responsibility, Standing, Contradiction):
        kind.objects.filter(person_id__in=keys).delete()
    made = {person: days_of(said) for person, said in said_of_each(keys).items()}
    Responsibility.objects.bulk_create(
        Responsibility(
            person_id=person, since=one.since, until=one.until, municipality=one.value[0], payer=one.value[1]
        )
        for person, days in made.items()
        for one in days.responsible
    )
    Standing.objects.bulk_create(
        Standing(person_id=person, since=one.since, until=one.until, status=one.value[0], entry_on=one.value[1])
        for person, days in made.items()
        for one in days.status
    )
    opened = Contradiction.objects.bulk_create(
        Contradiction(person_id=person, what=what, since=one.since, until=one.until, values=list(one.value))
        for person, days in made.items()
        for what, one in days.contradicted
    )
    return [row for row in opened if (row.person_id, row.what, tuple(row.values)) not in before]
