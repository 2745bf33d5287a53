"""Cases from their first application on, in any order of what can happen to them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from soak.stage import ground
from tests.bed import Database

#: How many sequences a round has, each of at most so many steps.
SEQUENCES, STEPS = 50, 12
WHAT = (
    f"In each round {SEQUENCES} cases are played through in a drawn order: authorities fail, months pass, people move "
    "in and out, applications are corrected and taken back, decisions replaced and appealed, money rejected, returned, "
    "claimed back. After each step nothing is lost and nothing paid twice; at the end the verifier finds nothing."
)
ROUNDS = 100
#: No round knows of another one: several can be played at the same time.
APART = True


@contextmanager
def setting() -> Iterator[Database]:
    """A migrated database that Django in this process plays on as role web."""
    with ground() as (_data, _server, database):
        yield database


def round(database: Database, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """The sequences of one seed; the finding is the first that breaks, cut down to the steps that do it."""
    from tests.whole_case import play

    told = {"drawn": random.getrandbits(64), "sequences": SEQUENCES, "steps": STEPS}
    try:
        play(database, database.connect, counts, **told, verified=1)
    except Exception as broken:  # whatever it is, it is the finding
        return [f"{type(broken).__name__}: {broken} {' '.join(getattr(broken, '__notes__', []))}"]
    return []
