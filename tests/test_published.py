"""What is published of the product is what the code says: states, norms, commands, the application's document."""

from __future__ import annotations

import re
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest

from docs import build
from handslag.rules.yaml_files import shipped
from tests.bed import ROOT

PAGES = ("application.md", "commands.md", "norms.md", "states.md")


def test_the_published_pages_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As `./dev check` compares them, which starts `docs.build` as a process of its own."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("images"))
    (tmp_path / "src").symlink_to(ROOT / "src")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "SOURCE", tmp_path / "src/handslag")
    monkeypatch.setattr(build, "PAGES", {name: cache(page) for name, page in build.PAGES.items()})
    monkeypatch.setattr(sys, "argv", ["docs.build", "--check"])
    build.main()
    for name in PAGES:
        page = tmp_path / "docs/reference" / name
        text = page.read_text(encoding="utf-8")
        assert len(text) > 1000, name
    page.write_text(text.replace("decided", "undecided"), encoding="utf-8")
    with pytest.raises(SystemExit, match=page.name):
        build.main()


def test_every_norm_with_its_history_and_every_line_with_its_section_is_in_the_reference() -> None:
    """By the norm files and the words of lines themselves: what the pages are made by may overlook one."""
    laws, page = ROOT / "src/handslag/rules", ROOT / "docs/reference"
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in (page / "norms.md").read_text(encoding="utf-8").splitlines()
    ]
    there = {(row[0].strip("`"), row[2].partition(",")[0], " ".join(row[6].split())) for row in rows if len(row) == 7}
    values = 0
    for path in sorted(laws.glob("**/norms/*.yaml")):
        for norm in shipped(path):
            for value in norm["values"]:
                values += 1
                source = " ".join(value["source"].replace("|", "/").split())
                assert (norm["name"], str(value["since"]), source) in there, (path, norm["name"])
    assert values > 400
    parts = (page / "rules.md").read_text(encoding="utf-8").split("\n## ")
    lines = 0
    for path in sorted(laws.glob("*/texts.yaml")):
        own = "".join(part for part in parts if part.startswith(f"{path.parent.name}: "))
        told = {code for row in own.splitlines() if row.startswith("| `") for code in re.findall("`([^`]+)`", row)}
        codes = {key.removeprefix("label.") for key in shipped(path) if re.fullmatch(r"label\.[A-Z_0-9]+", key)}
        lines += len(codes)
        assert own and codes - told == set(), path
    assert lines > 40


def test_the_glossary_says_each_term_in_the_languages_of_the_law() -> None:
    """What it is, and the word in Swedish, German and French; each term once."""
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    lines = [line.strip("|").split("|") for line in text.splitlines() if "|" in line]
    head, _, *rows = [[cell.strip() for cell in line] for line in lines]
    assert head == ["term", "what it is", "sv", "de", "fr"]
    assert [row for row in rows if len(row) != 5 or not all(row)] == []
    terms = [row[0] for row in rows]
    assert len(terms) == len(set(terms)) > 30
