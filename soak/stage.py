"""What fault runs play on: the product's own processes on a database server, a folder and ports of their own.

Browsers come through a proxy that can lose an answer on its way. The people are requests with cookies of their own;
nothing of the product runs in this process but the operations that prepare a round.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import psycopg
import requests

from handslag.kernel import clock
from handslag.ops import postgres, roles
from handslag.ops.postgres import Server
from handslag.ops.secrets import Secrets
from tests import bed
from tests.bed import Database, Process

#: A worker that is silent for three of these is taken for dead.
HEARTBEAT_SECONDS = 0.3
#: So long every transaction of the product that writes an event stays open, so that a kill hits inside it.
OPEN_SECONDS = 0.04
LONGEST_WAIT = 60.0
TOKEN = "faultsfaultsfaultsfaultsfaultsxx"


class Lost(Exception):
    """No answer came."""


@dataclass
class Proxy:
    """A TCP proxy before the web server, one request for each connection.

    `before_answer` gets the request's first line when the answer begins, before anything of it is passed on; when it
    returns True, the answer is lost and the connection dropped.
    """

    port: int
    target: int
    before_answer: Callable[[str], bool] | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            first = client.recv(65536)
            line = first.split(b"\r\n", 1)[0].decode("latin-1")
            server.sendall(first)
            back = threading.Thread(target=self._answer, args=[server, client, line], daemon=True)
            back.start()
            while part := client.recv(65536):
                server.sendall(part)
            back.join()

    def _answer(self, server: socket.socket, client: socket.socket, line: str) -> None:
        with suppress(OSError):
            part = server.recv(65536)
            if not (part and self.before_answer and self.before_answer(line)):
                while part:
                    client.sendall(part)
                    part = server.recv(65536)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass
class Stage:
    """The processes, and what they stand on. `server` is another object after each restart of the database."""

    data: Path
    server: Server
    database: Database
    proxy: Proxy
    web: Process
    worker: Process
    eid: Process
    offices: dict[int, Any] = field(default_factory=dict)

    def origin(self, counter: str) -> str:
        """`http://desk.localhost:8123`, as browsers see it: through the proxy."""
        return f"http://{counter}.localhost:{self.proxy.port}"

    def kill_database(self) -> None:
        """kill -9 of the server; it is not started again."""
        assert self.server.process
        self.server.process.kill()
        self.server.process.wait()

    def start_database(self) -> None:
        """Start the killed server again; it recovers from its log."""
        self.server = self.database.server = postgres.ensure_running(self.data)
        forget_connections()

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows as the server's administrator sees them."""
        with psycopg.connect(self.database.admin, autocommit=True) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def office(self, number: int = 0) -> Any:
        """An organisation of this stage with its staff and their logged-in browsers, made when first asked for."""
        from tests.office import open_office

        if number not in self.offices:
            self.offices[number] = open_office(self.database.connect, f"faults{number}")
            self.database.close_connections()
        return self.offices[number]

    def jobs_done(self) -> None:
        """Wait until no job waits or runs; stalled ones are found by the product's own sweep, which is enqueued here
        every second instead of every minute."""
        from procrastinate.exceptions import AlreadyEnqueued

        from handslag.domain.tenancy.door import at_large
        from handslag.jobs.watch import sweep

        until, next_sweep = time.monotonic() + LONGEST_WAIT, time.monotonic() + 1
        while left := self.ask(
            "SELECT task_name, status::text, attempts FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND task_name IN ('handslag:render_letter', 'handslag:write_run_file')"
        ):
            if time.monotonic() > until:
                raise AssertionError(f"jobs don't come to their end: {left}\n{self.worker.child.tail(5)}")
            if time.monotonic() > next_sweep:
                next_sweep += 1
                with suppress(AlreadyEnqueued), at_large("sweep now", writing=True):
                    sweep.defer(timestamp=int(time.time()))
            time.sleep(0.05)

    def verify(self, office: Any, receipts: list[dict[str, str]]) -> list[str]:
        """What the verifier finds broken in an organisation; `receipts` are those that clients were shown."""
        from handslag.domain.tenancy.door import acting
        from handslag.domain.tenancy.keys import file_key
        from tests.office import TEST
        from verifier import verify

        with acting(office.slug, TEST, "keys") as door:
            keys = {door.the_tenant.id: [file_key()]}
        report = verify(
            self.database.of_role("auditor"),
            tenants=[office.slug],
            files=self.data / "files",
            file_keys=keys,
            receipts={office.slug: receipts},
        )
        return [f"{f.rule} {f.table} {f.row}: {f.text}" for f in report.errors]


