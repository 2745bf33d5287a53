"""Organisations, relations between them, units, staff, roles, keys; staff log-in and sessions."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.base_session import BaseSessionManager as SessionManager
from django.db import models

from handslag.domain.tenancy.constraints import wall
from handslag.domain.tenancy.rows import TenantFK, TenantRow
from handslag.domain.tenancy.states import Decides, OrganisationKind, RelationKind, Role, RoleProposal
from handslag.kernel.ids import uuid7

#: How the name of every organisation for training begins.
TRAINING_NAME = "Övning: "
READ = {"web": "SELECT", "worker": "SELECT", "auditor": "SELECT", "courier": "SELECT", "eraser": "SELECT"}


class Organisation(models.Model):
    """An entry of the installation's directory. With `is_tenant` it is responsible for data of its own.

    `training`: people practise here on invented cases; nothing leaves it, and it can be emptied. Said when it is
    entered and never changed; its name says so too, on every page, letter and file.
    """

    grants: ClassVar[dict[str, str]] = READ

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=24, choices=OrganisationKind.choices)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    zone = models.CharField(max_length=40)
    languages = ArrayField(models.CharField(max_length=12))
    code_type = models.CharField(max_length=24, help_text="kommunkod, BFS number, AGS, UID, sedex id")
    code = models.CharField(max_length=40)
    colour = models.CharField(max_length=7, default="#1f5c7a")
    address_lines = ArrayField(models.CharField(max_length=120), default=list)
    telephone = models.CharField(max_length=40, blank=True)
    is_tenant = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    training = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code_type", "code", "kind"], name="organisation_once_per_code"),
            models.CheckConstraint(
                condition=models.Q(training=False) | models.Q(name__startswith=TRAINING_NAME),
                name="organisation_training_says_so",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=OrganisationKind.values), name="organisation_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Relation(models.Model):
    """What one organisation does for another, from `since` until before `until`."""

    grants: ClassVar[dict[str, str]] = READ

    id = models.AutoField(primary_key=True)
    kind = models.CharField(max_length=24, choices=RelationKind.choices)
    subject = models.ForeignKey(Organisation, models.PROTECT, related_name="relations")
    other = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=RelationKind.values), name="relation_kind_known"),
            models.CheckConstraint(condition=~models.Q(subject=models.F("other")), name="relation_to_another"),
            models.UniqueConstraint(fields=["kind", "subject", "other", "since"], name="relation_once"),
        ]


class StaffUserManager(BaseUserManager["StaffUser"]):
    """Finds staff by their log-in name."""


class StaffUser(AbstractBaseUser):
    """How a member of staff logs in. What she may do is a row of the tenant (StaffMember, RoleGrant), never here."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects = StaffUserManager()

    def __str__(self) -> str:
        return self.email


