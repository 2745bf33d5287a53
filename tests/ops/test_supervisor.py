"""`handslag up` as a person starts it: the whole product on a data folder of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from handslag.cli.status import _worker
from handslag.ops.supervisor import (
    UpError,
    _refuse_busy_ports,
    _refuse_demonstrations,
    _refuse_development_eids,
    answers,
)
from tests.bed import Database, free_port
from tests.office import command, process

CHILDREN = {"clamd", "courier", "eid", "postgres", "ssbtek", "web", "worker"}


@pytest.fixture
def told() -> Iterator[dict[str, str]]:
    """The environment of a person who has just cloned: nothing of the tests' own."""
    data = Path(tempfile.mkdtemp(prefix="handslag-up-"))
    data.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HANDSLAG_", "DJANGO_", "DATABASE_URL"))}
    yield kept | {
        "HANDSLAG_DATA": str(data),
        "HANDSLAG_PORT": str(free_port()),
        "HANDSLAG_EID_PORT": str(free_port()),
        "HANDSLAG_SSBTEK_PORT": str(free_port()),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    shutil.rmtree(data)


def up(told: dict[str, str], *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "handslag.cli.main", "up", *options]
    return subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended, also between two looks at it."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.1)


def healthy(told: dict[str, str]) -> bool:
    return answers("127.0.0.1", int(told["HANDSLAG_PORT"])) == 200


def processes(told: dict[str, str]) -> dict[str, int]:
    noted: dict[str, int] = json.loads(Path(told["HANDSLAG_DATA"], "up.json").read_text())["processes"]
    return noted


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def read_until_running(started: subprocess.Popen[str]) -> str:
    """What is printed until the last line of the welcome; the error output if it ends before."""
    assert started.stdout
    printed = ""
    for line in started.stdout:
        printed += line
        if "Stop: Ctrl-C" in line:
            return printed
    assert started.stderr
    raise AssertionError(printed + started.stderr.read())


def close(started: subprocess.Popen[str]) -> None:
    started.wait(30)
    for pipe in (started.stdout, started.stderr):
        assert pipe
        pipe.close()


def test_up_heals_itself_is_alone_and_leaves_nothing(told: dict[str, str]) -> None:
    started = up(told)
    try:
        printed = read_until_running(started)
        assert f"http://apply.localhost:{told['HANDSLAG_PORT']}" in printed
        assert f"http://desk.localhost:{told['HANDSLAG_PORT']}" in printed
        assert processes(told).keys() == CHILDREN

        second = up(told)
        assert second.wait(30) == 1
        assert second.stderr
        assert f"runs already on {told['HANDSLAG_DATA']} (process {started.pid})" in second.stderr.read()
        close(second)

        before = processes(told)
        for name in CHILDREN:
            os.kill(before[name], signal.SIGKILL)
        wait_for(lambda: len(set(processes(told).items()) - set(before.items())) == len(CHILDREN))
        wait_for(lambda: healthy(told))

        everything = family(started.pid)
        assert len(everything) > len(CHILDREN)  # with PostgreSQL's and the web server's own
        started.kill()
        close(started)
        wait_for(lambda: all(gone(process) for process in everything))

        demo = Path(told["HANDSLAG_DATA"], "demo.json").read_text()
        started = up(told)
        read_until_running(started)
        assert Path(told["HANDSLAG_DATA"], "demo.json").read_text() == demo  # it goes on with the same data
        status = subprocess.run(
            [sys.executable, "-m", "handslag.cli.main", "status"], env=told, capture_output=True, text=True
        )
        assert status.returncode == 0, status.stdout + status.stderr
        everything = family(started.pid)
        started.send_signal(signal.SIGTERM)
        assert started.wait(30) == 0
        assert not [process for process in everything if process.is_running()]
        assert not Path(told["HANDSLAG_DATA"], "up.json").exists()
    finally:
        started.kill()
        close(started)


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({}, "needs DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://admin@db.example/"}, "needs HANDSLAG_EID_ISSUER"),
        (
            {"DATABASE_URL": "postgresql://admin@db.example/", "HANDSLAG_EID_ISSUER": "https://127.0.0.1:8001"},
            "needs HANDSLAG_EID_ISSUER",
        ),
        (
            {"DATABASE_URL": "postgresql://admin@db.example/", "HANDSLAG_EID_ISSUER": "http://eid.localhost:8001"},
            "development e-ID",
        ),
    ],
)
def test_production_refuses_what_is_for_trying_out(
    told: dict[str, str], settings: dict[str, str], refusal: str
) -> None:
    started = up(told | settings, "--production")
    assert started.wait(30) == 1
    assert started.stderr
    assert refusal in started.stderr.read()
    close(started)


