"""What the rules read: a unit as rows, with the joins done and the months counted, but no law applied."""

from datetime import date
from typing import Final

from handslag.kernel.months import Month
from handslag.rules.ch.codes import ASYLUM, COSTS, INCOMES
from handslag.rules.ch.facts import MAJORITY, Facts, Member, Sanction
from handslag.rules.ch.facts import Cost as CostFact
from handslag.rules.ch.facts import Relative as RelativeFact
from handslag.rules.periods import Period, as_number

_NOTHING: Final[dict[str, int | str]] = {}
NOBODY: Final = -1
NOT_TOLD: Final = -1
LONG_AGO: Final = 18800101
YEAR: Final = 10_000


def _birthday(birth: int, period: Period) -> bool:
    """Whether a birthday lies inside the period, after its first day."""
    return (period.last - birth) // YEAR > (period.first - birth) // YEAR


class Person:
    """A member; `wage` and `income` are the sums of its own incomes.

    `birthday`: one lies in the period, after its first day; `comes_of_age`: the eighteenth does;
    `unit_earner_comes_of_age`: that of somebody in the unit who has an income.
    """

    __slots__ = (
        "about", "asylum", "birth", "birthday", "code", "comes_of_age", "efb_before", "income", "izu", "izu_before",
        "key", "reimbursed", "statistics_code", "unit_earner_comes_of_age", "wage",
    )  # fmt: skip

    def __init__(self, member: Member, facts: Facts, period: Period) -> None:
        self.key: str | None = member.key
        self.code: str | None = None
        self.statistics_code: str | None = None
        self.about = _NOTHING
        self.birth = as_number(member.birth_on)
        self.asylum = member.permit in ASYLUM
        self.izu = member.izu
        self.efb_before = NOT_TOLD if member.efb_before is None else member.efb_before
        self.izu_before = NOT_TOLD if member.izu_before is None else member.izu_before
        self.reimbursed = member.reimbursed_until is not None and member.reimbursed_until >= facts.until
        own = [i for i in facts.incomes if i.person == member.key]
        self.income = sum(i.gross for i in own)
        self.wage = sum(i.gross for i in own if INCOMES[i.code].wage)
        self.birthday = _birthday(self.birth, period)
        self.comes_of_age = period.first < self.birth + MAJORITY * YEAR <= period.last
        self.unit_earner_comes_of_age = False


class Cost:
    """A cost with its limits' rule, and what they need to know of its person.

    `used`: what its person's year has had of this kind before it, as it says itself (`before`) or as the earlier
    rows of the period add up to, whichever is more, Rappen; a limit isn't applied yet.
    """

    __slots__ = (
        "about", "before", "birth", "birthday", "code", "copay", "deductible", "effective", "key", "law", "meals",
        "member", "premium", "statistics_code", "units", "used",
    )  # fmt: skip

    def __init__(
        self, cost: CostFact, places: dict[str, int], births: dict[str, int], earlier: int, period: Period
    ) -> None:
        kind = COSTS[cost.code]
        self.key = cost.person
        self.code = "COST." + cost.code
        self.statistics_code = "sil" if kind.kind != "medical" else "gesundheit"
        self.law = kind.law
        self.premium = kind.rule == "premium"
        self.deductible = kind.rule == "deductible"
        self.copay = kind.rule == "copay"
        self.meals = kind.rule == "meals"
        self.effective = cost.accepted
        self.before = cost.before
        self.used = max(cost.before, earlier)
        self.units = cost.units
        self.member = places.get(cost.person or "", NOBODY)
        self.birth = births.get(cost.person or "", LONG_AGO)
        self.birthday = self.copay and _birthday(self.birth, period)
        self.about: dict[str, int | str] = {"applied": cost.applied, "source": cost.source}
        if cost.note:
            self.about["note"] = cost.note


class Income:
    """An income."""

    __slots__ = ("about", "code", "gross", "key", "member", "statistics_code")

    def __init__(self, code: str, gross: int, person: str | None, member: int, about: dict[str, int | str]) -> None:
        self.key = person
        self.code = "INCOME." + code
        self.statistics_code = None
        self.gross = gross
        self.member = member
        self.about = about


class Ordered:
    """A sanction: how many months ago it began, in the months of the calendar, and its member's regime.

    `day`: the day of the month from which it acts in this period, if at all; 0: it begins after the period.
    """

    __slots__ = ("about", "asylum", "code", "day", "elapsed", "key", "member", "months", "percent", "statistics_code")

    def __init__(self, sanction: Sanction, since: date, until: date, member: int, asylum: bool) -> None:
        self.key = sanction.person
        self.code = None
        self.statistics_code = None
        self.about: dict[str, int | str] = {"order": sanction.order}
        self.member = member
        self.asylum = asylum
        self.percent = sanction.percent
        self.months = sanction.months
        self.day = max(sanction.since, since).day if sanction.since < until else 0
        self.elapsed = since.year * 12 + since.month - sanction.since.year * 12 - sanction.since.month


class Of:
    """The unit again, as the row of a line that has words of its own (where a number came from, which order)."""

    __slots__ = ("about", "code", "key", "statistics_code")

    def __init__(self, statistics_code: str | None = None, **about: str) -> None:
        self.key = None
        self.code = None
        self.statistics_code = statistics_code
        self.about: dict[str, int | str] = dict(about)


