"""Messages between organisations: handed over when they can't be taken back any more, taken in as they arrive, watched
until they are answered for. What leaves one organisation and what comes into another are never one transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from handslag.connectors.store.content_type import TypeRefused, content_type
from handslag.connectors.store.port import FileExists
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.models import Arrival, Message
from handslag.domain.exchange.operations.courier import directory
from handslag.domain.exchange.operations.inbox import (
    First,
    Placed,
    alone_with_arrivals,
    begins,
    note_partner_keys,
    record_trouble,
    refuse_arrival,
    take_in,
    take_in_together,
)
from handslag.domain.exchange.operations.outbox import expire, hand_over, note_overdue, note_uncollected
from handslag.domain.exchange.policies import EXPIRE_AFTER, TAKE_BACK, WARN_AFTER
from handslag.domain.exchange.queries import (
    UnknownKey,
    due_hand_overs,
    given_lately,
    noted_keys,
    open_arrival,
    overdue,
    published_keys,
    replies_to,
    uncollected,
    waiting_arrivals,
)
from handslag.domain.exchange.states import Code
from handslag.domain.tenancy.door import acting, acting_door, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.acts import each_tenant, store_of
from handslag.jobs.queue import AWAY, STUBBORN, tasks, went_away
from handslag.kernel import clock
from handslag.kernel.ids import least_of
from handslag.messages.approval_change import receive as approval_change
from handslag.messages.assignment import receive as assignment
from handslag.messages.case_change import receive as case_change
from handslag.messages.case_notification import receive as case_notification
from handslag.messages.case_transfer import receive as case_transfer
from handslag.messages.conversation import files_of, kept_as, kept_key
from handslag.messages.cost_approval import receive as cost_approval
from handslag.messages.document_request import receive as document_request
from handslag.messages.document_request.message import MOST_DOCUMENTS
from handslag.messages.mutation import receive as mutation
from handslag.messages.payment_advice import receive as payment_advice
from handslag.messages.provider_bill import receive as provider_bill
from handslag.messages.question import receive as question
from handslag.messages.reclaim import receive as reclaim
from handslag.messages.reconciliation import receive as reconciliation
from handslag.messages.settlement import receive as settlement

log = structlog.get_logger("exchange")
BY = system("exchange")
#: So many arrivals are looked at, and taken in, at a time; and so often in one round of the job.
TOGETHER, OFTEN = 100, 5
#: Seconds after which nothing is put in under an earlier key any more: a key is made just before.
PUT_IN = 24 * 3600
#: This process's memory: all that arrived at an organisation under a lesser key has its outcome, or is being tried.
_noted: dict[int, UUID] = {}
#: Who says where a message of a kind and version belongs. Receipts belong to what they are about.
RECEIVED_BY: dict[tuple[str, int], Callable[[Opened, datetime], Placed | None]] = {
    ("question", 1): question.placed,
    ("case_transfer", 1): case_transfer.placed,
    ("document_request", 1): lambda opened, now: document_request.placed(opened, now, _kind_of),
    ("assignment", 1): assignment.placed,
    ("mutation", 1): mutation.placed,
    ("case_notification", 1): case_notification.placed,
    ("case_change", 1): case_change.placed,
    ("cost_approval", 1): cost_approval.placed,
    ("approval_change", 1): approval_change.placed,
    ("provider_bill", 1): provider_bill.placed,
    ("payment_advice", 1): payment_advice.placed,
    ("reclaim", 1): reclaim.placed,
    ("reconciliation", 1): reconciliation.placed,
    ("settlement", 1): settlement.placed,
    ("receipt", 1): lambda opened, now: None,
}


@tasks.task(name="hand_over_message", retry=AWAY)
def hand_over_message(tenant: int, message: str) -> None:
    """Hand over one message. Does nothing when it was taken back, has left, or it is too early."""
    with suppress(NotPossible):
        hand_over(tenant=tenant, by=BY, now=clock.now(), message=UUID(message))


def _kind_of(plain: bytes) -> str:
    try:
        return content_type(BytesIO(plain)).media_type
    except TypeRefused as refused:
        return refused.code


@tasks.task(name="keep_documents", retry=STUBBORN)
def keep_documents(tenant: int, message: str) -> None:
    """Keep what was given on a request of ours as documents of its case: locked until they are scanned here. Those that
    are kept already are left."""
    with acting(tenant, BY, "keep documents"):
        asked = Message.objects.get(id=UUID(message))
        given = {
            key: files_of(reply)[number]
            for reply in replies_to([asked])[asked.message_id]
            for number, key in kept_as(reply).items()
        }
        kept = set(Document.objects.filter(id__in=given).values_list("id", flat=True))
        store = store_of(tenant, file_key())
    assert asked.about_id is not None
    for key, file in given.items():
        if key in kept:
            continue
        with suppress(FileExists):  # written before, and not recorded
            store.write(key, BytesIO(file.plain()))
        record_document(
            tenant=tenant,
            by=BY,
            now=clock.now(),
            subject=asked.about_id,
            kind="from elsewhere",
            title=file.name,
            provenance=Provenance.AUTHORITY,
            retention=RetentionClass.PERSONAL_FILE,
            file=StoredFile(key=key, digest=file.digest, size=file.size, content_type=file.content_type),
        )


def not_kept(before: datetime) -> list[UUID]:
    """Requests whose documents were given in the day before that moment, and none of them is kept, inside a door."""
    numbers = range(1, MOST_DOCUMENTS + 1)
    found = {asked: {kept_key(said, number) for number in numbers} for asked, said in given_lately(before)}
    kept = set(Document.objects.filter(id__in=set().union(*found.values())).values_list("id", flat=True))
    return [asked for asked, keys in found.items() if not keys & kept]


@tasks.periodic(cron="* * * * *")
@tasks.task(name="exchange_messages", queueing_lock="exchange_messages")
def exchange_messages(timestamp: int) -> None:
    """Every minute: what was forgotten is handed over, what arrived is taken in, what nobody collects is told of."""

    def move(tenant: int) -> None:
        hand_over_due(tenant)
        take_arrivals(tenant)
        watch_outbox(tenant)

    each_tenant("exchange_messages", move)


def hand_over_due(tenant: int) -> None:
    """Hand over all that can't be taken back any more."""
    with acting(tenant, BY, "due hand-overs"):
        due = due_hand_overs(clock.now() - TAKE_BACK)
    for key in due:
        try:
            hand_over_message(tenant=tenant, message=str(key))
        except Exception as error:  # whatever it is, those behind it leave, and what arrived is taken in
            if went_away(error):
                raise
            log.error("not handed over", tenant=tenant, subject=str(key), error=type(error).__name__)


