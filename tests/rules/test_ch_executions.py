"""One Swiss rule text, two executions: a unit alone and among many gets the same lines, to the Rappen."""

import random
from datetime import date
from typing import Any

import numpy as np
import pytest

from handslag.rules.ch import population
from handslag.rules.ch.facts import Facts
from handslag.rules.ch.numbers import with_tables
from handslag.rules.ch.pack import TOTALS, calculate, norms_for
from handslag.rules.ch.population import Population
from handslag.rules.norms import NormMissing
from handslag.rules.periods import Period

from .ch_households import RENTS, settings, unit

PERIODS = [
    (date(2025, 2, 1), date(2025, 3, 1)),
    (date(2025, 12, 10), date(2026, 1, 1)),
    (date(2026, 2, 1), date(2026, 3, 1)),
    (date(2026, 3, 1), date(2026, 3, 31)),
    (date(2026, 7, 31), date(2026, 8, 1)),
    (date(2026, 12, 1), date(2027, 1, 1)),
]
OF_COST = ("BASIC", "PROMOTING")


def compare(draw: random.Random, since: date, until: date, canton: str, count: int) -> None:
    """`count` random units alone and together: every line and total the same; AssertionError names what isn't."""
    chosen = settings(draw, canton)
    facts = [Facts.from_json(unit(draw, since, until, canton, chosen)) for _ in range(count)]
    norms: Any = norms_for(since, canton, draw.choice((None, date(2026, 12, 1))))
    if draw.random() < 0.7:
        norms = with_tables(norms, RENTS)
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
    for code, amounts in written.lines.items():
        lines = [line for s in sheets for line in s.lines]
        if code in OF_COST:
            continue  # their lines carry the kind of cost; their sums stand in the totals
        same = [line.amount for line in lines if line.code.partition(".")[0] == code]
        assert [amount for amount in amounts.tolist() if amount] == [amount for amount in same if amount], code


@pytest.mark.parametrize("seed", range(24))
def test_both_executions_give_the_same_lines_and_totals(seed: int) -> None:
    """With the cases 2,000 units in all."""
    compare(random.Random(seed), *PERIODS[seed % 6], "ZH" if seed % 4 else "BE", 84)


@pytest.mark.parametrize("day", [29, 30])
def test_bills_of_one_month_share_a_limit_of_the_year(day: int) -> None:
    """Each person's rows of one kind together: at most the limit; as known before, each row for itself."""
    draw, limits = random.Random(day), {"KVG_DEDUCTIBLE": 300_00, "KVG_COPAY": 700_00}
    members = [{"key": key, "birth_on": "1990-01-01"} for key in "ab"]
    given = {"since": "2026-03-01", "until": "2026-04-01", "canton": "ZH", "members": members}
    facts, expected = [], []
    for _ in range(50):
        kinds = [(draw.choice("ab"), draw.choice(list(limits))) for _ in range(draw.randint(2, 6))]
        bills = [(who, code, draw.choice((0, 99_99, 200_00, 300_00, 500_00, 700_01))) for who, code in kinds]
        costs = [{"code": code, "person": who, "applied": amount} for who, code, amount in bills]
        facts.append(Facts.from_json(given | {"costs": costs}))
        if day == 29:
            counted = [min(amount, limits[code]) for _, code, amount in bills]
        else:
            counted = [min(sum(b[2] for b in bills if b[:2] == kind), limits[kind[1]]) for kind in set(kinds)]
        expected.append(sum(counted))
    norms = norms_for(facts[0].since, "ZH", date(2026, 11, day))
    of_costs = [sum(line.amount for line in calculate(f, norms).lines if line.code[:4] == "COST") for f in facts]
    many = population.calculate_lines(Population.of(facts), Period.of(facts[0].since, facts[0].until), norms)
    assert of_costs == expected
    assert many.totals["BasicSecurity"].tolist() == [calculate(f, norms).totals["BasicSecurity"] for f in facts]
    assert many.lines["BASIC"].sum() == sum(expected)


def test_orders_against_several_persons_share_the_limit_of_the_unit() -> None:
    draw, chosen, cut = random.Random(5), {"setting.sanction_base": "unit"}, 0
    since, until = PERIODS[2]
    facts = [Facts.from_json(unit(draw, since, until, "ZH", chosen)) for _ in range(200)]
    norms = norms_for(since, "ZH")
    sheets = [calculate(one, norms) for one in facts]
    for sheet in sheets:
        gbl = sum(line.amount for line in sheet.lines if line.code in ("GBL", "GBL_ASYLUM"))
        assert sheet.totals["SanctionSum"] <= (gbl * 30 + 50) // 100
        cut += any("sanction_limited" in line.text for line in sheet.lines)
    assert cut > 5
    many = population.calculate(Population.of(facts), Period.of(since, until), norms.with_settings(chosen))
    assert many["SanctionSum"].tolist() == [sheet.totals["SanctionSum"] for sheet in sheets]


def test_a_population_refuses_what_a_unit_alone_would_be_refused_for() -> None:
    member = {"key": "a", "birth_on": "1990-01-01", "permit": "N"}
    facts = Facts.from_json({"since": "2026-03-01", "until": "2026-04-01", "canton": "BE", "members": [member]})
    norms = norms_for(facts.since, "BE")
    with pytest.raises(NormMissing, match=r"asylum.level: no asylum regime for the canton BE"):
        calculate(facts, norms)
    with pytest.raises(NormMissing, match=r"asylum.level"):
        population.calculate(Population.of([facts]), Period.of(facts.since, facts.until), norms)


def test_a_population_has_one_period_and_one_canton() -> None:
    given = {"since": "2026-03-01", "until": "2026-04-01", "members": [{"key": "a", "birth_on": "1990-01-01"}]}
    here, there = (Facts.from_json(given | {"canton": canton}) for canton in ("ZH", "BE"))
    with pytest.raises(ValueError, match="one period, one canton"):
        Population.of([here, there])


def test_a_population_has_columns_of_earlier_parts_only_in_a_part_of_a_month() -> None:
    told = {"wealth_before", "efb_before", "izu_before"}
    for until, expected in ((date(2026, 4, 1), set()), (date(2026, 3, 11), told)):
        given = {"since": "2026-03-01", "until": until.isoformat(), "canton": "ZH"}
        many = Population.of([Facts.from_json(given | {"members": [{"key": "a", "birth_on": "1990-01-01"}]})])
        assert told & {*many.households, *many.members.columns} == expected
