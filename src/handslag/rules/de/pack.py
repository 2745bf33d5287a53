"""Hilfe zum Lebensunterhalt and Grundsicherung for one household and one month. Read from top to bottom: the sheet."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from handslag.rules.calculation import closed, holding
from handslag.rules.de import housing as home
from handslag.rules.de import income as inc
from handslag.rules.de import need, payment
from handslag.rules.de.community import Assets, Needs, Settled, assets_of, settle
from handslag.rules.de.facts import AMOUNTS, Facts
from handslag.rules.de.numbers import LOCAL, OF_THE_UNIT, Norms, accept, norms_for, open_choices
from handslag.rules.de.rows import Household, Period
from handslag.rules.local import SETTING
from handslag.rules.norms import Amendment, Norm
from handslag.rules.sheet import Sheet, Worksheet
from handslag.rules.words import (
    Truth,
    Whole,
    all_of,
    by_member,
    each,
    minimum,
    of_member,
    running,
    running_by_rank,
    spread,
    total,
    where,
)

__all__ = [
    "AMOUNTS", "COUNTRY", "CURRENCY", "LANGUAGE", "LOCAL", "LOCALE", "PACK", "RULE_VERSION", "TOTALS", "WHOLE_UNITS",
    "Facts", "accept", "calculate", "norms_for", "norms_of", "open_choices", "write",
]  # fmt: skip

PACK: Final = "de"
COUNTRY: Final = "DE"
RULE_VERSION: Final = "de-2025.1"
CURRENCY: Final = "EUR"
LANGUAGE: Final = "de"
LOCALE: Final = "de"
WHOLE_UNITS: Final = "Euro"
TOTALS: Final = (
    "Need",
    "Income",
    "Means",
    "OneOffNeed",
    "GSiAE",
    "HLU",
    "Education",
    "Supplement",
    "Claim",
    "AssetsLoan",
    "Arrears",
    "Withheld",
    "Adjustment",
    "Payment",
    "Direct",
)
"""Need, what is used for it, claims by chapter (with their part for education), and what is paid."""


def write(household: Any, month: Period, norm: Norms, sheet: Any) -> None:
    """The calculation, for one household (Worksheet) or for a population (Columns)."""
    members = household.members
    chapters = each(members, need.chapter_of, norm)
    levels = each(members, need.levels_of, month, norm, along=(each(members, need.own_level, norm), chapters))
    bases = each(members, need.own_level_of_month, norm, along=(levels,))

    # A Bedarf: §§ 27a bis 35, 42, 42a, 42b
    needs, housing = write_needs(household, chapters, levels, bases, month, norm, sheet)

    assets = assets_of(household, norm)
    at_once = Assets(
        own=each(
            members,
            lambda _, own, now: where(now, own, 0),
            along=(assets.own, spread(members, household.assets_usable)),
        ),
        adults=where(household.assets_usable, assets.adults, 0),
        all=assets.all,
    )

    def settled_with(usable: Any, child_benefits: Any, presumed: Any) -> Settled:
        return settle(household, chapters, needs, usable, child_benefits, presumed, at_once, norm)

    # B Einkommen: §§ 82 bis 84, 43; a back-payment that would end the claim is spread (§ 82 Abs. 7)
    if inc.back_payments_in_order(norm):
        ends, others = ended(household, chapters, settled_with, norm, type(sheet)())
        usable, child_benefits, presumed = write_incomes(household, chapters, ends, others, True, norm, sheet)
    else:
        none = nobodys(household)
        usable, child_benefits, presumed = write_incomes(household, chapters, *none, False, norm, sheet)
        usable = write_back_payments(household, usable, child_benefits, presumed, settled_with, norm, sheet)

    # C Einsatz in der Gemeinschaft: §§ 27, 43, 90
    settled = settled_with(usable, child_benefits, presumed)
    each(members, payment.presumed_over, norm, sheet, along=(presumed, settled.presumed))
    each(members, payment.moved_out, norm, sheet, along=(child_benefits, settled.child_benefit))
    each(members, payment.moved_in, norm, sheet, along=(settled.moved,))
    each(members, payment.borne_lines, norm, sheet, along=(settled.borne,))
    each(members, payment.received_line, norm, sheet, along=(settled.received, chapters))
    each(members, payment.assets_line, norm, sheet, along=(settled.assets, settled.divided))

    # D Anspruch: §§ 19, 43a, 31, 145
    each(
        members, payment.claim_lines, norm, sheet,
        along=(
            chapters, settled.claim_4, settled.claim_3, settled.whole, settled.means, settled.received, settled.assets,
        ),
    )  # fmt: skip
    each(members, payment.one_off_line, norm, sheet, along=(settled.one_off, chapters))
    supplement = each(members, payment.supplement, month, norm, sheet, along=(settled.supplemented,))
    for_4 = each(
        members, lambda _, claim, one_off, chapter: claim + where(chapter == need.CHAPTER_4, one_off, 0),
        along=(settled.claim_4, settled.one_off, chapters),
    )  # fmt: skip
    for_3 = each(
        members, lambda _, claim, one_off, chapter: claim + where(chapter == need.CHAPTER_4, 0, one_off),
        along=(settled.claim_3, settled.one_off, chapters),
    )  # fmt: skip
    gsiae, hlu, supplements = total(members, for_4), total(members, for_3), total(members, supplement)
    loan = where(household.assets_usable, 0, minimum(assets.all, gsiae + hlu))
    sheet.line(
        "ASSETS_LOAN", loan, of=household, section=norm.section.assets_loan, text="assets_loan", when=loan > 0,
        over=assets.all,
    )  # fmt: skip

    # E Aufrechnung, F Zahlungen: §§ 26, 37, 37a, 43a, 44b, 32a, 35a
    running_claim = each(members, need.add, along=(settled.claim_4, settled.claim_3))
    education = each(members, lambda _, a, b: minimum(a, b), along=(running_claim, needs.education))
    arrears = each(members, payment.arrears_line, norm, sheet)
    withheld = write_debts(
        household, each(members, lambda _, a, b: a - b, along=(running_claim, education)), levels, bases, norm, sheet
    )
    to_pay = each(
        members, lambda _, claim, one_off, arrears, less: claim + one_off + arrears - less,
        along=(running_claim, settled.one_off, arrears, withheld),
    )  # fmt: skip
    direct = write_payments(household, to_pay, needs, housing, education, norm, sheet)
    each(
        members, lambda p, to_pay, more, direct: payment.client_line(p, to_pay + more - direct, norm, sheet),
        along=(to_pay, supplement, direct),
    )  # fmt: skip

    granted = gsiae + hlu + supplements
    sheet.total(
        Need=total(members, each(members, lambda _, a, b, c, d, e: a + b + c + d - e, along=(
            needs.base, needs.education, needs.further, needs.contributions, settled.borne))),
        Income=total(members, settled.means),
        Means=-total(members, settled.received) - total(members, settled.assets),
        OneOffNeed=total(members, needs.one_off),
        GSiAE=gsiae,
        HLU=hlu,
        Education=total(members, education),
        Supplement=supplements,
        Claim=granted,
        AssetsLoan=loan,
        Arrears=total(members, arrears),
        Withheld=total(members, withheld),
        Adjustment=total(members, arrears) - total(members, withheld),
        Payment=total(members, to_pay) + supplements,
        Direct=total(members, direct),
        granted=granted,
        surplus=where(granted > 0, 0, settled.left),
    )  # fmt: skip


def write_needs(
    household: Any, chapters: Any, levels: Any, bases: Any, month: Period, norm: Norms, sheet: Any
) -> tuple[Needs, Any]:
    """Everybody's needs, and what of them is for housing."""
    members = household.members
    rates = each(members, need.standard_rate, month, norm, sheet, along=(levels, chapters))
    along = (bases, chapters)

    # § 30 Abs. 1 bis 5, § 42b Abs. 3, together at most the own level: § 30 Abs. 6
    mark = each(members, need.mark_g, month, norm, sheet, along=along)
    pregnant = each(members, need.pregnant, month, norm, sheet, along=along)
    lone = write_lone_parent(household, chapters, month, norm, sheet)
    school = each(members, need.school_help, month, norm, sheet, along=along)
    amounts = each(
        household.needs, need.own_need, month, norm, sheet, along=(of_member(household.needs, chapters, members),)
    )

    def own_needs(kind: str) -> Any:
        chosen = each(household.needs, lambda n, amount: where(getattr(n, kind), amount, 0), along=(amounts,))
        return by_member(household.needs, chosen, members)

    capped = each(members, need.add, along=(mark, pregnant, lone, school, own_needs("capped")))
    cap = each(members, need.cap, month, norm, sheet, along=(bases, chapters, capped))

    # § 30 Abs. 7 bis 10
    decentral = spread(members, household.decentral)
    water = each(members, need.hot_water, month, norm, sheet, along=(bases, levels, chapters, decentral))
    lunch = each(members, need.workshop_lunch, norm, sheet)

    # §§ 35, 42a
    housing = write_housing(household, chapters, month, norm, sheet)
    further = each(members, need.further_need, month, norm, sheet, along=(chapters,))

    # § 34
    lump_sums = each(members, need.education, month, norm, sheet, along=(chapters,))
    return Needs(
        base=each(members, need.add, along=(rates, capped, cap, water, lunch, housing, own_needs("running"))),
        education=each(members, need.add, along=(lump_sums, own_needs("education"))),
        further=further,
        contributions=own_needs("insurance"),
        one_off=own_needs("one_off"),
    ), housing


