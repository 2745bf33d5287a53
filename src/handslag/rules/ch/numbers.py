"""The Swiss norms by name: what the SKOS layer and the canton's layer hold on one day, typed for the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final, Self

from handslag.rules import local
from handslag.rules.local import Local, apart, check, chosen
from handslag.rules.norms import Amendment, Norm, NormError, NormSet, Number, Table, amend, load_folder, resolve

HERE: Final = Path(__file__).parent
CANTONS: Final = tuple(sorted(path.parent.name.upper() for path in HERE.glob("*/norms")))
"""A canton is a folder with norms."""
RENT_LIMIT: Final = "rent.limit"
ASYLUM_LEVEL: Final = "asylum.level"
"""The one norm that only a canton has."""
LOCAL: Final[Mapping[str, Local]] = {
    RENT_LIMIT: Local(
        "CHF/month",
        {"de": "Mietlimite", "fr": "Limite de loyer", "sv": "Högsta hyra", "en": "Rent limit"},
        by_persons=True,
        last=20,
    )
}
"""What a municipality sets: rent with ancillary costs, by the people in the household; its last row holds for more."""

# The settings' choices, in the order in which their norms name them.
RAPPEN, FRANC = 0, 1
ACTUAL_DAYS, THIRTY_DAYS = 0, 1
AT_ENTRY, ALWAYS = 0, 1
FIRST_DAY, LAST_DAY = 0, 1
COUNTED, NOT_COUNTED = 0, 1
OF_PERSON, OF_UNIT = 0, 1
FROM_DAY, WHOLE_MONTH = 0, 1
WHOLE_PERIOD, BY_DAYS = 0, 1
SHARED, SEPARATE, UNLIMITED = 0, 1, 2
BY_HEADS, WITH_PERSON = 0, 1


@dataclass(frozen=True, slots=True)
class Sections:
    """Where the rules stand."""

    gbl: str
    shared: str
    young: str
    asylum: str
    rent: str
    medical: str
    sil: str
    job: str
    izu: str
    entry: str
    income: str
    efb: str
    minor: str
    wealth: str
    partner: str
    sanction: str
    restitution: str
    split: str
    refund: str
    relatives: str


@dataclass(frozen=True, kw_only=True)
class Norms(NormSet):
    """The norm set of one canton and day: amounts in Rappen, settings as their number in the list of choices.

    `asylum_level` None: the pack has no asylum regime for this canton. `rent_limit` None: no table given.
    `sanction_begin`, `notice_end`, `restitution_limit`, `asylum_deductions` None: not known yet. `tables`: the norms
    that stand above the canton's layer.
    """

    PACK: ClassVar[str] = "ch"

    canton: str
    tables: tuple[Norm, ...]
    gbl: Table
    gbl_further: Number
    flat_minus: Number
    young_minus: Number
    young_from: Number
    young_below: Number
    asylum_level: Number | None
    rent_limit: Table | None
    deductible: Number
    copay: Number
    copay_child: Number
    meal: Number
    izu_min: Number
    izu_max: Number
    efb_divisor: Number
    efb_max: Number
    efb_age: Number
    entry_person: Number
    entry_unit: Number
    wealth_single: Number
    wealth_couple: Number
    wealth_child: Number
    wealth_max: Number
    refund_single: Number
    refund_couple: Number
    refund_child: Number
    relatives_single: Number
    relatives_couple: Number
    relatives_child: Number
    housekeeping_max: Number
    stable_years: Number
    sanction_max: Number
    sanction_months: Number
    derived_rounding: Number
    part_month: Number
    age_day: Number
    efb_rounding: Number
    test_when: Number
    premium: Number
    wealth_excess: Number
    asylum_efb: Number
    asylum_deductions: Number | None
    housekeeping_children: Number
    sanction_base: Number
    sanction_begin: Number | None
    notice_end: Number | None
    restitution_limit: Number | None
    split_income: Number
    section: Sections

    def again(self, settings: tuple[tuple[str, str], ...]) -> Self:
        """The same set with other settings."""
        return _norms(self.on, self.canton, self.known_on, self.decided_on, self.tables, settings)  # type: ignore[return-value]


@lru_cache(maxsize=8)
def history(canton: str) -> Mapping[str, Norm]:
    """Every norm that holds in `canton` with all its dated values: its own layer above the one of SKOS.

    NormError for one of the canton's that no rule reads, or of another shape than the one below.
    """
    if canton not in CANTONS:
        raise NormError(f"there is no layer for the canton {canton}; there are {', '.join(CANTONS)}")
    skos, own = HERE / "norms", HERE / canton.lower() / "norms"
    below = load_folder(skos)
    every = load_folder(skos, own)
    for norm in every.values():
        replaced = below.get(norm.name)
        if replaced is None and norm.name != ASYLUM_LEVEL:
            raise NormError(f"{norm.place} takes the place of no norm of SKOS")
        if replaced is not None and (norm.unit, norm.by) != (replaced.unit, replaced.by):
            shape = f"in {replaced.unit}" + (f" by {replaced.by}" if replaced.by else "")
            raise NormError(f"{norm.place} is {shape}")
    return every


@lru_cache(maxsize=512)
def norms_for(on: date, canton: str, known_on: date | None = None, decided_on: date | None = None) -> Norms:
    """The norm set of `canton` in force on `on` (the first day of a period), as known on `known_on` (None: now).

    Law sections are those in force on `decided_on` (None: `on`). NormMissing when a norm has no value on that day.
    """
    return _norms(on, canton, known_on, decided_on, (), ())


def with_tables(norms: Norms, tables: Sequence[Norm], amendments: Sequence[Amendment] = ()) -> Norms:
    """The same set with a municipality's own tables and what a proposal changes; NormError for what no rule reads."""
    changed, every = amend(history(norms.canton), tables, amendments)
    own, tables = apart(every)
    check(tables, LOCAL)
    for norm in tables:
        if not norm.owner:
            raise NormError(f"{norm.place}: owner: whose decision the table is")
    choices = chosen(history(norms.canton), own, norms.on, norms.known_on)
    return _norms(norms.on, norms.canton, norms.known_on, norms.decided_on, (*tables, *changed, *choices), ())


