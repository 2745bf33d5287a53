"""Payment runs: reserved by one payer, released by another, their file written by a job."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, QuerySet, Sum

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.payments.models import Payment, Run, RunFile
from handslag.domain.payments.operations.planning import require_here
from handslag.domain.payments.policies import bank_trouble, cut_off, first_pay_day
from handslag.domain.payments.states import PayeeState, PaymentState, RunState
from handslag.domain.people.queries import accounts_on, full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.days import banking_day_from, is_banking_day


class RunReserved(Event):
    kind = "run reserved"


class RunCancelled(Event):
    kind = "run cancelled"


class PaymentBlocked(Event):
    """The bank's file can't say it, or its payee has ended: it stays out of the run."""

    kind = "payment blocked"


class RunReleased(Event):
    kind = "run released"


class RunFileRefused(Event):
    kind = "run file refused"


class RunFileWritten(Event):
    kind = "run file written"


LONGEST_AHEAD = timedelta(days=62)


@operation()
def reserve_run(
    *, tenant: str | int, by: Actor, now: datetime, execution_on: date, payment: UUID | None = None
) -> Done[Run]:
    """Reserve every payment due by `execution_on` for a new run; with `payment` that one alone, due or not: an
    emergency payment outside the run. What the bank's file can't say by now (`bank_trouble`) is blocked instead, so
    that it never keeps the others' money from leaving; a run of nothing else is cancelled at once.

    NotPossible: ("past day"), ("no banking day"), ("cut-off") where the bank can't pay on that day any more,
    ("far pay day") where it is more than two months ahead, ("nothing due"), ("payments held") while the setting
    `payments_held` says why.
    """
    member = require_role(by, now, Role.PAYER)
    tenant_ = acting_door().the_tenant
    if execution_on < tenant_.today(now):
        raise NotPossible("past day")
    if setting("payments_held"):
        raise NotPossible("payments held")
    if not is_banking_day(execution_on, tenant_.country):
        raise NotPossible("no banking day")
    if execution_on < first_pay_day(now):
        raise NotPossible("cut-off")
    if execution_on > banking_day_from(tenant_.today(now) + LONGEST_AHEAD, tenant_.country):
        # what is due now would wait for it: the year is mistyped
        raise NotPossible("far pay day")
    planned = Payment.objects.select_for_update(skip_locked=True).filter(state=PaymentState.PLANNED)
    wanted = planned.filter(id=payment) if payment else planned.filter(pay_on__lte=execution_on)
    found = list(wanted.order_by("id"))
    if not found:
        raise NotPossible("nothing due")
    ended = Payment.objects.filter(id__in=[p.id for p in found], direct__payee__state=PayeeState.ENDED)
    gone = dict.fromkeys(ended.values_list("id", flat=True), "payee ended")
    troubles = {p.id: (p, trouble) for p in found if (trouble := gone.get(p.id) or bank_trouble(p))}
    for blocked, trouble in troubles.values():
        blocked.state, blocked.blocked_reason, blocked.version = PaymentState.BLOCKED, trouble, blocked.version + 1
        blocked.save(update_fields=["state", "blocked_reason", "version"])
    due = [p for p in found if p.id not in troubles]
    run = Run.objects.create(
        id=open_subject("run"),
        number=next_reference("run", now),
        execution_on=execution_on,
        state=RunState.RESERVED if due else RunState.CANCELLED,
        payments=len(due),
        total=sum(p.amount for p in due),
        currency=found[0].currency,
        reserved_by_id=member.id,
        reserved_at=now,
    )
    changed = Payment.objects.filter(id__in=[p.id for p in due], state=PaymentState.PLANNED).update(
        run=run, state=PaymentState.RESERVED, version=F("version") + 1
    )
    if changed != len(due):
        raise Conflict("payments")
    payload = {
        "number": run.number,
        "payments": run.payments,
        "total": run.total,
        "on": execution_on.isoformat(),
        "blocked": len(troubles),
    }
    events: list[Event] = [
        PaymentBlocked(subject=one.case_id, payload={"payment": str(one.id), "why": trouble})
        for one, trouble in troubles.values()
    ]
    return Done(run, RunReserved(subject=run.id, payload=payload), *events)


@operation()
def release_run(*, tenant: str | int, by: Actor, now: datetime, run: UUID, version: int) -> Done[Run]:
    """A second payer releases the run; a job then writes its file.

    NotPossible: ("second pair of eyes"), ("cut-off passed") where the bank can't pay on its day any more: cancel it and
    reserve a new one, ("payments held") while this installation was restored: its file may have left since the backup.
    """
    member = require_role(by, now, Role.PAYER)
    if setting("payments_held"):
        raise NotPossible("payments held")
    found = Run.objects.select_for_update().filter(id=run).first()
    if found is None:
        raise Hidden("run", run)
    if found.version != version or found.state != RunState.RESERVED:
        raise Conflict("run", theirs=found.state)
    if found.reserved_by_id == member.id:
        raise NotForThem("second pair of eyes", run)
    if now > cut_off(found.execution_on):
        raise NotPossible("cut-off passed")
    found.state, found.released_by_id, found.released_at = RunState.RELEASED, member.id, now
    found.version += 1
    found.save(update_fields=["state", "released_by", "released_at", "version"])
    return Done(found, RunReleased(subject=found.id, payload={"number": found.number, "total": found.total}))


@operation()
def cancel_run(*, tenant: str | int, by: Actor, now: datetime, run: UUID, version: int, reason: str = "") -> Done[Run]:
    """Give a run up whose file isn't written: its payments are planned as before. One that is released (its file was
    refused, or its day is past) with a `reason`: nothing of it has left. Who has another account or name since it was
    reserved is named in the event (`moved`): what is planned to her follows.

    NotPossible: ("why cancelled") for such a one without a reason, ("payments held") while this installation was
    restored: the file may have left before that.
    """
    require_role(by, now, Role.PAYER)
    found = Run.objects.select_for_update().filter(id=run).first()
    if found is None:
        raise Hidden("run", run)
    if found.version != version or found.state not in (RunState.RESERVED, RunState.RELEASED):
        raise Conflict("run", theirs=found.state)
    payments = Payment.objects.filter(run=found)
    if found.state == RunState.RELEASED:
        if not reason.strip():
            raise NotPossible("why cancelled")
        require_here(list(payments.values_list("id", flat=True)))
    payload = {
        "number": found.number,
        "payments": found.payments,
        "total": found.total,
        "reason": reason.strip()[:200],
        "moved": _moved(payments, now),
    }
    payments.update(run=None, state=PaymentState.PLANNED, version=F("version") + 1)
    found.state, found.payments, found.total, found.version = RunState.CANCELLED, 0, 0, found.version + 1
    found.save(update_fields=["state", "payments", "total", "version"])
    return Done(found, RunCancelled(subject=found.id, payload=payload))


def _moved(payments: QuerySet[Payment], now: datetime) -> list[str]:
    """Who of those to whom these payments go has another account, or another name, than they were planned with."""
    own = list(payments.filter(direct=None, payee__isnull=False).select_related("payee").order_by("id"))
    by_now = accounts_on({one.payee_id for one in own if one.payee_id}, acting_door().the_tenant.today(now))
    found: dict[str, None] = {}
    for payment in own:
        account = by_now.get(payment.payee_id) if payment.payee_id else None
        if account is None or payment.payee is None:
            continue
        to = account.kind, account.clearing, account.number, full_name(payment.payee)
        if to != (payment.account_kind, payment.clearing, payment.account_number, payment.payee_name):
            found[str(payment.payee_id)] = None
    return list(found)


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
