"""What a simulation says is what the sheets say, one household at a time; a proposal changes what it names."""

import random
import re
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from handslag.kernel.months import Month
from handslag.rules.facts import FactsError
from handslag.rules.norms import Amendment, Norm, NormError, NormMissing, amend, from_entries, load_amendments
from handslag.rules.packs import pack
from handslag.rules.se.numbers import EXAMPLE_2027, history
from handslag.rules.unnamed import RowError, facts_of, in_month, pseudonymised
from handslag.simulation.chunk import KINDS, PARTS, Question, SimulationError, added, calculate, kind_of, rules_digest
from handslag.simulation.invented import households
from tests.rules import ch_households, de_households
from tests.rules.households import household

FEBRUARY = Month(2026, 2)
TODAY = date(2026, 12, 2)
CHANGES = {
    "se": {"riksnorm.single": 4400, "setting.lunch_days": 3},
    "ch": {"efb.max": 300, "izu.max": 1},
    "de": {"regelbedarf.1": 600},
}


def proposal(law: str, since: date = date(2026, 3, 1)) -> tuple[Amendment, ...]:
    told = {"since": since, "source": "proposal", "checked_on": date(2026, 1, 1), "status": "example"}
    return tuple(
        Amendment("p.yaml", {"name": name, "values": [told | {"value": value}]}) for name, value in CHANGES[law].items()
    )


def question(law: str, after: tuple[Amendment, ...], tables: tuple[Norm, ...] = (), months: int = 2) -> Question:
    return Question(law, tuple(FEBRUARY + n for n in range(months)), tables, (), after, rules_digest(), TODAY)


@pytest.mark.parametrize(("law", "tables"), [("se", ()), ("ch", ch_households.RENTS), ("de", de_households.TABLES)])
def test_the_sums_are_those_of_the_sheets(law: str, tables: Any) -> None:
    rules, after = pack(law), proposal(law)
    known: dict[Any, Any] = {}
    rows = list(households(law, 60, seed=7))
    expected: dict[str, list[int]] = {}
    monthly = [[0] * 2 for _ in range(2)]
    for row in rows:
        granted = []
        for side in ((), after):
            for m in range(2):
                facts = in_month(facts_of(rules, row, FEBRUARY), FEBRUARY + m)
                norms = known.get((side == (), m)) or rules.norms_of(facts, TODAY, tables=tables, amendments=side)
                known[side == (), m] = norms
                granted.append(rules.calculate(facts, norms).granted)
        b1, b2, a1, a2 = granted
        change = a1 + a2 - b1 - b2
        for sums, before, later in zip(monthly, (b1, b2), (a1, a2), strict=True):
            for n, amount in enumerate((before, later)):
                sums[n] += amount
        own = (1, b1 + b2 > 0, b1 + b2, a1 + a2 > 0, a1 + a2, change > 0, max(change, 0), change < 0, max(-change, 0))
        kind = kind_of(facts)
        expected[kind] = [a + b for a, b in zip(expected.get(kind, [0] * 9), own, strict=True)]
    asked = question(law, after, tuple(tables))
    pieces = [calculate(asked, n, msgspec.json.encode(rows[n : n + 25])) for n in range(0, 60, 25)]
    found = added(pieces, 2)
    assert found["kinds"] == expected and found["months"] == monthly and found["refused"] == []
    assert list(found["kinds"]) == [kind for kind in KINDS if kind in expected]
    assert sum(row[PARTS.index("winners")] + row[PARTS.index("losers")] for row in expected.values()) > 0
    assert monthly[0][0] == monthly[0][1] and monthly[1][0] != monthly[1][1]  # the proposal holds from March


