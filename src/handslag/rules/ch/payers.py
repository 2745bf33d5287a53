"""Who reimburses a municipality of the canton of Zurich for what it gives somebody, by her status and the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple


class Payer(NamedTuple):
    """Who reimburses on what basis, for at most so many years from entry (None: as long as the status lasts)."""

    code: str
    law: str
    years: int | None = None


#: Nobody reimburses the municipality.
MUNICIPALITY: Final = "municipality"
#: Nobody needs to: she lives on own earnings, so that no lump sum a day is due.
OWN: Final = "own"
#: Who reimburses by a lump sum a day; section 44 by the net cost, in which earnings are.
LUMP_SUM: Final = frozenset({"KSA-AK"})
#: By status. The ten years of refugees in section 44 count from when residence in the canton began, which a
#: notification of the case says and an assignment doesn't: they don't end here.
PAYERS: Final = {
    "N": Payer("KSA-AK", "§ 10 AfV ZH"),
    "F-A": Payer("KSA-AK", "§ 10 AfV ZH", years=7),
    "S": Payer("KSA-AK", "§ 10 AfV ZH"),
    "F-R": Payer("KSA-ÖS", "§ 44 Abs. 1 SHG ZH"),
    "B-R": Payer("KSA-ÖS", "§ 44 Abs. 1 SHG ZH"),
}


def payers(status: str, entry_on: date, since: date, until: date | None) -> Iterator[tuple[date, date | None, str]]:
    """Who reimburses from `since` until before `until` for somebody of this status: days and code, in order.

    KeyError for a status that no rule names.
    """
    payer = PAYERS[status]
    ends = later(entry_on, payer.years) if payer.years else None
    if ends is None or (until is not None and until <= ends):
        yield since, until, payer.code
        return
    if since < ends:
        yield since, ends, payer.code
    yield max(since, ends), until, MUNICIPALITY


def later(day: date, years: int) -> date:
    """The same day so many years later; of a 29 February without one the day after."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
