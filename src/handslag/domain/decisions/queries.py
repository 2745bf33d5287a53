"""Decisions of a case, and what their letters say."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.states import DecisionState

TAKEN = (DecisionState.DECIDED, DecisionState.SERVED)


def taken_decisions(case: UUID) -> list[Decision]:
    """The decisions taken in a case, newest first."""
    return list(
        Decision.objects.select_related("period", "sheet", "decided_by")
        .filter(case_id=case, state__in=TAKEN)
        .order_by("-decided_at")
    )


def proposal_of(period: UUID) -> Decision | None:
    """The open proposal of a period."""
    return (
        Decision.objects.select_related("sheet", "proposed_by")
        .filter(period_id=period, state=DecisionState.PROPOSED)
        .first()
    )


def month_name(day: date, language: str) -> str:
    """`mars 2026`, `March 2026`."""
    names = {
        "sv": [
            "januari",
            "februari",
            "mars",
            "april",
            "maj",
            "juni",
            "juli",
            "augusti",
            "september",
            "oktober",
            "november",
            "december",
        ],
        "en": [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    }
    return f"{names[language][day.month - 1]} {day.year}"
