"""The rules of the wall, read from PostgreSQL's own catalogue. Each finding names what breaks one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.apps import apps

from handslag.domain.people.models import CitizenLogin
from handslag.domain.people.operations.merges import keys_to_persons
from handslag.domain.tenancy.constraints import AppendOnly, TenantKey
from handslag.domain.tenancy.installation import INSTALLATION_TABLES, ROLES
from handslag.domain.tenancy.rows import TenantFK, TenantRow

APPLICATION_ROLES = tuple(f"handslag_{role}" for role in ROLES if role != "owner")
SAME = "(tenant_id = ( SELECT app_tenant() AS app_tenant))"
#: What no session of a role of ours may begin with, and what each must (see ops/roles.py).
SESSIONS_BEGIN_WITH = "track_activities=off"


def _reviewed_functions() -> dict[str, str]:
    """Our functions and what stands between their dollars in the migration that was reviewed."""
    made = importlib.import_module("handslag.domain.tenancy.migrations.0001_initial")
    later = importlib.import_module("handslag.domain.tenancy.migrations.0006_training")
    merges = importlib.import_module("handslag.domain.people.migrations.0006_merges")
    found = {"app_tenant": made.TENANT, "app_refuse_change": later.REFUSE, "app_training": later.TRAINING}
    return {name: text.split("$$")[1] for name, text in (found | {"app_refuse_gone": merges.REFUSE}).items()}


@cache
def tenant_models() -> dict[str, type[TenantRow]]:
    """The models of tenants' tables by table."""
    return {m._meta.db_table: m for m in apps.get_models(include_auto_created=True) if issubclass(m, TenantRow)}


@cache
def tenant_keys() -> list[tuple[str, str, str, str]]:
    """Every reference between tenants' tables that the models make: table, column, parent, name of its key."""
    found = []
    for table, model in tenant_models().items():
        named = {c.field: c for c in model._meta.constraints if isinstance(c, TenantKey)}
        for field in model._meta.concrete_fields:
            if isinstance(field, TenantFK):
                name = named[field.name].name if field.name in named else ""
                found.append((table, field.column, field.related_model._meta.db_table, name))
        for key in named.values():
            if key.to:
                found.append((table, "id", apps.get_model(key.to)._meta.db_table, key.name))
    return found


@cache
def append_only_tables() -> dict[str, bool]:
    """Tables whose rows are written once; True where the role eraser may delete."""
    return {
        table: constraint.erasable
        for table, model in tenant_models().items()
        for constraint in model._meta.constraints
        if isinstance(constraint, AppendOnly)
    }


def findings(connection: Any, *of: Callable[[Any], Iterator[str]]) -> list[str]:
    """Everything in the database of `connection` (the administrator's) that breaks a rule of the wall: any, or one of
    the kinds told."""
    every = (
        _kinds_of_relation, _schemas, _functions, of_tables, of_policies, _uniques, of_keys, _rules, _triggers, _roles,
        _sessions, _grants, _grants_around,
    )  # fmt: skip
    return [finding for look in of or every for finding in look(connection)]


def _kinds_of_relation(connection: Any) -> Iterator[str]:
    rows = connection.execute(
        "SELECT n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind NOT IN ('i', 'I', 't', 'c')"
    )
    for schema, name, kind, owner in rows.fetchall():
        if schema != "public":
            yield f"{schema}.{name}: outside the schema public"
        if kind not in ("r", "S"):
            yield f"{name}: a relation of kind {kind!r} (views and foreign tables see past row-level security)"
        if owner != "handslag_owner":
            yield f"{name}: belongs to {owner}"


def _schemas(connection: Any) -> Iterator[str]:
    rows = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')"
    )
    for (name,) in rows.fetchall():
        yield f"schema {name}: nobody reviewed it"


