"""The bases of every table that belongs to a tenant: what an operation writes there is noted for its event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import models

from handslag.domain.tenancy.door import WriteOutsideOperation, acting_door
from handslag.kernel.ids import uuid7

M = TypeVar("M", bound=models.Model)


def _tenant_of_the_door() -> int:
    return acting_door().the_tenant.id


def id_of_key(key: UUID) -> UUID:
    """The id of the row that a page or another system names by a key of its own, in the open door's tenant.

    Ids are unique over all tenants, so a key itself is never one: the same key of another tenant would be refused as
    taken, and so tell that it is there. The same key always gives the same id here, and another one in each tenant;
    the time that a UUIDv7 begins with stays, so that ids keep their order.
    """
    said = f"{acting_door().the_tenant.id}:{key}".encode()
    drawn = int.from_bytes(hashlib.blake2b(said, digest_size=8).digest()) >> 2
    return UUID(int=key.int >> 64 << 64 | 0b10 << 62 | drawn)


class TenantFK(models.ForeignKey):  # type: ignore[type-arg]
    """A foreign key inside one tenant: the database's key is the composite TenantKey of the table's `wall`."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False
        kwargs.setdefault("related_name", "+")
        super().__init__(to, on_delete, **kwargs)


class TenantRows(models.QuerySet[M]):
    """Queries over a tenant's table. What they write is noted, so that the operation's event commits to it."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """As Django's; conflicts are not swallowed, since nobody could tell what was written."""
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise ValueError("bulk_create of a tenant's rows knows every row that it writes")
        made = super().bulk_create(objs, *args, **kwargs)
        for row in made:
            note_written(row)
        return made

    def update(self, **kwargs: Any) -> int:
        """As Django's, on rows locked and noted first."""
        if is_committed(self.model):
            keys = list(self.select_for_update(of=("self",)).values_list("pk", flat=True))
            for key in keys:
                note_changed(self.model, key)
            return models.QuerySet(self.model, using=self.db).filter(pk__in=keys).update(**kwargs)
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, for tables that the chain does not commit to; WriteOutsideOperation for the others."""
        if is_committed(self.model):
            raise WriteOutsideOperation(f"{self.model.__name__}: rows that the chain commits to are not deleted")
        return super().delete()


class TenantRow(models.Model):
    """A row of one tenant.

    `grants` says what each role may do with the table; nobody gets anything by default. The chain commits to the
    digest of every row that an operation writes; `uncommitted` lists the columns that it leaves out, each with the
    reason (`*`: the whole table).
    """

    grants: ClassVar[dict[str, str]] = {"web": "SELECT, INSERT, UPDATE", "worker": "SELECT, INSERT, UPDATE"}
    uncommitted: ClassVar[dict[str, str]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenancy.Organisation", models.PROTECT, related_name="+", default=_tenant_of_the_door, db_index=False
    )

    objects = TenantRows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; noted for the event of the operation."""
        adding = self._state.adding
        super().save(*args, **kwargs)
        if adding:
            note_written(self)
        else:
            note_changed(type(self), self.pk)


def is_committed(model: type[models.Model]) -> bool:
    """Whether the chain commits to the rows of this table."""
    return issubclass(model, TenantRow) and "*" not in model.uncommitted


def note_written(row: models.Model) -> None:
    """A new row, as it is being stored."""
    if is_committed(type(row)):
        _written(type(row))[type(row), row.pk] = row


def note_changed(model: type[models.Model], key: UUID) -> None:
    """A row that changed: what is committed to is what the transaction leaves in the database."""
    if is_committed(model):
        _written(model)[model, key] = None


def _written(model: type[models.Model]) -> dict[tuple[type[models.Model], UUID], models.Model | None]:
    found = acting_door().memory.get("written")
    if found is None:
        raise WriteOutsideOperation(f"{model.__name__}: rows of this table are written by operations")
    noted: dict[tuple[type[models.Model], UUID], models.Model | None] = found
    return noted


#: Grants of a table whose rows are never changed.
WRITTEN_ONCE = {"web": "SELECT, INSERT", "worker": "SELECT, INSERT"}
