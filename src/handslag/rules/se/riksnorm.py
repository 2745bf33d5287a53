"""Riksnormen: 12 kap. 2 och 3 §§ socialtjänstförordningen (2025:468), before that 2 kap. 1 § (2001:937)."""

from datetime import date
from typing import Any

from handslag.kernel.money import KRONA
from handslag.rules.se.numbers import FIRST_DAY, HALF_UP, MONTH_30, PRESENT_ANY_DAY, YEAR_365, Norms
from handslag.rules.se.rows import NOT_TOLD, Period
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, lookup, maximum, minimum, round_to, used, where

YEAR = 10000
ORE = 1


def age(person: Any, day: Whole) -> Whole:
    """Whole years on `day` (20260301); 0 for a child born later in the month."""
    return maximum((day - person.birth) // YEAR, 0)


@versioned
def as_one_of_a_couple(person: Any, norm: Norms) -> tuple[Truth, Whole, Truth]:
    """Whether the person counts as one of a couple, for how many days, and whether the row is a line: one of two adults
    did for all days, whoever was there."""
    return person.couple, person.part_days, person.part_days > 0


@as_one_of_a_couple.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 2),
    because="12 kap. 2 § SoF: the couple's amount is one for both; on days on which one of them isn't there the other "
    "is a single adult",
)
def as_one_on_days_together(person: Any, norm: Norms) -> tuple[Truth, Whole, Truth]:
    """Each row has days of one kind: with the other adult, or without."""
    return person.cohabiting, person.days, True


def personal_cost(person: Any, month: Period, norm: Norms, sheet: Any) -> Whole:
    """2 §, first and second table: personal costs of a child by age, of a single adult, of a couple.

    A couple's amount is one for both: half for each, on the days on which both are there. A child up to six who has
    lunch away five days a week gets the amount without lunch. Part of a month: by days.
    """
    cohabiting, days, counts = as_one_of_a_couple(person, norm)
    child = where(person.adult, False, True)
    years = age(person, where(norm.age_reference == FIRST_DAY, month.first, month.last))
    lunch_away = child & (years <= 6) & (person.lunch_days >= norm.lunch_days)
    row = where(
        cohabiting,
        norm.couple,
        where(
            person.adult,
            norm.single,
            where(
                lunch_away,
                lookup(norm.child_without_lunch, years, only=lunch_away),
                lookup(norm.child, years, only=child),
            ),
        ),
    )
    monthly = where(cohabiting, row // 2, row)
    part = days < month.month_days
    throughout = person.throughout & (month.days == month.month_days)
    birthday_inside = child & (age(person, month.first) != age(person, month.last))
    return sheet.line(
        "PERSON",
        for_days(
            monthly,
            days,
            earlier_days(person, norm),
            throughout,
            days_before(person, norm),
            month,
            norm,
        ),
        of=person,
        section=norm.section.riksnorm,
        text="person",
        numbers=(
            row,
            used(norm.day_method, part),
            used(norm.age_reference, birthday_inside),
            *who_counts(person, norm),
        ),
        rounding=where(part, "krona_half_up", ""),
        when=counts,
        monthly=monthly,
        age=years,
        days=days,
        month_days=month.month_days,
        **told_of_part(person, monthly, part & where(throughout, False, True), month, norm),
    )


@versioned
def earlier_days(person: Any, norm: Norms) -> Whole:
    """Days of the person's parts of the period that the facts name before this one."""
    return person.named_earlier


@earlier_days.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="12 kap. 2 § SoF: one amount a month, in whatever order its parts are named",
)
def earlier_days_of_the_month(person: Any, norm: Norms) -> Whole:
    """Of those that lie before it."""
    return person.earlier


@versioned
def days_before(row: Any, norm: Norms) -> Whole:
    """How many of the month's days its earlier parts have counted: that wasn't told."""
    return NOT_TOLD


@days_before.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="12 kap. 2 § SoF: one amount a month, in however many parts it is calculated",
)
def days_before_as_told(row: Any, norm: Norms) -> Whole:
    """As the facts tell; NOT_TOLD where they don't."""
    return row.before


def told_of_part(row: Any, monthly: Whole, by_method: Truth, month: Period, norm: Norms) -> dict[str, Whole]:
    """For the explanation of a part of the month (one household only): the days that earlier parts have counted, or
    that they aren't told, where it doesn't begin the month; the amount for a day, where it is counted by that."""
    if days_before.version(norm).text is days_before.versions[0].text:
        return {}
    told = {} if month.first % 100 == 1 else {"before": row.before}
    if by_method is True and norm.day_method in (YEAR_365, MONTH_30):
        told["daily"] = a_day(monthly, norm)
    return told


@versioned
def by_the_month(monthly: Whole, days: Whole, before: Whole, month: Period, norm: Norms) -> Whole:
    """The days' part of a month in whole kronor: each part was rounded by itself."""
    return round_to(KRONA, monthly * days, month.month_days)


_ONE_AMOUNT = "12 kap. 2 § SoF: one amount a month; its parts, each in whole kronor, are together never more than it"


