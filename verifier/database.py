"""Reading as the role auditor: one tenant at a time, read-only, in one unchanging view of the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from verifier import stored

Row = dict[str, Any]
Connection = psycopg.Connection[Row]


@dataclass(frozen=True)
class Key:
    """A foreign key within a tenant: `table.column` refers to `parent.id`."""

    name: str
    table: str
    column: str
    parent: str


@contextmanager
def connected(conninfo: str) -> Iterator[Connection]:
    """A connection in autocommit; JSON is read as `stored` does."""
    with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as connection:
        set_json_loads(stored.loads, connection)
        yield connection


@contextmanager
def reading(connection: Connection, tenant: int | None = None) -> Iterator[None]:
    """A read-only transaction that sees one state of the database, with the tenant's rows."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        if tenant is not None:
            connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
        yield
    finally:
        connection.execute("ROLLBACK")


def stream(connection: Connection, query: str | sql.Composed) -> Iterator[Row]:
    """The rows of a query, a thousand at a time."""
    with connection.cursor(name="verifier") as cursor:
        cursor.itersize = 1000
        cursor.execute(query)
        yield from cursor


def rows(connection: Connection, query: str, *params: Any) -> list[Row]:
    """All rows of a query."""
    return connection.execute(query, params or None).fetchall()


_TENANT_TABLES = """
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1
"""


def tenant_tables(connection: Connection) -> list[str]:
    """Every table whose rows belong to a tenant."""
    return [row["name"] for row in rows(connection, _TENANT_TABLES)]


_KEYS = """
SELECT k.conname AS name, t.relname AS table, p.relname AS parent,
       array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(num, place)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.place) AS columns
FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
JOIN pg_namespace n ON n.oid = t.relnamespace WHERE k.contype = 'f' AND n.nspname = 'public' ORDER BY 1
"""


def keys_within_tenants(connection: Connection) -> list[Key]:
    """Every foreign key (tenant_id, column) -> (tenant_id, id)."""
    found = []
    for row in rows(connection, _KEYS):
        if len(row["columns"]) == 2 and "tenant_id" in row["columns"]:
            column = next(name for name in row["columns"] if name != "tenant_id")
            found.append(Key(row["name"], row["table"], column, row["parent"]))
    return found


def plain(value: Any) -> Any:
    """A column's value as canonical JSON takes it: moments in UTC with microseconds, bytes hexadecimal."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return value


def moment(value: datetime) -> str:
    """`2026-03-01T12:00:00.000000+00:00`."""
    from datetime import UTC

    return value.astimezone(UTC).isoformat(timespec="microseconds")
