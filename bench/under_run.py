"""The case page and the saving of an answer while a payment run goes on, against an equal load on another database.

    python -m bench.under_run [--payments 4000] [--rounds 9] [--keep]

Two databases on one embedded PostgreSQL with fsync hold the same office. In each round a run of so many payments is
reserved, released and written by the product's operations and worker: once in the database whose pages are asked for,
once in the other one, in turn. Meanwhile a caseworker opens the page of a case whose payment is in the run, and
somebody who applies saves an answer, over HTTP, until the file is written. The ratio is that of a round's medians.
PostgreSQL writes down every wait for a lock of more than a millisecond. Goal: at most 1.5, and no wait. `--keep`
writes docs/evidence/bench_under_run.json.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

GOAL = 1.5
TOKEN = "a" * 32
MORE = """
INSERT INTO payments_payment SELECT r.* FROM payments_payment t, generate_series(1, %s) n,
LATERAL jsonb_populate_record(t, jsonb_build_object('id', uuidv7(n * interval '1 us'),
  'reference', replace(gen_random_uuid()::text, '-', ''),
  'state', 'planned', 'run_id', NULL)) r WHERE t.id = %s
"""
AGAIN = "UPDATE payments_payment SET state = 'planned', run_id = NULL WHERE id IN (%s, %s)"
WAIT = "still waiting for"


def reserve_and_release(slug: str, reserver: str, releaser: str, day: str) -> None:
    """What two payers do, each time that a line comes in; a line goes out when it is released."""
    from datetime import date

    import django

    django.setup()
    from handslag.domain.payments.operations.runs import release_run, reserve_run
    from handslag.domain.tenancy.door import Actor
    from handslag.kernel import clock

    print("ready", flush=True)
    for _ in sys.stdin:
        by = {"tenant": slug, "by": Actor("staff", UUID(reserver)), "now": clock.now()}
        run = reserve_run(**by, execution_on=date.fromisoformat(day))
        by = {"tenant": slug, "by": Actor("staff", UUID(releaser)), "now": clock.now()}
        release_run(**by, run=run.id, version=run.version)
        print(run.id, flush=True)


class Payers:
    """Two payers and a worker on one database."""

    def __init__(self, database: Any, data: str, office: Any) -> None:
        from tests import bed

        told = {"HANDSLAG_DATA": data, "DJANGO_SETTINGS_MODULE": "handslag.config.settings"}
        payers = [str(office.staff[who].id) for who in ("ulla", "erik")]
        self.database = database
        self.worker = bed.process(database, "worker", "handslag.cli.main", "worker", role="worker", **told)
        self.worker.start()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.under_run", "--payers", office.slug, *payers, str(office.pay_day())],
            env=database.environment("web") | told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout and self.process.stdout.readline() == "ready\n"

    def run(self) -> float:
        """A whole run; seconds until its file is written."""
        import psycopg

        assert self.process.stdin and self.process.stdout
        began = time.perf_counter()
        print("go", file=self.process.stdin, flush=True)
        run = self.process.stdout.readline().strip()
        with psycopg.connect(self.database.admin, autocommit=True) as admin:
            while admin.execute("SELECT state FROM payments_run WHERE id = %s", [run]).fetchone() != ("sent",):
                if time.perf_counter() - began > 120:
                    sys.exit(f"the run isn't written: {self.worker.child.tail()}")
                time.sleep(0.05)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Both."""
        self.process.kill()
        self.worker.stop()


