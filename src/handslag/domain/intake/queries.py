"""Reads on drafts, signatures and received applications."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from uuid import UUID

from handslag.domain.casefile.models import Period
from handslag.domain.intake.models import (
    Application,
    ApplicationPeriod,
    Draft,
    InboxItem,
    Receipt,
    Signature,
    SigningRequest,
)
from handslag.domain.intake.states import DraftState, InboxState, SigningState


def running_drafts(cases: Collection[UUID]) -> list[Draft]:
    """The drafts of these cases that can still be changed or signed, oldest month first."""
    return list(
        Draft.objects.select_related("period", "case")
        .filter(case_id__in=cases, state__in=[DraftState.OPEN, DraftState.SIGNING], channel="online")
        .order_by("period__since")
    )


def draft_of(period: UUID) -> Draft | None:
    """The draft of a period that is running, of whatever channel."""
    return Draft.objects.filter(period_id=period, state__in=[DraftState.OPEN, DraftState.SIGNING]).first()


def signed_by(draft: Draft) -> list[Signature]:
    """The signatures that stand for what is fixed now, in the order they were given."""
    if not draft.shown_digest:
        return []
    return list(Signature.objects.filter(draft=draft, digest=draft.shown_digest).order_by("signed_at"))


def receipts_of(cases: Collection[UUID]) -> list[tuple[Receipt, Period, bool]]:
    """What was received in these cases, newest first: receipt, period, whether somebody works on it."""
    rows = list(
        ApplicationPeriod.objects.select_related("period", "application")
        .filter(application__case_id__in=cases)
        .order_by("-application__received_at")
    )
    keys = [row.application_id for row in rows]
    receipts = {r.application_id: r for r in Receipt.objects.filter(application_id__in=keys)}
    taken = set(
        InboxItem.objects.filter(application_id__in=keys)
        .exclude(state=InboxState.WAITING)
        .values_list("application_id", flat=True)
    )
    for row in rows:
        receipts[row.application_id].application = row.application
    return [(receipts[row.application_id], row.period, row.application_id in taken) for row in rows]


def application_before(case: UUID, period: Period) -> Application | None:
    """The newest application of the case for the month before `period`."""
    row = (
        ApplicationPeriod.objects.select_related("application")
        .filter(application__case_id=case, period__until=period.since)
        .order_by("-application__received_at")
        .first()
    )
    return row.application if row else None


def signing_used(state: str) -> UUID | None:
    """The draft that a step-up with this state value has signed already; None if it hasn't been used."""
    return (
        SigningRequest.objects.filter(token=token_of(state), state=SigningState.USED)
        .values_list("draft_id", flat=True)
        .first()
    )


def token_of(state: str) -> str:
    """What is stored of a flow's random state value."""
    return hashlib.sha256(state.encode()).hexdigest()
