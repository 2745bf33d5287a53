"""A population as columns: rows (members, costs, incomes) lie flat, offsets say whose they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray


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
        self.__dict__.update(columns)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> NDArray[Any]:
            """A column."""

    def total(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum of `values` (one per row) for each household; 0 for one without rows."""
        running = np.empty(len(values) + 1, dtype=np.int64)
        running[0] = 0
        np.cumsum(values, out=running[1:])
        at = running[self.offsets - self.offsets[0]]
        sums: NDArray[np.int64] = at[1:] - at[:-1]
        return sums

    def part(self, since: int, until: int) -> "Columns":
        """The rows of households `since` .. `until`, without copying."""
        start, end = self.offsets[since] - self.offsets[0], self.offsets[until] - self.offsets[0]
        columns = {name: column[start:end] for name, column in self.columns.items()}
        return Columns(self.offsets[since : until + 1], columns)
