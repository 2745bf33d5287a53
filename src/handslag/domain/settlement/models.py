"""Statements with their submissions and lines, which stay as they were sent, and what was answered on each."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q

from handslag.domain.accounts.models import REFERENCE
from handslag.domain.accounts.states import Side
from handslag.domain.exchange.models import ADDRESS
from handslag.domain.people.models import DateRange, Person, never_overlapping, since_before_until
from handslag.domain.settlement.states import LineKind, Outcome, Reason, ReclaimState
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow

_MADE_ANEW: dict[str, str] = {"web": "SELECT, INSERT, DELETE", "worker": "SELECT, INSERT, DELETE"}
_FOLLOWS = {"*": "follows from the lines and their answers"}
#: What a claim is about: the days of a person, or a text that names the one cost.
COST = 160
DAYS = "days"


class Statement(TenantRow):
    """What is settled with another organisation (`partner`) for a fund and a window. `reference`: the same text at both
    sides. Shares its key with its audit subject."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    partner = models.CharField(max_length=ADDRESS)
    side = models.CharField(max_length=8, choices=Side.choices)
    fund = models.CharField(max_length=24)
    since = models.DateField()
    until = models.DateField()
    reference = models.CharField(max_length=REFERENCE)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("settlement_statement", append_only=True),
            TenantKey(name="settlement_statement_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "side", "reference"], name="statement_once"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="statement_side_known"),
            since_before_until("statement_has_days"),
        ]


class Submission(TenantRow):
    """A statement as it was sent the `number`th time: the lines that it adds, and the numbers of those that it
    withdraws. `lines` and `total` are of all that stand then."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    statement = TenantFK(Statement)
    number = models.PositiveIntegerField()
    withdrawn = ArrayField(models.PositiveIntegerField(), default=list)
    lines = models.PositiveIntegerField()
    total = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    content = models.CharField(max_length=64, help_text="SHA-256 of what was sent")
    sent_on = models.DateField()
    sent_by = TenantFK(StaffMember, null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("settlement_submission", "statement", "sent_by", append_only=True),
            models.UniqueConstraint(fields=["tenant", "statement", "number"], name="submission_once_per_number"),
        ]


class Reception(TenantRow):
    """What became of a submission of ours at the payer's door: taken in, or by `code` not, and then it is as if it
    hadn't been sent: its lines don't stand, and what it withdrew does."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    submission = TenantFK(Submission)
    code = models.CharField(max_length=24, blank=True)
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("settlement_reception", "submission", append_only=True),
            models.UniqueConstraint(fields=["tenant", "submission"], name="reception_once"),
        ]


class Line(TenantRow):
    """One line that is claimed. `days` and `amount` are below 0 where days are given back; `corrects` is the settled
    line that it differs from. (`cost`, fund, `share`) is what is claimed, once for ever; of an extract of the case
    account that is the `cost` of each of its `items` (NULL elsewhere: earlier rows keep their digest).
    `findings`: what the claimant itself found, and `why` it is sent all the same."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    statement = TenantFK(Statement)
    submission = TenantFK(Submission)
    number = models.PositiveIntegerField()
    person = TenantFK(Person)
    kind = models.CharField(max_length=8, choices=LineKind.choices)
    status = models.CharField(max_length=8)
    since = models.DateField()
    until = models.DateField()
    days = models.IntegerField()
    rate = models.BigIntegerField(help_text="minor units for each day; 0 where there is none")
    amount = models.BigIntegerField(help_text="minor units")
    cost = models.CharField(max_length=COST)
    share = models.CharField(max_length=24)
    account_code = models.CharField(max_length=24, blank=True)
    text = models.CharField(max_length=250, blank=True)
    corrects = TenantFK("settlement.Line", null=True)
    findings = ArrayField(models.CharField(max_length=24), default=list)
    why = models.TextField(blank=True)
    content = models.CharField(max_length=64, help_text="SHA-256 of the line")
    items = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "person", "since"])]
        constraints = [
            *wall("settlement_line", "statement", "submission", "person", "corrects", append_only=True),
            models.UniqueConstraint(fields=["tenant", "statement", "number"], name="line_once_per_number"),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="line_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind="days") | Q(amount=F("days") * F("rate")), name="line_days_times_rate"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="line_claims_something"),
            models.CheckConstraint(condition=Q(findings=[]) | ~Q(why=""), name="line_against_a_finding_with_reason"),
            since_before_until("line_has_days"),
        ]


class Claim(TenantRow):
    """A key of a line that stands (see `Line.cost`): nothing is claimed twice over periods and funds."""

    grants: ClassVar[dict[str, str]] = _MADE_ANEW
    uncommitted: ClassVar[dict[str, str]] = _FOLLOWS

    line = TenantFK(Line)
    side = models.CharField(max_length=8, choices=Side.choices)
    partner = models.CharField(max_length=ADDRESS)
    person = TenantFK(Person)
    fund = models.CharField(max_length=24)
    cost = models.CharField(max_length=COST)
    share = models.CharField(max_length=24)
    since = models.DateField()
    until = models.DateField()

    class Meta:
        constraints = [
            *wall("settlement_claim", "line", "person"),
            models.UniqueConstraint(fields=["tenant", "line", "cost"], name="claim_once_per_line"),
            models.UniqueConstraint(
                fields=["tenant", "side", "partner", "cost", "fund", "share"],
                condition=~Q(cost=DAYS),
                name="claim_once_per_cost",
            ),
            ExclusionConstraint(
                name="claim_once_per_day",
                expressions=[
                    *((key, RangeOperators.EQUAL) for key in ("tenant", "side", "partner", "person", "share")),
                    (DateRange(F("since"), F("until")), RangeOperators.OVERLAPS),
                ],
                condition=Q(cost=DAYS),
            ),
            since_before_until("claim_has_days"),
        ]


class Reply(TenantRow):
    """What the payer answered at one time on lines of a statement: the `number`th."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    statement = TenantFK(Statement)
    number = models.PositiveIntegerField()
    content = models.CharField(max_length=64, help_text="SHA-256 of what was answered")
    answered_by = TenantFK(StaffMember, null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("settlement_reply", "statement", "answered_by", append_only=True),
            models.UniqueConstraint(fields=["tenant", "statement", "number"], name="reply_once_per_number"),
        ]


