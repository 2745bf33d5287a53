"""The one mechanism of every write: an operation opens the door, its events are chained, reactions follow."""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Generic, ParamSpec, TypeAlias, TypeVar
from uuid import UUID

from django.db.models import Model

from handslag.domain.audit.models import Event as EventRow
from handslag.domain.audit.models import Payload, ReadEntry, Subject
from handslag.domain.tenancy.door import Actor, Door, acting, acting_door, current_door, planned_once, writing
from handslag.domain.tenancy.rows import as_json, columns_of, inserting, note_written
from handslag.kernel import canonical
from handslag.kernel.ids import uuid7

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Model)
#: Rows that an operation wrote, by model and key: the new row itself, or None where it is read again at the end.
Written: TypeAlias = "dict[tuple[type[Model], UUID], Model | None]"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to `subject`. `kind` is the class's name in the office's words; `payload` is JSON."""

    kind: ClassVar[str] = ""

    subject: UUID
    payload: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid7)
    because: UUID | None = None


class Done(Generic[T]):
    """What an operation gives back to the mechanism: its result and the events that it caused."""

    def __init__(self, result: T, *events: Event) -> None:
        self.result = result
        self.events = events


class EventMissing(RuntimeError):
    """An operation changed rows without an event, or wrote nothing down of what it did."""


@dataclass(frozen=True)
class Reaction:
    """What follows from an event. `call` gets (event, by, now) and calls one operation, or enqueues a job."""

    call: Callable[[Event, Actor, datetime], None]
    causes: tuple[type[Event], ...] = ()


_reactions: dict[type[Event], tuple[Reaction, ...]] = {}
#: Says whether a representative may act for whom she acts: raises where not.
_admits: list[Callable[[Actor, datetime], None]] = []


def hand_over(table: dict[type[Event], Sequence[Reaction]], admits: Callable[[Actor, datetime], None]) -> None:
    """Take the table of reactions, and the check of representatives, which each of their operations begins with.
    ValueError for an event without an entry, or for a cycle."""
    missing = sorted(kind.__name__ for kind in _all_events(Event) if kind not in table)
    if missing:
        raise ValueError(f"no entry in the table of reactions for: {', '.join(missing)}")

    def walk(kind: type[Event], path: tuple[type[Event], ...]) -> None:
        if kind in path:
            raise ValueError("reactions run in a circle: " + " -> ".join(k.__name__ for k in (*path, kind)))
        for reaction in table[kind]:
            for caused in reaction.causes:
                walk(caused, (*path, kind))

    for kind in table:
        walk(kind, ())
    _admits[:] = [admits]
    _reactions.clear()
    _reactions.update({kind: tuple(reactions) for kind, reactions in table.items()})


def _all_events(base: type[Event]) -> Iterable[type[Event]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _all_events(kind)


def operation(silent: bool = False) -> Callable[[Callable[P, Done[T]]], Callable[P, T]]:
    """Make a write of the office an operation.

    The function is keyword-only, named with the office's verb, takes `tenant` (short name or id), `by`, `now`
    and returns Done(result, *events). Called inside an open door of the same tenant and actor it joins that;
    otherwise it opens one with its own name as purpose. Its events run through the table of reactions, depth
    first; when the outermost operation ends, all are chained, before the one commit.
    `silent` is for drafts, which are no history, and for what only calls others: such an operation returns no events.
    """

    def mechanism(verb: Callable[P, Done[T]]) -> Callable[P, T]:
        @functools.wraps(verb)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
            by, now, tenant = kwargs["by"], kwargs["now"], kwargs["tenant"]
            assert isinstance(by, Actor) and isinstance(now, datetime) and isinstance(tenant, (str, int))
            if now.tzinfo is not UTC:
                raise ValueError("moments are UTC")
            door = current_door()
            purpose = door.purpose if door is not None and door.kind == "acting" else verb.__name__
            with acting(tenant, by, purpose) as door, writing(door) as outermost, _collecting(door, outermost):
                if by.through is not None:
                    _admits[0](by, now)
                done, written = _carry_out(door, verb, args, kwargs)
                if silent and written:
                    raise EventMissing(f"{verb.__name__} is silent but writes {_names(written)}")
                if silent == bool(done.events):
                    raise EventMissing(
                        f"{verb.__name__} {'is silent but' if silent else 'changes rows and'} "
                        f"returned {len(done.events)} events"
                    )
                because: UUID | None = door.memory.get("because")
                for event in done.events:
                    caused = event if event.because or because is None else replace(event, because=because)
                    # the rows that an operation wrote are committed to by its first event
                    door.memory.setdefault("events", []).append((caused, written))
                    written = {}
                    for reaction in _reactions[type(event)]:
                        door.memory["because"] = caused.id
                        reaction.call(caused, by, now)
                        door.memory["because"] = because
                if outermost:
                    _chain(door, now)
            return done.result

        return wrapped

    return mechanism


def _carry_out(door: Door, verb: Callable[..., Done[T]], args: Any, kwargs: Any) -> tuple[Done[T], Written]:
    """Run the verb; gives what it returned and the rows that it wrote itself."""
    outer = door.memory.get("written")
    written: Written = {}
    door.memory["written"] = written
    try:
        return verb(*args, **kwargs), written
    finally:
        door.memory["written"] = outer


@contextmanager
def _collecting(door: Door, outermost: bool) -> Iterator[None]:
    """When the outermost operation fails, forget what it collected: the door may live on and write something else."""
    try:
        yield
    except BaseException:
        if outermost:
            for name in ("events", "inserts", "updates", "heads", "because"):
                door.memory.pop(name, None)
        raise


def _names(written: Written) -> str:
    return ", ".join(sorted({model.__name__ for model, _ in written}))


def open_subject(kind: str, key: UUID | None = None, *, with_events: bool = False) -> UUID:
    """Make the anchor of a new case, person, run ... and give its key. `with_events`: as `insert_with_events` does."""
    row = Subject(id=key or uuid7(), kind=kind)
    if with_events:
        insert_with_events(row)
    else:
        row.save(force_insert=True)
    return row.id


def open_subjects(kind: str, count: int) -> list[UUID]:
    """Several anchors at once."""
    return [row.id for row in Subject.objects.bulk_create(Subject(id=uuid7(), kind=kind) for _ in range(count))]


def event_hash(row: Mapping[str, Any]) -> str:
    """The hash of an event, given by its columns: SHA-256 over the canonical form of each but the hash itself."""
    return canonical.digest(
        {
            "id": str(row["id"]),
            "subject": str(row["subject_id"]),
            "seq": row["seq"],
            "kind": row["kind"],
            "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": [row["actor_kind"], str(row["actor_id"]) if row["actor_id"] else None, row["actor_name"]],
            "purpose": row["purpose"],
            "because": str(row["because"]) if row["because"] else None,
            "commitment": row["commitment"],
            "previous": row["previous"],
        }
    )


def commitment(salt: bytes, payload: dict[str, Any]) -> str:
    """HMAC-SHA256 with the record's own random salt over the canonical payload, as 64 hexadecimal digits."""
    return hmac.new(salt, canonical.dumps(payload), hashlib.sha256).hexdigest()


