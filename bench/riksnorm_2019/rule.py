"""The benchmark rule in the form of every rule here: functions over words, one text for one household and for many."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from handslag.rules import sheet
from handslag.rules.facts import Source, StoredFacts
from handslag.rules.norms import load_folder, resolve
from handslag.rules.population import CHUNK, Households, in_chunks
from handslag.rules.sheet import Sheet, Worksheet
from handslag.rules.words import Whole, each, lookup, maximum, minimum, sum_members, total, used, where

MARCH: Final = (date(2019, 3, 1), date(2019, 4, 1))
PERCENT: Final = 100
SECTION: Final = "4 kap. 3 § socialtjänstlagen (2001:453)"


# The law


def personal_cost(person: Any, norm: Any, written: Any) -> Whole:
    """A child by age, up to six without lunch where it has lunch away; a single adult; half of a couple's amount."""
    child = where(person.adult, False, True)
    lunch_away = child & (person.age <= 6) & person.lunch
    of_child = where(
        lunch_away,
        lookup(norm.child_without_lunch, person.age, only=lunch_away),
        lookup(norm.child, person.age, only=child),
    )
    own, alone = where(person.adult, norm.single, of_child), where(person.cohabiting, False, True)
    return written.line(
        "PERSON", where(person.cohabiting, norm.couple // 2, own), of=person, section=SECTION, text="person",
        numbers=(used(norm.couple, person.cohabiting), used(own, alone)), age=person.age,
    )  # fmt: skip


def common_cost(household: Any, members: Whole, norm: Any, written: Any) -> Whole:
    """By the size of the household; above seven persons an amount for each further one."""
    further = maximum(members - 7, 0)
    row = lookup(norm.common, minimum(members, 7))
    return written.line(
        "COMMON", row + further * norm.common_further, of=household, section=SECTION, text="common",
        numbers=(row, used(norm.common_further, further > 0)), members=members,
    )  # fmt: skip


def accepted_rent(household: Any, children: Whole, norm: Any, written: Any) -> Whole:
    """The rent, up to the ceiling for so many children."""
    row = lookup(norm.rent, minimum(children, 2))
    ceiling = row + maximum(children - 2, 0) * norm.rent_further
    return written.line(
        "RENT", minimum(household.rent, ceiling), of=household, section=SECTION,
        text=where(ceiling < household.rent, "rent_ceiling", "rent"), numbers=(row,), rent=household.rent,
    )  # fmt: skip


def counted_wage(person: Any, norm: Any, written: Any) -> Whole:
    """Of some wages 25 % doesn't count, rounded down to whole öre."""
    free = where(person.stimulated, person.wage * norm.disregard // PERCENT, 0)
    return written.line(
        "WAGE", person.wage - free, of=person, section="4 kap. 1 b § socialtjänstlagen (2001:453)", text="wage",
        numbers=(used(norm.disregard, person.stimulated),), rounding="ore_down", when=person.wage > 0, wage=person.wage,
    )  # fmt: skip


def write(household: Any, norm: Any, written: Any) -> None:
    """The sheet, from top to bottom."""
    people = household.members
    members = heads(people)
    children = sum_members(people, lambda person: where(person.adult, 0, 1))
    personal = total(people, each(people, personal_cost, norm, written))
    norm_sum = personal + common_cost(household, members, norm, written)
    rent = accepted_rent(household, children, norm, written)
    wages = total(people, each(people, counted_wage, norm, written))
    benefit = written.line(
        "CHILD_BENEFIT", household.child_benefit, of=household, section=SECTION, text="income",
        when=household.child_benefit > 0,
    )  # fmt: skip
    allowance = written.line(
        "HOUSING_ALLOWANCE", household.housing_allowance, of=household, section=SECTION, text="income",
        when=household.housing_allowance > 0,
    )  # fmt: skip
    income = wages + benefit + allowance
    written.total(norm=norm_sum, income=income, granted=maximum(norm_sum + rent - income, 0))


# Norms, facts, rows


@cache
def norms() -> Any:
    """The amounts of 2019."""
    found = resolve(load_folder(Path(__file__).parent), MARCH[0])
    names = {**found.numbers, **found.tables}
    return SimpleNamespace(**{name.replace(".", "_"): value for name, value in names.items()}, resolved=found)


def heads(people: Any) -> Whole:
    """How many people a household has."""
    return len(people) if isinstance(people, tuple) else np.diff(people.offsets)


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person; wages in öre."""

    key: str
    role: str
    birth_on: date
    lunch: bool = False
    wage: int = 0
    stimulated: bool = False


class Facts(StoredFacts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One household, öre."""

    since: date
    until: date
    members: list[Member]
    rent: int
    source: Source = "evidence"
    child_benefit: int = 0
    housing_allowance: int = 0


class Person:
    """A member as the rules read it."""

    __slots__ = (
        "about", "adult", "age", "code", "cohabiting", "key", "lunch", "statistics_code", "stimulated", "wage",
    )  # fmt: skip

    def __init__(self, member: Member, facts: Facts, couple: bool) -> None:
        self.key, self.code, self.statistics_code, self.about = member.key, None, None, _NOTHING
        self.adult = member.role == "adult"
        self.cohabiting = couple and self.adult
        born, on = member.birth_on, facts.since
        self.age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        self.lunch, self.wage, self.stimulated = member.lunch, member.wage, member.stimulated


_NOTHING: Final[dict[str, int | str]] = {}


class Household:
    """A household as the rules read it."""

    __slots__ = (
        "about", "child_benefit", "code", "housing_allowance", "key", "members", "rent", "statistics_code",
    )  # fmt: skip

    def __init__(self, facts: Facts) -> None:
        self.key = self.code = self.statistics_code = None
        self.about: dict[str, int | str] = {"source": facts.source}
        couple = sum(m.role == "adult" for m in facts.members) == 2
        self.members = tuple(Person(m, facts, couple) for m in facts.members)
        self.rent, self.child_benefit, self.housing_allowance = (
            facts.rent, facts.child_benefit, facts.housing_allowance,
        )  # fmt: skip


def calculate(facts: Facts) -> Sheet:
    """The sheet of one household."""
    norm, written = norms(), Worksheet()
    write(Household(facts), norm, written)
    totals = written.totals
    granted = totals.pop("granted")
    return Sheet(
        pack="se", rule_version="riksnorm-2019", norm_digest=norm.resolved.digest, since=facts.since,
        until=facts.until, lines=written.lines, totals=totals, granted=granted, surplus=0, uncertain={},
        has_example=True,
    )  # fmt: skip


# Many households

HOUSEHOLD: Final = {"rent": np.int64, "child_benefit": np.int64, "housing_allowance": np.int64}
PERSON: Final = {
    "age": np.int64, "adult": np.bool_, "cohabiting": np.bool_, "lunch": np.bool_, "wage": np.int64,
    "stimulated": np.bool_,
}  # fmt: skip


def calculate_lines(population: Households) -> sheet.Columns:
    """All lines and totals, in one piece."""
    written = sheet.Columns()
    write(population, norms(), written)
    return written


def calculate_many(population: Households, chunk: int = 4 * CHUNK) -> Mapping[str, NDArray[np.int64]]:
    """Totals by name, one element for each household; its few columns fit a cache at four times as many."""
    return in_chunks(len(population), lambda since, until: calculate_lines(population.part(since, until)).totals, chunk)
