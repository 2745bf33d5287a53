"""What a unit needs: Grundbedarf by table, rent, health, situational benefits, IZU. SKOS-RL C."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from handslag.rules.ch.facts import MAJORITY, Facts
from handslag.rules.ch.numbers import BY_DAYS, COUNTED, FIRST_DAY, FRANC, NOT_COUNTED, THIRTY_DAYS, Norms
from handslag.rules.norms import NormMissing
from handslag.rules.periods import Period
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, all_of, lookup, maximum, minimum, round_to, shown, used, where

YEAR = 10000
CENTIME = 1
WHOLE = 100
PERCENT = 100
BIGGEST = 7


def age(birth: Whole, month: Period, norm: Norms) -> Whole:
    """Whole years on the day of the period that the setting names."""
    return _lived(birth, month, norm) // YEAR


def _lived(birth: Whole, month: Period, norm: Norms) -> Whole:
    """The day that the setting names less the birthday, each as YYYYMMDD: whole years times 10,000, and a rest."""
    return (month.first if norm.age_day == FIRST_DAY else month.last) - birth


@versioned
def says_more(norm: Norms) -> bool:
    """Whether lines name and say all that decided them, and nothing that didn't: no."""
    return False


@says_more.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="a sheet names each setting by which it would come to another amount, how an amount is rounded, and no "
    "limit that doesn't hold",
)
def says_all(norm: Norms) -> bool:
    """Yes."""
    return True


def of_majority(who: Any, view: str, norm: Norms) -> Any:
    """For a line's numbers: the day of an age, where somebody turns 18 inside the period (as `view` says)."""
    return norm.age_day if shown(who, view) is True and says_more(norm) else None


def is_minor(birth: Whole, month: Period, norm: Norms) -> Truth:
    """Below 18."""
    return _lived(birth, month, norm) < MAJORITY * YEAR


def days_before(day: Whole, month: Period, norm: Norms) -> Whole:
    """How many of the month's days lie before one of them (the day after its last: all), as days of a part of a month
    count: those of this month, or of thirty."""
    gone = day - 1
    return where(gone == month.month_days, 30, minimum(gone, 30)) if norm.part_month == THIRTY_DAYS else gone


def days_of_month(month: Period, norm: Norms) -> int:
    """How many days the month has, counted in the same way."""
    return 30 if norm.part_month == THIRTY_DAYS else month.month_days


def for_days(unit: int, amount: Whole, divided_by: Whole, month: Period, norm: Norms) -> Whole:
    """The period's part of a month's `amount / divided_by`; the parts of a month always make the whole month.

    Each day has an equal part: of the days of this month, or of thirty.
    """
    if month.days == month.month_days:
        return round_to(unit, amount, divided_by)
    before, after = (days_before(day % 100, month, norm) for day in (month.first, month.last + 1))
    whole = days_of_month(month, norm)
    return round_to(unit, amount * after, divided_by * whole) - round_to(unit, amount * before, divided_by * whole)


@versioned
def divides_month(norm: Norms) -> bool:
    """Whether what holds for a month holds once for all its parts, where facts change inside it: no, in each part."""
    return False


@divides_month.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 2),
    because="EFB, IZU and the housekeeping contribution are limited a month, and wealth above the allowance is means "
    "once, in however many parts a month is calculated",
)
def divides_month_once(norm: Norms) -> bool:
    """Yes."""
    return True


def in_part(month: Period, norm: Norms) -> bool:
    """Whether the period is a part of a month in which the month's limits hold for their part only."""
    return month.days < month.month_days and divides_month(norm)


def by_days(limit: Whole, month: Period, norm: Norms) -> Whole:
    """What a month's limit is in the period: in a part of a month by its days."""
    return for_days(CENTIME, limit, 1, month, norm) if in_part(month, norm) else limit


