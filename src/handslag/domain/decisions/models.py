"""Decisions: proposed by one, taken by another where the policy says so, served by letter."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.decisions.states import (
    DISMISSED_ON,
    TO_DISADVANTAGE,
    AppealState,
    DecisionState,
    Ground,
    OrderKind,
    OrderState,
    Outcome,
    RefusedOn,
    Repayable,
    Timeliness,
)
from handslag.domain.documents.models import Document, Text
from handslag.domain.entitlement.models import Sheet
from handslag.domain.people.models import Person
from handslag.domain.tasks.models import Deadline
from handslag.domain.tenancy.constraints import wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Decision(TenantRow):
    """A decision on one period of a case. What it says is fixed when it is taken; only its state moves on.

    A later one may replace it, as a whole and once (`replaces`, on which `ground`): the decisions on a period are a
    chain, and the last one of it that is taken is in force.

    In Switzerland one may hold for up to twelve months (`holds_until`): each later month is released `under` it after
    the person's declaration, as a first decision of its own that grants exactly the same.

    A person may refuse or dismiss an application on a ground that no calculation knows (`refused_on`): then the amount
    is 0 whatever the sheet comes to.

    Jobs may only read it (`grants`): whatever a job does, it refuses, reduces or claims back nothing. One that nobody
    took (`automated`) can only be the first on its month and grant it in full; the table itself refuses any other.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    case = TenantFK(Case)
    period = TenantFK(Period)
    number = models.CharField(max_length=20)
    sheet = TenantFK(Sheet)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    amount = models.BigIntegerField(help_text="minor units, of the whole household")
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=12)
    reasons = models.TextField()
    # nothing (NULL) where the calculation decides, and in rows from before this column
    refused_on = models.CharField(
        max_length=12, choices=RefusedOn.choices, null=True, help_text="why nothing is granted, other than by the sheet"
    )
    # nothing (NULL) where it isn't to be paid back, and in rows from before this column
    repayable = models.CharField(max_length=12, choices=Repayable.choices, null=True)
    # what is so for the co-applicant only, and the codes of the phrases used; nothing (NULL) in earlier rows
    reasons_co = models.TextField(null=True, help_text="the co-applicant's own reasons, where they are others")
    phrases = models.JSONField(null=True, help_text="codes of the phrases used, with the digests of their texts")
    legal_basis = models.CharField(max_length=160)
    delegation = models.CharField(max_length=200, help_text="by what the decider decides, in words")
    replaces = TenantFK("decisions.Decision", null=True)
    # nothing (NULL) where there is nothing to say: rows from before these columns keep their digest
    ground = models.CharField(max_length=4, choices=Ground.choices, null=True, help_text="why it replaces another")
    unheard = models.TextField(null=True, help_text="why somebody was not heard before it")
    # nothing (NULL) where it is of its month alone, and in rows from before these columns
    holds_until = models.DateField(
        null=True, help_text="the months after it, until before this day, are released by it"
    )
    under = TenantFK("decisions.Decision", null=True, help_text="the budget by which its month was released")
    automated = models.BooleanField(null=True, help_text="taken without a person, by `delegation`; nothing: by one")
    state = models.CharField(max_length=10, choices=DecisionState.choices)
    proposed_by = TenantFK(StaffMember, null=True)
    proposed_at = models.DateTimeField()
    decided_by = TenantFK(StaffMember, null=True)
    decided_at = models.DateTimeField(null=True)
    returned_reason = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall("decisions_decision", "case", "period", "sheet", "replaces", "under", "proposed_by", "decided_by"),
            models.UniqueConstraint(fields=["tenant", "number"], name="decision_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "period"],
                condition=Q(state="proposed"),
                name="decision_one_proposal_per_period",
            ),
            models.UniqueConstraint(
                fields=["tenant", "period"],
                condition=Q(replaces=None, state__in=["decided", "served"]),
                name="decision_first_once_per_period",
            ),
            models.UniqueConstraint(
                fields=["tenant", "replaces"],
                condition=Q(state__in=["decided", "served"]),
                name="decision_replaced_once",
            ),
            models.CheckConstraint(
                condition=Q(replaces=None, ground=None)
                | Q(replaces__isnull=False, ground__isnull=False, ground__in=Ground.values),
                name="decision_replaces_on_a_ground",
            ),
            models.CheckConstraint(
                condition=Q(under=None)
                | Q(outcome=Outcome.BIFALL, amount__gt=0, replaces=None, ground=None, repayable=None)
                & Q(holds_until=None, automated=None),
                name="decision_released_in_full",
            ),
            models.CheckConstraint(
                condition=Q(repayable=None) | Q(repayable__in=Repayable.values, amount__gt=0),
                name="decision_repayable_known",
            ),
            models.CheckConstraint(
                condition=(Q(refused_on=None) & ~Q(outcome=Outcome.AVVISNING))
                | Q(refused_on__isnull=False, refused_on__in=DISMISSED_ON, outcome=Outcome.AVVISNING, amount=0)
                | (
                    Q(refused_on__isnull=False, refused_on__in=RefusedOn.values, outcome=Outcome.AVSLAG, amount=0)
                    & ~Q(refused_on__in=DISMISSED_ON)
                ),
                name="decision_refused_on_a_ground",
            ),
            models.CheckConstraint(condition=Q(state__in=DecisionState.values), name="decision_state_known"),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, state__in=["proposed", "returned", "withdrawn"])
                | Q(decided_by__isnull=False, decided_at__isnull=False, state__in=["decided", "served"])
                | Q(
                    automated__isnull=False, decided_by=None, decided_at__isnull=False, state__in=["decided", "served"]
                ),
                name="decision_taken_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(automated=None, proposed_by__isnull=False)
                | (
                    Q(automated__isnull=False, automated=True, proposed_by=None, decided_by=None)
                    & Q(replaces=None, ground=None, repayable=None)
                    & Q(outcome=Outcome.BIFALL, amount__gt=0)
                    & ~Q(delegation="")
                ),
                name="decision_automated_grants_in_full",
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.BIFALL) | Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="decision_refused_by_two",
            ),
            models.CheckConstraint(
                condition=Q(ground=None)
                | ~Q(ground__in=TO_DISADVANTAGE)
                | Q(decided_by=None)
                | ~Q(decided_by=F("proposed_by")),
                name="decision_taken_back_by_two",
            ),
        ]


