"""What a Swiss sheet promises: sums that add up, sources that are complete, parts that make a month, stable bytes."""

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from handslag.kernel import canonical
from handslag.kernel.money import KRONA, MAXIMUM
from handslag.rules import ch
from handslag.rules.case_files import read
from handslag.rules.ch import numbers
from handslag.rules.ch.codes import COSTS
from handslag.rules.ch.facts import CONTRADICTS, Facts
from handslag.rules.ch.numbers import CANTONS, Norms, history, with_tables
from handslag.rules.ch.pack import TOTALS, calculate, norms_for, norms_of
from handslag.rules.ch.text import LANGUAGES, WORDING, explain, label, uncertainty
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormError, NormMissing, Number, Table, from_entries
from handslag.rules.sheet import Sheet

from .ch_households import RENTS, settings, unit
from .test_ch_executions import PERIODS

CASES = sorted((Path(ch.__file__).parent / "cases").rglob("*.yaml"))
MARCH = (date(2026, 3, 1), date(2026, 4, 1))


def drawn(seed: int, count: int = 30) -> Iterator[tuple[Facts, Sheet]]:
    """Random units with their sheets."""
    draw = random.Random(seed)
    for _ in range(count):
        since, until = draw.choice(PERIODS)
        canton = draw.choice(CANTONS)
        facts = Facts.from_json(unit(draw, since, until, canton, settings(draw, canton)))
        yield facts, calculate(facts, norms_of(facts, tables=draw.choice(((), RENTS))))


def test_the_worked_cases_of_the_field_give_the_amounts_worked_out_by_hand() -> None:
    """In Rappen, written here a second time so that no file can drift alone."""
    sheets = {path.stem: read(path).calculate() for path in CASES}
    worked = {name: s.granted for name, s in sheets.items() if re.match(r"w\w-", name)}
    assert worked == {
        "w1-single-in-a-programme": 236_100,
        "w2-mother-with-a-job": 173_900,
        "w4-two-of-three-in-a-family-like-flat": 221_600,
        "w6-provisionally-admitted-alone": 74_270,
        "w6-provisionally-admitted-in-a-household-of-three": 46_060,
        "w8-restitution-first-instalment": 106_100,
        "w8-restitution-last-instalment": 106_100,
        "wd-refugee-with-a-small-wage": 169_800,
        "we-father-charged-on-by-heads": 267_400,
        "we-father-after-ten-years": 267_400,
    }
    assert sheets["w1-single-in-a-programme"].totals["EntryDeficit"] == 216_100
    assert sheets["w2-mother-with-a-job"].totals["EntryDeficit"] == 133_900
    first, last = (sheets[f"w8-restitution-{n}-instalment"].totals["RestitutionSum"] for n in ("first", "last"))
    assert (first, last, 22 * first + last) == (15_915, 9_870, 360_000)
    assert sheets["we-father-charged-on-by-heads"].totals["ChargedSum"] == 89_133
    assert len(CASES) >= 40 + len(worked)


def test_only_a_need_has_a_statistics_code() -> None:
    """What is had and what is missing at the entry had that of the basic need until it was corrected."""
    facts = next(case.facts for case in map(read, CASES) if case.file.endswith("wealth-above-the-allowance.yaml"))
    before, now = (calculate(facts, norms_of(facts, date(2026, 11, day))) for day in (27, 28))
    own = {line.code: line.statistics_code for line in before.lines}
    assert own["WEALTH"] == own["ENTRY"] == own["GBL"] == "grundbedarf"
    assert {line.code: line.statistics_code for line in now.lines} == own | {"WEALTH": None, "ENTRY": None}
    assert [(line.code, line.amount) for line in now.lines] == [(line.code, line.amount) for line in before.lines]


