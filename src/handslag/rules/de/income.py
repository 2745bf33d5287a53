"""Einkommen: §§ 82 bis 84, § 43 SGB XII and the ordinance on § 82, in the order in which it is counted."""

from datetime import date
from typing import Any

from handslag.rules.de.need import CHAPTER_4, PERCENT, cents, no, rounded, said, said_too, section_of, under_item
from handslag.rules.de.numbers import GROSS, LAST_DAY, Norms
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, maximum, minimum, shown, used, where


def came_now(income: Any) -> Truth:
    """A back-payment that came in this month: what counts of it depends on the claim (§ 82 Abs. 7)."""
    return income.back & (income.spread_part == 0)


def spread_share(income: Any, norm: Norms) -> Whole:
    """§ 82 Abs. 7 Satz 2: the part of this month, so that the parts of all months make the whole."""
    months = where(income.spread_months > 0, income.spread_months, norm.income_spread_months)
    part = income.spread_part
    share = income.gross * (part + 1) // months - income.gross * part // months
    return where(part < months, share, 0)


@versioned
def back_payments_in_order(norm: Norms) -> bool:
    """Whether back-payments that came in this month go through what is no income, deductions and allowances: no."""
    return False


@back_payments_in_order.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§ 82 Abs. 1 bis 4 und 7 SGB XII: what is no income is none when it comes for earlier months either, and "
    "what is free of an income is free of its back-payment in each month in which it counts",
)
def back_payments_in_order_too(norm: Norms) -> bool:
    """As every income, before it is asked whether they would end the claim."""
    return True


@versioned
def pension_has_allowance(income: Any, norm: Norms) -> Truth:
    """Whether something is free of a pension: not of a back-payment."""
    return no(income.back)


@pension_has_allowance.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§ 82 Abs. 4 und 7, § 82a SGB XII: the allowance is for a month's income from such a pension, and a "
    "back-payment is that in each month in which it counts",
)
def pension_always_has_allowance(income: Any, norm: Norms) -> Truth:
    """Of that too."""
    return True


def in_this_month(income: Any, ends: Truth, counted: bool, norm: Norms) -> Whole:
    """§ 82 Abs. 5 Satz 3 und Abs. 7: what counts for this month of money that came for several.

    A back-payment that came in this month, where it is `counted`: whole, or its first part where whole it `ends` the
    claim.
    """
    combined = income.covers_months > 1
    by_month = where(combined, cents(income.gross, income.covers_months, norm), income.gross)
    came = where(ends, spread_share(income, norm), income.gross) if counted else 0
    return where(came_now(income), came, where(income.back, spread_share(income, norm), by_month))


def is_student(income: Any, age: Whole, norm: Norms) -> Truth:
    """§ 82 Abs. 1 Satz 2 Nr. 7: in training or voluntary service, from 15 and below 25."""
    young = (age >= norm.income_student_age) & (age < norm.income_volunteer_age)
    return young & (income.student | income.volunteer)


def age_for_income(person: Any, norm: Norms) -> Whole:
    """Whole years by which it is asked whether income is that of a young person (`setting.income_age`)."""
    return person.age_later if norm.setting_income_age == LAST_DAY else person.age


def other_age(person: Any, norm: Norms) -> Whole:
    """The age that another choice would ask."""
    return person.age if norm.setting_income_age == LAST_DAY else person.age_later


def is_volunteer(income: Any, age: Whole, norm: Norms) -> Truth:
    """§ 82 Abs. 2 Satz 2: pocket money of voluntary service, from 25."""
    return income.volunteer & (age >= norm.income_volunteer_age)


def is_earned(income: Any, age: Whole, norm: Norms) -> Truth:
    """Income that the allowance on earnings is computed on."""
    return income.earnings | income.student | (income.volunteer & no(is_volunteer(income, age, norm)))


def free_pocket_money(income: Any, amount: Whole, age: Whole, norm: Norms) -> Whole:
    """§ 82 Abs. 1 Satz 2 Nr. 7, Satz 4: what of pocket money of voluntary service below 25 is no income."""
    young = is_student(income, age, norm) & income.volunteer
    return where(young, minimum(amount, norm.income_minijob), 0)


