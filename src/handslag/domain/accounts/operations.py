"""Posting on the account of a partner, recording where it is paid, and paying what is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from handslag.domain.accounts.models import (
    REFERENCE,
    Account,
    BankMatch,
    Entry,
    HandMatch,
    PaidTo,
    PaymentOrder,
    Posting,
)
from handslag.domain.accounts.queries import (
    Claimed,
    Part,
    booked_with,
    claimed_names,
    digest_of,
    due_of,
    open_on,
    orders_waiting,
    paid_again,
    paid_to,
    posted,
    uncovered,
)
from handslag.domain.accounts.states import BILLS, FAILED, MOVES, DetailsState, Move, OrderState, Rests, Side
from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.queries import highest_protection
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import MessageSealed, NewMessage, seal
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.states import OVER
from handslag.domain.payments.models import BankFile, BankLine, Booking, Recovery
from handslag.domain.payments.operations.account import LONGEST_REASON, case_booking, counter_booking
from handslag.domain.payments.operations.recoveries import repaid
from handslag.domain.payments.policies import first_pay_day
from handslag.domain.payments.states import BookingKind, LineKind, LineOutcome, RecoveryState
from handslag.domain.people.names import SWISS_LETTERS, bank_text
from handslag.domain.people.references import is_qr_iban
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id, next_reference
from handslag.domain.tenancy.permissions import Hidden, Member, NotAllowed, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.kernel.ids import key_of, uuid7
from handslag.kernel.months import Month


class Posted(Event):
    """Something moved money on the account of a partner."""

    kind = "money posted"


class PaidToRecorded(Event):
    kind = "bank details recorded"


class PaidToConfirmed(Event):
    kind = "bank details confirmed"


class PaidToEnded(Event):
    kind = "bank details ended"


class PaymentOrdered(Event):
    kind = "payment ordered"


class PaymentReleased(Event):
    kind = "payment released"


class PaymentWithdrawn(Event):
    kind = "payment withdrawn"


class OrderFileWritten(Event):
    kind = "order file written"


class OrderFileRefused(Event):
    kind = "order file refused"


class BankLinesMatched(Event):
    """What of a file of the bank's answers is about the accounts of partners was carried out there."""

    kind = "bank lines matched"


class OrderAnswered(Event):
    kind = "payment order answered"


class MoneyMatched(Event):
    """Money that a partner paid is posted on its account."""

    kind = "incoming money matched"


class MatchedByHand(Event):
    """A payer matched money that came in: to the account of a partner, or to a case."""

    kind = "incoming money matched by hand"


class HandMatchUndone(Event):
    kind = "match by hand undone"


class BillDecided(Event):
    """A payer says that a bill of an institution will be paid, or why not."""

    kind = "bill decided"


class AccountTold(Event):
    """A partner is asked whether its account is the same, by a message that is on its way."""

    kind = "account told"


class AccountCompared(Event):
    """We answer whether ours is the same as a partner's."""

    kind = "account compared"


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


#: What a payment moves, by its source.
_Paying: TypeAlias = Callable[[Source], list[NewEntry]]


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
    counters: UUID | None = None,
    paid_by: tuple[str, str] | None = None,
) -> Done[Posting]:
    """Post all that a source moves on the account of a partner (its address), which is opened where there is none;
    `counters`: the posting that is taken back; `paid_by`: the IBAN and the reference by which it is paid alone. Called
    by the operation of whoever submits, accepts, cuts or pays, which has asked whether she may.

    NotPossible: ("posted") where just this was posted, ("no entries"), ("amount") for 0. Conflict where something else
    was posted for this source.
    """
    if by.kind not in ("staff", "system"):
        raise NotAllowed("post")
    if not entries:
        raise NotPossible("no entries")
    if not all(one.amount for one in entries):
        raise NotPossible("amount")
    account, opened = locked_account(partner, side, now)
    numbers = Posting.objects.filter(account_id=account.id).aggregate(last=Max("number"))
    row = Posting(
        account_id=account.id,
        number=(numbers["last"] or 0) + 1,
        rests_on=source.rests_on,
        reference=source.reference,
        content=source.content,
        posted_at=now,
        counters_id=counters,
        iban=paid_by[0] if paid_by else None,
        giro_reference=paid_by[1] if paid_by else None,
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
    payload |= {"paid_by": row.giro_reference} if row.giro_reference else {}
    return Done(row, Posted(subject=account.id, payload=payload))


@dataclass(frozen=True, kw_only=True)
class BillTaken:
    """A bill of an institution that is accepted: `bill` is its own number, `content` the digest of its message;
    `approved` that of the message that gave the approval. `payer`: we are who pays. `amount` in minor units. `iban` and
    `reference` (QRR, SCOR or "") are those of its QR-bill."""

    partner: str
    payer: bool
    bill: str
    content: str
    amount: int
    since: date
    last_on: date
    approval: str
    approved: str
    iban: str
    reference: str


@operation()
def decide_bill(
    *, tenant: str | int, by: Actor, now: datetime, asked: UUID, new: NewMessage, bill: BillTaken | None,
    found: Sequence[str],
) -> Done[Message]:  # fmt: skip
    """A decider of the payer accepts a bill as a whole, or says why not. `bill`: what is accepted; `found`: the codes
    of what speaks against it, which decide nothing: then she says in words why it is paid all the same.

    Hidden for a bill that isn't hers to see; Conflict for one that is answered or recalled meanwhile;
    NotPossible("approval missing") where nothing was approved, ("billed twice") for what is billed already, ("against
    the bill") without words, and as `seal`.
    """
    billed, _member = message_for_staff(asked, by, now, Role.DECIDER, lock=True)
    if billed.business in OVER:
        raise Conflict("message", theirs=billed.business)
    answer = new.body["answers"][0]
    if not answer["reason"]:
        if bill is None:
            raise NotPossible("approval missing")
        if "DUPLICATE_INVOICE" in found:
            raise NotPossible("billed twice")
        if found and not answer["text"].strip():
            raise NotPossible("against the bill")
    row = seal(tenant, by, now, new)
    payload = {
        "message": str(row.id), "reason": answer["reason"], "bill": bill.bill if bill else "",
        "amount": bill.amount if bill and not answer["reason"] else 0, "found": list(found),
    }  # fmt: skip
    return Done(
        row,
        MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest}),
        BillDecided(subject=asked, payload=payload),
    )