class DecisionLine(TenantRow):
    """What is granted: to a person or the household (none), for what, how much, by which section and sheet line.

    `replaces`: the line of the replaced decision that it takes the place of; then it may be 0.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT", "worker": "SELECT"}

    decision = TenantFK(Decision)
    person = TenantFK(Person, null=True)
    period = TenantFK(Period)
    purpose = models.CharField(max_length=40)
    amount = models.BigIntegerField(help_text="minor units")
    section = models.CharField(max_length=120)
    sheet_line = models.CharField(max_length=60)
    replaces = TenantFK("decisions.DecisionLine", null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "decision"])]
        constraints = [
            *wall("decisions_decisionline", "decision", "person", "period", "replaces", append_only=True),
            models.UniqueConstraint(fields=["tenant", "replaces"], name="decisionline_replaced_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="decisionline_not_negative"),
        ]


class Letter(TenantRow):
    """The letter of a decision: its content, template and texts are fixed with the decision, its PDF made once."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT", "worker": "SELECT, INSERT, UPDATE"}

    decision = TenantFK(Decision)
    content = models.JSONField()
    content_digest = models.CharField(max_length=64)
    template = models.CharField(max_length=64, help_text="name and digest of the template")
    appeal_text = TenantFK(Text)
    document = TenantFK(Document, null=True)
    rendered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *wall("decisions_letter", "decision", "appeal_text", "document"),
            models.UniqueConstraint(fields=["tenant", "decision"], name="letter_once"),
            models.CheckConstraint(
                condition=Q(document=None, rendered_at=None) | Q(document__isnull=False, rendered_at__isnull=False),
                name="letter_rendered_with_moment",
            ),
        ]