def take_arrivals(tenant: int) -> None:
    """Take in what arrived, a hundred at a time: what begins something together, then everything else, and all of them
    where one failed, each in a transaction of its own. One that can't be taken in holds up no other, nor does one that
    waits for what it adds to, or who sends much."""
    tried: list[UUID] = []
    for _ in range(OFTEN):
        waiting: list[tuple[Arrival, bool]] = []
        taken: set[UUID] = set()
        awaited = False
        try:
            with acting(tenant, BY, "take in"):
                alone_with_arrivals()
                waiting, awaited = _waiting(tenant, tried)
                taken = _take_together(tenant, [row for row, together in waiting if together])
        except Exception as error:
            if not waiting or went_away(error):
                raise
            taken = set()
            log.warning("not taken in together", tenant=tenant, count=len(waiting), code=type(error).__name__)
        left = [row.id for row, _ in waiting if row.id not in taken]
        tried += [key for key in left if not take_arrival(tenant, key)]
        if len(waiting) < TOGETHER and not awaited:
            return


def _waiting(tenant: int, tried: list[UUID]) -> tuple[list[tuple[Arrival, bool]], bool]:
    """What waits. Only the first round of a process goes through all that ever came."""
    since = _noted.get(tenant, UUID(int=0))
    waiting, awaited = waiting_arrivals(tried, TOGETHER, since, clock.now())
    _noted[tenant] = max(since, min([least_of(PUT_IN), *tried, *(row.id for row, _ in waiting)]))
    return waiting, awaited


