"""What only the statistics ask for (where somebody was born, why she lacks a living), and the files that were made."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.people.models import Person
from handslag.domain.statistics.states import DeliveryState, Step
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


class AccountClass(TenantRow):
    """Which category of the federal statistics an account code of the case account is of, as the municipality says
    it instead of `federal.ch.yaml`; none (empty): not known. Never changed: the newest counts."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    direction = models.CharField(max_length=7, choices=[("expense", "expense"), ("income", "income")])
    account_code = models.CharField(max_length=24)
    category = models.CharField(max_length=24, blank=True)
    source = models.CharField(max_length=200, help_text="on what it rests")
    entered_by = TenantFK(StaffMember)
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("statistics_accountclass", "entered_by", append_only=True),
            models.CheckConstraint(condition=Q(direction__in=["expense", "income"]), name="accountclass_direction"),
            models.CheckConstraint(condition=~Q(source="") & ~Q(account_code=""), name="accountclass_with_source"),
        ]


class Ending(TenantRow):
    """Why support of a case ended after its last month with support, by a code of `federal.ch.yaml`. Once support was
    granted for a later month, it says nothing any more."""

    case = TenantFK(Case)
    since = models.DateField(help_text="first day of the last month with support")
    reason = models.CharField(max_length=8)
    recorded_by = TenantFK(StaffMember)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("statistics_ending", "case", "recorded_by"),
            models.UniqueConstraint(fields=["tenant", "case", "since"], name="ending_once_per_month"),
            models.CheckConstraint(condition=Q(since__day=1), name="ending_of_a_month"),
        ]


class FederalDelivery(TenantRow):
    """A month of the federal social assistance statistics as it was put together: what it says never changes. Made anew
    it gets the next number; one that was sent before is corrected by it. Shares its key with its audit subject; the
    message has that key too."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT, INSERT, UPDATE"}

    since = models.DateField(help_text="first day of the month")
    number = models.PositiveSmallIntegerField()
    content = models.TextField(help_text="canonical JSON: dossiers with persons and bookings, totals")
    digest = models.CharField(max_length=64, help_text="SHA-256 of that")
    dossiers = models.PositiveIntegerField()
    persons = models.PositiveIntegerField()
    bookings = models.PositiveIntegerField()
    spent = models.BigIntegerField(help_text="minor units: expenses of the month, counter-bookings off")
    came_in = models.BigIntegerField(help_text="minor units: incomes of the month, counter-bookings off")
    protection = models.PositiveSmallIntegerField(help_text="the highest protection level of anybody in it")
    corrects = TenantFK("statistics.FederalDelivery", null=True, help_text="the newest sent before, and not refused")
    state = models.CharField(max_length=8, choices=DeliveryState.choices, default=DeliveryState.MADE)
    made_by = TenantFK(StaffMember, null=True, help_text="nobody: at the end of the month by itself")
    made_at = models.DateTimeField()
    sent_by = TenantFK(StaffMember, null=True)
    sent_at = models.DateTimeField(null=True)
    recipient = models.CharField(max_length=24, blank=True, help_text="to which id at sedex it was sent")
    why = models.CharField(max_length=400, blank=True, help_text="why it was sent although something was found")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("statistics_federaldelivery", "corrects", "made_by", "sent_by"),
            TenantKey(name="statistics_federaldelivery_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "since", "number"], name="federaldelivery_numbered"),
            models.CheckConstraint(condition=Q(since__day=1), name="federaldelivery_of_a_month"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="federaldelivery_state_known"),
            models.CheckConstraint(
                condition=Q(state="made", sent_by=None, sent_at=None, recipient="")
                | Q(sent_by__isnull=False, sent_at__isnull=False, recipient__gt="") & ~Q(state="made"),
                name="federaldelivery_sent_by_at_to",
            ),
        ]


class FederalStep(TenantRow):
    """What became of a delivery at the sedex client: put into its outbox (code 0), then each receipt. Never changed.
    `attempt`: sedex takes an id once, so each try has a name of its own."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    delivery = TenantFK(FederalDelivery)
    attempt = models.PositiveSmallIntegerField()
    code = models.PositiveSmallIntegerField()
    info = models.CharField(max_length=255, blank=True)
    said_at = models.DateTimeField(null=True, help_text="as the receipt says it")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("statistics_federalstep", "delivery", append_only=True),
            models.UniqueConstraint(fields=["tenant", "delivery", "attempt", "code"], name="federalstep_once"),
        ]
