"""The period of a calculation as the rules see it: dates as whole numbers, so that they work on arrays too."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from handslag.kernel.months import Month


@dataclass(frozen=True, slots=True)
class Period:
    """The period, the same for everybody: dates as whole numbers 20260301, `last` its last day."""

    first: int
    last: int
    days: int
    month_days: int

    @classmethod
    @lru_cache(maxsize=512)
    def of(cls, since: date, until: date) -> "Period":
        """From half-open days inside one calendar month."""
        days = (until - since).days
        first = as_number(since)
        return cls(first, first + days - 1, days, Month.of(since).days)


def as_number(day: date) -> int:
    """2026-03-01 as 20260301: differences of such numbers, over 10000, are whole years of age."""
    return day.year * 10000 + day.month * 100 + day.day