def _take_together(tenant: int, waiting: list[Arrival]) -> set[UUID]:
    """Take in those of them that begin something; gives their keys. Why another can't be read is noted where it is
    taken in alone."""
    now = clock.now()
    firsts: dict[tuple[str, UUID], First] = {}
    keys = noted_keys({row.sender for row in waiting}) if waiting else {}
    for row in waiting:
        with suppress(Unreadable):
            opened = open_arrival(row, keys)
            receive = RECEIVED_BY.get((opened.framed.message, opened.framed.version))
            if receive and begins(opened, now) and (placed := receive(opened, now)):
                firsts.setdefault((row.sender, row.message_id), First(row, opened, placed))
    if firsts:
        take_in_together(tenant=tenant, by=BY, now=now, firsts=list(firsts.values()))
    return {first.found.id for first in firsts.values()}


def take_arrival(tenant: int, arrival: UUID) -> bool:
    """Take in one arrival, or note what keeps it out: False where it couldn't be taken in, and is tried again."""
    told: dict[str, Any] = {"tenant": tenant, "by": BY, "now": clock.now(), "arrival": arrival}
    with suppress(NotPossible):  # another run of this job was quicker
        try:
            try:
                _take(told)
            except UnknownKey as error:
                _note_keys(tenant, error.sender)
                _take(told)
        except NotPossible:
            raise
        except Exception as error:  # whatever it is, those behind it flow
            if went_away(error):
                raise
            reason = error.reason if isinstance(error, Unreadable) else type(error).__name__
            code = error.code if isinstance(error, Unreadable) else type(error).__name__
            log.warning("not taken in", tenant=tenant, subject=str(arrival), code=code)
            record_trouble(**told, reason=reason)
            return False
    return True


def _take(told: dict[str, Any]) -> None:
    tenant, now, arrival = told["tenant"], told["now"], told["arrival"]
    with acting(tenant, BY, "take in"):
        found = Arrival.objects.get(id=arrival)
        opened = open_arrival(found, noted_keys([found.sender]))
        try:
            receive = RECEIVED_BY.get((opened.framed.message, opened.framed.version))
            if receive is None:
                raise Unreadable(Code.UNKNOWN_TYPE, "no such kind of message, or version of it", final=True)
            placed = None if opened.fault else receive(opened, now)
            with transaction.atomic():
                take_in(**told, opened=opened, placed=placed)
        except Unreadable as error:
            if not error.final:
                raise
            refuse_arrival(**told, opened=opened, code=error.code, reason=error.reason)


def _note_keys(tenant: int, partner: str) -> None:
    """Ask the sender, where it is of this installation, for the keys that it publishes, and note them."""
    place = directory().get(partner)
    if place is None:
        return
    with acting(place, BY, "published keys"):
        keys = published_keys()
    with suppress(NotPossible):
        note_partner_keys(tenant=tenant, by=BY, now=clock.now(), partner=partner, keys=keys)


def watch_outbox(tenant: int) -> None:
    """Tell of what isn't collected, and of what isn't answered in time; let expire what wasn't collected for too
    long."""
    now = clock.now()
    with acting(tenant, BY, "uncollected"):
        warned, expired = uncollected(now - WARN_AFTER), uncollected(now - EXPIRE_AFTER)
        unanswered = overdue(acting_door().the_tenant.today(now), now - EXPIRE_AFTER)
        late = list(unanswered.order_by("due_on", "id").values_list("id", flat=True))
    told: dict[str, Any] = {"tenant": tenant, "by": BY, "now": now}
    for key in warned:
        with suppress(NotPossible):
            note_uncollected(**told, message=key)
    for key in expired:
        with suppress(NotPossible):
            expire(**told, message=key)
    for key in late:
        with suppress(NotPossible):
            note_overdue(**told, message=key)
