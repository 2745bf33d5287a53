"""The courier's rounds. A process of its own, under a role of its own: it sees sealed envelopes and nothing else."""

from __future__ import annotations

import signal
import threading
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection

from handslag.domain.exchange.operations.courier import OFFERED, RECENT, carry
from handslag.kernel import clock

log = structlog.get_logger("courier")
#: A round every second; each so many rounds the courier forgets what it carried, and offers all of it again. In between
#: it only looks at what was handed over lately.
SECONDS, FORGETS = 1.0, 3600


def run(*, once: bool) -> None:
    """Carry until SIGTERM or SIGINT, or with `once` one round."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    carried: set[UUID] = set()
    rounds, span = 0, OFFERED
    while not stop.is_set():
        rounds += 1
        if rounds % FORGETS == 0:
            carried.clear()
            span = OFFERED
        try:
            count = carry(carried, clock.now(), span=span)
        except (OperationalError, InterfaceError) as trouble:
            if once:
                raise
            log.error("database away", error=type(trouble).__name__)
            connection.close()
            span = OFFERED  # it may be away for longer than what is looked at in between
        else:
            span = RECENT
            if count:
                log.info("carried", count=count)
        if once:
            return
        stop.wait(SECONDS)
