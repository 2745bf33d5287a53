"""Skäliga kostnader utanför riksnormen, and income: 12 kap. 1 och 7 §§ socialtjänstlagen (2025:400)."""

from typing import Any

from handslag.rules.se.numbers import Norms
from handslag.rules.words import Whole, maximum, round_to, used, where

ORE = 1
PERCENT = 100


def expense(cost: Any, norm: Norms, sheet: Any) -> Whole:
    """12 kap. 7 §: rent, electricity, insurance, fund, union, travel to work: what the office accepts."""
    return sheet.line("EXPENSE", cost.effective, of=cost, section=norm.section.expenses, text="cost")


def special_expense(cost: Any, norm: Norms, sheet: Any) -> Whole:
    """12 kap. 1 §, livsföringen i övrigt: care, medicine, glasses ...: what the office accepts."""
    return sheet.line("SPECIAL", cost.effective, of=cost, section=norm.section.special, text="cost")


def counted_income(income: Any, norm: Norms, sheet: Any) -> Whole:
    """12 kap. 1 §: all income counts, but for these.

    Job stimulus: of an adult's income from employment 25 % doesn't count, rounded to whole öre, half up.
    Children at home and school youths: work income counts only above one prisbasbelopp in a calendar year.
    """
    disregarded = round_to(ORE, income.gross * norm.job_stimulus, PERCENT)
    still_free = maximum(norm.prisbasbelopp - income.earned_before, 0)
    above = maximum(income.gross - still_free, 0)
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
        text=where(income.work_of_child, "income_child", where(income.stimulated, "income_stimulus", "income")),
        numbers=(
            used(norm.prisbasbelopp, income.work_of_child),
            used(norm.job_stimulus, income.stimulated),
        ),
        rounding=where(income.stimulated, "ore_half_up", ""),
        earned_before=income.earned_before,
    )
