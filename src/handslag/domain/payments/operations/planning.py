"""What a decision grants is booked and planned: set off, split by payee, stopped and resumed one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import require_worked_here
from handslag.domain.decisions.models import Decision, DecisionLine
from handslag.domain.decisions.operations import facts_of
from handslag.domain.decisions.queries import instalments_in
from handslag.domain.entitlement.queries import stored_calculation
from handslag.domain.payments.models import (
    Advance,
    Booking,
    DirectPayment,
    KeptBack,
    Payee,
    Payment,
    RecoveryLine,
    Run,
    SetOff,
    Settlement,
)
from handslag.domain.payments.operations.account import counter_booking, open_set_offs, standing_settlements
from handslag.domain.payments.policies import bank_trouble, first_pay_day, pay_day
from handslag.domain.payments.queries import (
    CLAIMED,
    OVERPAID,
    advances_awaited,
    came_back,
    claim_of,
    claimed_too_much,
    kept_back_in,
    owed_of,
    restitution_in,
    uncovered_of,
)
from handslag.domain.payments.states import (
    BY_BANK,
    SECOND_PERSON,
    UNSAID,
    BookingKind,
    PayeeState,
    PaymentState,
    RunState,
    Way,
    by_bank,
)
from handslag.domain.people.models import Person
from handslag.domain.people.queries import account_on, address_on, full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month

#: Account codes of the case account; the tenant's chart of accounts maps them.
SUPPORT, ADVANCE, RETURNED = "forsorjningsstod", "forskott", "retur"


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


class PaymentRedirected(Event):
    """It goes to somebody else than it was planned for, who can be paid."""

    kind = "payment redirected"


@dataclass
class _Open:
    """A booking, with what of it is neither set off nor planned yet (minor units)."""

    booking: Booking
    left: int


@operation()
def plan_payments(*, tenant: str | int, by: Actor, now: datetime, decision: UUID) -> Done[list[Payment]]:
    """Book what a decision grants, line by line, and plan how it is paid.

    First an advance on the same month that may leave is set off, as a booking of its own, and in Switzerland what the
    sheet keeps back for a claim goes towards it: NotPossible("instalments since") where the sheet rests on another
    instalment, or on another rest of the claim, than holds now. Then the orders of direct
    payment that are in force in that month are paid, oldest first, each in full: one that doesn't fit into what is
    left is not paid by the office (`uncovered` in the event; a task asks the caseworker). The rest goes to the
    applicant.
    Whatever can't be paid as it stands is planned as blocked, with the reason: nothing is lost.

    Where it replaces another decision, that one's bookings are countered, and what is planned or was paid for them
    counts for the new ones: only the difference is paid, what somebody has stopped stays stopped, and an order whose
    money somebody has let go elsewhere isn't paid for that month. If that is more than is granted now, what hasn't left
    yet is planned anew, and what has left beyond it is booked as such. That, and what of an advance isn't covered by
    what is granted, is `overpaid` in the event (how much). Nothing is claimed back: a person is asked what becomes of
    it; and so she is where less is beyond it now than stands claimed (`claimed_too_much`). What she has paid back
    already doesn't count for the new decision (`paid_back`): so much stays booked as beyond it, and what is granted is
    paid to her. Where not as much has left, its money having come back from the bank, the rest of that is hers too.
    """
    found = Decision.objects.select_related("case__applicant", "period").get(id=decision)
    case, period = found.case, found.period
    if case.legal_order == "ch" and facts_of(found.sheet).restitution != restitution_in(period):
        raise NotPossible("instalments since")
    locked = locked_for(period) if found.replaces_id else {}
    earlier = _earlier(found)
    kept_before = kept_back_in(period) if found.replaces_id else []
    parts = parts_of(earlier, locked)
    for booking in earlier:
        counter_booking(booking, f"replaced by decision {found.number}", now)
        for row in open_set_offs(SetOff.objects.filter(booking=booking)):
            counter_booking(row.counter, f"replaced by decision {found.number}", now)
    for kept_row in kept_before:
        counter_booking(kept_row.counter, f"replaced by decision {found.number}", now)
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
    back = came_back(found) if found.replaces_id else 0
    gone = sum(part.amount for part in parts if has_left(part.payment))
    set_off, aside = _set_off(case, period, open_, max(0, back - gone), found.number, now)
    kept_back = _keep_back(found, open_, now)
    held = {part.payment.direct_id: part.payment.blocked_reason for part in parts if part.payment.state == "held"}
    kept, stopped, runs = fitting(parts, min(gone, back - aside) + sum(one.left for one in open_))
    overpaid, due = _carry(kept, open_, back - aside, found, now)
    payments: list[Payment] = []
    settlements: list[Settlement] = []
    uncovered: list[str] = []
    on = pay_day(period.since, first_pay_day(now), acting_door().the_tenant.country, int(setting("payment_day")))
    done = {str(part.payment.direct_id) for part in kept}
    done |= let_go_elsewhere(locked.values())
    for order in orders_in_force(case.id, period.since):
        if str(order.id) in done:
            continue
        if order.amount > sum(one.left for one in open_):
            uncovered.append(str(order.id))
            continue
        payment = new_payment(case, period, order.amount, found.currency, on, **_to_payee(order))
        payments.append(payment)
        settlements += _settled(payment, open_)
    if rest := due + sum(one.left for one in open_):
        payment = new_payment(case, period, rest, found.currency, on, **paid_to(case.applicant, now))
        payments.append(payment)
        settlements += _settled(payment, open_)
        if due:
            booking = book_beyond(payment, due, f"paid back before decision {found.number}", now)
            settlements.append(Settlement(payment=payment, booking=booking, amount=due))
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
        "runs": runs,
        "paid_back": back,
        "overpaid": overpaid + uncovered_of(period) - aside,
        "claimed_too_much": sum(claimed_too_much(case.id).values()) if found.replaces_id else 0,
        **({"kept_back": kept_back} if kept_back else {}),
    }
    return Done(payments, PaymentsPlanned(subject=case.id, payload=payload))


def let_go_elsewhere(payments: Iterable[Payment]) -> set[str]:
    """The orders whose money for a month somebody has let go elsewhere, of all its payments: by which each was planned,
    and over which it went on from there; but for an order that has a payment of its own beside that."""
    moved = [(list(one.redirected_from or ()), str(one.direct_id)) for one in payments]
    own = {before[0] if before else to for before, to in moved}
    return {
        order
        for before, to in moved
        for place, order in enumerate(before)
        if order != to and (place == 0 or order not in own)
    }


def _earlier(decision: Decision) -> list[Booking]:
    """The standing bookings that a decision takes the place of: those of the lines that its own replace, and what was
    booked as paid beyond an earlier one."""
    if decision.replaces_id is None:
        return []
    lines = DecisionLine.objects.filter(decision=decision, replaces__isnull=False).values("replaces_id")
    standing = Booking.objects.filter(period_id=decision.period_id, reverses=None)
    standing = standing.exclude(id__in=Booking.objects.filter(reverses__isnull=False).values("reverses_id"))
    return list(standing.filter(Q(decision_line__in=lines) | Q(account_code=OVERPAID)).order_by("id"))


def locked_for(period: Period) -> dict[UUID, Payment]:
    """The payments of a period, locked behind their runs. Conflict if a run takes one of them at this moment."""
    return locked_payments(Payment.objects.filter(period=period))


def locked_payments(wanted: QuerySet[Payment]) -> dict[UUID, Payment]:
    """These payments, likewise."""
    behind = wanted.filter(run__isnull=False).values("run_id")
    runs = {run.id: run for run in Run.objects.select_for_update().filter(id__in=behind).order_by("id")}
    payments = {payment.id: payment for payment in wanted.select_for_update().order_by("id")}
    for payment in payments.values():
        if payment.run_id is not None:
            if payment.run_id not in runs:
                raise Conflict("payment", theirs=payment.state)
            payment.run = runs[payment.run_id]
    return payments


def parts_of(bookings: list[Booking], payments: dict[UUID, Payment]) -> list[Settlement]:
    """What is planned or was paid for these bookings, oldest first: the standing settlements of payments that live.
    Conflict if the bank's answer has made another payment at this moment."""
    found = Settlement.objects.select_related("booking").filter(booking__in=bookings)
    parts = list(standing_settlements(found).order_by("id"))
    for part in parts:
        if part.payment_id not in payments:
            raise Conflict("payment")
        part.payment = payments[part.payment_id]
    return [part for part in parts if part.payment.state not in (PaymentState.STOPPED, PaymentState.REJECTED)]


