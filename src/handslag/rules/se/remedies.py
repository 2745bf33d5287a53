"""By which sections help is tried, in which order, and how a decision by each is appealed; from remedies.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final, Literal

import msgspec

from handslag.rules.yaml_files import shipped

#: Help under 12 kap. 2 § socialtjänstlagen (2025:400): nobody has a right to it, and it may be given all the same.
OTHER: Final = "other"
#: Financial assistance under 12 kap. 1 §, as the calculation gives it.
RIGHT: Final = "right"


class RemedySection(msgspec.Struct, frozen=True):
    """A section from a day on, how what is decided by it is appealed, where that was read, whether it is certain."""

    since: date
    section: str
    appeal: Literal["matter", "lawfulness"]
    source: str
    certain: bool


class Remedy(msgspec.Struct, frozen=True):
    """One kind of help, with its sections by day."""

    code: str
    name: str
    sections: tuple[RemedySection, ...]


#: In the order in which they are tried.
REMEDIES: Final[tuple[Remedy, ...]] = msgspec.convert(
    shipped(Path(__file__).with_name("remedies.yaml")), tuple[Remedy, ...]
)


def remedy_on(code: str, day: date) -> RemedySection:
    """The section of a kind of help on a day; ValueError for a day before the first, or a code that there isn't."""
    found = [one for remedy in REMEDIES if remedy.code == code for one in remedy.sections if one.since <= day]
    return max(found, key=lambda one: one.since)


def tried_next(code: str) -> str | None:
    """What is tried after a refusal of this kind of help; None where nothing is."""
    order = [remedy.code for remedy in REMEDIES]
    after = order[order.index(code) + 1 :]
    return after[0] if after else None
