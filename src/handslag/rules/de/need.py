"""Regelsatz, Mehrbedarfe, Bildung und Teilhabe, Versicherung: §§ 27a bis 34, 42, 42b SGB XII."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from handslag.rules.de.numbers import (
    ACTUAL_DAYS,
    BY_DAYS,
    COUNTS_BY_DAYS,
    COUNTS_NOT,
    EACH_DAY,
    HALF_UP,
    HIGHER,
    LAST_DAY,
    PAIR_BY_DAYS,
    RATE_ONLY,
    Norms,
)
from handslag.rules.de.rows import NEVER, Of, Period
from handslag.rules.norms import NormMissing
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, lookup, maximum, minimum, round_to, shown, used, where

PERCENT = 100
PERMILLE = 1000
MONTH = 30
CHAPTER_3, CHAPTER_4 = 3, 4
FURTHER_ITEM = "weiterer_lebensunterhalt"


def no(condition: Truth) -> Truth:
    """The opposite."""
    return where(condition, False, True)


def cents(amount: Whole, divided_by: Whole, norm: Norms) -> Whole:
    """`amount / divided_by` in whole cents, as the setting rounds; both are positive."""
    if norm.setting_rounding == HALF_UP:
        return round_to(1, amount, divided_by)
    return -(-amount // divided_by)


def rounded(amount: Whole, divided_by: Whole, norm: Norms) -> Any:
    """For the numbers of a line (one household only): the rounding, where `amount / divided_by` is no whole cent."""
    if not isinstance(amount, int):
        return None
    return used(norm.setting_rounding, amount % divided_by != 0)


@versioned
def under_item(row: Any, item: str, norm: Norms) -> Any:
    """As which row a line stands: as `row` itself, under no item of the statistics."""
    return row


@under_item.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 29),
    because="§§ 122, 128c, 128d SGB XII ask for the net need, what § 27b gives, Kindergeld, what a partner has left "
    "and each allowance, too",
)
def under_its_item(row: Any, item: str, norm: Norms) -> Any:
    """As a row under `item` ("": under none), in the words of codes.yaml."""
    return Of(row.key, statistics_code=item) if item and isinstance(row, Of) else row


@versioned
def said(key: str, norm: Norms) -> str:
    """The text that explains a line."""
    return key


@said.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 2),
    because="each line is explained in a plain sentence, with a verb",
)
def said_whole(key: str, norm: Norms) -> str:
    """The same as a sentence, where it was none."""
    return f"{key}_whole"


@versioned
def said_too(key: str, norm: Norms) -> str:
    """The text that explains a line of income, expenses, one-off needs or debts."""
    return key


@said_too.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="each line is explained in a plain sentence, with a verb",
)
def said_too_whole(key: str, norm: Norms) -> str:
    """The same as a sentence."""
    return f"{key}_whole"


@versioned
def says_both(norm: Norms) -> bool:
    """Whether a Regelsatz for part of a month says that it changes on a birthday too: no, that it is for a part."""
    return False


@says_both.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="a line says by which numbers it comes to its amount",
)
def says_both_levels(norm: Norms) -> bool:
    """Yes."""
    return True


def add(row: Any, *values: Whole) -> Whole:
    """Values of one row, summed."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def section_of(row: Any, norm: Norms) -> str:
    """Where the rule of a row's code stands (one household only)."""
    name = getattr(row, "section_name", "")
    return getattr(norm.section, name) if name else ""


# Who, and under which chapter: §§ 19, 41


def over_limit(person: Any, norm: Norms) -> Truth:
    """§ 41 Abs. 2: the age limit is reached before the end of the month."""
    return person.age_months >= lookup(norm.age_limit, person.birth_year)


def chapter_of(person: Any, norm: Norms) -> Whole:
    """§ 19 Abs. 2, § 41: chapter 4 from the age limit, and for adults without capacity to work for good; else 3."""
    return where(person.adult & (over_limit(person, norm) | person.permanent), CHAPTER_4, CHAPTER_3)


def own_level(person: Any, norm: Norms) -> Whole:
    """Anlage zu § 28: the person's Regelbedarfsstufe on the first day."""
    return level_at(person, person.age, alone_first(person, norm), norm)