def _functions(connection: Any) -> Iterator[str]:
    """Every function that came after the server was made, in whatever schema, but those of extensions."""
    rows = connection.execute(
        "SELECT n.nspname, p.proname, p.prosecdef, pg_get_userbyid(p.proowner), p.prosrc, l.lanname, "
        "  coalesce(p.proconfig, '{}'), "
        "  EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0) "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang "
        "WHERE (p.oid >= 16384 OR n.nspname = 'public') "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    reviewed, seen = _reviewed_functions(), []
    for schema, name, definer, owner, body, language, settings, public in rows.fetchall():
        shown = name if schema == "public" else f"{schema}.{name}"
        if definer:
            yield f"{shown}(): SECURITY DEFINER"
        if owner != "handslag_owner":
            yield f"{shown}(): belongs to {owner}"
        if public:
            yield f"{shown}(): PUBLIC may execute it"
        if shown in reviewed:
            seen.append(shown)
            if (body, language, settings) != (reviewed[shown], "plpgsql", ["search_path=pg_catalog"]):
                yield f"{shown}(): is not as it was reviewed"
        elif not shown.startswith("procrastinate_"):
            yield f"{shown}(): nobody reviewed it"
    for name in reviewed:
        if seen.count(name) != 1:
            yield f"{name}(): is there {seen.count(name)} times"


def of_tables(connection: Any) -> Iterator[str]:
    rows = connection.execute(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, "
        "  array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 "
        "        AND NOT a.attisdropped ORDER BY 1), "
        "  EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull), "
        "  array(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN "
        "        ('u', 'p')), "
        "  EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
        "          WHERE i.indrelid = c.oid AND a.attname = 'tenant_id' AND i.indpred IS NULL) "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1"
    ).fetchall()
    models = tenant_models()
    for name, secured, forced, columns, has_tenant, uniques, led in rows:
        if name in INSTALLATION_TABLES:
            if set(columns) != set(INSTALLATION_TABLES[name].columns):
                yield f"{name}: its columns are not those of the reviewed list"
            continue
        if name not in models:
            yield f"{name}: neither a tenant's table nor in the reviewed list"
            continue
        if not has_tenant:
            yield f"{name}: no tenant, or none needed"
        if not secured:
            yield f"{name}: row-level security is off"
        if not forced:
            yield f"{name}: row-level security does not bind the owner"
        if "UNIQUE (tenant_id, id)" not in uniques or "PRIMARY KEY (id)" not in uniques:
            yield f"{name}: not unique by tenant and id"
        if not led:
            yield f"{name}: no index begins with the tenant"
    there = {row[0] for row in rows}
    for name in sorted((set(models) | set(INSTALLATION_TABLES)) - there):
        yield f"{name}: is not there"


def of_policies(connection: Any) -> Iterator[str]:
    rows = connection.execute(
        "SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies"
    )
    found: dict[str, int] = {}
    erased = ("RESTRICTIVE", ["handslag_eraser"], "DELETE", "( SELECT app_training() AS app_training)", None)
    wanted = set(tenant_models()) - set(append_only_tables())
    for table, name, *told in rows.fetchall():
        if name == f"{table}_erased" and tuple(told) == erased and table in wanted:
            wanted.remove(table)
            continue
        permissive, roles, command, using, check = told
        found[table] = found.get(table, 0) + 1
        if (permissive, roles, command) != ("PERMISSIVE", ["public"], "ALL"):
            yield f"{table}: policy {name} does not bind every role and command"
        if using != SAME:
            yield f"{table}: policy {name} shows other rows than the tenant's"
        if check != SAME:
            yield f"{table}: policy {name} takes other rows than the tenant's"
    for table in tenant_models():
        if found.get(table) != 1:
            yield f"{table}: {found.get(table, 0)} policies"
    for table in sorted(wanted):
        yield f"{table}: the role that erases may delete real people's rows"


def _uniques(connection: Any) -> Iterator[str]:
    """What is unique past the tenant tells one tenant by its error what another one has; an id alone is random."""
    rows = connection.execute(
        "SELECT t.relname, x.relname, i.indisprimary, array(SELECT coalesce(a.attname::text, '()') "
        "    FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(n, place) "
        "    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n AND k.n > 0 ORDER BY place) "
        "FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace "
        "WHERE n.nspname = 'public' AND (i.indisunique OR i.indisexclusion)"
    )
    models = tenant_models()
    for table, name, primary, columns in rows.fetchall():
        if table in models and columns != ["id"] and columns[0] != "tenant_id":
            yield f"{table}: {name} is unique over all tenants"
        if table in models and columns == ["id"] and not primary:
            yield f"{table}: {name} is unique over all tenants"


def of_keys(connection: Any) -> Iterator[str]:
    rows = connection.execute(
        "SELECT c.relname, k.conname, p.relname, pg_get_constraintdef(k.oid), k.convalidated, "
        "  array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i) "
        "        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY i) "
        "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND k.contype = 'f'"
    )
    models, composite = tenant_models(), set()
    for table, name, parent, definition, validated, columns in rows.fetchall():
        if not validated:
            yield f"{table}: key {name} was never checked"
        if table not in models:
            if parent in models:
                yield f"{table}: key {name} leads into a tenant's table"
        elif parent in models:
            column = columns[-1]
            wanted = f"FOREIGN KEY (tenant_id, {column}) REFERENCES {parent}(tenant_id, id) DEFERRABLE"
            if definition == wanted:
                composite.add((table, column, parent))
            else:
                yield f"{table}: key {name} does not hold tenant and {column} together"
        elif (parent, columns) != ("tenancy_organisation", ["tenant_id"]):
            yield f"{table}: key {name} leaves the tenant"
    for table, column, parent, name in tenant_keys():
        if (table, column, parent) not in composite:
            yield f"{table}: {column} has no key into {parent} of the same tenant ({name})"


def _rules(connection: Any) -> Iterator[str]:
    rows = connection.execute(
        "SELECT c.relname, r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class "
        "WHERE r.oid >= 16384 AND NOT (r.rulename = '_RETURN' AND c.relkind IN ('v', 'm'))"
    )
    for table, name in rows.fetchall():
        yield f"{table}: rule {name} makes another statement of it"


#: What follows by itself from what was decided by a record that leads to another, and isn't lost.
FOLLOWS = (
    "lookups_fetchedline.person_id",
    "payments_booking.person_id",
    "payments_payment.payee_id",
    "tasks_notice.person_id",
)


def _triggers(connection: Any) -> Iterator[str]:
    others = connection.execute(
        "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT t.tgisinternal AND t.tgfoid NOT IN ('app_refuse_change'::regproc, 'app_refuse_gone'::regproc)"
    )
    for table, name in others.fetchall():
        if not table.startswith("procrastinate_"):
            yield f"{table}: trigger {name}, which nobody reviewed"
    guards = connection.execute(
        "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.tgfoid = 'app_refuse_gone'::regproc "
        "AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
    )
    guarded = {definition.split(" TRIGGER ")[1] for (definition,) in guards.fetchall()}
    for model, key in keys_to_persons():
        table, column = model._meta.db_table, key.column
        wanted = (
            f"{table}_{column}_not_gone AFTER INSERT OR UPDATE OF {column} ON public.{table} FOR EACH ROW "
            f"WHEN ((new.{column} IS NOT NULL)) EXECUTE FUNCTION app_refuse_gone('{column}')"
        )
        if model is not CitizenLogin and f"{table}.{column}" not in FOLLOWS and wanted not in guarded:
            yield f"{table}: {column} may name a record that was merged into another"
    rows = connection.execute(
        "SELECT c.relname, pg_get_triggerdef(t.oid), t.tgenabled FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT t.tgisinternal AND t.tgfoid = 'app_refuse_change'::regproc"
    )
    found: dict[str, set[str]] = {}
    marked = False
    for table, definition, enabled in rows.fetchall():
        if enabled not in ("O", "A"):
            yield f"{table}: its trigger against changes is off"
        if table == "tenancy_organisation" and "BEFORE UPDATE OF training" in definition:
            marked = True
            continue
        kind = "TRUNCATE" if "BEFORE TRUNCATE" in definition else "ROW"
        if kind == "ROW" and "BEFORE DELETE OR UPDATE" not in definition:
            yield f"{table}: its trigger does not refuse every change"
        if ("erasable" in definition) and not append_only_tables().get(table):
            yield f"{table}: its trigger lets rows be erased"
        found.setdefault(table, set()).add(kind)
    if not marked:
        yield "tenancy_organisation: an organisation can become one for training"
    for table in append_only_tables():
        if found.get(table) != {"ROW", "TRUNCATE"}:
            yield f"{table}: rows can be changed (triggers: {sorted(found.get(table, ()))})"


def _roles(connection: Any) -> Iterator[str]:
    rows = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit, "
        "  EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid), "
        "  EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) "
        "  OR EXISTS (SELECT FROM pg_proc p WHERE p.proowner = r.oid) "
        "FROM pg_roles r WHERE rolname ~ '^handslag_'"
    )
    names = set()
    for name, superuser, bypass, *others, member, owns in rows.fetchall():
        names.add(name)
        if superuser or any(others):
            yield f"{name}: has attributes that no role of ours needs"
        if bypass != (name == "handslag_backup"):
            yield f"{name}: BYPASSRLS is {bypass}"
        if member:
            yield f"{name}: is a member of another role"
        if owns != (name == "handslag_owner"):
            yield f"{name}: owns relations or functions"
    for name in sorted({*APPLICATION_ROLES, "handslag_owner"} - names):
        yield f"{name}: is not there"


