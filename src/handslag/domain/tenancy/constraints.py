"""Constraints that Django lacks, declared in `Meta.constraints` so that migrations keep them:
composite foreign keys within a tenant, row-level security, append-only tables."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class _Statements(models.BaseConstraint):
    """A constraint made of statements of its own, run after the tables of the migration exist."""

    def _create(self, model: type[models.Model], quote: Any) -> list[str]:
        raise NotImplementedError

    def _remove(self, model: type[models.Model], quote: Any) -> list[str]:
        raise NotImplementedError

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None and schema_editor is not None
        schema_editor.deferred_sql.extend(self._create(model, schema_editor.quote_name))
        return None  # type: ignore[return-value]

    def create_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        return self.constraint_sql(model, schema_editor)

    def remove_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None and schema_editor is not None
        for sql in self._remove(model, schema_editor.quote_name):
            schema_editor.execute(sql)
        return None  # type: ignore[return-value]

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database decides; there is nothing to check before."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Statements) and self.deconstruct() == other.deconstruct()

    __hash__ = models.BaseConstraint.__hash__


class TenantKey(_Statements):
    """Foreign key `(tenant_id, column) -> (tenant_id, id)`: a row of another tenant is refused like a missing one.

    `field` is a TenantFK of the model, or `id` together with `to` for a row that shares its key with another.
    """

    def __init__(self, *, name: str, field: str, to: str | None = None) -> None:
        super().__init__(name=name)
        self.field = field
        self.to = to

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        kwargs["field"] = self.field
        if self.to:
            kwargs["to"] = self.to
        return path, args, kwargs

    def _create(self, model: type[models.Model], quote: Any) -> list[str]:
        field = model._meta.get_field(self.field)
        if self.to:
            target = model._meta.apps.get_model(self.to)
        else:
            target = field.related_model  # type: ignore[assignment]
        table, other = quote(model._meta.db_table), quote(target._meta.db_table)
        column = quote(field.column)  # type: ignore[union-attr]
        return [_VALIDATED.format(table=table, other=other, name=quote(self.name), column=column)]

    def _remove(self, model: type[models.Model], quote: Any) -> list[str]:
        return [f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"]


#: PostgreSQL checks the rows that are there by a query of the owner, which FORCE would stop: it is lifted inside
#: the statement, under the lock that ALTER TABLE takes anyway.
_VALIDATED = """
DO $$ DECLARE forced regclass[] := array(
    SELECT oid FROM pg_class WHERE oid IN ('{table}'::regclass, '{other}'::regclass) AND relforcerowsecurity);
    one regclass;
BEGIN
    FOREACH one IN ARRAY forced LOOP EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', one); END LOOP;
    ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column})
        REFERENCES {other} (tenant_id, id) DEFERRABLE INITIALLY IMMEDIATE;
    FOREACH one IN ARRAY forced LOOP EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', one); END LOOP;
END $$
"""


class RowSecurity(_Statements):
    """Row-level security, forced on the owner too: `tenant_id` is the open door's tenant, read and written."""

    def _create(self, model: type[models.Model], quote: Any) -> list[str]:
        table = quote(model._meta.db_table)
        same = "tenant_id = (SELECT app_tenant())"
        return [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {quote(self.name)} ON {table} USING ({same}) WITH CHECK ({same})",
        ]

    def _remove(self, model: type[models.Model], quote: Any) -> list[str]:
        table = quote(model._meta.db_table)
        return [
            f"DROP POLICY {quote(self.name)} ON {table}",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ]


class AppendOnly(_Statements):
    """Rows are written once: UPDATE, DELETE and TRUNCATE are refused, to the owner too.

    `erasable` leaves DELETE to the role that erases (payloads).
    """

    def __init__(self, *, name: str, erasable: bool = False) -> None:
        super().__init__(name=name)
        self.erasable = erasable

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        if self.erasable:
            kwargs["erasable"] = True
        return path, args, kwargs

    def _create(self, model: type[models.Model], quote: Any) -> list[str]:
        table = quote(model._meta.db_table)
        erasable = "'erasable'" if self.erasable else ""
        return [
            f"CREATE TRIGGER {quote(self.name)} BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION app_refuse_change({erasable})",
            f"CREATE TRIGGER {quote(self.name + '_all')} BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION app_refuse_change()",
        ]

    def _remove(self, model: type[models.Model], quote: Any) -> list[str]:
        table = quote(model._meta.db_table)
        return [
            f"DROP TRIGGER {quote(self.name)} ON {table}",
            f"DROP TRIGGER {quote(self.name + '_all')} ON {table}",
        ]


def wall(table: str, *keys: str, append_only: bool = False, erasable: bool = False) -> list[models.BaseConstraint]:
    """What every table of tenants has: row-level security, `UNIQUE (tenant, id)`, a composite key per TenantFK."""
    found: list[models.BaseConstraint] = [
        RowSecurity(name=f"{table}_tenant"),
        models.UniqueConstraint(fields=["tenant", "id"], name=f"{table}_in_tenant"),
        *(TenantKey(name=f"{table}_{key}_same_tenant", field=key) for key in keys),
    ]
    if append_only or erasable:
        found.append(AppendOnly(name=f"{table}_append_only", erasable=erasable))
    return found
