"""Identifiers: UUIDv7 keys and the reference numbers that people say on the phone."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0

#: Letters of the check character: no I, O, Q (mistaken for 1 and 0 on the phone and on paper).
_CHECK = "ABCDEFGHJKLMNPRSTUVWXYZ"


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562): 48 bits of milliseconds, 12 bits of sub-millisecond kept rising, 62 random bits."""
    global _last
    with _lock:
        stamp = time.time_ns() * 4096 // 1_000_000  # milliseconds, followed by 12 bits of their fraction
        _last = stamp = max(stamp, _last + 1)
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2)


def key_of(text: str) -> UUID | None:
    """A key as somebody else writes it; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def least_of(seconds_ago: float) -> UUID:
    """No UUIDv7 that was made since so many seconds ago is less."""
    return UUID(int=int((time.time() - seconds_ago) * 1000) << 80)


def reference(year: int, number: int) -> str:
    """The number people use, as `2026-004127-K`: year, running number of the tenant, check character.

    Every single wrong digit and every swap of two neighbours changes the check character
    (weighted sum modulo 23, a prime above every weight).
    """
    digits = f"{year:04d}{number:06d}"
    return f"{year:04d}-{number:06d}-{_CHECK[_weighted(digits)]}"


def reference_is_valid(text: str) -> bool:
    """Whether `text` is a reference number whose check character fits (case and blanks at the ends don't matter)."""
    parts = text.strip().upper().split("-")
    if len(parts) != 3 or not (parts[0] + parts[1]).isascii() or not (parts[0] + parts[1]).isdigit():
        return False
    return len(parts[0]) == 4 and len(parts[1]) >= 6 and _CHECK[_weighted(parts[0] + parts[1])] == parts[2]


def _weighted(digits: str) -> int:
    return sum((position + 2) * int(digit) for position, digit in enumerate(digits)) % len(_CHECK)
