"""`handslag status`."""

import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from handslag.cli.errors import told_plainly
from handslag.ops import supervisor
from handslag.ops.installation import Installation, data_folder, installed

LEAST_SPACE = 1_000_000_000  # bytes
LONGEST_SCAN = timedelta(minutes=30)
#: Jobs by status; one that failed and whose work was done later counts as made good: by the same task for the same ids
#: (the sweep's, or a person's), by one with its queueing lock, or by the round that does what its kind left undone.
_JOBS = """
SELECT CASE WHEN j.status::text = 'failed' AND EXISTS (
    SELECT FROM procrastinate_jobs n WHERE n.id > j.id AND n.status::text = 'succeeded' AND (
        (n.task_name, n.args) = (j.task_name, j.args) OR n.queueing_lock = j.queueing_lock
        OR (j.task_name, n.task_name) IN (('handslag:hand_over_message', 'handslag:exchange_messages'),
                                          ('handslag:deliver_application', 'handslag:deliver_applications'))
        AND (SELECT max(at) FROM procrastinate_events WHERE job_id = n.id)
            > (SELECT max(at) FROM procrastinate_events WHERE job_id = j.id))
    ) THEN 'made good' ELSE j.status::text END, count(*)
FROM procrastinate_jobs j GROUP BY 1
"""

#: What people and the bank sent and the virus scanner hasn't judged: how many, since when the oldest waits.
_LOCKED = "SELECT count(*), min(created_at) FROM documents_document WHERE scan_state = 'waiting'"

#: Partners in other installations: how long they are away, and what waits for them.
_PARTNERS = """
SELECT p.name, p.failing_since, p.trouble, count(e.id), min(e.handed_over_at)
FROM exchange_partner p LEFT JOIN exchange_envelope e ON e.recipient = p.address
    AND e.handed_over_at > now() - interval '15 days' AND NOT EXISTS (SELECT FROM exchange_passed x WHERE x.id = e.id)
GROUP BY p.id, p.name, p.failing_since, p.trouble ORDER BY p.name, p.id
"""
#: The sedex client, where its folders can't be read or written.
_SEDEX = "SELECT failing_since, trouble FROM exchange_sedexclient WHERE failing_since IS NOT NULL"
#: A partner that is away, or leaves messages lying, for longer is told of.
LONGEST_AWAY, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=24)


def status() -> None:
    """Print what runs, what waits and what needs attention; exit code 1 when something does."""
    amiss = _processes()
    with told_plainly(), installed() as installation:
        amiss += _database(installation)
    free = shutil.disk_usage(data_folder()).free
    print(f"free space      {free // 1_000_000} MB")
    if free < LEAST_SPACE:
        amiss.append("less than 1 GB of free space")
    for point in amiss:
        print(f"! {point}")
    sys.exit(1 if amiss else 0)


def _processes() -> list[str]:
    path = data_folder() / "up.json"
    if not path.exists():
        print("processes       none: `handslag up` does not run here")
        return ["not running"]
    noted = json.loads(path.read_text())
    amiss = []
    for name, pid in {"supervisor": noted["supervisor"], **noted["processes"]}.items():
        alive = supervisor.process_alive(pid)
        print(f"{name:<15} {'runs' if alive else 'gone'} ({pid})")
        if not alive:
            amiss.append(f"{name} is gone")
    answer = supervisor.answers("127.0.0.1", noted["port"])
    print(f"health          {answer or 'no answer'} (port {noted['port']})")
    if answer != 200:
        amiss.append("the web server is not healthy")
    return amiss


