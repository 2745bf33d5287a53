"""Payees beside the person: recorded by one, confirmed by another; orders to pay a part of the support to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q
from stdnum.ch import uid

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import require_worked_here
from handslag.domain.payments.models import DirectPayment, Payee, Payment
from handslag.domain.payments.operations.planning import has_left, locked_payments, payee_trouble, taken_out
from handslag.domain.payments.operations.runs import PaymentBlocked
from handslag.domain.payments.policies import said_to_bank
from handslag.domain.payments.queries import direct_kinds
from handslag.domain.payments.states import PayeeKind, PayeeState, PaymentState, Way
from handslag.domain.people.accounts import account_problems, digits, luhn_ok
from handslag.domain.people.names import BANK_NAME
from handslag.domain.people.references import reference_fault
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month


class PayeeRecorded(Event):
    kind = "payee recorded"


class PayeeConfirmed(Event):
    kind = "payee confirmed"


class PayeeEnded(Event):
    kind = "payee ended"


class DirectPaymentOrdered(Event):
    kind = "direct payment ordered"


class DirectPaymentEnded(Event):
    kind = "direct payment ended"


@dataclass(frozen=True, kw_only=True)
class NewPayee:
    """A company to be paid: `kind` of PayeeKind, `way` of Way (no slip); `clearing` for way "bban" only."""

    name: str
    kind: str
    organisation_number: str
    way: str
    clearing: str
    number: str


@operation()
def record_payee(*, tenant: str | int, by: Actor, now: datetime, new: NewPayee, key: UUID | None = None) -> Done[Payee]:
    """Propose a payee; money goes there once another member of staff has confirmed it.

    `key`: of the form; SentAlready the second time.
    NotPossible: ("name"), ("payee name") for one that the bank can't write, ("account number") with the fault's code as
    fact, ("organisation number").
    """
    member = require_role(by, now, Role.REGISTRAR, Role.CASEWORKER, Role.PAYER)
    if not any(c.isalnum() for c in new.name):
        raise NotPossible("name")
    if not said_to_bank(new.name, BANK_NAME):
        raise NotPossible("payee name")
    number, clearing = digits(new.number), digits(new.clearing) if new.way == Way.BBAN else ""
    faults = [fault for fault in account_problems(new.way, number, clearing) if fault.certain]
    if faults or new.way == Way.SLIP:
        raise NotPossible("account number", fault=faults[0].code if faults else "format")
    organisation = digits(new.organisation_number)
    if acting_door().the_tenant.country == "CH":
        organisation = organisation.replace(".", "").upper()
        if organisation and not uid.is_valid(organisation):
            raise NotPossible("organisation number")
    elif organisation and not (re.fullmatch(r"\d{10}", organisation, re.ASCII) and luhn_ok(organisation)):
        raise NotPossible("organisation number")
    payee = Payee.objects.create(
        id=open_subject("payee", new_id(Payee, key)),
        name=new.name.strip()[:250],
        kind=PayeeKind(new.kind),
        organisation_number=organisation,
        account_kind=Way(new.way),
        clearing=clearing,
        account_number=number,
        state=PayeeState.PROPOSED,
        recorded_by_id=member.id,
        recorded_at=now,
    )
    return Done(payee, PayeeRecorded(subject=payee.id, payload={"name": payee.name, "way": payee.account_kind}))


def _locked(payee: UUID, version: int, *states: PayeeState) -> Payee:
    found = Payee.objects.select_for_update(of=("self",)).filter(id=payee).first()
    if found is None:
        raise Hidden("payee", payee)
    if found.version != version or found.state not in states:
        raise Conflict("payee", theirs=found.state)
    return found


@operation()
def confirm_payee(*, tenant: str | int, by: Actor, now: datetime, payee: UUID, version: int) -> Done[Payee]:
    """Another member of staff than who recorded it has checked the account. NotPossible("second pair of eyes")."""
    member = require_role(by, now, Role.REGISTRAR, Role.CASEWORKER, Role.PAYER)
    found = _locked(payee, version, PayeeState.PROPOSED)
    if found.recorded_by_id == member.id:
        raise NotForThem("second pair of eyes", payee)
    found.state, found.confirmed_by_id, found.confirmed_at = PayeeState.CONFIRMED, member.id, now
    found.version += 1
    found.save(update_fields=["state", "confirmed_by", "confirmed_at", "version"])
    return Done(found, PayeeConfirmed(subject=found.id, payload={"by": str(member.id)}))


@operation()
def end_payee(*, tenant: str | int, by: Actor, now: datetime, payee: UUID, version: int) -> Done[Payee]:
    """Nothing more is paid there: what orders still name is planned as blocked, and what is planned to it and hasn't
    left is blocked, out of its run too; a task asks in each case where the money is to go."""
    require_role(by, now, Role.REGISTRAR, Role.CASEWORKER, Role.PAYER)
    planned = locked_payments(Payment.objects.filter(direct__payee_id=payee, state__in=["planned", "reserved"]))
    found = _locked(payee, version, PayeeState.PROPOSED, PayeeState.CONFIRMED)
    found.state, found.version = PayeeState.ENDED, found.version + 1
    found.save(update_fields=["state", "version"])
    runs: list[str] = []
    events: list[Event] = []
    for payment in planned.values():
        if has_left(payment) or payment.state not in (PaymentState.PLANNED, PaymentState.RESERVED):
            continue
        if payment.run is not None:
            runs += taken_out(payment)
        payment.state, payment.blocked_reason = PaymentState.BLOCKED, payee_trouble(found)
        payment.version += 1
        payment.save(update_fields=["state", "blocked_reason", "run", "version"])
        payload = {"payment": str(payment.id), "why": payment.blocked_reason}
        events.append(PaymentBlocked(subject=payment.case_id, payload=payload))
    return Done(found, PayeeEnded(subject=found.id, payload={"runs": sorted(set(runs))}), *events)


@operation()
def order_direct_payment(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    payee: UUID,
    cost_code: str,
    amount: int,
    reference: str,
    message: str,
    ground: str,
    since: Month,
    until: Month | None,
    besides: bool = False,
    key: UUID | None = None,
) -> Done[DirectPayment]:
    """From `since` until before `until`, pay `amount` (minor units, each month) of the case's support to a payee.

    `reference` is an OCR number, to giros only, in Switzerland QRR or SCOR (`reference_fault`);
    `message` a text instead. `ground` says whose wish it rests on.
    `besides`: it is paid beside another order for the same, which both are meant.
    `key`: of the form; SentAlready the second time.
    NotPossible: ("amount"), ("ground"), ("reference"), in Switzerland with the fault ("reference check_digit") and
    ("two texts"); ("message") for one that the bank can't send, ("months"), ("payee"); ("ordered already") where the
    payee is paid for the same in one of these months, unless `besides`.
    """
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    require_worked_here(found)
    row_id = new_id(DirectPayment, key)
    to = Payee.objects.filter(id=payee).first()
    if to is None or to.state == PayeeState.ENDED or cost_code not in direct_kinds(found.legal_order):
        raise NotPossible("payee")
    if amount <= 0:
        raise NotPossible("amount")
    if not ground.strip():
        raise NotPossible("ground")
    ocr = digits(reference.strip())
    if found.legal_order == "ch":
        if fault := reference_fault(to.account_number, ocr):
            raise NotPossible(f"reference {fault}")
        if ocr and message.strip():
            raise NotPossible("two texts")
    elif ocr and (
        message.strip()
        or to.account_kind not in (Way.BANKGIRO, Way.PLUSGIRO)
        or not re.fullmatch(r"\d{2,25}", ocr, re.ASCII)
        or not luhn_ok(ocr)
    ):
        raise NotPossible("reference")
    if message.strip() and not said_to_bank(message):
        raise NotPossible("message")
    if until is not None and until <= since:
        raise NotPossible("months")
    same = DirectPayment.objects.filter(case=found, payee=to, cost_code=cost_code).exclude(until=F("since"))
    same = same.filter(Q(until=None) | Q(until__gt=since.since))
    if not besides and (same.filter(since__lt=until.since) if until else same).exists():
        raise NotPossible("ordered already")
    order = DirectPayment.objects.create(
        id=row_id,
        case=found,
        payee=to,
        cost_code=cost_code,
        amount=amount,
        reference=ocr,
        message=message.strip()[:140],
        ground=ground.strip()[:200],
        since=since.since,
        until=until.since if until else None,
        ordered_by_id=member.id,
        ordered_at=now,
    )
    payload = {"order": str(order.id), "payee": str(to.id), "amount": amount, "since": str(since)}
    return Done(order, DirectPaymentOrdered(subject=found.id, payload=payload))


@operation()
def end_direct_payment(
    *, tenant: str | int, by: Actor, now: datetime, order: UUID, version: int, until: Month
) -> Done[DirectPayment]:
    """The order holds for no month from `until` on. What is planned already is stopped by itself, if wished."""
    row = DirectPayment.objects.select_for_update(of=("self",)).filter(id=order).first()
    if row is None:
        raise Hidden("direct payment", order)
    case, _ = case_for_staff(row.case_id, by, now, Role.CASEWORKER)
    if row.version != version:
        raise Conflict("direct payment", theirs=str(row.until))
    row.until, row.version = max(row.since, until.since), row.version + 1
    row.save(update_fields=["until", "version"])
    payload = {"order": str(row.id), "until": row.until.isoformat()}
    return Done(row, DirectPaymentEnded(subject=case.id, payload=payload))