def post_bill(*, tenant: str | int, by: Actor, now: datetime, bill: BillTaken) -> Posting:
    """Post an accepted bill on the account of the other side, at both sides the same: claimed and accepted, citing the
    approval; with a reference it is paid by itself. As `post`: a number of the institution stands on it once."""
    cites = Source(rests_on=Rests.ANSWER, reference=bill.approval, content=bill.approved)
    entries = [
        NewEntry(
            move=move, amount=bill.amount, currency="CHF", regime=BILLS, since=bill.since,
            until=bill.last_on + timedelta(days=1), cites=cites,
        )
        for move in (Move.CLAIMED, Move.ACCEPTED)
    ]  # fmt: skip
    return post(
        tenant=tenant, by=by, now=now, partner=bill.partner, side=Side.PAYER if bill.payer else Side.CLAIMANT,
        source=Source(rests_on=Rests.STATEMENT, reference=bill.bill, content=bill.content), entries=entries,
        paid_by=(bill.iban, bill.reference) if bill.reference else None,
    )  # fmt: skip


def locked_account(partner: str, side: Side, now: datetime) -> tuple[Account, bool]:
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


# -- where a partner is paid ------------------------------------------------------------------------------------------

@dataclass(frozen=True, kw_only=True)
class NewPaidTo:
    """Where a partner is paid and whom to ask: a Swiss or other IBAN, and a QR-IBAN where it has one."""

    holder: str
    street: str
    house_number: str
    postcode: str
    town: str
    country: str
    iban: str
    qr_iban: str
    contact_name: str
    contact_email: str
    contact_phone: str


def _iban(text: str, qr: bool) -> str:
    """An IBAN without its spaces; NotPossible("iban") or ("qr iban") for what is none of this kind."""
    try:
        found = ibans.validate(text)
    except ValidationError:
        found = ""
    if not found or is_qr_iban(found) != qr:
        raise NotPossible("qr iban" if qr else "iban")
    return str(found)


@operation()
def record_paid_to(
    *, tenant: str | int, by: Actor, now: datetime, partner: str, side: Side, new: NewPaidTo, key: UUID | None = None
) -> Done[PaidTo]:
    """Propose where a partner is paid; money goes there once another member of staff has confirmed it.

    `key`: of the form; SentAlready the second time. NotPossible: ("holder"), ("iban"), ("qr iban").
    """
    member = require_role(by, now, Role.REGISTRAR, Role.PAYER)
    told = {name: text.strip() for name, text in asdict(new).items()}
    if not (told["holder"] and told["postcode"] and told["town"]):
        raise NotPossible("holder")
    told["iban"] = _iban(told["iban"], False)
    told["qr_iban"] = _iban(told["qr_iban"], True) if told["qr_iban"] else ""
    own = new_id(PaidTo, key)
    account, _opened = locked_account(partner, side, now)
    row = PaidTo.objects.create(
        id=own, account_id=account.id, state=DetailsState.PROPOSED, recorded_by_id=member.id, recorded_at=now, **told
    )
    return Done(row, PaidToRecorded(subject=account.id, payload={"details": str(row.id), "iban": row.iban}))


def _details(key: UUID, version: int, *states: DetailsState) -> PaidTo:
    found = PaidTo.objects.select_for_update(of=("self",)).filter(id=key).first()
    if found is None:
        raise Hidden("bank details", key)
    if found.version != version or found.state not in states:
        raise Conflict("bank details", theirs=found.state)
    return found


@operation()
def confirm_paid_to(*, tenant: str | int, by: Actor, now: datetime, details: UUID, version: int) -> Done[PaidTo]:
    """Another member of staff than who recorded them has checked the bank details: they hold from now on, in place of
    those before. NotPossible("second pair of eyes")."""
    member = require_role(by, now, Role.REGISTRAR, Role.PAYER)
    found = _details(details, version, DetailsState.PROPOSED)
    if found.recorded_by_id == member.id:
        raise NotForThem("second pair of eyes", found.account_id)
    found.state, found.confirmed_by_id, found.confirmed_at = DetailsState.CONFIRMED, member.id, now
    found.version += 1
    found.save(update_fields=["state", "confirmed_by", "confirmed_at", "version"])
    return Done(found, PaidToConfirmed(subject=found.account_id, payload={"details": str(found.id)}))


