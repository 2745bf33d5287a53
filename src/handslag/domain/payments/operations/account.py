"""The case account: money that came in, corrections by counter-bookings."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.payments.models import Booking, OtherHelp, Payment, Return, SetOff, Settlement
from handslag.domain.payments.states import BookingKind, PaymentState
from handslag.domain.people.names import stored_name
from handslag.domain.people.queries import household_on
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role


class IncomeBooked(Event):
    kind = "income booked"


class BookingReversed(Event):
    kind = "booking reversed"


#: As much as a booking keeps of what it rests on.
LONGEST_REASON = 120
#: States of a payment in which no money is on its way, so that its booking may be countered.
STANDING = (PaymentState.PLANNED, PaymentState.BLOCKED, PaymentState.HELD, PaymentState.STOPPED, PaymentState.REJECTED)


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
    in that month; Hidden for a period that isn't the case's.
    """
    found, _ = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(Booking, key)
    month = Period.objects.filter(id=period, case=found).first()
    if month is None:
        raise Hidden("period", period)
    living = household_on(found.household_id, month.since, month.until)
    if person is not None and person not in {one.person_id for one in living}:
        raise NotPossible("whose income")
    counterparty, source = said_of_income(amount, counterparty, source)
    booking = income_booking(row_id, found, period, account_code, counterparty, amount, source, now, person=person)
    payload = {"booking": str(booking.id), "amount": amount, "person": str(person) if person else None}
    return Done(booking, IncomeBooked(subject=found.id, payload=payload))


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

    NotPossible: ("source") without a reason, ("long reason"); ("decision") for what a decision granted, which only
    another decision changes; ("claim") for what is claimed back, which only waiving it lowers; ("set off") for the
    booking of an advance that is set off, and for a set-off by itself; ("returned") for money that came back.
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
    if found.decision_line_id or OtherHelp.objects.filter(booking=found).exists():
        raise NotPossible("decision")
    if found.kind == BookingKind.CLAIM:
        raise NotPossible("claim")
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
    counter = counter_booking(found, reason, now)
    payload = {"booking": str(found.id), "counter": str(counter.id), "reason": reason}
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