def row_form(row: Model) -> dict[str, Any]:
    """The row as canonical JSON takes it, by column: what its digest is over.

    Left out: the tenant (an id of this installation), the columns that the model lists as uncommitted, and whatever
    is NULL, so that a column added later (NULL in the rows that are there) changes no digest. Moments are UTC with
    microseconds, bytes hexadecimal.
    """
    form: dict[str, Any] = {}
    for column, name, to_python in _formed(type(row)):
        value = to_python(getattr(row, name))
        if value is None:
            continue
        if isinstance(value, str):
            value = str(value)
        elif isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat(timespec="microseconds")
        elif isinstance(value, date):
            value = value.isoformat()
        elif isinstance(value, UUID):
            value = str(value)
        elif isinstance(value, (bytes, memoryview)):
            value = bytes(value).hex()
        form[column] = value
    return form


@functools.cache
def _formed(model: type[Model]) -> list[tuple[str, str, Callable[[Any], Any]]]:
    """The columns that a row's digest is over: column, name of its value, and what makes the value that is stored."""
    left_out = {"tenant_id", *getattr(model, "uncommitted", ())}
    fields = [field_ for field_ in model._meta.concrete_fields if field_.column not in left_out]
    return [(str(field_.column), field_.attname, field_.to_python) for field_ in fields]


