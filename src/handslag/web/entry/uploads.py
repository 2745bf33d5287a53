"""Uploaded files: how large, what they are, under which name they are kept. The browser is believed in nothing."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from handslag.connectors.store.content_type import TypeRefused, content_type
from handslag.connectors.store.port import for_tenant
from handslag.domain.documents.operations import StoredFile
from handslag.kernel.ids import key_of, uuid7

#: Bytes of one file: a phone's largest photos, a long PDF; and of all files of one request.
LARGEST, LARGEST_TOGETHER = 15_000_000, 60_000_000
LONGEST_NAME = 120


class Limited(FileUploadHandler):
    """Stops reading a file where it is too large; the rest of the form comes through. Their names are in
    `request.too_large`."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self.size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and pass on."""
        self.size += len(raw_data)
        self.together = getattr(self, "together", 0) + len(raw_data)
        if self.size > LARGEST or self.together > LARGEST_TOGETHER:
            assert self.request is not None
            names = getattr(self.request, "too_large", [])
            self.request.too_large = [*names, shown_name(self.file_name or "")]  # type: ignore[attr-defined]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Others keep the file."""


@dataclass(frozen=True)
class Taken:
    """A file that was taken: `title` is its name as we keep it."""

    title: str
    file: StoredFile


@dataclass(frozen=True)
class Refused:
    """A file that wasn't, by which `code`: too large, empty, encrypted, unknown, mixed, program, markup."""

    title: str
    code: str


def shown_name(name: str, ending: str = "") -> str:
    """A file's name as it is kept and shown: without folders, control and direction signs, with the ending of what it
    is. "bild.exe" that is a photo becomes "bild.jpg"."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip(" .")
    stem = plain.rpartition(".")[0] if "." in plain and ending else plain
    return ((stem or "fil")[: LONGEST_NAME - 8] + (f".{ending}" if ending else "")).strip()


def keep(tenant: int, key: bytes, files: list[UploadedFile[Any]]) -> list[Taken | Refused]:
    """Write what may be taken into the tenant's store, encrypted; outside any door. What no document names in the end
    is swept away."""
    store = for_tenant(Path(settings.DATA) / "files" / str(tenant), key)
    found: list[Taken | Refused] = []
    for file in files:
        name = file.name or ""
        try:
            kind = content_type(file)  # type: ignore[arg-type]
        except TypeRefused as refused:
            found.append(Refused(shown_name(name), refused.code))
            continue
        stored = store.write(uuid7(), file, LARGEST)  # type: ignore[arg-type]
        kept = StoredFile(stored.file_id, stored.digest, stored.size, kind.media_type)
        found.append(Taken(shown_name(name, kind.extension), kept))
    return found


def too_large(request: HttpRequest) -> list[Refused]:
    """The files of this request that were too large."""
    return [Refused(name, "too large") for name in getattr(request, "too_large", [])]


def named_key(value: str) -> UUID:
    """The key under which a page sends something once: what is no UUID stands for one, always the same; nothing
    sent: a new one."""
    return key_of(value) or (uuid5(NAMESPACE_OID, value) if value else uuid7())
