"""Accounts of partners, the postings on them with their entries, where a partner is paid, and orders to pay it."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.accounts.states import (
    FAILED,
    LEFT,
    MOVES,
    DetailsState,
    LedgerAccount,
    Move,
    OrderState,
    Rests,
    Side,
)
from handslag.domain.documents.models import Document
from handslag.domain.exchange.models import ADDRESS
from handslag.domain.payments.models import BankLine, Booking
from handslag.domain.people.models import since_before_until
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow

#: A reference to what something rests on: the same text at both sides.
REFERENCE = 120


class Account(TenantRow):
    """The account of another organisation (its address, `partner`) here. Shares its key with its audit subject."""

    partner = models.CharField(max_length=ADDRESS)
    side = models.CharField(max_length=8, choices=Side.choices)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("accounts_account"),
            TenantKey(name="accounts_account_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "partner", "side"], name="account_once_per_partner"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="account_side_known"),
        ]


class Posting(TenantRow):
    """All that one source (`rests_on`, `reference` with its `content`'s digest) moves on an account, at once. Never
    changed. `number` counts from 1 within the account; `digest` is taken over the source and the entries, and is the
    same at both sides. `counters`: the posting that this one takes back, by a counter-entry for each of its entries.
    `giro_reference` and `iban`: of a bill that is paid alone, by its own reference, to the account that it names."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    account = TenantFK(Account)
    number = models.PositiveIntegerField()
    rests_on = models.CharField(max_length=12, choices=Rests.choices)
    reference = models.CharField(max_length=REFERENCE)
    content = models.CharField(max_length=64, help_text="SHA-256 of the source")
    digest = models.CharField(max_length=64)
    posted_at = models.DateTimeField()
    counters = TenantFK("self", null=True)
    iban = models.CharField(max_length=21, null=True)
    giro_reference = models.CharField(max_length=27, null=True, help_text="QRR or SCOR")

    class Meta:
        constraints = [
            *wall("accounts_posting", "account", "counters", append_only=True),
            models.UniqueConstraint(fields=["tenant", "counters"], name="posting_countered_once"),
            models.UniqueConstraint(fields=["tenant", "account", "number"], name="posting_once_per_number"),
            models.UniqueConstraint(
                fields=["tenant", "account", "rests_on", "reference"], name="posting_once_per_source"
            ),
            models.CheckConstraint(condition=Q(rests_on__in=Rests.values), name="posting_source_known"),
            models.CheckConstraint(
                condition=Q(iban=None, giro_reference=None)
                | Q(iban__isnull=False, giro_reference__isnull=False, rests_on="statement"),
                name="posting_bill_has_account_and_reference",
            ),
        ]


class Entry(TenantRow):
    """An amount that moves from one ledger account (`credited`) to another (`debited`): both sides of the entry are one
    row, so that nothing can stand on one side only. Never changed; a counter-entry is a negative amount.

    `regime` and the days say what it is claimed for; `cites`, `reference` and `content` (SHA-256) what it rests on.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    account = TenantFK(Account)
    posting = TenantFK(Posting)
    place = models.PositiveIntegerField()
    move = models.CharField(max_length=8, choices=Move.choices)
    credited = models.CharField(max_length=8, choices=LedgerAccount.choices)
    debited = models.CharField(max_length=8, choices=LedgerAccount.choices)
    amount = models.BigIntegerField(help_text="minor units; negative in a counter-entry")
    currency = models.CharField(max_length=3)
    regime = models.CharField(max_length=24)
    since = models.DateField()
    until = models.DateField()
    cites = models.CharField(max_length=12, choices=Rests.choices)
    reference = models.CharField(max_length=REFERENCE)
    content = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["tenant", "account", "regime", "since"])]
        constraints = [
            *wall("accounts_entry", "account", "posting", append_only=True),
            models.UniqueConstraint(fields=["tenant", "posting", "place"], name="entry_once_per_place"),
            models.CheckConstraint(
                condition=reduce(
                    or_,
                    (Q(move=move.value, credited=a.value, debited=b.value) for move, (a, b) in MOVES.items()),
                ),
                name="entry_moves_as_named",
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_moves_something"),
            models.CheckConstraint(condition=Q(cites__in=Rests.values), name="entry_source_known"),
            since_before_until("entry_has_days"),
        ]


class PaidTo(TenantRow):
    """Where a partner is paid and whom to ask there: recorded by one member of staff, confirmed by another, and never
    changed; the newest that is confirmed holds. The address is structured, as payment files want it."""

    account = TenantFK(Account)
    holder = models.CharField(max_length=70)
    street = models.CharField(max_length=70, blank=True)
    house_number = models.CharField(max_length=16, blank=True)
    postcode = models.CharField(max_length=16)
    town = models.CharField(max_length=35)
    country = models.CharField(max_length=2)
    iban = models.CharField(max_length=34)
    qr_iban = models.CharField(max_length=21, blank=True)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.CharField(max_length=120, blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=DetailsState.choices)
    recorded_by = TenantFK(StaffMember)
    recorded_at = models.DateTimeField()
    confirmed_by = TenantFK(StaffMember, null=True)
    confirmed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "account", "recorded_at"])]
        constraints = [
            *wall("accounts_paidto", "account", "recorded_by", "confirmed_by"),
            models.CheckConstraint(condition=Q(state__in=DetailsState.values), name="paidto_state_known"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None, state__in=["proposed", "ended"])
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, state__in=["confirmed", "ended"]),
                name="paidto_confirmed_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("recorded_by")), name="paidto_four_eyes"
            ),
        ]


class PaymentOrder(TenantRow):
    """All that is open on the account of a partner in one currency, but its bills that name a reference, is to be paid;
    or one of these (`bill`), by its reference. Ordered by one payer, released by another, and posted once its file to
    the bank (`document`) is written, which pays it on `execution_on`. Shares its key with its audit subject, and with
    the message to the bank."""

    account = TenantFK(Account)
    paid_to = TenantFK(PaidTo)
    number = models.CharField(max_length=20)
    amount = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=OrderState.choices)
    ordered_by = TenantFK(StaffMember)
    ordered_at = models.DateTimeField()
    released_by = TenantFK(StaffMember, null=True)
    released_at = models.DateTimeField(null=True)
    # NULL before the release, and where it was released, and posted, before files were written
    execution_on = models.DateField(null=True)
    document = TenantFK(Document, null=True)
    bill = TenantFK(Posting, null=True)
    version = models.PositiveIntegerField(default=1)

    @property
    def iban(self) -> str:
        """Where it is paid: as the bill says, else the partner's account."""
        return str(self.bill.iban) if self.bill is not None else self.paid_to.iban

    class Meta:
        constraints = [
            *wall("accounts_paymentorder", "account", "paid_to", "ordered_by", "released_by", "document", "bill"),
            TenantKey(name="accounts_paymentorder_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "number"], name="order_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "account", "currency"],
                condition=Q(state="ordered", bill=None) | Q(state="released", execution_on__isnull=False, bill=None),
                name="order_one_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["tenant", "bill"],
                condition=~Q(state__in=["withdrawn", *FAILED]),
                name="order_pays_a_bill_once",
            ),
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="order_state_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_pays_something"),
            models.CheckConstraint(
                condition=Q(released_by=None, released_at=None, state__in=["ordered", "withdrawn"])
                | Q(released_by__isnull=False, released_at__isnull=False, state__in=["released", *LEFT, "withdrawn"]),
                name="order_released_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(released_by=None) | ~Q(released_by=F("ordered_by")), name="order_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(document=None) & ~Q(state__in=LEFT)
                | Q(document__isnull=False, execution_on__isnull=False, state__in=LEFT),
                name="order_sent_with_its_file",
            ),
        ]


