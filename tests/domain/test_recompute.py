"""Stored sheets computed again: equal to the byte, and each difference named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.operations import confirm_local_norm, enter_local_norm
from handslag.domain.entitlement.queries import Difference, chunk_of_sheets, differences, effect
from handslag.domain.tenancy.door import acting
from handslag.kernel.months import Month
from handslag.rules.norms import Norm, from_entries
from handslag.rules.se import numbers
from tests.bed import ROOT, Database
from tests.domain.test_entitlement import RENT, TEN, second_administrator
from tests.office import TEST, Folder, Office, open_office
from tests.rules.corrected import corrected


@pytest.fixture
def office(connect: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office with one sheet, of 10 March 2026."""
    monkeypatch.setattr("handslag.kernel.clock.now", lambda: datetime(2026, 3, 10, 9, tzinfo=UTC))
    office = open_office(connect)
    office.now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    folder = office.case()
    folder.applied(TEN | {"costs": [{"code": "RENT", "amount": "7 000", "note": ""}]})
    folder.assessed()
    return office


def found(office: Office) -> list[Difference]:
    with acting(office.slug, TEST, "look"):
        sheets = chunk_of_sheets(None)
        assert len(sheets) >= 1
        return [difference for sheet in sheets for difference in differences(sheet)]


@pytest.fixture
def norms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Replace the norm files' norms in this test."""

    def put(changed: dict[str, Norm]) -> None:
        monkeypatch.setattr(numbers, "history", lambda *a, **k: changed)
        numbers.norms_for.cache_clear()

    yield put
    monkeypatch.undo()
    numbers.norms_for.cache_clear()


def raised(norm: Norm, known_from: date | None) -> Norm:
    """The norm with a corrected value, from 1 March 2026."""
    value = norm.on(date(2026, 3, 1))
    rows = tuple(row + 100 for row in value.value) if isinstance(value.value, tuple) else int(value.value) + 100
    corrected = replace(value, since=date(2026, 3, 1), value=rows, known_from=known_from)
    return replace(norm, values=[v for v in norm.values if v.since < date(2026, 3, 1)] + [corrected])


def test_a_norm_corrected_later_changes_no_earlier_sheet_and_one_rewritten_is_named(office: Office, norms: Any) -> None:
    assert found(office) == []
    real, name = dict(numbers.history()), "riksnorm.single"
    norms(real | {name: raised(real[name], date(2026, 3, 11))})
    assert found(office) == []
    norms(real | {name: raised(real[name], None)})
    told = found(office)
    assert {d.what for d in told} >= {"norm set", "row", "line", "total"}
    assert {(d.organisation, d.since, d.sheet) for d in told} == {(office.slug, "2026-03-01", 1)}
    granted = next(d for d in told if d.code == "granted" and d.what == "row")
    assert granted.recomputed == granted.stored + 100_00
    norms({key: norm for key, norm in real.items() if key != name})
    assert [d.what for d in found(office)] == ["not computed"]


@pytest.mark.parametrize("since", [date(2026, 1, 1), date(2026, 3, 1), date(2026, 3, 16)])
def test_a_value_corrected_in_its_file_is_known_from_its_day_on(office: Office, norms: Any, since: date) -> None:
    path = Path(numbers.__file__).parent / "norms" / "riksnorm.yaml"
    entries = {entry["name"]: entry for entry in yaml.safe_load(path.read_text(encoding="utf-8"))}
    entry = entries["riksnorm.single"]
    entry["values"].append(entry["values"][-1] | {"since": since, "value": 4040, "known_from": date(2026, 3, 11)})
    real = dict(numbers.history())
    norms(real | {"riksnorm.single": from_entries([entry], path.name)[0]})
    assert found(office) == []
    with acting(office.slug, TEST, "look"):
        sheet = Sheet.objects.get()
        before, after = effect(sheet, date(2026, 3, 10)), effect(sheet, date(2026, 3, 11))
    assert before is None
    assert after is not None
    if since.day == 1:
        assert (after.difference, after.codes) == (100_00, ("PERSON",))
    else:  # the month is to be split by a person
        assert (after.after, after.problem[:12]) == (None, "since, until")


def test_a_rule_corrected_later_from_a_day_inside_the_month_changes_no_earlier_sheet(office: Office) -> None:
    with corrected(100_00, known_from=date(2026, 3, 11), valid_from=date(2026, 3, 16)):
        assert found(office) == []


def test_a_rule_that_fails_for_one_sheet_is_named_and_ends_nobody_elses_turn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise IndexError("row 7")

    monkeypatch.setattr("handslag.rules.se.pack.sum_members", broken)
    [difference] = found(office)
    assert (difference.what, difference.recomputed) == ("not computed", "IndexError: row 7")
    with acting(office.slug, TEST, "look"):
        told = effect(Sheet.objects.get(), date(2026, 3, 10))
    assert told is not None
    assert (told.after, told.problem) == (None, "IndexError: row 7")


