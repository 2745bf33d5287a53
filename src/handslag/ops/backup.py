"""Backup and restore: one folder with a dump, the file store and a manifest that both can be held against.

The dump and the counts of the manifest see one state of the database; a file is durable before the row that names
it commits, so the files copied after that state hold everything that it names. The installation's key
(`secrets.json`) is not in the folder: keep a copy of it elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from handslag.ops import postgres
from handslag.ops.installation import Installation
from handslag.ops.postgres import PostgresError

FORMAT = 1
DUMP, MANIFEST, FILES = "database.dump", "manifest.json", "files"
Manifest = dict[str, Any]
Say = Callable[[str], None]
Connection = psycopg.Connection[tuple[Any, ...]]


class BackupError(PostgresError):
    """The backup can't be made, isn't whole, or can't be restored here; the message says why and what to do."""


def back_up(installation: Installation, target: Path, now: datetime, say: Say) -> Path:
    """Write `<target>/handslag-<moment>` and give its path; a folder of that name is whole or isn't there."""
    place = target / f"handslag-{now:%Y%m%dT%H%M%SZ}"
    half = place.with_name(place.name + ".part")
    if place.exists():
        raise BackupError(f"{place} exists already.")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700, parents=True)
    with _one_state(installation) as (connection, snapshot):
        say("dumping the database")
        _program(
            installation, "backup", "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={half / DUMP}"
        )
        say("counting")
        counted = _counted(connection)
    say("copying the files")
    manifest = {
        "format": FORMAT,
        "made_at": now.isoformat(timespec="seconds"),
        "key_check": _key_check(installation),
        "dump": _digest(half / DUMP),
        **counted,
        "files": _copied(installation.data / FILES, half / FILES),
    }
    _write(half / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
    half.rename(place)
    return place


def checked(place: Path) -> Manifest:
    """The manifest of a backup whose bytes are all there and unaltered; BackupError names what isn't."""
    try:
        manifest: Manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupError(f"{place} is no whole backup: {MANIFEST}: {error}") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{place}: format {manifest.get('format')}, not {FORMAT}: restore with the version it is of.")
    wrong = [] if _digest(place / DUMP) == manifest["dump"] else [f"{DUMP} is altered or cut"]
    present = _digests(place / FILES)
    for name in sorted(manifest["files"].keys() | present.keys()):
        if name not in present:
            wrong.append(f"{FILES}/{name} is gone")
        elif name not in manifest["files"]:
            wrong.append(f"{FILES}/{name} was not there when the backup was made")
        elif present[name] != manifest["files"][name]:
            wrong.append(f"{FILES}/{name} is altered or cut")
    if wrong:
        raise BackupError(f"{place} can't be trusted:\n" + "\n".join(f"- {one}" for one in wrong[:20]))
    return manifest


def restore(installation: Installation, place: Path, say: Say) -> Manifest:
    """Bring a backup into an empty installation and hold it against the manifest, table by table. Gives the manifest,
    with the files that weren't before the bank yet (`not_before_bank`).

    BackupError when the backup isn't whole, the installation isn't empty, its key is another one, or a row, a
    chain or a file isn't what it was.
    """
    say("checking the backup's bytes")
    manifest = checked(place)
    if manifest["key_check"] != _key_check(installation):
        raise BackupError(
            f"{installation.data / 'secrets.json'} is not the one of this backup: no file and no signing key could be "
            "opened. Put its copy back first."
        )
    if any(path.is_file() for path in (installation.data / FILES).rglob("*")):
        raise BackupError(f"{installation.data / FILES} holds files already: restore into an empty folder.")
    with psycopg.connect(installation.connection("owner"), autocommit=True) as connection:
        if tables := _tables(connection):
            raise BackupError(f"the database has {len(tables)} tables already: restore into an empty one.")
    say("restoring the database")
    _program(installation, "owner", "pg_restore", "--exit-on-error", "--single-transaction", str(place / DUMP))
    say("restoring the files")
    shutil.copytree(place / FILES, installation.data / FILES, dirs_exist_ok=True)
    say("comparing")
    with _one_state(installation) as (connection, _):
        found = _counted(connection)
    differences = list(_differences(manifest, {**found, "files": _digests(installation.data / FILES)}))
    if differences:
        told = "\n".join(f"- {one}" for one in differences[:20])
        raise BackupError(f"what was restored is not what was backed up:\n{told}")
    manifest["not_before_bank"] = _forget_what_ran(installation)
    # Roots that were kept here may be newer than the backup: who restores knows that what came after it is gone.
    if (kept := installation.data / "roots").is_dir():
        kept.rename(installation.data / f"roots-before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    return manifest


def _forget_what_ran(installation: Installation) -> list[tuple[str, str]]:
    """Log everybody out, and cancel jobs that had been waiting, and files that couldn't be put before the bank: what
    is still needed is enqueued anew, and what may have left since waits for a person. Gives those files: organisation
    and name."""
    with psycopg.connect(installation.connection("owner"), autocommit=True) as connection:
        connection.execute("DELETE FROM tenancy_session")
        held = connection.execute(
            "SELECT coalesce(o.slug, ''), replace(j.args->>'run', '-', '') || '.xml' FROM procrastinate_jobs j "
            "LEFT JOIN tenancy_organisation o ON o.id = (j.args->>'tenant')::bigint "
            "WHERE j.task_name = 'handslag:hand_over_file' AND j.status IN ('todo', 'doing', 'failed') ORDER BY 1, 2"
        ).fetchall()
        connection.execute(
            "UPDATE procrastinate_jobs SET status = 'cancelled' WHERE status = 'todo' "
            "OR (status = 'failed' AND task_name = 'handslag:hand_over_file')"
        )
        connection.execute("UPDATE procrastinate_jobs SET status = 'aborted' WHERE status = 'doing'")
    return held


@contextmanager
def _one_state(installation: Installation) -> Iterator[tuple[Connection, str]]:
    """A read-only connection as the role backup on one state of the database, and the name of that state."""
    with psycopg.connect(installation.connection("backup"), autocommit=True) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        yield connection, str(snapshot)
        connection.execute("ROLLBACK")


def _tables(connection: Connection) -> dict[str, bool]:
    """Every table, and whether its rows belong to a tenant."""
    found = connection.execute(
        "SELECT c.relname, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "AND NOT a.attisdropped) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1"
    )
    return dict(found.fetchall())


def _counted(connection: Connection) -> Manifest:
    """Rows by organisation and table, rows of the tables that belong to none, and each organisation's chains."""
    slugs: dict[int, str] = dict(connection.execute("SELECT id, slug FROM tenancy_organisation").fetchall())
    tenants: dict[str, dict[str, int]] = {slug: {} for slug in slugs.values()}
    shared: dict[str, int] = {}
    for table, of_tenant in _tables(connection).items():
        count = sql.SQL("SELECT {} count(*) FROM {} {}").format(
            sql.SQL("tenant_id," if of_tenant else ""),
            sql.Identifier(table),
            sql.SQL("GROUP BY tenant_id" if of_tenant else ""),
        )
        for row in connection.execute(count).fetchall():
            if of_tenant:
                tenants[slugs[row[0]]][table] = row[1]
            else:
                shared[table] = row[0]
    chains = {
        slugs[tenant]: {"subjects": subjects, "events": events, "heads": heads}
        for tenant, subjects, events, heads in connection.execute(
            "SELECT tenant_id, count(*), sum(seq), "
            "encode(sha256(string_agg(id::text || ' ' || seq || ' ' || head, E'\\n' ORDER BY id)::bytea), 'hex') "
            "FROM audit_subject GROUP BY tenant_id"
        )
    }
    return {"tenants": tenants, "shared": shared, "chains": chains}


def _differences(wanted: Manifest, found: Manifest) -> Iterator[str]:
    for part in ("tenants", "shared", "chains", "files"):
        for name in sorted(wanted[part].keys() | found[part].keys()):
            before, after = wanted[part].get(name), found[part].get(name)
            if part == "tenants" and isinstance(before, dict) and isinstance(after, dict):
                for table in sorted(before.keys() | after.keys()):
                    if before.get(table, 0) != after.get(table, 0):
                        yield f"{name}: {table}: {before.get(table, 0)} rows, now {after.get(table, 0)}"
            elif json.loads(json.dumps(after, default=int)) != before:
                yield f"{part}: {name}: {before}, now {after}"


def _key_check(installation: Installation) -> str:
    """Tells one installation's key from another's, and nothing of the key."""
    return hmac.new(installation.secrets.installation_key, b"handslag backup", hashlib.sha256).hexdigest()


def _program(installation: Installation, role: str, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as a role; the password is not in the command line, which others may see."""
    parts = conninfo_to_dict(installation.connection(role))
    password = str(parts.pop("password"))
    where = make_conninfo("", **{key: value for key, value in parts.items() if value is not None})
    done = subprocess.run(
        [os.fspath(_programs(installation.connection(role)) / name), "--no-password", f"--dbname={where}", *arguments],
        env={**os.environ, "PGPASSWORD": password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{name} failed:\n{done.stderr.strip()[-2000:]}")


def _programs(conninfo: str) -> Path:
    """The folder of the programs that are of the server's own major version: others write what it can't read."""
    with psycopg.connect(conninfo) as connection:
        server = connection.info.server_version // 10000
    for folder in (postgres.bin_dir(), Path(f"/usr/lib/postgresql/{server}/bin")):
        if (folder / "pg_dump").exists():
            said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
            if said.split()[2].split(".")[0] == str(server):
                return folder
    raise BackupError(
        f"The server is PostgreSQL {server}, and its pg_dump and pg_restore are not at hand: install them (Debian: "
        f"apt-get install postgresql-client-{server}), or set HANDSLAG_POSTGRES_BIN to their folder."
    )


def _copied(source: Path, target: Path) -> dict[str, list[Any]]:
    """Copy the finished files of a store; their digests by name."""
    target.mkdir(mode=0o700)
    if source.exists():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("unfinished"))
    return _digests(target)


def _digests(folder: Path) -> dict[str, list[Any]]:
    return {
        path.relative_to(folder).as_posix(): _digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "unfinished" not in path.relative_to(folder).parts
    }


def _digest(path: Path) -> list[Any]:
    """[SHA-256 in hexadecimal, size in bytes] of a file; ["", 0] where there is none."""
    if not path.exists():
        return ["", 0]
    with path.open("rb") as file:
        return [hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size]


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
