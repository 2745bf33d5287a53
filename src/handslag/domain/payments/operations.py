"""The case account and what settles it: bookings, payments planned, runs reserved, released, written."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, F, Sum

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.models import Decision, DecisionLine
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.payments.models import Booking, Payment, Run, RunFile, Settlement
from handslag.domain.payments.policies import pay_day
from handslag.domain.payments.states import BookingKind, PaymentState, RunState
from handslag.domain.people.accounts import account_problems
from handslag.domain.people.models import Account
from handslag.domain.people.queries import account_on, full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role

#: Account code of försörjningsstöd in the case account; the tenant's chart of accounts maps it.
SUPPORT = "forsorjningsstod"


class PaymentsPlanned(Event):
    kind = "payments planned"


class PaymentUnblocked(Event):
    kind = "payment unblocked"


class IncomeBooked(Event):
    kind = "income booked"


class BookingReversed(Event):
    kind = "booking reversed"


class RunReserved(Event):
    kind = "run reserved"


class RunReleased(Event):
    kind = "run released"


class RunFileRefused(Event):
    kind = "run file refused"


class RunFileWritten(Event):
    kind = "run file written"


@operation()
def plan_payments(*, tenant: str | int, by: Actor, now: datetime, decision: UUID) -> Done[list[Payment]]:
    """Book what a decision grants, line by line, and plan its payment to the applicant's account.

    Without an account that can be paid into, the payment is planned as blocked, with the reason: nothing is
    lost, and a task tells the caseworker.
    """
    found = Decision.objects.select_related("case__applicant", "period").get(id=decision)
    door = acting_door()
    today = door.the_tenant.today(now)
    bookings, payments, settlements = [], [], []
    for line in DecisionLine.objects.filter(decision=found, amount__gt=0):
        payee = found.case.applicant
        booking = Booking(
            case=found.case,
            period=line.period,
            person_id=line.person_id,
            kind=BookingKind.EXPENSE,
            account_code=SUPPORT,
            counterparty=full_name(payee),
            amount=line.amount,
            currency=found.currency,
            decision_line=line,
            source="",
            booked_at=now,
        )
        account = account_on(payee.id, today)
        trouble = account_trouble(account)
        payment = Payment(
            case=found.case,
            period=line.period,
            payee=payee,
            payee_name=full_name(payee),
            amount=line.amount,
            currency=found.currency,
            pay_on=pay_day(found.period.since, today, door.the_tenant.country, int(setting("payment_day"))),
            reference=_reference(booking),
            account_kind=account.kind if account else "bban",
            clearing=account.clearing if account else "",
            account_number=account.number if account else "",
            state=PaymentState.BLOCKED if trouble else PaymentState.PLANNED,
            blocked_reason=trouble,
        )
        bookings.append(booking)
        payments.append(payment)
        settlements.append(Settlement(payment=payment, booking=booking, amount=line.amount))
    Booking.objects.bulk_create(bookings)
    Payment.objects.bulk_create(payments)
    Settlement.objects.bulk_create(settlements)
    return Done(
        payments,
        PaymentsPlanned(
            subject=found.case_id,
            payload={
                "decision": str(found.id),
                "payments": [[str(p.id), p.amount, p.pay_on.isoformat(), p.state] for p in payments],
            },
        ),
    )


def account_trouble(account: Account | None) -> str:
    """Why nothing can be paid into an account: "no account", or the code of a certain fault; "" if it can."""
    if account is None:
        return "no account"
    faults = account_problems(account.kind, account.number, account.clearing)
    return next((f"{fault.field}: {fault.code}" for fault in faults if fault.certain), "")


def _reference(booking: Booking) -> str:
    """An end-to-end reference of 32 characters: the booking's own key."""
    return booking.id.hex


