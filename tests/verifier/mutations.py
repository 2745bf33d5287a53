"""Damage done as the server's administrator, past every wall, and undone again."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from handslag.kernel import clock

#: Tables whose rows the verifier does not hold against anything, each with the reason (the models say the same).
WORKING_STATE = {
    "audit_readentry": "looks and refusals, in no chain: append-only by privileges and trigger",
    "documents_text": "named by the digest of its own words; key and language are labels",
    "entitlement_assessment": "the caseworker's working copy",
    "casefile_notedraft": "drafts are no history; what was done is the note",
    "decisions_lefttoperson": "spares trying the same again; decides nothing",
    "entitlement_forecast": "what a case would come to: follows from its facts and the norms, and decides nothing",
    "entitlement_precalculation": "how far a run got; that it began, halted and ended is in the chain",
    "intake_draft": "drafts are no history; what was submitted is the application",
    "intake_signingrequest": "a step-up under way; its outcome is the signature",
    "tenancy_preference": "how somebody likes her screen: nothing of a case follows from it",
    "register_contradiction": "follows from the notices, which the chain commits to",
    "register_responsibility": "follows from the notices, which the chain commits to",
    "register_standing": "follows from the notices, which the chain commits to",
    "people_nametoken": "words to search by; follows from the names, and is made anew with them",
    "tenancy_counter": "a number given out twice is refused by the table that carries it",
}
#: Columns that may change without being noticed, each with the reason.
BLIND = {
    ("audit_blockleaf", "id"): "names the row and nothing else: place, subject, number and head are under the root",
    ("entitlement_personmonth", "id"): "names the row and nothing else: all it says follows from the sheet",
}


@dataclass(frozen=True)
class Damage:
    """What was done, and the rows of which at least one must be named for it."""

    what: str
    expected: frozenset[tuple[str, str]]


def missed(filled: Any, vandal: Vandal, *damages: Damage, rule: str | None = None) -> list[str]:
    """What was done and what was named for it (by `rule`, if given), where that isn't the row that was damaged. All is
    undone.

    The verifier looks as the plain command does, when the worker has had its time to sign."""
    try:
        report = filled.verify(tenants=[filled.office.slug], at=clock.now() + timedelta(hours=1))
    finally:
        vandal.undo()
    named = {(finding.table, finding.row) for finding in report.errors if rule in (None, finding.rule)}
    return [f"{damage.what}: named {sorted(named)}" for damage in damages if not named & damage.expected]


class Vandal:
    """One administrator's connection that alters one thing at a time."""

    def __init__(self, conninfo: str, tenant: int, files: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.tenant, self.folder = tenant, files / str(tenant)
        self.connection = psycopg.connect(conninfo, autocommit=True, row_factory=dict_row)
        self.connection.execute("SET session_replication_role = replica")
        self.other = self._value("SELECT max(id) AS v FROM tenancy_organisation WHERE id <> %s AND is_tenant", tenant)
        self._touched: list[str] = []
        self._file: tuple[Path, bytes] | None = None

    def _value(self, query: Any, *params: Any) -> Any:
        row = self.connection.execute(query, params).fetchone()
        assert row is not None
        return row["v"]

    def tables(self) -> list[str]:
        """Tables with rows of the tenant that are no working state."""
        found = self.connection.execute(
            "SELECT c.relname AS v FROM pg_class c "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1"
        )
        names = [row["v"] for row in found if row["v"] not in WORKING_STATE]
        return [name for name in names if self._rows(name)]

    def _rows(self, table: str) -> list[dict[str, Any]]:
        return self._rows_of("public", table)

    def _rows_of(self, schema: str, table: str) -> list[dict[str, Any]]:
        query = sql.SQL("SELECT * FROM {} WHERE tenant_id = %s ORDER BY id").format(sql.Identifier(schema, table))
        return self.connection.execute(query, [self.tenant]).fetchall()

    def _keep(self, table: str) -> None:
        self.connection.execute("CREATE SCHEMA IF NOT EXISTS kept")
        names = {"kept": sql.Identifier("kept", table), "table": sql.Identifier("public", table)}
        self.connection.execute(sql.SQL("CREATE TABLE {kept} AS TABLE {table}").format(**names))
        self._touched.append(table)

    def undo(self) -> None:
        """Put back what was altered; nothing is left beside it."""
        while self._touched:
            table = self._touched.pop()
            names = {"kept": sql.Identifier("kept", table), "table": sql.Identifier("public", table)}
            with self.connection.transaction():
                self.connection.execute(sql.SQL("DELETE FROM {table}").format(**names))
                self.connection.execute(sql.SQL("INSERT INTO {table} SELECT * FROM {kept}").format(**names))
                self.connection.execute(sql.SQL("DROP TABLE {kept}").format(**names))
        self.connection.execute("DROP SCHEMA IF EXISTS kept")
        if self._file is not None:
            self._file[0].write_bytes(self._file[1])
            self._file = None

    # -- the kinds of damage ---------------------------------------------------------------------------------

    def alter(self, table: str, only: str | None = None) -> Damage:
        """One column of one row: `only`, else any column that isn't listed as blind."""
        self._keep(table)
        while True:
            row = self.random.choice(self._rows(table))
            column = only or self.random.choice([name for name in row if (table, name) not in BLIND])
            try:
                with self.connection.transaction():
                    self._set(table, row, column)
            except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
                continue  # a value that the table itself refuses
            after = self._row_after(table, row, column)
            if after != row:
                places = {self._place(table, row), self._place(table, after)}
                return Damage(f"{table}.{column} of {row['id']}", frozenset(places | self._also(table, row, after)))

    def _set(self, table: str, row: dict[str, Any], column: str) -> None:
        kind = self._value(
            "SELECT format_type(atttypid, NULL) AS v FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
            table, column,
        )  # fmt: skip
        query = sql.SQL("UPDATE {table} SET {column} = {value} WHERE id = %s")
        value: Any = self._changed(kind, row, column)
        names = {"table": sql.Identifier(table), "column": sql.Identifier(column), "value": value}
        self.connection.execute(query.format(**names), [row["id"]])

    def _changed(self, kind: str, row: dict[str, Any], column: str) -> sql.Composable:
        old = row[column]
        if column == "tenant_id":
            return sql.Literal(self.other)
        if kind == "uuid":
            return sql.Literal(uuid.UUID(int=self.random.getrandbits(128), version=4))
        if kind in ("integer", "smallint", "bigint"):
            return sql.Literal((old or 0) + self.random.choice([-1, 1, 100]))
        if kind == "boolean":
            return sql.Literal(not old)
        if kind == "timestamp with time zone":
            if old is None:
                return sql.SQL("now()")
            return sql.SQL("{} + interval '1 microsecond'").format(sql.Identifier(column))
        if kind == "date":
            return sql.SQL("{} + 1").format(sql.Identifier(column)) if old else sql.SQL("current_date")
        if kind == "jsonb":
            return sql.Literal(json.dumps(self._bent(old)))
        if kind == "bytea":
            flipped = bytearray(old)
            flipped[self.random.randrange(len(flipped))] ^= 1 << self.random.randrange(8)
            return sql.Literal(bytes(flipped))
        if kind.endswith("[]"):
            return sql.Literal([*(old or []), "x"])
        return sql.Literal(self._respelt(old or "a"))

    def _respelt(self, text: str) -> str:
        """Another text of the same length."""
        place = self.random.randrange(len(text))
        return text[:place] + ("b" if text[place] != "b" else "c") + text[place + 1 :]

    def _bent(self, value: Any) -> Any:
        if isinstance(value, dict) and value:
            key = self.random.choice(sorted(value))
            if self.random.random() < 0.2:
                return {k: v for k, v in value.items() if k != key}
            return {**value, key: self._bent(value[key])}
        if isinstance(value, list) and value:
            place = self.random.randrange(len(value))
            return [*value[:place], self._bent(value[place]), *value[place + 1 :]]
        if isinstance(value, bool) or value is None:
            return not value
        if isinstance(value, int):
            return value + 1
        return self._respelt(value) if isinstance(value, str) and value else "x"

    def _row_after(self, table: str, row: dict[str, Any], column: str) -> dict[str, Any]:
        if column == "id":
            known = [r["id"] for r in self._rows_of("kept", table)]
            return next(r for r in self._rows_of("public", table) if r["id"] not in known)
        query = sql.SQL("SELECT * FROM {} WHERE id = %s").format(sql.Identifier(table))
        found = self.connection.execute(query, [row["id"]]).fetchone()
        assert found is not None
        return found

    def delete(self, table: str) -> Damage:
        """One row."""
        self._keep(table)
        row = self.random.choice(self._rows(table))
        query = sql.SQL("DELETE FROM {} WHERE id = %s").format(sql.Identifier(table))
        self.connection.execute(query, [row["id"]])
        return Damage(
            f"{table} {row['id']} deleted", frozenset({self._place(table, row)} | self._also(table, row, None))
        )

    def insert(self, table: str) -> Damage:
        """A second row like one that is there, as far as the table takes it; else the row is deleted."""
        self._keep(table)
        for row in self.random.sample(rows := self._rows(table), len(rows)):
            twin = uuid.UUID(int=self.random.getrandbits(128), version=4)
            columns = [sql.Identifier(name) for name in row if name != "id"]
            query = sql.SQL(
                "INSERT INTO {table} (id, {columns}) SELECT %s, {columns} FROM {table} WHERE id = %s"
            ).format(table=sql.Identifier(table), columns=sql.SQL(", ").join(columns))
            try:
                with self.connection.transaction():
                    self.connection.execute(query, [twin, row["id"]])
            except psycopg.errors.IntegrityError:
                continue
            return Damage(f"{table} {row['id']} twice", frozenset({(table, str(twin))}))
        self._touched.pop()
        self.connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("kept", table)))
        return self.delete(table)

    def cut(self) -> Damage:
        """The newest event of a chain with its payload; the head set back as if it had never been."""
        for table in ("audit_event", "audit_payload", "audit_subject"):
            self._keep(table)
        subject = self.random.choice(self._rows("audit_subject"))
        newest = self.connection.execute(
            "DELETE FROM audit_event WHERE subject_id = %s AND seq = %s RETURNING id, previous",
            [subject["id"], subject["seq"]],
        ).fetchone()
        assert newest is not None
        self.connection.execute("DELETE FROM audit_payload WHERE id = %s", [newest["id"]])
        self.connection.execute(
            "UPDATE audit_subject SET seq = seq - 1, head = %s WHERE id = %s", [newest["previous"], subject["id"]]
        )
        return Damage(f"chain of {subject['id']} cut", frozenset({("audit_subject", str(subject["id"]))}))

    def flip(self) -> Damage:
        """One bit of one stored file; or its end."""
        document = self.random.choice(self._rows("documents_document"))
        place = next(self.folder.glob(f"??/{document['store_key']}"))
        content = place.read_bytes()
        self._file = (place, content)
        altered = bytearray(content)
        if self.random.random() < 0.25:
            del altered[-self.random.randrange(1, 40) :]
        else:
            altered[self.random.randrange(len(altered))] ^= 1 << self.random.randrange(8)
        place.write_bytes(altered)
        return Damage(f"file of {document['id']}", frozenset({("documents_document", str(document["id"]))}))

    # -- which rows may be named -----------------------------------------------------------------------------

    def _place(self, table: str, row: dict[str, Any]) -> tuple[str, str]:
        return table, str(row["id"])

    def _also(self, table: str, row: dict[str, Any], after: dict[str, Any] | None) -> set[tuple[str, str]]:
        """An event that is gone can be missed only by its chain; a block by its number, a leaf by its block; what is
        kept of a person and month by the sheet that says so."""
        gone = after is None or after["tenant_id"] != row["tenant_id"]
        if table == "audit_event" and gone:
            return {("audit_subject", str(row["subject_id"]))}
        if table == "audit_block" and gone:
            following = self.connection.execute(
                "SELECT id FROM audit_block WHERE tenant_id = %s AND number > %s ORDER BY number LIMIT 1",
                [row["tenant_id"], row["number"]],
            ).fetchone()
            leaves = self.connection.execute("SELECT id FROM audit_blockleaf WHERE block_id = %s", [row["id"]])
            named = {("audit_blockleaf", str(leaf["id"])) for leaf in leaves} | {("audit_block", str(row["number"]))}
            return named | ({("audit_block", str(following["id"]))} if following else set())
        if table == "entitlement_personmonth" and gone:
            return {("entitlement_sheet", str(row["sheet_id"]))}
        if table == "audit_blockleaf":
            return {("audit_block", str(row["block_id"]))}
        return set()
