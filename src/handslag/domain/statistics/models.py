"""What only the statistics ask for (where somebody was born, why she lacks a living), and the files that were made."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.people.models import Person
from handslag.domain.statistics.states import Step
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Origin(TenantRow):
    """What the statistics ask of an adult once. Read for nothing else: no calculation and no decision sees it."""

    person = TenantFK(Person)
    refugee = models.BooleanField(null=True, help_text="nothing: not known")
    born_abroad = models.BooleanField(null=True, help_text="nothing: not known")
    recorded_by = TenantFK(StaffMember)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("statistics_origin", "person", "recorded_by"),
            models.UniqueConstraint(fields=["tenant", "person"], name="origin_once_per_person"),
        ]


class Obstacle(TenantRow):
    """Why an adult of a case lacked a living of her own in a month: exactly one cause (försörjningshinder)."""

    case = TenantFK(Case)
    period = TenantFK(Period)
    person = TenantFK(Person)
    cause = models.CharField(max_length=30, help_text="code of causes.se.yaml")
    recorded_by = TenantFK(StaffMember)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("statistics_obstacle", "case", "period", "person", "recorded_by"),
            models.UniqueConstraint(fields=["tenant", "period", "person"], name="obstacle_one_per_month"),
        ]


class StatisticsFile(TenantRow):
    """A file for Socialstyrelsen, as it was made: of one month, and in December of the whole year. Made anew it gets
    the next number; which of them went there is noted. What it says never changes. Shares its key with its audit
    subject."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    since = models.DateField(help_text="first day of the month in which it is about the support")
    number = models.PositiveSmallIntegerField()
    households = models.TextField(help_text="the file: a line per household and month")
    causes = models.TextField(help_text="the file beside it: a line per adult and month")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the first file")
    causes_digest = models.CharField(max_length=64, help_text="SHA-256 of the second file")
    lines = models.PositiveIntegerField()
    adults = models.PositiveIntegerField()
    amount = models.BigIntegerField(help_text="minor units: what is booked")
    kronor = models.BigIntegerField(help_text="the same as the lines say it")
    protection = models.PositiveSmallIntegerField(help_text="the highest protection level of anybody in it")
    made_by = TenantFK(StaffMember)
    made_at = models.DateTimeField()
    delivered_by = TenantFK(StaffMember, null=True)
    delivered_at = models.DateTimeField(null=True)
    delivered_how = models.CharField(max_length=200, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("statistics_statisticsfile", "made_by", "delivered_by"),
            TenantKey(name="statistics_statisticsfile_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "since", "number"], name="statisticsfile_numbered"),
            models.CheckConstraint(condition=Q(since__day=1), name="statisticsfile_of_a_month"),
            models.CheckConstraint(
                condition=Q(delivered_by=None, delivered_at=None, delivered_how=None)
                | Q(delivered_by__isnull=False, delivered_at__isnull=False, delivered_how__gt=""),
                name="statisticsfile_delivered_by_at_how",
            ),
        ]


class Baseline(TenantRow):
    """How many minutes a step of a renewal took before, as the organisation measured it itself. Never changed: a new
    one counts from its day."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    step = models.CharField(max_length=8, choices=Step.choices)
    minutes = models.PositiveIntegerField()
    since = models.DateField()
    source = models.CharField(max_length=200, help_text="who measured it, when and how")
    entered_by = TenantFK(StaffMember)
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("statistics_baseline", "entered_by", append_only=True),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="baseline_step_known"),
            models.CheckConstraint(condition=Q(minutes__gt=0) & ~Q(source=""), name="baseline_with_source"),
        ]
