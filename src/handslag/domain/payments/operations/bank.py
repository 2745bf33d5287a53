"""What the bank answers: payments set paid, refused or returned; whatever fits none goes into quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.decisions.queries import in_force
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.payments.models import BankFile, BankLine, Booking, Payment, Return, Run, Settlement
from handslag.domain.payments.operations.account import counter_booking, standing_settlements
from handslag.domain.payments.operations.planning import RETURNED, book_beyond, new_payment, paid_to
from handslag.domain.payments.policies import first_pay_day
from handslag.domain.payments.queries import OVERPAID, beyond_in, came_back, claimed_too_much
from handslag.domain.payments.states import BookingKind, LineKind, LineOutcome, PaymentState
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import key_of


class BankFileReceived(Event):
    kind = "bank file received"


class BankLineSettled(Event):
    kind = "bank line settled"


class PaymentConfirmed(Event):
    kind = "payment confirmed"


class PaymentRejected(Event):
    kind = "payment rejected"


class PaymentReturned(Event):
    kind = "payment returned"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A line as it was read. `amount` in minor units, None where the line tells none; `message_id` is set, and
    `reference` empty, where the bank answers for a whole file of ours. Of money that came in `remittance` is what the
    payer says that it is for, `account` our IBAN to which it came."""

    kind: LineKind
    reference: str = ""
    amount: int | None = None
    currency: str = ""
    code: str = ""
    words: str = ""
    booked_on: date | None = None
    message_id: str = ""
    remittance: str = ""
    account: str = ""


_EVENTS: dict[str, type[Event]] = {
    PaymentState.CONFIRMED: PaymentConfirmed,
    PaymentState.REJECTED: PaymentRejected,
    PaymentState.RETURNED: PaymentReturned,
}
#: What a line makes of a payment in a state; what stands here for no state is a contradiction.
_STEPS: dict[str, dict[str, PaymentState | LineOutcome]] = {
    LineKind.PAID: {
        PaymentState.SENT: PaymentState.CONFIRMED,
        PaymentState.CONFIRMED: LineOutcome.REPEATED,
        PaymentState.RETURNED: LineOutcome.REPEATED,
    },
    LineKind.REJECTED: {PaymentState.SENT: PaymentState.REJECTED, PaymentState.REJECTED: LineOutcome.REPEATED},
    LineKind.RETURNED: {
        PaymentState.SENT: PaymentState.RETURNED,
        PaymentState.CONFIRMED: PaymentState.RETURNED,
        PaymentState.RETURNED: LineOutcome.REPEATED,
    },
}


def known_bank_file(digest: str) -> bool:
    """Whether a file of these bytes was taken already."""
    return BankFile.objects.filter(digest=digest).exists()


@operation()
def receive_bank_file(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    kind: str,
    message_id: str,
    problem: str,
    lines: Sequence[Told],
    file: StoredFile,
) -> Done[BankFile]:
    """Take a file of the bank's answers: set each payment that it names paid, refused or returned.

    A refused payment is planned again, blocked, until its account is looked at; money that came back is booked, and
    owed again in the same way. Lines that fit no payment, or contradict what is known, go into quarantine with the
    reason. By a payer, or by the job that fetches. NotPossible("known file") for bytes that were taken already.
    """
    if by.kind != "system":
        require_role(by, now, Role.PAYER)
    if known_bank_file(file.digest):
        raise NotPossible("known file")
    key = open_subject("bank file")
    document = record_document(
        tenant=tenant,
        by=by,
        now=now,
        subject=key,
        kind="bank answer",
        title=f"{kind} {message_id}".strip(),
        provenance=Provenance.AUTHORITY,
        retention=RetentionClass.PAYMENT,
        file=file,
    )
    told = [one for line in lines for one in _each(line)]
    received = BankFile.objects.create(
        id=key,
        kind=kind,
        message_id=message_id[:35],
        problem=problem,
        digest=file.digest,
        document=document,
        lines=len(told),
        received_at=now,
    )
    payments = _locked({line.reference for line in told})
    events: list[Event] = []
    quarantined = 0
    for number, line in enumerate(told, 1):
        row, event = _apply(received, number, line, payments.get(line.reference), now)
        quarantined += row.outcome == LineOutcome.QUARANTINED
        if event is not None:
            events.append(event)
    payload: dict[str, Any] = {
        "file": str(received.id),
        "digest": file.digest,
        "lines": len(told),
        "quarantined": quarantined,
        "problem": problem,
    }
    return Done(received, BankFileReceived(subject=key, payload=payload), *events)


