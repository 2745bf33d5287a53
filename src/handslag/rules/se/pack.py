"""Ekonomiskt bistånd for one household and one period. Read from top to bottom, this is the sheet."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from handslag.rules.calculation import closed, holding
from handslag.rules.norms import Amendment, Norm
from handslag.rules.se.facts import AMOUNTS, Facts
from handslag.rules.se.limits import changes, with_limits
from handslag.rules.se.need import above_ceiling, above_own_need, counted_income, expense, own_means, special_expense
from handslag.rules.se.numbers import CEILING_2027, LOCAL, OWN_NEED, Norms, accept, norms_for, norms_with, open_choices
from handslag.rules.se.riksnorm import common_cost, counts_in_household, personal_cost
from handslag.rules.se.rows import Household, Period
from handslag.rules.sheet import Line, Sheet, Worksheet, uncertain_in
from handslag.rules.words import Whole, by_member, each, maximum, sum_members, total

__all__ = [
    "AMOUNTS", "COUNTRY", "CURRENCY", "LANGUAGE", "LOCAL", "LOCALE", "PACK", "RULE_VERSION", "TOTALS", "WHOLE_UNITS",
    "Facts", "accept", "calculate", "norms_for", "norms_of", "open_choices", "write",
]  # fmt: skip

PACK: Final = "se"
COUNTRY: Final = "SE"
RULE_VERSION: Final = "se-2025.2"
RULE_VERSION_2027: Final = "se-2027.example"
CEILING_FORMULA: Final = ("setting.formula", "bidragstak_2027")
CURRENCY: Final = "SEK"
LANGUAGE: Final = "sv"
LOCALE: Final = "sv"
WHOLE_UNITS: Final = "kronor"
TOTALS: Final = (
    "FamilyCost",
    "CommonHouseholdCost",
    "NormSum",
    "ExpenseSum",
    "SpecialExpenseSum",
    "IncomeSum",
    "Balance",
    "TotalSum",
)
"""Lifecare's names of the totals, in the order of the calculation."""


def write(household: Any, month: Period, norm: Norms, sheet: Any) -> None:
    """The calculation, for one household (Worksheet) or for a population (Columns)."""
    # Riksnormen: 12 kap. 2-3 §§ socialtjänstförordningen
    members = sum_members(household.members, counts_in_household, month, norm)
    personal = each(household.members, personal_cost, month, norm, sheet)
    family = total(household.members, personal)
    common = common_cost(household, members, month, norm, sheet)
    norm_sum = family + common

    # Skäliga kostnader utanför riksnormen: 12 kap. 7 § and, for livsföringen i övrigt, 1 § socialtjänstlagen
    accepted = each(household.expenses, expense, norm, sheet)
    accepted_special = each(household.special_expenses, special_expense, norm, sheet)
    expenses = total(household.expenses, accepted)
    special = total(household.special_expenses, accepted_special)

    # Egna inkomster: 12 kap. 1 § socialtjänstlagen
    counted = each(household.incomes, counted_income, norm, sheet)
    income = total(household.incomes, counted)
    if norm.child_means == OWN_NEED:
        people = household.members
        means = by_member(household.incomes, each(household.incomes, own_means, along=(counted,)), people)
        own = ((people, personal), (household.expenses, accepted), (household.special_expenses, accepted_special))
        need = each(people, _sum, along=tuple(by_member(rows, values, people) for rows, values in own))
        income -= total(people, each(people, above_own_need, norm, sheet, along=(means, need)))

    # Bidragstaket (from 2027; example): what lies above the ceiling isn't granted
    above = 0
    if norm.formula == CEILING_2027:
        above = above_ceiling(household, members, norm_sum + expenses, norm, sheet)
        sheet.total(AboveCeiling=-above)

    # Result: what is missing is granted, what is over is surplus
    balance = income - norm_sum - expenses + above
    result = balance - special
    sheet.total(
        FamilyCost=family,
        CommonHouseholdCost=common,
        NormSum=norm_sum,
        ExpenseSum=expenses,
        SpecialExpenseSum=special,
        IncomeSum=income,
        Balance=balance,
        TotalSum=result,
        granted=maximum(-result, 0),
        surplus=maximum(result, 0),
    )


def _sum(person: Any, personal: Whole, expenses: Whole, special: Whole) -> Whole:
    return personal + expenses + special


def norms_of(
    facts: Facts,
    known_on: date | None = None,
    decided_on: date | None = None,
    tables: Sequence[Norm] = (),
    amendments: Sequence[Amendment] = (),
) -> Norms:
    """The norm set of the facts' first day, with what their municipality has set (`tables`: see `norms_with`) and what
    a proposal changes."""
    example = CEILING_FORMULA in facts.settings.items()
    if tables or facts.norm or example or amendments:
        return norms_with(tables, facts.norm, facts.since, known_on, decided_on, amendments, example=example)
    return norms_for(facts.since, known_on, decided_on)


def calculate(facts: Facts, norms: Norms) -> Sheet:
    """The sheet of `facts` under `norms`, the set in force on the period's first day.

    FactsError when `norms` don't hold for the whole period (then the period is to be split), or when a
    setting doesn't exist; NormMissing when a table has no row, as for a child of 21.
    """
    norms = holding(facts, norms)
    changed = changes(facts, norms)
    if norms.own_limits:
        facts = with_limits(facts, norms)
    sheet = Worksheet()
    write(Household(facts, norms.named, norms.limits, changed), Period.of(facts.since, facts.until), norms, sheet)
    return closed(
        sheet,
        facts,
        norms,
        RULE_VERSION_2027 if norms.formula == CEILING_2027 else RULE_VERSION,
        uncertain=_uncertain(sheet.lines, norms, {m.key for m in facts.members if m.role != "adult"}),
    )


def _uncertain(lines: list[Line], norms: Norms, children: set[str]) -> dict[str, str]:
    """What the sheet rests on that no source settles; a child's own means above its own cost too."""
    found = uncertain_in(lines, norms.resolved)
    means: dict[str, int] = {}
    for line in lines:
        if line.person in children:
            sign = -1 if line.code == "PERSON" else line.text in ("income", "income_own_need")
            means[line.person] = means.get(line.person, 0) + sign * line.amount
    if any(over > 0 for over in means.values()):
        found[norms.child_means.used.name] = str(norms.child_means.used.value)
    return found
