"""No cell below five, and none that is left out can be computed from what is shown."""

from random import Random
from typing import Any

import numpy as np
import pytest

from handslag.simulation.chunk import KINDS, PARTS, _sums, added
from handslag.simulation.courses import LEAST
from handslag.simulation.disclosure import Published, Row, TooFew, left_out, published


def sums(draw: Random) -> dict[str, Any]:
    """Sums of a few households of some kinds, with many small counts."""
    few = draw.choice(((0, 0, 1, 2, 4, 5, 6, 9, 40), (5, 6, 9, 40, 41, 300, 300, 301, 4)))
    kinds = {}
    for kind in draw.sample(KINDS, draw.randint(1, len(KINDS))):
        winners, losers, same = (draw.choice(few) for _ in range(3))
        number = winners + losers + same
        if not number:
            continue
        before = draw.randint(max(losers, number // 2), number)
        after = max(min(before + draw.choice((0, 0, 2)), number), winners)
        gains, losses = winners * draw.randint(1, 999), losers * draw.randint(1, 999)
        cost = losses + before * 1000
        kinds[kind] = [number, before, cost, after, cost + gains - losses, winners, gains, losers, losses]
    months = [[700, 900] for _ in range(3)]
    total = [sum(row[n] for row in kinds.values()) for n in (2, 4)]
    months[0] = [total[0] - 1400, total[1] - 1800]
    courses = {k: [[1, 1, 1, 2, 2, 2, 3]] * draw.choice((0, 5, 9, draw.choice(few))) for k in KINDS if k in kinds}
    return {"kinds": {k: kinds[k] for k in courses}, "months": months, "courses": courses}


def counts(row: Row) -> list[int]:
    shown = [row.households]
    if row.cells:
        shown += [row.cells[2], row.cells[4], row.cells[6]]
    return shown


def known(found: Published) -> tuple[Any, list[str]]:
    """Equations among the cells, of which what is shown is known: a matrix over the cells left out, by name."""
    rows = [*found.kinds, found.total]
    names = [f"{row.kind}.{cell}" for row in rows for cell in CELLS] + [
        f"m{m}.{cell}" for m in range(len(found.months)) for cell in ("before", "after")
    ]
    place = {name: n for n, name in enumerate(names)}
    equations = []

    def say(**terms: int) -> None:
        line = np.zeros(len(names))
        for name, factor in terms.items():
            line[place[name]] = factor
        equations.append(line)

    for cell in CELLS:
        say(**{f"{row.kind}.{cell}": 1 for row in found.kinds}, **{f"all.{cell}": -1})
    for row in rows:
        k = row.kind
        # their sum is the number of households, which is always shown
        say(**{f"{k}.winners": 1, f"{k}.losers": 1, f"{k}.same": 1})
        say(**{f"{k}.after": 1, f"{k}.before": -1, f"{k}.gains": -1, f"{k}.losses": 1})
    for cell in ("before", "after"):
        say(**{f"m{m}.{cell}": 1 for m in range(len(found.months))}, **{f"all.{cell}": -1})
    hidden = []
    for row in rows:
        hidden += [f"{row.kind}.{cell}" for cell in CELLS if row.cells is None]
    hidden += [f"m{m}.{cell}" for m, cost in enumerate(found.months) if cost is None for cell in ("before", "after")]
    return np.array(equations)[:, [place[name] for name in hidden]], hidden


CELLS = ("before", "after", "winners", "gains", "losers", "losses", "same")


def test_no_cell_below_five_and_none_can_be_computed_back() -> None:
    draw, left, whole = Random(2026), 0, 0
    for _ in range(400):
        data = sums(draw)
        number = sum(row[0] for row in data["kinds"].values())
        if number < LEAST:
            with pytest.raises(TooFew):
                published(data)
            continue
        found = published(data)
        assert sum(row.households for row in found.kinds) == found.total.households == number
        for row in (*found.kinds, found.total):
            assert all(cell == 0 or cell >= LEAST for cell in counts(row)), row
        matrix, hidden = known(found)
        left += len(hidden)
        whole += not hidden
        if hidden:  # a cell is given away when the equations leave it no other value
            _, strength, ways = np.linalg.svd(matrix)
            free = ways[int((strength > 1e-9).sum()) :]
            fixed = [name for n, name in enumerate(hidden) if not np.abs(free[:, n]).max(initial=0) > 1e-9]
            assert fixed == [], (data, fixed)
    assert left > 1000 and whole > 5


def test_what_may_be_shown_is_shown() -> None:
    rows = {"single_0": [20, 20, 900, 20, 950, 15, 60, 5, 10], "couple_0": [30, 25, 800, 25, 800, 0, 0, 0, 0]}
    courses = {"single_0": [[40, 44, 4]] * 15 + [[60, 58, 0]] * 5, "couple_0": [[27, 27, 0]] * 25}
    found = published({"kinds": rows, "months": [[1700, 1750]], "courses": courses})
    assert found.kinds == (
        Row("single_0", 20, (900, 950, 15, 60, 5, 10, 0)),
        Row("couple_0", 30, (800, 800, 0, 0, 0, 0, 30)),
    )
    assert found.total == Row("all", 50, (1700, 1750, 15, 60, 5, 10, 30))
    assert found.months == ((1700, 1750),)
    assert len(PARTS) == len(rows["single_0"])


def test_how_many_get_more_and_less_does_not_follow_from_what_it_costs() -> None:
    """1,380 more for 4 and 400 less for 3 is 4,320: of 7 that all get another amount no other numbers give that."""
    rows = {"single_0": [40, 40, 900, 40, 900, 0, 0, 0, 0], "couple_0": [7, 7, 9000, 7, 13320, 4, 5520, 3, 1200]}
    found = published({"kinds": rows, "months": [[9900, 14220]], "courses": {}})
    assert [(row.households, row.cells) for row in (*found.kinds, found.total)] == [
        (40, (900, 900, 0, 0, 0, 0, 40)), (7, None), (47, None),
    ]  # fmt: skip
    assert found.months == (None,)


@pytest.mark.parametrize(
    ("few", "before", "after"),  # of each of three months: what all get, and what the few get besides
    [
        (3, [(50, 0)] * 3, [(50, 7), (50, 7), (80, 7)]),  # the total minus March: twice the same three
        (3, [(50, 0)] * 3, [(60, 0), (60, 7), (60, 7)]),  # February minus January
        (3, [(50, 0), (50, 7), (50, 0)], [(60, 0), (60, 7), (60, 0)]),  # the same before
        (3, [(50, 0), (70, 0), (90, 0)], [(60, 0), (80, 7), (100, 7)]),  # by what the changes differ
        (3, [(50, 0)] * 3, [(50, 7)] * 3),
        (5, [(50, 0)] * 3, [(50, 7), (50, 7), (80, 7)]),
        (3, [(50, 0), (70, 0), (90, 0)], [(60, 0), (80, 0), (100, 0)]),
    ],
)
def test_no_two_months_tell_a_few_households_apart(few: int, before: Any, after: Any) -> None:
    granted = np.zeros((2, 3, 100), dtype=np.int64)
    for side, months in enumerate((before, after)):
        for m, (every, besides) in enumerate(months):
            granted[side, m] = every
            granted[side, m, :few] += besides
    found = published(_sums(granted, np.zeros(100, dtype=np.int64)))
    shown = few == LEAST or not any(besides for _, besides in (*before, *after))
    assert found.months == (tuple(zip(*granted.sum(axis=2).tolist(), strict=True)) if shown else (None,) * 3)


NESTED = {(1, 2, 2): 6, (0, 1, 1): 1}


@pytest.mark.parametrize(
    ("changes", "shown"),  # by kind: what households get more in each of three months, and how many they are
    [
        ([NESTED], False),  # February minus twice January: one
        ([{(1, 2, 2): 6, (0, 1, 1): 5}], True),
        ([{(1, 0, 1): 6, (0, 1, 1): 6, (1, 1, 1): 1}], False),  # January and February minus March: one
        ([{(1, 0, 1): 6, (0, 1, 1): 6, (1, 1, 1): 5}], True),
        ([{(1, 0, 0): 6, (0, 1, 0): 1}, {(0, 1, 0): 10}], False),  # the kind minus January: one
        ([{(1, 0, 0): 6, (0, 1, 0): 5}, {(0, 1, 0): 10}], True),
        ([{(1, 0, 0): 6, (-1, 1, 0): 6, (0, -1, 0): 6}], True),  # one change for more, one for less
        ([{(2, 0, 0): 6, (-1, 1, 0): 1}, {(-1, 0, 0): 6}], False),  # neither more nor less in all: one
    ],
)
@pytest.mark.parametrize("size", [100, 3])
def test_no_sum_of_multiples_of_months_is_about_a_few_households(changes: Any, shown: bool, size: int) -> None:
    rows = [
        (kind, [500 + 100 * more for more in course])
        for kind, courses in enumerate(changes)
        for course, number in ({(0, 0, 0): 30} | courses).items()
        for _ in range(number)
    ]
    Random(7).shuffle(rows)
    granted = np.array([[[500] * 3 for _ in rows], [after for _, after in rows]]).transpose(0, 2, 1)
    kinds = np.array([kind for kind, _ in rows])
    pieces = [_sums(granted[:, :, n : n + size], kinds[n : n + size]) for n in range(0, len(rows), size)]
    found = added([piece | {"example": False, "refused": []} for piece in pieces], 3)
    whole = added([_sums(granted, kinds) | {"example": False, "refused": []}], 3)
    assert found == whole
    assert published(found).months == (tuple(tuple(month) for month in whole["months"]) if shown else (None,) * 3)


@pytest.mark.parametrize(
    ("few", "shown"), [({(50, 100, 100): 1}, False), ({(50, 100, 100): 5}, True), ({(0, 100, 100): 1}, True)]
)
@pytest.mark.parametrize("others", [{(60, 60, 60): 8}, {(60, 60, 80): 8, (60, 60, 70): 8}])
def test_what_other_kinds_cost_is_taken_off_the_months_in_vain(few: Any, shown: bool, others: Any) -> None:
    """A kind that costs the same in every month (the same in two of them) is taken off by its row: the rest of January
    is what the few of another kind get alone."""
    kinds = ({(0, 100, 100): 9}, few, others)
    rows = [(course, n == 2) for n, kind in enumerate(kinds) for course, number in kind.items() for _ in range(number)]
    granted = np.array([[course for course, _ in rows]] * 2).transpose(0, 2, 1)
    found = published(_sums(granted, np.array([int(other) for _, other in rows])))
    assert found.total.cells is not None
    assert (None not in found.months) == shown


def test_kinds_of_few_households_are_one_and_take_the_smallest_other_with_them() -> None:
    def row(number: int) -> list[int]:
        return [number, number, 100 * number, number, 110 * number, number, 10 * number, 0, 0]

    kinds = {"single_0": row(50), "single_1": row(7), "couple_1": row(2), "couple_2": row(1)}
    found = published({"kinds": kinds, "months": [], "courses": {}})
    assert [(one.kind, one.households) for one in found.kinds] == [("single_0", 50), ("other", 10)]


def test_a_row_without_zeros_is_left_out_with_one_that_must_be() -> None:
    assert left_out([(2, 9), (0, 30), (8, 8)], [11, 30, 60]) == (frozenset({0, 2}), True)
    assert left_out([(2, 9), (0, 30), (0, 8)], [11, 30, 8]) == (frozenset({0}), False)
    assert left_out([(1, 9), (4, 30)], [10, 34]) == (frozenset({0, 1}), True)
