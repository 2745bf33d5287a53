"""Decisions of a case, and what their letters say."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from handslag.domain.casefile.models import Case
from handslag.domain.casefile.queries import cases_worked_by
from handslag.domain.decisions.models import Decision, Hearing
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


def hearings_of(period: UUID) -> list[Hearing]:
    """Who was asked what she thinks before a decision on a period, newest first."""
    found = Hearing.objects.select_related("person", "asked_by", "noted_by").filter(period_id=period)
    return list(found.order_by("-asked_at", "-id"))


def hearings_for(person: UUID, cases: Collection[UUID]) -> list[Hearing]:
    """What a person is asked in these cases and hasn't answered, while nothing is decided since, oldest first."""
    found = Hearing.objects.select_related("period").filter(person_id=person, case_id__in=cases, answered_at=None)
    return [one for one in found.order_by("asked_at", "id") if not is_decided_since(one)]


def is_decided_since(hearing: Hearing) -> bool:
    """Whether the period was decided after somebody was asked: then her answer comes too late for that decision."""
    decided = Decision.objects.filter(period_id=hearing.period_id, decided_at__gt=hearing.asked_at)
    return decided.exists()


def not_heard(case: Case, period: UUID, before: Decision | None, today: date) -> list[UUID]:
    """The adults who weren't asked about a period, since the decision in force (`before`) was taken, or still have
    time to answer."""
    asked = Hearing.objects.filter(period_id=period)
    if before is not None:
        asked = asked.filter(asked_at__gte=before.decided_at)
    heard = {one.person_id for one in asked if one.answered_at or one.answer_by < today}
    return [key for key in (case.applicant_id, case.co_applicant_id) if key and key not in heard]


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
