"""The seven database roles: their SQL, their making, and the check at every start.

owner    owns the database and its schema; migrates; no process of the running product uses it
web      answers requests          worker   runs jobs            courier  sends and fetches messages
auditor  reads for `verify`        backup   reads everything, past row-level security
eraser   may delete payloads of history
"""

import base64
import hashlib
import hmac
import secrets as randomness

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from handslag.ops.postgres import OLDEST, Server
from handslag.ops.secrets import ROLES, Secrets

_NOT_OWNER = tuple(role for role in ROLES if role != "owner")


class RolesError(Exception):
    """The server does not keep what the product relies on; the message names each point and the remedy."""


def role_name(role: str) -> str:
    """The database's name of a role: 'web' -> 'handslag_web'."""
    return f"handslag_{role}"


def roles_sql(secrets: Secrets, database: str = "handslag") -> str:
    """The SQL that the owner of a managed server runs once with psql; running it again changes nothing else.

    Passwords are in it as SCRAM-SHA-256 verifiers only.
    """
    create = (
        f"SELECT 'CREATE DATABASE {database} OWNER handslag_owner TEMPLATE template0 ENCODING UTF8'\n"
        f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \\gexec\n"
    )
    parts = [
        "-- Run by an administrator: psql -f roles.sql postgres",
        *role_statements(secrets),
        create,
        *database_statements(database),
        f"\\connect {database}",
        *_schema_statements(),
    ]
    return "\n".join(part if part.startswith(("--", "\\", "SELECT")) else f"{part};" for part in parts) + "\n"


def role_statements(secrets: Secrets) -> list[str]:
    """The SQL that makes the roles, or gives existing ones these rights and passwords."""
    statements = []
    for role in ROLES:
        name = role_name(role)
        rights = (
            "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
            f"NOINHERIT {'BYPASSRLS' if role == 'backup' else 'NOBYPASSRLS'} "
            f"PASSWORD '{_scram_verifier(secrets.roles[role])}'"
        )
        statements.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN\n"
            f"  CREATE ROLE {name} {rights};\nELSE\n  ALTER ROLE {name} {rights};\nEND IF; END $$"
        )
    statements.append(
        "DO $$ BEGIN IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN\n"
        "  GRANT handslag_owner TO CURRENT_USER;\nEND IF; END $$"
    )
    statements.append(_quiet_statement())
    return statements


def _quiet_statement() -> str:
    """The SQL that keeps statements of our roles, with the values in them, out of `pg_stat_activity`.

    There every session of a role reads what the others just asked, of whatever tenant. Only a superuser may
    switch it off; where the administrator is none it stays on, and `shown_statements` tells so.
    """
    return (
        "DO $$ DECLARE name text; BEGIN\n"
        "FOR name IN SELECT rolname FROM pg_roles r\n"
        f"    WHERE rolname IN ({', '.join(repr(role_name(role)) for role in ROLES)})\n"
        "    AND NOT EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0\n"
        "                    AND 'track_activities=off' = ANY (s.setconfig)) LOOP\n"
        "  EXECUTE format('ALTER ROLE %I SET track_activities = off', name);\n"
        "END LOOP;\nEXCEPTION WHEN insufficient_privilege THEN\n"
        "  RAISE WARNING 'the server shows the statements of handslag''s roles in pg_stat_activity: let a superuser "
        "run ALTER ROLE ... SET track_activities = off';\nEND $$"
    )


def shown_statements(server: Server, secrets: Secrets) -> list[str]:
    """The roles whose statements the server shows in `pg_stat_activity`: where only the server's owner may switch
    that off, personal data in them is readable to every process of ours, of whatever tenant."""
    shown = []
    for role in ROLES:
        with psycopg.connect(server.for_role(role_name(role), secrets.roles[role])) as connection:
            if connection.execute("SHOW track_activities").fetchone() != ("off",):
                shown.append(role_name(role))
    return shown


def database_statements(database: str) -> list[str]:
    """The SQL that closes a database to everybody but the roles."""
    return [
        f"ALTER DATABASE {database} OWNER TO handslag_owner",
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {', '.join(map(role_name, _NOT_OWNER))}",
    ]


def _schema_statements() -> list[str]:
    return [
        "ALTER SCHEMA public OWNER TO handslag_owner",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {', '.join(map(role_name, _NOT_OWNER))}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE handslag_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        _NO_LARGE_OBJECTS,
    ]


#: Large objects lie in no table, so no wall between organisations stands around them: no running process makes or reads
#: any. The owner keeps the right, so that it can restore a dump in which these lines stand. The administrator of a
#: managed server may lack the right to close them; then they stay as that server has them.
_NO_LARGE_OBJECTS = r"""DO $$ DECLARE one regprocedure; BEGIN
  FOR one IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
    AND (proname LIKE 'lo\_%' OR proname IN ('loread', 'lowrite')) LOOP
    BEGIN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO handslag_owner', one);
      EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP; END $$"""