@pytest.mark.parametrize("seed", range(4))
def test_the_totals_are_the_lines(seed: int) -> None:
    for _, sheet in drawn(seed):
        t = sheet.totals
        assert tuple(t) == TOTALS

        def of(*codes: str, promoting: bool | None = None, sheet: Sheet = sheet) -> int:
            return sum(
                line.amount
                for line in sheet.lines
                if line.code.partition(".")[0] in codes
                and (promoting is None or (COSTS[line.code[5:]].kind == "promoting") is promoting)
            )

        assert t["BasicSecurity"] == of("GBL", "GBL_ASYLUM", "RENT") + of("COST", promoting=False)
        assert t["Promoting"] == of("IZU") + of("COST", promoting=True)
        assert t["IncomeSum"] == of("INCOME", "PARTNER", "WEALTH")
        assert t["AllowanceSum"] == of("EFB", "MINOR")
        assert (t["SanctionSum"], t["RestitutionSum"]) == (of("SANCTION"), of("RESTITUTION"))
        assert (t["ChargedSum"], t["RefundDue"], t["RelativesAbove"]) == (of("SHARE"), of("REFUND"), of("RELATIVE"))
        assert t["Deficit"] == t["BasicSecurity"] + t["Promoting"] - t["IncomeSum"] + t["AllowanceSum"]
        assert of("ENTRY") == t["EntryDeficit"]
        refused = any(line.text == "entry_no" for line in sheet.lines)
        assert sheet.granted == (0 if refused else max(t["Deficit"] - t["SanctionSum"], 0))
        assert sheet.surplus == max(-t["Deficit"], 0)
        assert t["Payable"] == sheet.granted - t["RestitutionSum"] >= 0
        assert t["ChargedSum"] <= sheet.granted
        assert min(sheet.granted, sheet.surplus) == 0
        rows = [name for name, _ in WORDING.results(sheet)]
        amounts = [amount for _, amount in WORDING.results(sheet)]
        assert sum(amounts[: rows.index("granted")]) == sheet.granted - sheet.surplus
        assert ("not_entitled" in rows) is (refused and t["Deficit"] > t["SanctionSum"])
        assert all(line.amount >= 0 and type(line.amount) is int for line in sheet.lines)
        assert all(line.amount % 100 == 0 for line in sheet.lines if line.rounding == "franc_half_up")


@pytest.mark.parametrize("seed", range(3))
def test_every_line_is_said_in_every_language_and_every_doubt_too(seed: int) -> None:
    for facts, sheet in drawn(seed + 200):
        for lang in LANGUAGES:
            for line in sheet.lines:
                assert re.fullmatch(r"[^{}]+\.", explain(line, lang)), explain(line, lang)
                assert label(line, lang)
            text = sheet.to_text(lang, {"p0": "Åsa Öst"})
            assert "{" not in text
            for name, choice in sheet.uncertain.items():
                assert uncertainty(name, choice, lang, facts.canton) in text
            plain, warned = (structs.replace(sheet, has_example=w).to_text(lang) for w in (False, True))
            assert warned.startswith(plain)
            assert warned.count("\n") == plain.count("\n") + 2
        assert Sheet.from_json(sheet.to_bytes()) == sheet == Sheet.from_json(sheet.to_json())
        assert sheet.to_bytes() == canonical.dumps(sheet.to_json())
        assert sheet.region == facts.canton


OWN = {
    "MINOR": set[str](),
    "PARTNER": {"housekeeping_max", "stable_years", "housekeeping_children"},
    "ENTRY": {"entry_person", "entry_unit", "test_when"},
    "SANCTION": {"sanction_max", "sanction_months", "sanction_base"},
    "RESTITUTION": set[str](),
    "SHARE": {"split_income"},
    "WEALTH": {"wealth_single", "wealth_couple", "wealth_child", "wealth_max", "wealth_excess"},
    "REFUND": {"refund_single", "refund_couple", "refund_child"},
}
"""Lines made of other lines or of who is a minor, with the norms of their own: what moves the others moves these."""


