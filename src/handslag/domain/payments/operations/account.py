"""The case account: money that came in, corrections by counter-bookings."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import F, QuerySet

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import period_of
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.queries import in_force
from handslag.domain.payments.models import Booking, KeptBack, OtherHelp, Payment, Return, SetOff, Settlement
from handslag.domain.payments.queries import CHART_CODES, OVERPAID, came_back
from handslag.domain.payments.states import BookingKind, PaymentState
from handslag.domain.people.names import stored_name
from handslag.domain.people.queries import household_on
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.ch.codes import COSTS, INCOMES


class IncomeBooked(Event):
    kind = "income booked"


class CaseBooked(Event):
    """An expense or income of a Swiss case is booked on an account."""

    kind = "case booked"


class BookingReversed(Event):
    kind = "booking reversed"


#: As much as a booking keeps of what it rests on.
LONGEST_REASON = 120
#: States of a payment in which no money is on its way, so that its booking may be countered.
STANDING = (PaymentState.PLANNED, PaymentState.BLOCKED, PaymentState.HELD, PaymentState.STOPPED, PaymentState.REJECTED)
#: States of a payment that leaves unless somebody stops it.
GOES = (PaymentState.PLANNED, PaymentState.BLOCKED, PaymentState.RESERVED)


@operation()
def book_income(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    period: UUID,
    account_code: str,
    counterparty: str,
    amount: int,
    source: str,
    person: UUID | None = None,
    key: UUID | None = None,
) -> Done[Booking]:
    """Book money that came in for a case. `amount` in minor units, more than 0; `source` says what it rests on;
    `person` whose it is, as an income of the sheet is (None: the household's). `key`: of the form; SentAlready the
    second time.

    NotPossible("amount"), ("source"), ("counterparty"), ("whose income") for somebody who doesn't live in the household
    in that month, ("account code") for one of the ledger's own, which other operations book; Hidden for a period that
    isn't the case's.
    """
    found, _ = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(Booking, key)
    month = Period.objects.filter(id=period, case=found).first()
    if month is None:
        raise Hidden("period", period)
    if account_code in CHART_CODES:
        raise NotPossible("account code")
    _lives_there(found, person, month)
    counterparty, source = said_of_income(amount, counterparty, source)
    booking = income_booking(row_id, found, period, account_code, counterparty, amount, source, now, person=person)
    payload = {"booking": str(booking.id), "amount": amount, "person": str(person) if person else None}
    return Done(booking, IncomeBooked(subject=found.id, payload=payload))


@operation()
def book(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    kind: BookingKind,
    month: Month,
    on: date,
    account_code: str,
    counterparty: str,
    amount: int,
    source: str,
    person: UUID | None = None,
    key: UUID | None = None,
) -> Done[Booking]:
    """Book what a Swiss case cost, or what came in for it, on one of the account codes of `rules/ch/codes.yaml`.
    `month`: which it belongs to; `on`: the day of the invoice or payment; `amount` in Rappen, more than 0; `person`
    whose it is (None: the household's); `source`: the evidence. `key`: of the form; SentAlready the second time.

    NotPossible: ("account code") for another country's case or an unknown code, ("month") before the case or after
    today, ("day") after today, ("whose income") for somebody who doesn't live in the household in that month,
    ("amount"), ("source"), ("counterparty"), ("booked already") for the same evidence, code, person and amount.
    """
    found, _ = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(Booking, key)
    row = case_booking(found, now, row_id, kind, month, on, account_code, counterparty, amount, source, person)
    payload = {
        "booking": str(row.id), "kind": str(kind), "account_code": account_code, "amount": amount, "on": str(on),
        "person": str(person) if person else None,
    }  # fmt: skip
    return Done(row, CaseBooked(subject=found.id, payload=payload))


def case_booking(
    found: Case,
    now: datetime,
    row_id: UUID,
    kind: BookingKind,
    month: Month,
    on: date,
    account_code: str,
    counterparty: str,
    amount: int,
    source: str,
    person: UUID | None = None,
) -> Booking:
    """The booking of `book`, of a case (locked) that somebody may book on; refused as there."""
    today = acting_door().the_tenant.today(now)
    codes = {BookingKind.EXPENSE: COSTS, BookingKind.INCOME: INCOMES}.get(kind, {})
    if found.legal_order != "ch" or account_code not in codes:
        raise NotPossible("account code")
    if month < Month.of(found.opened_on) or month > Month.of(today):
        raise NotPossible("month")
    if on > today:
        raise NotPossible("day")
    _lives_there(found, person, month)
    counterparty, source = said_of_income(amount, counterparty, source)
    told = {
        "case": found, "person_id": person, "kind": kind, "account_code": account_code, "amount": amount,
        "source": source, "period": period_of(found, month),
    }  # fmt: skip
    countered = Booking.objects.filter(reverses__isnull=False).values("reverses_id")
    if Booking.objects.filter(**told, reverses=None).exclude(id__in=countered).exists():
        raise NotPossible("booked already")
    currency = acting_door().the_tenant.currency
    return Booking.objects.create(
        **told, id=row_id, on=on, counterparty=counterparty, currency=currency, booked_at=now
    )


def _lives_there(case: Case, person: UUID | None, month: Period | Month) -> None:
    """NotPossible("whose income") for a person who doesn't live in the household of a case in that month."""
    living = household_on(case.household_id, month.since, month.until)
    if person is not None and person not in {one.person_id for one in living}:
        raise NotPossible("whose income")


def said_of_income(amount: int, counterparty: str, source: str) -> tuple[str, str]:
    """From whom money came in, and what that rests on, as they are kept. NotPossible("amount"), ("source"),
    ("counterparty") where something of it is missing."""
    counterparty, source = stored_name(counterparty), stored_name(source)
    if amount <= 0 or not source or not counterparty:
        raise NotPossible("amount" if amount <= 0 else "counterparty" if source else "source")
    return counterparty, source


def income_booking(
    key: UUID,
    case: Case,
    period: UUID,
    account_code: str,
    counterparty: str,
    amount: int,
    source: str,
    now: datetime,
    person: UUID | None = None,
) -> Booking:
    """Book money that came in, which no claim asked for (minor units)."""
    return Booking.objects.create(
        id=key,
        case=case,
        period_id=period,
        person_id=person,
        kind=BookingKind.INCOME,
        account_code=account_code,
        counterparty=counterparty,
        amount=amount,
        currency=acting_door().the_tenant.currency,
        source=source,
        booked_at=now,
    )


@operation()
def reverse_booking(*, tenant: str | int, by: Actor, now: datetime, booking: UUID, reason: str) -> Done[Booking]:
    """Correct a booking by its counter-booking. Not once a payment for it is reserved or sent: NotPossible("paid").

    NotPossible: ("source") without a reason, ("long reason"); ("decision") for what a decision granted, or what was
    paid beyond it, which only another decision changes; ("claim") for what is claimed back, which only waiving it
    lowers; ("set off") for the booking of an advance that is set off, and for a set-off by itself; ("returned") for
    money that came back; ("given back") for money that came in and is about to go out again, as a later decision grants
    it after all: somebody stops that payment first.
    """
    found = Booking.objects.filter(id=booking).first()
    if found is None:
        raise Hidden("booking", booking)
    reason = stored_name(reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise NotPossible("long reason" if reason else "source")
    case, _ = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    if found.reverses_id or Booking.objects.filter(reverses=found).exists():
        raise NotPossible("reversed")
    if found.decision_line_id or OtherHelp.objects.filter(booking=found).exists() or found.account_code == OVERPAID:
        raise NotPossible("decision")
    if found.kind == BookingKind.CLAIM:
        raise NotPossible("claim")
    if KeptBack.objects.filter(counter=found).exists():
        raise NotPossible("set off")
    if SetOff.objects.filter(counter=found).exists() or open_set_offs(SetOff.objects.filter(advance__booking=found)):
        raise NotPossible("set off")
    if Return.objects.filter(booking=found).exists():
        raise NotPossible("returned")
    settled = Payment.objects.select_for_update().filter(
        id__in=standing_settlements(Settlement.objects.filter(booking=found)).values("payment_id")
    )
    if any(p.state not in STANDING for p in settled):
        raise NotPossible("paid")
    settled.exclude(state=PaymentState.REJECTED).update(state=PaymentState.STOPPED, version=F("version") + 1)
    decision = in_force(found.period_id) if found.kind == BookingKind.INCOME else None
    back = came_back(decision) if decision else 0
    counter = counter_booking(found, reason, now)
    less = decision is not None and came_back(decision) < back
    if less and Payment.objects.filter(period=found.period_id, state__in=GOES).exists():
        raise NotPossible("given back")
    payload = {"booking": str(found.id), "counter": str(counter.id), "reason": reason, "came_back": less}
    return Done(counter, BookingReversed(subject=case.id, payload=payload))


def standing_settlements(found: QuerySet[Settlement]) -> QuerySet[Settlement]:
    """Those of the settlements that no other takes the place of."""
    return found.exclude(id__in=Settlement.objects.filter(replaces__isnull=False).values("replaces_id"))


def open_set_offs(found: QuerySet[SetOff]) -> list[SetOff]:
    """Those of the set-offs that aren't countered."""
    kept = found.select_related("counter").order_by("id")
    return [s for s in kept if not Booking.objects.filter(reverses_id=s.counter_id).exists()]


def counter_booking(found: Booking, reason: str, now: datetime) -> Booking:
    """The booking that takes another one back: the same, with the amount below 0."""
    return Booking.objects.create(
        case_id=found.case_id,
        period_id=found.period_id,
        person_id=found.person_id,
        kind=found.kind,
        account_code=found.account_code,
        counterparty=found.counterparty,
        amount=-found.amount,
        currency=found.currency,
        decision_line_id=found.decision_line_id,
        recovery_line_id=found.recovery_line_id,
        source=reason,
        reverses=found,
        booked_at=now,
    )
