"""Facts of a period as the office sees them, and the sheets computed from them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.casefile.models import Case, Period
from handslag.domain.documents.models import Document
from handslag.domain.entitlement.states import Basis, Problem, RunKind, RunState
from handslag.domain.people.models import Person
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import WRITTEN_ONCE, TenantFK, TenantRow


class Assessment(TenantRow):
    """The caseworker's working copy of a period's facts: applied, proposed and own values with their reasons."""

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "the caseworker's working copy; what was calculated from is the snapshot",
    }

    case = TenantFK(Case)
    period = TenantFK(Period)
    facts = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            *wall("entitlement_assessment", "case", "period"),
            models.UniqueConstraint(fields=["tenant", "period"], name="assessment_once_per_period"),
        ]


class LineDocument(TenantRow):
    """Whether a document of a case shows a line of a period's facts, as a caseworker said it: her newest word stands,
    before what the applicant said when she gave it. None is changed."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    period = TenantFK(Period)
    document = TenantFK(Document)
    line = models.CharField(max_length=120, help_text="list, code, person and which of several alike")
    shows = models.BooleanField()
    said_by = TenantFK(StaffMember)
    said_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "period"])]
        constraints = wall("entitlement_linedocument", "period", "document", "said_by", append_only=True)


class NormSet(TenantRow):
    """The norms that sheets were computed with, whole, by their digest."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    digest = models.CharField(max_length=64)
    body = models.JSONField()
    has_example = models.BooleanField()

    class Meta:
        constraints = [
            *wall("entitlement_normset", append_only=True),
            models.UniqueConstraint(fields=["tenant", "digest"], name="normset_once_per_digest"),
        ]


class Snapshot(TenantRow):
    """The facts that a sheet was computed from, fixed."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    period = TenantFK(Period)
    facts = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = wall("entitlement_snapshot", "case", "period", append_only=True)


class Sheet(TenantRow):
    """One calculation of one period (normberäkning), numbered, never changed."""

    grants: ClassVar[dict[str, str]] = WRITTEN_ONCE

    case = TenantFK(Case)
    period = TenantFK(Period)
    number = models.PositiveIntegerField()
    snapshot = TenantFK(Snapshot)
    norm_set = TenantFK(NormSet)
    pack = models.CharField(max_length=12)
    rule_version = models.CharField(max_length=40)
    known_on = models.DateField(help_text="the day it was computed: norms as known, sections as in force then")
    body = models.JSONField(help_text="lines, totals, result")
    digest = models.CharField(max_length=64)
    granted = models.BigIntegerField(help_text="minor units")
    currency = models.CharField(max_length=3)
    computed_at = models.DateTimeField()
    applications = models.PositiveIntegerField(
        null=True, help_text="how many applications for the period had come; unknown for the oldest"
    )

    class Meta:
        constraints = [
            *wall("entitlement_sheet", "case", "period", "snapshot", "norm_set", append_only=True),
            models.UniqueConstraint(fields=["tenant", "period", "number"], name="sheet_numbered"),
        ]