class LeftToPerson(TenantRow):
    """A month that isn't granted without a person as it stands: it isn't tried again before that changes."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}
    uncommitted: ClassVar[dict[str, str]] = {"*": "spares trying the same again; decides nothing"}

    period = TenantFK(Period)
    state = models.CharField(max_length=64, help_text="the digest of what it was tried upon")

    class Meta:
        constraints = [
            *wall("decisions_lefttoperson", "period"),
            models.UniqueConstraint(fields=["tenant", "period"], name="lefttoperson_once"),
        ]


class Hearing(TenantRow):
    """An adult of a case is told what the office considers to decide on a period and what that rests on, and can say
    what she thinks until a day (25 § förvaltningslagen). The other adult doesn't see what she says.

    `noted_by` wrote down what she said by word of mouth (24 and 27 §§); where nobody did, she wrote it herself.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    case = TenantFK(Case)
    period = TenantFK(Period)
    person = TenantFK(Person)
    about = models.TextField(help_text="what is considered, and what that rests on")
    terms = TenantFK(Text)
    answer_by = models.DateField()
    asked_by = TenantFK(StaffMember)
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    noted_by = TenantFK(StaffMember, null=True)
    closed_at = models.DateTimeField(null=True, help_text="when it was decided otherwise than by deciding the month")

    class Meta:
        indexes = [models.Index(fields=["tenant", "period"]), models.Index(fields=["tenant", "person"])]
        constraints = [
            *wall("decisions_hearing", "case", "period", "person", "terms", "asked_by", "noted_by"),
            models.CheckConstraint(condition=~Q(about=""), name="hearing_about_something"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answer="", noted_by=None) | Q(answered_at__isnull=False) & ~Q(answer=""),
                name="hearing_answered_with_moment",
            ),
        ]


class PersonalLetter(TenantRow):
    """A letter to one adult of a case, and to nobody else in it, about something that isn't a decision on a month: its
    content is fixed by the act that it tells of, its PDF made once."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT", "worker": "SELECT, UPDATE"}

    case = TenantFK(Case)
    person = TenantFK(Person)
    content = models.JSONField()
    content_digest = models.CharField(max_length=64)
    document = TenantFK(Document, null=True)
    rendered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall("decisions_personalletter", "case", "person", "document"),
            models.UniqueConstraint(fields=["tenant", "document"], name="personalletter_document_once"),
            models.CheckConstraint(
                condition=Q(document=None, rendered_at=None) | Q(document__isnull=False, rendered_at__isnull=False),
                name="personalletter_rendered_with_moment",
            ),
        ]


class Order(TenantRow):
    """A Swiss decision on one adult of a case beside the months (Verfügung): a condition (Auflage), what she has to do
    until a day; because one wasn't met, a reduction (Kürzung) of the basic need by per cent, from a period on and for
    so many months; or an instalment (Rate), so many per cent of the basic need that are kept back from a period on
    until a claim is paid. Proposed by one person, taken by another; what it takes is a line in each month's budget.

    It holds no longer from `ended_on` on: the condition was met or lifted, or the reduction or instalment was lifted.

    Jobs may only read it: none is proposed or taken by itself, and no reduction follows from a day that has passed.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    case = TenantFK(Case)
    person = TenantFK(Person)
    number = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=OrderKind.choices)
    about = models.TextField(blank=True, help_text="what she has to do; of an instalment the number of the claim")
    due_on = models.DateField(null=True, help_text="the last day for it")
    condition = TenantFK("decisions.Order", null=True, help_text="what wasn't met")
    period = TenantFK(Period, null=True, help_text="the first that is reduced, or in which something is kept back")
    percent = models.PositiveSmallIntegerField(null=True, help_text="of the basic need")
    months = models.PositiveSmallIntegerField(null=True)
    language = models.CharField(max_length=12)
    reasons = models.TextField()
    legal_basis = models.CharField(max_length=160)
    delegation = models.CharField(max_length=200, help_text="in words, by what the decider decides")
    state = models.CharField(max_length=10, choices=OrderState.choices)
    proposed_by = TenantFK(StaffMember)
    proposed_at = models.DateTimeField()
    decided_by = TenantFK(StaffMember, null=True)
    decided_at = models.DateTimeField(null=True)
    returned_reason = models.TextField(blank=True)
    letter = TenantFK(PersonalLetter, null=True)
    ended_on = models.DateField(null=True, help_text="the first day on which it doesn't hold any more")
    ended_why = models.TextField(blank=True)
    ended_by = TenantFK(StaffMember, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"]), models.Index(fields=["tenant", "person"])]
        constraints = [
            *wall(
                "decisions_order",
                "case", "person", "condition", "period", "proposed_by", "decided_by", "letter", "ended_by",
            ),
            models.UniqueConstraint(fields=["tenant", "number"], name="decisionorder_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "case"], condition=Q(state="proposed"), name="decisionorder_one_proposal_per_case"
            ),
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="decisionorder_state_known"),
            models.CheckConstraint(condition=~Q(reasons="") & ~Q(legal_basis=""), name="decisionorder_with_reasons"),
            models.CheckConstraint(
                condition=Q(~Q(about=""), kind="condition", due_on__isnull=False)
                & Q(condition=None, period=None, percent=None, months=None)
                | Q(kind="reduction", about="", due_on=None, condition__isnull=False, period__isnull=False)
                & Q(percent__isnull=False, percent__gte=1, percent__lte=100, months__isnull=False, months__gte=1)
                | Q(~Q(about=""), kind="instalment", due_on=None, condition=None, period__isnull=False, months=None)
                & Q(percent__isnull=False, percent__gte=1, percent__lte=100),
                name="decisionorder_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, letter=None) & ~Q(state="decided")
                | Q(decided_by__isnull=False, decided_at__isnull=False, letter__isnull=False, state="decided"),
                name="decisionorder_decided_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="decisionorder_by_two"
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_by=None, ended_why="")
                | Q(~Q(ended_why=""), ended_on__isnull=False, ended_by__isnull=False, state="decided"),
                name="decisionorder_ended_with_who_and_why",
            ),
        ]  # fmt: skip


