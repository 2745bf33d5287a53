"""What an organisation's own administrators do for its staff: a place for a colleague, and roles, proposed by one and
given by another; taking takes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.people.operations.staff import LogInReset, RoleGiven, StaffAdmitted
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import ProposedRole, RoleGrant, StaffMember, StaffUser, Unit
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role, RoleProposal


class RoleProposed(Event):
    kind = "role proposed"


class RoleProposalWithdrawn(Event):
    kind = "role proposal withdrawn"


@dataclass(frozen=True)
class NewColleague:
    """Who gets a place: her log-in name (an e-mail address), her name as letters show it, her unit, and the highest
    protection level that she may see once she has a role (0 to 3)."""

    email: str
    name: str
    unit: UUID
    clearance: int = 0


@operation()
def admit_colleague(
    *, tenant: str | int, by: Actor, now: datetime, new: NewColleague, key: UUID | None = None
) -> Done[StaffMember]:
    """Give somebody a place in the organisation, without a role: it opens nothing until two have given her one. Who has
    no log-in in the installation yet gets one without a password. NotPossible: ("e-mail"), ("staff name"), ("unit"),
    ("clearance"), ("admitted already"). `key`: of the form; SentAlready the second time."""
    require_role(by, now, Role.ADMINISTRATOR)
    email, name = new.email.strip().lower(), new.name.strip()
    try:
        validate_email(email)
    except ValidationError as refused:
        raise NotPossible("e-mail") from refused
    if not name or len(name) > 120:
        raise NotPossible("staff name")
    if not Unit.objects.filter(id=new.unit).exists():
        raise NotPossible("unit")
    if new.clearance not in range(4):
        raise NotPossible("clearance")
    row_id = new_id(StaffMember, key)
    user = StaffUser.objects.filter(email=email).first()
    made = user is None
    if user is None:
        user = StaffUser(email=email)
        user.set_unusable_password()
        user.save()
    elif StaffMember.objects.filter(user_id=user.id).exists():
        raise NotPossible("admitted already")
    row = StaffMember.objects.create(
        id=open_subject("staff", row_id), user_id=user.id, name=name, unit_id=new.unit, clearance=new.clearance,
        made_log_in=made or None,
    )  # fmt: skip
    return Done(row, StaffAdmitted(subject=row.id, payload={"roles": [], "clearance": row.clearance}))


def may_begin(member: StaffMember, user: StaffUser) -> bool:
    """Whether a link may open the log-in of a member for the first time: it was made for this place and never used."""
    return bool(member.made_log_in) and member.active and user.last_login is None and not user.has_usable_password()


@operation()
def let_begin(*, tenant: str | int, by: Actor, now: datetime, member: UUID) -> Done[StaffUser]:
    """A colleague is to log in for the first time: the link by which she sets a password is made from what this gives.
    Hidden where she is none; NotPossible("log-in in use") where her log-in has been used, has a password, or was made
    by another organisation: it may open more than this one."""
    require_role(by, now, Role.ADMINISTRATOR)
    found = StaffMember.objects.filter(id=member, active=True).first()
    if found is None:
        raise Hidden("staff", member)
    user = StaffUser.objects.select_for_update().get(id=found.user_id)
    if not may_begin(found, user):
        raise NotPossible("log-in in use")
    return Done(user, LogInReset(subject=found.id))


@operation()
def propose_role(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    member: UUID,
    role: str,
    since: date,
    until: date | None,
    key: UUID | None = None,
) -> Done[ProposedRole]:
    """Propose that a colleague holds a role from `since` until before `until` (None: until further notice). Hidden
    where she is none; NotForThem("own role"); NotPossible: ("no such role"), ("past day") for a day that is over,
    ("delegation days") where it would end before it begins, ("role held") where she holds it on one of these days,
    ("role proposed"). `key`: of the form; SentAlready the second time."""
    proposer = require_role(by, now, Role.ADMINISTRATOR)
    found = StaffMember.objects.select_for_update().filter(id=member, active=True).first()
    if found is None:
        raise Hidden("staff", member)
    if found.id == proposer.id:
        raise NotForThem("own role", member)
    if role not in Role:
        raise NotPossible("no such role")
    if since < acting_door().the_tenant.today(now):
        raise NotPossible("past day")
    if until is not None and until <= since:
        raise NotPossible("delegation days")
    row_id = new_id(ProposedRole, key)
    if _held(found.id, role, since, until):
        raise NotPossible("role held")
    if ProposedRole.objects.filter(member=found, role=role, state=RoleProposal.PROPOSED).exists():
        raise NotPossible("role proposed")
    row = ProposedRole.objects.create(
        id=row_id, member=found, role=role, since=since, until=until, proposed_by_id=proposer.id, at=now
    )
    told = {"role": role, "since": since.isoformat(), "until": until.isoformat() if until else None}
    return Done(row, RoleProposed(subject=found.id, payload=told))


@operation()
def give_proposed_role(*, tenant: str | int, by: Actor, now: datetime, proposal: UUID) -> Done[RoleGrant]:
    """Give a role that another administrator has proposed, from its first day on, or from today where that is over.
    Hidden where there is none; NotForThem("second pair of eyes") for who proposed it, ("own role") for whom it is;
    Conflict("role") where it was settled meanwhile; NotPossible("past day") where its last day is over, ("role
    held")."""
    giver = require_role(by, now, Role.ADMINISTRATOR)
    row = _waiting(proposal)
    if giver.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", proposal)
    if giver.id == row.member_id:
        raise NotForThem("own role", proposal)
    since = max(row.since, acting_door().the_tenant.today(now))
    if row.until is not None and row.until <= since:
        raise NotPossible("past day")
    if _held(row.member_id, row.role, since, row.until):
        raise NotPossible("role held")
    grant = RoleGrant.objects.create(member_id=row.member_id, role=row.role, since=since, until=row.until)
    _settle(row, RoleProposal.GIVEN, giver.id, now)
    told = {"role": row.role, "since": since.isoformat(), "until": row.until.isoformat() if row.until else None}
    return Done(grant, RoleGiven(subject=row.member_id, payload=told))


@operation()
def withdraw_proposed_role(*, tenant: str | int, by: Actor, now: datetime, proposal: UUID) -> Done[ProposedRole]:
    """It isn't given after all. Hidden where there is none; Conflict("role") where it was settled meanwhile."""
    who = require_role(by, now, Role.ADMINISTRATOR)
    row = _waiting(proposal)
    _settle(row, RoleProposal.WITHDRAWN, who.id, now)
    return Done(row, RoleProposalWithdrawn(subject=row.member_id, payload={"role": row.role}))


def _held(member: UUID, role: str, since: date, until: date | None) -> bool:
    """Whether she holds the role on one of these days."""
    rows = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=since), member_id=member, role=role)
    return (rows.filter(since__lt=until) if until else rows).exists()


def _waiting(proposal: UUID) -> ProposedRole:
    row = ProposedRole.objects.select_for_update(of=("self",)).filter(id=proposal).first()
    if row is None:
        raise Hidden("role proposal", proposal)
    if row.state != RoleProposal.PROPOSED:
        raise Conflict("role")
    StaffMember.objects.select_for_update().get(id=row.member_id)
    return row


def _settle(row: ProposedRole, state: RoleProposal, who: UUID, now: datetime) -> None:
    row.state, row.settled_by_id, row.settled_at = state, who, now
    row.save(update_fields=["state", "settled_by", "settled_at"])
