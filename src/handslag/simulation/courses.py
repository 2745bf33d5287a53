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


def beyond(rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """What of rows is left for whoever asks only what the others say nothing to: no sum of multiples of columns that is
    0 for all others tells more of the rows than of these."""
    there = others[_independent(others)]
    return _eliminated(np.vstack([there, rows]), len(there))[0][len(there) :]


def rank(rows: NDArray[np.int64]) -> int:
    """How many independent rows there are."""
    return len(_independent(rows))


def _independent(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of rows of which none is a sum of multiples of the others, and every other row is one of them."""
    return np.array(_eliminated(rows, len(rows))[1], dtype=np.int64)


def _eliminated(rows: NDArray[np.int64], among: int) -> tuple[NDArray[np.int64], list[int]]:
    """(the rows less multiples of independent ones of the first so many, so that these are 0; their numbers)."""
    rest, found = rows % _PRIME, list[int]()
    while (there := rest[:among] != 0).any():
        row, column = divmod(int(there.argmax()), rest.shape[1])
        found.append(row)
        one = rest[row] * pow(int(rest[row, column]), -1, _PRIME) % _PRIME
        rest = (rest - rest[:, [column]] * one) % _PRIME
    return rest, found
