"""Bars as SVG: a picture with a title, its data in words, and every value written beside its bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

WIDTH: Final = 800
LABEL: Final = 300
VALUES: Final = 150
BAR: Final = 18
GAP: Final = 14
HEAD: Final = 64
FILLS: Final = ("#1b5e9b", "#e0a21b")
"""Told apart by lightness too: 3:1 against each other and against white, and in the same order everywhere."""


@dataclass(frozen=True, slots=True)
class Bars:
    """What one label shows: a value and its words for each series; None: left out."""

    label: str
    values: tuple[int | None, ...]
    words: tuple[str, ...]


def bars(name: str, lang: str, title: str, series: Sequence[str], rows: Sequence[Bars]) -> str:
    """A picture of horizontal bars. `name` (ASCII) makes its ids unique in a page; values are not negative."""
    most = max((v for row in rows for v in row.values if v is not None), default=0) or 1
    room = WIDTH - LABEL - VALUES
    step = len(series) * BAR + GAP
    height = HEAD + len(rows) * step
    told = "; ".join(
        f"{row.label}: " + ", ".join(f"{s} {w}" for s, w in zip(series, row.words, strict=True)) for row in rows
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" lang={quoteattr(lang)} '
        f'aria-labelledby="{name}-title {name}-data" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="14" fill="#1a1a1a">',
        f'<title id="{name}-title">{escape(title)}</title>',
        f'<desc id="{name}-data">{escape(told)}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="0" y="18" font-size="16" font-weight="bold">{escape(title)}</text>',
    ]
    at = 0
    for n, one in enumerate(series):
        lines.append(f'<rect x="{at}" y="32" width="14" height="14" fill="{FILLS[n]}" stroke="#1a1a1a"/>')
        lines.append(f'<text x="{at + 20}" y="44">{escape(one)}</text>')
        at += WIDTH // 2
    for r, row in enumerate(rows):
        top = HEAD + r * step
        lines.append(f'<text x="0" y="{top + (step - GAP) // 2 + 5}">{escape(row.label)}</text>')
        for n, (value, words) in enumerate(zip(row.values, row.words, strict=True)):
            y = top + n * BAR
            length = value * room // most if value else 0
            if value:
                lines.append(
                    f'<rect x="{LABEL}" y="{y + 1}" width="{max(length, 1)}" height="{BAR - 3}" '
                    f'fill="{FILLS[n]}" stroke="#1a1a1a"/>'
                )
            lines.append(f'<text x="{LABEL + length + 8}" y="{y + 14}" font-size="13">{escape(words)}</text>')
    return "\n".join([*lines, "</svg>", ""])
