"""Stored JSON, whatever it is: nobody has promised its shape to somebody who looks for what was altered."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

#: No row has it.
NO_KEY = UUID(int=0)


class Unreadable:
    """JSON that no reader takes: nested without end, or a number without end. It has no canonical form."""


def loads(text: str | bytes) -> Any:
    """The value of a JSON column; numbers that are no integers as Decimal."""
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return Unreadable()


def fields(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[dict[str, Any]]:
    """The entries of a list of objects; what isn't an object counts as an empty one. No list: none."""
    return [fields(each) for each in value] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The entries of a list as text; no list: none."""
    return [str(each) for each in value] if isinstance(value, list) else []


def key(value: Any) -> UUID:
    """The key that a text is; NO_KEY for what is none."""
    try:
        return UUID(value) if isinstance(value, str) else NO_KEY
    except ValueError:
        return NO_KEY
