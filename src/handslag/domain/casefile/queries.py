"""Reads on cases."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from handslag.domain.casefile.models import Case, Period
from handslag.domain.people.models import Membership
from handslag.domain.tenancy.permissions import Member
from handslag.kernel.months import Month


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


def period_in(case: UUID, month: Month) -> Period | None:
    """The period of a case for a calendar month."""
    return Period.objects.filter(case_id=case, since=month.since).first()


def period_before(period: Period) -> Period | None:
    """The period of the same case that ends where this one begins, or earlier."""
    return Period.objects.filter(case_id=period.case_id, until__lte=period.since).order_by("-since").first()


def cases_with(person: UUID, member: Member) -> list[Case]:
    """The cases that a person or her household is part of, as far as this member has a relation to them."""
    homes = Membership.objects.filter(person_id=person).values("household_id")
    return list(
        cases_worked_by(member)
        .select_related("applicant", "co_applicant", "caseworker")
        .filter(Q(applicant_id=person) | Q(co_applicant_id=person) | Q(household_id__in=homes))
        .order_by("-opened_on", "number")
    )


def case_numbered(number: str, member: Member) -> Case | None:
    """The case with that number, as far as this member has a relation to it."""
    return cases_worked_by(member).filter(number=number.strip().upper()).first()


def cases_worked_by(member: Member) -> QuerySet[Case]:
    """The cases that a member of staff has a relation to, without those of people above her clearance."""
    return Case.objects.filter(
        Q(unit_id=member.unit_id) | Q(caseworker_id=member.id),
        Q(co_applicant=None) | Q(co_applicant__protection_level__lte=member.clearance),
        applicant__protection_level__lte=member.clearance,
    )
