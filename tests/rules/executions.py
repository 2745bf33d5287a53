"""Both executions of every pack, compared household by household; what differs is drawn and cut down by Hypothesis."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, find
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

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
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormError, NormMissing
from handslag.rules.periods import Period
from handslag.rules.se import population as se_population
from handslag.rules.se.facts import Facts as SeFacts
from handslag.rules.se.pack import calculate as se_calculate
from handslag.rules.se.pack import norms_of as se_norms
from handslag.rules.sheet import Sheet
from tests.rules import ch_households, de_households, households

QUIET = how(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck), print_blob=False)
"""Hypothesis without its clock and its files: the same each time."""
TRIES = 3_000
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


def drawn(name: str, draw: Random, many: int) -> list[dict[str, Any]]:
    """Plain facts of so many households of one period and one set of settings."""
    since, until = draw.choice(PERIODS)
    if name == "se":
        chosen = households.settings(draw)
        return [households.household(draw, since, until, chosen) for _ in range(many)]
    if name == "de":
        month = Month.of(since)
        chosen = de_households.settings(draw)
        return [de_households.household(draw, month.since, month.until, chosen) for _ in range(many)]
    canton = draw.choice(CANTONS)
    chosen = ch_households.settings(draw, canton)
    return [ch_households.unit(draw, since, until, canton, chosen) for _ in range(many)]


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


def differs(name: str, data: dict[str, Any]) -> bool:
    """Whether a household comes out otherwise alone than in a population; not, where it is none or is refused."""
    law = LAWS[name]
    try:
        facts = law.kind.from_json(data)
        return alone(law, facts) != together(law, [facts])[0]
    except (FactsError, NormError, NormMissing):
        return False


def smallest(data: dict[str, Any], wrong: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The household of which nothing more can be left out or made smaller while it is `wrong`, as Hypothesis finds it:
    first what can be left out, then how small the amounts can be, again until nothing changes."""
    before = None
    answered: dict[str, bool] = {}

    def asked(one: dict[str, Any]) -> bool:
        key = repr(one)
        if key not in answered:  # Hypothesis comes by the same one again and again
            answered[key] = wrong(one)
        return answered[key]

    while data != before:
        before = data
        for parts in (_fewer, _less):
            with suppress(NoSuchExample):
                data = find(parts(data), asked, settings=how(QUIET, max_examples=TRIES))
    return data


_KEPT: Final = st.integers(0, 19)


@st.composite
def _fewer(draw: st.DrawFn, data: Any) -> Any:
    """The same without a few of its rows and fields. Hypothesis leaves out all it can."""

    def fewer(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: fewer(value) for key, value in one.items() if draw(_KEPT)}
        if isinstance(one, list):
            return [fewer(each) for each in one if draw(_KEPT)]
        return one

    return fewer(data)


@st.composite
def _less(draw: st.DrawFn, data: Any) -> Any:
    """The same with smaller numbers."""

    def less(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: less(value) for key, value in one.items()}
        if isinstance(one, list):
            return [less(each) for each in one]
        return draw(st.integers(0, one)) if type(one) is int else one

    return less(data)
