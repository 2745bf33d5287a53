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
from handslag.domain.payments.operations.account import counter_booking, open_set_offs, standing_settlements
from handslag.domain.payments.policies import first_pay_day, pay_day
from handslag.domain.payments.queries import claimed_too_much
from handslag.domain.payments.states import SECOND_PERSON, BookingKind, PayeeState, PaymentState, RunState, Way
from handslag.domain.people.accounts import account_problems
from handslag.domain.people.models import Account, Person
from handslag.domain.people.queries import account_on, address_on, full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7

#: Account codes of the case account; the tenant's chart of accounts maps them.
SUPPORT, ADVANCE, RETURNED, OVERPAID = "forsorjningsstod", "forskott", "retur", "felutbetalt"


class PaymentsPlanned(Event):
    kind = "payments planned"


class PaymentUnblocked(Event):
    kind = "payment unblocked"


class AccountFollowed(Event):
    """Planned payments go to the account that their payee has by now."""

    kind = "account followed"


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

    Where it replaces another decision, that one's bookings are countered, and what is planned or was paid for them
    counts for the new ones: only the difference is paid, and what somebody has stopped stays stopped. If that is more
    than is granted now, what hasn't left yet is planned anew, and what has left beyond it is booked as such
    (`overpaid` in the event: how much). Nothing is claimed back: a person is asked what becomes of it; and so she is
    where less is beyond it now than stands claimed (`claimed_too_much`).
    """
    found = Decision.objects.select_related("case__applicant", "period").get(id=decision)
    case, period = found.case, found.period
    locked = _locked_for(period) if found.replaces_id else {}
    earlier = _earlier(found)
    parts = _parts_of(earlier, locked)
    for booking in earlier:
        counter_booking(booking, f"replaced by decision {found.number}", now)
        for row in open_set_offs(SetOff.objects.filter(booking=booking)):
            counter_booking(row.counter, f"replaced by decision {found.number}", now)
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
    held = {part.payment.direct_id: part.payment.blocked_reason for part in parts if part.payment.state == "held"}
    kept, stopped = _fitting(parts, sum(one.left for one in open_))
    overpaid = _carry(kept, open_, found, now)
    payments: list[Payment] = []
    settlements: list[Settlement] = []
    uncovered: list[str] = []
    on = pay_day(period.since, first_pay_day(now), acting_door().the_tenant.country, int(setting("payment_day")))
    paid = {part.payment.direct_id for part in kept}
    for order in orders_in_force(case.id, period.since):
        if order.id in paid:
            continue
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
    for payment in payments:
        if payment.direct_id in held:
            payment.state, payment.blocked_reason = PaymentState.HELD, held[payment.direct_id]
    Payment.objects.bulk_create(payments)
    Settlement.objects.bulk_create(settlements)
    payload: dict[str, Any] = {
        "decision": str(found.id),
        "payments": [[str(p.id), p.amount, p.pay_on.isoformat(), p.state] for p in payments],
        "set_off": set_off,
        "uncovered": uncovered,
        "stopped": [str(payment.id) for payment in stopped],
        "overpaid": overpaid,
        "claimed_too_much": sum(claimed_too_much(case.id).values()) if found.replaces_id else 0,
    }
    return Done(payments, PaymentsPlanned(subject=case.id, payload=payload))


def _earlier(decision: Decision) -> list[Booking]:
    """The standing bookings that a decision takes the place of: those of the lines that its own replace, and what was
    booked as paid beyond an earlier one."""
    if decision.replaces_id is None:
        return []
    lines = DecisionLine.objects.filter(decision=decision, replaces__isnull=False).values("replaces_id")
    standing = Booking.objects.filter(period_id=decision.period_id, reverses=None)
    standing = standing.exclude(id__in=Booking.objects.filter(reverses__isnull=False).values("reverses_id"))
    return list(standing.filter(Q(decision_line__in=lines) | Q(account_code=OVERPAID)).order_by("id"))


def _locked_for(period: Period) -> dict[UUID, Payment]:
    """The payments of a period, locked behind their runs. Conflict if a run takes one of them at this moment."""
    wanted = Payment.objects.filter(period=period)
    behind = wanted.filter(run__isnull=False).values("run_id")
    runs = {run.id: run for run in Run.objects.select_for_update().filter(id__in=behind).order_by("id")}
    payments = {payment.id: payment for payment in wanted.select_for_update().order_by("id")}
    for payment in payments.values():
        if payment.run_id is not None:
            if payment.run_id not in runs:
                raise Conflict("payment", theirs=payment.state)
            payment.run = runs[payment.run_id]
    return payments


def _parts_of(bookings: list[Booking], payments: dict[UUID, Payment]) -> list[Settlement]:
    """What is planned or was paid for these bookings, oldest first: the standing settlements of payments that live.
    Conflict if the bank's answer has made another payment at this moment."""
    parts = list(standing_settlements(Settlement.objects.filter(booking__in=bookings)).order_by("id"))
    for part in parts:
        if part.payment_id not in payments:
            raise Conflict("payment")
        part.payment = payments[part.payment_id]
    return [part for part in parts if part.payment.state not in (PaymentState.STOPPED, PaymentState.REJECTED)]


