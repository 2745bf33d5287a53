"""What a file is, by its content: an allow-list of types, with foreign bodies refused.

A name or a browser's claim is never believed. A file that is one thing at its beginning and another
elsewhere (a ZIP archive behind an image, a PDF header inside a picture, markup in a "text") is refused.
"""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from typing import BinaryIO

import puremagic

_HEAD = 4096
_TAIL = 66 * 1024
_PDF = re.compile(rb"%PDF-[12]\.\d")
_LOCKED = re.compile(rb"/Encrypt\b")
_MARKUP = re.compile(rb"<(?:!doctype|html|script|svg|iframe|body|head|\?php)\b", re.IGNORECASE)
_PROGRAM = re.compile(rb"\A(?:MZ|\x7fELF|#!|\xca\xfe\xba\xbe|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe)")


@dataclass(frozen=True, slots=True)
class ContentType:
    """An allowed type: its media type, the extension that a download gets, how its first bytes look, and
    what puremagic may call it.
    """

    media_type: str
    extension: str
    begins: re.Pattern[bytes]
    known_as: frozenset[str]


def _type(media_type: str, extension: str, begins: bytes, *also: str) -> ContentType:
    return ContentType(media_type, extension, re.compile(begins, re.DOTALL), frozenset({media_type, *also}))


ALLOWED = (
    _type("application/pdf", "pdf", rb"%PDF-[12]\.\d", "application/vnd.fdf"),
    _type("image/jpeg", "jpg", rb"\xff\xd8\xff[\xc0-\xfe]"),
    _type("image/png", "png", rb"\x89PNG\r\n\x1a\n.{4}IHDR"),
    _type("image/heic", "heic", rb".{4}ftyp(?:heic|heix|heim|heis|mif1|msf1)", "image/heif"),
    _type("image/webp", "webp", rb"RIFF.{4}WEBPVP8[ LX]"),
    _type("image/tiff", "tif", rb"(?:II\*\x00|MM\x00\*)"),
)
TEXT = ContentType("text/plain", "txt", re.compile(b""), frozenset({"text/plain", ""}))


class TypeRefused(ValueError):
    """The file isn't one of the allowed types. `code`: empty, unknown, mixed, program, markup,
    encrypted."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def content_type(file: BinaryIO) -> ContentType:
    """The allowed type of a seekable file, which is left at its beginning. Raises TypeRefused.

    Plain text must be UTF-8 without control characters (a byte order mark is allowed).
    """
    size = file.seek(0, os.SEEK_END)
    tail = _at(file, max(0, size - _TAIL), _TAIL)
    head = _at(file, 0, _HEAD)
    if not head:
        raise TypeRefused("empty")
    if _PROGRAM.search(head):
        raise TypeRefused("program")
    found = next((kind for kind in ALLOWED if kind.begins.match(head)), None)
    if found is None:
        return _text(file, head)
    named = _named(head, 0.0)
    if named and not named & found.known_as:
        raise TypeRefused("mixed")
    if _MARKUP.search(head[:1024]):
        raise TypeRefused("markup")
    if found.media_type != "application/pdf" and _PDF.search(head):
        raise TypeRefused("mixed")
    if _ends_as_archive(tail) or (found.media_type == "application/pdf" and b"%%EOF" not in tail):
        raise TypeRefused("mixed")
    if found.media_type == "application/pdf" and (_LOCKED.search(head) or _LOCKED.search(tail)):
        raise TypeRefused("encrypted")
    return found


def _text(file: BinaryIO, head: bytes) -> ContentType:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while block := file.read(_TAIL):
            if any((c < " " and c not in "\t\n\r\f") or c == "\x7f" for c in decoder.decode(block)):
                raise TypeRefused("unknown")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise TypeRefused("unknown") from None
    file.seek(0)
    if _MARKUP.search(head) or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        raise TypeRefused("markup")
    if _PDF.search(head) or _named(head, 0.5) - {"", "text/plain", "text/csv"}:
        raise TypeRefused("mixed")
    return TEXT


def _named(head: bytes, confidence: float) -> set[str]:
    try:
        return {match.mime_type for match in puremagic.magic_string(head) if match.confidence >= confidence}
    except (puremagic.PureError, ValueError):
        return set()


def _ends_as_archive(tail: bytes) -> bool:
    """Whether a ZIP reader would find an archive: an end record whose comment reaches exactly to the end."""
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        if len(tail) >= place + 22 + int.from_bytes(tail[place + 20 : place + 22], "little") >= place + 22:
            return True
        place = tail.rfind(b"PK\x05\x06", 0, place)
    return False


def _at(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(place)
    parts = []
    while length and (part := file.read(length)):
        parts.append(part)
        length -= len(part)
    file.seek(0)
    return b"".join(parts)
