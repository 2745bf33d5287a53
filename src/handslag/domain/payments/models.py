"""The case account (bookings), payments that settle bookings, runs and their files."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.decisions.models import DecisionLine, Order, PersonalLetter
from handslag.domain.decisions.states import TO_DISADVANTAGE, Ground
from handslag.domain.documents.models import Document
from handslag.domain.payments.states import (
    BankFileKind,
    BookingKind,
    LineKind,
    LineOutcome,
    OtherHelpState,
    PayeeKind,
    PayeeState,
    PaymentState,
    RecoveryGround,
    RecoveryState,
    RunState,
    Way,
)
from handslag.domain.people.models import Person
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
    # the month of a claim that this claims, or pays; nothing (NULL) elsewhere: earlier rows keep their digest
    recovery_line = TenantFK("payments.RecoveryLine", null=True)
    source = models.CharField(max_length=120, help_text="what it rests on, where that is no decision line")
    # the day of the invoice or payment, where somebody books by hand; NULL elsewhere: earlier rows keep their digest
    on = models.DateField(null=True)
    reverses = TenantFK("payments.Booking", null=True)
    booked_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "case", "period"]),
            models.Index(
                fields=["tenant", "recovery_line"],
                condition=Q(recovery_line__isnull=False),
                name="booking_of_recovery",
            ),
        ]
        constraints = [
            *wall(
                "payments_booking",
                "case", "period", "person", "decision_line", "recovery_line", "reverses",
                append_only=True,
            ),
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
            models.CheckConstraint(
                condition=~Q(kind="claim") | Q(recovery_line__isnull=False), name="booking_claim_of_a_recovery"
            ),
        ]  # fmt: skip


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
                condition=Q(released_by=None, released_at=None, state__in=["reserved", "cancelled"])
                | Q(released_by__isnull=False, released_at__isnull=False, state__in=["released", "sent", "cancelled"]),
                name="run_released_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(released_by=None) | ~Q(released_by=F("reserved_by")), name="run_four_eyes"
            ),
        ]


class Payee(TenantRow):
    """A landlord, an energy company: to whom a part of somebody's support may be paid. Recorded by one member of
    staff, confirmed by another, and never changed: another account is another payee. Shares its key with its
    audit subject."""

    name = models.CharField(max_length=250)
    kind = models.CharField(max_length=12, choices=PayeeKind.choices)
    organisation_number = models.CharField(max_length=12, blank=True)
    account_kind = models.CharField(max_length=12, choices=Way.choices)
    clearing = models.CharField(max_length=5, blank=True)
    account_number = models.CharField(max_length=34)
    state = models.CharField(max_length=10, choices=PayeeState.choices)
    recorded_by = TenantFK(StaffMember)
    recorded_at = models.DateTimeField()
    confirmed_by = TenantFK(StaffMember, null=True)
    confirmed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("payments_payee", "recorded_by", "confirmed_by"),
            TenantKey(name="payments_payee_subject", field="id", to="audit.Subject"),
            models.CheckConstraint(condition=Q(kind__in=PayeeKind.values), name="payee_kind_known"),
            models.CheckConstraint(condition=Q(state__in=PayeeState.values), name="payee_state_known"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None, state__in=["proposed", "ended"])
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, state__in=["confirmed", "ended"]),
                name="payee_confirmed_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("recorded_by")), name="payee_four_eyes"
            ),
        ]


class DirectPayment(TenantRow):
    """So much of a case's support goes straight to a payee, for the months from `since` until before `until`."""

    case = TenantFK(Case)
    payee = TenantFK(Payee)
    cost_code = models.CharField(max_length=32)
    amount = models.BigIntegerField(help_text="minor units, each month")
    reference = models.CharField(max_length=27, blank=True, help_text="OCR number; in Switzerland QRR or SCOR")
    message = models.CharField(max_length=140, blank=True)
    ground = models.CharField(max_length=200, help_text="what it rests on: whose consent, of when")
    since = models.DateField()
    until = models.DateField(null=True)
    ordered_by = TenantFK(StaffMember)
    ordered_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall("payments_directpayment", "case", "payee", "ordered_by"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="directpayment_positive"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="directpayment_period"
            ),
            models.CheckConstraint(condition=Q(reference="") | Q(message=""), name="directpayment_one_text"),
        ]


