"""The page of requirements is whole, and names tests that are there. That they ran is held at the session's end."""

from __future__ import annotations

import ast

import pytest

from tests.bed import ROOT
from tests.conftest import not_run
from tests.requirements import IDS, PAGE, Requirement, requirements

ROWS = requirements(PAGE.read_text(encoding="utf-8"))


def _is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return name in functions if name else any(function.startswith("test_") for function in functions)


def problems(rows: list[Requirement]) -> list[str]:
    """What is wrong with the page."""
    found = []
    if [row.id for row in rows] != IDS:
        found.append("not the sixty requirements, each once, in their order")
    for row in rows:
        if row.state not in ("works", "partial", "not begun"):
            found.append(f"{row.id}: no state {row.state}")
        if (row.state == "not begun") == bool(row.tests):
            found.append(f"{row.id}: is {row.state} and has {len(row.tests)} tests")
        if row.state != "not begun" and not row.where:
            found.append(f"{row.id}: is {row.state}, but nowhere")
        found += [f"{row.id}: {test} is not there" for test in row.tests if not _is_there(test)]
    return found


def test_the_page_of_requirements_holds() -> None:
    assert len(IDS) == 60
    assert problems(ROWS) == []


def test_what_is_wrong_with_the_page_is_found() -> None:
    text = "\n".join(
        [
            "| M1 | works | here | tests/test_requirements.py::test_nowhere |",
            "| M2 | done | here | tests/test_nowhere.py |",
            "| M3 | works | here | |",
            "| M4 | partial | | tests/test_requirements.py |",
            "| M5 | not begun | | tests/test_requirements.py |",
        ]
    )
    assert problems(requirements(text)) == [
        "not the sixty requirements, each once, in their order",
        "M1: tests/test_requirements.py::test_nowhere is not there",
        "M2: no state done",
        "M2: tests/test_nowhere.py is not there",
        "M3: is works and has 0 tests",
        "M4: is partial, but nowhere",
        "M5: is not begun and has 1 tests",
    ]


@pytest.mark.parametrize("named", ["tests/a.py", "tests/a.py::test_x"])
def test_a_named_test_that_did_not_run_is_found(named: str) -> None:
    assert not_run({named}, {"tests/a.py::test_x[1]", "tests/b.py::test_y"}) == []
    assert not_run({named}, {"tests/a.py2::test_x", "tests/b.py::test_x"}) == [named]
