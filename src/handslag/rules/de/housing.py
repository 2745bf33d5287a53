"""Unterkunft und Heizung: §§ 35, 42, 42a SGB XII."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from handslag.rules.de.need import (
    CHAPTER_4,
    PERCENT,
    add,
    also_for_days,
    also_numbers,
    as_part,
    cents,
    district,
    in_part,
    no,
    part_numbers,
    part_rounding,
    part_told,
    rounded,
    to_cent,
)
from handslag.rules.de.numbers import (
    CHILD_HAS_NOTHING,
    DEADLINE_BY_DAYS,
    NO_LIMIT,
    OTHERS_BEAR,
    RATE_ONLY,
    RESIDENTS,
    SEPARATE,
    WAITING_ONLY,
    Norms,
)
from handslag.rules.de.rows import Period
from handslag.rules.norms import Number, Table
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, lookup, maximum, minimum, shown, used, where


def limit(name: str, table: Table | None, further: Number | None, people: Whole, only: Truth) -> Whole:
    """A limit by number of people, and an amount for each further one; NormMissing where it is asked and not there."""
    if table is None:
        return district(f"{name}.limit", None, only)
    largest = len(table.rows)
    more = maximum(people - largest, 0)
    return lookup(table, minimum(people, largest), only=only) + more * district(
        f"{name}.further", further, only & (more > 0)
    )


def size(household: Any) -> Whole:
    """People whose number decides what is appropriate: all residents, or those of a contract of their own."""
    return maximum(where(household.own_contract, household.heads, household.residents), 1)


def shares(household: Any, norm: Norms) -> Whole:
    """Into how many parts the cost is split."""
    if norm.setting_head_split == RESIDENTS:
        return size(household)
    return maximum(household.heads, 1)


@versioned
def undivided_numbers(household: Any, norm: Norms) -> tuple[Any, ...]:
    """For the numbers of rent and heating where all of it is one member's: that it could be divided wasn't named."""
    return ()


@undivided_numbers.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 30),
    because="what no source settles is named on the sheet where it decides: one part, though others live there",
)
def undivided_by_setting(household: Any, norm: Norms) -> tuple[Any, ...]:
    """How heads are counted, where others live there who would be counted too (one household only)."""
    return (used(norm.setting_head_split, (shares(household, norm) == 1) & (size(household) > 1)),)


def protected(household: Any, norm: Norms) -> Truth:
    """§ 35 Abs. 3 Satz 4: twelve months after the month in which a member of the household died."""
    return (household.months_since_death >= 0) & (household.months_since_death <= norm.housing_death_months)


def reduce_over(household: Any, day: Whole) -> Truth:
    """§ 35 Abs. 3 Satz 2: whether the time to reduce the rent is over where so many days of the month are."""
    return household.reduce_days <= day


def heating_over(household: Any, day: Whole) -> Truth:
    """The same for heating."""
    return household.heating_days <= day


def higher(household: Any, day: Whole) -> Truth:
    """§ 35 Abs. 1 Satz 8: whether more than one and a half times is accepted then."""
    return household.higher_days > day


def by_days(norm: Norms) -> bool:
    """Whether a time that ends inside the month ends on its day: what counts of the costs then goes by days."""
    return norm.setting_deadline_part is not None and norm.setting_deadline_part == DEADLINE_BY_DAYS


def rent_turns(household: Any) -> tuple[Whole, Whole]:
    """Days of the month that are over where what counts of the rent may change, the earlier first."""
    reduce, more = household.reduce_days, household.higher_days
    return minimum(reduce, more), maximum(reduce, more)


def inside(day: Whole, month: Period) -> Whole:
    """That day, where it lies inside the month; else the first one."""
    return where(day < month.month_days, day, 0)


def waiting(household: Any, norm: Norms) -> Truth:
    """§ 35 Abs. 1 Satz 2 bis 6: the Karenzzeit."""
    return (household.karenz_month >= 0) & (household.karenz_month < norm.housing_karenz_months)


def capped(household: Any, day: Whole, norm: Norms) -> Truth:
    """§ 35 Abs. 1 Satz 7: whether one and a half times the appropriate rent is the most (from mid-2026)."""
    if norm.housing_waiting_limit == NO_LIMIT:
        return household.rent < 0
    examined = no(household.appropriate) & no(protected(household, norm)) & no(higher(household, day))
    if norm.setting_waiting_scope == WAITING_ONLY:
        return examined & waiting(household, norm)
    return examined & (waiting(household, norm) | no(reduce_over(household, day)))


def reduced(household: Any, day: Whole, norm: Norms) -> Truth:
    """§ 35 Abs. 1 und 3: after Karenzzeit and the time to reduce the cost, only what is appropriate."""
    examined = no(household.appropriate) & no(protected(household, norm))
    return examined & no(waiting(household, norm)) & reduce_over(household, day)


@versioned
def ceiling_asked(household: Any, norm: Norms) -> Truth:
    """Where a ceiling or the rent brake was asked: in the Karenzzeit only, after it the limit alone counted."""
    return waiting(household, norm)


@ceiling_asked.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 2),
    because="§ 35 Abs. 1 Satz 9 SGB XII: rent above a ceiling or the rent brake isn't appropriate, in the Karenzzeit "
    "and after it",
)
def ceiling_always_asked(household: Any, norm: Norms) -> Truth:
    """In the Karenzzeit and after it."""
    return household.rent >= 0


def above_ceiling(household: Any, day: Whole, norm: Norms) -> Truth:
    """§ 35 Abs. 1 Satz 9: rent above a ceiling or the rent brake has no Karenzzeit, only the time to reduce it."""
    if norm.housing_waiting_limit == NO_LIMIT:
        return household.rent < 0
    examined = no(household.appropriate) & no(protected(household, norm))
    over = reduce_over(household, day) & (household.over_ceiling > 0)
    return examined & ceiling_asked(household, norm) & over


def rent_limit(household: Any, day: Whole, norm: Norms) -> Whole:
    """The appropriate rent of the dwelling, where it is asked; else 0."""
    return limit(
        "rent", norm.rent_limit, norm.rent_further, size(household),
        capped(household, day, norm) | reduced(household, day, norm),
    )  # fmt: skip


def recognised_rent(household: Any, day: Whole, norm: Norms) -> Whole:
    """Rent of the dwelling that counts, a month, as it is where so many days of this one are over."""
    most = rent_limit(household, day, norm)
    waiting_most = cents(most * norm.housing_most_percent, PERCENT, norm)
    rent = where(
        reduced(household, day, norm),
        minimum(household.rent, most + spare_heating(household, day, norm)),
        where(capped(household, day, norm), minimum(household.rent, waiting_most), household.rent),
    )
    return where(above_ceiling(household, day, norm), minimum(rent, household.rent - household.over_ceiling), rent)


def spare_heating(household: Any, day: Whole, norm: Norms) -> Whole:
    """§ 35 Abs. 7: under a combined limit, what heating leaves of its own limit, for the rent."""
    if norm.setting_combined_limit == SEPARATE:
        return 0
    asked = reduced(household, day, norm)
    most = limit("heating", norm.heating_limit, norm.heating_further, size(household), asked)
    return maximum(most - household.heating, 0)


def spare_rent(household: Any, day: Whole, norm: Norms) -> Whole:
    """§ 35 Abs. 7: under a combined limit, what the rent leaves of its own limit, for heating."""
    if norm.setting_combined_limit == SEPARATE:
        return 0
    asked = heating_reduced(household, day, norm)
    most = limit("rent", norm.rent_limit, norm.rent_further, size(household), asked)
    return maximum(most - household.rent, 0)


def heating_reduced(household: Any, day: Whole, norm: Norms) -> Truth:
    """§ 35 Abs. 3 und 5: heating has no Karenzzeit, only the time to reduce it."""
    return no(household.appropriate) & no(protected(household, norm)) & heating_over(household, day)


def recognised_heating(household: Any, day: Whole, norm: Norms) -> Whole:
    """The same of heating."""
    asked = heating_reduced(household, day, norm)
    most = limit("heating", norm.heating_limit, norm.heating_further, size(household), asked)
    return where(asked, minimum(household.heating, most + spare_rent(household, day, norm)), household.heating)


def why_rent(household: Any, recognised: Whole, day: Whole, norm: Norms) -> Any:
    """For the explanation: which rule made less of the rent (one household only)."""
    return where(
        above_ceiling(household, day, norm) & (recognised == household.rent - household.over_ceiling),
        " rent_ceiling",
        where(
            reduced(household, day, norm) & (recognised < household.rent),
            " rent_reduced",
            where(capped(household, day, norm) & (recognised < household.rent), " rent_capped", ""),
        ),
    )


def why_heating(household: Any, recognised: Whole, day: Whole, norm: Norms) -> Any:
    """The same of heating."""
    return where(recognised < household.heating, " heating_reduced", "")


def rent_numbers(household: Any, day: Whole, norm: Norms) -> tuple[Any, ...]:
    """For the numbers of the rent's lines: what decides then how much of it counts."""
    examined = no(household.appropriate) & no(protected(household, norm))
    limited, most = reduced(household, day, norm), capped(household, day, norm)
    return (
        *limit_numbers(norm.rent_limit, norm.rent_further, size(household), limited | most),
        *combined_numbers(norm.heating_limit, norm.heating_further, household, limited, norm),
        used(norm.housing_most_percent, most),
        used(
            norm.housing_waiting_limit,
            (examined & no(higher(household, day)) & no(limited)) | (limited & above_ceiling(household, day, norm)),
        ),
        used(norm.setting_waiting_scope, examined & no(waiting(household, norm)) & no(reduce_over(household, day))),
        used(norm.housing_karenz_months, examined & (household.karenz_month >= 0)),
        used(norm.housing_death_months, household.months_since_death >= 0),
    )


