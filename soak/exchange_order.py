"""Messages between two organisations in any order: doubled, lost, late, truncated, corrupted, replayed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from soak.stage import ground
from tests.bed import Database
from verifier import verify

#: So many sequences at a time, each a conversation of its own between the same two organisations; twice in a round.
TOGETHER, TIMES = 100, 2
WHAT = (
    f"A round is {TIMES} times {TOGETHER} sequences between two organisations at a time. In each a question is asked, "
    "taken up and answered while a courier carries its envelopes in a drawn order: some twice, some late, some "
    "truncated, some with a sign changed, some sealed anew. Each ends as one delivery in order ends: both copies equal "
    "by digest, answered, exactly one outcome for each envelope. At its end the verifier finds nothing. What ends "
    "otherwise is played alone, by less and less."
)
ROUNDS = 100
#: No round knows of another one: several can be played at the same time.
APART = True


@contextmanager
def setting() -> Iterator[Database]:
    """A migrated database."""
    with ground() as (_data, _server, database):
        yield database


def round(database: Database, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """Two hundred sequences of a new pair; findings are how the end of one differs, and the least by which it does."""
    from tests.domain.test_exchange_order import between, drawn, narrowed, played
    from tests.office import as_role, open_office

    asker, answerer = (open_office(database.connect, f"order{number}{who}") for who in "ab")
    pair, found = between(database, asker, answerer), []
    for _ in range(TIMES):
        told = drawn(random, TOGETHER)
        with as_role(database, "worker"):
            found += [
                f"sequence {which}: {how}: {narrowed(pair, told, which)}"
                for which, how in played(pair(), told, counts).items()
            ]
        counts["sequences"] += TOGETHER
    counts["verified"] += 1
    report = verify(database.of_role("auditor"), tenants=[asker.slug, answerer.slug])
    return found + [f"{one.rule} {one.table} {one.row}: {one.text}" for one in report.errors]
