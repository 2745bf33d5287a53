"""Reads on accounts: balances, what was posted, where a partner is paid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import Max, Q, QuerySet, Sum

from handslag.domain.accounts.models import Account, BankMatch, Entry, HandMatch, PaidTo, PaymentOrder, Posting
from handslag.domain.accounts.states import BILLS, DetailsState, LedgerAccount, Move, OrderState, Rests, Side
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.queries import highest_protection
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.states import Action, Transport
from handslag.domain.payments.models import BankLine, Booking, Recovery
from handslag.domain.payments.states import RecoveryState
from handslag.domain.people.references import numbers_in
from handslag.domain.tenancy.permissions import Member
from handslag.kernel import canonical

#: What is in check or open without a posting for longer is late. Our own span: no fact file names one.
LATE = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Where the claimed money lies, in minor units: claimed = in check + cut + expired + accepted, and
    accepted = open + netted + paid."""

    claimed: int = 0
    in_check: int = 0
    cut: int = 0
    expired: int = 0
    accepted: int = 0
    open: int = 0
    netted: int = 0
    paid: int = 0

    @property
    def waits(self) -> bool:
        """Whether anything is still to be decided or paid."""
        return bool(self.in_check or self.open)


def balances(rows: QuerySet[Entry], *by: str) -> dict[tuple[Any, ...], Figures]:
    """The figures of entries by the values of columns, such as `account_id`, `currency`: one query."""
    found = rows.order_by().values(*by, "move", "credited", "debited").annotate(total=Sum("amount"))
    return folded(
        (tuple(row[name] for name in by), row["move"], row["credited"], row["debited"], int(row["total"]))
        for row in found
    )


def folded(moved: Iterable[tuple[tuple[Any, ...], str, str, str, int]]) -> dict[tuple[Any, ...], Figures]:
    """The figures by the key of each that moved: (key, move, credited, debited, amount)."""
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    accepted: Counter[tuple[Any, ...]] = Counter()
    for key, move, credited, debited, amount in moved:
        there = sums.setdefault(key, Counter())
        there[credited] -= amount
        there[debited] += amount
        if move == Move.ACCEPTED:
            accepted[key] += amount
    return {
        key: Figures(
            claimed=-there[LedgerAccount.CLAIMED],
            in_check=there[LedgerAccount.IN_CHECK],
            cut=there[LedgerAccount.CUT],
            expired=there[LedgerAccount.EXPIRED],
            accepted=accepted[key],
            open=there[LedgerAccount.OPEN],
            netted=there[LedgerAccount.NETTED],
            paid=there[LedgerAccount.PAID],
        )
        for key, there in sums.items()
    }


def account_of(partner: str, side: str) -> Account | None:
    """The account of a partner, where anything was posted on it or its bank details were recorded."""
    return Account.objects.filter(partner=partner, side=side).first()


def posted(account: UUID, rests_on: str, reference: str) -> Posting | None:
    """What was posted for a source."""
    return Posting.objects.filter(account_id=account, rests_on=rests_on, reference=reference).first()


#: What stands behind the number of a payment that is posted once more, since its posting was taken back.
_AGAIN = re.compile(r" \(again \d+\)$", re.ASCII)


def paid_again(account: UUID, number: str) -> str | None:
    """Under which reference a payment of this number can be posted: its own, another one where all that was posted
    under it is taken back, None where something stands."""
    named = Q(reference=number) | Q(reference__startswith=f"{number} (again ")
    rows = Posting.objects.filter(named, account_id=account, rests_on=Rests.PAYMENT, counters=None)
    before = list(rows.values_list("id", flat=True))
    if Posting.objects.filter(counters_id__in=before).count() < len(before):
        return None
    return f"{number} (again {len(before) + 1})" if before else number


def figures_of(account: UUID, **only: Any) -> dict[str, Figures]:
    """The figures of an account by currency; of the entries that are so (`regime`, `since`) only."""
    rows = Entry.objects.filter(account_id=account, **only)
    return {key[0]: found for key, found in balances(rows, "currency").items()}


def entries_of(postings: Iterable[UUID]) -> dict[UUID, list[Entry]]:
    """The entries of postings, in their order."""
    found: dict[UUID, list[Entry]] = {}
    for row in Entry.objects.filter(posting_id__in=list(postings)).order_by("posting_id", "place"):
        found.setdefault(row.posting_id, []).append(row)
    return found


