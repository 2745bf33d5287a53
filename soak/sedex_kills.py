"""kill -9 of either end, of sedex or of the database while messages cross by files.

`python -m soak.sedex_kills fraga` (or `svar`) is an end.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import django
import psycopg

from soak.stage import SLOW, ground
from tests import bed
from tests.bed import Database, Process

WHAT = (
    "Questions cross between two organisations by the folders of the simulated sedex and are answered. A round kills "
    "asking end, answering end, sedex and database with -9, in drawn order at drawn moments while some are under way "
    "(500 kills in 125 rounds); each is started again. Both copies are equal by digest, everything is delivered and "
    "answered, exactly one outcome for each message, no file is left; every 5 rounds the verifier finds nothing."
)
ROUNDS = 125
ROUNDS_PER_OFFICE = 5
VICTIMS = ("fraga", "svar", "sedex", "database")
#: The ends live a minute later: what was just sealed can't be taken back any more for them.
LATER = "60"
CROSSING_SECONDS = 3.0


@dataclass
class Setting:
    data: Path
    database: Database
    ends: dict[str, Process] = field(default_factory=dict)
    post: Any = None
    sides: tuple[Any, Any, Any] | None = None

    def enter(self, number: int) -> None:
        """Two fresh organisations with clients of their own."""
        from tests.sedex import Post, by_sedex

        if self.post is not None:
            self.post.kill()
        folder = self.data / f"sedex{number}"
        folder.mkdir()
        self.post = Post(folder)
        pair = by_sedex(self.database, self.post)
        self.database.close_connections()
        self.sides = pair.asker.office, pair.answerer.office, pair.folder

    def strike(self, victim: str) -> None:
        """kill -9, and start it again."""
        if victim == "database":
            assert self.database.server.process
            self.database.server.process.kill()
            self.database.server.process.wait()
            self.database.server = bed.postgres.ensure_running(self.data)
        elif victim == "sedex":
            self.post.kill()
            self.post.start()
        else:
            self.ends[victim].kill()
            self.ends[victim].start()


@contextmanager
def setting() -> Iterator[Setting]:
    """A database whose transactions take a while, and the two ends."""
    with ground() as (data, _server, database):
        with psycopg.connect(database.admin, autocommit=True) as admin:
            admin.execute(SLOW.encode())
        here = Setting(data, database)
        told = {"HANDSLAG_DATA": str(data), "HANDSLAG_CLOCK_SHIFT": LATER}
        for end in ("fraga", "svar"):
            here.ends[end] = bed.process(database, end, "soak.sedex_kills", end, role="worker", **told)
            here.ends[end].start()
        try:
            yield here
        finally:
            for process in here.ends.values():
                process.kill()
            if here.post is not None:
                here.post.kill()


def round(setting: Setting, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """A kill of each; findings are what was lost, doubled or didn't come to its end."""
    from soak.exchange_kills import cross

    if number % ROUNDS_PER_OFFICE == 0 or setting.sides is None:
        setting.enter(number)
    strikes = [(random.uniform(0, CROSSING_SECONDS), victim) for victim in random.sample(VICTIMS, len(VICTIMS))]
    verified = number % ROUNDS_PER_OFFICE == ROUNDS_PER_OFFICE - 1
    findings = cross(setting, 2, strikes, counts, verified=verified)  # type: ignore[arg-type]
    until = time.monotonic() + 10
    while (left := [name for end in ("asker", "answerer") for name in setting.post.files(f"{end}/inbox")]) or any(
        setting.post.files(f"{end}/receipts") for end in ("asker", "answerer")
    ):
        if time.monotonic() > until:
            return [*findings, f"{len(left)} files are left in an inbox, or receipts"]
        time.sleep(0.1)
    return findings


def main(end: str) -> None:
    """One end of the newest pair, again and again, as the worker does each minute."""
    django.setup()
    from django.db import InterfaceError, OperationalError, connection

    from handslag.domain.tenancy.door import at_large
    from handslag.domain.tenancy.models import Organisation
    from handslag.jobs import exchange, sedex

    while True:
        with suppress(OperationalError, InterfaceError):
            with at_large("soak"):
                newest = Organisation.objects.filter(is_tenant=True, slug__startswith=f"{end}-").order_by("-id").first()
            if newest is not None:
                for work in (exchange.hand_over_due, sedex.meet_client, exchange.take_arrivals):
                    work(newest.id)
            time.sleep(0.05)
            continue
        connection.close()
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1])