class Payment(TenantRow):
    """Money to one payee on one day. Its account is copied from the person or payee when planned.

    `direct` is the order by which it goes to somebody else than the person.
    """

    case = TenantFK(Case)
    period = TenantFK(Period)
    payee = TenantFK(Person, null=True)
    payee_name = models.CharField(max_length=250)
    account_kind = models.CharField(max_length=12, choices=Way.choices)
    clearing = models.CharField(max_length=5, blank=True)
    account_number = models.CharField(max_length=34)
    amount = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    pay_on = models.DateField()
    reference = models.CharField(max_length=35)
    state = models.CharField(max_length=10, choices=PaymentState.choices, default=PaymentState.PLANNED)
    blocked_reason = models.CharField(max_length=200, blank=True)
    run = TenantFK(Run, null=True)
    direct = TenantFK(DirectPayment, null=True)
    redirected_from = models.JSONField(
        null=True, help_text="keys of the orders whose money it was before somebody let it go elsewhere"
    )
    giro_reference = models.CharField(max_length=27, null=True, help_text="OCR number; in Switzerland QRR or SCOR")
    message = models.CharField(max_length=140, null=True)
    post_to = models.JSONField(
        null=True, help_text="where a payment slip goes, or a Swiss payee lives: lines, postcode, city, country"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "pay_on"], condition=Q(state="planned"), name="payment_planned_by_day"),
            models.Index(fields=["tenant", "case"]),
            models.Index(fields=["tenant", "run"]),
        ]
        constraints = [
            *wall("payments_payment", "case", "period", "payee", "run", "direct"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
            models.CheckConstraint(condition=Q(state__in=PaymentState.values), name="payment_state_known"),
            models.CheckConstraint(
                condition=Q(run=None, state__in=["planned", "blocked", "held", "stopped"])
                | Q(run__isnull=False, state__in=["reserved", "sent", "confirmed", "rejected", "returned"]),
                name="payment_in_a_run_when_reserved",
            ),
            models.UniqueConstraint(fields=["tenant", "reference"], name="payment_reference_once"),
        ]


class Settlement(TenantRow):
    """Which part of a booking a payment settles. When another booking takes the place of that one, a new settlement
    takes the place of this (`replaces`); what stands is what none replaces."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    payment = TenantFK(Payment)
    booking = TenantFK(Booking)
    amount = models.BigIntegerField(help_text="minor units")
    replaces = TenantFK("payments.Settlement", null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "booking"]), models.Index(fields=["tenant", "payment"])]
        constraints = [
            *wall("payments_settlement", "payment", "booking", "replaces", append_only=True),
            models.UniqueConstraint(
                fields=["tenant", "payment", "booking"], condition=Q(replaces=None), name="settlement_once"
            ),
            models.UniqueConstraint(fields=["tenant", "replaces", "booking"], name="settlement_replaced_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_positive"),
        ]


class Advance(TenantRow):
    """Money granted before the decision on its month, for an emergency: who granted it, why, by which clause."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    period = TenantFK(Period)
    booking = TenantFK(Booking)
    amount = models.BigIntegerField(help_text="minor units")
    reasons = models.TextField()
    legal_basis = models.CharField(max_length=160)
    delegation = models.CharField(max_length=200, help_text="in words, by what it was granted")
    granted_by = TenantFK(StaffMember)
    granted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall("payments_advance", "case", "period", "booking", "granted_by", append_only=True),
            models.UniqueConstraint(fields=["tenant", "booking"], name="advance_booked_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="advance_positive"),
        ]


class SetOff(TenantRow):
    """A part of an advance that is taken from what the decision on its month pays: a line of its own."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    advance = TenantFK(Advance)
    booking = TenantFK(Booking)
    counter = TenantFK(Booking)
    amount = models.BigIntegerField(help_text="minor units")

    class Meta:
        indexes = [models.Index(fields=["tenant", "advance"]), models.Index(fields=["tenant", "booking"])]
        constraints = [
            *wall("payments_setoff", "advance", "booking", "counter", append_only=True),
            models.UniqueConstraint(fields=["tenant", "counter"], name="setoff_booked_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="setoff_positive"),
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


class BankFile(TenantRow):
    """A file of answers from the bank, as it came; the same bytes are taken once. Shares its key with its audit
    subject."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    kind = models.CharField(max_length=12, choices=BankFileKind.choices)
    message_id = models.CharField(max_length=35, blank=True)
    problem = models.CharField(max_length=60, blank=True, help_text="why it can't be read")
    digest = models.CharField(max_length=64)
    document = TenantFK(Document)
    lines = models.PositiveIntegerField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("payments_bankfile", "document", append_only=True),
            TenantKey(name="payments_bankfile_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "digest"], name="bankfile_once"),
            models.CheckConstraint(condition=Q(kind__in=BankFileKind.values), name="bankfile_kind_known"),
        ]


class BankLine(TenantRow):
    """One line of such a file: what it says of which payment, and what became of it. None is ever lost."""

    file = TenantFK(BankFile)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=LineKind.choices)
    reference = models.CharField(max_length=140, blank=True, help_text="the end-to-end reference, as the bank tells it")
    amount = models.BigIntegerField(null=True, help_text="minor units, where the line tells one")
    currency = models.CharField(max_length=3, blank=True)
    code = models.CharField(max_length=35, blank=True, help_text="the bank's status or reason code")
    told = models.CharField(max_length=200, blank=True, help_text="the bank's own words")
    booked_on = models.DateField(null=True)
    # of money that came in, where the bank tells them: what the payer says that it is for, and our IBAN
    remittance = models.CharField(max_length=280, null=True)
    account = models.CharField(max_length=34, null=True)
    payment = TenantFK(Payment, null=True)
    outcome = models.CharField(max_length=12, choices=LineOutcome.choices)
    reason = models.CharField(max_length=40, blank=True, help_text="why it is in quarantine")
    settled_by = TenantFK(StaffMember, null=True)
    settled_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "file"], condition=Q(outcome="quarantined"), name="bankline_in_quarantine"),
            models.Index(fields=["tenant", "payment"]),
        ]
        constraints = [
            *wall("payments_bankline", "file", "payment", "settled_by"),
            models.UniqueConstraint(fields=["tenant", "file", "number"], name="bankline_once"),
            models.CheckConstraint(condition=Q(outcome__in=LineOutcome.values), name="bankline_outcome_known"),
            models.CheckConstraint(
                condition=Q(settled_by=None, settled_at=None) & ~Q(outcome="settled")
                | Q(settled_by__isnull=False, settled_at__isnull=False, outcome="settled"),
                name="bankline_settled_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="applied") | Q(payment__isnull=False), name="bankline_applied_to_a_payment"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="quarantined") | ~Q(reason=""), name="bankline_in_quarantine_for_a_reason"
            ),
        ]


