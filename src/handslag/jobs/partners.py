"""Partners in other installations: told of our keys, given what waits for them, asked for what waits for us.

Each call has three steps: read (transaction), call, record (transaction). Nothing here and nothing there is ever one
transaction: what was given and isn't noted is given again, and changes nothing there.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from django.db import InterfaceError, OperationalError

from handslag.connectors.exchange import https
from handslag.connectors.exchange.gate import (
    BY,
    UnknownKey,
    asked,
    closed,
    learn,
    let_in,
    let_in_unread,
    own_file,
    print_of_keys,
)
from handslag.connectors.exchange.port import Away, KeyWanted, Refused, Unwell
from handslag.domain.exchange.frame import Unreadable
from handslag.domain.exchange.models import Partner
from handslag.domain.exchange.operations.courier import OFFERED
from handslag.domain.exchange.operations.partners import record_meeting, record_passed
from handslag.domain.exchange.operations.sedex import set_aside
from handslag.domain.exchange.queries import waiting_for
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.acts import each_tenant
from handslag.jobs.queue import tasks
from handslag.kernel import clock

log = structlog.get_logger("partners")
#: How often in a row a partner is asked for more; after so many in a row of which it makes nothing the newest decides
#: whether it is left alone.
ROUNDS, UNWELL = 20, 5
#: Seconds after which a meeting ends, however much still waits: a partner that takes its time keeps no other waiting.
LONGEST = 60.0


@tasks.periodic(cron="* * * * *")
@tasks.task(name="meet_partners", queueing_lock="meet_partners")
def meet_partners(timestamp: int) -> None:
    """Every minute: call every partner that has an address."""
    each_tenant("meet_partners", meet_all)


def meet_all(tenant: int) -> None:
    """Call the partners of one organisation; one that is away keeps nobody else waiting, and is called later."""
    with acting(tenant, BY, "partners"):
        rows = list(Partner.objects.exclude(url="").order_by("id"))
    for row in rows:
        if row.next_at is None or row.next_at <= clock.now():
            meet(tenant, row)


def meet(tenant: int, partner: Partner) -> None:
    """Call one partner, and note how it went."""
    with acting(tenant, BY, "our keys"):
        told = print_of_keys()
    trouble, ends = "", time.monotonic() + LONGEST
    try:
        config = https.HttpsConfig(url=partner.url)
        if partner.told != told:
            _swap_keys(tenant, config)
        _give(tenant, partner, config, ends)
        _collect(tenant, partner, config, ends)
    except (Away, Refused, Unreadable) as error:
        trouble = error.reason
        said = error.code if isinstance(error, Unreadable) else trouble
        log.warning("partner away", tenant=tenant, partner=partner.address, reason=said)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever it is, the partners behind it are called
        trouble = type(error).__name__
        log.error("partner not met", tenant=tenant, partner=partner.address, error=trouble)
    with suppress(NotPossible):
        record_meeting(
            tenant=tenant, by=BY, now=clock.now(), partner=partner.id, trouble=trouble, told="" if trouble else told
        )


def _swap_keys(tenant: int, config: https.HttpsConfig) -> None:
    with acting(tenant, BY, "key file"):
        file = own_file(clock.now())
    learn(tenant, https.tell_keys(config, file), clock.now())


def _give(tenant: int, partner: Partner, config: https.HttpsConfig, ends: float) -> None:
    """Give what waits, oldest first, until the meeting ends; what it refuses for good holds up nothing behind it, nor
    does what it doesn't believe once it has our keys: signed by one that has ended there. As it is said anew it is
    signed anew. What it makes nothing of is given again the next time, and those behind it now. Unwell where after a
    few such in a row it makes nothing of the newest either."""
    now = clock.now()
    with acting(tenant, BY, "what waits"):
        waiting = deque((row.id, closed(row, now)) for row in waiting_for(partner, now - OFFERED))
    given: list[UUID] = []
    told, unwell = False, 0
    try:
        for number in range(len(waiting)):
            if number and time.monotonic() > ends:
                break
            newest = unwell == UNWELL
            key, envelope = waiting.pop() if newest else waiting.popleft()
            try:
                refused = _refusal(config, envelope)
            except Unwell as error:
                log.error("envelope not taken", tenant=tenant, partner=partner.address, reason=error.reason)
                unwell += 1
                if newest:
                    raise
                continue
            unwell = 0
            if isinstance(refused, KeyWanted) and not told:
                _swap_keys(tenant, config)
                told, refused = True, _refusal(config, envelope)
            if refused is None:
                given.append(key)
            else:
                log.error("envelope refused", tenant=tenant, partner=partner.address, reason=refused.reason)
                _note(tenant, partner, [key], now, refused.reason)
    finally:
        _note(tenant, partner, given, now)


def _refusal(config: https.HttpsConfig, envelope: str) -> Refused | KeyWanted | None:
    """Give an envelope: None, or how it is refused. Away."""
    try:
        https.send(config, envelope)
    except (Refused, KeyWanted) as error:
        return error
    return None


def _note(tenant: int, partner: Partner, given: list[UUID], now: datetime, code: str = "") -> None:
    if given:
        with suppress(NotPossible):
            record_passed(tenant=tenant, by=BY, now=now, partner=partner.id, envelopes=given, code=code)


def _collect(tenant: int, partner: Partner, config: https.HttpsConfig, ends: float) -> None:
    """Fetch what waits for us, and say so with the next request: there are two at least."""
    collected: list[str] = []
    for number in range(ROUNDS):
        now = clock.now()
        with acting(tenant, BY, "collect"):
            request = asked(partner, collected, now)
        waiting, collected = https.collect(config, request), []
        for envelope in waiting:
            try:
                collected.append(_let_in(tenant, envelope, config))
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:  # whatever it is, those behind it flow
                _set_aside(tenant, partner, config, error, now)
        if not collected or (number and time.monotonic() > ends):
            return


def _set_aside(tenant: int, partner: Partner, config: https.HttpsConfig, error: Exception, now: datetime) -> None:
    """Note for a person, once a day for each reason, that something collected can't even be opened: which message it
    is nobody can tell, it isn't counted as collected, and the partner offers it again. It is told our keys once more,
    as it may have encrypted to one that we don't have; what it gives next is encrypted anew."""
    code, reason = (error.code, error.reason) if isinstance(error, Unreadable) else (type(error).__name__,) * 2
    log.error("envelope unreadable", tenant=tenant, partner=partner.address, code=code)
    with acting(tenant, BY, "today") as door:
        said = f"{partner.address} {door.the_tenant.today(now)} {reason}".encode()
    digest = hashlib.sha256(said).hexdigest()
    with suppress(NotPossible):
        set_aside(
            tenant=tenant, by=BY, now=now, sender=partner.address, message_id=uuid5(NAMESPACE_OID, digest),
            digest=digest, sealed="", reason=reason,
        )  # fmt: skip
        with suppress(Away, Refused, Unreadable):
            _swap_keys(tenant, config)


def _let_in(tenant: int, envelope: str, config: https.HttpsConfig) -> str:
    """What isn't believed, by the partner's newest keys neither, goes to the job that sets such things aside."""
    try:
        return let_in(tenant, envelope, clock.now())
    except UnknownKey:
        with suppress(Away, Refused, Unreadable):
            _swap_keys(tenant, config)
    except Unreadable:
        return let_in_unread(tenant, envelope, clock.now())
    try:
        return let_in(tenant, envelope, clock.now())
    except Unreadable:
        return let_in_unread(tenant, envelope, clock.now())
