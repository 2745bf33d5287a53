"""The Swiss calculation for many units at once: the same rules, NumPy int64, to the Rappen the same."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handslag.rules import sheet
from handslag.rules.ch.facts import Facts
from handslag.rules.ch.numbers import Norms
from handslag.rules.ch.pack import write
from handslag.rules.ch.rows import Household
from handslag.rules.periods import Period
from handslag.rules.population import CHUNK, Households, in_chunks

_INT: Final = np.int64
_BOOL: Final = np.bool_
_HOUSEHOLD: Final = {
    "heads": _INT, "asylum_heads": _INT, "size": _INT, "alone_birth": _INT, "single": _BOOL, "purpose_flat": _BOOL,
    "shared": _BOOL, "idle": _BOOL, "new": _BOOL, "rented": _BOOL, "rent": _INT, "notice_day": _INT,
    "wealth_known": _BOOL, "wealth": _INT, "partner": _BOOL, "together_since": _INT,
    "common_child": _BOOL, "partner_income": _INT, "partner_budget": _INT, "restitution": _INT,
    "restitution_percent": _INT, "refund_wealth": _INT, "received": _INT,
}  # fmt: skip
_ROWS: Final[Mapping[str, Mapping[str, Any]]] = {
    "members": {
        "birth": _INT,
        "asylum": _BOOL,
        "izu": _INT,
        "reimbursed": _BOOL,
        "income": _INT,
        "wage": _INT,
    },
    "basic": {
        "effective": _INT, "before": _INT, "used": _INT, "units": _INT, "member": _INT, "birth": _INT,
        "premium": _BOOL, "deductible": _BOOL, "copay": _BOOL, "meals": _BOOL,
    },
    "promoting": {"effective": _INT, "member": _INT},
    "incomes": {"gross": _INT, "member": _INT},
    "relatives": {"income": _INT, "couple": _BOOL, "children": _INT},
    "sanctions": {"member": _INT, "percent": _INT, "months": _INT, "elapsed": _INT, "day": _INT, "asylum": _BOOL},
}  # fmt: skip
_PART: Final = {"wealth_before": _INT}
_MEMBERS_PART: Final = {"efb_before": _INT, "izu_before": _INT}
"""Columns that only a part of a month has: a whole month has no earlier part."""


class Population(Households):
    """Units of one period and canton as columns; what each column means stands in `rows.py`."""

    of_rent = of_partner = of_restitution = of_refund = None

    @classmethod
    def of(cls, facts: Sequence[Facts]) -> "Population":
        """From facts, all of one period and canton and with the same settings (ValueError otherwise)."""
        if len({(f.since, f.until, f.canton, tuple(sorted(f.settings.items()))) for f in facts}) != 1:
            raise ValueError("a population has one period, one canton and one set of settings")
        own, rows = _HOUSEHOLD, _ROWS
        month = Period.of(facts[0].since, facts[0].until)
        if month.days < month.month_days:
            own, rows = own | _PART, {**rows, "members": {**rows["members"], **_MEMBERS_PART}}
        return cls.from_rows([Household(f) for f in facts], own, rows)


def calculate_lines(population: Population, month: Period, norms: Norms) -> sheet.Columns:
    """All lines (an array each, one element per row) and totals, in one piece."""
    written = sheet.Columns()
    write(population, month, norms, written)
    return written


def calculate(population: Population, month: Period, norms: Norms, chunk: int = CHUNK) -> dict[str, NDArray[np.int64]]:
    """Totals by name, and `granted` and `surplus`, one element per unit."""

    def totals_of(since: int, until: int) -> dict[str, NDArray[np.int64]]:
        return calculate_lines(population.part(since, until), month, norms).totals

    return in_chunks(len(population), totals_of, chunk)
