"""What differs between a period's facts and those of the period before: causes of warnings, never a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from handslag.domain.casefile.models import Period
from handslag.domain.casefile.queries import Cause, period_before
from handslag.domain.casefile.states import WarningKind
from handslag.domain.entitlement.models import Assessment
from handslag.domain.entitlement.queries import applied_facts, newest_application, newest_sheet
from handslag.rules.se.facts import Cost, Facts

#: The kinds whose causes this check knows: it closes no others.
KINDS = frozenset(
    {
        WarningKind.NEW_EXPENSE,
        WarningKind.NEW_PERSON,
        WarningKind.HOUSEHOLD_CHANGE,
        WarningKind.HOUSING_COST_CHANGE,
    }
)
#: Codes of costs that are the home's.
HOUSING = frozenset({"RENT"})


def causes_in(period: UUID) -> set[Cause]:
    """The causes that are there now: the facts as the office has them, else as applied for, beside the sheet of the
    period before. Without such a sheet there is nothing to compare with."""
    found = Period.objects.select_related("case").get(id=period)
    earlier = period_before(found)
    sheet = newest_sheet(earlier.id) if earlier else None
    if sheet is None:
        return set()
    assessment = Assessment.objects.filter(period=found).first()
    # Who lives there is the register's to say, whatever day the facts were saved.
    applied = applied_facts(found.case, found, newest_application(found.id))
    facts = Facts.from_json(assessment.facts) if assessment else applied
    return differences(facts, Facts.from_json(sheet.snapshot.facts), {m.key: m.role for m in applied.members})


def differences(facts: Facts, before: Facts, people: dict[str, str]) -> set[Cause]:
    """New costs, a changed home, new people and another household, each with its line. `people`: role by key now."""
    found = set()
    costs, costs_before = _sums(facts.costs), _sums(before.costs)
    for code, amount in costs.items():
        earlier = costs_before.get(code, 0)
        if not earlier:
            found.add(Cause(WarningKind.NEW_EXPENSE, code, "", amount))
        elif code in HOUSING and amount != earlier:
            found.add(Cause(WarningKind.HOUSING_COST_CHANGE, code, "", amount, earlier))
    then = {m.key: m.role for m in before.members}
    found |= {Cause(WarningKind.NEW_PERSON, "", key) for key in people.keys() - then.keys()}
    if people != then or facts.household_size != before.household_size:
        found.add(Cause(WarningKind.HOUSEHOLD_CHANGE))
    return found


def _sums(costs: Iterable[Cost]) -> dict[str, int]:
    """What was applied for of each kind, or added by the office; what is nothing is left out."""
    sums: dict[str, int] = {}
    for cost in costs:
        if amount := cost.applied or cost.accepted:
            sums[cost.code] = sums.get(cost.code, 0) + amount
    return sums
