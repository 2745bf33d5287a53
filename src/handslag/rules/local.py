"""Norms that a municipality or district sets itself: one amount, or a table by the number of people in a household;
and what it chooses where no source settles the law."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from handslag.rules.norms import Norm, NormError, NormMissing

PERSONS: Final = "persons"
SETTING: Final = "setting."


@dataclass(frozen=True, slots=True)
class Local:
    """What one of them is: its unit, and how it is called. `by_persons`: a table from one person on; its last row holds
    for up to `last` people, where that is more than it has rows."""

    unit: str
    label: Mapping[str, str]
    by_persons: bool = False
    last: int = 0

    def entry(self, name: str, amounts: Sequence[int | str]) -> dict[str, Any]:
        """The entry of a norm file, with its value or rows: amounts as a norm file has them, those of a table for one
        person, two, and so on."""
        told = {"name": name, "unit": self.unit, "label": dict(self.label)}
        if not self.by_persons:
            [value] = amounts
            return told | {"value": value}
        bands = list(range(1, len(amounts) + 1))
        return told | {"by": PERSONS, "bands": bands, "last": max(self.last, len(amounts)), "rows": list(amounts)}


def check(norms: Sequence[Norm], kinds: Mapping[str, Local]) -> None:
    """NormError, with file, norm and what is expected, for a norm that is none of `kinds`, or of another shape."""
    for norm in norms:
        kind = kinds.get(norm.name)
        if kind is None:
            raise NormError(f"{norm.place} is none of {', '.join(kinds)}")
        shapes = {bool(value.bands) for value in norm.values}
        if norm.unit != kind.unit or shapes != {kind.by_persons} or norm.by not in (None, PERSONS):
            shape = f"a table by {PERSONS}" if kind.by_persons else "one amount"
            raise NormError(f"{norm.place} is {shape} in {kind.unit}")
        if any(value.bands and value.bands[0] != 1 for value in norm.values):
            raise NormError(f"{norm.place} begins with 1 person")


def open_choices(norms: Mapping[str, Norm]) -> dict[str, Norm]:
    """By name what no source settles: the settings of which one reading is chosen."""
    return {name: norm for name, norm in norms.items() if name.startswith(SETTING) and norm.unit == "choice"}


def apart(tables: Sequence[Norm]) -> tuple[list[Norm], list[Norm]]:
    """(the settings, the other norms) that another body sets."""
    return [n for n in tables if n.name.startswith(SETTING)], [n for n in tables if not n.name.startswith(SETTING)]


def chosen(norms: Mapping[str, Norm], own: Sequence[Norm], on: date, known_on: date | None) -> list[Norm]:
    """What a municipality has chosen, in force on `on`, each to stand in the place of the norm of that name: it holds
    for the whole period that begins then. It stays what no source settles: marked, unless the law has settled it by
    then, which holds. What nobody knows of yet on `known_on` has no effect: who brings it is told
    (`packs.without_effect`). NormError for what is no setting of `norms`."""
    choices, found = open_choices(norms), []
    for norm in own:
        below = choices.get(norm.name)
        if below is None or norm.unit != below.unit:
            raise NormError(f"{norm.place} is no choice of this law; there are {', '.join(choices)}")
        if not below.known(known_on) or below.on(on, known_on).status == "official":
            continue
        try:
            value = norm.on(on, known_on)
        except NormMissing:
            continue
        status = value.status if value.status == "example" else below.on(on, known_on).status
        held = (replace(value, until=None, status=status),)
        found.append(replace(norm, law=below.law, choices=below.choices, uncertain=below.uncertain, values=held))
    return found
