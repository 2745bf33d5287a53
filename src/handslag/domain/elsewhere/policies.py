"""The switch: which clients of the other case system this product serves, by unit and group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from handslag.domain.elsewhere.models import Switch
from handslag.domain.elsewhere.states import Group, SwitchOutcome
from handslag.domain.tenancy.policies import setting


@dataclass(frozen=True)
class Front:
    """The tenant's setting `case_system`: what it is called and where it is, its units (name there: name here) and the
    groups of clients that apply through this product to begin with. `switched`: what administrators have switched on
    or off since, by unit (there) and group."""

    name: str
    address: str = field(repr=False)
    units: dict[str, str]
    groups: frozenset[str]
    switched: Mapping[tuple[str, str], bool] = field(default_factory=dict)

    def serves(self, unit: str, group: str) -> bool:
        """Whether clients of that unit (as it is called there) and group are served here."""
        return unit in self.units and self.switched.get((unit, group), group in self.groups)


def front() -> Front | None:
    """The case system that this organisation's e-service stands in front of; None where there is none."""
    told = setting("case_system")
    if not told:
        return None
    held = Switch.objects.filter(outcome=SwitchOutcome.CONFIRMED).order_by("settled_at", "id")
    switched = {(unit, group): on for unit, group, on in held.values_list("unit_name", "client_group", "switched_on")}
    return replace(read(told), switched=switched)


def read(told: dict[str, Any]) -> Front:
    """The setting as it is meant; ValueError (with what is wrong) for one that isn't whole."""
    if set(told) != {"name", "address", "units", "groups"}:
        raise ValueError("case_system: needs name, address, units, groups")
    units, groups = told["units"], told["groups"]
    if not isinstance(told["name"], str) or not 1 <= len(told["name"]) <= 80 or not isinstance(told["address"], str):
        raise ValueError("case_system: name (1 to 80 characters) and address are texts")
    if not isinstance(units, dict) or not all(isinstance(part, str) for pair in units.items() for part in pair):
        raise ValueError("case_system: units is {name there: name here}")
    if not isinstance(groups, list) or not set(groups) <= set(Group.values):
        raise ValueError(f"case_system: groups are of {', '.join(Group.values)}")
    return Front(told["name"], told["address"], dict(units), frozenset(groups))
