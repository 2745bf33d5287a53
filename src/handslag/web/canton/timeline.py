"""Days as bars: what holds on which of them, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

#: How wide a picture is, how high a row and its bar are.
WIDTH, ROW, BAR = 900, 34, 22


@dataclass(frozen=True)
class Bar:
    """A stretch of days in the picture: where it begins and how long it is, in its units; `kind` colours it."""

    x: int
    y: int
    width: int
    kind: str
    text: str


def picture(
    rows: Iterable[tuple[int, str, date, date | None, Any]], first: date, last: date, on: date, high: int
) -> dict[str, Any]:
    """What a template draws of the days from `first` until before `last`: each of `rows` is (row from above, kind,
    since, until, what it says); `on` is today; `high`: how many rows there are."""
    whole = (last - first).days
    bars = []
    for y, kind, begins, ends, text in rows:
        since, until = max(begins, first), min(ends or last, last)
        if since < until:
            x, end = ((day - first).days * WIDTH // whole for day in (since, until))
            bars.append(Bar(x, y * ROW, max(1, end - x), kind, str(text)))
    return {
        "bars": bars,
        "first": first,
        "last": last - timedelta(days=1),
        "today": (on - first).days * WIDTH // whole if first <= on < last else None,
        "width": WIDTH,
        "height": high * ROW,
        "bar": BAR,
    }
