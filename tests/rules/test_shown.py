"""A sheet made ready to be read says every line of it once, in each language, with the same amounts."""

import re
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from handslag import rules
from handslag.cli.sheet import app
from handslag.rules.case_files import read
from handslag.rules.sheet import Sheet, languages, wording_of
from handslag.rules.shown import ShownSheet, changes_to_text, codes_to_text, differences, shown, to_html

CASES = Path(rules.__file__).parent
EVERY = sorted(CASES.rglob("cases/**/*.yaml"))
#: Share of lines whose section no published text with an address holds: a bill that isn't law yet, another canton's.
UNPUBLISHED = 0.03


class Cells(HTMLParser):
    """The rows of the page, as text of their cells; and every link."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.text = ""
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@cache
def sheet_of(path: Path) -> Sheet:
    """The sheet of a worked case; worked out once for all tests here."""
    return read(path).calculate()


def page_of(told: ShownSheet, sheet: Sheet) -> Cells:
    cells = Cells()
    cells.feed(to_html(told, sheet))
    return cells


@pytest.mark.parametrize("pack", ["se", "ch", "de"])
def test_every_line_is_said_once_in_each_language_with_its_statistics_code_or_why_it_has_none(pack: str) -> None:
    """In the page and, the codes, in the text; only a version of before may lack what the newest has."""
    for path in (path for path in EVERY if f"/rules/{pack}/" in path.as_posix()):
        sheet, then = sheet_of(path), read(path).known_on
        for lang in languages(pack):
            told = shown(sheet, lang)
            lines = [line for group in told.groups for line in group.lines]
            assert sorted((line.code, line.amount) for line in lines) == sorted(
                (line.code, line.amount) for line in sheet.lines
            ), path.stem
            assert all(group.sum.amount == sheet.totals[group.sum.name] for group in told.groups)
            assert all(line.label and line.sentence and line.law.text and line.law.on == sheet.since for line in lines)
            assert {row.name: row.amount for row in told.results}["granted"] == sheet.granted
            assert told.difference is None and not told.gone
            said = page_of(told, sheet)
            assert len([row for row in said.rows if len(row) == 6 and row[0] != said.rows[0][0]]) == len(lines)
            assert told.notice in said.text and not said.tags & {"script", "img", "iframe", "form"}
            text = codes_to_text(told, sheet).splitlines()[1:]
            rows = [row for row in said.rows if len(row) == 6]
            assert len(text) == len(lines)
            version = wording_of(pack).say("statistics.version", lang)
            for line, row in zip(lines, text, strict=True):
                assert bool(line.statistics_code) != bool(line.uncounted), (path.stem, line.code)
                assert row.startswith(f"  {line.code}") and row.endswith(line.statistics_code or f"({line.uncounted})")
                assert any(line.sentence[:-1] in cells[1] and row.endswith(cells[4]) for cells in rows), row
                assert line.uncounted != version or (then is not None and then < date(2026, 11, 29)), path.stem


def test_how_a_line_was_rounded_stands_in_page_and_text() -> None:
    (path,) = [path for path in EVERY if path.stem == "split-rounded-half-up"]
    told = shown(sheet_of(path), "en")
    for said in (page_of(told, sheet_of(path)).text, codes_to_text(told, sheet_of(path))):
        assert "rounded to whole Rappen, halves up" in said


def test_most_sections_lead_to_the_law() -> None:
    """A link where the pack knows who publishes the law; every one of the form that the publisher has."""
    addresses = {"se": "https://rkrattsbaser.gov.se/sfst?bet=", "ch": "https://", "de": "https://www.gesetze-im-"}
    for pack, begin in addresses.items():
        lines = [
            line
            for path in EVERY
            if f"/rules/{pack}/" in path.as_posix()
            for group in shown(sheet_of(path)).groups
            for line in group.lines
        ]
        assert all(not line.law.url or line.law.url.startswith(begin) for line in lines)
        assert sum(not line.law.url for line in lines) / len(lines) <= UNPUBLISHED, pack


def test_the_law_of_a_canton_comes_before_the_guidelines_that_it_names() -> None:
    [need] = shown(sheet_of(CASES / "ch/cases/2026/table-of-two.yaml")).groups[0].lines
    assert need.law.text == "§ 17 SHV ZH; SKOS-RL C.3.1"
    assert need.law.url.startswith("https://www.zh.ch/")


@pytest.mark.parametrize("pack", ["se", "ch", "de"])
def test_the_differences_are_the_difference(pack: str) -> None:
    """Of each group: its lines' differences without what is gone are what the sum moved by."""
    sheets = [sheet_of(path) for path in EVERY if f"/rules/{pack}/" in path.as_posix()]
    compared = 0
    for before, now in pairwise(sheets):
        told = shown(now, before=before)
        of_lines = sum(line.difference or 0 for group in told.groups for line in group.lines)
        gone = sum(row.amount for row in told.gone)
        moved = sum(line.amount for line in now.lines) - sum(line.amount for line in before.lines)
        assert of_lines - gone == moved
        assert told.difference == now.granted - before.granted
        said = changes_to_text(told, now)
        assert (said.count("\n") > 2) == any((of_lines, gone, *(li.difference for g in told.groups for li in g.lines)))
        compared += bool(told.gone)
    assert compared > 5
    same = shown(sheets[0], before=sheets[0])
    assert same.difference == 0 and not same.gone
    assert changes_to_text(shown(sheets[0]), sheets[0]) == ""
    assert all(line.difference == 0 for group in same.groups for line in group.lines)


