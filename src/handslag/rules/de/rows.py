"""What the rules read: a household as rows, with the joins done and months and days counted, but no law applied."""

from datetime import date, timedelta
from typing import Final

from handslag.kernel.months import Month
from handslag.rules.de.codes import DEBTS, INCOMES, NEEDS
from handslag.rules.de.facts import Debt, Direct, Facts, Income, Member, Need
from handslag.rules.periods import Period as Period
from handslag.rules.periods import as_number

_NOTHING: Final[dict[str, int | str]] = {}
NEVER: Final = -1


def months_between(since: date, until: date) -> int:
    """Calendar months from the month of `since` to that of `until`."""
    return (until.year - since.year) * 12 + until.month - since.month


def days_before(day: date, facts: Facts) -> int:
    """Days of the period before a day."""
    return (min(max(day, facts.since), facts.until) - facts.since).days


class Of:
    """Whom a line is about, where it isn't the row itself that stands on the line."""

    __slots__ = ("about", "code", "key", "statistics_code")

    def __init__(
        self,
        key: str | None,
        code: str | None = None,
        about: dict[str, int | str] | None = None,
        statistics_code: str | None = None,
    ) -> None:
        self.key = key
        self.code = code
        self.about = about or _NOTHING
        self.statistics_code = statistics_code


class Person(Of):
    """A member. `age`: whole years on the first day of the presence, `age_later` on its last one.

    `age_months`: whole months of life at the end of the calendar month. `days`: entitled days of the period,
    `days_before` of them before the birthday; `first_day`, `last_day`: days of the month. `pregnant_days`: days of the
    month after the twelfth week, `pregnant_there`: of the presence.
    `paired`: one of a couple; `apart`: the other one lives elsewhere; `alone_days`: days of the presence on which the
    other one isn't there, `alone_first`: the first of it is one of them.
    """

    __slots__ = (
        "accommodation", "adult", "age", "age_later", "age_months", "alone_days", "alone_first", "apart", "arrears",
        "as_deviation", "as_education", "as_extra", "as_home", "as_rate", "assets", "birth_year", "care", "claims",
        "days", "days_before", "dwelling", "extras", "first_day", "first_half", "full_reduction", "grundrente",
        "hot_water", "institution", "last_day", "lone_parent", "lunch_days", "mark_g", "other_housing", "own_child",
        "paired", "participation", "payee", "permanent", "pregnant_days", "pregnant_there", "rate_less", "rate_more",
        "rent_free", "school_help", "second_half", "special",
    )  # fmt: skip

    def __init__(self, member: Member, facts: Facts, partner: Member | None, payee: str | None) -> None:
        super().__init__(member.key)
        month = Month.of(facts.since)
        since, until = member.since or facts.since, member.until or facts.until
        last, birth = until - timedelta(days=1), as_number(member.birth_on)
        self.adult = member.role == "adult"
        self.paired = partner is not None
        self.apart = partner is not None and partner.living != member.living
        self.payee = member.key == payee
        self.claims = member.claims
        self.permanent = member.capacity == "permanent"
        self.full_reduction = member.capacity != "full"
        self.birth_year = member.birth_on.year
        self.age = (as_number(since) - birth) // 10000
        self.age_later = (as_number(last) - birth) // 10000
        end = month.until - timedelta(days=1)
        self.age_months = months_between(member.birth_on, end) - (end.day < member.birth_on.day)
        self.days = (until - since).days
        self.first_day, self.last_day = since.day, last.day
        self.days_before = self.days
        self.alone_days, self.alone_first = 0, False
        if partner is not None:
            first, end = partner.since or facts.since, partner.until or facts.until
            self.alone_days = self.days - max((min(until, end) - max(since, first)).days, 0)
            self.alone_first = not first <= since < end
        if self.age != self.age_later:
            # a birthday inside: 29 February counts from 1 March
            while (as_number(since + timedelta(days=self.days_before - 1)) - birth) // 10000 == self.age_later:
                self.days_before -= 1
        self.dwelling = member.living == "dwelling"
        self.special = member.living == "special"
        self.institution = member.living == "institution"
        self.other_housing = member.living == "other"
        self.mark_g = member.mark_g
        self.pregnant_days = self.pregnant_there = 0
        if member.pregnant_since is not None and member.pregnant_since < month.until:
            born = member.delivered_on
            if born is None or born >= month.since:
                self.pregnant_days = (month.until - max(member.pregnant_since, month.since)).days
                self.pregnant_there = max((until - max(member.pregnant_since, since)).days, 0)
        self.lone_parent = member.lone_parent
        self.school_help = member.school_help
        self.hot_water = NEVER if member.hot_water is None else member.hot_water
        self.lunch_days = member.lunch_days
        self.first_half = member.supplies in ("first", "both")
        self.second_half = member.supplies in ("second", "both")
        self.participation = member.participation
        self.rate_less = member.rate_less
        self.rate_more = member.rate_more
        self.accommodation = member.accommodation
        self.extras = member.extras
        self.rent_free = member.rent_free
        self.grundrente = member.grundrente
        self.care = member.care
        self.assets = member.assets
        self.own_child = member.own_child
        self.arrears = member.arrears
        self.as_rate = Of(member.key, statistics_code="regelsatz")
        self.as_deviation = Of(member.key, None, {"note": member.reason}, "abweichender_regelsatz")
        self.as_extra = Of(member.key, statistics_code="mehrbedarf")
        self.as_education = Of(member.key, statistics_code="bildung")
        source: dict[str, int | str] = {"source": facts.housing.source} if facts.housing is not None else {}
        self.as_home = Of(member.key, None, source, "unterkunft")


