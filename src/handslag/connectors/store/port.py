"""Files of a tenant: written once, durable before the row naming them commits, encrypted, in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from uuid import UUID

_STORES = {"local": "handslag.connectors.store.local"}


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: SHA-256 (hex) and size in bytes of the plain content."""

    file_id: UUID
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: `removed` files that nothing names, number of `unfinished` writes removed, and
    `missing`: referenced ids without a file (a loss to report; the sweep can't mend it)."""

    removed: frozenset[UUID]
    unfinished: int
    missing: frozenset[UUID]


class StoreFault(Exception):
    """The store can't do what was asked. The text names the file's id, never its content or path."""


class FileMissing(StoreFault):
    """No file with this id."""


class FileExists(StoreFault):
    """A file with this id is already there; files are never overwritten."""


class FileTooLarge(StoreFault):
    """The content is longer than allowed; nothing was kept."""


class FileAltered(StoreFault):
    """The stored bytes are not what was written: altered, cut, another file's, or another key."""


class FileStore(Protocol):
    """The files of one tenant."""

    def write(self, file_id: UUID, content: BinaryIO, limit: int | None = None) -> Stored:
        """Reads `content` to its end (at most `limit` bytes) and stores it; durable when this returns.

        Raises FileExists, FileTooLarge; whatever goes wrong, no file with this id is left behind.
        """
        ...

    def read(self, file_id: UUID) -> Iterator[bytes]:
        """The plain content in chunks, each proven before it is handed out. Raises FileMissing,
        FileAltered; a cut file is noticed at its end, so keep nothing of what came before an error.
        """
        ...

    def delete(self, file_id: UUID) -> None:
        """Removes the file for good. Raises FileMissing."""
        ...

    def sweep(self, referenced: Set[UUID], before: datetime) -> Swept:
        """Removes files that `referenced` doesn't name and unfinished writes, both only if older than
        `before` (a file is written before its row commits: leave at least the longest upload as distance).
        """
        ...


def for_tenant(folder: Path, key: bytes, kind: str = "local") -> FileStore:
    """The store of the tenant that alone owns `folder`, with its 32-byte `key`.

    Raises LookupError for a kind that doesn't exist, ValueError for a key of another length.
    """
    if kind not in _STORES:
        raise LookupError(f"no file store {kind!r}; known: {', '.join(sorted(_STORES))}")
    return cast(FileStore, import_module(_STORES[kind]).LocalStore(folder, key))
