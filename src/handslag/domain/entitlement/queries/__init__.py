"""Facts of a period as the application and the household say them; sheets that exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cache
from itertools import zip_longest
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from django.db import DatabaseError

from handslag.domain.audit.models import Event, Payload
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.queries import period_before
from handslag.domain.casefile.states import CaseState
from handslag.domain.entitlement.models import LocalNorm, PersonMonth, Sheet
from handslag.domain.intake.models import Application
from handslag.domain.intake.queries import applications_in_force, rows_applied_for, standing_together
from handslag.domain.people.models import Person
from handslag.domain.people.queries import household_on, merges_held
from handslag.domain.tenancy.door import acting_door
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.rules.case_files import worked_cases
from handslag.rules.facts import FactsError
from handslag.rules.norms import Norm, NormError, NormMissing, from_entries
from handslag.rules.packs import Pack, PackError, law_of, pack
from handslag.rules.se.codes import COSTS, UNSTATED
from handslag.rules.se.facts import CARRIED, Cost, Facts, Income, Member
from handslag.rules.se.history import Stimulus, earned_before, job_stimulus
from handslag.rules.se.limits import with_limits
from handslag.rules.se.numbers import Norms
from handslag.rules.se.pack import norms_of
from handslag.rules.sheet import Sheet as Calculation
from handslag.rules.unnamed import pseudonymised

#: What a norm file says of one value, beside its days and its source; in a `LocalNorm` it stands in `entry`.
OF_ONE_VALUE = ("value", "rows", "status", "checked_on", "known_from")
_SHAPE = ("bands", "last")


def newest_application(period: UUID) -> Application | None:
    """The newest application for a period that counts: neither corrected since nor taken back."""
    return max(applications_in_force(period), key=lambda one: (one.received_at, one.id), default=None)


def came_after(sheet: Sheet, newest: Application | None, there: int) -> bool:
    """Whether a sheet is from before the newest of so many applications for its period: by number, since who signs and
    who calculates at the same time may have begun in either order. The oldest sheets know their moment only."""
    if newest is None or sheet.applications is None:
        return newest is not None and newest.received_at > sheet.computed_at
    return there > sheet.applications


@dataclass(frozen=True)
class Before:
    """What earlier months say of one person: the job stimulus that holds, and öre earned by work before this year."""

    stimulus: Stimulus | None
    earned: int


def before(persons: Iterable[UUID], since: date) -> dict[UUID, Before]:
    """What the decisions in force on earlier months say of each person, by whichever record of hers, for a period that
    begins on `since`."""
    supported: dict[UUID, set[Month]] = {person: set() for person in persons}
    earned: dict[UUID, dict[Month, int]] = {person: {} for person in supported}
    led = merges_held().filter(kept_id__in=list(supported)).values_list("gone_id", "kept_id")
    known_by = {person: person for person in supported} | dict(led)
    told: dict[tuple[UUID, Month], int] = {}
    for row in PersonMonth.objects.filter(person_id__in=list(known_by), since__lt=since):
        month = Month.of(row.since)
        if row.supported:
            supported[known_by[row.person_id]].add(month)
        told[row.person_id, month] = told.get((row.person_id, month), 0) + row.work_income
    for (record, month), amount in told.items():
        # a month that two records of one person tell of is hers once
        own = earned[known_by[record]]
        own[month] = max(own.get(month, 0), amount)
    month = Month.of(since)
    return {
        person: Before(job_stimulus(months, month), earned_before(earned[person], month))
        for person, months in supported.items()
    }


def the_law() -> Pack:
    """The law of the organisation behind the open door; PackError where no pack is its country's."""
    return law_of(acting_door().the_tenant.country)


def of_the_office(law: str) -> bool:
    """Whether what the organisation sets is of that pack: it never reaches another one."""
    try:
        return law == the_law().PACK
    except PackError:
        return False


def local_norms(law: str) -> list[Norm]:
    """What the organisation has set and confirmed, as norms of its own law with their history; none of another law.
    Read once per door."""
    if not of_the_office(law):
        return []
    memory = acting_door().memory
    if "local_norms" not in memory:
        memory["local_norms"] = _as_norms(
            LocalNorm.objects.filter(confirmed_at__isnull=False).order_by("name", "since", "confirmed_at")
        )
    found: list[Norm] = memory["local_norms"]
    return found