def heating_numbers(household: Any, day: Whole, norm: Norms) -> tuple[Any, ...]:
    """The same for heating."""
    asked = heating_reduced(household, day, norm)
    return (
        *limit_numbers(norm.heating_limit, norm.heating_further, size(household), asked),
        *combined_numbers(norm.rent_limit, norm.rent_further, household, asked, norm),
    )


def numbers_of_days(found: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """For the numbers of a line: what decides on some day, of the same numbers for each of some days."""
    return tuple(next((n for n in each_day if n is not None), None) for each_day in zip(*found, strict=True))


def deadline_of_rent(household: Any, month: Period, norm: Norms) -> tuple[Any, ...]:
    """For the numbers of the rent's lines: how the month counts in which a time ends that decides about it."""
    changes = False
    for turn in rent_turns(household):
        day = inside(turn, month)
        for rule in (reduced, capped, above_ceiling):
            changes = changes | (rule(household, day, norm) != rule(household, 0, norm))
    return (used(norm.setting_deadline_part, changes),)


def deadline_of_heating(household: Any, month: Period, norm: Norms) -> tuple[Any, ...]:
    """The same for heating."""
    day = inside(household.heating_days, month)
    changes = heating_reduced(household, day, norm) != heating_reduced(household, 0, norm)
    return (used(norm.setting_deadline_part, changes),)


@dataclass(frozen=True, slots=True)
class Cost:
    """What counts of rent or heating, a month: one amount, or where it changes inside the month several, each from its
    day on (`days`: so many of the month are over), and why (one household only)."""

    amounts: tuple[Whole, ...]
    days: tuple[Whole, ...]
    why: tuple[Any, ...]

    @property
    def first(self) -> Whole:
        """The amount on the first day."""
        return self.amounts[0]


def cost_of(_: Any, *found: Any) -> Cost:
    """For each member the household's cost: its amounts, the days of all but the first, and the reasons."""
    *values, why = found
    return Cost(tuple(values[: len(why)]), (0, *values[len(why) :]), why)


def days_of(person: Any, cost: Cost, part: Truth, month: Period) -> tuple[Whole, ...]:
    """For each amount of a cost so many days of the month: where it is a `part`, of those of the entitlement."""
    since = where(part, person.first_day - 1, 0)
    until = where(part, person.last_day, month.month_days)
    ends = (*cost.days[1:], month.month_days)
    return tuple(
        maximum(minimum(end, until) - maximum(start, since), 0) for start, end in zip(cost.days, ends, strict=True)
    )


def of_the_month(person: Any, cost: Cost, part: Truth, month: Period) -> tuple[Whole, Whole]:
    """What counts a month for the person, by all days or where it is a `part` by those of the entitlement: an amount,
    and by what it is still to be divided."""
    if len(cost.amounts) == 1:
        return cost.first, 1
    days = days_of(person, cost, part, month)
    of_days = add(person, *(amount * of for amount, of in zip(cost.amounts, days, strict=True)))
    return of_days, add(person, *days)


def told_of(person: Any, cost: Cost, part: Truth, month: Period) -> tuple[Any, dict[str, Whole]]:
    """For the explanation (one household only): why so much counts, from which days on less or more does, and the
    params of those words."""
    if len(cost.amounts) == 1 or not isinstance(cost.first, int):
        return cost.why[0], {"recognised": cost.first}
    found: list[tuple[Whole, Whole, Whole, Any]] = []
    for amount, day, days, why in zip(
        cost.amounts, cost.days, days_of(person, cost, part, month), cost.why, strict=True
    ):
        if found and found[-1][0] == amount:
            found[-1] = (amount, found[-1][1], found[-1][2] + days, found[-1][3])
        elif days > 0:
            found.append((amount, day + 1, days, why))
    (first, _, days, text), *later = found
    told = {"recognised": first}
    if later:
        text = f" cost_first{text}"
        told["first_days"] = days
    for (amount, day, days, why), name in zip(later, ("then", "at_last"), strict=False):
        text += f" cost_{name}{why}"
        told |= {f"{name}_day": day, f"{name}_days": days, name: amount}
    return text, told


def combined_numbers(
    other: Table | None, further: Number | None, household: Any, only: Truth, norm: Norms
) -> tuple[Any, ...]:
    """For the numbers of a line: whether limits are combined, and then the other one."""
    setting = used(norm.setting_combined_limit, only)
    if norm.setting_combined_limit == SEPARATE:
        return (setting,)
    return (setting, *limit_numbers(other, further, size(household), only))


def limit_numbers(table: Table | None, further: Number | None, people: Whole, only: Truth) -> tuple[Any, ...]:
    """For the numbers of a line: the row of a limit, and the amount for further people."""
    if table is None:
        return ()
    row = lookup(table, minimum(people, len(table.rows)), only=only)
    return (used(row, only), *((used(further, only & (people > len(table.rows))),) if further is not None else ()))


def share_of_rent(
    person: Any,
    chapter: Whole,
    there: Truth,
    actual: Whole,
    cost: Cost,
    parts: Whole,
    some_stay: Truth,
    guest: Truth,
    code: str,
    sections: tuple[str, str],
    numbers: tuple[Any, ...],
    month: Period,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """The member's part by heads of what counts of rent or heating; `sections` of chapters 3 and 4.

    `some_stay`: some of the household are there all month; `guest`: its adults live there rent-free.
    """
    part, child, own = in_part(person, chapter, month), guest & no(person.adult), bears(person, guest, norm)
    part_days, told = part_told(person, chapter, month, norm)
    amount, divisor = of_the_month(person, cost, part, month)
    amount, divisor = where(own, amount, 0), divisor * parts
    why, counts = told_of(person, cost, part, month)
    rounding = part_rounding(amount, divisor, person, chapter, month, norm)
    return sheet.line(
        code,
        as_part(amount, divisor, person, chapter, month, norm),
        of=shown(person, "as_home"),
        section=where(chapter == CHAPTER_4, sections[1], sections[0]),
        text=where(parts == 1, "share_all", "share") + why + where(own, part_days, " rent_free_parent"),
        numbers=(
            *numbers,
            used(norm.setting_head_split, parts > 1),
            rounded(amount, divisor, norm),
            *part_numbers(person, chapter, month, norm),
            used(norm.setting_rent_free_child, child),
            used(norm.setting_part_share, own & part & some_stay & (norm.setting_start != RATE_ONLY)),
            *rounding,
        ),
        rounding=where(amount % divisor == 0, to_cent(rounding), "cent"),
        when=person.dwelling & no(person.rent_free) & there,
        actual=actual,
        parts=parts,
        **counts,
        **told,
    )


def grown(person: Any, rent_free: bool) -> Whole:
    """1 for an adult in the dwelling who lives there rent-free, or who doesn't."""
    return where(person.adult & person.dwelling & (person.rent_free == rent_free), 1, 0)


def child_has_nothing(norm: Norms) -> bool:
    """Whether no part of rent and heating is a child's whose parents live rent-free."""
    return norm.setting_rent_free_child is not None and norm.setting_rent_free_child == CHILD_HAS_NOTHING


def bears(person: Any, guest: Truth, norm: Norms) -> Truth:
    """Whether a part of rent and heating is the member's; a setting says it of a child whose parents have none."""
    if not child_has_nothing(norm):
        return no(person.rent_free)
    return no(person.rent_free) & (person.adult | no(guest))


def lapses(norm: Norms) -> bool:
    """Whether nobody has the part of rent and heating of who is there on some days only, on the other days."""
    shared = norm.setting_part_share is not None and norm.setting_part_share == OTHERS_BEAR
    return norm.setting_start == RATE_ONLY or not shared


def for_part(person: Any, chapter: Whole, month: Period) -> Whole:
    """1 for who lives in the dwelling on some days of the month only, and has part of the need."""
    return where(person.dwelling & in_part(person, chapter, month), 1, 0)


def lacking(
    person: Any,
    chapter: Whole,
    there: Truth,
    cost: Cost,
    parts: Whole,
    guest: Truth,
    month: Period,
    norm: Norms,
) -> Whole:
    """What the member's part of rent or heating is less than it would be all month."""
    part = in_part(person, chapter, month)
    amount, divisor = of_the_month(person, cost, part, month)
    whole, days = of_the_month(person, cost, False, month)
    less = cents(whole, days * parts, norm) - as_part(amount, divisor * parts, person, chapter, month, norm)
    return where(person.dwelling & bears(person, guest, norm) & there, maximum(less, 0), 0)


def share_of_lacking(
    person: Any,
    chapter: Whole,
    missing: Whole,
    stays: Whole,
    guest: Truth,
    code: str,
    sections: tuple[str, str],
    month: Period,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """Where a setting says so: what is `missing` of those who are there on some days, for the `stays` people who are
    there all month, in equal parts."""
    people = maximum(stays, 1)
    all_month = person.dwelling & bears(person, guest, norm) & no(in_part(person, chapter, month))
    return sheet.line(
        code,
        cents(missing, people, norm),
        of=shown(person, "as_home"),
        section=where(chapter == CHAPTER_4, sections[1], sections[0]),
        text=where(people == 1, "lacking_all", "lacking"),
        numbers=(norm.setting_part_share, norm.setting_head_split, rounded(missing, people, norm)),
        rounding=where(missing % people == 0, "", "cent"),
        when=all_month & (missing > 0),
        missing=missing,
        stays=people,
    )


def difference(person: Any, chapter: Whole, residents: Whole, heating: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 42a Abs. 3: who lives with relatives without a contract: limit for all residents, less that for one fewer.

    Heating in the same proportion; chapter 4 only.
    """
    asked = person.rent_free & (chapter == CHAPTER_4) & (residents >= 2)
    one_fewer = maximum(residents - 1, 1)
    whole = limit("rent", norm.rent_limit, norm.rent_further, residents, asked)
    fewer = limit("rent", norm.rent_limit, norm.rent_further, one_fewer, asked)
    rent = maximum(whole - fewer, 0)
    warm = cents(heating * rent, maximum(whole, 1), norm)
    limits = (
        *limit_numbers(norm.rent_limit, norm.rent_further, residents, asked),
        *limit_numbers(norm.rent_limit, norm.rent_further, one_fewer, asked),
    )
    first = sheet.line(
        "DIFFERENCE", rent, of=shown(person, "as_home"), section=norm.section.difference, text="difference",
        numbers=limits, when=asked, whole=whole, fewer=fewer, residents=residents,
    )  # fmt: skip
    second = sheet.line(
        "DIFFERENCE_HEATING", warm, of=shown(person, "as_home"), section=norm.section.difference,
        text="difference_heating",
        numbers=(*limits, rounded(heating * rent, maximum(whole, 1), norm)), rounding="cent", when=asked,
        whole=whole, rent=rent, heating=heating,
    )  # fmt: skip
    return first + second


def elsewhere(person: Any, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 42a Abs. 5 und 7, § 42 Nr. 4: outside a dwelling the average warm rent is the measure (§ 45a)."""
    outside = person.special | person.other_housing | person.institution
    average = district("warm_rent", norm.warm_rent, outside)
    cost = minimum(person.accommodation, average)
    quarter = cents(average * norm.housing_special_percent, PERCENT, norm)
    more = minimum(minimum(person.accommodation - cost, person.extras), quarter)
    amount = where(person.institution, average, where(person.special, cost + more, cost))
    by_days, told = part_told(person, chapter, month, norm)
    rounding = part_rounding(amount, 1, person, chapter, month, norm)
    return sheet.line(
        "WARM_RENT",
        also_for_days(amount, person, chapter, month, norm),
        of=shown(person, "as_home"),
        section=where(
            person.institution,
            norm.section.institution_rent,
            where(person.special, norm.section.special, norm.section.other_housing),
        ),
        text=where(person.institution, "warm_institution", where(person.special, "warm_special", "warm_other"))
        + by_days,
        numbers=(
            norm.warm_rent,
            used(norm.housing_special_percent, person.special & (more > 0)),
            *also_numbers(person, chapter, month, norm),
            *rounding,
        ),
        rounding=to_cent(rounding),
        when=outside,
        actual=person.accommodation,
        average=average,
        more=more,
        **told,
    )
