"""On which day money can move."""

from datetime import date

import pytest

from handslag.domain.payments.policies import pay_day
from handslag.kernel.days import is_banking_day


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 6, 18), True),
        (date(2026, 6, 19), False),  # Midsummer Eve: no public holiday, and no banking day
        (date(2026, 6, 20), False),
        (date(2026, 12, 24), False),
        (date(2026, 12, 31), False),
        (date(2026, 12, 30), True),
        (date(2026, 1, 6), False),
    ],
)
def test_swedish_banking_days(day: date, open_: bool) -> None:
    assert is_banking_day(day, "SE") is open_


def test_support_for_a_month_is_paid_before_it_on_a_banking_day_and_late_decisions_at_once() -> None:
    assert pay_day(date(2026, 5, 1), date(2026, 4, 1), "SE", 27) == date(2026, 4, 27)
    assert pay_day(date(2026, 7, 1), date(2026, 6, 1), "SE", 27) == date(2026, 6, 26)  # the 27th is a Saturday
    assert pay_day(date(2026, 6, 1), date(2026, 6, 19), "SE", 27) == date(2026, 6, 22)  # past: first banking day
    assert pay_day(date(2026, 3, 1), date(2026, 2, 1), "SE", 31) == date(2026, 2, 27)
