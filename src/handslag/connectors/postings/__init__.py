"""Files for a municipality's ledger, made of the entries of a day; see README.md."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date

from handslag.domain.payments.queries import Entry

COLUMNS = (
    "verifikation", "datum", "konto", "ansvar", "verksamhet", "debet", "kredit", "text", "underlag", "nyckel",
    "bokningar",
)  # fmt: skip


def as_csv(entries: Sequence[Entry]) -> bytes:
    """The documented text file: two lines an entry, semicolons, decimal comma, UTF-8, CRLF."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        amount = f"{entry.amount // 100},{entry.amount % 100:02d}"
        traced = " ".join(str(key) for key in entry.bookings)
        for side, debit, credit in ((entry.debit, amount, ""), (entry.credit, "", amount)):
            head = (entry.number, entry.day.isoformat(), *side, debit, credit)
            writer.writerow([*head, entry.text, entry.source, str(entry.key), traced])
    return out.getvalue().encode()


def as_sie(entries: Sequence[Entry], *, organisation: str, number: str, made_on: date) -> bytes:
    """SIE type 4I (import of vouchers), in the standard's character set PC8 (code page 437).

    `organisation` and `number`: the municipality's name and organisation number.
    """
    lines = [
        "#FLAGGA 0",
        "#FORMAT PC8",
        "#SIETYP 4",
        '#PROGRAM "Handslag" "1"',
        f"#GEN {made_on:%Y%m%d}",
        f"#ORGNR {number}",
        f"#FNAMN {_quoted(organisation)}",
        '#DIM 1 "Ansvar"',
        '#DIM 20 "Verksamhet"',
    ]
    for entry in entries:
        amount = f"{entry.amount // 100}.{entry.amount % 100:02d}"
        day = f"{entry.day:%Y%m%d}"
        lines += [
            f'#VER "H" "{day}-{entry.number}" {day} {_quoted(entry.text)}',
            "{",
            f"#TRANS {entry.debit[0]} {_objects(entry.debit)} {amount}",
            f"#TRANS {entry.credit[0]} {_objects(entry.credit)} -{amount}",
            "}",
        ]
    return ("\r\n".join(lines) + "\r\n").encode("cp437", "replace")


def _objects(side: tuple[str, str, str]) -> str:
    told = [f'{dimension} "{value}"' for dimension, value in ((1, side[1]), (20, side[2])) if value]
    return "{" + " ".join(told) + "}"


def _quoted(text: str) -> str:
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
