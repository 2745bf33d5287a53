"""Notices, which stay as they came, and the days that follow from them, which are made anew with each."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from handslag.domain.audit.models import Subject
from handslag.domain.exchange.models import ADDRESS, Message
from handslag.domain.people.models import Person, never_overlapping, since_before_until
from handslag.domain.register.states import What
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow

_MADE_ANEW: dict[str, str] = {"web": "SELECT, INSERT, DELETE", "worker": "SELECT, INSERT, DELETE"}
_FOLLOWS = {"*": "follows from the notices"}


class Notice(TenantRow):
    """What is said of one person on a `day`: by a `message`, by the register of another system (`imported`: the
    import), or by a member of staff (`settled_by`) who settles what these contradict each other about (`between`),
    until before `until`. Never changed.

    `value`: the address of the municipality or how she left it (`states.GONE`), the status, what becomes of own
    earnings, or the address of the municipality whose claim under section 44 is accepted, or ended. `since`: the first
    day on which it counts. `moves_from`: the municipality that was responsible before. `disputed`: the other side says
    that it isn't so. `counts`: where the canton assigned her, whether she counts towards the quota there.
    """

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    person = TenantFK(Person)
    message = TenantFK(Message, null=True)
    imported = TenantFK(Subject, null=True)
    what = models.CharField(max_length=12, choices=What.choices)
    value = models.CharField(max_length=ADDRESS)
    day = models.DateField()
    since = models.DateField()
    until = models.DateField(null=True)
    disputed = models.BooleanField(null=True)
    entry_on = models.DateField(null=True)
    moves_from = models.CharField(max_length=ADDRESS, blank=True)
    accommodation = models.CharField(max_length=12, blank=True)
    counts = models.BooleanField(null=True)
    between = ArrayField(models.CharField(max_length=ADDRESS + 12), default=list)
    why = models.TextField(blank=True)
    settled_by = TenantFK(StaffMember, null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "person", "since"])]
        constraints = [
            *wall("register_notice", "person", "message", "imported", "settled_by", append_only=True),
            models.UniqueConstraint(fields=["tenant", "message", "person", "what"], name="notice_once_per_message"),
            models.UniqueConstraint(
                fields=["tenant", "imported", "person", "what", "day"], name="notice_once_per_import"
            ),
            models.CheckConstraint(condition=Q(what__in=What.values), name="register_notice_what_known"),
            models.CheckConstraint(
                condition=Q(message__isnull=False, imported=None, why="", between=[])
                | Q(message=None, imported__isnull=False, settled_by=None, why="", between=[])
                | (Q(imported=None, settled_by__isnull=False) & ~Q(why="") & ~Q(between=[])),
                name="register_notice_said_or_settled",
            ),
            models.CheckConstraint(
                condition=Q(what="municipality", entry_on=None)
                | Q(what__in=["earnings", "claim", "closing"], entry_on=None, moves_from="", accommodation="")
                | (Q(what="status", moves_from="", accommodation="") & (Q(entry_on__isnull=False) | Q(value=""))),
                name="register_notice_of_its_kind",
            ),
            since_before_until("register_notice_has_days"),
        ]


class Responsibility(TenantRow):
    """Days on which one municipality is responsible for a person. `payer`: who reimburses it (its code in the rules);
    none while her status isn't known, or that or her own earnings are contradicted."""

    grants: ClassVar[dict[str, str]] = _MADE_ANEW
    uncommitted: ClassVar[dict[str, str]] = _FOLLOWS

    person = TenantFK(Person)
    since = models.DateField()
    until = models.DateField(null=True)
    municipality = models.CharField(max_length=ADDRESS)
    payer = models.CharField(max_length=12, null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "municipality", "since"])]
        constraints = [
            *wall("register_responsibility", "person"),
            never_overlapping("responsibility_one_a_day", "person"),
            since_before_until("responsibility_has_days"),
        ]


class Standing(TenantRow):
    """Days on which a person has one status."""

    grants: ClassVar[dict[str, str]] = _MADE_ANEW
    uncommitted: ClassVar[dict[str, str]] = _FOLLOWS

    person = TenantFK(Person)
    since = models.DateField()
    until = models.DateField(null=True)
    status = models.CharField(max_length=8)
    entry_on = models.DateField()

    class Meta:
        constraints = [
            *wall("register_standing", "person"),
            never_overlapping("standing_one_a_day", "person"),
            since_before_until("standing_has_days"),
        ]


class Contradiction(TenantRow):
    """Days on which messages say different things of a person, and nobody has settled it: `values`, sorted."""

    grants: ClassVar[dict[str, str]] = _MADE_ANEW
    uncommitted: ClassVar[dict[str, str]] = _FOLLOWS

    person = TenantFK(Person)
    what = models.CharField(max_length=12, choices=What.choices)
    since = models.DateField()
    until = models.DateField(null=True)
    values = ArrayField(models.CharField(max_length=ADDRESS + 12))

    class Meta:
        constraints = [
            *wall("register_contradiction", "person"),
            never_overlapping("contradiction_one_a_day", "person", "what"),
            since_before_until("contradiction_has_days"),
        ]


class Residents(TenantRow):
    """How many residents a municipality has from a day on (`since`), as the canton enters it: its quota follows. Never
    changed; of several of one day the last that was entered holds."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    municipality = models.CharField(max_length=ADDRESS)
    since = models.DateField()
    residents = models.PositiveIntegerField()
    entered_by = TenantFK(StaffMember)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "municipality", "since"])]
        constraints = [
            *wall("register_residents", "entered_by", append_only=True),
            TenantKey(name="register_residents_subject", field="id", to="audit.Subject"),
            models.CheckConstraint(condition=Q(residents__gte=1), name="register_residents_some"),
        ]
