"""Rules beside the sheet: history, months, limits, warnings, retention; what a municipality sets."""

import random
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from handslag.rules.norms import Norm, NormError, NormMissing, from_entries
from handslag.rules.population import Columns
from handslag.rules.se import population
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.rules.se.facts import Facts, FactsError
from handslag.rules.se.limits import household_key, with_limits
from handslag.rules.se.numbers import history
from handslag.rules.se.pack import calculate, norms_for, norms_of
from handslag.rules.se.population import Population
from handslag.rules.se.refusals import REFUSALS, refusals_on
from handslag.rules.se.riksnorm import for_days
from handslag.rules.se.rows import NOT_TOLD, Period
from handslag.rules.se.text import LANGUAGES, why_less
from handslag.rules.se.warnings import Warning, warnings_of

from .households import household
from .rule_cases import RuleCase, every

MARCH = (date(2026, 3, 1), date(2026, 4, 1))
NORMS = norms_for(MARCH[0])


@pytest.mark.parametrize("case", list(every()), ids=lambda case: case.why)
def test_a_rule_beside_the_sheet(case: RuleCase) -> None:
    assert case.found() == case.expected


def set_by(name: str, unit: str = "SEK/month", **more: Any) -> Norm:
    value = {"since": date(2025, 1, 1), "source": "s", "checked_on": date(2026, 11, 26), "status": "official"}
    entry = {"name": name, "unit": unit, "label": {"sv": "Specnorm"}, "owner": "Norrby"}
    entry |= {key: more.pop(key) for key in ("by", "bands", "last", "choices") if key in more}
    return from_entries([entry | {"values": [value | more]}], "t")[0]


RENT = set_by("limit.RENT", by="household", bands=[20, 21, 40, 42], last=59, rows=[6000, 7000, 7500, 9000])


@pytest.mark.parametrize(
    ("adults", "children", "limit"),
    [(1, 0, 6000), (1, 1, 7000), (1, 30, 7000), (2, 0, 7500), (2, 1, 7500), (2, 2, 9000), (0, 1, 7000), (0, 0, 6000)],
)
def test_a_limit_follows_the_household(adults: int, children: int, limit: int) -> None:
    members: list[dict[str, Any]] = [{"key": "v", "role": "visitation_child", "birth_on": "2018-01-01"}]
    members += [{"key": f"a{n}", "role": "adult", "birth_on": "1990-01-01"} for n in range(adults)]
    members += [{"key": f"c{n}", "role": "child", "birth_on": "2018-01-01"} for n in range(children)]
    facts = Facts.from_json(
        {"since": "2026-03-01", "until": "2026-04-01", "members": members, "costs": [{"code": "RENT", "applied": 1}]}
    )
    found = with_limits(facts, norms_of(facts, tables=[RENT])).costs[0]
    assert (found.limit, found.limit_source) == (limit * 100, "s")
    assert with_limits(with_limits(facts, norms_of(facts, tables=[RENT])), NORMS).costs[0].limit is None
    assert household_key(adults, children) in range(20, 60)


@pytest.mark.parametrize("seed", range(4))
def test_limits_other_norms_and_the_ceiling_give_the_same_alone_and_among_many(seed: int) -> None:
    draw = random.Random(seed)
    example = seed % 2 == 1
    since, until = (date(2027, 3, 1), date(2027, 4, 1)) if example else MARCH
    settings = {"setting.formula": "bidragstak_2027"} if example else {}
    tables = [RENT, set_by("limit.INTERNET", value=3), set_by("norm.x.single", value=2000)]
    facts, sheets = [], []
    while len(facts) < 60:
        one = household(draw, since, until, settings)
        one["norm"] = "x"
        one["costs"] += [{"code": "RENT", "applied": draw.choice((0, 700_000, 900_001, 10**12))} for _ in range(2)]
        read = Facts.from_json(one)
        norms = norms_of(read, tables=tables)
        try:
            sheets.append(calculate(read, norms))
        except NormMissing:
            continue
        facts.append(with_limits(read, norms))
        assert sheets[-1] == calculate(facts[-1], norms)
    norms = norms.with_settings(settings)
    many = Population.of(facts)
    written = population.calculate_lines(many, Period.of(since, until), norms)
    for name, amounts in written.totals.items():
        assert amounts.tolist() == [s.totals[name] if name in s.totals else getattr(s, name) for s in sheets], name
    for kind, rows in (("EXPENSE", many.expenses), ("SPECIAL", many.special_expenses)):
        assert isinstance(rows, Columns)
        special = kind == "SPECIAL"
        lines = [x.amount for s in sheets for x in s.lines if _is_cost(x.code, special)]
        assert written.lines[kind].tolist() == lines
    capped = [x for s in sheets for x in s.lines if x.text == "cost_capped"]
    assert capped
    assert {"limit.RENT"} <= {x.numbers[0].name for x in capped} <= {"limit.RENT", "limit.INTERNET"}
    if example:
        cut = [sum(x.amount for x in s.lines if x.code == "CEILING") for s in sheets]
        assert written.lines["CEILING"].tolist() == cut
        assert min(cut) < 0
        assert {s.rule_version.partition("+")[0] for s in sheets} == {"se-2027.example"}
        assert all(s.has_example for s in sheets)


