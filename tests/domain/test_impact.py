"""A correction of the rules: whom it affects, by how much; stored sheets stay; a gain is proposed, nothing applied."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from handslag.domain.audit.models import Event
from handslag.domain.decisions.models import Decision
from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.operations import CORRECTION, propose_correction
from handslag.domain.entitlement.queries import chunk_in_force, chunk_of_sheets, differences, effect, proposed_months
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.sheets import recheck_sheets
from tests.bed import ROOT, Database
from tests.office import TEST, Office, as_role, open_office
from tests.rules.corrected import corrected


@pytest.fixture
def office(connect: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office of March 2026: one case decided, with one income; one assessed twice and not decided."""
    monkeypatch.setattr("handslag.kernel.clock.now", lambda: datetime(2026, 3, 10, 9, tzinfo=UTC))
    office = open_office(connect)
    office.now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    decided, other = office.case(), office.case(("Åke", "Berg", "19800101"))
    for folder in (decided, other):
        folder.applied()
        folder.assessed()
    decided.decided()
    return office


def test_a_correction_changes_no_stored_sheet_and_says_whom_it_affects(office: Office) -> None:
    day = date(2026, 3, 11)
    with corrected(100_00, known_from=day), acting(office.slug, TEST, "look"):
        assert [d for sheet in chunk_of_sheets(None) for d in differences(sheet)] == []
        [sheet] = chunk_in_force(None)
        assert effect(sheet, date(2026, 3, 10)) is None
        found = effect(sheet, day)
        assert found is not None
        assert (found.case, found.before, found.after) == (sheet.case.number, sheet.granted, sheet.granted + 100_00)
        assert (found.difference, found.codes) == (100_00, ("INCOME.ACTIVITY_SUPPORT",))
    with corrected(100_00, known_from=date(2026, 3, 10)):  # the same, rewritten as if it had been known: named
        with acting(office.slug, TEST, "look"):
            told = {d.what for sheet in chunk_of_sheets(None) for d in differences(sheet)}
        assert told == {"row", "line", "total", "field"}


def test_a_gain_becomes_one_task_and_nothing_else(office: Office) -> None:
    with acting(office.slug, TEST, "look"):
        [sheet] = chunk_in_force(None)
        before = (Sheet.objects.count(), Decision.objects.count())
    month = {"since": "2026-03-01", "sheet": sheet.number, "before": sheet.granted, "after": sheet.granted + 1}
    for wrong in ([], [month, month | {"after": sheet.granted}]):
        with pytest.raises(NotPossible, match="nothing more"):
            propose_correction(**office.by(system("impact")), case=sheet.case_id, months=wrong)
    propose_correction(**office.by(system("impact")), case=sheet.case_id, months=[month])
    with pytest.raises(NotPossible, match="proposed already"):
        propose_correction(**office.by(system("impact")), case=sheet.case_id, months=[month])
    with acting(office.slug, TEST, "look"):
        [task] = Task.objects.filter(kind=CORRECTION)
        assert (task.subject_id, task.assignee_id) == (sheet.case_id, office.members["hanna"])
        assert proposed_months(sheet.case_id) == [month]
        assert (Sheet.objects.count(), Decision.objects.count()) == before


def test_by_night_a_sheet_that_differs_becomes_one_task(office: Office, database: Database) -> None:
    with as_role(database, "worker"):
        recheck_sheets(timestamp=1)
    with acting(office.slug, TEST, "look"):
        assert not Task.objects.filter(kind="sheet differs").exists()
        [sheet] = chunk_in_force(None)
    with psycopg.connect(database.admin, autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        administrator.execute("UPDATE entitlement_sheet SET granted = granted + 1 WHERE id = %s", [sheet.id])
    with as_role(database, "worker"):
        recheck_sheets(timestamp=2)
        recheck_sheets(timestamp=3)
    with acting(office.slug, TEST, "look"):
        [task] = Task.objects.filter(kind="sheet differs")
        assert task.subject_id == sheet.case_id
        assert Event.objects.filter(subject_id=sheet.case_id, kind="sheets differ").count() == 2


def test_the_command_lists_and_proposes(filled: Any) -> None:
    environment = filled.copy.environment() | {"HANDSLAG_DATA": str(filled.files.parent)}

    def run(less: int, *options: str) -> list[dict[str, Any]]:
        told = [sys.executable, "-m", "tests.rules.corrected", str(less), "2026-01-01", "impact", "--format", "json"]
        done = subprocess.run([*told, *options], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert run(0)[-1] | {"checked": 0} == {
        "checked": 0, "more": 0, "more_by": 0, "less": 0, "less_by": 0, "not_computed": 0
    }  # fmt: skip
    *rows, total = run(-100_00)  # each income counts 100 kr more
    assert total["less"] == len(rows) - 1 >= 3  # one is refused: more surplus, and nothing less
    assert (total["more"], total["less_by"]) == (0, sum(row["difference"] for row in rows))
    assert sorted({row["difference"] for row in rows}) == [-100_00, 0]
    assert {row["organisation"] for row in rows} == {filled.office.slug}
    assert run(-100_00, "--propose")[-1] == total  # none gains: nobody gets a task
    assert run(100_00, "--known-on", "2025-12-31")[-1]["more"] == 0