def _commitments(collected: list[tuple[Event, Written]]) -> list[dict[str, dict[str, list[Any]]]]:
    """For each event the rows it commits to: by table and key, the row's version (0 if it has none) and digest."""
    again: dict[type[Model], list[UUID]] = {}
    for _, written in collected:
        for (model, key), row in written.items():
            if row is None:
                again.setdefault(model, []).append(key)
    stored = {
        (model, row.pk): row for model, keys in again.items() for row in model._base_manager.filter(pk__in=set(keys))
    }
    return [
        _by_table([stored.get(place) or row for place, row in written.items() if place in stored or row is not None])
        for _, written in collected
    ]


def _by_table(rows: Iterable[Any]) -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = {}
    for row in rows:
        told = [getattr(row, "version", 0), canonical.digest(row_form(row))]
        found.setdefault(row._meta.db_table, {})[str(row.pk)] = told
    return found


def _chain(door: Door, now: datetime) -> None:
    """Write the collected events behind the heads of their subjects, which stay locked until the commit."""
    collected: list[tuple[Event, Written]] = door.memory.pop("events", [])
    events = [
        replace(event, payload={**event.payload, "rows": rows}) if rows else event
        for (event, _), rows in zip(collected, _commitments(collected), strict=True)
    ]
    pending: dict[tuple[type[Model], UUID], Any] = door.memory.pop("inserts", {})
    updates: list[tuple[str, Sequence[Any]]] = door.memory.pop("updates", [])
    heads: dict[UUID, Subject] = door.memory.pop("heads", {})
    if not events:
        if pending or updates:
            write_together(list(pending.values()), updates)
        return
    by = door.the_actor
    heads |= {key: row for (model, key), row in pending.items() if model is Subject}
    if wanted := sorted({event.subject for event in events} - set(heads)):
        locked = Subject.objects.select_for_update().filter(id__in=wanted).order_by("id")
        heads |= {subject.id: subject for subject in locked}
    tenant = door.the_tenant.id
    rows: list[dict[str, Any]] = []
    payloads: list[dict[str, Any]] = []
    for event in events:
        if event.subject not in heads:
            raise EventMissing(f"{event.kind}: no subject {event.subject}")
        head = heads[event.subject]
        salt = secrets.token_bytes(32)
        head.seq += 1
        row = {
            "id": event.id,
            "tenant_id": tenant,
            "subject_id": event.subject,
            "seq": head.seq,
            "kind": event.kind,
            "at": now,
            "actor_kind": by.kind,
            "actor_id": by.agent,
            "actor_name": by.told,
            "purpose": door.purpose,
            "because": event.because,
            "commitment": commitment(salt, event.payload),
            "previous": head.head,
        }
        row["hash"] = head.head = event_hash(row)
        rows.append(row)
        payloads.append({"id": event.id, "tenant_id": tenant, "salt": salt, "body": event.payload})
    if stood := [head for head in heads.values() if (Subject, head.id) not in pending]:
        values = ", ".join(["(%s::uuid, %s::int, %s::text)"] * len(stood))
        moved = (
            f"UPDATE audit_subject s SET seq = v.seq, head = v.head FROM (VALUES {values}) AS v(id, seq, head) "
            "WHERE s.id = v.id",
            [part for head in stood for part in (head.id, head.seq, head.head)],
        )
        updates.append(moved)
    write_together(list(pending.values()), updates, {EventRow: rows, Payload: payloads})