def test_production_refuses_the_demonstration(told: dict[str, str]) -> None:
    Path(told["HANDSLAG_DATA"], "demo.json").write_text("{}")
    real = {"DATABASE_URL": "postgresql://admin@db.example/", "HANDSLAG_EID_ISSUER": "https://eid.example"}
    started = up(told | real, "--production")
    assert started.wait(30) == 1
    assert started.stderr
    assert "demonstration's data" in started.stderr.read()
    close(started)


def test_production_refuses_a_database_that_holds_a_demonstration(own_copy: Database) -> None:
    """On a managed server: roles, migration and check of the database come before anything answers."""
    filled = own_copy.environment() | {"HANDSLAG_PORT": str(free_port())}
    subprocess.run([sys.executable, "-m", "handslag.cli.main", "demo"], env=filled, check=True)
    Path(filled["HANDSLAG_DATA"], "demo.json").unlink()
    filled.pop("HANDSLAG_DB")
    started = up(
        filled | {"DATABASE_URL": own_copy.admin, "HANDSLAG_EID_ISSUER": "https://eid.example"}, "--production"
    )
    assert started.wait(60) == 1
    assert started.stderr
    assert "holds demonstrations (beispielen, bergvik, kanton, lindhaga, musterwil)" in started.stderr.read()
    assert not healthy(filled)
    close(started)
    # It stays one: by the command that sets it, and by its log where the setting was changed past the command.
    said = command(own_copy, "organisation", "set", "lindhaga", "demonstration", "false")
    assert (said.returncode, "stays one" in said.stderr) == (1, True)
    with own_copy.connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE tenancy_policy SET value = 'false' WHERE name = 'demonstration'")
    with pytest.raises(UpError, match=r"holds demonstrations \(beispielen, bergvik, kanton, lindhaga, musterwil\)"):
        _refuse_demonstrations(SimpleNamespace(connection=own_copy.of_role))  # type: ignore[arg-type]


def test_a_database_in_production_takes_no_demonstration(own_copy: Database) -> None:
    """Also from commands that don't know that they are called beside a running `up --production`."""
    told = own_copy.environment() | {"HANDSLAG_PORT": str(free_port())}
    told.pop("HANDSLAG_DB")
    real = {"DATABASE_URL": own_copy.admin, "HANDSLAG_EID_ISSUER": "https://eid.example"}
    started = up(told | real, "--production")
    try:
        wait_for(lambda: healthy(told))
        demo = process(own_copy, "demo")
        assert (demo.returncode, "in production" in demo.stderr) == (1, True)
        with own_copy.connect("admin") as admin:
            assert admin.execute("SELECT count(*) FROM tenancy_organisation").fetchone() == (0,)
        added = ("add", "lindhaga", "--name", "Lindhaga", "--code", "9901", "--unit", "Stöd")
        assert process(own_copy, "organisation", *added).returncode == 0
        switched = process(own_copy, "organisation", "set", "lindhaga", "demonstration", "true")
        assert (switched.returncode, "production" in switched.stderr) == (1, True)
        for issuer in ("http://eid.localhost:8001", "http://127.0.0.1:8001", "https://127.0.0.1", "http://eid.example"):
            eid = f"{{issuer: '{issuer}', client_id: x}}"
            chosen = command(own_copy, "organisation", "set", "lindhaga", "eid", eid)
            assert (chosen.returncode, "reached by https" in chosen.stderr) == (1, True), issuer
        own = "{issuer: 'https://broker.example', client_id: x}"
        chosen = process(own_copy, "organisation", "set", "lindhaga", "eid", own)
        assert (chosen.returncode, "secrets.json: eid, lindhaga" in chosen.stderr) == (1, True)
        with own_copy.connect("backup") as backup:
            assert backup.execute("SELECT name FROM tenancy_policy").fetchall() == []
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(30)
        close(started)


