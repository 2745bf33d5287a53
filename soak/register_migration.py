"""A canton's register of 20,000 people brought from another system."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from soak.stage import ground
from tests.bed import Database

WHAT = (
    "A register of 20,000 people with their claims under section 44 and 5,000 open items, with a fault in 3 % of its "
    "rows, is verified, imported and undone; verified again, imported, confirmed by a second person and carried into "
    "the register. Every fault is named at its line and nothing else is; taken and rejected add up to the files; the "
    "ledger holds what is taken to the cent; nothing is left of what was undone but its events; nothing is taken twice."
)
ROUNDS = 1
PEOPLE, SHARE = 20_000, 0.03


@contextmanager
def setting() -> Iterator[Database]:
    """A migrated database."""
    with ground() as (_data, _server, database):
        yield database


def round(database: Database, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One migration; findings are what doesn't hold."""
    from tests.canton import Canton, open_canton
    from tests.domain.test_imports import migrated
    from tests.exchange import Side
    from tests.office import as_role

    side, *places = [Side(office) for office in open_canton(database)]
    side.office.admit("zoe", "Zoe Zweite", "registrar")
    canton, began = Canton(database, side, places), time.monotonic()
    with as_role(database, "worker"):
        found = migrated(canton, random, PEOPLE, SHARE, counts)
    counts["seconds"] = int(time.monotonic() - began)
    return found