def _scram_verifier(password: str, iterations: int = 4096) -> str:
    """What PostgreSQL stores for a SCRAM-SHA-256 password (RFC 5803)."""
    salt = randomness.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"


def ensure(server: Server, secrets: Secrets) -> None:
    """Make the roles and the database where they are missing, then check (see `check`).

    Raises RolesError, also when the administrator may not create roles: `handslag roles --sql` prints what
    the server's owner has to run.
    """
    try:
        with psycopg.connect(server.superuser, autocommit=True) as connection:
            there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [server.database]).fetchone()
            if made and there >= {role_name(role) for role in ROLES}:
                connection.execute(_quiet_statement().encode())
                check(server, secrets)
                return
            _create(server, connection, secrets, exists=made is not None)
    except psycopg.errors.InsufficientPrivilege as error:
        raise RolesError(
            f"The administrator of DATABASE_URL may not make the roles ({error.diag.message_primary}). "
            "Let the server's owner run what `handslag roles --sql` prints."
        ) from error
    check(server, secrets)


def _create(
    server: Server, connection: psycopg.Connection[tuple[object, ...]], secrets: Secrets, *, exists: bool
) -> None:
    for statement in role_statements(secrets):
        connection.execute(statement.encode())
    if not exists:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER handslag_owner TEMPLATE template0 ENCODING 'UTF8'").format(
                sql.Identifier(server.database)
            )
        )
    for statement in database_statements(server.database):
        connection.execute(statement.encode())
    prepare_schema(server, server.database)


def prepare_schema(server: Server, database: str) -> None:
    """Give the schema of `database` to the owner and close it to everybody without a grant."""
    with psycopg.connect(make_conninfo(server.superuser, dbname=database), autocommit=True) as connection:
        for statement in _schema_statements():
            connection.execute(statement.encode())


def check(server: Server, secrets: Secrets) -> None:
    """Refuse a server that does not keep what the product relies on.

    Checked: version, fsync and full_page_writes, encoding, owner of the database and its schema, each role's
    attributes and memberships, and that each role can log in with the password of the secrets file.
    Raises RolesError with all findings at once.
    """
    findings = _log_in_findings(server, secrets)
    if not findings:
        owner = server.for_role(role_name("owner"), secrets.roles["owner"])
        with psycopg.connect(owner, autocommit=True) as connection:
            findings = _server_findings(connection) + _role_findings(connection)
    if findings:
        host = conninfo_to_dict(server.conninfo).get("host", "")
        lines = "\n".join(f"- {finding}" for finding in findings)
        raise RolesError(
            f"The database server {host} is not fit to be used:\n{lines}\n"
            "`handslag roles --sql` prints the SQL that puts roles right."
        )


def _log_in_findings(server: Server, secrets: Secrets) -> list[str]:
    findings = []
    for role in ROLES:
        log_in = server.for_role(role_name(role), secrets.roles[role])
        try:
            with psycopg.connect(log_in, connect_timeout=10) as connection:
                if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
                    findings.append(f"synchronous_commit is off for {role_name(role)}: a crash loses commits")
        except psycopg.OperationalError as error:
            findings.append(f"{role_name(role)} cannot log in to {server.database}: {str(error).strip()}")
    return findings


def _server_findings(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    findings = []
    if connection.info.server_version < OLDEST * 10000:
        findings.append(f"version {connection.info.server_version // 10000} is older than {OLDEST}")
    for setting in ("fsync", "full_page_writes"):
        if connection.execute("SELECT current_setting(%s)", [setting]).fetchone() != ("on",):
            findings.append(f"{setting} is off: a power cut would lose what was promised")
    if connection.execute("SHOW server_encoding").fetchone() != ("UTF8",):
        findings.append("the database's encoding is not UTF8")
    owners = connection.execute(
        "SELECT pg_get_userbyid(datdba), pg_get_userbyid(nspowner) FROM pg_database, pg_namespace "
        "WHERE datname = current_database() AND nspname = 'public'"
    ).fetchone()
    if owners != ("handslag_owner", "handslag_owner"):
        findings.append(f"database and schema belong to {owners}, not to handslag_owner")
    return findings


def _role_findings(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    findings = []
    rows = connection.execute(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit, "
        "  ARRAY(SELECT pg_get_userbyid(roleid)::text FROM pg_auth_members WHERE member = r.oid) "
        "FROM pg_roles r WHERE rolname = ANY(%s) ORDER BY rolname",
        [[role_name(role) for role in ROLES]],
    ).fetchall()
    for name, *rights, inherits, members_of in rows:
        attributes = ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
        for attribute, has in zip(attributes, rights, strict=True):
            if has != ((name, attribute) == ("handslag_backup", "BYPASSRLS")):
                findings.append(f"{name} {'has' if has else 'lacks'} {attribute}")
        if inherits:
            findings.append(f"{name} has INHERIT")
        if members_of:
            findings.append(f"{name} is a member of {members_of}")
    return findings
