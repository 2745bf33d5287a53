"""What a unit has, and what of it doesn't count: income, EFB, wealth, a partner, a minor's own share. SKOS-RL D."""

from datetime import date
from typing import Any

from handslag.rules.ch.need import (
    CENTIME,
    WHOLE,
    YEAR,
    age,
    by_days,
    for_days,
    in_part,
    limit_of,
    of_majority,
    says_more,
)
from handslag.rules.ch.numbers import FRANC, NOT_COUNTED, Norms
from handslag.rules.periods import Period
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, maximum, minimum, round_to, shown, used, where


@versioned
def as_means(household: Any, norm: Norms) -> Any:
    """As which row a line about what the unit has stands: as one about the unit, with the code of its basic need."""
    return household


@as_means.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 28),
    because="a statistics code says which need an amount covers; wealth and what is missing at the entry are none",
)
def as_means_without_code(household: Any, norm: Norms) -> Any:
    """As one about the unit, without a code."""
    return shown(household, "of_means")


def counted_income(income: Any, norm: Norms, sheet: Any) -> Whole:
    """All income counts in full, net; what of it is free stands on lines of its own."""
    return sheet.line("INCOME", income.gross, of=income, section=norm.section.income, text="income")


def work_allowance(person: Any, month: Period, norm: Norms, sheet: Any) -> Whole:
    """EFB: a part of one's wages from 16 on, up to the month's limit. 13th salary and bonuses have none."""
    limit, limited, of_days, told = limit_of(norm.efb_max, person, "efb_before", month, norm)
    unit = WHOLE if norm.efb_rounding == FRANC else CENTIME
    part = round_to(unit, person.wage, norm.efb_divisor)
    free = minimum(minimum(part, limit), person.wage)
    old_enough = age(person.birth, month, norm) >= norm.efb_age
    excluded = person.asylum & (norm.asylum_efb == NOT_COUNTED)
    rounding = "franc_half_up" if unit == WHOLE else "rappen_half_up"
    if in_part(month, norm) and says_more(norm):  # what is left of a limit isn't rounded to francs
        rounding = where(limit < part, where(of_days, "rappen_half_up", ""), rounding)
    return sheet.line(
        "EFB",
        where(excluded, 0, where(old_enough, free, 0)),
        of=person,
        section=norm.section.efb,
        text=where(excluded, "efb_asylum", where(old_enough, "efb" + limited, "efb_young")),
        numbers=(
            norm.efb_divisor,
            norm.efb_max,
            norm.efb_age,
            norm.efb_rounding,
            used(norm.asylum_efb, person.asylum),
            used(norm.age_day, shown(person, "birthday")),
            used(norm.part_month, of_days),
        ),
        rounding=rounding,
        when=person.wage > 0,
        wage=person.wage,
        **told,
    )


def entry_disregard(person: Any, month: Period, norm: Norms) -> Whole:
    """What of a wage doesn't count at the entry test: nothing in Zurich, an amount a head and month in some cantons."""
    return minimum(person.wage, by_days(norm.entry_person, month, norm))


def above_own_share(person: Any, minor: Truth, efb: Whole, share: Whole, norm: Norms, sheet: Any) -> Whole:
    """A minor's income counts only up to the minor's own share of the budget: what is above doesn't."""
    above = maximum(person.income - efb - share, 0)
    return sheet.line(
        "MINOR",
        where(minor, above, 0),
        of=person,
        section=norm.section.minor,
        text="minor",
        numbers=(of_majority(person, "comes_of_age", norm),),
        when=minor & (above > 0),
        income=person.income - efb,
        share=share,
    )


def entry_above_own_share(person: Any, minor: Truth, share: Whole) -> Whole:
    """The same at the entry test: against the share of basic security, and without the EFB."""
    return where(minor, maximum(person.income - share, 0), 0)


@versioned
def bearing(adults: Whole, norm: Norms) -> Whole:
    """How many of the unit have the allowance on wealth of a single person or a couple, not that of a child: adults."""
    return adults


@bearing.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="a child's allowance is one more beside that of a single person or a couple; who is a unit of its own, "
    "minor or not, is a single person",
)
def bearing_also_alone(adults: Whole, norm: Norms) -> Whole:
    """Adults; where there are none, one of the minors."""
    return maximum(adults, 1)


