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
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from handslag.kernel.canonical import digest
from handslag.kernel.money import KRONA
from handslag.rules import versions
from handslag.rules.faults import KINDS
from handslag.rules.yaml_files import YamlError, line_of, read_with_lines, read_yaml

AMOUNTS: Final = tuple(f"{currency}{per}" for currency in ("SEK", "CHF", "EUR") for per in ("", "/month", "/day"))
UNITS: Final = (
    *AMOUNTS, "percent", "permille", "divisor", "kilometres", "days", "months", "years", "persons", "choice",
    "reference",
)  # fmt: skip
STATUSES: Final = ("official", "derived", "example")
_KEYS: Final = ("name", "unit", "label", "law", "owner", "by", "bands", "last", "choices", "uncertain", "values")
LARGEST: Final = 10**9
"""No number of the law is as large, whatever its unit."""
LAST_KEY: Final = 9_999
"""Of a table: a year, an age, a number of persons, a household."""


class NormError(ValueError):
    """A norm file is wrong; the message names file, norm and what is expected."""


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
    """One dated value of a norm, as its file has it."""

    since: date
    until: date | None
    value: int | str | tuple[int | str, ...]
    source: str
    checked_on: date
    status: str
    known_from: date | None

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

    def known(self, known_on: date | None) -> bool:
        """Whether anybody knew of it then: a norm that a later version of a rule brought is no part of earlier sets."""
        return any(value.known(known_on) for value in self.values)

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
    _only(problem, entry, ("since", "until", "value", "rows", "source", "checked_on", "status", "known_from"))
    status = _take(problem, entry, "status", str)
    if status not in STATUSES:
        raise _Fault(f"{problem}: status is one of {', '.join(STATUSES)}, not {status}", "status")
    until = _take(problem, entry, "until", date) if "until" in entry else None
    if until is not None and until <= since:
        raise _Fault(f"{problem}: until lies before since", "until")
    raw: int | str | tuple[int | str, ...]
    amount = norm["unit"] in AMOUNTS
    if "bands" in norm:
        rows = _take(problem, entry, "rows", list)
        wrong = [str(at) for at, row in enumerate(rows) if not _is_number(row, amount)]
        if wrong or len(rows) != len(norm["bands"]):
            count = len(norm["bands"])
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
    )


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


def load(text: str, file: str) -> list[Norm]:
    """The norms of one file's text; NormError names the file, the line of the norm or value, and what is wrong."""
    try:
        entries, lines = read_with_lines(text)
    except YamlError as error:
        raise NormError(f"{file}: {error}") from error
    return from_entries(entries, file, lines, text)


def _check(norm: Mapping[str, Any]) -> None:
    """What a norm says beside its values: _Fault for the key that is wrong."""
    name = norm["name"]
    _only(name, norm, _KEYS)
    if norm.get("unit") not in UNITS:
        raise _Fault(f"{name}: unit is one of {', '.join(UNITS)}", "unit")
    _words(name, norm, "label")
    if norm["unit"] == "choice":
        _words(name, norm, "choices", deep=True)
    if "uncertain" in norm:
        _words(name, norm, "uncertain")
    for key in ("law", "owner"):
        if norm.get(key):
            _take(name, norm, key, str)
    if "bands" in norm:
        bands, last = _take(name, norm, "bands", list), _take(name, norm, "last", int)
        if not bands or not all(type(band) is int and 0 <= band <= LAST_KEY for band in bands) or last > LAST_KEY:
            raise _Fault(f"{name}: bands and last are whole numbers from 0 to {LAST_KEY}", "bands")
        if any(a >= b for a, b in pairwise(bands)) or last < bands[-1]:
            raise _Fault(f"{name}: bands rise, and last is not below the last of them", "bands")
        _take(name, norm, "by", str)


def from_entries(entries: Any, file: str, lines: Sequence[int] = (), text: str = "", under: str = "") -> list[Norm]:
    """The norms of a file as plain data; NormError names the file, the norm and what is wrong.

    `lines`: where each of them begins in `text` (below the key `under`), for the error, which is told with the line of
    the key that is wrong.
    """
    if not isinstance(entries, list):
        raise NormError(f"{file}: a norm file is a list of norms")
    norms = []
    for number, entry in enumerate(entries):
        place = f"{file}: line {lines[number]}" if lines else file
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise NormError(f"{place}: each norm is a mapping with a name")
        steps = [*([under] if under else []), str(number)]
        try:
            _check(entry)
            given = _take(entry["name"], entry, "values", list)
        except _Fault as error:
            raise NormError(f"{_place(place, file, text, [*steps, *error.steps])}: {error}") from error
        steps.append("values")
        values: list[Value] = []
        for at, each in enumerate(given):
            try:
                values.append(_value(entry["name"], entry, each))
            except _Fault as error:
                raise NormError(f"{_place(place, file, text, [*steps, str(at), *error.steps])}: {error}") from error
        order = [(value.since, value.known_from or date.min) for value in values]
        wrong = [at for at, (a, b) in enumerate(pairwise(order), 1) if a >= b]
        if wrong or not values:
            where = _place(place, file, text, [*steps, str(wrong[0] if wrong else 0)])
            raise NormError(f"{where}: {entry['name']}: values stand in the order of their dates")
        for a, b in _neighbours(values):
            if a.until is not None and a.until > b.since:
                where = _place(place, file, text, [*steps, str(values.index(a))])
                raise NormError(f"{where}: {entry['name']}: one value's until lies behind the next one's since")
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
                line=lines[number] if lines else 0,
            )
        )
    return norms