def write_lone_parent(household: Any, chapters: Any, month: Period, norm: Norms, sheet: Any) -> Any:
    """§ 30 Abs. 3: the extra need of a lone parent, by the children with it."""
    members = household.members
    parent = spread(members, total(members, each(members, lambda p: where(p.adult, need.place(p), 0))))
    days = spread(members, total(members, each(members, lambda p: where(p.adult, p.days, 0))))

    def below(years: int, last_day: bool, part: bool, day: int | None = None) -> Any:
        with_parent = each(members, need.younger, years, last_day, part, day, norm, along=(parent, days))
        return spread(members, total(members, with_parent))

    def percent(last_day: bool, part: bool) -> Any:
        counted = (below(7, last_day, part), below(16, last_day, part), below(18, need.by_last_day(norm), part))
        return each(
            members, lambda _, seven, sixteen, all_: need.lone_percent(seven, sixteen, all_, norm)[2], along=counted
        )

    def of_days(last_day: bool) -> Any:
        sums = below(0, last_day, True)
        for day in range(1, month.month_days + 1):
            along = (sums, *(below(years, last_day, True, day) for years in (7, 16, 18)))
            sums = each(members, need.percent_on, day, norm, along=along)
        return sums

    last_day, part = need.by_last_day(norm), need.counts_for_part(norm)
    below_7, below_16, children = (below(years, last_day, part) for years in (7, 16, 18))
    other = other_part = of_all_days = other_of_days = children
    if need.counts_by_days(norm):
        of_all_days = other_of_days = of_days(last_day)
        if sheet.explains:
            other_of_days = of_days(not last_day)
    if sheet.explains:
        other, other_part = percent(not last_day, part), percent(last_day, not part)
    along = (chapters, below_7, below_16, children, other, other_part, of_all_days, other_of_days)
    return each(members, need.lone_parent, month, norm, sheet, along=along)