def local_norms_at(moment: datetime, law: str) -> list[Norm]:
    """What the organisation had confirmed by that moment, likewise. Rows are read once per door."""
    if not of_the_office(law):
        return []
    memory = acting_door().memory
    if "local_norm_rows" not in memory:
        rows = LocalNorm.objects.filter(confirmed_at__isnull=False).order_by("name", "since", "confirmed_at")
        memory["local_norm_rows"] = list(rows)
    return _as_norms(row for row in memory["local_norm_rows"] if row.confirmed_at <= moment)


def local_norm_entries() -> list[dict[str, Any]]:
    """What the municipality has set and confirmed, as entries of a norm file."""
    return _entries(LocalNorm.objects.filter(confirmed_at__isnull=False).order_by("name", "since", "confirmed_at"))


def _as_norms(rows: Iterable[LocalNorm]) -> list[Norm]:
    return from_entries(_entries(rows), "municipality")


def _entries(rows: Iterable[LocalNorm]) -> list[dict[str, Any]]:
    """Of two rows from one day the later confirmed one holds; a row without a value ends the one before. A value that
    has other bands than the newest, or is one amount where that is a table, says so itself."""
    by_name: dict[str, dict[date, LocalNorm]] = {}
    for row in rows:
        by_name.setdefault(row.name, {})[row.since] = row
    found = []
    for versions in by_name.values():
        values: list[dict[str, Any]] = []
        entry: dict[str, Any] = {}
        for since, row in versions.items():
            told, value = as_one_value(row.entry, since, row.source, acting_door().the_tenant.today(row.entered_at))
            if "value" in value or "rows" in value:
                value.pop("value" if "bands" in told else "rows", None)  # nothing that counted
                entry = told | ({"by": entry["by"]} if "by" in entry and "by" not in told else {})
                values.append(value | {key: told[key] for key in _SHAPE if key in told})
            elif values:
                values[-1]["until"] = since
        for value in values:
            own = {key: value.pop(key) for key in _SHAPE if key in value}
            if own.get("bands") != entry.get("bands") or own.get("last") != entry.get("last"):
                value |= own or {"bands": []}
        if values:
            found.append(entry | {"values": values})
    return found