@operation()
def end_paid_to(*, tenant: str | int, by: Actor, now: datetime, details: UUID, version: int) -> Done[PaidTo]:
    """Nothing is paid there any more, or what was proposed was wrong."""
    require_role(by, now, Role.REGISTRAR, Role.PAYER)
    found = _details(details, version, DetailsState.PROPOSED, DetailsState.CONFIRMED)
    found.state, found.version = DetailsState.ENDED, found.version + 1
    found.save(update_fields=["state", "version"])
    return Done(found, PaidToEnded(subject=found.account_id, payload={"details": str(found.id)}))


# -- paying what is open ----------------------------------------------------------------------------------------------


def _ours_to_pay(account: UUID) -> Account:
    found = Account.objects.select_for_update(of=("self",)).filter(id=account, side=Side.PAYER).first()
    if found is None:
        raise Hidden("account", account)
    return found


@operation()
def order_payment(
    *, tenant: str | int, by: Actor, now: datetime, account: UUID, currency: str, amount: int, bill: UUID | None = None
) -> Done[PaymentOrder]:
    """Order that what is open on an account in a currency be paid, but its bills with a reference; or one of these
    (`bill`, its posting) by that, less what the partner owes and nothing else covers. `amount` is what was seen.

    NotPossible: ("nothing open"), ("no bank details"), ("other bank details") for a bill to an account that nobody has
    confirmed, ("payment ordered") while an order waits for its release or its file, ("payments held") while the setting
    `payments_held` says why. Conflict where something else is open.
    """
    member = require_role(by, now, Role.PAYER)
    if setting("payments_held"):
        raise NotPossible("payments held")
    found = _ours_to_pay(account)
    due, _entries = _due(found, currency, bill)
    if due <= 0:
        raise NotPossible("nothing open")
    if due != amount:
        raise Conflict("account", theirs=str(due))
    to = paid_to(found.id)
    if to is None:
        raise NotPossible("no bank details")
    of = Posting.objects.get(id=bill) if bill is not None else None
    if of is not None and of.iban not in (to.iban, to.qr_iban):
        raise NotPossible("other bank details")
    if any(one.bill_id == bill for one in orders_waiting(found.id, currency)):
        raise NotPossible("payment ordered")
    order = PaymentOrder.objects.create(
        id=open_subject("order"),
        account_id=found.id,
        paid_to_id=to.id,
        number=next_reference("order", now),
        amount=amount,
        currency=currency,
        bill=of,
        state=OrderState.ORDERED,
        ordered_by_id=member.id,
        ordered_at=now,
    )
    payload = {"account": str(found.id), "number": order.number, "amount": amount, "currency": currency}
    payload |= {"bill": of.reference} if of is not None else {}
    return Done(order, PaymentOrdered(subject=order.id, payload=payload))


def _due(account: Account, currency: str, bill: UUID | None) -> tuple[int, _Paying]:
    """What an order pays by now, and what that moves: of the balance, or of a bill (its posting); 0 for a bill of which
    nothing is open."""
    rest, bills = open_on(account.id, currency)
    if bill is None:
        return sum(one.figures.open for one in rest), partial(paid_off, rest)
    found = next((one for one in bills if one.bill is not None and one.bill.id == bill), None)
    if found is None:
        return 0, partial(paid_off, [])
    others = [one for one in orders_waiting(account.id, currency) if one.bill_id not in (None, bill)]
    due = due_of(found, rest, bills, sum(one.amount for one in others))
    return due, partial(bill_paid_off, found, rest, due)


def _order(key: UUID, version: int, *states: OrderState) -> PaymentOrder:
    found = PaymentOrder.objects.select_for_update(of=("self",)).filter(id=key).first()
    if found is None:
        raise Hidden("payment order", key)
    if found.version != version or found.state not in states:
        raise Conflict("payment order", theirs=found.state)
    return found


def _as_ordered(order: PaymentOrder) -> tuple[Account, _Paying]:
    """The account (locked) and what paying moves on it, if just that is open which was ordered, and the partner is paid
    where it was ordered; Conflict otherwise."""
    account = _ours_to_pay(order.account_id)
    to, (due, paying) = paid_to(account.id), _due(account, order.currency, order.bill_id)
    if to is None or to.id != order.paid_to_id or due != order.amount:
        raise Conflict("payment order", theirs=order.state)
    return account, paying


@operation()
def release_payment(*, tenant: str | int, by: Actor, now: datetime, order: UUID, version: int) -> Done[PaymentOrder]:
    """A second payer releases an order: a job then writes its file, for the first day on which the bank can pay.

    NotPossible: ("second pair of eyes"), ("payments held"). Conflict where something else is open by now, or the
    partner is paid elsewhere: withdraw the order.
    """
    member = require_role(by, now, Role.PAYER)
    if setting("payments_held"):
        raise NotPossible("payments held")
    found = _order(order, version, OrderState.ORDERED)
    if found.ordered_by_id == member.id:
        raise NotForThem("second pair of eyes", found.id)
    _as_ordered(found)
    found.state, found.released_by_id, found.released_at = OrderState.RELEASED, member.id, now
    found.execution_on, found.version = first_pay_day(now), found.version + 1
    found.save(update_fields=["state", "released_by", "released_at", "execution_on", "version"])
    payload = {
        "number": found.number, "amount": found.amount, "currency": found.currency, "on": str(found.execution_on),
    }  # fmt: skip
    return Done(found, PaymentReleased(subject=found.id, payload=payload))


