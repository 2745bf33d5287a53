"""The days of a person as they follow from what was said of her, and reads on them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from handslag.domain.people.models import Person
from handslag.domain.register.models import Contradiction, Notice, Residents, Responsibility, Standing
from handslag.domain.register.states import GONE, OWN_EARNINGS, What
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.policies import setting
from handslag.rules.ch.deadlines import SPANS, Deadline, of_end, of_status
from handslag.rules.ch.payers import later, payer_on, payers
from handslag.rules.ch.quota import COUNTED, entered_after, target


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
    disputed: bool = False


@dataclass(frozen=True)
class Stretch:
    """Days from `since` until before `until` (None: on and on) on which something holds: what, in `value`."""

    since: date
    until: date | None
    value: Any


@dataclass(frozen=True)
class Days:
    """What follows for a person: (municipality, payer or None) and (status, entry) by day, the days of own earnings,
    those on which a municipality's claim is accepted, which claims of several may be, and by what they are about the
    days that nobody may count, as it is contradicted."""

    responsible: tuple[Stretch, ...]
    status: tuple[Stretch, ...]
    earning: tuple[Stretch, ...]
    claimed: tuple[Stretch, ...]
    contradicted: tuple[tuple[str, Stretch], ...]


def days_of(notices: Iterable[Said]) -> Days:
    """The days of a person, from the set of what was said: in which order it came doesn't matter. What is contradicted
    is nobody's until a person has settled just that; whatever comes newly to it opens it again.

    By arrival a municipality is responsible until a notice of a later day moves the person from there, or says that she
    left; where several say so of different days, the days between are contradicted. A status lasts until one of a later
    day. What is disputed contradicts what would follow without it.
    """
    told = set(notices)
    where, open_where = _swept(What.MUNICIPALITY, told, _municipalities)
    status, open_status = _swept(What.STATUS, told, _statuses)
    earning, open_earning = _swept(What.EARNINGS, told, _earnings)
    as_told = tuple(Stretch(one.since, one.until, _status_of(one.value)) for one in status)
    contradicted = [
        *((What.MUNICIPALITY.value, one) for one in open_where),
        *((What.STATUS.value, one) for one in open_status),
        *((What.EARNINGS.value, one) for one in open_earning),
    ]
    claimed = _claims(told)
    paid = _paid(where, as_told, earning, [*open_earning, *open_status], claimed)
    return Days(tuple(paid), as_told, tuple(earning), tuple(claimed), tuple(contradicted))


def value_of(said: Said) -> str:
    """What a notice claims: the municipality's address, the status with the day of entry that goes with it, or own
    earnings; "" that there is none."""
    return f"{said.value} {said.entry_on:%Y-%m-%d}" if said.what == What.STATUS and said.value else said.value


def _status_of(value: str) -> tuple[str, date]:
    status, _space, entry = value.partition(" ")
    return status, date.fromisoformat(entry)


def _municipalities(said: Collection[Said]) -> list[Stretch]:
    """Who claims which days; "" where it is said that she had left already, and else that she hadn't."""
    found = []
    for one in said:
        if one.value not in GONE:
            ends = _leaving(one, said)
            last = max((end.since for end in ends), default=None)
            found.append(Stretch(one.since, last, one.value))
            found += [Stretch(end.since, last, "") for end in ends if end.value in GONE]
    return [one for one in found if one.until is None or one.since < one.until]


def _leaving(arrival: Said, said: Collection[Said]) -> list[Said]:
    """What says that somebody left where she had arrived, before she arrived there anew."""
    left = [
        one
        for one in said
        if one.moves_from == arrival.value and (one.day > arrival.day or (one.day == arrival.day and one.value in GONE))
    ]
    first = min((one.day for one in left), default=arrival.day)
    back = min((one.day for one in said if one.value == arrival.value and one.day > first), default=None)
    return [one for one in left if back is None or one.day < back]


def _statuses(said: Collection[Said]) -> list[Stretch]:
    """Which status is claimed for which days."""
    found = []
    for one in said:
        later = [other.since for other in said if other.since > one.since]
        found.append(Stretch(one.since, min(later, default=None), value_of(one)))
    return found


def _earnings(said: Collection[Said]) -> list[Stretch]:
    """On which days it is claimed that she lives on own earnings."""
    ended = [one.since for one in said if one.value != OWN_EARNINGS]
    found = []
    for one in said:
        if one.value == OWN_EARNINGS:
            ends = [day for day in (one.until, *ended) if day is not None and day > one.since]
            found.append(Stretch(one.since, min(ends, default=None), one.value))
    return found


def _claims(told: Collection[Said]) -> list[Stretch]:
    """For which days whose claim is accepted: until it ends by itself or is closed, joined."""
    closed = [one for one in told if one.what == What.CLOSING]
    found: list[Stretch] = []
    for one in sorted((one for one in told if one.what == What.CLAIM), key=lambda one: (one.value, one.since)):
        ends = [end.since for end in closed if end.value == one.value and end.since > one.since]
        until = min([*ends, *([one.until] if one.until else [])], default=None)
        last = found[-1] if found and found[-1].value == one.value else None
        if last is None or (last.until is not None and last.until < one.since):
            found.append(Stretch(one.since, until, one.value))
        elif last.until is not None and (until is None or until > last.until):
            found[-1] = Stretch(last.since, until, one.value)
    return found


