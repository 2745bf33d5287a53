"""The embedded database goes from one major version to the next by the commands that the refusal prints."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from handslag.ops import postgres, roles
from handslag.ops.secrets import Secrets

BINARIES = sorted({postgres.bin_dir(), *Path("/usr/lib/postgresql").glob("*/bin")}, key=postgres.major_version)
OLD, NEW = BINARIES[0], BINARIES[-1]


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="handslag-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def handslag(binaries: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {
        "HANDSLAG_POSTGRES_BIN": str(binaries),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.run(
        [sys.executable, "-m", "handslag.cli.main", *arguments],
        input=given,
        env=environment,
        capture_output=True,
        check=False,
    )


def test_a_dump_of_the_oldest_version_is_restored_into_the_newest(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = Secrets.of(data)
    monkeypatch.setenv("HANDSLAG_POSTGRES_BIN", str(OLD))
    server = postgres.ensure_running(data)
    roles.ensure(server, secrets)
    with psycopg.connect(server.for_role("handslag_owner", secrets.roles["owner"])) as connection:
        connection.execute("CREATE TABLE kept AS SELECT n, 'Åsa ' || n AS name FROM generate_series(1, 500) n")
        connection.execute("ALTER TABLE kept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        connection.execute("GRANT SELECT ON kept TO handslag_backup")
    server.stop()

    dumped = handslag(OLD, "postgres", "dump", f"--data={data}")
    assert dumped.returncode == 0, dumped.stderr
    refused = handslag(NEW, "postgres", "restore", f"--data={data}", given=dumped.stdout)
    assert refused.returncode == 1
    assert b"move it away first" in refused.stderr
    if OLD != NEW:
        wrong = handslag(NEW, "postgres", "dump", f"--data={data}")
        assert wrong.returncode == 1
        assert wrong.stdout == b""
        printed = re.search(r"HANDSLAG_POSTGRES_BIN=(\S+) handslag postgres dump", wrong.stderr.decode())
        assert printed
        assert printed[1] == str(OLD)
    (data / "postgres").rename(data / "postgres.old")
    restored = handslag(NEW, "postgres", "restore", f"--data={data}", given=dumped.stdout)
    assert restored.returncode == 0, restored.stderr

    monkeypatch.setenv("HANDSLAG_POSTGRES_BIN", str(NEW))
    server = postgres.ensure_running(data)
    try:
        roles.check(server, secrets)
        backup = server.for_role("handslag_backup", secrets.roles["backup"])
        with psycopg.connect(backup) as connection:
            assert connection.execute("SELECT count(*), max(name) FROM kept").fetchone() == (500, "Åsa 99")
    finally:
        server.stop()


def test_a_broken_dump_is_not_taken_for_a_whole_one(data: Path) -> None:
    restored = handslag(NEW, "postgres", "restore", f"--data={data}", given=b"CREATE TABLE x (n int);\nNONSENSE;\n")
    assert restored.returncode == 1
    assert b"not complete" in restored.stderr