@operation()
def withdraw_payment(*, tenant: str | int, by: Actor, now: datetime, order: UUID, version: int) -> Done[PaymentOrder]:
    """An order whose file isn't written is taken back: nothing of it has left, and nothing is posted.

    NotPossible("payments held") for a released one while this installation was restored: its file may have left before.
    """
    require_role(by, now, Role.PAYER)
    found = _order(order, version, OrderState.ORDERED, OrderState.RELEASED)
    if found.state == OrderState.RELEASED:
        if setting("payments_held"):
            raise NotPossible("payments held")
        if found.execution_on is None:  # released before files were written: somebody has paid it by hand
            raise Conflict("payment order", theirs=found.state)
    found.state, found.version = OrderState.WITHDRAWN, found.version + 1
    found.save(update_fields=["state", "version"])
    return Done(found, PaymentWithdrawn(subject=found.id, payload={"number": found.number}))


@operation()
def record_order_file(
    *, tenant: str | int, by: Actor, now: datetime, order: UUID, total: int, file: StoredFile
) -> Done[PaymentOrder]:
    """The file of a released order is written, and its bytes are kept; the system does it. What is owed the other way
    is netted, the rest is posted as paid.

    `total` (minor units) is as the file itself states it: NotPossible("file differs") where it isn't the order's.
    NotPossible("written already") for a second file, and for an order that was taken back meanwhile. Conflict where
    something else is open by now, or the partner is paid elsewhere.
    """
    found = PaymentOrder.objects.select_for_update(of=("self",)).filter(id=order).first()
    if found is None or by.kind != "system":
        raise Hidden("payment order", order)
    if found.state != OrderState.RELEASED:
        raise NotPossible("written already")
    if total != found.amount:
        raise NotPossible("file differs")
    account, paying = _as_ordered(found)
    source = _paid_by(found.number, found.amount, found.currency, found.iban)
    post(
        tenant=tenant, by=by, now=now, partner=account.partner, side=Side.PAYER, source=source, entries=paying(source)
    )  # fmt: skip
    document = record_document(
        tenant=tenant, by=by, now=now, subject=found.id, kind="payment file", title=f"{found.number}.xml",
        provenance=Provenance.SYSTEM, retention=RetentionClass.PAYMENT, file=file,
    )  # fmt: skip
    found.state, found.document, found.version = OrderState.SENT, document, found.version + 1
    found.save(update_fields=["state", "document", "version"])
    payload = {"document": str(document.id), "digest": document.digest, "total": total}
    return Done(found, OrderFileWritten(subject=found.id, payload=payload))


@operation()
def refuse_order_file(*, tenant: str | int, by: Actor, now: datetime, order: UUID, problems: list[str]) -> Done[None]:
    """The file of a released order can't be written: it stays released, and a person looks at why."""
    found = PaymentOrder.objects.select_for_update(of=("self",)).filter(id=order, state=OrderState.RELEASED).first()
    if found is None or by.kind != "system":
        raise Hidden("payment order", order)
    return Done(None, OrderFileRefused(subject=found.id, payload={"number": found.number, "problems": problems[:50]}))


def _paid_by(number: str, amount: int, currency: str, iban: str) -> Source:
    """A payment as both sides name it: its payer's number, and what arrives (minor units) on which account."""
    told = {"number": number, "amount": amount, "currency": currency, "iban": iban}
    return Source(rests_on=Rests.PAYMENT, reference=number, content=canonical.digest(told))


def _cites(part: Part, source: Source) -> Source:
    """What paying or netting a part cites: the bill that it is, else the payment."""
    bill = part.bill
    return Source(rests_on=Rests.STATEMENT, reference=bill.reference, content=bill.content) if bill else source


def bill_paid_off(bill: Part, rest: Iterable[Part], amount: int, source: Source) -> list[NewEntry]:
    """What an amount that is paid by the reference of a bill moves: it is paid, and what is missing is netted against
    what is owed the other way, first of its own regime, the oldest first. The same at both sides."""
    short, entries = bill.figures.open - amount, list[NewEntry]()
    for one in sorted(rest, key=lambda part: part.regime != bill.regime):
        if taken := min(short, max(0, -one.figures.open)):
            short -= taken
            entries.append(_moved(one, Move.NETTED, -taken, source))
    assert not short, "more is netted than is owed"
    netted = bill.figures.open - amount
    told = [(Move.NETTED, netted), (Move.PAID, amount)]
    return entries + [_moved(bill, move, moved, source) for move, moved in told if moved]


def _moved(part: Part, move: Move, amount: int, source: Source) -> NewEntry:
    return NewEntry(
        move=move, amount=amount, currency=part.currency, regime=part.regime, since=part.since, until=part.until,
        cites=_cites(part, source),
    )  # fmt: skip


