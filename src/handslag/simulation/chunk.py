"""One piece of a population, all months, before and after: the same function here and on a worker of a cluster."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from handslag import rules
from handslag.kernel.months import Month
from handslag.rules.facts import FactsError
from handslag.rules.norms import Amendment, Norm, NormError, NormMissing
from handslag.rules.packs import Pack, pack, without_effect
from handslag.rules.periods import Period
from handslag.rules.unnamed import RowError, facts_of, in_month
from handslag.simulation.courses import telling

KINDS: Final = (
    *(f"{adults}_{children}" for adults in ("single", "couple") for children in range(4)),
    "children_only",
)
"""Kinds of household, in the order of the tables: adults, and children at home (3: three or more)."""

PARTS: Final = (
    "households", "receive_before", "cost_before", "receive_after", "cost_after", "winners", "gains", "losers",
    "losses",
)  # fmt: skip
"""What is counted of each kind of household, in minor units where it is an amount; over all months together."""
MONTHLY: Final = ("cost_before", "cost_after")
"""What is counted of each month, in minor units."""


class SimulationError(ValueError):
    """It can't be simulated: the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every household. `tables`: norms of another body, in both; `rules`: see `rules_digest`;
    `known_on`: by the rules and norms known on that day."""

    law: str
    months: tuple[Month, ...]
    tables: tuple[Norm, ...]
    before: tuple[Amendment, ...]
    after: tuple[Amendment, ...]
    rules: str
    known_on: date


def calculate(asked: Question, first: int, rows: bytes) -> dict[str, Any]:
    """The sums of some rows (a JSON list; `first` is the number of its first row, from 0), as plain data.

    A household that can't be calculated in one of the months, before or after, is left out of all sums; `refused` has
    its number and why. SimulationError when this machine's rules are others than the asker's, or a norm set isn't
    whole; RowError when a row is none.
    """
    if rules_digest() != asked.rules:
        raise SimulationError(
            "the rules here are others than where the simulation was started: install the same version"
        )
    law = pack(asked.law)
    households, example = _read(law, asked.months[0], first, msgspec.json.decode(rows)), False
    refused = {n: why for n, why in enumerate(households) if isinstance(why, str)}
    there_are = {each.name.split(".")[1] for each in asked.tables if each.name.startswith("norm.")}
    for n, facts in enumerate(households):
        if n not in refused and (own := getattr(facts, "norm", "")) and own not in there_are:
            refused[n] = f"norm: the tables have no norm {own}"
    granted = np.zeros((2, len(asked.months), len(households)), dtype=np.int64)
    for m, month in enumerate(asked.months):
        there = {}
        for n, facts in enumerate(households):
            try:
                if n not in refused:
                    there[n] = in_month(facts, month)
            except FactsError as error:
                refused[n] = f"{month}: {error}"
        for side, amendments in enumerate((asked.before, asked.after)):
            for places in _alike(law, there):
                norms = norms_for(law, there[places[0]], asked, amendments, month)
                example = example or norms.has_example
                granted[side, m, places], why = _granted(law, [there[n] for n in places], norms, month)
                refused |= {places[n]: f"{month}: {reason}" for n, reason in why.items()}
    kept = [n for n in range(len(households)) if n not in refused]
    kinds = np.array([KINDS.index(kind_of(households[n])) for n in kept], dtype=np.int64)
    told = {"example": example, "refused": [[first + n + 1, refused[n]] for n in sorted(refused)]}
    return _sums(granted[:, :, kept], kinds) | told


def _read(law: Pack, month: Month, first: int, rows: Sequence[Any]) -> list[Any]:
    """The facts of each row, or why they can't be calculated."""
    found: list[Any] = []
    for n, row in enumerate(rows):
        try:
            found.append(facts_of(law, row, month))
        except FactsError as error:
            found.append(str(error))
        except RowError as error:
            raise RowError(f"row {first + n + 1}: {error}") from error
    return found


def _alike(law: Pack, there: dict[int, Any]) -> list[list[int]]:
    """Households that one norm set holds for."""
    groups: dict[Any, list[int]] = {}
    for n, facts in there.items():
        own = tuple(sorted(facts.settings.items()))
        groups.setdefault((own, getattr(facts, "canton", ""), getattr(facts, "norm", "")), []).append(n)
    return list(groups.values())