class Browser:
    """One browser, kept alive."""

    def __init__(self, port: int, counter: str, key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.origin = f"http://{counter}.localhost:{port}"
        self.told = {"Host": f"{counter}.localhost:{port}", "Cookie": f"session={key}; csrf={TOKEN}; language=sv"}

    def send(self, method: str, path: str, **fields: str) -> tuple[float, str]:
        """Seconds, and the answer."""
        told = {**self.told, "Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"csrfmiddlewaretoken": TOKEN, **fields}) if fields else None
        began = time.perf_counter()
        self.connection.request(method, path, body, told)
        answer = self.connection.getresponse()
        said = answer.read().decode()
        taken = time.perf_counter() - began
        if answer.status != 200:
            sys.exit(f"{method} {path}: {answer.status} {answer.getheader('Location')} {said[:500]}")
        return taken, said


def meanwhile(work: Callable[[], Any], asked: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Seconds of each thing asked for, again and again until the work is done."""
    times: dict[str, list[float]] = {name: [] for name in asked}
    busy = threading.Thread(target=work)
    busy.start()
    while busy.is_alive():
        for name, once in asked.items():
            times[name].append(once())
    busy.join()
    return times


def run(asked: argparse.Namespace) -> bool:
    import json

    import psycopg
    from django.db import connections

    from soak.evidence import write
    from soak.stage import ground
    from tests import bed

    with ground() as (data, server, database):
        from handslag.domain.payments.models import Payment
        from handslag.domain.people.operations.citizens import log_in_citizen
        from handslag.domain.tenancy.door import acting
        from handslag.web.entry.sessions import SessionStore
        from tests.office import TEST, open_office, session_of

        office = open_office(database.connect, "bench")
        many, paid, applying = office.case(), office.case(), office.case()
        for folder in (many, paid):
            folder.applied()
            folder.decided()
        draft = applying.draft()
        by = office.by(applying.citizens[0])
        login = log_in_citizen(**by, record=by["by"].id, issuer="https://eid.example", subject="s", acr="loa3")
        moment = int(time.time())
        store = SessionStore()
        store["citizen"] = {
            "tenant": office.slug, "person": str(by["by"].id), "login": str(login.id), "since": moment, "seen": moment
        }  # fmt: skip
        store.create()
        key = session_of(office, "hanna")
        with acting(office.slug, TEST, "look"):
            template, its_own = (Payment.objects.get(case=f.case).id for f in (many, paid))
        database.close_connections()
        connections.close_all()
        with psycopg.connect(server.superuser, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE handslag_other TEMPLATE {database.name}".encode())
            for name in (database.name, "handslag_other"):
                for setting in ("deadlock_timeout = '1ms'", "log_lock_waits = on"):
                    admin.execute(f"ALTER DATABASE {name} SET {setting}".encode())
        both = {"run here": database, "run elsewhere": bed.Database("handslag_other", server, database.secrets)}
        port = bed.free_port()
        web = bed.web_process(database, port, HANDSLAG_DATA=str(data))
        started: list[Any] = [web]
        log = data / "log" / "postgres.log"
        try:
            web.start()
            payers = {}
            for name, one in both.items():
                payers[name] = Payers(one, str(data), office)
                started.append(payers[name])
            desk, apply = Browser(port, "desk", key), Browser(port, "apply", str(store.session_key))
            seen = {"version": draft.version}

            def page() -> float:
                return desk.send("GET", f"/{office.slug}/cases/{paid.case.id}/periods/{office.month}/")[0]

            def save() -> float:
                there = f"/{office.slug}/drafts/{draft.id}/costs/save/"
                taken, said = apply.send("POST", there, version=str(seen["version"]), message=f"No. {seen['version']}")
                seen["version"] = json.loads(said)["version"]
                return taken

            for _ in range(30):  # until each connection has its plans
                page(), save()
            times: dict[str, dict[str, list[float]]] = {n: {"page": [], "save": []} for n in both}
            lasted: dict[str, list[float]] = {n: [] for n in both}
            waits: dict[str, int] = dict.fromkeys(both, 0)
            requests = 0
            for _ in range(asked.rounds):
                for name, one in both.items():
                    with psycopg.connect(one.admin, autocommit=True) as admin:
                        admin.execute("SET session_replication_role = replica")
                        admin.execute(MORE, [asked.payments - 2, template])
                        admin.execute(AGAIN, [template, its_own])
                        admin.execute("VACUUM ANALYZE payments_payment")
                    before = log.read_text().count(WAIT)
                    found = meanwhile(lambda: lasted[name].append(payers[name].run()), {"page": page, "save": save})  # noqa: B023
                    waits[name] += log.read_text().count(WAIT) - before
                    for what, taken in found.items():
                        requests += len(taken)
                        times[name][what].append(statistics.median(taken))
        finally:
            for process in started:
                process.stop()
    result: dict[str, Any] = {"payments": asked.payments, "rounds": asked.rounds, "requests": requests}
    for name, seconds in lasted.items():
        result[f"{name}, seconds"] = [round(f(seconds), 2) for f in (statistics.median, min, max)]
    result["waits for a lock"] = waits
    good = waits["run here"] == 0
    for what in ("page", "save"):
        here, there = times["run here"][what], times["run elsewhere"][what]
        ratios = [a / b for a, b in zip(here, there, strict=True)]
        good &= statistics.median(ratios) <= GOAL
        for name, taken in (("here", here), ("elsewhere", there)):
            result[f"{what}, run {name}, ms"] = [round(1e3 * f(taken), 2) for f in (statistics.median, min, max)]
        result[f"{what}, ratio (at most {GOAL})"] = [round(f(ratios), 3) for f in (statistics.median, min, max)]
    for label, value in result.items():
        print(f"{label:40} {value}")
    if asked.keep:
        write("bench_under_run", what="bench/under_run.py: pages under a payment run; median, lowest and highest.",
              seed=None, result=result)  # fmt: skip
    return good


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.under_run", description=__doc__)
    parser.add_argument("--payments", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--payers", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help="write docs/evidence/bench_under_run.json")
    asked = parser.parse_args()
    if asked.payers:
        reserve_and_release(*asked.payers)
        return
    os.environ.pop("HANDSLAG_TEST_SERVER", None)
    sys.exit(0 if run(asked) else 1)


if __name__ == "__main__":
    main()
