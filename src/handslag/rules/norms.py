"""Norm files: the numbers of the law, each with section, unit, dates, source and status.

A file is a YAML list of norms:

    - name: riksnorm.child            # stable, dotted
      unit: SEK/month                 # a currency (also /month, /day), percent, days, choice, reference ...: UNITS
      label: {sv: ..., en: ...}       # for the reference: the language of the law, and English
      law: law.riksnorm               # the reference that holds it (a norm of unit `reference`)
      owner: Winterthur               # a table of a municipality or district only: whose decision it is
      by: age                         # a table only: what its key is
      bands: [0, 1, 3]                # a table only: the first key of each row
      last: 20                        # a table only: the last key of the last row
      choices: {first_day: {sv: ..., en: ...}, last_day: ...}   # unit `choice` only: what each says
      uncertain: {sv: ..., en: ...}   # what no source settles; shown with values that aren't official
      uncertain_from: 2026-12-08      # optional: sheets as known before that day say nothing of it
      values:
        - since: 2026-01-01           # first day in force; also until: (first day no longer)
          value: 3940                 # or rows: [...] for a table; an amount with decimals as text: "954.90"
          source: SFS 2025:468 ...    # no source: the file doesn't load
          checked_on: 2026-11-22
          status: official            # official, derived or example
          known_from: 2025-11-20      # optional: not known to anybody before that day (all values: nor the norm)

A value is in force from `since` to the next value's `since`, or to its own `until` (both days exclusive).
A pack may lie in layers (a country, a canton): a layer's norm takes the place of the one with its name below.
A proposal (see `Amendment`) is a file of the same form that says only what it changes, for a simulation.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from handslag.kernel.canonical import digest
from handslag.kernel.money import KRONA
from handslag.rules import versions
from handslag.rules.faults import KINDS
from handslag.rules.yaml_files import YamlError, line_of, read_with_lines

AMOUNTS: Final = tuple(f"{currency}{per}" for currency in ("SEK", "CHF", "EUR") for per in ("", "/month", "/day"))
UNITS: Final = (
    *AMOUNTS, "percent", "permille", "divisor", "kilometres", "days", "months", "years", "persons", "choice",
    "reference",
)  # fmt: skip
STATUSES: Final = ("official", "derived", "example")
_KEYS: Final = (
    "name", "unit", "label", "law", "owner", "by", "bands", "last", "choices", "uncertain", "uncertain_from", "values",
)  # fmt: skip
LARGEST: Final = 10**9
"""No number of the law is as large, whatever its unit."""
LAST_KEY: Final = 9_999
"""Of a table: a year, an age, a number of persons, a household."""


class NormError(ValueError):
    """A norm file is wrong; the message names file, norm and what is expected.

    `told`: the message without `place`, the file and line that it begins with where they are known apart.
    """

    def __init__(self, told: str, place: str = "") -> None:
        super().__init__(f"{place}: {told}" if place else told)
        self.told, self.place = told, place


class NormMissing(LookupError):
    """No value is in force on that day, or a table has no row for that key."""


class Used(msgspec.Struct, frozen=True, gc=False):
    """A number as a line of the sheet cites it: amounts in minor units, a choice by its word."""

    name: str
    value: int | str
    unit: str
    source: str
    status: str
    uncertain: bool


class Number(int):
    """A whole number of the law that knows where it comes from; arithmetic with it gives plain ints."""

    used: Used

    @classmethod
    def of(cls, value: int, used: Used) -> Self:
        """`value` in minor units (or the index of a choice) with what a line cites of it."""
        number = cls(value)
        number.used = used
        return number


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers by a whole key; `rows[0]` is for key `first`. `values` ends with a 0 for "no row asked"."""

    name: str
    by: str
    first: int
    rows: tuple[Number, ...]
    values: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Value:
    """One dated value of a norm, as its file has it. `bands`, `last`: of a table; those of its norm, or its own."""

    since: date
    until: date | None
    value: int | str | tuple[int | str, ...]
    source: str
    checked_on: date
    status: str
    known_from: date | None
    bands: tuple[int, ...] = ()
    last: int = 0

    def known(self, known_on: date | None) -> bool:
        """Whether anybody knew of it on that day (None: today's knowledge)."""
        return known_on is None or self.known_from is None or self.known_from <= known_on


