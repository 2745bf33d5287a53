"""The month for the federal office of statistics, put together when it is over: a person looks at it and sends it."""

from __future__ import annotations

from contextlib import suppress

from django.db.models import Q

from handslag.domain.exchange.queries import unit_for
from handslag.domain.statistics.operations.federal import make_federal_delivery
from handslag.domain.statistics.queries.federal import changed_since_sent, owed_months, owes_federal
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.operations import open_task
from handslag.domain.tasks.states import TaskState
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock

BY = system("statistics")


@tasks.periodic(cron="30 3 * * *")
@tasks.task(name="watch_statistics", queueing_lock="watch_statistics", retry=AWAY)
def watch_statistics(timestamp: int) -> None:
    """Every night: the last month's delivery where there is none, and a task about each that was sent and for whose
    month something was booked since."""
    each_tenant("watch_statistics", watch)


def watch(tenant: int) -> None:
    """The same of one organisation. Done twice it changes nothing."""
    now = clock.now()
    with acting(tenant, BY, "watch statistics"):
        owed = owed_months(now, most=1) if owes_federal() else []
        due = [one.month for one in owed if one.made is None]
        told = Task.objects.filter(kind="statistics changed")
        changed = [
            (row.id, unit_for(row.protection, now))
            for row, at in (changed_since_sent() if owed else ())
            if not told.filter(Q(state=TaskState.OPEN) | Q(created_at__gte=at), subject=row.id).exists()
        ]
    for month in due:
        with suppress(NotPossible):  # made by a person just now, or nothing was booked
            make_federal_delivery(tenant=tenant, by=BY, now=now, month=month)
    for key, unit in changed:
        open_task(tenant=tenant, by=BY, now=now, subject=key, kind="statistics changed", unit=unit, assignee=None)