class OrderAppeal(TenantRow):
    """An appeal against a Swiss order that is before the authority above, as a caseworker wrote it down: when we learnt
    of it or it came here, whether it suspends the order and what that rests on, when it was forwarded where it came to
    us, and what was decided on it (`ended_on`). Nothing of it follows by itself but that: while one that suspends runs,
    the order takes nothing from a month that is decided.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    order = TenantFK(Order)
    came_on = models.DateField(help_text="the day on which it came here, or we learnt of it")
    forwarded_on = models.DateField(null=True, help_text="to the authority above, where it came to us")
    suspends = models.BooleanField()
    why = models.TextField(help_text="what it rests on that it suspends, or doesn't")
    noted_by = TenantFK(StaffMember)
    noted_at = models.DateTimeField()
    ended_on = models.DateField(null=True)
    outcome = models.TextField(blank=True, help_text="what the authority decided, in short")
    ended_by = TenantFK(StaffMember, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "order"])]
        constraints = [
            *wall("decisions_orderappeal", "order", "noted_by", "ended_by"),
            models.UniqueConstraint(
                fields=["tenant", "order"], condition=Q(ended_on=None), name="orderappeal_one_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="orderappeal_with_reasons"),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_by=None, outcome="")
                | Q(~Q(outcome=""), ended_on__isnull=False, ended_by__isnull=False),
                name="orderappeal_ended_with_who_and_what",
            ),
        ]


class Appeal(TenantRow):
    """One adult's appeal against a decision (43-46 §§ förvaltningslagen): as she wrote it, whether it came in time,
    what became of it. Its key is named by the page that it was sent from.

    What was sent never changes. Whether it came in time is a person's finding; what came late is dismissed by another
    person. Jobs may only read it: no appeal is dismissed, and none is sent away, by itself.
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT"}

    case = TenantFK(Case)
    decision = TenantFK(Decision)
    person = TenantFK(Person)
    number = models.CharField(max_length=20)
    channel = models.CharField(max_length=8, choices=[("online", "online"), ("paper", "paper")])
    text = models.TextField(blank=True)
    received_on = models.DateField(help_text="the day on which it reached us (22 § förvaltningslagen)")
    recorded_at = models.DateTimeField()
    recorded_by = TenantFK(StaffMember, null=True)
    deadline = TenantFK(Deadline)
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.RECEIVED)
    timeliness = models.CharField(max_length=8, choices=Timeliness.choices, null=True)
    told_on = models.DateField(null=True, help_text="the day on which she got the decision, as far as that is known")
    why = models.TextField(blank=True, help_text="what shows the day, or why it is not dismissed")
    checked_by = TenantFK(StaffMember, null=True)
    checked_at = models.DateTimeField(null=True)
    dismissal = models.TextField(blank=True, help_text="the reasons of the decision to dismiss it")
    delegation = models.CharField(max_length=200, blank=True, help_text="by what it was dismissed, in words")
    remedy = TenantFK(Text, null=True)
    # of its dismissal; nothing (NULL) elsewhere, and where it was dismissed before there were such letters
    letter = TenantFK(PersonalLetter, null=True)
    manifest = models.JSONField(null=True, help_text="what went to the court: each file with its digest")
    written = models.JSONField(null=True, help_text="the words of what was written for the court, by file")
    ended_by = TenantFK(StaffMember, null=True)
    ended_at = models.DateTimeField(null=True)
    judged_on = models.DateField(null=True)
    judgment = models.TextField(blank=True, help_text="what the court decided, in short")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["tenant", "decision"]), models.Index(fields=["tenant", "case"])]
        constraints = [
            *wall(
                "decisions_appeal",
                "case", "decision", "person", "recorded_by", "deadline", "checked_by", "remedy", "letter", "ended_by",
            ),
            models.UniqueConstraint(fields=["tenant", "number"], name="appeal_number_once"),
            models.CheckConstraint(condition=Q(state__in=AppealState.values), name="appeal_state_known"),
            models.CheckConstraint(
                condition=Q(state="received", timeliness=None, checked_by=None, checked_at=None)
                | Q(
                    ~Q(state="received"),
                    timeliness__isnull=False,
                    timeliness__in=Timeliness.values,
                    checked_by__isnull=False,
                    checked_at__isnull=False,
                ),
                name="appeal_checked_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["late", "dismissed"]) | Q(timeliness="late", told_on__isnull=False),
                name="appeal_late_by_its_days",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["timely", "forwarded", "judged"]) | ~Q(timeliness="late"),
                name="appeal_forwarded_in_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="dismissed")
                | Q(~Q(dismissal=""), ~Q(ended_by=F("checked_by")), remedy__isnull=False),
                name="appeal_dismissed_by_two",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "timely", "late"], ended_by=None, ended_at=None)
                | Q(
                    state__in=["dismissed", "forwarded", "judged"], ended_by__isnull=False, ended_at__isnull=False
                ),
                name="appeal_ended_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["forwarded", "judged"], manifest__isnull=False, written__isnull=False)
                | Q(~Q(state__in=["forwarded", "judged"]), manifest__isnull=True, written__isnull=True),
                name="appeal_forwarded_with_manifest",
            ),
            models.CheckConstraint(
                condition=Q(state="judged", judged_on__isnull=False)
                | Q(~Q(state="judged"), judged_on=None, judgment=""),
                name="appeal_judged_with_day",
            ),
        ]  # fmt: skip


class AppealFile(TenantRow):
    """A file that belongs to an appeal, as it came."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    appeal = TenantFK(Appeal)
    document = TenantFK(Document)

    class Meta:
        indexes = [models.Index(fields=["tenant", "appeal"])]
        constraints = [
            *wall("decisions_appealfile", "appeal", "document", append_only=True),
            models.UniqueConstraint(fields=["tenant", "document"], name="appealfile_once"),
        ]


class AppealPackage(TenantRow):
    """The file that goes to the court with a forwarded appeal: made once by a job, as its manifest says."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    appeal = TenantFK(Appeal)
    document = TenantFK(Document)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("decisions_appealpackage", "appeal", "document", append_only=True),
            models.UniqueConstraint(fields=["tenant", "appeal"], name="appealpackage_once"),
        ]
