"""What follows: the entry test, a sanction, an instalment paid back, and each head's part for charging on."""

from datetime import date
from typing import Any

from handslag.rules.ch.means import as_means
from handslag.rules.ch.need import (
    CENTIME,
    PERCENT,
    days_before,
    divides_levels,
    in_part,
    of_level,
    of_majority,
    of_one_level,
    says_limits,
    says_more,
)
from handslag.rules.ch.numbers import ALWAYS, BY_HEADS, OF_UNIT, SHARED, UNLIMITED, WHOLE_MONTH, Norms
from handslag.rules.periods import Period
from handslag.rules.versions import versioned
from handslag.rules.words import Truth, Whole, maximum, minimum, round_to, used, where


def tested(household: Any, norm: Norms) -> Truth:
    """Whether entitlement is tested in this period."""
    return household.new | (norm.test_when == ALWAYS)


def entry_test(household: Any, need: Whole, income: Whole, month: Period, norm: Norms, sheet: Any) -> Whole:
    """Entitlement: basic security (need A) against income, with neither EFB nor IZU. Returns what is missing.

    A case that runs on isn't tested, unless the setting says so; its line says that.
    """
    missing = need - income
    sheet.line(
        "ENTRY",
        maximum(missing, 0),
        of=as_means(household, norm),
        section=norm.section.entry,
        text=where(tested(household, norm), where(missing > 0, "entry", "entry_no"), "entry_running"),
        numbers=(
            norm.entry_person,
            norm.entry_unit,
            used(norm.part_month, in_part(month, norm)),
            used(norm.test_when, where(household.new, False, True)),
            of_majority(household, "earner_comes_of_age", norm),
        ),
        need=need,
        income=income,
    )
    return missing


@versioned
def shares_sanction(norm: Norms) -> bool:
    """Whether all orders that reduce the whole unit's GBL have one limit together: no, each has its own."""
    return False


@shares_sanction.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 30),
    because="the limit is a part of the GBL: where the unit's is reduced, orders against two persons reduce one",
)
def shares_sanction_of_the_unit(norm: Norms) -> bool:
    """Yes, where the setting says that it is the unit's GBL that is reduced."""
    return norm.sanction_base == OF_UNIT


def runs(order: Any, norm: Norms) -> Truth:
    """Whether an order acts in the period: for its months; in the first of them from the day on which it begins, or
    where the setting says so (or isn't known), in all of that month."""
    begun = order.elapsed >= 0 if _whole_month(norm) else order.day > 0
    return begun & (order.elapsed < _months(order, norm))


def _whole_month(norm: Norms) -> bool:
    return norm.sanction_begin is None or norm.sanction_begin == WHOLE_MONTH


def _inside(order: Any, month: Period) -> Truth:
    """Whether an order begins in this month, and not before the period: its month's setting decides."""
    return (order.elapsed == 0) & (order.day != month.first % 100)


def _acting(order: Any, month: Period, norm: Norms) -> tuple[Whole, Whole]:
    """On how many days of the period an order acts, and how many there are, as days of a part of a month count."""
    first, last = (days_before(day % 100, month, norm) for day in (month.first, month.last + 1))
    begins = first if _whole_month(norm) else days_before(maximum(order.day, 1), month, norm)
    return last - begins, last - first


def ordered(order: Any, own_gbl: Whole, unit_gbl: Whole, month: Period, norm: Norms) -> Whole:
    """What an order takes of the GBL by itself: by percent up to the limit, for limited months."""
    base = unit_gbl if norm.sanction_base == OF_UNIT else own_gbl
    taken, divided_by = base * minimum(order.percent, norm.sanction_max), PERCENT
    if not _whole_month(norm):
        days, of_days = _acting(order, month, norm)
        taken, divided_by = taken * days, PERCENT * max(of_days, 1)
    return where(runs(order, norm), round_to(CENTIME, taken, divided_by), 0)


def _months(order: Any, norm: Norms) -> Whole:
    return minimum(order.months, norm.sanction_months)


def sanction(
    order: Any,
    own_gbl: Whole,
    unit_gbl: Whole,
    asked: Whole,
    earlier: Whole,
    month: Period,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """A reduction of the GBL that a decision orders: what it takes by itself (`asked`), and where orders share the
    limit of the unit's GBL, at most what those before it (`earlier`, in all) leave of that."""
    months, acts = _months(order, norm), runs(order, norm)
    base = unit_gbl if norm.sanction_base == OF_UNIT else own_gbl
    reduced = asked
    if shares_sanction(norm):
        limit = round_to(CENTIME, unit_gbl * norm.sanction_max, PERCENT)
        reduced = minimum(asked, maximum(limit - earlier, 0))
    above, told = "", {}
    if says_limits(norm):
        above = where(acts & (order.percent > norm.sanction_max), " sanction_at_most", "")
        told = {"ordered": order.percent}
    if says_more(norm):
        above += where(order.months > norm.sanction_months, " sanction_longest", "")
        told |= {"ordered_months": order.months}
    inside = False if norm.sanction_begin is None else _inside(order, month)
    from_day = ""
    if not _whole_month(norm):
        days, of_days = _acting(order, month, norm)
        from_day = where(acts & inside, " sanction_from", "")
        told |= {"days": days, "of_days": of_days}
    return sheet.line(
        "SANCTION",
        reduced,
        of=order,
        section=norm.section.sanction,
        text=where(acts, "sanction", "sanction_over")
        + from_day
        + above
        + where(reduced < asked, " sanction_limited", ""),
        numbers=(
            norm.sanction_max,
            norm.sanction_months,
            norm.sanction_base,
            used(norm.sanction_begin, inside),
            used(norm.part_month, acts & inside & (not _whole_month(norm))),
        ),
        rounding="rappen_half_up",
        percent=minimum(order.percent, norm.sanction_max),
        months=months,
        base=base,
        **told,
    )


@versioned
def says_limit_alone(norm: Norms) -> bool:
    """Whether an instalment names the setting of its limit where no reduction stands beside it: no."""
    return False


@says_limit_alone.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 12, 6),
    because="no source gives an instalment a limit: that one by itself has the limit of a reduction is open too",
)
def says_limit_always(norm: Norms) -> bool:
    """Yes."""
    return True