@versioned
def student_limit(income: Any, pocket: Whole, norm: Norms) -> Whole:
    """§ 82 Abs. 1 Satz 2 Nr. 7: up to what this income is free: the whole amount, whatever else is."""
    return norm.income_minijob


@student_limit.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 30),
    because="§ 82 Abs. 1 Satz 2 Nr. 7 und Satz 4 SGB XII: one amount a month for all earnings, pocket money of "
    "voluntary service among them",
)
def student_limit_of_all(income: Any, pocket: Whole, norm: Norms) -> Whole:
    """What the pocket money that is free (`pocket`) leaves of the one amount. It comes first: nothing can be
    deducted from it that the work beside training couldn't bear."""
    return norm.income_minijob - where(income.student, pocket, 0)


def not_income(income: Any, amount: Whole, chapter: Whole, age: Whole, pocket: Whole, norm: Norms) -> Whole:
    """§ 82 Abs. 1 Satz 2, §§ 83, 84, § 43 Abs. 2 und 5: the part of this month's `amount` that is no income.

    `pocket`: of the member's pocket money what is none.
    """
    free = where(is_student(income, age, norm), student_limit(income, pocket, norm), 0)
    free = where(income.honorary, maximum(norm.income_honorary - income.before, 0), free)
    free = where(income.capital & (chapter == CHAPTER_4), maximum(norm.income_capital - income.before, 0), free)
    free = where(income.exempt | (income.presumed & (chapter == CHAPTER_4)), amount, free)
    return minimum(amount, free)


@versioned
def presumed_apart(income: Any, net: Whole, norm: Norms) -> Whole:
    """What of an income is presumed to come from the household and counts only last, for the own need: nothing, it
    counts as any other."""
    return net * 0


@presumed_apart.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 6),
    because="§ 39 Satz 1, § 43 Abs. 5 SGB XII: it is presumed that the need of who asks is covered; what is more is no "
    "means for others, least of all for a member under chapter 4",
)
def presumed_apart_for_the_own_need(income: Any, net: Whole, norm: Norms) -> Whole:
    """All of it."""
    return where(income.presumed, net, 0)


@versioned
def has_equipment(income: Any, norm: Norms) -> Truth:
    """Whether the lump sum for equipment is deducted: from each income for which it is asked."""
    return income.equipment


_ONE_A_MONTH = "§ 3 Abs. 5 und 7 of the ordinance on § 82 SGB XII: one amount a month for a person"


@has_equipment.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_ONE_A_MONTH)
def has_equipment_once(income: Any, norm: Norms) -> Truth:
    """From one of a person's incomes."""
    return income.equipment_once


@versioned
def second_household_most(income: Any, norm: Norms) -> Whole:
    """Up to what a second household is deducted: the limit, for each income."""
    return norm.income_second_household


@second_household_most.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_ONE_A_MONTH)
def second_household_left(income: Any, norm: Norms) -> Whole:
    """What the person's incomes before this one leave of the limit."""
    return maximum(norm.income_second_household - income.second_before, 0)


@versioned
def by_what_is_left(norm: Norms) -> bool:
    """Whether equipment and a second household are deducted by what each income has left: no, by what is asked."""
    return False


@by_what_is_left.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§ 82 Abs. 2 Satz 1 Nr. 4 SGB XII, § 3 Abs. 5 und 7 of its ordinance: the one amount a month is used up by "
    "what is deducted of it, and an income that has nothing left bears nothing",
)
def by_what_is_left_too(norm: Norms) -> bool:
    """By what each has left."""
    return True


def own_expenses(income: Any, norm: Norms) -> Whole:
    """§ 82 Abs. 2 Satz 1 Nr. 4, § 3 of the ordinance: ticket or car, and others, of this income alone."""
    return minimum(income.car_km, norm.income_car_most) * norm.income_car_km + income.costs


def room_for_shared(income: Any, rest: Whole, age: Whole, norm: Norms) -> Whole:
    """What an income has left for expenses that are one for all of them; pocket money has an amount of its own."""
    return where(is_volunteer(income, age, norm), 0, maximum(rest - own_expenses(income, norm), 0))