def write_housing(household: Any, chapters: Any, month: Period, norm: Norms, sheet: Any) -> Any:
    """Housing and heating of each member."""
    members = household.members
    parts = spread(members, home.shares(household, norm))
    there = spread(members, household.has_housing)
    guests = none = each(members, lambda p: p.adult & False)
    some_days = 0
    if home.child_has_nothing(norm) or sheet.explains:
        free, paying = (total(members, each(members, home.grown, rent_free)) for rent_free in (True, False))
        guests = spread(members, (free > 0) & (paying == 0))
    if sheet.explains or not home.lapses(norm):
        some_days = total(members, each(members, home.for_part, month, along=(chapters,)))
    some_stay = spread(members, household.heads > some_days) if sheet.explains else none

    section, undivided = norm.section, home.undivided_numbers(household, norm)

    def share(
        code: str, actual: Whole, counts: Any, why: Any, numbers: Any, deadline: Any, turns: Any,
        sections: tuple[str, str],
    ) -> Any:  # fmt: skip
        days = (0, *(home.inside(day, month) for day in turns)) if home.by_days(norm) else (0,)
        amounts = [counts(household, day, norm) for day in days]
        whys = tuple(why(household, amount, day, norm) for amount, day in zip(amounts, days, strict=True))
        numbers = home.numbers_of_days([numbers(household, day, norm) for day in days])
        if sheet.explains:
            numbers += deadline(household, month, norm)
        cost = tuple(spread(members, value) for value in (*amounts, *turns[: len(days) - 1]))
        costs = each(members, home.cost_of, whys, along=cost)
        own = each(
            members, home.share_of_rent, code, sections, (*numbers, *undivided), month, norm, sheet,
            along=(chapters, there, spread(members, actual), costs, parts, some_stay, guests),
        )  # fmt: skip
        return own, costs

    def others(code: str, own: Any, costs: Any, sections: tuple[str, str]) -> Any:
        if home.lapses(norm):
            return own
        lacking = each(members, home.lacking, month, norm, along=(chapters, there, costs, parts, guests))
        stay = spread(members, home.shares(household, norm) - some_days)
        along = (chapters, spread(members, total(members, lacking)), stay, guests)
        more = each(members, home.share_of_lacking, code, sections, month, norm, sheet, along=along)
        return each(members, need.add, along=(own, more))

    rent, costs = share(
        "RENT", household.rent, home.recognised_rent, home.why_rent, home.rent_numbers, home.deadline_of_rent,
        home.rent_turns(household), (section.rent, section.rent4),
    )  # fmt: skip
    rent = others("RENT_OTHERS", rent, costs, (section.rent, section.rent4))
    warm, costs = share(
        "HEATING", household.heating, home.recognised_heating, home.why_heating, home.heating_numbers,
        home.deadline_of_heating, (household.heating_days,), (section.heating, section.heating),
    )  # fmt: skip
    warm = others("HEATING_OTHERS", warm, costs, (section.heating, section.heating))
    relatives = (chapters, spread(members, household.residents), spread(members, household.heating))
    difference = each(members, home.difference, norm, sheet, along=relatives)
    elsewhere = each(members, home.elsewhere, month, norm, sheet, along=(chapters,))
    return each(members, need.add, along=(rent, warm, difference, elsewhere))


