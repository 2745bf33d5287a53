"""What a payer's rules say of a kind of cost, the costs that a payer has approved, and how it changed or ended that."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.exchange.models import ADDRESS, Message
from handslag.domain.funding.states import Proposal
from handslag.domain.people.models import Person, since_before_until
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Tariff(TenantRow):
    """What the organisation, as a payer, has ruled of a kind of cost from a day on (`since`): the highest price of a
    unit (`unit_ceiling`; none: any), until which total a request that nothing speaks against is granted in full by
    nobody (`granted_up_to`; 0: a person always decides), who else pays first, whether a cost is reimbursed only
    with an approval, and whether an approval is changed or ended by two people. Never changed; of several of one day
    the last that was entered holds. Shares its key with its audit subject."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    account_code = models.CharField(max_length=24)
    since = models.DateField()
    unit_ceiling = models.BigIntegerField(null=True, help_text="minor units")
    granted_up_to = models.BigIntegerField(default=0, help_text="minor units")
    first_payer = models.CharField(max_length=120, blank=True)
    needs_approval = models.BooleanField(default=False)
    changed_by_two = models.BooleanField(null=True, help_text="NULL, of rules before there was this: no")
    entered_by = TenantFK(StaffMember)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "account_code", "since"])]
        constraints = [
            *wall("funding_tariff", "entered_by", append_only=True),
            TenantKey(name="funding_tariff_subject", field="id", to="audit.Subject"),
            models.CheckConstraint(condition=Q(granted_up_to__gte=0), name="tariff_limit_not_below_0"),
            models.CheckConstraint(condition=Q(unit_ceiling=None) | Q(unit_ceiling__gt=0), name="tariff_ceiling_some"),
        ]


class Approval(TenantRow):
    """A cost of a person that a payer has approved, as both sides note it from the answer (`said`) to a request
    (`asked`): at most `amount`, for the days from `since` until before `until`, which is `percent` of what nobody else
    pays. `payer`: we are who pays; else `partner` is. `number` is the payer's, and cited when the cost is billed.
    `by_rules`: no person decided it."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    person = TenantFK(Person)
    partner = models.CharField(max_length=ADDRESS)
    payer = models.BooleanField()
    number = models.CharField(max_length=40)
    asked = TenantFK(Message)
    said = TenantFK(Message)
    account_code = models.CharField(max_length=24)
    since = models.DateField()
    until = models.DateField()
    amount = models.BigIntegerField(help_text="minor units")
    percent = models.PositiveSmallIntegerField()
    by_rules = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "person", "account_code"])]
        constraints = [
            *wall("funding_approval", "person", "asked", "said", append_only=True),
            models.UniqueConstraint(fields=["tenant", "said"], name="approval_once_per_answer"),
            models.UniqueConstraint(fields=["tenant", "number"], condition=Q(payer=True), name="approval_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "partner", "number"], condition=Q(payer=False), name="approval_number_once_per_payer"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="approval_of_something"),
            models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=100), name="approval_share_of_a_whole"),
            since_before_until("approval_has_days"),
        ]


class ApprovalTerms(TenantRow):
    """What the payer changed an approval to for the `turn`th time, as both sides note it from its message (`told`): at
    most `amount` (0: nothing any more), for days before `until`. It holds for what is billed from the day `billed_from`
    on; of several that hold the last turn counts. What was billed before stays as it was."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    approval = TenantFK(Approval)
    told = TenantFK(Message)
    turn = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField(help_text="minor units")
    until = models.DateField()
    billed_from = models.DateField()
    reason = models.CharField(max_length=24)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("funding_approvalterms", "approval", "told", append_only=True),
            models.UniqueConstraint(fields=["tenant", "approval", "turn"], name="approvalterms_once_per_turn"),
            models.UniqueConstraint(fields=["tenant", "told"], name="approvalterms_once_per_message"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="approvalterms_not_below_0"),
            models.CheckConstraint(condition=Q(turn__gte=1), name="approvalterms_turns_from_1"),
        ]


class ProposedChange(TenantRow):
    """A change of an approval of ours, proposed by one decider where two are to do it: told by another, or taken back;
    `amount`, `last_on`, `billed_from`, `reason` and `text` as its message shall say them."""

    approval = TenantFK(Approval)
    amount = models.BigIntegerField(help_text="minor units")
    last_on = models.DateField()
    billed_from = models.DateField()
    reason = models.CharField(max_length=24)
    text = models.TextField()
    assessed = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=Proposal.choices, default=Proposal.PROPOSED)
    proposed_by = TenantFK(StaffMember)
    at = models.DateTimeField()
    settled_by = TenantFK(StaffMember, null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *wall("funding_proposedchange", "approval", "proposed_by", "settled_by"),
            models.UniqueConstraint(
                fields=["tenant", "approval"], condition=Q(state="proposed"), name="proposedchange_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(state__in=Proposal.values), name="proposedchange_state_known"),
            models.CheckConstraint(
                condition=Q(state="proposed", settled_by=None, settled_at=None)
                | Q(state__in=["told", "taken back"], settled_by__isnull=False, settled_at__isnull=False),
                name="proposedchange_settled_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="told") | ~Q(settled_by=F("proposed_by")), name="proposedchange_four_eyes"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="proposedchange_not_below_0"),
        ]