def limit_of(
    limit: Whole, row: Any, told: str, month: Period, norm: Norms
) -> tuple[Whole, Any, Truth, dict[str, Whole]]:
    """A month's limit in the period, how that is said, whether it is by days, and the params of its words.

    In a part of a month: what earlier parts leave of it (`told`: under which name the row says what they had);
    by days where that isn't told.
    """
    if not in_part(month, norm):
        return limit, "", False, {}
    before = getattr(row, told)
    of_days = before < 0
    left = where(of_days, for_days(CENTIME, limit, 1, month, norm), maximum(limit - before, 0))
    said = where(of_days, " limit_by_days", " limit_left")
    return left, said, of_days, {"limit": left, "days": month.days, "month_days": month.month_days}


@dataclass(frozen=True, slots=True)
class Basis:
    """How the GBL of this unit comes about: `whole` (a table's amount), one of `size` heads, at `percent`; `deducts`:
    whether flats shared for the purpose and young adults have less."""

    whole: Whole
    size: Whole
    percent: Whole
    deducts: bool = True


def deducts_too(norm: Norms) -> bool:
    """Whether flats shared for the purpose and young adults have less under the asylum regime too."""
    return norm.asylum_deductions is None or norm.asylum_deductions == COUNTED


def basis(household: Any, month: Period, norm: Norms, deducts: bool = True) -> Basis:
    """SKOS-RL C.3: which row of the table, shared by how many, at how much of it.

    A household shared like a family (or with parents): the row of the whole household, a head's part for each
    of the unit. A flat shared for the purpose: the unit's row, less 10 %. Young adults from 18 to 25 alone in
    such a flat: one person's part of a household of two; alone in an own household without activity: less 20 %.
    `deducts`: False where none of these three holds.
    """
    years = age(household.alone_birth, month, norm)
    young = household.single & (years >= norm.young_from) & (years < norm.young_below) & deducts
    purpose_flat = household.purpose_flat & deducts
    young_in_flat = young & purpose_flat
    size = where(young_in_flat, 2, household.size)
    row = lookup(norm.gbl, minimum(size, BIGGEST))
    whole = row + maximum(size - BIGGEST, 0) * norm.gbl_further
    percent = where(
        young_in_flat,
        PERCENT,
        where(
            purpose_flat,
            PERCENT - norm.flat_minus,
            where(young & household.idle, PERCENT - norm.young_minus, PERCENT),
        ),
    )
    return Basis(whole, size, percent, deducts)


@dataclass(frozen=True, slots=True)
class Told:
    """What explains the lines of one unit's GBL.

    `derived`, `mixed`: whether that of who isn't under the asylum regime is a derived amount, and what its text adds;
    `derived_asylum`, `mixed_asylum`: the same of that regime's line.
    """

    section: str
    text: str
    numbers: tuple[Any, ...]
    derived: bool
    derived_asylum: bool
    mixed: str
    mixed_asylum: str


NOTHING_TOLD = Told("", "", (), False, False, "", "")


def told_of_basic_need(household: Any, found: Basis, month: Period, norm: Norms) -> Told:
    """Where the lines of the GBL stand, and what explains them (one unit only)."""
    years = age(household.alone_birth, month, norm)
    young = household.single & (years >= norm.young_from) & (years < norm.young_below) & found.deducts
    in_flat, idle = young & household.purpose_flat, young & household.idle
    flat = where(young, False, household.purpose_flat) & found.deducts
    by_age = household.single & (household.purpose_flat | household.idle) & found.deducts
    further = found.size > BIGGEST
    in_part = month.days < month.month_days
    section = where(
        in_flat | idle,
        norm.section.young,
        where(household.shared | flat, norm.section.shared, norm.section.gbl),
    )
    said = where(
        in_flat,
        "gbl_young_flat",
        where(household.shared, "gbl_shared", where(flat, "gbl_flat", where(idle, "gbl_idle", "gbl"))),
    ) + where(further, " further", "")
    numbers = (
        lookup(norm.gbl, minimum(found.size, BIGGEST)),
        used(norm.gbl_further, further),
        used(norm.flat_minus, flat),
        used(norm.young_minus, idle),
        used(norm.young_from, by_age),
        used(norm.young_below, by_age),
        used(used(norm.age_day, shown(household, "alone_birthday")), by_age),
        used(norm.part_month, in_part),
    )
    both = (household.asylum_heads > 0) & (household.asylum_heads < household.heads)
    mixed = both & where(household.shared, False, True)
    return Told(
        section,
        said,
        numbers,
        (found.percent < PERCENT) | (found.size > household.heads) | both,
        household.asylum_heads > 0,
        where(mixed, " mixed", ""),
        where(mixed, " mixed_asylum", ""),
    )


