"""The sealed file: a stream of AES-256-GCM chunks under a key of its own.

Layout: b"HSF1", 32 random bytes of salt, then chunks of 64 KiB plain content, each with a 16-byte tag. File
key: HKDF-SHA-256(data key, salt, info = b"handslag file 1" + file id). Nonce: 11 bytes big-endian chunk
number, then one byte that is 1 on the last chunk only (STREAM, Hoang, Reyhanitabar, Rogaway and Vizár
2015), so that chunks can't be altered, swapped, dropped, repeated or moved to another file unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"HSF1"
CHUNK = 64 * 1024
_TAG = 16
_SALT = 32


def seal(key: bytes, file_id: UUID, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Sealed bytes for plain `chunks` of exactly CHUNK bytes, the last one may be shorter; none is fine."""
    salt = os.urandom(_SALT)
    cipher = _cipher(key, salt, file_id)
    yield MAGIC + salt
    number, held = 0, next(chunks, b"")
    for following in chunks:
        yield cipher.encrypt(_nonce(number, False), held, None)
        number, held = number + 1, following
    yield cipher.encrypt(_nonce(number, True), held, None)


def unseal(key: bytes, file_id: UUID, sealed: BinaryIO) -> Iterator[bytes]:
    """The plain chunks of `sealed`, each proven. ValueError if anything is not as it was written."""
    head = sealed.read(len(MAGIC) + _SALT)
    if len(head) != len(MAGIC) + _SALT or not head.startswith(MAGIC):
        raise ValueError("no sealed file")
    cipher = _cipher(key, head[len(MAGIC) :], file_id)
    number, held = 0, sealed.read(CHUNK + _TAG)
    while True:
        following = sealed.read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, not following), held, None)
        except InvalidTag:
            raise ValueError(f"chunk {number} is not what was written") from None
        if not following:
            return
        number, held = number + 1, following


def _cipher(key: bytes, salt: bytes, file_id: UUID) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"handslag file 1" + file_id.bytes).derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
