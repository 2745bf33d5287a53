"""No cell below five: what of the sums may be published, so that nothing left out can be computed back.

Cells from 1 to 4 are left out, and so is whatever would give them away: see docs/decisions (no cell below five).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handslag.simulation.chunk import KINDS, PARTS
from handslag.simulation.courses import LEAST, beyond, few_told, rank

OTHER: Final = "other"
"""Kinds with fewer than five households, together."""


class TooFew(ValueError):
    """Fewer than five households: nothing can be published."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of household, or all. `cells` None: left out.

    `cells`: cost before and after; how many get more and by how much; how many get less and by how much; how many get
    the same. Amounts in minor units.
    """

    kind: str
    households: int
    cells: tuple[int, int, int, int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class Published:
    """What may leave: rows by kind, the row of all, and cost before and after of each month (None: left out)."""

    kinds: tuple[Row, ...]
    total: Row
    months: tuple[tuple[int, int] | None, ...]

    @property
    def amounts(self) -> list[int]:
        """All amounts that are shown, in minor units."""
        of_kinds = [row.cells[n] for row in (*self.kinds, self.total) if row.cells for n in (0, 1, 3, 5)]
        return of_kinds + [amount for month in self.months if month for amount in month]


def fit(cells: Sequence[int]) -> bool:
    """Whether none of these counts of households is 1 to 4. Nobody is described by a zero."""
    return all(cell == 0 or cell >= LEAST for cell in cells)


def left_out(rows: Sequence[Sequence[int]], sizes: Sequence[int]) -> tuple[frozenset[int], bool]:
    """(which rows are left out, whether their sum may be published) for the counts behind the cells of each row.

    A row is left out when one of its counts is 1 to 4. What the sum gives away of the rows left out is their own sum:
    if that has such a count too, another row that makes it large enough is left out with them (one without zeros,
    which could be guessed, then the smallest); if none does, the sum isn't published.
    """
    gone = frozenset(n for n, cells in enumerate(rows) if not fit(cells))

    def covered(those: frozenset[int]) -> bool:
        together = [sum(cells) for cells in zip(*(rows[n] for n in those), strict=True)]
        return len(those) > 1 and fit(together)

    if not gone or covered(gone):
        return gone, True
    for n in sorted(set(range(len(rows))) - gone, key=lambda n: (list(rows[n]).count(0), sizes[n], n)):
        if covered(gone | {n}):
            return gone | {n}, True
    return gone, False


def published(sums: Mapping[str, Any]) -> Published:
    """What of the sums (see `chunk.added`) may leave. TooFew when that is nothing.

    The months are shown together or not at all: what a few households make can follow from any of them, with the
    others, the total and the rows of kinds.
    """
    kinds = _large_enough(sums["kinds"])
    names, rows = list(kinds), list(kinds.values())
    sizes = [row["households"] for row in rows]
    gone, whole = left_out([_behind(row) for row in rows], sizes)
    total = {part: sum(row[part] for row in rows) for part in PARTS}
    by_month = whole and not _months_tell_few(sums, names, gone)
    return Published(
        kinds=tuple(_row(names[n], rows[n], n in gone) for n in range(len(rows))),
        total=_row("all", total, not whole),
        months=tuple((before, after) if by_month else None for before, after in sums["months"]),
    )  # fmt: skip


def _months_tell_few(sums: Mapping[str, Any], names: Sequence[str], gone: frozenset[int]) -> bool:
    """Whether something about one to four households may follow from the months: with each other and the total; or,
    of the changes, with the rows shown, each of which could be taken off the months (those left out only together)."""
    months, every = len(sums["months"]), sums["courses"]
    of = {name: [name] if name in every else [kind for kind in every if kind not in names] for name in names}
    shown = [of[name] for n, name in enumerate(names) if n not in gone]
    hidden = [kind for n in gone for kind in of[names[n]]]
    kinds = [_rows(every, row, months) for row in (*shown, hidden) if row]
    changes = []
    for rows in kinds:
        before, after, gain = np.split(rows, [months, 2 * months], axis=1)
        changes.append(np.hstack([after - before, gain]))
    return any(few_told(rows) for rows in (_rows(every, list(every), months), *changes)) or _tells_few_of_one(kinds)


def _tells_few_of_one(kinds: Sequence[NDArray[np.int64]]) -> bool:
    """Whether the months, with the rows of all other kinds taken off where these say nothing else, tell more about the
    households of one kind than its own row does, and that may be about one to four of them."""
    own = [_in_all(rows) for rows in kinds]
    for n, rows in enumerate(kinds):
        others = []
        for m, other in enumerate(kinds):
            beside = np.zeros((len(other), own[0].shape[1] * len(kinds)), dtype=np.int64)
            beside[:, m * own[0].shape[1] : (m + 1) * own[0].shape[1]] = own[m]
            others += [] if m == n else [np.hstack([other, beside])]
        here = np.hstack([rows, np.zeros((len(rows), own[0].shape[1] * len(kinds)), dtype=np.int64)])
        left = beyond(here, np.vstack([here[:0], *others]))
        if rank(left) > rank(own[n]) and few_told(left):
            return True
    return False


def _in_all(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """What a kind's row says of its households: before and after in all months, and how much more."""
    before, after, gain = np.split(rows, [rows.shape[1] // 2, rows.shape[1] - 1], axis=1)
    return np.hstack([before.sum(axis=1, keepdims=True), after.sum(axis=1, keepdims=True), gain])


def _rows(courses: Mapping[str, Any], kinds: Sequence[str], months: int) -> NDArray[np.int64]:
    return np.array([row for kind in kinds for row in courses[kind]], dtype=np.int64).reshape(-1, 2 * months + 1)


def _large_enough(kinds: Mapping[str, Sequence[int]]) -> dict[str, dict[str, int]]:
    """The sums of each kind by part; kinds of fewer than five households together, with the smallest other."""
    found = {kind: dict(zip(PARTS, kinds[kind], strict=True)) for kind in KINDS if kind in kinds}
    small = [kind for kind, row in found.items() if row["households"] < LEAST]
    rest = sorted((k for k in found if k not in small), key=lambda k: (found[k]["households"], KINDS.index(k)))
    while small and sum(found[kind]["households"] for kind in small) < LEAST and rest:
        small.append(rest.pop(0))
    other = {part: sum(found[kind][part] for kind in small) for part in PARTS}
    if not found or (small and other["households"] < LEAST):
        raise TooFew(f"fewer than {LEAST} households could be calculated: nothing can be published")
    left = {kind: row for kind, row in found.items() if kind not in small}
    return left | ({OTHER: other} if small else {})


def _behind(row: Mapping[str, int]) -> tuple[int, ...]:
    """The counts behind a row's cells. More and less count also where only the costs were shown: where all get more by
    one amount and less by another, as by one norm's change, the costs' difference tells how many."""
    return row["receive_before"], row["receive_after"], row["winners"], row["losers"], _same(row)


def _same(row: Mapping[str, int]) -> int:
    return row["households"] - row["winners"] - row["losers"]


def _row(kind: str, row: Mapping[str, int], gone: bool) -> Row:
    costs, more, less = (row["cost_before"], row["cost_after"]), row["winners"], row["losers"]
    return Row(kind, row["households"], None if gone else (*costs, more, row["gains"], less, row["losses"], _same(row)))
