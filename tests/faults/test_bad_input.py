"""Bad input over HTTP: never a fault of ours, nothing typed is lost, nothing is written."""

from __future__ import annotations

from soak.bad_input import Desk, Sweep, rows
from soak.corpus import VALUES
from tests.bed import Database

NAMES = list(VALUES)
#: One text field alone gets one of these in turn: the others are refused by every kind of field.
HOSTILE = [
    "NUL", "control characters", "bidi override", "lone surrogate", "noncharacter", "long word", "script", "header",
    "five thousand digits", "combining flood", "superscript",
]  # fmt: skip


def test_every_form_takes_what_anybody_types(desk: Desk, database: Database) -> None:
    before, sweep = rows(database), Sweep(desk)
    sweep.all_forms(lambda n: NAMES[n % 6 :: 6], lambda n: [HOSTILE[n % len(HOSTILE)]])
    assert sweep.wrong == [], f"{len(sweep.wrong)} of {sweep.tried}:\n" + "\n".join(sweep.wrong[:200])
    assert sweep.tried > 300
    assert rows(database) == before
