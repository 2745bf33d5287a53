"""What keeps the house in order: blocks signed, notices sent, stalled jobs run again, what was forgotten enqueued."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.db.models import Q
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status

from handslag.connectors.letter.port import Language, LetterRefused, NoticeBatch, NoticePage
from handslag.connectors.letter.port import Organisation as Sender
from handslag.connectors.letter.port import for_tenant as setter_for
from handslag.connectors.notices import folder, sms, smtp
from handslag.connectors.notices.port import Notice as Message
from handslag.connectors.notices.port import NoticeError
from handslag.domain.accounts.queries import orders_to_write
from handslag.domain.audit.blocks import sign_block
from handslag.domain.audit.models import Block
from handslag.domain.decisions.queries import appeals_not_packed, letters_not_made
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import StoredFile
from handslag.domain.documents.states import ScanState
from handslag.domain.entitlement.queries.precalculations import stuck_runs
from handslag.domain.exchange.queries import left_alone
from handslag.domain.intake.operations import follow_up_signing
from handslag.domain.intake.queries import half_signed
from handslag.domain.payments.models import Run
from handslag.domain.payments.states import RunState
from handslag.domain.people.queries import address_on, full_name
from handslag.domain.tasks.models import Deadline, Notice, Task
from handslag.domain.tasks.operations import end_deadline, end_notice, note_bounced, record_print_batch
from handslag.domain.tasks.states import DeadlineState, NoticeChannel, NoticeState, TaskState
from handslag.domain.tenancy.door import acting, at_large, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.models import Organisation
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import roots
from handslag.jobs.acts import each_tenant, store_of
from handslag.jobs.appeals import pack_appeal
from handslag.jobs.exchange import keep_documents, not_kept
from handslag.jobs.funding import look_at_cost
from handslag.jobs.letters import render_letter, render_personal_letter
from handslag.jobs.payments import write_order_file, write_run_file
from handslag.jobs.precalculations import precalculate
from handslag.jobs.queue import AWAY, defer, tasks
from handslag.jobs.register import look_at_case_change, look_at_mutation
from handslag.jobs.scan import scan_document
from handslag.kernel import canonical, clock
from handslag.kernel.ids import uuid7

log = structlog.get_logger("watch")
BY = system("watch")
#: Who looks at a message of a kind before a person does.
LOOKS_AT = {"mutation": look_at_mutation, "case_change": look_at_case_change, "cost_approval": look_at_cost}


@tasks.periodic(cron="* * * * *")
@tasks.task(name="sign_blocks", queueing_lock="sign_blocks", pass_context=False)
def sign_blocks(timestamp: int) -> None:
    """Sign the heads of every tenant that moved, each minute."""

    def sign(tenant: int) -> None:
        if count := sign_heads(tenant):
            log.info("blocks signed", tenant=tenant, count=count)

    each_tenant("sign_blocks", sign)


def sign_heads(tenant: int) -> int:
    """Sign the heads of one tenant that moved; gives the number of blocks. The newest root is kept beside the database
    too: BlocksGone, and nothing is signed, where that block isn't there any more, so that what is signed anew never
    hides what was removed."""
    with acting(tenant, BY, "sign_blocks") as door:
        path = roots.place(Path(settings.DATA), door.the_tenant.slug)
        for number, root in roots.read(path).items():
            if not Block.objects.filter(number=int(number), root=root).exists():
                raise BlocksGone(f"block {number}, as it was signed")
    count = 0
    while (block := sign_block(tenant=tenant, by=BY, now=clock.now())) is not None:
        roots.keep(path, block.number, block.root)
        count += 1
    return count


class BlocksGone(Exception):
    """A signed block of a tenant is no longer in the database: `handslag verify` says more."""


@tasks.periodic(cron="* * * * *")
@tasks.task(name="send_notices", queueing_lock="send_notices")
def send_notices(timestamp: int) -> None:
    """Send the notices whose turn it is: read in a transaction, sent outside it, recorded in another. To who has become
    protected nothing goes: a person looks at it."""
    mail, gateway = way_out(), sms_gateway()

    def send(tenant: int) -> None:
        ways: dict[str | None, Callable[[Message], object]] = {}
        with acting(tenant, BY, "send_notices") as door:
            organisation = door.the_tenant
            if mail:
                ways[None] = mail
            if gateway:
                ways[NoticeChannel.SMS] = partial(sms.send, gateway, organisation.country)
            outside = Q(channel__in=[way for way in ways if way]) | (Q(channel=None) if None in ways else Q(pk__in=[]))
            ready = Q(channel=None) | Q(channel=NoticeChannel.SMS) if organisation.training else outside
            waiting = Notice.objects.filter(ready, state=NoticeState.WAITING, next_try_at__lte=clock.now())
            due = list(waiting.select_related("person").order_by("next_try_at")[:100])
        # where people train, nothing is sent outside: it lies in a folder of this machine
        kept = partial(folder.send, Path(settings.DATA) / "training-mail" / organisation.slug)
        for row in due:
            trouble, again = "", True
            if row.person is not None and row.person.protection_level:
                trouble, again = "protected since it was queued", False
            else:
                try:
                    way = kept if organisation.training else ways[row.channel]
                    way(_worded(row, organisation.name, organisation.slug))
                except NoticeError as error:
                    trouble, again = f"{error.code}: {error.reason}", error.again
            end_notice(
                tenant=tenant, by=BY, now=clock.now(), notice=row.id, sent=not trouble, again=again, trouble=trouble
            )

    each_tenant("send_notices", send)


def sms_gateway() -> sms.SmsConfig | None:
    """The gateway of HANDSLAG_SMS, or None where none is set: text messages then wait."""
    if not settings.SMS:
        return None
    url = urlsplit(settings.SMS)
    where = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
    return sms.SmsConfig(url=where, token=url.password or "", sender=settings.SMS_SENDER)


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="take_returned", queueing_lock="take_returned")
def take_returned(timestamp: int) -> None:
    """Take what came back to the sender's mailbox (HANDSLAG_RETURNED, a Maildir): each e-mail that says that a notice
    didn't arrive parks it, and is gone; all else is left there unread, for a person."""
    if not settings.RETURNED:
        return
    box = Path(settings.RETURNED)
    came = sorted((box / "new").iterdir())[:500]
    told: dict[UUID, list[tuple[Path, str]]] = {}
    for path in came:
        with path.open("rb") as file, suppress(ValueError):  # a key that is none of ours
            if found := smtp.bounced(file.read(256 * 1024)):
                told.setdefault(UUID(found[0]), []).append((path, found[1]))

    def take(tenant: int) -> None:
        with acting(tenant, BY, "take_returned"):
            ours = list(Notice.objects.filter(id__in=told).values_list("id", flat=True))
        for key in ours:
            for path, status in told[key]:
                with suppress(NotPossible):  # told before
                    note_bounced(tenant=tenant, by=BY, now=clock.now(), notice=key, trouble=status)
                path.unlink()

    each_tenant("take_returned", take)
    for path in came:
        if path.exists():
            path.rename(box / "cur" / f"{path.name}:2,")