@versioned
def paired(person: Any, norm: Norms) -> Truth:
    """Whether the person counts as one of a couple: wherever the other one lives."""
    return person.paired


@paired.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="Anlage zu § 28 SGB XII: level 2 is for who lives with a partner in one dwelling",
)
def paired_in_one_place(person: Any, norm: Norms) -> Truth:
    """Where both live in the same."""
    return person.paired & no(person.apart)


def days_alone(person: Any, norm: Norms) -> Whole:
    """Days of the presence on which the other one of a couple isn't there; 0 where it is none."""
    return where(paired(person, norm), person.alone_days, 0)


@versioned
def alone_first(person: Any, norm: Norms) -> Truth:
    """Whether the one of a couple is alone on the first day: one of two adults was one of a couple on all days."""
    return False


_PAIR = (
    "Anlage zu § 28 SGB XII: level 2 is for who lives with a partner; without on some days, level 1 on them "
    "(setting.pair_part)"
)


@alone_first.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_PAIR)
def alone_first_by_setting(person: Any, norm: Norms) -> Truth:
    """By the days on which both are there, where the setting says so."""
    return person.alone_first if norm.setting_pair_part == PAIR_BY_DAYS else False


@versioned
def alone_days(person: Any, part: Truth, month: Period, norm: Norms) -> Whole:
    """Days on which the one of a couple is alone, of those that count: none."""
    return 0


@alone_days.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_PAIR)
def alone_days_by_setting(person: Any, part: Truth, month: Period, norm: Norms) -> Whole:
    """Where chapter 4 counts the whole month, the days outside the presence are as its first one."""
    if norm.setting_pair_part != PAIR_BY_DAYS:
        return 0
    outside = where(paired(person, norm) & person.alone_first & no(part), month.month_days - person.days, 0)
    return days_alone(person, norm) + outside


def level_at(person: Any, age: Whole, alone: Truth, norm: Norms) -> Whole:
    """Anlage zu § 28: level 1 alone, 2 as a couple or in a special form of housing, 3 in institutions, else by age."""
    return where(
        person.adult,
        where(
            person.institution,
            norm.regelbedarf_3,
            where(person.special | (paired(person, norm) & no(alone)), norm.regelbedarf_2, norm.regelbedarf_1),
        ),
        lookup(norm.regelbedarf_child, age, only=no(person.adult)),
    )


# Part of a month: § 27a Abs. 3 Satz 3 (chapter 4 counts whole months, § 44 Abs. 2)


def in_part(person: Any, chapter: Whole, month: Period) -> Truth:
    """Whether the person is entitled for part of the month only."""
    return (chapter == CHAPTER_3) & (person.days < month.month_days)


def month_days(month: Period, norm: Norms) -> int:
    """Days that a month counts for."""
    return month.month_days if norm.setting_month_divisor == ACTUAL_DAYS else MONTH


def for_days(amount: Whole, person: Any, chapter: Whole, month: Period, norm: Norms) -> Whole:
    """A need other than the Regelsatz: whole, or by days where the setting says so; never more than whole."""
    if norm.setting_start == RATE_ONLY:
        return amount
    days = month_days(month, norm)
    return where(in_part(person, chapter, month), minimum(cents(amount * person.days, days, norm), amount), amount)


def part_numbers(person: Any, chapter: Whole, month: Period, norm: Norms) -> tuple[Any, ...]:
    """For the numbers of a line: the settings that decide about part of a month, where it is one."""
    part = in_part(person, chapter, month)
    if norm.setting_start == RATE_ONLY:
        return (used(norm.setting_start, part),)
    return (used(norm.setting_start, part), used(norm.setting_month_divisor, part))


@versioned
def also_for_days(amount: Whole, person: Any, chapter: Whole, month: Period, norm: Norms) -> Whole:
    """A monthly need beside rent and Mehrbedarfe: it was whole in part of a month too."""
    return amount


_WHOLE_NEED = (
    "setting.start: where the whole need goes by days, so does each monthly amount of it, once: a deviating Regelsatz, "
    "nutrition, accommodation outside a dwelling, what § 27b gives; a pregnancy by its days in that part"
)


@also_for_days.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_WHOLE_NEED)
def also_for_days_by_setting(amount: Whole, person: Any, chapter: Whole, month: Period, norm: Norms) -> Whole:
    """As every other need."""
    return for_days(amount, person, chapter, month, norm)


