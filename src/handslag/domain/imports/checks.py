"""Reading the tables of a register, and what speaks against each row. Inside the canton's door."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from handslag.domain.accounts.models import REFERENCE, Entry
from handslag.domain.accounts.states import Rests, Side
from handslag.domain.exchange.queries import partners
from handslag.domain.imports.queries import Checked
from handslag.domain.imports.states import COLUMNS, MONEY, OPTIONAL, Fault, Table
from handslag.domain.people.identifiers import BadIdentifier, normal_identifier
from handslag.domain.people.names import stored_name
from handslag.domain.people.queries import persons_by_identifiers
from handslag.domain.register.models import Notice
from handslag.domain.register.policies import MUNICIPALITY
from handslag.kernel.money import AmountError, parse_amount
from handslag.kernel.tables import Row
from handslag.rules.ch.payers import PAYERS
from handslag.rules.ch.settlement import REGIMES

#: By what law money is open.
FUNDS: Final = tuple(REGIMES)
#: Of a name, as they are stored.
LONGEST: Final = 120
#: Days as spreadsheets count them.
_DAY_NULL: Final = date(1899, 12, 30)


class WrongTables(ValueError):
    """No table can be read from the files; `code`: columns (no table has this first line), twice, empty."""

    def __init__(self, code: str, told: str) -> None:
        super().__init__(f"{code}: {told}")
        self.code, self.told = code, told


def read(files: Iterable[tuple[str, Sequence[Row]]]) -> list[Checked]:
    """The rows of tables (each with the name of its file or sheet), which are told apart by their first lines. An empty
    sheet says nothing. WrongTables."""
    found: list[Checked] = []
    seen: set[Table] = set()
    for name, rows in files:
        if not rows:
            continue
        header = [cell.lower() for cell in rows[0][1] if cell]
        table = next((one for one, columns in COLUMNS.items() if sorted(columns) == sorted(header)), None)
        if table is None:
            raise WrongTables("columns", name)
        if table in seen:
            raise WrongTables("twice", name)
        seen.add(table)
        found += [_row(table, line, cells, header) for line, cells in rows[1:]]
    if not found:
        raise WrongTables("empty", "")
    return found


def _row(table: Table, line: int, cells: Sequence[str], header: Sequence[str]) -> Checked:
    told = dict(zip(header, [*cells, *[""] * len(header)], strict=False))
    row = Checked(table, line, told)
    if any(cells[len(header) :]):
        row.faults.append((Fault.COLUMNS, ""))
        return row
    for column in header:
        text = told[column]
        if not text and column not in OPTIONAL:
            row.faults.append((Fault.MISSING, column))
        elif column in _READ:
            try:
                row.told[column] = _READ[column](text)
            except ValueError:
                row.faults.append((_SAID.get(column, Fault.DAY), column))
    return row


def _day(text: str) -> str:
    """A day as 2026-01-31, 31.1.2026, or as the number that spreadsheets count it by."""
    if re.fullmatch(r"[1-9]\d{4}", text, re.ASCII):
        return (_DAY_NULL + timedelta(days=int(text))).isoformat()
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text, re.ASCII):
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def _amount(text: str) -> int:
    """An amount in minor units; empty: 0."""
    if not text:
        return 0
    try:
        if text[0] in "-\N{MINUS SIGN}":
            return -parse_amount(text[1:], "de-CH")
        return parse_amount(text, "de-CH")
    except AmountError as error:
        raise ValueError(text) from error


def _number(text: str) -> str:
    try:
        return normal_identifier("zemis", text)[0]
    except BadIdentifier as error:
        raise ValueError(text) from error


def _place(text: str) -> str:
    """The address of a municipality, which may be told by its number of the BFS alone."""
    return f"{MUNICIPALITY}bfs:{int(text)}" if re.fullmatch(r"\d{1,4}", text, re.ASCII) else text


_READ: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("birth_on", "since", "status_since", "entry_on", "last_on"), _day),
    **dict.fromkeys(MONEY, _amount),
    "number": _number,
    "municipality": _place,
    "given_name": stored_name,
    "family_name": stored_name,
}
#: What it is called that a column can't be read, where it isn't a day.
_SAID: Final = {**dict.fromkeys(MONEY, Fault.AMOUNT), "number": Fault.NUMBER}


def check(rows: Sequence[Checked], clearance: int, today: date) -> None:
    """Note at each row every fault that it has in itself, beside the others, and beside what is known here.
    `clearance`: of who brings it."""
    reach = {place for place in partners() if place.startswith(MUNICIPALITY)}
    whole = [one for one in rows if (Fault.COLUMNS, "") not in one.faults]
    by_table: dict[Table, list[Checked]] = {table: [one for one in whole if one.table == table] for table in Table}
    for row in whole:
        told, wrong = row.told, {column for _code, column in row.faults}
        if "municipality" not in wrong and told.get("municipality") not in reach:
            row.faults.append((Fault.MUNICIPALITY, "municipality"))
        for first, last in _ORDERED[row.table]:
            if not wrong & {first, last} and told.get(first, "") > told.get(last, ""):
                row.faults.append((Fault.ORDER, last))
    _twice(by_table[Table.PERSONS], "number")
    _twice(by_table[Table.CLAIMS], "number", "municipality", "since")
    _twice(by_table[Table.ITEMS], "reference", "municipality")
    _persons(by_table[Table.PERSONS], clearance, today)
    _claims(by_table[Table.CLAIMS], {one.told["number"] for one in by_table[Table.PERSONS] if not one.faults})
    _items(by_table[Table.ITEMS])


#: Which day isn't after which.
_ORDERED: Final = {
    Table.PERSONS: (("entry_on", "status_since"), ("birth_on", "entry_on"), ("entry_on", "since")),
    Table.CLAIMS: (("since", "last_on"),),
    Table.ITEMS: (("since", "last_on"),),
}


def _twice(rows: Sequence[Checked], *columns: str) -> None:
    """Rows that say the same thing again: none of them is taken, as nobody can tell which is right."""
    places: dict[tuple[Any, ...], list[Checked]] = defaultdict(list)
    for row in rows:
        if all(row.told.get(column) for column in columns):
            places[tuple(row.told[column] for column in columns)].append(row)
    for same in places.values():
        if len(same) > 1:
            for row in same:
                row.faults.append((Fault.TWICE, columns[0]))


def _persons(rows: Sequence[Checked], clearance: int, today: date) -> None:
    known = persons_by_identifiers("zemis", [str(row.told.get("number", "")) for row in rows])
    there = set(Notice.objects.filter(person__in=known.values()).values_list("person_id", flat=True))
    for row in rows:
        told, wrong = row.told, {column for _code, column in row.faults}
        if "status" not in wrong and told.get("status") not in PAYERS:
            row.faults.append((Fault.STATUS, "status"))
        row.faults += [
            (Fault.LONG, name) for name in ("given_name", "family_name") if len(told.get(name, "")) > LONGEST
        ]
        if "birth_on" not in wrong and told.get("birth_on", "") > today.isoformat():
            row.faults.append((Fault.TO_COME, "birth_on"))
        one = known.get(str(told.get("number", "")))
        if one is None:
            continue
        if one.protection_level > clearance:
            row.faults.append((Fault.NOT_HERE, "number"))
        elif one.id in there:
            row.faults.append((Fault.KNOWN, "number"))
        elif (one.given_name, one.family_name) != (told.get("given_name"), told.get("family_name")):
            row.faults.append((Fault.NAME, "family_name"))


def _claims(rows: Sequence[Checked], people: set[str]) -> None:
    """A claim is of somebody whom the same import takes; two of different municipalities don't lie on one day."""
    by_person: dict[str, list[Checked]] = defaultdict(list)
    for row in rows:
        if row.told.get("number") not in people:
            row.faults.append((Fault.NO_PERSON, "number"))
        by_person[str(row.told.get("number"))].append(row)
    for same in by_person.values():
        fine = [row for row in same if not row.faults]
        for row in fine:
            if any(_meet(row.told, other.told) for other in fine if other is not row):
                row.faults.append((Fault.OVERLAP, "since"))


