"""Appeals against Swiss orders (Rekurs), which go to the authority above: a caseworker writes down that there is one,
whether it suspends the order, that it was forwarded where it came to us, and what was decided. The order itself is
lifted, or decided anew, by a person."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.models import Order, OrderAppeal
from handslag.domain.decisions.operations import are_reasons
from handslag.domain.decisions.states import OrderState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical


class OrderAppealNoted(Event):
    kind = "order appeal noted"


class OrderAppealChanged(Event):
    kind = "order appeal changed"


class OrderAppealEnded(Event):
    kind = "order appeal ended"


@operation()
def note_order_appeal(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    order: UUID,
    came_on: date,
    forwarded_on: date | None,
    suspends: bool,
    why: str,
    key: UUID | None = None,
) -> Done[OrderAppeal]:
    """Write down that an order is appealed, from the day on which it came here or we learnt of it; whether it suspends
    the order a person says, with what that rests on (`why`): the rule of the canton hasn't been checked. `key`: of the
    form; SentAlready the second time. NotPossible: ("order appealed") while another one runs, ("appeal day") for a day
    before the order or to come, ("appeal forwarded") for one before it came or to come, ("reasons")."""
    found = Order.objects.filter(id=order, state=OrderState.DECIDED).first()
    if found is None:
        raise Hidden("order", order)
    case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(OrderAppeal, key)
    if OrderAppeal.objects.filter(order=found, ended_on=None).exists():
        raise NotPossible("order appealed")
    _refuse_days(found, came_on, forwarded_on, now)
    if not are_reasons(why):
        raise NotPossible("reasons")
    told = {"came_on": came_on, "forwarded_on": forwarded_on, "suspends": suspends, "why": why.strip()}
    row = OrderAppeal.objects.create(id=row_id, order=found, noted_by_id=member.id, noted_at=now, **told)
    return Done(row, OrderAppealNoted(subject=case.id, payload=_told_of(row)))


@operation()
def change_order_appeal(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    appeal: UUID,
    version: int,
    forwarded_on: date | None,
    suspends: bool,
    why: str,
) -> Done[OrderAppeal]:
    """It was forwarded, or the authority has said that it suspends the order, or doesn't. Refused as
    `note_order_appeal`."""
    row, _member = _locked(appeal, version, by, now)
    _refuse_days(row.order, row.came_on, forwarded_on, now)
    if not are_reasons(why):
        raise NotPossible("reasons")
    row.forwarded_on, row.suspends, row.why, row.version = forwarded_on, suspends, why.strip(), row.version + 1
    row.save(update_fields=["forwarded_on", "suspends", "why", "version"])
    return Done(row, OrderAppealChanged(subject=row.order.case_id, payload=_told_of(row)))


@operation()
def end_order_appeal(
    *, tenant: str | int, by: Actor, now: datetime, appeal: UUID, version: int, ended_on: date, outcome: str
) -> Done[OrderAppeal]:
    """Write down what the authority decided, or that it was taken back, and on which day: it suspends no longer; what
    follows for the order a person does. NotPossible: ("appeal day") before it came or to come, ("reasons")."""
    row, member = _locked(appeal, version, by, now)
    if not row.came_on <= ended_on <= acting_door().the_tenant.today(now):
        raise NotPossible("appeal day")
    if not are_reasons(outcome):
        raise NotPossible("reasons")
    row.ended_on, row.outcome, row.ended_by_id, row.version = ended_on, outcome.strip(), member.id, row.version + 1
    row.save(update_fields=["ended_on", "outcome", "ended_by", "version"])
    payload = {"appeal": str(row.id), "order": str(row.order_id), "ended_on": ended_on.isoformat()}
    payload["outcome_digest"] = canonical.digest(row.outcome)
    return Done(row, OrderAppealEnded(subject=row.order.case_id, payload=payload))


def _refuse_days(order: Order, came_on: date, forwarded_on: date | None, now: datetime) -> None:
    the_tenant = acting_door().the_tenant
    today = the_tenant.today(now)
    assert order.decided_at is not None
    if not the_tenant.today(order.decided_at) <= came_on <= today:
        raise NotPossible("appeal day")
    if forwarded_on is not None and not came_on <= forwarded_on <= today:
        raise NotPossible("appeal forwarded")


def _locked(appeal: UUID, version: int, by: Actor, now: datetime) -> tuple[OrderAppeal, Member]:
    found = OrderAppeal.objects.filter(id=appeal).values_list("order__case_id", flat=True).first()
    if found is None:
        raise Hidden("appeal", appeal)
    _case, member = case_for_staff(found, by, now, Role.CASEWORKER, lock=True)
    row = OrderAppeal.objects.select_for_update(of=("self",)).select_related("order").get(id=appeal)
    if row.version != version or row.ended_on is not None:
        raise Conflict("appeal")
    return row, member


def _told_of(row: OrderAppeal) -> dict[str, object]:
    return {
        "appeal": str(row.id),
        "order": str(row.order_id),
        "came_on": row.came_on.isoformat(),
        "forwarded_on": row.forwarded_on.isoformat() if row.forwarded_on else None,
        "suspends": row.suspends,
        "why_digest": canonical.digest(row.why),
    }
