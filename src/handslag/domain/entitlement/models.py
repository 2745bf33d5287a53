"""Facts of a period as the office sees them, and the sheets computed from them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from handslag.domain.casefile.models import Case, Period
from handslag.domain.tenancy.constraints import wall
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