def instalment(household: Any, gbl: Whole, less: Whole, granted: Whole, norm: Norms, sheet: Any) -> Whole:
    """What is kept back of the support for a restitution: percent of the GBL, the last one is what remains.

    At most the part of the GBL that a reduction may take, or without a limit, as the setting says; what reductions take
    (`less`) counts towards it, or not (not known before: no limit here).
    """
    asked = minimum(round_to(CENTIME, gbl * household.restitution_percent, PERCENT), household.restitution)
    due, limit, open_here = asked, norm.restitution_limit, False
    if limit is not None:
        most = round_to(CENTIME, gbl * norm.sanction_max, PERCENT)
        alone, beside = minimum(asked, most), minimum(asked, maximum(most - less, 0))
        due = beside if limit == SHARED else asked if limit == UNLIMITED else alone
        open_here = beside < asked if says_limit_alone(norm) else beside < alone
    kept = minimum(due, granted)
    return sheet.line(
        "RESTITUTION",
        kept,
        of=household.of_restitution,
        section=norm.section.restitution,
        text=where(household.restitution > due, "instalment", "instalment_last")
        + where(due < asked, " instalment_at_most", "")
        + (where(kept < due, " instalment_limited", "") if says_more(norm) else ""),
        numbers=(used(norm.sanction_max, due < asked), used(limit, open_here)),
        rounding="rappen_half_up",
        when=household.restitution > 0,
        percent=household.restitution_percent,
        remaining=household.restitution,
        left=household.restitution - kept,
        base=gbl,
    )


def family_income(person: Any, minor: Truth, efb: Whole, above: Whole, norm: Norms) -> Whole:
    """What of a member's income serves the whole family: an adult's, unless it stays with the person."""
    net = person.income - efb - above
    if norm.split_income != BY_HEADS:
        return net * 0
    return where(minor, 0, net)


@versioned
def divided_need(household: Any, gbl: Whole, norm: Norms) -> Whole:
    """What of the GBL is divided by heads together with what serves all: nothing, each has its part by itself."""
    return gbl * 0


@divided_need.corrected(
    valid_from=date(2025, 1, 1),
    known_from=date(2026, 11, 28),
    because="an amount is divided late and rounded once: where all heads are of one level, a head's part is one of "
    "the whole, not a part of the GBL and one of the rest",
)
def divided_need_of_one_level(household: Any, gbl: Whole, norm: Norms) -> Whole:
    """All of the GBL, unless only some of the heads are under the asylum regime: then each has its own level."""
    return where(_two_levels(household), 0, gbl)


def divided_levels(household: Any, plain: Whole, asylum: Whole, norm: Norms) -> tuple[Whole, Whole]:
    """The GBL of each level where a head has a part of its own level's: where the heads are of two; else nothing."""
    if not divides_levels(norm):
        return plain * 0, asylum * 0
    two = _two_levels(household)
    return where(two, plain, 0), where(two, asylum, 0)


def _two_levels(household: Any) -> Truth:
    return (household.asylum_heads > 0) & (household.asylum_heads < household.heads)


def net_cost(person: Any, own_need: Whole, own_income: Whole, reduced: Whole, plain: Whole, asylum: Whole) -> Whole:
    """What a member whom the canton reimburses costs, 0 for others.

    What is individual stays its own; of what serves all (need less income) it bears one head's part, that of its level.
    """
    net = maximum(own_need - own_income - reduced + of_level(person, plain, asylum), 0)
    return where(person.reimbursed, net, 0)


def charged_share(
    person: Any,
    net: Whole,
    charged: Whole,
    own_need: Whole,
    own_income: Whole,
    reduced: Whole,
    common: Whole,
    heads: Whole,
    under: Whole,
    plain: Whole,
    asylum: Whole,
    granted: Whole,
    norm: Norms,
    sheet: Any,
) -> Whole:
    """§ 44 SHG: the net cost of a member whom the canton reimburses, for all of them at most what is granted.

    Others of the unit may have more income than need; `charged`: the net cost of the members before this one.
    The line keeps what it is made of, so that a settlement over several months divides once.
    """
    share = minimum(net, maximum(granted - charged, 0))
    basic = sharing = 0
    if sheet.explains:
        basic, sharing = of_level(person, plain, asylum), of_one_level(person, heads, under)
    levels = {"basic": basic, "sharing": sharing} if divides_levels(norm) else {}
    said = where(basic > 0, "share_levels", "share")
    return sheet.line(
        "SHARE",
        share,
        of=person,
        section=norm.section.split,
        text=where(granted > 0, said + where(net > share, " share_limited", ""), "share_none"),
        numbers=(
            norm.split_income,
            used(of_majority(person, "unit_earner_comes_of_age", norm), norm.split_income == BY_HEADS),
        ),
        rounding="rappen_half_up",
        when=person.reimbursed,
        need=own_need,
        own=own_income,
        reduced=reduced,
        common=common,
        heads=heads,
        granted=granted,
        **levels,
    )
