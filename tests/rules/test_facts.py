"""Facts: what is stored and taken back, and what is refused with every fault named."""

import json
from typing import Any

import pytest

from handslag.kernel import canonical
from handslag.rules.se.facts import Facts, FactsError

ADULT = {"key": "a", "role": "adult", "birth_on": "1990-05-17"}
CHILD = {"key": "c", "role": "child", "birth_on": "2015-05-17"}


def given(**changes: Any) -> dict[str, Any]:
    return {"since": "2026-03-01", "until": "2026-04-01", "members": [ADULT, CHILD], **changes}


def test_facts_are_the_same_bytes_however_they_came() -> None:
    data = given(costs=[{"code": "RENT", "applied": 620000}])
    facts = Facts.from_json(data)
    again = Facts.from_json(json.dumps(dict(reversed(data.items()))).encode())
    assert facts == again == Facts.from_json(facts.to_json()) == Facts.from_json(facts.to_bytes())
    assert facts.to_bytes() == again.to_bytes()
    assert facts.to_bytes() == canonical.dumps(facts.to_json())


def salary(person: str | None, **more: Any) -> dict[str, Any]:
    return {"code": "SALARY", "gross": 1, "source": "given", "person": person, **more}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"until": "2026-04-02"}, "since, until: a period is one calendar month or a part of it"),
        ({"until": "2026-03-01"}, "since, until: a period is one calendar month or a part of it"),
        ({"members": []}, "members: a household has somebody in it"),
        ({"members": [ADULT, ADULT | {"key": "b"}, ADULT | {"key": "d"}]}, "members: a case has at most two adults"),
        ({"members": [CHILD, CHILD]}, "members: c: rows of one person overlap"),
        (
            {"members": [CHILD | {"until": "2026-03-05"}, CHILD | {"since": "2026-03-05", "role": "adult"}]},
            "members: c: rows of one person differ",
        ),
        ({"members": [CHILD | {"since": "2026-02-28"}]}, "members[0]: since, until: inside the period"),
        ({"members": [CHILD | {"since": "2026-03-05", "until": "2026-03-05"}]}, "members[0]: since, until: inside"),
        ({"members": [CHILD | {"birth_on": "2026-04-01"}]}, "members[0]: birth_on: not yet born"),
        ({"days_before": 1}, "days_before: 0 to the number of the month's days before the period"),
        ({"members": [CHILD | {"days_before": 1}]}, "members[0]: days_before: 0 to the number of the month's days"),
        ({"members": [CHILD | {"birth_on": "2026-03-02"}]}, "members[0]: since: a child born inside the period"),
        ({"members": [ADULT | {"birth_on": "1879-12-31"}]}, "members[0]: birth_on: before 1880"),
        ({"members": [CHILD | {"lunch_days": 8}]}, "members[0]: lunch_days: 0 to 7"),
        ({"members": [CHILD | {"job_stimulus": True}]}, "members[0]: job_stimulus: not for children"),
        ({"members": [ADULT | {"work_income_before": 0}]}, "members[0]: work_income_before: for children only"),
        ({"members": [CHILD | {"work_income_before": -1}]}, "members[0]: work_income_before: between 0"),
        ({"household_size": 1}, "household_size: not below the number of members"),
        ({"household_size": 100}, "household_size: not below the number of members, not above 99"),
        ({"costs": [{"code": "YACHT", "applied": 1}]}, "costs[0]: YACHT is no cost"),
        ({"costs": [{"code": "RENT", "applied": -1}]}, "costs[0]: amounts lie between"),
        ({"costs": [{"code": "RENT", "applied": 1, "effective": 10**12 + 1}]}, "costs[0]: amounts lie between"),
        ({"costs": [{"code": "RENT", "applied": 1, "note": "x" * 81}]}, "costs[0]: a note has at most 80"),
        ({"costs": [{"code": "RENT", "applied": 1, "person": "x"}]}, "costs[0]: x is no member"),
        ({"costs": [{"code": "RENT", "applied": 1.0}]}, "costs[0]: applied: a whole number is expected"),
        ({"costs": [{"code": "RENT", "applied": True}]}, "costs[0]: applied: a whole number is expected"),
        ({"costs": [{"code": "RENT", "applied": "1"}]}, "costs[0]: applied: a whole number is expected"),
        ({"costs": [{"code": "RENT"}]}, "costs[0]: applied: is missing: a whole number is expected"),
        ({"costs": [{"code": "RENT", "applied": 1}] * 201}, "at most 200 rows each"),
        ({"rents": []}, "rents: there is no field rents; there are since, until, members, costs"),
        ({"incomes": [salary("a", code="LOOT")]}, "incomes[0]: LOOT is no income; there are SALARY"),
        ({"incomes": [salary("a", gross=-1)]}, "incomes[0]: an amount lies between"),
        ({"incomes": [salary("a", note="x" * 81)]}, "incomes[0]: a note has at most 80"),
        ({"incomes": [salary(None)]}, "incomes[0]: work income belongs to a person"),
        ({"incomes": [salary("x")]}, "incomes[0]: x is no member"),
        ({"incomes": [salary("c")]}, "incomes[0]: c: work_income_before is needed"),
        ({"incomes": [salary("a", source="rumour")]}, "incomes[0]: source: one of fetched, given, evidence"),
    ],
)
def test_facts_that_cannot_be_calculated_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(FactsError) as caught:
        Facts.from_json(given(**changes))
    assert len(caught.value.problems) == 1
    assert problem in caught.value.problems[0]


def test_all_faults_come_at_once() -> None:
    with pytest.raises(FactsError) as caught:
        Facts.from_json(given(household_size=0, costs=[{"code": "X", "applied": -1}], incomes=[salary("x")]))
    assert len(caught.value.problems) == 4


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(FactsError, match="not JSON"):
        Facts.from_json(b"{")
