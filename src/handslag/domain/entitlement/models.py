"""Facts of a period as the office sees them, and the sheets computed from them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.people.models import Person
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Assessment(TenantRow):
    """The caseworker's working copy of a period's facts: applied, proposed and own values with their reasons."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "the caseworker's working copy; what was calculated from is the snapshot",
    }

    case = TenantFK(Case)
    period = TenantFK(Period)
    facts = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("entitlement_assessment", "case", "period"),
            models.UniqueConstraint(fields=["tenant", "period"], name="assessment_once_per_period"),
        ]


class NormSet(TenantRow):
    """The norms that sheets were computed with, whole, by their digest."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    digest = models.CharField(max_length=64)
    body = models.JSONField()
    has_example = models.BooleanField()

    class Meta:
        constraints = [
            *wall("entitlement_normset", append_only=True),
            models.UniqueConstraint(fields=["tenant", "digest"], name="normset_once_per_digest"),
        ]


class Snapshot(TenantRow):
    """The facts that a sheet was computed from, fixed."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    period = TenantFK(Period)
    facts = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = wall("entitlement_snapshot", "case", "period", append_only=True)


class Sheet(TenantRow):
    """One calculation of one period (normberäkning), numbered, never changed."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    period = TenantFK(Period)
    number = models.PositiveIntegerField()
    snapshot = TenantFK(Snapshot)
    norm_set = TenantFK(NormSet)
    pack = models.CharField(max_length=12)
    rule_version = models.CharField(max_length=40)
    known_on = models.DateField(help_text="the day it was computed: norms as known, sections as in force then")
    body = models.JSONField(help_text="lines, totals, result")
    digest = models.CharField(max_length=64)
    granted = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("entitlement_sheet", "case", "period", "snapshot", "norm_set", append_only=True),
            models.UniqueConstraint(fields=["tenant", "period", "number"], name="sheet_numbered"),
        ]


class PersonMonth(TenantRow):
    """What the sheet of the decision in force says of one person in one period: support, and own work."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, DELETE", "worker": "SELECT, INSERT, DELETE"}
    uncommitted: ClassVar[dict[str, str]] = {"*": "follows from the sheets of the decisions in force"}

    period = TenantFK(Period)
    person = TenantFK(Person)
    since = models.DateField(help_text="of the period")
    sheet = TenantFK(Sheet)
    supported = models.BooleanField(help_text="försörjningsstöd was granted to this adult's household")
    work_income = models.BigIntegerField(help_text="minor units, before any disregard")

    class Meta:
        indexes = [models.Index(fields=["tenant", "person", "since"])]
        constraints = [
            *wall("entitlement_personmonth", "period", "person", "sheet"),
            models.UniqueConstraint(fields=["tenant", "period", "person"], name="person_once_per_period"),
        ]


class LocalNorm(TenantRow):
    """One value of a norm that the municipality sets itself (a limit, a setting, a norm of its own), from a day on.

    Entered by one, in force when another has confirmed it. A later one takes its place; none is ever changed.
    Shares its key with its audit subject.
    """

    name = models.CharField(max_length=60)
    since = models.DateField()
    entry = models.JSONField(help_text="the norm as in a norm file, with this value; no value: it ends on that day")
    source = models.CharField(max_length=300)
    entered_by = TenantFK(StaffMember)
    entered_at = models.DateTimeField()
    confirmed_by = TenantFK(StaffMember, null=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *wall("entitlement_localnorm", "entered_by", "confirmed_by"),
            TenantKey(name="entitlement_localnorm_subject", field="id", to="audit.Subject"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False) & ~Q(confirmed_by=F("entered_by")),
                name="local_norm_confirmed_by_another",
            ),
        ]
