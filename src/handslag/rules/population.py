"""A population as columns: rows (members, costs, incomes) lie flat, offsets say whose they are."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

CHUNK: Final = 32_768
"""Households worked on at a time: their columns fit a processor's cache, and memory stays flat."""


class Columns:
    """Rows of a population: each column one array, as an attribute.

    `offsets` has one entry more than there are households: the rows of household h are
    offsets[h] .. offsets[h + 1], as in an Arrow list column.
    """

    def __init__(self, offsets: NDArray[np.int64], columns: Mapping[str, NDArray[Any]]) -> None:
        for name, column in columns.items():
            if len(column) != offsets[-1] - offsets[0]:
                raise ValueError(f"{name}: {len(column)} rows, the offsets say {offsets[-1] - offsets[0]}")
        self.offsets = offsets
        self.columns = columns
        self._by: tuple[Columns, ByMember] | None = None
        self.__dict__.update(columns)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> NDArray[Any]:
            """A column."""

    def total(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum of `values` (one per row) for each household; 0 for one without rows."""
        return sums(values, self._starts) if len(values) else np.zeros(len(self.offsets) - 1, dtype=np.int64)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        starts: NDArray[np.int64] = self.offsets - self.offsets[0]
        return starts

    @cached_property
    def _household(self) -> NDArray[np.int64]:
        """For each row, whose it is."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def spread(self, value: Any) -> NDArray[Any]:
        """The household's one value, for each of its rows."""
        found: NDArray[Any] = np.take(value, self._household)
        return found

    def by_member(self, values: NDArray[np.int64], members: "Columns") -> NDArray[np.int64]:
        """For each member the sum of its rows' values."""
        if len(values):
            return self.by(members).total(values)
        return np.zeros(int(members.offsets[-1] - members.offsets[0]), dtype=np.int64)

    def by(self, members: "Columns") -> "ByMember":
        """These rows by the member that each belongs to (`member`: its place in the household, -1: nobody)."""
        if self._by is None or self._by[0] is not members:
            self._by = members, ByMember(self, members)
        return self._by[1]

    def part(self, since: int, until: int) -> "Columns":
        """The rows of households `since` .. `until`, without copying."""
        start, end = self.offsets[since] - self.offsets[0], self.offsets[until] - self.offsets[0]
        columns = {name: column[start:end] for name, column in self.columns.items()}
        return Columns(self.offsets[since : until + 1], columns)


class ByMember:
    """Rows as the members' own. `places`: where in the members' columns each row's member stands."""

    def __init__(self, rows: Columns, members: Columns) -> None:
        self.places: NDArray[np.int64] = rows.spread(members.offsets[:-1] - members.offsets[0]) + rows.member
        count = int(members.offsets[-1] - members.offsets[0])
        owner = np.where(rows.member >= 0, self.places, count)
        ordered = bool(np.all(owner[1:] >= owner[:-1]))
        self._order = None if ordered else np.argsort(owner, kind="stable")
        self._starts = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(owner, minlength=count + 1)[:count], out=self._starts[1:])

    def total(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each member the sum of its rows' values."""
        return sums(values if self._order is None else np.take(values, self._order), self._starts)


def sums(values: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sums of the values from each start to the next one."""
    running = np.empty(len(values) + 1, dtype=np.int64)
    running[0] = 0
    np.cumsum(values, out=running[1:])
    at = running.take(starts)
    found: NDArray[np.int64] = at[1:] - at[:-1]
    return found


def columns(households: Sequence[tuple[Any, ...]], kinds: Mapping[str, Any]) -> Columns:
    """The rows of many households as columns of the `kinds` (a NumPy type by attribute)."""
    offsets = np.zeros(len(households) + 1, dtype=np.int64)
    np.cumsum([len(rows) for rows in households], out=offsets[1:])
    rows = [row for rows in households for row in rows]
    return Columns(offsets, {n: np.array([getattr(r, n) for r in rows], dtype=k) for n, k in kinds.items()})


class Households:
    """Households of one period as columns of their own and rows of several kinds; a pack says which there are."""

    def __init__(self, households: Mapping[str, NDArray[Any]], rows: Mapping[str, Columns]) -> None:
        self.households = households
        self.rows = rows
        self.__dict__.update(households)
        self.__dict__.update(rows)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A column, or rows."""

    def __len__(self) -> int:
        return len(next(iter(self.households.values())))

    @classmethod
    def from_rows(cls, found: Sequence[Any], own: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> Self:
        """From households as the rules read them: `own` columns and those of their `rows`, each a NumPy type."""
        return cls(
            {name: np.array([getattr(h, name) for h in found], dtype=kind) for name, kind in own.items()},
            {name: columns([getattr(h, name) for h in found], kinds) for name, kinds in rows.items()},
        )

    def part(self, since: int, until: int) -> Self:
        """Households `since` .. `until`, without copying."""
        return type(self)(
            {name: column[since:until] for name, column in self.households.items()},
            {name: rows.part(since, until) for name, rows in self.rows.items()},
        )


def in_chunks(
    households: int, totals_of: Callable[[int, int], Mapping[str, NDArray[np.int64]]], chunk: int = CHUNK
) -> dict[str, NDArray[np.int64]]:
    """Totals by name, one element per household, from `totals_of(since, until)` piece by piece."""
    totals: dict[str, NDArray[np.int64]] = {}
    for since in range(0, households, chunk):
        until = min(since + chunk, households)
        for name, amounts in totals_of(since, until).items():
            if name not in totals:
                totals[name] = np.empty(households, dtype=np.int64)
            totals[name][since:until] = amounts
    return totals