def _swept(
    what: What, told: Collection[Said], claimed: Callable[[Collection[Said]], list[Stretch]]
) -> tuple[list[Stretch], list[Stretch]]:
    """The days on which one value holds, and those on which several are claimed: each a sorted tuple of them. Where
    something is disputed, both what follows with it and without it is claimed, and "" where nothing does."""
    said = [one for one in told if one.what == what and not one.between]
    settled = sorted((one for one in told if one.what == what and one.between), key=lambda one: (one.place, one.value))
    with_it, without = claimed(said), claimed([one for one in said if not one.disputed])
    holds: list[Stretch] = []
    contradicted: list[Stretch] = []
    for since, until in _cut([*with_it, *without, *settled]):
        sets = [{one.value for one in claims if _covers(one, since)} for claims in (with_it, without)]
        values = tuple(sorted({value for claims in sets for value in claims or ({""} if any(sets) else ())}))
        if len(values) > 1:
            fitting = [one for one in settled if _covers(one, since) and set(values) <= set(one.between)]
            if not fitting:
                _add(contradicted, Stretch(since, until, values))
                continue
            values = (value_of(fitting[-1]),)
        if values and values[0]:
            _add(holds, Stretch(since, until, values[0]))
    return holds, contradicted


def _paid(
    where: list[Stretch],
    status: tuple[Stretch, ...],
    earning: list[Stretch],
    unclear: list[Stretch],
    claimed: list[Stretch],
) -> list[Stretch]:
    """The days of municipalities cut by who reimburses them; by nobody who is known where there is neither a status
    nor a claim, or it is `unclear` what her status is or whether she lives on own earnings."""
    found: list[Stretch] = []
    by_payer = [
        Stretch(since, until, payer)
        for one in status
        for since, until, payer in payers(one.value[0], one.value[1], one.since, one.until)
    ]
    for since, until in _cut([*where, *by_payer, *earning, *unclear, *claimed]):
        holds = [one.value for one in where if _covers(one, since)]
        payer = payer_on(
            next((one.value for one in by_payer if _covers(one, since)), None),
            earns=any(_covers(one, since) for one in earning),
            claimed=any(_covers(one, since) and [one.value] == holds for one in claimed),
        )
        if any(_covers(one, since) for one in unclear):
            payer = None
        if holds:
            _add(found, Stretch(since, until, (holds[0], payer)))
    return found


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


def said_of(person: UUID, but: str = "") -> list[Said]:
    """The same, as far as days follow from it; without what the messages of a process (`but`) said."""
    return said_of_each([person], but)[person]


def said_of_each(people: Collection[UUID], but: str = "") -> dict[UUID, list[Said]]:
    """The same of several people: one query."""
    rows = Notice.objects.filter(person_id__in=people)
    found: dict[UUID, list[Said]] = {person: [] for person in people}
    for row in rows.exclude(message__process=but) if but else rows:
        found[row.person_id].append(
            Said(
                row.what, row.value, row.day, row.since, row.until, row.entry_on, row.moves_from, tuple(row.between),
                f"{row.at.isoformat()} {row.id}" if row.between else "", bool(row.disputed),
            )
        )  # fmt: skip
    return found


def told_with(among: Sequence[str], person: UUID | None = None) -> str:
    """Which of these addresses the newest message about a person of the register, or about anybody, came from or went
    to. Where none did: the only one there is to choose, or empty."""
    rows = Notice.objects.filter(message__partner__in=among).order_by("-at", "-id")
    newest = (rows.filter(person_id=person) if person else rows).values_list("message__partner", flat=True).first()
    return newest or (among[0] if len(among) == 1 else "")


def family_of(person: UUID) -> list[Person]:
    """Whom the messages that speak of a person speak of too, herself first, the others by name."""
    messages = Notice.objects.filter(person_id=person, message__isnull=False).values("message_id")
    others = Notice.objects.filter(message_id__in=messages).values("person_id")
    rows = Person.objects.filter(id__in=others).order_by("sort_key", "id")
    return sorted(rows, key=lambda one: one.id != person)


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


# -- what ends when: nothing is stored, it follows from the days by the rules ------------------------------------------

#: The years that count from entry, the fewest first.
_YEARS = sorted({int(value.value) for name in ("asylum.years", "quota.years") for value in SPANS[name].values})  # type: ignore[arg-type]


class Ending(NamedTuple):
    """A deadline of a person."""

    last_on: date
    person: UUID
    deadline: Deadline


def deadlines_shown(deadlines: Iterable[Deadline]) -> list[Deadline]:
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


