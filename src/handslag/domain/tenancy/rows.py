"""The bases of every table that belongs to a tenant."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from handslag.domain.tenancy.door import acting_door
from handslag.kernel.ids import uuid7


def _tenant_of_the_door() -> int:
    return acting_door().the_tenant.id


class TenantFK(models.ForeignKey):  # type: ignore[type-arg]
    """A foreign key inside one tenant: the database's key is the composite TenantKey of the table's `wall`."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False
        kwargs.setdefault("related_name", "+")
        super().__init__(to, on_delete, **kwargs)


class TenantRow(models.Model):
    """A row of one tenant. `grants` says what each role may do with the table; nobody gets anything by default."""

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT, INSERT, UPDATE"}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenancy.Organisation", models.PROTECT, related_name="+", default=_tenant_of_the_door, db_index=False
    )

    class Meta:
        abstract = True


#: Grants of a table whose rows are never changed.
WRITTEN_ONCE = {"web": "SELECT, INSERT", "worker": "SELECT, INSERT"}
