"""The month's delivery to the federal office of statistics is put together, sent by a person, carried by sedex; account
codes are classed, and why support ended is recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.exchange.permissions import only_jobs
from handslag.domain.exchange.queries import sedex_client
from handslag.domain.exchange.sedex import PUT_OUT, Effect, effect_of
from handslag.domain.statistics.models import AccountClass, Ending, FederalDelivery, FederalStep
from handslag.domain.statistics.queries.federal import classes, collect, owes_federal, table
from handslag.domain.statistics.states import DeliveryState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, Member, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month


class AccountClassed(Event):
    kind = "account classed"


class EndingRecorded(Event):
    kind = "ending recorded"


class FederalDeliveryMade(Event):
    kind = "federal delivery made"


class FederalDeliverySent(Event):
    kind = "federal delivery sent"


class FederalDeliveryOut(Event):
    """It lies in the outbox of the sedex client."""

    kind = "federal delivery out"


class FederalReceiptNoted(Event):
    """What sedex says of a delivery."""

    kind = "federal receipt noted"


@operation()
def class_account(
    *, tenant: str | int, by: Actor, now: datetime, direction: str, account_code: str, category: str, source: str
) -> Done[AccountClass]:
    """Say of which category an account is from now on ("": of none that is known), and on what that rests. NotPossible:
    ("account code"), ("category"), ("class source"), ("same class") where it is of that one already."""
    member = _registrar(by, now)
    if direction not in ("expense", "income") or not 1 <= len(account_code) <= 24:
        raise NotPossible("account code")
    if category and category not in table()["categories"]:
        raise NotPossible("category")
    if not 3 <= len(source.strip()) <= 200:
        raise NotPossible("class source")
    if classes().get((direction, account_code), "") == category:
        raise NotPossible("same class")
    row = AccountClass.objects.create(
        direction=direction, account_code=account_code, category=category, source=source.strip(),
        entered_by_id=member.id, entered_at=now,
    )  # fmt: skip
    payload = {"direction": direction, "account_code": account_code, "category": category, "row": str(row.id)}
    return Done(row, AccountClassed(subject=open_subject("account class"), payload=payload))


@operation()
def record_ending(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, month: Month, reason: str
) -> Done[Ending]:
    """Record why support of a case ended after `month`, the last one with support. NotPossible("ending reason") for a
    code that the table hasn't, ("ending month") for a month after today."""
    _registrar(by, now)
    found, member = case_for_staff(case, by, now, Role.REGISTRAR, lock=True)
    if reason not in table()["reasons"]:
        raise NotPossible("ending reason")
    if month > Month.of(acting_door().the_tenant.today(now)):
        raise NotPossible("ending month")
    row = Ending.objects.filter(case=found, since=month.since).first() or Ending(case=found, since=month.since)
    row.reason, row.recorded_by_id, row.recorded_at = reason, member.id, now
    row.save()
    return Done(row, EndingRecorded(subject=found.id, payload={"month": str(month), "reason": reason}))


@operation()
def make_federal_delivery(*, tenant: str | int, by: Actor, now: datetime, month: Month) -> Done[FederalDelivery]:
    """Put the delivery of a month together that is over: by a registrar, or at the month's end by itself. NotPossible:
    ("month not over"), ("nothing booked"), ("same delivery") where the newest says the same. NotForThem("protected
    file") where somebody in it is protected above her clearance."""
    member = None if by.kind == "system" else _registrar(by, now)
    if not owes_federal():
        raise NotPossible("nothing booked")
    if month >= Month.of(acting_door().the_tenant.today(now)):
        raise NotPossible("month not over")
    found = collect(month)
    if not found.body["dossiers"]:
        raise NotPossible("nothing booked")
    rows = FederalDelivery.objects.filter(since=month.since).order_by("number")
    newest = rows.last()
    if newest is not None and newest.digest == found.digest:
        raise NotPossible("same delivery")
    key = open_subject("federal delivery")
    if member is not None and found.protection > member.clearance:
        raise NotForThem("protected file", key)
    totals = found.body["totals"]
    row = FederalDelivery.objects.create(
        id=key,
        since=month.since,
        number=newest.number + 1 if newest else 1,
        content=found.text,
        digest=found.digest,
        dossiers=len(found.body["dossiers"]),
        persons=found.persons,
        bookings=found.bookings,
        spent=totals["expense"],
        came_in=totals["income"],
        protection=found.protection,
        corrects=rows.filter(state__in=[DeliveryState.SENT, DeliveryState.ARRIVED]).last(),
        made_by_id=member.id if member else None,
        made_at=now,
    )
    payload = {
        "month": str(month), "number": row.number, "dossiers": row.dossiers, "spent": row.spent,
        "came_in": row.came_in, "digest": row.digest, "unmapped": [code for _, code in sorted(found.unmapped)],
    }  # fmt: skip
    return Done(row, FederalDeliveryMade(subject=row.id, payload=payload))


