"""200 bad looks among 20,000: which come before the reviewer, and how many good ones with them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from handslag.domain.oversight.checks import Hours, Looked, Watched, Watcher, to_review
from handslag.domain.oversight.states import Why

GOOD, BAD = 19_800, 200
HOURS = Hours("Europe/Stockholm")
NAMES = [f"släkt{n}" for n in range(2_000)]
COMMON = frozenset(f"son{n}" for n in range(20))


def seeded(seed: int) -> tuple[list[Looked], dict[UUID, Watcher], dict[UUID, Watched], set[UUID]]:
    """A month of 40 caseworkers with 50 cases each, who look at their own by day; and 200 looks by curiosity."""
    chance = random.Random(seed)

    def key() -> UUID:
        return UUID(int=chance.getrandbits(128))

    def home() -> tuple[str, str, str]:
        return (f"990 {chance.randrange(60):02}", f"gata{chance.randrange(40)}", str(chance.randrange(80)))

    def family() -> str:
        return chance.choice(sorted(COMMON)) if chance.random() < 0.3 else chance.choice(NAMES)

    staff = [Watcher(key(), family(), frozenset({home()})) for _ in range(40)]
    whom: dict[UUID, Watched] = {}
    own: dict[UUID, list[UUID]] = {}
    for her in staff:
        own[her.id] = [key() for _ in range(50)]
        for case in own[her.id]:
            whom[case] = Watched(frozenset({family()}), frozenset({home()}), False, False)
    secret, colleague = key(), key()
    whom[secret] = Watched(frozenset({family()}), frozenset({home()}), True, False)
    whom[colleague] = Watched(frozenset({family()}), frozenset({home()}), False, True)
    days = [day for day in range(1, 29) if date(2026, 2, day).weekday() < 5]

    def by_day() -> datetime:
        return datetime(2026, 2, chance.choice(days), chance.randrange(7, 16), chance.randrange(60), tzinfo=UTC)

    looks = []
    for _ in range(GOOD):
        her = chance.choice(staff)
        looks.append(Looked(key(), by_day(), her.id, chance.choice(own[her.id]), True, False))
    bad: set[UUID] = set()
    for n in range(BAD):
        her = chance.choice(staff)
        case, related, own_reason, at = chance.choice(own[her.id]), True, False, by_day()
        if n % 8 == 0:
            case = secret
        elif n % 8 == 1:
            case = colleague
        elif n % 8 == 2:
            related = False
        elif n % 8 == 3:
            related, own_reason = False, True
        elif n % 8 == 4:
            at = at.replace(hour=22)
        elif n % 8 == 5:  # a relative, whom she has herself made her client
            case = key()
            whom[case] = Watched(frozenset({her.family_name}), frozenset({home()}), False, False)
        elif n % 8 == 6:  # the neighbours
            case = key()
            (where,) = her.homes
            whom[case] = Watched(frozenset({family()}), frozenset({(*where[:2], "99")}), False, False)
        else:
            at = at + timedelta(days=(5 - at.weekday()) % 7)  # Saturday
        look = Looked(key(), at, her.id, case, related, own_reason)
        looks.append(look)
        bad.add(look.id)
    looks.sort(key=lambda look: (look.at, look.id))
    return looks, {her.id: her for her in staff}, whom, bad


@pytest.mark.parametrize("seed", range(5))
def test_the_bad_looks_come_and_few_of_the_good_ones(seed: int) -> None:
    looks, staff, whom, bad = seeded(seed)
    found = to_review(looks, staff, whom, HOURS, b"month")
    good = {look.id for look in looks} - bad
    assert len(bad & set(found)) >= 0.95 * BAD
    assert len(good & set(found)) <= 0.03 * len(good)
    assert Counter(reason for why in found.values() for reason in why)[Why.RANDOM] > 0.015 * len(looks)
