"""From the first answer to the receipt: drafts, signing, applications, the inbox."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.documents.models import Document, Text
from handslag.domain.intake.states import Channel, DraftState, InboxState, RequestState, SigningState
from handslag.domain.people.models import Person
from handslag.domain.tasks.models import Deadline
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember, Unit
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Draft(TenantRow):
    """The answers of an application on their way. Its key becomes the application's; the person's browser may name it.

    It stays on the version of its form that it was begun with.

    `answers` is what is typed so far; `shown` and `shown_digest` are fixed when signing begins:
    exactly what was shown, which both adults sign. `corrects`: the application that this one, once sent, replaces.
    """

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "drafts are no history; what was submitted is the application",
    }

    case = TenantFK(Case)
    period = TenantFK(Period)
    author = TenantFK(Person)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    language = models.CharField(max_length=12)
    form = models.CharField(max_length=40)
    form_version = models.PositiveSmallIntegerField()
    answers = models.JSONField()
    shown = models.JSONField(null=True)
    shown_digest = models.CharField(max_length=64, blank=True)
    signing_text = TenantFK(Text, null=True)
    corrects = TenantFK("intake.Application", null=True)
    state = models.CharField(max_length=10, choices=DraftState.choices, default=DraftState.OPEN)
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    saved_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall("intake_draft", "case", "period", "author", "signing_text", "corrects"),
            models.UniqueConstraint(
                fields=["tenant", "period", "form"],
                condition=Q(state__in=["open", "signing"]),
                name="draft_one_per_period_and_form",
            ),
            models.CheckConstraint(condition=Q(state__in=DraftState.values), name="draft_state_known"),
            models.CheckConstraint(
                condition=Q(shown__isnull=True, shown_digest="") | Q(Q(shown__isnull=False), ~Q(shown_digest="")),
                name="draft_shown_with_digest",
            ),
        ]


class SigningRequest(TenantRow):
    """A step-up under way: the log-in flow's secrets, and the digest that its nonce is bound to. Used once."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "a step-up under way; its outcome is the signature",
    }

    draft = TenantFK(Draft)
    person = TenantFK(Person)
    digest = models.CharField(max_length=64)
    token = models.CharField(max_length=64, help_text="SHA-256 of the flow's state parameter")
    flow = models.JSONField()
    state = models.CharField(max_length=8, choices=SigningState.choices, default=SigningState.OPEN)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("intake_signingrequest", "draft", "person"),
            models.UniqueConstraint(fields=["tenant", "token"], name="signing_once_per_state"),
        ]


class Signature(TenantRow):
    """One adult's signature over `digest`: the issuer's signed token whose nonce is derived from it, or the paper's.
    `representative`: who signed in her own name for the adult."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    draft = TenantFK(Draft)
    person = TenantFK(Person)
    representative = TenantFK(Person, null=True)
    digest = models.CharField(max_length=64)
    method = models.CharField(max_length=8, choices=[("eid", "eid"), ("paper", "paper")])
    issuer = models.CharField(max_length=200, blank=True)
    acr = models.CharField(max_length=120, blank=True)
    evidence = models.JSONField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("intake_signature", "draft", "person", "representative", append_only=True),
            models.UniqueConstraint(fields=["tenant", "draft", "person", "digest"], name="signature_once_per_person"),
        ]


class Application(TenantRow):
    """What was applied for: one immutable document with its digest. Shares its key with its draft.

    A correction is an application of its own that says which one it `corrects`; the earlier one stays as it was.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    kind = models.CharField(max_length=16, default="renewal")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    language = models.CharField(max_length=12)
    form = models.CharField(max_length=40)
    form_version = models.PositiveSmallIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    corrects = TenantFK("intake.Application", null=True)
    received_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall("intake_application", "case", "corrects", append_only=True),
            TenantKey(name="intake_application_draft", field="id", to="intake.Draft"),
            models.UniqueConstraint(fields=["tenant", "corrects"], name="application_corrected_once"),
        ]