def as_one_value(
    entry: Mapping[str, Any], since: date, source: str, entered_on: date
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the norm, its one value) as in a norm file, of what was entered. Where nothing else is said, it is official, and
    was checked when it was entered. NormError for a day that is none."""
    told = dict(entry)
    value = {key: told.pop(key) for key in OF_ONE_VALUE if key in told}
    for part, key in ((value, "checked_on"), (value, "known_from"), (told, "uncertain_from")):
        if key in part:
            try:
                part[key] = date.fromisoformat(part[key])
            except (TypeError, ValueError) as error:
                raise NormError(f"{told.get('name')}: {key} is a day such as 2026-01-31") from error
    return told, {"status": "official", "checked_on": entered_on} | value | {"since": since, "source": source}


@dataclass(frozen=True)
class WouldChange:
    """What one value of the municipality's would change. Amounts in minor units.

    `worked_cases`: so many cases of the pack were calculated with it; `changed`: (name, sheet before, after) of those
    that come out otherwise, in what is granted, in the surplus or in the amount of a line; `problems`: of those that
    can't be calculated any more. `open_cases`: so many open cases have a calculation; `more`, `less`: by how much the
    newest of each would rise or fall, had the value been in force; `otherwise`: so many would be granted the same, with
    another surplus or other lines; `not_computed`: so many couldn't be calculated. `left`: so many open cases
    weren't looked at.
    """

    worked_cases: int
    changed: tuple[tuple[str, Calculation, Calculation], ...]
    problems: tuple[str, ...]
    open_cases: int = 0
    more: tuple[int, ...] = ()
    less: tuple[int, ...] = ()
    otherwise: int = 0
    not_computed: int = 0
    left: int = 0


def as_if_with(norm: LocalNorm) -> Callable[[date], list[Norm]]:
    """For a day: what the organisation has set and confirmed, and this value as if it held then already."""
    rows = list(LocalNorm.objects.filter(confirmed_at__isnull=False).order_by("name", "since", "confirmed_at"))

    @cache
    def on(day: date) -> list[Norm]:
        already = LocalNorm(name=norm.name, since=min(norm.since, day), entry=norm.entry, source=norm.source)
        already.entered_at = norm.entered_at
        return _as_norms([*(row for row in rows if row.name != norm.name or row.since <= already.since), already])

    return on


def worked_cases_with(norm: LocalNorm) -> WouldChange:
    """All worked cases of the organisation's law, calculated with this value. A case that brings another body's value
    of that name, or limits of its own, keeps them."""
    law = the_law()
    number, changed, problems = 0, [], []
    as_if = as_if_with(norm)
    for name, case in worked_cases(law.PACK):
        own = {table.name for table in case.tables}
        limited = norm.name.startswith("limit.") and any(cost.limit is not None for cost in case.facts.costs)
        if norm.name in own or limited:
            continue
        before, after = (
            [*case.tables, *(table for table in tables if table.name not in own)]
            for tables in (local_norms(law.PACK), as_if(case.facts.since))
        )
        try:
            was, would_be = (
                law.calculate(case.facts, law.norms_of(case.facts, case.known_on, case.decided_on, tables))
                for tables in (before, after)
            )
        except (FactsError, NormError, NormMissing) as error:
            problems.append(f"{name}: {error}")
            continue
        number += 1
        if _comes_out_otherwise(was, would_be):
            changed.append((name, was, would_be))
    return WouldChange(number, tuple(changed), tuple(problems))


def would_change(norm: LocalNorm, today: date) -> WouldChange:
    """The worked cases with this value, and the newest calculation of each open case had it been in force then."""
    law, found = the_law(), worked_cases_with(norm)
    sheets = Sheet.objects.filter(case__state=CaseState.OPEN, case__worked_in=None, pack=law.PACK)
    newest = sheets.order_by("case_id", "-period__since", "-number").distinct("case_id").select_related("snapshot")
    open_cases, differences, otherwise, not_computed = newest.count(), [], 0, 0
    as_if = as_if_with(norm)
    for sheet in newest[:MOST_LOOKED_AT]:
        try:
            facts = law.Facts.from_json(sheet.snapshot.facts)
            was, would_be = (
                law.calculate(facts, law.norms_of(facts, today, today, tables))
                for tables in (local_norms(law.PACK), as_if(facts.since))
            )
        except DatabaseError:
            raise
        except Exception:  # one case's fault never ends the others' turn
            not_computed += 1
            continue
        differences.append(would_be.granted - was.granted)
        otherwise += would_be.granted == was.granted and _comes_out_otherwise(was, would_be)
    return replace(
        found,
        open_cases=open_cases,
        more=tuple(d for d in differences if d > 0),
        less=tuple(d for d in differences if d < 0),
        otherwise=otherwise,
        not_computed=not_computed,
        left=max(open_cases - MOST_LOOKED_AT, 0),
    )


def _comes_out_otherwise(was: Calculation, would_be: Calculation) -> bool:
    """Whether what is granted, the surplus or the amount of a line differs."""
    return (was.granted, was.surplus) != (would_be.granted, would_be.surplus) or bool(differing(was, would_be))


def norms_in_force(facts: Facts, today: date) -> Norms:
    """The norms of the facts' first day as known `today`, with what the municipality has set; sections of `today`."""
    return norms_of(facts, today, today, local_norms("se"))


def applied_facts(case: Case, period: Period, application: Application | None, today: date) -> Facts:
    """The facts as applied for: the household of the register, costs and incomes as given, what earlier months
    say (job stimulus, a child's own work), and the municipality's limits as known `today`. No value is accepted yet."""
    applied = rows_applied_for(application) if application else {"costs": [], "incomes": []}
    facts = Facts(
        since=period.since,
        until=period.until,
        members=members_of(case, period),
        costs=[_cost(row) for row in applied["costs"]],
        incomes=[_income(row) for row in applied["incomes"]],
    )
    return proposed(facts, today)


