"""How messages go from one organisation to another inside this installation, by the role `courier`.

The courier reads the sealed envelopes of one organisation in one transaction and puts them into the inbox of another
in the next. It can't read an inbox, or anything else; what it puts in twice is one row. It holds no key and changes no
state: what was handed over and what arrived says each side for itself. It writes no event, as the role has no right to:
the receiver's chain commits to what arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError

from handslag.domain.exchange.frame import address_of
from handslag.domain.exchange.models import Envelope
from handslag.domain.tenancy.door import acting, at_large, planned_once, system, writing
from handslag.domain.tenancy.models import Organisation
from handslag.kernel.ids import uuid7

log = structlog.get_logger("courier")
COURIER = system("courier")
#: Envelopes are offered for a day longer than they are waited for; those of the last hour each time.
OFFERED, RECENT = timedelta(days=15), timedelta(hours=1)


@dataclass(frozen=True)
class Sealed:
    """An envelope as the courier holds it between two transactions."""

    id: UUID
    sender: str
    recipient: str
    message_id: UUID
    digest: str
    sealed: str


def directory() -> dict[str, int]:
    """The organisations that work in this installation, but those for training: address and id."""
    with at_large("courier"):
        rows = list(Organisation.objects.filter(is_tenant=True, active=True, training=False).order_by("id"))
    return {address_of(row): row.id for row in rows}


def sealed_by(tenant: int, sender: str, since: datetime) -> list[Sealed]:
    """What one organisation has handed over since then."""
    with acting(tenant, COURIER, "read envelopes"):
        rows = Envelope.objects.filter(handed_over_at__gte=since).order_by("handed_over_at", "id")
        return [Sealed(r.id, sender, r.recipient, r.message_id, r.digest, r.sealed) for r in rows]


#: Puts all of `rows_of` in.
PUT = """
INSERT INTO exchange_arrival (id, tenant_id, sender, message_id, digest, sealed, arrived_at)
SELECT id, tenant_id, sender, message_id, digest, sealed, arrived_at
FROM json_populate_recordset(NULL::exchange_arrival, %s::json) ON CONFLICT DO NOTHING
"""


def rows_of(tenant: int, sealed: Iterable[Sealed], now: datetime) -> str:
    """The rows of an inbox that they become, as JSON."""
    rows = [
        {
            "id": uuid7(),
            "tenant_id": tenant,
            "sender": one.sender,
            "message_id": one.message_id,
            "digest": one.digest,
            "sealed": one.sealed,
            "arrived_at": now,
        }
        for one in sealed
    ]
    return msgspec.json.encode(rows).decode()


def put_in(tenant: int, sealed: Iterable[Sealed], now: datetime) -> None:
    """Put envelopes into the inbox of one organisation. What is there already stays as it is."""
    with acting(tenant, COURIER, "put envelopes in") as door, writing(door), planned_once() as cursor:
        cursor.execute(PUT, [rows_of(tenant, sealed, now)])


def carry(carried: set[UUID], now: datetime, places: Mapping[str, int] | None = None, span: timedelta = OFFERED) -> int:
    """Carry to everybody what was handed over in the `span` before and not carried yet; gives how many. `carried` is
    only the courier's memory: without it everything of the last days is offered again, and changes nothing. `places`:
    only between these of the directory."""
    places = directory() if places is None else places
    waiting: dict[str, list[Sealed]] = {}
    for address, tenant in places.items():
        for one in sealed_by(tenant, address, now - span):
            if one.id not in carried and one.recipient in places:
                waiting.setdefault(one.recipient, []).append(one)
    count = 0
    for recipient, batch in waiting.items():
        for part in _put_in_parts(places[recipient], batch, now):
            carried.update(one.id for one in part)
            count += len(part)
    return count


def _put_in_parts(tenant: int, batch: list[Sealed], now: datetime) -> Iterable[list[Sealed]]:
    """All at once; where one of them can't be put in, each for itself, so that it holds up no other."""
    try:
        put_in(tenant, batch, now)
        yield batch
        return
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError:
        log.warning("batch refused", count=len(batch))
    for one in batch:
        try:
            put_in(tenant, [one], now)
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError as error:
            log.error("envelope refused", error=type(error).__name__)
        else:
            yield [one]
