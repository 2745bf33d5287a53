"""`handslag up`: the whole product as one tree of processes.

PostgreSQL (unless DATABASE_URL names one), roles, migration, then web, worker and, for trying out, the
development e-ID and the demonstration. What dies is started again. SIGTERM and Ctrl-C stop everything in
order; after a kill -9 the kernel ends the children. A second start on the same folder is refused.
"""

import fcntl
import http.client
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

from handslag.kernel.addresses import is_for_real
from handslag.ops import postgres, roles
from handslag.ops.installation import Installation, data_folder
from handslag.ops.postgres import PostgresError, Server
from handslag.ops.processes import Child, adopt_orphans
from handslag.ops.secrets import Secrets

STOP_SECONDS = 15.0
READY_SECONDS = 60.0


class UpError(Exception):
    """The product can't start; the message says what to do."""


@dataclass(frozen=True)
class Plan:
    """How the product is to run. `say` gets each line for the person at the terminal."""

    data: Path
    production: bool
    host: str
    port: int
    eid_port: int
    ssbtek_port: int
    workers: int
    say: Callable[[str], None]


def plan_from_environment(*, production: bool, say: Callable[[str], None]) -> Plan:
    """The plan by HANDSLAG_DATA, HANDSLAG_HOST, HANDSLAG_PORT, HANDSLAG_EID_PORT, HANDSLAG_SSBTEK_PORT,
    HANDSLAG_WEB_WORKERS. UpError where one of them is no number."""
    return Plan(
        data=data_folder(),
        production=production,
        host=os.environ.get("HANDSLAG_HOST", "127.0.0.1"),
        port=_number("HANDSLAG_PORT", 8000),
        eid_port=_number("HANDSLAG_EID_PORT", 8001),
        ssbtek_port=_number("HANDSLAG_SSBTEK_PORT", 8002),
        workers=_number("HANDSLAG_WEB_WORKERS", 2),
        say=say,
    )


def _number(name: str, usual: int) -> int:
    """A whole number from 1 to 65535 of the environment; UpError for anything else."""
    told = os.environ.get(name, str(usual))
    if not re.fullmatch(r"[0-9]{1,5}", told) or not 1 <= int(told) <= 65_535:
        raise UpError(f"{name}={told} is no number from 1 to 65535.")
    return int(told)


def up(plan: Plan) -> None:
    """Run the product until it is told to stop. Raises UpError, PostgresError, RolesError, SecretsError."""
    if plan.production:
        refuse_what_is_not_for_production(plan)
    plan.data.mkdir(parents=True, exist_ok=True)
    with _only_one(plan.data):
        simulated = {"HANDSLAG_EID_PORT": plan.eid_port, "HANDSLAG_SSBTEK_PORT": plan.ssbtek_port}
        _refuse_busy_ports(plan.host, {"HANDSLAG_PORT": plan.port} | ({} if plan.production else simulated))
        stop = _Stop()
        adopt_orphans()
        server = postgres.reach(plan.data)
        children: list[Child] = []
        try:
            _run(plan, server, children, stop)
        finally:
            for child in children:
                child.ask_to_stop()
            deadline = time.monotonic() + STOP_SECONDS
            for child in children:
                child.stop(deadline)
            server.stop()
            (plan.data / "up.json").unlink(missing_ok=True)
    plan.say("Stopped.")


def refuse_what_is_not_for_production(plan: Plan) -> None:
    """Raises UpError where the environment or the data folder still holds what is only for trying out."""
    if not os.environ.get("DATABASE_URL"):
        raise UpError(
            "--production needs DATABASE_URL, the DSN of a PostgreSQL >= 15 that you back up; "
            "the embedded server is for trying out."
        )
    issuer = os.environ.get("HANDSLAG_EID_ISSUER", "")
    if not is_for_real(issuer):
        raise UpError(
            "--production needs HANDSLAG_EID_ISSUER, the https address of a real e-ID provider; "
            "the development e-ID lets anybody be anybody."
        )
    if os.environ.get("HANDSLAG_SMTP", "").startswith("file:"):
        raise UpError("--production needs a mail server in HANDSLAG_SMTP, or none: a folder is no post.")
    if (plan.data / "demo.json").exists():
        raise UpError(f"{plan.data} holds the demonstration's data; --production needs a folder of its own.")


