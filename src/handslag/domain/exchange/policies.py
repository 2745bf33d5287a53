"""May a message leave now: about whom, and how long it waits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from handslag.domain.people.models import Address, Membership, Person
from handslag.domain.tenancy.policies import NotPossible

#: A message that isn't handed over yet can be taken back for so long.
TAKE_BACK = timedelta(seconds=10)
#: Not collected for so long: a person is told; for so long: it has expired.
WARN_AFTER = timedelta(days=3)
EXPIRE_AFTER = timedelta(days=14)
#: What adds to a message that hasn't come yet is kept waiting for so long.
WAITS_FOR_FIRST = timedelta(minutes=30)
#: From this protection on nothing about a household leaves by message: who lives where must not be told by a system.
NEVER_LEAVES = 2


def most_protected(person: UUID, day: date, *beside: UUID) -> int:
    """The highest protection in the household that a person lives in on a day, her own included; likewise of those
    `beside` her."""
    found = _households([person, *beside], day).aggregate(most=Max("protection_level"))
    return found["most"] or 0


def address_protected(person: UUID, day: date) -> bool:
    """Whether an address of anybody in that household is protected, whatever they are themselves: hers is the same."""
    home = _households([person], day).values("id")
    return Address.objects.filter(person_id__in=home, protection_level__gt=0).exists()


def tells_address(content: Any, person: UUID, day: date, *beside: UUID) -> bool:
    """Whether what is said gives an address although one of that household, or of that of those `beside` her, is
    protected: as an address, or the street and number of a protected one in words or the name of a file."""
    homes = _households([person, *beside], day)
    secret = Address.objects.filter(person_id__in=homes.values("id"), protection_level__gt=0)
    found = list(secret.values_list("lines", flat=True))
    lines = {street for each in found for line in each if (street := street_in(line))}
    parts: list[Any] = [content] if found else []
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if "address" in part:
                return True
            parts += part.values()
        elif isinstance(part, list):
            parts += part
        elif isinstance(part, str) and any(line in _plain(part) for line in lines):
            return True
    return False


def _households(people: Collection[UUID], day: date) -> QuerySet[Person]:
    now = Q(since__lte=day) & (Q(until__isnull=True) | Q(until__gt=day))
    homes = Membership.objects.filter(now, person_id__in=people).values("household_id")
    beside = Membership.objects.filter(now, household_id__in=homes).values("person_id")
    return Person.objects.filter(Q(id__in=people) | Q(id__in=beside))


def street_in(line: str) -> str:
    """The street and number of a line of an address, whatever stands behind them, or before them with a number that
    stands first; "" for a line that hasn't both."""
    plain = _plain(line)
    if found := re.match(r" (?:\d+ )?[^\W\d].*? \d+ ", plain):
        return found[0]
    return plain if re.match(r" \d+ .*[^\W\d]", plain) else ""


def _plain(text: str) -> str:
    """A text as its words and numbers, each between spaces: in small letters, however its letters are composed, without
    what stands between them; a street written in short as it is in full (Bahnhofstr. as Bahnhofstrasse)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = re.findall(r"\d+|[^\W\d_]+", re.sub(r"str\b", "strasse", folded))
    return f" {' '.join(words)} "


def may_leave(person: UUID, day: date, assessed: str) -> int:
    """The protection that a message about this person leaves with: 0, or 1 where somebody has `assessed` in words that
    it may be told. NotPossible("protected exchange") above, ("assess first") where nobody has."""
    level = most_protected(person, day)
    if level >= NEVER_LEAVES:
        raise NotPossible("protected exchange")
    if level and not assessed.strip():
        raise NotPossible("assess first")
    return level
