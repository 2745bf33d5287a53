"""Facts without names: a household as a row of a population, with the facts of the pack as columns.

A row has what the pack's facts have, but for its days and free texts; of each member the age in whole years on the
first day of a month in place of the date of birth. Ages stand still: a person is as old in every month.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, get_origin, get_type_hints

import msgspec

from handslag.kernel.months import Month, age_on
from handslag.rules.facts import FactsError
from handslag.rules.faults import struct_of
from handslag.rules.packs import Pack, kind_of_facts

TEXTS: Final = frozenset(("note", "order", "name", "reason", "period", "limit_source"))
"""Fields of facts that hold free text: no population has them."""
DAYS: Final = frozenset(("since", "until"))
"""Of a household and its members: a population is there for whole months."""
OLDEST: Final = 120
UNSAID: Final = "-"
"""Stands in the facts where they can't do without a text."""

_KEYS: Final = ("key", "person", "child_benefit_to")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class RowError(ValueError):
    """It is no row of a population; the message names the column and what is expected."""


def columns(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The columns of a population of such facts with their types; a member's `age` for its `birth_on`."""
    member = "birth_on" in kind.__struct_fields__
    hints = get_type_hints(kind)
    left = {name: hints[name] for name in kind.__struct_fields__ if name not in TEXTS}
    if member or "members" in left:
        left = {name: hint for name, hint in left.items() if name not in DAYS}
    return {("age" if name == "birth_on" else name): (int if name == "birth_on" else h) for name, h in left.items()}


def facts_of(law: Pack, row: Mapping[str, Any], month: Month) -> Any:
    """The facts of a row in a month. RowError for a column that there isn't or is of another type; FactsError
    for facts that can't be calculated."""
    told = _without_gaps(row)
    for problem in _misplaced(told, kind_of_facts(law)):
        raise RowError(problem)
    for n, member in enumerate(told.get("members", ())):
        age = member.pop("age", None)
        if type(age) is not int or not 0 <= age <= OLDEST:
            raise RowError(f"members[{n}]: age: whole years from 0 to {OLDEST} are expected, not {age!r}")
        member["birth_on"] = born(age, month)
    _say_nothing(told, kind_of_facts(law))
    try:
        return law.Facts.from_json(told | {"since": month.since, "until": month.until})
    except FactsError as error:
        if isinstance(error.__cause__, msgspec.ValidationError):
            raise RowError(str(error)) from error
        raise


def born(age: int, month: Month) -> date:
    """A date of birth of somebody who is `age` from the first to the last day of a month."""
    return date(month.year - age, month.number, 1)


def in_month(facts: Any, month: Month) -> Any:
    """The same household in another month, everybody as old as before; FactsError where it can't be."""
    years = month.year - facts.since.year
    moved = [msgspec.structs.replace(m, birth_on=date(m.birth_on.year + years, month.number, 1)) for m in facts.members]
    there = msgspec.structs.replace(facts, since=month.since, until=month.until, members=moved)
    there.check()
    return there


def _without_gaps(value: Any) -> Any:
    """Plain data of its own without what is null: in a table's column that means "as if not said"."""
    if isinstance(value, Mapping):
        return {k: _without_gaps(v) for k, v in value.items() if v is not None}
    return [_without_gaps(v) for v in value] if isinstance(value, list) else value


def _misplaced(told: Mapping[str, Any], kind: type[msgspec.Struct], place: str = "") -> Iterator[str]:
    known = columns(kind)
    for name, value in told.items():
        if name not in known:
            yield f"{place}{name}: no such column; there are {', '.join(known)}"
        elif get_origin(known[name]) is list and not isinstance(value, list):
            yield f"{place}{name}: a list is expected"
        elif (inner := struct_of(known[name])) is not None:
            for n, each in enumerate(value if isinstance(value, list) else [value]):
                where = f"{place}{name}[{n}]: " if isinstance(value, list) else f"{place}{name}: "
                if not isinstance(each, Mapping):
                    yield f"{where}a struct with {', '.join(columns(inner))} is expected"
                else:
                    yield from _misplaced(each, inner, where)


def _say_nothing(told: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """Put a dash where the facts need a text that no population has."""
    needed = {f.name for f in msgspec.structs.fields(kind) if f.name in TEXTS and f.required}
    if "reason" in kind.__struct_fields__:
        needed.add("reason")
    told.update(dict.fromkeys(needed, UNSAID))
    for name, hint in columns(kind).items():
        inner = struct_of(hint)
        if inner is not None and name in told:
            for each in told[name] if isinstance(told[name], list) else [told[name]]:
                _say_nothing(each, inner)


def pseudonymised(facts: Any) -> dict[str, Any]:
    """A household's facts as a row of a population: no key of the register, no date of birth, no free text; other
    dates on the first day of their month. Who is there for a part of the month is there for all of it."""
    data = facts.to_json()
    names: dict[str, str] = {}
    members: dict[str, dict[str, Any]] = {}
    for member in data.pop("members"):
        there = date.fromisoformat(member.get("since") or str(facts.since))
        member["age"] = max(age_on(there, date.fromisoformat(member.pop("birth_on"))), 0)
        names.setdefault(member["key"], f"p{len(names)}")
        members[member["key"]] = {k: v for k, v in member.items() if k not in DAYS}
    row: dict[str, Any] = _unnamed({k: v for k, v in data.items() if k not in DAYS and k != "settings"}, names)
    row["members"] = _unnamed(list(members.values()), names)
    return row | {"settings": data["settings"]}


def _unnamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: (names[each] if key in _KEYS and each is not None else _unnamed(each, names))
            for key, each in value.items()
            if key not in TEXTS
        }
    if isinstance(value, list):
        return [_unnamed(each, names) for each in value]
    return date.fromisoformat(value).replace(day=1) if isinstance(value, str) and _DAY.fullmatch(value) else value