class PersonMonth(TenantRow):
    """What the sheet of the decision in force says of one person in one period: support, and own work."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, DELETE", "worker": "SELECT, INSERT, DELETE"}
    uncommitted: ClassVar[dict[str, str]] = {"*": "follows from the sheets of the decisions in force"}

    period = TenantFK(Period)
    person = TenantFK(Person)
    since = models.DateField(help_text="of the period")
    sheet = TenantFK(Sheet)
    supported = models.BooleanField(help_text="försörjningsstöd was granted to this adult's household")
    work_income = models.BigIntegerField(help_text="minor units, before any disregard")

    class Meta:
        indexes = [models.Index(fields=["tenant", "person", "since"])]
        constraints = [
            *wall("entitlement_personmonth", "period", "person", "sheet"),
            models.UniqueConstraint(fields=["tenant", "period", "person"], name="person_once_per_period"),
        ]


class LocalNorm(TenantRow):
    """One value of a norm that the municipality sets itself (a limit, a setting, a norm of its own), from a day on.

    Entered by one, in force when another has confirmed it. A later one takes its place; none is ever changed.
    Shares its key with its audit subject.
    """

    name = models.CharField(max_length=60)
    since = models.DateField()
    entry = models.JSONField(help_text="the norm as in a norm file, with this value; no value: it ends on that day")
    source = models.CharField(max_length=300)
    entered_by = TenantFK(StaffMember)
    entered_at = models.DateTimeField()
    confirmed_by = TenantFK(StaffMember, null=True)
    confirmed_at = models.DateTimeField(null=True)

    @property
    def is_example(self) -> bool:
        return bool(self.entry.get("status") == "example")

    class Meta:
        constraints = [
            *wall("entitlement_localnorm", "entered_by", "confirmed_by"),
            TenantKey(name="entitlement_localnorm_subject", field="id", to="audit.Subject"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False) & ~Q(confirmed_by=F("entered_by")),
                name="local_norm_confirmed_by_another",
            ),
        ]


class Precalculation(TenantRow):
    """One run over all open cases: which month, why, how far. Shares its key with its audit subject.

    Cases are taken in the order of their keys, `last_case` is the last of them; `batch` counts the batches done.
    """

    uncommitted: ClassVar[dict[str, str]] = {
        "*": "how far a calculation got that decides nothing; that it began, halted and ended are events with figures",
    }

    kind = models.CharField(max_length=8, choices=RunKind.choices)
    since = models.DateField(help_text="first day of the month that is calculated")
    norm = TenantFK(LocalNorm, null=True, help_text="the value that is taken as if it held")
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.RUNNING)
    started_by = TenantFK(StaffMember, null=True, help_text="none: by the clock, or by the command")
    started_at = models.DateTimeField()
    moved_at = models.DateTimeField(help_text="when it began, went on, or did its last batch")
    ended_at = models.DateTimeField(null=True)
    cases = models.PositiveIntegerField(help_text="open cases when it began")
    done = models.PositiveIntegerField(default=0)
    problems = models.PositiveIntegerField(default=0)
    more = models.PositiveIntegerField(default=0, help_text="cases that would get more")
    less = models.PositiveIntegerField(default=0)
    more_by = models.BigIntegerField(default=0, help_text="minor units a month")
    less_by = models.BigIntegerField(default=0)
    batch = models.PositiveIntegerField(default=0)
    last_case = models.UUIDField(null=True)
    milliseconds = models.PositiveBigIntegerField(default=0, help_text="spent on the batches")

    class Meta:
        indexes = [models.Index(fields=["tenant", "started_at"])]
        constraints = [
            *wall("entitlement_precalculation", "norm", "started_by"),
            TenantKey(name="entitlement_precalculation_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(
                fields=["tenant", "kind", "since", "norm"],
                nulls_distinct=False,
                condition=~Q(state="ended"),
                name="precalculation_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RunKind.values) & Q(state__in=RunState.values), name="precalculation_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="value", norm__isnull=False) | ~Q(kind="value") & Q(norm=None),
                name="precalculation_of_a_value",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) | ~Q(state="ended") & Q(ended_at=None),
                name="precalculation_ended_at",
            ),
        ]


class Forecast(TenantRow):
    """What a run says of one case: what it would come to, or why that can't be said. Decides nothing."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT", "worker": "SELECT, INSERT, DELETE"}
    uncommitted: ClassVar[dict[str, str]] = {"*": "follows from the facts of the case and the norms; decides nothing"}

    run = TenantFK(Precalculation)
    case = TenantFK(Case)
    since = models.DateField(help_text="of the run")
    basis = models.CharField(max_length=12, choices=Basis.choices, blank=True)
    earlier = TenantFK(Sheet, null=True, help_text="of the month calculated before")
    pack = models.CharField(max_length=12, blank=True)
    before = models.BigIntegerField(null=True, help_text="minor units")
    after = models.BigIntegerField(null=True, help_text="minor units")
    currency = models.CharField(max_length=3, blank=True)
    changes = models.JSONField(default=list, help_text="[{code, label by language, before, after}] of what differs")
    digest = models.CharField(max_length=64, blank=True, help_text="of the sheet calculated")
    problem = models.CharField(max_length=12, choices=Problem.choices, blank=True)
    told = models.JSONField(default=list, help_text="what the rules said of the problem")
    computed_at = models.DateTimeField()

    @property
    def difference(self) -> int:
        """How much more than before; negative: less; 0 where there is nothing to compare with."""
        return 0 if self.after is None or self.before is None else self.after - self.before

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "since"])]
        constraints = [
            *wall("entitlement_forecast", "run", "case", "earlier"),
            models.UniqueConstraint(fields=["tenant", "run", "case"], name="forecast_once_per_case"),
            models.CheckConstraint(
                condition=Q(problem="", after__isnull=False, basis__in=Basis.values)
                | Q(problem__in=Problem.values, after=None),
                name="forecast_or_problem",
            ),
        ]
