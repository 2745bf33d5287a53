"""All open cases calculated, batch by batch; each month's run begun by the clock where the organisation says so."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import structlog

from handslag.domain.entitlement.models import Precalculation
from handslag.domain.entitlement.operations.precalculations import (
    calculate_batch,
    clear_forecasts,
    end_precalculation,
    halt_precalculation,
    start_precalculation,
)
from handslag.domain.entitlement.states import RunKind
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import AWAY, defer, tasks
from handslag.kernel import clock
from handslag.kernel.months import Month

log = structlog.get_logger("precalculation")
BY = system("precalculate")


@tasks.task(name="precalculate", retry=AWAY)
def precalculate(tenant: int, run: str, batch: int) -> None:
    """Do one batch of a run: its rows, how far the run is, and the job of the next batch, in one transaction. A batch
    that was done already, by another or before a crash, does nothing and is followed by nothing."""
    with acting(tenant, BY, "precalculate"):
        done = calculate_batch(tenant=tenant, by=BY, now=clock.now(), run=UUID(run), batch=batch)
        if done is None:
            return
        if done.faulty:
            log.warning("precalculation halted", tenant=tenant, run=run, batch=batch)
            halt_precalculation(tenant=tenant, by=BY, now=clock.now(), run=UUID(run))
        elif done.over:
            end_precalculation(tenant=tenant, by=BY, now=clock.now(), run=UUID(run))
        else:
            enqueue(tenant, UUID(run), batch + 1)


def enqueue(tenant: int, run: UUID, batch: int) -> None:
    """Put a batch of a run into the queue, in the open transaction."""
    defer(precalculate, lock=f"precalculate:{run}", tenant=tenant, run=str(run), batch=batch)


@tasks.periodic(cron="50 3 * * *")
@tasks.task(name="precalculate_months", queueing_lock="precalculate_months", retry=AWAY)
def precalculate_months(timestamp: int) -> None:
    """Begin the run over the next month, once, from the day on that the organisation has set; forget old forecasts."""

    def begin(tenant: int) -> None:
        now = clock.now()
        with acting(tenant, BY, "precalculate_months") as door:
            today, day = door.the_tenant.today(now), int(setting("precalculation_day"))
            month = Month.of(today) + 1
            known = Precalculation.objects.filter(kind=RunKind.MONTH, since=month.since).exists()
        clear_forecasts(tenant=tenant, by=BY, now=now)
        if 0 < day <= today.day and not known:
            with suppress(NotPossible):  # begun by a person just now
                start_precalculation(tenant=tenant, by=BY, now=now, kind=RunKind.MONTH, month=month)

    each_tenant("precalculate_months", begin)