def paid_to(account: UUID) -> PaidTo | None:
    """Where a partner is paid: the newest that two people have looked at."""
    rows = PaidTo.objects.filter(account_id=account, state=DetailsState.CONFIRMED)
    return rows.order_by("-confirmed_at", "-id").first()


def digest_of(posting: Posting, entries: Sequence[Entry]) -> str:
    """What both sides compare of a posting: its source and its entries, in whatever order they were given."""
    said = sorted(
        [
            one.move, one.amount, one.currency, one.regime, one.since.isoformat(), one.until.isoformat(), one.cites,
            one.reference, one.content,
        ]
        for one in entries
    )  # fmt: skip
    return canonical.digest({"source": [posting.rests_on, posting.reference, posting.content], "entries": said})


@dataclass(frozen=True, kw_only=True)
class Part:
    """What an account says of one regime and its days: the figures, and when something was posted on it last. `bill`:
    what it says of this one alone (accepted and open)."""

    account: UUID
    regime: str
    since: date
    until: date
    currency: str
    figures: Figures
    posted_at: datetime
    bill: Posting | None = None

    def late(self, now: datetime) -> bool:
        """Whether something has waited for too long."""
        return self.figures.waits and now - self.posted_at > LATE


def parts_of(*accounts: UUID) -> list[Part]:
    """The parts of accounts (of all, where none is named), in the order of their days: two queries."""
    rows = Entry.objects.filter(account_id__in=accounts) if accounts else Entry.objects.all()
    by = ("account_id", "since", "until", "regime", "currency")
    last = {
        tuple(row[name] for name in by): row["last"]
        for row in rows.order_by().values(*by).annotate(last=Max("posting__posted_at"))
    }
    return [
        Part(account=key[0], since=key[1], until=key[2], regime=key[3], currency=key[4], figures=figures,
             posted_at=last[key])
        for key, figures in sorted(balances(rows, *by).items(), key=lambda one: (one[0][1:], str(one[0][0])))
    ]  # fmt: skip


def bills_open(account: UUID) -> list[Part]:
    """The bills on an account that are paid by their own references, and of which something is open, the oldest first:
    at most two queries. What paid or netted a bill cites it."""
    rows = Entry.objects.filter(account_id=account, regime=BILLS)
    bills = list(
        rows.filter(move=Move.ACCEPTED, posting__giro_reference__isnull=False)
        .select_related("posting").order_by("posting__number")
    )  # fmt: skip
    if not bills:
        return []
    moved = rows.filter(move__in=(Move.NETTED, Move.PAID), cites=Rests.STATEMENT).order_by().values_list("reference")
    gone = dict(moved.annotate(total=Sum("amount")))
    return [
        Part(account=account, regime=one.regime, since=one.since, until=one.until, currency=one.currency,
             figures=Figures(accepted=one.amount, open=left), posted_at=one.posting.posted_at, bill=one.posting)
        for one in bills if (left := one.amount - int(gone.get(one.posting.reference, 0)))
    ]  # fmt: skip


def rest_of(parts: Iterable[Part], bills: Iterable[Part]) -> list[Part]:
    """The parts of an account with what is open of them but for these bills."""
    apart: Counter[tuple[Any, ...]] = Counter()
    for one in bills:
        apart[one.regime, one.since, one.until, one.currency] += one.figures.open
    return [
        replace(one, figures=replace(one.figures, open=one.figures.open - taken))
        if (taken := apart[one.regime, one.since, one.until, one.currency]) else one
        for one in parts
    ]  # fmt: skip


def open_on(account: UUID, currency: str) -> tuple[list[Part], list[Part]]:
    """What is open on an account in a currency: its parts without the bills that are paid by their own references, and
    these."""
    bills = bills_open(account)
    rest = rest_of(parts_of(account), bills)
    return [one for one in rest if one.currency == currency], [one for one in bills if one.currency == currency]


def uncovered(rest: Iterable[Part]) -> int:
    """What a partner owes that isn't covered by what is open without its bills: it is netted against these."""
    return max(0, -sum(one.figures.open for one in rest))