@operation()
def send_federal_delivery(
    *, tenant: str | int, by: Actor, now: datetime, delivery: UUID, version: int, why: str = ""
) -> Done[FederalDelivery]:
    """Send a delivery that was looked at: it leaves by the sedex client. Also once more what sedex refused or nobody
    fetched. NotPossible: ("training"); ("no sedex") without a client or receiver; ("not the newest delivery");
    ("delivery differs") where it would be another one today; ("say why") where something is found and `why` is empty.
    """
    member = _registrar(by, now)
    row = FederalDelivery.objects.select_for_update(of=("self",)).filter(id=delivery).first()
    if row is None or row.protection > member.clearance:
        raise Hidden("federal delivery", delivery)
    if row.version != version or row.state in (DeliveryState.SENT, DeliveryState.ARRIVED):
        raise Conflict("federal delivery")
    if acting_door().the_tenant.training:
        raise NotPossible("training")
    receiver = setting("federal_statistics")
    if not receiver or sedex_client() is None:
        raise NotPossible("no sedex")
    if FederalDelivery.objects.filter(since=row.since, number__gt=row.number).exists():
        raise NotPossible("not the newest delivery")
    found = collect(Month.of(row.since))
    if found.protection > member.clearance:  # since it was made
        raise Hidden("federal delivery", delivery)
    if found.digest != row.digest:
        raise NotPossible("delivery differs")
    if found.found and not why.strip():
        raise NotPossible("say why")
    row.state, row.sent_by_id, row.sent_at = DeliveryState.SENT, member.id, now
    row.recipient, row.why = receiver["participant"], why.strip()[:400]
    row.version += 1
    row.save(update_fields=["state", "sent_by", "sent_at", "recipient", "why", "version"])
    payload = {"to": row.recipient, "digest": row.digest, "why": row.why}
    return Done(row, FederalDeliverySent(subject=row.id, payload=payload))


@operation()
def note_delivery_out(
    *, tenant: str | int, by: Actor, now: datetime, delivery: UUID, attempt: int
) -> Done[FederalStep]:
    """A delivery lies in the outbox. NotPossible("put out") when it is known."""
    only_jobs(by, "sedex")
    row = FederalDelivery.objects.select_for_update(of=("self",)).get(id=delivery)
    if FederalStep.objects.filter(delivery=row, attempt=attempt, code=PUT_OUT).exists():
        raise NotPossible("put out")
    step = FederalStep.objects.create(delivery=row, attempt=attempt, code=PUT_OUT, at=now)
    return Done(step, FederalDeliveryOut(subject=row.id, payload={"try": attempt}))


@operation()
def record_delivery_receipt(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    delivery: UUID,
    attempt: int,
    code: int,
    info: str,
    said_at: datetime,
) -> Done[FederalStep]:
    """Note what sedex says of a delivery, and what follows: it is in the office's inbox, was refused or never fetched,
    or is given again. NotPossible("noted") for the same once more."""
    only_jobs(by, "sedex")
    row = FederalDelivery.objects.select_for_update(of=("self",)).get(id=delivery)
    if FederalStep.objects.filter(delivery=row, attempt=attempt, code=code).exists():
        raise NotPossible("noted")
    step = FederalStep.objects.create(
        delivery=row, attempt=attempt, code=code, info=info[:255], said_at=said_at, at=now
    )
    newest = not FederalStep.objects.filter(delivery=row, attempt__gt=attempt).exists()
    becomes = {
        Effect.ARRIVED: DeliveryState.ARRIVED,
        Effect.REFUSED: DeliveryState.REFUSED,
        Effect.EXPIRED: DeliveryState.EXPIRED,
    }.get(effect_of(code))
    if becomes and row.state == DeliveryState.SENT and (newest or becomes == DeliveryState.ARRIVED):
        row.state = becomes
        row.version += 1
        row.save(update_fields=["state", "version"])
    payload = {"try": attempt, "code": code, "state": row.state}
    return Done(step, FederalReceiptNoted(subject=row.id, payload=payload))


def _registrar(by: Actor, now: datetime) -> Member:
    """The registrar who asks, of a municipality that owes these statistics."""
    member = require_role(by, now, Role.REGISTRAR)
    if not owes_federal():
        raise Hidden("federal statistics")
    return member
