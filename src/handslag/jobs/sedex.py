"""Messages by the sedex client: what it brought is taken in, its receipts are noted, what waits is put into its outbox.

Nothing in the folders and nothing in the database is ever one transaction. A file is taken away after what it says has
been committed: after a crash in between it is read again, and changes nothing. What is put out and isn't noted is put
out again under the same name; where sedex has it already, its receipt says so (201), and nothing follows.
What lies in the folders and isn't ours (another type of message, another recipient) stays there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from django.db import InterfaceError, OperationalError

from handslag.connectors.exchange.gate import (
    BY,
    NoPartner,
    UnknownKey,
    believed,
    learn,
    own_file,
    print_of_keys,
    said_by,
    seal_of,
)
from handslag.connectors.exchange.sedex import folders
from handslag.connectors.exchange.sedex.envelope import (
    MESSAGE,
    Envelope,
    Receipt,
    class_of,
    envelope_for,
    envelope_xml,
    payload_of,
    read_envelope,
    read_receipt,
)
from handslag.domain.exchange.frame import Unreadable
from handslag.domain.exchange.models import Arrival, Partner, SedexClient, SedexStep
from handslag.domain.exchange.operations.courier import OFFERED, put_in
from handslag.domain.exchange.operations.sedex import (
    note_put_out,
    record_keys_by_sedex,
    record_sedex_receipt,
    record_sedex_round,
    set_aside,
)
from handslag.domain.exchange.queries import due_at_sedex, sedex_client
from handslag.domain.exchange.sedex import PUT_OUT, meant, named
from handslag.domain.exchange.states import Code
from handslag.domain.statistics.models import FederalStep
from handslag.domain.statistics.operations.federal import note_delivery_out, record_delivery_receipt
from handslag.domain.statistics.queries.federal import due_deliveries, message_of
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import tasks
from handslag.kernel import canonical, clock
from handslag.messages.as_xml import form_of
from handslag.messages.ech.frame import written

log = structlog.get_logger("sedex")
#: A key file of ours is called so at sedex, and what follows.
KEYS = "k-"


@tasks.periodic(cron="* * * * *")
@tasks.task(name="meet_sedex", queueing_lock="meet_sedex")
def meet_sedex(timestamp: int) -> None:
    """Every minute: look into the folders of every organisation that has a sedex client."""
    each_tenant("meet_sedex", meet_client)


def meet_client(tenant: int) -> None:
    """Look into the folders of one organisation, and note how it went."""
    with acting(tenant, BY, "sedex") as door:
        client = sedex_client()
        here = door.the_tenant.id
    if client is None:
        return
    place = Path(client.folder)
    trouble = folders.in_order(place)
    if not trouble:
        for step in (take_receipts, take_inbox, put_out, put_out_statistics):
            try:
                trouble = step(here, client, place) or trouble
            except OSError as error:
                trouble = error.strerror or type(error).__name__
        if not trouble and folders.unfetched(place):
            trouble = "the client fetches nothing from the outbox: does it run?"
    if trouble:
        log.warning("sedex client in trouble", tenant=here, reason=trouble)
    with suppress(NotPossible):
        record_sedex_round(tenant=here, by=BY, now=clock.now(), trouble=trouble)


# -- what came -----------------------------------------------------------------------------------------------------


@dataclass
class _Found:
    """What was found out of a pair of files so far."""

    envelope: Path
    data: list[Path] = field(default_factory=list)
    told: Envelope | None = None
    partner: Partner | None = None
    content: bytes = b""


def take_inbox(tenant: int, client: SedexClient, place: Path) -> str:
    """Take in every message for us; what can't be read is laid aside, and those behind it flow. Gives what kept files
    from being read, or ""."""
    with acting(tenant, BY, "partners at sedex"):
        partners = {row.sedex: row for row in Partner.objects.exclude(sedex=None)}
    types = {row.sedex_type for row in partners.values()}
    envelopes = folders.envelopes(place)
    there = folders.data_files(place)  # after the envelopes: each has its data before it

    def take(envelope: Path) -> None:
        found = _Found(envelope, data := there.get(envelope.name, []))
        try:
            found.told = told = read_envelope(folders.read_small(envelope))
            if client.participant not in told.recipients or told.message_type not in types:
                return  # of another organisation or application that has the same client
            found.partner = partners.get(told.sender)
            if not data or found.partner is None:
                why = f"from {told.sender}, who is no partner of ours" if data else "no data file"
                raise _Missing(Code.CONTENT, why, final=False)
            if len(data) > 1:
                raise Unreadable(Code.CONTENT, "more than one data file", final=False)
            found.content = folders.read_data(data[0])
            _let_in(tenant, found.content, found.partner)
        except Unreadable as error:
            patience = folders.WAITS if isinstance(error, (_Missing, UnknownKey)) else folders.SETTLES
            if folders.waited(envelope, patience):
                _lay_aside(tenant, place, found, error)
        else:
            folders.take_away(envelope, *data)

    trouble = _each(tenant, envelopes, take)
    return _each(tenant, folders.left_data(place), lambda data: _take_left(tenant, data)) or trouble


class _Missing(Unreadable):
    """What is needed beside it may still come."""


def _let_in(tenant: int, content: bytes, partner: Partner) -> None:
    """Put a message into the inbox, or note the keys that a partner tells. Unreadable."""
    now = clock.now()
    if content.startswith(b"["):
        with suppress(NoPartner):
            if learn(tenant, content.decode("utf-8", "replace"), now).organisation == partner.address:
                return
        raise Unreadable(Code.CONTENT, "the key file of somebody else", final=True)
    with acting(tenant, BY, "open envelope"):
        one = believed(content, now)
    if one.sender != partner.address:
        raise Unreadable(Code.SIGNATURE, "the envelope names another sender than the message", final=True)
    put_in(tenant, [one], now)


def _take_left(tenant: int, data: Path) -> None:
    """Take away a data file whose envelope is gone, as its content was committed before a crash; else it stays."""
    with suppress(Unreadable), acting(tenant, BY, "left data"):
        one = believed(folders.read_data(data), clock.now())
        if Arrival.objects.filter(sender=one.sender, message_id=one.message_id, sealed=one.sealed).exists():
            folders.take_away(data)


def _lay_aside(tenant: int, place: Path, found: _Found, error: Unreadable) -> None:
    """Note that something can't be read, for a person; then lay its files aside for whoever runs the system. What only
    lacks a key that we know is kept sealed: a person can have it tried again."""
    if isinstance(error, (UnknownKey, NoPartner)):
        said = said_by(found.content)
    else:
        try:
            seen = folders.read_small(found.envelope)
        except Unreadable:
            seen = os.fsencode(found.envelope.name)
        digest = hashlib.sha256(seen + found.content).hexdigest()
        by_sedex = f"sedex:id:{found.told.sender if found.told else 'unknown'}"
        sender = found.partner.address if found.partner else by_sedex
        said = {"sender": sender, "message_id": uuid5(NAMESPACE_OID, digest), "digest": digest, "sealed": ""}
    log.warning("laid aside", tenant=tenant, code=error.code)
    with suppress(NotPossible):
        set_aside(tenant=tenant, by=BY, now=clock.now(), reason=error.reason, **said)
    folders.quarantine(place, *found.data, found.envelope)


def take_receipts(tenant: int, client: SedexClient, place: Path) -> str:
    """Note every receipt about a message of ours."""

    def take(path: Path) -> None:
        try:
            told = read_receipt(folders.read_small(path))
        except Unreadable as error:
            if folders.waited(path, folders.SETTLES):
                _lay_aside(tenant, place, _Found(path), error)
            return
        if told.sender == client.participant and _noted(tenant, told):
            folders.take_away(path)

    return _each(tenant, folders.receipts(place), take)


def _noted(tenant: int, told: Receipt) -> bool:
    """Note a receipt; says whether it is about something of ours."""
    name, now, of_keys = meant(told.message_id), clock.now(), told.message_id.startswith(KEYS)
    if name is None and not of_keys:
        return False
    with acting(tenant, BY, "receipts"):
        partner = Partner.objects.filter(sedex=told.recipient).first()
        step = told_of = None
        if name is not None:
            rows = SedexStep.objects.filter(envelope__message_id=name[0], attempt=name[1], code=PUT_OUT)
            step = rows.order_by("id").first()
            told_of = FederalStep.objects.filter(delivery=name[0], attempt=name[1], code=PUT_OUT).first()
    with suppress(NotPossible):
        if step is not None:
            record_sedex_receipt(
                tenant=tenant, by=BY, now=now, envelope=step.envelope_id, attempt=step.attempt, code=told.code,
                info=told.info, said_at=told.at,
            )  # fmt: skip
        elif told_of is not None:
            record_delivery_receipt(
                tenant=tenant, by=BY, now=now, delivery=told_of.delivery_id, attempt=told_of.attempt, code=told.code,
                info=told.info, said_at=told.at,
            )  # fmt: skip
        elif of_keys and partner is not None:
            record_keys_by_sedex(tenant=tenant, by=BY, now=now, partner=partner.id, code=told.code)
    return step is not None or told_of is not None or of_keys


# -- what leaves ---------------------------------------------------------------------------------------------------


def put_out(tenant: int, client: SedexClient, place: Path) -> str:
    """Put what waits into the outbox: our keys where a partner doesn't know them, then messages, oldest first."""
    now = clock.now()
    with acting(tenant, BY, "what waits"):
        keys = print_of_keys()
        partners = list(Partner.objects.exclude(sedex=None).order_by("id"))
        waiting = {row.id: due_at_sedex(row, now - OFFERED, now) for row in partners}
        seals = {row.id: seal_of(row) for due in waiting.values() for row, _attempt in due}
    for partner in partners:
        if partner.told != keys and (partner.next_at is None or partner.next_at <= now):
            with acting(tenant, BY, "key file"):
                file = own_file(now).encode()
            name = f"{KEYS}{uuid5(partner.id, f'{partner.version} {keys}').hex}"  # the same until it is noted
            folders.put_out(place, name, "json", file, envelope_xml(envelope_for(client, partner, name, now)))
            record_keys_by_sedex(tenant=tenant, by=BY, now=now, partner=partner.id, told=keys)
        done: list[tuple[UUID, int]] = []
        try:
            for row, attempt in waiting[partner.id]:
                kind, reference = class_of(seals[row.id])
                name, at = named(row.message_id, attempt), row.handed_over_at if attempt == 1 else now
                envelope = replace(envelope_for(client, partner, name, at), message_class=kind, reference=reference)
                ending, data = payload_of(seals[row.id])
                folders.put_out(place, name, ending, data, envelope_xml(envelope))
                done.append((row.id, attempt))
        finally:
            if done:
                with suppress(NotPossible):
                    note_put_out(tenant=tenant, by=BY, now=now, partner=partner.id, tries=done)
    return ""