def _is_cost(code: str, special: bool) -> bool:
    kind, _, rest = code.partition(".")
    return kind == "COST" and COSTS[rest].special is special


@pytest.mark.parametrize("method", ["actual_days", "year_365", "month_30"])
def test_the_parts_of_a_month_are_together_never_more_than_the_month(method: str) -> None:
    """Days that follow each other, cut in three: by the days of the month they make what the days make uncut."""
    norms = NORMS.with_settings({"setting.day_method": method})
    before = norms_for(MARCH[0], date(2026, 12, 1)).with_settings({"setting.day_method": method})
    month, draw, more = Period.of(*MARCH), random.Random(3), 0
    for _ in range(300):
        monthly = draw.choice((3_550_00, 1_015_00, 1_017_50, draw.randint(1, 9_999) * 50))
        a, b, c = sorted(draw.sample(range(1, 32), 3))
        for throughout, last in ((True, 31), (False, c)):
            cuts = (0, a, b, last) if b < last else (0, a, last)
            parts = [(until - since, since) for since, until in pairwise(cuts)]
            sums = [
                sum(for_days(monthly, days, earlier, throughout, NOT_TOLD, month, norm) for days, earlier in parts)
                for norm in (norms, before)
            ]
            uncut = for_days(monthly, last, 0, throughout, NOT_TOLD, month, norms)
            assert sums[0] == uncut if throughout or method == "actual_days" else sums[0] <= monthly
            more += sums[1] > monthly
            # each a calculation of its own, which is told the days of those before it
            periods = [Period.of(date(2026, 3, s + 1), date(2026, 3, s + 1) + timedelta(days=d)) for d, s in parts]
            told = zip(periods, parts, strict=True)
            own = [for_days(monthly, d, 0, False, s, period, norms) for period, (d, s) in told]
            assert sum(own) == for_days(monthly, last, 0, False, 0, month, norms)
    assert more, "as known before they could be more"


def test_what_a_municipality_may_set() -> None:
    facts = Facts.from_json(
        {
            "since": "2026-03-01",
            "until": "2026-04-01",
            "members": [{"key": "a", "role": "adult", "birth_on": "1990-01-01"}],
        }
    )
    change = norms_of(facts, tables=[set_by("setting.income_change", "percent", value=20)])
    assert (change.income_change, change.digest == NORMS.digest) == (20, False)
    for wrong in (
        set_by("rent.limit", value=1),
        set_by("limit.SALARY", value=1),
        set_by("limit.RENT", "SEK", value=1),
        set_by("setting.no", "percent", value=1),
        set_by("setting.day_method", "percent", value=1),
        set_by("norm.x.rent", value=1),
        set_by("norm.x.day_method", value=1),
    ):
        with pytest.raises(NormError, match=f"{wrong.name} is read by no rule"):
            norms_of(facts, tables=[wrong])
    named = Facts.from_json(facts.to_json() | {"norm": "x"})
    for tables in ([], [set_by("norm.y.single", value=1)]):
        with pytest.raises(NormMissing, match=r"norm\.x: no value in force on 2026-03-01"):
            norms_of(named, tables=tables)
    with pytest.raises(NormMissing, match=r"norm\.x\.single: no value in force"):
        norms_of(named, tables=[set_by("norm.x.single", value=1, until=date(2026, 1, 1))])


def test_the_formula_of_2027_needs_its_own_norms_and_ends_where_they_end() -> None:
    given = {"members": [{"key": "a", "role": "adult", "birth_on": "1990-01-01"}]}
    given["settings"] = {"setting.formula": "bidragstak_2027"}  # type: ignore[assignment]
    for since, until in (("2026-12-01", "2027-01-01"), ("2028-01-01", "2028-02-01")):
        with pytest.raises(NormMissing):
            norms_of(Facts.from_json(given | {"since": since, "until": until}))
    march = Facts.from_json(given | {"since": "2026-03-01", "until": "2026-04-01"})
    with pytest.raises(FactsError, match=r"settings: setting\.formula: the formula of 2027 has its own norms"):
        calculate(march, NORMS)


