"""Outbox, inbox and receipts: messages as they were signed, their steps, what the courier may read and put in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Func, Q, TextField

from handslag.domain.audit.models import Subject
from handslag.domain.exchange.states import BEGINNING, PENDING, Business, Direction, OutcomeState, Transport
from handslag.domain.people.models import Person
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import Unit
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow

ADDRESS = 120


class SealDigest(Func):
    """SHA-256 of a text, hexadecimal, by functions that an index may use: backslashes are doubled, so that every text
    is read as the bytes that it is."""

    template = r"encode(sha256(replace(%(expressions)s, '\', '\\')::bytea), 'hex')"
    output_field = TextField()


class Message(TenantRow):
    """A message to or from another organisation: our own copy. Shares its key with its audit subject.

    `message_id` is what its sender called it. `content` is the text that was signed, whole: fields that we don't know
    are kept in it. `about` is the case or person here that it concerns; `level` is the protection of that person, whom
    only cleared staff see. `instead_of` is the message of ours that this one says again, as that one didn't arrive.
    """

    direction = models.CharField(max_length=3, choices=Direction.choices)
    partner = models.CharField(max_length=ADDRESS, help_text="kind:type:code of the other organisation")
    message_id = models.UUIDField()
    kind = models.CharField(max_length=24)
    action = models.CharField(max_length=2, help_text="as eCH-0058")
    reference = models.UUIDField(null=True, help_text="the message that it is about, as its sender called that")
    process = models.CharField(max_length=128)
    test = models.BooleanField(default=False)
    content = models.TextField()
    digest = models.CharField(max_length=64)
    about = TenantFK(Subject, null=True)
    person = TenantFK(Person, null=True)
    level = models.PositiveSmallIntegerField(default=0)
    unit = TenantFK(Unit)
    assessed = models.TextField(blank=True, help_text="why it may be told although somebody is protected; never sent")
    places = models.JSONField(default=dict, help_text="which line of ours each point is about; never sent")
    transport = models.CharField(max_length=12, choices=Transport.choices)
    business = models.CharField(max_length=24, choices=Business.choices, default=Business.NONE, blank=True)
    code = models.CharField(max_length=24, blank=True, help_text="why it was rejected")
    due_on = models.DateField(null=True)
    created_at = models.DateTimeField()
    handed_over_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True, help_text="when a person was told that its day is over, unanswered")
    instead_of = TenantFK("exchange.Message", null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "about", "created_at"]),
            models.Index(fields=["tenant", "partner", "message_id"]),
            models.Index(
                fields=["tenant", "created_at"],
                condition=Q(transport__in=["sealed", "handed over"]),
                name="message_way",
            ),
            models.Index(
                fields=["tenant", "due_on"],
                condition=Q(overdue_at=None, test=False, action__in=BEGINNING, business__in=PENDING),
                name="message_awaited",
            ),
        ]
        constraints = [
            *wall("exchange_message", "about", "person", "unit", "instead_of"),
            TenantKey(name="exchange_message_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(
                fields=["tenant", "direction", "partner", "message_id"], name="message_once_per_partner"
            ),
            models.UniqueConstraint(fields=["tenant", "instead_of"], name="message_again_once"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="message_direction_known"),
            models.CheckConstraint(condition=Q(transport__in=Transport.values), name="message_transport_known"),
            models.CheckConstraint(condition=Q(business__in=Business.values), name="message_business_known"),
            models.CheckConstraint(
                condition=Q(direction="in", transport="delivered", handed_over_at=None)
                | Q(direction="out", transport__in=["drafted", "sealed", "taken back"], handed_over_at=None)
                | Q(
                    direction="out",
                    transport__in=["handed over", "delivered", "rejected", "expired"],
                    handed_over_at__isnull=False,
                ),
                name="message_handed_over_with_moment",
            ),
        ]


class TransportStep(TenantRow):
    """A step of a message on its way, signed by the organisation that caused it. Never changed.

    `sealed` is a compact JWS: of a receipt as it came, else over what the step says.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    message = TenantFK(Message)
    place = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=Transport.choices)
    code = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=ADDRESS)
    sealed = models.TextField()

    class Meta:
        constraints = [
            *wall("exchange_transportstep", "message", append_only=True),
            models.UniqueConstraint(fields=["tenant", "message", "place"], name="transportstep_once_per_place"),
        ]