@operation()
def unblock_payment(*, tenant: str | int, by: Actor, now: datetime, payment: UUID, version: int) -> Done[Payment]:
    """Plan a blocked payment again, to the account that the payee has by now; NotPossible("no account")."""
    found = Payment.objects.select_for_update(of=("self",)).select_related("payee").filter(id=payment).first()
    if found is None:
        raise Hidden("payment", payment)
    member = require_role(by, now, Role.PAYER, Role.CASEWORKER)
    if Role.PAYER not in member.roles:
        case_for_staff(found.case_id, by, now, Role.CASEWORKER)
    if found.version != version or found.state != PaymentState.BLOCKED:
        raise Conflict("payment", theirs=found.state)
    today = acting_door().the_tenant.today(now)
    account = account_on(found.payee_id, today) if found.payee_id else None
    if account is None or account_trouble(account):
        raise NotPossible("no account")
    found.account_kind, found.clearing, found.account_number = account.kind, account.clearing, account.number
    found.state, found.blocked_reason = PaymentState.PLANNED, ""
    found.pay_on, found.version = max(found.pay_on, today), found.version + 1
    found.save()
    return Done(found, PaymentUnblocked(subject=found.case_id, payload={"payment": str(found.id)}))


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
) -> Done[Booking]:
    """Book money that came in for a case. `amount` in minor units, more than 0; `source` says what it rests on."""
    found, _ = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    if amount <= 0 or not source.strip():
        raise NotPossible("amount" if amount <= 0 else "source")
    booking = Booking.objects.create(
        case=found,
        period_id=period,
        kind=BookingKind.INCOME,
        account_code=account_code,
        counterparty=counterparty,
        amount=amount,
        currency=acting_door().the_tenant.currency,
        source=source,
        booked_at=now,
    )
    return Done(booking, IncomeBooked(subject=found.id, payload={"booking": str(booking.id), "amount": amount}))


@operation()
def reverse_booking(*, tenant: str | int, by: Actor, now: datetime, booking: UUID, reason: str) -> Done[Booking]:
    """Correct a booking by its counter-booking. Not once a payment for it is reserved or sent."""
    found = Booking.objects.filter(id=booking).first()
    if found is None:
        raise Hidden("booking", booking)
    case, _ = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    if found.reverses_id or Booking.objects.filter(reverses=found).exists():
        raise NotPossible("reversed")
    settled = Payment.objects.select_for_update().filter(
        id__in=Settlement.objects.filter(booking=found).values("payment_id")
    )
    if any(p.state not in (PaymentState.PLANNED, PaymentState.BLOCKED, PaymentState.STOPPED) for p in settled):
        raise NotPossible("paid")
    settled.update(state=PaymentState.STOPPED, version=F("version") + 1)
    counter = Booking.objects.create(
        case=case,
        period_id=found.period_id,
        person_id=found.person_id,
        kind=found.kind,
        account_code=found.account_code,
        counterparty=found.counterparty,
        amount=-found.amount,
        currency=found.currency,
        decision_line_id=found.decision_line_id,
        source=reason,
        reverses=found,
        booked_at=now,
    )
    payload = {"booking": str(found.id), "counter": str(counter.id), "reason": reason}
    return Done(counter, BookingReversed(subject=case.id, payload=payload))


