"""The words that a rule is written in, beside `+ - * //`, comparisons and `&`.

Each means the same for one household (Python int) and for a population (NumPy int64, one element per row),
so that one rule text has two executions. A plain `if` may ask norms (the same for everybody) but never facts.
`not`, `and`, `or` and `~` don't work on both: use `where` and `&`.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from handslag.rules.norms import NormMissing, Number, Table

Array: Final = np.ndarray
Whole = Any
"""A whole number: an int, or an int64 array with one element per row."""
Truth = Any
"""A bool, or a bool array with one element per row."""


class Rows(Protocol):
    """Rows of a population: columns as attributes, and which rows belong to which household."""

    def total(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum of `values` (one per row) for each household."""

    def spread(self, value: Any) -> NDArray[Any]:
        """The household's one value, for each of its rows."""


def where(condition: Truth, then: Any, otherwise: Any) -> Any:
    """`then` where the condition holds, else `otherwise`; both are worked out, only one counts.

    Texts explain one household; a population has no explanation, and gets `otherwise`.
    """
    if condition is True:
        return then
    if condition is False:
        return otherwise
    if isinstance(otherwise, str):
        return otherwise
    # the same as np.where, and quicker
    if otherwise is True and then is False:
        return ~condition
    if type(otherwise) is int and otherwise == 0:
        return condition * then
    if type(then) is int and then == 0:
        return ~condition * otherwise
    return np.where(condition, then, otherwise)


def minimum(a: Whole, b: Whole) -> Whole:
    """The smaller of two."""
    if isinstance(a, Array) or isinstance(b, Array):
        return np.minimum(a, b)
    return a if a <= b else b


def maximum(a: Whole, b: Whole) -> Whole:
    """The larger of two."""
    if isinstance(a, Array) or isinstance(b, Array):
        return np.maximum(a, b)
    return a if a >= b else b


def round_to(unit: int, amount: Whole, divided_by: Whole = 1) -> Whole:
    """`amount / divided_by` rounded to a multiple of `unit`, half up. The one division comes last."""
    step = divided_by * unit
    if isinstance(step, int) and step == 1:
        return amount
    parts = (amount + step // 2) // step
    return parts if unit == 1 else parts * unit


def lookup(table: Table, key: Whole, only: Truth = True) -> Whole:
    """The row of `table` for `key`, 0 where `only` doesn't hold. A key without a row raises NormMissing."""
    if isinstance(key, Array):
        index = key - table.first if table.first else key
        if index.size and (index.min() < 0 or index.max() >= len(table.rows)):
            missing = ((index < 0) | (index >= len(table.rows))) & only
            if missing.any():
                raise NormMissing(f"{table.name}: no row for some key of {key.min()} to {key.max()}")
        found = table.values.take(index, mode="clip")
        return found if only is True else found * only
    if not only:
        return 0
    if not 0 <= key - table.first < len(table.rows):
        raise NormMissing(f"{table.name}: no row for {table.by} {key}")
    return table.rows[key - table.first]


def all_of(condition: Truth) -> bool:
    """Whether the condition holds for everybody: to refuse what the norms have no answer for."""
    return bool(np.all(condition))


def used(number: Number | None, when: Truth) -> Number | None:
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


def each(rows: Any, rule: Callable[..., Whole], *arguments: Any, along: tuple[Any, ...] = ()) -> Any:
    """`rule(row, *values, *arguments)` for each row; `along`: values that there is one of for each row."""
    if isinstance(rows, tuple):
        if not along:
            return [rule(row, *arguments) for row in rows]
        return tuple(rule(row, *(values[n] for values in along), *arguments) for n, row in enumerate(rows))
    return rule(rows, *along, *arguments)


def total(rows: Any, values: Any) -> Whole:
    """The values of the household's rows, summed."""
    return sum(values) if isinstance(rows, tuple) else rows.total(values)


def spread(rows: Any, value: Whole) -> Any:
    """The household's one value, for each of its rows."""
    if isinstance(rows, tuple):
        return (value,) * len(rows)
    return rows.spread(value)


def told(rows: Any, *values: Whole) -> tuple[Any, ...]:
    """Each of the household's values for each of its rows, where they only explain a line: a population explains
    nothing, and has 0."""
    return tuple((value,) * len(rows) if isinstance(rows, tuple) else 0 for value in values)


def by_member(rows: Any, values: Any, members: Any) -> Any:
    """For each member the sum over the rows that are its own (`member`: its place among them, -1: nobody's)."""
    if isinstance(rows, tuple):
        sums = [0] * len(members)
        for row, value in zip(rows, values, strict=True):
            if row.member >= 0:
                sums[row.member] += value
        return tuple(sums)
    return rows.by_member(values, members)


def shown(row: Any, view: str) -> Any:
    """The row as one of its lines shows it (its source, note, statistics code); a population shows nothing."""
    return getattr(row, view, row)


def of_member(rows: Any, values: Any, members: Any) -> Any:
    """For each row the value of the member that it belongs to (every row has one)."""
    if isinstance(rows, tuple):
        return tuple(values[row.member] for row in rows)
    return np.take(values, rows.by(members).places)


def before(rows: Any, values: Any) -> Any:
    """For each row the sum of the values of its household's rows before it."""
    if isinstance(rows, tuple):
        return tuple(sum(values[:n]) for n in range(len(rows)))
    if not len(values):
        return values
    sums_before = np.cumsum(values) - values
    return sums_before - rows.spread(sums_before.take(rows.offsets[:-1] - rows.offsets[0], mode="clip"))


def running(rows: Any, values: Any, members: Any) -> Any:
    """For each row the sum of the values of the rows before it that belong to the same member.

    The rows of one member stand together, in the order of the members.
    """
    if isinstance(rows, tuple):
        before: list[Any] = []
        sums: dict[int, Any] = {}
        for row, value in zip(rows, values, strict=True):
            before.append(sums.get(row.member, 0))
            sums[row.member] = before[-1] + value
        return tuple(before)
    return _running(values, rows.by(members).places)


def running_by_rank(rows: Any, values: Any, members: Any) -> Any:
    """The same in the order of the rows' own `rank`; they stand in any order."""
    if isinstance(rows, tuple):
        found, sums = [0] * len(rows), [0] * len(members)
        for n in sorted(range(len(rows)), key=lambda n: rows[n].rank):
            found[n] = sums[rows[n].member]
            sums[rows[n].member] += values[n]
        return tuple(found)
    places = rows.by(members).places
    order = np.lexsort((rows.rank, places))
    before = np.empty_like(values)
    before[order] = _running(values[order], places[order])
    return before


def _running(values: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each value the sum of those before it that have its place; the same places stand together."""
    sums_before = np.cumsum(values) - values
    starts = np.ones(len(places), dtype=np.bool_)
    starts[1:] = places[1:] != places[:-1]
    found: NDArray[np.int64] = (
        sums_before - sums_before[np.maximum.accumulate(np.where(starts, np.arange(len(places)), 0))]
    )
    return found