@tasks.periodic(cron="30 5 * * *")
@tasks.task(name="ask_for_texts", queueing_lock="ask_for_texts", retry=AWAY)
def ask_for_texts(timestamp: int) -> None:
    """Ask the gateway what became of the text messages of the last three days: what didn't arrive is parked."""
    gateway = sms_gateway()
    if gateway is None:
        return

    def ask(tenant: int) -> None:
        since = clock.now() - timedelta(days=3)
        with acting(tenant, BY, "ask_for_texts") as door:
            left = Notice.objects.filter(state=NoticeState.SENT, channel=NoticeChannel.SMS, ended_at__gte=since)
            keys = [] if door.the_tenant.training else list(left.order_by("ended_at").values_list("id", flat=True))
        for key in keys:
            try:
                reason = sms.failure(gateway, str(key))
            except NoticeError as error:  # it is asked tomorrow
                log.warning("gateway can't be asked", tenant=tenant, reason=error.reason)
                return
            if reason:
                with suppress(NotPossible):
                    note_bounced(tenant=tenant, by=BY, now=clock.now(), notice=key, trouble=reason)

    each_tenant("ask_for_texts", ask)


@tasks.periodic(cron="0 4 * * *")
@tasks.task(name="print_notices", queueing_lock="print_notices", retry=AWAY)
def print_notices(timestamp: int) -> None:
    """Make each tenant's print batch of the day: planned in a transaction, set outside it, recorded in another. Who
    has no address to print is parked, and so becomes a task."""
    each_tenant("print_notices", _print_notices)


