"""What is whole is found whole."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

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
