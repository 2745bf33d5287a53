"""The days of a person as they follow from what was said of her, and reads on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from handslag.domain.people.models import Person
from handslag.domain.register.models import Contradiction, Notice, Responsibility, Standing
from handslag.domain.register.states import What
from handslag.domain.tenancy.permissions import Member
from handslag.rules.ch.payers import payers


@dataclass(frozen=True)
class Said:
    """A notice as far as days follow from it (see `models.Notice`). `place` orders what people settled: the newest of
    what fits stands."""

    what: str
    value: str
    day: date
    since: date
    until: date | None = None
    entry_on: date | None = None
    moves_from: str = ""
    between: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class Stretch:
    """Days from `since` until before `until` (None: on and on) on which something holds: what, in `value`."""

    since: date
    until: date | None
    value: Any


@dataclass(frozen=True)
class Days:
    """What follows for a person: (municipality, payer or None) and (status, entry) by day, and by what they are about
    the days that nobody may count, as it is contradicted."""

    responsible: tuple[Stretch, ...]
    status: tuple[Stretch, ...]
    contradicted: tuple[tuple[str, Stretch], ...]


def days_of(notices: Iterable[Said]) -> Days:
    """The days of a person, from the set of what was said: in which order it came doesn't matter. What is contradicted
    is nobody's until a person has settled just that; whatever comes newly to it opens it again.

    By arrival a municipality is responsible until a notice of a later day moves the person from there; a status lasts
    until one of a later day.
    """
    told = set(notices)
    where, open_where = _swept(What.MUNICIPALITY, told, _municipalities(told))
    status, open_status = _swept(What.STATUS, told, _statuses(told))
    as_told = tuple(Stretch(one.since, one.until, _status_of(one.value)) for one in status)
    contradicted = [
        *((What.MUNICIPALITY.value, one) for one in open_where),
        *((What.STATUS.value, one) for one in open_status),
    ]
    return Days(tuple(_paid(where, as_told)), as_told, tuple(contradicted))


def value_of(said: Said) -> str:
    """What a notice claims: the municipality's address, or the status with the day of entry that goes with it."""
    return said.value if said.what == What.MUNICIPALITY else f"{said.value} {said.entry_on:%Y-%m-%d}"


def _status_of(value: str) -> tuple[str, date]:
    status, _space, entry = value.partition(" ")
    return status, date.fromisoformat(entry)


def _municipalities(told: Collection[Said]) -> list[Stretch]:
    """Who claims which days."""
    said = [one for one in told if one.what == What.MUNICIPALITY and not one.between]
    found = []
    for one in said:
        left = [other.since for other in said if other.moves_from == one.value and other.day > one.day]
        found.append(Stretch(one.since, min(left, default=None), one.value))
    return found


def _statuses(told: Collection[Said]) -> list[Stretch]:
    """Which status is claimed for which days."""
    said = [one for one in told if one.what == What.STATUS and not one.between]
    found = []
    for one in said:
        later = [other.since for other in said if other.since > one.since]
        found.append(Stretch(one.since, min(later, default=None), value_of(one)))
    return found


def _swept(what: What, told: Collection[Said], claims: list[Stretch]) -> tuple[list[Stretch], list[Stretch]]:
    """The days on which one value holds, and those on which several are claimed: each a sorted tuple of them."""
    settled = sorted((one for one in told if one.what == what and one.between), key=lambda one: (one.place, one.value))
    holds: list[Stretch] = []
    contradicted: list[Stretch] = []
    for since, until in _cut([*claims, *settled]):
        values = tuple(sorted({one.value for one in claims if _covers(one, since)}))
        if len(values) > 1:
            fitting = [one for one in settled if _covers(one, since) and set(values) <= set(one.between)]
            if not fitting:
                _add(contradicted, Stretch(since, until, values))
                continue
            values = (value_of(fitting[-1]),)
        if values:
            _add(holds, Stretch(since, until, values[0]))
    return holds, contradicted


def _paid(where: list[Stretch], status: tuple[Stretch, ...]) -> Iterator[Stretch]:
    """The days of municipalities cut by who reimburses them; by nobody who is known where there is no one status."""
    found: list[Stretch] = []
    by_payer = [
        Stretch(since, until, payer)
        for one in status
        for since, until, payer in payers(one.value[0], one.value[1], one.since, one.until)
    ]
    for since, until in _cut([*where, *by_payer]):
        holds = [one.value for one in where if _covers(one, since)]
        payer = [one.value for one in by_payer if _covers(one, since)]
        if holds:
            _add(found, Stretch(since, until, (holds[0], payer[0] if payer else None)))
    return iter(found)


def _covers(one: Any, day: date) -> bool:
    return bool(one.since <= day and (one.until is None or day < one.until))


def _cut(claims: list[Any]) -> Iterator[tuple[date, date | None]]:
    """The stretches between all days on which anything begins or ends, in order; the last goes on and on."""
    cuts = sorted({one.since for one in claims} | {one.until for one in claims if one.until is not None})
    return pairwise([*cuts, None])


def _add(found: list[Stretch], new: Stretch) -> None:
    """Put a stretch behind the others, joined to one of the same value that it follows."""
    if found and found[-1].until == new.since and found[-1].value == new.value:
        new = Stretch(found.pop().since, new.until, new.value)
    found.append(new)


# -- reads -----------------------------------------------------------------------------------------------------------


def notices_of(person: UUID) -> list[Notice]:
    """What was said of a person, in the order of its days."""
    rows = Notice.objects.filter(person_id=person).select_related("message", "settled_by")
    return list(rows.order_by("day", "what", "at", "id"))


def said_of(person: UUID) -> list[Said]:
    """The same, as far as days follow from it."""
    return [
        Said(
            row.what, row.value, row.day, row.since, row.until, row.entry_on, row.moves_from, tuple(row.between),
            f"{row.at.isoformat()} {row.id}",
        )
        for row in Notice.objects.filter(person_id=person)
    ]  # fmt: skip


def on_day(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    """Of stretches of days those that a day lies in."""
    return rows.filter(Q(until=None) | Q(until__gt=day), since__lte=day)


def registered(member: Member) -> QuerySet[Any]:
    """The people of whom anything was said, whom this member is cleared for, by name. `open`: something about her is
    contradicted."""
    said = Notice.objects.filter(person_id=OuterRef("id"))
    unsettled = Contradiction.objects.filter(person_id=OuterRef("id"))
    rows = Person.objects.filter(Exists(said), protection_level__lte=member.clearance)
    return rows.annotate(open=Exists(unsettled)).order_by("sort_key", "id")


def standing_on(people: Iterable[UUID], day: date) -> dict[UUID, tuple[Responsibility | None, Standing | None]]:
    """Of each person who is responsible and what her status is on a day, where that is known."""
    keys = list(people)
    where = {row.person_id: row for row in on_day(Responsibility.objects.filter(person_id__in=keys), day)}
    status = {row.person_id: row for row in on_day(Standing.objects.filter(person_id__in=keys), day)}
    return {key: (where.get(key), status.get(key)) for key in keys}


def days_stored(person: UUID) -> tuple[list[Responsibility], list[Standing], list[Contradiction]]:
    """The days of a person as they stand in the register, in order."""
    where = Responsibility.objects.filter(person_id=person).order_by("since")
    status = Standing.objects.filter(person_id=person).order_by("since")
    return list(where), list(status), list(Contradiction.objects.filter(person_id=person).order_by("since", "what"))
