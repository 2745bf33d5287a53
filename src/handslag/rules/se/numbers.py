"""The Swedish norms by name: what `norms/*.yaml` hold on one day, typed for the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import ClassVar, Final, Self

from handslag.rules import local
from handslag.rules.local import Local
from handslag.rules.norms import (
    Amendment,
    Norm,
    NormError,
    NormMissing,
    NormSet,
    Number,
    Table,
    amend,
    load_folder,
    resolve,
)
from handslag.rules.se.codes import COSTS

FOLDER: Final = Path(__file__).with_name("norms")
EXAMPLE_2027: Final = Path(__file__).parent / "example_2027" / "norms"

HOUSEHOLDS: Final = (20, 59)
"""The keys of a table by household, from one adult alone to two with nineteen children (see `limits.py`)."""

LOCAL: Final[Mapping[str, Local]] = {}
"""What a municipality sets here takes a place that the law has (see `_place`); nothing of it stands by itself."""

#: What a norm of the municipality may set in place of the riksnorm: `norm.<code>.<part>`.
PARTS: Final = {
    "single": "riksnorm.single",
    "couple": "riksnorm.couple",
    "child": "riksnorm.child",
    "child_without_lunch": "riksnorm.child_without_lunch",
    "common": "riksnorm.common",
    "day_method": "setting.day_method",
}

FIRST_DAY: Final = 0
YEAR_365, MONTH_30 = 0, 1
HALF_UP: Final = 0
PRESENT_ANY_DAY: Final = 0
OWN_NEED: Final = 1
MONTH_AFTER: Final = 1
CEILING_2027: Final = 1
LIMIT: Final = "limit."
LIMIT_CHANGE: Final = "setting.limit_change"
CHILD_WORK: Final = "setting.child_work"


@dataclass(frozen=True, slots=True)
class Sections:
    """Where the rules stand, in the Acts that govern on the day of the decision."""

    riksnorm: str
    common: str
    expenses: str
    special: str
    income: str
    job_stimulus: str
    child_work: str


@dataclass(frozen=True, kw_only=True)
class Norms(NormSet):
    """The norm set of one day: amounts in öre, settings as their number in the list of choices.

    `digest`: sha256 over names, values, units and status of the whole set. `has_example`: it holds an
    example value, so it can't carry a decision. `limits`: the municipality's limits by code of cost, `own_limits` the
    same with their other days; `limit_change`: which of them counts where one changes inside the period;
    `child_work`: in which month a child's work income counts that passes the year's limit (both None before that was
    asked). `named`: how the norm calls itself that holds in place of the riksnorm.
    """

    PACK: ClassVar[str] = "se"

    child: Table
    child_without_lunch: Table
    single: Number
    couple: Number
    common: Table
    job_stimulus: Number
    prisbasbelopp: Number
    lunch_days: Number
    age_reference: Number
    day_method: Number
    share_rounding: Number
    household_size: Number
    visitation_child_counts: Number
    child_means: Number
    income_change: Number
    formula: Number
    section: Sections
    limits: Mapping[str, Table | Number]
    limit_change: Number | None
    child_work: Number | None
    named: str
    tables: Mapping[str, Table] = field(compare=False, repr=False)
    history: Mapping[str, Norm] = field(compare=False, repr=False)
    own_limits: Mapping[str, Norm] = field(compare=False, repr=False)

    @property
    def ceiling(self) -> Table:
        """The table of the formula of 2027; KeyError under another formula."""
        return self.tables["bidragstak.ceiling"]

    @property
    def section_of_ceiling(self) -> str:
        """Where the ceiling of 2027 stands."""
        return self.resolved.references["law.ceiling"]

    def again(self, settings: tuple[tuple[str, str], ...]) -> Self:
        """The same set with other settings."""
        days = self.on, self.known_on, self.decided_on
        return _norms(self.history, self.own_limits, self.named, *days, settings)  # type: ignore[return-value]


@cache
def history(example: bool = False) -> Mapping[str, Norm]:
    """Every Swedish norm with all its dated values; `example`: with those of the formula of 2027 above them."""
    return load_folder(FOLDER, EXAMPLE_2027) if example else load_folder(FOLDER)


@lru_cache(maxsize=512)
def norms_for(on: date, known_on: date | None = None, decided_on: date | None = None) -> Norms:
    """The norm set in force on `on` (the first day of a period), as known on `known_on` (None: now).

    Law sections are those in force on `decided_on` (None: `on`): decisions before 2025-07-01 follow the
    Act of 2001. NormMissing when a norm has no value on that day.
    """
    return _norms(history(), {}, "", on, known_on, decided_on, ())


def norms_with(
    tables: Sequence[Norm],
    named: str,
    on: date,
    known_on: date | None = None,
    decided_on: date | None = None,
    amendments: Sequence[Amendment] = (),
    *,
    example: bool = False,
) -> Norms:
    """As `norms_for`, with what the municipality has set: the values of `tables` in force on `on`.

    `limit.<cost>` (one amount, or a table by household), `setting.<name>`, and `norm.<code>.<part>` where `named`
    is that code. `amendments`: what a proposal changes. `example`: the norms of the formula of 2027. NormError for
    another name; NormMissing where `named` has no value in force.
    """
    found = dict(history(example))
    if amendments:
        own = [a for a in amendments if example or a.name in found or a.name not in history(True)]
        changed, amended = amend(found, tables, own)
        found |= {norm.name: norm for norm in changed}
        formula = found["setting.formula"]
        if not example and list(formula.choices).index(str(formula.on(on, known_on).value)) == CEILING_2027:
            return norms_with(tables, named, on, known_on, decided_on, amendments, example=True)
        tables = amended
    label = ""
    limits = {}
    for norm in tables:
        place, part = _place(norm, found)
        if place.startswith(LIMIT):
            limits[place.removeprefix(LIMIT)] = norm
        if part is not None and part != named:
            continue
        try:
            value = norm.on(on, known_on)
        except NormMissing:
            if part is None:
                continue
            raise
        below = found.get(place, norm)
        if part is not None and norm.unit != "choice":
            label = norm.label["sv"]
        found[place] = replace(
            norm,
            by=below.by,
            law=below.law,
            choices=below.choices,
            uncertain=below.uncertain if part is None else {},
            values=(replace(value, until=None),),
        )
    if named and not label:
        raise NormMissing(f"norm.{named}: no value in force on {on}")
    return _norms(found, limits, label, on, known_on, decided_on, ())


def open_choices(region: str = "") -> Mapping[str, Norm]:
    """By name the settings that no source settles; which formula holds isn't a municipality's to choose."""
    return {name: norm for name, norm in local.open_choices(history()).items() if name != "setting.formula"}


def accept(norm: Norm, on: date) -> None:
    """NormError, NormMissing where no calculation could use what a municipality sets from that day on."""
    kind, _, rest = norm.name.partition(".")
    if kind == "norm" and rest.endswith(".day_method"):  # holds only beside amounts of its norm: checked as a setting
        norm = replace(norm, name="setting.day_method")
    norms_with([norm], rest.partition(".")[0] if norm.name.startswith("norm.") else "", on)


def _place(norm: Norm, norms: Mapping[str, Norm]) -> tuple[str, str | None]:
    """The name that a municipality's norm takes, and the code of the named norm that it is a part of."""
    kind, _, rest = norm.name.partition(".")
    code, _, part = rest.partition(".")
    first, last = HOUSEHOLDS
    for_all = all(
        not value.bands or (norm.by == "household" and value.bands[0] <= first and value.last >= last)
        for value in norm.values
    )
    if f"{kind}." == LIMIT and rest in COSTS and norm.unit == "SEK/month" and for_all:
        return norm.name, None
    if kind == "setting" and norm.name in norms and norm.unit == norms[norm.name].unit:
        return norm.name, None
    if kind == "norm" and part in PARTS and norm.unit == norms[PARTS[part]].unit:
        return PARTS[part], code
    first, last = HOUSEHOLDS
    codes, parts = ", ".join(COSTS), ", ".join(PARTS)
    settings = ", ".join(name for name in norms if name.startswith("setting."))
    raise NormError(
        f"{norm.place} is read by no rule; there are limit.CODE in SEK/month, for all or by household of {first} to "
        f"{last} (CODE: {codes}), {settings}, and norm.NAME.PART in the unit of the riksnorm (PART: {parts})"
    )