def raised(norms: Norms, name: str) -> Norms:
    """The norms with every amount of one name, or the other choice of one setting, changed."""
    value = getattr(norms, name)
    if isinstance(value, Table):
        rows = tuple(Number.of(row + 700, row.used) for row in value.rows)
        return replace(norms, **{name: replace(value, rows=rows)})
    other = 1 - min(value, 1) if value.used.unit == "choice" else value + 1
    return replace(norms, **{name: Number.of(other, value.used)})


@pytest.mark.parametrize("seed", range(4))
def test_a_line_names_every_number_that_moves_it(seed: int) -> None:
    """Each norm in turn is changed: every line that moves and isn't made of others must name that norm."""
    norms = with_tables(norms_for(MARCH[0], "ZH"), RENTS)
    numbers = {f.name: getattr(norms, f.name) for f in fields(Norms)}
    names = [n for n, v in numbers.items() if isinstance(v, Number | Table)]
    assert len(names) == 48
    moved: set[str] = set()
    draw = random.Random(seed)
    for _ in range(60):
        facts = Facts.from_json(unit(draw, *draw.choice((MARCH, (MARCH[0], date(2026, 3, 11)))), "ZH", {}))
        sheet = calculate(facts, norms)
        for name in names:
            value = numbers[name]
            called = value.name if isinstance(value, Table) else value.used.name
            other = calculate(facts, raised(norms, name))
            after = {(x.code, x.person, _place(other, n)): x.amount for n, x in enumerate(other.lines)}
            for n, before in enumerate(sheet.lines):
                same = after.get((before.code, before.person, _place(sheet, n)), before.amount)
                if same != before.amount and name in OWN.get(before.code, {name}):
                    moved.add(name)
                    assert called in {x.name for x in before.numbers}, (called, before)
    assert {"gbl", "flat_minus", "rent_limit", "efb_max", "asylum_level", "part_month"} <= moved


@pytest.mark.parametrize("seed", range(6))
def test_the_parts_of_a_month_make_the_month(seed: int) -> None:
    """GBL, rent, wealth and housekeeping of a month cut at any days, under either method and rounding, add up to the
    whole month's; EFB and IZU are never more than a month's, however much of them each part is for."""
    draw = random.Random(seed)
    for _ in range(40):
        canton = draw.choice(CANTONS)
        chosen = settings(draw, canton)
        whole = unit(draw, *MARCH, canton, chosen)
        for member in whole["members"]:
            member["birth_on"] = member["birth_on"][:5] + "02-15"  # ages are those of each part's first day
            member["reimbursed_until"] = None
        if whole.get("rent"):
            whole["rent"]["notice_until"] = None
        if whole.get("partner"):
            whole["partner"] |= {"together_since": "2025-06-01", "common_child": False}
        if canton == "ZH" and draw.random() < 0.5:
            whole["members"] = [m | {"permit": "N"} for m in whole["members"]]
        cuts = sorted({*draw.sample(range(1, 31), draw.randint(1, 3)), 0, 31})
        days = [MARCH[0] + timedelta(days=n) for n in cuts]
        parts = [whole | {"since": a.isoformat(), "until": b.isoformat()} for a, b in pairwise(days)]
        norms = norms_for(date(2026, 3, 1), canton)
        sheets = [calculate(Facts.from_json(part), norms) for part in parts]
        together = [sum(x) for x in zip(*map(_of, sheets), strict=True)]
        assert together == _of(calculate(Facts.from_json(whole), norms))
        for code, limit in (("EFB", norms.efb_max), ("IZU", norms.izu_max)):
            for key in (m["key"] for m in whole["members"]):
                assert sum(x.amount for s in sheets for x in s.lines if (x.code, x.person) == (code, key)) <= limit


def _place(sheet: Sheet, n: int) -> int:
    """Which of the lines of its code and person it is."""
    line = sheet.lines[n]
    return sum((x.code, x.person) == (line.code, line.person) for x in sheet.lines[:n])


