"""Instalments of a Swiss claim that are kept back of the support: decided by two after a hearing, counted in each
month's budget by the rule, ended by themselves once all is paid."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, operation
from handslag.domain.casefile.models import Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.models import Order
from handslag.domain.decisions.operations.orders import proposed, refuse_instalment
from handslag.domain.decisions.states import OrderKind, OrderState
from handslag.domain.payments.models import Recovery
from handslag.domain.payments.queries import claim_of, owed_of
from handslag.domain.payments.states import RecoveryState
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role


@operation()
def propose_instalment(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    recovery: UUID,
    period: UUID,
    percent: int,
    reasons: str,
    legal_basis: str,
    language: str,
    key: UUID | None = None,
) -> Done[Order]:
    """Propose to keep back so many per cent of the basic need, from a period of the case on, until a decided claim is
    paid. `key`: of the form; SentAlready the second time. NotPossible: ("nothing to pay") where nothing is left of the
    claim, ("kept back already") while another instalment of the case holds whose claim isn't paid, and as
    `refuse_instalment` and `proposed` say."""
    claim = Recovery.objects.filter(id=recovery, state=RecoveryState.DECIDED).first()
    if claim is None:
        raise Hidden("recovery", recovery)
    found, member = case_for_staff(claim.case_id, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(Order, key)
    first = Period.objects.filter(id=period, case=found).first()
    if first is None:
        raise Hidden("period", period)
    if not any(owed_of(claim).values()):
        raise NotPossible("nothing to pay")
    holding = Order.objects.filter(
        case=found, kind=OrderKind.INSTALMENT, state=OrderState.DECIDED, ended_on=None
    ).order_by("number")
    if any(any(owed_of(claim_of(one)).values()) for one in holding):
        raise NotPossible("kept back already")
    told = {"kind": OrderKind.INSTALMENT, "period": first, "percent": percent}
    refuse_instalment(Order(case=found, person_id=claim.person_id, **told), now)
    told |= {"reasons": reasons, "legal_basis": legal_basis, "language": language, "about": claim.number}
    return proposed(found, member, now, id=row_id, person_id=claim.person_id, **told)
