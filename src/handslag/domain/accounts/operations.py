"""Posting on the account of a partner, and recording where it is paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Max

from handslag.domain.accounts.models import Account, Entry, Posting
from handslag.domain.accounts.queries import digest_of, posted
from handslag.domain.accounts.states import MOVES, Move, Rests, Side
from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible


class Posted(Event):
    """Something moved money on the account of a partner."""

    kind = "money posted"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What something rests on: `reference` is the same text at both sides, `content` the SHA-256 of what it names."""

    rests_on: Rests
    reference: str
    content: str


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """An amount (minor units; negative: a counter-entry) that moves, of a regime and the days from `since` until before
    `until`."""

    move: Move
    amount: int
    currency: str
    regime: str
    since: date
    until: date
    cites: Source


@operation()
def post(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    partner: str,
    side: Side,
    source: Source,
    entries: Sequence[NewEntry],
) -> Done[Posting]:
    """Post all that a source moves on the account of a partner (its address), which is opened where there is none.
    Called by the operation of whoever submits, accepts, cuts or pays, which has asked whether she may.

    NotPossible: ("posted") where just this was posted, ("no entries"), ("amount") for 0. Conflict where something else
    was posted for this source.
    """
    if by.kind not in ("staff", "system"):
        raise NotAllowed("post")
    if not entries:
        raise NotPossible("no entries")
    if not all(one.amount for one in entries):
        raise NotPossible("amount")
    account, opened = _locked(partner, side, now)
    numbers = Posting.objects.filter(account_id=account.id).aggregate(last=Max("number"))
    row = Posting(
        account_id=account.id,
        number=(numbers["last"] or 0) + 1,
        rests_on=source.rests_on,
        reference=source.reference,
        content=source.content,
        posted_at=now,
    )
    rows = [
        Entry(
            account_id=account.id,
            posting_id=row.id,
            place=place,
            move=one.move,
            credited=MOVES[one.move][0],
            debited=MOVES[one.move][1],
            amount=one.amount,
            currency=one.currency,
            regime=one.regime,
            since=one.since,
            until=one.until,
            cites=one.cites.rests_on,
            reference=one.cites.reference,
            content=one.cites.content,
        )
        for place, one in enumerate(entries, 1)
    ]
    row.digest = digest_of(row, rows)
    if not opened and (before := posted(account.id, source.rests_on, source.reference)) is not None:
        if before.digest == row.digest:
            raise NotPossible("posted")
        raise Conflict("posting", theirs=before.digest)
    row.save(force_insert=True)
    Entry.objects.bulk_create(rows)
    moved: Counter[str] = Counter()
    for one in entries:
        moved[f"{one.move.value} {one.currency}"] += one.amount
    payload = {"posting": str(row.id), "source": f"{row.rests_on} {row.reference}", "moved": dict(moved)}
    return Done(row, Posted(subject=account.id, payload=payload))


def _locked(partner: str, side: Side, now: datetime) -> tuple[Account, bool]:
    """The account of a partner, locked until the transaction ends, and whether it was opened now."""
    rows = Account.objects.select_for_update(of=("self",)).filter(partner=partner, side=side)
    if (found := rows.first()) is not None:
        return found, False
    with connection.cursor() as cursor:
        key = f"account {side} {partner}"
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [acting_door().the_tenant.id, key])
    if (found := rows.first()) is not None:
        return found, False
    return Account.objects.create(id=open_subject("account"), partner=partner, side=side, opened_at=now), True