class Session(AbstractBaseSession):
    """A log-in session. `account` names the staff user or the citizen's account, so that all of one can be ended."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE, DELETE", "worker": "SELECT, DELETE"}

    account = models.UUIDField(null=True, db_index=True)

    objects: ClassVar[SessionManager[Session]] = SessionManager()  # type: ignore[assignment]

    @classmethod
    def get_session_store_class(cls) -> type:
        store: type = import_module(settings.SESSION_ENGINE).SessionStore  # it lives a floor above
        return store


class Unit(TenantRow):
    """A unit of the organisation; cases and tasks belong to one."""

    name = models.CharField(max_length=120)

    class Meta:
        constraints = [
            *wall("tenancy_unit"),
            models.UniqueConstraint(fields=["tenant", "name"], name="unit_once_per_tenant"),
        ]


class StaffMember(TenantRow):
    """A staff user's place in this tenant."""

    user_id = models.UUIDField()
    name = models.CharField(max_length=120)
    unit = TenantFK(Unit)
    active = models.BooleanField(default=True)
    clearance = models.PositiveSmallIntegerField(default=0, help_text="highest protection level she may see, 0 to 3")
    made_log_in = models.BooleanField(null=True, help_text="her log-in was made here, by an administrator")

    class Meta:
        constraints = [
            *wall("tenancy_staffmember", "unit"),
            models.UniqueConstraint(fields=["tenant", "user_id"], name="staff_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(clearance__lte=3), name="staff_clearance_known"),
        ]


class RoleGrant(TenantRow):
    """A role that a member of staff holds, from `since` until before `until`."""

    member = TenantFK(StaffMember)
    role = models.CharField(max_length=24, choices=Role.choices)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "member"])]
        constraints = [
            *wall("tenancy_rolegrant", "member"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_known"),
        ]


class ProposedRole(TenantRow):
    """A role that one administrator wants a member of staff to hold on the days `since` until before `until`: given by
    another one, who makes a RoleGrant of it, or withdrawn. Neither of them is she."""

    member = TenantFK(StaffMember)
    role = models.CharField(max_length=24, choices=Role.choices)
    since = models.DateField()
    until = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=RoleProposal.choices, default=RoleProposal.PROPOSED)
    proposed_by = TenantFK(StaffMember)
    at = models.DateTimeField()
    settled_by = TenantFK(StaffMember, null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *wall("tenancy_proposedrole", "member", "proposed_by", "settled_by"),
            models.UniqueConstraint(
                fields=["tenant", "member", "role"],
                condition=models.Q(state=RoleProposal.PROPOSED),
                name="proposedrole_one_at_a_time",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="proposedrole_role_known"),
            models.CheckConstraint(condition=models.Q(state__in=RoleProposal.values), name="proposedrole_state_known"),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gt=models.F("since")), name="proposedrole_days"
            ),
            models.CheckConstraint(
                condition=models.Q(state=RoleProposal.PROPOSED, settled_by=None, settled_at=None)
                | models.Q(
                    state__in=[RoleProposal.GIVEN, RoleProposal.WITHDRAWN],
                    settled_by__isnull=False,
                    settled_at__isnull=False,
                ),
                name="proposedrole_settled_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=RoleProposal.GIVEN) | ~models.Q(settled_by=models.F("proposed_by")),
                name="proposedrole_four_eyes",
            ),
            models.CheckConstraint(
                condition=~models.Q(member=models.F("proposed_by"))
                & (~models.Q(state=RoleProposal.GIVEN) | ~models.Q(settled_by=models.F("member"))),
                name="proposedrole_not_ones_own",
            ),
        ]


class Deputy(TenantRow):
    """Who stands in for a member of staff on the days `since` until before `until`: sees her cases and is told."""

    member = TenantFK(StaffMember)
    deputy = TenantFK(StaffMember)
    since = models.DateField()
    until = models.DateField()

    @property
    def last(self) -> date:
        """The last day, included."""
        return self.until - timedelta(days=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "deputy"]), models.Index(fields=["tenant", "member"])]
        constraints = [
            *wall("tenancy_deputy", "member", "deputy"),
            models.CheckConstraint(condition=models.Q(until__gte=models.F("since")), name="deputy_days"),
            models.CheckConstraint(condition=~models.Q(member=models.F("deputy")), name="deputy_is_another"),
        ]


