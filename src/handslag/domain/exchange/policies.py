"""May a message leave now: about whom, and how long it waits."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db.models import Max, Q

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


def most_protected(person: UUID, day: date) -> int:
    """The highest protection in the household that a person lives in on a day, her own included."""
    now = Q(since__lte=day) & (Q(until__isnull=True) | Q(until__gt=day))
    homes = Membership.objects.filter(now, person_id=person).values("household_id")
    beside = Membership.objects.filter(now, household_id__in=homes).values("person_id")
    found = Person.objects.filter(Q(id=person) | Q(id__in=beside)).aggregate(most=Max("protection_level"))
    return found["most"] or 0


def address_protected(person: UUID) -> bool:
    """Whether an address of hers is protected, whatever she is herself."""
    return Address.objects.filter(person_id=person, protection_level__gt=0).exists()


def may_leave(person: UUID, day: date, assessed: str) -> int:
    """The protection that a message about this person leaves with: 0, or 1 where somebody has `assessed` in words that
    it may be told. NotPossible("protected exchange") above, ("assess first") where nobody has."""
    level = most_protected(person, day)
    if level >= NEVER_LEAVES:
        raise NotPossible("protected exchange")
    if level and not assessed.strip():
        raise NotPossible("assess first")
    return level