def _refuse_demonstrations(installation: Installation) -> None:
    """Raises UpError where an organisation of the database is a demonstration, free to decide on example norms, or
    was one: what its log says can't be unsaid."""
    with psycopg.connect(installation.connection("backup")) as connection:
        found = connection.execute(
            "SELECT slug FROM tenancy_organisation WHERE id IN ("
            "SELECT tenant_id FROM tenancy_policy WHERE name = 'demonstration' AND value <> 'false' UNION "
            "SELECT e.tenant_id FROM audit_event e JOIN audit_payload p ON p.tenant_id = e.tenant_id AND p.id = e.id "
            "WHERE e.kind = 'policy set' AND p.body->>'name' = 'demonstration' AND p.body->>'after' = 'true'"
            ") ORDER BY slug"
        ).fetchall()
    if found:
        names = ", ".join(slug for (slug,) in found)
        raise UpError(f"The database holds demonstrations ({names}); --production needs a database of its own.")


def _refuse_development_eids(installation: Installation) -> None:
    """Raises UpError where an organisation has chosen an e-ID without TLS, or one on this machine."""
    with psycopg.connect(installation.connection("backup")) as connection:
        found = connection.execute(
            "SELECT o.slug, p.value FROM tenancy_policy p JOIN tenancy_organisation o ON o.id = p.tenant_id "
            "WHERE p.name = 'eid' ORDER BY o.slug"
        ).fetchall()
    wrong = [slug for slug, own in found if "issuer" in own and not is_for_real(own["issuer"])]
    if wrong:
        raise UpError(
            f"{', '.join(wrong)}: the e-ID that is set is none for real people (no https, or on this machine). Set it "
            f"first: handslag organisation set {wrong[0]} eid '{{issuer: https://..., client_id: ...}}', or '{{}}' for "
            "that of HANDSLAG_EID_ISSUER."
        )


def _mark_production(installation: Installation) -> None:
    """From now on `handslag demo` and the setting `demonstration` refuse this database, whoever calls them."""
    with psycopg.connect(installation.connection("owner"), autocommit=True) as connection:
        connection.execute("COMMENT ON SCHEMA public IS 'handslag production'")


