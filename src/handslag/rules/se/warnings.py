"""What a caseworker should look at: a warning never changes an amount, and ends when its cause does."""

from collections.abc import Collection
from typing import Literal

import msgspec

from handslag.rules.se.facts import CARRIED, Facts
from handslag.rules.se.months import changed
from handslag.rules.se.numbers import Norms

Kind = Literal[
    "UNHANDLED_INCOME",
    "INCOME_CHANGE",
    "MISSING_SSBTEK",
    "NEW_INCOME",
    "NEW_EXPENSE",
    "NEW_PERSON",
    "INCOME_DROPPED",
    "HOUSEHOLD_CHANGE",
    "HOUSING_COST_CHANGE",
    "EXPENSE_REVIEW",
    "EXPENSE_CAPPED",
]
HOUSING = "RENT"


class Warning(msgspec.Struct, frozen=True, order=True):
    """One warning. `about`: the code of a cost or income, an authority, or nothing; `person`: of whom.

    `now` and `then`: the amounts that it is about, öre (0 where there is none).
    """

    kind: Kind
    about: str = ""
    person: str = ""
    now: int = 0
    then: int = 0


def warnings_of(
    facts: Facts,
    norms: Norms,
    before: Facts | None = None,
    *,
    missing: Collection[str] = (),
    unhandled: Collection[str] = (),
) -> list[Warning]:
    """All warnings whose cause is there now, sorted. `before`: the facts of last month, None where there are none.

    `missing`: authorities that haven't answered. `unhandled`: fetched payments that no rule has a place for.
    """
    found = [Warning("MISSING_SSBTEK", name) for name in set(missing)]
    found += [Warning("UNHANDLED_INCOME", name) for name in set(unhandled)]
    for cost in facts.costs:
        who = cost.person or ""
        if cost.proposed < cost.applied:
            found.append(Warning("EXPENSE_CAPPED", cost.code, who, cost.proposed, cost.applied))
        if cost.code == "OTHER":
            found.append(Warning("EXPENSE_REVIEW", cost.code, who, cost.accepted, cost.applied))
    if before is not None:
        found += _against(facts, before, norms)
    return sorted(set(found))


def _against(facts: Facts, before: Facts, norms: Norms) -> list[Warning]:
    found = []
    now, then = _incomes(facts), _incomes(before)
    for (code, person), amount in now.items():
        earlier = then.get((code, person), 0)
        if not earlier:
            found.append(Warning("NEW_INCOME", code, person, amount))
        elif changed(amount, earlier, norms.income_change):
            found.append(Warning("INCOME_CHANGE", code, person, amount, earlier))
    found += [
        Warning("INCOME_DROPPED", code, person, 0, amount) for (code, person), amount in then.items()
        if (code, person) not in now
    ]  # fmt: skip
    costs, costs_before = _costs(facts), _costs(before)
    for code, amount in costs.items():
        earlier = costs_before.get(code, 0)
        if not earlier:
            found.append(Warning("NEW_EXPENSE", code, "", amount))
        elif code == HOUSING and amount != earlier:
            found.append(Warning("HOUSING_COST_CHANGE", code, "", amount, earlier))
    people, people_before = _people(facts), _people(before)
    found += [Warning("NEW_PERSON", "", key) for key in people.keys() - people_before.keys()]
    same = people.keys() & people_before.keys()
    moved = len(same) < len(people_before) or any(people[key] != people_before[key] for key in same)
    if moved or facts.household_size != before.household_size:
        found.append(Warning("HOUSEHOLD_CHANGE"))
    return found


def _incomes(facts: Facts) -> dict[tuple[str, str], int]:
    """What each person has of each kind; what isn't above 0 and a carried surplus are no income to compare."""
    sums: dict[tuple[str, str], int] = {}
    for income in facts.incomes:
        if income.gross and income.code != CARRIED:
            key = (income.code, income.person or "")
            sums[key] = sums.get(key, 0) + income.gross
    return sums


def _costs(facts: Facts) -> dict[str, int]:
    """What was applied for, or added by the office, of each kind."""
    sums: dict[str, int] = {}
    for cost in facts.costs:
        if cost.applied or cost.accepted:
            sums[cost.code] = sums.get(cost.code, 0) + (cost.applied or cost.accepted)
    return sums


def _people(facts: Facts) -> dict[str, str]:
    return {m.key: m.role for m in facts.members}