def _print_notices(tenant: int) -> None:
    now = clock.now()
    with acting(tenant, BY, "print_notices") as door:
        waiting = Notice.objects.select_related("person").filter(state=NoticeState.WAITING, channel=NoticeChannel.PRINT)
        rows = list(waiting.order_by("created_at", "id")[:2000])
        key, today, slug = file_key(), door.the_tenant.today(now), door.the_tenant.slug
        organisation = Organisation.objects.get(id=tenant)
        homes = {row.id: address_on(row.person_id, today) if row.person_id else None for row in rows}
    pages = []
    for row in rows:
        home = homes[row.id]
        if row.person is None or home is None or home.protection_level or row.person.protection_level:
            end_notice(
                tenant=tenant, by=BY, now=now, notice=row.id, sent=False, again=False, trouble="no address to print"
            )
            continue
        words = _worded(row, organisation.name, slug)
        lines = (full_name(row.person), *home.lines, f"{home.postcode} {home.city}")
        language = cast(Language, row.language if row.language in _NOTICE else "sv")
        pages.append((row, NoticePage(str(row.id), lines, language, words.subject, words.body)))
    if not pages:
        return
    sender = Sender(
        name=organisation.name,
        address=tuple(organisation.address_lines),
        contact=(organisation.telephone,) if organisation.telephone else (),
        colour=organisation.colour,
    )
    pages = [page for page in pages if _printable(tenant, page[0], NoticeBatch(sender, today, (page[1],)))]
    if not pages:
        return
    printed = setter_for("typst").notices(NoticeBatch(sender, today, tuple(page for _, page in pages)))
    stored = store_of(tenant, key).write(uuid7(), io.BytesIO(printed.content))
    manifest = {
        "made_on": today.isoformat(),
        "organisation": slug,
        "pdf": {"digest": printed.digest, "pages": printed.pages},
        "pages": [_listed(number, page) for number, (_, page) in enumerate(pages, 1)],
    }
    listing = store_of(tenant, key).write(uuid7(), io.BytesIO(canonical.dumps(manifest)))
    with suppress(NotPossible):  # somebody else was quicker: the store's sweep takes ours away
        record_print_batch(
            tenant=tenant,
            by=BY,
            now=clock.now(),
            notices=[row.id for row, _ in pages],
            manifest=manifest,
            file=StoredFile(stored.file_id, stored.digest, stored.size, "application/pdf"),
            listing=StoredFile(listing.file_id, listing.digest, listing.size, "application/json"),
        )


def _printable(tenant: int, row: Notice, alone: NoticeBatch) -> bool:
    """Whether a page can be set; parked if not, so that one name never keeps the others' post from leaving."""
    try:
        setter_for("typst").notices(alone)
    except LetterRefused:
        end_notice(
            tenant=tenant, by=BY, now=clock.now(), notice=row.id, sent=False, again=False, trouble="can't be printed"
        )
        return False
    return True


def _listed(number: int, page: NoticePage) -> dict[str, Any]:
    words = canonical.digest([*page.recipient, page.heading, page.text])
    return {"page": number, "notice": page.key, "language": page.language, "digest": words}


@tasks.periodic(cron="20 3 * * *")
@tasks.task(name="watch_deadlines", queueing_lock="watch_deadlines", retry=AWAY)
def watch_deadlines(timestamp: int) -> None:
    """Tell a person of the deadlines whose day is over; nothing follows by itself."""

    def watch(tenant: int) -> None:
        now = clock.now()
        with acting(tenant, BY, "watch_deadlines") as door:
            over = Deadline.objects.filter(state=DeadlineState.RUNNING, due_on__lt=door.the_tenant.today(now))
            keys = list(over.order_by("due_on", "id").values_list("id", flat=True)[:1000])
        for key in keys:
            with suppress(NotPossible):  # answered just now
                end_deadline(tenant=tenant, by=BY, now=now, deadline=key, state=DeadlineState.MISSED)

    each_tenant("watch_deadlines", watch)


@tasks.periodic(cron="40 3 * * *")
@tasks.task(name="watch_signatures", queueing_lock="watch_signatures", retry=AWAY)
def watch_signatures(timestamp: int) -> None:
    """Remind the adults who haven't signed yet; end what nobody signed in time."""

    def watch(tenant: int) -> None:
        now = clock.now()
        with acting(tenant, BY, "watch_signatures"):
            keys = half_signed()
        for key in keys:
            with suppress(NotPossible):  # nothing due, or signed just now
                follow_up_signing(tenant=tenant, by=BY, now=now, draft=key)

    each_tenant("watch_signatures", watch)


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
    "de": ("Neues für Sie", "Es gibt etwas Neues für Sie von {name}. Melden Sie sich an, um es zu lesen: {where}"),
    "fr": ("Du nouveau pour vous", "Il y a du nouveau pour vous de {name}. Connectez-vous pour le lire: {where}"),
}