def due_of(bill: Part, rest: Iterable[Part], bills: Iterable[Part], waiting: int) -> int:
    """What is paid of a bill: all that is open of it, less what the partner owes and nothing else covers. `waiting`:
    what the orders for other bills pay that aren't posted yet."""
    return min(bill.figures.open, sum(one.figures.open for one in bills) - uncovered(rest) - waiting)


def details_of(account: UUID) -> list[PaidTo]:
    """What was recorded of where a partner is paid, newest first, but what has ended."""
    rows = PaidTo.objects.filter(account_id=account).exclude(state=DetailsState.ENDED)
    return list(rows.select_related("recorded_by", "confirmed_by").order_by("-recorded_at", "-id"))


def orders_of(account: UUID) -> list[PaymentOrder]:
    """The orders to pay a partner, newest first."""
    rows = PaymentOrder.objects.filter(account_id=account)
    return list(rows.select_related("ordered_by", "released_by", "paid_to", "bill").order_by("-ordered_at", "-id"))


def orders_to_write() -> QuerySet[PaymentOrder]:
    """The orders that were released and whose file isn't written yet."""
    return PaymentOrder.objects.filter(state=OrderState.RELEASED, execution_on__isnull=False)


def orders_waiting(account: UUID, currency: str) -> list[PaymentOrder]:
    """The orders to pay a partner that wait for their release, or their file."""
    waits = Q(state=OrderState.ORDERED) | Q(state=OrderState.RELEASED, execution_on__isnull=False)
    return list(PaymentOrder.objects.filter(waits, account_id=account, currency=currency))


def said_of(orders: Iterable[UUID]) -> dict[UUID, BankMatch]:
    """What the bank said last of each order."""
    rows = BankMatch.objects.filter(order_id__in=list(orders)).select_related("line__file").order_by("id")
    return {row.order_id: row for row in rows if row.order_id}


def hand_matches(line: UUID | None = None) -> QuerySet[HandMatch]:
    """What was matched by hand and stands, newest first; of one line."""
    rows = HandMatch.objects.filter(undone_at=None, **({"line_id": line} if line else {}))
    told = rows.select_related("line", "account", "posting", "booking__case", "matched_by")
    return told.order_by("-matched_at", "-id")


def booked_with(booking: Booking) -> list[Booking]:
    """The bookings that one match has made: of a claim one for each of its months, by the same source at one moment."""
    if booking.recovery_line is None:
        return [booking]
    of = {"case_id": booking.case_id, "source": booking.source, "booked_at": booking.booked_at, "kind": booking.kind}
    same = Booking.objects.filter(**of, recovery_line__recovery=booking.recovery_line.recovery_id, reverses=None)
    return list(same.order_by("id"))


def claim_told(line: BankLine, member: Member, today: date) -> str:
    """The number of the claim that the payer of a line gives; "" for none that she may know of."""
    words = f"{line.remittance or ''} {line.reference}".split()
    claim = Recovery.objects.select_related("case").filter(number__in=words, state=RecoveryState.DECIDED).first()
    return claim.number if claim and highest_protection(claim.case, today) <= member.clearance else ""


def case_told(line: BankLine, member: Member, today: date) -> str:
    """The number of the case whose reference (SCOR) the payer of a line gives; "" for none that she may know of."""
    case = Case.objects.filter(number__in=numbers_in(f"{line.remittance or ''} {line.reference}")).first()
    return case.number if case and highest_protection(case, today) <= member.clearance else ""


def owed_to_us(currency: str) -> list[Part]:
    """What partners owe us in a currency, by account and the oldest first."""
    ours = Account.objects.filter(side=Side.CLAIMANT).values_list("id", flat=True)
    parts = [one for one in parts_of(*ours) if one.currency == currency and one.figures.open] if ours else []
    return sorted(parts, key=lambda one: str(one.account))


#: By account on which we claim, and reference of a settlement: what it claims (regime, since, until).
Claimed: TypeAlias = dict[UUID, dict[str, set[tuple[str, date, date]]]]


def claimed_names(currency: str) -> Claimed:
    """The references of all settlements that we claim in a currency; a bill with a reference is named by that."""
    found: Claimed = {}
    rows = Entry.objects.filter(account__side=Side.CLAIMANT, currency=currency, posting__rests_on=Rests.STATEMENT)
    rows = rows.filter(posting__giro_reference=None)
    told = rows.order_by().values_list("account_id", "posting__reference", "regime", "since", "until").distinct()
    for account, reference, *part in told:
        found.setdefault(account, {}).setdefault(reference, set()).add(tuple(part))  # type: ignore[arg-type]
    return found