@by_the_month.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_ONE_AMOUNT)
def by_the_month_so_far(monthly: Whole, days: Whole, before: Whole, month: Period, norm: Norms) -> Whole:
    """A part is what the days up to its end come to, less what the days `before` it do."""

    def of(first: Whole) -> Whole:
        part = minimum(round_to(KRONA, monthly * first, month.month_days), monthly)
        return where(first == month.month_days, monthly, part)

    return of(before + days) - of(before)


@versioned
def by_the_day(daily: Whole, monthly: Whole, days: Whole, earlier: Whole, norm: Norms) -> Whole:
    """`days` at `daily`, at most the monthly amount: for each part by itself."""
    return minimum(daily * days, monthly)


@by_the_day.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_ONE_AMOUNT)
def by_the_day_so_far(daily: Whole, monthly: Whole, days: Whole, earlier: Whole, norm: Norms) -> Whole:
    """The same with the days that the person was there for before (`earlier`)."""
    return minimum(daily * (earlier + days), monthly) - minimum(daily * earlier, monthly)


def a_day(monthly: Whole, norm: Norms) -> Whole:
    """A monthly amount for a day, whole kronor: twelve months by 365, or a thirtieth."""
    return round_to(KRONA, monthly * 12, 365) if norm.day_method == YEAR_365 else round_to(KRONA, monthly, 30)


def for_days(
    monthly: Whole, days: Whole, earlier: Whole, throughout: Truth, told: Whole, month: Period, norm: Norms
) -> Whole:
    """The part of a monthly amount for `days`; the whole of it for a whole month, and never more.

    Who is there all month but whose facts change inside it (`throughout`) gets each part by the days of that
    month, so that the parts make a whole month again. Who is there for part of it only, by the norm's method.
    `earlier`: days of the period that the same person was there for before. `told`: days that earlier parts of the
    month have counted, so that all parts are together what their days come to; NOT_TOLD: each by itself.
    """
    whole = days == month.month_days
    if whole is True:  # of one household, or of everybody's
        return monthly
    before = month.first % 100 - 1 + earlier
    if in_part := month.days < month.month_days:  # a whole month has no earlier part
        knows = told != NOT_TOLD
        before, earlier = where(knows, told + earlier, before), where(knows, told + earlier, earlier)
    by_month = by_the_month(monthly, days, before, month, norm)
    by_method = by_month
    if norm.day_method in (YEAR_365, MONTH_30):
        daily = a_day(monthly, norm)
        by_method = by_the_day(daily, monthly, days, earlier, norm)
        if in_part:
            left = monthly - by_the_day(daily, monthly, earlier, 0, norm)
            by_method = where(knows & (earlier + days == month.month_days), left, by_method)
    return where(whole, monthly, where(throughout, by_month, by_method))


@versioned
def who_counts(person: Any, norm: Norms) -> tuple[Any, ...]:
    """For the numbers of a person's line: the settings on which it hangs whether the person counts for the size: none
    was named."""
    return ()


@who_counts.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 30),
    because="what no source settles is named on the sheet where it decides: who is there for a part, and who visits",
)
def who_counts_by_settings(person: Any, norm: Norms) -> tuple[Any, ...]:
    """Of who is there for part of the period, and of a visiting child (one household only)."""
    part = where(person.throughout, False, True)
    if norm.visitation_child_counts == 0:
        part = part & where(person.visiting, False, True)
    return used(norm.household_size, part), used(norm.visitation_child_counts, person.visiting)


def counts_in_household(person: Any, month: Period, norm: Norms) -> Whole:
    """1 for a member who counts for the household's size, else 0; parts of one person count once."""
    there = person.first
    if norm.household_size != PRESENT_ANY_DAY:
        there = there & person.throughout
    if norm.visitation_child_counts == 0:
        there = there & where(person.visiting, False, True)
    return where(there, 1, 0)


def common_cost(household: Any, members: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """2 §, third table, and 3 §: the household's common costs, or the members' share of them.

    Above seven persons each further one adds the difference between six and seven. Who shares a household
    with others than a sambo, or has an own household size set, bears members / size of its common costs.
    """
    size = maximum(where(household.own_size > 0, household.own_size, members), 1)
    row = lookup(norm.common, minimum(size, 7))
    further = lookup(norm.common, 7) - lookup(norm.common, 6)
    whole = row + maximum(size - 7, 0) * further
    sharing = minimum(members, size)
    if norm.share_rounding == HALF_UP:
        share = round_to(KRONA, whole * sharing, size)
    else:
        share = round_to(ORE, whole * sharing, size)
    shared = sharing < size
    part = month.days < month.month_days
    return sheet.line(
        "COMMON",
        for_days(share, month.days, 0, False, days_before(household, norm), month, norm),
        of=household,
        section=norm.section.common,
        text="common",
        numbers=(
            row,
            used(lookup(norm.common, 6), size > 7),
            used(norm.share_rounding, (whole * sharing) % (size * KRONA) != 0),
            used(norm.day_method, part),
        ),
        rounding=where(part | (shared & (norm.share_rounding == HALF_UP)), "krona_half_up", ""),
        when=members > 0,
        whole=whole,
        size=size,
        members=sharing,
        further=maximum(size - 7, 0),
        days=month.days,
        month_days=month.month_days,
        **told_of_part(household, share, part, month, norm),
    )
