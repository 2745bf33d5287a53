"""One rule text, two executions: every household alone and among many, to the minor unit the same."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from handslag.kernel.months import Month
from handslag.rules.ch import population as ch_population
from handslag.rules.ch.facts import Facts as ChFacts
from handslag.rules.ch.numbers import CANTONS
from handslag.rules.ch.pack import calculate as ch_calculate
from handslag.rules.ch.pack import norms_of as ch_norms
from handslag.rules.de import population as de_population
from handslag.rules.de.facts import Facts as DeFacts
from handslag.rules.de.pack import calculate as de_calculate
from handslag.rules.de.pack import norms_of as de_norms
from handslag.rules.norms import NormMissing
from handslag.rules.periods import Period
from handslag.rules.se import population as se_population
from handslag.rules.se.facts import Facts as SeFacts
from handslag.rules.se.pack import calculate as se_calculate
from handslag.rules.se.pack import norms_of as se_norms
from handslag.rules.sheet import Sheet
from tests.rules import ch_households, de_households, households

WHAT = (
    "In each round 500 random households of each pack, of one period and one set of settings, are calculated one by "
    "one and as a population: every total of every household is the same. What isn't is cut down to the rows that "
    "make the difference and shown as facts."
)
ROUNDS = 200
HOUSEHOLDS = 500
PERIODS = (
    (date(2025, 2, 1), date(2025, 3, 1)),
    (date(2025, 12, 10), date(2026, 1, 1)),
    (date(2026, 3, 1), date(2026, 4, 1)),
    (date(2026, 4, 1), date(2026, 4, 30)),
    (date(2026, 5, 15), date(2026, 5, 16)),
)


@dataclass(frozen=True)
class Law:
    """A pack as this run needs it: `drawn` makes the plain facts of many households."""

    kind: Any
    norms: Callable[..., Any]
    calculate: Callable[[Any, Any], Sheet]
    population: Any
    tables: Any = ()


LAWS: Mapping[str, Law] = {
    "se": Law(SeFacts, se_norms, se_calculate, se_population),
    "ch": Law(ChFacts, ch_norms, ch_calculate, ch_population, ch_households.RENTS),
    "de": Law(DeFacts, de_norms, de_calculate, de_population, de_households.TABLES),
}


def drawn(name: str, draw: Random) -> list[dict[str, Any]]:
    """Plain facts of many households of one period."""
    since, until = draw.choice(PERIODS)
    if name == "se":
        chosen = households.settings(draw)
        return [households.household(draw, since, until, chosen) for _ in range(HOUSEHOLDS)]
    if name == "de":
        month = Month.of(since)
        chosen = de_households.settings(draw)
        return [de_households.household(draw, month.since, month.until, chosen) for _ in range(HOUSEHOLDS)]
    canton = draw.choice(CANTONS)
    chosen = ch_households.settings(draw, canton)
    return [ch_households.unit(draw, since, until, canton, chosen) for _ in range(HOUSEHOLDS)]


def alone(law: Law, facts: Any) -> dict[str, int]:
    """The totals of one household."""
    sheet = law.calculate(facts, law.norms(facts, tables=law.tables))
    return {**sheet.totals, "granted": sheet.granted, "surplus": sheet.surplus}


def together(law: Law, facts: list[Any]) -> list[dict[str, int]]:
    """The totals of the same households as a population."""
    one = facts[0]
    norms = law.norms(one, tables=law.tables).with_settings(one.settings)
    totals = law.population.calculate(law.population.Population.of(facts), Period.of(one.since, one.until), norms)
    return [{name: int(amounts[n]) for name, amounts in totals.items()} for n in range(len(facts))]


def cut_down(law: Law, facts: Any) -> dict[str, Any]:
    """The fewest rows for which both still differ, one removed at a time."""
    data: dict[str, Any] = facts.to_json()
    for key in [key for key, value in data.items() if isinstance(value, list)]:
        for n in reversed(range(len(data[key]))):
            fewer = data | {key: data[key][:n] + data[key][n + 1 :]}
            try:
                smaller = law.kind.from_json(fewer)
                if alone(law, smaller) != together(law, [smaller])[0]:
                    data = fewer
            except (ValueError, LookupError):
                continue
    return data


@contextmanager
def setting() -> Iterator[None]:
    """Nothing to set up."""
    yield


def round(_: None, number: int, draw: Random, counts: Counter[str]) -> list[str]:
    """Both executions of every pack on the round's households; findings are facts for which they differ."""
    findings = []
    for name, law in LAWS.items():
        facts, expected = [], []
        for data in drawn(name, draw):
            one = law.kind.from_json(data)
            try:
                expected.append(alone(law, one))
            except NormMissing:
                counts[f"{name}: refused alone"] += 1
                continue
            facts.append(one)
        for one, first, second in zip(facts, expected, together(law, facts), strict=True):
            counts[f"{name}: compared"] += 1
            if first != second:
                findings.append(f"{name}: {cut_down(law, one)}")
    return findings
