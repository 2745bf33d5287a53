"""What is given out to rows of a tenant: ids, and numbers per series and year."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Model

from handslag.domain.tenancy.door import acting_door, planned_once
from handslag.domain.tenancy.policies import SentAlready
from handslag.domain.tenancy.rows import id_of_key
from handslag.kernel.ids import reference, uuid7

_NEXT = """
INSERT INTO tenancy_counter (id, tenant_id, series, year, last) VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (tenant_id, series, year) DO UPDATE SET last = tenancy_counter.last + 1 RETURNING last
"""


#: The last digit of a number tells what it names, so that no number ever names two things.
SERIES = {
    "approval": 0,
    "case": 1,
    "receipt": 2,
    "decision": 3,
    "run": 4,
    "appeal": 5,
    "recovery": 6,
    "reclaim": 7,
    "order": 8,
    "import": 9,
}


def new_id(model: type[Model], key: UUID | None) -> UUID:
    """The id of a row of `model` that a form asks to make: of the form's `key`, so that the same form sent twice makes
    it once, SentAlready the second time, which waits for the first; without a key a new one."""
    if key is None:
        return uuid7()
    own = id_of_key(key)
    with planned_once() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [own.int % 2**63])
    if model._default_manager.filter(pk=own).exists():
        raise SentAlready
    return own


def next_reference(series: str, now: datetime) -> str:
    """The next number of `series` in the year of `now`, as people say it (`2026-004121-H`).

    Each series has a counter of its own, which stays locked until the commit: take it late.
    """
    tenant = acting_door().the_tenant
    year = tenant.today(now).year
    with planned_once() as cursor:
        cursor.execute(_NEXT, [uuid7(), tenant.id, series, year])
        row = cursor.fetchone()
    assert row is not None
    return reference(year, 10 * row[0] + SERIES[series])
