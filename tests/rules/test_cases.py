"""Every case file gives exactly the sheet that stands in it."""

import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from handslag import rules
from handslag.rules.case_files import Case, worked_cases
from handslag.rules.packs import names

FOLDER = Path(rules.__file__).parent
EVERY = sorted(FOLDER.rglob("cases/**/*.yaml"))


def law_of(path: Path) -> str:
    """The law that a case file stands in."""
    return path.relative_to(FOLDER).parts[0]


def of(law: str) -> list[Path]:
    """The case files of a law."""
    return [path for path in EVERY if law_of(path) == law]


@cache
def cases(law: str) -> dict[str, Case]:
    """The worked cases of a law by name, each read once."""
    return dict(worked_cases(law))


def read(path: Path) -> Case:
    """The case in a file."""
    return cases(law_of(path))[path.stem]


def figures(said: str) -> set[Decimal]:
    """The numbers in a text, with a point where they have decimals."""
    return {Decimal(figure) for figure in re.findall(r"\d+(?:\.\d+)?", said)}


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = read(path)
    assert case.why
    assert case.calculate().to_text() == case.expected
    assert law_of(path) == case.pack.PACK


@pytest.mark.parametrize("path", of("se"), ids=lambda path: path.stem)
def test_the_arithmetic_of_a_case_ends_in_its_result(path: Path) -> None:
    """What a person worked out by hand stands in `why`; the result must be among its figures."""
    case = read(path)
    sheet = case.calculate()
    said = re.sub(r"(?<=\d)[\s\N{NO-BREAK SPACE}](?=\d{3})", "", case.why).replace(",", ".")
    assert Decimal(sheet.granted or sheet.surplus) / 100 in figures(said)


@pytest.mark.parametrize("path", [*of("ch"), *of("de")], ids=lambda path: path.stem)
def test_the_arithmetic_of_a_case_is_about_an_amount_of_its_sheet(path: Path) -> None:
    """The same where a case is about one line or total, not about what is granted in the end."""
    case = read(path)
    sheet = case.calculate()
    amounts = [line.amount for line in sheet.lines] + [*sheet.totals.values(), sheet.granted, sheet.surplus]
    said = re.sub(r"(?<=\d),(?=\d{3})", "", case.why)
    assert figures(said) & {Decimal(abs(amount)) / 100 for amount in amounts}


def test_each_law_has_at_least_forty_cases_beside_the_field_s_worked_ones() -> None:
    worked = {"se": r"c\d", "ch": r"w\w-", "de": r"e\d"}
    assert set(worked) == set(names())
    for law, name in worked.items():
        assert len([case for case in cases(law) if not re.match(name, case)]) >= 40, law
        assert len(cases(law)) == len(of(law)), "two cases of one name"


def test_the_worked_cases_of_the_field_give_the_amounts_worked_out_by_hand() -> None:
    """Grant and surplus in kronor, written here a second time so that no file can drift alone."""
    by_name = {path.stem: read(path).calculate() for path in of("se")}
    amounts = {name: (s.granted / 100, s.surplus / 100) for name, s in by_name.items() if re.match(r"c\d", name)}
    assert amounts == {
        "c1-single": (6550, 0),
        "c3-couple-with-job-stimulus": (4570, 0),
        "c3-couple-without-job-stimulus": (1570, 0),
        "c5-adult-in-household-of-five": (4156, 0),
        "c6-surplus": (0, 2280),
        "c6-surplus-carried": (580, 0),
        "c9-two-of-four": (8775, 0),
    }
    assert by_name["c9-two-of-four"].totals["CommonHouseholdCost"] == 101_500
