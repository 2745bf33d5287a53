"""Sozialhilfe for one unit and one period. Read from top to bottom, this is the budget sheet."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from handslag.rules.calculation import closed, holding
from handslag.rules.ch.facts import AMOUNTS, Facts
from handslag.rules.ch.means import (
    above_own_share,
    bearing,
    counted_income,
    entry_above_own_share,
    entry_disregard,
    lawful_refund,
    partner,
    relative_above,
    wealth,
    work_allowance,
)
from handslag.rules.ch.need import (
    CENTIME,
    Basis,
    basic_cost,
    basic_need,
    basis,
    by_days,
    contradictions,
    deducts_too,
    divides_levels,
    head_parts,
    integration,
    is_minor,
    of_level,
    own_need,
    promoting_cost,
    rent,
)
from handslag.rules.ch.numbers import LOCAL, Norms, accept, norms_for, open_choices, with_tables
from handslag.rules.ch.result import (
    charged_share,
    divided_levels,
    divided_need,
    entry_test,
    family_income,
    instalment,
    net_cost,
    ordered,
    sanction,
    tested,
)
from handslag.rules.ch.rows import Household
from handslag.rules.facts import FactsError
from handslag.rules.norms import Amendment, Norm
from handslag.rules.periods import Period
from handslag.rules.sheet import Sheet, Worksheet
from handslag.rules.words import (
    Truth,
    Whole,
    before,
    by_member,
    each,
    maximum,
    minimum,
    round_to,
    spread,
    told,
    total,
    where,
)

__all__ = [
    "AMOUNTS", "COUNTRY", "CURRENCY", "LANGUAGE", "LOCAL", "LOCALE", "PACK", "RULE_VERSION", "TOTALS", "WHOLE_UNITS",
    "Facts", "accept", "calculate", "norms_for", "norms_of", "open_choices", "write",
]  # fmt: skip

PACK: Final = "ch"
COUNTRY: Final = "CH"
RULE_VERSION: Final = "ch-2025.1"
CURRENCY: Final = "CHF"
LANGUAGE: Final = "de"
LOCALE: Final = "de-CH"
WHOLE_UNITS: Final = "Franken"
TOTALS: Final = (
    "BasicSecurity",
    "Promoting",
    "IncomeSum",
    "AllowanceSum",
    "EntryDeficit",
    "Deficit",
    "SanctionSum",
    "RestitutionSum",
    "Payable",
    "ChargedSum",
    "RefundDue",
    "RelativesAbove",
)
"""In the order of the calculation. EntryDeficit: what is missing at the entry test; Deficit: A + B less income."""


def write(household: Any, month: Period, norm: Norms, sheet: Any) -> None:
    """The calculation, for one unit (Worksheet) or for a population (Columns)."""
    members, heads = household.members, household.heads

    # Need A, basic security: GBL, rent, health and basic situational benefits
    found = under = basis(household, month, norm)
    if not deducts_too(norm):
        under = basis(household, month, norm, deducts=False)
    plain, asylum = basic_need(household, found, under, month, norm, sheet)
    gbl = plain + asylum
    housing = rent(household, month, norm, sheet)
    basic = each(household.basic, basic_cost, month, norm, sheet)
    of_basic = total(household.basic, basic)
    need_a = gbl + housing + of_basic

    # Need B: promoting situational benefits and IZU
    promoting = each(household.promoting, promoting_cost, norm, sheet)
    izu = each(members, integration, month, norm, sheet)
    of_promoting = total(household.promoting, promoting)
    need_b = of_promoting + total(members, izu)

    # Each member's own share of the need: heads' parts of what serves all, and what is its own
    own_basic = by_member(household.basic, basic, members)
    own_promoting = by_member(household.promoting, promoting, members)
    common_a = housing + of_basic - total(members, own_basic)
    common_b = of_promoting - total(members, own_promoting)
    own_b = each(members, _own_b, along=(own_basic, own_promoting, izu))
    if divides_levels(norm):
        of_a, of_b = (head_parts(household, common, plain, asylum) for common in (common_a, common_a + common_b))
        share_a = each(members, _share, along=(own_basic, *_spread(members, *of_a)))
        share_b = each(members, _share, along=(own_b, *_spread(members, *of_b)))
    else:
        own_gbl = each(members, own_need, month, norm, along=_of_gbl(members, household, found, under))
        share_a = each(members, _share_in_parts, along=(own_basic, own_gbl, *_spread(members, common_a, heads)))
        more = each(members, _share_in_parts, along=(own_promoting, izu, *_spread(members, common_b, heads)))
        share_b = each(members, _sum, along=(share_a, more))

    # Means: income, a partner's contribution, wealth; EFB, and what a minor has above its own share
    minor = each(members, _minor, month, norm)
    minors = total(members, minor)
    income = total(household.incomes, each(household.incomes, counted_income, norm, sheet))
    contribution = partner(household, need_a + need_b, minors, month, norm, sheet)
    adults = bearing(heads - minors, norm)
    own_wealth = wealth(household, adults, month, norm, sheet)
    efb = each(members, work_allowance, month, norm, sheet)
    above = each(members, above_own_share, norm, sheet, along=(minor, efb, share_b))
    means = income + contribution + own_wealth
    allowances = total(members, efb) + total(members, above)

    # Test 1, entitlement: need A against the means, with neither EFB nor IZU
    free: Whole = 0
    if norm.entry_unit > 0:
        of_wages = total(members, each(members, entry_disregard, month, norm))
        free = minimum(of_wages, by_days(norm.entry_unit, month, norm))
    entry_above = total(members, each(members, entry_above_own_share, along=(minor, share_a)))
    missing = entry_test(household, need_a, means - free - entry_above, month, norm, sheet)
    entitled = where(tested(household, norm), missing > 0, True)

    # Test 2, the amount: needs A and B against the means, with both; then what a decision has ordered
    deficit = need_a + need_b - (means - allowances)
    of_gbl = _of_gbl(household.sanctions, household, found, under)
    of_person = each(household.sanctions, own_need, month, norm, along=of_gbl)
    bases = (of_person, *_spread(household.sanctions, gbl))
    asked = each(household.sanctions, ordered, month, norm, along=bases)
    earlier = before(household.sanctions, asked)
    reductions = each(household.sanctions, sanction, month, norm, sheet, along=(*bases, asked, earlier))
    less = total(household.sanctions, reductions)
    granted = where(entitled, maximum(deficit - less, 0), 0)
    kept = instalment(household, gbl, less, granted, norm, sheet)

    # Charging on, by heads
    serves_all = each(members, family_income, norm, along=(minor, efb, above))
    own_income = each(members, _own_income, along=(efb, above, serves_all))
    divided = divided_need(household, gbl, norm)
    levels = divided_levels(household, plain, asylum, norm)
    own_needs = own_b
    if not divides_levels(norm):
        own_needs = each(members, _own_need, along=(own_gbl, own_b, *_spread(members, divided)))
    serves_heads = divided + common_a + common_b - (means - allowances - total(members, own_income))
    reduced = by_member(household.sanctions, reductions, members)
    own = (own_needs, own_income, reduced)
    nets = each(members, net_cost, along=(*own, *_spread(members, *head_parts(household, serves_heads, *levels))))
    charged = before(members, nets)
    made_of = told(members, serves_heads, heads, household.asylum_heads, *levels)
    shares = each(members, charged_share, norm, sheet, along=(nets, charged, *own, *made_of, spread(members, granted)))

    # Beside the month: what may be asked back, and whom a contribution may be asked of
    refund = lawful_refund(household, adults, norm, sheet)
    relatives = each(household.relatives, relative_above, norm, sheet)
    sheet.total(
        BasicSecurity=need_a,
        Promoting=need_b,
        IncomeSum=means,
        AllowanceSum=allowances,
        EntryDeficit=maximum(missing, 0),
        Deficit=deficit,
        SanctionSum=less,
        RestitutionSum=kept,
        Payable=granted - kept,
        ChargedSum=total(members, shares),
        RefundDue=refund,
        RelativesAbove=total(household.relatives, relatives),
        granted=granted,
        surplus=maximum(-deficit, 0),
    )


def _spread(rows: Any, *values: Any) -> tuple[Any, ...]:
    return tuple(spread(rows, value) for value in values)


def _of_gbl(rows: Any, household: Any, found: Basis, under: Basis) -> tuple[Any, ...]:
    """For each row what its member's part of the GBL is made of, by its regime."""
    heads = _spread(rows, household.heads, household.asylum_heads)
    if under is found:
        return (*_spread(rows, found.whole, found.size, found.percent), *heads)
    pairs = ((found.whole, under.whole), (found.size, under.size), (found.percent, under.percent))
    return (*(each(rows, _by_regime, along=_spread(rows, *pair)) for pair in pairs), *heads)