def paid_off(parts: Iterable[Part], source: Source) -> list[NewEntry]:
    """What brings the open amount of each part to 0: what is owed the other way is netted against what is open, first
    of its own regime, the oldest first; the rest is paid. Netted adds up to 0, unless more is owed than is open."""
    opened = [one for one in parts if one.figures.open]
    netted = [min(0, one.figures.open) for one in opened]
    owed: Counter[str] = Counter()
    for one in opened:
        owed[one.regime] += max(0, -one.figures.open)
    for own in (True, False):
        for place, one in enumerate(opened):
            for regime in owed:
                if one.figures.open > 0 and (regime == one.regime) == own:
                    taken = min(owed[regime], one.figures.open - netted[place])
                    netted[place] += taken
                    owed[regime] -= taken
    return [
        _moved(one, move, amount, source)
        for one, part in zip(opened, netted, strict=True)
        for move, amount in ((Move.NETTED, part), (Move.PAID, one.figures.open - part))
        if amount
    ]


# -- what the bank says of orders, and what partners pay us -----------------------------------------------------------

#: What a line makes of an order in a state; what stands here for no state is a contradiction.
_STEPS: dict[str, dict[str, OrderState | LineOutcome]] = {
    LineKind.ACCEPTED: {
        OrderState.SENT: OrderState.ACCEPTED,
        **dict.fromkeys((OrderState.ACCEPTED, OrderState.PAID, *FAILED), LineOutcome.NOTED),
    },
    LineKind.PAID: {
        **dict.fromkeys((OrderState.SENT, OrderState.ACCEPTED), OrderState.PAID),
        **dict.fromkeys((OrderState.PAID, OrderState.RETURNED), LineOutcome.REPEATED),
    },
    LineKind.REJECTED: {
        **dict.fromkeys((OrderState.SENT, OrderState.ACCEPTED), OrderState.REJECTED),
        OrderState.REJECTED: LineOutcome.REPEATED,
    },
    LineKind.RETURNED: {
        **dict.fromkeys((OrderState.SENT, OrderState.ACCEPTED, OrderState.PAID), OrderState.RETURNED),
        OrderState.RETURNED: LineOutcome.REPEATED,
    },
}
#: What stands for no end-to-end reference (ISO 20022).
_NO_REFERENCE = ("", "NOTPROVIDED")


@operation()
def match_bank_lines(*, tenant: str | int, by: Actor, now: datetime, file: UUID) -> Done[None]:
    """Of a file of the bank's answers carry out what fits no payment of a case, but an order to pay a partner (by its
    key), or settlements that a partner owes us and names.

    An order is accepted, paid, rejected or returned once; in the latter two what was posted with its file is countered,
    and open again. Money that came in is posted where it is to the minor unit what is open of the settlements, or of
    the bill whose reference it gives, by the number that its payer names: the posting is then the same at both sides.
    All else stays in quarantine, with why.
    """
    if by.kind != "system":
        require_role(by, now, Role.PAYER)
    if not BankFile.objects.filter(id=file).exists():
        raise Hidden("bank file", file)
    lines = list(
        BankLine.objects.select_for_update(of=("self",))
        .filter(file_id=file, outcome=LineOutcome.QUARANTINED, payment=None)
        .order_by("number")
    )
    wanted = {key for line in lines if (key := key_of(line.reference)) is not None}
    ours = Q(id__in=wanted) | Q(number__in={line.reference for line in lines}, bill__isnull=False)
    orders: dict[UUID | str, PaymentOrder] = {}
    for row in PaymentOrder.objects.select_for_update(of=("self",)).filter(ours).order_by("id"):
        orders[row.id] = orders[row.number] = row
    claimed, bills = cache(_as_told), cache(lambda: _bills_named(lines))
    events: list[Event] = []
    for line in lines:
        order = orders.get(key_of(line.reference) or line.reference)
        if order is not None:
            event = _order_answered(tenant, by, now, line, order)
        elif line.kind == LineKind.RETURNED:
            bill = next((bills()[word] for word in _words(line) if word in bills()), None)
            event = _money_matched(tenant, by, now, line, claimed, bill)
        else:
            continue
        line.version += 1
        line.save(update_fields=["outcome", "reason", "version"])
        events += [event] if event else []
    payload = {"file": str(file), "matched": len(events)}
    return Done(None, BankLinesMatched(subject=file, payload=payload), *events)


def _order_answered(tenant: str | int, by: Actor, now: datetime, line: BankLine, order: PaymentOrder) -> Event | None:
    """Carry out what a line says of an order; the line gets its outcome, saved by whoever calls."""
    step = _STEPS[line.kind].get(order.state)
    if line.currency and line.currency != order.currency:
        line.reason = "other currency"
    elif line.amount is not None and line.amount != order.amount:
        line.reason = "other amount"
    elif line.amount is None and line.kind == LineKind.RETURNED:
        line.reason = "no amount"
    elif step is None:
        line.reason = f"{line.kind} though {order.state}"
    elif isinstance(step, LineOutcome):
        line.outcome, line.reason = step, ""
    else:
        line.outcome, line.reason = LineOutcome.ACCOUNT, ""
        order.state, order.version = step, order.version + 1
        order.save(update_fields=["state", "version"])
        counter = _countered(tenant, by, now, order) if step in FAILED else None
        BankMatch.objects.create(line=line, account_id=order.account_id, order=order, posting=counter)
        payload = {"number": order.number, "state": str(step), "line": str(line.id), "code": line.code}
        return OrderAnswered(subject=order.id, payload=payload)
    return None


def _countered(tenant: str | int, by: Actor, now: datetime, order: PaymentOrder) -> Posting:
    """What was posted with the file of an order is taken back: it reached nobody."""
    found = posted(order.account_id, Rests.PAYMENT, order.number)
    assert found is not None
    return _taken_back(tenant, by, now, found, str(order.state))


