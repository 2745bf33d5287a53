"""What keeps the house in order: blocks signed, notices sent, stalled jobs run again, what was forgotten enqueued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status

from handslag.connectors.notices import folder, smtp
from handslag.connectors.notices.port import Notice as Message
from handslag.connectors.notices.port import NoticeError
from handslag.domain.audit.blocks import sign_block
from handslag.domain.decisions.models import Letter
from handslag.domain.payments.models import Run
from handslag.domain.payments.states import RunState
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tasks.operations import end_notice
from handslag.domain.tasks.states import NoticeState, TaskState
from handslag.domain.tenancy.door import acting, at_large, system
from handslag.jobs.acts import tenants
from handslag.jobs.letters import render_letter
from handslag.jobs.payments import write_run_file
from handslag.jobs.queue import defer, tasks
from handslag.kernel import clock

log = structlog.get_logger("watch")
BY = system("watch")


@tasks.periodic(cron="* * * * *")
@tasks.task(name="sign_blocks", queueing_lock="sign_blocks", pass_context=False)
def sign_blocks(timestamp: int) -> None:
    """Sign the heads of every tenant that moved, each minute."""
    for tenant in tenants():
        while (block := sign_block(tenant=tenant, by=BY, now=clock.now())) is not None:
            log.info("block signed", tenant=tenant, count=block.leaves)


@tasks.periodic(cron="* * * * *")
@tasks.task(name="send_notices", queueing_lock="send_notices")
def send_notices(timestamp: int) -> None:
    """Send the notices whose turn it is: read in a transaction, sent outside it, recorded in another."""
    send = way_out()
    if send is None:
        return
    for tenant in tenants():
        with acting(tenant, BY, "send_notices") as door:
            waiting = Notice.objects.filter(state=NoticeState.WAITING, next_try_at__lte=clock.now())
            due = list(waiting.order_by("next_try_at")[:100])
            organisation = door.the_tenant
        for row in due:
            trouble, again = "", True
            try:
                send(_worded(row, organisation.name, organisation.slug))
            except NoticeError as error:
                trouble, again = f"{error.code}: {error.reason}", error.again
            end_notice(
                tenant=tenant, by=BY, now=clock.now(), notice=row.id, sent=not trouble, again=again, trouble=trouble
            )


def way_out() -> Callable[[Message], object] | None:
    """By the mail server of HANDSLAG_SMTP (`smtp://user:password@host:587`, `smtps://...`, on loopback
    `smtp+plain://127.0.0.1:1025`), or into a folder (`file:/path`, the demonstration's mailbox); None where none is
    set: notices then wait, and `handslag status` says so."""
    if not settings.SMTP:
        return None
    url = urlsplit(settings.SMTP)
    if url.scheme == "file":
        return partial(folder.send, Path(url.path))
    return partial(smtp.send, _mail_server(url))


def _mail_server(url: SplitResult) -> smtp.SmtpConfig:
    return smtp.SmtpConfig(
        host=url.hostname or "127.0.0.1",
        port=url.port or 587,
        security=_SECURITY[url.scheme],
        username=url.username,
        password=url.password,
        sender=settings.MAIL_SENDER,
        domain=settings.MAIL_SENDER.partition("@")[2],
    )


_SECURITY: dict[str, Literal["tls", "starttls", "none"]] = {
    "smtps": "tls",
    "smtp": "starttls",
    "smtp+plain": "none",
}
_NOTICE = {
    "sv": ("Nytt i Mina sidor", "Det finns något nytt till dig från {name}. Logga in för att läsa: {where}"),
    "en": ("Something new for you", "There is something new for you from {name}. Log in to read it: {where}"),
}


#: To a member of staff: what it is about, but neither whom nor what.
_STAFF_NOTICE = {
    "sv": ("Nytt i inkorgen", "Det finns något nytt för dig i handläggningen hos {name}. Logga in: {where}"),
    "en": ("Something new on your desk", "There is something new for you at {name}. Log in: {where}"),
}


def _worded(row: Notice, name: str, slug: str) -> Message:
    language = row.language if row.language in _NOTICE else "sv"
    subject, body = (_STAFF_NOTICE if row.member_id else _NOTICE)[language]
    where = f"{settings.DESK_ORIGIN if row.member_id else settings.APPLY_ORIGIN}/{slug}/"
    return Message(
        to=row.address, subject=subject, body=body.format(name=name, where=where), language=language, key=str(row.id)
    )


@tasks.periodic(cron="* * * * *")
@tasks.task(name="sweep", queueing_lock="sweep", pass_context=True)
async def sweep(context: Any, timestamp: int) -> None:
    """Run stalled jobs again, and enqueue what was committed but never enqueued."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=settings.STALLED_SECONDS):
        log.warning("job stalled", job=job.task_name, job_id=job.id)
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # one of its kind waits already: that one does it
            await manager.finish_job(job, Status.ABORTED, delete_job=False)
    await sync_to_async(enqueue_forgotten, thread_sensitive=True)()


def enqueue_forgotten() -> int:
    """Enqueue letters and run files that should exist for five minutes and don't; gives how many."""
    count = 0
    before = clock.now() - timedelta(minutes=5)
    for tenant in tenants():
        with acting(tenant, BY, "sweep"):
            # What a person has been asked to look at waits for that person.
            asked = Task.objects.filter(state=TaskState.OPEN, kind__in=["letter refused", "run file refused"])
            refused = set(asked.values_list("subject_id", flat=True))
            waiting = Letter.objects.filter(document=None, decision__decided_at__lt=before).exclude(
                decision__case_id__in=refused
            )
            letters = list(waiting.values_list("id", "decision__case_id"))
            released = Run.objects.filter(state=RunState.RELEASED, released_at__lt=before).exclude(id__in=refused)
            runs = list(released.values_list("id", flat=True))
        for letter, case in letters:
            count += _once(render_letter, f"letter:{letter}", f"case:{case}", tenant=tenant, letter=str(letter))
        for run in runs:
            count += _once(write_run_file, f"run:{run}", f"run:{run}", tenant=tenant, run=str(run))
    return count


def _once(task: Any, once: str, lock: str, **ids: Any) -> int:
    try:
        with at_large("sweep", writing=True):
            defer(task, once=once, lock=lock, **ids)
    except AlreadyEnqueued:
        return 0
    return 1
