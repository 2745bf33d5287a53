"""What a simulation says, as tables, pictures and CSV. It gets only what may be published."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from handslag.kernel.money import KRONA, format_amount
from handslag.kernel.months import Month
from handslag.rules.yaml_files import shipped
from handslag.simulation.chart import Bars, bars
from handslag.simulation.courses import LEAST
from handslag.simulation.disclosure import Published, Row

LANGUAGES: Final = ("sv", "de", "fr", "en")
LEFT_OUT: Final = ".."
"""In CSV: left out."""
_COLUMNS: Final = (
    "kind", "households", "cost_before", "cost_after", "difference", "winners", "gains", "losers", "losses", "same",
)  # fmt: skip
_STYLE: Final = """
body { font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff }
body { margin: 0 auto; max-width: 85rem; padding: 1rem }
.wide { overflow-x: auto }
.wide:focus-visible { outline: 3px solid #1b5e9b }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: bold; padding: .5rem 0 }
th, td { border-bottom: 1px solid #767676; padding: .35rem .7rem; text-align: right; white-space: nowrap }
th:first-child { text-align: left }
figure { margin: 1.5rem 0 }
"""


@dataclass(frozen=True, slots=True)
class About:
    """What was simulated. `before`, `after`: names of the proposals, none: the norms in force."""

    lang: str
    locale: str
    currency: str
    months: tuple[Month, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    example: bool
    decimals: bool


@cache
def _texts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = shipped(Path(__file__).with_name("texts.yaml"))
    return found


def say(name: str, lang: str, **more: Any) -> str:
    """A text of the report."""
    return _texts()[name][lang].format(**more)


def _kind(kind: str, lang: str) -> str:
    adults, _, children = kind.partition("_")
    if adults in ("single", "couple"):
        return f"{say(adults, lang)} {say(f'children_{children}', lang)}"
    return say(kind, lang)


def _amounts(row: Row) -> list[int | None]:
    """The cells of a row after its name and number, in the order of the columns: amounts and counts."""
    if row.cells is None:
        return [None] * len(_IS_AMOUNT)
    before, after, *counted = row.cells
    return [before, after, after - before, *counted]


_IS_AMOUNT: Final = (True, True, True, False, True, False, True, False)


def _told(about: About, cell: int | None, amount: bool) -> str:
    if cell is None:
        return say("left_out", about.lang)
    if amount:
        return format_amount(cell, about.locale, decimals=about.decimals or None)
    return format_amount(cell * KRONA, about.locale)


def tables(about: About, found: Published) -> list[tuple[str, list[str], list[list[str]]]]:
    """(caption, heads, rows) of each table, as people of the language read them."""
    lang = about.lang
    kinds = [
        [_kind(row.kind, lang), _told(about, row.households, False)]
        + [_told(about, cell, amount) for cell, amount in zip(_amounts(row), _IS_AMOUNT, strict=True)]
        for row in (*found.kinds, found.total)
    ]
    months = [
        [str(month)] + [_told(about, cell, True) for cell in _month(cost)]
        for month, cost in zip(about.months, found.months, strict=True)
    ]
    return [
        (say("by_kind", lang), [say(name, lang) for name in _COLUMNS], kinds),
        (say("by_month", lang), [say(n, lang) for n in ("month", "cost_before", "cost_after", "difference")], months),
    ]


def _month(cost: tuple[int, int] | None) -> Sequence[int | None]:
    return (None, None, None) if cost is None else (*cost, cost[1] - cost[0])


def pictures(about: About, found: Published) -> dict[str, str]:
    """The pictures by name."""
    lang = about.lang
    by_month = [
        Bars(str(month), cost or (None, None), tuple(_told(about, each, True) for each in cost or (None, None)))
        for month, cost in zip(about.months, found.months, strict=True)
    ]
    by_kind = []
    for row in (*found.kinds, found.total):
        _, _, _, more, _, less, _, _ = _amounts(row)
        by_kind.append(Bars(_kind(row.kind, lang), (more, less), tuple(_told(about, n, False) for n in (more, less))))
    cost = f"{say('cost_by_month', lang)} ({about.currency})"
    return {
        "cost-by-month": bars("cost", lang, cost, [say("before", lang), say("after", lang)], by_month),
        "more-and-less": bars("who", lang, say("who", lang), [say("winners", lang), say("losers", lang)], by_kind),
    }


def sheets(about: About, found: Published) -> dict[str, str]:
    """The same as CSV by name: codes in English, amounts with a point and two decimals."""

    def cell(value: int | None, amount: bool) -> str:
        if value is None:
            return LEFT_OUT
        sign, (whole, rest) = "-" if value < 0 else "", divmod(abs(value), KRONA)
        return f"{sign}{whole}.{rest:02}" if amount else str(value)

    kinds = [["currency", *_COLUMNS]] + [
        [about.currency, row.kind, str(row.households)]
        + [cell(value, amount) for value, amount in zip(_amounts(row), _IS_AMOUNT, strict=True)]
        for row in (*found.kinds, found.total)
    ]
    months = [["currency", "month", "cost_before", "cost_after", "difference"]] + [
        [about.currency, str(month)] + [cell(value, True) for value in _month(cost)]
        for month, cost in zip(about.months, found.months, strict=True)
    ]
    return {"by-kind": _csv(kinds), "by-month": _csv(months)}


def _csv(rows: list[list[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def remarks(about: About, found: Published) -> list[str]:
    """What stands above the tables."""
    lang = about.lang
    first = say(
        "about",
        lang,
        households=_told(about, found.total.households, False),
        months=len(about.months),
        since=about.months[0],
        currency=about.currency,
    )
    names = [
        f"{say(side, lang)}: {', '.join(files) or say('in_force', lang)}."
        for side, files in (("before", about.before), ("after", about.after))
    ]
    rest = [say("example", lang)] if about.example else []
    return [first, *names, *rest, say("ages", lang), say("left", lang), say("why", lang, least=LEAST)]


def to_text(about: About, found: Published) -> str:
    """Remarks and tables for a terminal."""
    lines = [say("title", about.lang), "", *remarks(about, found)]
    for caption, heads, rows in tables(about, found):
        widths = [max(len(row[n]) for row in [heads, *rows]) for n in range(len(heads))]
        lines += ["", caption]
        for row in [heads, *rows]:
            first, *others = row
            cells = [first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:], strict=True))]
            lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def to_html(about: About, found: Published) -> str:
    """One page that needs nothing else: remarks, each picture, and the tables with its data."""
    lang, title = about.lang, say("title", about.lang)
    parts = [f"<p>{escape(text)}</p>" for text in remarks(about, found)]
    shown = zip(reversed(pictures(about, found).values()), tables(about, found), strict=True)
    for picture, (caption, heads, rows) in shown:
        wide = 'class="wide" role="region" tabindex="0" aria-label='
        head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(c)}</td>" for c in row[1:]) + "</tr>\n"
            for row in rows
        )
        parts.append(f'<div {wide}"{escape(caption)} (SVG)"><figure>\n{picture}</figure></div>')
        parts.append(
            f'<div {wide}"{escape(caption)}">'
            f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
            f"<tbody>\n{body}</tbody></table></div>"
        )
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head><meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style></head>\n'
        f"<body><main>\n<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</main></body>\n</html>\n"
    )


def write(folder: Path, about: About, found: Published) -> None:
    """The report's files, into an empty folder."""
    files = {"report.html": to_html(about, found), "report.txt": to_text(about, found)}
    files |= {f"{name}.svg": picture for name, picture in pictures(about, found).items()}
    files |= {f"{name}.csv": sheet for name, sheet in sheets(about, found).items()}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