def write_incomes(
    household: Any, chapters: Any, ends: Any, others: Any, counted: bool, norm: Norms, sheet: Any
) -> tuple[Any, Any, Any]:
    """Income of each member after allowances, and apart from it Kindergeld of children and what is presumed to come
    from the household; back-payments that came in this month are among them where `counted`, in parts for members whose
    claim they would end (`ends`)."""
    members, incomes = household.members, household.incomes
    ages = of_member(incomes, each(members, inc.age_for_income, norm), members)
    other_ages = of_member(incomes, each(members, inc.other_age, norm), members)
    adults = of_member(incomes, each(members, lambda p: p.adult), members)
    chapter = of_member(incomes, chapters, members)
    ends, others = of_member(incomes, ends, members), of_member(incomes, others, members)
    amounts = each(incomes, inc.in_this_month, counted, norm, along=(ends,))
    pocket_money = by_member(incomes, each(incomes, inc.free_pocket_money, norm, along=(amounts, ages)), members)
    along = (amounts, chapter, ages, of_member(incomes, pocket_money, members))
    said_of = (*along, other_ages, ends, others)
    shared = shared_expenses(household, said_of, ages, counted, norm, type(sheet)())
    net = each(incomes, inc.net_income, counted, norm, sheet, along=(*said_of, *shared))
    gross = each(
        incomes,
        lambda i, amount, chapter, age, pocket: amount - inc.not_income(i, amount, chapter, age, pocket, norm),
        along=along,
    )

    def of(kind: Any, amounts: Any) -> Any:
        chosen = each(incomes, lambda i, amount, age: where(kind(i, age), amount, 0), along=(amounts, ages))
        return by_member(incomes, chosen, members)

    def pocket(income: Any, age: Whole) -> Truth:
        return inc.is_volunteer(income, age, norm)

    def earned(income: Any, age: Whole) -> Truth:
        return inc.is_earned(income, age, norm)

    def workshop(income: Any, _: Whole) -> Truth:
        return income.workshop

    def additional(income: Any, _: Whole) -> Truth:
        return income.additional & inc.pension_has_allowance(income, norm)

    def statutory(income: Any, _: Whole) -> Truth:
        return income.statutory & inc.pension_has_allowance(income, norm)

    volunteer = each(members, inc.volunteer_allowance, norm, sheet, along=(of(pocket, net),))
    earnings = each(members, inc.earnings_allowance, norm, sheet, along=(of(earned, gross), of(earned, net), volunteer))
    work = each(members, inc.workshop_allowance, norm, sheet, along=(of(workshop, gross), of(workshop, net)))
    pension = each(members, inc.additional_allowance, norm, sheet, along=(of(additional, gross), of(additional, net)))
    basic = each(members, inc.grundrente_allowance, norm, sheet, along=(of(statutory, gross), of(statutory, net)))
    child_benefit = each(
        incomes, lambda i, amount, adult: where(i.child_benefit & need.no(adult), amount, 0), along=(net, adults)
    )
    child_benefits = by_member(incomes, child_benefit, members)
    free = each(members, need.add, along=(volunteer, earnings, work, pension, basic))
    presumed = by_member(incomes, each(incomes, inc.presumed_apart, norm, along=(net,)), members)
    usable = each(
        members, lambda _, net, free, benefit, presumed: net - free - benefit - presumed,
        along=(by_member(incomes, net, members), free, child_benefits, presumed),
    )  # fmt: skip
    return usable, child_benefits, presumed


