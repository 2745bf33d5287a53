"""Regimes of settlement as data, their windows and rates; and which days differ from what was settled, in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handslag.rules.norms import Norm, Number, held

Column = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Regime:
    """What one fund (`code`) reimburses: for people of these `statuses` a `rate` for each day (none: no lump sum), and
    what was booked on these `accounts`. `payer`: its code where the register says who reimburses a day; `years`: for
    so many from entry, by status. It is settled by windows of `months`, within `due_days` after each.

    With `incomes` it reimburses the net cost: what was booked on `accounts` less what was on `incomes`, by heads, for
    the days whose payer it is; a line is then an extract of the case account (see `Item`)."""

    code: str
    law: str
    payer: str
    currency: str
    months: int
    due_days: int
    statuses: tuple[str, ...]
    rate: Norm | None
    years: dict[str, int]
    accounts: tuple[str, ...]
    later: Callable[[date, int], date]
    incomes: tuple[str, ...] = ()

    def window(self, day: date) -> tuple[date, date]:
        """The window that a day lies in: its first day, and the first after it."""
        return window_of(day, self.months)

    def due_on(self, until: date) -> date:
        """By which day the window that ends before `until` is to be claimed."""
        return until + timedelta(days=self.due_days - 1)

    def cuts(self, since: date, until: date) -> Iterator[date]:
        """The days inside on which a new window or a new rate begins."""
        while (since := min(self.window(since)[1], self.rate.until(since) if self.rate else date.max)) < until:
            yield since

    def rate_on(self, day: date) -> int:
        """What a day is reimbursed with, in minor units."""
        assert self.rate is not None
        value = held(self.rate, day)
        assert isinstance(value, Number)
        return int(value)


def window_of(day: date, months: int) -> tuple[date, date]:
    """The window of so many months, counted from January, that a day lies in."""
    first = (day.month - 1) // months * months
    after = first + months
    return date(day.year, first + 1, 1), date(day.year + after // 12, after % 12 + 1, 1)


class Item(NamedTuple):
    """A booking (`cost`) in a line, in minor units, an income below 0: `gross` as booked for the days from `since`
    until before `until`, of which so many `days` are claimed. Hers of it is `whole` and one head's part of `common`.
    """

    cost: str
    since: date
    until: date
    days: int
    gross: int
    whole: int
    common: int
    heads: int

    @property
    def part(self) -> Fraction:
        """Hers of the days that are claimed, not rounded."""
        return (self.whole + Fraction(self.common, self.heads)) * Fraction(self.days, (self.until - self.since).days)


def shared(items: Iterable[Item]) -> int:
    """What these come to, in minor units: divided exactly, rounded once, halves away from zero."""
    exact = sum((one.part for one in items), Fraction())
    amount = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return amount if exact > 0 else -amount


class Runs(NamedTuple):
    """Runs of days in columns: whose (`key`, whatever number), from `since` until before `until` (ordinals of days),
    and how many times each day (`sign`)."""

    key: Column
    since: Column
    until: Column
    sign: Column


def runs(rows: list[tuple[int, int, int, int]]) -> Runs:
    """Rows (key, since, until, sign) as columns."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Runs(*(np.ascontiguousarray(column) for column in table.T))


def differences(wanted: Runs, counted: Runs, blocked: Runs, known: Runs, cuts: Column) -> Runs:
    """What is to be claimed (+1) or given back (-1) so that the counted days become the wanted ones without those that
    are `blocked`. A run begins anew at each of `cuts`, and where one of the others than the wanted begins or ends."""
    parts = (wanted, counted, blocked, known)
    key = np.concatenate([column for part in parts for column in (part.key, part.key)])
    if not len(key):
        return runs([])
    day = np.concatenate([column for part in parts for column in (part.since, part.until)])
    changes = np.zeros((4, len(key)), dtype=np.int64)
    at = 0
    for place, part in enumerate(parts):
        for sign in (part.sign, -part.sign):
            changes[place, at : at + len(sign)] = sign
            at += len(sign)
    hard = np.arange(len(key)) >= 2 * len(wanted.key)
    keys = np.unique(key)
    key = np.concatenate([key, np.repeat(keys, len(cuts))])
    day = np.concatenate([day, np.tile(cuts, len(keys))])
    changes = np.hstack([changes, np.zeros((4, len(keys) * len(cuts)), dtype=np.int64)])
    hard = np.concatenate([hard, np.ones(len(keys) * len(cuts), dtype=bool)])
    order = np.lexsort((day, key))
    key, day, changes, hard = key[order], day[order], changes[:, order], hard[order]
    first = np.flatnonzero(np.concatenate([[True], (key[1:] != key[:-1]) | (day[1:] != day[:-1])]))
    key, day, hard = key[first], day[first], np.logical_or.reduceat(hard, first)
    want, count, block, _ = np.cumsum(np.add.reduceat(changes, first, axis=1), axis=1) > 0
    sign = (want & ~block).astype(np.int64) - count
    here = np.flatnonzero(sign[:-1])  # nothing holds behind the last day of a key
    since, until = day[here], day[here + 1]
    begins = np.ones(len(here), dtype=bool)
    begins[1:] = (key[here[1:]] != key[here[:-1]]) | (since[1:] != until[:-1]) | hard[here[1:]]
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(here))[: len(starts)] - 1
    return Runs(key[here][starts], since[starts], until[ends], sign[here][starts])


def covered(line: Runs, by: Runs) -> Column:
    """How many days of each line lie in runs of the same key, which don't overlap each other."""
    order = np.lexsort((by.since, by.key))
    key, since, until = by.key[order], by.since[order], by.until[order]
    low, high = np.searchsorted(key, line.key, "left"), np.searchsorted(key, line.key, "right")
    many = high - low
    whose = np.repeat(np.arange(len(line.key)), many)
    there = np.arange(many.sum()) + np.repeat(low - np.concatenate([[0], np.cumsum(many)[:-1]]), many)
    days = np.minimum(line.until[whose], until[there]) - np.maximum(line.since[whose], since[there])
    return np.bincount(whose, np.maximum(days, 0), len(line.key)).astype(np.int64)
