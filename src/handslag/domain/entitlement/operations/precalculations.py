"""Runs over all open cases: begun, carried on batch by batch, halted where too much goes wrong, ended.

Nothing here decides, proposes or tells a person anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.entitlement.models import Forecast, LocalNorm, Precalculation
from handslag.domain.entitlement.queries.precalculations import forecast, open_cases
from handslag.domain.entitlement.states import BY_HAND, RunKind, RunState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month

#: The most cases of a batch; the first has one, the second ten.
MOST = 100
#: So long after a month is over what runs said of its cases is kept.
KEPT = timedelta(days=62)


class PrecalculationStarted(Event):
    kind = "precalculation started"


class PrecalculationHalted(Event):
    kind = "precalculation halted"


class PrecalculationContinued(Event):
    kind = "precalculation continued"


class PrecalculationEnded(Event):
    kind = "precalculation ended"


@operation()
def start_precalculation(
    *, tenant: str | int, by: Actor, now: datetime, kind: RunKind, month: Month, norm: UUID | None = None
) -> Done[Precalculation]:
    """Begin to calculate all open cases for a month: an administrator, the clock or the command. `norm`: the value of
    the municipality's that a run of kind "value" is about.

    NotPossible("precalculation runs") while one of the same isn't ended, ("precalculation month") for a month more
    than a year away, ("precalculation value") for a value that ends a norm.
    """
    member = require_role(by, now, Role.ADMINISTRATOR).id if by.kind != "system" else None
    today = acting_door().the_tenant.today(now)
    if abs((month.since - today).days) > 366:
        raise NotPossible("precalculation month")
    value = None
    if kind == RunKind.VALUE:
        value = LocalNorm.objects.filter(id=norm).first() if norm else None
        if value is None:
            raise Hidden("local norm", norm)
        if "value" not in value.entry and "rows" not in value.entry:
            raise NotPossible("precalculation value")
    same = Precalculation.objects.filter(kind=kind, since=month.since, norm=value)
    if same.exclude(state=RunState.ENDED).exists():
        raise NotPossible("precalculation runs")
    run = Precalculation.objects.create(
        id=open_subject("precalculation"),
        kind=kind,
        since=month.since,
        norm=value,
        started_by_id=member,
        started_at=now,
        moved_at=now,
        cases=open_cases().count(),
    )
    payload = {"kind": kind, "month": str(month), "norm": str(norm) if norm else None, "cases": run.cases}
    return Done(run, PrecalculationStarted(subject=run.id, payload=payload))


@dataclass(frozen=True)
class Batch:
    """What came of one batch: `over`: no case is left; `faulty`: more of it than the setting allows went wrong."""

    run: Precalculation
    over: bool
    faulty: bool


@operation(silent=True)
def calculate_batch(*, tenant: str | int, by: Actor, now: datetime, run: UUID, batch: int) -> Done[Batch | None]:
    """Calculate the next cases of a run: 1, then 10, then 100 at a time. None, and nothing is done, where the run isn't
    running, or is past this batch."""
    found = Precalculation.objects.select_for_update(of=("self",)).select_related("norm").get(id=run)
    if found.state != RunState.RUNNING or found.batch != batch:
        return Done(None)
    today = acting_door().the_tenant.today(now)
    cases = open_cases().select_related("applicant", "co_applicant")
    if found.last_case:
        cases = cases.filter(id__gt=found.last_case)
    size = min(10**batch, MOST)
    rows = []
    for case in cases[:size]:
        row = forecast(found, case, today)
        row.computed_at = now
        rows.append(row)
    Forecast.objects.bulk_create(rows)
    differences = [row.difference for row in rows]
    found.done += len(rows)
    found.problems += sum(row.problem != "" for row in rows)
    found.more += sum(d > 0 for d in differences)
    found.less += sum(d < 0 for d in differences)
    found.more_by += sum(d for d in differences if d > 0)
    found.less_by -= sum(d for d in differences if d < 0)
    found.last_case = rows[-1].case_id if rows else found.last_case
    found.batch += 1
    _took(found, now)
    found.save()
    faults = sum(row.problem not in ("", *BY_HAND) for row in rows)
    faulty = faults * 100 > int(setting("precalculation_failures_percent")) * len(rows)
    return Done(Batch(found, len(rows) < size, faulty))


def _took(run: Precalculation, now: datetime) -> None:
    """Count the time since the run last moved as spent on it."""
    run.milliseconds += max(int((now - run.moved_at).total_seconds() * 1000), 0)  # a clock may be set back
    run.moved_at = now


@operation()
def halt_precalculation(*, tenant: str | int, by: Actor, now: datetime, run: UUID) -> Done[Precalculation]:
    """Stop a run: too many cases of its last batch couldn't be calculated. It goes on when a person says so."""
    found = _in_state(run, RunState.RUNNING)
    _took(found, now)
    found.state = RunState.HALTED
    found.save()
    return Done(found, PrecalculationHalted(subject=found.id, payload=_figures(found)))


@operation()
def continue_precalculation(*, tenant: str | int, by: Actor, now: datetime, run: UUID) -> Done[Precalculation]:
    """A halted run goes on with its next batch: an administrator has looked, or who runs the command. Hidden where
    there is none, Conflict where it isn't halted."""
    if by.kind != "system":
        require_role(by, now, Role.ADMINISTRATOR)
    found = _in_state(run, RunState.HALTED)
    found.state, found.moved_at = RunState.RUNNING, now
    found.save()
    return Done(found, PrecalculationContinued(subject=found.id, payload=_figures(found)))


@operation()
def end_precalculation(*, tenant: str | int, by: Actor, now: datetime, run: UUID) -> Done[Precalculation]:
    """A run has been through all open cases."""
    found = _in_state(run, RunState.RUNNING)
    _took(found, now)
    found.state, found.ended_at = RunState.ENDED, now
    found.save()
    return Done(found, PrecalculationEnded(subject=found.id, payload=_figures(found)))


@operation(silent=True)
def clear_forecasts(*, tenant: str | int, by: Actor, now: datetime) -> Done[int]:
    """Forget what runs said of the cases of months that are long over; gives of how many. Their figures stay."""
    today = acting_door().the_tenant.today(now)
    over = (Month.of(today - KEPT)).since
    return Done(Forecast.objects.filter(since__lt=over).delete()[0])


def _in_state(key: UUID, state: RunState) -> Precalculation:
    found = Precalculation.objects.select_for_update().filter(id=key).first()
    if found is None:
        raise Hidden("precalculation", key)
    if found.state != state:
        raise Conflict("precalculation", theirs=found.state)
    return found


def _figures(run: Precalculation) -> dict[str, int]:
    names = ("batch", "cases", "done", "problems", "more", "more_by", "less", "less_by")
    return {name: getattr(run, name) for name in names}
