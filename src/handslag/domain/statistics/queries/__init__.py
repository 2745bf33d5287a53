"""Reads for the statistics: households granted support in a month, by the bookings; the files made of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, Sum

from handslag.domain.casefile.models import Case, Period
from handslag.domain.payments.models import Booking, SetOff
from handslag.domain.payments.operations.planning import ADVANCE, SUPPORT
from handslag.domain.payments.queries import awaited_advances
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.models import Membership, Person
from handslag.domain.people.queries import numbers_of
from handslag.domain.people.states import IdentifierType
from handslag.domain.statistics.models import Obstacle, Origin, StatisticsFile
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Organisation
from handslag.domain.tenancy.policies import setting
from handslag.kernel.months import Month, age_on
from handslag.rules.yaml_files import shipped

#: Children are counted below this age; from it on, people stand in the file by themselves.
ADULT_IN_FILE: Final = 16
#: The day of the next month by which a month is owed.
DUE_DAY: Final = 15
_HERE = Path(__file__).parents[1]


@cache
def causes() -> Mapping[str, Mapping[str, str]]:
    """Försörjningshinder: by code, its name by language. See the table for how sure it is."""
    found: Mapping[str, Mapping[str, str]] = shipped(_HERE / "causes.se.yaml")["causes"]
    return found


@cache
def layout() -> Mapping[str, Any]:
    """The columns of the files with what they mean and how sure that is."""
    found: Mapping[str, Any] = shipped(_HERE / "layout.se.yaml")
    return found


@dataclass(frozen=True)
class Granted:
    """What is booked as support for a case in a month: granted and still standing, with open advances (minor units)."""

    case: Case
    month: Month
    amount: int


def granted_in(month: Month) -> list[Granted]:
    """The households that were granted support under 12 kap. 1 § socialtjänstlagen for a month, by case number: what
    is booked for it, its corrections and set-offs counted; without what was paid beyond the decision, what was
    claimed back, what came in, and advances that wait for a second person. Refusals have none."""
    support = Q(kind=BookingKind.EXPENSE, account_code__in=(SUPPORT, ADVANCE))
    set_off = Q(kind=BookingKind.INCOME, account_code=ADVANCE)
    about = Booking.objects.filter(period__since__gte=month.since, period__since__lt=month.until)
    otherwise = Q(decision_line__section__startswith="12 kap. 2 §")
    awaited = awaited_advances().filter(period__since__gte=month.since, period__since__lt=month.until)
    awaited = awaited.exclude(id__in=SetOff.objects.values("advance_id"))  # an earlier version set them off
    rows = (
        about.filter(support | set_off)
        .exclude(otherwise)
        .exclude(id__in=awaited.values("booking_id"))
        .values("case_id")
        .annotate(spent=Sum("amount", filter=support), off=Sum("amount", filter=set_off))
    )
    sums = {row["case_id"]: (row["spent"] or 0) - (row["off"] or 0) for row in rows}
    cases = Case.objects.filter(id__in=[key for key, amount in sums.items() if amount > 0]).select_related("unit")
    return [Granted(case, month, sums[case.id]) for case in cases.order_by("number")]


@dataclass
class Built:
    """The files of a month or year as they would be made now, and what is lacking in them."""

    households: str = ""
    causes: str = ""
    lines: int = 0
    adults: int = 0
    amount: int = 0
    kronor: int = 0
    protection: int = 0
    lacking: list[tuple[str, Month, str]] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """SHA-256 of the file of households."""
        return digest_of(self.households)

    @property
    def causes_digest(self) -> str:
        """SHA-256 of the file of causes."""
        return digest_of(self.causes)


def digest_of(text: str) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(text.encode()).hexdigest()


def months_of_file(month: Month) -> list[Month]:
    """Which months the file is about that is owed for a month: that one, and in December the year."""
    return [Month(month.year, n) for n in range(1, 13)] if month.number == 12 else [month]


def build(month: Month) -> Built:
    """Build the files that are owed for a month, from what is booked and known now. The same rows give the same
    bytes."""
    built = Built()
    for one in months_of_file(month):
        _build_month(built, granted_in(one), one)
    return built


def _build_month(built: Built, granted: list[Granted], month: Month) -> None:
    homes: dict[UUID, set[UUID]] = defaultdict(set)
    lived = Membership.objects.filter(
        household_id__in={one.case.household_id for one in granted}, since__lt=month.until
    ).exclude(until__lte=month.since)
    for home, person in lived.values_list("household_id", "person_id"):
        homes[home].add(person)
    adults = {one.case.id: one.case.adults for one in granted}
    everybody = {key for keys in (*homes.values(), *adults.values()) for key in keys}
    people = Person.objects.in_bulk(everybody)
    numbers = _numbers(everybody)
    origins = {row.person_id: row for row in Origin.objects.filter(person_id__in=everybody)}
    found = Obstacle.objects.filter(
        case_id__in=adults, period__since__gte=month.since, period__since__lt=month.until
    ).values_list("person_id", "cause")
    obstacles = dict(found)
    municipality = Organisation.objects.get(id=acting_door().the_tenant.id).code
    districts = setting("statistics_districts")
    for one in granted:
        own = adults[one.case.id]
        rest = {key: _age(people[key], month) for key in homes[one.case.household_id] if key not in own}
        others = sorted(
            (key for key, age in rest.items() if age is None or age >= ADULT_IN_FILE),
            key=lambda key: (numbers.get(key, ("", ""))[0], str(key)),
        )
        kronor = (one.amount + 50) // 100
        row: dict[str, Any] = {
            "Ar": month.year,
            "Manad": f"{month.number:02}",
            "Kommun": municipality,
            "Distrikt": districts.get(one.case.unit.name, ""),
            "Barn15": len(rest) - len(others),
            "Sbel": kronor,
        }
        cells = [_cell(row, column) for column in layout()["households"]]
        for place in range(max(2, 2 + len(others))):
            key = own[place] if place < len(own) else others[place - 2] if place >= 2 else None
            told = _person(key, min(place + 1, 3), people, numbers, origins, month) if key else {}
            cells += [_cell(told, column) for column in layout()["person"]]
        built.households += "\t".join(cells) + "\r\n"
        for key in own:
            built.adults += 1
            told = {**row, "Personnr": numbers.get(key, ("", ""))[0], "Orsak": obstacles.get(key, "")}
            built.causes += "\t".join(_cell(told, column) for column in layout()["causes"]) + "\r\n"
            built.lacking += [(one.case.number, month, what) for what in _lacking(key, numbers, origins, obstacles)]
        built.lines += 1
        built.amount += one.amount
        built.kronor += kronor
        built.protection = max([built.protection, *(people[key].protection_level for key in {*own, *rest})])


def _person(
    key: UUID,
    status: int,
    people: Mapping[UUID, Person],
    numbers: Mapping[UUID, tuple[str, str]],
    origins: Mapping[UUID, Origin],
    month: Month,
) -> dict[str, Any]:
    number, sex = numbers.get(key, ("", ""))
    origin = origins.get(key)
    age = _age(people[key], month)
    return {
        "Personnr": number,
        "Hhstatus": status,
        "Flykting": _flag(origin.refugee if origin else None),
        "Utlblank": _flag(origin.born_abroad if origin else None),
        "Kon": sex,
        "Alder": "" if age is None else age,
    }


def _lacking(
    key: UUID, numbers: Mapping[UUID, Any], origins: Mapping[UUID, Origin], obstacles: Mapping[UUID, str]
) -> Iterable[str]:
    if key not in obstacles:
        yield "cause"
    origin = origins.get(key)
    if origin is None or origin.refugee is None or origin.born_abroad is None:
        yield "origin"
    if key not in numbers:
        yield "number"


def _cell(row: Mapping[str, Any], column: Mapping[str, Any]) -> str:
    return str(row.get(column["name"], ""))[: column["length"]]


def _flag(told: bool | None) -> str:
    return "" if told is None else str(int(told))


def _age(person: Person, month: Month) -> int | None:
    last: date = month.span.last
    return None if person.birth_on is None else max(age_on(last, person.birth_on), 0)


_BEST = (IdentifierType.PERSONNUMMER, IdentifierType.SAMORDNINGSNUMMER, IdentifierType.TEMPORARY)


def _numbers(people: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """By person the number that the file names her by, and her sex as that says it (1 man, 2 woman, or nothing)."""
    found: dict[UUID, tuple[str, str]] = {}
    for person, numbers in numbers_of(people).items():
        best = next((number for number in numbers if number.type in _BEST), None)
        if best is None:
            continue
        kind, value = best.type, best.value
        says = kind != IdentifierType.TEMPORARY and len(value) == 12
        found[person] = (value, ("1" if int(value[10]) % 2 else "2") if says else "")
    return found


def obstacles_of(period: Period, adults: Iterable[UUID]) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """What stands for a period by adult, and what stood for each at the newest earlier one."""
    keys = set(adults)
    now = dict(Obstacle.objects.filter(period=period, person_id__in=keys).values_list("person_id", "cause"))
    earlier = Obstacle.objects.filter(person_id__in=keys, period__since__lt=period.since).order_by(
        "period__since", "id"
    )
    return now, dict(earlier.values_list("person_id", "cause"))


@dataclass(frozen=True)
class Owed:
    """A month, the day by which it is owed, and the newest file made for it."""

    month: Month
    due_on: date
    file: StatisticsFile | None
    delivered: StatisticsFile | None


def owed(today: date, most: int = 15) -> list[Owed]:
    """The months that are over, newest first, from the first for which anything is booked."""
    first = Booking.objects.order_by("period__since").values_list("period__since", flat=True).first()
    if first is None:
        return []
    this = Month.of(today)
    months = [this - n for n in range(1, most + 1) if (this - n).since >= Month.of(first).since]
    files: dict[Month, list[StatisticsFile]] = defaultdict(list)
    for row in StatisticsFile.objects.filter(since__in=[m.since for m in months]).order_by("number"):
        files[Month.of(row.since)].append(row)
    return [
        Owed(
            month,
            month.until.replace(day=DUE_DAY),
            files[month][-1] if files[month] else None,
            next((row for row in reversed(files[month]) if row.delivered_at), None),
        )
        for month in months
    ]
