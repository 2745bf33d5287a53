"""What tests run on: one server for a session, a migrated template, one copy for each xdist worker.

Everything commits for real and nothing is cleaned: a test makes a tenant of its own. Only a test that breaks
walls takes a copy of its own (`own_copy`).
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from handslag.ops import postgres, roles
from handslag.ops.postgres import Server
from handslag.ops.processes import Child
from handslag.ops.secrets import Secrets
from handslag.ops.supervisor import answers

ROOT = Path(__file__).resolve().parent.parent
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 3 << 30
TEMPLATE = "handslag_template"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def sessions() -> Path:
    """The folder of all sessions: in memory where there is room, since each commit waits for a disk.

    PostgreSQL is set as in production there too, fsync and all; only a machine that loses power would tell.
    """
    try:
        free = os.statvfs(MEMORY)
        roomy = free.f_bavail * free.f_frsize >= MEMORY_NEEDED and not free.f_flag & os.ST_NOEXEC
    except (OSError, AttributeError):  # only Linux has it
        roomy = False
    folder = MEMORY / f"handslag-test-{os.getuid()}" if roomy else ROOT / "var" / "test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Session:
    """The server of one pytest run, kept by its first process; xdist workers find it by the environment.

    It is the embedded PostgreSQL in a folder of its own (HANDSLAG_POSTGRES_BIN chooses other binaries), or
    the one of HANDSLAG_TEST_DSN, whose handslag roles then get this run's passwords.
    """

    def __init__(self) -> None:
        folder = sessions()
        for left in folder.iterdir():
            _remove_if_left_behind(left)
        self.data = Path(tempfile.mkdtemp(dir=folder))
        self._lock = open(self.data / "session.lock", "w")  # noqa: SIM115
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.data.chmod(0o755)
        secrets = Secrets.of(self.data)
        dsn = os.environ.get("HANDSLAG_TEST_DSN")
        if dsn:
            self.server = postgres.from_dsn(dsn)
            with psycopg.connect(self.server.superuser, autocommit=True) as connection:
                for statement in roles.role_statements(secrets):
                    connection.execute(statement.encode())
        else:
            self.server = postgres.ensure_running(self.data)
        roles.ensure(self.server, secrets)
        self._quick_log_ins(secrets)
        os.environ |= {
            "HANDSLAG_DATA": str(self.data),
            "HANDSLAG_TEST_SERVER": self.server.conninfo,
            "HANDSLAG_TEST_ADMIN": self.server.superuser,
        }

    def _quick_log_ins(self, secrets: Secrets) -> None:
        """The same passwords in one round of their hash: thousands of connections are opened."""
        passwords = {roles.role_name(role): password for role, password in secrets.roles.items()}
        with psycopg.connect(self.server.superuser, autocommit=True) as connection:
            if self.server.process:  # not the administrator of somebody else's server
                passwords[connection.info.user] = connection.info.password
            for name, password in passwords.items():
                verifier = sql.Literal(roles._scram_verifier(password, iterations=1))
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), verifier))

    def end(self) -> None:
        """Stop the server and leave nothing."""
        server = postgres.from_dsn(self.server.superuser)
        with psycopg.connect(server.superuser, autocommit=True) as connection:
            names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'handslag\\_%'")
            for (name,) in names.fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        self.server.stop()
        shutil.rmtree(self.data)
        self._lock.close()


def _remove_if_left_behind(folder: Path) -> None:
    """Remove the folder of a run that was killed: nobody holds its lock."""
    with suppress(FileNotFoundError), open(folder / "session.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Database:
    """A migrated database of its own on the session's server."""

    name: str
    server: Server
    secrets: Secrets
    _open: list[psycopg.Connection[tuple[object, ...]]] = field(default_factory=list)

    @property
    def conninfo(self) -> str:
        """What HANDSLAG_DB carries."""
        return make_conninfo(self.server.conninfo, dbname=self.name)

    @property
    def admin(self) -> str:
        """The administrator's libpq string, for this database."""
        return make_conninfo(self.server.superuser, dbname=self.name)

    def of_role(self, role: str) -> str:
        """The libpq string of a role (short name)."""
        return self.server.for_role(roles.role_name(role), self.secrets.roles[role], self.name)

    def connect(self, role: str, *, autocommit: bool = False) -> psycopg.Connection[tuple[object, ...]]:
        """A connection as `role` ('web', 'owner', ..., or 'admin'), closed when the test ends."""
        target = self.admin if role == "admin" else self.of_role(role)
        connection: psycopg.Connection[tuple[object, ...]] = psycopg.connect(target, autocommit=autocommit)
        self._open.append(connection)
        return connection

    def close_connections(self) -> None:
        while self._open:
            self._open.pop().close()

    def environment(self, role: str | None = None) -> dict[str, str]:
        """The environment of a process that works on this database."""
        told = {
            "HANDSLAG_DB": self.conninfo,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "PYTHONUNBUFFERED": "1",
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HANDSLAG_TEST_", "PYTEST_"))}
        kept.pop("HANDSLAG_ROLE", None)
        return kept | told | ({"HANDSLAG_ROLE": role} if role else {})


def _server() -> Server:
    return Server(os.environ["HANDSLAG_TEST_SERVER"], os.environ["HANDSLAG_TEST_ADMIN"])


def _data() -> Path:
    return Path(os.environ["HANDSLAG_DATA"])


def worker_database() -> str:
    """The name of this xdist worker's copy, also before it exists."""
    return f"handslag_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@contextmanager
def creating(what: str) -> Iterator[None]:
    """One worker at a time makes what all copy."""
    with open(_data() / f"{what}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copy_of_template(name: str, of: str = TEMPLATE) -> Database:
    """A new database `name`, as `handslag migrate` leaves it; the first call migrates the template.

    Or a copy `of` another database, which nobody is connected to.
    """
    database = Database(name, _server(), Secrets.of(_data()))
    with creating("template"):
        done = _data() / "template.done"
        if not done.exists():
            template = Database(TEMPLATE, database.server, database.secrets)
            _create(template, "template0")
            roles.prepare_schema(template.server, TEMPLATE)
            subprocess.run(
                [sys.executable, "-m", "handslag.cli.main", "migrate"],
                env=template.environment(),
                check=True,
                cwd=ROOT,
            )
            done.touch()
        _create(database, of)
    return database


def _create(database: Database, template: str) -> None:
    names = (sql.Identifier(name) for name in (database.name, template))
    with psycopg.connect(database.server.superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER handslag_owner ENCODING 'UTF8'").format(*names)
        )
        for statement in roles.database_statements(database.name):
            connection.execute(statement.encode())


def drop(database: Database) -> None:
    """Close what a test left open and remove the database."""
    database.close_connections()
    with psycopg.connect(database.server.superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name)))


