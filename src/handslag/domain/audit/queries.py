"""What the chain of a subject tells; who looked at it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from handslag.domain.audit.models import Event, Payload, ReadEntry


@dataclass(frozen=True)
class Told:
    """One event of a chain with what it says; `body` is empty where it was erased."""

    kind: str
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    body: dict[str, Any]


def timeline(subjects: Sequence[UUID], most: int = 40) -> list[Told]:
    """The newest events of some subjects, newest first."""
    return _told(Event.objects.filter(subject_id__in=subjects), most)


def _told(found: QuerySet[Event], most: int | None = None) -> list[Told]:
    rows = list(found.order_by("-at", "-seq")[:most])
    bodies = dict(Payload.objects.filter(id__in=[row.id for row in rows]).values_list("id", "body"))
    return [Told(r.kind, r.at, r.actor_kind, r.actor_id, r.actor_name, bodies.get(r.id, {})) for r in rows]


def told_of(subject: UUID, kind: str, since: datetime) -> list[Told]:
    """What of a kind has happened to a subject since a moment, newest first."""
    return _told(Event.objects.filter(subject_id=subject, kind=kind, at__gte=since))


def happened(subject: UUID, kind: str, since: datetime, **payload: Any) -> bool:
    """Whether something of a kind, with this in its `payload`, has happened to a subject since a moment."""
    events = Event.objects.filter(subject_id=subject, kind=kind, at__gte=since)
    return Payload.objects.filter(id__in=events.values("id"), body__contains=payload).exists()


def looks_at(subjects: Sequence[UUID], since: datetime, most: int, *, other_than: Collection[UUID]) -> list[ReadEntry]:
    """The newest looks at some subjects since a moment, newest first; without those of one person (by each of her
    records), and without what was refused."""
    rows = ReadEntry.objects.filter(subject__in=subjects, at__gte=since, outcome="read")
    return list(rows.exclude(actor_id__in=other_than).order_by("-at", "-id")[:most])