class Relative:
    """A relative who might be asked to contribute."""

    __slots__ = ("about", "children", "code", "couple", "income", "key", "statistics_code")

    def __init__(self, relative: RelativeFact) -> None:
        self.key = None
        self.code = None
        self.statistics_code = None
        self.about: dict[str, int | str] = {"name": relative.name, "source": relative.source}
        self.income = relative.income
        self.couple = relative.couple
        self.children = relative.children


NEVER: Final = 32


def _notice_day(facts: Facts) -> int:
    notice, month = facts.rent.notice_until if facts.rent else None, Month.of(facts.since)
    if notice is None or notice >= month.until:
        return NEVER
    return notice.day if notice >= month.since else 0


class Household:
    """One unit's rows and what is the same for all of it; `size` is everybody in a shared household.

    `notice_day`: the day of the month from which the notice to find a cheaper flat has run out; 0: it had before,
    NEVER: not in this month, or there is none. `notice_ends`: that is inside the month, in the period or before it.
    """

    __slots__ = (
        "about", "alone_birth", "alone_birthday", "asylum_heads", "basic", "code", "comes_of_age", "common_child",
        "earner_comes_of_age", "heads", "idle", "incomes", "key", "members", "new", "notice_day", "notice_ends",
        "of_means", "of_partner", "of_refund", "of_rent", "of_restitution", "owner_comes_of_age", "partner",
        "partner_budget", "partner_income", "promoting", "purpose_flat", "received", "refund_wealth", "relatives",
        "rent", "rented", "restitution", "restitution_percent", "sanctions", "shared", "single", "size",
        "statistics_code", "together_since", "wealth", "wealth_before", "wealth_known",
    )  # fmt: skip

    def __init__(self, facts: Facts) -> None:
        self.key = None
        self.code = None
        self.about = _NOTHING
        self.statistics_code = "grundbedarf"
        places = {m.key: n for n, m in enumerate(facts.members)}
        births = {m.key: as_number(m.birth_on) for m in facts.members}
        period = Period.of(facts.since, facts.until)
        self.members = tuple(Person(m, facts, period) for m in facts.members)
        eighteen = [m for m in self.members if m.comes_of_age]
        self.comes_of_age = bool(eighteen)
        self.earner_comes_of_age = any(m.income > 0 for m in eighteen)
        for member in self.members if eighteen else ():
            member.unit_earner_comes_of_age = self.earner_comes_of_age
        costs: list[tuple[str, Cost]] = []
        used: dict[tuple[str | None, str], int] = {}
        for c in facts.costs:
            cost = Cost(c, places, births, used.get((c.person, c.code), 0), period)
            used[c.person, c.code] = cost.used + cost.effective
            costs.append((COSTS[c.code].kind, cost))
        self.basic = tuple(c for kind, c in costs if kind != "promoting")
        self.promoting = tuple(c for kind, c in costs if kind == "promoting")
        incomes = []
        for i in facts.incomes:
            about: dict[str, int | str] = {"gross": i.gross, "source": i.source}
            if i.period:
                about["period"] = i.period
            if i.note:
                about["note"] = i.note
            incomes.append(Income(i.code, i.gross, i.person, places.get(i.person or "", NOBODY), about))
        self.incomes = tuple(incomes)
        self.sanctions = tuple(
            Ordered(s, facts.since, facts.until, places[s.person], self.members[places[s.person]].asylum)
            for s in facts.sanctions
        )
        self.heads = len(facts.members)
        self.asylum_heads = sum(m.asylum for m in self.members)
        self.single = self.heads == 1
        self.alone_birth = self.members[0].birth
        self.alone_birthday = self.members[0].birthday
        self.purpose_flat = facts.living == "purpose_flat"
        self.shared = facts.household_size is not None
        self.size = facts.household_size or self.heads
        self.idle = facts.without_activity
        self.new = facts.claim == "new"
        self.rented = facts.rent is not None
        self.rent = facts.rent.amount if facts.rent else 0
        self.notice_day = _notice_day(facts)
        self.notice_ends = 1 < self.notice_day <= period.last % 100
        self.wealth_known = facts.wealth is not None
        self.wealth = facts.wealth or 0
        self.owner_comes_of_age = self.comes_of_age and self.wealth > 0
        self.wealth_before = NOT_TOLD if facts.wealth_before is None else facts.wealth_before
        partner = facts.partner
        self.partner = partner is not None
        self.together_since = as_number(partner.together_since) if partner else 0
        self.common_child = bool(partner and partner.common_child)
        self.partner_income = partner.income if partner else 0
        self.partner_budget = partner.budget if partner else 0
        self.of_means = Of()
        self.of_rent = Of("wohnkosten", source=facts.rent.source) if facts.rent else None
        self.of_partner = Of(source=partner.source) if partner else None
        self.of_restitution = Of(order=facts.restitution.order) if facts.restitution else None
        self.of_refund = Of(source=facts.refund.source) if facts.refund else None
        self.refund_wealth = facts.refund.wealth if facts.refund else 0
        self.received = facts.refund.received if facts.refund else 0
        self.relatives = tuple(Relative(r) for r in facts.relatives)
        self.restitution = facts.restitution.remaining if facts.restitution else 0
        self.restitution_percent = facts.restitution.percent if facts.restitution else 0
