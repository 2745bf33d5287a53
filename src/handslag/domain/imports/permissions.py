"""May this member of staff see an import."""

from __future__ import annotations

from handslag.domain.imports.models import Import
from handslag.domain.tenancy.permissions import Hidden, Member


def require_import_sight(member: Member, row: Import) -> None:
    """Hidden for whoever is cleared for less than who brought it: it may name people whom she may not see."""
    if member.clearance < row.brought_by.clearance:
        raise Hidden("import", row.id)
