"""One German rule text, two executions: a household alone and among many gets the same lines, to the cent."""

import random
from datetime import date

import numpy as np
import pytest

from handslag.rules.de import population
from handslag.rules.de.facts import Facts
from handslag.rules.de.pack import TOTALS, calculate, norms_for
from handslag.rules.de.population import Population
from handslag.rules.norms import NormMissing
from handslag.rules.periods import Period

from .de_households import TABLES, household, settings

PERIODS = [
    (date(2025, 2, 1), date(2025, 3, 1)),
    (date(2025, 12, 1), date(2026, 1, 1)),
    (date(2026, 2, 1), date(2026, 3, 1)),
    (date(2026, 6, 1), date(2026, 7, 1)),
    (date(2026, 7, 1), date(2026, 8, 1)),
    (date(2026, 12, 1), date(2027, 1, 1)),
]
BY_CODE = ("NEED", "INCOME", "BACK_PAYMENT", "DEBT", "DIRECT")


@pytest.mark.parametrize("seed", range(24))
def test_both_executions_give_the_same_lines_and_totals(seed: int) -> None:
    """2,000 households in all."""
    draw = random.Random(seed)
    since, until = PERIODS[seed % 6]
    chosen = settings(draw)
    norms = norms_for(since, tables=TABLES)
    facts = [Facts.from_json(household(draw, since, until, chosen)) for _ in range(84)]
    sheets = [calculate(one, norms) for one in facts]
    many, month = Population.of(facts), Period.of(since, until)
    norms = norms.with_settings(chosen)
    written = population.calculate_lines(many, month, norms)
    totals = population.calculate(many, month, norms, chunk=7)
    assert set(totals) == {*TOTALS, "granted", "surplus"}
    for name, amounts in totals.items():
        assert amounts.dtype == np.int64
        alone = [s.totals[name] if name in s.totals else getattr(s, name) for s in sheets]
        assert amounts.tolist() == alone, name
        assert np.array_equal(amounts, written.totals[name])
    lines = [line for s in sheets for line in s.lines]
    for code, amounts in written.lines.items():
        if code in BY_CODE:
            continue  # their lines carry the kind of row; the totals hold their sums
        same = [line.amount for line in lines if line.code == code]
        assert [amount for amount in amounts.tolist() if amount] == [amount for amount in same if amount], code


def test_a_population_refuses_what_a_household_alone_would_be_refused_for() -> None:
    member = {"key": "a", "role": "adult", "birth_on": "1950-01-01", "living": "institution"}
    facts = Facts.from_json({"since": "2026-03-01", "until": "2026-04-01", "members": [member]})
    norms = norms_for(facts.since)
    with pytest.raises(NormMissing, match="warm_rent: a table of the district is needed"):
        calculate(facts, norms)
    with pytest.raises(NormMissing, match="warm_rent"):
        population.calculate(Population.of([facts]), Period.of(facts.since, facts.until), norms)


def test_a_population_has_one_period() -> None:
    member = {"key": "a", "role": "adult", "birth_on": "1990-01-01"}
    march = Facts.from_json({"since": "2026-03-01", "until": "2026-04-01", "members": [member]})
    april = Facts.from_json({"since": "2026-04-01", "until": "2026-05-01", "members": [member]})
    with pytest.raises(ValueError, match="one period"):
        Population.of([march, april])
