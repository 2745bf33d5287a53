"""Days that are settled and settled again while the register changes; from messages in any order to both ledgers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from soak.stage import ground
from tests.bed import Database

WHAT = (
    "The days that a register has of four people change one to twelve times; each time what differs is settled, days "
    "left out stay so, windows and rates begin on drawn days. Each day counts once at most, the sum of the lines is "
    "what counts, and the end is as if only the last had been settled. Every 200 rounds as many people go by messages "
    "between a canton and two municipalities, told in drawn orders and settled three times meanwhile: the sum of the "
    "lines is the header's and both ledgers', nothing is settled twice, and the order doesn't matter in the end. The "
    "costs of twenty families are booked, countered and settled four times as well: what is accepted is what stands."
)
ROUNDS = 5_000
#: So many rounds go by messages at once.
TOGETHER = 200
SPAN = 400


@contextmanager
def setting() -> Iterator[Database]:
    """A migrated database."""
    with ground() as (_data, _server, database):
        yield database


def _spans(random: Random, most: int) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for _ in range(random.randrange(most)):
        key, since = random.randrange(4), random.randrange(SPAN)
        found |= {(key, day) for day in range(since, since + random.choice((1, 2, 30, 91, 200)))}
    return found


def round(setting: Database, number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One sequence, and at some as many by messages; findings are what doesn't hold."""
    from tests.domain.test_settlement import settled_again

    histories = [_spans(random, 12) for _ in range(random.randrange(1, 13))]
    try:
        counts["days"] += settled_again(histories, _spans(random, 4), [random.randrange(SPAN) for _ in range(5)])
        if number % TOGETHER == 0:
            _by_messages(setting, number, random, counts)
    except AssertionError as error:
        return [str(error) or "an assertion doesn't hold"]
    counts["settlements"] += len(histories)
    return []


def _by_messages(database: Database, number: int, random: Random, counts: Counter[str]) -> None:
    from tests.canton import Canton, open_canton
    from tests.exchange import Side
    from tests.settled_costs import Costs
    from tests.settling import Mixed, Settling
    from verifier import verify

    side, *places = open_canton(database, str(number))
    canton = Mixed(database, Side(side), [Side(place) for place in places])
    canton.random = Random(number)
    told: Counter[str] = Counter()
    Settling(canton, random, told).play(TOGETHER // 2)
    other, *towns = open_canton(database, f"{number}costs")
    Costs(Canton(database, Side(other), [Side(town) for town in towns]), Random(number), told).play(20, 3)
    counts.update({f"by messages: {name}": count for name, count in told.items()})
    counts["by messages"] += TOGETHER
    report = verify(database.of_role("auditor"), tenants=[one.slug for one in (side, *places, other, towns[0])])
    assert not report.errors, "; ".join(f"{found.rule} {found.table}: {found.text}" for found in report.errors[:5])
