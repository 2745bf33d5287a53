"""The German calculation for many households at once: the same rules, NumPy int64, to the cent the same."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handslag.rules import sheet
from handslag.rules.de.facts import Facts
from handslag.rules.de.numbers import Norms
from handslag.rules.de.pack import write
from handslag.rules.de.rows import Household
from handslag.rules.periods import Period
from handslag.rules.population import CHUNK, Households, in_chunks

_INT: Final = np.int64
_BOOL: Final = np.bool_


def _kinds(whole: str, truth: str) -> dict[str, Any]:
    return dict.fromkeys(whole.split(), _INT) | dict.fromkeys(truth.split(), _BOOL)


_HOUSEHOLD: Final = _kinds(
    "heads heating heating_days higher_days karenz_month months_since_death one_off_months over_ceiling reduce_days "
    "rent residents",
    "appropriate assets_usable decentral has_housing own_contract",
)
_ROWS: Final[Mapping[str, Mapping[str, Any]]] = {
    "members": _kinds(
        "accommodation age age_later age_months alone_days arrears assets birth_year days days_before extras "
        "first_day hot_water last_day lunch_days pregnant_days pregnant_there rate_less rate_more",
        "adult alone_first apart care claims dwelling first_half full_reduction grundrente institution lone_parent "
        "mark_g other_housing own_child paired participation payee permanent rent_free school_help second_half special",
    ),
    "needs": _kinds("days effective member", "capped education insurance one_off provision running"),
    "incomes": _kinds(
        "before car_km costs covers_months gross insurance member rank second_before second_household social "
        "spread_months spread_part tax",
        "additional back capital child_benefit earnings equipment equipment_once exempt honorary presumed statutory "
        "student volunteer workshop",
    ),
    "debts": _kinds(
        "asked member month paid_back remaining", "deposit loan month_end of_adult provisional reduction undue"
    ),
    "direct": _kinds("asked member", "fund landlord power provider"),
}


class Population(Households):
    """Households of one period as columns; what each column means stands in `rows.py`."""

    @classmethod
    def of(cls, facts: Sequence[Facts]) -> "Population":
        """From facts, all of one period and with the same settings (ValueError otherwise)."""
        if len({(f.since, f.until, tuple(sorted(f.settings.items()))) for f in facts}) != 1:
            raise ValueError("a population has one period and one set of settings")
        return cls.from_rows([Household(f) for f in facts], _HOUSEHOLD, _ROWS)


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