def insert_with_events(*rows: Any) -> None:
    """Insert `rows` together with the operation's events, in one statement at its end (for the hot path)."""
    inserts = acting_door().memory.setdefault("inserts", {})
    for row in rows:
        inserts[type(row), row.pk] = row
        note_written(row)


def not_yet_inserted(model: type[M], key: UUID) -> M | None:
    """The row of that key that is inserted with the operation's events, and can't be read before."""
    found: M | None = acting_door().memory.get("inserts", {}).get((model, key))
    return found


def update_with_events(sql: str, *params: Any) -> None:
    """Carry out an UPDATE in the same statement. It may only touch columns that the chain doesn't commit to."""
    acting_door().memory.setdefault("updates", []).append((sql, params))


def head_locked(subject: UUID, seq: int, head: str) -> None:
    """The operation has read this head FOR UPDATE itself. For operations whose events concern no other subject:
    several are locked in the order of their ids."""
    acting_door().memory.setdefault("heads", {})[subject] = Subject(id=subject, seq=seq, head=head)


def write_together(
    rows: Sequence[Any],
    updates: Sequence[tuple[str, Sequence[Any]]],
    told: Mapping[type[Model], list[dict[str, Any]]] | None = None,
) -> None:
    """Insert rows of several models, then those `told` by their columns, and update others, by one statement: a
    data-modifying CTE for each model, in the order given, and for each update.

    Policies, triggers and keys hold as ever; keys between the rows are checked at the statement's end.
    """
    groups: dict[type[Model], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(type(row), []).append(columns_of(row))
    parts: list[str] = []
    params: list[Any] = []
    for model, values in [*groups.items(), *(told or {}).items()]:
        parts.append(f"i{len(parts)} AS ({inserting(model)})")
        params.append(as_json(model, values))
    for sql, values_of in updates:
        parts.append(f"u{len(parts)} AS ({sql})")
        params.extend(values_of)
    with planned_once() as cursor:
        cursor.execute("WITH " + ", ".join(parts) + " SELECT 1", params)
    for row in rows:
        row._state.adding = False
        row._state.db = "default"


@dataclass(frozen=True)
class Look:
    """One look at (or refusal of) something, to be written into the read log."""

    what: str
    subject: UUID | None
    outcome: str = "read"
    reason: str = ""


def looked_at(what: str, subject: UUID | None = None, *, outcome: str = "read") -> None:
    """Note that the person acting sees `what` of `subject` (or, with `outcome` refused, wanted to); written when the
    request's own transaction is over."""
    memory = acting_door().memory
    reasons: dict[UUID | None, str] = memory.get("reasons", {})
    memory.setdefault("looks", []).append(Look(what, subject, outcome, reasons.get(subject, reasons.get(None, ""))))


def seen_because(reason: str, *subjects: UUID | None) -> None:
    """What the person acting sees of these subjects (None: of whatever this page is about) she sees for a reason that
    she gave; the read log says it with each look."""
    acting_door().memory.setdefault("reasons", {}).update(dict.fromkeys(subjects, reason))


def write_looks(*, tenant: int | str, by: Actor, purpose: str, looks: Sequence[Look], now: datetime) -> None:
    """Write looks and refusals in a transaction of their own."""
    if not looks:
        return
    with acting(tenant, by, purpose) as door, writing(door):
        ReadEntry.objects.bulk_create(
            ReadEntry(
                at=now,
                actor_kind=by.kind,
                actor_id=by.agent,
                actor_name=by.told,
                purpose=purpose,
                outcome=look.outcome,
                what=look.what,
                subject=look.subject,
                reason=look.reason,
            )
            for look in looks
        )
