"""One rule text, two executions: every household alone and among many, to the minor unit the same."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from random import Random

from handslag.rules.norms import NormMissing
from tests.rules.executions import LAWS, alone, differs, drawn, smallest, together

WHAT = (
    "In each round 500 random households of each pack, of one period and one set of settings, are calculated one by "
    "one and as a population: every total of every household is the same. What isn't is cut down by Hypothesis to what "
    "makes the difference and shown as facts."
)
ROUNDS = 200
HOUSEHOLDS = 500


@contextmanager
def setting() -> Iterator[None]:
    """Nothing to set up."""
    yield


def round(_: None, number: int, draw: Random, counts: Counter[str]) -> list[str]:
    """Both executions of every pack on the round's households; findings are facts for which they differ."""
    findings = []
    for name, law in LAWS.items():
        facts, expected = [], []
        for data in drawn(name, draw, HOUSEHOLDS):
            one = law.kind.from_json(data)
            try:
                expected.append(alone(law, one))
            except NormMissing:
                counts[f"{name}: refused alone"] += 1
                continue
            facts.append(one)
        for one, first, second in zip(facts, expected, together(law, facts), strict=True):
            counts[f"{name}: compared"] += 1
            if first != second:
                findings.append(f"{name}: {smallest(one.to_json(), partial(differs, name))}")
    return findings
