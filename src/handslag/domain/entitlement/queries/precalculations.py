"""What open cases would come to in a month, and what runs over all of them have found."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import Error as DatabaseError
from django.db.models import Count, F, Q, QuerySet, Sum

from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.states import CaseState
from handslag.domain.entitlement.models import Forecast, LocalNorm, Precalculation, Sheet
from handslag.domain.entitlement.queries import (
    applied_facts,
    as_if_with,
    before,
    local_norms,
    newest_application,
    newest_sheet,
    of_the_office,
    sheet_that_counts,
    stored_calculation,
)
from handslag.domain.entitlement.states import Basis, Problem, RunKind, RunState
from handslag.domain.people.models import Membership
from handslag.domain.people.queries import household_on
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.permissions import Member
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.rules.facts import FactsError
from handslag.rules.norms import Norm, NormError, NormMissing
from handslag.rules.packs import PackError, pack
from handslag.rules.se.facts import Facts as SwedishFacts
from handslag.rules.sheet import Line, languages, wording_of
from handslag.rules.sheet import Sheet as Calculation

log = structlog.get_logger("precalculation")


class NotCalculated(Exception):
    """A case can't be calculated for a reason of its own; `told` are sentences."""

    def __init__(self, problem: Problem, told: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.told = list(told)


def open_cases() -> QuerySet[Case]:
    """The open cases that are worked here, in the order of their keys."""
    return Case.objects.filter(state=CaseState.OPEN, worked_in=None).order_by("id")


def forecast(run: Precalculation, case: Case, today: date) -> Forecast:
    """What a case comes to in the month of a run, not saved; where it can't be calculated, with the problem.

    Only an error of the database is raised: it is no case's own.
    """
    row = Forecast(run=run, case=case, since=run.since)
    try:
        _calculate(row, run, case, today)
    except NotCalculated as no:
        row.problem, row.told = no.problem, no.told
    except FactsError as error:
        row.problem, row.told = Problem.FACTS, error.problems
    except (NormError, NormMissing, PackError) as error:
        row.problem, row.told = Problem.NORMS, [str(error)]
    except DatabaseError:
        raise
    except Exception as error:  # one case's fault never ends the others' turn
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} {Path(where.filename).name}:{where.lineno}"
        log.error("case not calculated", case=str(case.id), error=place)
        row.problem, row.told = Problem.UNEXPECTED, [place]
    if row.problem:
        row.before = row.after = None
        row.changes = []
    return row


def _calculate(row: Forecast, run: Precalculation, case: Case, today: date) -> None:
    month = Month.of(run.since)
    row.earlier = _earlier(case, month)
    law, facts, row.basis = _facts(case, month, row.earlier, today)
    rules, as_if = pack(law), _tables(run, law)
    after = rules.calculate(facts, rules.norms_of(facts, today, today, as_if(facts.since)))
    was: Calculation | None
    if run.kind == RunKind.MONTH:
        was = stored_calculation(row.earlier) if row.earlier else None
    elif run.kind == RunKind.VALUE:
        was = rules.calculate(facts, rules.norms_of(facts, today, today, local_norms(law)))
    else:
        eve = msgspec.structs.replace(facts, since=facts.since - timedelta(days=1), until=facts.since)
        norms = rules.norms_of(eve, today, today, local_norms(law))
        was = rules.calculate(facts, norms.kept(facts.settings, facts.until))
    row.pack, row.currency, row.after = law, rules.CURRENCY, after.granted
    row.digest = canonical.digest(after.to_json())
    if was is not None:
        row.before, row.changes = was.granted, moved(was, after)


def _tables(run: Precalculation, law: str) -> Callable[[date], list[Norm]]:
    """For a day: what the organisation has set in that law, with the value of a run about one. Read once per door."""
    if run.norm is None or not of_the_office(law):
        return lambda day: local_norms(law)
    memory = acting_door().memory.setdefault("as_if", {})
    if run.norm_id not in memory:
        memory[run.norm_id] = as_if_with(run.norm)
    found: Callable[[date], list[Norm]] = memory[run.norm_id]
    return found


def _earlier(case: Case, month: Month) -> Sheet | None:
    """The sheet that counts of the newest month before this one that was calculated."""
    rows = Sheet.objects.filter(case=case, period__since__lt=month.since).order_by("-period__since")
    newest = rows.values_list("period_id", flat=True).first()
    return sheet_that_counts(newest) if newest else None


def _facts(case: Case, month: Month, earlier: Sheet | None, today: date) -> tuple[str, Any, Basis]:
    """(pack, facts, where they are from) of a case in a month."""
    period = Period.objects.filter(case=case, since__gte=month.since, since__lt=month.until).order_by("-since").first()
    if period is not None:
        sheet = newest_sheet(period.id)
        application = newest_application(period.id)
        if sheet is not None and (application is None or application.received_at <= sheet.computed_at):
            return sheet.pack, pack(sheet.pack).Facts.from_json(sheet.snapshot.facts), Basis.SHEET
        if application is not None:
            return "se", applied_facts(case, period, application, today), Basis.APPLICATION
    if earlier is None:
        raise NotCalculated(Problem.NOTHING)
    told = pack(earlier.pack).Facts.from_json(earlier.snapshot.facts)
    memberships = household_on(case.household_id, month.since, month.until)
    there = {str(m.person_id) for m in memberships}
    known = {m.key for m in told.members if getattr(m, "role", "") != "visitation_child"}
    moves = any(m.since > month.since or (m.until and m.until < month.until) for m in memberships)
    facts = told.carried(month, earlier.granted > 0)
    if moves or there != known or there - {m.key for m in facts.members}:
        raise NotCalculated(Problem.HOUSEHOLD)
    if isinstance(facts, SwedishFacts):
        facts = _by_now(facts, memberships, told.since)
    return earlier.pack, facts, Basis.CARRIED


