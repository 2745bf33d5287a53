"""Settlement in columns by itself: against days counted one by one; the regime of Zurich as data."""

from __future__ import annotations

import random
from datetime import date, timedelta

import numpy as np

from handslag.rules.ch.settlement import ASYLUM, REGIMES, SECTION_44
from handslag.rules.settlement import (
    Homes,
    Item,
    Items,
    Regime,
    Runs,
    covered,
    differences,
    faults,
    heads_of,
    runs,
    shared,
    sums,
    window_of,
)

NOTHING = runs([])
Days = set[tuple[int, int]]


def of(days: Days) -> Runs:
    """(key, day) as runs of one day each."""
    return runs([(key, day, day + 1, 1) for key, day in sorted(days)])


def by_day(found: Runs) -> dict[tuple[int, int], int]:
    """The sign of each (key, day); no day stands there twice."""
    told = [
        ((key, day), sign)
        for key, since, until, sign in zip(*(column.tolist() for column in found), strict=True)
        for day in range(since, until)
    ]
    assert len(told) == len(dict(told))
    return dict(told)


def drawn(draw: random.Random) -> Days:
    return {(draw.randint(0, 2), draw.randint(0, 20)) for _ in range(draw.randint(0, 30))}


def test_what_differs_and_what_is_covered_is_what_days_one_by_one_say() -> None:
    draw = random.Random(1)
    for _ in range(60):
        wanted, counted, blocked = drawn(draw), drawn(draw), drawn(draw)
        cuts = runs([(0, day, 0, 0) for day in sorted({draw.randint(0, 20) for _ in range(3)})]).since
        found = differences(of(wanted), of(counted), of(blocked), NOTHING, cuts)
        right = wanted - blocked
        assert by_day(found) == dict.fromkeys(right - counted, 1) | dict.fromkeys(counted - right, -1)
        spans = list(zip(found.since.tolist(), found.until.tolist(), strict=True))
        assert not any(since < cut < until for since, until in spans for cut in cuts.tolist())
        assert covered(found, of(blocked)).tolist() == [
            sum((key, day) in blocked for day in range(since, until))
            for key, (since, until) in zip(found.key.tolist(), spans, strict=True)
        ]
    assert not differences(NOTHING, NOTHING, NOTHING, NOTHING, cuts).key.size


def test_zurich_settles_by_quarters_at_its_rate() -> None:
    assert REGIMES == {"asylum": ASYLUM, "section 44": SECTION_44}
    assert (ASYLUM.statuses, ASYLUM.years) == (("N", "F-A", "S"), {"F-A": 7})
    quarter = date(2026, 10, 1), date(2027, 1, 1)
    assert ASYLUM.window(date(2026, 12, 31)) == window_of(date(2026, 10, 1), 3) == quarter
    assert ASYLUM.due_on(date(2026, 10, 1)) == date(2026, 10, 30)
    assert ASYLUM.rate_on(date(2026, 7, 1)) == 36_00
    assert list(ASYLUM.cuts(date(2026, 5, 5), date(2026, 10, 1))) == [date(2026, 7, 1)]
    plain = Regime(
        code="46a", law="§ 46a SGB XII", payer="Bund", currency="EUR", months=6, due_days=45, statuses=("chapter 4",),
        rate=None, years={}, accounts=("need",), later=ASYLUM.later,
    )  # fmt: skip
    assert list(plain.cuts(date(2026, 1, 1), date(2027, 1, 2))) == [date(2026, 7, 1), date(2027, 1, 1)]


def test_what_bookings_come_to_by_heads_is_divided_exactly_and_rounded_once() -> None:
    """Two months of 2,674.00 by three heads are 1,782.67 and not twice 891.33; a half goes away from zero, either way;
    of a month that is claimed for ten of thirty days a third."""
    july, august, end = date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)
    months = [Item("a", july, august, 31, 267_400, 0, 267_400, 3), Item("b", august, end, 31, 267_400, 0, 267_400, 3)]
    assert (shared(months), shared(months[:1])) == (178_267, 89_133)
    assert [shared([Item("c", july, august, 31, n, 0, n, 2)]) for n in (1, -1, 0)] == [1, -1, 0]
    assert shared([Item("d", date(2026, 6, 1), july, 10, 90_000, 30_000, 60_000, 2)]) == 20_000
    assert shared([*months, Item("e", july, august, 31, -120_000, -120_000, 0, 1)]) == 58_267


