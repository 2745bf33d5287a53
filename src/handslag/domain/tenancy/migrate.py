"""Bring the database to the present schema, as its owner: migrations, then what each role may do."""

from __future__ import annotations

import os

from django.apps import apps
from django.core.management import call_command
from django.db import connection

from handslag.domain.tenancy.installation import INSTALLATION_TABLES, ROLES


def run(verbosity: int = 0) -> None:
    """Migrate and grant. Runs in a process whose HANDSLAG_ROLE is `owner`; anything else raises RuntimeError."""
    if os.environ.get("HANDSLAG_ROLE") != "owner":
        raise RuntimeError("only the owner of the database migrates: HANDSLAG_ROLE=owner")
    call_command("migrate", verbosity=verbosity, interactive=False)
    with connection.cursor() as cursor:
        for statement in grant_statements():
            cursor.execute(statement)


def grant_statements() -> list[str]:
    """Everything that the roles are granted, after everything else was revoked."""
    everyone = ", ".join(f"handslag_{role}" for role in ROLES if role != "owner")
    statements = [
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {everyone}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {everyone}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {everyone}",
        "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {everyone}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO handslag_backup",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO handslag_backup",
    ]
    granted: dict[str, dict[str, str]] = {table: {} for table in INSTALLATION_TABLES}
    granted |= {model._meta.db_table: getattr(model, "grants", {}) for model in apps.get_models()}
    listed = {table: entry.grants for table, entry in INSTALLATION_TABLES.items() if entry.grants}
    for table, grants in {**granted, **listed}.items():
        auditor = table not in INSTALLATION_TABLES or INSTALLATION_TABLES[table].audited
        for role, verbs in {**({"auditor": "SELECT"} if auditor else {}), **grants}.items():
            statements.append(f'GRANT {verbs} ON "{table}" TO handslag_{role}')
            if "INSERT" in verbs:
                statements.append(_sequence_grant(table, role))
    for table, entry in INSTALLATION_TABLES.items():
        if entry.audited_columns:
            statements.append(f'GRANT SELECT ({", ".join(entry.audited_columns)}) ON "{table}" TO handslag_auditor')
    return statements


def _sequence_grant(table: str, role: str) -> str:
    """USAGE on the sequence behind `table.id`, where it has one."""
    quoted = f"pg_get_serial_sequence('public.\"{table}\"', 'id')"
    return (
        f"DO $$ BEGIN IF {quoted} IS NOT NULL THEN EXECUTE 'GRANT USAGE ON SEQUENCE ' || {quoted} || "
        f"' TO handslag_{role}'; END IF; EXCEPTION WHEN undefined_column THEN NULL; END $$"
    )
