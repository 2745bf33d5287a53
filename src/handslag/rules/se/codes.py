"""The codes of costs and incomes: bucket, name, statistics; loaded from codes.yaml beside this file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml


class CostCode(msgspec.Struct, frozen=True):
    """A kind of cost. `special`: livsföringen i övrigt, else försörjningsstöd.

    `by_caseworker`: not applied for. `statistics` None: not to be reported (membership of a union never is).
    """

    name: dict[str, str]
    special: bool
    by_caseworker: bool = False
    statistics: str | None = None


class IncomeCode(msgspec.Struct, frozen=True):
    """A kind of income. `employment`: of work, so that the disregards for work income can apply."""

    name: dict[str, str]
    employment: bool = False


def _load(kind: str, struct: Any) -> Any:
    raw = yaml.safe_load(Path(__file__).with_name("codes.yaml").read_text(encoding="utf-8"))
    return msgspec.convert(raw[kind], dict[str, struct])


COSTS: Final[Mapping[str, CostCode]] = _load("costs", CostCode)
INCOMES: Final[Mapping[str, IncomeCode]] = _load("incomes", IncomeCode)