class _Stop:
    """Whether somebody asked to stop; the handlers only set the flag."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`, less when asked to stop."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(0.1, left))
        return self.asked


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    with open(data / "up.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise UpError(
                f"Handslag runs already on {data} (process {lock.read().strip()}); stop that one first."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _refuse_busy_ports(host: str, ports: dict[str, int]) -> None:
    for variable, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise UpError(f"Port {port} is taken ({error.strerror}): set {variable} to another one.") from error


def _run(plan: Plan, server: Server, children: list[Child], stop: _Stop) -> None:
    secrets = Secrets.of(plan.data)
    roles.ensure(server, secrets)
    installation = Installation(plan.data, secrets, server)
    plan.say("Database ready; bringing it to the present schema ...")
    _run_once(plan, installation, "migrate")
    if plan.production:
        _refuse_demonstrations(installation)
        _refuse_development_eids(installation)
        _mark_production(installation)
    children += _children(plan, installation)
    for child in children:
        child.start()
    _note_processes(plan, server, children)
    if not plan.production:
        plan.say("Filling the demonstration ...")
        _run_once(plan, installation, "demo")
    if not _wait_until_served(plan, children, stop):
        return
    plan.say(_welcome(plan))
    while not stop.wait(0.5):
        _keep_database(plan, server)
        for child in children:
            if how := child.keep_alive():
                plan.say(f"{child.name} died ({how}); starting it again. Log: {child.log_file}")
        _note_processes(plan, server, children)


def _environment(plan: Plan, installation: Installation, role: str | None = None) -> dict[str, str]:
    told = {
        "HANDSLAG_PORT": str(plan.port),
        "HANDSLAG_EID_PORT": str(plan.eid_port),
        "HANDSLAG_SSBTEK_PORT": str(plan.ssbtek_port),
    }
    if plan.production:
        told["HANDSLAG_PRODUCTION"] = "1"
    elif not os.environ.get("HANDSLAG_SMTP"):
        told["HANDSLAG_SMTP"] = f"file:{plan.data / 'mailbox'}"
    if not plan.production and not os.environ.get("HANDSLAG_CLAMD"):
        told["HANDSLAG_CLAMD"] = str(plan.data / "clamd.sock")
    return installation.environment(role) | told


def _children(plan: Plan, installation: Installation) -> list[Child]:
    def child(name: str, *command: str, role: str | None = None) -> Child:
        environment = _environment(plan, installation, role)
        return Child(name, [sys.executable, "-m", *command], environment, plan.data / "log")

    web = ("--host", plan.host, "--port", str(plan.port), "--workers", str(plan.workers))
    found = [
        child("web", "handslag.ops.web", *web, role="web"),
        child("worker", "handslag.cli.main", "worker", role="worker"),
        child("courier", "handslag.cli.main", "courier", role="courier"),
    ]
    if not plan.production:
        found[:0] = [child("eid", "simulators.eid"), child("ssbtek", "simulators.ssbtek")]
        if not os.environ.get("HANDSLAG_CLAMD"):
            found.insert(0, child("clamd", "simulators.clamd", str(plan.data / "clamd.sock")))
    return found


def _run_once(plan: Plan, installation: Installation, command: str) -> None:
    """One of our own commands as a process of its own, to the end. Raises UpError with its last words."""
    child = Child(
        command,
        [sys.executable, "-m", "handslag.cli.main", command],
        _environment(plan, installation),
        plan.data / "log",
    )
    process = child.start()
    try:
        code = process.wait()
    finally:
        child.stop(time.monotonic())
    if code != 0:
        raise UpError(f"`handslag {command}` failed (exit code {code}):\n{child.tail()}")


def _keep_database(plan: Plan, server: Server) -> None:
    """Start the embedded server again when it has died, or when another command that ran it has ended."""
    if os.environ.get("DATABASE_URL") or (server.process is not None and server.process.poll() is None):
        return
    if server.process is not None:
        plan.say("PostgreSQL died; starting it again.")
    try:
        server.process = postgres.ensure_running(plan.data).process
    except PostgresError as error:
        plan.say(str(error))


def _note_processes(plan: Plan, server: Server, children: list[Child]) -> None:
    """Keep `<data>/up.json` true: what `handslag status` looks for."""
    running = {child.name: child.process.pid for child in children if child.process}
    if server.process is not None:
        running["postgres"] = server.process.pid
    path = plan.data / "up.json"
    text = json.dumps({"supervisor": os.getpid(), "port": plan.port, "processes": running})
    if not path.exists() or path.read_text() != text:
        path.with_suffix(".part").write_text(text)
        path.with_suffix(".part").rename(path)


def answers(host: str, port: int, path: str = "/health", name: str = "apply.localhost") -> int | None:
    """The status with which the web server answers, None when it does not."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"{name}:{port}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _wait_until_served(plan: Plan, children: list[Child], stop: _Stop) -> bool:
    """True once /health says 200; False when asked to stop before. Raises UpError after a minute."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if stop.asked:
            return False
        for child in children:
            if child.process and child.process.poll() is not None:
                raise UpError(f"{child.name} does not start:\n{child.tail()}")
        if answers(plan.host, plan.port) == http.client.OK:
            return True
        stop.wait(0.1)
    web = next(child for child in children if child.name == "web")
    raise UpError(f"The web server does not answer on port {plan.port}:\n{web.tail()}")


def _welcome(plan: Plan) -> str:
    """Addresses and log-ins, from what `handslag demo` wrote to `<data>/demo.json`."""
    shown: dict[str, Any] = {}
    with suppress(FileNotFoundError):
        shown = json.loads((plan.data / "demo.json").read_text())
    lines = ["", "Handslag runs. Addresses:"]
    lines += [f"  {address}" for address in shown.get("addresses", [f"http://{plan.host}:{plan.port}/"])]
    if logins := shown.get("logins"):
        lines += ["", "Log-ins (all people are invented):"]
        who = max(len(login["who"]) for login in logins)
        where = max(len(login["where"]) for login in logins)
        lines += [f"  {one['who']:<{who}}  {one['where']:<{where}}  {one['how']}" for one in logins]
    if not plan.production and not os.environ.get("HANDSLAG_SMTP"):
        lines += ["", f"Mail that it would send: {plan.data / 'mailbox'}"]
    lines += ["", f"Data: {plan.data}   Logs: {plan.data / 'log'}   Stop: Ctrl-C"]
    return "\n".join(lines)


def process_alive(pid: int) -> bool:
    """Whether a process with this number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