@versioned
def also_numbers(person: Any, chapter: Whole, month: Period, norm: Norms) -> tuple[Any, ...]:
    """For the numbers of such a line: none."""
    return ()


@also_numbers.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_WHOLE_NEED)
def also_part_numbers(person: Any, chapter: Whole, month: Period, norm: Norms) -> tuple[Any, ...]:
    """Those of every other need."""
    return part_numbers(person, chapter, month, norm)


@versioned
def pregnancy(person: Any, chapter: Whole, month: Period, norm: Norms) -> tuple[Whole, Whole, bool]:
    """Days of a pregnancy, of how many, and whether what they make goes by the days of the entitlement once more."""
    return person.pregnant_days, month.month_days, True


@pregnancy.corrected(valid_from=date(2025, 1, 1), known_from=date(2026, 12, 2), because=_WHOLE_NEED)
def pregnancy_by_setting(person: Any, chapter: Whole, month: Period, norm: Norms) -> tuple[Whole, Whole, bool]:
    """Where the whole need goes by days: the days of both together."""
    if norm.setting_start == RATE_ONLY:
        return person.pregnant_days, month.month_days, True
    part = in_part(person, chapter, month)
    most = month_days(month, norm)
    days = where(part, minimum(person.pregnant_there, most), person.pregnant_days)
    return days, where(part, most, month.month_days), False


@versioned
def each_need_once(norm: Norms) -> bool:
    """Whether, where the whole need goes by days, every monthly amount and limit does, and is rounded once: no."""
    return False


@each_need_once.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="setting.start: where the whole need goes by days, so does the limit of § 30 Abs. 6, provision (§ 33) and "
    "participation (§ 34 Abs. 7); and a part of a month is divided once",
)
def each_need_once_too(norm: Norms) -> bool:
    """Yes."""
    return True


def as_part(amount: Whole, divisor: Whole, person: Any, chapter: Whole, month: Period, norm: Norms) -> Whole:
    """`amount / divisor` as a monthly need, rounded once where the setting says that it goes by days."""
    whole = cents(amount, divisor, norm)
    if not each_need_once(norm):
        return for_days(whole, person, chapter, month, norm)
    if norm.setting_start == RATE_ONLY:
        return whole
    by_days = cents(amount * person.days, divisor * month_days(month, norm), norm)
    return where(in_part(person, chapter, month), minimum(by_days, whole), whole)


def at_last_for_days(amount: Whole, person: Any, chapter: Whole, month: Period, norm: Norms) -> Whole:
    """A monthly need that was whole in part of a month until 2 December 2026."""
    return as_part(amount, 1, person, chapter, month, norm) if each_need_once(norm) else amount


def at_last_numbers(person: Any, chapter: Whole, month: Period, norm: Norms) -> tuple[Any, ...]:
    """For the numbers of its line: the settings that decide about it."""
    return part_numbers(person, chapter, month, norm) if each_need_once(norm) else ()


def part_rounding(
    amount: Whole, divisor: Whole, person: Any, chapter: Whole, month: Period, norm: Norms
) -> tuple[Any, ...]:
    """For the numbers of a line (one household only): the rounding, where `amount / divisor` is whole cents and its
    part of the month isn't."""
    if not each_need_once(norm) or norm.setting_start == RATE_ONLY or not isinstance(amount, int):
        return ()
    part = in_part(person, chapter, month) & (amount % divisor == 0)
    return (used(norm.setting_rounding, part & (amount * person.days % (divisor * month_days(month, norm)) != 0)),)


def part_told(person: Any, chapter: Whole, month: Period, norm: Norms) -> tuple[str, dict[str, Whole]]:
    """For the explanation of a monthly need (one household only): for how many days it counts, where it goes by them,
    and the params of those words."""
    if not each_need_once(norm) or norm.setting_start == RATE_ONLY or in_part(person, chapter, month) is not True:
        return "", {}
    return " part_days", {"there": person.days, "of_days": month_days(month, norm)}


def to_cent(rounding: tuple[Any, ...]) -> str:
    """How a line was rounded, where `part_rounding` names it."""
    return "cent" if any(number is not None for number in rounding) else ""


