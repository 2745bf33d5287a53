"""kill -9 of sender, courier, receiver or database while messages cross."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from soak import steps
from soak.stage import LONGEST_WAIT, SLOW, forget_connections, ground
from tests import bed
from tests.bed import Database
from verifier import verify

WHAT = (
    "Questions cross between two organisations and are answered. A round kills sender, courier, receiver and database "
    "with -9, in drawn order at drawn moments while some are under way (500 kills in 125 rounds); each is started "
    "again. Both copies are equal by digest, everything is delivered and answered, exactly one outcome for each "
    "message; every 5 rounds the verifier finds nothing."
)
ROUNDS = 125
ROUNDS_PER_OFFICE = 5
VICTIMS = ("sender", "courier", "receiver", "database")
#: Children live a minute later: what was just sealed can't be taken back any more for them.
LATER = "60"
#: About the time in which two questions and their answers cross.
CROSSING_SECONDS = 3.0


@dataclass
class Setting:
    """Where it happens; `restart` kills the database with -9 and starts it again."""

    data: Path
    database: Database
    restart: Callable[[], None]
    sides: tuple[Any, Any, Any] | None = None

    def strike(self, victim: str) -> None:
        """kill -9; who starts it again waits for nothing."""
        if victim == "database":
            self.restart()
            return
        pid = steps.pid_of(self.data, victim)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + LONGEST_WAIT
        while steps.pid_of(self.data, victim) == pid and time.monotonic() < until:
            time.sleep(0.01)

    def office(self, name: str) -> tuple[Any, Any, Any]:
        """Two organisations, and a case of the first."""
        from tests.office import open_office

        asker, answerer = (open_office(self.database.connect, f"{name}{who}") for who in "ab")
        self.database.close_connections()
        return asker, answerer, asker.case()


@contextmanager
def crew(data: Path, database: Database) -> Iterator[None]:
    """Sender, courier and receiver at work."""
    told = {"HANDSLAG_DATA": str(data), "HANDSLAG_CLOCK_SHIFT": LATER}
    process = bed.process(database, "steps", "soak.steps", role="worker", **told)
    process.start()
    try:
        until = time.monotonic() + LONGEST_WAIT
        while not all(steps.pid_of(data, name) for name in steps.NAMES):
            assert time.monotonic() < until, process.child.tail()
            time.sleep(0.05)
        yield
    finally:
        process.kill()


@contextmanager
def setting() -> Iterator[Setting]:
    """A database whose transactions take a while, and the three processes."""
    with ground() as (data, _server, database):
        with psycopg.connect(database.admin, autocommit=True) as admin:
            admin.execute(SLOW.encode())

        def restart() -> None:
            assert database.server.process
            database.server.process.kill()
            database.server.process.wait()
            database.server = bed.postgres.ensure_running(data)

        with crew(data, database):
            yield Setting(data, database, restart)


def round(setting: Setting, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """A kill of each; findings are what was lost, doubled or didn't come to its end."""
    if number % ROUNDS_PER_OFFICE == 0 or setting.sides is None:
        setting.sides = setting.office(f"kills{number}")
    strikes = [(random.uniform(0, CROSSING_SECONDS), victim) for victim in random.sample(VICTIMS, len(VICTIMS))]
    return cross(setting, 2, strikes, counts, verified=number % ROUNDS_PER_OFFICE == ROUNDS_PER_OFFICE - 1)


_WAYS = """
SELECT q.message_id, there.id IS NOT NULL AND mine.id IS NULL AS unanswered,
       q.transport = 'delivered' AND q.business = 'accepted' AND coalesce(mine.transport = 'delivered', false) AS across
FROM exchange_message q
LEFT JOIN exchange_message there ON there.tenant_id = %(answerer)s AND there.message_id = q.message_id
LEFT JOIN exchange_message mine ON mine.tenant_id = %(answerer)s AND mine.reference = q.message_id
WHERE q.tenant_id = %(asker)s AND q.message_id = ANY(%(questions)s)
"""


def cross(
    setting: Setting, most: int, strikes: list[tuple[float, str]], counts: Counter[str], *, verified: bool = True
) -> list[str]:
    """Let questions cross, `most` at the same time, until each strike (after so many seconds since the one before) has
    hit while some are under way, and all have come to their end."""
    from django.db import InterfaceError, OperationalError

    from handslag.kernel import clock
    from handslag.messages.question.message import Answer
    from tests.domain.test_exchange_order import Mixed, differing
    from tests.exchange import RENT, Side

    assert setting.sides is not None
    asker, answerer, folder = setting.sides
    pair = Mixed(setting.database, Side(asker), Side(answerer), folder, clock.now())
    pair.started = clock.now()
    questions: list[Any] = []
    left: dict[Any, Any] = {}
    strikes = list(strikes)
    began, until = time.monotonic(), time.monotonic() + LONGEST_WAIT
    while (left or strikes) and time.monotonic() < until:
        pair.now = clock.now()
        try:
            if pair.eyes is None:
                pair.eyes = psycopg.connect(setting.database.admin, autocommit=True)
            while strikes and len(left) < most:
                question = pair.asked(RENT)
                questions.append(question)
                left[question.message_id] = question
            keys = {"asker": pair.asker.key, "answerer": pair.answerer.key, "questions": list(left)}
            with pair.eyes.cursor() as cursor:
                for key, unanswered, across in cursor.execute(_WAYS, keys).fetchall():
                    if unanswered:
                        pair.answered(left[key], Answer(number=1, text="Ja."))
                    if across:
                        del left[key]
            if strikes and left and time.monotonic() - began > strikes[0][0]:
                _after, victim = strikes.pop(0)
                counts[f"{victim} killed"] += 1
                setting.strike(victim)
                began = time.monotonic()
                until = began + LONGEST_WAIT
        except (OperationalError, InterfaceError, psycopg.Error):
            forget_connections()
            if pair.eyes is not None:  # the other connection may have been the one that broke
                pair.eyes.close()
            pair.eyes = None
        time.sleep(0.05)
    counts["crossed"] += len(questions) - len(left)
    findings = [f"{len(left)} didn't come to their end"] if left else []
    crossed = [question.message_id for question in questions if question.message_id not in left]
    pair.look()
    while (ends := differing(pair, crossed)) and time.monotonic() < until:  # the last receipts are under way
        time.sleep(0.1)
        pair.look()
    findings += ends.values()
    forget_connections()
    if pair.eyes is not None:
        pair.eyes.close()
    if verified:
        counts["verified"] += 1
        report = verify(setting.database.of_role("auditor"), tenants=[asker.slug, answerer.slug])
        findings += [f"{found.rule} {found.table} {found.row}: {found.text}" for found in report.errors]
    return findings
