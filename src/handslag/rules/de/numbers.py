"""The German norms by name: what `norms/*.yaml` and the district's own tables hold on one day, typed for the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from handslag.rules import local
from handslag.rules.local import Local, apart, check, chosen
from handslag.rules.norms import Amendment, Norm, NormSet, Number, Table, amend, load_folder, resolve

FOLDER: Final = Path(__file__).with_name("norms")

LOCAL: Final[Mapping[str, Local]] = {
    "rent.limit": Local(
        "EUR/month",
        {
            "de": "Angemessene Bruttokaltmiete",
            "fr": "Loyer brut sans chauffage considéré comme raisonnable",
            "sv": "Skälig kallhyra",
            "en": "Appropriate rent without heating",
        },
        by_persons=True,
    ),
    "rent.further": Local(
        "EUR/month",
        {
            "de": "Bruttokaltmiete für jede weitere Person",
            "fr": "Loyer brut sans chauffage pour chaque personne de plus",
            "sv": "Kallhyra för varje ytterligare person",
            "en": "Rent without heating for each further person",
        },
    ),
    "heating.limit": Local(
        "EUR/month",
        {
            "de": "Angemessene Heizkosten",
            "fr": "Chauffage considéré comme raisonnable",
            "sv": "Skälig uppvärmning",
            "en": "Appropriate heating",
        },
        by_persons=True,
    ),
    "heating.further": Local(
        "EUR/month",
        {
            "de": "Heizkosten für jede weitere Person",
            "fr": "Chauffage pour chaque personne de plus",
            "sv": "Uppvärmning för varje ytterligare person",
            "en": "Heating for each further person",
        },
    ),
    "warm_rent": Local(
        "EUR/month",
        {
            "de": "Durchschnittliche Warmmiete",
            "fr": "Loyer moyen avec chauffage",
            "sv": "Genomsnittlig varmhyra",
            "en": "Average warm rent",
        },
    ),
    "clothing": Local(
        "EUR/month",
        {
            "de": "Bekleidungspauschale in Einrichtungen",
            "fr": "Forfait vêtements en institution",
            "sv": "Klädpeng på institution",
            "en": "Clothing lump sum in institutions",
        },
    ),
}
"""Norms of a district (Kreis, kreisfreie Stadt) or a Land: gross cold rent and heating by number of people and for
each further one, the average warm rent of § 45a, the lump sum for clothing in institutions."""

HALF_UP: Final = 0
RATE_ONLY: Final = 0
ACTUAL_DAYS: Final = 0
BY_DAYS: Final = 0
PAIR_BY_DAYS: Final = 0
LAST_DAY: Final = 1
OF_THE_UNIT: Final = 1
HIGHER: Final = 0
RESIDENTS: Final = 0
NO_LIMIT: Final = 0
TOGETHER: Final = 1
COUNTS, COUNTS_NOT, COUNTS_BY_DAYS = 0, 1, 2
WAITING_ONLY: Final = 0
DEADLINE_BY_DAYS: Final = 1
OTHERS_BEAR: Final = 1
CHILD_HAS_NOTHING: Final = 1
SEPARATE: Final = 0
EACH_DAY: Final = 0
GROSS: Final = 0
PROPORTIONAL: Final = 0
FURTHER_NEED: Final = 0
WHOLE: Final = 0


@dataclass(frozen=True, slots=True)
class Sections:
    """Where the rules stand."""

    rate: str
    rate4: str
    rate_institution: str
    deviation: str
    mark_g: str
    pregnant: str
    lone: str
    school_help: str
    nutrition: str
    cap: str
    hot_water: str
    lunch: str
    school_books: str
    special_need: str
    one_off: str
    insurance: str
    provision: str
    trips: str
    supplies: str
    transport: str
    tutoring: str
    school_lunch: str
    participation: str
    rent: str
    rent4: str
    heating: str
    difference: str
    special: str
    other_housing: str
    institution_rent: str
    repair: str
    debts: str
    cash: str
    age: str
    income: str
    not_income: str
    student: str
    honorary: str
    purpose: str
    child_benefit: str
    presumed: str
    not_presumed: str
    capital: str
    tax: str
    social: str
    insurances: str
    costs: str
    volunteer: str
    earnings: str
    workshop: str
    pension: str
    combined_pension: str
    care: str
    spread: str
    grundrente: str
    community3: str
    community4: str
    assets: str
    assets_loan: str
    claim3: str
    claim4: str
    supplement: str
    arrears: str
    provisional: str
    undue: str
    reduction: str
    loan: str
    month_end: str
    deposit: str
    direct_landlord: str
    direct_fund: str
    direct_power: str
    direct_education: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class Norms(NormSet):
    """The norm set of one day: amounts in cents, settings as their number in the list of choices.

    The district's norms are None where the case brought none. `digest`: sha256 over the whole set.
    """

    PACK: ClassVar[str] = "de"
    WHOLE_MONTHS: ClassVar[bool] = True

    tables: tuple[Norm, ...]
    section: Sections
    extra_hot_water_child: Table
    age_limit: Table
    regelbedarf_child: Table
    extra_mark_g: Number
    extra_pregnant: Number
    extra_lone_young: Number
    extra_lone_child: Number
    extra_lone_most: Number
    extra_school_help: Number
    extra_school_help_age: Number
    extra_hot_water_adult: Number
    extra_lunch: Number
    extra_lunch_days: Number
    institution_cash: Number
    education_first_half: Number
    education_second_half: Number
    education_participation: Number
    supplement_amount: Number
    housing_karenz_months: Number
    housing_death_months: Number
    housing_most_percent: Number
    housing_special_percent: Number
    housing_waiting_limit: Number
    income_minijob: Number
    income_honorary: Number
    income_capital: Number
    income_equipment: Number
    income_car_km: Number
    income_car_most: Number
    income_second_household: Number
    income_volunteer: Number
    income_volunteer_age: Number
    income_student_age: Number
    income_earnings_percent: Number
    income_earnings_most: Number
    income_care_percent: Number
    income_care_most: Number
    income_workshop_part: Number
    income_workshop_percent: Number
    income_pension_free: Number
    income_pension_percent: Number
    income_pension_most: Number
    income_grundrente_free: Number
    income_grundrente_percent: Number
    income_grundrente_most: Number
    income_spread_months: Number
    assets_adult: Number
    assets_child: Number
    setoff_provisional: Number
    setoff_provisional_months: Number
    setoff_undue: Number
    setoff_undue_months: Number
    setoff_reduction: Number
    setoff_loan: Number
    setoff_month_end: Number
    setoff_month_end_most: Number
    setoff_deposit: Number
    regelbedarf_1: Number
    regelbedarf_2: Number
    regelbedarf_3: Number
    setting_rounding: Number
    setting_start: Number
    setting_month_divisor: Number
    setting_birthday: Number
    setting_lone_parent: Number
    setting_head_split: Number
    setting_combined_limit: Number
    setting_waiting_scope: Number
    setting_lunch_rounding: Number
    setting_grundrente_base: Number
    setting_distribution: Number
    setting_institution_surplus: Number
    setting_supplement_part: Number
    setting_pair_part: Number | None = None
    setting_income_age: Number | None = None
    setting_school_help_start: Number | None = None
    setting_lone_parent_age: Number | None = None
    setting_lone_parent_part: Number | None = None
    setting_provisional_together: Number | None = None
    setting_spread_claim: Number | None = None
    setting_deadline_part: Number | None = None
    setting_part_share: Number | None = None
    setting_rent_free_child: Number | None = None
    rent_limit: Table | None = None
    rent_further: Number | None = None
    heating_limit: Table | None = None
    heating_further: Number | None = None
    warm_rent: Number | None = None
    clothing: Number | None = None

    def again(self, settings: tuple[tuple[str, str], ...]) -> Self:
        """The same set with other settings."""
        return _norms(self.on, self.known_on, self.decided_on, self.tables, settings)  # type: ignore[return-value]


@lru_cache(maxsize=1)
def history() -> Mapping[str, Norm]:
    """Every German norm with all its dated values."""
    return load_folder(FOLDER)


@lru_cache(maxsize=512)
def _national(on: date, known_on: date | None, decided_on: date | None) -> Norms:
    return _norms(on, known_on, decided_on, (), ())


def norms_for(
    on: date,
    known_on: date | None = None,
    decided_on: date | None = None,
    tables: Sequence[Norm] = (),
    amendments: Sequence[Amendment] = (),
) -> Norms:
    """The norm set in force on `on` (the first day of a period), as known on `known_on` (None: now).

    Law sections are those of `decided_on` (None: `on`); `amendments`: what a proposal changes. NormMissing when a norm
    has no value on that day, NormError when `tables` hold a norm that is neither one of LOCAL nor a setting, or one
    in another shape.
    """
    if not tables and not amendments:
        return _national(on, known_on, decided_on)
    changed, every = amend(history(), tables, amendments)
    own, tables = apart(every)
    check(tables, LOCAL)
    choices = chosen(history(), own, on, known_on)
    return _norms(on, known_on, decided_on, (*tables, *changed, *choices), ())


def open_choices(region: str = "") -> Mapping[str, Norm]:
    """By name the settings that no source settles."""
    return local.open_choices(history())


def accept(norm: Norm, on: date) -> None:
    """NormError, NormMissing where no calculation could use what a district sets from that day on."""
    norms_for(on, tables=(norm,))


def _norms(
    on: date,
    known_on: date | None,
    decided_on: date | None,
    tables: tuple[Norm, ...],
    settings: tuple[tuple[str, str], ...],
) -> Norms:
    found = resolve(
        {**history(), **{norm.name: norm for norm in tables}},
        on,
        known_on,
        decided_on,
        dict(settings),
        choice_source="Einstellung im Fall",
    )
    every: dict[str, Any] = {name.replace(".", "_"): n for name, n in (*found.numbers.items(), *found.tables.items())}
    return Norms(
        on=on,
        known_on=known_on,
        decided_on=decided_on,
        tables=tables,
        resolved=found,
        section=Sections(**{n: found.references[f"law.{n}"] for n in Sections.__slots__}),
        **every,
    )
