"""Facts of a period as the application and the household say them; sheets that exist."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from handslag.domain.casefile.models import Case, Period
from handslag.domain.entitlement.models import Sheet
from handslag.domain.intake.models import Application, ApplicationPeriod
from handslag.domain.people.queries import household_on
from handslag.rules.se.facts import Cost, Facts, Income, Member
from handslag.rules.se.pack import calculate, norms_for
from handslag.rules.sheet import Sheet as Calculation


def newest_application(period: UUID) -> Application | None:
    """The newest application for a period."""
    row = (
        ApplicationPeriod.objects.select_related("application")
        .filter(period_id=period)
        .order_by("-application__received_at")
        .first()
    )
    return row.application if row else None


def applied_facts(case: Case, period: Period, application: Application | None) -> Facts:
    """The facts as applied for: the household of the register, costs and incomes as given. No value is accepted yet."""
    answers: dict[str, Any] = application.document["answers"] if application else {"costs": [], "incomes": []}
    members = [
        Member(
            key=str(m.person_id),
            role="adult" if m.role == "adult" else "child",
            birth_on=m.person.birth_on,
            since=m.since if m.since > period.since else None,
            until=m.until if m.until and m.until < period.until else None,
        )
        for m in household_on(case.household_id, period.since, period.until)
    ]
    return Facts(
        since=period.since,
        until=period.until,
        members=members,
        costs=[Cost(code=c["code"], applied=c["amount"], person=c["person"], note=c["note"]) for c in answers["costs"]],
        incomes=[
            Income(code=i["code"], gross=i["amount"], source="given", person=i["person"], note=i["note"])
            for i in answers["incomes"]
        ],
    )


def calculated(facts: Facts, today: date) -> Calculation:
    """The sheet of facts, without saving anything (what-if): norms of the period's first day, sections of `today`."""
    return calculate(facts, norms_for(facts.since, None, today))


def newest_sheet(period: UUID) -> Sheet | None:
    """The newest sheet of a period."""
    return Sheet.objects.select_related("norm_set", "snapshot").filter(period_id=period).order_by("-number").first()


def stored_calculation(sheet: Sheet) -> Calculation:
    """The stored sheet as the rules' own type."""
    return Calculation.from_json(sheet.body)
