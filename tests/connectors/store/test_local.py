import hashlib
import io
import os
import signal
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from handslag.connectors.store.local import LocalStore
from handslag.connectors.store.local.sealed import CHUNK
from handslag.connectors.store.port import (
    FileAltered,
    FileExists,
    FileMissing,
    FileTooLarge,
    for_tenant,
)

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
FIRST, SECOND = UUID(int=0x1F), UUID(int=0x2E)
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "files", KEY)


def sealed(store: LocalStore) -> Path:
    (path,) = store._folder.glob("??/*")
    return path


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_what_was_written_is_read(store: LocalStore, size: int) -> None:
    plain = os.urandom(size)
    stored = store.write(FIRST, io.BytesIO(plain))
    assert (stored.digest, stored.size) == (hashlib.sha256(plain).hexdigest(), size)
    assert b"".join(store.read(FIRST)) == plain
    kept = sealed(store).read_bytes()
    assert size < 64 or plain[:32] not in kept
    assert sealed(store).stat().st_mode & 0o777 == 0o600


def test_every_flipped_bit_and_every_cut_is_noticed(store: LocalStore) -> None:
    store.write(FIRST, io.BytesIO(b"x" * (2 * CHUNK + 5)))
    path, whole = sealed(store), sealed(store).read_bytes()
    piece = CHUNK + 16
    places = [0, 3, 4, 35, 36, 36 + piece - 1, 36 + piece, 36 + 2 * piece, len(whole) - 1]
    damaged = [whole[:p] + bytes([whole[p] ^ 1]) + whole[p + 1 :] for p in places]
    damaged += [whole[:p] for p in (0, 3, 36, 40, 36 + piece, 36 + 2 * piece, len(whole) - 1)]
    damaged += [
        whole + b"\0",
        whole[:36] + whole[36 + piece : 36 + 2 * piece] + whole[36 : 36 + piece] + whole[36 + 2 * piece :],
    ]
    damaged += [whole[: 36 + piece] + whole[36 : 36 + piece] + whole[36 + piece :]]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(FileAltered) as altered:
            list(store.read(FIRST))
        assert str(FIRST) in str(altered.value)
    path.write_bytes(whole)
    assert sum(map(len, store.read(FIRST))) == 2 * CHUNK + 5


def test_another_key_and_another_file_are_noticed(store: LocalStore) -> None:
    store.write(FIRST, io.BytesIO(b"a secret"))
    with pytest.raises(FileAltered):
        list(LocalStore(store._folder, OTHER_KEY).read(FIRST))
    place = store._place(SECOND)
    place.parent.mkdir()
    sealed(store).rename(place)
    with pytest.raises(FileAltered):
        list(store.read(SECOND))
    with pytest.raises(ValueError, match="32 bytes"):
        for_tenant(store._folder, b"short")


def test_same_content_is_sealed_differently(store: LocalStore) -> None:
    store.write(FIRST, io.BytesIO(b"same"))
    store.write(SECOND, io.BytesIO(b"same"))
    one, two = (path.read_bytes() for path in store._folder.glob("??/*"))
    assert one[36:] != two[36:]


def test_a_file_is_never_overwritten(store: LocalStore) -> None:
    store.write(FIRST, io.BytesIO(b"first"))
    with pytest.raises(FileExists):
        store.write(FIRST, io.BytesIO(b"second"))
    assert b"".join(store.read(FIRST)) == b"first"
    assert list(store._unfinished.iterdir()) == []


def test_too_large_and_broken_streams_leave_nothing(store: LocalStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    assert store.write(SECOND, io.BytesIO(b"1234"), limit=4).size == 4
    with pytest.raises(FileTooLarge):
        store.write(FIRST, io.BytesIO(b"12345"), limit=4)
    with pytest.raises(ConnectionResetError):
        store.write(FIRST, Broken())
    with pytest.raises(FileMissing):
        list(store.read(FIRST))
    assert list(store._unfinished.iterdir()) == []


def test_delete(store: LocalStore) -> None:
    store.write(FIRST, io.BytesIO(b"gone"))
    store.delete(FIRST)
    with pytest.raises(FileMissing):
        list(store.read(FIRST))
    with pytest.raises(FileMissing):
        store.delete(FIRST)


def test_sweep_takes_old_orphans_only(store: LocalStore) -> None:
    store.write(FIRST, io.BytesIO(b"named"))
    store.write(SECOND, io.BytesIO(b"orphan"))
    (store._unfinished / "left").write_bytes(b"half")
    lost = UUID(int=0x3D)
    young = store.sweep({FIRST}, datetime.now(UTC) - timedelta(hours=1))
    assert (young.removed, young.unfinished, young.missing) == (frozenset(), 0, frozenset())
    swept = store.sweep({FIRST, lost}, LATER)
    assert (swept.removed, swept.unfinished, swept.missing) == (frozenset({SECOND}), 1, frozenset({lost}))
    assert b"".join(store.read(FIRST)) == b"named"


KILLED = """
import io, os, signal, sys
from pathlib import Path
from uuid import UUID
from handslag.connectors.store.local import LocalStore, files
die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
where = sys.argv[2]
if where == "link":
    os.link = die
elif where == "after":
    files.sync_folder = die
store = LocalStore(Path(sys.argv[1]), bytes(range(32)))
class Slow(io.BytesIO):
    def read(self, size=-1):
        if where == "read" and self.tell() > 100_000:
            die()
        return super().read(size)
store.write(UUID(int=0x1F), Slow(b"y" * 300_000))
"""


@pytest.mark.parametrize("where", ["read", "link", "after"])
def test_killed_while_writing_leaves_a_whole_file_or_none(store: LocalStore, where: str) -> None:
    (store._folder / "1f").mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(store._folder), where],
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.returncode == -signal.SIGKILL
    if where == "after":
        assert sum(map(len, store.read(FIRST))) == 300_000
        assert store.sweep({FIRST}, LATER).removed == frozenset()
    else:
        with pytest.raises(FileMissing):
            list(store.read(FIRST))
        assert len(list(store._unfinished.iterdir())) == 1
        assert store.sweep(set(), LATER).unfinished == 1
        assert store.write(FIRST, io.BytesIO(b"again")).size == 5


def test_a_large_file_needs_no_memory(store: LocalStore) -> None:
    class Zeros(io.RawIOBase):
        left = 64 * 1024 * 1024

        def read(self, size: int = -1) -> bytes:
            taken = min(size, self.left)
            self.left -= taken
            return bytes(taken)

    tracemalloc.start()
    store.write(FIRST, Zeros())  # type: ignore[arg-type]
    assert sum(map(len, store.read(FIRST))) == 64 * 1024 * 1024
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024