def _taken_back(tenant: str | int, by: Actor, now: datetime, found: Posting, why: str) -> Posting:
    """The posting that takes another one back, entry by entry; its reference is that one's and `why`."""
    source = Source(rests_on=Rests.PAYMENT, reference=f"{found.reference} {why}", content=found.content)
    entries = [
        NewEntry(
            move=Move(one.move), amount=-one.amount, currency=one.currency, regime=one.regime, since=one.since,
            until=one.until, cites=Source(rests_on=Rests(one.cites), reference=one.reference, content=one.content),
        )
        for one in Entry.objects.filter(posting=found).order_by("place")
    ]  # fmt: skip
    account = Account.objects.get(id=found.account_id)
    return post(
        tenant=tenant, by=by, now=now, partner=account.partner, side=Side(account.side), source=source,
        entries=entries, counters=found.id,
    )  # fmt: skip


def _words(line: BankLine) -> list[str]:
    return (line.remittance or "").split()


def _bills_named(lines: Iterable[BankLine]) -> dict[str, Posting]:
    """The bills of ours, by their references, that lines give; none that is in doubt."""
    words = {word for line in lines if line.kind == LineKind.RETURNED for word in _words(line)}
    rows = Posting.objects.filter(account__side=Side.CLAIMANT, giro_reference__in=words).select_related("account")
    found: dict[str, list[Posting]] = {}
    for row in rows:
        found.setdefault(str(row.giro_reference), []).append(row)
    return {reference: some[0] for reference, some in found.items() if len(some) == 1}


def _pays_bill(bill: Posting, line: BankLine) -> _Paying | None:
    """What a line moves that pays a bill of ours: as a whole, or less what we owe the payer and nothing else covers;
    None where it is another amount."""
    rest, bills = open_on(bill.account_id, line.currency)
    found = next((one for one in bills if one.bill is not None and one.bill.id == bill.id), None)
    if found is None or not 0 <= found.figures.open - (line.amount or 0) <= uncovered(rest) or not line.amount:
        return None
    return partial(bill_paid_off, found, rest, line.amount)


def _money_matched(
    tenant: str | int, by: Actor, now: datetime, line: BankLine, claimed: Callable[[str], Claimed], bill: Posting | None
) -> Event | None:
    """Post money that came in, where a partner pays just what is open of settlements that it names, or of the bill
    whose reference it gives; the line gets its outcome, or the reason why it stays in quarantine, saved by whoever
    calls."""
    if bill is not None:
        account: Account | None = Account.objects.select_for_update(of=("self",)).get(id=bill.account_id)
        named, number = set[tuple[str, date, date]](), line.reference if line.reference not in _NO_REFERENCE else ""
    else:
        account, named, number = _named_in(line, claimed(line.currency))
    if account is None:
        return None
    iban = line.account or ""
    source = _paid_by(number, line.amount or 0, line.currency, str(bill.iban) if bill is not None else iban)
    before = posted(account.id, Rests.PAYMENT, number)
    if line.amount is None or not line.account or not number or len(number) > REFERENCE:
        line.reason = "no amount" if line.amount is None else "no reference" if line.account else "no account"
    elif before is not None:
        told = BankMatch.objects.filter(posting=before).values_list("line__reference", flat=True).first()
        if told == line.reference not in _NO_REFERENCE and before.content == source.content:
            line.outcome, line.reason = LineOutcome.REPEATED, ""
        else:
            line.reason = "number posted"
    else:
        paying = _pays_bill(bill, line) if bill is not None else _pays_named(account, line, named)
        if paying is None:
            line.reason = "not what is open"
            return None
        row = post(
            tenant=tenant, by=by, now=now, partner=account.partner, side=Side.CLAIMANT, source=source,
            entries=paying(source),
        )  # fmt: skip
        line.outcome, line.reason = LineOutcome.ACCOUNT, ""
        BankMatch.objects.create(line=line, account=account, posting=row)
        payload = {"line": str(line.id), "posting": str(row.id), "amount": line.amount, "currency": line.currency}
        return MoneyMatched(subject=account.id, payload=payload)
    return None


def _pays_named(account: Account, line: BankLine, named: set[tuple[str, date, date]]) -> _Paying | None:
    """What a line moves that pays just what is open (without the bills that are paid by their references, or with
    them), or what is open of the parts that it names; None where it is another amount."""
    rest, bills = open_on(account.id, line.currency)
    opened, bills = [one for one in rest if one.figures.open], [one for one in bills if one.figures.open]
    those = [one for one in opened if (one.regime, one.since, one.until) in named]
    for some in (opened, opened + bills, those):
        if some and sum(one.figures.open for one in some) == line.amount:
            return partial(paid_off, some)
    return None


def _as_told(currency: str) -> Claimed:
    """`claimed_names` as a bank writes the references, the accounts in their order."""
    text = bank_text(SWISS_LETTERS)
    return {
        key: {text.plain(name, len(name)) or "": parts for name, parts in settlements.items()}
        for key, settlements in sorted(claimed_names(currency).items())
    }


