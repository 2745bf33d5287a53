"""People apart from cases: who they are, where they live, with whom, and into which account they are paid."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from handslag.domain.documents.models import Document
from handslag.domain.people.states import AccountKind, ChangeState, HouseholdRole, IdentifierType, Scope
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import TenantFK, TenantRow


class DateRange(Func):
    """`daterange(since, until)`: half-open, open-ended where `until` is NULL."""

    function = "daterange"
    output_field = DateRangeField()


def never_overlapping(name: str, *keys: str) -> ExclusionConstraint:
    """At most one row per `keys` on every day of `[since, until)` within a tenant."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            ("tenant", RangeOperators.EQUAL),
            *((key, RangeOperators.EQUAL) for key in keys),
            (DateRange(F("since"), F("until")), RangeOperators.OVERLAPS),
        ],
    )


def since_before_until(name: str) -> models.CheckConstraint:
    """A period has at least one day."""
    return models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gt=F("since")), name=name)


class Person(TenantRow):
    """A person as this organisation knows them. Shares its key with its audit subject."""

    given_name = models.CharField(max_length=120, blank=True)
    family_name = models.CharField(max_length=120, blank=True)
    sort_key = models.BinaryField(help_text="ICU collation key of the name in the tenant's first language")
    birth_on = models.DateField(null=True)
    language = models.CharField(max_length=12, default="sv")
    email = models.EmailField(blank=True)
    telephone = models.CharField(max_length=40, blank=True)
    protection_level = models.PositiveSmallIntegerField(default=0)
    lower_to = models.PositiveSmallIntegerField(null=True, help_text="proposed lower protection, until another agrees")
    lower_address_to = models.PositiveSmallIntegerField(null=True, help_text="the same for her addresses")
    lower_by = TenantFK(StaffMember, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("people_person", "lower_by"),
            models.CheckConstraint(
                condition=Q(lower_to=None, lower_address_to=None, lower_by=None)
                | Q(
                    lower_to__isnull=False,
                    lower_to__lte=3,
                    lower_address_to__isnull=False,
                    lower_address_to__lte=3,
                    lower_by__isnull=False,
                ),
                name="person_lowering_by_somebody",
            ),
            TenantKey(name="people_person_subject", field="id", to="audit.Subject"),
            models.CheckConstraint(condition=Q(protection_level__lte=3), name="person_protection_known"),
            models.CheckConstraint(condition=~Q(given_name="", family_name=""), name="person_has_a_name"),
        ]


class Identifier(TenantRow):
    """A number by which a person is known, with its type."""

    person = TenantFK(Person)
    type = models.CharField(max_length=20, choices=IdentifierType.choices)
    value = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["tenant", "person"])]
        constraints = [
            *wall("people_identifier", "person"),
            models.UniqueConstraint(fields=["tenant", "type", "value"], name="identifier_once_per_tenant"),
            models.CheckConstraint(condition=Q(type__in=IdentifierType.values), name="identifier_type_known"),
        ]


class Merge(TenantRow):
    """Two records are of one person: `gone` leads to `kept` while this holds. Nothing is rewritten anywhere.

    Proposed by one member of staff; holds from `confirmed_at`, by another, until `ended_at`: taken back before it was
    confirmed, or undone after.
    """

    gone = TenantFK(Person)
    kept = TenantFK(Person)
    reason = models.CharField(max_length=400, help_text="how it is known that they are one person")
    proposed_by = TenantFK(StaffMember)
    proposed_at = models.DateTimeField()
    confirmed_by = TenantFK(StaffMember, null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_by = TenantFK(StaffMember, null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=400, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "kept"], condition=Q(ended_at=None), name="merge_into")]
        constraints = [
            *wall("people_merge", "gone", "kept", "proposed_by", "confirmed_by", "ended_by"),
            models.UniqueConstraint(fields=["tenant", "gone"], condition=Q(ended_at=None), name="merge_one_per_gone"),
            models.CheckConstraint(condition=~Q(gone=F("kept")), name="merge_of_two_records"),
            models.CheckConstraint(condition=Q(reason__gt=""), name="merge_has_a_reason"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | (Q(confirmed_by__isnull=False, confirmed_at__isnull=False) & ~Q(confirmed_by=F("proposed_by"))),
                name="merge_by_two",
            ),
            models.CheckConstraint(
                condition=Q(ended_by=None, ended_at=None, end_reason=None)
                | Q(ended_by__isnull=False, ended_at__isnull=False, end_reason__gt=""),
                name="merge_ended_by_somebody",
            ),
        ]