def _has_left(payment: Payment) -> bool:
    """Whether nobody here can keep the money back any more: its run is released."""
    return payment.run is not None and payment.run.state != RunState.RESERVED


def _fitting(parts: list[Settlement], owed: int) -> tuple[list[Settlement], list[Payment]]:
    """Which of the parts stay, so that no more than `owed` is paid beside what has left; and the payments stopped."""
    if sum(part.amount for part in parts) <= owed:
        return parts, []
    stopped = {part.payment_id: part.payment for part in parts if not _has_left(part.payment)}
    for payment in stopped.values():
        if payment.run is not None:
            _take_out(payment, payment.run)
        payment.state, payment.version = PaymentState.STOPPED, payment.version + 1
        payment.save(update_fields=["state", "run", "version"])
    return [part for part in parts if part.payment_id not in stopped], list(stopped.values())


def _carry(parts: list[Settlement], open_: list[_Open], decision: Decision, now: datetime) -> int:
    """Let the parts settle the new bookings, the first ones first. What doesn't fit is booked as paid beyond the
    decision, a booking for each payment; gives how much that is (minor units)."""
    carried: list[Settlement] = []
    over: dict[UUID, list[Settlement]] = {}
    for part in parts:
        left = part.amount
        for one in open_:
            if amount := min(left, one.left):
                carried.append(Settlement(payment=part.payment, booking=one.booking, amount=amount, replaces=part))
                one.left, left = one.left - amount, left - amount
        if left:
            rest = Settlement(payment=part.payment, amount=left, replaces=part)
            over.setdefault(part.payment_id, []).append(rest)
    for found in over.values():
        payment = found[0].payment
        booking = Booking.objects.create(
            case=decision.case,
            period=decision.period,
            person_id=payment.payee_id,
            kind=BookingKind.EXPENSE,
            account_code=OVERPAID,
            counterparty=payment.payee_name,
            amount=sum(row.amount for row in found),
            currency=decision.currency,
            source=f"paid beyond decision {decision.number}",
            booked_at=now,
        )
        for beyond in found:
            beyond.booking = booking
        carried += found
    Settlement.objects.bulk_create(carried)
    return sum(row.amount for found in over.values() for row in found)


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
    company ("payee"), for an advance that no second person has confirmed ("second person")."""
    found = _locked(payment, version, by, now, PaymentState.BLOCKED)
    if found.blocked_reason == SECOND_PERSON:
        raise NotPossible(SECOND_PERSON)
    plan_again(found, now)
    return Done(found, PaymentUnblocked(subject=found.case_id, payload={"payment": str(found.id)}))


def plan_again(found: Payment, now: datetime) -> None:
    """Plan a payment that was stopped or blocked to where its payee is paid by now; NotPossible where that can't be."""
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
def follow_account(*, tenant: str | int, by: Actor, now: datetime, person: UUID) -> Done[list[Payment]]:
    """What is planned to a person and in no run yet goes to the account that she has by now. For who has something
    planned."""
    to = {"post_to": None, **paid_to(Person.objects.get(id=person), now)}
    if to.pop("trouble"):
        raise NotPossible("no account")
    planned = Payment.objects.select_for_update(of=("self",)).filter(
        payee_id=person, direct=None, state=PaymentState.PLANNED, run=None
    )
    moved: dict[UUID, list[Payment]] = {}
    for payment in planned.order_by("id"):
        for name, value in to.items():
            setattr(payment, name, value)
        payment.version += 1
        payment.save()
        moved.setdefault(payment.case_id, []).append(payment)
    events = [
        AccountFollowed(subject=case, payload={"payments": [str(one.id) for one in found]})
        for case, found in moved.items()
    ]
    return Done([one for found in moved.values() for one in found], *events)


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
    plan_again(found, now)
    return Done(found, PaymentResumed(subject=found.case_id, payload={"payment": str(found.id)}))


def granted_for(period: UUID) -> int:
    """What is booked of decisions for a period, counter-bookings counted (minor units)."""
    found = Booking.objects.filter(period_id=period, decision_line__isnull=False).aggregate(sum=Sum("amount"))
    return found["sum"] or 0
