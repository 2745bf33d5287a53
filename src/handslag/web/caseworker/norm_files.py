"""Norms of the organisation from and to a file: a table as CSV, as a spreadsheet saves it, or a norm file as YAML."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import yaml
from django import forms
from django.utils.translation import gettext as _

from handslag.domain.entitlement.queries import OF_ONE_VALUE
from handslag.kernel.money import AmountError, format_amount, parse_amount
from handslag.kernel.reading import MOST_DEEP
from handslag.kernel.tables import TableError, as_text, separator
from handslag.rules import faults
from handslag.rules.norms import NormError, from_entries
from handslag.rules.packs import Pack
from handslag.rules.se.codes import CASE_COSTS, COSTS
from handslag.rules.se.limits import household_key
from handslag.rules.se.numbers import HOUSEHOLDS
from handslag.rules.yaml_files import MOST_DIGITS, YamlError, read_with_lines
from handslag.web.ui.forms import LARGEST_AMOUNT, AmountField

MOST: Final = 200_000
"""Characters of a file: a table of all kinds of cost has about 4,000."""
COLUMNS: Final = ("cost", "adults", "children", "amount")
COLUMNS_BY_PERSONS: Final = ("norm", "persons", "amount")
"""Where the law has norms that stand by themselves, by the number of people."""
_ORDER: Final = (
    "name", "unit", "label", "law", "owner", "by", "bands", "last", "choices", "uncertain", "uncertain_from",
    "since", "until", "value", "rows", "source", "checked_on", "status", "known_from",
)  # fmt: skip
MOST_PERSONS: Final = 20
"""People of a table by persons."""
#: The households that a table of limits tells apart: adults, children; the last of each holds for more children too.
KINDS: Final = [(adults, children) for adults in (1, 2) for children in range(5)]


class FileError(ValueError):
    """The file can't be used; `problems` name file and line, and what is expected there."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Entry:
    """One value to be entered: `entry` as in a norm file, with `value` or `rows` and what is said of them (`status`,
    `checked_on`). `place`: file and line."""

    place: str
    entry: dict[str, Any]
    since: date
    source: str


def decoded(content: bytes) -> str:
    """The text of a file, as UTF-8 or as spreadsheets on Windows write it. FileError for what is no text."""
    if len(content) > MOST:
        raise FileError([_("The file is too large: at most %(most)s characters.") % {"most": f"{MOST:,}"}])
    try:
        return as_text(content)
    except TableError as error:
        raise FileError([_("This is no text file. Save the table as CSV and try again.")]) from error


def columns(law: Pack) -> tuple[str, ...]:
    """The columns of a table in that law."""
    return COLUMNS_BY_PERSONS if law.LOCAL else COLUMNS


def read(
    text: str, file: str, since: date | None, source: str, said: Mapping[str, str], law: Pack, lang: str
) -> list[Entry]:
    """The values of a file's text: YAML where its first line that says something begins a list, else CSV.

    `since`, `source`, `said` (status, checked_on): of all values of a CSV. `lang`: in which language (sv, de, fr, en)
    the rules say what is wrong. FileError with every problem.
    """
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    nothing = FileError([_("%(file)s: there is no value in it.") % {"file": file}])
    if not first:
        raise nothing
    of_yaml = first.startswith("-")
    entries = _yaml(text, file, law.LANGUAGE, lang) if of_yaml else _csv(text, file, since, source, said, law)
    if not entries:
        raise nothing
    return entries


def _yaml(text: str, file: str, of_law: str, lang: str) -> list[Entry]:
    try:
        entries, lines = read_with_lines(text)
    except YamlError as error:
        place = _line(file, error.line) if error.line else file
        raise FileError([f"{place}: {_unread(error, lang)}"]) from error
    if not isinstance(entries, list):
        raise FileError([_("%(file)s: a norm file is a list of norms.") % {"file": file}])
    found, problems, names = list[Entry](), list[str](), set[str]()
    for nth, (number, entry) in enumerate(zip(lines, entries, strict=True)):
        line = _line(file, number)
        try:
            [norm] = from_entries([entry], file, [number], text, first=nth, at=_line, lang=of_law)
        except NormError as error:
            problems.append(f"{error.place}: {faults.said(error.told, lang)}")
            continue
        if norm.name in names:
            twice = _("%(told)s stands here twice; expected is one of them") % {"told": norm.name}
            problems.append(f"{line}: {twice}")
        names.add(norm.name)
        plain = {key: _plain(said) for key, said in entry.items() if key != "values"}
        for given, value in zip(entry["values"], norm.values, strict=True):
            amounts = {key: _plain(given[key]) for key in OF_ONE_VALUE if key in given}
            shape: dict[str, Any] = {"bands": list(value.bands), "last": value.last} if value.bands else {}
            of_it = {key: said for key, said in plain.items() if shape or key not in ("by", "bands", "last")}
            found.append(Entry(line, of_it | shape | amounts, value.since, value.source))
            if value.until is not None:
                found.append(Entry(line, {"name": norm.name}, value.until, value.source))
    if problems:
        raise FileError(problems)
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _unread(error: YamlError, lang: str) -> str:
    """What is wrong, and what is expected, in the reader's language."""
    told = {"told": error.told, "levels": MOST_DEEP, "digits": MOST_DIGITS}
    if error.code == "deep":
        return _("values lie deeper within each other than %(levels)s levels; a norm file has five") % told
    if error.code == "twice":
        return _("%(told)s stands here twice; expected is one of them") % told
    if error.code == "day":
        return _("there is no day %(told)s; expected is a day of the calendar, such as 2026-01-31") % told
    if error.code == "digits":
        return _("the number has more than %(digits)s digits; expected is an amount") % told
    if error.code == "value":
        return _("%(told)s can’t be read; expected is a number, a day or text") % told
    return _("this is no YAML: %(told)s.") % {"told": faults.said(error.told, lang)}


