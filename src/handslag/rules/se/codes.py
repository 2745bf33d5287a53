"""The codes of costs and incomes: bucket, name, statistics; loaded from codes.yaml beside this file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from handslag.rules.yaml_files import shipped


class CostCode(msgspec.Struct, frozen=True):
    """A kind of cost. `special`: livsföringen i övrigt, else försörjningsstöd.

    `by_caseworker`: not applied for. `in_cases` False: not in a case, only where a population doesn't say which.
    `statistics` None: in no compilation (membership of a union never is: 7 a § lagen (2001:454)).
    """

    name: dict[str, str]
    special: bool
    by_caseworker: bool = False
    in_cases: bool = True
    statistics: str | None = None


class IncomeCode(msgspec.Struct, frozen=True):
    """A kind of income. `employment`: of work, so that the disregards for work income can apply."""

    name: dict[str, str]
    employment: bool = False


def _load(kind: str, struct: Any) -> Any:
    raw = shipped(Path(__file__).with_name("codes.yaml"))
    return msgspec.convert(raw[kind], dict[str, struct])


COSTS: Final[Mapping[str, CostCode]] = _load("costs", CostCode)
CASE_COSTS: Final[Mapping[str, CostCode]] = {code: kind for code, kind in COSTS.items() if kind.in_cases}
"""The kinds that a caseworker chooses from."""
UNSTATED: Final = "UNSTATED"
"""The kind that a population has in place of those that no compilation may tell of."""
INCOMES: Final[Mapping[str, IncomeCode]] = _load("incomes", IncomeCode)
