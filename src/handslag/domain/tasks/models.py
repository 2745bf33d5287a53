"""Work items, deadlines with their ground and consequence, and notices that something is new."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.audit.models import Subject
from handslag.domain.documents.models import Document
from handslag.domain.people.models import Person
from handslag.domain.tasks.states import DeadlineState, NoticeState, TaskState
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember, Unit
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Task(TenantRow):
    """Something that somebody has to do about a subject."""

    subject = TenantFK(Subject)
    kind = models.CharField(max_length=40)
    unit = TenantFK(Unit)
    assignee = TenantFK(StaffMember, null=True)
    state = models.CharField(max_length=8, choices=TaskState.choices, default=TaskState.OPEN)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "unit", "created_at"], condition=Q(state="open"), name="task_open_of_unit")
        ]
        constraints = [
            *wall("tasks_task", "subject", "unit", "assignee"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | Q(~Q(state="open"), closed_at__isnull=False),
                name="task_closed_with_moment",
            ),
        ]


class Deadline(TenantRow):
    """A date that something hangs on: by which rule, on which legal basis, proven by what, with what consequence."""

    subject = TenantFK(Subject)
    rule = models.CharField(max_length=60)
    legal_basis = models.CharField(max_length=160)
    starts_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    proof = models.CharField(max_length=160, blank=True, help_text="what proves the day on which it began")
    consequence = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=DeadlineState.choices, default=DeadlineState.WAITING)

    class Meta:
        constraints = [
            *wall("tasks_deadline", "subject"),
            models.CheckConstraint(
                condition=Q(state="waiting", due_on=None)
                | Q(~Q(state="waiting"), due_on__isnull=False, starts_on__isnull=False),
                name="deadline_runs_from_a_proven_day",
            ),
        ]


class Notice(TenantRow):
    """An e-mail, text message or printed page without content: there is something new, log in. Our own outbox."""

    person = TenantFK(Person, null=True)
    member = TenantFK(StaffMember, null=True)
    subject = TenantFK(Subject)
    kind = models.CharField(max_length=40)
    language = models.CharField(max_length=12)
    address = models.CharField(max_length=254, help_text="e-mail address or number; none where it is printed")
    channel = models.CharField(max_length=5, null=True, help_text="sms or print; none: by e-mail")
    state = models.CharField(max_length=8, choices=NoticeState.choices, default=NoticeState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "next_try_at"], condition=Q(state="waiting"), name="notice_waiting")]
        constraints = [
            *wall("tasks_notice", "person", "member", "subject"),
            models.CheckConstraint(
                condition=Q(person__isnull=False, member=None) | Q(person=None, member__isnull=False),
                name="notice_to_one",
            ),
            models.CheckConstraint(
                condition=Q(channel=None) | Q(channel__in=["sms", "print"]), name="notice_channel_known"
            ),
        ]


class PrintBatch(TenantRow):
    """A day's printed notices: one PDF, and a manifest that names each page's notice and the PDF's digest. Shares its
    key with its audit subject."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    document = TenantFK(Document)
    listing = TenantFK(Document)
    manifest = models.JSONField()
    notices = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("tasks_printbatch", "document", "listing", append_only=True),
            TenantKey(name="tasks_printbatch_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "document"], name="printbatch_once_per_file"),
        ]
