"""What a decision grants is booked and planned: set off, split by payee, stopped and resumed one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.models import Decision, DecisionLine
from handslag.domain.payments.models import Advance, Booking, DirectPayment, Payee, Payment, Run, SetOff, Settlement
from handslag.domain.payments.operations.account import open_set_offs
from handslag.domain.payments.policies import first_pay_day, pay_day
from handslag.domain.payments.states import BookingKind, PayeeState, PaymentState, RunState, Way
from handslag.domain.people.accounts import account_problems
from handslag.domain.people.models import Account, Person
from handslag.domain.people.queries import account_on, address_on, full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7

#: Account codes of the case account; the tenant's chart of accounts maps them.
SUPPORT, ADVANCE, RETURNED = "forsorjningsstod", "forskott", "retur"


class PaymentsPlanned(Event):
    kind = "payments planned"


class PaymentUnblocked(Event):
    kind = "payment unblocked"


class PaymentHeld(Event):
    kind = "payment held"


class PaymentResumed(Event):
    kind = "payment resumed"


@dataclass
class _Open:
    """A booking, with what of it is neither set off nor planned yet (minor units)."""

    booking: Booking
    left: int


@operation()
def plan_payments(*, tenant: str | int, by: Actor, now: datetime, decision: UUID) -> Done[list[Payment]]:
    """Book what a decision grants, line by line, and plan how it is paid.

    First an advance on the same month is set off, as a booking of its own. Then the orders of direct payment that
    are in force in that month are paid, oldest first, each in full: one that doesn't fit into what is left is not
    paid by the office (`uncovered` in the event; a task asks the caseworker). The rest goes to the applicant.
    Whatever can't be paid as it stands is planned as blocked, with the reason: nothing is lost.
    """
    found = Decision.objects.select_related("case__applicant", "period").get(id=decision)
    case, period = found.case, found.period
    open_: list[_Open] = []
    for line in DecisionLine.objects.filter(decision=found, amount__gt=0).order_by("id"):
        booking = Booking(
            case=case,
            period=period,
            person_id=line.person_id,
            kind=BookingKind.EXPENSE,
            account_code=SUPPORT,
            counterparty=full_name(case.applicant),
            amount=line.amount,
            currency=found.currency,
            decision_line=line,
            source="",
            booked_at=now,
        )
        open_.append(_Open(booking, line.amount))
    Booking.objects.bulk_create(one.booking for one in open_)
    set_off = _set_off(case, period, open_, found.number, now)
    payments: list[Payment] = []
    settlements: list[Settlement] = []
    uncovered: list[str] = []
    on = pay_day(period.since, first_pay_day(now), acting_door().the_tenant.country, int(setting("payment_day")))
    for order in orders_in_force(case.id, period.since):
        if order.amount > sum(one.left for one in open_):
            uncovered.append(str(order.id))
            continue
        payment = new_payment(case, period, order.amount, found.currency, on, **_to_payee(order))
        payments.append(payment)
        settlements += _settled(payment, open_)
    if rest := sum(one.left for one in open_):
        payment = new_payment(case, period, rest, found.currency, on, **paid_to(case.applicant, now))
        payments.append(payment)
        settlements += _settled(payment, open_)
    Payment.objects.bulk_create(payments)
    Settlement.objects.bulk_create(settlements)
    payload: dict[str, Any] = {
        "decision": str(found.id),
        "payments": [[str(p.id), p.amount, p.pay_on.isoformat(), p.state] for p in payments],
        "set_off": set_off,
        "uncovered": uncovered,
    }
    return Done(payments, PaymentsPlanned(subject=case.id, payload=payload))


def _set_off(case: Case, period: Period, open_: list[_Open], number: str, now: datetime) -> list[list[Any]]:
    """Set the advances on this month off against what is granted for it: [advance, amount] each."""
    done: list[list[Any]] = []
    for advance in Advance.objects.select_related("booking").filter(case=case, period=period).order_by("id"):
        if Booking.objects.filter(reverses=advance.booking).exists():
            continue
        left = open_of(advance)
        for one in open_:
            amount = min(left, one.left)
            if not amount:
                continue
            counter = Booking.objects.create(
                case=case,
                period=period,
                kind=BookingKind.INCOME,
                account_code=ADVANCE,
                counterparty=one.booking.counterparty,
                amount=amount,
                currency=one.booking.currency,
                source=f"set off against decision {number}",
                booked_at=now,
            )
            SetOff.objects.create(advance=advance, booking=one.booking, counter=counter, amount=amount)
            one.left, left = one.left - amount, left - amount
            done.append([str(advance.id), amount])
    return done


def open_of(advance: Advance) -> int:
    """What of an advance is not set off (minor units)."""
    return advance.amount - sum(s.amount for s in open_set_offs(SetOff.objects.filter(advance=advance)))


def orders_in_force(case: UUID, month: date) -> list[DirectPayment]:
    """The orders of direct payment of a case that cover the month, oldest first."""
    found = DirectPayment.objects.select_related("payee").filter(case_id=case, since__lte=month)
    return list(found.filter(Q(until=None) | Q(until__gt=month)).order_by("since", "id"))


def new_payment(case: Case, period: Period, amount: int, currency: str, on: date, **to: Any) -> Payment:
    key = uuid7()
    trouble = to.pop("trouble")
    return Payment(
        id=key,
        case=case,
        period=period,
        amount=amount,
        currency=currency,
        pay_on=on,
        reference=key.hex,  # the end-to-end reference: 32 characters
        state=PaymentState.BLOCKED if trouble else PaymentState.PLANNED,
        blocked_reason=trouble,
        **to,
    )


def _settled(payment: Payment, open_: Iterable[_Open]) -> list[Settlement]:
    """Let the payment settle the bookings, the first ones first."""
    found, left = [], payment.amount
    for one in open_:
        amount = min(left, one.left)
        if amount:
            found.append(Settlement(payment=payment, booking=one.booking, amount=amount))
            one.left, left = one.left - amount, left - amount
    return found


def paid_to(person: Person, now: datetime) -> dict[str, Any]:
    """How a person is paid today: account, or slip to her address; `trouble` says why it can't be."""
    today = acting_door().the_tenant.today(now)
    account = account_on(person.id, today)
    told: dict[str, Any] = {
        "payee": person,
        "payee_name": full_name(person),
        "account_kind": account.kind if account else Way.BBAN,
        "clearing": account.clearing if account else "",
        "account_number": account.number if account else "",
        "trouble": account_trouble(account),
    }
    if account is None and setting("payment_slips"):
        address = None if person.protection_level else address_on(person.id, today)
        if address is None or address.protection_level:
            return told | {"trouble": "no address"}
        post_to = {"lines": address.lines, "postcode": address.postcode, "city": address.city}
        return told | {
            "account_kind": Way.SLIP,
            "post_to": {**post_to, "country": address.country},
            "trouble": "",
        }
    return told


