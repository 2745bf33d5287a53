"""A correction of the Swedish rules that no court has made, for tests: 100 kr less, or more, of each income count.

    python -m tests.rules.corrected 10000 2026-03-11 impact --format json

runs the command `handslag` with it: what counts less in öre, known from which day.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from handslag.rules import versions
from handslag.rules.se import need, pack
from handslag.rules.words import maximum


@contextmanager
def corrected(less: int, known_from: date, valid_from: date = date(2026, 1, 1), **more: Any) -> Iterator[Any]:
    """Let the function of the income have a second version: so many öre less of each income count."""
    before = pack.counted_income, {name: list(rules) for name, rules in versions._all.items()}
    rule = versions.versioned(need.counted_income)

    @rule.corrected(valid_from=valid_from, known_from=known_from, because="invented", **more)
    def counted_income_less(income: Any, norm: Any, sheet: Any) -> Any:
        return sheet.line(
            "INCOME", maximum(income.gross - less, 0), of=income, section=norm.section.income, text="income",
            earned_before=income.earned_before,
        )  # fmt: skip

    pack.counted_income = rule  # type: ignore[assignment]
    try:
        yield rule
    finally:
        pack.counted_income = before[0]
        versions._all.clear()
        versions._all.update(before[1])
        versions.newest.cache_clear()


if __name__ == "__main__":
    from handslag.cli.main import main

    amount, day = int(sys.argv.pop(1)), date.fromisoformat(sys.argv.pop(1))
    with corrected(amount, day):
        main()
