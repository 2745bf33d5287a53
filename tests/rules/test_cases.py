"""Every case file gives exactly the sheet that stands in it."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from handslag import rules
from handslag.rules import se
from handslag.rules.case_files import read

EVERY = sorted(Path(rules.__file__).parent.rglob("cases/**/*.yaml"))
CASES = sorted((Path(se.__file__).parent / "cases").rglob("*.yaml"))


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = read(path)
    assert case.why
    assert case.calculate().to_text() == case.expected
    assert case.pack.PACK in path.parts


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_arithmetic_of_a_case_ends_in_its_result(path: Path) -> None:
    """What a person worked out by hand stands in `why`; the result must be among its figures."""
    case = read(path)
    sheet = case.calculate()
    said = re.sub(r"(?<=\d)[\s\N{NO-BREAK SPACE}](?=\d{3})", "", case.why).replace(",", ".")
    figures = {Decimal(figure) for figure in re.findall(r"\d+(?:\.\d+)?", said)}
    assert Decimal(sheet.granted or sheet.surplus) / 100 in figures


def test_the_worked_cases_of_the_field_give_the_amounts_worked_out_by_hand() -> None:
    """Grant and surplus in kronor, written here a second time so that no file can drift alone."""
    by_name = {path.stem: read(path).calculate() for path in CASES}
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
