"""Reads on imports: their rows, and the money in them and in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from handslag.domain.accounts.models import Entry
from handslag.domain.accounts.queries import balances
from handslag.domain.accounts.states import Rests, Side
from handslag.domain.imports.models import Import, Row
from handslag.domain.imports.states import MONEY, Table


@dataclass
class Checked:
    """A row as it was read and checked; see `models.Row`."""

    table: Table
    line: int
    told: dict[str, Any]
    faults: list[tuple[str, str]] = field(default_factory=list)


def totals(rows: Iterable[Checked]) -> dict[str, Any]:
    """Of all rows (`file`), of those that aren't taken (`rejected`) and of those that are (`taken`): how many of each
    table, and what the columns of money add up to in minor units; `unread`: how many amounts can't be read, and so are
    in no sum."""
    empty = {table.value: 0 for table in Table} | dict.fromkeys((*MONEY, "unread"), 0)
    found = {name: dict(empty) for name in ("file", "rejected", "taken")}
    for row in rows:
        for name in ("file", "rejected" if row.faults else "taken"):
            found[name][row.table.value] += 1
            for column in MONEY if row.table == Table.ITEMS else ():
                told = row.told.get(column, "")
                if isinstance(told, int):
                    found[name][column] += told
                else:
                    found[name]["unread"] += 1
    return found


def in_the_ledger(number: str) -> dict[str, int]:
    """What an import has put on the accounts of municipalities, by the columns of money, in minor units."""
    rows = Entry.objects.filter(
        account__side=Side.PAYER, posting__rests_on=Rests.STATEMENT, posting__reference=reference_of(number)
    )
    found = dict.fromkeys(MONEY, 0)
    for figures in balances(rows, "currency").values():
        for column in MONEY:
            found[column] += getattr(figures, column)
    return found


def reference_of(number: str) -> str:
    """What the postings of an import rest on."""
    return f"import {number}"


def imports() -> QuerySet[Import]:
    """Every import that wasn't undone, the newest first."""
    return Import.objects.select_related("brought_by", "confirmed_by").order_by("-brought_at", "-id")


def rejected(key: UUID) -> QuerySet[Row]:
    """The rows of an import that aren't taken, as they stand in the files."""
    return Row.objects.filter(of_id=key).exclude(faults=[]).order_by("table", "line")