@dataclass(frozen=True, slots=True)
class Norm:
    """One norm with its history."""

    name: str
    unit: str
    label: Mapping[str, str]
    law: str | None
    by: str | None
    bands: tuple[int, ...]
    last: int
    choices: Mapping[str, Mapping[str, str]]
    uncertain: Mapping[str, str]
    values: tuple[Value, ...]
    file: str = ""
    owner: str = ""
    uncertain_from: date | None = None
    line: int = field(default=0, compare=False)

    @property
    def place(self) -> str:
        """Where it stands, for an error: its file, its line where that is known, and its name."""
        return f"{self.file}: line {self.line}: {self.name}" if self.line else f"{self.file}: {self.name}"

    def on(self, day: date, known_on: date | None = None) -> Value:
        """The value in force on `day`, as far as known on `known_on`; NormMissing when there is none."""
        found: Value | None = None
        for value in self.values:
            if value.since <= day and value.known(known_on):
                found = value
        if found is None or (found.until is not None and day >= found.until):
            raise NormMissing(f"{self.name}: no value in force on {day}")
        return found

    def doubtful(self, value: Value, known_on: date | None) -> bool:
        """Whether a sheet as known then says that no source settles this value."""
        seen = known_on is None or self.uncertain_from is None or self.uncertain_from <= known_on
        return bool(self.uncertain) and value.status != "official" and seen

    def checked(self) -> list[tuple[str, date, date]]:
        """(where it stands, since, checked_on) of each value."""
        return [(self.place, value.since, value.checked_on) for value in self.values]

    def known(self, known_on: date | None) -> bool:
        """Whether anybody knew of it then: a norm that a later version of a rule brought is no part of earlier sets."""
        return any(value.known(known_on) for value in self.values)

    @property
    def counts_from(self) -> date:
        """The first day on which anybody knows of it: a calculation as known earlier is as if it weren't there."""
        return min(value.known_from or date.min for value in self.values)

    def until(self, day: date, known_on: date | None = None) -> date:
        """The first day after `day` on which the value in force on `day` may no longer hold, as far as known then."""
        known = [value for value in self.values if value.known(known_on)]
        ends = [d for v in known for d in (v.since, v.until) if d is not None and d > day]
        return min(ends, default=date.max)


@dataclass(frozen=True)
class Resolved:
    """All norms of a pack on one day: numbers and tables by name, references as text, and their digest.

    `uncertain_references`: name by text of the references that aren't checked. `until`: the first day on
    which the set may be another one. `body`: the set as plain data (by name: unit, value, status), whose
    canonical JSON `digest` is over.
    """

    numbers: Mapping[str, Number]
    tables: Mapping[str, Table]
    references: Mapping[str, str]
    uncertain_references: Mapping[str, str]
    body: Mapping[str, Any]
    digest: str
    has_example: bool
    until: date