class Delegation(TenantRow):
    """Who may take which decisions, up to which amount, from `since` until before `until`: a role, or one member of
    staff; of the kind AUTOMATED nobody. Entered by one administrator and confirmed by another; what it says never
    changes, and it ends by its day.

    What was decided by it keeps its words: nothing that happens here alters a decision.
    """

    kind = models.CharField(max_length=12, choices=Decides.choices)
    role = models.CharField(max_length=24, choices=Role.choices, blank=True)
    member = TenantFK(StaffMember, null=True)
    most = models.BigIntegerField(null=True, help_text="minor units; nothing: no limit")
    months = models.PositiveSmallIntegerField(
        null=True, help_text="of the kind automated: so many months of a case in a row, then a person decides one"
    )
    clause = models.CharField(max_length=80, help_text="of the delegation order, as decisions name it")
    source = models.CharField(max_length=110, help_text="the committee's decision, with its day")
    since = models.DateField()
    until = models.DateField(null=True)
    entered_by = TenantFK(StaffMember)
    entered_at = models.DateTimeField()
    confirmed_by = TenantFK(StaffMember, null=True)
    confirmed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    @property
    def words(self) -> str:
        """What a decision says that is taken by it."""
        return f"{self.clause} ({self.source})"

    class Meta:
        indexes = [models.Index(fields=["tenant", "kind"])]
        constraints = [
            *wall("tenancy_delegation", "member", "entered_by", "confirmed_by"),
            models.CheckConstraint(condition=models.Q(kind__in=Decides.values), name="delegation_kind_known"),
            models.CheckConstraint(
                condition=models.Q(kind=Decides.AUTOMATED, role="", member=None)
                | (~models.Q(kind=Decides.AUTOMATED) & models.Q(role__in=[Role.DECIDER, Role.CASEWORKER], member=None))
                | (~models.Q(kind=Decides.AUTOMATED) & models.Q(role="", member__isnull=False)),
                name="delegation_to_one",
            ),
            models.CheckConstraint(
                condition=~models.Q(clause="") & ~models.Q(source=""), name="delegation_with_source"
            ),
            models.CheckConstraint(
                condition=models.Q(months=None) | models.Q(kind=Decides.AUTOMATED, months__gte=1),
                name="delegation_months_of_automated",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None, confirmed_at=None)
                | models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="delegation_confirmed_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None) | ~models.Q(confirmed_by=models.F("entered_by")),
                name="delegation_by_two",
            ),
        ]


class Preference(TenantRow):
    """How a member of staff likes her desk: single-letter shortcuts on or off, her saved views of the inbox."""

    uncommitted: ClassVar[dict[str, str]] = {"*": "how somebody likes her screen: nothing of a case follows from it"}

    member = TenantFK(StaffMember)
    keys = models.BooleanField(default=True)
    views = models.JSONField(default=list, help_text="[{name, filter}]")

    class Meta:
        constraints = [
            *wall("tenancy_preference", "member"),
            models.UniqueConstraint(fields=["tenant", "member"], name="preference_once_per_member"),
        ]


class TenantKeyRow(TenantRow):
    """A key of the tenant: signing (ES256; public part published), exchange (ECDH; what partners encrypt to) or files
    (AES-256), private part encrypted under the installation's key, which lies outside the database."""

    grants: ClassVar[dict[str, str]] = {
        "web": "SELECT, INSERT, UPDATE (until)",
        "worker": "SELECT",
        "auditor": "SELECT",
    }

    use = models.CharField(max_length=12, choices=[(use, use) for use in ("signing", "exchange", "files")])
    key_id = models.CharField(max_length=64)
    public_jwk = models.JSONField(null=True)
    private_sealed = models.BinaryField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "tenancy_key"
        constraints = [
            *wall("tenancy_key"),
            models.UniqueConstraint(fields=["tenant", "key_id"], name="key_once_per_tenant"),
        ]


class Counter(TenantRow):
    """The last number given out, per year and series."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "a number given out twice is refused by the table that carries it",
    }

    series = models.CharField(max_length=24)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            *wall("tenancy_counter"),
            models.UniqueConstraint(fields=["tenant", "series", "year"], name="counter_once"),
        ]


class Policy(TenantRow):
    """A setting of the tenant that operations obey (how many eyes, which window), by name."""

    name = models.CharField(max_length=60)
    value = models.JSONField()

    class Meta:
        constraints = [
            *wall("tenancy_policy"),
            models.UniqueConstraint(fields=["tenant", "name"], name="policy_once_per_tenant"),
        ]