def members_of(case: Case, period: Period) -> list[Member]:
    """The household of a Swedish case in a period as the register has it now, with what earlier months say."""
    memberships = list(household_on(case.household_id, period.since, period.until))
    earlier = before((m.person_id for m in memberships), period.since)
    return [
        Member(
            key=str(m.person_id),
            role="adult" if m.role == "adult" else "child",
            birth_on=m.person.birth_on,
            since=m.since if m.since > period.since else None,
            until=m.until if m.until and m.until < period.until else None,
            job_stimulus=m.role == "adult" and earlier[m.person_id].stimulus is not None,
            work_income_before=None if m.role == "adult" else earlier[m.person_id].earned,
        )
        for m in memberships
    ]


def is_household_of(facts: Facts, members: list[Member]) -> bool:
    """Whether the household of Swedish facts is one of `members_of`: the same people on the same days, no line of
    anybody else."""

    def people(rows: list[Member]) -> set[tuple[str, str, date | None, date | None]]:
        return {(one.key, one.role, one.since, one.until) for one in rows}

    there = {None, *(one.key for one in members)}
    lines = {one.person for one in facts.costs} | {one.person for one in facts.incomes}
    return people(facts.members) == people(members) and lines <= there


def with_members(facts: Facts, members: list[Member]) -> Facts:
    """Facts with another household: what was assessed of who was in it already stays, lines of who isn't in it end."""
    assessed = {(one.key, one.role): one for one in facts.members}
    kept = [
        msgspec.structs.replace(
            one, lunch_days=was.lunch_days, job_stimulus=was.job_stimulus, work_income_before=was.work_income_before
        )
        if (was := assessed.get((one.key, one.role)))
        else one
        for one in members
    ]
    there = {None, *(one.key for one in members)}
    costs = [one for one in facts.costs if one.person in there]
    incomes = [one for one in facts.incomes if one.person in there]
    return msgspec.structs.replace(facts, members=kept, costs=costs, incomes=incomes)


def with_more(
    facts: Facts, period: UUID, more: Collection[Application], today: date, *, in_full: bool = False
) -> Facts:
    """The facts of a period with the lines of `more`, applications on top of what they were made of: each behind those
    alike that were applied for before, and before what the office added itself. Nothing else changes but the
    municipality's limits, as known `today`. `in_full`: each added cost counts as it was applied for, also above a
    limit."""
    rows: dict[str, list[Any]] = {"costs": list(facts.costs), "incomes": list(facts.incomes)}
    counted: Counter[tuple[str, str, str | None]] = Counter()
    for application in standing_together(period):
        for kind, there in rows.items():
            for row in application.document["answers"].get(kind, []):
                code, person = row["code"], row["person"]
                number = counted[kind, code, person]
                counted[kind, code, person] += 1
                if application not in more:
                    continue
                alike = [place for place, one in enumerate(there) if (one.code, one.person) == (code, person)]
                place = alike[number] if number < len(alike) else len(there)
                given = _cost(row) if kind == "costs" else _income(row)
                if in_full and isinstance(given, Cost):
                    given = msgspec.structs.replace(given, effective=given.applied)
                there.insert(place, given)
    return proposed(msgspec.structs.replace(facts, **rows), today)


def _cost(row: Mapping[str, Any]) -> Cost:
    return Cost(code=row["code"], applied=row["amount"], person=row["person"], note=row["note"])


def _income(row: Mapping[str, Any]) -> Income:
    return Income(code=row["code"], gross=row["amount"], source="given", person=row["person"], note=row["note"])


def calculated(facts: Any, today: date, law: str = "se") -> Calculation:
    """The sheet of facts of a law, without saving anything (what-if): norms of the period's first day, sections of
    `today`."""
    rules = pack(law)
    return rules.calculate(facts, rules.norms_of(facts, today, today, local_norms(law)))


def proposed(facts: Facts, today: date) -> Facts:
    """The facts with what the rules propose for each cost: the municipality's limits beside them, as known `today`. As
    they are where no norm is in force."""
    try:
        return with_limits(facts, norms_in_force(facts, today))
    except NormMissing:
        return facts