def test_bookings_in_columns_come_to_what_each_line_says_by_itself() -> None:
    draw = random.Random(2)
    for large in (1, 10**12, 10**15):  # the last is beyond a common denominator in a machine's whole number
        lines = [
            [
                Item(f"{draw.randint(1, 9)}", since, since + timedelta(days=draw.choice((28, 30, 31, 90))),
                     draw.randint(1, 28), 0, draw.randint(-large, large), draw.randint(-500, 500) * large,
                     draw.randint(1, 12))
                for _ in range(draw.randint(0, 6)) for since in [date(2026, draw.randint(1, 12), 1)]
            ]
            for _ in range(200)
        ]  # fmt: skip
        lines.append([Item("half", date(2026, 1, 1), date(2026, 1, 31), 15, 0, 0, -large, 1)])  # away from zero
        told = [
            (n, 0, 0, one.since.toordinal(), one.until.toordinal(), *one[3:])
            for n, line in enumerate(lines) for one in line
        ]  # fmt: skip
        items = Items(*np.array(told, dtype=np.int64).T)
        assert sums(items, len(lines)).tolist() == [shared(line) for line in lines]
    assert not sums(Items(*np.zeros((10, 0), dtype=np.int64)), 0).size


def test_heads_of_bookings_are_who_lives_there_on_one_of_their_days() -> None:
    draw = random.Random(3)
    for _ in range(40):
        stays = sorted((draw.randint(0, 3), draw.randint(0, 4), since, since + draw.randint(1, 9))
                       for _ in range(draw.randint(0, 12)) for since in [draw.randint(0, 20)])  # fmt: skip
        booked = [(draw.randint(0, 4), since, since + draw.randint(1, 9)) for since in range(20)]
        here = np.array(booked, dtype=np.int64).T
        found = heads_of(*here, Homes(*np.array(stays, dtype=np.int64).reshape(-1, 4).T))
        right = [
            sorted({who for at, who, a, b in stays if at == home and a < until and since < b})
            for home, since, until in booked
        ]  # fmt: skip
        assert list(zip(*(column.tolist() for column in found), strict=True)) == [
            (n, who, len(heads)) for n, heads in enumerate(right) for who in heads
        ]


def test_what_is_wrong_with_bookings_of_extracts() -> None:
    """Days on which no claim is open, a booking once more for the same person or reimbursed elsewhere, and parts of all
    heads that are more than the booking, either way; a rounded half of it isn't."""
    told = [  # line, person, cost, since, until, days, gross, whole, common, heads
        (0, 1, 1, 0, 30, 30, 100, 100, 0, 1),  # right
        (1, 1, 1, 0, 30, 30, 100, 100, 0, 1),  # once more
        (1, 2, 2, 0, 30, 30, 101, 0, 101, 2),  # open on 20 days
        (2, 1, 2, 0, 30, 30, 101, 0, 101, 2),
        (2, 1, 3, 0, 30, 30, -100, -51, 0, 1),  # two parts of 51 are more than 100
        (2, 2, 3, 0, 20, 20, -100, -51, 0, 1),
        (3, 1, 4, 0, 30, 30, 100, 50, 100, 2),  # another fund's
    ]
    elsewhere = np.array([False] * 6 + [True])
    paid = runs([(1, 0, 30, 1), (2, 0, 20, 1)])
    found = faults(Items(*np.array(told, dtype=np.int64).T), elsewhere, paid)
    assert found.left.tolist() == [30, 30, 20, 30, 30, 20, 30]
    assert np.flatnonzero(found.outside).tolist() == [2]
    assert np.flatnonzero(found.twice).tolist() == [1, 6]
    assert np.flatnonzero(found.split).tolist() == [4, 5]
    assert not any(column.size for column in faults(Items(*np.zeros((10, 0), dtype=np.int64)), elsewhere[:0], paid))
