"""Decisions of a case, and what their letters say."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from handslag.domain.casefile.queries import cases_worked_by
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.states import DecisionState
from handslag.domain.tenancy.permissions import Member

TAKEN = (DecisionState.DECIDED, DecisionState.SERVED)


def taken_decisions(case: UUID) -> list[Decision]:
    """The decisions taken in a case, newest first."""
    return list(
        Decision.objects.select_related("period", "sheet", "decided_by")
        .filter(case_id=case, state__in=TAKEN)
        .order_by("-decided_at")
    )


def in_force(period: UUID) -> Decision | None:
    """The decision in force on a period: the one taken that no other replaces; None where nothing is decided."""
    replaced = Decision.objects.filter(period_id=period, state__in=TAKEN, replaces__isnull=False).values("replaces_id")
    found = Decision.objects.select_related("sheet").filter(period_id=period, state__in=TAKEN)
    return found.exclude(id__in=replaced).first()


def replaced_by(decision: UUID) -> Decision | None:
    """The decision that replaces this one, if one was taken."""
    return Decision.objects.filter(replaces_id=decision, state__in=TAKEN).first()


def proposal_of(period: UUID) -> Decision | None:
    """The open proposal of a period."""
    return (
        Decision.objects.select_related("sheet", "proposed_by")
        .filter(period_id=period, state=DecisionState.PROPOSED)
        .first()
    )


def proposals_for(member: Member) -> list[Decision]:
    """The open proposals of the cases that a member of staff has a relation to, oldest first."""
    return list(
        Decision.objects.select_related("case__applicant", "case__co_applicant", "period", "proposed_by")
        .filter(state=DecisionState.PROPOSED, case_id__in=cases_worked_by(member).values("id"))
        .order_by("proposed_at")
    )


def newest_decision(period: UUID) -> Decision | None:
    """The newest decision of a period, in whatever state."""
    return (
        Decision.objects.select_related("sheet", "proposed_by", "decided_by")
        .filter(period_id=period)
        .order_by("-proposed_at")
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