def newest_sheet(period: UUID) -> Sheet | None:
    """The newest sheet of a period."""
    return Sheet.objects.select_related("norm_set", "snapshot").filter(period_id=period).order_by("-number").first()


def incomes_of(sheet: Sheet | None) -> list[Income] | None:
    """The incomes that a Swedish sheet counts; None where there is no sheet, or it is of another law."""
    return Facts.from_json(sheet.snapshot.facts).incomes if sheet is not None and sheet.pack == "se" else None


def sheet_that_counts(period: UUID) -> Sheet | None:
    """The sheet that the decision in force on a period rests on; where nothing is decided, the newest."""
    decided = PersonMonth.objects.filter(period_id=period).values("sheet_id")
    return Sheet.objects.select_related("norm_set", "snapshot").filter(id__in=decided).first() or newest_sheet(period)


def carried_beyond(period: Period) -> int:
    """How much more a Swedish month counts as the surplus of the month before than that one leaves, by the sheets that
    count of both (minor units)."""
    earlier = period_before(period)
    last, now = (sheet_that_counts(one.id) if one else None for one in (earlier, period))
    if last is None or now is None or now.pack != "se":
        return 0
    incomes = now.snapshot.facts["incomes"]
    carried = sum(int(income["gross"]) for income in incomes if income["code"] == CARRIED)
    return max(0, carried - stored_calculation(last).surplus)


def stored_calculation(sheet: Sheet) -> Calculation:
    """The stored sheet as the rules' own type."""
    return Calculation.from_json(sheet.body)


def own_norms() -> list[tuple[str, str]]:
    """(code, name) of each norm that the municipality has in place of the riksnorm."""
    found = {n.name.split(".")[1]: n.label["sv"] for n in local_norms("se") if n.name.startswith("norm.")}
    return sorted(found.items())


CHUNK = 1000
MOST_LOOKED_AT = 1000
"""So many open cases are calculated while somebody waits for the page."""


@dataclass(frozen=True)
class Difference:
    """One thing that a stored sheet says otherwise than its recomputation. Amounts in minor units."""

    organisation: str
    case: str
    since: str
    sheet: int
    what: str
    """facts, norms or sheet digest; norm set; not computed; not comparable; row, total, line or field."""
    code: str
    stored: Any
    recomputed: Any

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.organisation} {self.case} {self.since} sheet {self.sheet}"
        return f"{place}: {self.what} {self.code}".rstrip() + f": stored {self.stored}, recomputed {self.recomputed}"


def chunk_of_sheets(after: UUID | None) -> list[Sheet]:
    """The next thousand sheets of the open door's tenant, by key."""
    rows = Sheet.objects.select_related("case", "period", "snapshot", "norm_set").order_by("id")
    return list((rows.filter(id__gt=after) if after else rows)[:CHUNK])


def sample_of_sheets(most: int, draw: Random) -> list[Sheet]:
    """So many sheets of the open door's tenant, drawn by chance."""
    keys = list(Sheet.objects.order_by("id").values_list("id", flat=True))
    rows = Sheet.objects.select_related("case", "period", "snapshot", "norm_set")
    return list(rows.filter(id__in=draw.sample(keys, min(most, len(keys)))).order_by("id"))


