"""kill -9 of the embedded PostgreSQL while clients commit."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import psycopg

from handslag.ops import postgres
from handslag.ops.postgres import Server

WHAT = (
    "Four clients commit rows one by one; the server is killed with -9 at a drawn moment and started again. "
    "Every row whose COMMIT was answered is there, and no row is there twice."
)
ROUNDS = 300
CLIENTS = 4


@dataclass
class Setting:
    data: Path
    server: Server


@contextmanager
def setting() -> Iterator[Setting]:
    """A server in a folder of its own with one table that nothing but its rows protects."""
    with TemporaryDirectory(prefix="handslag-soak-") as folder:
        data = Path(folder)
        data.chmod(0o755)
        here = Setting(data, postgres.ensure_running(data))
        try:
            with psycopg.connect(here.server.superuser) as connection:
                connection.execute("CREATE TABLE kept (round int, client int, n int)")
            yield here
        finally:
            here.server.stop()


def round(setting: Setting, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One kill; findings are rows lost or doubled."""
    answered: list[set[int]] = [set() for _ in range(CLIENTS)]

    def client(which: int) -> None:
        try:
            with psycopg.connect(setting.server.superuser, autocommit=True) as connection:
                for n in range(1_000_000):
                    connection.execute("INSERT INTO kept VALUES (%s, %s, %s)", [number, which, n])
                    answered[which].add(n)
        except psycopg.Error:
            pass  # the kill

    clients = [threading.Thread(target=client, args=[which]) for which in range(CLIENTS)]
    for one in clients:
        one.start()
    time.sleep(random.uniform(0.01, 0.3))
    assert setting.server.process
    setting.server.process.kill()
    setting.server.process.wait()
    for one in clients:
        one.join()
    setting.server = postgres.ensure_running(setting.data)
    counts["commits answered"] += sum(map(len, answered))
    findings = []
    with psycopg.connect(setting.server.superuser) as connection:
        for which in range(CLIENTS):
            rows = connection.execute(
                "SELECT n, count(*) FROM kept WHERE round = %s AND client = %s GROUP BY n", [number, which]
            ).fetchall()
            if lost := answered[which] - {n for n, _ in rows}:
                findings.append(f"client {which} lost {len(lost)} of {len(answered[which])} answered rows")
            if doubled := [n for n, times in rows if times > 1]:
                findings.append(f"client {which} has {len(doubled)} rows twice")
    return findings
