"""What the rules read: a household as rows, with the joins done and the days counted, but no law applied."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from handslag.kernel.money import MAXIMUM
from handslag.rules.norms import STATUSES, Number, Table, Used
from handslag.rules.periods import Period as Period
from handslag.rules.periods import as_number
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.rules.se.facts import Cost as CostFact
from handslag.rules.se.facts import Facts, Member
from handslag.rules.se.limits import Change

_NOTHING: Final[dict[str, int | str]] = {}
_NO_LIMITS: Final[Mapping[str, Table | Number]] = {}
_NO_CHANGES: Final[Mapping[str, Change]] = {}
NOBODY: Final = -1
NOT_TOLD: Final = -1
ABOVE_OWN_NEED: Final = "ABOVE_OWN_NEED"
"""A child's own means above its own need: a line among the incomes that no income is."""
NO_LIMIT: Final = 2 * MAXIMUM
"""Above every amount: where the municipality has set no limit."""


class Person:
    """A member, or a part of the period with the same facts about one (`member`: the place of the first of them).

    `cohabiting`: one of a couple, and the other one is there on all these days; `earlier`: days of the person's parts
    before this one, `named_earlier`: of those that the facts name before it (as was known until 2 December 2026);
    `before`: days that earlier parts of the month have counted, NOT_TOLD where that isn't told. `couple`, `part_days`:
    one of a couple, whoever is there, and the days of the part as the facts have it, on the first of the rows that are
    made of it (as was known until 1 December 2026).
    """

    __slots__ = (
        "about", "adult", "before", "birth", "code", "cohabiting", "couple", "days", "earlier", "first", "key",
        "lunch_days", "member", "named_earlier", "part_days", "statistics_code", "throughout", "visiting",
    )  # fmt: skip

    def __init__(self, member: Member, place: int, days: int, earlier: int, before: int) -> None:
        self.key: str | None = member.key
        self.code: str | None = None
        self.statistics_code = "forsorjningsstod"
        self.about: dict[str, int | str] = _NOTHING
        self.adult = member.role == "adult"
        self.visiting = member.role == "visitation_child"
        self.cohabiting = self.couple = False
        self.birth = as_number(member.birth_on)
        self.lunch_days = member.lunch_days
        self.days = self.part_days = days
        self.earlier = self.named_earlier = earlier
        self.before = before
        self.first = earlier == 0
        self.throughout = True
        self.member = place

    @property
    def as_income(self) -> "Income":
        """As a line about the member's income shows it."""
        return Income(ABOVE_OWN_NEED, 0, self.key, self.member, _NOTHING)


def parts(since: date, until: date, others: Sequence[tuple[date, date]]) -> Iterator[tuple[int, bool]]:
    """The days from `since` to `until` (half-open), cut where one of `others` begins or ends: how many days, and
    whether they lie in one of the others; neighbours of one kind together."""
    cuts = sorted({since, until, *(day for span in others for day in span if since < day < until)})
    days, before = 0, False
    for a, b in pairwise(cuts):
        inside = any(first <= a and b <= last for first, last in others)
        if days and inside != before:
            yield days, before
            days = 0
        days, before = days + (b - a).days, inside
    yield days, before


class Cost:
    """A cost outside the norm. `decided`: the office has set `effective` itself; `limit` knows its source; `member`:
    the place of whose own it is, or NOBODY.

    `limit_changes`: the limit is another one inside the period, and it matters which of the two counts.
    """

    __slots__ = (
        "about", "applied", "code", "decided", "effective", "key", "limit", "limit_changes", "member", "special",
        "statistics_code",
    )  # fmt: skip

    def __init__(self, cost: CostFact, member: int, status: str, change: Change | None) -> None:
        kind = COSTS[cost.code]
        self.key = cost.person
        self.code = "COST." + cost.code
        self.statistics_code = kind.statistics
        self.special = kind.special
        self.member = member
        self.applied = cost.applied
        self.decided = cost.effective is not None
        self.effective = cost.effective or 0
        self.limit = NO_LIMIT
        if cost.limit is not None:
            name = "limit." + cost.code
            self.limit = Number.of(cost.limit, Used(name, cost.limit, "SEK/month", cost.limit_source, status, False))
        self.about: dict[str, int | str] = {"applied": cost.applied}
        self.limit_changes = change is not None and not self.decided and _matters(change, cost.applied)
        if change is not None and self.limit_changes:
            self.about["limit_changed_on"] = change.on.isoformat()
            both = {"limit_first": change.first, "limit_last": change.last}
            self.about |= {name: int(limit) for name, limit in both.items() if limit is not None}
        if cost.note:
            self.about["note"] = cost.note


def _matters(change: Change, applied: int) -> bool:
    first, last = (NO_LIMIT if limit is None else int(limit) for limit in (change.first, change.last))
    return min(applied, first) != min(applied, last)


