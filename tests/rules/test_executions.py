"""One rule text, two executions: a household alone and among many gets the same lines, to the öre."""

import random
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from handslag.rules.norms import NormMissing
from handslag.rules.population import Columns
from handslag.rules.se import population
from handslag.rules.se.facts import Facts
from handslag.rules.se.pack import calculate, norms_for
from handslag.rules.se.population import Population
from handslag.rules.se.rows import Period

from .executions import LAWS, QUIET, alone, differs, drawn, smallest, together
from .households import household, settings

PERIODS = [
    (date(2025, 2, 1), date(2025, 3, 1)),
    (date(2025, 6, 10), date(2025, 7, 1)),
    (date(2025, 12, 1), date(2026, 1, 1)),
    (date(2026, 3, 1), date(2026, 4, 1)),
    (date(2026, 4, 1), date(2026, 5, 1)),
    (date(2026, 5, 15), date(2026, 5, 16)),
]


@pytest.mark.parametrize("seed", range(12))
def test_both_executions_give_the_same_lines_and_totals(seed: int) -> None:
    draw = random.Random(seed)
    since, until = PERIODS[seed % len(PERIODS)]
    chosen = settings(draw)
    facts = []
    sheets = []
    norms = norms_for(since)
    while len(facts) < 40:
        one = Facts.from_json(household(draw, since, until, chosen))
        try:
            sheets.append(calculate(one, norms))
        except NormMissing:
            continue  # a child turns 21 on the reference day: refused alone, so not among the many
        facts.append(one)
    many = Population.of(facts)
    month = Period.of(since, until)
    norms = norms.with_settings(chosen)
    written = population.calculate_lines(many, month, norms)
    totals = population.calculate(many, month, norms, chunk=7)
    for name, amounts in totals.items():
        assert amounts.dtype == np.int64
        alone = [s.totals[name] if name in s.totals else getattr(s, name) for s in sheets]
        assert amounts.tolist() == alone, name
        assert np.array_equal(amounts, written.totals[name])
    lines = [line for s in sheets for line in s.lines]
    persons = [line.amount for line in lines if line.code == "PERSON"]
    assert written.lines["PERSON"].tolist() == persons
    incomes = [x for x in lines if x.code.startswith("INCOME.")]
    own = [x.amount for x in incomes if x.text == "child_means"]
    assert written.lines["INCOME"].tolist() == [x.amount for x in incomes if x.text != "child_means"]
    assert [amount for amount in written.lines.get("MEANS", np.zeros(0)).tolist() if amount] == own
    common = [sum(x.amount for x in s.lines if x.code == "COMMON") for s in sheets]
    assert written.lines["COMMON"].tolist() == common


def test_a_population_refuses_what_a_household_alone_would_be_refused_for() -> None:
    grown = {"key": "a", "role": "child", "birth_on": "2004-03-01"}
    facts = Facts.from_json({"since": "2026-03-01", "until": "2026-04-01", "members": [grown]})
    norms = norms_for(facts.since)
    with pytest.raises(NormMissing):
        calculate(facts, norms)
    with pytest.raises(NormMissing):
        population.calculate(Population.of([facts]), Period.of(facts.since, facts.until), norms)


def test_a_population_has_one_period() -> None:
    member = {"key": "a", "role": "adult", "birth_on": "1990-01-01"}
    march = Facts.from_json({"since": "2026-03-01", "until": "2026-04-01", "members": [member]})
    april = Facts.from_json({"since": "2026-04-01", "until": "2026-05-01", "members": [member]})
    with pytest.raises(ValueError, match="one period"):
        Population.of([march, april])


def test_columns_are_as_long_as_their_offsets_say() -> None:
    with pytest.raises(ValueError, match="gross: 2 rows, the offsets say 3"):
        Columns(np.array([0, 3]), {"gross": np.zeros(2, dtype=np.int64)})


@pytest.mark.parametrize("name", sorted(LAWS))
def test_households_that_hypothesis_draws_come_out_the_same_alone_and_among_many(name: str) -> None:
    """Beside the 2,000 of each law that are drawn by seed: Hypothesis draws these, and cuts down what differs."""

    @how(QUIET, max_examples=100)
    @given(st.randoms(use_true_random=False))
    def same(draw: random.Random) -> None:
        law, [data] = LAWS[name], drawn(name, draw, 1)
        facts = law.kind.from_json(data)
        try:
            expected = alone(law, facts)
        except NormMissing:
            return
        assert [expected] == together(law, [facts]), data

    same()


def test_a_household_that_differs_is_cut_down_to_what_makes_it_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """An execution that is wrong by an öre for an income of 1,000 kr or more."""

    def wrong(many: Population, *arguments: Any) -> dict[str, Any]:
        totals = calculated(many, *arguments)
        return totals | {"granted": totals["granted"] + many.incomes.total(many.incomes.gross >= 1_000_00)}

    calculated = population.calculate
    draw = random.Random(5)
    fitting = [
        one
        for one in drawn("se", draw, 200)
        if len(one["members"]) == 2
        and sum(row["gross"] > 1_000_00 for row in one["incomes"]) >= 2
        and not any(row["code"] == "SALARY" for row in one["incomes"])  # which says whose it is
    ]
    data = min(fitting, key=lambda one: len(repr(one)))
    assert not differs("se", data)
    monkeypatch.setattr(population, "calculate", wrong)
    assert differs("se", data)
    found = smallest(data, partial(differs, "se"))
    assert [(row["gross"], sorted(row)) for row in found["incomes"]] == [(1_000_00, ["code", "gross", "source"])]
    assert sorted(found) == ["incomes", "members", "since", "until"]
    assert [sorted(row) for row in found["members"]] == [["birth_on", "key", "role"]]
