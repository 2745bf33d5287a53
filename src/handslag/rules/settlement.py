"""Regimes of settlement as data, their windows and rates; in columns, which days differ from what was settled, and what
bookings come to by heads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import lcm
from typing import Final, NamedTuple

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
    return _rounded(sum((one.part for one in items), Fraction()))


def _rounded(exact: Fraction) -> int:
    amount = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return amount if exact > 0 else -amount


class Items(NamedTuple):
    """Bookings in lines, in columns (see `Item`): each in which `line` (its place; those of a line follow each other),
    of which person and which booking (`cost`; whatever numbers), days as ordinals."""

    line: Column
    person: Column
    cost: Column
    since: Column
    until: Column
    days: Column
    gross: Column
    whole: Column
    common: Column
    heads: Column


def sums(items: Items, lines: int) -> Column:
    """What each line comes to, as `shared` says it of one. By a common denominator of all parts; where that or a
    numerator is too large for a machine's whole number, line by line."""
    divisor = items.heads * (items.until - items.since)
    common = lcm(*np.unique(divisor).tolist())
    many = np.bincount(items.line, minlength=lines)
    largest = (np.abs(items.whole).astype(float) * items.heads + np.abs(items.common)) * items.days
    if common * int(many.max(initial=0)) > _SAFE or largest.max(initial=0) > _SAFE:
        return _sums_exactly(items, lines)
    whole, rest = np.divmod((items.whole * items.heads + items.common) * items.days, divisor)
    begins = np.concatenate([[0], np.cumsum(many)])[:-1]
    filled = np.flatnonzero(many)
    amount, parts = np.zeros((2, lines), dtype=np.int64)
    if len(filled):
        amount[filled] = np.add.reduceat(whole, begins[filled])
        parts[filled] = np.add.reduceat(rest * (common // divisor), begins[filled])
    more, parts = np.divmod(parts, common)
    amount += more
    amount += (2 * parts > common) | ((2 * parts == common) & (amount >= 0))
    return amount


#: What stays a whole number of a machine, also when it is doubled.
_SAFE: Final = 2**61


def _sums_exactly(items: Items, lines: int) -> Column:
    exact = [Fraction()] * lines
    for place, since, until, days, whole, common, heads in zip(
        *(column.tolist() for column in (items.line, items.since, items.until, items.days, items.whole, items.common,
                                         items.heads)),
        strict=True,
    ):  # fmt: skip
        exact[place] += (whole + Fraction(common, heads)) * Fraction(days, until - since)
    return np.array([_rounded(one) for one in exact], dtype=np.int64)


class Homes(NamedTuple):
    """Who lives where, in columns, by `home` in order: `person`, from `since` until before `until` (ordinals)."""

    home: Column
    person: Column
    since: Column
    until: Column


def heads_of(home: Column, since: Column, until: Column, homes: Homes) -> tuple[Column, Column, Column]:
    """Of bookings of households for days: each with each who lives there on one of them, once, as (place of the
    booking, person), in the order of the bookings; and by how many heads it is."""
    low, high = np.searchsorted(homes.home, home, "left"), np.searchsorted(homes.home, home, "right")
    many = high - low
    whose = np.repeat(np.arange(len(home)), many)
    there = np.arange(many.sum()) + np.repeat(low - (np.cumsum(many) - many), many)
    lives = (homes.since[there] < until[whose]) & (since[whose] < homes.until[there])
    whose, person = whose[lives], homes.person[there[lives]]
    order = np.lexsort((person, whose))
    whose, person = whose[order], person[order]
    once = np.ones(len(whose), dtype=bool)
    once[1:] = (whose[1:] != whose[:-1]) | (person[1:] != person[:-1])
    whose, person = whose[once], person[once]
    return whose, person, np.bincount(whose, minlength=len(home))[whose]


class Faults(NamedTuple):
    """What the checks of extracts say of each of their items: how many of the days that it claims are `left`, whether
    that is less (`outside`), whether it is claimed elsewhere or once more (`twice`), and whether what is claimed of its
    booking by all heads together is more than it (`split`)."""

    left: Column
    outside: NDArray[np.bool_]
    twice: NDArray[np.bool_]
    split: NDArray[np.bool_]


def faults(items: Items, elsewhere: NDArray[np.bool_], paid: Runs) -> Faults:
    """Look at items: `elsewhere` says which another fund reimburses, `paid` on which days a claim of a person is open.
    """
    ones = np.ones(len(items.line), dtype=np.int64)
    left = np.minimum(items.days, covered(Runs(items.person, items.since, items.until, ones), paid))
    again = ones.astype(bool)  # the same booking once more for the same person
    order = np.lexsort((items.person, items.cost))  # stable: the first stays
    cost, person = items.cost[order], items.person[order]
    again[order[:1]] = False
    again[order[1:]] = (cost[1:] == cost[:-1]) & (person[1:] == person[:-1])
    together = np.bincount(items.cost, np.where(again, 0, items.whole + items.common / items.heads))[items.cost]
    split = np.sign(items.gross) * together > np.abs(items.gross) + 0.5  # all heads' parts are at most the whole
    return Faults(left, left < items.days, elsewhere | again, split)


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
