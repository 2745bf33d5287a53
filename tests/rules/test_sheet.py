"""What a sheet promises: sums that add up, sources that are complete, words for every line, stable bytes."""

import random
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from handslag.kernel import canonical
from handslag.kernel.money import KRONA, MAXIMUM
from handslag.rules.norms import NormMissing, Number, Table
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.rules.se.facts import Facts, FactsError
from handslag.rules.se.numbers import Norms
from handslag.rules.se.pack import TOTALS, calculate, norms_for
from handslag.rules.se.rows import Household
from handslag.rules.se.text import LANGUAGES, label, uncertainty
from handslag.rules.sheet import Sheet

from .households import household, settings
from .test_executions import PERIODS

MARCH = (date(2026, 3, 1), date(2026, 4, 1))


def drawn(seed: int, count: int = 30) -> Iterator[tuple[Facts, Sheet]]:
    """Random households with their sheets."""
    draw = random.Random(seed)
    while count:
        since, until = draw.choice(PERIODS)
        facts = Facts.from_json(household(draw, since, until, settings(draw)))
        try:
            yield facts, calculate(facts, norms_for(since))
        except NormMissing:
            continue  # a child turns 21 inside the month, and its last day was chosen
        count -= 1


@pytest.mark.parametrize("seed", range(5))
def test_the_totals_are_the_lines(seed: int) -> None:
    for facts, sheet in drawn(seed):
        t = sheet.totals
        assert tuple(t) == TOTALS

        def of(kind: str, special: bool | None = None, sheet: Sheet = sheet) -> int:
            return sum(
                line.amount
                for line in sheet.lines
                if line.code.split(".")[0] == kind
                and (special is None or COSTS[line.code.split(".")[1]].special is special)
            )

        assert t["FamilyCost"] == of("PERSON")
        assert t["CommonHouseholdCost"] == of("COMMON")
        assert t["NormSum"] == of("PERSON") + of("COMMON")
        assert (t["ExpenseSum"], t["SpecialExpenseSum"]) == (of("COST", False), of("COST", True))
        assert t["IncomeSum"] == of("INCOME")
        assert t["Balance"] == t["IncomeSum"] - t["NormSum"] - t["ExpenseSum"]
        assert t["TotalSum"] == t["Balance"] - t["SpecialExpenseSum"] == sheet.surplus - sheet.granted
        assert min(sheet.granted, sheet.surplus) == 0
        lines = [line for line in sheet.lines if line.text != "child_means"]
        assert len(lines) == len(Household(facts).members) + len(facts.costs) + len(facts.incomes) + (of("COMMON") > 0)
        assert all(line.amount >= 0 and type(line.amount) is int for line in lines)
        own = [line for line in sheet.lines if line.text == "child_means"]
        assert len({line.person for line in own}) == len(own)
        assert all(line.amount == line.params["need"] - line.params["means"] < 0 for line in own)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_gets_more_than_the_month_nor_less_than_nothing_and_no_income_grows(seed: int) -> None:
    for facts, sheet in drawn(seed + 100):
        gross = [i.gross for i in facts.incomes]
        for line in sheet.lines:
            if line.code == "PERSON":
                assert 0 <= line.amount <= line.params["monthly"]
                assert line.params["monthly"] in (line.numbers[0].value, int(line.numbers[0].value) // 2)
            if line.code.startswith("INCOME."):
                assert line.amount <= (0 if line.text == "child_means" else gross.pop(0))


@pytest.mark.parametrize("seed", range(3))
def test_every_line_is_said_in_every_language_and_every_doubt_too(seed: int) -> None:
    for _, sheet in drawn(seed + 200):
        for lang in LANGUAGES:
            for line in sheet.lines:
                sentence = sheet.explain(line, lang)
                assert re.fullmatch(r"[^{}]+\.", sentence)
                assert label(line, lang)
            text = sheet.to_text(lang, {"p0": "Åsa Öst"})
            assert "{" not in text
            assert all(uncertainty(name, choice, lang) in text for name, choice in sheet.uncertain.items())
            warned = structs.replace(sheet, has_example=True).to_text(lang)
            assert warned.startswith(sheet.to_text(lang))
            assert warned.count("\n") == sheet.to_text(lang).count("\n") + 2
        assert Sheet.from_json(sheet.to_bytes()) == sheet == Sheet.from_json(sheet.to_json())
        assert sheet.to_bytes() == canonical.dumps(sheet.to_json())


UNNAMED = (
    "lunch_days", "household_size", "visitation_child_counts", "child_means",
    "income_change", "formula",
)  # fmt: skip
"""These choose the row of a line, who counts, or what is asked; the row that they chose is what the line names."""


def raised(norms: Norms, name: str) -> Norms:
    """The norms with every amount of one name, or the other choice of one setting, changed."""
    value = getattr(norms, name)
    if isinstance(value, Table):
        rows = tuple(Number.of(row + 700, row.used) for row in value.rows)
        return replace(norms, **{name: replace(value, rows=rows)})
    other = 1 - min(value, 1) if value.used.unit == "choice" else value + 1 if value.used.unit == "days" else value + 7
    return replace(norms, **{name: Number.of(other, value.used)})


@pytest.mark.parametrize("seed", range(4))
def test_a_line_names_every_number_that_moves_it(seed: int) -> None:
    """Each norm in turn is changed: every line whose amount moves must name that norm."""
    kinds = (Number, Table, "Number", "Table")
    names = [f.name for f in fields(Norms) if f.type in kinds and f.name not in UNNAMED]
    assert len(names) == 10
    moved: set[str] = set()
    draw = random.Random(seed)
    norms = norms_for(MARCH[0])
    for _ in range(25):
        facts = Facts.from_json(household(draw, *MARCH, {}))
        sheet = calculate(facts, norms)
        for name in names:
            value = getattr(norms, name)
            called = value.name if isinstance(value, Table) else value.used.name
            try:
                other = calculate(facts, raised(norms, name))
            except NormMissing:
                continue  # the last day was chosen, and a child turns 21 before it
            for before, after in zip(sheet.lines, other.lines, strict=True):
                if before.amount != after.amount:
                    moved.add(name)
                    assert called in {n.name for n in before.numbers}, before
    assert {"child", "single", "couple", "common", "day_method", "age_reference"} <= moved


def couple(**more: Any) -> dict[str, Any]:
    adult = {"role": "adult", "birth_on": "1990-01-01"}
    members = [adult | {"key": "a"}, adult | {"key": "b"}]
    return {"since": "2026-03-01", "until": "2026-04-01", "members": members, **more}


def test_the_largest_amounts_stay_exact() -> None:
    costs = [{"code": "RENT", "applied": MAXIMUM}] * 200
    incomes = [{"code": "SALARY", "gross": MAXIMUM, "person": "a", "source": "given"}] * 200
    facts = couple(costs=costs, incomes=incomes)
    facts["members"][0]["job_stimulus"] = True
    sheet = calculate(Facts.from_json(facts), norms_for(MARCH[0]))
    assert sheet.granted == 200 * MAXIMUM // 4 + 8510 * KRONA
    canonical.dumps(sheet.to_json())


def test_norms_that_do_not_hold_for_the_whole_period_are_refused() -> None:
    facts = Facts.from_json(couple())
    for norms in (norms_for(date(2025, 12, 1)), norms_for(date(2026, 3, 2))):
        with pytest.raises(FactsError, match="these norms hold from"):
            calculate(facts, norms)


@pytest.mark.parametrize("wrong", [{"setting.no": "x"}, {"setting.day_method": "week"}, {"riksnorm.single": "5"}])
def test_a_setting_that_does_not_exist_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(FactsError, match="settings: "):
        calculate(Facts.from_json(couple(settings=wrong)), norms_for(MARCH[0]))


def test_another_setting_is_another_norm_set() -> None:
    norms = norms_for(MARCH[0])
    usual = calculate(Facts.from_json(couple()), norms)
    other = calculate(Facts.from_json(couple(settings={"setting.day_method": "month_30"})), norms)
    same = calculate(Facts.from_json(couple(settings={"setting.day_method": "year_365"})), norms)
    assert usual.norm_digest == same.norm_digest == norms.digest != other.norm_digest


def test_a_union_fee_is_never_marked_for_statistics() -> None:
    facts = couple(costs=[{"code": code, "applied": 100} for code in COSTS])
    sheet = calculate(Facts.from_json(facts), norms_for(MARCH[0]))
    silent = {line.code for line in sheet.lines if line.statistics_code is None}
    assert silent == {"COST.UNION_FEE"}
    assert len(INCOMES) == 30
