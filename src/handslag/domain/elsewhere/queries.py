"""Reads on cases that are worked elsewhere: what that system said, what waits to be handed over to it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from handslag.domain.casefile.models import Case
from handslag.domain.casefile.queries import worked_by
from handslag.domain.elsewhere.models import ForeignCase, HandOver
from handslag.domain.elsewhere.states import HandOverState
from handslag.domain.tenancy.permissions import Member


def foreign_cases(cases: Collection[UUID]) -> dict[UUID, ForeignCase]:
    """Those of these cases that are worked elsewhere, each with its newest answer."""
    return {row.id: row for row in ForeignCase.objects.select_related("answer").filter(id__in=cases)}


def hand_overs_of(cases: Collection[UUID]) -> dict[UUID, HandOver]:
    """The hand-overs of these cases' applications, by application."""
    return {row.id: row for row in HandOver.objects.filter(case_id__in=cases)}


def hand_overs_seen_by(member: Member, since: datetime) -> list[HandOver]:
    """What waits or is parked in the cases that this member of staff sees, and what has ended after `since`; what needs
    a person first, newest first."""
    ours = HandOver.objects.select_related("case__applicant", "case__co_applicant").filter(worked_by(member, "case__"))
    live = ours.filter(Q(ended_at=None) | Q(ended_at__gte=since)).order_by("-created_at", "-id")
    return sorted(live[:500], key=lambda row: (row.state != HandOverState.PARKED, row.state != HandOverState.WAITING))


def due_hand_overs(now: datetime, most: int = 100) -> list[UUID]:
    """The applications whose turn it is to be handed over, oldest first."""
    waiting = HandOver.objects.filter(state=HandOverState.WAITING, next_try_at__lte=now)
    return list(waiting.order_by("next_try_at", "id").values_list("id", flat=True)[:most])


def to_ask(now: datetime, every: timedelta, most: int = 200) -> list[UUID]:
    """The open cases whose system wasn't asked for so long, those never asked first."""
    cases = Case.objects.filter(worked_in__isnull=False, state="open").values("id")
    asked = ForeignCase.objects.filter(id__in=cases).filter(Q(asked_at=None) | Q(asked_at__lte=now - every))
    return list(asked.order_by("asked_at", "id").values_list("id", flat=True)[:most])