def _to_payee(order: DirectPayment) -> dict[str, Any]:
    payee = order.payee
    return {
        "direct": order,
        "payee_name": payee.name,
        "account_kind": payee.account_kind,
        "clearing": payee.clearing,
        "account_number": payee.account_number,
        "giro_reference": order.reference or None,
        "message": order.message or None,
        "trouble": payee_trouble(payee),
    }


def payee_trouble(payee: Payee) -> str:
    """Why nothing may be paid to a payee: "payee proposed" (not confirmed), "payee ended"; "" if it may."""
    return "" if payee.state == PayeeState.CONFIRMED else f"payee {payee.state}"


def account_trouble(account: Account | None) -> str:
    """Why nothing can be paid into an account: "no account", or the code of a certain fault; "" if it can."""
    if account is None:
        return "no account"
    faults = account_problems(account.kind, account.number, account.clearing)
    return next((f"{fault.field}: {fault.code}" for fault in faults if fault.certain), "")


def _locked(payment: UUID, version: int, by: Actor, now: datetime, *states: PaymentState) -> Payment:
    """A payment that this member may stop or let go, locked; Conflict unless it is as she saw it."""
    run = Payment.objects.filter(id=payment).values_list("run_id", flat=True).first()
    if run:
        Run.objects.select_for_update().get(id=run)  # runs first, as everybody who takes both
    found = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("payee", "direct__payee")
        .filter(id=payment)
        .first()
    )
    if found is None:
        raise Hidden("payment", payment)
    member = require_role(by, now, Role.PAYER, Role.CASEWORKER)
    if Role.PAYER not in member.roles:
        case_for_staff(found.case_id, by, now, Role.CASEWORKER)
    if found.version != version or found.state not in states:
        raise Conflict("payment", theirs=found.state)
    return found