def _by_regime(person: Any, plain: Whole, asylum: Whole) -> Whole:
    return where(person.asylum, asylum, plain)


def _own_need(person: Any, gbl: Whole, own: Whole, divided: Whole) -> Whole:
    return where(divided > 0, 0, gbl) + own


def _own_b(person: Any, basic: Whole, promoting: Whole, izu: Whole) -> Whole:
    return basic + promoting + izu


def _share(person: Any, own: Whole, plain: Whole, asylum: Whole) -> Whole:
    return own + of_level(person, plain, asylum)


def _share_in_parts(person: Any, own: Whole, more: Whole, common: Whole, heads: Whole) -> Whole:
    return own + more + round_to(CENTIME, common, heads)


def _sum(person: Any, one: Whole, other: Whole) -> Whole:
    return one + other


def _minor(person: Any, month: Period, norm: Norms) -> Truth:
    return is_minor(person.birth, month, norm)


def _own_income(person: Any, efb: Whole, above: Whole, serves_all: Whole) -> Whole:
    return person.income - efb - above - serves_all


def norms_of(
    facts: Facts,
    known_on: date | None = None,
    decided_on: date | None = None,
    tables: Sequence[Norm] = (),
    amendments: Sequence[Amendment] = (),
) -> Norms:
    """The norm set of the canton on the facts' first day; `tables`: the municipality's rent limits and
    choices; `amendments`: what a proposal changes."""
    norms = norms_for(facts.since, facts.canton, known_on, decided_on)
    return with_tables(norms, tables, amendments) if tables or amendments else norms


def calculate(facts: Facts, norms: Norms) -> Sheet:
    """The sheet of `facts` under `norms`, the set of the canton in force on the period's first day.

    FactsError when `norms` don't hold for the whole period (then the period is to be split) or for the
    canton, when a setting doesn't exist, or when bills of one person contradict each other; NormMissing when a
    table has no row, or the canton no asylum regime.
    """
    if facts.canton != norms.canton:
        raise FactsError([f"canton: these norms are those of {norms.canton}"])
    norms = holding(facts, norms)
    if problems := contradictions(facts, norms):
        raise FactsError(problems)
    sheet = Worksheet()
    write(Household(facts), Period.of(facts.since, facts.until), norms, sheet)
    return closed(
        sheet,
        facts,
        norms,
        RULE_VERSION,
        has_example=any(number.status == "example" for line in sheet.lines for number in line.numbers),
        region=facts.canton,
    )
