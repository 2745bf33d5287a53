"""Reads on cases."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Q

from handslag.domain.casefile.models import Case, Period


def cases_of(person: UUID) -> list[Case]:
    """The cases in which a person is one of the two adults, open ones first, newest first."""
    return list(
        Case.objects.select_related("applicant", "co_applicant")
        .filter(Q(applicant_id=person) | Q(co_applicant_id=person))
        .order_by("-state", "-opened_on")
    )


def periods_of(case: UUID) -> dict[date, Period]:
    """The periods of a case by their first day."""
    return {period.since: period for period in Period.objects.filter(case_id=case)}