class Income:
    """An income with what the rules need to know of its earner.

    `earned_before`: what a child earned in the year before it, `earned_earlier`: of that before the period.
    `means_of_child`: of a child and not from work. `member`: the earner's place, or NOBODY.
    """

    __slots__ = (
        "about", "code", "earned_before", "earned_earlier", "gross", "key", "means_of_child", "member",
        "statistics_code", "stimulated", "work_of_child",
    )  # fmt: skip

    def __init__(self, code: str, gross: int, person: str | None, member: int, about: dict[str, int | str]) -> None:
        self.key = person
        self.code = "INCOME." + code
        self.statistics_code = None
        self.about = about
        self.gross = gross
        self.stimulated = False
        self.work_of_child = False
        self.means_of_child = False
        self.member = member
        self.earned_before = 0
        self.earned_earlier = 0


class Household:
    """One household's rows; `own_size` 0 where the household is the members of the case."""

    __slots__ = (
        "about", "before", "code", "expenses", "incomes", "key", "members", "own_size", "special_expenses",
        "statistics_code",
    )  # fmt: skip

    def __init__(
        self,
        facts: Facts,
        named: str = "",
        limits: Mapping[str, Table | Number] = _NO_LIMITS,
        changed: Mapping[str, Change] = _NO_CHANGES,
    ) -> None:
        """`named`: how the norm calls itself that holds in place of the riksnorm; `limits`: those that stand beside
        the costs, by code, for what they are (official, derived, example); `changed`: which of them change inside the
        period."""
        self.key = None
        self.code = None
        self.about: dict[str, int | str] = {"norm": named} if named else _NOTHING
        self.statistics_code = "forsorjningsstod"
        self.own_size = facts.household_size or 0
        self.before = NOT_TOLD if facts.days_before is None else facts.days_before
        total = (facts.until - facts.since).days
        spans = [(m.since or facts.since, m.until or facts.until) for m in facts.members]
        adults = {m.key for m in facts.members if m.role == "adult"}
        days: dict[str, int] = {}
        places: dict[str, int] = {}
        people: list[Person] = []
        begins: list[date] = []
        for m, (since, until) in zip(facts.members, spans, strict=True):
            place = places.setdefault(m.key, len(people))
            couple = m.role == "adult" and len(adults) == 2
            part_days = (until - since).days
            rows: Iterable[tuple[int, bool]] = ((part_days, False),)
            if couple:
                others = [span for o, span in zip(facts.members, spans, strict=True) if o.key in adults - {m.key}]
                rows = parts(since, until, others)
            before = self.before if m.days_before is None else m.days_before
            for length, together in rows:
                person = Person(m, place, length, days.get(m.key, 0), before)
                person.couple, person.cohabiting = couple, together
                person.part_days, part_days = part_days, 0
                person.about = self.about
                days[m.key] = person.earlier + length
                people.append(person)
                begins.append(since)
        for person in people:
            person.throughout = days[person.key or ""] == total
        if len(places) < len(facts.members):  # a person has rows for parts: by their days, in whatever order named
            so_far: dict[str | None, int] = {}
            for n in sorted(range(len(people)), key=begins.__getitem__):
                people[n].earlier = so_far.get(people[n].key, 0)
                so_far[people[n].key] = people[n].earlier + people[n].days
        self.members = tuple(people)
        statuses = {
            code: (limit.rows[0] if isinstance(limit, Table) else limit).used.status for code, limit in limits.items()
        }
        statuses |= {code: change.counted.used.status for code, change in changed.items() if change.counted is not None}
        costs = [
            Cost(c, places.get(c.person or "", NOBODY), statuses.get(c.code, STATUSES[0]), changed.get(c.code))
            for c in facts.costs
        ]
        self.expenses = tuple(c for c in costs if not c.special)
        self.special_expenses = tuple(c for c in costs if c.special)
        stimulated = {m.key for m in facts.members if m.job_stimulus}
        earlier = {m.key: m.work_income_before or 0 for m in facts.members if m.role != "adult"}
        earned = dict(earlier)
        incomes = []
        for i in facts.incomes:
            about: dict[str, int | str] = {"gross": i.gross, "source": i.source}
            if i.period:
                about["period"] = i.period
            if i.note:
                about["note"] = i.note
            row = Income(i.code, i.gross, i.person, places.get(i.person or "", NOBODY), about)
            row.means_of_child = i.person in earlier
            if i.person is not None and INCOMES[i.code].employment:
                row.stimulated = i.person in stimulated
                if i.person in earned:
                    row.work_of_child, row.means_of_child = True, False
                    row.earned_earlier = earlier[i.person]
                    row.earned_before = earned[i.person]
                    earned[i.person] += i.gross
            incomes.append(row)
        self.incomes = tuple(incomes)
