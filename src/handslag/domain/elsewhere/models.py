"""A case as another case system knows it, what that said, and applications on their way to it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.models import Case
from handslag.domain.elsewhere.states import Group, HandOverState, LookUp, SwitchOutcome
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
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


class Switch(TenantRow):
    """The e-service switched on or off for one unit of the other case system and one group of its clients: entered by
    one administrator, confirmed by another or taken back. What it says never changes; the newest confirmed one holds.
    """

    unit_name = models.CharField(max_length=120, help_text="as the unit is called over there")
    client_group = models.CharField(max_length=8, choices=Group.choices)
    switched_on = models.BooleanField()
    reason = models.CharField(max_length=200)
    entered_by = TenantFK(StaffMember)
    entered_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=SwitchOutcome.choices, blank=True)
    settled_by = TenantFK(StaffMember, null=True)
    settled_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("elsewhere_switch", "entered_by", "settled_by"),
            models.UniqueConstraint(
                fields=["tenant", "unit_name", "client_group"], condition=Q(outcome=""), name="switch_one_waits"
            ),
            models.CheckConstraint(condition=Q(client_group__in=Group.values), name="switch_group_known"),
            models.CheckConstraint(condition=~Q(unit_name="") & ~Q(reason=""), name="switch_with_reason"),
            models.CheckConstraint(
                condition=Q(outcome="", settled_by=None, settled_at=None)
                | Q(outcome__in=SwitchOutcome.values, settled_by__isnull=False, settled_at__isnull=False),
                name="switch_settled_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=SwitchOutcome.CONFIRMED) | ~Q(settled_by=models.F("entered_by")),
                name="switch_by_two",
            ),
        ]