def test_production_refuses_a_development_eid_of_any_organisation(own_copy: Database) -> None:
    """Chosen before the database went into production, or put there past the commands."""
    here = SimpleNamespace(connection=own_copy.of_role)
    with own_copy.connect("admin", autocommit=True) as admin:
        for number, issuer in enumerate(("https://eid.example", "https://[::1]:8001", "http://eid.example", None), 1):
            admin.execute(
                "INSERT INTO tenancy_organisation (id, slug, name, kind, country, currency, zone, languages, code_type,"
                " code, colour, address_lines, telephone, is_tenant, active) VALUES (%s, %s, 'N', 'municipality', 'SE',"
                " 'SEK', 'Europe/Stockholm', '{sv}', 'kommunkod', %s, '#1f5c7a', '{}', '', true, true)",
                [number, f"org-{number}", str(number)],
            )
            value = {"client_id": "x"} if issuer is None else {"issuer": issuer}
            admin.execute("SET session_replication_role = replica")
            admin.execute(
                "INSERT INTO tenancy_policy (id, tenant_id, name, value) VALUES (gen_random_uuid(), %s, 'eid', %s)",
                [number, json.dumps(value)],
            )
    with pytest.raises(UpError) as refused:
        _refuse_development_eids(here)  # type: ignore[arg-type]
    assert str(refused.value).startswith("org-2, org-3: ")


@pytest.mark.parametrize(
    "words", [("up", "--production"), ("status",), ("verify",), ("migrate",), ("worker", "--once"), ("backup", "x")]
)
def test_a_database_out_of_reach_is_told_in_one_line(told: dict[str, str], words: tuple[str, ...]) -> None:
    real = {"HANDSLAG_EID_ISSUER": "https://eid.example"}
    away = {"DATABASE_URL": f"postgresql://admin:Hemligt@127.0.0.1:{free_port()}/handslag"}
    command = [sys.executable, "-m", "handslag.cli.main", *words]
    done = subprocess.run(command, env=told | real | away, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "can't be used" in done.stderr and "DATABASE_URL" in done.stderr
    assert "Hemligt" not in done.stdout + done.stderr


@pytest.mark.parametrize(("name", "value"), [("PORT", "abc"), ("PORT", "70000"), ("EID_PORT", "-1"), ("PORT", "٨")])
def test_a_port_that_is_none_is_told_in_one_line(told: dict[str, str], name: str, value: str) -> None:
    command = [sys.executable, "-m", "handslag.cli.main", "up"]
    wrong = {f"HANDSLAG_{name}": value}
    done = subprocess.run(command, env=told | wrong, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, f"HANDSLAG_{name}={value} is no number from 1 to 65535.\n")


@pytest.mark.parametrize("words", [("up",), ("status",), ("verify",), ("backup", "x")])
def test_a_data_folder_that_is_none_is_told_in_one_line(
    told: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    (taken := tmp_path / "data").write_text("a file")
    command = [sys.executable, "-m", "handslag.cli.main", *words]
    done = subprocess.run(command, env=told | {"HANDSLAG_DATA": str(taken)}, capture_output=True, text=True, timeout=60)
    wrong = f"{taken} can't be used: File exists. Clear it up, or name another one.\n"
    assert (done.returncode, done.stderr) == (1, wrong)


def test_a_port_that_is_taken_names_its_variable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for variable in ("HANDSLAG_PORT", "HANDSLAG_EID_PORT", "HANDSLAG_SSBTEK_PORT"):
            with pytest.raises(UpError, match=rf"^Port {port} is taken \(.*\): set {variable} to another one\.$"):
                _refuse_busy_ports("127.0.0.1", {variable: port})


def test_a_worker_that_is_frozen_is_silent(own_copy: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with own_copy.connect("admin", autocommit=True) as admin:
        assert _worker(admin) == []
        admin.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '50 s')")
        (amiss,) = _worker(admin)
        assert "silent since" in amiss
        admin.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 s')")
        assert _worker(admin) == []
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in said] == ["none", "50", "5"]
