"""Reads for the log review: whom looks were about, months, and what waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from handslag.domain.audit.models import ReadEntry
from handslag.domain.casefile.models import Case
from handslag.domain.documents.models import Document
from handslag.domain.intake.models import Application
from handslag.domain.oversight.models import Review, ReviewedLook
from handslag.domain.people.models import Membership, Person
from handslag.domain.people.names import name_tokens
from handslag.domain.tenancy.models import StaffMember
from handslag.kernel.months import Month


@dataclass(frozen=True, slots=True)
class Watched:
    """Whom a look was about: the people of the case, or the person."""

    family_names: frozenset[str]
    protected: bool
    colleague: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """One look, as the read log has it: by whom (her log-in), about what, and whether it was refused, or made under
    access that she took by herself."""

    id: UUID
    at: datetime
    by: UUID
    subject: UUID | None
    refused: bool = False
    own_reason: bool = False


def entries_of(month: Month, zone: str) -> QuerySet[ReadEntry]:
    """What the read log has of staff in a calendar month where the organisation is, by moment."""
    since, until = (datetime.combine(day, time(), ZoneInfo(zone)) for day in (month.since, month.until))
    return ReadEntry.objects.filter(actor_kind="staff", at__gte=since, at__lt=until).order_by("at", "id")


def as_looked(entries: Iterable[ReadEntry]) -> Iterable[Looked]:
    """The entries as `checks` takes them."""
    for row in entries:
        if row.actor_id is not None:
            yield Looked(row.id, row.at, row.actor_id, row.subject, row.outcome == "refused", bool(row.reason))


def family_names() -> dict[UUID, frozenset[str]]:
    """The words of the family name of each member of staff, by her log-in."""
    return {
        user: frozenset(name_tokens(name.split()[-1] if name.split() else ""))
        for user, name in StaffMember.objects.values_list("user_id", "name")
    }


@dataclass(frozen=True)
class Concerned:
    """The cases and people that a subject of the read log is about."""

    cases: frozenset[UUID]
    people: frozenset[UUID]


def concerned(subjects: Iterable[UUID]) -> dict[UUID, Concerned]:
    """For each subject that is a case, a person, a household, an application or a file of one: its cases, and the
    people whom they are or were about. Others (payment runs, questions to others) are left out."""
    wanted = set(subjects)
    of_case: dict[UUID, UUID] = {key: key for key in Case.objects.filter(id__in=wanted).values_list("id", flat=True)}
    of_case |= dict(Application.objects.filter(id__in=wanted).values_list("id", "case_id"))
    files = dict(Document.objects.filter(id__in=wanted).values_list("id", "subject_id"))
    known = set(Case.objects.filter(id__in=files.values()).values_list("id", flat=True))
    of_case |= {file: subject for file, subject in files.items() if subject in known}
    alone = {key: key for key in Person.objects.filter(id__in={*wanted, *files.values()}).values_list("id", flat=True)}
    alone |= {file: subject for file, subject in files.items() if subject in alone}
    homes: dict[UUID, set[UUID]] = defaultdict(set)
    in_homes = Membership.objects.filter(Q(household_id__in=wanted) | Q(person_id__in=alone.values()))
    home_of: dict[UUID, set[UUID]] = defaultdict(set)
    for home, person in in_homes.values_list("household_id", "person_id"):
        home_of[person].add(home)
        homes[home].add(person)
    cases = list(
        Case.objects.filter(Q(id__in=of_case.values()) | Q(household_id__in=homes)).values_list(
            "id", "household_id", "applicant_id", "co_applicant_id"
        )
    )
    lived = Membership.objects.filter(household_id__in={home for _, home, _, _ in cases})
    for home, person in lived.values_list("household_id", "person_id"):
        homes[home].add(person)
    people = {case: frozenset({*homes[home], a, *([b] if b else ())}) for case, home, a, b in cases}
    in_home: dict[UUID, set[UUID]] = defaultdict(set)
    for case, home, _, _ in cases:
        in_home[home].add(case)
    found: dict[UUID, Concerned] = {}
    for subject in wanted:
        if subject in of_case:
            case = of_case[subject]
            found[subject] = Concerned(frozenset({case}), people[case])
        elif subject in alone:
            person = alone[subject]
            where = {case for home in home_of[person] for case in in_home[home]}
            found[subject] = Concerned(frozenset(where), frozenset({person}))
        elif subject in homes:
            found[subject] = Concerned(frozenset(in_home[subject]), frozenset(homes[subject]))
    return found


def watched(subjects: Iterable[UUID]) -> dict[UUID, Watched]:
    """Whom each subject was about, as `checks` takes it."""
    about = concerned(subjects)
    keys = {person for one in about.values() for person in one.people}
    people = {
        key: (frozenset(name_tokens(family)), frozenset(name_tokens(given, family)), level > 0)
        for key, given, family, level in Person.objects.filter(id__in=keys).values_list(
            "id", "given_name", "family_name", "protection_level"
        )
    }
    staff = [frozenset(name_tokens(name)) for name in StaffMember.objects.values_list("name", flat=True)]
    colleagues = {key for key, (_, whole, _) in people.items() if any(name and name <= whole for name in staff)}
    return {
        subject: Watched(
            frozenset().union(*(people[key][0] for key in one.people)),
            any(people[key][2] for key in one.people),
            not colleagues.isdisjoint(one.people),
        )
        for subject, one in about.items()
    }


def case_numbers(subjects: Iterable[UUID]) -> Mapping[UUID, list[str]]:
    """The numbers of the cases that each subject is about: how a look is told to a reviewer, who sees no names."""
    about = concerned(subjects)
    keys = {case for one in about.values() for case in one.cases}
    numbers = dict(Case.objects.filter(id__in=keys).values_list("id", "number"))
    return {subject: sorted(numbers[case] for case in one.cases) for subject, one in about.items()}


@dataclass(frozen=True)
class Standing:
    """A month and its review (none: not begun), how many looks came before the reviewers, and how many wait."""

    month: Month
    review: Review | None
    before: int = 0
    waiting: int = 0

    @property
    def done(self) -> int:
        """How many have their outcome."""
        return self.before - self.waiting


def months(today: Month, zone: str) -> list[Standing]:
    """The months that are over, newest first, from the first that the read log has; at most 24."""
    first = ReadEntry.objects.filter(actor_kind="staff").order_by("at").values_list("at", flat=True).first()
    if first is None:
        return []
    oldest = max(Month.of(first.astimezone(ZoneInfo(zone)).date()), today - 24)
    reviews = {Month.of(row.since): row for row in Review.objects.filter(since__gte=oldest.since)}
    counts = {
        row["review"]: (row["n"], row["waiting"])
        for row in ReviewedLook.objects.filter(review__in=[r.id for r in reviews.values()])
        .values("review")
        .annotate(n=Count("id"), waiting=Count("id", Q(outcome="")))
    }
    found = []
    month = today - 1
    while month >= oldest:
        row = reviews.get(month)
        found.append(Standing(month, row, *(counts.get(row.id, (0, 0, 0)) if row else ())))
        month = month - 1
    return found
