"""Staff: admitted, given roles, and shut out at once when a right is taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, Value
from django.db.models.functions import Least

from handslag.domain.audit.models import Subject
from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.keys import new_keys
from handslag.domain.tenancy.models import (
    Deputy,
    Organisation,
    Policy,
    Preference,
    Relation,
    RoleGrant,
    Session,
    StaffMember,
    StaffUser,
    TenantKeyRow,
    Unit,
)
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, member_behind, require_role
from handslag.domain.tenancy.policies import IN_TRAINING, NotPossible, is_production, require_choice
from handslag.domain.tenancy.states import RelationKind, Role
from handslag.kernel.addresses import is_for_real

#: Saved views of the inbox that a member of staff may keep.
MOST_VIEWS = 12


class OrganisationOpened(Event):
    kind = "organisation opened"


class RelationEntered(Event):
    kind = "relation entered"


class StaffAdmitted(Event):
    kind = "staff admitted"


class RoleGiven(Event):
    kind = "role given"


class RoleTaken(Event):
    kind = "role taken"


class LogInReset(Event):
    kind = "log-in reset"


class PolicySet(Event):
    kind = "policy set"


class TrainingResetAsked(Event):
    kind = "training reset asked"


class TrainingReset(Event):
    """An organisation for training was emptied and filled anew: what was there before is gone, chain and all."""

    kind = "training reset"


class DeputyNamed(Event):
    kind = "deputy named"


class DeputyEnded(Event):
    kind = "deputy ended"


def _may_administer(by: Actor, now: datetime) -> None:
    """Administrators of the tenant, and the installation itself (when it sets an organisation up)."""
    if by.kind != "system":
        require_role(by, now, Role.ADMINISTRATOR)


@operation()
def open_organisation(*, tenant: str | int, by: Actor, now: datetime, units: list[str]) -> Done[dict[str, UUID]]:
    """Make a new tenant ready: its keys and units. Gives the units' keys by name. NotPossible("open already")."""
    _may_administer(by, now)
    if TenantKeyRow.objects.exists():
        raise NotPossible("open already")
    TenantKeyRow.objects.bulk_create(new_keys(now))
    made = {unit.name: unit.id for unit in Unit.objects.bulk_create(Unit(name=name) for name in units)}
    subject = open_subject("organisation")
    return Done(made, OrganisationOpened(subject=subject, payload={"units": units}))


@operation()
def ask_training_reset(*, tenant: str | int, by: Actor, now: datetime) -> Done[None]:
    """An administrator wants an organisation for training emptied and filled anew; a job does it. Hidden where the
    organisation isn't one."""
    _may_administer(by, now)
    if not acting_door().the_tenant.training:
        raise Hidden("training")
    return Done(None, TrainingResetAsked(subject=_own_subject(), payload={}))


@operation()
def note_training_reset(
    *, tenant: str | int, by: Actor, now: datetime, rows: int, asked_by: str, times: int
) -> Done[None]:
    """Note that it was emptied (of so many rows) and filled anew, by whose wish, and how often by now. NotPossible("not
    training")."""
    if by.kind != "system" or not acting_door().the_tenant.training:
        raise NotPossible("not training")
    payload = {"rows": rows, "asked_by": asked_by, "times": times}
    return Done(None, TrainingReset(subject=_own_subject(), payload=payload))


def _own_subject() -> UUID:
    """The anchor of the organisation itself."""
    return Subject.objects.filter(kind="organisation").order_by("id").values_list("id", flat=True)[0]


@operation()
def enter_relation(
    *, tenant: str | int, by: Actor, now: datetime, kind: str, other: str, since: date, until: date | None
) -> Done[Relation]:
    """Enter what the tenant does for another organisation of the directory (its short name), from a day on. Runs as
    the owner of the database, whose the directory is. NotPossible("no such organisation"), ("last day first")."""
    _may_administer(by, now)
    found = Organisation.objects.filter(slug=other).first()
    if found is None:
        raise NotPossible("no such organisation")
    if until is not None and until <= since:
        raise NotPossible("last day first")
    row = Relation.objects.create(
        kind=RelationKind(kind), subject_id=acting_door().the_tenant.id, other=found, since=since, until=until
    )
    told = {"kind": kind, "other": other, "since": str(since), "until": str(until) if until else None}
    return Done(row, RelationEntered(subject=open_subject("relation"), payload=told))