@dataclass
class Process:
    """A process of the product on a database: web, worker or the development e-ID."""

    child: Child
    port: int = 0

    def kill(self) -> None:
        """kill -9 of the process and of those it started."""
        assert self.child.process
        os.killpg(self.child.process.pid, signal.SIGKILL)
        self.child.process.wait()

    def start(self) -> None:
        """Start it (again) and wait until it answers."""
        self.child.start()
        deadline = time.monotonic() + 30
        while self.port and answers("127.0.0.1", self.port, "/") is None:
            assert self.child.process
            assert self.child.process.poll() is None, f"{self.child.name} ended:\n{self.child.tail()}"
            assert time.monotonic() < deadline, f"{self.child.name} is silent:\n{self.child.tail()}"
            time.sleep(0.05)

    def stop(self) -> None:
        self.child.ask_to_stop()
        self.child.stop(time.monotonic() + 10)

    def url(self, counter: str, path: str = "/") -> str:
        """The address of a page: `url("apply", "/sundby/")`."""
        return f"http://{counter}.localhost:{self.port}{path}"


def process(
    database: Database, name: str, *command: str, role: str | None = None, port: int = 0, **told: str
) -> Process:
    """A process that is not started yet: `python -m <command>` as `role` on `database`."""
    environment = database.environment(role) | told
    log = _data() / "log" / database.name
    return Process(Child(name, [sys.executable, "-m", *command], environment, log), port)


def web_process(database: Database, port: int, **told: str) -> Process:
    """A web server of one worker process on `database`."""
    command = ("handslag.ops.web", "--port", str(port), "--workers", "1", "--threads", "4")
    return process(database, "web", *command, role="web", port=port, HANDSLAG_PORT=str(port), **told)


def resolve_localhost() -> None:
    """Let this process resolve `apply.localhost` and the like, as browsers do."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *rest, **more):  # type: ignore[no-untyped-def]
        name = host.decode() if isinstance(host, bytes) else host
        return resolve("127.0.0.1" if str(name).endswith(".localhost") else host, *rest, **more)

    socket.getaddrinfo = getaddrinfo


def chromium() -> str | None:
    """The browser: $CHROMIUM, else the first on PATH (the shell, which opens no windows, before the whole)."""
    shell = "chromium-headless-shell"
    names = (os.environ.get("CHROMIUM"), shell, "chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)
