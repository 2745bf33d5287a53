"""What ends when for people of the register: nothing is stored, it follows from their days by the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef

from handslag.domain.register.models import Responsibility, Standing
from handslag.domain.register.queries import on_day
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.policies import setting
from handslag.rules.ch.deadlines import SPANS, Deadline, of_status
from handslag.rules.ch.payers import later

#: The years that count from entry, the fewest first.
_YEARS = sorted({int(value.value) for name in ("asylum.years", "quota.years") for value in SPANS[name].values})  # type: ignore[arg-type]


class Ending(NamedTuple):
    """A deadline of a person."""

    last_on: date
    person: UUID
    deadline: Deadline


def shown(deadlines: Iterable[Deadline]) -> list[Deadline]:
    """Those that the organisation goes by, by their day: it may leave out what no official source settles."""
    unsure = setting("unverified_deadlines")
    kept = (one for one in deadlines if unsure or one.span.on(one.last_on).status == "official")
    return sorted(kept, key=lambda one: (one.last_on, one.code))


def deadlines_in(standings: Iterable[Standing]) -> set[Deadline]:
    """What ends for one person while a status lasts, each once."""
    return {
        one
        for row in standings
        for one in of_status(row.status, row.entry_on)
        if row.until is None or one.last_on < row.until
    }


def ending(member: Member, on: date, since: date, until: date) -> list[Ending]:
    """What ends from `since` until before `until` for people whom this member is cleared for and for whom a
    municipality is responsible `on` a day; the first to end first."""
    here = on_day(Responsibility.objects.filter(person_id=OuterRef("person_id")), on)
    first, last = later(since, -_YEARS[-1]) - timedelta(days=1), later(until, -_YEARS[0]) + timedelta(days=1)
    rows = Standing.objects.filter(
        Exists(here), entry_on__range=(first, last), person__protection_level__lte=member.clearance
    )
    found = [(row.person_id, one) for row in rows for one in deadlines_in([row]) if since <= one.last_on < until]
    kept = set(shown({one for _person, one in found}))
    return sorted({Ending(one.last_on, person, one) for person, one in found if one in kept})
