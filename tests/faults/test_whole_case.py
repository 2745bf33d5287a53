"""Whatever happens to a case in whatever order, nothing is lost and nothing is paid twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.whole_case import COMES_BY, play

#: How many sequences are tried, each of at most so many steps.
SEQUENCES, STEPS = 200, 4


def test_after_each_step_of_a_case_nothing_is_lost_or_paid_twice(database: Any, connect: Any) -> None:
    reached: Counter[str] = Counter()
    play(database, connect, reached, drawn=1, sequences=SEQUENCES, steps=STEPS, verified=20)
    assert reached["sequences"] == SEQUENCES
    assert set(reached) >= COMES_BY, sorted(COMES_BY - set(reached))