def _named_in(line: BankLine, claimed: Claimed) -> tuple[Account | None, set[tuple[str, date, date]], str]:
    """The account (locked) of which the payer of a line names settlements, what these claim, and the number that it
    gives its payment: what stands before the first of them, else the end-to-end reference."""
    words = _words(line)
    for key, settlements in claimed.items():
        places = [place for place, word in enumerate(words) if word in settlements]
        if places:
            account = Account.objects.select_for_update(of=("self",)).get(id=key)
            named = {part for place in places for part in settlements[words[place]]}
            number = " ".join(words[: places[0]]) or (line.reference if line.reference not in _NO_REFERENCE else "")
            return account, named, number
    return None, set(), ""


# -- money that a person matches ---------------------------------------------------------------------------------------

#: How long the payer's number may be, so that what takes the posting back has room beside it.
NUMBER = 80


def _to_match(line: UUID, version: int, by: Actor, now: datetime) -> tuple[BankLine, Member]:
    """Money that came in and waits for a person, locked, and the payer; Conflict if it doesn't any more."""
    member = require_role(by, now, Role.PAYER)
    found = BankLine.objects.select_for_update(of=("self",)).select_related("file").filter(id=line).first()
    if found is None or found.kind != LineKind.RETURNED or found.payment_id:
        raise Hidden("bank line", line)
    if found.version != version or found.outcome != LineOutcome.QUARANTINED:
        raise Conflict("bank line", theirs=found.outcome)
    if not found.amount:
        raise NotPossible("no amount")
    return found, member


def _hand_matched(line: BankLine, member: Member, now: datetime, note: str, **to: Any) -> HandMatch:
    """The line is settled: this is what it was."""
    line.outcome, line.note, line.version = LineOutcome.SETTLED, note[:200], line.version + 1
    line.settled_by_id, line.settled_at = member.id, now
    line.save(update_fields=["outcome", "note", "version", "settled_by", "settled_at"])
    return HandMatch.objects.create(line=line, matched_by_id=member.id, matched_at=now, **to)


@operation()
def match_to_account(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    line: UUID,
    version: int,
    account: UUID,
    part: tuple[str, date] | None,
    number: str,
) -> Done[HandMatch]:
    """A payer says that money which came in was paid by a partner: on one part of its account (regime and first day),
    or on all that is open, the oldest first. `number`: by which the partner names its payment, so that the posting is
    the same at both sides.

    NotPossible: ("no amount"), ("payment number") without one, ("number posted") for one that is known already, ("more
    than open"): nothing is booked beyond what a partner owes.
    """
    found, member = _to_match(line, version, by, now)
    to = Account.objects.select_for_update(of=("self",)).filter(id=account, side=Side.CLAIMANT).first()
    if to is None:
        raise Hidden("account", account)
    number, amount = " ".join(number.split()), found.amount or 0
    if not number or len(number) > NUMBER:
        raise NotPossible("payment number")
    name = paid_again(to.id, number)
    if name is None:
        raise NotPossible("number posted")
    rest, bills = open_on(to.id, found.currency)
    opened = [one for one in rest + bills if one.figures.open]
    if part is not None:
        opened = [one for one in opened if (one.regime, one.since) == part and one.figures.open > 0]
    total = sum(one.figures.open for one in opened)
    if amount > total:
        raise NotPossible("more than open")
    bill = next((one for one in _bills_named([found]).values() if one.account_id == to.id), None)
    paying = _pays_bill(bill, found) if bill is not None else None
    at = str(bill.iban) if bill is not None and paying is not None else found.account or ""
    source = _paid_by(number, amount, found.currency, at)
    if paying is None:
        paying = partial(paid_off, opened) if amount == total else partial(_paid_in_part, opened, amount)
    entries = paying(source)
    posting = post(
        tenant=tenant, by=by, now=now, partner=to.partner, side=Side.CLAIMANT,
        source=replace(source, reference=name), entries=entries,
    )  # fmt: skip
    row = _hand_matched(found, member, now, number, account=to, posting=posting)
    payload = {"line": str(found.id), "posting": str(posting.id), "amount": amount, "currency": found.currency}
    return Done(row, MatchedByHand(subject=to.id, payload=payload | {"file": str(found.file_id)}))


def _paid_in_part(parts: Iterable[Part], amount: int, source: Source) -> list[NewEntry]:
    """What an amount pays of what is open, in the order of the parts."""
    entries = []
    for one in parts:
        if taken := min(amount, max(0, one.figures.open)):
            amount -= taken
            entries.append(_moved(one, Move.PAID, taken, source))
    return entries


@operation()
def match_to_case(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    line: UUID,
    version: int,
    number: str,
    account_code: str,
    month: Month,
    counterparty: str,
) -> Done[HandMatch]:
    """A payer says that money which came in is an income of a Swiss case (its `number`), of a kind and month, from
    `counterparty`. Whoever works the case is told.

    NotPossible: ("no such case"), also for one with somebody protected above her clearance; ("no amount"), ("other
    currency"), and as `book`.
    """
    found, member = _to_match(line, version, by, now)
    case = Case.objects.select_for_update(of=("self",)).filter(number=number.strip()).first()
    today = acting_door().the_tenant.today(now)
    if case is None or case.legal_order != "ch" or highest_protection(case, today) > member.clearance:
        raise NotPossible("no such case")
    if found.currency != acting_door().the_tenant.currency:
        raise NotPossible("other currency")
    booking = case_booking(
        case, now, uuid7(), BookingKind.INCOME, month, found.booked_on or today, account_code, counterparty,
        found.amount or 0, f"{found.file.kind} {found.file.message_id} {found.number}",
    )  # fmt: skip
    row = _hand_matched(found, member, now, case.number, booking=booking)
    payload = {"line": str(found.id), "booking": str(booking.id), "amount": booking.amount, "currency": found.currency}
    return Done(row, MatchedByHand(subject=case.id, payload=payload | {"file": str(found.file_id)}))


