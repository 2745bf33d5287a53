"""Whatever stands in a JSON column, the verification ends, and names the row."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from psycopg import sql

from tests.verifier.mutations import WORKING_STATE, Vandal

SEED = 20_261_126
#: What may stand where JSON is expected, as JSON.
ANYTHING = [
    "null", "true", "0", "-1", "1.5", "1e400", "9" * 5_000, '""', '"x"', '"00000000-0000-0000-0000-000000000000"',
    "[]", "{}", "[[]]", "[null]", "[1]", '["x"]', "[{}]", '{"": {}}', '[{"document": 1}]',
    '[{"document": "x", "name": 1}]',    '{"x": [{"x": "x"}]}', "[" * 2_000 + "]" * 2_000,
]  # fmt: skip
MOST_ROWS = 12
COLUMNS = """
SELECT c.relname AS table, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r' AND NOT a.attisdropped
AND format_type(a.atttypid, NULL) = 'jsonb' AND EXISTS (
    SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id') ORDER BY 1, 2
"""


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _with(value: Any, anything: str, chance: random.Random) -> str:
    """The value as JSON text with `anything` at one of its places, or in its stead."""
    places = list(_places(value))
    if not places or chance.random() < 0.2:
        return anything
    into, key = chance.choice(places)
    into[key] = "HERE IT STANDS"
    return json.dumps(value).replace('"HERE IT STANDS"', anything)


def test_whatever_stands_in_json_the_row_is_named(filled: Any) -> None:
    """Each round bends about half of the rows of every JSON column; one verification has to name them all, and may not
    fail on any."""
    vandal, chance = Vandal(filled.copy.admin, filled.tenant, filled.files, SEED), random.Random(SEED)
    seen: set[tuple[str, str]] = set()
    with closing(vandal.connection):
        columns = [(row["table"], row["column"]) for row in vandal.connection.execute(COLUMNS)]
        rows = {table: vandal._rows(table) for table, _ in columns}
        for _ in range(4):
            bent: set[tuple[str, str]] = set()
            try:
                for table in rows:
                    vandal._keep(table)
                for table, column in columns:
                    there = [row for row in rows[table] if row[column] is not None]
                    for row in chance.sample(there, min(MOST_ROWS, -(-len(there) // 2))):
                        text = _with(json.loads(json.dumps(row[column])), chance.choice(ANYTHING), chance)
                        query = sql.SQL("UPDATE {0} SET {1} = %s::jsonb WHERE id = %s AND {1} <> %s::jsonb")
                        query = query.format(sql.Identifier(table), sql.Identifier(column))
                        if vandal.connection.execute(query, [text, row["id"], text]).rowcount:
                            seen.add((table, column))
                            bent |= {(table, str(row["id"]))} if table not in WORKING_STATE else set()
                report = filled.verify(tenants=[filled.office.slug])
            finally:
                vandal.undo()
            assert bent <= {(finding.table, finding.row) for finding in report.errors}
    assert len(seen) > 15, sorted(seen)