def basic_need(
    household: Any, found: Basis, under: Basis, month: Period, norm: Norms, sheet: Any
) -> tuple[Whole, Whole]:
    """The GBL of the unit: a line for who is under the SKOS guidelines (`found`), one for who is `under` the asylum
    regime."""
    if norm.asylum_level is None and not all_of(household.asylum_heads == 0):
        raise NormMissing(f"asylum.level: no asylum regime for the canton {norm.canton}: permits N, F-A and S")
    in_part = month.days < month.month_days
    told = told_under = told_of_basic_need(household, found, month, norm) if sheet.explains else NOTHING_TOLD
    open_under: Any = None
    if sheet.explains:
        told_under = told if under is found else told_of_basic_need(household, under, month, norm)
        less = basis(household, month, norm)
        open_under = used(norm.asylum_deductions, (less.percent < PERCENT) | (less.size > household.size))
    rounding = "franc_half_up" if norm.derived_rounding == FRANC else "rappen_half_up"

    def line(
        code: str, found: Basis, told: Told, heads: Whole, level: Whole, derived: Truth, where_it_stands: str, text: str
    ) -> Whole:
        return sheet.line(
            code,
            _heads_need(found, heads, level, month, norm),
            of=household,
            section=where_it_stands,
            text=told.text + text + (" part" if in_part else ""),
            numbers=(
                *told.numbers,
                used(norm.derived_rounding, derived | in_part),
                *((norm.asylum_level, open_under) if level is norm.asylum_level else ()),
            ),
            rounding=where(derived | in_part, rounding, ""),
            when=heads > 0,
            whole=found.whole,
            size=found.size,
            heads=heads,
            percent=found.percent,
            level=level,
            days=month.days,
            month_days=month.month_days,
        )

    heads, asylum_heads = household.heads, household.asylum_heads
    plain = line("GBL", found, told, heads - asylum_heads, PERCENT, told.derived, told.section, told.mixed)
    if norm.asylum_level is None:
        return plain, plain * 0
    level = norm.asylum_level
    text = told_under.mixed_asylum + " asylum"
    derived = told_under.derived_asylum
    asylum = line("GBL_ASYLUM", under, told_under, asylum_heads, level, derived, norm.section.asylum, text)
    return plain, asylum


def _heads_need(found: Basis, heads: Whole, level: Whole, month: Period, norm: Norms) -> Whole:
    unit = WHOLE if norm.derived_rounding == FRANC else CENTIME
    return for_days(unit, found.whole * heads * found.percent * level, found.size * PERCENT * PERCENT, month, norm)


@versioned
def own_need(
    person: Any, whole: Whole, size: Whole, percent: Whole, heads: Whole, asylum: Whole, month: Period, norm: Norms
) -> Whole:
    """One member's part of the GBL, by heads and at the level of its own permit; `person`: a member, or an order."""
    level = _level(person, norm)
    return for_days(CENTIME, whole * percent * level, size * PERCENT * PERCENT, month, norm)


@own_need.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 28),
    because="an amount is rounded once: where derived ones are in whole francs, a person's part is one of the amount "
    "on the sheet",
)
def own_need_of_the_line(
    person: Any, whole: Whole, size: Whole, percent: Whole, heads: Whole, asylum: Whole, month: Period, norm: Norms
) -> Whole:
    """One member's part of the GBL. Where derived amounts are in whole francs: a head's part, to the Rappen, of the
    line that stands on the sheet for those (`heads` in all, `asylum` of them) of the same level."""
    level = _level(person, norm)
    if norm.derived_rounding != FRANC:
        return for_days(CENTIME, whole * percent * level, size * PERCENT * PERCENT, month, norm)
    sharing = of_one_level(person, heads, asylum)
    return round_to(CENTIME, _heads_need(Basis(whole, size, percent), sharing, level, month, norm), sharing)


