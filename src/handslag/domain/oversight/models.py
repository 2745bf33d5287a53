"""The review of a month's looks: what came before the reviewers, why, and what each of them found."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from handslag.domain.audit.models import ReadEntry
from handslag.domain.casefile.models import Case
from handslag.domain.oversight.states import Outcome, Why
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Review(TenantRow):
    """The looks of one month under review. Shares its key with its audit subject."""

    since = models.DateField(help_text="first day of the month")
    key = models.BinaryField(help_text="32 random bytes: which looks the random sample takes")
    looks = models.PositiveIntegerField(help_text="of staff, in the month")
    begun_by = TenantFK(StaffMember)
    begun_at = models.DateTimeField()
    report = models.TextField(null=True, help_text="what was found, and what is done about it; then it is closed")
    closed_by = TenantFK(StaffMember, null=True)
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("oversight_review", "begun_by", "closed_by"),
            TenantKey(name="oversight_review_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "since"], name="review_once_per_month"),
            models.CheckConstraint(condition=Q(since__day=1), name="review_of_a_month"),
            models.CheckConstraint(
                condition=Q(report=None, closed_by=None, closed_at=None)
                | Q(report__gt="", closed_by__isnull=False, closed_at__isnull=False),
                name="review_closed_with_report",
            ),
        ]


class TargetedSample(TenantRow):
    """What a reviewer asked for beside what comes by itself: the month's looks at a case, or by a member of staff,
    and why."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    review = TenantFK(Review)
    case = TenantFK(Case, null=True)
    member = TenantFK(StaffMember, null=True)
    reason = models.CharField(max_length=400)
    looks = models.PositiveIntegerField(help_text="that it found")
    chosen_by = TenantFK(StaffMember)
    chosen_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("oversight_targetedsample", "review", "case", "member", "chosen_by", append_only=True),
            models.CheckConstraint(
                condition=Q(case=None, member__isnull=False) | Q(case__isnull=False, member=None),
                name="targeted_at_one",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="targeted_with_reason"),
        ]


class ReviewedLook(TenantRow):
    """A look that comes before the reviewers, why, and what one of them found: never who looked herself."""

    review = TenantFK(Review)
    entry = TenantFK(ReadEntry)
    by = TenantFK(StaffMember, null=True, help_text="who looked; nobody who is a member any more")
    why = ArrayField(models.CharField(max_length=12, choices=Why.choices))
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    words = models.CharField(max_length=1000, blank=True)
    reviewed_by = TenantFK(StaffMember, null=True)
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *wall("oversight_reviewedlook", "review", "entry", "by", "reviewed_by"),
            models.UniqueConstraint(fields=["tenant", "review", "entry"], name="reviewedlook_once"),
            models.CheckConstraint(condition=Q(outcome__in=["", *Outcome.values]), name="reviewedlook_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome="", reviewed_by=None, reviewed_at=None)
                | Q(~Q(outcome=""), reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="reviewedlook_found_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["", Outcome.OK]) | ~Q(words=""), name="reviewedlook_with_words"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | Q(by=None) | ~Q(reviewed_by=models.F("by")),
                name="reviewedlook_by_another",
            ),
        ]