def test_the_ceiling_of_2027_is_a_proposal_like_another() -> None:
    told = {"since": date(2027, 1, 1), "source": "bill", "checked_on": date(2026, 11, 1), "status": "example"}
    formula = Amendment("bill.yaml", {"name": "setting.formula", "values": [told | {"value": "bidragstak_2027"}]})
    before = load_amendments(Path(EXAMPLE_2027, "bidragstak.yaml").read_text(), "bidragstak.yaml")
    rules = pack("se")
    adults = [{"key": f"p{n}", "role": "adult", "age": 40} for n in range(2)]
    children = [{"key": f"p{n}", "role": "child", "age": 12} for n in range(2, 8)]
    row = {"members": adults + children, "costs": [{"code": "RENT", "applied": 14_000_00}]}
    months = (Month(2026, 12), Month(2027, 1))
    asked = Question("se", months, (), before, (*before, formula), rules_digest(), TODAY)
    [_, january] = calculate(asked, 0, msgspec.json.encode([row]))["months"]
    plain = facts_of(rules, row, months[1])
    facts = facts_of(rules, row | {"settings": {"setting.formula": "bidragstak_2027"}}, months[1])
    assert january[1] == rules.calculate(facts, rules.norms_of(facts, TODAY)).granted < january[0]
    assert january[0] == rules.calculate(plain, rules.norms_of(plain, TODAY, amendments=before)).granted


def test_a_limit_of_the_municipality_is_changed_like_a_norm() -> None:
    told = {"source": "board", "checked_on": date(2026, 1, 1), "status": "official"}
    limit = {"name": "limit.RENT", "unit": "SEK/month", "label": {"sv": "Hyra"}}
    first = [told | {"since": date(2026, 1, 1), "value": 8000}]
    lower = [told | {"since": date(2026, 3, 1), "value": 7000}]
    row = {"members": [{"key": "a", "role": "adult", "age": 40}], "costs": [{"code": "RENT", "applied": 9000_00}]}

    def granted(tables: Any, after: dict[str, Any]) -> list[int]:
        asked = question("se", (Amendment("board.yaml", after),), tuple(from_entries(tables, "tables.yaml")))
        months = calculate(asked, 0, msgspec.json.encode([row]))["months"]
        return [amount for month in months for amount in month]

    norm = granted([], limit | {"values": lower})[0] - 9000_00  # what is granted beside the rent
    assert granted([limit | {"values": first}], {"name": "limit.RENT", "values": lower}) == [
        norm + 8000_00, norm + 8000_00, norm + 8000_00, norm + 7000_00
    ]  # fmt: skip
    assert granted([], limit | {"values": lower})[2:] == [norm + 9000_00, norm + 7000_00]  # there was none before
    with pytest.raises(SimulationError, match=r"limit\.CARS is read by no rule"):
        granted([], limit | {"name": "limit.CARS", "values": lower})


def test_who_cannot_be_calculated_is_left_out_and_named() -> None:
    rows: list[dict[str, Any]] = [
        {"members": [{"key": "a", "role": "adult", "age": 40}]},
        {"members": [{"key": "a", "role": "child", "age": 21}]},  # no norm for that age
        {"members": [{"key": "a", "role": "adult", "age": 40}], "settings": {"setting.lunch": "x"}},
        {"members": []},
        {"members": [{"key": "a", "role": "adult", "age": 40}], "norm": "none"},
    ]
    found = calculate(question("se", ()), 100, msgspec.json.encode(rows))
    assert found["kinds"].keys() == {"single_0"} and found["kinds"]["single_0"][0] == 1
    assert [n for n, _ in found["refused"]] == [102, 103, 104, 105]
    whys = [why for _, why in found["refused"]]
    assert "riksnorm.child" in whys[0] and "setting.lunch is no setting" in whys[1] and "somebody" in whys[2]
    assert whys[3] == "norm: the tables have no norm none"


def test_a_simulation_goes_by_the_rules_known_on_its_day() -> None:
    """Two bills of one deductible share its limit of the year, as is known from 30 November 2026 on."""
    bill = {"code": "KVG_DEDUCTIBLE", "person": "a", "applied": 300_00, "source": "evidence"}
    people = [{"key": "a", "age": 40}]
    row = msgspec.json.encode([{"canton": "ZH", "members": people, "costs": [bill, bill]}] * 5)
    cost = {}
    for day in (date(2026, 11, 29), date(2026, 11, 30)):
        asked = Question("ch", (FEBRUARY,), (), (), (), rules_digest(), day)
        cost[day.day] = calculate(asked, 0, row)["months"]
    assert cost == {29: [[5 * 1661_00] * 2], 30: [[5 * 1361_00] * 2]}


