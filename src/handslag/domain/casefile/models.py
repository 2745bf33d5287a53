"""Cases, their periods, and who works them."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.states import (
    AccessReason,
    CaseState,
    NoteKind,
    TransferBasis,
    WarningKind,
    WarningState,
)
from handslag.domain.people.models import Household, Merge, Person, never_overlapping, since_before_until
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember, Unit
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Case(TenantRow):
    """A case of social assistance. Shares its key with its audit subject; people see `number`."""

    number = models.CharField(max_length=20)
    legal_order = models.CharField(max_length=8, default="se")
    applicant = TenantFK(Person)
    co_applicant = TenantFK(Person, null=True)
    household = TenantFK(Household)
    unit = TenantFK(Unit)
    caseworker = TenantFK(StaffMember, null=True)
    state = models.CharField(max_length=8, choices=CaseState.choices, default=CaseState.OPEN)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    closed_because = models.CharField(max_length=400, null=True)
    closed_by_merge = TenantFK(Merge, null=True, help_text="closed with it, and open again when it is undone")
    by_applicant = models.BooleanField(default=False, help_text="opened by applying for the first time")
    worked_in = models.CharField(max_length=80, null=True, help_text="the case system that works it; none: this one")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "applicant"]),
            models.Index(fields=["tenant", "co_applicant"]),
            models.Index(fields=["tenant", "unit"], condition=Q(state="open"), name="case_open_of_unit"),
        ]
        constraints = [
            *wall("casefile_case", "applicant", "co_applicant", "household", "unit", "caseworker", "closed_by_merge"),
            TenantKey(name="casefile_case_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "number"], name="case_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "applicant"], condition=Q(state="open"), name="case_one_open_per_applicant"
            ),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="case_state_known"),
            models.CheckConstraint(condition=~Q(applicant=models.F("co_applicant")), name="case_of_two_people"),
            models.CheckConstraint(condition=Q(worked_in=None) | Q(worked_in__gt=""), name="case_worked_in_a_system"),
            models.CheckConstraint(
                condition=Q(state="open", closed_on=None, closed_because=None)
                | Q(state="closed", closed_on__gte=models.F("opened_on"), closed_because__gt=""),
                name="case_closed_with_day_and_reason",
            ),
        ]

    @property
    def adults(self) -> list[UUID]:
        """The people whose case it is, by id: the applicant first, then the co-applicant, if any."""
        return [key for key in (self.applicant_id, self.co_applicant_id) if key]


class Period(TenantRow):
    """A span of days of a case (normally a month), with what entry routing needs to know of it."""

    uncommitted: ClassVar[dict[str, str]] = {
        "last_application_at": "follows from the applications",
        "last_decision_on": "follows from the decisions",
        "result": "follows from the decisions",
    }

    case = TenantFK(Case)
    since = models.DateField()
    until = models.DateField()
    last_application_at = models.DateTimeField(null=True)
    last_decision_on = models.DateField(null=True)
    result = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [
            *wall("casefile_period", "case"),
            never_overlapping("period_one_per_day", "case"),
            since_before_until("period_days"),
        ]


class CaseWarning(TenantRow):
    """Something about a line of a period that a caseworker should look at; one row per cause, for ever."""

    case = TenantFK(Case)
    period = TenantFK(Period)
    kind = models.CharField(max_length=24, choices=WarningKind.choices)
    about = models.CharField(max_length=60, blank=True, help_text="code of a cost or income, an authority, or nothing")
    person = models.CharField(max_length=40, blank=True, help_text="of whom: a key of the household, or nothing")
    amount = models.BigIntegerField(default=0, help_text="minor units, 0 where there is none")
    amount_before = models.BigIntegerField(default=0, help_text="minor units, 0 where there was none")
    state = models.CharField(max_length=8, choices=WarningState.choices, default=WarningState.OPEN)
    found_at = models.DateTimeField()
    acknowledged_by = TenantFK(StaffMember, null=True)
    acknowledged_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, help_text="how it was checked otherwise, or why it can wait")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *wall("casefile_casewarning", "case", "period", "acknowledged_by"),
            models.UniqueConstraint(
                fields=["tenant", "period", "kind", "about", "person", "amount", "amount_before"],
                name="warning_once_per_cause",
            ),
            models.CheckConstraint(condition=Q(kind__in=WarningKind.values), name="warning_kind_known"),
            models.CheckConstraint(
                condition=Q(acknowledged_by=None, acknowledged_at=None)
                | Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False),
                name="warning_seen_by_and_at",
            ),
            models.CheckConstraint(
                condition=Q(state="open", acknowledged_at=None, closed_at=None)
                | Q(state="seen", acknowledged_at__isnull=False, closed_at=None)
                | Q(state="closed", closed_at__isnull=False),
                name="warning_moments_of_its_state",
            ),
        ]


class Note(TenantRow):
    """What a member of staff noted in a case, done: never changed again, only added to."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    kind = models.CharField(max_length=12, choices=NoteKind.choices)
    text = models.TextField()
    at = models.DateTimeField(null=True, help_text="of a call or an appointment: when")
    adds_to = TenantFK("casefile.Note", null=True)
    written_by = TenantFK(StaffMember)
    written_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "written_at"])]
        constraints = [
            *wall("casefile_note", "case", "adds_to", "written_by", append_only=True),
            models.CheckConstraint(condition=Q(kind__in=NoteKind.values), name="note_kind_known"),
            models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),
            models.CheckConstraint(condition=Q(kind="note", at=None) | ~Q(kind="note"), name="note_at_of_a_meeting"),
        ]


