"""Cases opened, periods made ready and marked with what became of them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.people.models import Membership, Person
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month


class CaseOpened(Event):
    kind = "case opened"


@operation()
def open_case(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    applicant: UUID,
    co_applicant: UUID | None,
    household: UUID,
    unit: UUID,
    caseworker: UUID | None,
    opened_on: date,
) -> Done[Case]:
    """Open a case of ekonomiskt bistånd for one or two adults of a household."""
    require_role(by, now, Role.REGISTRAR)
    adults = set(
        Membership.objects.filter(household_id=household, role="adult", until=None).values_list("person_id", flat=True)
    )
    if adults != {applicant, co_applicant} - {None}:
        raise NotPossible("adults of the household")
    if not Person.objects.filter(id=applicant).exists():
        raise Hidden("person", applicant)
    if Case.objects.filter(applicant_id__in=adults, state="open").exists():
        raise NotPossible("open case")
    case = Case.objects.create(
        id=open_subject("case"),
        number=next_reference("case", now),
        applicant_id=applicant,
        co_applicant_id=co_applicant,
        household_id=household,
        unit_id=unit,
        caseworker_id=caseworker,
        opened_on=opened_on,
    )
    return Done(case, CaseOpened(subject=case.id, payload={"number": case.number}))


def period_of(case: Case, month: Month) -> Period:
    """The period of a case for a calendar month, made if it isn't there (inside an operation)."""
    period, _ = Period.objects.get_or_create(case=case, since=month.since, until=month.until)
    return period