def claimed_until(notices: Iterable[Notice]) -> set[Deadline]:
    """Until when the claims that are accepted reach."""
    return {
        Deadline("residence.years", row.until - timedelta(days=1))
        for row in notices
        if row.what == What.CLAIM and row.until is not None
    }


def resumable(said: Collection[Said], municipality: str) -> set[Deadline]:
    """Until when a municipality may begin support again whose claim was closed, without notifying the case anew."""
    mine = [one for one in _claims(said) if one.value == municipality]
    closed = {one.since for one in said if one.what == What.CLOSING and one.value == municipality}
    ended = mine[-1].until if mine else None
    return set(of_end(ended - timedelta(days=1))) if ended in closed and ended is not None else set()


def claimed_by(people: Collection[UUID], municipality: str, day: date) -> set[UUID]:
    """Whose claim of a municipality is accepted for a day."""
    if not Notice.objects.filter(person_id__in=people, what=What.CLAIM, value=municipality).exists():
        return set()
    told = said_of_each(people)
    return {
        person for person in people
        if any(one.value == municipality and _covers(one, day) for one in _claims(told[person]))
    }  # fmt: skip


def ending(member: Member, on: date, since: date, until: date) -> list[Ending]:
    """What ends from `since` until before `until` for people whom this member is cleared for and for whom a
    municipality is responsible `on` a day; the first to end first."""
    here = on_day(Responsibility.objects.filter(person_id=OuterRef("person_id")), on)
    first, last = later(since, -_YEARS[-1]) - timedelta(days=1), later(until, -_YEARS[0]) + timedelta(days=1)
    ended = Notice.objects.filter(Exists(here), what=What.CLAIM, until__gt=since, until__lte=until)
    claims = ended.filter(person__protection_level__lte=member.clearance)
    rows = Standing.objects.filter(
        Exists(here), entry_on__range=(first, last), person__protection_level__lte=member.clearance
    )
    found = [(row.person_id, one) for row in rows for one in deadlines_in([row]) if since <= one.last_on < until]
    found += [(row.person_id, one) for row in claims for one in claimed_until([row])]
    found += [(person, one) for person, one in _resumable_on(member, on) if since <= one.last_on < until]
    kept = set(deadlines_shown({one for _person, one in found}))
    return sorted({Ending(one.last_on, person, one) for person, one in found if one in kept})


def _resumable_on(member: Member, on: date) -> list[tuple[UUID, Deadline]]:
    """Until when support may begin again where those who are responsible on a day have closed a claim."""
    here = on_day(Responsibility.objects.filter(person__protection_level__lte=member.clearance), on)
    closed = Notice.objects.filter(what=What.CLOSING, person_id=OuterRef("person_id"), value=OuterRef("municipality"))
    places = dict(here.filter(Exists(closed)).values_list("person_id", "municipality"))
    told = said_of_each(places)
    return [(person, one) for person, place in places.items() for one in resumable(told[person], place)]


# -- the quota account of each municipality, at the canton -----------------------------------------------------------


@dataclass(frozen=True)
class QuotaAccount:
    """Of a municipality (its address): its residents and since when that is so, and how many people it shall have, has
    and has open (negative: more than it shall); None where its residents aren't known."""

    municipality: str
    residents: int | None
    since: date | None
    target: int | None
    actual: int

    @property
    def open(self) -> int | None:
        """How many more it shall take."""
        return None if self.target is None else self.target - self.actual


def counted_on(day: date) -> dict[str, int]:
    """How many people count towards the quota of each municipality on a day: by status and years since entry, unless
    the assignment by which they arrived there said that they don't."""
    arrival = Notice.objects.filter(
        person_id=OuterRef("person_id"), value=OuterRef("municipality"), since__lte=day, counts__isnull=False
    )
    credit = Subquery(arrival.order_by("-since", "-at").values("counts")[:1], output_field=BooleanField())
    standing = on_day(Standing.objects.filter(person_id=OuterRef("person_id")), day)
    counting = standing.filter(status__in=COUNTED, entry_on__gt=entered_after(day))
    rows = on_day(Responsibility.objects.filter(Exists(counting)), day).annotate(credit=Coalesce(credit, True))
    found = rows.values("municipality").annotate(people=Count("id", filter=Q(credit=True)))
    return {row["municipality"]: row["people"] for row in found.order_by("municipality")}


def unclear_on(day: date) -> int:
    """Of how many people it is contradicted on a day where they are, so that they count nowhere."""
    return on_day(Contradiction.objects.filter(what=What.MUNICIPALITY), day).values("person_id").distinct().count()


def quota_accounts(day: date) -> list[QuotaAccount]:
    """The account of every municipality that has people, or whose residents were entered, by address."""
    counted, known = counted_on(day), {}
    for row in Residents.objects.filter(since__lte=day).order_by("since", "at", "id"):
        known[row.municipality] = row
    places = counted.keys() | known.keys()
    return [
        QuotaAccount(
            place,
            known[place].residents if place in known else None,
            known[place].since if place in known else None,
            target(known[place].residents, day) if place in known else None,
            counted.get(place, 0),
        )
        for place in sorted(places)
    ]
