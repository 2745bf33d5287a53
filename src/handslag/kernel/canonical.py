"""Canonical JSON (RFC 8785 restricted to what we store) and the digests taken over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

Json: TypeAlias = "None | bool | int | str | list[Json] | dict[str, Json]"

#: Integers beyond this are not the same number in every JSON reader (RFC 8785, section 3.2.2.3).
LARGEST = 2**53 - 1
_FAST = msgspec.json.Encoder(order="sorted")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dumps(value: object) -> bytes:
    """The one byte sequence for `value`: keys sorted by UTF-16 code units, no blanks, UTF-8.

    Takes None, bool, int (up to 2**53 - 1), str, list and dict with str keys.
    Anything else, floats above all, raises TypeError; a larger integer or a lone surrogate raises ValueError.
    """
    if _plain(value):
        return _FAST.encode(value)
    return _ENCODER.encode(_checked(value)).encode("utf-8")


def digest(value: object) -> str:
    """SHA-256 of the canonical bytes of `value`, as 64 hexadecimal digits."""
    return hashlib.sha256(dumps(value)).hexdigest()


def _plain(value: object) -> bool:
    """Whether it is of the very types that it may be of, with keys of ASCII: two encoders write the same of it."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -LARGEST <= value <= LARGEST  # type: ignore[operator]
    items: Iterable[object] = ()
    if isinstance(value, dict) and kind is dict:
        for key in value:
            if type(key) is not str or not key.isascii():
                return False
        items = value.values()
    elif isinstance(value, (list, tuple)) and kind in (list, tuple):
        items = value
    else:
        return False
    for item in items:  # half of what `all(map(...))` costs: every write goes through here
        if type(item) is str:
            continue
        if not _plain(item):
            return False
    return True


def _checked(value: object) -> object:
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise ValueError(f"{value} is beyond the integers that every JSON reader keeps")
        return value
    if isinstance(value, (list, tuple)):
        return [_checked(item) for item in value]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"canonical JSON has text keys only, not {type(key).__name__}")
        if not "".join(value).isascii():  # of ASCII alone the order of code units is that of the text
            return {key: _checked(value[key]) for key in sorted(value, key=lambda text: text.encode("utf-16-be"))}
        return {key: _checked(value[key]) for key in sorted(value)}
    raise TypeError(f"canonical JSON has no {type(value).__name__}")
