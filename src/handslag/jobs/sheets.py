"""Stored sheets computed again by night: a sample of each organisation's, and a task where one differs."""

from __future__ import annotations

from random import Random
from uuid import UUID

import structlog

from handslag.domain.entitlement.operations import report_differences
from handslag.domain.entitlement.queries import differences, sample_of_sheets
from handslag.domain.tenancy.door import acting, system
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock

log = structlog.get_logger("sheets")
BY = system("recompute")
SAMPLE = 200


@tasks.periodic(cron="30 2 * * *")
@tasks.task(name="recheck_sheets", queueing_lock="recheck_sheets", retry=AWAY)
def recheck_sheets(timestamp: int) -> None:
    """Compute a sample of each tenant's sheets again, another one each night; a case with a difference gets a task."""

    def recheck(tenant: int) -> None:
        now = clock.now()
        told: dict[UUID, list[dict[str, object]]] = {}
        with acting(tenant, BY, "recheck_sheets"):
            for sheet in sample_of_sheets(SAMPLE, Random(f"{tenant} {timestamp}")):
                for difference in differences(sheet):
                    told.setdefault(sheet.case_id, []).append(difference.to_json())
        for case, found in told.items():
            log.error("sheet differs", tenant=tenant, case=str(case), count=len(found))
            report_differences(tenant=tenant, by=BY, now=now, case=case, told=found)

    each_tenant("recheck_sheets", recheck)
