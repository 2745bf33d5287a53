"""`handslag sheet CASE.yaml`: what it prints, and what it says of a file that is no case."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from handslag.cli.sheet import app
from handslag.rules import ch, se

CASE = Path(se.__file__).parent / "cases" / "2026" / "c1-single.yaml"

TABLE = (
    "{name: rent.limit, owner: Lund, unit: SEK, label: {sv: a}, values: "
    "[{since: 2026-01-01, value: 1, source: s, checked_on: 2026-01-01, status: official}]}"
)


def run(path: Path, *options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(path), *options])
    return result.exit_code, result.stdout, result.stderr


def test_the_sheet_as_text_and_as_json() -> None:
    code, text, _ = run(CASE)
    assert code == 0
    assert "Bistånd" in text
    assert text.count("6 550") == 1
    code, text, _ = run(CASE, "--lang", "en")
    assert (code, text.count("Assistance"), text.count("6,550")) == (0, 1, 1)
    code, text, _ = run(CASE, "--format", "json")
    sheet = json.loads(text)
    assert (code, sheet["granted"], sheet["pack"], len(sheet["lines"])) == (0, 655_000, "se", 7)


def test_a_case_without_an_expected_sheet_is_calculated_and_one_that_differs_is_told(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    given, _, expected = CASE.read_text(encoding="utf-8").partition("expected: |")
    path.write_text(given, encoding="utf-8")
    assert run(path) == run(CASE)
    path.write_text(given + "expected: |" + expected.replace("6 550", "6 551"), encoding="utf-8")
    code, text, said = run(path)
    assert (code, text) == (2, run(CASE)[1])
    assert said == "The sheet differs from the expected one in the file.\n"


def test_what_is_known_from_a_later_day_counts_only_where_that_day_is_asked_for(tmp_path: Path) -> None:
    """Of a case that says no day: today, as the office and the API; its expected sheet is that of all that is known."""
    case, limits = tmp_path / "case.yaml", tmp_path / "limits.yaml"
    case.write_text(CASE.read_text(encoding="utf-8").partition("expected:")[0], encoding="utf-8")
    value = "{since: 2026-01-01, rows: [%s], source: s, checked_on: 2026-01-01, status: official%s}"
    values = f"{value % (6500, '')}, {value % (5000, ', known_from: 2100-01-01')}"
    limits.write_text(
        "- {name: limit.RENT, unit: SEK/month, owner: Lund, label: {sv: a}, by: household, bands: [20], last: 59, "
        f"values: [{values}]}}",
        encoding="utf-8",
    )
    granted = [
        json.loads(run(case, "--tables", str(limits), "--format", "json", *options)[1])["granted"]
        for options in ((), ("--known-on", "2099-12-31"), ("--known-on", "2100-01-01"))
    ]
    assert granted == [6_550_00, 6_550_00, 5_350_00]
    # what counts on no day before, says so and isn't left out without a word
    limits.write_text(limits.read_text(encoding="utf-8").replace(f"{value % (6500, '')}, ", ""), encoding="utf-8")
    told = f"{limits}: line 1: limit.RENT counts in calculations from 2100-01-01 on, not yet on 2099-12-31\n"
    assert run(case, "--tables", str(limits), "--known-on", "2099-12-31") == (1, "", told)
    assert run(case, "--tables", str(limits), "--known-on", "2100-01-01")[0] == 0
    swiss = next(Path(ch.__file__).parent.joinpath("cases").rglob("wealth-above-the-allowance.yaml"))
    shared = "given:\n  settings: {setting.restitution_limit: shared}"
    case.write_text(swiss.read_text(encoding="utf-8").replace("given:", shared), encoding="utf-8")
    line = 1 + case.read_text(encoding="utf-8").partition("settings:")[0].count("\n")
    told = "setting.restitution_limit counts in calculations from 2026-12-05 on, not yet on 2026-12-04"
    assert run(case, "--known-on", "2026-12-04") == (1, "", f"{case}: line {line}: settings: {told}\n")
    assert run(case, "--known-on", "2026-12-05")[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("why: >", "why: [", "not YAML"),
        ("given:", "gievn:", "case.yaml: line 4: unknown gievn; there are pack, why, given"),
        ("given:", "known_on:", "case.yaml: line 1: a case has `why`, `given` and `expected`"),
        ("given:", "extra: 1\ngiven:", "case.yaml: line 4: unknown extra; there are pack, why, given"),
        ("given:", "pack: xx\ngiven:", "case.yaml: line 4: pack: there is no pack xx; there are"),
        ("given:", "tables: [{}]\ngiven:", "case.yaml: line 4: each norm is a mapping with a name"),
        ("given:", "tables: 5\ngiven:", "case.yaml: line 4: tables: a list of norms is expected"),
        ("given:", "tables: [" + TABLE + "]\ngiven:", "case.yaml: line 4: rent.limit is read by no rule"),
        (
            "given:",
            "tables: [" + TABLE.replace("sv", "it") + "]\ngiven:",
            "line 4: rent.limit: label: a text in sv, the",
        ),
        ("2026-03\n", "2026-3\n", "case.yaml: line 5: month: a month is written 2026-03"),
        ("given:", "decided_on: soon\ngiven:", "case.yaml: line 4: decided_on is a date such as 2026-03-28"),
        ("6200", "6200.5", 'case.yaml: line 9: costs[0].applied: whole kronor, or text such as "6 200,50"\n'),
        ("6200", '"6.200"', "line 9: costs[0].applied: not an amount (groups): '6.200'; expected are whole kronor"),
        ("6200", '"3500.005"', "case.yaml: line 9: costs[0].applied: not an amount (decimals): '3500.005'; expected"),
        ("6200", "yes", 'case.yaml: line 9: costs[0].applied: whole kronor, or text such as "6 200,50"\n'),
        ("1990-05-17", "1990-02-30", "case.yaml: line 7: there is no day 1990-02-30\n"),
        ("month: 2026-03", "since: 9999-12-01\n  until: 9999-12-31", "since: no such month: 9999-12"),
        ("month: 2026-03", "month: 2026-03\n  since: 2026-05-01", "line 6: since: a case has a month, or since"),
        ("1990-05-17", "1790-05-17", "case.yaml: line 7: members[0].birth_on: before 1880"),
        ("1990-05-17", "1990-05-17, rank: 1", "case.yaml: line 7: members[0].rank: there is no field rank"),
        ("role: adult", "role: 5", "case.yaml: line 7: members[0].role: one of adult, child, visitation_child"),
        ("  month:", "  17: 1\n  month:", "case.yaml: line 5: 17 is no name: a name is expected, in quotation marks"),
        ("role: adult", "2026-03-01: 5", "case.yaml: line 7: members[0]: 2026-03-01 is no name: a name is expected"),
        ("  month:", "  settings: {1.5: week}\n  month:", "case.yaml: line 5: settings: 1.5 is no name: a name"),
        ("  month:", "  rank: 1\n  month:", "case.yaml: line 5: rank: there is no field rank"),
        ("month: 2026-03", "month: 2027-01", "case.yaml: line 5: prisbasbelopp: no value in force on 2027-01-01"),
        ("month: 2026-03", "month: 2026-03\n  norm: foo", "case.yaml: line 6: norm.foo: no value in force on"),
        ("role: adult, birth_on: 1990", "role: child, birth_on: 2004", "line 6: riksnorm.child: no row for age 21"),
        ("month: 2026-03", "month: 2026-03\n  settings: {setting.day_method: week}", "setting.day_method is one of"),
    ],
)
def test_a_file_that_cannot_be_calculated_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "case.yaml"
    text = CASE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    code, printed, told = run(path)
    assert (code, printed) == (1, "")
    assert said in told


def test_a_case_names_its_legal_order_and_its_amounts_are_written_as_people_there_write_them(tmp_path: Path) -> None:
    path = Path(ch.__file__).parent / "cases" / "2026" / "wealth-above-the-allowance.yaml"
    code, text, _ = run(path)
    assert (code, text.count("Unterstützung"), text.count("1’060.99")) == (0, 1, 3)
    code, text, _ = run(path, "--lang", "fr")
    assert (code, text.count("Aide  "), text.count("1’060.99")) == (0, 1, 3)
    wrong = tmp_path / "case.yaml"
    wrong.write_text(path.read_text(encoding="utf-8").replace('"6000.01"', "6000.01"), encoding="utf-8")
    assert run(wrong)[2].endswith('wealth: whole Franken, or text such as "6’200.50"\n')


def test_what_a_municipality_has_set_is_taken_from_its_file(tmp_path: Path) -> None:
    path = Path(ch.__file__).parent / "cases" / "2026" / "rent-notice-has-run-out.yaml"
    rents = tmp_path / "rents.yaml"
    text = path.read_text(encoding="utf-8")
    table = text[text.index("  - name: rent.limit") : text.index("expected:")].replace("[1200,", "[1100,")
    rents.write_text(table, encoding="utf-8")
    usual, (code, printed, told) = run(path)[1], run(path, "--tables", str(rents))
    assert (code, told) == (2, "The sheet differs from the expected one in the file.\n")
    assert ("1’200" in usual, "1’100" in usual, "1’200" in printed, "1’100" in printed) == (True, False, False, True)
    rents.write_text(table.replace("by: persons", "by: rooms"), encoding="utf-8")
    assert run(path, "--tables", str(rents)) == (
        1, "", f"{rents}: line 1: rent.limit is a table by persons in CHF/month\n"
    )  # fmt: skip
    rents.write_text(table.replace("label: {de:", "label: {it:"), encoding="utf-8")
    told = run(path, "--tables", str(rents))[2]
    assert told.endswith(": rent.limit: label: a text in de, the language of this law, is expected\n")
    rents.write_text(re.sub("checked_on: [0-9-]+", "checked_on: 9999-12-31", table), encoding="utf-8")
    code, printed, told = run(path, "--tables", str(rents))
    assert (code, printed) == (1, "") and told.endswith("checked_on 9999-12-31 hasn't come yet\n")


def test_a_language_that_the_legal_order_has_no_words_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handslag.rules.se.text.LANGUAGES", ("sv", "en"))
    code, printed, told = run(CASE, "--lang", "fr")
    assert (code, printed, told) == (1, "", "This sheet speaks sv, en, not fr.\n")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    code, printed, told = run(tmp_path / "none.yaml")
    assert (code, printed) == (1, "")
    assert "none.yaml" in told


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_bytes(b"pack: se\nwhy: \xff\n")
    told = "byte {} is no character of UTF-8, as which the file is to be saved\n"
    assert run(path) == (1, "", f"{path}: line 2: not YAML: {told.format('FF')}")
    tables = tmp_path / "rents.yaml"
    tables.write_bytes(b"- name: \xe5\n")
    assert run(CASE, "--tables", str(tables))[2] == f"{tables}: line 1: not YAML: {told.format('E5')}"


def test_a_file_that_is_a_list(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("- given\n", encoding="utf-8")
    assert "case.yaml: line 1: a case has `why`, `given` and `expected`" in run(path)[2]
