"""The register of delegations: entered by one administrator, confirmed by another, ended by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import Delegation, StaffMember
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Decides, Role


class DelegationEntered(Event):
    kind = "delegation entered"


class DelegationConfirmed(Event):
    kind = "delegation confirmed"


class DelegationEnded(Event):
    kind = "delegation ended"


@dataclass(frozen=True)
class NewDelegation:
    """What is delegated, to a role or to one member of staff (the other is empty; of the kind "automated" both), up to
    which amount (minor units; None: any), by which clause and whose decision, from a day until before another (None:
    until further notice); of the kind "automated" for how many months of a case in a row."""

    kind: str
    role: str
    member: UUID | None
    most: int | None
    clause: str
    source: str
    since: date
    until: date | None
    months: int | None = None


@operation()
def enter_delegation(
    *, tenant: str | int, by: Actor, now: datetime, new: NewDelegation, key: UUID | None = None
) -> Done[Delegation]:
    """Enter a delegation; it holds when another administrator has confirmed it. NotPossible: ("delegation kind"),
    ("delegation to") unless it is to a role that can decide or to one active member of staff, or to nobody where no
    person is to decide, ("amount") below 0,
    ("automated months") unless there are 1 to 12 of them where no person is to decide, and none elsewhere, ("clause"),
    ("delegation source"), ("delegation days") where it would end before it begins. `key`: of the form;
    SentAlready the second time."""
    member = require_role(by, now, Role.ADMINISTRATOR)
    if new.kind not in Decides:
        raise NotPossible("delegation kind")
    to_role = new.role in (Role.DECIDER, Role.CASEWORKER) and new.member is None
    somebody = StaffMember.objects.filter(id=new.member, active=True) if new.member else None
    to_member = not new.role and somebody is not None and somebody.exists()
    to_nobody = not new.role and new.member is None
    if not (to_nobody if new.kind == Decides.AUTOMATED else to_role or to_member):
        raise NotPossible("delegation to")
    if new.most is not None and new.most < 0:
        raise NotPossible("amount")
    if new.months not in (range(1, 13) if new.kind == Decides.AUTOMATED else (None,)):
        raise NotPossible("automated months")
    if not new.clause.strip() or len(new.clause) > 80:
        raise NotPossible("clause")
    if not new.source.strip() or len(new.source) > 110:
        raise NotPossible("delegation source")
    if new.until is not None and new.until <= new.since:
        raise NotPossible("delegation days")
    row = Delegation.objects.create(
        id=open_subject("delegation", new_id(Delegation, key)),
        kind=new.kind,
        role=new.role,
        member_id=new.member,
        most=new.most,
        months=new.months,
        clause=new.clause.strip(),
        source=new.source.strip(),
        since=new.since,
        until=new.until,
        entered_by_id=member.id,
        entered_at=now,
    )
    payload = {
        "kind": row.kind,
        "role": row.role,
        "member": str(row.member_id) if row.member_id else None,
        "most": row.most,
        **({"months": row.months} if row.months else {}),
        "since": row.since.isoformat(),
        "until": row.until.isoformat() if row.until else None,
    }
    return Done(row, DelegationEntered(subject=row.id, payload=payload))


def _locked(delegation: UUID, version: int) -> Delegation:
    row = Delegation.objects.select_for_update(of=("self",)).filter(id=delegation).first()
    if row is None:
        raise Hidden("delegation", delegation)
    if row.version != version:
        raise Conflict("delegation")
    return row


@operation()
def confirm_delegation(
    *, tenant: str | int, by: Actor, now: datetime, delegation: UUID, version: int
) -> Done[Delegation]:
    """A second administrator has compared it with the committee's decision: it holds from its day on.
    NotForThem("second pair of eyes") for who entered it, and for whom it lets decide."""
    member = require_role(by, now, Role.ADMINISTRATOR)
    row = _locked(delegation, version)
    if row.confirmed_at is not None:
        raise Conflict("delegation")
    if member.id in (row.entered_by_id, row.member_id):
        raise NotForThem("second pair of eyes", delegation)
    row.confirmed_by_id, row.confirmed_at, row.version = member.id, now, row.version + 1
    row.save(update_fields=["confirmed_by", "confirmed_at", "version"])
    return Done(row, DelegationConfirmed(subject=row.id, payload={"kind": row.kind}))


@operation()
def end_delegation(*, tenant: str | int, by: Actor, now: datetime, delegation: UUID, version: int) -> Done[Delegation]:
    """End a delegation today, by one administrator: less power holds at once. What was decided by it stands."""
    require_role(by, now, Role.ADMINISTRATOR)
    row, today = _locked(delegation, version), acting_door().the_tenant.today(now)
    if row.until is not None and row.until <= today:
        raise Conflict("delegation")
    row.until, row.version = today, row.version + 1
    row.save(update_fields=["until", "version"])
    return Done(row, DelegationEnded(subject=row.id, payload={"kind": row.kind, "until": today.isoformat()}))