@operation()
def reserve_run(*, tenant: str | int, by: Actor, now: datetime, execution_on: date) -> Done[Run]:
    """Reserve every payment due by `execution_on` for a new run.

    NotPossible("nothing due") if there is none, ("payments held") while the setting `payments_held` says why.
    """
    member = require_role(by, now, Role.PAYER)
    if execution_on < acting_door().the_tenant.today(now):
        raise NotPossible("past day")
    if setting("payments_held"):
        raise NotPossible("payments held")
    due = list(
        Payment.objects.select_for_update(skip_locked=True)
        .filter(state=PaymentState.PLANNED, pay_on__lte=execution_on)
        .order_by("id")
    )
    if not due:
        raise NotPossible("nothing due")
    run = Run.objects.create(
        id=open_subject("run"),
        number=next_reference("run", now),
        execution_on=execution_on,
        state=RunState.RESERVED,
        payments=len(due),
        total=sum(p.amount for p in due),
        currency=due[0].currency,
        reserved_by_id=member.id,
        reserved_at=now,
    )
    changed = Payment.objects.filter(id__in=[p.id for p in due], state=PaymentState.PLANNED).update(
        run=run, state=PaymentState.RESERVED, version=F("version") + 1
    )
    if changed != len(due):
        raise Conflict("payments")
    return Done(
        run,
        RunReserved(
            subject=run.id,
            payload={
                "number": run.number,
                "payments": run.payments,
                "total": run.total,
                "on": execution_on.isoformat(),
            },
        ),
    )


@operation()
def release_run(*, tenant: str | int, by: Actor, now: datetime, run: UUID, version: int) -> Done[Run]:
    """A second payer releases the run; a job then writes its file. NotPossible("second pair of eyes")."""
    member = require_role(by, now, Role.PAYER)
    found = Run.objects.select_for_update().filter(id=run).first()
    if found is None:
        raise Hidden("run", run)
    if found.version != version or found.state != RunState.RESERVED:
        raise Conflict("run", theirs=found.state)
    if found.reserved_by_id == member.id:
        raise NotPossible("second pair of eyes")
    found.state, found.released_by_id, found.released_at = RunState.RELEASED, member.id, now
    found.version += 1
    found.save(update_fields=["state", "released_by", "released_at", "version"])
    return Done(found, RunReleased(subject=found.id, payload={"number": found.number, "total": found.total}))


@operation()
def record_run_file(
    *, tenant: str | int, by: Actor, now: datetime, run: UUID, payments: int, total: int, file: StoredFile
) -> Done[RunFile]:
    """The file of a released run is written; its bytes are kept and its payments are sent.

    `payments` and `total` are as the file itself states them: they must equal the run's and its rows', or
    NotPossible("file differs") and nothing moves. NotPossible("written already") for a second file, which the
    store's sweep takes away.
    """
    found = Run.objects.select_for_update().filter(id=run).first()
    if found is None or by.kind != "system":
        raise Hidden("run", run)
    if found.state != RunState.RELEASED:
        raise NotPossible("written already")
    rows = Payment.objects.filter(run=found, state=PaymentState.RESERVED).aggregate(n=Count("id"), sum=Sum("amount"))
    if not (rows["n"] == payments == found.payments and rows["sum"] == total == found.total):
        raise NotPossible("file differs")
    document = record_document(
        tenant=tenant,
        by=by,
        now=now,
        subject=found.id,
        kind="payment file",
        title=f"{found.number}.xml",
        provenance=Provenance.SYSTEM,
        retention=RetentionClass.PAYMENT,
        file=file,
    )
    written = RunFile.objects.create(
        run=found, document=document, digest=document.digest, payments=payments, total=total, written_at=now
    )
    Payment.objects.filter(run=found, state=PaymentState.RESERVED).update(
        state=PaymentState.SENT, version=F("version") + 1
    )
    Run.objects.filter(id=found.id).update(state=RunState.SENT, version=F("version") + 1)
    payload = {"document": str(document.id), "digest": document.digest, "payments": payments, "total": total}
    return Done(written, RunFileWritten(subject=found.id, payload=payload))


@operation()
def refuse_run_file(*, tenant: str | int, by: Actor, now: datetime, run: UUID, problems: list[str]) -> Done[None]:
    """The file of a released run can't be written: the run stays released, and a person looks at why."""
    found = Run.objects.select_for_update().filter(id=run, state=RunState.RELEASED).first()
    if found is None or by.kind != "system":
        raise Hidden("run", run)
    return Done(None, RunFileRefused(subject=found.id, payload={"number": found.number, "problems": problems[:50]}))
