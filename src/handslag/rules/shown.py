"""A sheet made ready to be read: words, links to the law, sources, differences to the month before; and as HTML.

The sheet itself (`sheet.py`) is what is stored and compared; this is what pages, the API and annexes show of it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from html import escape
from typing import Final

import msgspec

from handslag.rules.norms import Used
from handslag.rules.sheet import Line, Sheet, wording_of
from handslag.rules.text import Wording, in_line

NO_DECISION: Final = "no_decision"
#: All the style that the HTML has, so that a reader may allow it by its digest.
STYLE: Final = (
    "body{font-family:system-ui,sans-serif;line-height:1.5;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:0 0 2rem}"
    "caption{text-align:start;font-weight:600;font-size:1.2em}"
    "th,td{text-align:start;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #ccc}"
    ".n{text-align:end;white-space:nowrap;font-variant-numeric:tabular-nums}"
    "dl{display:grid;grid-template-columns:1fr auto;font-size:1.2em;font-weight:600}dd{margin:0}"
    "@media(max-width:40rem){table,tbody,tfoot,tr,td,tbody th,tfoot th{display:block;border:0;padding:.1rem 0}"
    "thead{display:none}tr{border-bottom:1px solid #ccc;padding:.5rem 0}.n{text-align:start}}"
)


class Law(msgspec.Struct, frozen=True):
    """A section of law as in force on a day; `url` "" where no address is known."""

    text: str
    on: date
    url: str


class ShownLine(msgspec.Struct, frozen=True):
    """One line in words. Amounts in minor units.

    `source`: where the fact came from ("" where the line rests on no single one); `uncounted`: why it has no statistics
    code ("" where it has one); `difference`: to the month before (None: there is none to compare with).
    """

    code: str
    label: str
    person: str | None
    amount: int
    sentence: str
    law: Law
    numbers: list[Used]
    rounding: str
    source: str
    statistics_code: str | None
    uncounted: str
    difference: int | None


class ShownSum(msgspec.Struct, frozen=True):
    """A named amount in minor units."""

    name: str
    label: str
    amount: int


class ShownGroup(msgspec.Struct, frozen=True):
    """Lines under one heading, and their sum."""

    name: str
    label: str
    lines: list[ShownLine]
    sum: ShownSum


class ShownSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet in words of one language. `gone`: lines of the month before that this one hasn't, with their amounts.

    `notice`: "" for the sheet of a decision; else that this is none.
    """

    title: str
    language: str
    currency: str
    notice: str
    groups: list[ShownGroup]
    results: list[ShownSum]
    difference: int | None
    gone: list[ShownSum]
    uncertain: list[str]
    example: str


def shown(
    sheet: Sheet,
    lang: str = "",
    *,
    names: Mapping[str, str] | None = None,
    before: Sheet | None = None,
    law_on: date | None = None,
    decision: bool = False,
) -> ShownSheet:
    """The sheet in words of `lang` ("": the pack's own). `names` by person key; `before`: the month before.

    `law_on`: the day whose law the sections are (None: the period's first); `decision`: a decision rests on it.
    """
    say = wording_of(sheet.pack)
    lang = lang or say.languages[0]
    called = names or {}
    moved = differences(sheet, before)

    def line(place: int, each: Line) -> ShownLine:
        return ShownLine(
            each.code,
            say.label(each, lang),
            in_line(called.get(each.person, each.person)) if each.person is not None else None,
            each.amount,
            say.explain(each, lang),
            Law(each.section, law_on or sheet.since, law_url(say, each.section)),
            each.numbers,
            each.rounding,
            _source(each),
            each.statistics_code,
            say.uncounted_because(each, lang),
            moved[place],
        )

    groups = []
    for group in say.groups:
        lines = [line(place, each) for place, each in enumerate(sheet.lines) if group.belongs(each)]
        if lines or group.always:
            total = ShownSum(group.total, say.say(f"sum.{group.name}", lang), sheet.totals[group.total])
            groups.append(ShownGroup(group.name, say.say(f"group.{group.name}", lang), lines, total))
    there = _amounts(sheet)
    gone = [
        ShownSum(each.code, say.label(each, lang), each.amount)
        for each in (before.lines if before else ())
        if (each.code, each.person) not in there
    ]
    return ShownSheet(
        title=say.title(sheet, lang),
        language=lang,
        currency=say.currency,
        notice="" if decision else say.say(NO_DECISION, lang),
        groups=groups,
        results=[ShownSum(name, say.say(name, lang), minor) for name, minor in say.results(sheet)],
        difference=sheet.granted - before.granted if before else None,
        gone=gone,
        uncertain=say.doubts(sheet, lang),
        example=say.say("example", lang) if sheet.has_example else "",
    )


def differences(sheet: Sheet, before: Sheet | None) -> list[int | None]:
    """By how much each line of a sheet differs from the month before, minor units; None where there is none. Lines of
    one code and person are compared together, at the first of them."""
    if before is None:
        return [None] * len(sheet.lines)
    left, then = _amounts(sheet), _amounts(before)
    keys = [(line.code, line.person) for line in sheet.lines]
    return [left.pop(key) - then.get(key, 0) if key in left else 0 for key in keys]


def _amounts(sheet: Sheet) -> dict[tuple[str, str | None], int]:
    found: dict[tuple[str, str | None], int] = {}
    for line in sheet.lines:
        found[line.code, line.person] = found.get((line.code, line.person), 0) + line.amount
    return found


def _source(line: Line) -> str:
    """Where the line's fact came from: as the facts say it, else by what the line is of."""
    if "source" in line.params:
        return str(line.params["source"])
    applied = line.params.get("applied")
    if applied is None:
        return ""
    return "given" if line.amount == applied or line.text == "cost_capped" else "caseworker"


