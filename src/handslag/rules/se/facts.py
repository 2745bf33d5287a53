"""The facts of a household for one period, as stored with a decision: plain data, whole öre, dates."""

from datetime import date
from itertools import pairwise
from typing import Final, Literal, Self

import msgspec

from handslag.kernel.money import MAXIMUM
from handslag.kernel.months import Month
from handslag.rules.facts import MOST_ROWS, StoredFacts, month_of
from handslag.rules.facts import FactsError as FactsError
from handslag.rules.facts import Source as Source
from handslag.rules.se.codes import COSTS, INCOMES

CARRIED: Final = "SURPLUS_FROM_PREVIOUS_MONTH"
"""The surplus of the month before, where a caseworker counts it."""

Role = Literal["adult", "child", "visitation_child"]
AMOUNTS: Final = ("applied", "effective", "gross", "limit", "work_income_before")
"""The fields that are amounts."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person of the case. One who comes, leaves or changes inside the period has a row for each part.

    Two adults are a couple (makar, sambor, registrerade partner). A child is one at home, or a school
    youth up to 20. `lunch_days`: lunches a week at preschool or school. `since`/`until` (half-open): present
    in that part of the period only. `work_income_before`: öre that a child earned by work in this calendar
    year before this period; needed when the child has work income. `days_before`: of this month's days, those for
    which its earlier parts have counted this person; None: as the household's.
    """

    key: str
    role: Role
    birth_on: date
    lunch_days: int = 0
    since: date | None = None
    until: date | None = None
    job_stimulus: bool = False
    work_income_before: int | None = None
    days_before: int | None = None


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cost outside the norm, öre: `applied` for, proposed by the rules, `effective` where the office sets its own.

    `limit`: the municipality's guideline for such a household, from `limit_source` (see `limits.py`). It lowers
    the proposal only, never what the office has set.
    """

    code: str
    applied: int
    limit: int | None = None
    limit_source: str = ""
    effective: int | None = None
    person: str | None = None
    note: str = ""

    @property
    def proposed(self) -> int:
        """What the rules propose: all that was applied for, up to the limit."""
        return self.applied if self.limit is None else min(self.applied, self.limit)

    @property
    def accepted(self) -> int:
        """What counts: `effective`, else what is proposed."""
        return self.proposed if self.effective is None else self.effective


class Income(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An income before any disregard, öre after tax; `period` says which month it was paid in."""

    code: str
    gross: int
    source: Source
    person: str | None = None
    period: str = ""
    note: str = ""