def test_a_household_that_a_month_does_not_fit_is_left_out() -> None:
    [row] = households("de", 1, seed=3)
    debt = {"code": "DEPOSIT", "person": "p0", "remaining": 100_00, "since": date(2026, 3, 1)}
    found = calculate(question("de", (), months=1), 0, msgspec.json.encode([row | {"debts": [debt]}]))
    assert (found["kinds"], len(found["refused"])) == ({}, 1)
    early = Question("de", (Month(2026, 4), FEBRUARY), (), (), (), rules_digest(), TODAY)
    [[_, why]] = calculate(early, 0, msgspec.json.encode([row | {"debts": [debt]}]))["refused"]
    assert why.startswith("2026-02: debts[0]")


def test_a_simulation_is_refused_where_its_norms_are_not_whole() -> None:
    row = msgspec.json.encode([{"members": [{"key": "a", "role": "adult", "age": 40}]}])
    with pytest.raises(SimulationError, match="2026-02: a norm changes on 2026-02-15"):
        calculate(question("se", proposal("se", date(2026, 2, 15))), 0, row)
    with pytest.raises(SimulationError, match=r"1999-01: .*no value in force"):
        calculate(Question("se", (Month(1999, 1),), (), (), (), rules_digest(), TODAY), 0, row)
    with pytest.raises(SimulationError, match="install the same version"):
        calculate(Question("se", (FEBRUARY,), (), (), (), "another", TODAY), 0, row)
    # a proposal on what nobody knows of yet on that day would have no effect
    early = date(2026, 12, 5)
    text = "- {name: setting.asylum_deductions, values: [{since: 2026-01-01, value: none, source: p, "
    chosen = load_amendments(text + "checked_on: 2026-01-01, status: example}]}", "p.yaml")
    row = msgspec.json.encode([{"canton": "ZH", "members": [{"key": "a", "age": 40}]}])
    with pytest.raises(SimulationError, match="asylum_deductions counts in calculations from 2026-12-06 on, not yet"):
        calculate(Question("ch", (FEBRUARY,), (), (), chosen, rules_digest(), early), 0, row)