class NameToken(TenantRow):
    """One word of a person's name, folded: people are searched by equality of words."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, DELETE", "worker": "SELECT, INSERT, DELETE"}
    uncommitted: ClassVar[dict[str, str]] = {"*": "follows from the names, and is made anew with them"}

    person = TenantFK(Person)
    token = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["tenant", "token"])]
        constraints = [
            *wall("people_nametoken", "person"),
            models.UniqueConstraint(fields=["tenant", "person", "token"], name="nametoken_once_per_person"),
        ]


class Address(TenantRow):
    """Where a person lives or gets post, from `since` until before `until`."""

    person = TenantFK(Person)
    lines = ArrayField(models.CharField(max_length=120))
    postcode = models.CharField(max_length=12)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2)
    protection_level = models.PositiveSmallIntegerField(default=0)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            *wall("people_address", "person"),
            never_overlapping("address_one_per_day", "person"),
            since_before_until("address_period"),
        ]


class Household(TenantRow):
    """People who keep house together; who, is a matter of days."""

    class Meta:
        constraints = wall("people_household")


class Membership(TenantRow):
    """A person's days in a household."""

    household = TenantFK(Household)
    person = TenantFK(Person)
    role = models.CharField(max_length=12, choices=HouseholdRole.choices)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "household"])]
        constraints = [
            *wall("people_membership", "household", "person"),
            never_overlapping("membership_one_per_day", "person"),
            since_before_until("membership_period"),
            models.CheckConstraint(condition=Q(role__in=HouseholdRole.values), name="membership_role_known"),
        ]


class Account(TenantRow):
    """Where a person is paid, from `since` until before `until`; never changed in the application form."""

    person = TenantFK(Person)
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    clearing = models.CharField(max_length=5, blank=True)
    number = models.CharField(max_length=34)
    holder = models.CharField(max_length=250)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            *wall("people_account", "person"),
            never_overlapping("account_one_per_day", "person"),
            since_before_until("account_period"),
        ]


class AccountChange(TenantRow):
    """Another account that a person asks to be paid into: signed by her e-ID, checked by a member of staff."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    person = TenantFK(Person)
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    clearing = models.CharField(max_length=5, blank=True)
    number = models.CharField(max_length=34)
    digest = models.CharField(max_length=64, help_text="of exactly what is signed")
    token = models.CharField(max_length=64, help_text="SHA-256 of the flow's state parameter")
    state = models.CharField(max_length=10, choices=ChangeState.choices, default=ChangeState.BEGUN)
    issuer = models.CharField(max_length=200, blank=True)
    acr = models.CharField(max_length=120, blank=True)
    evidence = models.JSONField(null=True)
    begun_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    checked_by = TenantFK(StaffMember, null=True)
    checked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True, help_text="why it isn't done, in words for the person")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "person", "begun_at"], name="accountchange_of_person")]
        constraints = [
            *wall("people_accountchange", "person", "checked_by"),
            models.UniqueConstraint(fields=["tenant", "token"], name="accountchange_once_per_state"),
            models.UniqueConstraint(
                fields=["tenant", "person"], condition=Q(state="asked"), name="accountchange_one_asked"
            ),
            models.CheckConstraint(condition=Q(state__in=ChangeState.values), name="accountchange_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["begun", "withdrawn"]) | Q(asked_at__isnull=False, evidence__isnull=False),
                name="accountchange_signed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "refused"], checked_by__isnull=False, checked_at__isnull=False)
                | Q(state__in=["begun", "asked", "withdrawn"], checked_by=None, checked_at=None),
                name="accountchange_checked_by_somebody",
            ),
        ]


class Representation(TenantRow):
    """One person may act for another, in her own name, from `since` until before `until`, on the stated ground.

    `document` is the evidence as staff have seen it. `ended_at`: it was ended before its day, by a member of staff, or
    by the person herself.
    """

    person = TenantFK(Person)
    representative = TenantFK(Person)
    ground = models.CharField(max_length=80)
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.ACT)
    since = models.DateField()
    until = models.DateField(null=True)
    document = TenantFK(Document, null=True)
    registered_by = TenantFK(StaffMember, null=True)
    registered_at = models.DateTimeField(null=True)
    ended_by = TenantFK(StaffMember, null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "representative"]), models.Index(fields=["tenant", "person"])]
        constraints = [
            *wall("people_representation", "person", "representative", "document", "registered_by", "ended_by"),
            since_before_until("representation_period"),
            models.CheckConstraint(condition=~Q(person=F("representative")), name="representation_by_another"),
        ]

    @property
    def last(self) -> date | None:
        """The last day on which she may act, as the evidence says it; None: no day was set."""
        return self.until - timedelta(days=1) if self.until else None


class CitizenLogin(TenantRow):
    """A person's log-in: the issuer and subject that vouched for them. The session holds only this row's key."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    person = TenantFK(Person)
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    acr = models.CharField(max_length=120)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("people_citizenlogin", "person"),
            models.UniqueConstraint(fields=["tenant", "issuer", "subject"], name="login_once_per_subject"),
        ]