def statements_open(account: UUID, currency: str) -> list[str]:
    """The references of the settlements of which something is open on an account, in the order of their posting; no
    bills that are paid by their own references."""
    rest, _bills = open_on(account, currency)
    parts = {(one.regime, one.since, one.until) for one in rest if one.figures.open}
    return statements_in(account, currency, parts)


def statements_in(account: UUID, currency: str, parts: Collection[tuple[str, date, date]]) -> list[str]:
    """The references of the settlements that claim in one of these parts (regime, since, until), in the same order; no
    bills that are paid by their own references."""
    claimed = Entry.objects.filter(account_id=account, currency=currency, posting__rests_on=Rests.STATEMENT)
    claimed = claimed.filter(posting__giro_reference=None)
    found = claimed.order_by("posting__number", "place").values_list("posting__reference", "regime", "since", "until")
    return list(dict.fromkeys(reference for reference, *part in found if tuple(part) in parts))


def moved_by(order: PaymentOrder) -> list[tuple[str, date, date, int, int]]:
    """What an order whose file is written moved: by part (regime, since, until) what was netted and paid."""
    rows = Entry.objects.filter(
        account_id=order.account_id, posting__rests_on=Rests.PAYMENT, posting__reference=order.number
    )
    parts = balances(rows, "since", "until", "regime")
    return [(key[2], *key[:2], one.netted, one.paid) for key, one in sorted(parts.items())]


def paid_in(
    side: str, fund: str, windows: Collection[tuple[date, date]]
) -> dict[tuple[str, date, date], Figures]:
    """The figures of a fund's windows by partner and window, over the accounts of a side: one query."""
    rows = Entry.objects.filter(account__side=side, regime=fund, since__in=[since for since, _until in windows])
    return balances(rows, "account__partner", "since", "until")


def payments_standing(side: str) -> set[tuple[str, str]]:
    """The payments that are posted on accounts of a side and weren't taken back: partner, and the payer's number."""
    rows = Posting.objects.filter(account__side=side, rests_on=Rests.PAYMENT, counters=None)
    rows = rows.exclude(id__in=Posting.objects.filter(counters__isnull=False).values("counters_id"))
    return {(partner, _AGAIN.sub("", number)) for partner, number in rows.values_list("account__partner", "reference")}


def known_in(account: UUID) -> dict[tuple[str, date, date, str], dict[tuple[str, str], str]]:
    """What both sides compare: by part (regime, since, until, currency) and source the digest of what moves there. A
    payment that reached nobody is only known where it was tried: it and its counter-posting aren't compared."""
    found: dict[tuple[str, date, date, str], dict[Posting, list[Entry]]] = {}
    rows = Entry.objects.filter(account_id=account).select_related("posting")
    countered = Posting.objects.filter(account_id=account, counters__isnull=False)
    over = {key for pair in countered.values_list("id", "counters_id") for key in pair}
    for row in rows.order_by("posting__number", "place"):
        part = found.setdefault((row.regime, row.since, row.until, row.currency), {})
        if row.posting_id not in over:
            row.posting.reference = _AGAIN.sub("", row.posting.reference)  # as the partner names it
            part.setdefault(row.posting, []).append(row)
    return {
        part: {(posting.rests_on, posting.reference): digest_of(posting, entries) for posting, entries in by.items()}
        for part, by in found.items()
    }


def advices(**only: Any) -> QuerySet[Message]:
    """The messages by which a payer tells a payment, newest first; no trials."""
    rows = Message.objects.filter(kind="payment_advice", action=Action.REQUEST, test=False, **only)
    return rows.exclude(transport=Transport.TAKEN_BACK).order_by("-created_at", "-id")


def comparisons(account: Account) -> QuerySet[Message]:
    """The messages by which either side told the account to the other, newest first; no trials."""
    rows = Message.objects.filter(kind="reconciliation", action=Action.REQUEST, about_id=account.id, test=False)
    return rows.exclude(transport=Transport.TAKEN_BACK).order_by("-created_at", "-id")
