"""Look-ups with other authorities, their answers, and the lines fetched: each written once and never changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.lookups.states import AnswerState
from handslag.domain.people.models import Person
from handslag.domain.tenancy.constraints import wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class LookUp(TenantRow):
    """One question about one person: what was asked, of whom, by whom, on which legal basis."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    period = TenantFK(Period)
    person = TenantFK(Person)
    since = models.DateField(help_text="the half-open days asked about")
    until = models.DateField()
    authorities = models.JSONField(help_text="codes of the authorities asked")
    purpose = models.CharField(max_length=120)
    legal_basis = models.CharField(max_length=200)
    member = TenantFK(StaffMember, null=True)
    asked_as = models.CharField(max_length=120, help_text="the caseworker's name, or the job that asks by itself")
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "period"], name="lookup_of_period")]
        constraints = [
            *wall("lookups_lookup", "case", "period", "person", "member", append_only=True),
            models.CheckConstraint(condition=Q(since__lt=models.F("until")), name="lookup_days"),
        ]


class LookUpAnswer(TenantRow):
    """What one authority answered to a look-up, once."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    look_up = TenantFK(LookUp)
    authority = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=AnswerState.choices)
    source = models.CharField(max_length=8, blank=True, help_text="of a failure: SSBT, BT or HERE")
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(help_text="what isn't a payment: pairs of label and value")
    secrecy = models.BooleanField(help_text="the authority marks the person as protected")
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("lookups_lookupanswer", "look_up", append_only=True),
            models.UniqueConstraint(fields=["tenant", "look_up", "authority"], name="lookup_answered_once"),
            models.CheckConstraint(condition=Q(state__in=AnswerState.values), name="lookup_state_known"),
            models.CheckConstraint(
                condition=Q(state="failed", code__gt="") | Q(state="answered", code=""), name="lookup_failed_with_code"
            ),
        ]


class FetchedLine(TenantRow):
    """One payment as an authority says it, stored once for a period however often it is fetched."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    answer = TenantFK(LookUpAnswer)
    period = TenantFK(Period)
    person = TenantFK(Person)
    authority = models.CharField(max_length=8)
    benefit = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    income_code = models.CharField(max_length=40, blank=True, help_text="which income it is; nothing where none fits")
    paid_on = models.DateField()
    amount = models.BigIntegerField(help_text="minor units, what reached the person")
    gross = models.BigIntegerField(null=True, help_text="minor units")
    planned = models.BooleanField()
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    detail = models.CharField(max_length=120, blank=True)
    serial = models.PositiveSmallIntegerField(help_text="which of several payments that are alike")

    class Meta:
        constraints = [
            *wall("lookups_fetchedline", "answer", "period", "person", append_only=True),
            models.UniqueConstraint(
                fields=[
                    "tenant", "period", "person", "authority", "benefit", "paid_on", "amount", "planned", "serial",
                ],
                name="fetched_once",
            ),
        ]  # fmt: skip
