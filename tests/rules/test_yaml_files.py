"""Files that people write in YAML: whatever stands in them, they are read or refused with the line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from handslag.rules import se
from handslag.rules.case_files import CaseError, read
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormError, load, load_amendments
from handslag.rules.packs import pack
from handslag.rules.yaml_files import YamlError, line_of, read_with_lines, read_yaml
from handslag.web.caseworker import norm_files

NORMS = """
- name: limit.RENT
  unit: SEK/month
  label: {sv: Hyra, en: Rent}
  by: household
  bands: [20, 40]
  last: 59
  uncertain: &doubt {sv: Osäkert}
  values:
    - {since: 2025-01-01, rows: [10, 20], source: s, checked_on: 2025-01-01, status: derived}
- name: setting.day_method
  unit: choice
  label: {sv: Dagar}
  uncertain: *doubt
  choices: {year_365: {sv: a}, month_30: {sv: b}}
  values:
    - since: 2025-01-01
      value: month_30
      source: s
      checked_on: 2025-01-01
      status: official
"""
CASE = (Path(se.__file__).parent / "cases" / "2026" / "c1-single.yaml").read_text(encoding="utf-8")
#: What is typed, pasted and attacked with, wherever a value may stand.
SNIPPETS = [
    "2026-02-30", "0001-01-01", "9999-12-31", "2026-01-01T12:00:00", "2026-01-01 12:00:00 +25:00", "9" * 5_000,
    "1" * 40, "-1", ".inf", ".nan", "0b", "0x", "1:99:99", "[" * 60, "{a: " * 60, "&a [*a]", "*nobody", "&x [*x, *x]",
    "!!python/object:os.system x", "!!timestamp x", "!!int x", "!!float x", "!!bool x", "!!binary x", "!!set {a}",
    "!!omap [a]", "!!pairs [1]", '"\\ud800"', '"\\0"', "? [a]\n: b", "{[a]: b}", "{a: 1, a: 2}", "{<<: 1}", "\x00",
    "\ufffe",    "２０２６-01-01", "[20, x]", "[[1, 2], [3, 4]]", "null", "~", "yes", "%YAML 9.9",
    "---\n---", "\t", "@", "`", "'", '"',
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2026-02-30", "line 2: there is no day 2026-02-30"),
        ("a: 1\n\nb: " + "9" * 5_000, "line 3: a number of more than 400 digits"),
        ("a: 08 5\nb: 010", "line 2: 010 is no value that can be read"),  # eight, says YAML
        ("a: 0.5\nb: 10:30", "line 2: 10:30 is no value that can be read"),  # six hundred and thirty
        ("a:\n  " + "[" * 500, "line 2: more than 40 levels"),
        ("a: 1\nb: &b [*b]", "line 2: more than 40 levels, or values that refer to others within themselves"),
        ("a: 1\nb: 2\na: 3", "line 3: a stands here twice"),
        ("- b: {c: 1,\n  c: 2}", "line 2: c stands here twice"),
        ("a: 1\nb: !!int x", "line 2: x is no value that can be read"),
        ('a: 1\nb: "\\0"', r"line 2: '\x00' is no value that can be read"),
        ("a: 1\nb: \x07", "line 2: not YAML: there can't be a character U+0007"),
        ("a: [\nb", "line 2: not YAML: "),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(YamlError) as refused:
        read_yaml(text)
    assert str(refused.value).startswith(said)


def test_references_are_read_but_not_without_end() -> None:
    assert read_with_lines("- &a {x: 1}\n- *a\n") == ([{"x": 1}, {"x": 1}], [1, 2])
    many = "- &a [" + "1, " * 20_000 + "1]\n" + "- *a\n" * 30
    with pytest.raises(YamlError, match=r"^line 2[0-9]: more than"):
        read_yaml(many)


def test_the_line_of_a_place_is_that_of_the_last_step_there_is() -> None:
    text = "a: 1\nb:\n  - {c: 2}\n  - c: 3\n    d: 4\n"
    for place, line in (("a.x", 1), ("b", 2), ("b.0.c", 3), ("b.1.d", 5), ("b.7", 2), ("x", 1)):
        assert line_of(text, place.split(".")) == line, place


def _spoilt(text: str, snippet: str, chance: random.Random) -> str:
    """The text with a snippet where a value may begin: beside what stood there, or in its place."""
    at = chance.choice([n for n, sign in enumerate(text) if sign in " ,:["])
    rest = at + 1 if chance.random() < 0.5 else text.find("\n", at)
    return f"{text[: at + 1]} {snippet}{text[rest:]}"


def test_whatever_stands_anywhere_a_file_is_read_or_refused(tmp_path: Path) -> None:
    chance, path, given = random.Random(1), tmp_path / "case.yaml", CASE.partition("expected:")[0]
    assert [norm.name for norm in load(NORMS, "f.yaml")] == ["limit.RENT", "setting.day_method"]
    refused = 0
    readings = (load, load_amendments, lambda text, file: norm_files.read(text, file, None, "", {}, pack("se"), "en"))
    for snippet in SNIPPETS * 3:
        text = _spoilt(NORMS, snippet, chance)
        for reading in readings:
            try:
                reading(text, "f.yaml")
            except (NormError, norm_files.FileError) as error:
                refused += "f.yaml" in str(error)
        path.write_bytes(_spoilt(given, snippet, chance).encode("utf-8", "surrogatepass"))
        try:
            read(path)
        except CaseError as error:
            refused += "case.yaml" in str(error)
        except FactsError as error:
            refused += bool(error.problems)
    assert refused > len(SNIPPETS) * 4


def test_thousands_of_wrong_entries_are_each_named_and_the_file_is_composed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    composed, real = list[str](), yaml.compose
    monkeypatch.setattr(yaml, "compose", lambda text, **more: composed.append(text) or real(text, **more))
    text = "".join(f"- {{name: limit.RENT{n}}}\n" for n in range(300))
    with pytest.raises(norm_files.FileError) as wrong:
        norm_files.read(text, "f.yaml", None, "", {}, pack("se"), "en")
    assert len(wrong.value.problems) == 300 and "300" in wrong.value.problems[-1].partition("limit")[0]
    assert composed == [text]