def _csv(text: str, file: str, since: date | None, source: str, said: Mapping[str, str], law: Pack) -> list[Entry]:
    problems = []
    if since is None:
        problems.append(_("Choose the first day."))
    if not source.strip():
        problems.append(_("Write whose decision it is, of which day."))
    lines = text.splitlines()
    sign = separator(lines[0]) if lines else ";"
    reader = csv.reader(lines, delimiter=sign)
    try:
        rows = [(row, reader.line_num) for row in reader]
    except csv.Error as error:
        long = _("%(place)s: a value is too long. Is a quotation mark missing?")
        raise FileError([*problems, long % {"place": _line(file, reader.line_num)}]) from error
    header = [name.strip().lower() for name in rows[0][0]] if rows else []
    if sorted(header) != sorted(columns(law)):
        told = {"place": _line(file, 1), "columns": ";".join(columns(law))}
        raise FileError([*problems, _("%(place)s: the first line names the columns: %(columns)s.") % told])
    tables: dict[str, dict[Any, int | str]] = {}
    places: dict[str, int] = {}
    for row, number in rows[1:]:
        if not any(cell.strip() for cell in row):
            continue
        try:
            cells = _cells(row, header, sign)
            code, kind, amount = _row_by_persons(cells, law) if law.LOCAL else _row(cells)
            table = tables.setdefault(code, {})
            if kind in table:
                raise ValueError(_("this household stands here twice"))
            table[kind] = amount
            places.setdefault(code, number)
        except ValueError as error:
            problems.append(f"{_line(file, number)}: {error}")
    found = []
    for code, table in tables.items():
        place = _line(file, places[code])
        entry, missing = _by_persons(code, table, law) if law.LOCAL else _by_household(code, table)
        if missing and not problems:
            problems.append(f"{place}: {missing}")
        if since is not None:
            found.append(Entry(place, {**entry, **said}, since, source))
    if problems:
        raise FileError(problems)
    return found


def _cells(row: Sequence[str], header: Sequence[str], sign: str) -> dict[str, str]:
    """The values of a row by column. ValueError in words where they are fewer or more."""
    if any(cell.strip() for cell in row[len(header) :]):
        beyond = _("there are more values than columns; an amount with “%(sign)s” in it needs quotation marks")
        raise ValueError(beyond % {"sign": sign})
    if len(row) < len(header):
        raise ValueError(_("a row has one value for each column"))
    return dict(zip(header, (cell.strip() for cell in row), strict=False))


def _by_household(code: str, table: Mapping[tuple[int, int] | None, int | str]) -> tuple[dict[str, Any], str]:
    """The entry of a guideline; and what it lacks, in words."""
    entry: dict[str, Any] = {"name": f"limit.{code}", "unit": "SEK/month", "label": dict(COSTS[code].name)}
    if set(table) == {None}:
        return entry | {"value": table[None]}, ""
    if set(table) != set(KINDS):
        return entry, _missing(code, table)
    bands = [household_key(*kind) for kind in KINDS]
    return entry | {"by": "household", "last": HOUSEHOLDS[1], "bands": bands, "rows": [table[k] for k in KINDS]}, ""


def _by_persons(name: str, table: Mapping[int, int | str], law: Pack) -> tuple[dict[str, Any], str]:
    """The entry of a norm of its own, by persons from one on (0: for all); and what it lacks, in words."""
    missing = [persons for persons in range(1, max(table)) if persons not in table]
    told = {"norm": name, "missing": ", ".join(map(str, missing))}
    entry = law.LOCAL[name].entry(name, [table[persons] for persons in sorted(table)])
    return entry, _("%(norm)s lacks the number of persons %(missing)s") % told if missing else ""


