"""Every column of every table is classed; personal ones with purpose, legal basis and retention."""

from __future__ import annotations

from typing import Any

import yaml

from handslag.domain.tenancy.installation import INSTALLATION_TABLES
from tests.bed import ROOT

CATALOGUE = yaml.safe_load((ROOT / "docs" / "reference" / "data-catalogue.yaml").read_text())
#: What may lie in tables that belong to no tenant: nothing of clients.
AT_LARGE = {"technical", "reference", "staff", "access"}


def _columns(connection: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    for table, column in rows.fetchall():
        found.setdefault(table, set()).add(column)
    return found


def problems(catalogue: dict[str, Any], columns: dict[str, set[str]]) -> list[str]:
    """What keeps the catalogue from covering these columns."""
    found = []
    for name, purpose in catalogue["purposes"].items():
        for part in ("why", "legal_basis", "retention"):
            if not str(purpose.get(part) or "").strip():
                found.append(f"purpose {name}: no {part}")
    for table, classed in catalogue["tables"].items():
        found += [f"{table}.{column}: is no column" for column in classed if column not in columns.get(table, ())]
    for table, there in columns.items():
        for column in sorted(there):
            said = str(catalogue["tables"].get(table, {}).get(column, "")).split()
            if not said:
                found.append(f"{table}.{column}: not classed")
            elif said[0] not in catalogue["classes"]:
                found.append(f"{table}.{column}: no class {said[0]}")
            elif (said[0] == "technical") != (len(said) == 1) or len(said) > 2:
                found.append(f"{table}.{column}: {'needs one purpose' if said[0] != 'technical' else 'has a purpose'}")
            elif len(said) == 2 and said[1] not in catalogue["purposes"]:
                found.append(f"{table}.{column}: no purpose {said[1]}")
    return found


def test_every_column_is_classed(connect: Any) -> None:
    assert problems(CATALOGUE, _columns(connect("admin", autocommit=True))) == []


def test_an_unclassed_column_fails(connect: Any) -> None:
    columns = _columns(connect("admin", autocommit=True))
    columns["people_person"].add("religion")
    columns["new_table"] = {"name"}
    assert problems(CATALOGUE, columns) == ["people_person.religion: not classed", "new_table.name: not classed"]
    tables = {
        **CATALOGUE["tables"],
        "tasks_task": {**CATALOGUE["tables"]["tasks_task"], "kind": "circumstances", "version": "secret case"},
        "gone": {"id": "technical"},
    }
    purposes = {**CATALOGUE["purposes"], "case": {**CATALOGUE["purposes"]["case"], "retention": ""}}
    del columns["new_table"]
    columns["people_person"].remove("religion")
    assert problems({**CATALOGUE, "tables": tables, "purposes": purposes}, columns) == [
        "purpose case: no retention",
        "gone.id: is no column",
        "tasks_task.kind: needs one purpose",
        "tasks_task.version: no class secret",
    ]


def test_tables_of_no_tenant_hold_nothing_of_clients() -> None:
    for table, entry in INSTALLATION_TABLES.items():
        for column, said in CATALOGUE["tables"][table].items():
            kind = said.split()[0]
            assert kind in AT_LARGE, f"{table}.{column}"
            if kind in ("staff",) or column in entry.staff_columns:
                assert kind in ("staff", "access") and column in entry.staff_columns, f"{table}.{column}"