class Withdrawal(TenantRow):
    """An adult's act of taking back an application that was sent. `whole`: the last one that it needed, so that with it
    the application is taken back; until then it stands for the other adult."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    application = TenantFK(Application)
    person = TenantFK(Person)
    whole = models.BooleanField()
    withdrawn_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("intake_withdrawal", "application", "person", append_only=True),
            models.UniqueConstraint(fields=["tenant", "application", "person"], name="withdrawal_once_per_person"),
        ]


class ApplicationPeriod(TenantRow):
    """The periods that an application asks for."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    application = TenantFK(Application)
    period = TenantFK(Period)

    class Meta:
        constraints = [
            *wall("intake_applicationperiod", "application", "period", append_only=True),
            models.UniqueConstraint(fields=["tenant", "application", "period"], name="application_period_once"),
        ]


class Receipt(TenantRow):
    """The proof that the application was received: `body` and its signature can be checked off-line."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    application = TenantFK(Application)
    number = models.CharField(max_length=20)
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    key_id = models.CharField(max_length=64)
    signature = models.TextField(help_text="compact JWS (ES256) over the canonical body")

    class Meta:
        constraints = [
            *wall("intake_receipt", "application", append_only=True),
            models.UniqueConstraint(fields=["tenant", "application"], name="receipt_once"),
            models.UniqueConstraint(fields=["tenant", "number"], name="receipt_number_once"),
        ]


class InboxItem(TenantRow):
    """The narrow row by which the inbox finds a received application."""

    application = TenantFK(Application)
    case = TenantFK(Case)
    unit = TenantFK(Unit)
    caseworker = TenantFK(StaffMember, null=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=InboxState.choices, default=InboxState.WAITING)
    due_on = models.DateField(null=True, help_text="the day by which a decision is promised")
    answer_by = models.DateField(null=True, help_text="while the applicant is asked: the day until which she has time")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "unit", "-received_at"], condition=~Q(state="done"), name="inbox_not_done"),
            models.Index(
                fields=["tenant", "caseworker", "received_at"], condition=~Q(state="done"), name="inbox_of_caseworker"
            ),
            models.Index(
                fields=["tenant", "unit", "state", "received_at"], condition=~Q(state="done"), name="inbox_in_state"
            ),
            models.Index(fields=["tenant", "unit", "due_on"], condition=~Q(state="done"), name="inbox_due"),
        ]
        constraints = [
            *wall("intake_inboxitem", "application", "case", "unit", "caseworker"),
            models.UniqueConstraint(fields=["tenant", "application"], name="inbox_once"),
        ]


class EvidenceRequest(TenantRow):
    """What the office needs from the adults of a case (or one of them, `person`) for a period, and by when."""

    case = TenantFK(Case)
    period = TenantFK(Period)
    person = TenantFK(Person, null=True)
    text = models.TextField()
    wanted = models.JSONField(help_text="what is to be shown, one text each")
    deadline = TenantFK(Deadline)
    asked_by = TenantFK(StaffMember)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=RequestState.choices, default=RequestState.OPEN)
    answered_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall("intake_evidencerequest", "case", "period", "person", "deadline", "asked_by"),
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="request_state_known"),
            models.CheckConstraint(condition=~Q(text=""), name="request_says_something"),
        ]


class Attachment(TenantRow):
    """A file that an adult gave with an application, or on request. `removed_at`: taken away before it was signed.
    `line`: of her answers, which she says it shows (as `keys_of_lines` names them); nothing (NULL) elsewhere."""

    document = TenantFK(Document)
    draft = TenantFK(Draft, null=True)
    request = TenantFK(EvidenceRequest, null=True)
    person = TenantFK(Person)
    line = models.CharField(max_length=120, null=True)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "draft"]), models.Index(fields=["tenant", "request"])]
        constraints = [
            *wall("intake_attachment", "document", "draft", "request", "person"),
            models.UniqueConstraint(fields=["tenant", "document", "draft"], name="attachment_once_per_draft"),
            models.CheckConstraint(
                condition=Q(draft__isnull=False, request=None) | Q(draft=None, request__isnull=False),
                name="attachment_of_one",
            ),
        ]
