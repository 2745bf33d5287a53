"""Bring the database to the present schema, as its owner: migrations, then what each role may do."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

from handslag.domain.tenancy.constraints import AppendOnly
from handslag.domain.tenancy.installation import INSTALLATION_TABLES, ROLES
from handslag.domain.tenancy.rows import TenantRow


def run(verbosity: int = 0) -> None:
    """Migrate and grant. Runs in a process whose HANDSLAG_ROLE is `owner`; anything else raises RuntimeError."""
    if os.environ.get("HANDSLAG_ROLE") != "owner":
        raise RuntimeError("only the owner of the database migrates: HANDSLAG_ROLE=owner")
    gc.disable()  # models that are made anew refer to each other in circles: looking for them is a quarter of the time
    with _no_new_models_for_what_changes_none():
        call_command("migrate", verbosity=verbosity, interactive=False)
    gc.enable()
    with connection.cursor() as cursor:
        for statement in grant_statements():
            cursor.execute(statement)


@contextmanager
def _no_new_models_for_what_changes_none() -> Iterator[None]:
    """Let Django note a new table, field, constraint or index without making the models around it anew: no field of
    theirs changes by it. Nor by other choices or words of a field: its column stays what it was.

    Each table has several constraints (the wall), and all models hang together: most of the time of a new database.
    """

    def add(state: Any, model: Any) -> None:
        state.models[model.app_label, model.name_lower] = model
        if state._relations is not None:
            state.resolve_model_relations((model.app_label, model.name_lower))
        if "apps" in state.__dict__:  # asking for it would make all models
            state.apps.render_multiple([model])

    def add_field(state: Any, app_label: str, model_name: str, name: str, field: Any, preserve_default: bool) -> None:
        if not preserve_default:
            field = field.clone()
            field.default = NOT_PROVIDED
        state.models[app_label, model_name].fields[name] = field
        if state._relations is not None:
            state.resolve_model_field_relations((app_label, model_name), name, field)
        if "apps" in state.__dict__:
            state.apps.get_model(app_label, model_name).add_to_class(name, field.clone())
            state.apps.clear_cache()

    def alter_field(state: Any, app_label: str, model_name: str, name: str, field: Any, preserve_default: bool) -> None:
        fields = state.models[app_label, model_name].fields
        if preserve_default and not field.is_relation and _column(fields[name]) == _column(field):
            fields[name] = field
        else:
            djangos["alter_field"](state, app_label, model_name, name, field, preserve_default)

    def append(state: Any, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
        there = state.models[app_label, model_name].options[option_name]
        note(state, app_label, model_name, option_name, [*there, obj])

    def remove(state: Any, app_label: str, model_name: str, option_name: str, obj_name: str) -> None:
        there = state.models[app_label, model_name].options[option_name]
        note(state, app_label, model_name, option_name, [obj for obj in there if obj.name != obj_name])

    def note(state: Any, app_label: str, model_name: str, option_name: str, told: list[Any]) -> None:
        state.models[app_label, model_name].options[option_name] = told
        if "apps" in state.__dict__:
            setattr(state.apps.get_model(app_label, model_name)._meta, option_name, list(told))

    ours = {"add_model": add, "add_field": add_field, "alter_field": alter_field}
    ours |= {"_append_option": append, "_remove_option": remove}
    djangos = {name: getattr(ProjectState, name) for name in ours}
    try:
        for name, one in ours.items():
            setattr(ProjectState, name, one)
        yield
    finally:
        for name, one in djangos.items():
            setattr(ProjectState, name, one)


def _column(field: Any) -> tuple[Any, ...]:
    """What the column of a field follows from."""
    _, path, arguments, told = field.deconstruct()
    said = {key: value for key, value in told.items() if key not in field.non_db_attrs or key == "db_column"}
    return path, arguments, said


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
    for model in apps.get_models():
        if issubclass(model, TenantRow):
            statements += _erased_in_training(model)
    for table, entry in INSTALLATION_TABLES.items():
        if entry.audited_columns:
            statements.append(f'GRANT SELECT ({", ".join(entry.audited_columns)}) ON "{table}" TO handslag_auditor')
    return statements


def _erased_in_training(model: type[TenantRow]) -> list[str]:
    """The role eraser may delete rows of an organisation for training, of no other: where the trigger of rows that are
    written once doesn't say so, a policy does."""
    table = model._meta.db_table
    once = [one for one in model._meta.constraints if isinstance(one, AppendOnly)]
    grant = f'GRANT DELETE ON "{table}" TO handslag_eraser'
    if once:
        return [grant]
    policy = (
        f'CREATE POLICY "{table}_erased" ON "{table}" AS RESTRICTIVE FOR DELETE TO handslag_eraser '
        "USING ((SELECT app_training()))"
    )
    known = f"SELECT FROM pg_policies WHERE schemaname = 'public' AND policyname = '{table}_erased'"
    return [grant, f"DO $$ BEGIN IF NOT EXISTS ({known}) THEN {policy}; END IF; END $$"]


def _sequence_grant(table: str, role: str) -> str:
    """USAGE on the sequence behind `table.id`, where it has one."""
    quoted = f"pg_get_serial_sequence('public.\"{table}\"', 'id')"
    return (
        f"DO $$ BEGIN IF {quoted} IS NOT NULL THEN EXECUTE 'GRANT USAGE ON SEQUENCE ' || {quoted} || "
        f"' TO handslag_{role}'; END IF; EXCEPTION WHEN undefined_column THEN NULL; END $$"
    )
