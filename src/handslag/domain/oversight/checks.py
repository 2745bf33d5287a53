"""Which looks come before the reviewer: a random sample, and every look that there is a reason to ask about.

Plain Python over what the read log and the registers say; deterministic, written by people, and never an accusation.
"""

from __future__ import annotations

import hmac
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from handslag.domain.oversight.states import Why

#: One look in so many is drawn at random (trust-and-ux 2.6: 2 %).
ONE_IN = 50
#: More different people than this within an hour ask for a look.
PEOPLE_PER_HOUR = 30


@dataclass(frozen=True, slots=True)
class Watcher:
    """A member of staff: her name as tokens (the last is the family name), the households' doors that are hers as
    (postcode, street, house), as far as she told them."""

    id: UUID
    family_name: str
    homes: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Watched:
    """Whom a look was about: the people of the case or the person, with what there is to compare."""

    family_names: frozenset[str]
    homes: frozenset[tuple[str, str, str]]
    protected: bool
    colleague: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """One look, as the read log has it, and how it was related to the case on that day."""

    id: UUID
    at: datetime
    by: UUID
    subject: UUID
    related: bool
    own_reason: bool


@dataclass(frozen=True, slots=True)
class Hours:
    """When the office works: local time, days of the week (Monday 0), with the margin that flexible hours need."""

    zone: str
    opens: time = time(6)
    closes: time = time(20)
    days: frozenset[int] = frozenset(range(5))

    def out_of(self, at: datetime) -> bool:
        """Whether a moment lies outside."""
        local = at.astimezone(ZoneInfo(self.zone))
        return local.weekday() not in self.days or not self.opens <= local.time() < self.closes


def drawn(key: bytes, look: UUID) -> bool:
    """Whether a look is in the random sample. `key`: drawn anew each month and kept with the review, so that nobody
    knows before which looks it takes, and anybody can check after that none was left out."""
    digest = hmac.digest(key, look.bytes, "sha256")
    return int.from_bytes(digest[:8], "big") % ONE_IN == 0


def to_review(
    looks: Iterable[Looked],
    watchers: Mapping[UUID, Watcher],
    watched: Mapping[UUID, Watched],
    hours: Hours,
    key: bytes,
) -> dict[UUID, frozenset[Why]]:
    """The looks that come before the reviewer, each with its reasons. `looks` by moment. The
    most frequent family names count like any other: left out they hid relatives, and kept they cost under half a per
    cent of the looks."""
    found: dict[UUID, set[Why]] = defaultdict(set)
    within: dict[UUID, deque[tuple[datetime, UUID]]] = defaultdict(deque)
    for look in looks:
        whom, her = watched.get(look.subject), watchers.get(look.by)
        why = found[look.id]
        if drawn(key, look.id):
            why.add(Why.RANDOM)
        if look.own_reason:
            why.add(Why.OWN_REASON)
        elif not look.related:
            why.add(Why.NO_RELATION)
        if hours.out_of(look.at):
            why.add(Why.OUT_OF_HOURS)
        if whom is not None:
            why |= _about(her, whom)
        seen = within[look.by]
        seen.append((look.at, look.subject))
        while seen[0][0] <= look.at - timedelta(hours=1):
            seen.popleft()
        if len({subject for _, subject in seen}) > PEOPLE_PER_HOUR:
            why.add(Why.MANY)
    return {look: frozenset(why) for look, why in found.items() if why}


def _about(her: Watcher | None, whom: Watched) -> set[Why]:
    why = set()
    if whom.protected:
        why.add(Why.PROTECTED)
    if whom.colleague:
        why.add(Why.COLLEAGUE)
    if her is not None and her.family_name in whom.family_names:
        why.add(Why.SAME_NAME)
    if her is not None and {home[:2] for home in her.homes} & {home[:2] for home in whom.homes}:
        why.add(Why.SAME_HOME)
    return why