def _each(line: Told) -> list[Told]:
    """A line about a whole file of ours as one for each of its payments; of a file that isn't a run's, with the message
    id as its reference."""
    if line.reference or not line.message_id:
        return [line]
    run = key_of(line.message_id)
    found = Payment.objects.filter(run_id=run).order_by("id").values_list("reference", flat=True) if run else ()
    return [
        Told(kind=line.kind, reference=reference, code=line.code, words=line.words, message_id=line.message_id)
        for reference in found
    ] or [replace(line, reference=line.message_id)]


def _locked(references: set[str]) -> dict[str, Payment]:
    """The payments of these references, locked behind their runs, in the order of their keys."""
    wanted = Payment.objects.filter(reference__in=references - {""})
    list(Run.objects.select_for_update().filter(id__in=wanted.values("run_id")).order_by("id"))
    found = wanted.select_for_update(of=("self",)).select_related("case", "period").order_by("id")
    return {payment.reference: payment for payment in found}


def _apply(
    file: BankFile, number: int, line: Told, payment: Payment | None, now: datetime
) -> tuple[BankLine, Event | None]:
    row = BankLine(
        file=file,
        number=number,
        kind=line.kind,
        reference=line.reference[:140],
        amount=line.amount,
        currency=line.currency,
        code=line.code[:35],
        told=line.words[:200],
        booked_on=line.booked_on,
        remittance=line.remittance[:280] or None,
        account=line.account[:34] or None,
        payment=payment,
        outcome=LineOutcome.APPLIED,
    )
    step = _STEPS.get(line.kind, {}).get(payment.state) if payment else None
    if line.kind == LineKind.ACCEPTED and payment:
        row.outcome = LineOutcome.NOTED
    elif trouble := _trouble(line, payment, step):
        row.outcome, row.reason = LineOutcome.QUARANTINED, trouble
    elif step == LineOutcome.REPEATED:
        row.outcome = LineOutcome.REPEATED
    row.save(force_insert=True)
    if row.outcome != LineOutcome.APPLIED:
        return row, None
    assert payment is not None
    payment.state, payment.version = str(step), payment.version + 1
    payment.save(update_fields=["state", "version"])
    payload: dict[str, Any] = {"payment": str(payment.id), "line": str(row.id), "code": row.code}
    if step == PaymentState.REJECTED:
        parts = list(
            standing_settlements(Settlement.objects.filter(payment=payment)).select_related("booking").order_by("id")
        )
        _owe_again(payment, parts, f"rejected: {row.code}", now)
    if step == PaymentState.RETURNED:
        payload["booking"] = str(_book_return(row, payment, now).booking_id)
    if step in (PaymentState.REJECTED, PaymentState.RETURNED):
        payload["claimed_too_much"] = sum(claimed_too_much(payment.case_id).values())
    return row, _EVENTS[str(step)](subject=payment.case_id, payload=payload)


def _trouble(line: Told, payment: Payment | None, step: Any) -> str:
    """Why a line goes into quarantine; "" if it doesn't."""
    if payment is None:
        return "unknown reference" if line.reference else "no reference"
    if line.currency and line.currency != payment.currency:
        return "other currency"
    if line.amount is not None and line.amount != payment.amount:
        return "other amount"
    if line.amount is None and line.kind == LineKind.RETURNED:
        return "no amount"
    return "" if step else f"{line.kind} though {payment.state}"


