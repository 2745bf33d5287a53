"""The application file: what is wrong is named in plain words; new numbers change nothing but the numbers."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from handslag.domain.people.identifiers import normal_identifier
from handslag.journey.application import SCHEMA, ApplicationError, read, schema, with_new_numbers
from tests.bed import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
PLACES: list[tuple[Any, str]] = [
    (lambda a: a.pop("household"), "the file: household is missing"),
    (lambda a: a.update(colour="red"), "the file: colour is no field of it"),
    (
        lambda a: a["costs"][0].update(amount=61.5),
        "costs[0].amount: is a number with decimals, should be a whole number",
    ),
    (lambda a: a["costs"][0].update(amount="6200"), "costs[0].amount: is text, should be a whole number"),
    (lambda a: a["incomes"][0].update(amount=-1), "incomes[0].amount: is less than 0"),
    (lambda a: a["household"][0].update(role="aunt"), "household[0].role: aunt is not one of the values allowed"),
    (lambda a: a["household"][0].update(given_name=""), "household[0].given_name: is shorter than 1 characters"),
    (lambda a: a["household"][0].update(number="900517"), "household[0].number: is not written as it should be"),
    (
        lambda a: a["household"][0].update(number="19900517-9881"),
        "household[0] (anna).number: the last digit doesn't fit the others",
    ),
    (lambda a: a["household"][0].update(number="19900231-9888"), "household[0] (anna).number: there is no such day"),
    (
        lambda a: a["household"][0]["account"].update(number="2468014"),
        "household[0] (anna).account: the check digit is wrong for Länsförsäkringar Bank",
    ),
    (lambda a: a["household"].append(a["household"][0]), "household[1] (anna).key: used twice"),
    (lambda a: a["costs"][3].update(person="bo"), "costs[3].person: 'bo' is nobody's key in household"),
    (
        lambda a: a["incomes"][0].update(code="SALARY", person=None),
        "incomes[0].person: income from work belongs to somebody",
    ),
    (
        lambda a: a["costs"][0].update(accepted=1),
        "reasons: needed (ten characters at least), as a cost isn't accepted in full",
    ),
    (lambda a: a.update(channel="paper"), "paper: say where the signed paper is kept"),
]


def refused(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    with pytest.raises(ApplicationError) as caught:
        read(path)
    return caught.value.problems


@pytest.mark.parametrize(("spoil", "problem"), PLACES, ids=[problem for _, problem in PLACES])
def test_a_fault_is_named_with_its_place(tmp_path: Path, spoil: Any, problem: str) -> None:
    found = json.loads((ROOT / "examples" / "single.json").read_text())
    spoil(found)
    assert problem in refused(tmp_path / "a.json", json.dumps(found).encode())


def test_all_faults_beyond_form_are_named_at_once(tmp_path: Path) -> None:
    found = json.loads((ROOT / "examples" / "single.json").read_text())
    found["costs"][0]["code"] = "YACHT"
    found["costs"][1]["person"] = "bo"
    found["household"][0]["lunch_days"] = 5
    problems = refused(tmp_path / "a.json", json.dumps(found).encode())
    assert [problem.partition(":")[0] for problem in problems] == [
        "household[0] (anna).lunch_days",
        "costs[0].code",
        "costs[1].person",
    ]


def test_a_file_that_is_no_json_or_not_there_is_told(tmp_path: Path) -> None:
    assert "is not JSON" in refused(tmp_path / "a.json", b"{,")[0]
    assert "is not JSON" in refused(tmp_path / "a.json", b'{"title": "\xff"}')[0]
    with pytest.raises(ApplicationError, match="No such file"):
        read(tmp_path / "none.json")


def test_the_shipped_schema_is_that_of_the_types() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema()


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_new_numbers_keep_the_ages_that_count(path: Path) -> None:
    application = read(path)
    today = date(2026, 11, 22)
    seen = set()
    for seed in range(50):
        fresh = with_new_numbers(application, today, random.Random(seed))
        fresh.check()
        for old, new in zip(application.household, fresh.household, strict=True):
            assert msgspec.structs.replace(new, number=old.number) == old
            born, before = (normal_identifier(p.identifier_type, p.number)[1] for p in (new, old))
            assert born is not None and before is not None
            assert born.year == before.year
            if old.role == "child":
                assert born.month == before.month
            assert 980 <= int(new.digits[8:11]) <= 999
        seen.add(fresh.adults[0].digits)
    assert len(seen) > 45
    assert with_new_numbers(application, today, random.Random(1)) == with_new_numbers(
        application, today, random.Random(1)
    )
