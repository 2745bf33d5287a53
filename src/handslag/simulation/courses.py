"""The courses that households' costs take over the months: what can be computed from the sums of months is about
nobody, or about at least five."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST: Final = 5
_PRIME: Final = 2**31 - 1
"""Rows are compared modulo a prime, which is exact but for a chance of one in two thousand million."""


def telling(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of these rows (a household each, amounts in minor units) those that tell as much as all do, also when any
    four households are taken away: what is asked of all can be asked of them, of several pieces together too."""
    return rows[np.sort(np.concatenate(_groups(rows)))]


def few_told(rows: NDArray[np.int64]) -> bool:
    """Whether sums of multiples of the columns' sums may be about one to four of these households alone.

    They can't be where there are five groups of households, none in two of them, of which each alone tells all
    courses: what is 0 for all but four households is 0 for a whole group, and so for everybody.
    """
    first, *_, last = _groups(rows)
    return len(last) < len(first)


def _groups(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Five times the numbers of independent rows that all others are sums of multiples of, without those before."""
    left, found = np.arange(len(rows)), []
    for _ in range(LEAST):
        group = _independent(rows[left])
        found.append(left[group])
        left = np.delete(left, group)
    return found


def _independent(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of rows of which none is a sum of multiples of the others, and every other row is one of them."""
    rest, found = rows % _PRIME, list[int]()
    while (there := rest != 0).any():
        row, column = divmod(int(there.argmax()), rest.shape[1])
        found.append(row)
        one = rest[row] * pow(int(rest[row, column]), -1, _PRIME) % _PRIME
        rest = (rest - rest[:, [column]] * one) % _PRIME
    return np.array(found, dtype=np.int64)