@operation()
def admit_staff(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    user_id: UUID,
    name: str,
    unit: UUID,
    roles: list[str],
    clearance: int = 0,
) -> Done[StaffMember]:
    """Give a staff user a place in the tenant, with roles from today on: the installation's to do (an organisation's
    own administrators: `roles`). NotPossible("admitted already"): then `give_role` is meant."""
    if by.kind != "system":
        raise Hidden("staff")
    if StaffMember.objects.filter(user_id=user_id).exists():
        raise NotPossible("admitted already")
    member = StaffMember.objects.create(
        id=open_subject("staff"), user_id=user_id, name=name, unit_id=unit, clearance=clearance
    )
    today = acting_door().the_tenant.today(now)
    RoleGrant.objects.bulk_create(RoleGrant(member=member, role=Role(role), since=today) for role in roles)
    return Done(member, StaffAdmitted(subject=member.id, payload={"roles": roles, "clearance": clearance}))


@operation()
def give_role(*, tenant: str | int, by: Actor, now: datetime, member: UUID, role: str) -> Done[RoleGrant]:
    """Give a role from today on, also one that was taken before: the installation's to do, an organisation's own
    administrators give it by two (`roles`). NotPossible("role held") where she holds it."""
    if by.kind != "system":
        raise Hidden("staff", member)
    found = StaffMember.objects.select_for_update().filter(id=member, active=True).first()
    if found is None:
        raise Hidden("staff", member)
    if RoleGrant.objects.filter(member=found, role=role, until=None).exists():
        raise NotPossible("role held")
    since = acting_door().the_tenant.today(now)
    row = RoleGrant.objects.create(member=found, role=Role(role), since=since)
    return Done(row, RoleGiven(subject=found.id, payload={"role": role}))


@operation()
def take_role(*, tenant: str | int, by: Actor, now: datetime, member: UUID, role: str) -> Done[None]:
    """End a role today, with what is to come of it; every session of the member ends with this commit.
    NotPossible("no such role") where she doesn't hold it, ("last administrator") where an administrator would take it
    from the organisation's last one."""
    _may_administer(by, now)
    found = StaffMember.objects.select_for_update().filter(id=member).first()
    if found is None:
        raise Hidden("staff", member)
    today = acting_door().the_tenant.today(now)
    held = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=today), role=role)
    if role == Role.ADMINISTRATOR and by.kind == "staff":
        others = held.filter(member__active=True, since__lte=today).exclude(member=found)
        if not list(others.select_for_update(of=("self",)).values_list("id", flat=True)):
            raise NotPossible("last administrator")
    if not held.filter(member=found).update(until=today, since=Least(F("since"), Value(today))):
        raise NotPossible("no such role")
    Session.objects.filter(account=found.user_id).delete()
    return Done(None, RoleTaken(subject=found.id, payload={"role": role}))


@operation()
def reset_log_in(*, tenant: str | int, by: Actor, now: datetime, member: UUID) -> Done[StaffUser]:
    """Her password opens nothing any more and every session of hers ends; the link to a new one is made from what
    this gives. Her second factors stay. The installation's to do: her log-in may open other organisations too."""
    if by.kind != "system":
        raise Hidden("staff", member)
    found = StaffMember.objects.filter(id=member, active=True).first()
    if found is None:
        raise Hidden("staff", member)
    user = StaffUser.objects.select_for_update().get(id=found.user_id)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    Session.objects.filter(account=user.id).delete()
    return Done(user, LogInReset(subject=found.id))