def differences(sheet: Sheet) -> Iterator[Difference]:
    """What differs between a stored sheet and the same facts computed again; nothing when all is equal to the byte.

    Norms of the files as known on the sheet's `known_on`, those of the municipality as confirmed when it was computed.
    The same holds for the rules: of each function the version known then. What can't be computed any more (a norm is
    gone) is a difference too.
    """

    def differs(what: str, code: str, stored: Any, recomputed: Any) -> Difference:
        slug = acting_door().the_tenant.slug
        return Difference(
            slug, sheet.case.number, str(sheet.period.since), sheet.number, what, code, stored, recomputed
        )

    for what, digest, body in (
        ("facts digest", sheet.snapshot.digest, sheet.snapshot.facts),
        ("norms digest", sheet.norm_set.digest, sheet.norm_set.body),
        ("sheet digest", sheet.digest, sheet.body),
    ):
        if digest != (now := _digest(body)):
            yield differs(what, "", digest, now)
    try:
        rules = pack(sheet.pack)
        facts = rules.Facts.from_json(sheet.snapshot.facts)
        norms = rules.norms_of(facts, sheet.known_on, sheet.known_on, local_norms_at(sheet.computed_at, sheet.pack))
        body = rules.calculate(facts, norms).to_json()
    except DatabaseError:
        raise
    except Exception as error:  # one sheet's fault never ends the others' turn
        yield differs("not computed", "", sheet.granted, f"{type(error).__name__}: {error}")
        return
    if sheet.norm_set.digest != body["norm_digest"]:
        yield differs("norm set", "", sheet.norm_set.digest, body["norm_digest"])
    for name, stored, recomputed in (
        ("granted", sheet.granted, body["granted"]),
        ("rule_version", sheet.rule_version, body["rule_version"]),
    ):
        if stored != recomputed:
            yield differs("row", name, stored, recomputed)
    try:
        yield from (differs(*told) for told in _fields(sheet.body, body))
    except Exception as error:  # somebody has written there what is no sheet
        yield differs("not comparable", "", sheet.granted, f"{type(error).__name__}: {error}")


def _digest(body: Any) -> str:
    """The digest of what is stored, or why there is none: of what was never written here."""
    try:
        return canonical.digest(body)
    except (TypeError, ValueError) as error:
        return str(error)