@dataclass(frozen=True, kw_only=True)
class NormSet(ABC):
    """What the typed norms of every pack have in common: for which day, as known when, and their digest.

    `decided_on`: on which day the sections are those in force. `held_until`: see `kept`. `with_settings` asks the
    pack's `again`. `WHOLE_MONTHS`: the pack calculates no part of a month.
    """

    PACK: ClassVar[str]
    WHOLE_MONTHS: ClassVar[bool] = False

    on: date
    known_on: date | None
    decided_on: date | None
    resolved: Resolved
    held_until: date | None = None
    _with: dict[tuple[tuple[str, str], ...], Self] = field(default_factory=dict, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """sha256 (hex) of the norm set."""
        return self.resolved.digest

    @property
    def until(self) -> date:
        """The first day on which the set, or the version of a rule function, may be another one."""
        return self.held_until or min(self.resolved.until, versions.until(self.PACK, self.on, self.known_on))

    @property
    def has_example(self) -> bool:
        """Whether a value of the set is an example."""
        return self.resolved.has_example

    @abstractmethod
    def again(self, settings: tuple[tuple[str, str], ...]) -> Self:
        """The same set with other settings; NormError for a name or choice that doesn't exist."""

    def with_settings(self, settings: Mapping[str, str]) -> Self:
        """The same day with other settings; NormError for a name or choice that doesn't exist."""
        if not settings:
            return self
        key = tuple(sorted(settings.items()))
        if key not in self._with:
            self._with[key] = self.again(key)
        return self._with[key]

    def kept(self, settings: Mapping[str, str], until: date) -> Self:
        """The same set, with these settings, as if nothing in it or in the rules changed before `until`: what facts of
        a later period would come to by the law of this day."""
        found = self.with_settings(settings)
        held = replace(found, held_until=until, _with={})
        held._with[tuple(sorted(settings.items()))] = held
        return held


class _Fault(NormError):
    """What is wrong with an entry, and the steps in it to what it is about."""

    def __init__(self, told: str, *steps: str) -> None:
        super().__init__(told)
        self.steps = steps


def _take(problem: str, entry: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> Any:
    value = entry.get(key)
    wrong_day = kind is date and isinstance(value, datetime)
    if not isinstance(value, kind) or isinstance(value, bool) or value == "" or wrong_day:
        expected = 'a whole number, or text such as "954.90",' if isinstance(kind, tuple) else KINDS[kind]
        raise _Fault(f"{problem}: {key} is missing or not of the expected kind: {expected} is expected", key)
    return value


def _only(problem: str, entry: Mapping[Any, Any], known: Sequence[str]) -> None:
    """_Fault where a key stands in `entry` that isn't known."""
    if unknown := sorted(str(key) for key in entry if key not in known):
        raise _Fault(f"{problem}: unknown {', '.join(unknown)}; there are {', '.join(known)}", unknown[0])


def _words(problem: str, entry: Mapping[str, Any], key: str, deep: bool = False) -> None:
    """_Fault where `key` isn't text by language; `deep`: where it isn't such texts by code."""
    found = _take(problem, entry, key, dict)
    texts = [text for each in found.values() for text in each.values()] if deep and _of(found, dict) else found.values()
    if not found or not all(isinstance(text, str) for text in (*found, *texts)):
        raise _Fault(f"{problem}: {key} is {'codes with ' if deep else ''}text by language", key)


def _of(mapping: Mapping[Any, Any], kind: type) -> bool:
    return all(isinstance(value, kind) for value in mapping.values())


def _value(problem: str, norm: Mapping[str, Any], entry: Any) -> Value:
    if not isinstance(entry, dict):
        raise _Fault(f"{problem}: a value is a mapping (since, value or rows, source, checked_on, status)")
    since = _take(problem, entry, "since", date)
    problem = f"{problem}, since {since}"
    bands, last = _shape(problem, entry if "bands" in entry else norm)
    of = "rows" if bands else "value"
    _only(problem, entry, ("since", "until", of, "bands", "last", "source", "checked_on", "status", "known_from"))
    status = _take(problem, entry, "status", str)
    if status not in STATUSES:
        raise _Fault(f"{problem}: status is one of {', '.join(STATUSES)}, not {status}", "status")
    until = _take(problem, entry, "until", date) if "until" in entry else None
    if until is not None and until <= since:
        raise _Fault(f"{problem}: until lies before since", "until")
    raw: int | str | tuple[int | str, ...]
    amount = norm["unit"] in AMOUNTS
    if bands:
        rows = _take(problem, entry, "rows", list)
        wrong = [str(at) for at, row in enumerate(rows) if not _is_number(row, amount)]
        if wrong or len(rows) != len(bands):
            count = len(bands)
            raise _Fault(
                f"{problem}: rows are {count} whole numbers, one for each band, below {LARGEST:,}", "rows", *wrong[:1]
            )
        raw = tuple(rows)
    elif norm["unit"] in ("choice", "reference"):
        raw = _take(problem, entry, "value", str)
        if norm["unit"] == "choice" and raw not in norm["choices"]:
            raise _Fault(f"{problem}: value is one of {', '.join(norm['choices'])}, not {raw}", "value")
    else:
        raw = _take(problem, entry, "value", (int, str) if amount else int)
        if isinstance(raw, int) and raw < 0:
            raise _Fault(f"{problem}: value is negative", "value")
        if not _is_number(raw, amount):
            raise _Fault(f'{problem}: value is a whole number, or text such as "954.90", below {LARGEST:,}', "value")
    return Value(
        since=since,
        until=until,
        value=raw,
        source=_take(problem, entry, "source", str),
        checked_on=_take(problem, entry, "checked_on", date),
        status=status,
        known_from=_take(problem, entry, "known_from", date) if "known_from" in entry else None,
        bands=bands,
        last=last,
    )


def _shape(problem: str, entry: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
    """The bands of a table and the last key of the last one; without bands it is one amount."""
    if not entry.get("bands", []) and isinstance(entry.get("bands", []), list):
        return (), 0
    bands, last = _take(problem, entry, "bands", list), _take(problem, entry, "last", int)
    if not all(type(band) is int and 0 <= band <= LAST_KEY for band in bands) or last > LAST_KEY:
        raise _Fault(f"{problem}: bands and last are whole numbers from 0 to {LAST_KEY}", "bands")
    if any(a >= b for a, b in pairwise(bands)) or last < bands[-1]:
        raise _Fault(f"{problem}: bands rise, and last is not below the last of them", "bands")
    return tuple(bands), last


def _is_number(raw: Any, amount: bool) -> bool:
    """A whole number, not negative; or an amount with its two decimals as text, since YAML's are floats."""
    if amount and isinstance(raw, str):
        return bool(re.fullmatch(r"[0-9]{1,9}\.[0-9]{2}", raw, re.ASCII))
    return type(raw) is int and 0 <= raw < LARGEST


def _minor(raw: int | str, unit: str) -> int:
    """A value of a norm file in minor units (or as it is, where it is no amount)."""
    if isinstance(raw, str):
        return int(raw.replace(".", ""))
    return raw * KRONA if unit in AMOUNTS else raw


def load(text: str, file: str, lang: str = "") -> list[Norm]:
    """The norms of one file's text; NormError names the file, the line of the norm or value, and what is wrong.
    `lang`: see `from_entries`."""
    try:
        entries, lines = read_with_lines(text)
    except YamlError as error:
        raise NormError(f"{file}: {error}") from error
    return from_entries(entries, file, lines, text, lang=lang)


def _check(norm: Mapping[str, Any], lang: str) -> None:
    """What a norm says beside its values: _Fault for the key that is wrong."""
    name = norm["name"]
    _only(name, norm, _KEYS)
    if norm.get("unit") not in UNITS:
        raise _Fault(f"{name}: unit is one of {', '.join(UNITS)}", "unit")
    _words(name, norm, "label")
    if lang and not norm["label"].get(lang):
        raise _Fault(f"{name}: label: a text in {lang}, the language of this law, is expected", "label")
    if norm["unit"] == "choice":
        _words(name, norm, "choices", deep=True)
    if "uncertain" in norm:
        _words(name, norm, "uncertain")
    if "uncertain_from" in norm:
        _take(name, norm, "uncertain_from", date)
    for key in ("law", "owner"):
        if norm.get(key):
            _take(name, norm, key, str)
    if "bands" in norm:
        if not _shape(name, norm)[0]:
            raise _Fault(f"{name}: bands and last are whole numbers from 0 to {LAST_KEY}", "bands")
        _take(name, norm, "by", str)


def in_line(file: str, line: int) -> str:
    """A place in a file, as an error begins."""
    return f"{file}: line {line}"


def from_entries(
    entries: Any,
    file: str,
    lines: Sequence[int] = (),
    text: str = "",
    under: str = "",
    first: int = 0,
    at: Callable[[str, int], str] = in_line,
    lang: str = "",
) -> list[Norm]:
    """The norms of a file as plain data; NormError names the file, the norm and what is wrong.

    `lines`: where each of them begins in `text` (below the key `under`, from its entry number `first` on), for the
    error, which is told with the line of the key that is wrong, as `at` says. `lang`: in which language each must have
    its label: that of the law that reads it.
    """
    if not isinstance(entries, list):
        raise NormError(f"{file}: a norm file is a list of norms")
    norms = []

    def line_told(place: str, steps: Sequence[str]) -> str:
        return at(file, line_of(text, steps)) if text else place

    for number, entry in enumerate(entries):
        place = at(file, lines[number]) if lines else file
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise NormError("each norm is a mapping with a name", place)
        steps = [*([under] if under else []), str(first + number)]
        try:
            _check(entry, lang)
            given = _take(entry["name"], entry, "values", list)
        except _Fault as error:
            raise NormError(str(error), line_told(place, [*steps, *error.steps])) from error
        steps.append("values")
        values: list[Value] = []
        for n, each in enumerate(given):
            try:
                values.append(_value(entry["name"], entry, each))
            except _Fault as error:
                raise NormError(str(error), line_told(place, [*steps, str(n), *error.steps])) from error
        order = [(value.since, value.known_from or date.min) for value in values]
        wrong = [n for n, (a, b) in enumerate(pairwise(order), 1) if a >= b]
        if not values:
            raise NormError(f"{entry['name']}: values: there is at least one", line_told(place, steps))
        if wrong:
            where = line_told(place, [*steps, str(wrong[0])])
            raise NormError(f"{entry['name']}: values stand in the order of their dates", where)
        for a, b in _neighbours(values):
            if a.until is not None and a.until > b.since:
                where = line_told(place, [*steps, str(values.index(a))])
                raise NormError(f"{entry['name']}: one value's until lies behind the next one's since", where)
        norms.append(
            Norm(
                name=entry["name"],
                unit=entry["unit"],
                label=entry["label"],
                law=entry.get("law"),
                by=entry.get("by"),
                bands=tuple(entry.get("bands", ())),
                last=entry.get("last", 0),
                choices=entry.get("choices", {}),
                uncertain=entry.get("uncertain", {}),
                values=tuple(values),
                file=file,
                owner=entry.get("owner", ""),
                uncertain_from=entry.get("uncertain_from"),
                line=lines[number] if lines else 0,
            )
        )
    return list(by_name(norms).values())


def by_name(norms: Iterable[Norm]) -> dict[str, Norm]:
    """The norms by name; NormError where one stands twice."""
    found: dict[str, Norm] = {}
    for norm in norms:
        if norm.name in found:
            first = found[norm.name]
            line = f", line {first.line}" if first.line else ""
            raise NormError(f"{norm.place} stands in {first.file}{line}, too: a name stands once")
        found[norm.name] = norm
    return found


def _neighbours(values: Sequence[Value]) -> list[tuple[Value, Value]]:
    """Each value and the next one that became known with it: what corrects a value may begin inside it."""
    known = [[v for v in values if v.known_from == day] for day in {v.known_from for v in values}]
    return [pair for those in known for pair in pairwise(those)]


def load_folder(*layers: Path) -> dict[str, Norm]:
    """All norms of the folders' *.yaml by name; a later folder's takes the place of an earlier one's.

    A norm's `file` has its layer before it (`zh/wealth.yaml`). A name twice in one folder is a NormError.
    """
    norms: dict[str, Norm] = {}
    for folder in layers:
        files = sorted(folder.glob("*.yaml"))
        layer = [load(path.read_text(encoding="utf-8"), f"{folder.parent.name}/{path.name}") for path in files]
        norms |= by_name(chain.from_iterable(layer))
    for norm in norms.values():
        if norm.law is not None and norms.get(norm.law, norm).unit != "reference":
            there = ", ".join(name for name, other in norms.items() if other.unit == "reference") or "none"
            raise NormError(f"{norm.place}: law {norm.law} is no norm of unit reference; there are {there}")
    return norms


@dataclass(frozen=True, slots=True)
class Amendment:
    """A norm of a proposal: name and values as in a norm file; what else there is to it, where it is to be another.

    `text`: the file's, in which this is entry `number` and begins on `line`; "": not from a file's text. `lang`: see
    `from_entries`.
    """

    file: str
    entry: Mapping[str, Any]
    text: str = ""
    number: int = 0
    line: int = 0
    lang: str = ""

    @property
    def name(self) -> str:
        """The norm that it changes."""
        return str(self.entry["name"])

    def place(self, key: str = "name") -> str:
        """Where it says `key` (`values.0.since`), for an error: its file, the line where that is known, the norm."""
        steps = [str(self.number), *key.split(".")]
        file = in_line(self.file, line_of(self.text, steps)) if self.text else self.file
        return f"{file}: {self.name}"

    def checked(self) -> list[tuple[str, Any, date]]:
        """(where it stands, since, checked_on) of each value that says a day; what isn't read yet may say none."""
        values = self.entry.get("values")
        return [
            (self.place(f"values.{n}.checked_on"), value.get("since"), value["checked_on"])
            for n, value in enumerate(values if isinstance(values, list) else [])
            if isinstance(value, dict) and type(value.get("checked_on")) is date
        ]

    def unknown(self, known_on: date) -> list[str]:
        """Of each value of which nobody knows yet on that day: where it stands, and what is wrong. It would have no
        effect, or take the place of one that holds."""
        values = self.entry.get("values")
        return [
            f"{self.place(f'values.{n}.known_from')}, since {value.get('since')}: known_from {value['known_from']} is"
            f" after {known_on}, by whose knowledge is simulated"
            for n, value in enumerate(values if isinstance(values, list) else [])
            if isinstance(value, dict) and type(value.get("known_from")) is date and value["known_from"] > known_on
        ]

    def norm(self, kept: Mapping[str, Any]) -> Norm:
        """The norm that it is, with what is `kept` of the one that it changes."""
        lines = [self.line] if self.text else []
        [norm] = from_entries([{**kept, **self.entry}], self.file, lines, self.text, first=self.number, lang=self.lang)
        return norm


def load_amendments(text: str, file: str, lang: str = "") -> tuple[Amendment, ...]:
    """The norms that a proposal changes; NormError for what is no list of norms, or names one twice. `lang`: see
    `from_entries`."""
    try:
        entries, lines = read_with_lines(text)
    except YamlError as error:
        raise NormError(f"{file}: {error}") from error
    if not isinstance(entries, list):
        raise NormError(f"{file}: a proposal is a list of norms, each with its name and values")
    found: dict[str, Amendment] = {}
    for number, (entry, line) in enumerate(zip(entries, lines, strict=True)):
        place = in_line(file, line)
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise NormError(f"{place}: each norm is a mapping with a name")
        if entry["name"] in found:
            raise NormError(f"{place}: {entry['name']} stands in it twice")
        found[entry["name"]] = Amendment(file, entry, text, number, line, lang)
    return tuple(found.values())


def not_yet_checked(norms: Iterable[Norm | Amendment], today: date) -> list[str]:
    """Of each value that was checked against its source on a day after `today`: where it stands, and what is wrong."""
    return [
        f"{place}, since {since}: checked_on {checked_on} hasn't come yet"
        for norm in norms
        for place, since, checked_on in norm.checked()
        if checked_on > today
    ]


def amend(
    norms: Mapping[str, Norm], tables: Sequence[Norm], amendments: Sequence[Amendment]
) -> tuple[tuple[Norm, ...], tuple[Norm, ...]]:
    """(the norms that change, all tables) when the amendments hold: by name and date, a value from a day on takes the
    place of the one from that day, and stands beside the others. What only a table has may be given whole.

    NormError for a name that there isn't, and for a value that the norm can't have.
    """
    changed: dict[str, Norm] = {}
    local = {norm.name: norm for norm in tables}
    for amendment in amendments:
        below = local.get(amendment.name) or changed.get(amendment.name) or norms.get(amendment.name)
        entry = amendment.entry
        if below is None:
            if "unit" not in entry:
                raise NormError(f"{amendment.place()}: there is no norm of that name to change")
            local[amendment.name] = amendment.norm({})
            continue
        kept: dict[str, Any] = {"unit": below.unit, "label": dict(below.label), "law": below.law}
        if below.bands:
            kept |= {"by": below.by, "bands": list(below.bands), "last": below.last}
        words = {"choices": below.choices, "uncertain": below.uncertain}
        kept |= {key: dict(found) for key, found in words.items() if found} | {"owner": below.owner}
        kept |= {"uncertain_from": below.uncertain_from} if below.uncertain_from else {}
        for key in ("unit", "by", "bands", "last", "choices"):
            if entry.get(key, kept.get(key)) != kept.get(key):
                raise NormError(f"{amendment.place(key)}: {key} is {kept.get(key)}, not {entry[key]}")
        proposed = amendment.norm(kept)
        instead = {value.since for value in proposed.values}
        values = [*(value for value in below.values if value.since not in instead), *proposed.values]
        values.sort(key=lambda value: (value.since, value.known_from or date.min))
        whole = replace(below, values=tuple(values), file=amendment.file, line=0)
        (local if amendment.name in local else changed)[amendment.name] = whole
    return tuple(changed.values()), tuple(local.values())


def resolve(
    norms: Mapping[str, Norm],
    on: date,
    known_on: date | None = None,
    decided_on: date | None = None,
    choices: Mapping[str, str] | None = None,
    choice_source: str = "inställning i ärendet",
) -> Resolved:
    """All norms in force on `on`; references as of `decided_on` (else `on`); `choices` replace settings.

    `choice_source`: what a line cites as the source of a replaced setting, in the pack's own language.
    NormMissing when one has no value in force, unless another body owns it: then it is as if there were none, and
    rules that can't do without it say so. NormError when a choice doesn't exist.
    """
    choices = choices or {}
    numbers: dict[str, Number] = {}
    tables: dict[str, Table] = {}
    references: dict[str, str] = {}
    doubtful: dict[str, str] = {}
    canonical: dict[str, list[Any]] = {}
    example = False
    for name in choices:
        if name not in norms or norms[name].unit != "choice":
            raise NormError(f"{name} is no setting")
    for name in sorted(norms):
        norm = norms[name]
        if not norm.known(known_on):
            continue
        try:
            value = norm.on((decided_on or on) if norm.unit == "reference" else on, known_on)
        except NormMissing as error:
            if norm.owner:
                continue
            raise NormMissing(f"{error}; {_reach(norms, known_on)}") from error
        example = example or value.status == "example"
        chosen = choices.get(name, value.value) if norm.unit == "choice" else value.value
        canonical[name] = [norm.unit, list(chosen) if isinstance(chosen, tuple) else chosen, value.status]
        source = value.source if chosen == value.value else choice_source
        uncertain = norm.doubtful(value, known_on)
        cited = partial(_cited, norm, value, source, uncertain)
        if norm.unit == "reference":
            references[name] = str(chosen)
            if uncertain:
                doubtful[str(chosen)] = name
        elif norm.unit == "choice":
            if chosen not in norm.choices:
                raise NormError(f"{name} is one of {', '.join(norm.choices)}, not {chosen}")
            numbers[name] = Number.of(list(norm.choices).index(str(chosen)), cited(str(chosen)))
        elif isinstance(chosen, tuple):
            tables[name] = _table(norm, value, [_minor(row, norm.unit) for row in chosen], cited)
        else:
            amount = _minor(chosen, norm.unit)
            numbers[name] = Number.of(amount, cited(amount))
    return Resolved(
        numbers=numbers,
        tables=tables,
        references=references,
        uncertain_references=doubtful,
        body=canonical,
        digest=digest(canonical),
        has_example=example,
        until=min(norm.until(on, known_on) for norm in norms.values() if norm.unit != "reference"),
    )


def held(norm: Norm, day: date, known_on: date | None = None) -> Number | Table | None:
    """What an amount or a table is on a day, as far as known on `known_on`; None where nothing is in force."""
    try:
        value = norm.on(day, known_on)
    except NormMissing:
        return None
    cited = partial(_cited, norm, value, value.source, False)
    if isinstance(value.value, tuple):
        return _table(norm, value, [_minor(row, norm.unit) for row in value.value], cited)
    amount = _minor(value.value, norm.unit)
    return Number.of(amount, cited(amount))


def _reach(norms: Mapping[str, Norm], known_on: date | None) -> str:
    """From which day until which one every norm that the law can't do without has a value."""
    needed = [n for n in norms.values() if not n.owner and n.unit != "reference" and n.known(known_on)]
    first = max((norm.values[0].since for norm in needed), default=date.min)
    end = min((norm.values[-1].until or date.max for norm in needed), default=date.max)
    ends = "" if end == date.max else f" until {end} (that day not counted)"
    return f"this law can be calculated from {first} on{ends}, and not for other days"


def _cited(norm: Norm, value: Value, source: str, uncertain: bool, shown: int | str) -> Used:
    return Used(norm.name, shown, norm.unit, source, value.status, uncertain)


def _table(norm: Norm, value: Value, amounts: Sequence[int], cited: Callable[[int], Used]) -> Table:
    rows: list[Number] = []
    ends = [*(b - 1 for b in value.bands[1:]), value.last]
    for first, end, amount in zip(value.bands, ends, amounts, strict=True):
        rows += [Number.of(amount, cited(amount))] * (end - first + 1)
    values = np.array([*rows, 0], dtype=np.int64)
    values.setflags(write=False)
    return Table(norm.name, norm.by or "", value.bands[0], tuple(rows), values)
