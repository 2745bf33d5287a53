"""`handslag postgres`: carry the embedded database from one major version to the next."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from psycopg.conninfo import make_conninfo

from handslag.cli.errors import told_plainly
from handslag.ops import postgres, roles
from handslag.ops.installation import data_folder
from handslag.ops.postgres import PostgresError, Server
from handslag.ops.secrets import Secrets

app = typer.Typer(add_completion=False, no_args_is_help=True)
Data = Annotated[Path | None, typer.Option(help="The data folder; else HANDSLAG_DATA, else var.")]


@app.command()
def dump(data: Data = None) -> None:
    """Write everything as SQL to standard output: databases, roles, rights."""
    with told_plainly():
        folder = data or data_folder()
        server = postgres.ensure_running(folder)
        try:
            done = subprocess.run(
                [_program("pg_dumpall"), f"--dbname={_administrator(server)}"],
                stdin=subprocess.DEVNULL,
                env=_with_password(folder),
                check=False,
            )
        finally:
            server.stop()
        if done.returncode:
            raise PostgresError("pg_dumpall failed: the dump is not complete.")


@app.command()
def restore(data: Data = None) -> None:
    """Read such SQL from standard input into an empty data folder, then check the roles."""
    with told_plainly():
        folder = data or data_folder()
        if (folder / "postgres" / "PG_VERSION").exists():
            raise PostgresError(f"{folder / 'postgres'} exists already: move it away first.")
        server = postgres.ensure_running(folder)
        try:
            psql = subprocess.Popen(
                [_program("psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", _administrator(server)],
                stdin=subprocess.PIPE,
                env=_with_password(folder),
                stdout=subprocess.DEVNULL,
            )
            assert psql.stdin is not None
            with psql.stdin:
                psql.stdin.writelines(_without_administrator(sys.stdin.buffer))
            if psql.wait():
                raise PostgresError("psql stopped at an error: the folder is not complete.")
            roles.check(server, Secrets.of(folder))
        finally:
            server.stop()


def _administrator(server: Server) -> str:
    """How the administrator logs in, without the password: the list of processes shows command lines."""
    return make_conninfo(server.conninfo, user=postgres.SUPERUSER, dbname="postgres")


def _with_password(folder: Path) -> dict[str, str]:
    return {**os.environ, "PGPASSWORD": Secrets.of(folder).superuser}


def _program(name: str) -> str:
    return os.fspath(postgres.bin_dir() / name)


def _without_administrator(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The new server has its administrator already, with the password of the secrets file."""
    role = f"ROLE {postgres.SUPERUSER}".encode()
    for line in lines:
        if not line.startswith((b"CREATE " + role, b"ALTER " + role)):
            yield line