def has_left(payment: Payment) -> bool:
    """Whether nobody here can keep the money back any more: its run's file is written, or may have been before this
    installation was restored."""
    if payment.run is None or payment.run.state == RunState.RESERVED:
        return False
    return payment.run.state == RunState.SENT or bool(setting("payments_held"))


def fitting(parts: list[Settlement], owed: int) -> tuple[list[Settlement], list[Payment], list[str]]:
    """Which of the parts stay, so that no more than `owed` is paid beside what has left; the payments stopped, and the
    released runs that they were taken out of. What waits of what she has paid back is planned anew in any case."""
    waits = any(part.booking.account_code == OVERPAID and not has_left(part.payment) for part in parts)
    if not waits and sum(part.amount for part in parts) <= owed:
        return parts, [], []
    stopped = {part.payment_id: part.payment for part in parts if not has_left(part.payment)}
    runs: list[str] = []
    for payment in stopped.values():
        if payment.run is not None:
            runs += taken_out(payment)
        payment.state, payment.version = PaymentState.STOPPED, payment.version + 1
        payment.save(update_fields=["state", "run", "version"])
    return [part for part in parts if part.payment_id not in stopped], list(stopped.values()), runs


def _carry(
    parts: list[Settlement], open_: list[_Open], back: int, decision: Decision, now: datetime
) -> tuple[int, int]:
    """Let the parts settle the new bookings, the first ones first, but for what has left and was paid `back`. That, and
    what doesn't fit, is booked as paid beyond the decision, a booking for each payment. Gives how much doesn't fit, and
    what was paid back and hasn't left (minor units)."""
    carried: list[Settlement] = []
    over: dict[UUID, list[Settlement]] = {}
    beyond = 0
    for part in parts:
        aside = min(back, part.amount) if has_left(part.payment) else 0
        back, left = back - aside, part.amount - aside
        for one in open_:
            if amount := min(left, one.left):
                carried.append(Settlement(payment=part.payment, booking=one.booking, amount=amount, replaces=part))
                one.left, left = one.left - amount, left - amount
        beyond += left
        if left + aside:
            rest = Settlement(payment=part.payment, amount=left + aside, replaces=part)
            over.setdefault(part.payment_id, []).append(rest)
    for found in over.values():
        source = f"paid beyond decision {decision.number}"
        booking = book_beyond(found[0].payment, sum(row.amount for row in found), source, now)
        for row in found:
            row.booking = booking
        carried += found
    Settlement.objects.bulk_create(carried)
    return beyond, back


