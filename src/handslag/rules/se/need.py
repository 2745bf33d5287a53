"""Skäliga kostnader utanför riksnormen, and income: 12 kap. 1 och 7 §§ socialtjänstlagen (2025:400)."""

from typing import Any

from handslag.kernel.money import KRONA
from handslag.rules.se.numbers import MONTH_AFTER, OWN_NEED, Norms
from handslag.rules.words import Whole, lookup, maximum, minimum, round_to, shown, used, where

ORE = 1
PERCENT = 100


def expense(cost: Any, norm: Norms, sheet: Any) -> Whole:
    """12 kap. 7 §: rent, electricity, insurance, fund, union, travel to work: what is reasonable."""
    return _accepted("EXPENSE", cost, norm.section.expenses, norm, sheet)


def special_expense(cost: Any, norm: Norms, sheet: Any) -> Whole:
    """12 kap. 1 §, livsföringen i övrigt: care, medicine, glasses ...: what is reasonable."""
    return _accepted("SPECIAL", cost, norm.section.special, norm, sheet)


def _accepted(code: str, cost: Any, section: str, norm: Norms, sheet: Any) -> Whole:
    """What the office has set; else all that was applied for, up to the municipality's limit.

    A limit that changes inside the period: no source says which one holds (`setting.limit_change`).
    """
    capped = where(cost.decided, False, True) & (cost.limit < cost.applied)
    return sheet.line(
        code,
        where(cost.decided, cost.effective, minimum(cost.applied, cost.limit)),
        of=cost,
        section=section,
        text=where(capped, "cost_capped", "cost"),
        numbers=(used(cost.limit, capped), used(norm.limit_change, cost.limit_changes)),
    )


def above_ceiling(household: Any, members: Whole, need: Whole, norm: Norms, sheet: Any) -> Whole:
    """The ceiling of 2027 (bidragstak; example): norm and reasonable costs together are at most an amount that
    grows with the household, and by less for each further person. Returns what lies above it.
    """
    size = maximum(where(household.own_size > 0, household.own_size, members), 1)
    ceiling = lookup(norm.ceiling, minimum(size, 7))
    share = round_to(KRONA, ceiling * minimum(maximum(members, 1), size), size)
    above = maximum(need - share, 0)
    sheet.line(
        "CEILING",
        -above,
        of=household,
        section=norm.section_of_ceiling,
        text="ceiling",
        numbers=(ceiling,),
        rounding="krona_half_up",
        when=above > 0,
        need=need,
        size=size,
        share=share,
    )
    return above


def counted_income(income: Any, norm: Norms, sheet: Any) -> Whole:
    """12 kap. 1 §: all income counts, but for these.

    Job stimulus: of an adult's income from employment 25 % doesn't count, rounded to whole öre, half up.
    Children at home and school youths: work income counts only above one prisbasbelopp in a calendar year. Which
    month's that is no source says (`setting.child_work`): what is above it in the month that passes it, or nothing of
    that month; all of the months after it.
    """
    disregarded = round_to(ORE, income.gross * norm.job_stimulus, PERCENT)
    still_free = maximum(norm.prisbasbelopp - income.earned_before, 0)
    above = maximum(income.gross - still_free, 0)
    passed = above > 0
    if norm.child_work == MONTH_AFTER:
        above = where(income.earned_earlier < norm.prisbasbelopp, 0, above)
    counted = where(
        income.work_of_child,
        above,
        where(income.stimulated, income.gross - disregarded, income.gross),
    )
    return sheet.line(
        "INCOME",
        counted,
        of=income,
        section=where(
            income.work_of_child,
            norm.section.child_work,
            where(income.stimulated, norm.section.job_stimulus, norm.section.income),
        ),
        text=where(
            income.work_of_child,
            "income_child",
            where(
                income.stimulated,
                "income_stimulus",
                where(income.means_of_child & (norm.child_means == OWN_NEED), "income_own_need", "income"),
            ),
        ),
        numbers=(
            used(norm.prisbasbelopp, income.work_of_child),
            used(norm.child_work, income.work_of_child & passed),
            used(norm.job_stimulus, income.stimulated),
        ),
        rounding=where(income.stimulated, "ore_half_up", ""),
        earned_before=income.earned_before,
    )


def own_means(income: Any, counted: Whole) -> Whole:
    """What of a counted income is a child's own means: all but what it earns by work."""
    return where(income.means_of_child, counted, 0)


def above_own_need(person: Any, means: Whole, need: Whole, norm: Norms, sheet: Any) -> Whole:
    """What of a child's own means lies above its own need, its personal costs and its own expenses: it stays with the
    child and doesn't count (`setting.child_means`, a reading that no source settles)."""
    above = maximum(means - need, 0)
    sheet.line(
        "MEANS",
        -above,
        of=shown(person, "as_income"),
        section=norm.section.income,
        text="child_means",
        numbers=(norm.child_means,),
        when=above > 0,
        means=means,
        need=need,
    )
    return above
