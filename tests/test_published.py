"""What is published of the product is what the code says: states, norms, commands, the application's document."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bed import ROOT

PAGES = ("application.md", "commands.md", "norms.md", "states.md")


def compare(root: Path) -> subprocess.CompletedProcess[str]:
    """`./dev docs --check` over a copy of the pages."""
    command = [sys.executable, str(root / "docs/build.py"), "--check"]
    path = os.pathsep.join([str(root / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)


def test_the_published_pages_are_those_of_the_code(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("images"))
    (tmp_path / "src").symlink_to(ROOT / "src")
    same = compare(tmp_path)
    assert same.returncode == 0, same.stdout + same.stderr
    for name in PAGES:
        page = tmp_path / "docs/reference" / name
        text = page.read_text(encoding="utf-8")
        assert len(text) > 1000, name
    page.write_text(text.replace("decided", "undecided"), encoding="utf-8")
    other = compare(tmp_path)
    assert other.returncode != 0 and page.name in other.stdout + other.stderr


def test_the_glossary_says_each_term_in_the_languages_of_the_law() -> None:
    """What it is, and the word in Swedish, German and French; each term once."""
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    lines = [line.strip("|").split("|") for line in text.splitlines() if "|" in line]
    head, _, *rows = [[cell.strip() for cell in line] for line in lines]
    assert head == ["term", "what it is", "sv", "de", "fr"]
    assert [row for row in rows if len(row) != 5 or not all(row)] == []
    terms = [row[0] for row in rows]
    assert len(terms) == len(set(terms)) > 30