def law_url(say: Wording, section: str) -> str:
    """Where the text of a section is published by whom it binds, "" where no pattern of the pack knows it."""
    for pattern, address in say.law:
        if found := re.search(pattern, section):
            return address.format(*found.groups())
    return ""


def to_html(told: ShownSheet, sheet: Sheet) -> str:
    """A whole page that needs nothing else (no script, `STYLE` alone): a table for each group, each line's section a
    link where its law is published, each line with an id to link to (`line-3`)."""
    say = wording_of(sheet.pack)
    lang = told.language

    def word(key: str) -> str:
        return escape(say.say(key, lang))

    def money(minor: int) -> str:
        return escape(say.money(minor, lang))

    out = [
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{escape(told.title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body><main>",
        f"<h1>{escape(told.title)}</h1>",
    ]
    out += [f'<p role="note"><strong>{escape(text)}</strong></p>' for text in (told.notice, told.example) if text]
    compared = told.difference is not None
    heads = ["column.line", "column.why", "column.law", "column.source", "column.statistics", "column.amount"]
    heads += ["column.difference"] if compared else []
    place = 0
    for group in told.groups:
        out.append(f"<table><caption>{escape(group.label)}</caption><thead><tr>")
        out += [f'<th scope="col"{_NUMBER if head in _AMOUNTS else ""}>{word(head)}</th>' for head in heads]
        out.append("</tr></thead><tbody>")
        for line in group.lines:
            place += 1
            who = f", {escape(line.person)}" if line.person else ""
            law = f"{escape(line.law.text)} ({line.law.on})"
            if line.law.url:
                law = f'<a href="{escape(line.law.url)}" rel="external">{law}</a>'
            source = word(f"from.{line.source}") if line.source else ""
            counted = escape(statistics_of(line, say, lang))
            rounded = f"; {word(f'rounding.{line.rounding}')}" if line.rounding else ""
            out.append(
                f'<tr id="line-{place}"><th scope="row"><a href="#line-{place}">{escape(line.label)}</a>{who}</th>'
                f"<td>{escape(line.sentence.removesuffix('.'))}{rounded}.</td><td>{law}</td><td>{source}</td>"
                f"<td>{counted}</td><td{_NUMBER}>{money(line.amount)}</td>"
            )
            out.append(f"<td{_NUMBER}>{_change(line.difference, money)}</td></tr>" if compared else "</tr>")
        span = len(heads) - 1 - compared
        out.append(
            f'</tbody><tfoot><tr><th scope="row" colspan="{span}">{escape(group.sum.label)}</th>'
            f"<td{_NUMBER}>{money(group.sum.amount)}</td>{'<td></td>' if compared else ''}</tr></tfoot></table>"
        )
    out.append("<dl>")
    out += [f"<dt>{escape(row.label)}</dt><dd{_NUMBER}>{money(row.amount)}</dd>" for row in told.results]
    if told.difference is not None:
        out.append(f"<dt>{word('column.difference')}</dt><dd{_NUMBER}>{_change(told.difference, money)}</dd>")
    out.append("</dl>")
    if told.gone:
        out.append(f"<h2>{word('gone')}</h2><ul>")
        out += [f"<li>{escape(row.label)}: {money(row.amount)}</li>" for row in told.gone]
        out.append("</ul>")
    if told.uncertain:
        out.append(f"<h2>{word('uncertain')}</h2><ul>")
        out += [f"<li>{escape(text)}</li>" for text in told.uncertain]
        out.append("</ul>")
    out.append("</main></body></html>\n")
    return "".join(out)


_NUMBER: Final = ' class="n"'
_AMOUNTS: Final = ("column.amount", "column.difference")


def statistics_of(line: ShownLine, say: Wording, lang: str) -> str:
    """The statistics code of a line in words: the code, or that there is none and why."""
    return line.statistics_code or f"{say.say('statistics.none', lang)} ({line.uncounted})"


def codes_to_text(told: ShownSheet, sheet: Sheet) -> str:
    """What the text of a sheet leaves out, a row for each line: code, section with day, rounding, statistics code."""
    say, lang = wording_of(sheet.pack), told.language
    out = [say.say("codes", lang)]
    for line in (line for group in told.groups for line in group.lines):
        said = [f"{line.law.text} ({line.law.on})"]
        said += [say.say(f"rounding.{line.rounding}", lang)] if line.rounding else []
        said.append(f"{say.say('column.statistics', lang)}: {statistics_of(line, say, lang)}")
        out.append(f"  {line.code}{f', {line.person}' if line.person else ''}: {'; '.join(said)}")
    return "\n".join(out) + "\n"


def changes_to_text(told: ShownSheet, sheet: Sheet) -> str:
    """What differs from the month before, a line each with its sign; "" where there is nothing to compare with."""
    if told.difference is None:
        return ""
    say, lang = wording_of(sheet.pack), told.language
    rows = [
        (f"{line.label}, {line.person}" if line.person else line.label, line.difference)
        for group in told.groups
        for line in group.lines
        if line.difference
    ]
    rows += [(row.label, -row.amount) for row in told.gone]
    rows.append((say.say("granted", lang), told.difference))
    said = [f"  {label}: {_change(minor, lambda each: say.money(each, lang))}" for label, minor in rows]
    return "\n".join([say.say("column.difference", lang), *said]) + "\n"


def _change(minor: int | None, money: Callable[[int], str]) -> str:
    if not minor:
        return "0"
    return f"+{money(minor)}" if minor > 0 else money(minor)
