"""kill -9 of sender, courier, receiver or database while messages cross."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from handslag.ops import postgres
from handslag.ops.postgres import Server
from soak.stage import LONGEST_WAIT, SLOW, forget_connections, ground
from tests import bed
from tests.bed import Database, Process
from verifier import verify

WHAT = (
    "Two questions cross between two organisations and are answered; sender, courier, receiver or database (in turn by "
    "round) is killed with -9 at a drawn moment and started again. Both copies are equal by digest, everything is "
    "delivered and answered, exactly one outcome for each message; every 20 rounds the verifier finds nothing."
)
ROUNDS = 500
ROUNDS_PER_OFFICE = 20
VICTIMS = ("sender", "courier", "receiver", "database")
#: Children live a minute later: what was just sealed can't be taken back any more for them.
LATER = "60"
#: About the time in which two questions and their answers cross.
CROSSING_SECONDS = 3.0


@dataclass
class Setting:
    data: Path
    server: Server
    database: Database
    children: dict[str, Process] = field(default_factory=dict)
    sides: tuple[Any, Any, Any] | None = None

    def strike(self, victim: str) -> None:
        """kill -9, and start it again."""
        if victim != "database":
            self.children[victim].kill()
            self.children[victim].start()
            return
        assert self.server.process
        self.server.process.kill()
        self.server.process.wait()
        self.server = self.database.server = postgres.ensure_running(self.data)


@contextmanager
def setting() -> Iterator[Setting]:
    """A database whose transactions take a while, and the three processes."""
    with ground() as (data, server, database):
        with psycopg.connect(database.admin, autocommit=True) as admin:
            admin.execute(SLOW.encode())
        here = Setting(data, server, database)
        told = {"HANDSLAG_DATA": str(data), "HANDSLAG_CLOCK_SHIFT": LATER}
        for name in ("sender", "receiver"):
            here.children[name] = bed.process(database, name, "soak.steps", name, role="worker", **told)
        here.children["courier"] = bed.process(
            database, "courier", "handslag.cli.main", "courier", role="courier", **told
        )
        for child in here.children.values():
            child.start()
        try:
            yield here
        finally:
            for child in here.children.values():
                child.kill()


def round(setting: Setting, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One kill; findings are what was lost, doubled or didn't come to its end."""
    from django.db import InterfaceError, OperationalError

    from handslag.kernel import clock
    from handslag.messages.question.message import Answer
    from tests.domain.test_exchange_order import Mixed, in_order
    from tests.exchange import RENT, Side
    from tests.office import open_office

    victim = VICTIMS[number % len(VICTIMS)]
    if number % ROUNDS_PER_OFFICE == 0 or setting.sides is None:
        asker, answerer = (open_office(setting.database.connect, f"kills{number}{who}") for who in "ab")
        setting.sides = asker, answerer, asker.case()
    asker, answerer, folder = setting.sides
    pair = Mixed(setting.database, Side(asker), Side(answerer), folder, clock.now())
    pair.started = clock.now()
    questions = [pair.asked(RENT), pair.asked(RENT)]
    strike_at: float | None = time.monotonic() + random.uniform(0, CROSSING_SECONDS)
    until, left = time.monotonic() + LONGEST_WAIT, list(questions)
    while (left or strike_at) and time.monotonic() < until:
        if strike_at and time.monotonic() > strike_at:  # here: a child ends with the thread that started it
            setting.strike(victim)
            counts[f"{victim} killed, {len(questions) - len(left)} of 2 across"] += 1
            strike_at = None
        try:
            for question in list(left):
                pair.now = clock.now()
                there = pair.answerer.rows(type(question), message_id=question.message_id)
                mine = pair.answerer.rows(type(question), reference=question.message_id, direction="out")
                if there and not mine:
                    pair.answered(question, Answer(number=1, text="Ja."))
                ours = pair.asker.message(question.message_id)
                if mine and mine[0].transport == "delivered" and (ours.transport, ours.business) == (
                    "delivered", "accepted",
                ):  # fmt: skip
                    left.remove(question)
        except (OperationalError, InterfaceError, psycopg.Error):
            forget_connections()
        time.sleep(0.05)
    forget_connections()
    counts["crossed"] += len(questions) - len(left)
    if left:
        return [f"{victim}: {len(left)} didn't come to their end"]
    time.sleep(0.5)  # the last receipts
    findings = []
    for question in questions:
        try:
            in_order(pair, question)
        except AssertionError as wrong:
            findings.append(f"{victim}: {str(wrong).splitlines()[0] if str(wrong) else 'the end differs'}")
    if number % ROUNDS_PER_OFFICE == ROUNDS_PER_OFFICE - 1:
        counts["verified"] += 1
        report = verify(setting.database.of_role("auditor"), tenants=[asker.slug, answerer.slug])
        findings += [f"{found.rule} {found.table} {found.row}: {found.text}" for found in report.errors]
    return findings