def _norms(
    known: Mapping[str, Norm],
    own_limits: Mapping[str, Norm],
    named: str,
    on: date,
    known_on: date | None,
    decided_on: date | None,
    settings: tuple[tuple[str, str], ...],
) -> Norms:
    found = resolve(known, on, known_on, decided_on, dict(settings))
    number, table, reference = found.numbers, found.tables, found.references
    if number["setting.formula"] == CEILING_2027 and "bidragstak.ceiling" not in table:
        raise NormError("setting.formula: the formula of 2027 has its own norms")
    set_by_municipality: dict[str, Table | Number] = {**number, **table}
    limits = {n.removeprefix(LIMIT): v for n, v in set_by_municipality.items() if n.startswith(LIMIT)}
    return Norms(
        on=on,
        known_on=known_on,
        decided_on=decided_on,
        resolved=found,
        child=table["riksnorm.child"],
        child_without_lunch=table["riksnorm.child_without_lunch"],
        single=number["riksnorm.single"],
        couple=number["riksnorm.couple"],
        common=table["riksnorm.common"],
        job_stimulus=number["job_stimulus.percent"],
        prisbasbelopp=number["prisbasbelopp"],
        lunch_days=number["setting.lunch_days"],
        age_reference=number["setting.age_reference"],
        day_method=number["setting.day_method"],
        share_rounding=number["setting.share_rounding"],
        household_size=number["setting.household_size"],
        visitation_child_counts=number["setting.visitation_child_counts"],
        child_means=number["setting.child_means"],
        income_change=number["setting.income_change"],
        formula=number["setting.formula"],
        section=Sections(**{n: reference[f"law.{n}"] for n in Sections.__slots__}),
        limits=limits,
        limit_change=number.get(LIMIT_CHANGE),
        child_work=number.get(CHILD_WORK),
        named=named,
        tables=table,
        history=known,
        own_limits=own_limits,
    )