def test_a_proposal_takes_the_place_of_a_value_by_name_and_date() -> None:
    text = """
- name: riksnorm.single
  values:
    - {since: 2026-01-01, value: 4300, source: p, checked_on: 2026-01-01, status: example}
    - {since: 2026-07-01, value: 4400, source: p, checked_on: 2026-01-01, status: example}
"""
    amendments = load_amendments(text, "p.yaml")
    [norm], _ = amend(history(), (), amendments)
    before = {v.since: v.value for v in history()["riksnorm.single"].values}
    assert {v.since: v.value for v in norm.values} == before | {date(2026, 1, 1): 4300, date(2026, 7, 1): 4400}
    assert amend(history(), (norm,), amendments) == ((), (norm,))  # a table of that name is what it changes
    # what stands twice from one day on, as known before and after, stays so beside what is proposed from another day
    of_2026 = load_amendments(text.replace("riksnorm.single", "prisbasbelopp").replace("4300", "43000"), "p.yaml")
    [norm], _ = amend(history(), (), of_2026)
    known = [norm.on(date(2025, 12, 1), date(2026, 11, day)).status for day in (27, 28)]
    assert known == ["official", "derived"]
    text = text.replace("4400, ", "4400, known_from: 2026-12-01, ")
    [later] = load_amendments(text, "p.yaml")
    assert later.unknown(date(2026, 12, 1)) == []
    [told] = later.unknown(date(2026, 11, 30))
    assert told.startswith("p.yaml: line 5: riksnorm.single, since 2026-07-01: known_from 2026-12-01 is after 2026-11")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: x", "p.yaml: a proposal is a list of norms, each with its name and values"),
        ("- [", "p.yaml: line 1: not YAML"),
        ("- value: 3", "p.yaml: line 1: each norm is a mapping with a name"),
        ("- {name: a}\n- {name: a}", "p.yaml: line 2: a stands in it twice"),
        (
            "- {name: riksnorm.singel, values: []}",
            "p.yaml: line 1: riksnorm.singel: there is no norm of that name to change",
        ),
        ("- {name: riksnorm.single,\n  unit: SEK}", "p.yaml: line 2: riksnorm.single: unit is SEK/month, not SEK"),
        (
            "# bill\n- name: riksnorm.single\n  values:\n  - {since: 2026-01-01, value: 1, status: example}",
            "p.yaml: line 4: riksnorm.single, since 2026-01-01: source is missing",
        ),
        (
            "- {name: riksnorm.child, values: [{since: 2026-01-01,\n  rows: [1], status: example}]}",
            "p.yaml: line 2: riksnorm.child, since 2026-01-01: rows are 8 whole numbers, one for each band",
        ),
    ],
)
def test_what_is_wrong_with_a_proposal_is_said_with_file_line_and_norm(text: str, problem: str) -> None:
    with pytest.raises(NormError) as refused:
        amend(history(), (), load_amendments(text, "p.yaml"))
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (
            {"members": [{"key": "a", "role": "adult", "birth_on": "1980-05-01"}]},
            "members[0]: birth_on: no such column",
        ),
        ({"members": [{"key": "a", "role": "adult"}]}, "members[0]: age: whole years from 0 to 120 are expected"),
        ({"members": [{"key": "a", "role": "adult", "age": "40"}]}, "members[0]: age: whole years"),
        ({"members": [{"key": "a", "role": "grown", "age": 40}]}, "members[0]: role: one of adult, child"),
        ({"members": ["a"]}, "members[0]: a struct with key, role, age"),
        ({"members": [], "note": "Anna"}, "note: no such column; there are members, costs"),
        ({"members": [], "costs": [{"code": "RENT", "applied": 1.5}]}, "costs[0]: applied: a whole number is expected"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_its_column(row: dict[str, Any], problem: str) -> None:
    with pytest.raises(RowError, match=r"^row 12: ") as refused:
        calculate(question("se", ()), 11, msgspec.json.encode([row]))
    assert str(refused.value).removeprefix("row 12: ").startswith(problem)


@pytest.mark.parametrize("law", ["se", "ch", "de"])
def test_a_row_of_a_case_names_nobody(law: str) -> None:
    draw, rules, month = random.Random(5), pack(law), Month(2026, 3)
    taken = 0
    for _ in range(60):
        if law == "se":
            data = household(draw, month.since, month.until, {})
        elif law == "ch":
            data = ch_households.unit(draw, month.since, month.until, "ZH", {})
        else:
            data = de_households.household(draw, month.since, month.until, {})
        data = msgspec.json.decode(re.sub(rb'"p(\d+)"', rb'"19800101-T\1"', msgspec.json.encode(data)))
        for kind in ("costs", "needs", "incomes"):
            for one in data.get(kind, []):
                one["note"] = "Anna Andersson"
        facts = rules.Facts.from_json(data)
        row = pseudonymised(facts)
        text = msgspec.json.encode(row).decode()
        for secret in ("19800101", "Anna", "laut Bescheid", "im Einzelfall", "SO-17", "V-1", "birth_on", "note"):
            assert secret not in text
        days = [part[8:10] for part in text.split('"') if len(part) == 10 and part[4:8:3] == "--"]
        assert set(days) <= {"01"}
        try:
            again = facts_of(rules, msgspec.json.decode(text), month)
        except FactsError:
            continue  # a part of a month can't be made whole in every household
        taken += 1
        assert len(again.members) == len({m["key"] for m in data["members"]})
    assert taken > 40


def test_a_whole_month_is_granted_the_same_with_and_without_names() -> None:
    draw, rules, month, compared = random.Random(11), pack("se"), Month(2026, 3), 0
    while compared < 40:
        data = household(draw, month.since, month.until, {})
        if any((m["since"], m["until"]) != ("2026-03-01", "2026-04-01") for m in data["members"]):
            continue
        facts = rules.Facts.from_json(data)
        unnamed = facts_of(rules, pseudonymised(facts), month)
        try:
            granted = rules.calculate(facts, rules.norms_of(facts)).granted
        except NormMissing:
            continue
        assert rules.calculate(unnamed, rules.norms_of(unnamed)).granted == granted
        compared += 1
