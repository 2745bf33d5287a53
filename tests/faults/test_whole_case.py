"""Whatever happens to a case in whatever order, nothing is lost and nothing is paid twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.whole_case import COMES_BY, machine

#: How many sequences are tried, each of at most so many steps.
SEQUENCES, STEPS = 200, 4


def test_after_each_step_of_a_case_nothing_is_lost_or_paid_twice(database: Any, connect: Any) -> None:
    reached: Counter[str] = Counter()
    told = settings(
        max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(seed(1)(machine(database, connect, reached, verified=20)), settings=told)
    assert set(reached) >= COMES_BY, sorted(COMES_BY - set(reached))
