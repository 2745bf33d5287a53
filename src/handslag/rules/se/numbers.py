"""The Swedish norms by name: what `norms/*.yaml` hold on one day, typed for the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from handslag.rules.norms import Norm, Number, Resolved, Table, load_folder, resolve

FOLDER: Final = Path(__file__).with_name("norms")

FIRST_DAY: Final = 0
YEAR_365, MONTH_30 = 0, 1
HALF_UP: Final = 0
PRESENT_ANY_DAY: Final = 0


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


@dataclass(frozen=True)
class Norms:
    """The norm set of one day: amounts in öre, settings as their number in the list of choices.

    `digest`: sha256 over names, values, units and status of the whole set. `has_example`: it holds an
    example value, so it can't carry a decision.
    """

    on: date
    known_on: date | None
    decided_on: date | None
    resolved: Resolved
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
    section: Sections
    _with: dict[tuple[tuple[str, str], ...], "Norms"] = field(default_factory=dict, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """sha256 (hex) of the norm set."""
        return self.resolved.digest

    @property
    def until(self) -> date:
        """The first day on which the set may be another one."""
        return self.resolved.until

    @property
    def has_example(self) -> bool:
        """Whether a value of the set is an example."""
        return self.resolved.has_example

    def with_settings(self, settings: Mapping[str, str]) -> "Norms":
        """The same day with other settings; NormError for a name or choice that doesn't exist."""
        if not settings:
            return self
        key = tuple(sorted(settings.items()))
        if key not in self._with:
            self._with[key] = _norms(self.on, self.known_on, self.decided_on, key)
        return self._with[key]


@lru_cache(maxsize=1)
def history() -> Mapping[str, Norm]:
    """Every Swedish norm with all its dated values."""
    return load_folder(FOLDER)


@lru_cache(maxsize=512)
def norms_for(on: date, known_on: date | None = None, decided_on: date | None = None) -> Norms:
    """The norm set in force on `on` (the first day of a period), as known on `known_on` (None: now).

    Law sections are those in force on `decided_on` (None: `on`): decisions before 2025-07-01 follow the
    Act of 2001. NormMissing when a norm has no value on that day.
    """
    return _norms(on, known_on, decided_on, ())


def _norms(on: date, known_on: date | None, decided_on: date | None, settings: tuple[tuple[str, str], ...]) -> Norms:
    found = resolve(history(), on, known_on, decided_on, dict(settings))
    number, table, reference = found.numbers, found.tables, found.references
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
        section=Sections(**{n: reference[f"law.{n}"] for n in Sections.__slots__}),
    )
