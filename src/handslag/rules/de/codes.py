"""The codes of needs, incomes, debts and payees; loaded from codes.yaml beside this file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from handslag.rules.yaml_files import shipped


class NeedCode(msgspec.Struct, frozen=True):
    """A kind of need that comes with an amount of its own; `capped`: inside the limit of § 30 Abs. 6."""

    name: dict[str, str]
    kind: Literal["capped", "running", "insurance", "education", "one_off"]
    section: str
    statistics: str


class IncomeCode(msgspec.Struct, frozen=True):
    """A kind of income; its `kind` decides which allowance is computed on it."""

    name: dict[str, str]
    kind: Literal[
        "statutory", "additional", "earnings", "workshop", "student", "volunteer", "honorary", "capital",
        "child_benefit", "presumed", "exempt", "other",
    ]  # fmt: skip
    statistics: str
    section: str = "income"


class DebtCode(msgspec.Struct, frozen=True):
    """What is withheld from a claim, and by which rule."""

    name: dict[str, str]
    kind: Literal["reduction", "undue", "provisional", "loan", "month_end", "deposit"]


class PayeeCode(msgspec.Struct, frozen=True):
    """Who may be paid in the place of the person."""

    name: dict[str, str]
    section: str


def _load(kind: str, struct: Any) -> Any:
    raw = shipped(Path(__file__).with_name("codes.yaml"))
    return msgspec.convert(raw[kind], dict[str, struct])


NEEDS: Final[Mapping[str, NeedCode]] = _load("needs", NeedCode)
INCOMES: Final[Mapping[str, IncomeCode]] = _load("incomes", IncomeCode)
DEBTS: Final[Mapping[str, DebtCode]] = _load("debts", DebtCode)
PAYEES: Final[Mapping[str, PayeeCode]] = _load("payees", PayeeCode)
