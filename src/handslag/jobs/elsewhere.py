"""Applications handed over to the case systems that work their cases; how those cases stand, asked again."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from handslag.connectors.casesystem import http
from handslag.connectors.casesystem.follow import ask, chosen
from handslag.connectors.casesystem.port import CaseSystemError
from handslag.domain.elsewhere.models import HandOver
from handslag.domain.elsewhere.operations import record_try
from handslag.domain.elsewhere.policies import front
from handslag.domain.elsewhere.queries import due_hand_overs, to_ask
from handslag.domain.elsewhere.states import HandOverState
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.messages.application.build import build

log = structlog.get_logger("elsewhere")
BY = system("hand-over")
#: How often a case that is worked elsewhere is asked for while nobody looks at it.
EVERY = timedelta(minutes=30)


@tasks.task(name="deliver_application", retry=AWAY)
def deliver_application(tenant: int, application: str) -> bool:
    """Hand an application over: planned in a transaction, sent outside it, recorded in another. What is sent again
    after a crash is the same application to the other side. Settled already: does nothing.
    Gives whether the next one is worth a try now."""
    key = UUID(application)
    with acting(tenant, BY, "deliver_application"):
        row = HandOver.objects.get(id=key)
        config = chosen()
        if row.state != HandOverState.WAITING:
            return True
        message = build(key)
    told: dict[str, Any] = {"tenant": tenant, "by": BY, "now": clock.now(), "application": key}
    with suppress(NotPossible):  # another run of this job was quicker
        if config is None:
            record_try(**told, trouble="no case system is set", again=False)
            return False
        try:
            reference = http.hand_over(config, message)
        except CaseSystemError as error:
            log.warning("not handed over", tenant=tenant, subject=application, code=error.code, reason=error.reason)
            record_try(**told, trouble=f"{error.code}: {error.reason}", again=error.again)
            return not error.again
        else:
            record_try(**told, reference=reference)
    return True


@tasks.periodic(cron="* * * * *")
@tasks.task(name="deliver_applications", queueing_lock="deliver_applications")
def deliver_applications(timestamp: int) -> None:
    """Every minute: what waits and is due, whoever forgot it."""

    def deliver(tenant: int) -> None:
        with acting(tenant, BY, "deliver_applications"):
            due = due_hand_overs(clock.now())
        for key in due:
            if not deliver_application(tenant=tenant, application=str(key)):
                break  # it is away: the others wait for the next minute

    each_tenant("deliver_applications", deliver)


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="ask_case_systems", queueing_lock="ask_case_systems")
def ask_case_systems(timestamp: int) -> None:
    """Ask again for the open cases that are worked elsewhere, each at most every half hour."""

    def ask_each(tenant: int) -> None:
        with acting(tenant, BY, "ask_case_systems"):
            due = to_ask(clock.now(), EVERY) if front() is not None else []
        for key in due:
            if not ask(tenant, key, BY):
                break  # it is away: the others would wait for nothing

    each_tenant("ask_case_systems", ask_each)