class Facts(StoredFacts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One household, one period inside one calendar month (half-open days).

    `household_size`: how many share the household when that isn't the members of this case: an adult who
    lives with others without being their sambo (12 kap. 3 § SoF), or a size that the case sets.
    `settings` replace settings of the norm files for this calculation. `norm`: the code of a norm of the
    municipality that holds in place of the riksnorm ("" where the riksnorm itself does). `days_before`: in a part of a
    month, how many of the month's days its earlier parts have counted (0: there is none), so that the parts are
    together the month's amounts; None: not told, then the part counts by itself.
    """

    since: date
    until: date
    members: list[Member]
    costs: list[Cost] = []
    incomes: list[Income] = []
    household_size: int | None = None
    norm: str = ""
    days_before: int | None = None
    settings: dict[str, str] = {}

    def carried(self, month: Month, entitled: bool) -> Self:
        """As every pack's; the municipality's guidelines are asked anew, and a surplus is counted once."""
        members = [msgspec.structs.replace(member, days_before=None) for member in self.members]
        told = msgspec.structs.replace(self, members=members, days_before=None)
        found = StoredFacts.carried(told, month, entitled)
        return msgspec.structs.replace(
            found,
            costs=[msgspec.structs.replace(cost, limit=None, limit_source="") for cost in found.costs],
            incomes=[income for income in found.incomes if income.code != CARRIED],
        )

    def check(self) -> None:
        """FactsError with all faults at once; ages and ends of tables are checked by the rules."""
        problems: list[str] = []
        if max(len(self.members), len(self.costs), len(self.incomes)) > MOST_ROWS:
            raise FactsError([f"members, costs, incomes: at most {MOST_ROWS} rows each"])
        if not self.since < self.until or self.until > month_of(self.since).until:
            raise FactsError(["since, until: a period is one calendar month or a part of it"])
        most = self.since.day - 1
        if self.days_before is not None and not 0 <= self.days_before <= most:
            problems.append("days_before: 0 to the number of the month's days before the period")
        people: dict[str, list[Member]] = {}
        for n, member in enumerate(self.members):
            people.setdefault(member.key, []).append(member)
            problems += [f"members[{n}]: {p}" for p in self._member_problems(member)]
        if not people:
            problems.append("members: a household has somebody in it")
        adults = 0
        for key, rows in people.items():
            adults += rows[0].role == "adult"
            if len({(r.role, r.birth_on, r.job_stimulus, r.work_income_before, r.days_before) for r in rows}) > 1:
                problems.append(f"members: {key}: rows of one person differ in more than days and lunch")
            if len(rows) > 1:
                spans = sorted((r.since or self.since, r.until or self.until) for r in rows)
                if any(a[1] > b[0] for a, b in pairwise(spans)):
                    problems.append(f"members: {key}: rows of one person overlap")
        if adults > 2:
            problems.append("members: a case has at most two adults; another adult is a case of its own")
        residents = sum(rows[0].role != "visitation_child" for rows in people.values())
        if self.household_size is not None and not max(1, residents) <= self.household_size <= 99:
            problems.append("household_size: not below the number of members, not above 99")
        for n, cost in enumerate(self.costs):
            if cost.code not in COSTS:
                problems.append(f"costs[{n}]: {cost.code} is no cost; there are {', '.join(COSTS)}")
            if not (0 <= cost.applied <= MAXIMUM and 0 <= cost.accepted <= MAXIMUM):
                problems.append(f"costs[{n}]: amounts lie between 0 and {MAXIMUM} öre")
            if cost.limit is not None and not 0 <= cost.limit <= MAXIMUM:
                problems.append(f"costs[{n}]: a limit lies between 0 and {MAXIMUM} öre")
            if len(cost.note) > 80:
                problems.append(f"costs[{n}]: a note has at most 80 characters")
            if cost.person is not None and cost.person not in people:
                problems.append(f"costs[{n}]: {cost.person} is no member")
        for n, income in enumerate(self.incomes):
            if income.code not in INCOMES:
                problems.append(f"incomes[{n}]: {income.code} is no income; there are {', '.join(INCOMES)}")
                continue
            if not 0 <= income.gross <= MAXIMUM:
                problems.append(f"incomes[{n}]: an amount lies between 0 and {MAXIMUM} öre")
            if len(income.note) > 80:
                problems.append(f"incomes[{n}]: a note has at most 80 characters")
            if income.person is None:
                if INCOMES[income.code].employment:
                    problems.append(f"incomes[{n}]: work income belongs to a person")
            elif income.person not in people:
                problems.append(f"incomes[{n}]: {income.person} is no member")
            else:
                earner = people[income.person][0]
                of_child = INCOMES[income.code].employment and earner.role != "adult"
                if of_child and earner.work_income_before is None:
                    problems.append(f"incomes[{n}]: {income.person}: work_income_before is needed")
        if problems:
            raise FactsError(problems)

    def _member_problems(self, member: Member) -> list[str]:
        problems = []
        since, until = member.since or self.since, member.until or self.until
        if not self.since <= since < until <= self.until:
            problems.append("since, until: inside the period")
        if member.birth_on >= until:
            problems.append("birth_on: not yet born")
        elif member.birth_on > since:
            problems.append("since: a child born inside the period is a member from its birthday")
        if member.birth_on.year < 1880:
            problems.append("birth_on: before 1880")
        if member.days_before is not None and not 0 <= member.days_before < self.since.day:
            problems.append("days_before: 0 to the number of the month's days before the period")
        if not 0 <= member.lunch_days <= 7:
            problems.append("lunch_days: 0 to 7")
        if member.job_stimulus and member.role != "adult":
            problems.append("job_stimulus: not for children")
        if member.work_income_before is not None:
            if member.role == "adult":
                problems.append("work_income_before: for children only")
            elif not 0 <= member.work_income_before <= MAXIMUM:
                problems.append(f"work_income_before: between 0 and {MAXIMUM} öre")
        return problems