def _may_arrange(member: UUID, by: Actor, now: datetime) -> None:
    """For herself every member of staff may say who stands in; for others an administrator."""
    if by.kind != "staff" or member_behind(acting_door(), now).id != member:
        _may_administer(by, now)


@operation()
def name_deputy(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    member: UUID,
    deputy: UUID,
    since: date,
    until: date,
    key: UUID | None = None,
) -> Done[Deputy]:
    """Let a caseworker stand in for `member` on the days from `since` until before `until`. `key`: of the form;
    SentAlready the second time.

    NotPossible("deputy") for herself or somebody who works no cases, ("past day") for days that are over.
    """
    _may_arrange(member, by, now)
    today = acting_door().the_tenant.today(now)
    works = RoleGrant.objects.filter(role=Role.CASEWORKER, since__lte=today).exclude(until__lte=today)
    able = StaffMember.objects.filter(id=deputy, active=True, id__in=works.values("member_id"))
    if member == deputy or not able.exists() or not StaffMember.objects.filter(id=member, active=True).exists():
        raise NotPossible("deputy")
    if until <= since or until <= today:
        raise NotPossible("past day")
    row_id = new_id(Deputy, key)
    row = Deputy.objects.create(id=row_id, member_id=member, deputy_id=deputy, since=since, until=until)
    told = {"deputy": str(deputy), "since": since.isoformat(), "until": until.isoformat()}
    return Done(row, DeputyNamed(subject=member, payload=told))


@operation()
def end_deputy(*, tenant: str | int, by: Actor, now: datetime, deputy: UUID) -> Done[Deputy]:
    """End a deputy relation (by its key) today: the deputy no longer sees the cases from now on."""
    found = Deputy.objects.select_for_update().filter(id=deputy).first()
    today = acting_door().the_tenant.today(now)
    if found is None or found.until <= today:
        raise Hidden("deputy", deputy)
    _may_arrange(found.member_id, by, now)
    found.since, found.until = min(found.since, today), today
    found.save(update_fields=["since", "until"])
    return Done(found, DeputyEnded(subject=found.member_id, payload={"deputy": str(found.deputy_id)}))


@operation(silent=True)
def keep_preferences(
    *, tenant: str | int, by: Actor, now: datetime, keys: bool | None = None, views: list[dict[str, Any]] | None = None
) -> Done[Preference]:
    """Keep how the member acting likes her desk; None leaves as it is. At most 12 saved views."""
    member = member_behind(acting_door(), now)
    row, _ = Preference.objects.get_or_create(member_id=member.id)
    row.keys = row.keys if keys is None else keys
    row.views = row.views if views is None else views[:MOST_VIEWS]
    row.save(update_fields=["keys", "views"])
    return Done(row)


@operation()
def set_policy(*, tenant: str | int, by: Actor, now: datetime, name: str, value: object) -> Done[None]:
    """Change a setting that operations obey. ValueError for what it may not be (`config/choices.py`).
    NotPossible("production") for what a database that serves real people
    can't be told: that it is a demonstration, or an e-ID without TLS or on this machine; ("demonstration") for a
    demonstration that is to be none any more: its people and log-ins stay invented; ("training") for what would let
    something leave an organisation for training."""
    _may_administer(by, now)
    require_choice(name, value)
    for_trying_out = name == "demonstration" and value
    if name == "eid" and isinstance(value, dict) and "issuer" in value:
        for_trying_out = not is_for_real(value["issuer"])
    if name in IN_TRAINING and acting_door().the_tenant.training:
        raise NotPossible("training")
    if for_trying_out and is_production():
        raise NotPossible("production")
    row = Policy.objects.select_for_update().filter(name=name).first()
    before = row.value if row else None
    if name == "demonstration" and before and not value:
        raise NotPossible("demonstration")
    if row is None:
        row = Policy.objects.create(name=name, value=value, id=open_subject("policy"))
    else:
        row.value = value
        row.save(update_fields=["value"])
    return Done(None, PolicySet(subject=row.id, payload={"name": name, "before": before, "after": value}))
