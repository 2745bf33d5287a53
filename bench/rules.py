"""The Swedish sheet: one warm household, and a population against its arithmetic written by hand in NumPy.

    PYTHONPATH=src python bench/rules.py [--households 1000000] [--rounds 7]

Rounds are interleaved; printed are medians, the spread (lowest to highest) and the median of the ratios.
Households are invented, seeded; the hand-written version must give the same öre, or the run fails.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from handslag.rules.population import Columns
from handslag.rules.se import population
from handslag.rules.se.facts import Facts
from handslag.rules.se.numbers import Norms, norms_for
from handslag.rules.se.pack import calculate
from handslag.rules.se.population import Population
from handslag.rules.se.rows import NO_LIMIT, Period

SINCE, UNTIL = date(2026, 3, 1), date(2026, 4, 1)

COUPLE = {
    "since": "2026-03-01",
    "until": "2026-04-01",
    "members": [
        {"key": "sara", "role": "adult", "birth_on": "1988-02-11", "job_stimulus": True},
        {"key": "omar", "role": "adult", "birth_on": "1986-09-30"},
        {"key": "liv", "role": "child", "birth_on": "2020-08-14", "lunch_days": 5},
        {"key": "noa", "role": "child", "birth_on": "2013-11-02"},
    ],
    "costs": [
        {"code": "RENT", "applied": 940000},
        {"code": "ELECTRICITY", "applied": 90000},
        {"code": "HOME_INSURANCE", "applied": 21000},
        {"code": "UNEMPLOYMENT_FUND", "applied": 35000},
        {"code": "UNION_FEE", "applied": 32000, "person": "sara"},
    ],
    "incomes": [
        {"code": "PARENTAL_BENEFIT", "gross": 820000, "person": "omar", "source": "fetched"},
        {"code": "CHILD_BENEFIT", "gross": 265000, "source": "fetched"},
        {"code": "HOUSING_ALLOWANCE", "gross": 300000, "source": "fetched"},
        {"code": "SALARY", "gross": 1200000, "person": "sara", "source": "evidence"},
    ],
}


def invented(households: int, seed: int = 1) -> Population:
    """About 2.2 persons, 4 costs and 2 incomes to a household; a tenth of the persons part of the month."""
    draw = np.random.default_rng(seed)
    adults = draw.choice([1, 1, 1, 2, 2], households).astype(np.int64)
    children = draw.choice([0, 0, 0, 0, 0, 1, 1, 2, 3], households).astype(np.int64)

    def offsets(counts: Any) -> Any:
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    at = offsets(adults + children)
    rows = int(at[-1])
    adult = np.arange(rows) - np.repeat(at[:-1], adults + children) < np.repeat(adults, adults + children)
    years = np.where(adult, draw.integers(20, 70, rows), draw.integers(0, 20, rows))
    birth = (2026 - years) * 10000 + draw.integers(1, 13, rows) * 100 + draw.integers(1, 29, rows)
    birth = np.minimum(birth, 20260301)
    whole = draw.random(rows) < 0.9
    members = Columns(
        at,
        {
            "adult": adult,
            "cohabiting": adult & np.repeat(adults == 2, adults + children),
            "visiting": ~adult & (draw.random(rows) < 0.05),
            "first": np.ones(rows, dtype=np.bool_),
            "throughout": whole,
            "birth": birth,
            "lunch_days": draw.choice([0, 5], rows).astype(np.int64),
            "days": np.where(whole, 31, draw.integers(1, 31, rows)),
        },
    )
    expenses = offsets(draw.integers(2, 6, households))
    special = offsets(draw.integers(0, 2, households))
    incomes = offsets(draw.integers(0, 5, households))
    work = draw.random(int(incomes[-1]))
    return Population(
        own_size=np.where(draw.random(households) < 0.1, 9, 0).astype(np.int64),
        members=members,
        expenses=Columns(expenses, costs(draw, 900_000, int(expenses[-1]))),
        special_expenses=Columns(special, costs(draw, 200_000, int(special[-1]))),
        incomes=Columns(
            incomes,
            {
                "gross": draw.integers(0, 1_200_000, int(incomes[-1])),
                "earned_before": np.where(work < 0.05, draw.integers(0, 9_000_000, int(incomes[-1])), 0),
                "stimulated": work > 0.8,
                "work_of_child": work < 0.05,
            },
        ),
    )


def costs(draw: np.random.Generator, most: int, rows: int) -> dict[str, Any]:
    """Costs applied for, a tenth of them above a limit, a tenth set by the office."""
    applied = draw.integers(0, most, rows)
    return {
        "applied": applied,
        "limit": np.where(draw.random(rows) < 0.1, most // 2, NO_LIMIT),
        "effective": applied // 2,
        "decided": draw.random(rows) < 0.1,
    }


def by_hand(p: Population, norm: Norms) -> Any:
    """What a programmer would write for these columns and this month, with no regard to reading it as law."""
    m, i = p.members, p.incomes
    age = np.maximum((20260301 - m.birth) // 10000, 0)
    lunch = ~m.adult & (age <= 6) & (m.lunch_days >= 5)
    full, less = norm.child.values, norm.child_without_lunch.values
    monthly = np.where(lunch, less[np.minimum(age, 6)], full[np.minimum(age, 20)])
    monthly = np.where(m.adult, np.where(m.cohabiting, int(norm.couple) // 2, int(norm.single)), monthly)
    daily = (monthly * 12 + 18250) // 36500 * 100
    cost = np.where(m.days == 31, monthly, np.minimum(daily * m.days, monthly))
    by_month = (2 * monthly * m.days + 3100) // 6200 * 100
    cost = np.where(m.throughout & (m.days < 31), by_month, cost)

    def total(values: Any, rows: Columns) -> Any:
        running = np.concatenate([[0], np.cumsum(values)])
        at = rows.offsets - rows.offsets[0]
        return running[at[1:]] - running[at[:-1]]

    members = total(m.first & ~m.visiting, m)
    size = np.maximum(np.where(p.own_size > 0, p.own_size, members), 1)
    common = norm.common.values[np.minimum(size, 7) - 1] + np.maximum(size - 7, 0) * 19000
    common = (2 * common * np.minimum(members, size) + 100 * size) // (200 * size) * 100
    need = total(cost, m) + common
    for c in (p.expenses, p.special_expenses):
        need += total(np.where(c.decided, c.effective, np.minimum(c.applied, c.limit)), c)
    above = np.maximum(i.gross - np.maximum(int(norm.prisbasbelopp) - i.earned_before, 0), 0)
    counted = np.where(i.stimulated, i.gross - (i.gross * 25 + 50) // 100, i.gross)
    income = total(np.where(i.work_of_child, above, counted), i)
    return np.maximum(need - income, 0)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def spread(seconds: list[float], scale: float, unit: str) -> str:
    """Median and range."""
    low, mid, high = (f(seconds) * scale for f in (min, statistics.median, max))
    return f"{mid:8.1f} {unit} ({low:.1f} to {high:.1f})"


def main() -> None:
    """Print the figures; fail when the hand-written version disagrees."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--households", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=7)
    given = arguments.parse_args()

    norms = norms_for(SINCE)
    facts = Facts.from_json(COUPLE).to_bytes()
    repeat = 500

    def one() -> None:
        for _ in range(repeat):
            calculate(Facts.from_json(facts), norms).to_bytes()

    one()
    warm = [timed(one)[0] / repeat for _ in range(given.rounds)]
    print(f"one household, JSON in, full sheet out    {spread(warm, 1e6, 'us')}")

    many = invented(given.households)
    month = Period.of(SINCE, UNTIL)
    ours: list[float] = []
    hand: list[float] = []
    pieces: list[float] = []
    cuts = [*range(0, len(many), population.CHUNK), len(many)]
    parts = [many.part(since, until) for since, until in pairwise(cuts)]
    for _ in range(given.rounds):
        seconds, sheet = timed(lambda: population.calculate(many, month, norms))
        ours.append(seconds)
        seconds, granted = timed(lambda: by_hand(many, norms))
        hand.append(seconds)
        if not np.array_equal(sheet["granted"], granted):
            raise SystemExit("the hand-written version gives other amounts")
        pieces.append(timed(lambda: np.concatenate([by_hand(part, norms) for part in parts]))[0])
    rows = len(many.members.days)
    incomes = len(many.incomes.gross)
    print(f"{given.households} households, {rows} persons, {incomes} incomes, equal to the öre")
    print(f"the rules                                 {spread(ours, 1e3, 'ms')}")
    print(f"the same by hand                          {spread(hand, 1e3, 'ms')}")
    print(f"by hand, in the same chunks               {spread(pieces, 1e3, 'ms')}")
    for name, others in (("by hand", hand), ("by hand in chunks", pieces)):
        ratios = [h / o for h, o in zip(others, ours, strict=True)]
        low, mid, high = min(ratios), statistics.median(ratios), max(ratios)
        print(f"rate of the rules / rate {name:<17}{mid:8.2f}    ({low:.2f} to {high:.2f})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory                               {peak} MB")


if __name__ == "__main__":
    main()
