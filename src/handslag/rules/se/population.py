"""The Swedish calculation for many households at once: the same rules, NumPy int64, to the öre the same."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handslag.rules import sheet
from handslag.rules.population import CHUNK, Households, in_chunks
from handslag.rules.se.facts import Facts
from handslag.rules.se.numbers import Norms
from handslag.rules.se.pack import write
from handslag.rules.se.rows import Household, Period

_MEMBER: Final = {
    "adult": np.bool_,
    "cohabiting": np.bool_,
    "couple": np.bool_,
    "visiting": np.bool_,
    "first": np.bool_,
    "throughout": np.bool_,
    "birth": np.int64,
    "lunch_days": np.int64,
    "days": np.int64,
    "part_days": np.int64,
    "earlier": np.int64,
    "named_earlier": np.int64,
    "before": np.int64,
    "member": np.int64,
}
_COST: Final = {
    "applied": np.int64,
    "limit": np.int64,
    "effective": np.int64,
    "decided": np.bool_,
    "limit_changes": np.bool_,
    "member": np.int64,
}
_INCOME: Final = {
    "gross": np.int64,
    "earned_before": np.int64,
    "earned_earlier": np.int64,
    "stimulated": np.bool_,
    "work_of_child": np.bool_,
    "means_of_child": np.bool_,
    "member": np.int64,
}
_ROWS: Final[Mapping[str, Mapping[str, Any]]] = {
    "members": _MEMBER,
    "expenses": _COST,
    "special_expenses": _COST,
    "incomes": _INCOME,
}


class Population(Households):
    """Households of one period as columns; what each column means stands in `rows.py`."""

    @classmethod
    def of(cls, facts: Sequence[Facts]) -> "Population":
        """From facts, all of one period and with the same settings (ValueError otherwise)."""
        if len({(f.since, f.until, tuple(sorted(f.settings.items()))) for f in facts}) != 1:
            raise ValueError("a population has one period and one set of settings")
        return cls.from_rows([Household(f) for f in facts], {"own_size": np.int64, "before": np.int64}, _ROWS)


def calculate_lines(population: Population, month: Period, norms: Norms) -> sheet.Columns:
    """All lines (an array each, one element per row) and totals, in one piece."""
    written = sheet.Columns()
    write(population, month, norms, written)
    return written


def calculate(population: Population, month: Period, norms: Norms, chunk: int = CHUNK) -> dict[str, NDArray[np.int64]]:
    """Totals by name, and `granted` and `surplus`, one element per household."""

    def totals_of(since: int, until: int) -> dict[str, NDArray[np.int64]]:
        return calculate_lines(population.part(since, until), month, norms).totals

    return in_chunks(len(population), totals_of, chunk)
