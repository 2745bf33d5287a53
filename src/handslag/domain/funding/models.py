"""What a payer's rules say of a kind of cost, and the costs that a payer has approved."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from handslag.domain.exchange.models import ADDRESS, Message
from handslag.domain.people.models import Person, since_before_until
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Tariff(TenantRow):
    """What the organisation, as a payer, has ruled of a kind of cost from a day on (`since`): the highest price of a
    unit (`unit_ceiling`; none: any), until which total a request that nothing speaks against is granted in full by
    nobody (`granted_up_to`; 0: a person always decides), who else pays first, and whether a cost is reimbursed only
    with an approval. Never changed; of several of one day the last that was entered holds. Shares its key with its
    audit subject."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    account_code = models.CharField(max_length=24)
    since = models.DateField()
    unit_ceiling = models.BigIntegerField(null=True, help_text="minor units")
    granted_up_to = models.BigIntegerField(default=0, help_text="minor units")
    first_payer = models.CharField(max_length=120, blank=True)
    needs_approval = models.BooleanField(default=False)
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