def book_beyond(payment: Payment, amount: int, source: str, now: datetime) -> Booking:
    """Book so much of a payment (minor units) as beyond what is granted."""
    return Booking.objects.create(
        case_id=payment.case_id,
        period_id=payment.period_id,
        person_id=payment.payee_id,
        kind=BookingKind.EXPENSE,
        account_code=OVERPAID,
        counterparty=payment.payee_name,
        amount=amount,
        currency=payment.currency,
        source=source,
        booked_at=now,
    )


def _set_off(
    case: Case, period: Period, open_: list[_Open], back: int, number: str, now: datetime
) -> tuple[list[list[Any]], int]:
    """Set the advances on this month off against what is granted for it: [advance, amount] each; but for what of them
    was paid `back`: how much (minor units). One that no second person has confirmed is nothing yet, and isn't set off.
    """
    aside = 0
    done: list[list[Any]] = []
    given = list(Advance.objects.select_related("booking").filter(case=case, period=period).order_by("id"))
    awaited = advances_awaited(case.id) if given else set()
    for advance in (one for one in given if one.id not in awaited):
        if Booking.objects.filter(reverses=advance.booking).exists():
            continue
        left = open_of(advance)
        kept = min(left, back - aside)
        aside, left = aside + kept, left - kept
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
    return done, aside


