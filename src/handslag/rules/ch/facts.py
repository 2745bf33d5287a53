"""The facts of a Swiss support unit for one period: plain data, whole Rappen, dates."""

from datetime import date
from typing import Final, Literal, Self

import msgspec

from handslag.kernel.money import MAXIMUM
from handslag.kernel.months import Month, age_on
from handslag.rules.ch.codes import COSTS, INCOMES
from handslag.rules.ch.numbers import CANTONS
from handslag.rules.facts import MOST_ROWS, FactsError, Source, StoredFacts, month_of

Permit = Literal["CH", "B", "C", "L", "B-R", "F-R", "F-A", "N", "S"]
Living = Literal["own", "purpose_flat", "family_like", "with_parents"]

AMOUNTS: Final = (
    "amount", "applied", "effective", "gross", "before", "wealth", "income", "budget", "remaining", "izu", "received",
    "efb_before", "izu_before", "wealth_before",
)  # fmt: skip
"""The fields that are amounts."""

MAJORITY: Final = 18
_SHARED: Final = ("family_like", "with_parents")


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person of the unit, for the whole period; who comes or leaves inside a month splits the period.

    Two adults are a couple. `izu`: the integration allowance that the office grants for this period, Rappen.
    `reimbursed_until`: the canton reimburses what is paid for this person (§ 44 SHG ZH) up to that day
    (exclusive); None: it doesn't. `efb_before`, `izu_before`: in a part of a month, what its earlier parts have had of
    the month's limit for this person, Rappen; None: not told, then the limit counts by days.
    """

    key: str
    birth_on: date
    permit: Permit = "CH"
    izu: int = 0
    reimbursed_until: date | None = None
    efb_before: int | None = None
    izu_before: int | None = None


class Rent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rent with ancillary costs, Rappen a month: of the whole flat where the household is shared like a family
    or with parents, else what the unit pays.

    `notice_until`: the day up to which the office gave time to find a cheaper flat; before it, and without
    such notice, rent above the municipality's limit counts too.
    """

    amount: int
    source: Source
    notice_until: date | None = None


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cost of the period: `applied` for and `effective` (what the office accepts), Rappen.

    `person` None: it serves the whole unit. `before`: what was accepted of this kind earlier in the calendar
    year (deductible, co-payment); earlier rows of this period may be left out, but rows of one person and kind
    don't contradict each other. `units`: how many meals.
    """

    code: str
    applied: int
    source: Source = "evidence"
    effective: int | None = None
    person: str | None = None
    before: int = 0
    units: int = 0
    note: str = ""

    @property
    def accepted(self) -> int:
        """What the office accepts: `effective`, else all that was applied for."""
        return self.applied if self.effective is None else self.effective


class Income(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An income of the period before any allowance, net, Rappen; `person` None: of the whole unit."""

    code: str
    gross: int
    source: Source
    person: str | None = None
    period: str = ""
    note: str = ""


class Partner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A partner in the same household who is not of the unit, and not assisted.

    `income` and `budget` (SKOS budget of the partner, extended where the couple is stable), Rappen a month.
    """

    together_since: date
    common_child: bool
    income: int
    budget: int
    source: Source


class Sanction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reduction ordered by a decision: `order` is its reference; from the month of `since`, for `months`.

    Whether that month is reduced from the day of `since` or as a whole is a setting.
    """

    person: str
    percent: int
    since: date
    months: int
    order: str


class Restitution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is still to be paid back, Rappen, by instalments of `percent` of the GBL; `order`: the decision."""

    remaining: int
    percent: int
    order: str


class Refund(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The unit came into `wealth`: how much of the lawful help `received` may be asked back, Rappen."""

    wealth: int
    received: int
    source: Source