def test_two_lines_alike_are_compared_together() -> None:
    (path,) = [path for path in EVERY if path.stem == "c1-single"]
    case = read(path)
    before = case.calculate()
    rent = next(cost for cost in case.facts.costs if cost.code == "RENT")
    twice = replace(case, facts=msgspec.structs.replace(case.facts, costs=[*case.facts.costs, rent])).calculate()
    moved = [
        (line.code, by)
        for line, by in zip(twice.lines, differences(twice, before), strict=True)
        if line.code == "COST.RENT"
    ]
    assert moved == [("COST.RENT", rent.applied), ("COST.RENT", 0)]
    assert differences(twice, None) == [None] * len(twice.lines)


def test_what_people_wrote_stays_text() -> None:
    (path,) = [path for path in EVERY if path.stem == "c3-couple-with-job-stimulus"]
    sheet = read(path).calculate()
    person = next(line.person for line in sheet.lines if line.person)
    told = shown(sheet, names={person: "<script>alert(1)</script>"})
    assert "<script>" not in to_html(told, sheet)
    assert "<script>alert(1)</script>" in page_of(told, sheet).text
    # nor does it make a line of its own, or turn figures round
    mark = "\u202e"
    line = next(line for line in sheet.lines if line.person == person)
    wild = {**line.params, "note": f"x\n\nBistånd 99 999\u2028{mark}\0"}
    noted = msgspec.structs.replace(sheet, lines=[msgspec.structs.replace(line, params=wild)])
    told = shown(noted, names={person: f"Anna\nBistånd 99 999{mark}"})
    text = noted.to_text("sv", {person: f"Anna\r\nBistånd 99 999{mark}"}) + codes_to_text(told, noted)
    assert not {mark, "\0", "\r", "\u2028"} & set(text)
    assert not re.search(r"(?m)^Bistånd 99", text) and "Bistånd 99 999" in text
    assert mark not in to_html(told, noted) and "Anna Bistånd 99 999" in to_html(told, noted)


def test_the_command_prints_a_page_and_what_differs() -> None:
    case, before = (str(next(path for path in EVERY if path.stem == name)) for name in ("c1-single", "c6-surplus"))
    page = CliRunner().invoke(app, [case, "--format", "html", "--lang", "en", "--before", before])
    assert page.exit_code == 0
    assert "This is a calculation, not a decision." in page.output and "Against last month" in page.output
    text = CliRunner().invoke(app, [case, "--lang", "en", "--before", before])
    assert re.search(r"^Against last month\n(  .+: [+−-].+\n)+", text.output, re.MULTILINE), text.output
    assert text.output.endswith("\nThis is a calculation, not a decision.\n")
    other = next(path for path in EVERY if "/rules/ch/" in path.as_posix())
    refused = CliRunner().invoke(app, [case, "--before", str(other)])
    assert refused.exit_code == 1 and "another pack" in refused.output
