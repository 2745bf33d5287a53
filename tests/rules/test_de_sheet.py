"""What a German sheet promises: sums that add up, sources that are complete, words for every line, stable bytes."""

import random
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from handslag.kernel import canonical
from handslag.kernel.money import MAXIMUM
from handslag.rules import de
from handslag.rules.case_files import read
from handslag.rules.de.codes import NEEDS
from handslag.rules.de.facts import MOST_NEED, Facts
from handslag.rules.de.numbers import LOCAL, Norms, history
from handslag.rules.de.pack import TOTALS, calculate, norms_for, norms_of
from handslag.rules.de.text import LANGUAGES, explain, label, uncertainty
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormError, NormMissing, Number, Table, from_entries
from handslag.rules.sheet import Sheet

from .de_households import TABLES, household, settings
from .test_de_executions import PERIODS

CASES = sorted((Path(de.__file__).parent / "cases").rglob("*.yaml"))
MARCH = (date(2026, 3, 1), date(2026, 4, 1))
JULY = (date(2026, 7, 1), date(2026, 8, 1))


def drawn(seed: int, count: int = 30) -> Iterator[tuple[Facts, Sheet]]:
    """Random households with their sheets."""
    draw = random.Random(seed)
    for _ in range(count):
        since, until = draw.choice(PERIODS)
        facts = Facts.from_json(household(draw, since, until, settings(draw)))
        yield facts, calculate(facts, norms_of(facts, tables=TABLES))


def test_the_worked_cases_of_the_field_give_the_amounts_worked_out_by_hand() -> None:
    """In cents, written here a second time so that no file can drift alone."""
    sheets = {path.stem: read(path).calculate() for path in CASES}
    worked = {name: s.granted for name, s in sheets.items() if re.match(r"e\d+-", name)}
    assert worked == {
        "e1-single-pensioner": 43_445,
        "e2-mark-g-and-grundrente": 70_316,
        "e4-couple-over-the-age-limit": 74_200,
        "e6-lone-parent-with-two-children": 111_468,
        "e6-school-supplies-first-half-year": 127_768,
        "e6-school-supplies-second-half-year": 117_968,
        "e9-nursing-home": 15_801,
        "e10-voluntary-health-insurance": 112_310,
        "e11-back-payment-month-1": 13_445,
        "e11-back-payment-month-2": 13_445,
        "e11-back-payment-month-6": 13_445,
        "e11-after-the-back-payment": 43_445,
        "e11-small-back-payment": 13_445,
        "e12-chapter-4-counts-the-whole-month": 104_300,
        "e12-chapter-3-from-the-day-of-knowledge": 72_397,
        "e12-whole-need-by-days": 45_197,
        "e14-rent-below-one-and-a-half-times": 124_300,
        "e14-rent-of-one-and-a-half-times": 127_300,
        "e14-rent-above-one-and-a-half-times": 127_300,
        "e14-rent-before-the-change": 134_300,
        "e14-rent-after-karenz": 106_300,
        "e14-heating-has-no-karenz": 125_300,
    }
    # the quarterly proof of E1, E2 and E4 (§ 46a), three equal months; chapter 3 isn't in it
    chapter_4 = [sheets[n].totals["GSiAE"] for n in worked if re.match(r"e[124]-", n)]
    assert 3 * sum(chapter_4) == 563_883
    assert sheets["e6-lone-parent-with-two-children"].totals["GSiAE"] == 0
    assert len(CASES) >= 40 + len(worked)