def _keep_back(decision: Decision, open_: list[_Open], now: datetime) -> int:
    """Let so much of what is granted go towards the claim as its sheet says, never more than is left of either: its
    oldest month first, each part an income of its own. How much (minor units)."""
    if decision.case.legal_order != "ch":
        return 0
    left = stored_calculation(decision.sheet).totals.get("RestitutionSum", 0)
    if not left:
        return 0
    number = facts_of(decision.sheet).restitution.order
    order = next(
        one for one in instalments_in(decision.case_id, Month.of(decision.period.since)) if one.number == number
    )
    owed, done = owed_of(claim_of(order)), 0
    for line in RecoveryLine.objects.filter(id__in=owed).order_by("period__since"):
        for one in open_:
            part = min(left, one.left, owed[line.id])
            if not part:
                continue
            counter = Booking.objects.create(
                case=decision.case,
                period_id=line.period_id,
                person_id=order.person_id,
                kind=BookingKind.INCOME,
                account_code=CLAIMED,
                counterparty=full_name(order.person),
                amount=part,
                currency=decision.currency,
                recovery_line=line,
                source=f"kept back by decision {decision.number}",
                booked_at=now,
            )
            KeptBack.objects.create(order=order, booking=one.booking, counter=counter, amount=part)
            one.left, left, owed[line.id], done = one.left - part, left - part, owed[line.id] - part, done + part
    return done


def open_of(advance: Advance) -> int:
    """What of an advance is not set off (minor units)."""
    return advance.amount - sum(s.amount for s in open_set_offs(SetOff.objects.filter(advance=advance)))


def orders_in_force(case: UUID, month: date) -> list[DirectPayment]:
    """The orders of direct payment of a case that cover the month, oldest first."""
    found = DirectPayment.objects.select_related("payee").filter(case_id=case, since__lte=month)
    return list(found.filter(Q(until=None) | Q(until__gt=month)).order_by("since", "id"))


def new_payment(case: Case, period: Period, amount: int, currency: str, on: date, **to: Any) -> Payment:
    """A payment to where `to` says, planned for a day; blocked for its `trouble`, if the bank can't be told, or while
    nobody has looked at an account that it refused."""
    key = uuid7()
    trouble = to.pop("trouble")
    payment = Payment(
        id=key,
        case=case,
        period=period,
        amount=amount,
        currency=currency,
        pay_on=on,
        reference=key.hex,  # the end-to-end reference: 32 characters
        **to,
    )
    payment.blocked_reason = trouble or bank_trouble(payment) or unlooked(payment)
    payment.state = PaymentState.BLOCKED if payment.blocked_reason else PaymentState.PLANNED
    return payment