def _owe_again(payment: Payment, parts: Sequence[Settlement], reason: str, now: datetime) -> None:
    """The same money to the same payee, blocked until somebody has looked at the account. What was paid beyond the
    decision in force isn't owed: with the money that didn't reach anybody, that booking is countered; but for what she
    has paid back of it all the same, which goes to her."""
    over = {part.booking_id: part.booking for part in parts if part.booking.account_code == OVERPAID}
    for booking in over.values():
        counter_booking(booking, f"payment {payment.reference} reached nobody", now)
    decision = in_force(payment.period_id) if over else None
    beyond = sum(booking.amount for booking in over.values())
    back = min(beyond, max(0, came_back(decision) - beyond_in(payment.period))) if decision else 0
    owed: dict[UUID, int] = {}
    for part in parts:
        if part.booking_id not in over:
            owed[part.booking_id] = owed.get(part.booking_id, 0) + part.amount
    told = {name: getattr(payment, name) for name in _PAYEE} | {"trouble": reason.strip(": ")}
    if payment.direct_id is None:
        _plan(payment, owed, back, told, now)
    else:
        _plan(payment, owed, 0, told, now)
        _plan(payment, {}, back, paid_to(payment.case.applicant, now), now)


#: To whom and where a payment goes.
_PAYEE = (
    "payee_id", "direct_id", "payee_name", "account_kind", "clearing", "account_number", "giro_reference", "message",
    "post_to",
)  # fmt: skip


def _plan(payment: Payment, owed: dict[UUID, int], back: int, told: dict[str, Any], now: datetime) -> None:
    """Plan a payment anew to where `told` says: what of it is owed for these bookings, and what was paid `back` of it
    (minor units)."""
    if not (amount := sum(owed.values()) + back):
        return
    again = new_payment(payment.case, payment.period, amount, payment.currency, first_pay_day(now), **told)
    again.save(force_insert=True)
    if back:
        source = f"paid back, and payment {payment.reference} reached nobody"
        owed = {**owed, book_beyond(again, back, source, now).id: back}
    parts = owed.items()
    Settlement.objects.bulk_create(Settlement(payment=again, booking_id=key, amount=part) for key, part in parts)


def _book_return(row: BankLine, payment: Payment, now: datetime) -> Return:
    """Money that came back: its income, and beside it the expense that the payment was in the end; what it was paid
    for is owed again."""
    told: dict[str, Any] = {
        "case": payment.case,
        "period": payment.period,
        "account_code": RETURNED,
        "counterparty": payment.payee_name,
        "amount": payment.amount,
        "currency": payment.currency,
        "source": f"payment {payment.reference} came back: {row.code}".strip(": "),
        "booked_at": now,
    }
    booking = Booking.objects.create(kind=BookingKind.INCOME, **told)
    again = Booking.objects.create(kind=BookingKind.EXPENSE, **told)
    parts = list(
        standing_settlements(Settlement.objects.filter(payment=payment)).select_related("booking").order_by("id")
    )
    Settlement.objects.bulk_create(
        Settlement(payment=payment, booking=again, amount=part.amount, replaces=part) for part in parts
    )
    _owe_again(payment, parts, f"returned: {row.code}", now)
    return Return.objects.create(payment=payment, line=row, booking=booking, again=again)


@operation()
def settle_bank_line(
    *, tenant: str | int, by: Actor, now: datetime, line: UUID, version: int, note: str
) -> Done[BankLine]:
    """A payer has looked at a line in quarantine and says what it was. NotPossible("note")."""
    member = require_role(by, now, Role.PAYER)
    found = BankLine.objects.select_for_update(of=("self",)).filter(id=line).first()
    if found is None:
        raise Hidden("bank line", line)
    if not note.strip():
        raise NotPossible("note")
    if found.version != version or found.outcome != LineOutcome.QUARANTINED:
        raise Conflict("bank line", theirs=found.outcome)
    found.outcome, found.note, found.version = LineOutcome.SETTLED, note.strip()[:200], found.version + 1
    found.settled_by_id, found.settled_at = member.id, now
    found.save(update_fields=["outcome", "note", "version", "settled_by", "settled_at"])
    return Done(found, BankLineSettled(subject=found.file_id, payload={"line": str(found.id), "note": found.note}))