def _of(sheet: Sheet) -> list[int]:
    return [
        sum(x.amount for x in sheet.lines if x.code == code)
        for code in ("GBL", "GBL_ASYLUM", "RENT", "WEALTH", "PARTNER")
    ]


@pytest.mark.parametrize("seed", range(3))
def test_more_income_never_gives_more_support_and_a_sanction_never_either(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(60):
        given = unit(draw, *MARCH, "ZH", {})
        norms = norms_for(MARCH[0], "ZH")
        before = calculate(Facts.from_json(given), norms).granted
        more = {"code": "GIFT", "gross": draw.randint(1, 100_000), "source": "given"}
        assert calculate(Facts.from_json(given | {"incomes": [*given["incomes"], more]}), norms).granted <= before
        assert calculate(Facts.from_json(given | {"sanctions": []}), norms).granted >= before


def one(**more: Any) -> dict[str, Any]:
    """A single person, valid, with changes."""
    member = {"key": "a", "birth_on": "1990-01-01"}
    return {"since": "2026-03-01", "until": "2026-04-01", "canton": "ZH", "members": [member], **more}


def test_the_largest_amounts_stay_exact() -> None:
    costs = [{"code": "DENTAL", "applied": MAXIMUM}] * 200
    incomes = [{"code": "WAGE", "gross": MAXIMUM, "person": "a", "source": "given"}] * 200
    rent = {"amount": MAXIMUM, "source": "given"}
    facts = Facts.from_json(one(costs=costs, incomes=incomes, rent=rent, claim="running"))
    sheet = calculate(facts, norms_for(MARCH[0], "ZH"))
    assert sheet.granted == MAXIMUM + 1461 * KRONA
    canonical.dumps(sheet.to_json())


def test_a_canton_may_disregard_a_part_of_wages_at_the_entry() -> None:
    """Basel-Stadt: 200 for each person with a wage, 400 for the unit. Need A 1624 for two, 1974 for three."""
    norms = norms_for(MARCH[0], "ZH")
    basel = replace(
        norms,
        entry_person=Number.of(20_000, norms.entry_person.used),
        entry_unit=Number.of(40_000, norms.entry_unit.used),
    )
    people = [MEMBER | {"key": k, "birth_on": b} for k, b in (("a", "1990-01-01"), ("b", "1990-01-01"))]
    for wages, missing in (((150_000, 0), 32_400), ((150_000, 15_000), 32_400), ((100_000, 90_000), 12_400)):
        incomes = [WAGE | {"person": m["key"], "gross": w} for m, w in zip(people, wages, strict=True)]
        facts = Facts.from_json(one(members=people, incomes=incomes))
        zurich = 162_400 - sum(wages)
        assert calculate(facts, norms).totals["EntryDeficit"] == max(zurich, 0)
        assert calculate(facts, basel).totals["EntryDeficit"] == missing
    three = [*people, MEMBER | {"key": "c", "birth_on": "2009-01-01"}]
    incomes = [WAGE | {"person": m["key"], "gross": 30_000} for m in three]
    facts = Facts.from_json(one(members=three, incomes=incomes))
    assert calculate(facts, basel).totals["EntryDeficit"] == 197_400 - 90_000 + 40_000
    # ten days of 31: 1974, 200 and 400 by days
    for wages, missing in ((1, 63_677 - 10_000 + 6_452), (3, 63_677 - 30_000 + 12_903)):
        incomes = [WAGE | {"person": m["key"], "gross": 10_000} for m in three[:wages]]
        part = Facts.from_json(one(members=three, incomes=incomes, until="2026-03-11"))
        assert calculate(part, basel).totals["EntryDeficit"] == missing


def test_norms_of_another_day_or_canton_are_refused() -> None:
    facts = Facts.from_json(one())
    for norms in (norms_for(date(2025, 12, 1), "ZH"), norms_for(date(2026, 3, 2), "ZH")):
        with pytest.raises(FactsError, match="these norms hold from"):
            calculate(facts, norms)
    with pytest.raises(FactsError, match="canton: these norms are those of BE"):
        calculate(facts, norms_for(MARCH[0], "BE"))


def test_settings_are_part_of_the_norm_set() -> None:
    norms = norms_for(MARCH[0], "ZH")
    for wrong in ({"setting.no": "x"}, {"setting.part_month": "week"}, {"gbl": "5"}):
        with pytest.raises(FactsError, match="settings: "):
            calculate(Facts.from_json(one(settings=wrong)), norms)
    usual = calculate(Facts.from_json(one()), norms)
    other = calculate(Facts.from_json(one(settings={"setting.part_month": "thirty_days"})), norms)
    assert usual.norm_digest == norms.digest != other.norm_digest


def test_a_municipality_sets_its_rents_only_with_its_name_and_in_force() -> None:
    norms = norms_for(MARCH[0], "ZH")
    assert with_tables(norms, RENTS).digest != norms.digest
    entry = {
        "name": "rent.limit",
        "owner": "Musterwil",
        "unit": "CHF/month",
        "label": {"de": "x"},
        "by": "persons",
        "bands": [1],
        "last": 2,
        "values": [
            {"since": MARCH[0], "rows": [1200], "source": "s", "checked_on": MARCH[0], "status": "official"},
        ],
    }
    for wrong, said in (
        ({"owner": ""}, "owner: whose decision"),
        ({"name": "gbl"}, "gbl is none of rent.limit"),
        ({"by": "rooms"}, "rent.limit is a table by persons in CHF/month"),
        ({"unit": "CHF/day"}, "rent.limit is a table by persons in CHF/month"),
        ({"bands": [2]}, "rent.limit begins with 1 person"),
    ):
        with pytest.raises(NormError, match=f"^musterwil.yaml: rent.limit: {said}|^musterwil.yaml: {said}"):
            with_tables(norms, from_entries([entry | wrong], "musterwil.yaml"))
    # before its first day it is as if there were none, and a month in which it begins is to be split
    rented = one(rent={"amount": 1500_00, "source": "given"})
    february = Facts.from_json(rented | {"since": "2026-02-01", "until": "2026-03-01"})
    before = calculate(february, norms_of(february, tables=from_entries([entry], "m")))
    assert next(line.text for line in before.lines if line.code == "RENT") == "rent_no_limit"
    later = [replace(n, values=(replace(n.values[0], since=date(2026, 3, 15)),)) for n in from_entries([entry], "m")]
    march = Facts.from_json(rented)
    with pytest.raises(FactsError, match=r"hold from 2026-03-01 until 2026-03-15 .* calculate each part by itself"):
        calculate(march, norms_of(march, tables=later))
    first = Facts.from_json(rented | {"until": "2026-03-15"})
    rest = Facts.from_json(rented | {"since": "2026-03-15"})
    parts = [calculate(part, norms_of(part, tables=later)) for part in (first, rest)]
    said = [line.text for part in parts for line in part.lines if line.code == "RENT"]
    assert said == ["rent_no_limit part", "rent_over part"]
    three = [{"key": k, "birth_on": "2010-01-01"} for k in "abc"]
    facts = Facts.from_json(one(members=three, rent={"amount": 1, "source": "given"}))
    with pytest.raises(NormMissing, match=r"rent.limit: no row for persons 3"):
        calculate(facts, norms_of(facts, tables=from_entries([entry], "m")))


def test_each_canton_is_complete_on_every_day_on_which_anything_changes_and_refuses_the_day_before() -> None:
    """2025 and 2026: nothing before, nothing after, no gap between."""
    first, end = date(2025, 1, 1), date(2027, 1, 1)
    expected_days = {"ZH": [first, date(2026, 1, 1)], "BE": [first], "AG": [first]}
    assert set(expected_days) == set(CANTONS)
    for canton, expected in expected_days.items():
        changes = {d for n in history(canton).values() for v in n.values for d in (v.since, v.until) if d}
        days = sorted(d for d in changes if first <= d < end)
        assert days == expected
        assert len({norms_for(d, canton).digest for d in days}) == len(days)
        for day in days[1:]:
            assert norms_for(day - timedelta(days=1), canton).until == day
        for day in (first - timedelta(days=1), end):
            with pytest.raises(NormMissing):
                norms_for(day, canton)
    with pytest.raises(NormError, match="no layer for the canton XX"):
        norms_for(first, "XX")


def test_a_norm_of_a_canton_takes_the_place_of_one_of_its_name_and_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(numbers.HERE / "norms", tmp_path / "norms")
    good = (numbers.HERE / "ag/norms/wealth.yaml").read_text(encoding="utf-8")
    own = tmp_path / "zz/norms/wealth.yaml"
    own.parent.mkdir(parents=True)
    monkeypatch.setattr(numbers, "HERE", tmp_path)
    monkeypatch.setattr(numbers, "CANTONS", ("ZZ",))
    for text, problem in (
        (good.replace("wealth.single", "wealth.singel"), r"^zz/wealth.yaml: line \d+: wealth.singel takes the place"),
        (good.replace("unit: CHF", "unit: percent"), r"^zz/wealth.yaml: line \d+: wealth.single is in CHF$"),
    ):
        own.write_text(text, encoding="utf-8")
        with pytest.raises(NormError, match=problem):
            history.__wrapped__("ZZ")
    own.write_text(good, encoding="utf-8")
    assert history.__wrapped__("ZZ")["wealth.single"].values[0].value == 1500


def test_every_number_says_where_it_is_from_and_every_doubt_has_words() -> None:
    for canton in CANTONS:
        norms = norms_for(MARCH[0], canton)
        numbers = [v for v in vars(norms).values() if isinstance(v, Number)]
        numbers += [row for v in vars(norms).values() if isinstance(v, Table) for row in v.rows]
        assert all(n.used.source and n.used.name in history(canton) for n in numbers)
        for norm in history(canton).values():
            for words in (norm.uncertain, *norm.choices.values()):
                assert not words or set(words) == set(LANGUAGES), norm.name


def test_the_tables_of_the_guidelines() -> None:
    """SKOS-RL C.3.1 (2025, 2026), Bern (2024), wealth; written here a second time, in francs."""
    zurich, bern = norms_for(date(2026, 1, 1), "ZH"), norms_for(date(2026, 1, 1), "BE")
    assert [row // 100 for row in zurich.gbl.rows] == [1061, 1624, 1974, 2271, 2568, 2784, 3000]
    assert [row // 100 for row in bern.gbl.rows] == [1006, 1539, 1871, 2153, 2435, 2639, 2843]
    assert (zurich.gbl_further // 100, bern.gbl_further // 100) == (216, 204)

    def wealth(norms: Norms) -> list[int]:
        return [n // 100 for n in (norms.wealth_single, norms.wealth_couple, norms.wealth_child, norms.wealth_max)]

    assert wealth(zurich) == [6000, 12000, 3000, 15000]
    assert wealth(bern) == wealth(norms_for(date(2025, 12, 31), "ZH")) == [4000, 8000, 2000, 10000]


RENT = {"amount": 1, "source": "given"}
PARTNER = {"together_since": "2025-01-01", "common_child": False, "income": 1, "budget": 1, "source": "given"}
SANCTION = {"person": "a", "percent": 5, "since": "2026-03-01", "months": 6, "order": "V-1"}
RESTITUTION = {"remaining": 1, "percent": 15, "order": "V-1"}
RELATIVE = {"name": "Mutter", "income": 1, "couple": False, "children": 0, "source": "given"}
MEMBER = {"key": "a", "birth_on": "1990-01-01"}
WAGE = {"code": "WAGE", "gross": 1, "source": "given", "person": "a"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"until": "2026-04-02"}, "since, until: a period is one calendar month or a part of it"),
        ({"members": [MEMBER] * 201}, "at most 200 rows each"),
        ({"canton": "XX"}, f"canton: one of {', '.join(CANTONS)}"),
        ({"members": []}, "members: a unit has somebody in it"),
        ({"members": [MEMBER, MEMBER]}, "members: a key stands twice"),
        ({"members": [MEMBER | {"key": k} for k in "abc"]}, "members: a unit has at most two adults"),
        ({"members": [MEMBER | {"birth_on": "2026-03-02"}]}, "members[0]: birth_on: after the period's first day"),
        ({"members": [MEMBER | {"birth_on": "1879-12-31"}]}, "members[0]: birth_on: before 1880"),
        ({"members": [MEMBER | {"izu": -1}]}, "members[0]: izu: an amount lies between"),
        ({"members": [MEMBER | {"izu_before": 0}]}, "efb_before, izu_before: a whole month has no earlier part"),
        ({"wealth_before": 0}, "wealth_before, efb_before, izu_before: a whole month has no earlier part"),
        ({"until": "2026-03-11", "members": [MEMBER | {"efb_before": -1}]}, "members[0]: efb_before: an amount lies"),
        ({"until": "2026-03-11", "wealth_before": -1}, "wealth_before: an amount lies between"),
        ({"members": [MEMBER | {"reimbursed_until": "2026-03-15"}]}, "members[0]: reimbursed_until: inside the period"),
        ({"living": "family_like"}, "household_size: a shared household has more people"),
        ({"living": "with_parents", "household_size": 1}, "household_size: a shared household has more people"),
        ({"household_size": 2}, "household_size: only for a household shared"),
        ({"partner": PARTNER}, "partner: lives in the household: living is family_like"),
        (
            {"living": "family_like", "household_size": 2, "partner": PARTNER | {"together_since": "2026-03-02"}},
            "partner: together_since: not after the period's first day",
        ),
        (
            {"living": "family_like", "household_size": 2, "partner": PARTNER | {"income": -1}},
            "partner: income: an amount lies between",
        ),
        ({"living": "purpose_flat", "without_activity": True}, "without_activity: only for one young adult"),
        ({"rent": RENT | {"amount": -1}}, "rent: amount: an amount lies between"),
        ({"wealth": MAXIMUM + 1}, "wealth: an amount lies between"),
        ({"costs": [{"code": "YACHT", "applied": 1}]}, "costs[0]: YACHT is no cost"),
        ({"costs": [{"code": "DENTAL", "applied": 1, "effective": -1}]}, "costs[0]: an amount lies between"),
        ({"costs": [{"code": "DENTAL", "applied": 1, "person": "x"}]}, "costs[0]: x is no member"),
        ({"costs": [{"code": "DENTAL", "applied": 1, "note": "x" * 81}]}, "costs[0]: a note has at most 80"),
        ({"costs": [{"code": "WORK_MEALS", "applied": 1, "units": 63}]}, "costs[0]: units: 0 to 62"),
        ({"costs": [{"code": "KVG_COPAY", "applied": 1}]}, "costs[0]: KVG_COPAY: its limit is a person's own"),
        ({"incomes": [WAGE | {"code": "LOTTO"}]}, "incomes[0]: LOTTO is no income"),
        ({"incomes": [WAGE | {"gross": -1}]}, "incomes[0]: an amount lies between"),
        ({"incomes": [WAGE | {"person": None}]}, "incomes[0]: a wage belongs to a person"),
        ({"incomes": [WAGE | {"person": "x"}]}, "incomes[0]: x is no member"),
        ({"incomes": [WAGE | {"note": "x" * 81}]}, "incomes[0]: a note has at most 80"),
        ({"sanctions": [SANCTION | {"order": " "}]}, "sanctions[0]: order: a reduction counts only with the reference"),
        ({"sanctions": [SANCTION | {"person": "x"}]}, "sanctions[0]: x is no member"),
        ({"sanctions": [SANCTION | {"percent": 0}]}, "sanctions[0]: percent: 1 to 100"),
        ({"sanctions": [SANCTION | {"months": 0}]}, "sanctions[0]: months: 1 to 120"),
        (
            {"sanctions": [SANCTION, SANCTION | {"since": "2026-08-01"}]},
            "sanctions[1]: a has another one in these months",
        ),
        (
            {"sanctions": [SANCTION | {"since": "2026-08-01"}, SANCTION]},
            "sanctions[0]: a has another one in these months",
        ),
        (
            {"sanctions": [SANCTION | {"since": "2026-08-01", "person": "x"}, SANCTION]},
            "sanctions[0]: x is no member",
        ),
        ({"refund": {"wealth": -1, "received": 1, "source": "given"}}, "refund: wealth: an amount lies between"),
        ({"relatives": [RELATIVE | {"income": -1}]}, "relatives[0]: income: an amount lies between"),
        ({"relatives": [RELATIVE | {"children": 21}]}, "relatives[0]: name: 1 to 80 characters; children: 0 to 20"),
        ({"relatives": [RELATIVE | {"name": ""}]}, "relatives[0]: name: 1 to 80 characters"),
        ({"restitution": RESTITUTION | {"percent": 101}}, "restitution: percent: 1 to 100"),
        ({"restitution": RESTITUTION | {"order": ""}}, "restitution: order: the reference of the decision is needed"),
        ({"restitution": RESTITUTION | {"remaining": -1}}, "restitution: remaining: an amount lies between"),
    ],
)
def test_what_cannot_be_calculated_is_refused_with_the_place(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(FactsError) as caught:
        Facts.from_json(one(**changes))
    assert any(problem in said for said in caught.value.problems), caught.value.problems


def test_the_order_of_bills_decides_nothing_since_3_december() -> None:
    """Bills of one person and kind in another order come to the same, or one of the orders contradicts itself."""
    limit, amounts = 300_00, (0, 50_00, 200_00, 250_00)
    counted, refused = {}, []
    before, now = (norms_for(date(2026, 3, 1), "ZH", date(2026, 12, day)) for day in (2, 3))
    bills = [(said, accepted) for said in amounts for accepted in amounts[1:]]
    for pair in product(bills, repeat=2):
        rows = [
            {"code": "KVG_DEDUCTIBLE", "person": "a", "before": b, "applied": a, "source": "given"} for b, a in pair
        ]
        facts = Facts.from_json(one(costs=rows))
        then = calculate(facts, before).totals["BasicSecurity"]
        try:
            counted[pair] = calculate(facts, now).totals["BasicSecurity"]
        except FactsError as error:
            refused += error.problems
            continue
        assert counted[pair] == then == 1061_00 + min(pair[0][1] + pair[1][1], limit - pair[0][0])
    assert all(counted.get(pair[::-1], total) == total for pair, total in counted.items())
    assert len(counted) == 25 * 3 and refused == [f"costs[1]: before: {CONTRADICTS}"] * (144 - 75)


def test_facts_are_the_same_bytes_however_they_came() -> None:
    data = one(rent=RENT, sanctions=[SANCTION, SANCTION | {"since": "2026-09-01"}], restitution=RESTITUTION)
    facts = Facts.from_json(data)
    assert facts == Facts.from_json(facts.to_json()) == Facts.from_json(facts.to_bytes())
    assert facts.to_bytes() == canonical.dumps(facts.to_json())
    with pytest.raises(FactsError, match="not JSON"):
        Facts.from_json(b"{")
    with pytest.raises(FactsError, match="there is no field"):
        Facts.from_json(one(colour="red"))
