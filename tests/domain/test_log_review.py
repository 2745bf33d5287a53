"""200 bad looks among 20,000: which come before the reviewer, and how many good ones with them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from handslag.domain.oversight.checks import Hours, to_review
from handslag.domain.oversight.queries import Looked, Watched
from handslag.domain.oversight.states import Why

GOOD, BAD = 19_800, 200
HOURS = Hours("Europe/Stockholm", "SE")
NAMES = [f"släkt{n}" for n in range(2_000)]
COMMON = frozenset(f"son{n}" for n in range(20))


def seeded(seed: int) -> tuple[list[Looked], dict[UUID, frozenset[str]], dict[UUID, Watched], set[UUID]]:
    """A month of 40 caseworkers with 50 cases each, who look at their own by day; and 200 looks by curiosity."""
    chance = random.Random(seed)

    def key() -> UUID:
        return UUID(int=chance.getrandbits(128))

    def family() -> frozenset[str]:
        return frozenset({chance.choice(sorted(COMMON)) if chance.random() < 0.3 else chance.choice(NAMES)})

    staff = {key(): family() for _ in range(40)}
    whom: dict[UUID, Watched] = {}
    own: dict[UUID, list[UUID]] = {}
    for her in staff:
        own[her] = [key() for _ in range(50)]
        whom.update((case, Watched(family(), protected=False, colleague=False)) for case in own[her])
    secret, colleague = key(), key()
    whom[secret] = Watched(family(), protected=True, colleague=False)
    whom[colleague] = Watched(family(), protected=False, colleague=True)
    days = [day for day in range(1, 29) if date(2026, 2, day).weekday() < 5]

    def by_day() -> datetime:
        return datetime(2026, 2, chance.choice(days), chance.randrange(7, 16), chance.randrange(60), tzinfo=UTC)

    looks = []
    for _ in range(GOOD):
        her = chance.choice(list(staff))
        looks.append(Looked(key(), by_day(), her, chance.choice(own[her])))
    bad: set[UUID] = set()
    for n in range(BAD):
        her = chance.choice(list(staff))
        case, refused, own_reason, at = chance.choice(own[her]), False, False, by_day()
        if n % 7 == 0:
            case = secret
        elif n % 7 == 1:
            case = colleague
        elif n % 7 == 2:
            refused = True
        elif n % 7 == 3:
            own_reason = True
        elif n % 7 == 4:
            at = at.replace(hour=22)
        elif n % 7 == 5:  # a relative, whom she has herself made her client
            case = key()
            whom[case] = Watched(staff[her], protected=False, colleague=False)
        else:
            at = at + timedelta(days=(5 - at.weekday()) % 7)  # Saturday
        look = Looked(key(), at, her, case, refused, own_reason)
        looks.append(look)
        bad.add(look.id)
    looks.sort(key=lambda look: (look.at, look.id))
    return looks, staff, whom, bad


@pytest.mark.parametrize("seed", range(5))
def test_the_bad_looks_come_and_few_of_the_good_ones(seed: int) -> None:
    looks, staff, whom, bad = seeded(seed)
    found = to_review(looks, staff, whom, HOURS, b"month")
    good = {look.id for look in looks} - bad
    assert len(bad & set(found)) >= 0.95 * BAD
    assert len(good & set(found)) <= 0.03 * len(good)
    assert Counter(reason for why in found.values() for reason in why)[Why.RANDOM] > 0.015 * len(looks)


def test_many_people_within_an_hour_and_lists_are_of_nobody() -> None:
    start, her = datetime(2026, 2, 2, 9, tzinfo=UTC), UUID(int=1)

    def sweep(people: int, each: timedelta, *, of: bool = True) -> list[Looked]:
        return [Looked(UUID(int=1000 + n), start + n * each, her, UUID(int=n) if of else None) for n in range(people)]

    def many(looks: list[Looked]) -> list[int]:
        found = to_review(looks, {}, {}, HOURS, b"")
        return [n for n, look in enumerate(looks) if Why.MANY in found.get(look.id, ())]

    assert many(sweep(33, timedelta(minutes=1))) == [30, 31, 32]
    assert many(sweep(60, timedelta(minutes=2))) == []
    assert many(sweep(60, timedelta(minutes=1), of=False)) == []


def test_nights_weekends_and_holidays_are_out_of_hours() -> None:
    worked = datetime(2026, 12, 22, 9, tzinfo=UTC)
    days = [worked + timedelta(days=n) for n in range(8)]
    assert [day.day for day in days if not HOURS.out_of(day)] == [22, 23, 28, 29]  # not on the eve, Christmas, Saturday
    at = [hour for hour in range(24) if not HOURS.out_of(worked.replace(hour=hour))]
    assert (at[0], at[-1], len(at)) == (5, 18, 14)  # UTC: 6 to 20 where the office is
    assert not Hours("Europe/Zurich", "CH").out_of(worked.replace(month=6, day=19))  # Midsummer's eve in Sweden
    assert HOURS.out_of(worked.replace(month=6, day=19))
