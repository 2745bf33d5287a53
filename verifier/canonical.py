"""Canonical JSON by RFC 8785, for the values that are stored: no floats, integers up to 2**53 - 1."""

from __future__ import annotations

import hashlib
import json
from typing import Any


class NotCanonical(ValueError):
    """The value has no canonical form: nothing that was written properly looks like this."""


def encode(value: Any) -> bytes:
    """The canonical bytes of None, bool, int, str, list and dict; NotCanonical for anything else."""
    parts: list[str] = []
    try:
        _write(value, parts)
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("a lone surrogate") from error
    except RecursionError as error:
        raise NotCanonical("nested without end") from error


def sha256(value: Any) -> str:
    """SHA-256 over the canonical bytes, 64 hexadecimal digits."""
    return hashlib.sha256(encode(value)).hexdigest()


def _write(value: Any, parts: list[str]) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, int):
        if not -(2**53) < value < 2**53:
            raise NotCanonical("an integer beyond 2**53 - 1")
        parts.append(str(value))
    elif isinstance(value, str):
        parts.append(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, (list, tuple)):
        parts.append("[")
        for place, item in enumerate(value):
            if place:
                parts.append(",")
            _write(item, parts)
        parts.append("]")
    elif isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise NotCanonical("a key that is no text")
        parts.append("{")
        for place, key in enumerate(sorted(value, key=_utf16)):
            if place:
                parts.append(",")
            parts.append(json.dumps(key, ensure_ascii=False) + ":")
            _write(value[key], parts)
        parts.append("}")
    else:
        raise NotCanonical(f"a {type(value).__name__}")


def _utf16(key: str) -> list[int]:
    raw = key.encode("utf-16-be", "surrogatepass")
    return [raw[place] << 8 | raw[place + 1] for place in range(0, len(raw), 2)]
