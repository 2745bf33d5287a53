"""Look-ups with other authorities, their answers, the lines fetched, and what a person says is wrong in one: each
written once and never changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.lookups.states import AnswerState, DisputeReason, Verdict
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
    lines = models.JSONField(null=True, help_text="keys of all lines that it holds; nothing in answers of before 0003")
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


class Dispute(TenantRow):
    """What a person says is wrong with a line that was fetched about her; the newest about a line is in force.

    It changes nothing by itself: a caseworker answers it. It is hers alone: it stands beside the application, which
    both adults of a case read and sign, not in it.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    line = TenantFK(FetchedLine)
    period = TenantFK(Period)
    person = TenantFK(Person)
    reason = models.CharField(max_length=8, choices=DisputeReason.choices)
    text = models.CharField(max_length=1000, blank=True)
    amount = models.BigIntegerField(null=True, help_text="minor units, what it should be by her word")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "period", "made_at"], name="dispute_of_period")]
        constraints = [
            *wall("lookups_dispute", "line", "period", "person", append_only=True),
            models.CheckConstraint(condition=Q(reason__in=DisputeReason.values), name="dispute_reason_known"),
            models.CheckConstraint(
                condition=~Q(reason="amount") | Q(amount__isnull=False), name="dispute_of_amount_has_one"
            ),
            models.CheckConstraint(
                condition=~Q(reason="back") | Q(text="", amount=None), name="dispute_taken_back_says_nothing"
            ),
        ]


class DisputeAnswer(TenantRow):
    """What a caseworker decided about a disputed line, once, with her reason: the person reads both beside the line."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    dispute = TenantFK(Dispute)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    why = models.CharField(max_length=500)
    member = TenantFK(StaffMember)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("lookups_disputeanswer", "dispute", "member", append_only=True),
            models.UniqueConstraint(fields=["tenant", "dispute"], name="dispute_answered_once"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="verdict_known"),
            models.CheckConstraint(condition=~Q(why=""), name="verdict_with_reason"),
        ]
