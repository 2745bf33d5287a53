"""Norms of the municipality from a file: a table as CSV, as a spreadsheet saves it, or a norm file as YAML."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import yaml
from django import forms
from django.utils.translation import gettext as _

from handslag.rules.norms import NormError, from_entries
from handslag.rules.se.codes import COSTS
from handslag.rules.se.limits import household_key
from handslag.rules.se.numbers import HOUSEHOLDS
from handslag.web.ui.forms import AmountField

MOST: Final = 200_000
"""Characters of a file: a table of all kinds of cost has about 4,000."""
COLUMNS: Final = ("cost", "adults", "children", "amount")
#: The households that a table of limits tells apart: adults, children; the last of each holds for more children too.
KINDS: Final = [(adults, children) for adults in (1, 2) for children in range(5)]


class FileError(ValueError):
    """The file can't be used; `problems` name file and line, and what is expected there."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Entry:
    """One value to be entered: `entry` as in a norm file, with `value` or `rows`. `place`: file and line."""

    place: str
    entry: dict[str, Any]
    since: date
    source: str


def decoded(content: bytes) -> str:
    """The text of a file, as UTF-8 or as spreadsheets on Windows write it. FileError for what is no text."""
    if len(content) > MOST:
        raise FileError([_("The file is too large: at most %(most)s characters.") % {"most": f"{MOST:,}"}])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise FileError([_("This is no text file. Save the table as CSV and try again.")])
    return text


def read(text: str, file: str, since: date | None, source: str) -> list[Entry]:
    """The values of a file's text: YAML where its first line that says something begins a list, else CSV.

    `since`, `source`: of all values of a CSV. FileError with every problem.
    """
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    nothing = FileError([_("%(file)s: there is no value in it.") % {"file": file}])
    if not first:
        raise nothing
    entries = _yaml(text, file) if first.startswith("-") else _csv(text, file, since, source)
    if not entries:
        raise nothing
    return entries


def _yaml(text: str, file: str) -> list[Entry]:
    try:
        node, entries = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        told = {"place": _line(file, mark.line + 1) if mark else file, "problem": getattr(error, "problem", None) or ""}
        raise FileError([_("%(place)s: this is no YAML: %(problem)s.") % told]) from error
    if node is None or not isinstance(entries, list):
        raise FileError([_("%(file)s: a norm file is a list of norms.") % {"file": file}])
    found, problems = list[Entry](), list[str]()
    for place, entry in zip(node.value, entries, strict=True):
        line = _line(file, place.start_mark.line + 1)
        try:
            [norm] = from_entries([entry], line)
        except NormError as error:
            problems.append(str(error))
            continue
        plain = {key: value for key, value in entry.items() if key != "values"}
        for given, value in zip(entry["values"], norm.values, strict=True):
            amounts = {key: given[key] for key in ("value", "rows") if key in given}
            found.append(Entry(line, plain | amounts, value.since, value.source))
            if value.until is not None:
                found.append(Entry(line, {"name": norm.name}, value.until, value.source))
    if problems:
        raise FileError(problems)
    return found


def _csv(text: str, file: str, since: date | None, source: str) -> list[Entry]:
    problems = []
    if since is None:
        problems.append(_("Choose the first day."))
    if not source.strip():
        problems.append(_("Write whose decision it is, of which day."))
    lines = text.splitlines()
    sign = max(";,\t", key=lines[0].count) if lines else ";"
    rows = csv.reader(lines, delimiter=sign)
    header = [name.strip().lower() for name in next(rows, [])]
    if sorted(header) != sorted(COLUMNS):
        told = {"place": _line(file, 1), "columns": ";".join(COLUMNS)}
        raise FileError([*problems, _("%(place)s: the first line names the columns: %(columns)s.") % told])
    tables: dict[str, dict[tuple[int, int] | None, int | str]] = {}
    places: dict[str, int] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        try:
            code, kind, amount = _row(dict(zip(header, (cell.strip() for cell in row), strict=False)))
            table = tables.setdefault(code, {})
            if kind in table:
                raise ValueError(_("this household stands here twice"))
            table[kind] = amount
            places.setdefault(code, rows.line_num)
        except ValueError as error:
            problems.append(f"{_line(file, rows.line_num)}: {error}")
    found = []
    for code, table in tables.items():
        place = _line(file, places[code])
        entry: dict[str, Any] = {"name": f"limit.{code}", "unit": "SEK/month", "label": dict(COSTS[code].name)}
        if set(table) == {None}:
            entry["value"] = table[None]
        elif set(table) == set(KINDS):
            entry["by"], entry["last"] = "household", HOUSEHOLDS[1]
            entry["bands"] = [household_key(*kind) for kind in KINDS]
            entry["rows"] = [table[kind] for kind in KINDS]
        elif not problems:
            problems.append(f"{place}: {_missing(code, table)}")
        if since is not None:
            found.append(Entry(place, entry, since, source))
    if problems:
        raise FileError(problems)
    return found


def _row(cells: dict[str, str]) -> tuple[str, tuple[int, int] | None, int | str]:
    """(cost, household, amount) of one row; household None: the amount holds for every one. ValueError in words."""
    if set(cells) != set(COLUMNS):
        raise ValueError(_("a row has one value for each column"))
    if cells["cost"] not in COSTS:
        told = {"cost": cells["cost"], "costs": ", ".join(COSTS)}
        raise ValueError(_("%(cost)s is no kind of cost; expected is one of %(costs)s") % told)
    kind: tuple[int, int] | None = None
    if cells["adults"] or cells["children"]:
        if cells["adults"] not in ("1", "2") or cells["children"] not in ("0", "1", "2", "3", "4"):
            raise ValueError(_("adults is 1 or 2, children 0 to 4 (4: and more); or both are empty"))
        kind = int(cells["adults"]), int(cells["children"])
    try:
        minor = AmountField().clean(cells["amount"])
    except forms.ValidationError as wrong:
        raise ValueError(wrong.messages[0]) from wrong
    return cells["cost"], kind, as_in_a_norm_file(minor)


def as_in_a_norm_file(minor: int) -> int | str:
    """An amount in öre as a norm file has it: whole kronor, or text with öre."""
    return minor // 100 if minor % 100 == 0 else f"{minor // 100}.{minor % 100:02}"


def _missing(code: str, table: dict[tuple[int, int] | None, int | str]) -> str:
    missing = "; ".join(f"{adults}, {children}" for adults, children in _without(table))
    told = {"cost": code, "missing": missing}
    if None in table:
        return _("%(cost)s has an amount for every household and others; expected is the one or the others") % told
    return _("%(cost)s lacks the households (adults, children) %(missing)s") % told


def _without(table: dict[tuple[int, int] | None, int | str]) -> Iterator[tuple[int, int]]:
    return (kind for kind in KINDS if kind not in table)


def _line(file: str, number: int) -> str:
    return _("%(file)s, line %(number)s") % {"file": file, "number": number}
