"""What a municipality takes as reasonable for a cost: its guideline by household, brought to the facts.

A limit lowers only what the rules propose. What the office has set itself stays as it is.
"""

from typing import Final

import msgspec

from handslag.rules.norms import Number, Table
from handslag.rules.se.facts import Facts
from handslag.rules.se.numbers import Norms
from handslag.rules.words import lookup

CHILDREN: Final = 20
"""A household's key: adults times 20 and the number of its children, 20 to 59. Only children count as one adult."""


def household_key(adults: int, children: int) -> int:
    """The key of a table by household: 20 one adult alone, 41 a couple with one child."""
    return min(max(adults, 1), 2) * CHILDREN + min(children, CHILDREN - 1)


def with_limits(facts: Facts, norms: Norms) -> Facts:
    """The facts with the limits in force beside their costs, and none where there is none."""
    roles = {m.key: m.role for m in facts.members}
    adults = sum(role == "adult" for role in roles.values())
    key = household_key(adults, sum(role == "child" for role in roles.values()))
    costs = []
    for cost in facts.costs:
        limit = norms.limits.get(cost.code)
        row: Number | None = lookup(limit, key) if isinstance(limit, Table) else limit
        costs.append(
            msgspec.structs.replace(
                cost,
                limit=None if row is None else int(row),
                limit_source="" if row is None else row.used.source,
            )
        )
    return msgspec.structs.replace(facts, costs=costs)