def _meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["since"] <= other["last_on"] and other["since"] <= one["last_on"])


def _items(rows: Sequence[Checked]) -> None:
    posted = set(
        Entry.objects.filter(
            account__side=Side.PAYER,
            cites=Rests.STATEMENT,
            reference__in={str(row.told.get("reference")) for row in rows},
        ).values_list("reference", "account__partner")
    )
    for row in rows:
        told, wrong = row.told, {column for _code, column in row.faults}
        if "regime" not in wrong and told.get("regime") not in FUNDS:
            row.faults.append((Fault.REGIME, "regime"))
        if len(told.get("reference", "")) > REFERENCE:
            row.faults.append((Fault.LONG, "reference"))
        if (told.get("reference"), told.get("municipality")) in posted:
            row.faults.append((Fault.POSTED, "reference"))
        if not wrong & set(MONEY) and not _adds_up(told):
            row.faults.append((Fault.SUM, "open"))


def _adds_up(told: dict[str, Any]) -> bool:
    """Open is what was accepted and not paid; no more was cut and accepted than claimed, nor paid than accepted."""
    claimed, cut, accepted, paid, left = (told[column] for column in MONEY)
    return bool(
        claimed
        and left == accepted - paid
        and all(_within(part, whole) for part, whole in ((cut, claimed), (accepted, claimed - cut), (paid, accepted)))
    )


def _within(part: int, whole: int) -> bool:
    """Whether it is a part of it: of the same sign and no larger."""
    return min(0, whole) <= part <= max(0, whole)
