"""Days that are settled and settled again while the register changes."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import django

WHAT = (
    "The days that a register has of four people change one to twelve times; each time what differs is settled, days "
    "left out stay so, windows and rates begin on drawn days. Each day counts once at most, the sum of the lines is "
    "what counts, and the end is as if only the last had been settled."
)
ROUNDS = 5_000
SPAN = 400


@contextmanager
def setting() -> Iterator[None]:
    """The product's tables as Python knows them; no database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handslag.config.settings")
    os.environ.setdefault("HANDSLAG_ROLE", "web")
    django.setup()
    yield


def _spans(random: Random, most: int) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for _ in range(random.randrange(most)):
        key, since = random.randrange(4), random.randrange(SPAN)
        found |= {(key, day) for day in range(since, since + random.choice((1, 2, 30, 91, 200)))}
    return found


def round(_setting: None, _number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One sequence; findings are what doesn't hold."""
    from tests.domain.test_settlement import settled_again

    histories = [_spans(random, 12) for _ in range(random.randrange(1, 13))]
    try:
        counts["days"] += settled_again(histories, _spans(random, 4), [random.randrange(SPAN) for _ in range(5)])
    except AssertionError as error:
        return [str(error) or "an assertion doesn't hold"]
    counts["settlements"] += len(histories)
    return []
