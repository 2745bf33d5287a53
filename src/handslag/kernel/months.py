"""Dates without clock times: half-open spans of days, and calendar months."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open days: `since` belongs to it, `until` doesn't. Never empty."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if not self.since < self.until:
            raise ValueError(f"a span ends after it begins: {self.since} .. {self.until}")

    @property
    def days(self) -> int:
        """Number of days, at least one."""
        return (self.until - self.since).days

    @property
    def last(self) -> date:
        """The last day that belongs to it."""
        return self.until - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.since <= day < self.until

    def overlap(self, other: "Span") -> "Span | None":
        """The days that both have, or None."""
        since, until = max(self.since, other.since), min(self.until, other.until)
        return Span(since, until) if since < until else None

    def split(self, days: list[date]) -> list["Span"]:
        """The span cut before each of `days` that lies inside it, in order."""
        cuts = [self.since, *sorted({d for d in days if self.since < d < self.until}), self.until]
        return [Span(a, b) for a, b in pairwise(cuts)]


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month; prints and parses as 2026-03."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (1 <= self.number <= 12 and 1 <= self.year <= 9998):
            raise ValueError(f"no such month: {self.year}-{self.number}")

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month that `day` lies in."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """From "2026-03"; ValueError on anything else."""
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text, re.ASCII):
            raise ValueError(f"a month is written 2026-03, not {text[:20]!r}")
        return cls(int(text[:4]), int(text[5:]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def __add__(self, months: int) -> "Month":
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def __sub__(self, months: int) -> "Month":
        return self + -months

    @property
    def since(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def until(self) -> date:
        """The first day of the next month."""
        return date(self.year + self.number // 12, self.number % 12 + 1, 1)

    @property
    def span(self) -> Span:
        """Its days."""
        return Span(self.since, self.until)

    @property
    def days(self) -> int:
        """28 to 31."""
        return self.span.days


def months_of(span: Span) -> Iterator[Month]:
    """The calendar months that `span` touches, in order."""
    month = Month.of(span.since)
    while month.since < span.until:
        yield month
        month = month + 1


def age_on(day: date, birth_on: date) -> int:
    """Whole years; a birthday counts from its own day, 29 February from 1 March in other years."""
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))
