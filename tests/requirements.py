"""docs/requirements.md as data: every requirement of the mission, its state, where it stands, and its tests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.bed import ROOT

PAGE = ROOT / "docs" / "requirements.md"
#: How many requirements each row of programmes has.
IDS = [f"{row}{n}" for row, last in (("M", 16), ("N", 6), ("I", 4), ("S", 29), ("B", 5)) for n in range(1, last + 1)]


@dataclass(frozen=True)
class Requirement:
    """One row of the page. `tests` are files, or files with `::test`."""

    id: str
    state: str
    where: str
    tests: tuple[str, ...]


def requirements(text: str) -> list[Requirement]:
    """The rows of the page's table."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if re.fullmatch(r"[A-Z]\d+", cells[0]):
            name, state, where, tests = cells
            found.append(Requirement(name, state, where, tuple(re.findall(r"tests/[\w/.:]+", tests))))
    return found


def named_tests() -> set[str]:
    """Every test that the page names."""
    return {test for row in requirements(PAGE.read_text(encoding="utf-8")) for test in row.tests}
