"""The words that a rule is written in, beside `+ - * //`, comparisons and `&`.

Each means the same for one household (Python int) and for a population (NumPy int64, one element per row),
so that one rule text has two executions. A plain `if` may ask norms (the same for everybody) but never facts.
`not`, `and`, `or` and `~` don't work on both: use `where` and `&`.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from handslag.rules.norms import NormMissing, Number, Table

Whole = Any
"""A whole number: an int, or an int64 array with one element per row."""
Truth = Any
"""A bool, or a bool array with one element per row."""


class Rows(Protocol):
    """Rows of a population: columns as attributes, and which rows belong to which household."""

    def total(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum of `values` (one per row) for each household."""


def where(condition: Truth, then: Any, otherwise: Any) -> Any:
    """`then` where the condition holds, else `otherwise`; both are worked out, only one counts.

    Texts explain one household; a population has no explanation, and gets `otherwise`.
    """
    if condition is True:
        return then
    if condition is False:
        return otherwise
    return otherwise if isinstance(otherwise, str) else np.where(condition, then, otherwise)


def minimum(a: Whole, b: Whole) -> Whole:
    """The smaller of two."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.minimum(a, b)
    return a if a <= b else b


def maximum(a: Whole, b: Whole) -> Whole:
    """The larger of two."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.maximum(a, b)
    return a if a >= b else b


def round_to(unit: int, amount: Whole, divided_by: Whole = 1) -> Whole:
    """`amount / divided_by` rounded to a multiple of `unit`, half up. The one division comes last."""
    step = divided_by * unit
    if isinstance(step, int) and step % 2 == 0:
        return (amount + step // 2) // step * unit
    return (2 * amount + step) // (2 * step) * unit


def lookup(table: Table, key: Whole, only: Truth = True) -> Whole:
    """The row of `table` for `key`, 0 where `only` doesn't hold. A key without a row raises NormMissing."""
    if isinstance(key, np.ndarray):
        index = key - table.first if only is True else np.where(only, key - table.first, -1)
        lowest = 0 if only is True else -1
        if index.size and (index.min() < lowest or index.max() >= len(table.rows)):
            raise NormMissing(f"{table.name}: no row for some key of {key.min()} to {key.max()}")
        return table.values[index]
    if not only:
        return 0
    if not 0 <= key - table.first < len(table.rows):
        raise NormMissing(f"{table.name}: no row for {table.by} {key}")
    return table.rows[key - table.first]


def used(number: Number, when: Truth) -> Number | None:
    """For the numbers of a line: the number where it had a part in the result (one household only)."""
    return number if when is True else None


def sum_members(rows: Any, rule: Callable[..., Whole], *arguments: Any) -> Whole:
    """`rule(row, *arguments)` summed over the household's rows (members, costs, incomes)."""
    if isinstance(rows, tuple):
        total = 0
        for row in rows:
            total += rule(row, *arguments)
        return total
    return rows.total(rule(rows, *arguments))
