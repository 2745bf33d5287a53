"""Reading what another machine sends: never more than a size or a depth, never longer than a moment."""

import re
import time
from collections.abc import Iterable
from typing import Final

MOST_DEEP: Final = 40
"""Levels of lists and objects within each other that anybody means; a reader of JSON fails at some hundreds."""
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")


class TooLarge(Exception):
    """More came than is read."""


class TooSlow(Exception):
    """It wasn't all there in time."""


def read_within(parts: Iterable[bytes], most: int, ends: float) -> bytes:
    """All of `parts`, at most so many bytes, until `ends` (of `time.monotonic`). TooLarge, TooSlow."""
    content = bytearray()
    for part in parts:
        content += part
        if len(content) > most:
            raise TooLarge
        if time.monotonic() > ends:
            raise TooSlow
    if time.monotonic() > ends:  # it was cut, and may be torn
        raise TooSlow
    return bytes(content)


def too_deep(content: bytes) -> bool:
    """Whether JSON (or what claims to be) lies deeper within itself than `MOST_DEEP` levels."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", content)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MOST_DEEP:
            return True
    return False