@dataclass
class Person:
    """Somebody at a browser: `send` is one try, `until_answered` goes on as a patient person does."""

    stage: Stage
    counter: str
    session: str

    def send(self, method: str, path: str, **fields: str) -> requests.Response:
        """One request; Lost when no whole answer comes."""
        return self.send_raw(method, path, urlencode(fields).encode() if method == "POST" else b"")

    def send_raw(self, method: str, path: str, form: bytes = b"", **headers: str) -> requests.Response:
        """The same with the bytes of a form, to which the token is added."""
        return self.send_body(method, path, f"csrfmiddlewaretoken={TOKEN}&".encode() + form, **headers)

    def send_body(self, method: str, path: str, body: bytes, **headers: str) -> requests.Response:
        """The same with the bytes of a body as they are (POST only)."""
        origin = self.stage.origin(self.counter)
        with requests.Session() as browser:
            browser.trust_env = False
            try:
                return browser.request(
                    method,
                    path if path.startswith("http") else origin + path,
                    data=body if method == "POST" else None,
                    headers={
                        "Connection": "close",
                        "Origin": origin,
                        "Accept-Language": "en",
                        "Content-Type": "application/x-www-form-urlencoded",
                        **headers,
                    },
                    cookies={"session": self.session, "csrf": TOKEN},
                    allow_redirects=False,
                    timeout=30,
                )
            except requests.RequestException as error:
                raise Lost(str(error)) from error

    def until_answered(self, method: str, path: str, **fields: str) -> requests.Response:
        """The same request again and again until it is answered, and not by "try again"."""
        until = time.monotonic() + LONGEST_WAIT
        while True:
            with suppress(Lost):
                answer = self.send(method, path, **fields)
                if answer.status_code != 503:
                    return answer
            if time.monotonic() > until:
                raise AssertionError(f"{method} {path} is not answered: {self.stage.web.child.tail(5)}")
            time.sleep(0.05)


def citizen(stage: Stage, office: Any, folder: Any, adult: int = 0) -> Person:
    """An adult of a case, logged in."""
    from handslag.domain.people.operations.citizens import log_in_citizen

    by = folder.citizens[adult]
    login = log_in_citizen(**office.by(by), record=by.id, issuer="https://eid.example", subject=str(by.id), acr="loa3")
    moment = int(clock.now().timestamp())
    known = {"tenant": office.slug, "person": str(by.id), "login": str(login.id), "since": moment, "seen": moment}
    return Person(stage, "apply", _session({"citizen": known}))


def staff(stage: Stage, office: Any, who: str) -> Person:
    """A member of staff, logged in by password and one-time code."""
    from allauth.account.internal.flows import login

    from handslag.domain.tenancy.door import at_large
    from handslag.domain.tenancy.models import StaffUser

    with at_large("log in"):
        user = StaffUser.objects.get(id=office.staff[who].id)
    known = {
        "_auth_user_id": str(user.id),
        "_auth_user_backend": "allauth.account.auth_backends.AuthenticationBackend",
        "_auth_user_hash": user.get_session_auth_hash(),
        login.AUTHENTICATION_METHODS_SESSION_KEY: [{"method": "password"}, {"method": "mfa"}],
        login._AUTHENTICATION_METHODS_USER_SESSION_KEY: str(user.id),
    }
    return Person(stage, "desk", _session(known))


def _session(known: dict[str, Any]) -> str:
    from handslag.web.entry.sessions import SessionStore

    store = SessionStore()
    store.update(known)
    store.create()
    key = store.session_key
    assert key
    return key


def at_the_eid(where: str, number: str) -> str:
    """Identify as `number` at the development e-ID; gives the address that the browser is sent back to."""
    with requests.Session() as browser:
        browser.trust_env = False
        form = {"pnr": number, "name": "Prov Person", "acr": "loa3"}
        answer = browser.post(where, form, allow_redirects=False, timeout=30)
    assert answer.status_code == 303, answer.text[:500]
    return str(answer.headers["Location"])


