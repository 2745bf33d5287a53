"""Two records of one person: proposed by one registrar, confirmed by another, undone by one. Nothing is rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.apps import apps

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.people.models import (
    Account,
    Address,
    CitizenLogin,
    Identifier,
    Merge,
    NameToken,
    Person,
)
from handslag.domain.people.operations.persons import level_of_addresses, raise_with
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.states import IdentifierType
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.models import Session
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.rows import TenantFK, TenantRow
from handslag.domain.tenancy.states import Role


class MergeProposed(Event):
    kind = "merge proposed"


class RecordsMerged(Event):
    kind = "records merged"


class MergeTakenBack(Event):
    kind = "merge taken back"


class MergeUndone(Event):
    kind = "merge undone"


#: What a record that is merged into another may have: what every registration has, and log-ins.
OF_A_REGISTRATION = (Identifier, NameToken, Address, Account, CitizenLogin)


def keys_to_persons() -> Iterator[tuple[type[TenantRow], TenantFK]]:
    """Every column of every table that names a person, but those of merges themselves."""
    for model in apps.get_models():
        if issubclass(model, TenantRow) and model is not Merge:
            for column in model._meta.concrete_fields:
                if isinstance(column, TenantFK) and column.related_model is Person:
                    yield model, column


def _both(gone: UUID, kept: UUID, by: Actor, now: datetime) -> tuple[Person, Person, UUID]:
    """Both records, locked, and who acts; Hidden where one isn't there, or above her clearance."""
    member = require_role(by, now, Role.REGISTRAR)
    # locked against every new row that names one of them: its key waits for us, or is seen here
    rows = Person.objects.select_for_update(of=("self",)).filter(id__in=[gone, kept]).order_by("id")
    people = {person.id: person for person in rows}
    for key in (gone, kept):
        if key not in people:
            raise Hidden("person", key)
        require_sight(member, people[key])
    return people[gone], people[kept], member.id


def _may_be_one(gone: Person, kept: Person, but: UUID | None = None) -> None:
    """NotPossible where they can't be one person, or `gone` has more than a registration. `but`: the merge that is
    about to be confirmed."""
    if gone.id == kept.id:
        raise NotPossible("one record")
    others = Merge.objects.filter(ended_at=None)
    if but is not None:
        others = others.exclude(id=but)
    if others.filter(gone__in=[gone, kept]).exists() or others.filter(kept=gone).exists():
        raise NotPossible("merged already")
    if gone.birth_on and kept.birth_on and gone.birth_on != kept.birth_on:
        raise NotPossible("other birth day")
    numbers = Identifier.objects.exclude(type=IdentifierType.TEMPORARY)
    types = [
        set(numbers.filter(person_id__in=records).values_list("type", flat=True))
        for records in ([gone.id], [kept.id, *others.filter(kept=kept).values_list("gone_id", flat=True)])
    ]
    if types[0] & types[1]:
        raise NotPossible("other number")
    if gone.protection_level > kept.protection_level:
        raise NotPossible("less protected")
    for model, column in keys_to_persons():
        if model not in OF_A_REGISTRATION and model.objects.filter(**{column.name: gone}).exists():
            raise NotPossible("more than registered")


def _reason(text: str) -> str:
    reason = text.strip()[:400]
    if not reason:
        raise NotPossible("merge reason")
    return reason


@operation()
def propose_merge(*, tenant: str | int, by: Actor, now: datetime, gone: UUID, kept: UUID, reason: str) -> Done[Merge]:
    """Propose that two records are of one person: `gone`, which has no more than a registration, will lead to `kept`.

    NotPossible: ("one record"), ("merged already"), ("other birth day"), ("other number") for two numbers of one type
    that aren't temporary, ("less protected") where `kept` is less protected than `gone`,
    ("more than registered") where anything else names `gone`, ("merge reason").
    """
    leaves, stays, member = _both(gone, kept, by, now)
    _may_be_one(leaves, stays)
    row = Merge.objects.create(gone=leaves, kept=stays, reason=_reason(reason), proposed_by_id=member, proposed_at=now)
    return Done(row, *_told(MergeProposed, row))


def _told(kind: type[Event], row: Merge) -> list[Event]:
    """The event, in the chains of both records."""
    payload = {"merge": str(row.id), "gone": str(row.gone_id), "kept": str(row.kept_id)}
    return [kind(subject=row.kept_id, payload=payload), kind(subject=row.gone_id, payload=payload)]


def _locked(merge: UUID, version: int, by: Actor, now: datetime) -> tuple[Merge, Person, Person, UUID]:
    named = Merge.objects.filter(id=merge).first()
    if named is None:
        raise Hidden("merge", merge)
    gone, kept, member = _both(named.gone_id, named.kept_id, by, now)
    row = Merge.objects.select_for_update(of=("self",)).get(id=merge)
    if row.version != version or row.ended_at is not None:
        raise Conflict("merge", theirs=row.version)
    row.version += 1
    return row, gone, kept, member


@operation()
def confirm_merge(*, tenant: str | int, by: Actor, now: datetime, merge: UUID, version: int) -> Done[Merge]:
    """Another registrar has compared them: from now on `gone` leads to `kept`, and is as protected. Who is logged in by
    a number of `gone` is logged out. NotForThem("second pair of eyes") for who proposed it; NotPossible as when it was
    proposed."""
    row, gone, kept, member = _locked(merge, version, by, now)
    if row.confirmed_at is not None:
        raise Conflict("merge", theirs=row.version - 1)
    if row.proposed_by_id == member:
        raise NotForThem("second pair of eyes", merge)
    _may_be_one(gone, kept, but=row.id)
    row.confirmed_by_id, row.confirmed_at = member, now
    row.save(update_fields=["confirmed_by", "confirmed_at", "version"])
    _log_out(gone)
    raised = raise_with(gone, kept.protection_level, level_of_addresses(kept))
    return Done(row, *_told(RecordsMerged, row), *raised)


@operation()
def end_merge(*, tenant: str | int, by: Actor, now: datetime, merge: UUID, version: int, reason: str) -> Done[Merge]:
    """Take a proposal back, or undo a merge: each record is by itself again, as it was. What was written to `kept`
    meanwhile stays with it; protection that was raised with it stays too. Who is logged in as one of them is logged
    out. NotPossible("merge reason")."""
    row, gone, kept, member = _locked(merge, version, by, now)
    row.ended_by_id, row.ended_at, row.end_reason = member, now, _reason(reason)
    row.save(update_fields=["ended_by", "ended_at", "end_reason", "version"])
    if row.confirmed_at is None:
        return Done(row, *_told(MergeTakenBack, row))
    _log_out(gone, kept)
    return Done(row, *_told(MergeUndone, row))


def _log_out(*records: Person) -> None:
    log_ins = CitizenLogin.objects.filter(person__in=records).values_list("id", flat=True)
    Session.objects.filter(account__in=list(log_ins)).delete()
