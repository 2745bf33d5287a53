"""The facts of a household (Einsatzgemeinschaft) for one period: plain data, whole cents, dates."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from handslag.kernel.money import MAXIMUM
from handslag.kernel.months import age_on
from handslag.rules.de.codes import DEBTS, INCOMES, NEEDS, PAYEES
from handslag.rules.facts import MOST_ROWS, FactsError, Source, StoredFacts, month_of

Capacity = Literal["full", "temporary", "permanent"]
Living = Literal["dwelling", "special", "institution", "other"]

AMOUNTS: Final = (
    "accommodation", "amount", "applied", "arrears", "assets", "before", "effective", "extras", "gross", "heating",
    "hot_water", "insurance", "other_costs", "over_ceiling", "paid_back", "rate_less", "rate_more", "remaining", "rent",
    "second_household", "social", "tax", "ticket",
)  # fmt: skip
"""The fields that are amounts."""

MOST_NEED: Final = 60_000_000
"""All amounts of need together, cents a month: so shares of a surplus stay below 2^53 before they are divided."""
MAJORITY: Final = 18


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person of the household: one adult or a couple, and minor unmarried children.

    `claims`: whether the person's own need is to be met here. `capacity`: to work; temporarily or permanently
    without (voll erwerbsgemindert, § 41 Abs. 3 und 3a). `since`/`until` (half-open): entitled in that part of
    the period only (chapter 3; chapter 4 counts whole months). `pregnant_since`: first day after the twelfth
    week; `delivered_on`: the birth. `school_help`: § 112 SGB IX. `hot_water`: share of what a meter of its own
    shows, cents. `lunch_days`: working days with lunch in a workshop. `supplies`: school supplies that fall into
    this month. `rate_less`, `rate_more`: deviation of the Regelsatz with its `reason`. `accommodation`: actual
    warm cost where the person doesn't live in the dwelling, `extras`: part of it that is a listed extra.
    `rent_free`: lives with relatives who rent the whole dwelling, without a contract (§ 42a Abs. 3).
    `grundrente`: 33 years of Grundrentenzeiten are proven. `care`: receives Hilfe zur Pflege, Blindenhilfe or
    Eingliederungshilfe. `assets`: usable, without what § 90 Abs. 2 protects. `own_child`: is pregnant or cares
    for its own child under six, so that parents' means don't count. `arrears`: still owed for earlier months.
    """

    key: str
    role: Literal["adult", "child"]
    birth_on: date
    claims: bool = True
    capacity: Capacity = "full"
    since: date | None = None
    until: date | None = None
    living: Living = "dwelling"
    mark_g: bool = False
    pregnant_since: date | None = None
    delivered_on: date | None = None
    lone_parent: bool = False
    school_help: bool = False
    hot_water: int | None = None
    lunch_days: int = 0
    supplies: Literal["", "first", "second", "both"] = ""
    participation: bool = False
    rate_less: int = 0
    rate_more: int = 0
    reason: str = ""
    accommodation: int = 0
    extras: int = 0
    rent_free: bool = False
    grundrente: bool = False
    care: bool = False
    assets: int = 0
    own_child: bool = False
    arrears: int = 0


class Housing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The dwelling, cents a month: `rent` (gross cold) and `heating` of all of it, for `residents` people.

    `own_contract`: rent and heating are what this household owes by a contract of its own for a part of the
    dwelling (§ 42a Abs. 4 Satz 2). `appropriate`: the office found the costs appropriate; else the district's
    tables decide. `benefit_since`: first month of benefits; `interrupted`: full months without; `used`: months of
    Karenz used under SGB II; `no_karenz`: § 140 Abs. 2. `reduce_until`: up to this day (exclusive) rent above
    the limit counts, None: nobody has asked to reduce it; `heating_until` the same for heating. `higher_until`:
    more than one and a half times is accepted up to this day. Where such a day lies inside the month, a setting says
    how the month counts. `death_on`: death of a member of the household
    whose dwelling was appropriate before. `over_ceiling`: part of the rent above a ceiling per square metre or
    above the rent brake. `decentral`: hot water is made in the dwelling.
    """

    rent: int
    heating: int
    residents: int
    source: Source
    own_contract: bool = False
    appropriate: bool = False
    benefit_since: date | None = None
    interrupted: int = 0
    used: int = 0
    no_karenz: bool = False
    reduce_until: date | None = None
    heating_until: date | None = None
    higher_until: date | None = None
    death_on: date | None = None
    over_ceiling: int = 0
    decentral: bool = False


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A need with an amount of its own: `applied` for and `effective` (what the office accepts), cents."""

    code: str
    applied: int
    person: str
    source: Source = "evidence"
    effective: int | None = None
    note: str = ""

    @property
    def accepted(self) -> int:
        """What counts: `effective`, else all that was applied for."""
        return self.applied if self.effective is None else self.effective


