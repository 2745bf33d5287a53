"""Which looks come before the reviewer: a random sample, and every look that there is a reason to ask about.

Over what the read log and the registers say; deterministic, written by people, and never an accusation.
"""

from __future__ import annotations

import hmac
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from handslag.domain.oversight.queries import Looked, Watched
from handslag.domain.oversight.states import Why
from handslag.kernel.days import is_banking_day

#: One look in so many is drawn at random (trust-and-ux 2.6: 2 %).
ONE_IN = 50
#: More different people than this within an hour ask for a look.
PEOPLE_PER_HOUR = 30


@dataclass(frozen=True, slots=True)
class Hours:
    """When the office works: Monday to Friday but on the country's holidays and their eves (banking days), local time
    with the margin that flexible hours need."""

    zone: str
    country: str
    opens: time = time(6)
    closes: time = time(20)

    def out_of(self, at: datetime) -> bool:
        """Whether a moment lies outside."""
        local = at.astimezone(ZoneInfo(self.zone))
        return not is_banking_day(local.date(), self.country) or not self.opens <= local.time() < self.closes


def drawn(key: bytes, look: UUID) -> bool:
    """Whether a look is in the random sample. `key`: drawn anew for each review and kept with it, so that nobody
    knows before which looks it takes, and anybody can check after that none was left out."""
    digest = hmac.digest(key, look.bytes, "sha256")
    return int.from_bytes(digest[:8], "big") % ONE_IN == 0


def to_review(
    looks: Iterable[Looked],
    names: Mapping[UUID, frozenset[str]],
    watched: Mapping[UUID, Watched],
    hours: Hours,
    key: bytes,
) -> dict[UUID, frozenset[Why]]:
    """The looks that come before the reviewer, each with its reasons. `looks` by moment; `names`: the family names of
    who looked, by her log-in. The most frequent family names count like any other: left out they hid relatives, and
    kept they cost under half a per cent of the looks."""
    found: dict[UUID, frozenset[Why]] = {}
    within: dict[UUID, deque[tuple[datetime, UUID]]] = defaultdict(deque)
    for look in looks:
        why = set()
        if drawn(key, look.id):
            why.add(Why.RANDOM)
        if look.own_reason:
            why.add(Why.OWN_REASON)
        if look.refused:
            why.add(Why.REFUSED)
        if hours.out_of(look.at):
            why.add(Why.OUT_OF_HOURS)
        if look.subject is not None:
            whom = watched.get(look.subject)
            if whom is not None:
                why |= _about(names.get(look.by, frozenset()), whom)
            if _many(within[look.by], look.at, look.subject):
                why.add(Why.MANY)
        if why:
            found[look.id] = frozenset(why)
    return found


def _many(seen: deque[tuple[datetime, UUID]], at: datetime, subject: UUID) -> bool:
    """Whether this is one of too many different ones within an hour; `seen`: her looks of the last hour."""
    seen.append((at, subject))
    while seen[0][0] <= at - timedelta(hours=1):
        seen.popleft()
    return len(seen) > PEOPLE_PER_HOUR and len({one for _, one in seen}) > PEOPLE_PER_HOUR


def _about(hers: frozenset[str], whom: Watched) -> set[Why]:
    why = set()
    if whom.protected:
        why.add(Why.PROTECTED)
    if whom.colleague:
        why.add(Why.COLLEAGUE)
    if hers & whom.family_names:
        why.add(Why.SAME_NAME)
    return why
