"""A case as another case system knows it, what that said, and applications on their way to it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.models import Case
from handslag.domain.elsewhere.states import HandOverState, LookUp
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Answer(TenantRow):
    """What the other case system said of a case: status, payments, decisions, as structured data. Never changed."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    said = models.JSONField(help_text="as connectors.casesystem.port.State")
    digest = models.CharField(max_length=64)
    answered_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "answered_at"])]
        constraints = wall("elsewhere_answer", "case", append_only=True)


class ForeignCase(TenantRow):
    """A case that is worked in another case system. Shares its key with the case here.

    `answer` is the newest that it gave; `asked_at` and `outcome` are of the newest look-up, which may have failed.
    """

    reference = models.CharField(max_length=80, help_text="the case's number over there")
    unit_name = models.CharField(max_length=120)
    caseworker_name = models.CharField(max_length=120, blank=True)
    asked_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=LookUp.choices, blank=True)
    trouble = models.CharField(max_length=200, blank=True)
    answer = TenantFK(Answer, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("elsewhere_foreigncase", "answer"),
            TenantKey(name="elsewhere_foreigncase_case", field="id", to="casefile.Case"),
            models.CheckConstraint(condition=~Q(reference=""), name="foreigncase_has_a_number"),
            models.CheckConstraint(
                condition=Q(asked_at=None, outcome="") | Q(asked_at__isnull=False, outcome__in=LookUp.values),
                name="foreigncase_asked_with_outcome",
            ),
        ]


class HandOver(TenantRow):
    """An application on its way to the case system that works its case: our outbox. Shares its key with the
    application, by which the other side knows it when it comes twice."""

    case = TenantFK(Case)
    state = models.CharField(max_length=10, choices=HandOverState.choices, default=HandOverState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=80, blank=True, help_text="what it is called over there")
    trouble = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "next_try_at"], condition=Q(state="waiting"), name="handover_waiting"),
            models.Index(fields=["tenant", "case", "created_at"]),
        ]
        constraints = [
            *wall("elsewhere_handover", "case"),
            TenantKey(name="elsewhere_handover_application", field="id", to="intake.Application"),
            models.CheckConstraint(condition=Q(state__in=HandOverState.values), name="handover_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "parked"], ended_at=None, reference="")
                | Q(state__in=["delivered", "by hand"], ended_at__isnull=False, reference__gt=""),
                name="handover_ended_with_reference",
            ),
        ]