def unlooked(payment: Payment) -> str:
    """What the bank said of the account of a payment, in its case, where nobody has looked at that since: money waits
    blocked for it, or has since been stopped or never owed again; "" if nothing stands against it."""
    earlier = Payment.objects.filter(
        case_id=payment.case_id,
        account_kind=payment.account_kind,
        clearing=payment.clearing,
        account_number=payment.account_number,
    ).exclude(id=payment.id)
    if payment.account_kind == Way.SLIP:
        earlier = earlier.filter(post_to=payment.post_to)
    newest = None
    for newest in earlier.order_by("id"):
        if newest.state == PaymentState.BLOCKED and by_bank(newest.blocked_reason):
            return newest.blocked_reason
    if newest is not None and newest.state in BY_BANK:
        return newest.state
    return newest.blocked_reason if newest and newest.state == "stopped" and by_bank(newest.blocked_reason) else ""


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
    """How a person is paid today: account, or slip to her address; `trouble` says why it can't be. In Switzerland her
    address goes with it, where nothing of it is protected."""
    today = acting_door().the_tenant.today(now)
    account = account_on(person.id, today)
    told: dict[str, Any] = {
        "payee": person,
        "payee_name": full_name(person),
        "account_kind": account.kind if account else Way.BBAN,
        "clearing": account.clearing if account else "",
        "account_number": account.number if account else "",
        "trouble": "" if account else "no account",
    }
    if account is not None and acting_door().the_tenant.country == "CH" and not person.protection_level:
        lives = address_on(person.id, today)
        if lives is not None and not lives.protection_level and lives.city:
            post_to = {"lines": lives.lines, "postcode": lives.postcode, "city": lives.city, "country": lives.country}
            return told | {"post_to": post_to}
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
    """Plan a blocked payment again, to the account and name that its payee has by now; NotPossible("no account"), for a
    company ("payee"), for what the bank's file still can't say (UNSAID), for an advance that no second person has
    confirmed ("second person")."""
    found = _locked(payment, version, by, now, PaymentState.BLOCKED)
    if found.blocked_reason == SECOND_PERSON:
        raise NotPossible(SECOND_PERSON)
    plan_again(found, now)
    return Done(found, PaymentUnblocked(subject=found.case_id, payload={"payment": str(found.id)}))


def plan_again(found: Payment, now: datetime) -> None:
    """Plan a payment that was stopped or blocked to where its payee is paid by now; NotPossible where that can't be."""
    if found.direct is not None:
        _goes_to(found, _to_payee(found.direct), "payee")
    else:
        assert found.payee is not None
        _goes_to(found, paid_to(found.payee, now), "no account")
    found.state, found.blocked_reason = PaymentState.PLANNED, ""
    found.pay_on, found.version = max(found.pay_on, first_pay_day(now)), found.version + 1
    found.save()


def _goes_to(found: Payment, to: dict[str, Any], refusal: str) -> None:
    """Let a payment go to where `to` says; NotPossible with this code, or with what the bank's file can't say."""
    for name, value in {"giro_reference": None, "message": None, "post_to": None, **to}.items():
        if name != "trouble":
            setattr(found, name, value)
    if to["trouble"]:
        raise NotPossible(refusal)
    if trouble := bank_trouble(found):
        raise NotPossible(trouble if trouble in UNSAID else "no account")


@operation()
def redirect_payment(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    payment: UUID,
    version: int,
    order: UUID | None,
    reason: str,
) -> Done[Payment]:
    """Where a payment to a company is blocked or stopped, a caseworker lets it go to the applicant herself (`order`
    None), or by another order of the case for that month. The reason is kept in the event.

    NotPossible: ("why redirected") without a reason, ("payee"), ("no account"), or what the bank's file can't say.
    """
    if not reason.strip():
        raise NotPossible("why redirected")
    found = _locked(payment, version, by, now, PaymentState.BLOCKED, PaymentState.HELD)
    case, _ = case_for_staff(found.case_id, by, now, Role.CASEWORKER)
    require_worked_here(case)
    orders = {one.id: one for one in orders_in_force(case.id, found.period.since)}
    if found.direct_id is None or (order is not None and order not in orders):
        raise Hidden("payment", payment)
    found.redirected_from = [*(found.redirected_from or []), str(found.direct_id)]
    found.direct = orders[order] if order else None
    found.payee = None if order else case.applicant
    plan_again(found, now)
    payload = {"payment": str(found.id), "order": str(order) if order else None, "reason": reason.strip()[:200]}
    return Done(found, PaymentRedirected(subject=case.id, payload=payload))