def shared_expenses(household: Any, said_of: Any, ages: Any, counted: bool, norm: Norms, aside: Any) -> tuple[Any, Any]:
    """For each income what it bears of equipment and of a second household, which are one for all of a person's.

    `said_of`: what each income is worked out from; `aside`: a sheet that isn't shown.
    """
    members, incomes = household.members, household.incomes
    if not inc.by_what_is_left(norm) or all_of(
        each(incomes, lambda i: need.no(i.equipment | (i.second_household > 0)))
    ):
        return (
            each(incomes, lambda i: where(inc.has_equipment(i, norm), norm.income_equipment, 0)),
            each(incomes, lambda i: minimum(i.second_household, inc.second_household_most(i, norm))),
        )
    rest = each(incomes, inc.before_costs, counted, norm, aside, along=said_of)
    room = each(incomes, inc.room_for_shared, norm, along=(rest, ages))

    def left_of(wanted: Any, most: Whole) -> Any:
        return each(incomes, inc.left_of, most, along=(wanted, running_by_rank(incomes, wanted, members)))

    equipment = left_of(each(incomes, inc.equipment_wanted, norm, along=(room,)), norm.income_equipment)
    second = each(incomes, inc.second_wanted, norm, along=(room, equipment))
    return equipment, left_of(second, norm.income_second_household)


def nobodys(household: Any) -> tuple[Any, Any]:
    """For each member: no claim that ends, and no other one that could."""
    none = each(household.members, lambda p: p.adult & False)
    return none, none


def open_to_choice(household: Any, claims: Any) -> Any:
    """For each member whether it could be another claim than the person's own that a back-payment must end."""
    members = household.members
    of_all = spread(members, total(members, claims))
    return each(members, lambda p, claim, of_all: p.institution | (of_all > claim), along=(claims, of_all))


def claims_of(household: Any, settled: Settled) -> Any:
    """What each member is still to get, without one-off needs."""
    return each(household.members, need.add, along=(settled.claim_4, settled.claim_3))


def ended(
    household: Any, chapters: Any, settled_with: Callable[[Any, Any, Any], Settled], norm: Norms, aside: Any
) -> tuple[Any, Any]:
    """§ 82 Abs. 7 Satz 2: for each member whether back-payments of this month would, whole, end the claim, and whether
    it could be another claim; `aside`: a sheet that isn't shown."""
    members, incomes = household.members, household.incomes
    none, others = nobodys(household)
    if all_of(each(incomes, lambda i: need.no(inc.came_now(i)))):
        return none, others
    usable, benefits, presumed = write_incomes(household, chapters, none, others, False, norm, aside)
    more, more_benefits, more_presumed = write_incomes(household, chapters, none, others, True, norm, aside)
    claims = claims_of(household, settled_with(usable, benefits, presumed))
    if norm.setting_spread_claim == OF_THE_UNIT:
        still = total(members, claims_of(household, settled_with(more, more_benefits, more_presumed)))
        ends = spread(members, (total(members, claims) > 0) & (still == 0))
    else:
        ends = each(
            members,
            lambda _, claim, usable, benefit, more, more_benefit: (
                (claim > 0) & (more + more_benefit - usable - benefit >= claim)
            ),
            along=(claims, usable, benefits, more, more_benefits),
        )
    return ends, open_to_choice(household, claims)


