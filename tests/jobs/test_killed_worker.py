"""A worker killed while it calculates a batch of all open cases: the next one does the rest, each case once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
from procrastinate.exceptions import AlreadyEnqueued

from handslag.domain.entitlement.models import Forecast, Precalculation
from handslag.domain.entitlement.operations.precalculations import (
    calculate_batch,
    end_precalculation,
    start_precalculation,
)
from handslag.domain.entitlement.states import RunKind
from handslag.domain.tenancy.door import acting, at_large
from handslag.jobs import watch
from handslag.jobs.queue import defer
from soak.stage import playing
from tests.bed import ROOT, Database
from tests.office import TEST, Office, as_role, open_office

CASES = 5  # a batch of one, and one of four
HEARTBEAT = "0.3"


def started(database: Database) -> subprocess.Popen[bytes]:
    told = [sys.executable, "-m", "handslag.cli.main", "worker", "--concurrency", "1"]
    environment = database.environment("worker") | {"HANDSLAG_HEARTBEAT_SECONDS": HEARTBEAT}
    return subprocess.Popen(told, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(what: Callable[[], Any]) -> None:
    end = time.monotonic() + 120
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def found(office: Office, run: UUID) -> dict[UUID, tuple[Any, ...]]:
    """What a run says of each case."""
    with acting(office.slug, TEST, "look"):
        rows = list(Forecast.objects.filter(run=run))
        assert len(rows) == len({row.case_id for row in rows})
        return {row.case_id: (row.problem, row.before, row.after, row.changes, row.digest) for row in rows}


def state(office: Office, run: UUID) -> tuple[str, int, int, int]:
    with acting(office.slug, TEST, "look"):
        row = Precalculation.objects.get(id=run)
        return row.state, row.batch, row.done, row.problems


def test_a_worker_killed_within_a_batch_leaves_no_case_out_and_none_twice(own_copy: Database) -> None:
    with playing(own_copy):
        office = open_office(own_copy.connect)
        cases = []
        for number in range(CASES):
            folder = office.case((f"Nr{number}", "Lund", "19800101"))
            member = {"key": str(folder.case.applicant_id), "role": "adult", "birth_on": "1980-01-01"}
            cost = {"code": "RENT", "applied": (5_000 + number) * 100}
            folder.by_law({"members": [member], "costs": [cost]}, office.month - 1)
            cases.append(folder.case.id)
        cases.sort()
        told = {"kind": RunKind.MONTH, "month": office.month}
        with psycopg.connect(own_copy.admin) as holder:
            # who holds a case of the second batch holds up the rows that the batch writes, after all is calculated
            holder.execute("SELECT id FROM casefile_case WHERE id = %s FOR UPDATE", [cases[2]])
            run = start_precalculation(**office.by(TEST), **told).id
            worker = started(own_copy)
            try:
                with psycopg.connect(own_copy.admin, autocommit=True) as admin:
                    wait_for(lambda: admin.execute(
                        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                        " AND usename = 'handslag_worker'"
                    ).fetchone())  # fmt: skip
            finally:
                os.kill(worker.pid, signal.SIGKILL)
            assert worker.wait() == -signal.SIGKILL
            assert state(office, run) == ("running", 1, 1, 0)
            assert list(found(office, run)) == [cases[0]]  # nothing of the batch that was under way
        worker = started(own_copy)
        try:

            def ended() -> bool:
                with suppress(AlreadyEnqueued), at_large("test", writing=True):
                    defer(watch.sweep, timestamp=0)  # as the clock does each minute
                time.sleep(0.3)
                return state(office, run)[0] == "ended"

            wait_for(ended)
        finally:
            worker.terminate()
            worker.wait(30)
        assert state(office, run) == ("ended", 2, CASES, 0)
        afterwards = found(office, run)
        assert sorted(afterwards) == cases
        undisturbed = start_precalculation(**office.by(TEST), **told).id
        with as_role(own_copy, "worker"):
            for batch in range(2):
                calculate_batch(**office.by(TEST), run=undisturbed, batch=batch)
            end_precalculation(**office.by(TEST), run=undisturbed)
        assert found(office, undisturbed) == afterwards
        assert len({after for _, _, after, _, _ in afterwards.values()}) == CASES