@operation()
def follow_account(*, tenant: str | int, by: Actor, now: datetime, person: UUID) -> Done[list[Payment]]:
    """What is planned to a person and in no run yet goes to the account, and under the name, that she has by now; so
    does what was blocked because she had none, or because the bank's file couldn't say her name. What the file can't
    say of another account, or the bank refused there, is blocked; of the same account it stays as it is.
    NotPossible("nothing follows")."""
    to = paid_to(Person.objects.get(id=person), now)
    found = followed(person).select_for_update(of=("self",)).order_by("id")
    moved: dict[UUID, list[Payment]] = {}
    for payment in found:
        account = payment.account_kind, payment.clearing, payment.account_number
        same = account == (to["account_kind"], to["clearing"], to["account_number"])
        try:
            _goes_to(payment, to, "no account")
        except NotPossible as refusal:
            if same:
                continue
            trouble = refusal.code
        else:
            trouble = "" if same else unlooked(payment)
        if payment.state == PaymentState.BLOCKED:
            payment.pay_on = max(payment.pay_on, first_pay_day(now))
        payment.state = PaymentState.BLOCKED if trouble else PaymentState.PLANNED
        payment.blocked_reason = trouble
        payment.version += 1
        payment.save()
        moved.setdefault(payment.case_id, []).append(payment)
    if not moved:
        raise NotPossible("nothing follows")
    events = [
        AccountFollowed(
            subject=case,
            payload={
                "payments": [str(one.id) for one in rows],
                "blocked": [str(one.id) for one in rows if one.state == PaymentState.BLOCKED],
            },
        )
        for case, rows in moved.items()
    ]
    return Done([one for rows in moved.values() for one in rows], *events)


def followed(person: UUID) -> QuerySet[Payment]:
    """What goes to a person and follows her account and name: planned and in no run, or blocked for one of the two."""
    found = Payment.objects.filter(payee_id=person, direct=None, run=None)
    blocked = Q(state=PaymentState.BLOCKED, blocked_reason__in=["bank name", "no account", "no address"])
    return found.filter(Q(state=PaymentState.PLANNED) | blocked)


@operation()
def hold_payment(
    *, tenant: str | int, by: Actor, now: datetime, payment: UUID, version: int, reason: str
) -> Done[Payment]:
    """Stop one payment whose file isn't written: it stays owed, and can be resumed. Out of a run it is taken, with its
    amount; the file of a released run is then written without it.

    NotPossible("reason"); ("paid") once the run's file is written; ("payments held") out of a released run of an
    installation that was restored: its file may have left before that.
    """
    if not reason.strip():
        raise NotPossible("reason")
    found = _locked(payment, version, by, now, PaymentState.PLANNED, PaymentState.RESERVED, PaymentState.SENT)
    if found.state == PaymentState.SENT:
        raise NotPossible("paid")
    runs = taken_out(found) if found.run is not None else []
    found.state, found.blocked_reason, found.version = PaymentState.HELD, reason.strip()[:200], found.version + 1
    found.save()
    payload = {"payment": str(found.id), "reason": found.blocked_reason, "runs": runs}
    return Done(found, PaymentHeld(subject=found.case_id, payload=payload))


def require_here(payments: Sequence[UUID]) -> None:
    """Payments of a released run whose file isn't written may be taken out of it. NotPossible("payments held") while
    this installation was restored, ("paid") for what was booked as having left beyond a decision since."""
    if setting("payments_held"):
        raise NotPossible("payments held")
    of_these = standing_settlements(Settlement.objects.filter(payment_id__in=payments))
    if of_these.filter(booking__account_code=OVERPAID, replaces__isnull=False).exists():
        raise NotPossible("paid")


def taken_out(payment: Payment) -> list[str]:
    """Take a payment out of its run, which is locked and whose file isn't written. Gives the run if it was released:
    its file is to be written without it, or not at all."""
    run = payment.run
    assert run is not None
    released = run.state == RunState.RELEASED
    if released:
        require_here([payment.id])
    run.payments, run.total, run.version = run.payments - 1, run.total - payment.amount, run.version + 1
    if not run.payments:
        run.state = RunState.CANCELLED
    run.save(update_fields=["payments", "total", "state", "version"])
    payment.run = None
    return [str(run.id)] if released else []


@operation()
def resume_payment(*, tenant: str | int, by: Actor, now: datetime, payment: UUID, version: int) -> Done[Payment]:
    """Let a payment go that somebody has stopped, to the account that its payee has by now."""
    found = _locked(payment, version, by, now, PaymentState.HELD)
    plan_again(found, now)
    return Done(found, PaymentResumed(subject=found.case_id, payload={"payment": str(found.id)}))