def open_choices(region: str = "") -> Mapping[str, Norm]:
    """By name the settings that no source settles, in a canton; without one, those of SKOS."""
    return local.open_choices(history(region) if region in CANTONS else load_folder(HERE / "norms"))


def accept(norm: Norm, on: date) -> None:
    """NormError, NormMissing where no calculation could use what a municipality sets from that day on."""
    with_tables(norms_for(on, CANTONS[0]), (norm,))


def _norms(
    on: date,
    canton: str,
    known_on: date | None,
    decided_on: date | None,
    tables: tuple[Norm, ...],
    settings: tuple[tuple[str, str], ...],
) -> Norms:
    every = {**history(canton), **{norm.name: norm for norm in tables}}
    found = resolve(every, on, known_on, decided_on, dict(settings), "Einstellung im Fall")
    number, table, reference = found.numbers, found.tables, found.references
    return Norms(
        on=on,
        canton=canton,
        known_on=known_on,
        decided_on=decided_on,
        tables=tables,
        resolved=found,
        gbl=table["gbl"],
        gbl_further=number["gbl.further"],
        flat_minus=number["purpose_flat.minus"],
        young_minus=number["young.minus"],
        young_from=number["young.from"],
        young_below=number["young.below"],
        asylum_level=number.get(ASYLUM_LEVEL),
        rent_limit=table.get(RENT_LIMIT),
        deductible=number["kvg.deductible"],
        copay=number["kvg.copay"],
        copay_child=number["kvg.copay_child"],
        meal=number["sil.meal"],
        izu_min=number["izu.min"],
        izu_max=number["izu.max"],
        efb_divisor=number["efb.divisor"],
        efb_max=number["efb.max"],
        efb_age=number["efb.age"],
        entry_person=number["entry.person"],
        entry_unit=number["entry.unit"],
        wealth_single=number["wealth.single"],
        wealth_couple=number["wealth.couple"],
        wealth_child=number["wealth.child"],
        wealth_max=number["wealth.max"],
        refund_single=number["refund.single"],
        refund_couple=number["refund.couple"],
        refund_child=number["refund.child"],
        relatives_single=number["relatives.single"],
        relatives_couple=number["relatives.couple"],
        relatives_child=number["relatives.child"],
        housekeeping_max=number["housekeeping.max"],
        stable_years=number["partner.stable_years"],
        sanction_max=number["sanction.max"],
        sanction_months=number["sanction.months"],
        derived_rounding=number["setting.derived_rounding"],
        part_month=number["setting.part_month"],
        age_day=number["setting.age_day"],
        efb_rounding=number["setting.efb_rounding"],
        test_when=number["setting.test_when"],
        premium=number["setting.kvg_premium"],
        wealth_excess=number["setting.wealth_excess"],
        asylum_efb=number["setting.asylum_efb"],
        asylum_deductions=number.get("setting.asylum_deductions"),
        housekeeping_children=number["setting.housekeeping_children"],
        sanction_base=number["setting.sanction_base"],
        sanction_begin=number.get("setting.sanction_begin"),
        notice_end=number.get("setting.notice_end"),
        restitution_limit=number.get("setting.restitution_limit"),
        split_income=number["setting.split_income"],
        section=Sections(**{n: reference[f"law.{n}"] for n in Sections.__slots__}),
    )