def equipment_wanted(income: Any, room: Whole, norm: Norms) -> Whole:
    """Of the lump sum for equipment what this income could bear."""
    return where(income.equipment, minimum(room, norm.income_equipment), 0)


def second_wanted(income: Any, room: Whole, equipment: Whole, norm: Norms) -> Whole:
    """Of a second household what this income could bear beside the `equipment`."""
    return minimum(income.second_household, room - equipment)


def left_of(_: Any, wanted: Whole, before: Whole, most: Whole) -> Whole:
    """What a person's incomes before this one leave of an amount that is one a month."""
    return minimum(wanted, maximum(most - before, 0))


def before_costs(
    income: Any,
    amount: Whole,
    chapter: Whole,
    age: Whole,
    pocket: Whole,
    other: Whole,
    ends: Truth,
    others: Truth,
    counted: bool,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """One income's `amount` of this month, less what is no income, taxes, contributions and insurance; never below 0.

    `other`: the age that another choice of the setting would ask.
    `ends`, `others`, `counted`: of a back-payment that came in this month (`in_this_month`, `back_payment`).
    """
    plain = shown(income, "as_deduction")
    spread = income.back & no(came_now(income))
    combined = income.covers_months > 1
    student = is_student(income, age, norm)
    limit_left = student_limit(income, pocket, norm)
    shared = student & (limit_left < norm.income_minijob)
    pocket_money = {"pocket": pocket} if shared is True else {}
    limits = (
        used(norm.income_minijob, student),
        used(norm.income_honorary, income.honorary),
        used(norm.income_capital, income.capital & (chapter == CHAPTER_4)),
        used(norm.setting_income_age, student != is_student(income, other, norm)),
    )
    sheet.line(
        "INCOME",
        amount,
        of=income,
        section=where(
            spread, norm.section.spread, where(combined, norm.section.combined_pension, section_of(income, norm))
        ),
        text=where(spread, "income_spread", where(combined, "income_combined", said_too("income", norm)))
        + where(shared, " limit_of_pocket_money", ""),
        numbers=(
            used(norm.income_spread_months, spread & (income.spread_months < 0)),
            used(norm.setting_rounding, combined & (income.gross % income.covers_months != 0)),
            *limits,
        ),
        rounding=where(combined, "cent", ""),
        when=no(came_now(income)),
        part=income.spread_part + 1,
        months=where(income.spread_months > 0, income.spread_months, norm.income_spread_months),
        covers=income.covers_months,
        **pocket_money,
    )
    if counted:
        back_payment(income, ends, others, norm, sheet, limits[-1:])
    free = not_income(income, amount, chapter, age, pocket, norm)
    sheet.line(
        "NOT_INCOME",
        -free,
        of=under_item(plain, where(income.honorary, "freibetrag_82_1_8", ""), norm),
        section=where(
            student,
            norm.section.student,
            where(
                income.honorary,
                norm.section.honorary,
                where(
                    income.capital,
                    norm.section.capital,
                    where(income.presumed, norm.section.not_presumed, section_of(income, norm)),
                ),
            ),
        ),
        text=where(
            student,
            "free_student",
            where(
                income.honorary,
                "free_year",
                where(income.capital, "free_year", where(income.presumed, "free_presumed", "free_all")),
            ),
        ),
        numbers=limits,
        when=free > 0,
        before=income.before,
        limit=where(income.honorary, norm.income_honorary, norm.income_capital),
    )
    rest = amount - free
    tax = minimum(income.tax, rest)
    sheet.line("TAX", -tax, of=plain, section=norm.section.tax, text=said("tax", norm), when=tax > 0)
    rest = rest - tax
    # in place of the following the pocket money has an amount of its own (§ 82 Abs. 2 Satz 2)
    pocket = is_volunteer(income, age, norm)
    social = where(pocket, 0, minimum(income.social, rest))
    sheet.line("SOCIAL", -social, of=plain, section=norm.section.social, text=said("social", norm), when=social > 0)
    rest = rest - social
    insurance = where(pocket, 0, minimum(income.insurance, rest))
    sheet.line(
        "INSURANCE",
        -insurance,
        of=plain,
        section=norm.section.insurances,
        text=said("insurance", norm),
        when=insurance > 0,
    )
    return rest - insurance


def net_income(
    income: Any,
    amount: Whole,
    chapter: Whole,
    age: Whole,
    pocket: Whole,
    other: Whole,
    ends: Truth,
    others: Truth,
    equipment: Whole,
    second: Whole,
    counted: bool,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """The same, less the expenses; `equipment`, `second`: of those that are one for all of a person's incomes."""
    rest = before_costs(income, amount, chapter, age, pocket, other, ends, others, counted, norm, sheet)
    expenses = own_expenses(income, norm) + equipment + second
    costs = where(is_volunteer(income, age, norm), 0, minimum(expenses, rest))
    sheet.line(
        "COSTS",
        -costs,
        of=shown(income, "as_deduction"),
        section=norm.section.costs,
        text=said_too("costs", norm),
        numbers=(
            used(norm.income_equipment, equipment > 0),
            used(norm.income_car_km, income.car_km > 0),
            used(norm.income_car_most, income.car_km > norm.income_car_most),
            used(norm.income_second_household, income.second_household > second),
        ),
        when=costs > 0,
        km=minimum(income.car_km, norm.income_car_most),
    )
    return rest - costs


def back_payment(income: Any, ends: Truth, others: Truth, norm: Norms, sheet: Any, more: tuple[Any, ...] = ()) -> Whole:
    """§ 82 Abs. 7: a back-payment of this month: whole, or its first part where whole it would end the claim.

    `others`: whether it could be another claim than the person's own that ends; `more`: further numbers of the line.
    """
    now = came_now(income)
    amount = where(now, where(ends, spread_share(income, norm), income.gross), 0)
    return sheet.line(
        "BACK_PAYMENT", amount, of=income, section=norm.section.spread,
        text=where(ends, "back_spread", "back_whole"),
        numbers=(
            used(norm.income_spread_months, ends & (income.spread_months < 0)), used(norm.setting_spread_claim, others),
            *more,
        ),
        when=now,
        months=where(income.spread_months > 0, income.spread_months, norm.income_spread_months),
    )  # fmt: skip


# Freibeträge: each on its own kind of income, each with its own limit


@versioned
def says_what_is_left(norm: Norms) -> bool:
    """Whether the sheet says that no more stays free than an income has left: no."""
    return False


@says_what_is_left.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="a line says by which numbers it comes to its amount",
)
def says_what_is_left_too(norm: Norms) -> bool:
    """Yes."""
    return True


def left_told(whole: Whole, net: Whole, norm: Norms) -> tuple[str, dict[str, Whole]]:
    """For the explanation of an allowance (one household only): that of `whole` only what is left (`net`) is free."""
    if says_what_is_left(norm) and (whole > net) is True:
        return " free_net", {"net": net}
    return "", {}


def volunteer_allowance(person: Any, pocket: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 82 Abs. 2 Satz 2: pocket money of voluntary service, up to the amount."""
    free = minimum(pocket, norm.income_volunteer)
    sheet.line(
        "FREE_VOLUNTEER", -free, of=under_item(person, "freibetrag_82_2", norm), section=norm.section.volunteer,
        text="free_volunteer", numbers=(norm.income_volunteer,), when=free > 0,
    )  # fmt: skip
    return free


def earnings_allowance(person: Any, gross: Whole, net: Whole, taken: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 82 Abs. 3 Satz 1, Abs. 6: a percentage of earnings before deductions, at most a part of level 1.

    What § 82 Abs. 2 Satz 2 left free (`taken`) uses up the limit.
    """
    percent = where(person.care, norm.income_care_percent, norm.income_earnings_percent)
    most_percent = where(person.care, norm.income_care_most, norm.income_earnings_most)
    most = maximum(cents(norm.regelbedarf_1 * most_percent, PERCENT, norm) - taken, 0)
    by_percent = cents(gross * percent, PERCENT, norm)
    free = minimum(minimum(by_percent, most), net)
    limited = (by_percent > most) & (net > most)
    less, told = left_told(minimum(by_percent, most), net, norm)
    sheet.line(
        "FREE_EARNINGS",
        -free,
        of=under_item(person, where(person.care, "freibetrag_82_6", "freibetrag_82_3"), norm),
        section=where(person.care, norm.section.care, norm.section.earnings),
        text=where(limited, "free_percent free_most", "free_percent") + less,
        numbers=(
            percent,
            used(most_percent, limited),
            used(norm.regelbedarf_1, limited),
            used(norm.setting_rounding, (gross * percent) % PERCENT != 0),
        ),
        rounding="cent",
        when=free > 0,
        percent=percent,
        base=gross,
        most=most,
        **told,
    )
    return free


def workshop_allowance(person: Any, gross: Whole, net: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 82 Abs. 3 Satz 2: an eighth of level 1, and half of the pay above it."""
    eighth = cents(norm.regelbedarf_1, norm.income_workshop_part, norm)
    above = maximum(gross - eighth, 0)
    whole = minimum(gross, eighth) + cents(above * norm.income_workshop_percent, PERCENT, norm)
    free = minimum(whole, net)
    less, told = left_told(whole, net, norm)
    sheet.line(
        "FREE_WORKSHOP", -free, of=under_item(person, "freibetrag_82_3", norm), section=norm.section.workshop,
        text="free_workshop" + less,
        numbers=(
            norm.regelbedarf_1, norm.income_workshop_part, used(norm.income_workshop_percent, above > 0),
            norm.setting_rounding,
        ),
        rounding="cent", when=free > 0, eighth=eighth, percent=norm.income_workshop_percent, **told,
    )  # fmt: skip
    return free


def pension_allowance(
    code: str,
    item: str,
    person: Any,
    base: Whole,
    net: Whole,
    first: Whole,
    percent: Whole,
    most_percent: Whole,
    norm: Norms,
    sheet: Any,
    *,
    section: str,
    when: Truth,
    numbers: tuple[Any, ...] = (),
) -> Whole:
    """§ 82 Abs. 4, § 82a: a first amount and a percentage of what lies above it, at most a part of level 1."""
    most = cents(norm.regelbedarf_1 * most_percent, PERCENT, norm)
    above = maximum(base - first, 0)
    whole = minimum(base, first) + cents(above * percent, PERCENT, norm)
    free = where(when, minimum(minimum(whole, most), net), 0)
    limited = (whole > most) & (net > most)
    less, told = left_told(minimum(whole, most), net, norm)
    sheet.line(
        code,
        -free,
        of=under_item(person, item, norm),
        section=section,
        text=where(limited, "free_pension free_most", "free_pension") + less,
        numbers=(
            first,
            percent,
            used(most_percent, limited),
            used(norm.regelbedarf_1, limited),
            rounded(above * percent, PERCENT, norm),
            *numbers,
        ),
        rounding="cent",
        when=free > 0,
        first=first,
        percent=percent,
        base=base,
        most=most,
        **told,
    )
    return free


def additional_allowance(person: Any, base: Whole, net: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 82 Abs. 4: occupational and other additional pensions."""
    return pension_allowance(
        "FREE_PENSION", "freibetrag_82_4", person, base, net,
        norm.income_pension_free, norm.income_pension_percent, norm.income_pension_most, norm, sheet,
        section=norm.section.pension, when=True,
    )  # fmt: skip


def grundrente_allowance(person: Any, gross: Whole, net: Whole, norm: Norms, sheet: Any) -> Whole:
    """§ 82a: the statutory pension of who has 33 years of Grundrentenzeiten."""
    return pension_allowance(
        "FREE_GRUNDRENTE", "freibetrag_82a", person, gross if norm.setting_grundrente_base == GROSS else net, net,
        norm.income_grundrente_free, norm.income_grundrente_percent, norm.income_grundrente_most, norm, sheet,
        section=norm.section.grundrente, when=person.grundrente, numbers=(norm.setting_grundrente_base,),
    )  # fmt: skip