@operation()
def unblock_payment(*, tenant: str | int, by: Actor, now: datetime, payment: UUID, version: int) -> Done[Payment]:
    """Plan a blocked payment again, to the account that its payee has by now; NotPossible("no account"), for a
    company ("payee")."""
    found = _locked(payment, version, by, now, PaymentState.BLOCKED)
    _plan_again(found, now)
    return Done(found, PaymentUnblocked(subject=found.case_id, payload={"payment": str(found.id)}))


def _plan_again(found: Payment, now: datetime) -> None:
    if found.direct is not None:
        to = _to_payee(found.direct)
        if to.pop("trouble"):
            raise NotPossible("payee")
    else:
        assert found.payee is not None
        to = paid_to(found.payee, now)
        if to.pop("trouble"):
            raise NotPossible("no account")
    for name, value in to.items():
        setattr(found, name, value)
    found.state, found.blocked_reason = PaymentState.PLANNED, ""
    found.pay_on, found.version = max(found.pay_on, first_pay_day(now)), found.version + 1
    found.save()


@operation()
def hold_payment(
    *, tenant: str | int, by: Actor, now: datetime, payment: UUID, version: int, reason: str
) -> Done[Payment]:
    """Stop one payment whose file has not left: it stays owed, and can be resumed. Out of a reserved run it is
    taken, with its amount. NotPossible("reason"); ("paid") once its run is released."""
    if not reason.strip():
        raise NotPossible("reason")
    found = _locked(payment, version, by, now, PaymentState.PLANNED, PaymentState.RESERVED)
    if found.run is not None:
        if found.run.state != RunState.RESERVED:
            raise NotPossible("paid")
        _take_out(found, found.run)
    found.state, found.blocked_reason, found.version = PaymentState.HELD, reason.strip()[:200], found.version + 1
    found.save()
    payload = {"payment": str(found.id), "reason": found.blocked_reason}
    return Done(found, PaymentHeld(subject=found.case_id, payload=payload))


def _take_out(payment: Payment, run: Run) -> None:
    run.payments, run.total, run.version = run.payments - 1, run.total - payment.amount, run.version + 1
    if not run.payments:
        run.state = RunState.CANCELLED
    run.save(update_fields=["payments", "total", "state", "version"])
    payment.run = None


@operation()
def resume_payment(*, tenant: str | int, by: Actor, now: datetime, payment: UUID, version: int) -> Done[Payment]:
    """Let a payment go that somebody has stopped, to the account that its payee has by now."""
    found = _locked(payment, version, by, now, PaymentState.HELD)
    _plan_again(found, now)
    return Done(found, PaymentResumed(subject=found.case_id, payload={"payment": str(found.id)}))


def granted_for(period: UUID) -> int:
    """What is booked of decisions for a period, counter-bookings counted (minor units)."""
    found = Booking.objects.filter(period_id=period, decision_line__isnull=False).aggregate(sum=Sum("amount"))
    return found["sum"] or 0
