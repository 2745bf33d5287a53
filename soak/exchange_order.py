"""Messages between two organisations in any order: doubled, lost, late, truncated, corrupted, replayed."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from soak.stage import ground
from tests.bed import Database
from verifier import verify

#: So many sequences in a round, each a conversation of its own between the same two organisations.
TOGETHER = 100
WHAT = (
    f"A round is {TOGETHER} sequences between two organisations at a time. In each a question is asked, taken up and "
    "answered while a courier carries its envelopes in a drawn order: some twice, some late, some truncated, some with "
    "a sign changed, some sealed anew. Each ends as one delivery in order ends: both copies equal by digest, answered, "
    "exactly one outcome for each envelope. Every other round the verifier finds nothing, and a new pair begins. What "
    "ends otherwise is played alone, by less and less."
)
ROUNDS = 200
ROUNDS_PER_PAIR = 2


@dataclass
class Setting:
    database: Database
    sides: tuple[Any, Any] | None = None
    pair: Callable[[], Any] | None = None


@contextmanager
def setting() -> Iterator[Setting]:
    """A migrated database."""
    with ground() as (_data, _server, database):
        yield Setting(database)


def round(setting: Setting, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """A hundred sequences; findings are how the end of one differs, and the least by which it does."""
    from tests.domain.test_exchange_order import between, drawn, narrowed, played
    from tests.office import as_role, open_office

    if number % ROUNDS_PER_PAIR == 0 or setting.pair is None:
        asker, answerer = (open_office(setting.database.connect, f"order{number}{who}") for who in "ab")
        setting.sides, setting.pair = (asker, answerer), between(setting.database, asker, answerer)
    told = drawn(random, TOGETHER)
    with as_role(setting.database, "worker"):
        found = [
            f"sequence {which}: {how}: {narrowed(setting.pair, told, which)}"
            for which, how in played(setting.pair(), told, counts).items()
        ]
    counts["sequences"] += TOGETHER
    if number % ROUNDS_PER_PAIR == ROUNDS_PER_PAIR - 1:
        counts["verified"] += 1
        assert setting.sides
        report = verify(setting.database.of_role("auditor"), tenants=[side.slug for side in setting.sides])
        found += [f"{one.rule} {one.table} {one.row}: {one.text}" for one in report.errors]
    return found
