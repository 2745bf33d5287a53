"""An advance: an emergency payment before the decision on the month, set off against that decision later."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.operations import period_of
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import require_worked_here
from handslag.domain.decisions.operations import are_reasons, legal_basis_on
from handslag.domain.payments.models import Advance, Booking, Payment, Settlement
from handslag.domain.payments.operations.planning import ADVANCE, granted_for, new_payment, paid_to
from handslag.domain.payments.policies import first_pay_day
from handslag.domain.payments.states import BookingKind, PaymentState
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.policies import NotPossible, require_mandate
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel.months import Month


class AdvanceGranted(Event):
    kind = "advance granted"


@operation()
def grant_advance(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, month: Month, amount: int, reasons: str
) -> Done[Payment]:
    """Grant, by delegation ("delegation"), an advance on a month that isn't decided yet (minor units), paid on the
    first possible day.

    Its reasons are written down (32 § förvaltningslagen). It is set off when the month is decided.
    NotPossible: ("amount"), ("reasons"), ("decided") where the month is.
    """
    found, member = case_for_staff(case, by, now, Role.DECIDER, Role.CASEWORKER, lock=True)
    require_worked_here(found)
    if amount <= 0:
        raise NotPossible("amount")
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    by_what = require_mandate(member, Decides.ADVANCE, amount, now, found.id)
    period = period_of(found, month)
    if granted_for(period.id):
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
    payment = new_payment(found, period, amount, door.currency, first_pay_day(now), **to)
    payment.save(force_insert=True)
    Settlement.objects.create(payment=payment, booking=booking, amount=amount)
    payload = {
        "advance": str(advance.id),
        "amount": amount,
        "payment": str(payment.id),
        "blocked": payment.state == PaymentState.BLOCKED,
        "delegation": str(by_what.delegation) if by_what.delegation else None,
    }
    return Done(payment, AdvanceGranted(subject=found.id, payload=payload))