def not_yet_checked(norms: Iterable[Norm], today: date) -> list[str]:
    """Of each value that was checked against its source on a day after `today`: where it stands, and what is wrong."""
    return [
        f"{norm.place}, since {value.since}: checked_on {value.checked_on} hasn't come yet"
        for norm in norms
        for value in norm.values
        if value.checked_on > today
    ]


def _place(norm: str, file: str, text: str, steps: Sequence[str]) -> str:
    """Where something of a norm stands, as far as its steps lead; without the file's text where the norm does."""
    return f"{file}: line {line_of(text, steps)}" if text else norm


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
        layer: dict[str, Norm] = {}
        for path in sorted(folder.glob("*.yaml")):
            for norm in load(path.read_text(encoding="utf-8"), f"{folder.parent.name}/{path.name}"):
                if norm.name in layer:
                    first = layer[norm.name]
                    raise NormError(f"{norm.place} stands in {first.file}, line {first.line}, too: a name stands once")
                layer[norm.name] = norm
        norms |= layer
    for norm in norms.values():
        if norm.law is not None and norms.get(norm.law, norm).unit != "reference":
            there = ", ".join(name for name, other in norms.items() if other.unit == "reference") or "none"
            raise NormError(f"{norm.place}: law {norm.law} is no norm of unit reference; there are {there}")
    return norms


@dataclass(frozen=True, slots=True)
class Amendment:
    """A norm of a proposal: name and values as in a norm file; what else there is to it, where it is to be another."""

    file: str
    entry: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The norm that it changes."""
        return str(self.entry["name"])


def load_amendments(text: str, file: str) -> tuple[Amendment, ...]:
    """The norms that a proposal changes; NormError for what is no list of norms, or names one twice."""
    try:
        entries = read_yaml(text)
    except YamlError as error:
        raise NormError(f"{file}: {error}") from error
    if not isinstance(entries, list):
        raise NormError(f"{file}: a proposal is a list of norms, each with its name and values")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise NormError(f"{file}: each norm is a mapping with a name")
    names = [entry["name"] for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NormError(f"{file}: {', '.join(twice)} stands in it twice")
    return tuple(Amendment(file, entry) for entry in entries)


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
        entry = dict(amendment.entry)
        if below is None:
            if "unit" not in entry:
                raise NormError(f"{amendment.file}: {amendment.name}: there is no norm of that name to change")
            [local[amendment.name]] = from_entries([entry], amendment.file)
            continue
        kept: dict[str, Any] = {"unit": below.unit, "label": dict(below.label), "law": below.law}
        if below.bands:
            kept |= {"by": below.by, "bands": list(below.bands), "last": below.last}
        words = {"choices": below.choices, "uncertain": below.uncertain}
        kept |= {key: dict(found) for key, found in words.items() if found} | {"owner": below.owner}
        for key in ("unit", "by", "bands", "last", "choices"):
            if entry.get(key, kept.get(key)) != kept.get(key):
                raise NormError(f"{amendment.file}: {amendment.name}: {key} is {kept.get(key)}, not {entry[key]}")
        [proposed] = from_entries([kept | entry], amendment.file)
        values = {value.since: value for value in (*below.values, *proposed.values)}
        whole = replace(below, values=tuple(values[since] for since in sorted(values)), file=amendment.file, line=0)
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
        uncertain = bool(norm.uncertain) and value.status != "official"
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
            tables[name] = _table(norm, [_minor(row, norm.unit) for row in chosen], cited)
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
        return _table(norm, [_minor(row, norm.unit) for row in value.value], cited)
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


def _table(norm: Norm, amounts: Sequence[int], cited: Callable[[int], Used]) -> Table:
    rows: list[Number] = []
    ends = [*(b - 1 for b in norm.bands[1:]), norm.last]
    for first, end, amount in zip(norm.bands, ends, amounts, strict=True):
        rows += [Number.of(amount, cited(amount))] * (end - first + 1)
    values = np.array([*rows, 0], dtype=np.int64)
    values.setflags(write=False)
    return Table(norm.name, norm.by or "", norm.bands[0], tuple(rows), values)
