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


def test_what_a_young_person_earns_is_free_up_to_one_amount_in_both_executions_and_was_by_each_income_before() -> None:
    """§ 82 Abs. 1 Satz 2 Nr. 7 und Satz 4: 603 EUR for pocket money and work together, in any order of the rows."""
    draw = random.Random(7)
    facts, earned = [], []
    for _ in range(60):
        amounts = [draw.choice((0, 1, 30_000, 60_299, 60_300, 60_301, draw.randint(0, 130_000))) for _ in range(3)]
        rows = [("VOLUNTEER", "a", amounts[0]), ("STUDENT_JOB", "a", amounts[1]), ("STUDENT_JOB", "b", amounts[2])]
        draw.shuffle(rows)
        facts.append(Facts.from_json({
            "since": "2026-03-01", "until": "2026-04-01",
            "members": [{"key": key, "role": "adult", "birth_on": "2006-05-17"} for key in "ab"],
            "incomes": [{"code": c, "person": p, "gross": g, "source": "given", "social": 500} for c, p, g in rows],
        }))  # fmt: skip
        earned.append(amounts)
    for known_on in (date(2026, 11, 29), date(2026, 11, 30)):
        norms = norms_for(facts[0].since, known_on)
        many = population.calculate(Population.of(facts), Period.of(facts[0].since, facts[0].until), norms)
        for n, (one, (pocket, job, other)) in enumerate(zip(facts, earned, strict=True)):
            sheet = calculate(one, norms)
            assert many["Income"][n] == sheet.totals["Income"]
            free = dict.fromkeys("ab", 0)
            for line in sheet.lines:
                if line.code == "NOT_INCOME":
                    free[line.person or ""] -= line.amount
            both = min(pocket, 60_300) + min(job, 60_300)
            assert free == {"a": both if known_on.day == 29 else min(pocket + job, 60_300), "b": min(other, 60_300)}


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
