"""One tenant's folder: `<first two hex digits of the id's end>/<id>`, unfinished writes under `unfinished/`.

A write goes to an unfinished file, is fsynced, linked into place, and the folder is fsynced: after a crash
the file is either whole or absent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Set
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from handslag.connectors.store.local.sealed import CHUNK, seal, unseal
from handslag.connectors.store.port import FileAltered, FileExists, FileMissing, FileTooLarge, Stored, Swept
from handslag.kernel.files import sync_folder


class LocalStore:
    """The port's FileStore on a local disk. `key`: the tenant's 32-byte data key."""

    def __init__(self, folder: Path, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("a data key has 32 bytes")
        self._key = key
        self._folder = folder
        self._unfinished = folder / "unfinished"
        self._unfinished.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, file_id: UUID, content: BinaryIO, limit: int | None = None) -> Stored:
        """See FileStore.write."""
        place = self._place(file_id)
        if place.exists():
            raise FileExists(str(file_id))
        counted = _Counted(content, limit)
        unfinished = self._unfinished / f"{file_id}.{os.urandom(6).hex()}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as out:
                for piece in seal(self._key, file_id, counted.chunks()):
                    _write_all(out.fileno(), piece)
                os.fsync(out.fileno())
            if not place.parent.is_dir():
                place.parent.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._folder)
            os.link(unfinished, place)  # unlike a rename it never replaces a file
        except FileExistsError:
            raise FileExists(str(file_id)) from None
        except _LimitReached:
            raise FileTooLarge(str(file_id)) from None
        finally:
            unfinished.unlink(missing_ok=True)
        sync_folder(place.parent)
        return Stored(file_id, counted.digest.hexdigest(), counted.size)

    def read(self, file_id: UUID) -> Iterator[bytes]:
        """See FileStore.read."""
        try:
            sealed = self._place(file_id).open("rb")
        except FileNotFoundError:
            raise FileMissing(str(file_id)) from None
        with sealed:
            try:
                yield from unseal(self._key, file_id, sealed)
            except ValueError as error:
                raise FileAltered(f"{file_id}: {error}") from None

    def delete(self, file_id: UUID) -> None:
        """See FileStore.delete."""
        place = self._place(file_id)
        try:
            place.unlink()
        except FileNotFoundError:
            raise FileMissing(str(file_id)) from None
        sync_folder(place.parent)

    def sweep(self, referenced: Set[UUID], before: datetime) -> Swept:
        """See FileStore.sweep."""
        oldest = before.timestamp()
        unfinished = [path for path in self._unfinished.iterdir() if path.stat().st_mtime < oldest]
        for path in unfinished:
            path.unlink(missing_ok=True)
        present = {UUID(path.name): path for path in self._folder.glob("??/*")}
        removed = {i for i, path in present.items() if i not in referenced and path.stat().st_mtime < oldest}
        for file_id in removed:
            present[file_id].unlink(missing_ok=True)
        return Swept(frozenset(removed), len(unfinished), frozenset(referenced - present.keys()))

    def _place(self, file_id: UUID) -> Path:
        return self._folder / file_id.hex[-2:] / str(file_id)


class _LimitReached(Exception):
    pass


class _Counted:
    """Cuts a stream into chunks of exactly CHUNK bytes while counting and hashing it."""

    def __init__(self, content: BinaryIO, limit: int | None) -> None:
        self._content, self._limit = content, limit
        self.digest, self.size = hashlib.sha256(), 0

    def chunks(self) -> Iterator[bytes]:
        while chunk := self._full_chunk():
            self.size += len(chunk)
            if self._limit is not None and self.size > self._limit:
                raise _LimitReached
            self.digest.update(chunk)
            yield chunk

    def _full_chunk(self) -> bytes:
        parts, missing = [], CHUNK
        while missing and (part := self._content.read(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


def _write_all(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]
