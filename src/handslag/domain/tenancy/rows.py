"""The bases of every table that belongs to a tenant: what an operation writes there is noted for its event."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction

from handslag.domain.tenancy.door import WriteOutsideOperation, acting_door, planned_once
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
        """As Django's, told as JSON by one statement; conflicts are not swallowed, since nobody could tell what was
        written."""
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise ValueError("bulk_create of a tenant's rows knows every row that it writes")
        made = list(objs)
        if _all_plain(self.model):
            _insert(self.model, made)
        else:
            made = super().bulk_create(made, *args, **kwargs)
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


# -- rows told as JSON ------------------------------------------------------------------------------------------------

#: Fields of Django's own whose values two encoders of JSON write alike.
_PLAIN = (models.CharField, models.TextField, models.UUIDField, models.IntegerField, models.BooleanField,
          models.DateField, models.JSONField)  # fmt: skip


@functools.cache
def inserting(model: type[models.Model]) -> str:
    """The INSERT of rows of a model that are told as JSON (see `as_json`). The same text however many rows, so that its
    plan can be kept."""
    quote = connection.ops.quote_name
    quoted = ", ".join(quote(str(field.column)) for field in model._meta.concrete_fields)
    table = quote(model._meta.db_table)
    return f"INSERT INTO {table} ({quoted}) SELECT {quoted} FROM json_populate_recordset(NULL::{table}, %s::json)"


def columns_of(row: models.Model) -> dict[str, Any]:
    """The values of a row by column."""
    return {column: getattr(row, name) for column, name in _columns(type(row))}


def as_json(model: type[models.Model], values: list[dict[str, Any]]) -> str:
    """What `inserting` takes of rows given by column."""
    binary = _binary(model)
    for value in values if binary else ():
        value |= {column: _told(value[column]) for column in binary if value[column] is not None}
    if _all_plain(model):
        return msgspec.json.encode(values, enc_hook=_told).decode()
    return json.dumps(values, default=_told, ensure_ascii=False)


def _insert(model: type[M], rows: list[M]) -> None:
    if not rows:
        return
    with transaction.atomic(savepoint=False), planned_once() as cursor:
        cursor.execute(inserting(model), [as_json(model, [columns_of(row) for row in rows])])
    for row in rows:
        row._state.adding = False
        row._state.db = "default"


@functools.cache
def _columns(model: type[models.Model]) -> list[tuple[str, str]]:
    return [(str(field.column), field.attname) for field in model._meta.concrete_fields]


@functools.cache
def _binary(model: type[models.Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields if isinstance(field, models.BinaryField)]


@functools.cache
def _all_plain(model: type[models.Model]) -> bool:
    fields = model._meta.concrete_fields
    return all(_is_plain(field) for field in fields if not isinstance(field, models.BinaryField))


def _is_plain(field: Any) -> bool:
    if isinstance(field, models.ForeignKey):
        return _is_plain(field.target_field)
    if isinstance(field, ArrayField):
        return _is_plain(field.base_field)
    return isinstance(field, _PLAIN) and type(field).__module__.startswith("django.")


def _told(value: Any) -> str:
    """A moment, an id, bytes ... as its column reads it from JSON."""
    return "\\x" + bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)


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
