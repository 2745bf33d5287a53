"""The tenant's chart of accounts, and days of postings fixed for its ledger."""

from __future__ import annotations

import re
from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.payments.models import ChartRow, PostingDay
from handslag.domain.payments.queries import CHART_CODES, postings_of
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import require_role
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role


class ChartRowSet(Event):
    kind = "chart row set"


class PostingDayFixed(Event):
    kind = "posting day fixed"


@operation()
def set_chart_row(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    code: str,
    account: str,
    unit: str,
    activity: str,
    since: date,
    source: str,
    key: UUID | None = None,
) -> Done[ChartRow]:
    """From `since` on, what we call `code` is this account of the tenant's ledger (with ansvar and verksamhet).

    `source` says where that stands. Days that are fixed already keep their accounts.
    `key`: of the form; SentAlready the second time.
    NotPossible: ("code"), ("ledger account"), ("source").
    """
    member = require_role(by, now, Role.ADMINISTRATOR, Role.PAYER)
    if code not in CHART_CODES:
        raise NotPossible("code")
    if not re.fullmatch(r"[0-9A-Za-z]{1,12}", account) or not re.fullmatch(r"[0-9A-Za-z]{0,12}", unit + activity):
        raise NotPossible("ledger account")
    if not source.strip():
        raise NotPossible("source")
    row = ChartRow.objects.create(
        id=new_id(ChartRow, key),
        code=code,
        account=account,
        unit=unit,
        activity=activity,
        since=since,
        source=source.strip()[:200],
        recorded_by_id=member.id,
        recorded_at=now,
    )
    subject = open_subject("chart of accounts")
    payload = {"row": str(row.id), "code": code, "account": account, "since": since.isoformat()}
    return Done(row, ChartRowSet(subject=subject, payload=payload))


@operation()
def fix_posting_day(*, tenant: str | int, by: Actor, now: datetime, day: date) -> Done[PostingDay]:
    """Fix what was booked, sent and refused on a day that is over, as the ledger gets it: balanced, each line traced.

    NotPossible: ("day not over"), ("nothing posted"), ("fixed"), ("chart") with the codes that have no account.
    """
    member = require_role(by, now, Role.PAYER)
    if day >= acting_door().the_tenant.today(now):
        raise NotPossible("day not over")
    if PostingDay.objects.filter(day=day).exists():
        raise NotPossible("fixed")
    postings = postings_of(day, now)
    if not postings.entries:
        raise NotPossible("nothing posted")
    if postings.missing:
        raise NotPossible("chart", codes=postings.missing)
    row = PostingDay.objects.create(
        id=open_subject("posting day"),
        day=day,
        entries=len(postings.entries),
        total=postings.total,
        digest=postings.digest,
        fixed_by_id=member.id,
        fixed_at=now,
    )
    payload = {"day": day.isoformat(), "entries": row.entries, "total": row.total, "digest": row.digest}
    return Done(row, PostingDayFixed(subject=row.id, payload=payload))
