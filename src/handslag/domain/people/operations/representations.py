"""Who may act for whom: registered by staff with its evidence, ended by staff, or by who gave a power of attorney."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.people.models import Person, Representation
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import is_gone
from handslag.domain.people.states import Ground, Scope
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.domain.tenancy.states import Role


class RepresentationRegistered(Event):
    kind = "representation registered"


class RepresentationEnded(Event):
    kind = "representation ended"


@operation()
def register_representation(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    person: UUID,
    representative: UUID,
    ground: str,
    scope: str,
    since: date,
    last: date | None,
    title: str,
    file: StoredFile,
) -> Done[Representation]:
    """Register that a person may act for another, from `since` to the end of the day `last` (None: until it is ended),
    by the evidence in `file`, called `title`.

    NotPossible("ground of acting") for one that the organisation doesn't take, ("scope"), ("last day") before the first
    or over, ("represents herself"), ("protected representation") where one of the two is protected, whom a person
    serves, ("represented already") where the same person acts for her already. Hidden where one isn't there.
    """
    member = require_role(by, now, Role.REGISTRAR)
    people = {one.id: one for one in Person.objects.select_for_update().filter(id__in=[person, representative])}
    for key in (person, representative):
        if key not in people or is_gone(key):
            raise Hidden("person", key)
        require_sight(member, people[key])
    if person == representative:
        raise NotPossible("represents herself")
    if any(one.protection_level for one in people.values()):
        raise NotPossible("protected representation")
    if ground not in Ground.values or ground not in setting("representation_grounds"):
        raise NotPossible("ground of acting")
    if scope not in Scope.values:
        raise NotPossible("scope")
    if last is not None and last < max(since, acting_door().the_tenant.today(now)):
        raise NotPossible("last day")
    running = Representation.objects.filter(person_id=person, representative_id=representative, ended_at=None)
    if running.exclude(until__lte=since).exists():
        raise NotPossible("represented already")
    document = record_document(
        tenant=tenant,
        by=by,
        now=now,
        subject=person,
        kind="representation",
        title=title,
        provenance=Provenance.STAFF,
        retention=RetentionClass.PERSONAL_FILE,
        file=file,
    )
    row = Representation.objects.create(
        person_id=person,
        representative_id=representative,
        ground=ground,
        scope=scope,
        since=since,
        until=last + timedelta(days=1) if last else None,
        document=document,
        registered_by_id=member.id,
        registered_at=now,
    )
    payload = {"representation": str(row.id), "representative": str(representative), "ground": ground, "scope": scope}
    return Done(row, RepresentationRegistered(subject=person, payload=payload))


@operation()
def end_representation(
    *, tenant: str | int, by: Actor, now: datetime, person: UUID, representation: UUID
) -> Done[Representation]:
    """End a representation at once: a member of staff, or the person herself where she gave a power of attorney.

    Hidden where it isn't hers, or is no power of attorney; NotPossible("ended") for one that is over.
    """
    row = Representation.objects.select_for_update(of=("self",)).select_related("person").filter(id=representation)
    found = row.filter(person_id=person).first()
    if by.kind == "staff":
        member = require_role(by, now, Role.REGISTRAR)
        if found is not None:
            require_sight(member, found.person)
            found.ended_by_id = member.id
    elif by != Actor("citizen", person) or (found is not None and found.ground != Ground.FULLMAKT):
        found = None
    if found is None:
        raise Hidden("representation", representation)
    today = acting_door().the_tenant.today(now)
    if found.ended_at is not None or (found.until is not None and found.until <= today):
        raise NotPossible("ended")
    found.ended_at = now
    found.save(update_fields=["ended_at", "ended_by"])
    payload = {"representation": str(found.id), "representative": str(found.representative_id)}
    return Done(found, RepresentationEnded(subject=person, payload=payload))