def test_what_the_municipality_confirms_later_is_not_used(office: Office) -> None:
    second_administrator(office)
    office.now = datetime(2026, 3, 12, 9, tzinfo=UTC)
    entry = RENT | {"rows": [6000, 7000, 8000]}
    row = enter_local_norm(**office.act("alva"), entry=entry, since=date(2026, 3, 1), source="§ 88")
    confirm_local_norm(**office.act("axel"), norm=row.id)
    assert found(office) == []


def test_a_limit_that_changes_inside_the_month_is_told_on_sheets_since_then_only(office: Office) -> None:
    second_administrator(office)
    office.now = datetime(2026, 3, 12, 9, tzinfo=UTC)
    for since, rows in ((date(2026, 1, 1), [6000, 7000, 8000]), (date(2026, 3, 15), [5500, 7000, 8000])):
        row = enter_local_norm(**office.act("alva"), entry=RENT | {"rows": rows}, since=since, source="§ 88")
        confirm_local_norm(**office.act("axel"), norm=row.id)
    with acting(office.slug, TEST, "look"):
        case = Sheet.objects.get().case
    folder = Folder(office, case, [], [])
    march, marked = Month(2026, 3), "setting.limit_change"
    office.now = datetime(2026, 11, 27, 9, tzinfo=UTC)
    before = folder.assessed(march)
    office.now = datetime(2026, 11, 28, 9, tzinfo=UTC)
    since = folder.assessed(march)
    assert [marked in sheet.body["uncertain"] for sheet in (before, since)] == [False, True]
    assert before.granted == since.granted
    [rent] = [line for line in since.body["lines"] if line["code"] == "COST.RENT"]
    assert (rent["amount"], rent["params"]["limit_changed_on"]) == (6000_00, "2026-03-15")
    other = folder.assessed(march, settings={marked: "last_day"})
    assert (other.granted, other.body["uncertain"][marked]) == (since.granted - 500_00, "last_day")
    assert found(office) == []


def test_a_sheet_that_was_altered_is_named(office: Office, database: Database) -> None:
    with acting(office.slug, TEST, "look"):
        sheet = Sheet.objects.get()

    def altered(change: str) -> list[Difference]:
        with psycopg.connect(database.admin, autocommit=True) as administrator:
            administrator.execute("SET session_replication_role = replica")
            administrator.execute(f"UPDATE entitlement_sheet SET {change} WHERE id = %s".encode(), [sheet.id])
        return found(office)

    digest, line = altered("body = jsonb_set(body, '{lines,0,amount}', '1')")
    assert (digest.what, digest.stored) == ("sheet digest", sheet.digest)
    assert (line.what, line.stored, line.recomputed) == ("line", 1, sheet.body["lines"][0]["amount"])
    assert line.code == sheet.body["lines"][0]["code"]
    # also where what stands there now is no sheet at all, or is of rules that aren't installed
    for place, value in (("lines", "[5]"), ("totals", "[1]"), ("granted", "1.5"), ("granted", "1e30"), ("", "[]")):
        told = altered(f"body = jsonb_set(body, '{{{place}}}', '{value}')" if place else f"body = '{value}'")
        assert {"sheet digest", "not comparable"} <= {d.what for d in told}, place
    with acting(office.slug, TEST, "look"):
        affected = effect(Sheet.objects.select_related("case", "period", "snapshot").get(), date(2026, 3, 10))
    assert affected is not None and affected.after is None and affected.problem
    digest, gone = altered("pack = 'xx'")
    assert (gone.what, str(gone.recomputed)[:27]) == ("not computed", "PackError: there is no pack")


def test_of_lines_only_what_differs_is_named(office: Office) -> None:
    with acting(office.slug, TEST, "look"):
        sheet = Sheet.objects.get()
    right = sheet.body["lines"]
    more = right[0] | {"amount": 7}

    def told(lines: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
        sheet.body = sheet.body | {"lines": lines}
        with acting(office.slug, TEST, "look"):
            return [(d.code, d.stored, d.recomputed) for d in differences(sheet) if d.what == "line"]

    codes = [line["code"] for line in right]
    assert len(right) > 2
    assert told([more, *right]) == [(more["code"], 7, None)]
    assert told(right[1:]) == [(codes[0], None, right[0]["amount"])]
    assert told([*right[1:], more]) == [(codes[0], 7, right[0]["amount"])]
    assert told([*right, right[0]]) == [(codes[0], right[0]["amount"], None)]
    other = right[0] | {"section": "§ 1"}
    assert told([other, *right[1:]]) == [(codes[0], other, right[0])]
    turned = [right[1], right[0], *right[2:]]
    assert told(turned) == [("", [line["code"] for line in turned], codes)]
    assert told([*turned, more])[1:] == [(codes[0], 7, None)]


def test_the_command_finds_all_equal_in_every_organisation(filled: Any) -> None:
    told = [sys.executable, "-m", "handslag.cli.main", "recompute", "--format", "json"]
    environment = filled.copy.environment() | {"HANDSLAG_DATA": str(filled.files.parent)}
    done = subprocess.run(told, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["differences"], report["checked"] >= 5) == (0, True)
    told += ["--tenant", "nowhere"]
    done = subprocess.run(told, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "nowhere" in done.stderr) == (1, True)
