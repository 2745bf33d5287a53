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
#: Who reimburses only what a municipality has claimed by notifying the case, and the canton accepted.
SECTION_44: Final = "KSA-ÖS"
#: By status. The ten years of section 44 count from when residence in the canton began: they end with the claim.
PAYERS: Final = {
    "N": Payer("KSA-AK", "§ 10 AfV ZH"),
    "F-A": Payer("KSA-AK", "§ 10 AfV ZH", years=7),
    "S": Payer("KSA-AK", "§ 10 AfV ZH"),
    "F-R": Payer(SECTION_44, "§ 44 Abs. 1 SHG ZH"),
    "B-R": Payer(SECTION_44, "§ 44 Abs. 1 SHG ZH"),
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


def payer_on(by_status: str | None, *, earns: bool, claimed: bool) -> str | None:
    """Who reimburses a day: by status (see `payers`; None: no status is known), by whether she lives on own earnings,
    and whether a claim of the responsible municipality under section 44 is accepted for it."""
    if by_status in LUMP_SUM:
        return OWN if earns else by_status
    if claimed:
        return SECTION_44
    return MUNICIPALITY if by_status == SECTION_44 else by_status


def later(day: date, years: int) -> date:
    """The same day so many years later; of a 29 February without one the day after."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