#: To a member of staff: what it is about, but neither whom nor what.
_STAFF_NOTICE = {
    "sv": ("Nytt i inkorgen", "Det finns något nytt för dig i handläggningen hos {name}. Logga in: {where}"),
    "en": ("Something new on your desk", "There is something new for you at {name}. Log in: {where}"),
    "de": (
        "Neues im Eingang",
        "Es gibt etwas Neues für Sie in der Fallführung bei {name}. Melden Sie sich an: {where}",
    ),
    "fr": ("Du nouveau sur votre bureau", "Il y a du nouveau pour vous chez {name}. Connectez-vous: {where}"),
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
    for key in await sync_to_async(failed_lately, thread_sensitive=True)():
        await manager.retry_job_by_id_async(key, clock.now())
    await sync_to_async(enqueue_forgotten, thread_sensitive=True)()


_FAILED = """
SELECT j.id FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id
WHERE j.status = 'failed' AND j.task_name = 'handslag:hand_over_file'
GROUP BY j.id HAVING max(e.at) < %s AND min(e.at) > %s
"""


def failed_lately() -> list[int]:
    """Jobs that couldn't put a file before the bank: five minutes after they failed they are tried again, for a day.
    After that a person may have brought it there; `handslag status` tells of them all the time."""
    now = clock.now()
    with at_large("sweep"), connection.cursor() as cursor:
        cursor.execute(_FAILED, [now - timedelta(minutes=5), now - timedelta(days=1)])
        return [key for (key,) in cursor.fetchall()]


def enqueue_forgotten() -> int:
    """Enqueue letters, packages for the court and files of runs and orders that should exist for five minutes and
    don't, files that wait for the scan as long, what was given on a request and isn't kept, messages that the system
    looks at before a person and hasn't, and the next batch of runs over open cases that haven't moved since;
    gives how many."""
    before = clock.now() - timedelta(minutes=5)

    def forgotten(tenant: int) -> int:
        count = 0
        with acting(tenant, BY, "sweep"):
            # What a person has been asked to look at waits for that person.
            asked = Task.objects.filter(state=TaskState.OPEN, kind="run file refused")
            refused = set(asked.values_list("subject_id", flat=True))
            letters, personal = letters_not_made(before)
            appeals = appeals_not_packed(before)
            released = Run.objects.filter(state=RunState.RELEASED, released_at__lt=before).exclude(id__in=refused)
            runs = list(released.values_list("id", flat=True))
            ordered = orders_to_write().filter(released_at__lt=before).exclude(id__in=refused)
            orders = list(ordered.values_list("id", flat=True))
            locked = Document.objects.filter(scan_state=ScanState.WAITING, created_at__lt=before)
            files = list(locked.order_by("created_at").values_list("id", flat=True)[:200]) if settings.CLAMD else []
            halfway = stuck_runs(before)
            given, unseen = not_kept(before), left_alone(LOOKS_AT, before)
            asked = Task.objects.filter(subject_id__in=[row.id for row in unseen])
            told = set(asked.values_list("subject_id", flat=True))
            looks = [(LOOKS_AT[row.kind], row.id) for row in unseen if row.id not in told]
        for run, batch in halfway:
            key = f"precalculate:{run}"
            count += _once(precalculate, key, key, tenant=tenant, run=str(run), batch=batch)
        for letter, case in letters:
            count += _once(render_letter, f"letter:{letter}", f"case:{case}", tenant=tenant, letter=str(letter))
        for letter, case in personal:
            count += _once(
                render_personal_letter, f"letter:{letter}", f"case:{case}", tenant=tenant, letter=str(letter)
            )
        for appeal, case in appeals:
            count += _once(pack_appeal, f"appeal:{appeal}", f"case:{case}", tenant=tenant, appeal=str(appeal))
        for task, message in [*((keep_documents, key) for key in given), *looks]:
            key = f"message:{message}"
            count += _once(task, key, key, tenant=tenant, message=str(message))
        for file in files:
            count += _once(scan_document, f"scan:{file}", f"scan:{file}", tenant=tenant, document=str(file))
        for run in runs:
            count += _once(write_run_file, f"run:{run}", f"run:{run}", tenant=tenant, run=str(run))
        for order in orders:
            count += _once(write_order_file, f"order:{order}", f"order:{order}", tenant=tenant, order=str(order))
        return count

    return sum(each_tenant("sweep", forgotten))


def _once(task: Any, once: str, lock: str, **ids: Any) -> int:
    try:
        with at_large("sweep", writing=True):
            defer(task, once=once, lock=lock, **ids)
    except AlreadyEnqueued:
        return 0
    return 1
