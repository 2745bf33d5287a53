"""Reading what another machine sends: never more than a size, never longer than a moment."""

import time
from collections.abc import Iterable


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
    return bytes(content)
