"""After a restore: what was on its way out may have left since the backup, so a person looks before it leaves again."""

from __future__ import annotations

from typing import Any

from handslag.domain.accounts.operations import refuse_order_file
from handslag.domain.accounts.queries import orders_to_write
from handslag.domain.payments.models import Run
from handslag.domain.payments.operations.runs import refuse_run_file
from handslag.domain.payments.states import RunState
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Notice
from handslag.domain.tasks.operations import end_notice
from handslag.domain.tasks.states import NoticeState
from handslag.domain.tenancy.door import acting, system
from handslag.jobs.acts import each_tenant
from handslag.kernel import clock

BY = system("restore")


def hold_outgoing(*, made_at: str) -> list[tuple[str, int, int]]:
    """In every organisation: park the notices that wait, hold the files of released runs and orders, and reserve no
    further payments (setting `payments_held`) until somebody has compared with the bank what left since `made_at`.

    Gives short name, number of notices, number of files. Each becomes a task of the unit that it concerns.
    """
    why = f"restored from the backup of {made_at}: it may have left since"

    def hold(tenant: int) -> tuple[str, int, int]:
        told: dict[str, Any] = {"tenant": tenant, "by": BY, "now": clock.now()}
        with acting(tenant, BY, "hold_outgoing") as door:
            slug = door.the_tenant.slug
            notices = list(Notice.objects.filter(state=NoticeState.WAITING).values_list("id", flat=True))
            orders = list(orders_to_write().values_list("id", flat=True))
            runs = list(Run.objects.filter(state=RunState.RELEASED).values_list("id", flat=True))
        set_policy(**told, name="payments_held", value=why)
        for notice in notices:
            end_notice(**told, notice=notice, sent=False, again=False, trouble=why)
        for run in runs:
            refuse_run_file(**told, run=run, problems=[why])
        for order in orders:
            refuse_order_file(**told, order=order, problems=[why])
        return slug, len(notices), len(runs) + len(orders)

    return each_tenant("hold_outgoing", hold)