NEED_LINES = (
    "RATE", "RATE_LESS", "RATE_MORE", "MARK_G", "PREGNANT", "LONE_PARENT", "SCHOOL_HELP", "CAP", "HOT_WATER",
    "LUNCH", "RENT", "RENT_OTHERS", "HEATING", "HEATING_OTHERS", "DIFFERENCE", "DIFFERENCE_HEATING", "WARM_RENT",
    "CASH", "CLOTHING", "SUPPLIES_FIRST", "SUPPLIES_SECOND", "PARTICIPATION", "BORNE",
)  # fmt: skip
INCOME_LINES = (
    "INCOME", "NOT_INCOME", "TAX", "SOCIAL", "INSURANCE", "COSTS", "FREE_VOLUNTEER", "FREE_EARNINGS",
    "FREE_WORKSHOP", "FREE_PENSION", "FREE_GRUNDRENTE", "PRESUMED_OVER", "CHILD_BENEFIT_OVER", "CHILD_BENEFIT_TO",
    "CONTRIBUTIONS",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_the_totals_are_the_lines(seed: int) -> None:
    for facts, sheet in drawn(seed):
        t = sheet.totals
        assert tuple(t) == TOTALS

        def of(*codes: str, one_off: bool | None = None, sheet: Sheet = sheet) -> int:
            return sum(
                line.amount
                for line in sheet.lines
                if line.code.partition(".")[0] in codes
                and (one_off is None or (NEEDS[line.code[5:]].kind == "one_off") is one_off)
            )

        assert t["Need"] == of(*NEED_LINES) + of("NEED", one_off=False)
        assert t["OneOffNeed"] == of("NEED", one_off=True)
        assert t["Income"] == of(*INCOME_LINES)
        assert t["Means"] == of("RECEIVED", "ASSETS")
        assert t["GSiAE"] + t["HLU"] == of("CLAIM_4", "CLAIM_3", "ONE_OFF")
        assert t["Supplement"] == of("SUPPLEMENT")
        assert t["Claim"] == sheet.granted == t["GSiAE"] + t["HLU"] + t["Supplement"]
        assert t["Adjustment"] == t["Arrears"] - t["Withheld"] == of("ARREARS", "DEBT")
        assert t["Payment"] == t["Claim"] + t["Adjustment"] == of("DIRECT", "CLIENT")
        assert t["Direct"] == of("DIRECT") <= t["Payment"]
        assert 0 <= t["AssetsLoan"] == of("ASSETS_LOAN") <= t["GSiAE"] + t["HLU"]
        assert min(sheet.granted, sheet.surplus) == 0
        assert all(type(line.amount) is int for line in sheet.lines)
        persons: dict[str | None, dict[str, int]] = {}
        for line in sheet.lines:
            mine = persons.setdefault(line.person, {})
            kind = line.code.partition(".")[0]
            mine[kind] = mine.get(kind, 0) + line.amount
        for member in facts.members:
            mine = persons[member.key]
            paid = sum(mine.get(k, 0) for k in ("CLAIM_4", "CLAIM_3", "ONE_OFF", "SUPPLEMENT", "ARREARS", "DEBT"))
            assert paid == mine.get("DIRECT", 0) + mine.get("CLIENT", 0) >= 0
            assert sum(mine.get(k, 0) for k in INCOME_LINES) >= 0
            claim = mine.get("CLAIM_4", 0) + mine.get("CLAIM_3", 0)
            assert member.claims or claim == 0


@pytest.mark.parametrize("seed", range(3))
def test_every_line_is_said_in_every_language_and_every_doubt_too(seed: int) -> None:
    assert set(LANGUAGES) == {"sv", "de", "fr", "en"}
    for _, sheet in drawn(seed + 200):
        for lang in LANGUAGES:
            for line in sheet.lines:
                assert re.fullmatch(r"[^{}]+\.", explain(line, lang)), explain(line, lang)
                assert label(line, lang)
                assert line.section.startswith("§")
            text = sheet.to_text(lang, {"p0": "Åsa Öst"})
            assert "{" not in text
            assert all(uncertainty(name, choice, lang) in text for name, choice in sheet.uncertain.items())
            plain, warned = (structs.replace(sheet, has_example=w).to_text(lang) for w in (False, True))
            assert warned.startswith(plain)
            assert warned.count("\n") == plain.count("\n") + 2
        assert Sheet.from_json(sheet.to_bytes()) == sheet == Sheet.from_json(sheet.to_json())
        assert sheet.to_bytes() == canonical.dumps(sheet.to_json())


def raised(norms: Norms, name: str) -> Norms:
    """The norms with every amount of one name, or the other choice of one setting, changed."""
    value = getattr(norms, name)
    if isinstance(value, Table):
        step = 1 if value.rows[0].used.unit in ("months", "permille") else 700
        rows = tuple(Number.of(row + step, row.used) for row in value.rows)
        return replace(norms, **{name: replace(value, rows=rows)})
    unit = value.used.unit
    other = 1 - value if unit == "choice" else value + 700 if unit.startswith("EUR") else value + 1
    return replace(norms, **{name: Number.of(other, value.used)})


WHO = ("age_limit", "extra_school_help_age", "income_student_age", "income_volunteer_age")
"""These decide who somebody is; which chapter or kind it made is what the line names."""
MEANS = (
    "CLAIM",
    "RECEIVED",
    "ASSETS",
    "CLIENT",
    "DIRECT",
    "DEBT",
    "BORNE",
    "CONTRIBUTIONS",
    "CHILD",
    "ONE_OFF",
    "SUPPLEMENT",
)
"""Lines that follow from others: what moves them stands on those."""


@pytest.mark.parametrize("seed", range(2))
def test_a_line_names_every_number_that_moves_it(seed: int) -> None:
    """Each norm in turn is changed: every line of need or income whose amount moves must name that norm.

    What is deducted is at most what is left of an income, a deviation at most the Regelsatz, and the cap is of the
    lines before it: for those the person's lines together name it.
    """
    names = [
        f.name for f in fields(Norms) if isinstance(getattr(norms_for(JULY[0], tables=TABLES), f.name), Number | Table)
    ]
    assert len(names) > 60
    draw = random.Random(seed)
    norms = norms_for(JULY[0], tables=TABLES)
    moved: set[str] = set()
    for _ in range(10):
        facts = Facts.from_json(household(draw, *JULY, {}))
        sheet = calculate(facts, norms)
        before = [line for line in sheet.lines if not line.code.startswith(MEANS) and line.text != "back_whole"]
        for name in names:
            if name in WHO:
                continue
            value = getattr(norms, name)
            called = value.name if isinstance(value, Table) else value.used.name
            after = calculate(facts, raised(norms, name)).lines
            amounts: dict[tuple[str, str | None], list[int]] = {}
            for line in after:
                amounts.setdefault((line.code, line.person), []).append(line.amount)
            for line in before:
                left = amounts.get((line.code, line.person), [0])
                if line.amount in left:
                    continue
                moved.add(name)
                of_income = line.code.partition(".")[0] in INCOME_LINES
                named = [
                    x
                    for x in before
                    if x is line
                    or (
                        x.person == line.person
                        and (
                            line.code in ("CAP", "RATE_LESS")
                            or (of_income and x.code.partition(".")[0] in INCOME_LINES)
                        )
                    )
                ]
                assert called in {n.name for x in named for n in x.numbers}, (called, line, left)
    assert len(moved) > 20


@pytest.mark.parametrize(
    "day", sorted({d for n in history().values() for v in n.values for d in (v.since, v.until) if d})
)
def test_the_pack_is_complete_on_every_date_on_which_anything_changes(day: date) -> None:
    """And refuses the day before the first, and what lies behind the last year that is set."""
    firsts = {min(v.since for v in n.values) for n in history().values()}
    assert firsts == {date(2025, 1, 1)}
    if day == date(2027, 1, 1):
        with pytest.raises(NormMissing, match="no value in force on 2027-01-01"):
            norms_for(day)
        return
    norms = norms_for(day)
    assert norms.on == day < norms.until
    assert {f.name.replace("_", ".") for f in fields(Norms) if isinstance(getattr(norms, f.name), Number | Table)} == {
        n.name.replace("_", ".") for n in history().values() if n.unit != "reference"
    }
    if day == date(2025, 1, 1):
        with pytest.raises(NormMissing, match="no value in force on 2024-12-31"):
            norms_for(day - timedelta(days=1))


def test_the_limit_of_rent_in_the_waiting_period_changes_in_the_middle_of_a_year() -> None:
    june, july = norms_for(date(2026, 6, 30)), norms_for(date(2026, 7, 1))
    assert (june.until, june.housing_waiting_limit.used.value) == (date(2026, 7, 1), "none")
    assert (july.until, july.housing_waiting_limit.used.value) == (date(2027, 1, 1), "one_and_half")
    assert june.housing_waiting_limit.used.uncertain
    for norms in (june, july):  # nobody has confirmed the day, so neither value is official
        assert (norms.housing_most_percent.used.status, norms.housing_most_percent.used.uncertain) == ("derived", True)


def given(**changes: Any) -> dict[str, Any]:
    members = [{"key": "a", "role": "adult", "birth_on": "1990-05-17"}]
    return {"since": "2026-03-01", "until": "2026-04-01", "members": members, **changes}


def member(**changes: Any) -> dict[str, Any]:
    return {"key": "a", "role": "adult", "birth_on": "1990-05-17", **changes}


def child(**changes: Any) -> dict[str, Any]:
    return {"key": "c", "role": "child", "birth_on": "2015-05-17", **changes}


HOUSING = {"rent": 40000, "heating": 8000, "residents": 1, "source": "given"}
INCOME = {"code": "EARNINGS", "gross": 1, "source": "given", "person": "a"}
DEBT = {"code": "PROVISIONAL", "person": "a", "order": "SO-1", "remaining": 1, "since": "2026-02-01"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"until": "2026-03-31"}, "since, until: a period is one calendar month"),
        ({"members": []}, "members: a household has somebody in it"),
        ({"members": [member(key=k) for k in "abc"]}, "members: at most two adults"),
        ({"members": [member(), member()]}, "members: a: twice"),
        ({"members": [member()] * 201}, "at most 200 rows each"),
        ({"child_benefit_to": "c", "members": [member(), child()]}, "child_benefit_to: an adult"),
        ({"one_off_months": 7}, "one_off_months: 0 to 6"),
        ({"housing": HOUSING | {"residents": 0}}, "residents: not below"),
        ({"housing": HOUSING | {"over_ceiling": 40001}}, "over_ceiling: a part of the rent"),
        ({"housing": HOUSING | {"used": -1}}, "interrupted, used: 0 to 99 months"),
        ({"members": [member(rent_free=True)]}, "housing: is needed"),
        ({"members": [member(since="2026-02-01")]}, "since, until: inside the period"),
        ({"members": [child(birth_on="2026-03-02")]}, "birth_on: not yet born"),
        ({"members": [member(birth_on="2008-03-02")]}, "role: an adult is 18"),
        ({"members": [child(birth_on="2008-03-31")]}, "role: a child is under 18"),
        ({"members": [member(birth_on="1879-12-31")]}, "birth_on: before 1880"),
        ({"members": [child(lone_parent=True)]}, "capacity, lone_parent, rent_free: not for children"),
        ({"members": [member(lone_parent=True), member(key="b")]}, "lone_parent: not for a couple"),
        ({"members": [member(own_child=True)]}, "own_child: for children only"),
        ({"members": [member(rate_less=1)]}, "reason: a deviating Regelsatz says why"),
        ({"members": [member(reason="x" * 81)]}, "reason: at most 80"),
        ({"members": [member(lunch_days=32)]}, "lunch_days: 0 to 31"),
        ({"members": [member(living="special", extras=1)]}, "extras: a part"),
        ({"members": [member(delivered_on="2026-03-01")]}, "delivered_on: after pregnant_since"),
        ({"members": [member(rent_free=True, living="other")], "housing": HOUSING}, "rent_free: in a dwelling"),
        ({"incomes": [INCOME | {"code": "GOLD"}]}, "GOLD is none of"),
        ({"incomes": [INCOME | {"person": "z"}]}, "z is no member"),
        ({"incomes": [INCOME | {"note": "x" * 81}]}, "at most 80 characters"),
        ({"incomes": [INCOME | {"gross": MAXIMUM + 1}]}, "incomes[0]: gross: between 0 and"),
        ({"incomes": [INCOME | {"tax": -1}]}, "incomes[0]: tax: between 0 and"),
        ({"incomes": [INCOME | {"covers_months": 13}]}, "covers_months: 1 to 12"),
        ({"incomes": [INCOME | {"car_km": -1}]}, "car_km: 0 to 999"),
        ({"incomes": [INCOME | {"back_payment": True}]}, "received_on: the day"),
        ({"incomes": [INCOME | {"back_payment": True, "received_on": "2026-03-01", "tax": 1}]}, "entered net"),
        (
            {"incomes": [INCOME | {"back_payment": True, "received_on": "2026-03-01", "spread_months": 7}]},
            "spread_months: 1 to 6",
        ),
        ({"incomes": [INCOME | {"received_on": "2026-03-01"}]}, "for a back-payment only"),
        ({"incomes": [INCOME | {"code": "CAPITAL"}] * 2}, "a: CAPITAL once"),
        ({"debts": [DEBT | {"since": "2026-04-01"}]}, "debts[0]: since: not after the period"),
        ({"debts": [DEBT | {"order": " "}]}, "order: the decision is named"),
        ({"debts": [DEBT | {"code": "UNDUE"}]}, "amount: the office sets it"),
        ({"debts": [DEBT | {"amount": 1}]}, "amount: the office sets it"),
        ({"direct": [{"code": "POWER", "person": "a"}]}, "direct[0]: amount"),
        ({"housing": HOUSING | {"rent": MOST_NEED}}, f"needs: all amounts together are at most {MOST_NEED} cents"),
        ({"settings": {"setting.start": "never"}}, "settings: setting.start is one of"),
    ],
)
def test_what_cannot_be_calculated_is_refused_with_the_place(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(FactsError, match=re.escape(problem)):
        calculate(Facts.from_json(given(**changes)), norms_for(MARCH[0]))


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(FactsError) as caught:
        Facts.from_json(given(members=[member(lunch_days=32, reason="x" * 81)], one_off_months=9))
    assert len(caught.value.problems) == 3


def test_the_norms_hold_for_the_month_and_the_tables_are_the_districts() -> None:
    facts = Facts.from_json(given(housing=HOUSING | {"reduce_until": "2026-01-01"}))
    with pytest.raises(NormMissing, match=r"rent\.limit: a table of the district is needed"):
        calculate(facts, norms_of(facts))
    inside = given(housing=HOUSING | {"reduce_until": "2026-03-16"})
    assert calculate(Facts.from_json(inside), norms_for(MARCH[0])).uncertain["setting.deadline_part"] == "whole_month"
    by_days = Facts.from_json(inside | {"settings": {"setting.deadline_part": "by_days"}})
    with pytest.raises(NormMissing, match=r"rent\.limit"):
        calculate(by_days, norms_for(MARCH[0]))
    seven = Facts.from_json(given(housing=HOUSING | {"reduce_until": "2026-01-01", "residents": 7}))
    with pytest.raises(NormMissing, match=r"rent\.further"):
        calculate(seven, norms_of(seven, tables=[n for n in TABLES if n.name != "rent.further"]))
    with pytest.raises(FactsError, match=r"these norms hold from .* a period is a whole month"):
        calculate(facts, norms_for(date(2026, 7, 1)))
    one = TABLES[0]
    for wrong, said in (
        (replace(one, name="rent.other"), f"rent.other is none of {', '.join(LOCAL)}"),
        (replace(one, unit="CHF/month"), "rent.limit is a table by persons in EUR/month"),
        (replace(one, unit="EUR/day"), "rent.limit is a table by persons in EUR/month"),
        (replace(one, by="rooms"), "rent.limit is a table by persons in EUR/month"),
        (replace(one, name="warm_rent"), "warm_rent is one amount in EUR/month"),
        (
            replace(one, values=tuple(replace(value, bands=(2, 3, 4, 5)) for value in one.values)),
            "rent.limit begins with 1 person",
        ),
    ):
        with pytest.raises(NormError, match=re.escape(said)):
            norms_for(MARCH[0], tables=[wrong])
    entry = {
        "name": "warm_rent", "unit": "EUR/month", "label": {"de": "a"}, "values": [
            {"since": date(2025, 1, 1), "value": 1, "source": "s", "checked_on": date(2025, 1, 1), "status": "example"}
        ],
    }  # fmt: skip
    assert calculate(Facts.from_json(given()), norms_for(MARCH[0], tables=from_entries([entry], "x"))).has_example


def test_each_line_of_half_a_month_names_its_rounding() -> None:
    """Half of each of these is half a cent more than whole cents, and 563.00 is not."""
    half = member(
        since="2026-06-16",
        capacity="temporary",
        rate_more=10_01,
        reason="x",
        hot_water=30_01,
        mark_g=True,
        lunch_days=0,
    )
    facts = Facts.from_json(
        given(
            members=[half], since="2026-06-01", until="2026-07-01", settings={"setting.start": "whole_need"},
            housing=HOUSING | {"rent": 401_01, "heating": 80_01, "residents": 1, "appropriate": True},
            needs=[
                {"code": code, "applied": 20_01, "person": "a"} for code in ("NUTRITION", "BURIAL", "SCHOOL_BOOKS")
            ],
        )
    )  # fmt: skip
    named = {
        line.code: (line.amount, line.rounding)
        for line in calculate(facts, norms_of(facts)).lines
        if any(number.name == "setting.rounding" for number in line.numbers)
    }
    assert named == {
        "RATE_MORE": (5_01, "cent"), "MARK_G": (47_86, "cent"), "NEED.NUTRITION": (10_01, "cent"),
        "NEED.BURIAL": (10_01, "cent"), "HOT_WATER": (15_01, "cent"), "RENT": (200_51, "cent"),
        "HEATING": (40_01, "cent"),
    }  # fmt: skip


def test_a_table_that_changes_inside_the_month_refuses_only_who_needs_it() -> None:
    once = {"source": "s", "checked_on": date(2025, 1, 1), "status": "official"}
    values = [{"since": date(2025, 1, 1), "value": 1, **once}, {"since": date(2026, 3, 16), "value": 2, **once}]
    people = {"by": "persons", "bands": [1], "last": 1}
    rows = [{key: value for key, value in one.items() if key != "value"} | {"rows": [1]} for one in values]
    entries = [
        {"name": name, "unit": "EUR/month", "label": {"de": "a"}, "values": values}
        for name in ("warm_rent", "clothing", "rent.further", "heating.further")
    ] + [{"name": "rent.limit", "unit": "EUR/month", "label": {"de": "a"}, **people, "values": rows}]
    tables = from_entries(entries, "x")

    def calculated(which: str, **changes: Any) -> int:
        facts = Facts.from_json(given(**changes))
        return calculate(facts, norms_of(facts, tables=[n for n in tables if which in n.name])).granted

    assert calculated("") == calculated("rent.") == 563_00
    for which, changes in (
        ("rent.limit", {"housing": HOUSING}),
        ("heating", {"housing": HOUSING}),
        ("warm_rent", {"members": [member(living="other", accommodation=1)]}),
        ("clothing", {"members": [member(living="institution")]}),
    ):
        with pytest.raises(FactsError, match="a period is a whole month"):
            calculated(which, **changes)
    living_elsewhere = {"members": [member(living="other")]}
    with pytest.raises(NormMissing, match="warm_rent"):
        calculated("clothing", **living_elsewhere)


def test_another_setting_is_another_norm_set() -> None:
    norms = norms_for(MARCH[0])
    usual = calculate(Facts.from_json(given()), norms)
    other = calculate(Facts.from_json(given(settings={"setting.rounding": "up"})), norms)
    again = calculate(Facts.from_json(given(settings={"setting.rounding": "half_up"})), norms)
    assert usual.norm_digest == again.norm_digest == norms.digest != other.norm_digest


def test_a_birthday_on_the_29th_of_february_counts_from_the_first_of_march() -> None:
    one = given(members=[child(birth_on="2012-02-29")], since="2026-02-01", until="2026-03-01")
    assert calculate(Facts.from_json(one), norms_for(date(2026, 2, 1))).lines[0].amount == 39_000
    two = given(members=[child(birth_on="2012-02-29")])
    assert calculate(Facts.from_json(two), norms_for(MARCH[0])).lines[0].amount == 47_100


def test_the_largest_amounts_stay_exact() -> None:
    """A surplus of 200 incomes, and needs as large as they may be: the products of the distribution stay below 2^53."""
    members = [member(), *(child(key=f"c{n}") for n in range(9))]
    incomes = [{"code": "OTHER", "gross": MAXIMUM, "source": "given", "person": "a"}] * 200
    needs = [{"code": "BURIAL", "applied": MOST_NEED // 10, "person": m["key"]} for m in members]
    sheet = calculate(Facts.from_json(given(members=members, incomes=incomes, needs=needs)), norms_for(MARCH[0]))
    assert sheet.surplus == 200 * MAXIMUM - 56_300 - 9 * 39_000 - MOST_NEED
    assert (MOST_NEED + 200 * 56_300 * 2) ** 2 < 2**53
    canonical.dumps(sheet.to_json())


def test_what_somebody_has_more_never_makes_less_for_others() -> None:
    """A cent more income never raises what is granted nor lowers it by more, but for a cent of rounding per person."""
    draw = random.Random(7)
    for _ in range(60):
        data = household(draw, *MARCH, {})
        if not data["incomes"] or any(i.get("back_payment") for i in data["incomes"]):
            continue
        facts = Facts.from_json(data)
        more = structs.replace(facts, incomes=[*facts.incomes, facts.incomes[0].__class__(
            code="OTHER", gross=1, source="given", person=facts.incomes[0].person)])  # fmt: skip
        norms = norms_of(facts, tables=TABLES)
        before, after = (calculate(f, norms).totals for f in (facts, more))
        claims = [t["GSiAE"] + t["HLU"] for t in (before, after)]
        assert -1 - len(facts.members) - facts.one_off_months <= claims[1] - claims[0] <= len(facts.members)