def _row_by_persons(cells: Mapping[str, str], law: Pack) -> tuple[str, int, int | str]:
    """(norm, persons, amount) of one row; 0 persons: the amount is the only one. ValueError in words."""
    name, persons = cells["norm"], cells["persons"]
    if name not in law.LOCAL:
        told = {"norm": name, "norms": ", ".join(law.LOCAL)}
        raise ValueError(_("%(norm)s is nothing that is set here; expected is one of %(norms)s") % told)
    if not law.LOCAL[name].by_persons and persons:
        raise ValueError(_("%(norm)s is one amount: persons is empty") % {"norm": name})
    if law.LOCAL[name].by_persons and persons not in map(str, range(1, MOST_PERSONS + 1)):
        told = {"norm": name, "most": str(MOST_PERSONS)}
        raise ValueError(_("%(norm)s is a table: persons is 1 to %(most)s") % told)
    try:
        minor = amount(cells["amount"], law)
    except forms.ValidationError as wrong:
        raise ValueError(wrong.messages[0]) from wrong
    if minor is None:
        raise ValueError(AmountField.default_error_messages["required"])
    return name, int(persons or 0), as_in_a_norm_file(minor)


def amount(text: str, law: Pack) -> int | None:
    """An amount in minor units as people of that law write it, or else those of the page's language; None where
    nothing is typed. ValidationError in words."""
    try:
        minor = parse_amount(text, law.LOCALE)
    except AmountError:
        found: int | None = AmountField(required=False).clean(text)
        return found
    if minor > LARGEST_AMOUNT:
        raise forms.ValidationError(AmountField.default_error_messages["large"])
    return minor


def as_csv(held: Mapping[str, Mapping[str, Any]], law: Pack) -> str:
    """The amounts in force, entries by name, as a table that `read` takes; what is no guideline has no place in it."""
    out = io.StringIO()
    table = csv.writer(out, delimiter=";", lineterminator="\n")
    table.writerow(columns(law))
    mark = format_amount(1_50, law.LOCALE)[1]
    for name, entry in held.items():
        kind, _dot, cost = name.partition(".")
        if law.LOCAL:
            told = [([name, persons or ""], value) for persons, value in by_persons(entry).items()]
        elif kind == "limit" and "rows" in entry:
            told = [([cost, *one], _row_for(entry, household_key(*one))) for one in KINDS]
        else:
            told = [([cost, "", ""], entry["value"])] if kind == "limit" else []
        table.writerows([*cells, str(value).replace(".", mark)] for cells, value in told)
    return out.getvalue()


def as_yaml(entries: Sequence[Mapping[str, Any]]) -> str:
    """Entries as a norm file that `read` takes, the name of each first."""
    ordered = [
        {key: entry[key] for key in _ORDER if key in entry}
        | {"values": [{key: value[key] for key in _ORDER if key in value} for value in entry["values"]]}
        for entry in entries
    ]
    return str(yaml.safe_dump(ordered, allow_unicode=True, sort_keys=False))


def by_persons(entry: Mapping[str, Any]) -> dict[int, int | str]:
    """The amounts of an entry by number of people, from 1 on; of one amount: by 0."""
    if "rows" not in entry:
        return {0: entry["value"]}
    return {persons: _row_for(entry, persons) for persons in range(1, entry["bands"][-1] + 1)}


def _row_for(entry: Mapping[str, Any], key: int) -> int | str:
    found: int | str = entry["rows"][bisect_right(entry["bands"], key) - 1]
    return found


def _row(cells: Mapping[str, str]) -> tuple[str, tuple[int, int] | None, int | str]:
    """(cost, household, amount) of one row; household None: the amount holds for every one. ValueError in words."""
    if cells["cost"] not in CASE_COSTS:
        told = {"cost": cells["cost"], "costs": ", ".join(CASE_COSTS)}
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


def _missing(code: str, table: Mapping[tuple[int, int] | None, int | str]) -> str:
    missing = "; ".join(f"{adults}, {children}" for adults, children in _without(table))
    told = {"cost": code, "missing": missing}
    if None in table:
        return _("%(cost)s has an amount for every household and others; expected is the one or the others") % told
    return _("%(cost)s lacks the households (adults, children) %(missing)s") % told


def _without(table: Mapping[tuple[int, int] | None, int | str]) -> Iterator[tuple[int, int]]:
    return (kind for kind in KINDS if kind not in table)


def _line(file: str, number: int) -> str:
    return _("%(file)s, line %(number)s") % {"file": file, "number": number}
