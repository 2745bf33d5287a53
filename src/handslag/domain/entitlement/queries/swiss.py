"""The facts of a Swiss support unit for a month, as the application and the register say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.queries import period_before
from handslag.domain.entitlement.models import Assessment, Sheet
from handslag.domain.entitlement.queries import local_norms, newest_application, sheet_that_counts
from handslag.domain.intake.models import Application
from handslag.domain.intake.queries import rows_applied_for
from handslag.domain.people.queries import household_on
from handslag.domain.tenancy.policies import setting
from handslag.kernel.months import Month
from handslag.rules.ch.facts import Cost, Facts, Income, Rent
from handslag.rules.ch.pack import calculate, norms_of
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormMissing

#: What a month takes over from the one before, where the office has said it: nobody applies for it.
_STANDS = ("permit", "izu", "reimbursed_until")


def budget_facts(case: Case, period: Period, *, afresh: bool = False) -> dict[str, Any]:
    """The facts of a month as plain data: what the office has assessed, else as applied for (`afresh`: that anyway),
    with the household of the register. A member whose permit nobody has said yet has none: such facts can't be
    calculated. Amounts in Rappen."""
    assessment = Assessment.objects.filter(period=period).first()
    earlier = _earlier(period)
    application = newest_application(period.id)
    found: dict[str, Any] = {"claim": "new", "living": "own", "costs": [], "incomes": []}
    if earlier is not None:
        found |= {name: earlier[name] for name in ("claim", "living", "household_size", "rent") if name in earlier}
    said = {one["key"]: one for one in (earlier or {}).get("members", [])}
    if assessment is not None:
        said |= {one["key"]: one for one in assessment.facts["members"]}
    if assessment is not None and not afresh:
        found = {name: value for name, value in assessment.facts.items() if name != "members"}
    elif application is not None:
        found |= as_applied(application)
    found |= {"since": period.since.isoformat(), "until": period.until.isoformat(), "canton": setting("canton")}
    found["members"] = [
        {
            "key": str(m.person_id),
            "birth_on": m.person.birth_on.isoformat() if m.person.birth_on else None,
            **{name: value for name, value in said.get(str(m.person_id), {}).items() if name in _STANDS},
        }
        for m in household_on(case.household_id, period.since, period.until)
    ]
    return found


def moved_within(case: Case, period: Period) -> bool:
    """Whether somebody came or left inside a month: a budget is of one unit for whole days, so the month is split."""
    rows = household_on(case.household_id, period.since, period.until)
    return any(m.since > period.since or (m.until is not None and m.until < period.until) for m in rows)


def as_applied(application: Application) -> dict[str, Any]:
    """Costs, incomes, rent, wealth and way of living as an application gives them."""
    answers: Mapping[str, Any] = application.document["answers"]
    rows = rows_applied_for(application)
    costs = [
        Cost(code=row["code"], applied=row["amount"], source="given", person=row["person"], note=row["note"])
        for row in rows["costs"]
    ]
    incomes = [
        Income(code=row["code"], gross=row["amount"], source="given", person=row["person"], note=row["note"])
        for row in rows["incomes"]
    ]
    found: dict[str, Any] = {"costs": msgspec.to_builtins(costs), "incomes": msgspec.to_builtins(incomes)}
    if answers.get("rent") is not None:
        found["rent"] = msgspec.to_builtins(Rent(amount=answers["rent"], source="given"))
    if answers.get("wealth") is not None:
        found["wealth"] = answers["wealth"]
    if answers.get("living"):
        found["living"] = answers["living"]
    return found


def budget_as_applied(sheet: Sheet) -> int:
    """What the newest application for a sheet's month would give as it was made, in Rappen: each cost, the rent and the
    incomes as given, all else as assessed; 0 where that can't be calculated."""
    application = newest_application(sheet.period_id)
    if application is None:
        return 0
    told = {name: value for name, value in sheet.snapshot.facts.items() if name not in ("costs", "incomes", "rent")}
    given = {name: value for name, value in as_applied(application).items() if name in ("costs", "incomes", "rent")}
    try:
        facts = Facts.from_json(told | given)
        norms = norms_of(facts, sheet.known_on, sheet.known_on, local_norms("ch"))
        return calculate(facts, norms).granted
    except (FactsError, NormMissing):
        return 0


def _earlier(period: Period) -> dict[str, Any] | None:
    """The facts of the month before as they would be carried into this one."""
    before = period_before(period)
    sheet = sheet_that_counts(before.id) if before else None
    if sheet is None or sheet.pack != "ch":
        return None
    facts = Facts.from_json(sheet.snapshot.facts)
    carried: dict[str, Any] = facts.carried(Month.of(period.since), sheet.granted > 0).to_json()
    return carried
