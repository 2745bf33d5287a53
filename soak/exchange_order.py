"""Messages between two organisations in any order: doubled, lost, late, truncated, corrupted, replayed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg

from soak.stage import ground
from tests.bed import Database
from verifier import verify

WHAT = (
    "A question is asked, taken up and answered while a courier carries envelopes in a drawn order: some twice, some "
    "late, some truncated, some with a sign changed, some sealed anew. It ends as one delivery in order ends: both "
    "copies equal by digest, answered, exactly one outcome for each. Every 100 rounds the verifier finds nothing."
)
ROUNDS = 20_000
ROUNDS_PER_OFFICE = 100
WHATS = (
    "leave", "carry", "carry", "carry", "broken", "changed", "again", "take in", "take in", "take up", "answer", "wait",
)  # fmt: skip


@dataclass
class Setting:
    database: Database
    role: psycopg.Connection[Any]
    eyes: psycopg.Connection[Any]
    sides: tuple[Any, Any, Any] | None = None


@contextmanager
def setting() -> Iterator[Setting]:
    """A migrated database and the courier's connection to it."""
    with ground() as (_data, _server, database):
        yield Setting(database, *(database.connect(role, autocommit=True) for role in ("courier", "admin")))


def round(setting: Setting, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One sequence; findings are how its end differs."""
    from tests.domain.test_exchange_order import Mixed, in_order, played
    from tests.exchange import RENT, Side
    from tests.office import as_role, open_office

    if number % ROUNDS_PER_OFFICE == 0 or setting.sides is None:
        asker, answerer = (open_office(setting.database.connect, f"order{number}{who}") for who in "ab")
        setting.sides = asker, answerer, asker.case()
    asker, answerer, folder = setting.sides
    pair = Mixed(setting.database, Side(asker), Side(answerer), folder, asker.now)
    pair.role, pair.eyes, pair.started = setting.role, setting.eyes, asker.now
    with as_role(setting.database, "worker"), played(pair):
        question = pair.asked(RENT)
        pair.later(seconds=11)
        for _ in range(random.randrange(31)):
            what = random.choice(WHATS)
            counts[what] += 1
            pair.step(what, random.randrange(8), random.random() < 0.5, question.message_id)
            pair.later(seconds=11)
        pair.finish(question.message_id)
        pair.later(seconds=60)
        asker.now = answerer.now = pair.now
        try:
            in_order(pair, question)
        except AssertionError as wrong:
            return [str(wrong).splitlines()[0] if str(wrong) else "the end differs"]
    if number % ROUNDS_PER_OFFICE == ROUNDS_PER_OFFICE - 1:
        counts["verified"] += 1
        report = verify(setting.database.of_role("auditor"), tenants=[asker.slug, answerer.slug])
        return [f"{found.rule} {found.table} {found.row}: {found.text}" for found in report.errors]
    return []