def _granted(law: Pack, facts: list[Any], norms: Any, month: Month) -> tuple[NDArray[np.int64], dict[int, str]]:
    """What each household is granted; and which can't be calculated, and why."""
    try:
        without_effect(law, getattr(facts[0], "canton", ""), facts[0].settings, (), norms.known_on)
        norms = norms.with_settings(facts[0].settings)
    except (FactsError, NormError) as error:
        why = str(error) if isinstance(error, FactsError) else f"settings: {error}"
        return np.zeros(len(facts), dtype=np.int64), dict.fromkeys(range(len(facts)), why)
    many = import_module(f"handslag.rules.{law.PACK}.population")
    if getattr(norms, "own_limits", None):
        with_limits = import_module(f"handslag.rules.{law.PACK}.limits").with_limits
        facts = [with_limits(each, norms) for each in facts]
    found, wrong = np.zeros(len(facts), dtype=np.int64), dict[int, str]()

    def some(since: int, until: int) -> None:
        try:
            population = many.Population.of(facts[since:until])
            found[since:until] = many.calculate(population, Period.of(month.since, month.until), norms)["granted"]
        except NormMissing as error:
            if until - since == 1:
                wrong[since] = str(error)
                return
            middle = (since + until) // 2
            some(since, middle)
            some(middle, until)

    some(0, len(facts))
    return found, wrong


def norms_for(law: Pack, facts: Any, asked: Question, amendments: Sequence[Amendment], month: Month) -> Any:
    """The norm set for such facts in a month, as known on the day asked.

    SimulationError when it isn't whole, changes inside the month, or proposes a setting that nobody knows of yet.
    """
    try:
        proposed = [amendment.name for amendment in amendments]
        without_effect(law, getattr(facts, "canton", ""), proposed, asked.tables, asked.known_on)
        norms = law.norms_of(facts, asked.known_on, tables=asked.tables, amendments=amendments)
    except (FactsError, NormError, NormMissing) as error:
        raise SimulationError(f"{month}: {error}") from error
    if norms.until < month.until:
        raise SimulationError(
            f"{month}: a norm changes on {norms.until}; whole months are simulated: let it hold from 1st"
        )
    return norms


def kind_of(facts: Any) -> str:
    """One of KINDS. A child who only visits isn't counted."""
    roles = [
        getattr(m, "role", "adult" if facts.since.year - m.birth_on.year >= 18 else "child") for m in facts.members
    ]
    adults, children = roles.count("adult"), roles.count("child")
    if not adults:
        return "children_only"
    return f"{'single' if adults == 1 else 'couple'}_{min(children, 3)}"


def _sums(granted: NDArray[np.int64], kinds: NDArray[np.int64]) -> dict[str, Any]:
    """The sums; `courses`: of each kind, the rows that tell what the months can give away (each month before, each
    month after, and by how much more the household gets in all)."""
    before, after = granted.sum(axis=1)
    change = after - before
    each = {
        "households": np.ones(len(kinds), dtype=np.int64),
        "receive_before": (before > 0).astype(np.int64),
        "cost_before": before,
        "receive_after": (after > 0).astype(np.int64),
        "cost_after": after,
        "winners": (change > 0).astype(np.int64),
        "gains": np.maximum(change, 0),
        "losers": (change < 0).astype(np.int64),
        "losses": np.maximum(-change, 0),
    }
    courses = np.column_stack([*granted[0], *granted[1], each["gains"]])
    return {
        "kinds": {
            kind: [int(each[part][kinds == n].sum()) for part in PARTS] for n, kind in enumerate(KINDS) if n in kinds
        },
        "months": [[int(cost) for cost in month] for month in granted.sum(axis=2).T],
        "courses": {kind: telling(courses[kinds == n]).tolist() for n, kind in enumerate(KINDS) if n in kinds},
    }


def added(results: Sequence[dict[str, Any]], months: int) -> dict[str, Any]:
    """The sums of all pieces together, in the same form."""
    kinds: dict[str, list[int]] = {}
    monthly = [[0] * len(MONTHLY) for _ in range(months)]
    courses: dict[str, list[list[int]]] = {}
    for result in results:
        for kind, sums in result["kinds"].items():
            kinds[kind] = [a + b for a, b in zip(kinds.get(kind, [0] * len(PARTS)), sums, strict=True)]
            courses.setdefault(kind, []).extend(result["courses"][kind])
        monthly = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(monthly, result["months"], strict=True)]
    return {
        "kinds": {kind: kinds[kind] for kind in KINDS if kind in kinds},
        "months": monthly,
        "courses": {kind: telling(np.array(courses[kind])).tolist() for kind in KINDS if kind in kinds},
        "example": any(result["example"] for result in results),
        "refused": [row for result in results for row in result["refused"]],
    }


@cache
def rules_digest() -> str:
    """SHA-256 over the rules, their norms and this function: a result belongs to exactly these."""
    seal = hashlib.sha256()
    folder = Path(rules.__file__).parent
    found = {path.relative_to(folder.parent): path for path in folder.rglob("*") if path.suffix in (".py", ".yaml")}
    found[Path(__file__).relative_to(folder.parent)] = Path(__file__)
    for name in sorted(found):
        if "cases" not in name.parts:
            seal.update(name.as_posix().encode() + b"\0" + found[name].read_bytes() + b"\0")
    return seal.hexdigest()
