"""A register of another system as files, invented, with faults in a share of its rows; what must be found in them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from handslag.domain.imports.checks import FUNDS
from handslag.domain.imports.queries import Checked
from handslag.domain.imports.states import COLUMNS, MONEY, Fault, Table
from handslag.rules.ch.payers import PAYERS

BEGIN = date(2019, 1, 1)
NAMES = ("Lemlem", "Yonas", "Amina", "Olena", "Rahel", "Tesfay")
FAMILIES = ("Haile", "Bondar", "Tekle", "Karimi", "O’Neill", "Öztürk")


def amount(minor: int) -> str:
    """Minor units as another system writes them."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02}"


@dataclass
class Brought:
    """Rows by table, each with what is wrong in it: [code, column]."""

    rows: dict[Table, list[dict[str, str]]] = field(default_factory=lambda: {one: [] for one in Table})
    wrong: dict[tuple[Table, int], tuple[Fault, str]] = field(default_factory=dict)

    def csv(self, table: Table) -> bytes:
        """A table as a spreadsheet saves it."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(COLUMNS[table])
        writer.writerows(
            [row[column] for column in COLUMNS[table]] + row.get("more", "").split() for row in self.rows[table]
        )
        return out.getvalue().encode("utf-8-sig")

    def files(self) -> list[tuple[str, bytes]]:
        """The three of them."""
        return [(f"{table.value}.csv", self.csv(table)) for table in Table]


#: What can be wrong in a row by itself: its code, its column, and the value that makes it so.
_BAD: dict[Table, list[tuple[Fault, str, str]]] = {
    Table.PERSONS: [
        (Fault.NUMBER, "number", "21?1"), (Fault.MISSING, "family_name", ""), (Fault.DAY, "birth_on", "31.02.1990"),
        (Fault.DAY, "entry_on", "gestern"), (Fault.MUNICIPALITY, "municipality", "9998"),
        (Fault.STATUS, "status", "Q"), (Fault.ORDER, "entry_on", "1950-01-01"),
        (Fault.TO_COME, "birth_on", "2990-01-01"), (Fault.LONG, "given_name", "x" * 121),
        (Fault.COLUMNS, "", "too many"), (Fault.TWICE, "number", ""),
    ],
    Table.CLAIMS: [
        (Fault.NO_PERSON, "number", "9999999.9"), (Fault.ORDER, "last_on", "2001-01-01"), (Fault.MISSING, "since", ""),
        (Fault.MUNICIPALITY, "municipality", "municipality:nowhere:1"), (Fault.OVERLAP, "since", ""),
    ],
    Table.ITEMS: [
        (Fault.AMOUNT, "claimed", "1.250,5x"), (Fault.SUM, "open", "0.01"), (Fault.REGIME, "regime", "pension"),
        (Fault.TWICE, "reference", ""), (Fault.MISSING, "claimed", ""), (Fault.DAY, "last_on", "2026-13-01"),
    ],
}  # fmt: skip


def brought(random: Random, places: Sequence[str], people: int, share: float = 0.0, each: bool = False) -> Brought:
    """So many people with claims and open items in these municipalities; `share` of the rows have one fault each, or
    with `each` one row of every kind of fault has it."""
    made = Brought()
    for n in range(people):
        entry, place = BEGIN + timedelta(days=random.randrange(2_000)), random.choice(places)
        since = entry + timedelta(days=random.randrange(200))
        status = random.choice(list(PAYERS))
        row = {
            "number": f"{21_000_000 + n}.{n % 10}", "given_name": random.choice(NAMES),
            "family_name": random.choice(FAMILIES),
            "birth_on": (BEGIN - timedelta(days=random.randrange(1, 20_000))).isoformat(), "municipality": place,
            "since": since.isoformat(), "status": status,
            "status_since": entry.strftime("%d.%m.%Y"), "entry_on": entry.isoformat(),
        }  # fmt: skip
        made.rows[Table.PERSONS].append(row)
        if status.endswith("-R"):
            claim = {"number": row["number"], "municipality": place, "since": row["since"], "last_on": "2030-12-31"}
            made.rows[Table.CLAIMS].append(claim)
        if n % 4 == 0:
            claimed = random.randrange(1, 10_000_000) * random.choice((1, 1, 1, -1))
            cut = int(claimed * random.choice((0, 0, 0.1)))
            accepted = random.choice((0, claimed - cut))
            paid = random.choice((0, accepted // 2))
            sums = dict(zip(MONEY, map(amount, (claimed, cut, accepted, paid, accepted - paid)), strict=True))
            item = {"reference": f"Q{n:06}", "municipality": place, "regime": random.choice(FUNDS)}
            made.rows[Table.ITEMS].append({**item, "since": "2026-04-01", "last_on": "2026-06-30", **sums})
    _spoil(made, random, share, each)
    return made


def _spoil(made: Brought, random: Random, share: float, each: bool) -> None:
    for table, rows in made.rows.items():
        kinds = [(fault, column, value) for fault, column, value in _BAD[table]]
        places = list(range(len(rows)))
        random.shuffle(places)
        count = len(kinds) if each else round(len(rows) * share)
        for n, place in enumerate(places[:count]):
            fault, column, value = kinds[n % len(kinds)]
            row = rows[place]
            if fault in (Fault.TWICE, Fault.OVERLAP):
                more = dict(row)
                if fault == Fault.OVERLAP:
                    more["since"] = (date.fromisoformat(row["since"]) + timedelta(days=1)).isoformat()
                rows.append(more)
                made.wrong[table, len(rows) + 1] = fault, column
            elif fault == Fault.COLUMNS:
                row["more"] = value
            else:
                row[column] = value
            made.wrong[table, place + 2] = fault, column
    # whoever isn't taken can have no claim either
    lost = {row["number"] for n, row in enumerate(made.rows[Table.PERSONS], 2) if (Table.PERSONS, n) in made.wrong}
    known = {row["number"] for row in made.rows[Table.PERSONS]}
    for n, claim in enumerate(made.rows[Table.CLAIMS], 2):
        here = made.wrong.get((Table.CLAIMS, n), (Fault.OVERLAP, ""))[0]
        if (claim["number"] in lost or claim["number"] not in known) and here == Fault.OVERLAP:
            made.wrong[Table.CLAIMS, n] = Fault.NO_PERSON, "number"


def found_in(rows: Sequence[Checked]) -> dict[tuple[Table, int], set[str]]:
    """The codes of what was found wrong, by table and line."""
    return {(one.table, one.line): {str(code) for code, _column in one.faults} for one in rows if one.faults}


def unnamed(made: Brought, found: dict[tuple[Table, int], set[str]]) -> list[str]:
    """What is wrong and wasn't named, and what was named and isn't wrong."""
    return [
        *(f"{at}: not found {code}" for at, (code, _c) in made.wrong.items() if code not in found.get(at, ())),
        *(f"{at}: found {codes}, which isn't wrong" for at, codes in found.items() if at not in made.wrong),
    ]  # fmt: skip


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    """A workbook as spreadsheets save it: text shared, numbers and days as numbers."""
    shared: list[str] = []

    def cell(at: str, value: Any) -> str:
        if isinstance(value, (int, float)):
            return f'<c r="{at}"><v>{value!r}</v></c>'
        shared.append(value)
        return f'<c r="{at}" t="s"><v>{len(shared) - 1}</v></c>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>{names}</sheets></workbook>'
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(sheets) + 1)
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="x">{targets}</Relationships>')
        for n, rows in enumerate(sheets.values(), 1):
            lines = ""
            for line, row in enumerate(rows, 1):
                cells = [cell(f"{chr(65 + at)}{line}", value) for at, value in enumerate(row) if value != ""]
                lines += f'<row r="{line}">{"".join(cells)}</row>'
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'
            )
        texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}">{texts}</sst>')
    return out.getvalue()