def facts_of(**more: Any) -> Facts:
    members = [{"key": "a", "role": "adult", "birth_on": "1990-01-01"}]
    return Facts.from_json({"since": "2026-03-01", "until": "2026-04-01", "members": members, **more})


def income(code: str, gross: int) -> dict[str, Any]:
    return {"code": code, "gross": gross, "source": "given", "person": "a"}


def test_every_kind_of_warning_and_that_it_ends_with_its_cause() -> None:
    child = {"key": "c", "role": "child", "birth_on": "2018-01-01"}
    before = facts_of(
        costs=[{"code": "RENT", "applied": 500_000}, {"code": "MEDICINE", "applied": 0}],
        incomes=[income("PENSION", 100_000), income("DEPOSIT", 5), income("CHILD_BENEFIT", 100)],
    )
    now = facts_of(
        members=[{"key": "a", "role": "adult", "birth_on": "1990-01-01"}, child],
        costs=[
            {"code": "RENT", "applied": 700_000, "limit": 600_000},
            {"code": "OTHER", "applied": 100},
            {"code": "GLASSES", "applied": 0, "effective": 7},
            {"code": "MEDICINE", "applied": 0},
        ],
        incomes=[
            income("PENSION", 112_001),
            income("SALARY", 9),
            income("CHILD_BENEFIT", 112),
            income("SURPLUS_FROM_PREVIOUS_MONTH", 9),
            income("OTHER", 0),
        ],
    )
    found = warnings_of(now, NORMS, before, missing=["SO"], unhandled=["Fickpengar"])
    assert found == [
        Warning("EXPENSE_CAPPED", "RENT", "", 600_000, 700_000),
        Warning("EXPENSE_REVIEW", "OTHER", "", 100, 100),
        Warning("HOUSING_COST_CHANGE", "RENT", "", 700_000, 500_000),
        Warning("INCOME_CHANGE", "PENSION", "a", 112_001, 100_000),
        Warning("INCOME_DROPPED", "DEPOSIT", "a", 0, 5),
        Warning("MISSING_SSBTEK", "SO"),
        Warning("NEW_EXPENSE", "GLASSES", "", 7),
        Warning("NEW_EXPENSE", "OTHER", "", 100),
        Warning("NEW_INCOME", "SALARY", "a", 9),
        Warning("NEW_PERSON", "", "c"),
        Warning("UNHANDLED_INCOME", "Fickpengar"),
    ]
    assert warnings_of(before, NORMS, before) == warnings_of(before, NORMS) == []
    assert [w.kind for w in warnings_of(before, NORMS, now)][:1] == ["HOUSEHOLD_CHANGE"]
    grown = facts_of(members=[{"key": "a", "role": "child", "birth_on": "2010-01-01"}])
    assert Warning("HOUSEHOLD_CHANGE") in warnings_of(facts_of(), NORMS, grown)
    assert warnings_of(facts_of(household_size=3), NORMS, facts_of()) == [Warning("HOUSEHOLD_CHANGE")]


def test_why_less_counts_than_was_applied_for() -> None:
    capped, set_by_office = facts_of(
        costs=[
            {"code": "RENT", "applied": 700_000, "limit": 600_000, "limit_source": "§ 88", "note": "så dyrt"},
            {"code": "RENT", "applied": 700_000, "limit": 600_000, "effective": 0, "note": "betald redan"},
        ]
    ).costs
    assert why_less(set_by_office) == "betald redan"
    said = "The application is for SEK 7,000; the municipality's guideline is SEK 6,000, so SEK 6,000 counts (§ 88)."
    assert why_less(capped, "en").replace("\N{NO-BREAK SPACE}", " ") == said
    with pytest.raises(FactsError, match=r"costs\[0\]: a limit lies between"):
        facts_of(costs=[{"code": "RENT", "applied": 1, "limit": -1}])


def test_every_code_choice_and_doubt_is_there_in_every_language() -> None:
    for kinds in (COSTS, INCOMES):
        for code in kinds.values():
            assert set(code.name) == {*LANGUAGES, "ar"}  # applicants name them themselves
    for norm in {**history(example=True), **history()}.values():
        assert set(norm.label) == set(LANGUAGES), norm.name
        for text in (norm.uncertain, *norm.choices.values()):
            assert set(text) in (set(), set(LANGUAGES)), norm.name


def test_a_ground_of_refusal_is_one_from_its_month_on() -> None:
    first = min(one.since for one in REFUSALS)
    assert refusals_on(first - timedelta(days=1)) == {}
    assert refusals_on(max(one.since for one in REFUSALS)) == {one.code: one for one in REFUSALS}