class NeedRow(Of):
    """A need with an amount of its own."""

    __slots__ = (
        "capped",
        "days",
        "education",
        "effective",
        "insurance",
        "member",
        "one_off",
        "provision",
        "running",
        "section_name",
    )

    def __init__(self, need: Need, member: int, days: int) -> None:
        kind = NEEDS[need.code]
        about: dict[str, int | str] = {"applied": need.applied, "source": need.source}
        if need.note:
            about["note"] = need.note
        super().__init__(need.person, "NEED." + need.code, about)
        self.statistics_code = kind.statistics
        self.section_name = kind.section
        self.member = member
        self.days = days
        self.effective = need.accepted
        self.capped = kind.kind == "capped"
        self.running = kind.kind == "running"
        self.provision = kind.section == "provision"
        self.insurance = kind.kind == "insurance"
        self.education = kind.kind == "education"
        self.one_off = kind.kind == "one_off"


class IncomeRow(Of):
    """An income. `spread_part`: which month of a spread back-payment this is (0: the month in which it came).

    The lump sum for equipment and the limit for a second household are one for all incomes of a person, by the highest
    first: `rank`, the same in whatever order a case names them. As known until 2 December 2026: `equipment_once`: this
    is the one that bears it; `second_before`: asked by those before it.
    """

    __slots__ = (
        "additional", "as_deduction", "back", "before", "capital", "car_km", "child_benefit", "costs", "covers_months",
        "earnings",
        "equipment", "equipment_once", "exempt", "gross", "honorary", "insurance", "member", "presumed",
        "rank", "second_before", "second_household", "section_name", "social", "spread_months", "spread_part",
        "statutory", "student", "tax", "volunteer", "workshop",
    )  # fmt: skip

    def __init__(self, income: Income, member: int, facts: Facts) -> None:
        kind = INCOMES[income.code]
        about: dict[str, int | str] = {"gross": income.gross, "source": income.source}
        if income.period:
            about["period"] = income.period
        if income.note:
            about["note"] = income.note
        super().__init__(income.person, "INCOME." + income.code, about)
        self.as_deduction = Of(income.person)
        self.statistics_code = kind.statistics
        self.section_name = kind.section
        self.member = member
        self.gross = income.gross
        self.tax = income.tax
        self.social = income.social
        self.insurance = income.insurance
        self.equipment = income.equipment
        self.car_km = income.car_km
        self.second_household = income.second_household
        self.equipment_once, self.second_before, self.rank = False, 0, 0
        self.costs = income.ticket + income.other_costs
        self.before = income.before
        self.covers_months = income.covers_months
        self.back = income.back_payment
        self.spread_part = months_between(income.received_on, facts.since) if income.received_on else 0
        self.spread_months = NEVER if income.spread_months is None else income.spread_months
        self.statutory = kind.kind == "statutory"
        self.additional = kind.kind == "additional"
        self.earnings = kind.kind == "earnings"
        self.workshop = kind.kind == "workshop"
        self.student = kind.kind == "student"
        self.volunteer = kind.kind == "volunteer"
        self.honorary = kind.kind == "honorary"
        self.capital = kind.kind == "capital"
        self.child_benefit = kind.kind == "child_benefit"
        self.presumed = kind.kind == "presumed"
        self.exempt = kind.kind == "exempt"


class DebtRow(Of):
    """What is withheld; `month`: months since it became final, or since the loan was paid out."""

    __slots__ = (
        "asked", "deposit", "loan", "member", "month", "month_end", "of_adult", "paid_back", "provisional", "reduction",
        "remaining", "undue",
    )  # fmt: skip

    def __init__(self, debt: Debt, member: int, of_adult: bool, facts: Facts) -> None:
        kind = DEBTS[debt.code].kind
        super().__init__(debt.person, "DEBT." + debt.code, {"order": debt.order, "remaining": debt.remaining})
        self.member = member
        self.remaining = debt.remaining
        self.of_adult = of_adult
        self.paid_back = debt.paid_back
        self.asked = NEVER if debt.amount is None else debt.amount
        self.month = months_between(debt.since, facts.since)
        self.reduction = kind == "reduction"
        self.undue = kind == "undue"
        self.provisional = kind == "provisional"
        self.loan = kind == "loan"
        self.month_end = kind == "month_end"
        self.deposit = kind == "deposit"


