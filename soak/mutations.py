"""Damage to what is stored, done past every wall: the verifier names the row."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Any

from soak.stage import ground

WHAT = (
    "In each round one thing of whole cases is damaged as the server's administrator could: a column altered, a row "
    "deleted or doubled, a chain cut at its end, a bit of a stored file flipped; everywhere but in the working state. "
    "The verifier finds it and names the row; then it is put back, and all is in order again."
)
ROUNDS = 1_000


@contextmanager
def setting() -> Iterator[Any]:
    """A database with whole cases (tests.filled.Filled), in order."""
    with ground() as (data, _server, database):
        from django.test import override_settings

        from tests.filled import fill

        with override_settings(DATA=data):
            filled = fill(database, data / "files")
        database.close_connections()
        whole = filled.verify()
        assert whole.ok, whole.to_text()
        yield filled


def round(filled: Any, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One damage; the finding is one that nobody noticed, or that named another row."""
    from tests.verifier.mutations import Vandal, missed

    vandal = Vandal(filled.copy.admin, filled.tenant, filled.files, random.getrandbits(64))
    with closing(vandal.connection):
        target = random.choice([*vandal.tables(), "chain ends", "stored files"])
        kind = {"chain ends": "cut", "stored files": "flip"}.get(target) or random.choice(
            ["alter", "alter", "delete", "insert"]
        )
        damage = getattr(vandal, kind)() if kind in ("cut", "flip") else getattr(vandal, kind)(target)
        counts[kind] += 1
        unseen = missed(filled, vandal, damage)
        counts["named"] += not unseen
        return unseen
