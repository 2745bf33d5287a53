import io
import zipfile
import zlib

import pytest

from handslag.connectors.letter.port import for_tenant
from handslag.connectors.store.content_type import TypeRefused, content_type

from ..letter.examples import RECEIPT


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "hidden")
    return out.getvalue()


PDF = for_tenant().receipt(RECEIPT).content
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(300) + b"\xff\xd9"
EXIF = bytes.fromhex("ffd8ffe1001845786966000049492a0008000000") + bytes(300) + b"\xff\xd9"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (EXIF, "image/jpeg"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(100), "image/heic"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(60), "image/webp"),
        (b"II*\0\x08\0\0\0" + bytes(60), "image/tiff"),
        ("Hej, jag bor på Ågatan 3.\r\nمرحبا\n".encode(), "text/plain"),
        ("\ufeffBM och MZ är initialer".encode(), "text/plain"),
        (b"BM 2026-03-01 4 < 5 och 6 > 5", "text/plain"),
    ],
)
def test_allowed_types(content: bytes, media_type: str) -> None:
    file = io.BytesIO(content)
    assert content_type(file).media_type == media_type
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"MZ\x90\0" + bytes(60), "program"),
        (b"\x7fELF" + bytes(60), "program"),
        (b"#!/bin/sh\nrm", "program"),
        (archive(), "unknown"),
        (b"GIF89a" + bytes(60), "unknown"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(60), "unknown"),
        (b"Gr\xe5 text i Latin-1", "unknown"),
        (b"text\0med noll", "unknown"),
        (b"<!DOCTYPE html><p>hej", "markup"),
        (b"hej <script>alert(1)</script>", "markup"),
        (b"<?xml version='1.0'?><x/>", "markup"),
        (b"{\\rtf1 hej}", "mixed"),
        (PNG + archive(), "mixed"),
        (JPEG + archive(), "mixed"),
        (PDF + archive(), "mixed"),
        (JPEG[:20] + b"%PDF-1.4" + JPEG[20:], "mixed"),
        (JPEG[:20] + b"<script>" + JPEG[20:], "markup"),
        (b"%PDF-1.7\n no end", "mixed"),
        (b"  %PDF-1.7\n as text %%EOF", "mixed"),
        (b"junk\n" + PDF, "unknown"),
        (b"\xff\xd8\xff", "unknown"),
    ],
)
def test_refused_types(content: bytes, code: str) -> None:
    with pytest.raises(TypeRefused) as refused:
        content_type(io.BytesIO(content))
    assert refused.value.code == code