class Income(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An income of one person, cents, before anything is deducted.

    `tax`, `social` (compulsory contributions), `insurance` (prescribed or appropriate). Expenses: `equipment`
    (the lump sum), `ticket` (the cheapest), `car_km` (kilometres one way, where no ticket can be used),
    `second_household`, `other_costs`. `before`: received of this kind earlier in the calendar year (capital,
    voluntary work). `covers_months`: a pension paid in one sum for so many months. `back_payment`: for earlier
    months, net, received in the month of `received_on`; listed again in each month over which it is spread.
    `spread_months`: fewer months than the Act's, where justified.
    """

    code: str
    gross: int
    source: Source
    person: str
    tax: int = 0
    social: int = 0
    insurance: int = 0
    equipment: bool = False
    ticket: int = 0
    car_km: int = 0
    second_household: int = 0
    other_costs: int = 0
    before: int = 0
    covers_months: int = 1
    back_payment: bool = False
    received_on: date | None = None
    spread_months: int | None = None
    period: str = ""
    note: str = ""


class Debt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is withheld: `order` the decision, `remaining` of the debt, `amount` a month where the office sets it.

    `since`: the month in which the debt became final, or the loan was paid out.
    """

    code: str
    person: str
    order: str
    remaining: int
    since: date
    amount: int | None = None
    paid_back: int = 0


class Direct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payment to somebody else, up to `amount` or (None) all of the need recognised for it."""

    code: str
    person: str
    amount: int | None = None


class Facts(StoredFacts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One household, one period inside one calendar month (half-open days).

    `child_benefit_to`: who gets what a child doesn't need of its Kindergeld; else the first adult.
    `one_off_months`: months of income that count for one-off needs of people without running benefit (0 to 6).
    `assets_usable`: the assets can be used at once; else help is a loan (§ 91). `settings` replace settings.
    """

    since: date
    until: date
    members: list[Member]
    housing: Housing | None = None
    needs: list[Need] = []
    incomes: list[Income] = []
    debts: list[Debt] = []
    direct: list[Direct] = []
    child_benefit_to: str | None = None
    one_off_months: int = 0
    assets_usable: bool = True
    settings: dict[str, str] = {}

    def check(self) -> None:
        """FactsError with all faults at once; what a norm decides is checked by the rules."""
        rows = (self.members, self.needs, self.incomes, self.debts, self.direct)
        if any(len(kind) > MOST_ROWS for kind in rows):
            raise FactsError([f"members, needs, incomes, debts, direct: at most {MOST_ROWS} rows each"])
        month = month_of(self.since)
        if (self.since, self.until) != (month.since, month.until):
            raise FactsError(["since, until: a period is one calendar month; who is there for part of it says so"])
        problems = self._household_problems()
        keys = {m.key for m in self.members}
        for n, member in enumerate(self.members):
            problems += [f"members[{n}]: {p}" for p in self._member_problems(member)]
        kinds: tuple[tuple[str, Sequence[Need | Income | Debt | Direct], Iterable[str]], ...] = (
            ("needs", self.needs, NEEDS),
            ("incomes", self.incomes, INCOMES),
            ("debts", self.debts, DEBTS),
            ("direct", self.direct, PAYEES),
        )
        for name, listed, codes in kinds:
            for n, row in enumerate(listed):
                if row.code not in codes:
                    problems.append(f"{name}[{n}]: {row.code} is none of {', '.join(codes)}")
                if row.person not in keys:
                    problems.append(f"{name}[{n}]: {row.person} is no member")
                if len(getattr(row, "note", "") + getattr(row, "order", "")) > 80:
                    problems.append(f"{name}[{n}]: a note or a decision's reference has at most 80 characters")
        for n, direct in enumerate(self.direct):
            if direct.code == "POWER" and direct.amount is None:
                problems.append(f"direct[{n}]: amount: what the power supplier is owed a month")
        limited = ("student", "volunteer", "honorary", "capital")
        seen = Counter(
            (i.person, i.code) for i in self.incomes if i.code in INCOMES and INCOMES[i.code].kind in limited
        )
        problems += [f"incomes: {p}: {code} once; its limit is for all of it" for (p, code), n in seen.items() if n > 1]
        for n, income in enumerate(self.incomes):
            problems += [f"incomes[{n}]: {p}" for p in self._income_problems(income)]
        for n, debt in enumerate(self.debts):
            kind = DEBTS[debt.code].kind if debt.code in DEBTS else ""
            if (debt.amount is None) is (kind in ("reduction", "undue", "loan")):
                problems.append(f"debts[{n}]: amount: the office sets it for REDUCTION, UNDUE, LOAN; else the Act")
            if debt.since >= self.until:
                problems.append(f"debts[{n}]: since: not after the period")
            if not debt.order.strip():
                problems.append(f"debts[{n}]: order: the decision is named")
        problems += _amount_problems("", self.to_json())
        asked = [*(n.accepted for n in self.needs), *(m.accommodation + m.rate_more for m in self.members)]
        if self.housing is not None:
            asked += [self.housing.rent, self.housing.heating]
        if not problems and sum(asked) > MOST_NEED:
            problems.append(f"needs: all amounts together are at most {MOST_NEED} cents a month")
        if problems:
            raise FactsError(problems)

    def _household_problems(self) -> list[str]:
        problems = []
        adults = [m for m in self.members if m.role == "adult"]
        if not self.members:
            problems.append("members: a household has somebody in it")
        if len(adults) > 2:
            problems.append("members: at most two adults, a couple; another adult has a case of their own")
        problems += [f"members: {k}: twice" for k, n in Counter(m.key for m in self.members).items() if n > 1]
        if self.child_benefit_to is not None and self.child_benefit_to not in {m.key for m in adults}:
            problems.append("child_benefit_to: an adult of the household")
        if not 0 <= self.one_off_months <= 6:
            problems.append("one_off_months: 0 to 6")
        housing, inside = self.housing, sum(m.living == "dwelling" for m in self.members)
        if housing is not None:
            if not max(inside, 1) <= housing.residents <= 99:
                problems.append("housing: residents: not below the members who live there, not above 99")
            if housing.over_ceiling > housing.rent:
                problems.append("housing: over_ceiling: a part of the rent")
            if min(housing.interrupted, housing.used) < 0 or max(housing.interrupted, housing.used) > 99:
                problems.append("housing: interrupted, used: 0 to 99 months")
        elif any(m.rent_free for m in self.members):
            problems.append("housing: is needed where somebody lives rent-free with relatives")
        return problems

    def _member_problems(self, member: Member) -> list[str]:
        problems = []
        since, until = member.since or self.since, member.until or self.until
        if not self.since <= since < until <= self.until:
            problems.append("since, until: inside the period")
        elif member.birth_on > since:
            problems.append("birth_on: not yet born; a newborn child is a member from its birthday")
        elif member.role == "adult" and age_on(since, member.birth_on) < MAJORITY:
            problems.append("role: an adult is 18 or older")
        elif member.role == "child" and age_on(until - timedelta(days=1), member.birth_on) >= MAJORITY:
            problems.append("role: a child is under 18; until ends before the eighteenth birthday")
        if member.birth_on.year < 1880:
            problems.append("birth_on: before 1880")
        if member.role == "child" and (member.capacity != "full" or member.lone_parent or member.rent_free):
            problems.append("capacity, lone_parent, rent_free: not for children")
        if member.lone_parent and sum(m.role == "adult" for m in self.members) > 1:
            problems.append("lone_parent: not for a couple")
        if member.own_child and member.role == "adult":
            problems.append("own_child: for children only")
        if (member.rate_less or member.rate_more) and not member.reason.strip():
            problems.append("reason: a deviating Regelsatz says why")
        if len(member.reason) > 80:
            problems.append("reason: at most 80 characters")
        if not 0 <= member.lunch_days <= 31:
            problems.append("lunch_days: 0 to 31")
        if member.extras > member.accommodation:
            problems.append("extras: a part of the accommodation's cost")
        if member.delivered_on is not None and (
            member.pregnant_since is None or member.delivered_on < member.pregnant_since
        ):
            problems.append("delivered_on: after pregnant_since")
        if member.rent_free and member.living != "dwelling":
            problems.append("rent_free: in a dwelling")
        return problems

    def _income_problems(self, income: Income) -> list[str]:
        problems = []
        if not 1 <= income.covers_months <= 12:
            problems.append("covers_months: 1 to 12")
        if not 0 <= income.car_km <= 999:
            problems.append("car_km: 0 to 999")
        if income.back_payment:
            if income.received_on is None or income.received_on >= self.until:
                problems.append("received_on: the day on which the back-payment came")
            if income.tax or income.social or income.insurance:
                problems.append("tax, social, insurance: a back-payment is entered net")
            if income.spread_months is not None and not 1 <= income.spread_months <= 6:
                problems.append("spread_months: 1 to 6")
        elif income.received_on is not None or income.spread_months is not None:
            problems.append("received_on, spread_months: for a back-payment only")
        return problems


def _amount_problems(place: str, value: object) -> list[str]:
    """Amounts that lie below 0 or above what any amount may be."""
    if isinstance(value, dict):
        found = []
        for name, part in value.items():
            if name in AMOUNTS and part is not None and not 0 <= part <= MAXIMUM:
                found.append(f"{place}{name}: between 0 and {MAXIMUM} cents")
            found += _amount_problems(f"{place}{name}: ", part)
        return found
    if isinstance(value, list):
        return [p for n, part in enumerate(value) for p in _amount_problems(f"{place.removesuffix(': ')}[{n}]: ", part)]
    return []