class DirectRow(Of):
    """A payment to somebody else."""

    __slots__ = ("asked", "fund", "landlord", "member", "power", "provider")

    def __init__(self, direct: Direct, member: int) -> None:
        super().__init__(direct.person, "DIRECT." + direct.code)
        self.member = member
        self.asked = NEVER if direct.amount is None else direct.amount
        self.fund = direct.code == "FUND"
        self.landlord = direct.code == "LANDLORD"
        self.power = direct.code == "POWER"
        self.provider = direct.code == "PROVIDER"


class Household(Of):
    """One household's rows; without a dwelling its rent is 0. `karenz_month`: 0 in the first month, NEVER: none.

    `reduce_days`, `heating_days`: days of the month on which rent and heating are still taken as they are,
    `higher_days`: on which more than one and a half times is accepted; 0: none, as many as the month has: all.
    """

    __slots__ = (
        "appropriate", "assets_usable", "debts", "decentral", "direct", "has_housing", "heads", "heating",
        "heating_days", "higher_days", "incomes", "karenz_month", "members", "months_since_death", "needs",
        "one_off_months", "over_ceiling", "own_contract", "reduce_days", "rent", "residents",
    )  # fmt: skip

    def __init__(self, facts: Facts) -> None:
        super().__init__(None)
        place = {m.key: n for n, m in enumerate(facts.members)}
        adults = [m for m in facts.members if m.role == "adult"]
        together = len(adults) == 2 and all(m.living in ("dwelling", "other") for m in adults)
        payee = facts.child_benefit_to or (adults[0].key if adults else None)
        partners = {a.key: b for a, b in (adults, adults[::-1])} if together else {}
        self.members = tuple(Person(m, facts, partners.get(m.key), payee) for m in facts.members)
        self.needs = tuple(NeedRow(n, place[n.person], self.members[place[n.person]].days) for n in facts.needs)
        self.incomes = tuple(IncomeRow(i, place[i.person], facts) for i in facts.incomes)
        bearing = ("earnings", "workshop", "student")
        asked: dict[int, int] = {}
        bore = set()
        highest = sorted(self.incomes, key=lambda i: (not any(getattr(i, kind) for kind in bearing), -i.gross))
        for row in highest:
            row.second_before = asked.get(row.member, 0)
            asked[row.member] = row.second_before + row.second_household
            if row.equipment and row.member not in bore:
                row.equipment_once = True
                bore.add(row.member)
        if len(highest) > 1:
            told = [(not any(getattr(i, k) for k in bearing), -i.gross, repr(f)) for i, f in zip(
                self.incomes, facts.incomes, strict=True)]  # fmt: skip
            for rank, n in enumerate(sorted(range(len(told)), key=told.__getitem__)):
                self.incomes[n].rank = rank
        # the rows of one member stand together, in the order in which the case names them
        self.debts = tuple(
            DebtRow(d, place[d.person], self.members[place[d.person]].adult, facts)
            for d in sorted(facts.debts, key=lambda d: place[d.person])
        )
        self.direct = tuple(DirectRow(d, place[d.person]) for d in sorted(facts.direct, key=lambda d: place[d.person]))
        self.one_off_months = facts.one_off_months
        self.assets_usable = facts.assets_usable
        housing = facts.housing
        self.has_housing = housing is not None
        self.rent = self.heating = self.over_ceiling = 0
        self.heads = sum(m.living == "dwelling" for m in facts.members)
        self.residents = max(self.heads, 1)
        self.own_contract = self.decentral = False
        self.appropriate = True
        self.karenz_month = self.months_since_death = NEVER
        self.reduce_days = self.heating_days = self.higher_days = 0
        if housing is not None:
            self.rent, self.heating, self.over_ceiling = housing.rent, housing.heating, housing.over_ceiling
            self.residents = housing.residents
            self.own_contract, self.decentral = housing.own_contract, housing.decentral
            self.appropriate = housing.appropriate
            if housing.benefit_since is not None and not housing.no_karenz and housing.benefit_since < facts.until:
                # months before 2023 don't count (§ 140 Abs. 1)
                first = max(housing.benefit_since, date(2023, 1, 1))
                self.karenz_month = max(months_between(first, facts.since) + housing.used - housing.interrupted, 0)
            if housing.death_on is not None and housing.death_on < facts.until:
                self.months_since_death = months_between(housing.death_on, facts.since)
            self.reduce_days = days_before(housing.reduce_until or facts.until, facts)
            self.heating_days = days_before(housing.heating_until or facts.until, facts)
            self.higher_days = days_before(housing.higher_until or facts.since, facts)
