"""The case account (bookings), payments that settle bookings, runs and their files."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.decisions.models import DecisionLine
from handslag.domain.documents.models import Document
from handslag.domain.payments.states import BookingKind, PaymentState, RunState
from handslag.domain.people.models import Person
from handslag.domain.people.states import AccountKind
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Booking(TenantRow):
    """One expense or income of a case. Never changed: a correction is a counter-booking (`reverses`)."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    period = TenantFK(Period)
    person = TenantFK(Person, null=True)
    kind = models.CharField(max_length=8, choices=BookingKind.choices)
    account_code = models.CharField(max_length=24)
    counterparty = models.CharField(max_length=250)
    amount = models.BigIntegerField(help_text="minor units; negative only in a counter-booking")
    currency = models.CharField(max_length=3)
    decision_line = TenantFK(DecisionLine, null=True)
    source = models.CharField(max_length=120, help_text="what it rests on, where that is no decision line")
    reverses = TenantFK("payments.Booking", null=True)
    booked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "period"])]
        constraints = [
            *wall("payments_booking", "case", "period", "person", "decision_line", "reverses", append_only=True),
            models.UniqueConstraint(fields=["tenant", "reverses"], name="booking_reversed_once"),
            models.UniqueConstraint(
                fields=["tenant", "decision_line"],
                condition=Q(reverses=None),
                name="booking_once_per_decision_line",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, reverses=None) | Q(amount__lt=0, reverses__isnull=False),
                name="booking_negative_only_to_reverse",
            ),
            models.CheckConstraint(
                condition=Q(decision_line__isnull=False) | ~Q(source=""), name="booking_cites_its_source"
            ),
            models.CheckConstraint(condition=Q(kind__in=BookingKind.values), name="booking_kind_known"),
        ]


class Run(TenantRow):
    """A payment run: payments are reserved for it before its file leaves. Shares its key with its audit subject."""

    number = models.CharField(max_length=20)
    execution_on = models.DateField()
    state = models.CharField(max_length=10, choices=RunState.choices)
    payments = models.PositiveIntegerField()
    total = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    reserved_by = TenantFK(StaffMember)
    reserved_at = models.DateTimeField()
    released_by = TenantFK(StaffMember, null=True)
    released_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("payments_run", "reserved_by", "released_by"),
            TenantKey(name="payments_run_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "number"], name="run_number_once"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known"),
            models.CheckConstraint(
                condition=Q(released_by=None, released_at=None, state="reserved")
                | Q(~Q(state="reserved"), released_by__isnull=False, released_at__isnull=False),
                name="run_released_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(released_by=None) | ~Q(released_by=F("reserved_by")), name="run_four_eyes"
            ),
        ]


class Payment(TenantRow):
    """Money to one payee on one day. Its account is copied from the person when planned."""

    case = TenantFK(Case)
    period = TenantFK(Period)
    payee = TenantFK(Person, null=True)
    payee_name = models.CharField(max_length=250)
    account_kind = models.CharField(max_length=12, choices=AccountKind.choices)
    clearing = models.CharField(max_length=5, blank=True)
    account_number = models.CharField(max_length=34)
    amount = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    pay_on = models.DateField()
    reference = models.CharField(max_length=35)
    state = models.CharField(max_length=10, choices=PaymentState.choices, default=PaymentState.PLANNED)
    blocked_reason = models.CharField(max_length=200, blank=True)
    run = TenantFK(Run, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "pay_on"], condition=Q(state="planned"), name="payment_planned_by_day"),
            models.Index(fields=["tenant", "case"]),
            models.Index(fields=["tenant", "run"]),
        ]
        constraints = [
            *wall("payments_payment", "case", "period", "payee", "run"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
            models.CheckConstraint(condition=Q(state__in=PaymentState.values), name="payment_state_known"),
            models.CheckConstraint(
                condition=Q(run=None, state__in=["planned", "blocked", "stopped"])
                | Q(run__isnull=False, state__in=["reserved", "sent", "confirmed", "returned"]),
                name="payment_in_a_run_when_reserved",
            ),
            models.UniqueConstraint(fields=["tenant", "reference"], name="payment_reference_once"),
        ]


class Settlement(TenantRow):
    """Which part of a booking a payment settles."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    payment = TenantFK(Payment)
    booking = TenantFK(Booking)
    amount = models.BigIntegerField(help_text="minor units")

    class Meta:
        indexes = [models.Index(fields=["tenant", "booking"])]
        constraints = [
            *wall("payments_settlement", "payment", "booking", append_only=True),
            models.UniqueConstraint(fields=["tenant", "payment", "booking"], name="settlement_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_positive"),
        ]


class RunFile(TenantRow):
    """The file that left for the bank: written once, its sum and count as the file itself states them."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    run = TenantFK(Run)
    document = TenantFK(Document)
    digest = models.CharField(max_length=64)
    payments = models.PositiveIntegerField()
    total = models.BigIntegerField(help_text="minor units")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("payments_runfile", "run", "document", append_only=True),
            models.UniqueConstraint(fields=["tenant", "run"], name="runfile_once"),
        ]