class BusinessStep(TenantRow):
    """A step of the matter of a message, signed by the organisation that caused it. Never changed.

    `said` is the message that brought it, where one did; `sealed` as for steps of transport.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    message = TenantFK(Message)
    place = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=24, choices=Business.choices)
    code = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=ADDRESS)
    said = TenantFK(Message, null=True)
    sealed = models.TextField()

    class Meta:
        constraints = [
            *wall("exchange_businessstep", "message", "said", append_only=True),
            models.UniqueConstraint(fields=["tenant", "message", "place"], name="businessstep_once_per_place"),
        ]


class Envelope(TenantRow):
    """A sealed message or receipt that has been handed over: all that the courier may read. Never changed."""

    grants: ClassVar[dict[str, str]] = {**WRITTEN_ONCE, "courier": "SELECT"}

    recipient = models.CharField(max_length=ADDRESS)
    message_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    sealed = models.TextField(help_text="compact JWS (ES256) over the whole message")
    handed_over_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "handed_over_at"])]
        constraints = [
            *wall("exchange_envelope", append_only=True),
            models.UniqueConstraint(fields=["tenant", "recipient", "message_id"], name="envelope_once"),
        ]


class Arrival(TenantRow):
    """A sealed text as the courier put it in: who it says it is from isn't believed before its seal was looked at.

    The courier inserts and reads nothing: the same text twice is one row. Whatever else claims the same sender, id and
    digest is another row, so that it can't keep out what is true. What comes from another installation is put in by
    whoever took it from the network. The chain commits to it with its outcome.
    """

    grants: ClassVar[dict[str, str]] = {"courier": "INSERT", "web": "SELECT, INSERT", "worker": "SELECT, INSERT"}

    sender = models.CharField(max_length=ADDRESS)
    message_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    sealed = models.TextField()
    arrived_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("exchange_arrival", append_only=True),
            models.UniqueConstraint(
                F("tenant"), F("sender"), F("message_id"), F("digest"), SealDigest(F("sealed")), name="arrival_once"
            ),
        ]


class Outcome(TenantRow):
    """What became of an arrival, with which it shares its key: exactly one stands for each sender and
    message id. Another content under the same id is a conflict, the same content under another seal is `again`; each
    has its own row beside it. What adds to a message that hasn't come `waits_for` it, and is looked at when that is
    taken in, or at `next_at`."""

    sender = models.CharField(max_length=ADDRESS)
    message_id = models.UUIDField()
    state = models.CharField(max_length=12, choices=OutcomeState.choices)
    code = models.CharField(max_length=24, blank=True)
    trouble = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    waits_for = models.UUIDField(null=True, help_text="the message that hasn't come, as its sender called it")
    next_at = models.DateTimeField(null=True, help_text="not looked at before this moment, unless that has come")
    taken = TenantFK(Message, null=True)
    at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "id"], condition=Q(state="trying"), name="outcome_trying")]
        constraints = [
            *wall("exchange_outcome", "taken"),
            TenantKey(name="exchange_outcome_arrival", field="id", to="exchange.Arrival"),
            models.UniqueConstraint(
                fields=["tenant", "sender", "message_id"],
                condition=Q(state__in=["taken", "late", "refused"]),
                name="outcome_exactly_one",
            ),
            models.CheckConstraint(condition=Q(state__in=OutcomeState.values), name="outcome_state_known"),
        ]


class PartnerKey(TenantRow):
    """A public key of another organisation, as this one noted it: what its seals are held against, for ever."""

    partner = models.CharField(max_length=ADDRESS)
    key_id = models.CharField(max_length=64)
    jwk = models.JSONField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("exchange_partnerkey"),
            models.UniqueConstraint(fields=["tenant", "partner", "key_id"], name="partnerkey_once"),
        ]


class Partner(TenantRow):
    """An organisation of another installation, registered by the key file that it signed. Shares its key with its audit
    subject. With `url` we call it; without, it calls us; with `sedex` messages go by the sedex client, under the type
    that was agreed. `told`: the keys of ours that it was told of last."""

    address = models.CharField(max_length=ADDRESS)
    name = models.CharField(max_length=200)
    url = models.CharField(max_length=300, blank=True)
    registered_at = models.DateTimeField()
    told = models.CharField(max_length=64, blank=True)
    reached_at = models.DateTimeField(null=True, help_text="when something last went well between us")
    failing_since = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="not called before this moment")
    sedex = models.CharField(max_length=24, null=True, help_text="its id at sedex")
    sedex_type = models.PositiveIntegerField(null=True, help_text="the type of message agreed for sedex")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("exchange_partner"),
            TenantKey(name="exchange_partner_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "address"], name="partner_once"),
            models.UniqueConstraint(fields=["tenant", "sedex"], name="partner_once_at_sedex"),
            models.CheckConstraint(
                condition=Q(sedex=None, sedex_type=None) | Q(sedex__isnull=False, sedex_type__isnull=False, url=""),
                name="partner_one_way",
            ),
        ]


class Passed(TenantRow):
    """An envelope that another installation has taken, or refused with `code`; shares its key with the envelope."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    partner = TenantFK(Partner)
    code = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("exchange_passed", "partner", append_only=True),
            TenantKey(name="exchange_passed_envelope", field="id", to="exchange.Envelope"),
        ]


class SedexClient(TenantRow):
    """The sedex client by which an organisation sends and receives: its own id there, and the folder with outbox, inbox
    and receipts. One for each organisation; shares its key with its audit subject."""

    participant = models.CharField(max_length=24)
    folder = models.CharField(max_length=400)
    connected_at = models.DateTimeField()
    reached_at = models.DateTimeField(null=True, help_text="when its folders were last in order")
    failing_since = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=80, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("exchange_sedexclient"),
            TenantKey(name="exchange_sedexclient_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant"], name="sedexclient_once"),
        ]


class SedexStep(TenantRow):
    """What became of an envelope at the sedex client: put into its outbox (code 0), then each receipt. Never changed.

    `attempt`: sedex takes an id once, so each try has a name of its own. `info` is the receipt's text.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    envelope = TenantFK(Envelope)
    attempt = models.PositiveSmallIntegerField()
    code = models.PositiveSmallIntegerField()
    info = models.CharField(max_length=255, blank=True)
    said_at = models.DateTimeField(null=True, help_text="as the receipt says it")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("exchange_sedexstep", "envelope", append_only=True),
            models.UniqueConstraint(fields=["tenant", "envelope", "attempt", "code"], name="sedexstep_once"),
        ]