@operation()
def match_to_claim(
    *, tenant: str | int, by: Actor, now: datetime, line: UUID, version: int, number: str
) -> Done[HandMatch]:
    """A payer says that money which came in pays a claim of a Swiss case (its `number`): the oldest month first.
    Whoever works the case is told. NotPossible: ("no such claim"), also for one with somebody protected above her
    clearance; ("no amount"), ("other currency"), ("more than claimed") for more than is left of it: what is beyond that
    isn't ours, and a person says what becomes of it."""
    found, member = _to_match(line, version, by, now)
    claims = Recovery.objects.select_related("person").filter(state=RecoveryState.DECIDED)
    claim = claims.filter(number=number.strip()).first()
    case = Case.objects.select_for_update(of=("self",)).filter(id=claim.case_id).first() if claim else None
    today = acting_door().the_tenant.today(now)
    if case is None or claim is None or case.legal_order != "ch" or highest_protection(case, today) > member.clearance:
        raise NotPossible("no such claim")
    if found.currency != claim.currency:
        raise NotPossible("other currency")
    claim.case = case
    key = uuid7()  # of the first booking: its end tells this match's from those of another one of the same line
    source = f"{found.file.kind} {found.file.message_id} {found.number}"[:100] + f" {key.hex[-8:]}"
    made = repaid(claim, found.amount or 0, source, now, key)
    row = _hand_matched(found, member, now, claim.number, booking=made[0])
    payload = {"line": str(found.id), "booking": str(made[0].id), "amount": found.amount, "currency": found.currency}
    payload |= {"recovery": str(claim.id), "file": str(found.file_id)}
    return Done(row, MatchedByHand(subject=case.id, payload=payload))


@operation()
def undo_hand_match(
    *, tenant: str | int, by: Actor, now: datetime, match: UUID, version: int, why: str
) -> Done[HandMatch]:
    """A payer takes a match back by a counter-entry; the line waits again. What its caseworker has countered meanwhile
    stays so. NotPossible("why")."""
    member = require_role(by, now, Role.PAYER)
    rows = HandMatch.objects.select_for_update(of=("self",)).select_related("posting", "booking__recovery_line")
    row = rows.filter(id=match).first()
    if row is None:
        raise Hidden("match", match)
    why = " ".join(why.split())
    if not why:
        raise NotPossible("why")
    if row.version != version or row.undone_at is not None:
        raise Conflict("match", theirs="undone")
    line = BankLine.objects.select_for_update(of=("self",)).get(id=row.line_id)
    if row.posting is not None:
        subject = row.posting.account_id
        counter = str(_taken_back(tenant, by, now, row.posting, f"undone {row.id.hex[-8:]}").id)
    else:
        assert row.booking is not None
        case = Case.objects.select_for_update(of=("self",)).get(id=row.booking.case_id)
        if highest_protection(case, acting_door().the_tenant.today(now)) > member.clearance:
            raise Hidden("match", match)
        subject = case.id
        taken_back = [
            Booking.objects.filter(reverses=one).first() or counter_booking(one, why[:LONGEST_REASON], now)
            for one in booked_with(row.booking)
        ]
        counter = str(taken_back[0].id)
    row.undone_by_id, row.undone_at, row.undone_why = member.id, now, why[:200]
    row.version += 1
    row.save(update_fields=["undone_by", "undone_at", "undone_why", "version"])
    line.outcome, line.note, line.version = LineOutcome.QUARANTINED, "", line.version + 1
    line.settled_by_id = line.settled_at = None
    line.save(update_fields=["outcome", "note", "version", "settled_by", "settled_at"])
    payload = {"line": str(line.id), "counter": counter, "why": row.undone_why, "file": str(line.file_id)}
    return Done(row, HandMatchUndone(subject=subject, payload=payload))


# -- both sides have the same -----------------------------------------------------------------------------------------


@operation()
def tell_account(*, tenant: str | int, by: Actor, now: datetime, account: UUID, new: NewMessage) -> Done[Message]:
    """Tell a partner its account as it stands here, and ask whether its own is the same: it leaves in ten seconds.

    NotPossible: as `seal`.
    """
    require_role(by, now, Role.REGISTRAR, Role.CASEWORKER)
    row = seal(tenant, by, now, new)
    sealed = MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest})
    return Done(row, sealed, AccountTold(subject=account, payload={"message": str(row.id)}))


@operation()
def answer_told(
    *, tenant: str | int, by: Actor, now: datetime, asked: UUID, new: NewMessage, equal: bool
) -> Done[Message]:
    """Answer a partner whether our account is the same as what it told (the message `asked`); the system does it.

    NotPossible("answered") where it is, or is wanted no more.
    """
    if by.kind != "system":
        raise Hidden("message", asked)
    told = Message.objects.select_for_update(of=("self",)).get(id=asked)
    if told.business in OVER:
        raise NotPossible("answered")
    row = seal(tenant, by, now, new)
    sealed = MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest})
    return Done(row, sealed, AccountCompared(subject=told.id, payload={"equal": equal}))