def write_back_payments(
    household: Any,
    usable: Any,
    child_benefits: Any,
    presumed: Any,
    settled_with: Callable[[Any, Any, Any], Settled],
    norm: Norms,
    sheet: Any,
) -> Any:
    """As known until 2 December 2026: `usable` with what counts of back-payments that came in this month, as it
    came: nothing is deducted or free."""
    members, incomes = household.members, household.incomes
    whole = by_member(incomes, each(incomes, lambda i: where(inc.came_now(i), i.gross, 0)), members)
    claims = claims_of(household, settled_with(usable, child_benefits, presumed))
    if norm.setting_spread_claim == OF_THE_UNIT:
        left = settled_with(each(members, need.add, along=(usable, whole)), child_benefits, presumed)
        ends = spread(members, (total(members, claims) > 0) & (total(members, claims_of(household, left)) == 0))
    else:
        ends = each(members, lambda _, claim, whole: (claim > 0) & (whole >= claim), along=(claims, whole))
    along = (of_member(incomes, ends, members), of_member(incomes, open_to_choice(household, claims), members))
    counted = each(incomes, inc.back_payment, norm, sheet, along=along)
    return each(members, need.add, along=(usable, by_member(incomes, counted, members)))


def write_debts(household: Any, claims: Any, levels: Any, bases: Any, norm: Norms, sheet: Any) -> Any:
    """For each member what is withheld from the running claim, one debt after the other."""
    members, debts = household.members, household.debts
    own = [
        of_member(debts, each(members, rule, along=(bases, levels)), members)
        for rule in (
            lambda _, b, lv: b.amount,
            lambda _, b, lv: b.days,
            lambda _, b, lv: lv.first,
            lambda _, b, lv: lv.later,
        )
    ]
    asked = rates = each(debts, payment.rate_of, norm, along=tuple(own[:2]))
    if payment.orders_share_limit(norm):
        of_kind = [each(debts, payment.of_kind, kind, along=(asked,)) for kind in ("reduction", "undue")]
        before_each = tuple(running(debts, rates_of_kind, members) for rates_of_kind in of_kind)
        rates = each(debts, payment.left_of_limit, norm, along=(asked, *before_each))
    provisional = each(debts, payment.of_kind, "provisional", along=(asked,))
    if payment.provisional_share_limit(norm):
        named_before = running(debts, provisional, members)
        rates = each(debts, payment.left_of_provisional, norm, along=(rates, *own[:2], named_before))
    before = running(debts, rates, members)
    in_all = of_member(debts, by_member(debts, provisional, members), members) if sheet.explains else asked
    along = (asked, rates, before, of_member(debts, claims, members), *own, in_all)
    amounts = each(debts, payment.withheld, norm, sheet, along=along)
    return each(members, lambda _, less: -less, along=(by_member(debts, amounts, members),))


def write_payments(
    household: Any, to_pay: Any, needs: Needs, housing: Any, education: Any, norm: Norms, sheet: Any
) -> Any:
    """For each member what is paid to others in its place."""
    members, rows = household.members, household.direct

    def own(values: Any) -> Any:
        return of_member(rows, values, members)

    fund, to_pay = own(needs.contributions), own(to_pay)
    asked = each(rows, payment.asked_for, along=(fund, own(housing), own(education), to_pay))
    before = running(rows, asked, members)
    amounts = each(rows, payment.direct_payment, norm, sheet, along=(asked, before, to_pay, fund))
    return by_member(rows, amounts, members)


def norms_of(
    facts: Facts,
    known_on: date | None = None,
    decided_on: date | None = None,
    tables: Sequence[Norm] = (),
    amendments: Sequence[Amendment] = (),
) -> Norms:
    """The norm set of the facts' first day with the district's `tables` and what a proposal changes; NormMissing,
    NormError. A table that changes inside the month is no part of it where nobody of the household needs it."""
    found = norms_for(facts.since, known_on, decided_on, tables, amendments)
    if found.until >= facts.until:
        return found
    needed = [table for table in tables if needs_table(facts, table.name)]
    return norms_for(facts.since, known_on, decided_on, needed, amendments) if len(needed) < len(tables) else found


def needs_table(facts: Facts, name: str) -> bool:
    """Whether the household may need this norm of its district: for its dwelling, outside one, in an institution."""
    if name.startswith(SETTING):
        return True
    living = {member.living for member in facts.members}
    if name == "clothing":
        return "institution" in living
    return living != {"dwelling"} if name == "warm_rent" else facts.housing is not None


def calculate(facts: Facts, norms: Norms) -> Sheet:
    """The sheet of `facts` under `norms`, the set in force on the period's first day.

    FactsError when `norms` don't hold for the whole period, or when a setting doesn't exist; NormMissing where
    the district's tables are needed and missing.
    """
    norms = holding(facts, norms)
    sheet = Worksheet()
    write(Household(facts), Period.of(facts.since, facts.until), norms, sheet)
    return closed(sheet, facts, norms, RULE_VERSION)
