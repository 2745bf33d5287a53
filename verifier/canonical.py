"""Canonical JSON by RFC 8785, for the values that are stored: no floats, integers up to 2**53 - 1."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class NotCanonical(ValueError):
    """The value has no canonical form: nothing that was written properly looks like this."""


def encode(value: Any) -> bytes:
    """The canonical bytes of None, bool, int, str, list and dict; NotCanonical for anything else."""
    try:
        return _TEXT.encode(_ordered(value)).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("a lone surrogate") from error
    except RecursionError as error:
        raise NotCanonical("nested without end") from error


def sha256(value: Any) -> str:
    """SHA-256 over the canonical bytes, 64 hexadecimal digits."""
    return hashlib.sha256(encode(value)).hexdigest()


def _ordered(value: Any) -> Any:
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, int):
        if not -(2**53) < value < 2**53:
            raise NotCanonical("an integer beyond 2**53 - 1")
        return value
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise NotCanonical("a key that is no text")
        if not "".join(value).isascii():
            return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
        return {key: _ordered(value[key]) for key in sorted(value)}
    raise NotCanonical(f"a {type(value).__name__}")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