class BankMatch(TenantRow):
    """A line of the bank's answers that was carried out on the account of a partner: what it says of an order of ours
    (`posting`: what countered it), or money that the partner paid us (`posting`: what it paid)."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    line = TenantFK(BankLine)
    account = TenantFK(Account)
    order = TenantFK(PaymentOrder, null=True)
    posting = TenantFK(Posting, null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "account"]), models.Index(fields=["tenant", "order"])]
        constraints = [
            *wall("accounts_bankmatch", "line", "account", "order", "posting", append_only=True),
            models.UniqueConstraint(fields=["tenant", "line"], name="bankmatch_once_per_line"),
            models.UniqueConstraint(fields=["tenant", "posting"], name="bankmatch_once_per_posting"),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | Q(posting__isnull=False), name="bankmatch_of_something"
            ),
        ]


class HandMatch(TenantRow):
    """Money that came in (`line`, of the bank's answers) and that a payer has matched by hand: to the account of a
    partner (`posting`: what it paid there) or to a case (`booking`: its income; of a claim the first of those that are
    booked with it, see `booked_with`). Undone by a counter-entry, with why; then the line waits again."""

    line = TenantFK(BankLine)
    account = TenantFK(Account, null=True)
    posting = TenantFK(Posting, null=True)
    booking = TenantFK(Booking, null=True)
    matched_by = TenantFK(StaffMember)
    matched_at = models.DateTimeField()
    undone_by = TenantFK(StaffMember, null=True)
    undone_at = models.DateTimeField(null=True)
    undone_why = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("accounts_handmatch", "line", "account", "posting", "booking", "matched_by", "undone_by"),
            models.UniqueConstraint(
                fields=["tenant", "line"], condition=Q(undone_at=None), name="handmatch_once_at_a_time"
            ),
            models.UniqueConstraint(fields=["tenant", "posting"], name="handmatch_once_per_posting"),
            models.UniqueConstraint(fields=["tenant", "booking"], name="handmatch_once_per_booking"),
            models.CheckConstraint(
                condition=Q(account__isnull=False, posting__isnull=False)
                | Q(account=None, posting=None, booking__isnull=False),
                name="handmatch_of_account_or_case",
            ),
            models.CheckConstraint(
                condition=Q(undone_by=None, undone_at=None, undone_why="")
                | Q(undone_by__isnull=False, undone_at__isnull=False) & ~Q(undone_why=""),
                name="handmatch_undone_with_who_when_and_why",
            ),
        ]
