"""Another account: asked for by the person with a step-up of her e-ID, checked by a member of staff."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.people.accounts import account_problems
from handslag.domain.people.models import Account, AccountChange, Person
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import account_on, numbers_of
from handslag.domain.people.states import AccountKind, ChangeState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, Member, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical


class AccountChangeBegun(Event):
    kind = "account change begun"


class AccountChangeAsked(Event):
    """A person asks, signed by her e-ID, to be paid into another account."""

    kind = "account change asked"


class AccountChangeWithdrawn(Event):
    kind = "account change withdrawn"


class AccountChangeRefused(Event):
    kind = "account change refused"


class AccountChanged(Event):
    """A member of staff has checked it: the person is paid into the new account from today on."""

    kind = "account changed"


def change_to_sign(change: UUID, person: UUID, kind: str, clearing: str, number: str) -> str:
    """The digest of exactly what the person signs."""
    account = {"kind": kind, "clearing": clearing, "number": number}
    body = {"kind": "account change", "version": 1, "change": str(change), "person": str(person), "account": account}
    return canonical.digest(body)


@operation()
def begin_account_change(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    change: UUID,
    kind: str,
    clearing: str,
    number: str,
    state: str,
) -> Done[AccountChange]:
    """Note that a person's step-up for another account is under way. `state` is the flow's random state value.
    NotPossible("account number") for one that can't be right, ("same account") for the one that she is paid into."""
    person = Person.objects.get(id=_citizen(by))
    if person.protection_level:
        raise Hidden("person", person.id)
    if kind not in AccountKind.values or any(one.certain for one in account_problems(kind, number, clearing)):
        raise NotPossible("account number")
    now_on = account_on(person.id, acting_door().the_tenant.today(now))
    if now_on is not None and (now_on.kind, now_on.clearing, now_on.number) == (kind, clearing, number):
        raise NotPossible("same account")
    row = AccountChange.objects.create(
        id=change,
        person=person,
        kind=kind,
        clearing=clearing,
        number=number,
        digest=change_to_sign(change, person.id, kind, clearing, number),
        token=_token(state),
        begun_at=now,
    )
    return Done(row, AccountChangeBegun(subject=person.id, payload={"change": str(row.id)}))


def _citizen(by: Actor) -> UUID:
    if by.kind != "citizen" or by.id is None or by.through is not None:
        raise Hidden("account change")
    return by.id


def _token(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


@operation()
def ask_account_change(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    state: str,
    identifier: str,
    issuer: str,
    acr: str,
    digest: str,
    evidence: dict[str, Any],
) -> Done[AccountChange]:
    """Take the signature over what was begun with this `state`; an older request that waits is withdrawn by it.

    NotPossible("asked already") where it was used, ("other content"), ("other person") as for an application.
    """
    rows = AccountChange.objects.select_for_update(of=("self",)).filter(person_id=_citizen(by))
    row = rows.filter(token=_token(state)).first()
    if row is None:
        raise Hidden("account change")
    if row.state != ChangeState.BEGUN:
        raise NotPossible("asked already")
    if row.digest != digest:
        raise NotPossible("other content")
    if identifier not in {number.value for number in numbers_of([row.person_id]).get(row.person_id, [])}:
        raise NotPossible("other person")
    for older in rows.filter(state=ChangeState.ASKED):
        _withdrawn(older)
    row.state, row.asked_at, row.version = ChangeState.ASKED, now, row.version + 1
    row.issuer, row.acr, row.evidence = issuer, acr, evidence
    row.save(update_fields=["state", "asked_at", "issuer", "acr", "evidence", "version"])
    payload = {"change": str(row.id), "digest": digest}
    return Done(row, AccountChangeAsked(subject=row.person_id, payload=payload))


def _withdrawn(row: AccountChange) -> None:
    row.state, row.version = ChangeState.WITHDRAWN, row.version + 1
    row.save(update_fields=["state", "version"])


@operation()
def withdraw_account_change(*, tenant: str | int, by: Actor, now: datetime, change: UUID) -> Done[AccountChange]:
    """The person takes it back while nobody has checked it. NotPossible("ended")."""
    row = AccountChange.objects.select_for_update(of=("self",)).filter(id=change, person_id=_citizen(by)).first()
    if row is None:
        raise Hidden("account change", change)
    if row.state != ChangeState.ASKED:
        raise NotPossible("ended")
    _withdrawn(row)
    return Done(row, AccountChangeWithdrawn(subject=row.person_id, payload={"change": str(row.id)}))


def _to_check(change: UUID, version: int, by: Actor, now: datetime) -> tuple[AccountChange, Member]:
    member = require_role(by, now, Role.REGISTRAR)
    found = AccountChange.objects.select_for_update(of=("self",)).select_related("person").filter(id=change).first()
    if found is None:
        raise Hidden("account change", change)
    require_sight(member, found.person)
    if found.version != version or found.state != ChangeState.ASKED:
        raise Conflict("account change", theirs=found.state)
    found.checked_by_id, found.checked_at, found.version = member.id, now, found.version + 1
    return found, member


@operation()
def confirm_account_change(
    *, tenant: str | int, by: Actor, now: datetime, change: UUID, version: int
) -> Done[AccountChange]:
    """A member of staff has checked that it comes from the person: her account until now ends, the new one begins
    today. NotPossible("changed today") where the old one began today."""
    row, member = _to_check(change, version, by, now)
    today = acting_door().the_tenant.today(now)
    old = account_on(row.person_id, today)
    if old is not None:
        if old.since >= today:
            raise NotPossible("changed today")
        old.until = today
        old.save(update_fields=["until"])
    account = Account.objects.create(
        person=row.person,
        kind=row.kind,
        clearing=row.clearing,
        number=row.number,
        holder=f"{row.person.given_name} {row.person.family_name}".strip(),
        since=today,
    )
    row.state = ChangeState.DONE
    row.save(update_fields=["state", "checked_by", "checked_at", "version"])
    payload = {
        "change": str(row.id),
        "account": str(account.id),
        "before": str(old.id) if old else None,
        "by": str(member.id),
    }
    return Done(row, AccountChanged(subject=row.person_id, payload=payload))


@operation()
def refuse_account_change(
    *, tenant: str | int, by: Actor, now: datetime, change: UUID, version: int, reason: str
) -> Done[AccountChange]:
    """It isn't done, for a reason that the person reads. NotPossible("account reason")."""
    if not reason.strip():
        raise NotPossible("account reason")
    row, member = _to_check(change, version, by, now)
    row.state, row.reason = ChangeState.REFUSED, reason.strip()[:200]
    row.save(update_fields=["state", "reason", "checked_by", "checked_at", "version"])
    payload = {"change": str(row.id), "by": str(member.id)}
    return Done(row, AccountChangeRefused(subject=row.person_id, payload=payload))