class Relative(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A relative in direct line with its taxable `income`, Rappen a year, alone or as a couple, and its children."""

    name: str
    income: int
    couple: bool
    children: int
    source: Source


class Facts(StoredFacts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One unit, one period inside one calendar month (half-open days).

    `household_size`: everybody in the flat, where it is shared like a family or with parents. `claim`: whether
    entitlement is tested (a new claim, or one resumed) or runs on. `without_activity`: a young adult with an
    own household who is in no training, work or measure. `wealth` None: not asked. `settings` replace settings.
    `wealth_before`: in a part of a month, what its earlier parts have counted of the wealth above the allowance,
    Rappen; None: not told, then that counts by days.
    """

    since: date
    until: date
    canton: str
    members: list[Member]
    claim: Literal["new", "running"] = "new"
    living: Living = "own"
    household_size: int | None = None
    without_activity: bool = False
    rent: Rent | None = None
    costs: list[Cost] = []
    incomes: list[Income] = []
    wealth: int | None = None
    wealth_before: int | None = None
    partner: Partner | None = None
    sanctions: list[Sanction] = []
    restitution: Restitution | None = None
    refund: Refund | None = None
    relatives: list[Relative] = []
    settings: dict[str, str] = {}

    def carried(self, month: Month, entitled: bool) -> Self:
        """As every pack's; where something was granted, the claim runs on: entry isn't tested again."""
        members = [msgspec.structs.replace(m, efb_before=None, izu_before=None) for m in self.members]
        told = msgspec.structs.replace(self, members=members, wealth_before=None)
        found = StoredFacts.carried(told, month, entitled)
        return msgspec.structs.replace(found, claim="running") if entitled else found

    def check(self) -> None:
        """FactsError with all faults at once."""
        rows = [len(self.members), len(self.costs), len(self.incomes), len(self.sanctions), len(self.relatives)]
        if max(rows) > MOST_ROWS:
            raise FactsError([f"members, costs, incomes, sanctions, relatives: at most {MOST_ROWS} rows each"])
        if not self.since < self.until or self.until > month_of(self.since).until:
            raise FactsError(["since, until: a period is one calendar month or a part of it"])
        problems = self._household_problems()
        people = {m.key for m in self.members}
        for n, member in enumerate(self.members):
            problems += [f"members[{n}]: {p}" for p in self._member_problems(member)]
        for n, cost in enumerate(self.costs):
            problems += [f"costs[{n}]: {p}" for p in _cost_problems(cost, people)]
        for n, income in enumerate(self.incomes):
            problems += [f"incomes[{n}]: {p}" for p in _income_problems(income, people)]
        ended: dict[str, int] = {}
        for n, sanction in sorted(enumerate(self.sanctions), key=lambda row: row[1].since):
            problems += [f"sanctions[{n}]: {p}" for p in _sanction_problems(sanction, people)]
            begun = _month(sanction.since)
            if begun < ended.get(sanction.person, begun):
                problems.append(f"sanctions[{n}]: {sanction.person} has another one in these months; end that first")
            ended[sanction.person] = begun + sanction.months
        if self.restitution is not None:
            if not 1 <= self.restitution.percent <= 100:
                problems.append("restitution: percent: 1 to 100")
            if not self.restitution.order.strip():
                problems.append("restitution: order: the reference of the decision is needed")
        amounts = {
            "wealth": self.wealth,
            "wealth_before": self.wealth_before,
            "rent: amount": self.rent.amount if self.rent else None,
            "partner: income": self.partner.income if self.partner else None,
            "partner: budget": self.partner.budget if self.partner else None,
            "restitution: remaining": self.restitution.remaining if self.restitution else None,
            "refund: wealth": self.refund.wealth if self.refund else None,
            "refund: received": self.refund.received if self.refund else None,
        }
        for n, relative in enumerate(self.relatives):
            amounts[f"relatives[{n}]: income"] = relative.income
            if not 0 <= relative.children <= 20 or not 1 <= len(relative.name) <= 80:
                problems.append(f"relatives[{n}]: name: 1 to 80 characters; children: 0 to 20")
        problems += [f"{name}: {_RANGE}" for name, amount in amounts.items() if not _in_range(amount)]
        if problems:
            raise FactsError(problems)

    def contradictions(self) -> list[str]:
        """Faults of rows that say another `before` than earlier rows of the same person and kind leave room for.

        So the order of a period's bills decides nothing. Apart from `check`, since stored facts may have such rows.
        """
        problems = []
        said: dict[tuple[str | None, str], tuple[int, int]] = {}
        for n, cost in enumerate(self.costs):
            if COSTS[cost.code].rule not in ("deductible", "copay"):
                continue
            first, rows = said.get((cost.person, cost.code), (cost.before, 0))
            if not first <= cost.before <= first + rows:
                problems.append(f"costs[{n}]: before: {CONTRADICTS}")
            said[cost.person, cost.code] = first, rows + cost.accepted
        return problems

    def _household_problems(self) -> list[str]:
        problems = []
        if self.canton not in CANTONS:
            problems.append(f"canton: one of {', '.join(CANTONS)}")
        if not self.members:
            problems.append("members: a unit has somebody in it")
        if len({m.key for m in self.members}) < len(self.members):
            problems.append("members: a key stands twice")
        if sum(age_on(self.since, m.birth_on) >= MAJORITY for m in self.members) > 2:
            problems.append("members: a unit has at most two adults; another adult is a unit of its own")
        if self.until - self.since == Month.of(self.since).until - Month.of(self.since).since:
            told = [self.wealth_before, *(amount for m in self.members for amount in (m.efb_before, m.izu_before))]
            if any(amount is not None for amount in told):
                problems.append("wealth_before, efb_before, izu_before: a whole month has no earlier part")
        if self.living in _SHARED:
            if self.household_size is None or not len(self.members) < self.household_size <= MOST_ROWS:
                problems.append("household_size: a shared household has more people than the unit")
        elif self.household_size is not None:
            problems.append("household_size: only for a household shared like a family or with parents")
        if self.partner is not None:
            if self.living != "family_like":
                problems.append("partner: lives in the household: living is family_like")
            if self.partner.together_since > self.since:
                problems.append("partner: together_since: not after the period's first day")
        if self.without_activity and (self.living != "own" or len(self.members) != 1):
            problems.append("without_activity: only for one young adult with an own household")
        return problems

    def _member_problems(self, member: Member) -> list[str]:
        problems = []
        if member.birth_on > self.since:
            problems.append("birth_on: after the period's first day; split the period at the birth")
        if member.birth_on.year < 1880:
            problems.append("birth_on: before 1880")
        for name, amount in (("izu", member.izu), ("efb_before", member.efb_before), ("izu_before", member.izu_before)):
            if not _in_range(amount):
                problems.append(f"{name}: {_RANGE}")
        if member.reimbursed_until is not None and self.since < member.reimbursed_until < self.until:
            problems.append("reimbursed_until: inside the period; split the period at that day")
        return problems


CONTRADICTS: Final = (
    "another row of this person and kind says otherwise; each says what the year has had before this period, with or "
    "without earlier rows"
)
_RANGE: Final = f"an amount lies between 0 and {MAXIMUM} Rappen"


def _in_range(amount: int | None) -> bool:
    return amount is None or 0 <= amount <= MAXIMUM


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _cost_problems(cost: Cost, people: set[str]) -> list[str]:
    if cost.code not in COSTS:
        return [f"{cost.code} is no cost; there are {', '.join(COSTS)}"]
    problems = []
    if not (_in_range(cost.applied) and _in_range(cost.accepted) and _in_range(cost.before)):
        problems.append(_RANGE)
    if not 0 <= cost.units <= 31 * 2:
        problems.append("units: 0 to 62 meals")
    if cost.person is not None and cost.person not in people:
        problems.append(f"{cost.person} is no member")
    if cost.person is None and COSTS[cost.code].rule in ("deductible", "copay"):
        problems.append(f"{cost.code}: its limit is a person's own: person is needed")
    if len(cost.note) > 80:
        problems.append("a note has at most 80 characters")
    return problems


def _income_problems(income: Income, people: set[str]) -> list[str]:
    if income.code not in INCOMES:
        return [f"{income.code} is no income; there are {', '.join(INCOMES)}"]
    problems = []
    if not _in_range(income.gross):
        problems.append(_RANGE)
    if income.person is None and INCOMES[income.code].wage:
        problems.append("a wage belongs to a person")
    if income.person is not None and income.person not in people:
        problems.append(f"{income.person} is no member")
    if len(income.note) > 80:
        problems.append("a note has at most 80 characters")
    return problems


def _sanction_problems(sanction: Sanction, people: set[str]) -> list[str]:
    problems = []
    if sanction.person not in people:
        problems.append(f"{sanction.person} is no member")
    if not sanction.order.strip():
        problems.append("order: a reduction counts only with the reference of the decision that ordered it")
    if not 1 <= sanction.percent <= 100:
        problems.append("percent: 1 to 100")
    if not 1 <= sanction.months <= 120:
        problems.append("months: 1 to 120")
    return problems