def _fields(sheet: dict[str, Any], computed: dict[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """(what, code, stored, recomputed) of what differs between two sheets as plain data."""
    if canonical.dumps(sheet) == canonical.dumps(computed):
        return
    for name in sorted(sheet.keys() | computed.keys()):
        stored, recomputed = sheet.get(name), computed.get(name)
        if stored == recomputed:
            continue
        if name == "totals":
            old, new = stored or {}, recomputed or {}
            for code in sorted(old.keys() | new.keys()):
                if old.get(code) != new.get(code):
                    yield "total", code, old.get(code), new.get(code)
        elif name == "lines":
            yield from (("line", *told) for told in _lines(stored or [], recomputed or []))
        else:
            yield "field", name, stored, recomputed


def _lines(stored: list[dict[str, Any]], recomputed: list[dict[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """(code, stored amount, recomputed amount) of each line that differs; the whole line where the amount doesn't.

    What both have is left out; the rest is compared by code and person, in its order. ("", the codes as stored, as
    recomputed) where what both have stands in another order.
    """
    gone, come = list[dict[str, Any]](), list(recomputed)
    for line in stored:
        if line in come:
            come.remove(line)
        else:
            gone.append(line)
    both = [
        list(dict.fromkeys(canonical.dumps(line) for line in lines if line in others))
        for lines, others in ((stored, recomputed), (recomputed, stored))
    ]
    if both[0] != both[1] or not gone + come:
        yield "", [line.get("code") for line in stored], [line.get("code") for line in recomputed]

    def whose(line: dict[str, Any]) -> tuple[Any, Any]:
        return line.get("code"), line.get("person")

    for code, person in dict.fromkeys(map(whose, (*gone, *come))):
        alike = ([line for line in lines if whose(line) == (code, person)] for lines in (gone, come))
        for old, new in zip_longest(*alike):
            amounts = (old and old.get("amount"), new and new.get("amount"))
            yield (str(code), *amounts) if amounts[0] != amounts[1] else (str(code), old, new)


@dataclass(frozen=True)
class Effect:
    """What a sheet that a decision in force rests on would say by the rules and norms known on another day.

    Amounts in minor units. `after` None: it can't be computed by them, `problem` says why. `codes`: the lines that
    would differ.
    """

    organisation: str
    case: str
    case_id: UUID
    since: date
    sheet: int
    before: int
    after: int | None
    codes: tuple[str, ...]
    problem: str = ""

    @property
    def difference(self) -> int:
        """How much more would be granted; negative: less; 0 where it can't be computed."""
        return 0 if self.after is None else self.after - self.before

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        told = asdict(self) | {"difference": self.difference, "since": str(self.since), "codes": list(self.codes)}
        del told["case_id"]
        return told

    def __str__(self) -> str:
        place = f"{self.organisation} {self.case} {self.since} sheet {self.sheet}"
        if self.after is None:
            return f"{place}: not computed: {self.problem}"
        change = f"granted {self.before}, would be {self.after} ({self.difference:+})"
        return f"{place}: {change}: {' '.join(self.codes)}"


def chunk_in_force(after: UUID | None, most: int = CHUNK) -> list[Sheet]:
    """The next sheets, by key, that decisions in force rest on."""
    rows = Sheet.objects.select_related("case", "period", "snapshot").order_by("id")
    rows = rows.filter(id__in=PersonMonth.objects.values("sheet_id"))
    return list((rows.filter(id__gt=after) if after else rows)[:most])


def unnamed_households(month: Month) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """By pack: the households of the decisions in force on a month, as rows of a population that name nobody, in an
    order that says nothing; and of how many decisions the facts can't be read any more. Whoever is protected is left
    out with the household."""
    found: dict[str, list[dict[str, Any]]] = {}
    unread = 0
    decided = PersonMonth.objects.filter(since__gte=month.since, since__lt=month.until).values("sheet_id")
    hidden = {str(key) for key in Person.objects.filter(protection_level__gt=0).values_list("id", flat=True)}
    rows = Sheet.objects.select_related("case", "snapshot").filter(id__in=decided)
    for sheet in rows.iterator(CHUNK):
        try:
            facts = pack(sheet.pack).Facts.from_json(sheet.snapshot.facts)
        except (FactsError, PackError):
            unread += 1
            continue
        people = {m.key for m in facts.members} | {str(sheet.case.applicant_id), str(sheet.case.co_applicant_id)}
        if not people & hidden:
            found.setdefault(sheet.pack, []).append(_in_no_compilation(pseudonymised(facts)))
    for households in found.values():
        households.sort(key=lambda row: msgspec.json.encode(row, order="sorted"))
    return found, unread


def _in_no_compilation(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a population without the kinds of cost that no compilation may tell of: who is in a union."""
    for cost in row.get("costs", ()):
        if cost["code"] in COSTS and COSTS[cost["code"]].statistics is None:
            cost["code"] = UNSTATED
    return row


def effect(sheet: Sheet, known_on: date) -> Effect | None:
    """Whom a correction affects, and by how much: the stored facts by the rules and norms known on `known_on`, with
    all that the municipality has confirmed; sections as on the sheet. None where no amount would be another one."""

    def told(after: int | None, codes: Iterable[str], problem: str = "") -> Effect:
        slug, case = acting_door().the_tenant.slug, sheet.case
        since = sheet.period.since
        return Effect(slug, case.number, case.id, since, sheet.number, sheet.granted, after, tuple(codes), problem)

    try:
        rules = pack(sheet.pack)
        facts = rules.Facts.from_json(sheet.snapshot.facts)
        now = rules.calculate(facts, rules.norms_of(facts, known_on, sheet.known_on, local_norms(sheet.pack)))
        codes = differing(stored_calculation(sheet), now)
    except (FactsError, NormError, NormMissing) as error:
        return told(None, (), str(error))
    except DatabaseError:
        raise
    except Exception as error:  # likewise
        return told(None, (), f"{type(error).__name__}: {error}")
    return told(now.granted, codes) if codes or now.granted != sheet.granted else None


def differing(one: Calculation, other: Calculation) -> list[str]:
    """The codes of the lines whose amounts differ between two sheets, in the order of the code."""

    def amounts(sheet: Calculation) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for line in sheet.lines:
            key = (line.code, line.person or "")
            found[key] = found.get(key, 0) + line.amount
        return found

    a, b = amounts(one), amounts(other)
    return sorted({key[0] for key in a.keys() | b.keys() if a.get(key, 0) != b.get(key, 0)})


def proposed_months(case: UUID) -> list[dict[str, Any]]:
    """The months of the newest proposed correction of a case: since, sheet, before, after; [] if there was none."""
    event = Event.objects.filter(subject_id=case, kind="correction proposed").order_by("-seq").first()
    body = Payload.objects.filter(id=event.id).values_list("body", flat=True).first() if event else None
    return list(body["months"]) if body else []
