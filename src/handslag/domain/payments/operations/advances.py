"""An advance: an emergency payment before the decision on the month, set off against that decision later."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import period_of
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import months_taken, require_worked_here
from handslag.domain.decisions.operations import are_reasons, legal_basis_on
from handslag.domain.decisions.queries import in_force
from handslag.domain.payments.models import Advance, Booking, Payment, Settlement
from handslag.domain.payments.operations.account import LONGEST_REASON, counter_booking
from handslag.domain.payments.operations.planning import (
    ADVANCE,
    new_payment,
    open_of,
    paid_to,
    plan_again,
    unlooked,
)
from handslag.domain.payments.policies import first_pay_day
from handslag.domain.payments.queries import advances_awaited, advances_of
from handslag.domain.payments.states import SECOND_PERSON, BookingKind, PaymentState
from handslag.domain.people.names import stored_name
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import (
    Conflict,
    NotForThem,
    NotPossible,
    require_mandate,
    setting,
)
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel.months import Month


class AdvanceGranted(Event):
    kind = "advance granted"


class AdvanceConfirmed(Event):
    kind = "advance confirmed"


class AdvanceRefused(Event):
    """By the second person, before anything has left."""

    kind = "advance refused"


@operation()
def grant_advance(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    month: Month,
    amount: int,
    reasons: str,
    key: UUID | None = None,
) -> Done[Payment]:
    """Grant, by delegation ("delegation"), an advance on a month that isn't decided yet (minor units), paid on the
    first possible day; once a second person has confirmed it where the month's advances with this one are above the
    setting `advance_four_eyes_above`. The delegation must reach for that sum too.

    Its reasons are written down (32 § förvaltningslagen). It is set off when the month is decided.
    `key`: of the form; SentAlready the second time. NotPossible: ("amount"), ("reasons"), ("month") for one that no
    advance is for, ("decided") where the month is, granted or refused.
    """
    found, member = case_for_staff(case, by, now, Role.DECIDER, Role.CASEWORKER, lock=True)
    require_worked_here(found)
    row_id = new_id(Advance, key)
    if amount <= 0:
        raise NotPossible("amount")
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    if month not in months_taken(acting_door().the_tenant.today(now)):
        raise NotPossible("month")
    period = period_of(found, month)
    together = amount + sum(one.amount for one in _on_month(found.id, period.id))
    by_what = require_mandate(member, Decides.ADVANCE, together, now, found.id)
    if in_force(period.id) is not None:
        raise NotPossible("decided")
    door = acting_door().the_tenant
    booking = Booking.objects.create(
        case=found,
        period=period,
        kind=BookingKind.EXPENSE,
        account_code=ADVANCE,
        counterparty=full_name(found.applicant),
        amount=amount,
        currency=door.currency,
        source=f"advance granted by {member.name}",
        booked_at=now,
    )
    advance = Advance.objects.create(
        id=row_id,
        case=found,
        period=period,
        booking=booking,
        amount=amount,
        reasons=reasons.strip(),
        legal_basis=legal_basis_on(door.today(now)),
        delegation=by_what.words,
        granted_by_id=member.id,
        granted_at=now,
    )
    to = paid_to(found.applicant, now)
    alone = together <= int(setting("advance_four_eyes_above"))
    if not alone:
        to["trouble"] = SECOND_PERSON
    payment = new_payment(found, period, amount, door.currency, first_pay_day(now), **to)
    payment.save(force_insert=True)
    Settlement.objects.create(payment=payment, booking=booking, amount=amount)
    payload = {
        "advance": str(advance.id),
        "amount": amount,
        "payment": str(payment.id),
        "blocked": payment.state == PaymentState.BLOCKED,
        "second_person": not alone,
        "delegation": str(by_what.delegation) if by_what.delegation else None,
    }
    return Done(payment, AdvanceGranted(subject=found.id, payload=payload))


@operation()
def confirm_advance(*, tenant: str | int, by: Actor, now: datetime, advance: UUID) -> Done[Payment]:
    """A second person who may grant that much, together with the month's other advances that wait for nobody, lets an
    advance leave. NotPossible: ("own") for who granted it, ("delegation"), ("no account") where nothing can be paid
    yet, ("decided meanwhile") where a decision, granted or refused, doesn't set it off; Conflict where it doesn't wait
    for anybody."""
    found, case, member, payment = _waiting(advance, by, now)
    awaited = advances_awaited(case.id)
    others = [one for one in _on_month(case.id, found.period_id) if one.id not in awaited]
    require_mandate(member, Decides.ADVANCE, found.amount + sum(one.amount for one in others), now, case.id)
    if in_force(found.period_id) is not None and open_of(found):
        raise NotPossible("decided meanwhile")
    plan_again(payment, now)
    if said := unlooked(payment):
        payment.state, payment.blocked_reason = PaymentState.BLOCKED, said
        payment.save(update_fields=["state", "blocked_reason"])
    payload = {"advance": str(found.id), "payment": str(payment.id)}
    return Done(payment, AdvanceConfirmed(subject=case.id, payload=payload))


@operation()
def refuse_advance(*, tenant: str | int, by: Actor, now: datetime, advance: UUID, reason: str) -> Done[Payment]:
    """The second person doesn't let an advance leave: its booking is countered with the reason, and a task asks for
    somebody who talks to who waits for it.

    NotPossible: ("why refused") without a reason, ("long reason"), ("own"), ("delegation"), ("set off") for one that
    an earlier version set off; Conflict where it doesn't wait for anybody.
    """
    reason = stored_name(reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise NotPossible("long reason" if reason else "why refused")
    found, case, _member, payment = _waiting(advance, by, now)
    if open_of(found) != found.amount:
        raise NotPossible("set off")
    payment.state, payment.version = PaymentState.STOPPED, payment.version + 1
    payment.save(update_fields=["state", "version"])
    counter = counter_booking(found.booking, reason, now)
    payload = {"advance": str(found.id), "payment": str(payment.id), "counter": str(counter.id), "reason": reason}
    return Done(payment, AdvanceRefused(subject=case.id, payload=payload))


def _on_month(case: UUID, period: UUID) -> list[Advance]:
    """The advances on a month that stand."""
    return [one for one, _ in advances_of(case) if one.period_id == period]


def _waiting(advance: UUID, by: Actor, now: datetime) -> tuple[Advance, Case, Member, Payment]:
    """An advance that waits for this member as its second person, its case (locked), she, its payment (locked)."""
    found = Advance.objects.select_related("booking").filter(id=advance).first()
    if found is None:
        raise Hidden("advance", advance)
    case, member = case_for_staff(found.case_id, by, now, Role.DECIDER, Role.CASEWORKER, lock=True)
    if member.id == found.granted_by_id:
        raise NotForThem("own", case.id)
    require_mandate(member, Decides.ADVANCE, found.amount, now, case.id)
    waiting = Payment.objects.select_for_update(of=("self",)).select_related("payee", "direct__payee")
    settles = Settlement.objects.filter(booking_id=found.booking_id).values("payment_id")
    payment = waiting.filter(id__in=settles, state=PaymentState.BLOCKED, blocked_reason=SECOND_PERSON).first()
    if payment is None:
        raise Conflict("payment")
    return found, case, member, payment