class Answer(TenantRow):
    """What becomes of one line, for good: what is accepted of its `amount`, on which days (`accepted`: [since, until]),
    and why not all."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    reply = TenantFK(Reply)
    line = TenantFK(Line)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    reason = models.CharField(max_length=24, choices=Reason.choices, blank=True)
    days = models.IntegerField()
    amount = models.BigIntegerField(help_text="minor units")
    accepted = models.JSONField(default=list)
    why = models.TextField(blank=True)

    class Meta:
        constraints = [
            *wall("settlement_answer", "reply", "line", append_only=True),
            models.UniqueConstraint(fields=["tenant", "line"], name="answer_once_per_line"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="answer_outcome_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *Reason.values]), name="answer_reason_known"),
            models.CheckConstraint(
                condition=Q(outcome="accepted", reason="")
                | (~Q(reason="") & ~Q(why="") & (Q(outcome="cut") | Q(outcome="refused", amount=0, days=0))),
                name="answer_says_why_not_all",
            ),
        ]


class Counted(TenantRow):
    """Days of a person that are settled: one partner and one fund a day, whoever claims them."""

    grants: ClassVar[dict[str, str]] = _MADE_ANEW
    uncommitted: ClassVar[dict[str, str]] = _FOLLOWS

    side = models.CharField(max_length=8, choices=Side.choices)
    person = TenantFK(Person)
    partner = models.CharField(max_length=ADDRESS)
    fund = models.CharField(max_length=24)
    status = models.CharField(max_length=8)
    line = TenantFK(Line)
    since = models.DateField()
    until = models.DateField()

    class Meta:
        constraints = [
            *wall("settlement_counted", "person", "line"),
            never_overlapping("counted_once_a_day", "side", "person"),
            since_before_until("counted_has_days"),
        ]


class Reclaim(TenantRow):
    """What the payer claims back of settled lines after an audit (S7), as both sides keep it: proposed by one
    decider of the payer, told by another, answered at the claimant by `answer_by`. `reference` is the payer's
    number, the same at both sides; `content` the SHA-256 of what is claimed back. Shares its key with its audit
    subject."""

    side = models.CharField(max_length=8, choices=Side.choices)
    partner = models.CharField(max_length=ADDRESS)
    fund = models.CharField(max_length=24)
    reference = models.CharField(max_length=40)
    reason = models.CharField(max_length=24, choices=Reason.choices)
    text = models.TextField()
    total = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    content = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=ReclaimState.choices)
    proposed_by = TenantFK(StaffMember, null=True)
    proposed_at = models.DateTimeField(null=True)
    told_by = TenantFK(StaffMember, null=True)
    told_at = models.DateTimeField(null=True)
    answer_by = models.DateField(null=True)
    answered_by = TenantFK(StaffMember, null=True)
    objection = models.TextField(blank=True)
    settled_by = TenantFK(StaffMember, null=True)
    settled_at = models.DateTimeField(null=True)
    settled_why = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("settlement_reclaim", "proposed_by", "told_by", "answered_by", "settled_by"),
            TenantKey(name="settlement_reclaim_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "side", "partner", "reference"], name="reclaim_once"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="reclaim_side_known"),
            models.CheckConstraint(condition=Q(state__in=ReclaimState.values), name="reclaim_state_known"),
            models.CheckConstraint(condition=Q(reason__in=Reason.values), name="reclaim_reason_known"),
            models.CheckConstraint(condition=Q(total__gt=0) & ~Q(text=""), name="reclaim_of_something_says_why"),
            models.CheckConstraint(
                condition=Q(told_by=None) | ~Q(told_by=F("proposed_by")), name="reclaim_four_eyes"
            ),
        ]


class ReclaimLine(TenantRow):
    """What is claimed back of one settled line: `amount` of what was accepted, and of a lump sum for which days
    (`days`: [since, until]). A line is claimed back once: by one reclaim that `stands`."""

    reclaim = TenantFK(Reclaim)
    line = TenantFK(Line)
    amount = models.BigIntegerField(help_text="minor units")
    days = models.JSONField(default=list)
    stands = models.BooleanField(default=True)

    class Meta:
        constraints = [
            *wall("settlement_reclaimline", "reclaim", "line"),
            models.UniqueConstraint(
                fields=["tenant", "line"], condition=Q(stands=True), name="reclaimline_once_per_line"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="reclaimline_of_something"),
        ]


class LeftOut(TenantRow):
    """Days of a person that the claimant doesn't claim although the register would have it, and why."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    person = TenantFK(Person)
    fund = models.CharField(max_length=24)
    since = models.DateField()
    until = models.DateField()
    why = models.TextField()
    by = TenantFK(StaffMember)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("settlement_leftout", "person", "by", append_only=True),
            models.CheckConstraint(condition=~Q(why=""), name="leftout_says_why"),
            since_before_until("leftout_has_days"),
        ]