def _level(person: Any, norm: Norms) -> Whole:
    return where(person.asylum, PERCENT if norm.asylum_level is None else norm.asylum_level, PERCENT)


def of_one_level(person: Any, heads: Whole, asylum: Whole) -> Whole:
    """How many heads of the unit have the level of this member: `asylum` of them are under the asylum regime."""
    return where(person.asylum, asylum, heads - asylum)


@versioned
def divides_levels(norm: Norms) -> bool:
    """Whether a head's part is taken of its level's GBL and of what serves all at once, rounded once: no, of each."""
    return False


@divides_levels.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 29),
    because="an amount is divided late and rounded once: a minor's own share too, and where the heads are of two "
    "levels, a head's part is one of what its level has and of what serves all, not two or three parts, each rounded",
)
def divides_levels_once(norm: Norms) -> bool:
    """Yes."""
    return True


def of_level(person: Any, plain: Whole, asylum: Whole) -> Whole:
    """The GBL of all heads of this member's level, as it stands on the sheet."""
    return where(person.asylum, asylum, plain)


def head_parts(household: Any, common: Whole, plain: Whole, asylum: Whole) -> tuple[Whole, Whole]:
    """One head's part of `common`, which serves all, and of the GBL of its level (`plain` for those under the SKOS
    guidelines, `asylum` for those under the asylum regime), rounded once: of a head of each level."""
    heads, under = household.heads, household.asylum_heads

    def part(basic: Whole, sharing: Whole) -> Whole:
        return round_to(CENTIME, common * sharing + basic * heads, heads * sharing)

    return part(plain, maximum(heads - under, 1)), part(asylum, maximum(under, 1))


def rent(household: Any, month: Period, norm: Norms, sheet: Any) -> Whole:
    """Rent with ancillary costs; above the municipality's limit only until the notice has run out. Where that is inside
    the period, all of the period, or where the setting says so, the days until then.

    In a household shared like a family the unit bears its heads' part of the flat.
    """
    if norm.rent_limit is None:
        limit: Whole = household.rent
        row = None
    else:
        limit = row = lookup(norm.rent_limit, household.size, only=household.rented)
    in_part = month.days < month.month_days
    over = household.rent > limit
    reduced = over & (household.notice_day <= month.first % 100)
    counted = where(reduced, limit, household.rent)
    by_days = norm.notice_end is not None and norm.notice_end == BY_DAYS
    ends = over if by_days and shown(household, "notice_ends") is True else False
    return sheet.line(
        "RENT",
        _rent_until_notice(household, minimum(household.rent, limit), month, norm)
        if by_days
        else for_days(CENTIME, counted * household.heads, household.size, month, norm),
        of=household.of_rent,
        section=norm.section.rent,
        text=where(reduced, "rent_reduced", where(over, "rent_over", "rent" if row is not None else "rent_no_limit"))
        + (where(reduced, "", where(ends, " rent_notice_by_days", "")) if by_days else "")
        + where(household.shared, " rent_shared", "")
        + (" part" if in_part else ""),
        numbers=(
            *([row] if row is not None else []),
            used(used(norm.notice_end, shown(household, "notice_ends")), over),
            used(norm.part_month, in_part | ends),
        ),
        rounding=where(household.shared | in_part | ends, "rappen_half_up", ""),
        when=household.rented,
        rent=household.rent,
        size=household.size,
        heads=household.heads,
        days=month.days,
        month_days=month.month_days,
        **({"notice_day": household.notice_day} if by_days else {}),
    )


def _rent_until_notice(household: Any, limited: Whole, month: Period, norm: Norms) -> Whole:
    """All of the rent for the days until the notice has run out, `limited` for those since."""
    over = days_before(maximum(household.notice_day, 1), month, norm)

    def until(day: int) -> Whole:
        days = days_before(day, month, norm)
        rents = household.rent * minimum(days, over) + limited * maximum(days - over, 0)
        return round_to(CENTIME, rents * household.heads, household.size * days_of_month(month, norm))

    return until(month.last % 100 + 1) - until(month.first % 100)