def put_out_statistics(tenant: int, client: SedexClient, place: Path) -> str:
    """Put the deliveries to the federal office of statistics that were sent into the outbox: they have no seal, and
    what sedex says of them is all that comes."""
    now = clock.now()
    with acting(tenant, BY, "statistics due"):
        due = [(row, attempt, message_of(row)) for row, attempt in due_deliveries(now)]
        message_type = setting("federal_statistics").get("type")
    for row, attempt, message in due if message_type is not None else ():
        name, corrects = named(row.id, attempt), message["header"].get("reference")
        envelope = Envelope(
            message_id=name, message_type=message_type, message_class=MESSAGE, reference=corrects,
            sender=client.participant, recipients=(row.recipient,), event_at=row.sent_at or now, sent_at=now,
        )  # fmt: skip
        data = written(form_of("social_statistics"), canonical.dumps(message))
        folders.put_out(place, name, "xml", data, envelope_xml(envelope))
        with suppress(NotPossible):
            note_delivery_out(tenant=tenant, by=BY, now=now, delivery=row.id, attempt=attempt)
    return ""


def _each(tenant: int, paths: Iterable[Path], work: Callable[[Path], None]) -> str:
    """Do the work for each file: one that fails holds up none behind it. Gives what the last trouble was, or ""."""
    trouble = ""
    for path in paths:
        try:
            work(path)
        except FileNotFoundError:
            continue
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            said = error.strerror if isinstance(error, OSError) else None
            trouble = said or type(error).__name__
            log.error("file not looked at", tenant=tenant, error=type(error).__name__)
    return trouble