@dataclass(frozen=True, slots=True)
class Levels:
    """A person's Regelbedarfsstufen in the month: `first` and `later`, with the days `before` and `after` the change;
    `older`: by the age on the last day; `mixed`: as one of a couple on some days only."""

    first: Whole
    older: Whole
    later: Whole
    mixed: Truth
    before: Whole
    after: Whole


def levels_of(person: Any, own: Whole, chapter: Whole, month: Period, norm: Norms) -> Levels:
    """By the days with and without the other one of a couple, and before and after a birthday (`own`: the first)."""
    first = alone_first(person, norm)
    older = level_at(person, person.age_later, first, norm)
    part = in_part(person, chapter, month)
    counted = where(part, person.days, month.month_days)
    alone = alone_days(person, part, month, norm)
    mixed = (alone > 0) & (alone < counted)
    later = where(
        mixed, level_at(person, person.age, no(first), norm), older if norm.setting_birthday == BY_DAYS else own
    )
    before = where(mixed, where(first, alone, counted - alone), person.days_before)
    after = where(mixed, counted, person.days) - before
    return Levels(own, older, later, mixed, before, after)


@dataclass(frozen=True, slots=True)
class Base:
    """What a percentage is taken of, cents: `amount` divided by `days`; `numbers` of it, and how that is said."""

    amount: Whole
    days: Whole
    numbers: tuple[Any, ...]
    text: Any = ""


@versioned
def own_level_of_month(person: Any, levels: Levels, norm: Norms) -> Base:
    """The person's Regelbedarfsstufe in the month: that of the first day."""
    return Base(levels.first, 1, (levels.first, used(norm.setting_pair_part, person.alone_first)))


@own_level_of_month.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§§ 30, 35a, 44b SGB XII: of the person's own Regelbedarfsstufe; where days of the month have two, of both "
    "by their days (setting.pair_part, setting.birthday)",
)
def own_level_by_days(person: Any, levels: Levels, norm: Norms) -> Base:
    """Where it changes inside the month, by days, as the Regelsatz."""
    changes = levels.later != levels.first
    return Base(
        where(changes, levels.first * levels.before + levels.later * levels.after, levels.first),
        where(changes, levels.before + levels.after, 1),
        (
            levels.first,
            used(levels.later, changes),
            used(norm.setting_birthday, levels.older != levels.first),
            used(norm.setting_pair_part, days_alone(person, norm) > 0),
        ),
        where(changes, " level_of_days", ""),
    )