def _sessions(connection: Any) -> Iterator[str]:
    """With what a session begins here, where an administrator said so of a role, of this database or of all."""
    rows = connection.execute(
        "SELECT r.rolname, d.datname, set.one FROM pg_db_role_setting s "
        "LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase, "
        "LATERAL unnest(s.setconfig) set(one) "
        "WHERE (s.setdatabase = 0 OR d.datname = current_database()) AND (s.setrole = 0 OR r.rolname ~ '^handslag_')"
    )
    quiet = set()
    for role, database, setting in rows.fetchall():
        if (database, setting) == (None, SESSIONS_BEGIN_WITH) and role:
            quiet.add(role)
        else:
            yield f"{role or 'every role'}: its sessions begin with {setting}"
    for role in sorted({*APPLICATION_ROLES, "handslag_owner"} - quiet):
        yield f"{role}: the server shows its statements"


def _grants(connection: Any) -> Iterator[str]:
    """Exactly what models and the reviewed list say, of a column too ("UPDATE (until)"); nothing to PUBLIC, nothing of
    TRUNCATE, REFERENCES, TRIGGER."""
    wanted: set[tuple[str, str, str]] = set()
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        for role, verbs in getattr(model, "grants", {}).items():
            wanted |= {(table, f"handslag_{role}", verb.strip()) for verb in verbs.split(",")}
        if table not in INSTALLATION_TABLES:
            wanted.add((table, "handslag_auditor", "SELECT"))
        if issubclass(model, TenantRow):
            wanted.add((table, "handslag_eraser", "DELETE"))
    for table, entry in INSTALLATION_TABLES.items():
        for role, verbs in entry.grants.items():
            wanted |= {(table, f"handslag_{role}", verb.strip()) for verb in verbs.split(",")}
        if entry.audited:
            wanted.add((table, "handslag_auditor", "SELECT"))
    tables = set(tenant_models()) | set(INSTALLATION_TABLES)
    wanted |= {(table, "handslag_backup", "SELECT") for table in tables}
    rows = connection.execute(
        "SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace, "
        "LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a "
        "LEFT JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm') AND a.grantee <> c.relowner"
    )
    of_columns = {one for one in wanted if "(" in one[2]}
    found, wanted = {tuple(row) for row in rows.fetchall()}, wanted - of_columns
    for table, role, verb in sorted(found - wanted):
        yield f"{table}: {role} has {verb}, which nobody granted"
    for table, role, verb in sorted(wanted - found):
        yield f"{table}: {role} lacks {verb}"
    columns = connection.execute(
        "SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type, t.attname FROM pg_attribute t "
        "JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, "
        "LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE n.nspname = 'public'"
    )
    reviewed = {
        (table, "handslag_auditor", "SELECT", column)
        for table, entry in INSTALLATION_TABLES.items()
        for column in entry.audited_columns
    }
    for table, role, said in of_columns:
        verb, _, column = said.rstrip(")").partition(" (")
        reviewed.add((table, role, verb, column))
    for table, role, verb, column in sorted({tuple(row) for row in columns.fetchall()} ^ reviewed):
        yield f"{table}: {role}, {verb} of column {column} is granted or lacking against the reviewed list"
    public = connection.execute(
        "SELECT 'schema ' || nspname, privilege_type FROM pg_namespace, "
        "  aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE nspname = 'public' AND grantee = 0 "
        "UNION ALL SELECT 'database', privilege_type FROM pg_database, "
        "  aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = current_database() AND grantee = 0 "
        "UNION ALL SELECT 'sequence ' || relname, privilege_type FROM pg_class, "
        "  aclexplode(coalesce(relacl, acldefault('S', relowner))) WHERE relkind = 'S' AND grantee = 0"
    )
    for what, verb in public.fetchall():
        yield f"{what}: PUBLIC has {verb}"


def _grants_around(connection: Any) -> Iterator[str]:
    """Around the tables: our roles may log in to the database and use its schema, and nothing else."""
    rows = connection.execute(
        "SELECT 'schema ' || nspname AS what, r.rolname, a.privilege_type FROM pg_namespace, "
        "  aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND grantee <> nspowner "
        "UNION ALL SELECT 'database', r.rolname, a.privilege_type FROM pg_database, "
        "  aclexplode(coalesce(datacl, acldefault('d', datdba))) a JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE datname = current_database() AND grantee <> datdba"
    )
    found = {tuple(row) for row in rows.fetchall()}
    wanted = {
        (what, role, verb)
        for what, verb in (("schema public", "USAGE"), ("database", "CONNECT"))
        for role in APPLICATION_ROLES
    }
    for what, role, verb in sorted(found - wanted):
        yield f"{what}: {role} has {verb}, which nobody granted"
    for what, role, verb in sorted(wanted - found):
        yield f"{what}: {role} lacks {verb}"
