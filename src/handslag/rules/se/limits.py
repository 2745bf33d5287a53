"""What a municipality takes as reasonable for a cost: its guideline by household, brought to the facts.

A limit lowers only what the rules propose. What the office has set itself stays as it is.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec

from handslag.rules.norms import Number, Table, held
from handslag.rules.se.facts import Facts
from handslag.rules.se.numbers import LIMIT_CHANGE, Norms
from handslag.rules.words import lookup

CHILDREN: Final = 20
"""A household's key: adults times 20 and the number of its children, 20 to 59. Only children count as one adult."""

LAST_DAY: Final = "last_day"
_DAY: Final = timedelta(days=1)


def household_key(adults: int, children: int) -> int:
    """The key of a table by household: 20 one adult alone, 41 a couple with one child."""
    return min(max(adults, 1), 2) * CHILDREN + min(children, CHILDREN - 1)


@dataclass(frozen=True, slots=True)
class Change:
    """A limit that is another one from a day inside the period on; None where there is none on that day.

    `first`, `last`: on the period's first and last day. `counted`: the one of them that holds for the period.
    """

    on: date
    first: Number | None
    last: Number | None
    counted: Number | None


def changes(facts: Facts, norms: Norms) -> dict[str, Change]:
    """The limits that change inside the period, by code of cost. No source says which one holds then."""
    chosen = norms.limit_change
    if not norms.own_limits or chosen is None or norms.held_until is not None:
        return {}
    choice = facts.settings.get(LIMIT_CHANGE, chosen.used.value)
    key, found = _key(facts), {}
    for code, norm in norms.own_limits.items():
        first, last = (_row(held(norm, day, norms.known_on), key) for day in (facts.since, facts.until - _DAY))
        if first != last:
            known = [v for v in norm.values if v.known(norms.known_on)]
            on = max(d for v in known for d in (v.since, v.until) if d and d < facts.until)
            found[code] = Change(on, first, last, last if choice == LAST_DAY else first)
    return found


def with_limits(facts: Facts, norms: Norms) -> Facts:
    """The facts with the limits in force beside their costs, and none where there is none."""
    key, changed = _key(facts), changes(facts, norms)
    costs = []
    for cost in facts.costs:
        change = changed.get(cost.code)
        row = change.counted if change else _row(norms.limits.get(cost.code), key)
        costs.append(
            msgspec.structs.replace(
                cost,
                limit=None if row is None else int(row),
                limit_source="" if row is None else row.used.source,
            )
        )
    return msgspec.structs.replace(facts, costs=costs)


def _key(facts: Facts) -> int:
    roles = {m.key: m.role for m in facts.members}
    adults = sum(role == "adult" for role in roles.values())
    return household_key(adults, sum(role == "child" for role in roles.values()))


def _row(limit: Table | Number | None, key: int) -> Number | None:
    return lookup(limit, key) if isinstance(limit, Table) else limit