class Return(TenantRow):
    """Money that came back: booked as income, and as owed again, by two bookings that name each other here."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    payment = TenantFK(Payment)
    line = TenantFK(BankLine)
    booking = TenantFK(Booking)
    again = TenantFK(Booking)

    class Meta:
        constraints = [
            *wall("payments_return", "payment", "line", "booking", "again", append_only=True),
            models.UniqueConstraint(fields=["tenant", "payment"], name="return_once"),
            models.UniqueConstraint(fields=["tenant", "booking"], name="return_booked_once"),
            models.UniqueConstraint(fields=["tenant", "again"], name="return_owed_again_once"),
        ]


class Recovery(TenantRow):
    """A claim to get back from one adult of a case what has left beyond what is granted (återkrav): a decision of its
    own, proposed by one person and taken by another. Its amounts are its lines'; what it is today stands in the case
    account.

    Jobs may only read it: none is made, proposed or enforced by itself.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    case = TenantFK(Case)
    person = TenantFK(Person)
    number = models.CharField(max_length=20)
    ground = models.CharField(max_length=16, choices=RecoveryGround.choices)
    legal_basis = models.CharField(max_length=160)
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=12)
    reasons = models.TextField()
    unheard = models.TextField(blank=True, help_text="why she was not heard before it")
    delegation = models.CharField(max_length=200, help_text="in words, by what the decider decides")
    state = models.CharField(max_length=10, choices=RecoveryState.choices)
    proposed_by = TenantFK(StaffMember)
    proposed_at = models.DateTimeField()
    decided_by = TenantFK(StaffMember, null=True)
    decided_at = models.DateTimeField(null=True)
    returned_reason = models.TextField(blank=True)
    letter = TenantFK(PersonalLetter, null=True)
    court_until = models.DateField(null=True, help_text="the last day on which the court can be asked to order it")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"]), models.Index(fields=["tenant", "person"])]
        constraints = [
            *wall("payments_recovery", "case", "person", "proposed_by", "decided_by", "letter"),
            models.UniqueConstraint(fields=["tenant", "number"], name="recovery_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "case"], condition=Q(state="proposed"), name="recovery_one_proposal_per_case"
            ),
            models.CheckConstraint(condition=Q(ground__in=RecoveryGround.values), name="recovery_ground_known"),
            models.CheckConstraint(condition=Q(state__in=RecoveryState.values), name="recovery_state_known"),
            models.CheckConstraint(condition=~Q(reasons="") & ~Q(legal_basis=""), name="recovery_with_reasons"),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, letter=None) & ~Q(state="decided")
                | Q(decided_by__isnull=False, decided_at__isnull=False, letter__isnull=False, state="decided"),
                name="recovery_decided_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="recovery_by_two"
            ),
        ]


