"""The codes of costs and incomes: kind, name, statistics; loaded from codes.yaml beside this file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from handslag.rules.yaml_files import shipped

Kind = Literal["medical", "basic", "promoting"]
Rule = Literal["", "premium", "deductible", "copay", "meals"]


class CostCode(msgspec.Struct, frozen=True):
    """A kind of cost. `medical` and `basic` belong to basic security (need A), `promoting` to need B.

    `rule`: which limit of the norms applies to it, if any.
    """

    name: dict[str, str]
    kind: Kind
    rule: Rule = ""
    law: str = "sil"


class IncomeCode(msgspec.Struct, frozen=True):
    """A kind of income. `wage`: a wage of the first labour market, which the EFB applies to."""

    name: dict[str, str]
    wage: bool = False


ASYLUM: Final = ("N", "F-A", "S")
"""Permits under the asylum regime of a canton (Asylfürsorge); everybody else is under the SKOS guidelines."""


RENT: Final[Mapping[str, str]] = {"de": "Miete", "fr": "Loyer", "sv": "Hyra", "en": "Rent"}
"""What rent is called where it is paid directly: it is no kind of cost of the budget, but a line of its own."""


def _load(kind: str, struct: Any) -> Any:
    raw = shipped(Path(__file__).with_name("codes.yaml"))
    return msgspec.convert(raw[kind], dict[str, struct])


COSTS: Final[Mapping[str, CostCode]] = _load("costs", CostCode)
INCOMES: Final[Mapping[str, IncomeCode]] = _load("incomes", IncomeCode)
