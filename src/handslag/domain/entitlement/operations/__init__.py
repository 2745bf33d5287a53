"""Facts assessed by the caseworker; sheets computed from them and kept with all that they rest on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import require_worked_here
from handslag.domain.entitlement.models import Assessment, LocalNorm, NormSet, PersonMonth, Sheet, Snapshot
from handslag.domain.entitlement.queries import (
    applied_facts,
    as_one_value,
    local_norm_entries,
    local_norms,
    newest_application,
    stored_calculation,
    the_law,
    unnamed_households,
    worked_cases_with,
)
from handslag.domain.intake.queries import came
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.states import TaskState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible, examples_bind, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.rules.norms import NormError, NormMissing, from_entries, not_yet_checked
from handslag.rules.packs import PackError, pack, without_effect
from handslag.rules.se.codes import INCOMES
from handslag.rules.se.facts import Facts, FactsError
from handslag.rules.se.limits import with_limits

#: The task of a caseworker to whom a correction is proposed.
CORRECTION = "correction in favour"


class PeriodAssessed(Event):
    kind = "period assessed"


class SheetsDiffer(Event):
    kind = "sheets differ"


class CorrectionProposed(Event):
    kind = "correction proposed"


class PopulationTaken(Event):
    kind = "population taken"


class LocalNormEntered(Event):
    kind = "local norm entered"


class LocalNormConfirmed(Event):
    kind = "local norm confirmed"


@operation()
def assess(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    period: UUID,
    facts: dict[str, Any],
    version: int,
    applications: int | None = None,
) -> Done[Sheet]:
    """Keep the caseworker's facts of a period and compute the next numbered sheet from them.

    `version`: of the Assessment seen (0 if there was none); Conflict with both facts if it moved on. `applications`:
    how many for the period she has seen; NotPossible("newer application") where another came since. None: all of them.
    By the law of the organisation. NotPossible("facts") with the problems when the facts can't be calculated, ("norms")
    when no norm is in force.
    """
    found = Period.objects.filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    case, _ = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    require_worked_here(case)
    seen = came(found.id)
    if applications not in (None, seen):
        raise NotPossible("newer application")
    return _assessed(case, found, facts, version, seen, now)


@operation()
def assess_as_applied(*, tenant: str | int, by: Actor, now: datetime, period: UUID) -> Done[Sheet]:
    """Compute the first sheet of a period from what was applied for, as it stands: what an automated grant rests on,
    which calls it and lets nothing else stand of it. Refusals as of `assess`."""
    found = Period.objects.select_related("case").filter(id=period).first()
    if found is None or by.kind != "system":
        raise Hidden("period", period)
    facts = applied_facts(found.case, found, newest_application(found.id), acting_door().the_tenant.today(now))
    return _assessed(found.case, found, facts.to_json(), 0, came(found.id), now)


def _assessed(
    case: Case, found: Period, facts: dict[str, Any], version: int, applications: int, now: datetime
) -> Done[Sheet]:
    try:
        law = the_law()
        read = law.Facts.from_json(facts)
        if (read.since, read.until) != (found.since, found.until):
            raise FactsError(["since, until: of another period"])
        today = acting_door().the_tenant.today(now)
        norms = law.norms_of(read, today, today, local_norms(law.PACK))
        if isinstance(read, Facts):
            read = with_limits(read, norms)
        calculation = law.calculate(read, norms)
    except FactsError as error:
        raise NotPossible("facts", problems=error.problems) from error
    except (NormMissing, PackError) as error:
        raise NotPossible("norms", problems=[str(error)]) from error
    stored = read.to_json()
    assessment = Assessment.objects.select_for_update().filter(period=found).first()
    if (assessment.version if assessment else 0) != version:
        raise Conflict("assessment", theirs=assessment.facts if assessment else None, yours=stored)
    if assessment is None:
        assessment = Assessment(case=case, period=found, version=0)
    assessment.facts, assessment.saved_at = stored, now
    assessment.version += 1
    assessment.save()
    used = norms.with_settings(read.settings)
    norm_set, _ = NormSet.objects.get_or_create(
        digest=used.digest, defaults={"body": dict(used.resolved.body), "has_example": used.has_example}
    )
    snapshot = Snapshot.objects.create(case=case, period=found, facts=stored, digest=canonical.digest(stored))
    body = calculation.to_json()
    last = Sheet.objects.filter(period=found).order_by("-number").values_list("number", flat=True).first()
    sheet = Sheet.objects.create(
        case=case,
        period=found,
        number=(last or 0) + 1,
        snapshot=snapshot,
        norm_set=norm_set,
        pack=calculation.pack,
        rule_version=calculation.rule_version,
        known_on=today,
        body=body,
        digest=canonical.digest(body),
        granted=calculation.granted,
        currency=law.CURRENCY,
        computed_at=now,
        applications=applications,
    )
    return Done(
        sheet,
        PeriodAssessed(
            subject=case.id,
            payload={
                "sheet": str(sheet.id),
                "number": sheet.number,
                "digest": sheet.digest,
                "facts_digest": snapshot.digest,
                "norm_digest": norm_set.digest,
                "granted": sheet.granted,
            },
        ),
    )


@operation(silent=True)
def keep_results(*, tenant: str | int, by: Actor, now: datetime, sheet: UUID, refused: bool) -> Done[None]:
    """Keep which sheet a decision in force rests on, and what it says of each person and month; a later decision's
    takes its place.

    Supported: an adult whose household gets försörjningsstöd (the norm and reasonable costs aren't covered). It is read
    by Swedish rules alone, as work income is; of other laws neither is kept. `refused`: the decision refuses on a
    ground that no calculation knows: nobody is supported, whatever the sheet comes to.
    """
    found = Sheet.objects.select_related("snapshot", "period").get(id=sheet)
    facts = pack(found.pack).Facts.from_json(found.snapshot.facts)
    supported, earned = set[str](), dict[str | None, int]()
    if isinstance(facts, Facts):
        if not refused and found.granted > 0 and stored_calculation(found).totals["Balance"] < 0:
            supported = {m.key for m in facts.members if m.role == "adult"}
        for income in facts.incomes:
            if INCOMES[income.code].employment:
                earned[income.person] = earned.get(income.person, 0) + income.gross
    PersonMonth.objects.filter(period=found.period).delete()
    for key in dict.fromkeys(m.key for m in facts.members):
        PersonMonth.objects.create(
            period=found.period,
            person_id=UUID(key),
            since=found.period.since,
            sheet=found,
            supported=key in supported,
            work_income=earned.get(key, 0),
        )
    return Done(None)


@operation()
def enter_local_norm(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    entry: dict[str, Any],
    since: date,
    source: str,
    key: UUID | None = None,
) -> Done[LocalNorm]:
    """Enter a value that the organisation sets itself in its law, from a day on: `entry` as in a norm file (name, unit,
    label, value or rows, status, checked_on; no value: it ends on that day, also one that begins on it). In force when
    another administrator has confirmed it. The owner of what stands by itself in that law is the organisation, unless
    `entry` names another body. `key`: of the form; SentAlready the second time.
    NotPossible("local norm") with the problem, also where it would have no effect yet, ("source") without one."""
    member = require_role(by, now, Role.ADMINISTRATOR)
    if not source.strip() or len(source) > 300:
        raise NotPossible("source")
    name = str(entry.get("name", ""))
    if len(name) > 60:
        raise NotPossible("local norm", problems=[f"{name[:60]}: a name has at most 60 characters"])
    if "value" in entry or "rows" in entry:
        entry = _read_local_norm(entry, since, source, now)
    elif not LocalNorm.objects.filter(name=name, confirmed_at__isnull=False, since__lte=since).exists():
        raise NotPossible("local norm", problems=[f"{name}: there is nothing to end"])
    row = LocalNorm.objects.create(
        id=open_subject("local norm", new_id(LocalNorm, key)),
        name=name,
        since=since,
        entry=entry,
        source=source.strip(),
        entered_by_id=member.id,
        entered_at=now,
    )
    payload = {"name": row.name, "since": str(since), "entry": entry, "source": row.source}
    return Done(row, LocalNormEntered(subject=row.id, payload=payload))


def _read_local_norm(entry: dict[str, Any], since: date, source: str, now: datetime) -> dict[str, Any]:
    """The entry, with its owner; NotPossible("local norm") where no calculation could use it."""
    try:
        law = the_law()
        if entry.get("name") in law.LOCAL:
            entry = {"owner": acting_door().the_tenant.name, **entry}
        today = acting_door().the_tenant.today(now)
        told, value = as_one_value(entry, since, source.strip(), today)
        [norm] = from_entries([told | {"values": [value]}], "municipality", lang=law.LANGUAGE)
        law.accept(norm, since)
        without_effect(law, str(setting("canton")), (), [norm], today)
    except (NormError, NormMissing, PackError) as error:
        raise NotPossible("local norm", problems=[str(error)]) from error
    if problems := not_yet_checked([norm], today):
        raise NotPossible("local norm", problems=problems)
    return entry


@operation()
def confirm_local_norm(*, tenant: str | int, by: Actor, now: datetime, norm: UUID) -> Done[LocalNorm]:
    """A second administrator confirms a value: from then on it holds. All worked cases are calculated with it before;
    the event says which come out otherwise.

    NotForThem("second pair of eyes"), NotPossible("example norm") outside a demonstration, as no decision could rest on
    it, ("worked cases") with the problems where one can't be calculated.
    """
    member = require_role(by, now, Role.ADMINISTRATOR)
    row = LocalNorm.objects.select_for_update(of=("self",)).filter(id=norm).first()
    if row is None:
        raise Hidden("local norm", norm)
    if row.confirmed_at is not None:
        raise Conflict("local norm", theirs=row.confirmed_at.isoformat())
    if row.entered_by_id == member.id:
        raise NotForThem("second pair of eyes", norm)
    if row.is_example and not examples_bind():
        raise NotPossible("example norm")
    tried = worked_cases_with(row)
    if tried.problems:
        raise NotPossible("worked cases", problems=list(tried.problems))
    row.confirmed_by_id, row.confirmed_at = member.id, now
    row.save(update_fields=["confirmed_by", "confirmed_at"])
    payload = {
        "name": row.name,
        "since": str(row.since),
        "worked_cases": tried.worked_cases,
        "changed": [name for name, _, _ in tried.changed],
    }
    return Done(row, LocalNormConfirmed(subject=row.id, payload=payload))


@operation()
def report_differences(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, told: list[dict[str, Any]]
) -> Done[None]:
    """Stored sheets of a case don't come out the same any more: a person has to look. Nothing is changed."""
    return Done(None, SheetsDiffer(subject=case, payload={"differences": told}))


@operation()
def propose_correction(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, months: list[dict[str, Any]]
) -> Done[None]:
    """Tell the case's caseworker for which months today's reading of the law would give more, and how much: `months`
    with since, sheet, before, after. She decides; nothing is changed.

    NotPossible("proposed already") while such a task is open, ("nothing more") where a month doesn't gain.
    """
    if not months or any(month["after"] <= month["before"] for month in months):
        raise NotPossible("nothing more")
    if Task.objects.filter(subject_id=case, kind=CORRECTION, state=TaskState.OPEN).exists():
        raise NotPossible("proposed already")
    return Done(None, CorrectionProposed(subject=case, payload={"months": months}))


@dataclass(frozen=True)
class Population:
    """Households that name nobody, by pack; what their municipality has set, as entries of a norm file; and of how many
    decisions the facts can't be read any more."""

    households: dict[str, list[dict[str, Any]]]
    norms: list[dict[str, Any]]
    unread: int


@operation()
def take_population(*, tenant: str | int, by: Actor, now: datetime, month: Month) -> Done[Population]:
    """Take the households of the decisions in force on a month out of the cases, for a simulation: no identifier, name,
    date of birth or free text, nobody who is protected. The chain keeps that, how many, and the digest of what left."""
    households, unread = unnamed_households(month)
    taken = Population(households, local_norm_entries(), unread)
    payload = {
        "month": str(month),
        "unread": unread,
        "households": {
            law: [len(rows), hashlib.sha256(msgspec.json.encode(rows, order="sorted")).hexdigest()]
            for law, rows in taken.households.items()
        },
    }
    return Done(taken, PopulationTaken(subject=open_subject("population"), payload=payload))