def forget_connections() -> None:
    """Close this thread's connections: a server that was killed has closed the other end."""
    from django.db import connections

    connections.close_all()


@contextmanager
def stage() -> Iterator[Stage]:
    """Everything running; removed afterwards."""
    with ground() as (data, server, database):
        with psycopg.connect(database.admin, autocommit=True) as admin:
            admin.execute(SLOW.encode())
        yield from _running(data, server, database)


@contextmanager
def ground() -> Iterator[tuple[Path, Server, Database]]:
    """A folder, a server and a migrated database that Django in this process plays on as role web; removed
    afterwards. In a test run it has that run's secrets, since Django is set up already."""
    with _session_of_tests() as secrets_file, TemporaryDirectory(prefix="handslag-faults-") as folder:
        data = Path(folder)
        data.chmod(0o755)
        shutil.copy(secrets_file, data / "secrets.json")
        server = postgres.ensure_running(data)
        secrets = Secrets.of(data)
        database = Database(server.database, server, secrets)
        try:
            roles.ensure(server, secrets)
            migrate = bed.process(database, "migrate", "handslag.cli.main", "migrate", HANDSLAG_DATA=folder)
            assert migrate.child.start().wait(120) == 0, migrate.child.tail()
            with playing(database):
                yield data, server, database
        finally:
            database.server.stop()  # after a kill it is another one


#: Transactions of the running product stay open for a moment, those of this process don't.
SLOW = f"""
CREATE FUNCTION stays_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF current_setting('application_name') <> 'faults' THEN PERFORM pg_sleep({OPEN_SECONDS}); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER stays_open AFTER INSERT ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION stays_open();
GRANT EXECUTE ON FUNCTION stays_open() TO PUBLIC;
"""


def _running(data: Path, server: Server, database: Database) -> Iterator[Stage]:
    public, inner, eid_port, ssbtek_port = (bed.free_port() for _ in range(4))
    told = {
        "HANDSLAG_DATA": str(data),
        "HANDSLAG_PORT": str(public),
        "HANDSLAG_EID_PORT": str(eid_port),
        "HANDSLAG_SSBTEK_PORT": str(ssbtek_port),
        "HANDSLAG_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
    }
    command = ("handslag.ops.web", "--port", str(inner), "--workers", "1", "--threads", "8")
    here = Stage(
        data,
        server,
        database,
        Proxy(public, inner),
        bed.process(database, "web", *command, role="web", port=inner, **told),
        bed.process(database, "worker", "handslag.cli.main", "worker", role="worker", **told),
        bed.process(database, "eid", "simulators.eid", port=eid_port, **told),
    )
    try:
        for one in (here.eid, here.web, here.worker):
            one.start()
        yield here
    finally:
        here.proxy.close()
        for one in (here.web, here.worker, here.eid):
            one.stop()


@contextmanager
def playing(database: Database) -> Iterator[None]:
    """Django in this process on the stage's database, and as before afterwards."""
    from django.db import connections

    from handslag.domain.tenancy import keys

    connections.close_all()
    settings = connections.settings["default"]
    parts = psycopg.conninfo.conninfo_to_dict(database.conninfo)
    before = {**settings, "OPTIONS": settings["OPTIONS"]}
    options = {**settings["OPTIONS"], "application_name": "faults"}
    settings.update(NAME=database.name, HOST=parts["host"], PORT=str(parts["port"]), OPTIONS=options)
    keys._opened.clear()  # by the ids of another database's organisations
    try:
        yield
    finally:
        connections.close_all()
        settings.update(before)
        keys._opened.clear()


@contextmanager
def _session_of_tests() -> Iterator[Path]:
    """The file of secrets that Django in this process has; outside of pytest it is set up first."""
    if "HANDSLAG_TEST_SERVER" in os.environ:
        yield Path(os.environ["HANDSLAG_DATA"]) / "secrets.json"
        return
    with TemporaryDirectory(prefix="handslag-soak-") as folder:
        Secrets.of(Path(folder))
        os.environ |= {
            "HANDSLAG_DATA": folder,
            "DJANGO_SETTINGS_MODULE": "handslag.config.settings",
            "HANDSLAG_ROLE": "web",
            "HANDSLAG_DB": "dbname=handslag",
        }
        bed.resolve_localhost()
        import django

        django.setup()
        yield Path(folder) / "secrets.json"
