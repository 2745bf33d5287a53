"""Backup while it runs, restore into an empty installation: every row, chain and file compared, nothing sent again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from handslag.domain.documents.models import Document
from handslag.domain.payments.models import Payment, Run
from handslag.domain.payments.operations.payees import order_direct_payment
from handslag.domain.payments.operations.runs import release_run, reserve_run
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import acts, hold, watch
from handslag.ops import roles
from tests import bed
from tests.bed import ROOT, Database
from tests.office import TEST, Office, landlord, open_office, run_jobs


def command(database: Database, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`handslag ...` as an operator calls it."""
    return subprocess.run(
        [sys.executable, "-m", "handslag.cli.main", *arguments],
        env=database.environment() | {"HANDSLAG_DATA": str(data)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def backed_up(filled: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup of a database with whole cases, in which one job waits, the bank's folder took one file not yet, and
    one member of staff is logged in."""
    with psycopg.connect(filled.copy.admin, autocommit=True) as admin:
        admin.execute("INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', 'canary', '{}')")
        admin.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) "
            "SELECT 'default', 'handslag:hand_over_file', jsonb_build_object('run', 'canary', 'tenant', id), 'failed' "
            "FROM tenancy_organisation WHERE slug = %s",
            [filled.office.slug],
        )
        admin.execute("INSERT INTO tenancy_session VALUES ('canary', '', now() + interval '1 day', NULL)")
    done = command(filled.copy, filled.files.parent, "backup", str(tmp_path_factory.mktemp("backups")))
    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(filled.copy.admin, autocommit=True) as admin:
        admin.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'canary' OR args->>'run' = 'canary'")
        admin.execute("DELETE FROM tenancy_session WHERE session_key = 'canary'")
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture
def empty(filled: Any, tmp_path: Path) -> Iterator[tuple[Database, Path]]:
    """An empty database and a data folder that has the installation's secrets."""
    name = f"{filled.copy.name}_restored"
    database = Database(name, filled.copy.server, filled.copy.secrets)
    bed._create(database, "template0")
    roles.prepare_schema(database.server, name)
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy2(filled.files.parent / "secrets.json", data)
    yield database, data
    bed.drop(database)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.admin, autocommit=True) as admin:
        return admin.execute(query.encode()).fetchall()


def test_what_is_restored_is_what_was_and_nothing_leaves_again(
    filled: Any, backed_up: Path, empty: tuple[Database, Path]
) -> None:
    database, data = empty
    waiting = rows(filled.copy, "SELECT count(*) FROM tasks_notice WHERE state = 'waiting'")
    assert waiting > [(0,)]
    done = command(database, data, "restore", str(backed_up))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    manifest = json.loads((backed_up / "manifest.json").read_text())
    for slug in (filled.office.slug, filled.other.slug):
        total = sum(manifest["tenants"][slug].values())
        assert f"  {slug}: {total} rows, {manifest['chains'][slug]['events']} events, as backed up" in done.stdout
    assert f"  {len(manifest['files'])} files, as backed up" in done.stdout
    assert f"  {filled.office.slug}: canary.xml was written, and not yet before the bank" in done.stdout
    assert len(manifest["files"]) >= 4
    assert "everything in order" in done.stdout
    for table in ("payments_booking", "decisions_decision", "audit_readentry", "intake_draft"):
        query = f"SELECT * FROM {table} ORDER BY id"
        assert rows(database, query) == rows(filled.copy, query) != []
    of_notices = "SELECT state, count(*) FROM tasks_notice GROUP BY 1"
    before = dict(rows(filled.copy, of_notices))
    held = {"parked": before.get("parked", 0) + before.pop("waiting")}
    assert dict(rows(database, of_notices)) == before | held
    jobs = "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'canary' OR args->>'run' = 'canary'"
    assert rows(database, jobs) == [("cancelled",)] * 2
    assert rows(database, "SELECT * FROM tenancy_session") == []
    held = rows(database, "SELECT value FROM tenancy_policy WHERE name = 'payments_held'")
    assert len(held) == len(manifest["tenants"])
    assert all(manifest["made_at"] in value for (value,) in held)
    with psycopg.connect(database.of_role("web")) as web, pytest.raises(psycopg.Error, match="outside the door"):
        web.execute("SELECT * FROM payments_booking")  # the walls came along
    with psycopg.connect(database.of_role("web")) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("DELETE FROM audit_event")
    again = command(database, data, "restore", str(backed_up))
    assert again.returncode == 1
    assert "holds files already" in again.stderr


def test_a_backup_that_is_not_whole_is_not_restored(backed_up: Path, empty: tuple[Database, Path]) -> None:
    database, data = empty
    copy = data.parent / "copy"
    shutil.copytree(backed_up, copy)
    assert command(database, data, "backup", "--check", str(copy)).stdout.startswith("whole: made ")
    victim, other, *_ = (path for path in sorted((copy / "files").rglob("*")) if path.is_file())
    victim.write_bytes(victim.read_bytes()[:-1] + bytes([victim.read_bytes()[-1] ^ 1]))
    other.unlink()
    with (copy / "database.dump").open("ab") as dump:
        dump.write(b"x")
    done = command(database, data, "restore", str(copy))
    assert done.returncode == 1
    for part in (victim, other):
        assert part.name in done.stderr
    assert "database.dump is altered or cut" in done.stderr
    assert rows(database, "SELECT count(*) FROM pg_class WHERE relname = 'audit_event'") == [(0,)]


def test_another_installations_key_or_another_count_is_told(backed_up: Path, empty: tuple[Database, Path]) -> None:
    database, data = empty
    copy = data.parent / "copy"
    shutil.copytree(backed_up, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    slug = next(slug for slug, tables in manifest["tenants"].items() if "payments_booking" in tables)
    manifest["tenants"][slug]["payments_booking"] += 1
    (copy / "manifest.json").write_text(json.dumps(manifest))
    secrets = (data / "secrets.json").read_text()
    told = json.loads(secrets)
    (data / "secrets.json").write_text(json.dumps(told | {"installation_key": "A" * 43 + "="}))
    done = command(database, data, "restore", str(copy))
    assert (done.returncode, "is not the one of this backup" in done.stderr) == (1, True)
    (data / "secrets.json").write_text(secrets)
    done = command(database, data, "restore", str(copy))
    assert done.returncode == 1
    assert f"- {slug}: payments_booking: {manifest['tenants'][slug]['payments_booking']} rows, now" in done.stderr


def test_a_released_file_waits_for_a_person_after_a_restore(
    connect: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office: Office = open_office(connect, "held", when_asked_for=True)
    office.now -= timedelta(minutes=10)
    folder = office.case(email="petra@people.example")
    folder.applied()
    told = {"case": folder.case.id, "payee": landlord(office).id, "cost_code": "RENT", "amount": 620_000}
    told |= {"since": office.month, "until": None, "reference": "", "message": "", "ground": "önskemål"}
    order_direct_payment(**office.act("hanna"), **told)
    with monkeypatch.context() as lost:
        lost.setattr("handslag.jobs.queue.defer", lambda *task, **ids: None)
        folder.decided()
        with acting(office.slug, TEST, "look"):
            rent = Payment.objects.get(case=folder.case, amount=620_000)
        reserved = reserve_run(**office.act("ulla"), execution_on=office.pay_day(), payment=rent.id)
        run = office.run()
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])
    assert hold.hold_outgoing(made_at="2026-11-01T03:00:00+00:00") == [(office.slug, 2, 1)]
    watch.enqueue_forgotten()
    run_jobs(database)
    with acting(office.slug, TEST, "look"):
        assert set(Notice.objects.values_list("state", flat=True)) == {"parked"}
        assert Run.objects.get(id=run.id).state == "released"
        assert not Document.objects.filter(subject_id=run.id).exists()
        kinds = sorted(Task.objects.values_list("kind", flat=True))
    assert kinds == ["notice parked", "run file refused", "staff notice parked"]
    with pytest.raises(NotPossible, match="payments held"):
        reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    with pytest.raises(NotPossible, match="payments held"):  # its file may have left since the backup
        release_run(**office.act("erik"), run=reserved.id, version=reserved.version)
    data = Path(os.environ["HANDSLAG_DATA"])
    released = command(database, data, "organisation", "set", office.slug, "payments_held", "")
    assert released.returncode == 0, released.stderr
    with pytest.raises(NotPossible, match="nothing due"):
        reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    assert release_run(**office.act("erik"), run=reserved.id, version=reserved.version).state == "released"