def wealth(household: Any, adults: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """Wealth above the allowance is means; the allowance is by adults and minor children, up to a limit.

    In a part of a month it counts as far as earlier parts haven't counted it; by days where that isn't told.
    """
    children = household.heads - adults
    basic = where(adults >= 2, norm.wealth_couple, where(adults == 1, norm.wealth_single, 0))
    allowance = minimum(basic + children * norm.wealth_child, norm.wealth_max)
    above = maximum(household.wealth - allowance, 0)
    counted, said, of_days, told = above, "", False, {}
    if in_part(month, norm):
        told_before = household.wealth_before >= 0
        of_days = where(told_before, False, above > 0)
        more = " wealth_before_all" if says_more(norm) else " wealth_before"
        told_text = where(household.wealth_before > above, more, " wealth_before")
        said = where(above > 0, where(told_before, told_text, " wealth_by_days"), "")
        counted = where(
            told_before, maximum(above - household.wealth_before, 0), for_days(CENTIME, above, 1, month, norm)
        )
        before = maximum(household.wealth_before, 0)
        told = {"before": before, "days": month.days, "month_days": month.month_days}
    return sheet.line(
        "WEALTH",
        counted * (1 if norm.wealth_excess != NOT_COUNTED else 0),
        of=as_means(household, norm),
        section=norm.section.wealth,
        text=where(above > 0, "wealth_above", "wealth") + said,
        numbers=(
            used(norm.wealth_couple, adults >= 2),
            used(norm.wealth_single, adults == 1),
            used(norm.wealth_child, children > 0),
            norm.wealth_max,
            used(norm.wealth_excess, above > 0),
            of_majority(household, "owner_comes_of_age", norm),
            used(norm.part_month, of_days),
        ),
        rounding=where(of_days, "rappen_half_up", ""),
        when=household.wealth_known,
        wealth=household.wealth,
        allowance=allowance,
        above=above,
        **told,
    )


def partner(household: Any, need: Whole, minors: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """What a partner who isn't of the unit contributes, from the surplus over its own budget.

    A stable couple (together for more than two years, or a common child): all the surplus, up to the need.
    Else, for keeping the house: half the surplus, up to the limit. All that is of a month: in a part of it, by days.
    """
    part = in_part(month, norm)
    surplus = maximum(household.partner_income - household.partner_budget, 0)
    together = month.first - household.together_since > norm.stable_years * YEAR
    stable = household.common_child | together
    doubled = minimum(surplus, norm.housekeeping_max * 2)
    if norm.housekeeping_children == NOT_COUNTED:
        doubled = where(minors > 0, surplus, doubled)
    if part:
        kept, whole = for_days(CENTIME, doubled, 2, month, norm), for_days(CENTIME, surplus, 1, month, norm)
    else:
        kept, whole = round_to(CENTIME, doubled, 2), surplus
    said = "partner"
    unlimited, majority = False, None
    if norm.housekeeping_children == NOT_COUNTED and says_more(norm):
        majority = of_majority(household, "comes_of_age", norm)
        unlimited = (minors > 0) & where(stable, False, True)
        said = where(unlimited, "partner_no_limit", "partner")
    return sheet.line(
        "PARTNER",
        where(stable, minimum(whole, need), kept),
        of=household.of_partner,
        section=norm.section.partner,
        text=where(stable, "partner_stable", said) + (" part" if part else ""),
        numbers=(
            used(norm.housekeeping_max, where(unlimited, False, True)),
            used(norm.stable_years, where(household.common_child, False, True)),
            used(norm.housekeeping_children, (minors > 0) & where(stable, False, True)),
            used(majority, where(stable, False, True)),
            used(norm.part_month, part),
        ),
        rounding=where(stable, "rappen_half_up" if part else "", "rappen_half_up"),
        when=household.partner,
        income=household.partner_income,
        budget=household.partner_budget,
        surplus=surplus,
        **({"days": month.days, "month_days": month.month_days} if part else {}),
    )


def lawful_refund(household: Any, adults: Whole, norm: Norms, sheet: Any) -> Whole:
    """What of lawful help may be asked back when the unit came into wealth: what is above a larger allowance."""
    basic = where(adults >= 2, norm.refund_couple, norm.refund_single)
    allowance = basic + (household.heads - adults) * norm.refund_child
    above = maximum(household.refund_wealth - allowance, 0)
    return sheet.line(
        "REFUND",
        minimum(above, household.received),
        of=household.of_refund,
        section=norm.section.refund,
        text="refund",
        numbers=(
            used(norm.refund_couple, adults >= 2),
            used(norm.refund_single, adults < 2),
            used(norm.refund_child, household.heads > adults),
            of_majority(household, "comes_of_age", norm),
        ),
        when=household.received > 0,
        wealth=household.refund_wealth,
        allowance=allowance,
        received=household.received,
    )


def relative_above(relative: Any, norm: Norms, sheet: Any) -> Whole:
    """A relative contributes only in favourable circumstances: what of a year's income is above the limit.

    That is no contribution yet, but the question whether to ask for one.
    """
    limit = where(relative.couple, norm.relatives_couple, norm.relatives_single) + (
        relative.children * norm.relatives_child
    )
    above = maximum(relative.income - limit, 0)
    return sheet.line(
        "RELATIVE",
        above,
        of=relative,
        section=norm.section.relatives,
        text=where(above > 0, "relative_above", "relative"),
        numbers=(
            used(norm.relatives_couple, relative.couple),
            used(norm.relatives_single, where(relative.couple, False, True)),
            used(norm.relatives_child, relative.children > 0),
        ),
        income=relative.income,
        limit=limit,
    )
