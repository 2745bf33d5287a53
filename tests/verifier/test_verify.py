"""What is whole is found whole."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from handslag.cli import verify
from tests.bed import ROOT


def test_nothing_is_found_where_nothing_is_amiss(filled: Any) -> None:
    report = filled.verify()
    assert [f for f in report.findings if f.table != "procrastinate_jobs"] == [], report.to_text()
    assert report.tenants == sorted([filled.office.slug, filled.other.slug])
    for what, least in {"applications": 7, "decisions": 5, "payments": 4, "files": 6, "blocks": 3, "runs": 1}.items():
        assert report.checked[what] >= least, (what, report.checked)


def test_the_command_says_the_same(filled: Any) -> None:
    told = [sys.executable, "-m", "handslag.cli.main", "verify", "--format", "json", "--tenant", filled.office.slug]
    environment = filled.copy.environment() | {"HANDSLAG_DATA": str(filled.files.parent)}
    done = subprocess.run(told, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr, report["tenants"]) == (0, "", [filled.office.slug])
    assert report["checked"]["files"] >= 6
    assert list(report["roots"][filled.office.slug]) == ["2"]


def test_a_file_that_is_not_what_it_should_be_is_named_and_nothing_is_checked(
    filled: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "roots"
    place.mkdir()
    kept = place / f"{filled.office.slug}.json"
    for text in (b"", b"{", b"[]", b'{"2": 3}', b"\xff"):
        kept.write_bytes(text)
        kinds = (verify.Roots, verify.Receipts)
        for read in (partial(verify.kept_roots, tmp_path), *(partial(verify._read, kept, kind) for kind in kinds)):
            with pytest.raises(SystemExit) as ended:
                read()
            told = capsys.readouterr().err
            assert (ended.value.code, len(told.splitlines()), str(kept) in told) == (2, 1, True), text
    kept.write_text('{"a": [{"number": "1"}]}', encoding="utf-8")
    with pytest.raises(SystemExit):
        verify._read(kept, verify.Receipts)
    kept.write_text('{"ok": true, "roots": {"a": {"2": "x"}}, "findings": []}', encoding="utf-8")
    assert verify._read(kept, verify.Roots) == {"a": {"2": "x"}}
    environment = filled.copy.environment() | {"HANDSLAG_DATA": str(tmp_path)}
    line = [sys.executable, "-m", "handslag.cli.main", "verify"]
    done = subprocess.run(line, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr


def test_an_unknown_organisation_is_an_error(filled: Any) -> None:
    with pytest.raises(LookupError, match="nowhere"):
        filled.verify(tenants=["nowhere"])


def test_an_organisation_that_is_taken_off_the_list_is_missed(filled: Any) -> None:
    kept = {filled.office.slug: {"2": "x"}, "gone": {"9": "y", "10": "z"}}
    named = {(f.rule, f.table, f.row): f.text for f in filled.verify(published_roots=kept).errors}
    assert named["I10", "tenancy_organisation", "gone"] == "is no organisation here: its block 10 was signed"
    assert [row for _, table, row in named if table == "tenancy_organisation"] == ["gone"]
    alone = filled.verify(published_roots={"gone": {"9": "y"}}, tenants=[filled.office.slug])
    assert alone.ok, alone.to_text()