def standard_rate(person: Any, levels: Levels, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 27a Abs. 3, § 42 Nr. 1: the Regelsatz; by days in part of a month and where the level changes inside it.

    § 27a Abs. 4: less where something is covered otherwise, more where an unavoidable need lies above the average.
    """
    own, older, later, mixed = levels.first, levels.older, levels.later, levels.mixed
    before, after = levels.before, levels.after
    part = in_part(person, chapter, month)
    changes = later != own
    days = where(part, month_days(month, norm), month.month_days)
    by_days = own * before + later * after
    most = maximum(own, later)
    split = part | changes
    rate = where(split, minimum(cents(by_days, days, norm), most), own)
    sheet.line(
        "RATE",
        rate,
        of=shown(person, "as_rate"),
        section=where(
            person.institution,
            norm.section.rate_institution,
            where(chapter == CHAPTER_4, norm.section.rate4, norm.section.rate),
        ),
        text="rate"
        + where(changes & no(mixed) & (no(part) | says_both(norm)), " rate_changes", "")
        + where(part, " rate_part", "")
        + where(mixed, " rate_pair", ""),
        numbers=(
            own,
            used(later, changes),
            used(norm.setting_birthday, older != own),
            used(norm.setting_pair_part, days_alone(person, norm) > 0),
            used(norm.setting_month_divisor, part),
            used(norm.setting_rounding, split & (by_days % days != 0)),
        ),
        rounding=where(split, "cent", ""),
        age=person.age,
        own=own,
        days=person.days,
        before=before,
        after=after,
        month_days=days,
        later=later,
    )
    part_of = also_numbers(person, chapter, month, norm)
    by_days, told = part_told(person, chapter, month, norm)
    rounding = part_rounding(person.rate_less, 1, person, chapter, month, norm)
    less = minimum(also_for_days(person.rate_less, person, chapter, month, norm), rate)
    sheet.line(
        "RATE_LESS", -less, of=shown(person, "as_deviation"), section=norm.section.deviation,
        text="rate_less" + by_days, numbers=(*part_of, *rounding), rounding=to_cent(rounding), when=less > 0, **told,
    )  # fmt: skip
    rounding = part_rounding(person.rate_more, 1, person, chapter, month, norm)
    more = also_for_days(person.rate_more, person, chapter, month, norm)
    sheet.line(
        "RATE_MORE", more, of=shown(person, "as_deviation"), section=norm.section.deviation, text="rate_more" + by_days,
        numbers=(*part_of, *rounding), rounding=to_cent(rounding), when=more > 0, **told,
    )  # fmt: skip
    return rate - less + more


# Mehrbedarfe: §§ 30, 42b


def extra(
    code: str,
    base: Base,
    percent: Whole,
    person: Any,
    chapter: Whole,
    month: Period,
    norm: Norms,
    sheet: Any,
    *,
    when: Truth,
    section: str,
    numbers: tuple[Any, ...],
    text: str = "",
    days: Whole = 1,
    of_days: Whole = 1,
    by_days: bool = True,
    words: str = "",
) -> Whole:
    """A percentage of a Regelbedarfsstufe as a line; for `days` of `of_days` only. `words`: the text that says it."""
    amount = base.amount * percent * days
    divisor = PERCENT * of_days * base.days
    if by_days:
        whole = as_part(amount, divisor, person, chapter, month, norm)
    else:
        whole = cents(amount, divisor, norm)
    there, told = part_told(person, chapter, month, norm) if by_days else ("", {})
    return sheet.line(
        code,
        whole,
        of=shown(person, "as_extra"),
        section=section,
        text=(words or said("percent", norm)) + base.text + text + there,
        numbers=(
            *numbers,
            *base.numbers,
            rounded(amount, divisor, norm),
            *(part_rounding(amount, divisor, person, chapter, month, norm) if by_days else ()),
            *part_numbers(person, chapter, month, norm),
        ),
        rounding="cent",
        when=when,
        percent=percent,
        base=cents(base.amount, base.days, norm),
        days=days,
        month_days=of_days,
        **told,
    )


def mark_g(person: Any, own: Base, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 30 Abs. 1: mark G, and the age limit or no capacity to work; the latter not beside § 42b Abs. 3."""
    reduced = person.adult & person.full_reduction & no(person.school_help)
    return extra(
        "MARK_G", own, norm.extra_mark_g, person, chapter, month, norm, sheet,
        when=person.mark_g & (over_limit(person, norm) | reduced),
        section=norm.section.mark_g, numbers=(norm.extra_mark_g,),
    )  # fmt: skip


def pregnant(person: Any, own: Base, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 30 Abs. 2: after the twelfth week, to the end of the month of birth."""
    days, of_days, by_days = pregnancy(person, chapter, month, norm)
    return extra(
        "PREGNANT", own, norm.extra_pregnant, person, chapter, month, norm, sheet,
        when=days > 0, section=norm.section.pregnant, numbers=(norm.extra_pregnant,),
        text=where(days < of_days, " percent_days", ""), days=days, of_days=of_days, by_days=by_days,
    )  # fmt: skip


def place(person: Any) -> Whole:
    """Where a person lives: in the dwelling 0, elsewhere 1, in a special form of housing 2, in an institution 3."""
    return where(person.institution, 3, where(person.special, 2, where(person.other_housing, 1, 0)))


@versioned
def lives_with(child: Any, parent: Whole, norm: Norms) -> Truth:
    """Whether a child lives with its parent (`parent`: its `place`): every one of the household."""
    return True


@lives_with.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 3),
    because="§ 30 Abs. 3 SGB XII: the extra need is for who lives together with children",
)
def lives_with_in_one_place(child: Any, parent: Whole, norm: Norms) -> Truth:
    """Where both live in the same."""
    return place(child) == parent


def younger(
    person: Any, parent: Whole, days: Whole, years: int, last_day: bool, part: bool, day: int | None, norm: Norms
) -> Whole:
    """1 for a child with its parent (who is there for so many `days`) that is below `years`, on its first day or on its
    last one, and, where not also for `part` of them, all those days, or on that `day` of the month; else 0."""
    age = person.age_later if last_day else person.age
    counts = no(person.adult) & (age < years) & lives_with(person, parent, norm)
    if day is not None:
        counts = counts & there_on(person, day)
    return where(counts if part else counts & (person.days >= days), 1, 0)


def there_on(person: Any, day: int) -> Truth:
    """Whether a member is there on a day of the month."""
    return (person.first_day <= day) & (person.last_day >= day)


def percent_on(
    person: Any, before: Whole, seven: Whole, sixteen: Whole, children: Whole, day: int, norm: Norms
) -> Whole:
    """The percentages of the days of the parent up to a `day` of the month, summed (`before`: until then)."""
    return before + where(there_on(person, day), lone_percent(seven, sixteen, children, norm)[2], 0)


def by_last_day(norm: Norms) -> bool:
    """Whether the last day's age of the children counts for the extra need of a lone parent."""
    return norm.setting_lone_parent_age is not None and norm.setting_lone_parent_age == LAST_DAY


def counts_for_part(norm: Norms) -> bool:
    """Whether a child that is there for part of the month counts for the extra need of a lone parent."""
    return norm.setting_lone_parent_part is None or norm.setting_lone_parent_part != COUNTS_NOT


def counts_by_days(norm: Norms) -> bool:
    """Whether it counts for the days on which it is there."""
    return norm.setting_lone_parent_part is not None and norm.setting_lone_parent_part == COUNTS_BY_DAYS


def lone_percent(seven: Whole, sixteen: Whole, children: Whole, norm: Norms) -> tuple[Truth, Truth, Whole]:
    """§ 30 Abs. 3: whether no. 1 is met, whether it counts, and the percentage then; numbers of children below 7, 16
    and 18."""
    first = (seven >= 1) | ((sixteen >= 2) & (sixteen <= 3))
    second = minimum(children * norm.extra_lone_child, norm.extra_lone_most)
    by_first = first & (norm.extra_lone_young >= second) if norm.setting_lone_parent == HIGHER else first
    return first, by_first, where(by_first, norm.extra_lone_young, second)


def lone_parent(
    person: Any,
    chapter: Whole,
    seven: Whole,
    sixteen: Whole,
    children: Whole,
    other: Whole,
    other_part: Whole,
    of_days: Whole,
    other_of_days: Whole,
    month: Period,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """§ 30 Abs. 3: one child below 7, or two or three below 16: 36 %; else 12 % for each child, at most 60 %.

    `other`, `other_part`: the percentage by the other choice of the day whose age counts, and of whether a child that
    is there for part of the month does. Where it counts by days: `of_days`, the percentages of all the parent's days,
    summed, and `other_of_days` by the other choice of the day whose age counts.
    """
    first, by_first, percent = lone_percent(seven, sixteen, children, norm)
    changes, by_age = False, percent != other
    if counts_by_days(norm):
        changes, by_age = of_days != percent * person.days, other_of_days != of_days
    for_each = children * norm.extra_lone_child
    base = Base(norm.regelbedarf_1, 1, (norm.regelbedarf_1,))
    return extra(
        "LONE_PARENT", base, where(changes, of_days, percent),
        person, chapter, month, norm, sheet,
        when=person.lone_parent & ((children > 0) | (other_part > 0)), section=norm.section.lone,
        numbers=(
            used(norm.extra_lone_young, first),
            used(norm.extra_lone_child, no(by_first) | (first & (norm.extra_lone_young >= for_each))),
            used(norm.extra_lone_most, no(by_first) & (for_each > norm.extra_lone_most)),
            used(
                norm.setting_lone_parent,
                first & (minimum(for_each, norm.extra_lone_most) > norm.extra_lone_young),
            ),
            used(norm.setting_lone_parent_age, by_age),
            used(norm.setting_lone_parent_part, changes | (percent != other_part)),
        ),
        text=where(changes, "", where(by_first, " lone_first", " lone_each")),
        of_days=where(changes, person.days, 1),
        words=where(changes, "lone_days", ""),
    )  # fmt: skip


def school_help(person: Any, own: Base, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 30 Abs. 4, § 42b Abs. 3: help with school or higher education, from 15; in the month of that birthday for the
    days that the setting says, of those on which the person is there."""
    old_enough, turns, days = person.age >= norm.extra_school_help_age, False, 0
    if norm.setting_school_help_start is not None:
        turns = (person.age < norm.extra_school_help_age) & (person.age_later >= norm.extra_school_help_age)
        old_enough = old_enough | turns
        days = person.days - person.days_before if norm.setting_school_help_start == BY_DAYS else 0
    return extra(
        "SCHOOL_HELP", own, norm.extra_school_help, person, chapter, month, norm, sheet,
        when=person.school_help & old_enough,
        section=norm.section.school_help,
        numbers=(norm.extra_school_help, used(norm.setting_school_help_start, turns)),
        text=where(turns, " percent_days", ""),
        days=where(turns, days, 1), of_days=where(turns, person.days, 1),
    )  # fmt: skip


def own_need(need: Any, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """A need with an amount of its own: what the office accepts of it; of § 30 Abs. 5 and § 33: monthly amounts."""
    nutrition = also_for_days(need.effective, need, chapter, month, norm)
    provision = at_last_for_days(need.effective, need, chapter, month, norm)
    amount = where(need.capped, nutrition, where(need.provision, provision, need.effective))
    numbers: tuple[Any, ...] = ()
    if need.capped is True:
        numbers = also_numbers(need, chapter, month, norm)
    elif need.provision is True:
        numbers = at_last_numbers(need, chapter, month, norm)
    rounding = part_rounding(need.effective, 1, need, chapter, month, norm) if numbers else ()
    by_days, told = part_told(need, chapter, month, norm) if numbers else ("", {})
    return sheet.line(
        "NEED", amount, of=need, section=section_of(need, norm), text="need" + by_days,
        numbers=(*numbers, *rounding), rounding=to_cent(rounding), **told,
    )  # fmt: skip


def cap(person: Any, own: Base, chapter: Whole, capped: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 30 Abs. 6, § 42b Abs. 4: paragraphs 1 to 5 together are at most the person's own Regelbedarfsstufe."""
    most = as_part(own.amount, own.days, person, chapter, month, norm) if each_need_once(norm) else own.amount
    over = maximum(capped - most, 0)
    rounding = part_rounding(own.amount, own.days, person, chapter, month, norm)
    by_days, told = part_told(person, chapter, month, norm)
    if own.text:
        rounding = (rounded(own.amount, own.days, norm), *rounding)
    return sheet.line(
        "CAP", -over, of=shown(person, "as_extra"), section=norm.section.cap, text="cap" + own.text + by_days,
        numbers=(*own.numbers, *at_last_numbers(person, chapter, month, norm), *rounding),
        rounding=to_cent(rounding), when=over > 0, capped=capped, own=most, **told,
    )  # fmt: skip


def hot_water(
    person: Any,
    own: Base,
    levels: Levels,
    chapter: Whole,
    decentral: Truth,
    month: Period,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """§ 30 Abs. 7: hot water made in the dwelling; more than the share of the level only by a meter of its own."""
    child = no(person.adult)
    permille, later = (
        where(person.adult, norm.extra_hot_water_adult, lookup(norm.extra_hot_water_child, years, only=child))
        for years in (person.age, person.age_later)
    )
    grows = child & (own.days > 1) & (later != permille)
    # of each level its own share, where both change on a birthday
    amount = own.amount * permille + where(grows, levels.later * levels.after * (later - permille), 0)
    divisor = PERMILLE * own.days
    flat = cents(amount, divisor, norm)
    metered = person.hot_water > flat
    by_days, told = part_told(person, chapter, month, norm)
    return sheet.line(
        "HOT_WATER",
        as_part(where(metered, person.hot_water, amount), where(metered, 1, divisor), person, chapter, month, norm),
        of=shown(person, "as_extra"),
        section=norm.section.hot_water,
        text=where(metered, "hot_water_meter", where(grows, "hot_water hot_water_grows", "hot_water") + own.text)
        + by_days,
        numbers=(
            permille,
            used(later, grows),
            *own.numbers,
            rounded(amount, divisor, norm),
            *part_rounding(
                where(metered, person.hot_water, amount), where(metered, 1, divisor), person, chapter, month, norm
            ),
            *part_numbers(person, chapter, month, norm),
        ),
        rounding="cent",
        when=((decentral & person.dwelling) | (person.hot_water != NEVER)) & no(person.institution),
        permille=permille,
        base=cents(own.amount, own.days, norm),
        flat=flat,
        **({"later": later} if grows is True else {}),
        **told,
    )


def workshop_lunch(person: Any, norm: Norms, sheet: Any) -> Whole:
    """§ 30 Abs. 8, § 42b Abs. 2: a thirtieth of the month's value of lunch for each working day."""
    if norm.setting_lunch_rounding == EACH_DAY:
        amount = cents(norm.extra_lunch, norm.extra_lunch_days, norm) * person.lunch_days
    else:
        amount = cents(norm.extra_lunch * person.lunch_days, norm.extra_lunch_days, norm)
    return sheet.line(
        "LUNCH", amount, of=shown(person, "as_extra"), section=norm.section.lunch, text=said("lunch", norm),
        numbers=(norm.extra_lunch, norm.extra_lunch_days, norm.setting_lunch_rounding, norm.setting_rounding),
        rounding="cent", when=person.lunch_days > 0, days=person.lunch_days,
    )  # fmt: skip


# Bildung und Teilhabe: § 34


def education(person: Any, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 34 Abs. 3 und 7: school supplies in the months of both half-years; participation for minors in chapter 3."""
    first = sheet.line(
        "SUPPLIES_FIRST", norm.education_first_half, of=shown(person, "as_education"), section=norm.section.supplies,
        text=said("supplies_first", norm), numbers=(norm.education_first_half,), when=person.first_half,
    )  # fmt: skip
    second = sheet.line(
        "SUPPLIES_SECOND", norm.education_second_half, of=shown(person, "as_education"), section=norm.section.supplies,
        text=said("supplies_second", norm), numbers=(norm.education_second_half,), when=person.second_half,
    )  # fmt: skip
    by_days, told = part_told(person, chapter, month, norm)
    rounding = part_rounding(norm.education_participation, 1, person, chapter, month, norm)
    participation = sheet.line(
        "PARTICIPATION", at_last_for_days(norm.education_participation, person, chapter, month, norm),
        of=shown(person, "as_education"),
        section=norm.section.participation,
        text=said("participation", norm) + by_days,
        numbers=(norm.education_participation, *at_last_numbers(person, chapter, month, norm), *rounding),
        rounding=to_cent(rounding),
        when=person.participation & no(person.adult) & (chapter == CHAPTER_3),
        **told,
    )  # fmt: skip
    return first + second + participation


# In stationary institutions: § 27b


def further_need(person: Any, chapter: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """§ 27b Abs. 2 bis 4: Barbetrag of adults, and the lump sum for clothing that the Land set."""
    there = person.institution & person.adult
    share = norm.regelbedarf_1 * norm.institution_cash
    by_days, told = part_told(person, chapter, month, norm)
    part_of = also_numbers(person, chapter, month, norm)
    cash = sheet.line(
        "CASH", as_part(share, PERCENT, person, chapter, month, norm) if each_need_once(norm) else also_for_days(
            cents(share, PERCENT, norm), person, chapter, month, norm
        ),
        of=under_item(person, FURTHER_ITEM, norm),
        section=norm.section.cash, text=said("cash", norm) + by_days,
        numbers=(
            norm.institution_cash, norm.regelbedarf_1, *part_of,
            *part_rounding(share, PERCENT, person, chapter, month, norm),
        ), rounding="cent", when=there, **told,
    )  # fmt: skip
    clothing = district("clothing", norm.clothing, there)
    rounding = part_rounding(clothing, 1, person, chapter, month, norm)
    clothes = sheet.line(
        "CLOTHING",
        also_for_days(clothing, person, chapter, month, norm),
        of=under_item(person, FURTHER_ITEM, norm),
        section=norm.section.cash,
        text="clothing" + by_days,
        numbers=(norm.clothing, *part_of, *rounding),
        rounding=to_cent(rounding),
        when=there,
        **told,
    )
    return cash + clothes


def district(name: str, number: Any, asked: Truth) -> Whole:
    """A number of the district; NormMissing where somebody needs it and the case brought none."""
    if number is not None:
        return number
    if (asked is True) or (asked is not False and asked.any()):
        raise NormMissing(f"{name}: a table of the district is needed (tables, in the form of a norm file)")
    return 0
