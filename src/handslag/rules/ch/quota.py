"""How many asylum persons a municipality of the canton of Zurich takes by its quota, and who counts towards it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from handslag.rules.ch.deadlines import COUNTED, SPANS
from handslag.rules.norms import Norm, load

__all__ = ["COUNTED", "SHARE", "entered_after", "permille_on", "target"]

_FILE: Final = Path(__file__).with_name("quota.yaml")
#: For each thousand residents.
SHARE: Final[Norm] = load(_FILE.read_text(encoding="utf-8"), _FILE.name)[0]


def permille_on(day: date) -> int:
    """The share in force on a day."""
    share = SHARE.on(day).value
    assert isinstance(share, int)
    return share


def target(residents: int, day: date) -> int:
    """How many people so many residents take on a day. [assumed] Rounded down to whole people."""
    return residents * permille_on(day) // 1000


def entered_after(day: date) -> date:
    """Who entered Switzerland after this day still counts on the `day` that is asked about."""
    years = SPANS["quota.years"].on(day).value
    assert isinstance(years, int)
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the day after 28 February of a year without a 29th
        return date(day.year - years, 2, 28)
