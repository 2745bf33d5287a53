"""By which sections money is claimed back, and until when a court can be asked; loaded from recovery.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from handslag.rules.yaml_files import shipped

#: Years from the payment in which the administrative court can be asked to order somebody to pay back (sweden.md 2 of
#: the facts behind this; unverified, as recovery.yaml says of its section).
YEARS_TO_COURT: Final = 3


class Section(msgspec.Struct, frozen=True):
    """A section from a day on, where that was read, and whether it is certain."""

    since: date
    section: str
    source: str
    certain: bool


_SECTIONS: Final[Mapping[str, tuple[Section, ...]]] = msgspec.convert(
    shipped(Path(__file__).with_name("recovery.yaml")),
    dict[str, tuple[Section, ...]],
)


def section_on(what: str, day: date) -> Section:
    """The section for a ground, a waiver ("waiver") or the way to the court ("court") on a day; KeyError for a `what`
    that there isn't, ValueError for a day before the first."""
    return max((one for one in _SECTIONS[what] if one.since <= day), key=lambda one: one.since)


def last_day_at_court(paid_on: date) -> date:
    """The last day on which the court can be asked about money that was paid on a day."""
    year = paid_on.year + YEARS_TO_COURT
    return paid_on.replace(year=year) if (paid_on.month, paid_on.day) != (2, 29) else date(year, 2, 28)