class RecoveryLine(TenantRow):
    """How much of a claim is for which month."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT", "worker": "SELECT"}

    recovery = TenantFK(Recovery)
    period = TenantFK(Period)
    amount = models.BigIntegerField(help_text="minor units")

    class Meta:
        constraints = [
            *wall("payments_recoveryline", "recovery", "period", append_only=True),
            models.UniqueConstraint(fields=["tenant", "recovery", "period"], name="recoveryline_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="recoveryline_positive"),
        ]


class RecoveryPlan(TenantRow):
    """How somebody pays a claim: so much each month from a day on, as agreed with her; the newest one holds. Nothing
    follows from it by itself, and nothing is taken from her support."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT", "worker": "SELECT"}

    recovery = TenantFK(Recovery)
    monthly = models.BigIntegerField(help_text="minor units")
    first_on = models.DateField()
    agreed = models.CharField(max_length=200, help_text="what was agreed, with whom and when")
    set_by = TenantFK(StaffMember)
    set_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "recovery"])]
        constraints = [
            *wall("payments_recoveryplan", "recovery", "set_by", append_only=True),
            models.CheckConstraint(condition=Q(monthly__gt=0) & ~Q(agreed=""), name="recoveryplan_agreed"),
        ]


class KeptBack(TenantRow):
    """A part of what is granted for a Swiss month that isn't paid: it goes towards a claim (`counter`, the income of
    one of its months), by an instalment that was decided (`order`)."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    order = TenantFK(Order)
    booking = TenantFK(Booking)
    counter = TenantFK(Booking)
    amount = models.BigIntegerField(help_text="minor units")

    class Meta:
        indexes = [models.Index(fields=["tenant", "order"]), models.Index(fields=["tenant", "booking"])]
        constraints = [
            *wall("payments_keptback", "order", "booking", "counter", append_only=True),
            models.UniqueConstraint(fields=["tenant", "counter"], name="keptback_booked_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="keptback_positive"),
        ]


class RecoveryWaiver(TenantRow):
    """So much of a claim is given up for good (eftergift), why, and by which clause."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT", "worker": "SELECT"}

    recovery = TenantFK(Recovery)
    amount = models.BigIntegerField(help_text="minor units")
    reasons = models.TextField()
    legal_basis = models.CharField(max_length=160)
    delegation = models.CharField(max_length=200, help_text="in words, by what it was given up")
    waived_by = TenantFK(StaffMember)
    waived_at = models.DateTimeField()
    letter = TenantFK(PersonalLetter)

    class Meta:
        indexes = [models.Index(fields=["tenant", "recovery"])]
        constraints = [
            *wall("payments_recoverywaiver", "recovery", "waived_by", "letter", append_only=True),
            models.CheckConstraint(condition=Q(amount__gt=0) & ~Q(reasons=""), name="recoverywaiver_with_reasons"),
        ]