def _by_now(facts: SwedishFacts, memberships: Iterable[Membership], then: date) -> SwedishFacts:
    """With what the decisions say by now of job stimulus and a child's own work; what a caseworker had set against
    them stays."""
    keys = [m.person_id for m in memberships]
    now, before_then = before(keys, facts.since), before(keys, then)
    members = []
    for member in facts.members:
        key = UUID(member.key) if member.role != "visitation_child" else None
        if key is None:
            members.append(member)
            continue
        by_hand = member.job_stimulus and before_then[key].stimulus is None
        earned: int | None = None
        if member.role != "adult":
            stood = member.work_income_before or 0
            same_year = then.year == facts.since.year and stood > before_then[key].earned
            earned = stood if same_year else now[key].earned
        held = member.role == "adult" and (by_hand or now[key].stimulus is not None)
        members.append(msgspec.structs.replace(member, job_stimulus=held, work_income_before=earned))
    return msgspec.structs.replace(facts, members=members)


def moved(one: Calculation, other: Calculation) -> list[dict[str, Any]]:
    """What differs between two sheets: {code, label by language, before, after} with the amounts of all lines of a
    code, what moved most first. A line that tells somebody's age is named as its group."""
    found: dict[str, dict[str, Any]] = {}
    for sheet, place in ((one, "before"), (other, "after")):
        for line in sheet.lines:
            entry = found.setdefault(line.code, {"code": line.code, "line": line, "before": 0, "after": 0})
            entry[place] += line.amount
    rows = [entry for entry in found.values() if entry["before"] != entry["after"]]
    for entry in rows:
        entry["label"] = _label(other.pack, entry.pop("line"))
    return sorted(rows, key=lambda entry: (-abs(entry["after"] - entry["before"]), entry["code"]))


def _label(law: str, line: Line) -> dict[str, str]:
    wording = wording_of(law)
    group = next((g for g in wording.groups if g.belongs(line)), None) if "age" in line.params else None
    return {
        lang: wording.say(f"group.{group.name}", lang) if group else wording.label(line, lang)
        for lang in languages(law)
    }


def runs() -> list[Precalculation]:
    """The newest runs."""
    return list(Precalculation.objects.select_related("norm").order_by("-started_at", "-id")[:50])


@dataclass(frozen=True)
class Found:
    """What a run has found among some cases. Amounts in minor units a month."""

    cases: int = 0
    more: int = 0
    less: int = 0
    more_by: int = 0
    less_by: int = 0
    problems: int = 0

    @property
    def same(self) -> int:
        """Cases that would get as much as before, or that have nothing to compare with."""
        return self.cases - self.more - self.less - self.problems


def found_in(rows: QuerySet[Forecast]) -> Found:
    """What these rows say together."""
    more, less = Q(after__gt=F("before")), Q(after__lt=F("before"))
    told = rows.aggregate(
        cases=Count("id"), more=Count("id", filter=more), less=Count("id", filter=less),
        more_by=Sum(F("after") - F("before"), filter=more, default=0),
        less_by=Sum(F("before") - F("after"), filter=less, default=0),
        problems=Count("id", filter=~Q(problem="")),
    )  # fmt: skip
    return replace(Found(), **told)


def problems_in(run: Precalculation) -> list[tuple[str, str, int]]:
    """(problem, unit, how many of its cases) of what couldn't be calculated."""
    rows = Forecast.objects.filter(run=run).exclude(problem="")
    told = rows.values_list("problem", "case__unit__name").annotate(Count("id"))
    return list(told.order_by("problem", "case__unit__name"))


def forecasts_for(run: Precalculation, member: Member) -> QuerySet[Forecast]:
    """What a run says of the cases that a member of staff works; of people above her clearance too: mask them."""
    related = Q(case__unit_id=member.unit_id) | Q(case__caseworker_id__in=member.acts_for)
    rows = Forecast.objects.filter(related, run=run)
    return rows.select_related("case", "case__applicant", "case__co_applicant", "earlier", "earlier__period")


def coming(case: UUID, after: date) -> Forecast | None:
    """What the newest run says of a case's next month, from the first day `after` on; None where there is none, or
    where that month has been calculated itself."""
    rows = Forecast.objects.filter(case_id=case, since__gte=after, run__kind=RunKind.MONTH)
    found = rows.select_related("run").order_by("-since", "-computed_at").first()
    if found is None or Sheet.objects.filter(case_id=case, period__since__gte=found.since).exists():
        return None
    return found


def stuck_runs(before: Any) -> list[tuple[UUID, int]]:
    """(run, number of its next batch) of runs that should have moved by then and haven't."""
    rows = Precalculation.objects.filter(state=RunState.RUNNING, moved_at__lt=before)
    return list(rows.order_by("id").values_list("id", "batch"))


def local_norm(key: UUID) -> LocalNorm | None:
    """A value of the municipality's."""
    return LocalNorm.objects.filter(id=key).first()