@versioned
def shares_limit(norm: Norms) -> bool:
    """Whether earlier rows of the period use up a person's limit for the year too: no, each row has its own."""
    return False


@shares_limit.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 30),
    because="deductible and co-payment of the KVG have one limit for a person and a calendar year, however many bills "
    "of one month there are",
)
def shares_limit_of_the_year(norm: Norms) -> bool:
    """Yes."""
    return True


@versioned
def contradictions(facts: Facts, norm: Norms) -> list[str]:
    """What rows about a limit of the year are refused for: nothing, the more of what they say counts."""
    return []


@contradictions.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="where bills of one person say different amounts of the year before them, the order in which they stand "
    "would decide what counts",
)
def contradictions_of_bills(facts: Facts, norm: Norms) -> list[str]:
    """Rows of one person and kind that contradict each other."""
    return facts.contradictions()


def basic_cost(cost: Any, month: Period, norm: Norms, sheet: Any) -> Whole:
    """Health and basic situational benefits: what the office accepts, within the limits of the KVG and of meals."""
    limit = where(
        cost.deductible,
        norm.deductible,
        where(cost.copay, where(is_minor(cost.birth, month, norm), norm.copay_child, norm.copay), norm.meal),
    )
    used_up = cost.used if shares_limit(norm) else cost.before
    room = where(cost.meals, cost.units * norm.meal, maximum(limit - used_up, 0))
    limited = cost.deductible | cost.copay | cost.meals
    not_counted = cost.premium & (norm.premium == NOT_COUNTED)
    counted = where(not_counted, 0, where(limited, minimum(cost.effective, room), cost.effective))
    used_before, further = 0, False
    if sheet.explains:
        used_before = minimum(used_up, limit)
        further = (cost.deductible | cost.copay) & (used_before > cost.before)
    return sheet.line(
        "BASIC",
        counted,
        of=cost,
        section=_section(cost, norm),
        text=where(not_counted, "premium", where(cost.meals, "cost meals", where(limited, "cost yearly_limit", "cost")))
        + where(further, " earlier_rows", ""),
        numbers=(
            used(limit, limited),
            used(norm.premium, cost.premium),
            used(used(norm.age_day, shown(cost, "birthday")), cost.copay),
        ),
        before=cost.before,
        units=cost.units,
        **({"used": used_before} if shares_limit(norm) else {}),
    )


def promoting_cost(cost: Any, norm: Norms, sheet: Any) -> Whole:
    """Promoting situational benefits: what the office accepts. They count for the amount, not at the entry."""
    return sheet.line("PROMOTING", cost.effective, of=cost, section=_section(cost, norm), text="cost")


def _section(cost: Any, norm: Norms) -> str:
    section: str = getattr(norm.section, getattr(cost, "law", "sil"))  # a population's lines name no section
    return section


@versioned
def says_limits(norm: Norms) -> bool:
    """Whether a line says what was ordered where that is above a limit, and what was granted where it is below: no."""
    return False


@says_limits.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 2),
    because="a sheet that says 30 per cent of an order that says 40 is not understood by who has the order in hand",
)
def says_limits_beside(norm: Norms) -> bool:
    """Yes."""
    return True


def integration(person: Any, month: Period, norm: Norms, sheet: Any) -> Whole:
    """IZU: what the office grants for verifiable, own efforts, up to the month's limit. Not at the entry."""
    limit, text, of_days, told = limit_of(norm.izu_max, person, "izu_before", month, norm)
    if month.days == month.month_days and says_limits(norm):
        text = where(person.izu < norm.izu_min, " izu_below", "")
    return sheet.line(
        "IZU",
        minimum(person.izu, limit),
        of=person,
        section=norm.section.izu,
        text="izu" + text,
        numbers=(norm.izu_max, norm.izu_min, used(norm.part_month, of_days)),
        rounding=where(of_days, "rappen_half_up", ""),
        when=person.izu > 0,
        granted=person.izu,
        **told,
    )