class OtherHelp(TenantRow):
    """Help beside what one has a right to (12 kap. 2 § socialtjänstlagen): a decision of its own, to one adult of a
    case, for a purpose in words, with its own reasons; proposed by one person, refused or cut by two. What it grants
    is its booking. A later one may replace it, as a whole and once (`replaces`, on which `ground`); then that one's
    booking stands in place of its own.

    Jobs may only read it: none is granted, and none is refused, by itself.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    case = TenantFK(Case)
    period = TenantFK(Period)
    person = TenantFK(Person)
    number = models.CharField(max_length=20)
    purpose = models.CharField(max_length=120, help_text="what it is for, as the letter says it")
    applied = models.BigIntegerField(help_text="minor units")
    amount = models.BigIntegerField(help_text="minor units; 0 where it is refused")
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=12)
    reasons = models.TextField()
    legal_basis = models.CharField(max_length=160)
    delegation = models.CharField(max_length=200, help_text="in words, by what the decider decides")
    state = models.CharField(max_length=10, choices=OtherHelpState.choices)
    proposed_by = TenantFK(StaffMember)
    proposed_at = models.DateTimeField()
    decided_by = TenantFK(StaffMember, null=True)
    decided_at = models.DateTimeField(null=True)
    returned_reason = models.TextField(blank=True)
    letter = TenantFK(PersonalLetter, null=True)
    booking = TenantFK(Booking, null=True)
    # nothing (NULL) for the first one
    replaces = TenantFK("payments.OtherHelp", null=True)
    ground = models.CharField(max_length=4, choices=Ground.choices, null=True, help_text="why it replaces another")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"]), models.Index(fields=["tenant", "person"])]
        constraints = [
            *wall(
                "payments_otherhelp",
                "case", "period", "person", "proposed_by", "decided_by", "letter", "booking", "replaces",
            ),
            models.UniqueConstraint(fields=["tenant", "number"], name="otherhelp_number_once"),
            models.UniqueConstraint(fields=["tenant", "booking"], name="otherhelp_booking_once"),
            models.UniqueConstraint(
                fields=["tenant", "case"], condition=Q(state="proposed"), name="otherhelp_one_proposal_per_case"
            ),
            models.CheckConstraint(condition=Q(state__in=OtherHelpState.values), name="otherhelp_state_known"),
            models.CheckConstraint(
                condition=Q(applied__gt=0, amount__gte=0, amount__lte=F("applied")), name="otherhelp_up_to_applied"
            ),
            models.CheckConstraint(condition=~Q(reasons="") & ~Q(purpose=""), name="otherhelp_with_reasons"),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, letter=None, booking=None) & ~Q(state="decided")
                | Q(decided_by__isnull=False, decided_at__isnull=False, letter__isnull=False, state="decided"),
                name="otherhelp_decided_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided") | Q(amount=0, booking=None) | Q(amount__gt=0, booking__isnull=False),
                name="otherhelp_granted_is_booked",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(amount=F("applied")) | ~Q(decided_by=F("proposed_by")),
                name="otherhelp_refused_by_two",
            ),
            models.UniqueConstraint(
                fields=["tenant", "replaces"], condition=Q(state="decided"), name="otherhelp_replaced_once"
            ),
            models.CheckConstraint(
                condition=Q(replaces=None, ground=None)
                | Q(replaces__isnull=False, ground__isnull=False, ground__in=["36", "37", "37.1", "37.3", "38"]),
                name="otherhelp_replaces_on_a_ground",
            ),
            models.CheckConstraint(
                condition=Q(ground=None)
                | ~Q(ground__in=TO_DISADVANTAGE)
                | Q(decided_by=None)
                | ~Q(decided_by=F("proposed_by")),
                name="otherhelp_taken_back_by_two",
            ),
        ]  # fmt: skip


class ChartRow(TenantRow):
    """What the tenant's ledger calls one of our account codes, from `since` on; the newest row for a day holds."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    code = models.CharField(max_length=32)
    account = models.CharField(max_length=12)
    unit = models.CharField(max_length=12, blank=True, help_text="ansvar")
    activity = models.CharField(max_length=12, blank=True, help_text="verksamhet")
    since = models.DateField()
    source = models.CharField(max_length=200)
    recorded_by = TenantFK(StaffMember)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "code", "since"])]
        constraints = [
            *wall("payments_chartrow", "recorded_by", append_only=True),
            models.CheckConstraint(condition=~Q(account="") & ~Q(source=""), name="chartrow_with_source"),
        ]


class PostingDay(TenantRow):
    """A day's postings as the ledger gets them: fixed once; `digest` is over the entries, from which each file is
    made. Shares its key with its audit subject."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    day = models.DateField()
    entries = models.PositiveIntegerField()
    total = models.BigIntegerField(help_text="minor units: the sum of all debits, and of all credits")
    digest = models.CharField(max_length=64)
    fixed_by = TenantFK(StaffMember)
    fixed_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("payments_postingday", "fixed_by", append_only=True),
            TenantKey(name="payments_postingday_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "day"], name="postingday_once"),
        ]