class NoteDraft(TenantRow):
    """What somebody is writing in a case: kept while she types, gone into the note when it is done."""

    uncommitted: ClassVar[dict[str, str]] = {"*": "drafts are no history; what was done is the note"}

    case = TenantFK(Case)
    member = TenantFK(StaffMember)
    form = models.JSONField(help_text="kind, text, at, adds_to as typed")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("casefile_notedraft", "case", "member"),
            models.UniqueConstraint(fields=["tenant", "case", "member"], name="notedraft_once"),
        ]


class Message(TenantRow):
    """A message in the conversation of one adult of a case with the office; the other adult doesn't see it.

    `member` wrote it; where there is none, `person` did, or her `representative` in her own name. Its key is named by
    the page that it was written on, so that a message sent twice is one message.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    person = TenantFK(Person)
    member = TenantFK(StaffMember, null=True)
    representative = TenantFK(Person, null=True)
    text = models.TextField()
    urgent = models.BooleanField(help_text="a word of urgent.yaml stands in it")
    sent_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "person", "sent_at"], name="message_of_conversation")]
        constraints = [
            *wall("casefile_message", "case", "person", "member", "representative", append_only=True),
            models.CheckConstraint(condition=~Q(text=""), name="message_says_something"),
        ]


class AccessGrant(TenantRow):
    """A member of staff opened a case that she has no relation to: by herself, with a reason, until the
    organisation's next midnight."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    member = TenantFK(StaffMember)
    reason = models.CharField(max_length=12, choices=AccessReason.choices)
    text = models.CharField(max_length=400)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "member", "until"], name="access_of_member")]
        constraints = [
            *wall("casefile_accessgrant", "case", "member", append_only=True),
            models.CheckConstraint(condition=Q(reason__in=AccessReason.values), name="access_reason_known"),
            models.CheckConstraint(condition=Q(until__gt=models.F("since")), name="access_ends"),
        ]


class Transfer(TenantRow):
    """What another municipality was told of a case because somebody moves there, as she sees it herself: to whom, on
    which ground, what kind of things. Shares its key with the message that told it, and is never changed: how far
    that is and what was answered stand with the message."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    person = TenantFK(Person)
    to = models.CharField(max_length=200)
    moves_on = models.DateField()
    basis = models.CharField(max_length=8, choices=TransferBasis.choices)
    ground = models.CharField(max_length=400, help_text="the section of law, or to what she consents and how")
    consented_on = models.DateField(null=True)
    items = models.JSONField(help_text="kind of each thing told, with the month of a decision or who moves along")
    written_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "written_at"])]
        constraints = [
            *wall("casefile_transfer", "case", "person", append_only=True),
            TenantKey(name="casefile_transfer_message", field="id", to="exchange.Message"),
            models.CheckConstraint(
                condition=Q(basis="consent", consented_on__isnull=False) | Q(basis="law", consented_on=None),
                name="transfer_consent_with_day",
            ),
            models.CheckConstraint(condition=Q(ground__gt=""), name="transfer_has_a_ground"),
        ]
