"""Numbers given out per tenant, series and year."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from handslag.domain.tenancy.door import acting_door
from handslag.kernel.ids import reference, uuid7

_NEXT = """
INSERT INTO tenancy_counter (id, tenant_id, series, year, last) VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (tenant_id, series, year) DO UPDATE SET last = tenancy_counter.last + 1 RETURNING last
"""


def next_reference(series: str, now: datetime) -> str:
    """The next number of `series` in the year of `now`, as people say it (`2026-004127-K`).

    Series: case, receipt, decision, run. The counter stays locked until the commit: take it late.
    """
    tenant = acting_door().the_tenant
    year = tenant.today(now).year
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [uuid7(), tenant.id, series, year])
        row = cursor.fetchone()
    assert row is not None
    return reference(year, row[0])
