"""Imports and their rows, which stand beside the register until a second person has confirmed them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from handslag.domain.imports.states import ImportState, Table
from handslag.domain.tenancy.constraints import TenantKey, wall
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.rows import TenantFK, TenantRow

_ROLES = ("web", "worker")
_BESIDE = {"*": "stands beside the register until it is confirmed; what became of it is in its events"}


class Import(TenantRow):
    """A register that was brought. `files`: name and SHA-256 of each; `totals`: what `queries.totals` gives, as it was
    verified. Shares its key with its audit subject, which stays when an import is undone."""

    grants: ClassVar[dict[str, str]] = dict.fromkeys(_ROLES, "SELECT, INSERT, UPDATE, DELETE")
    uncommitted: ClassVar[dict[str, str]] = _BESIDE

    number = models.CharField(max_length=20)
    files = models.JSONField()
    totals = models.JSONField()
    state = models.CharField(max_length=10, choices=ImportState.choices)
    brought_by = TenantFK(StaffMember)
    brought_at = models.DateTimeField()
    confirmed_by = TenantFK(StaffMember, null=True)
    confirmed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            *wall("imports_import", "brought_by", "confirmed_by"),
            TenantKey(name="imports_import_subject", field="id", to="audit.Subject"),
            models.UniqueConstraint(fields=["tenant", "number"], name="import_number_once"),
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None, state__in=["verified", "imported"])
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, state__in=["confirmed", "carried"]),
                name="import_confirmed_with_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("brought_by")), name="import_four_eyes"
            ),
        ]


class Row(TenantRow):
    """A row of an import: `told` by column, days and numbers in their normal form and money in minor units as far as
    they could be read, else as it was typed. `faults`: [code, column or ""] for which it isn't taken."""

    grants: ClassVar[dict[str, str]] = dict.fromkeys(_ROLES, "SELECT, INSERT, DELETE")
    uncommitted: ClassVar[dict[str, str]] = _BESIDE

    of = TenantFK(Import)
    table = models.CharField(max_length=8, choices=Table.choices)
    line = models.PositiveIntegerField()
    told = models.JSONField()
    faults = models.JSONField(default=list)

    class Meta:
        constraints = [
            *wall("imports_row", "of"),
            models.UniqueConstraint(fields=["tenant", "of", "table", "line"], name="import_row_once"),
            models.CheckConstraint(condition=Q(table__in=Table.values), name="import_table_known"),
        ]