def _database(installation: Installation) -> list[str]:
    amiss = []
    with psycopg.connect(installation.connection("worker"), autocommit=True) as connection:
        version = connection.info.server_version // 10000
        print(f"database        PostgreSQL {version} at {connection.info.host}, roles in order")
        if connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone() == (None,):
            return ["not migrated: handslag migrate"]
        rows = connection.execute(_JOBS)
        counted: dict[str, int] = dict(rows.fetchall())
        print("jobs            " + (", ".join(f"{n} {state}" for state, n in sorted(counted.items())) or "none"))
        if failed := counted.get("failed"):
            amiss.append(f"{failed} jobs failed for good: see <data>/log/worker.log")
        amiss += _worker(connection)
        late = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs "
            "WHERE status = 'todo' AND coalesce(scheduled_at, now()) < now() - interval '15 minutes'"
        ).fetchone()
        open_tasks = notices = locked = partners = 0
        oldest = now = datetime.now(UTC)
        for tenant, slug in connection.execute(
            "SELECT id, slug FROM tenancy_organisation WHERE is_tenant AND active"
        ).fetchall():
            with connection.transaction():
                connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
                found = connection.execute("SELECT count(*) FROM tasks_task WHERE state = 'open'").fetchone()
                open_tasks += found[0] if found else 0
                found = connection.execute("SELECT count(*) FROM tasks_notice WHERE state = 'waiting'").fetchone()
                notices += found[0] if found else 0
                found = connection.execute("SELECT 1 FROM tenancy_key LIMIT 1").fetchone()
                if found is None:
                    amiss.append(
                        f"{slug} is only half entered: give the same `handslag organisation add {slug} ...` again"
                    )
                for name, failing, trouble, waits, waited in connection.execute(_PARTNERS).fetchall():
                    partners += 1
                    if failing and now - failing > LONGEST_AWAY:
                        amiss.append(f"{slug}: partner {name} away since {failing:%Y-%m-%d %H:%M} UTC ({trouble})")
                    if waits and now - waited > LONGEST_WAIT:
                        amiss.append(
                            f"{slug}: {waits} messages wait for {name}, the oldest since {waited:%Y-%m-%d %H:%M}"
                        )
                for failing, trouble in connection.execute(_SEDEX).fetchall():
                    if now - failing > LONGEST_AWAY:
                        amiss.append(f"{slug}: the sedex client since {failing:%Y-%m-%d %H:%M} UTC: {trouble}")
                files = connection.execute(_LOCKED).fetchone()
                if files and files[0]:
                    locked, oldest = locked + files[0], min(oldest, files[1])
        print(f"tasks           {open_tasks} open")
        print(f"partners        {partners} in other installations")
        print(f"notices         {notices} waiting")
        age = f"{(now - oldest) // timedelta(minutes=1)} minutes"
        print(f"virus scan      {locked} files waiting" + (f", the oldest for {age}" if locked else ""))
        if locked and not os.environ.get("HANDSLAG_CLAMD") and not (data_folder() / "clamd.sock").exists():
            amiss.append(f"{locked} files can't be opened by anybody: no virus scanner is set (HANDSLAG_CLAMD)")
        elif now - oldest > LONGEST_SCAN:
            amiss.append(f"files have waited for the virus scan for {age}: see whether the scanner answers")
        if notices and not os.environ.get("HANDSLAG_SMTP") and not (data_folder() / "mailbox").exists():
            amiss.append(f"{notices} notices wait: no mail server is set (HANDSLAG_SMTP)")
        if open_tasks:
            amiss.append(
                f"{open_tasks} tasks wait for staff: letters, files, payments or notices that did not get through"
            )
        if late and late[0]:
            amiss.append(f"{late[0]} jobs have waited for more than 15 minutes")
    return amiss


#: A worker that has said nothing for so long is frozen or gone: it says every 10 seconds that it is there.
SILENT_SECONDS = 45


def _worker(connection: psycopg.Connection[Any]) -> list[str]:
    """When a worker last said that it is there; a process that is frozen still runs."""
    found = connection.execute(
        "SELECT max(last_heartbeat), extract(epoch FROM now() - max(last_heartbeat))::int FROM procrastinate_workers"
    ).fetchone()
    at, ago = found or (None, None)
    print(f"worker's sign   {f'{ago} s ago' if at else 'none'}")
    if at and ago and ago > SILENT_SECONDS:
        since = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return [f"the worker is silent since {since}: it is stuck; end its process, and it is started again"]
    return []
