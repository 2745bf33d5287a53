"""The reviewed list of installation-wide tables: no row of a tenant, no personal data of clients.

A table that is neither here nor under row-level security fails the catalogue test; so does a column
that is not listed. Staff log-in columns are marked: they are the only personal data here, of staff.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROLES = ("owner", "web", "worker", "courier", "auditor", "backup", "eraser")

READ_ONLY = {"web": "SELECT", "worker": "SELECT"}
QUEUE = {"web": "SELECT, INSERT", "worker": "SELECT, INSERT, UPDATE, DELETE"}


@dataclass(frozen=True)
class InstallationTable:
    """Why the table may be seen by every tenant, its columns, and who may do what with it."""

    reason: str
    columns: tuple[str, ...]
    grants: dict[str, str] = field(default_factory=dict)
    audited: bool = True
    staff_columns: tuple[str, ...] = ()
