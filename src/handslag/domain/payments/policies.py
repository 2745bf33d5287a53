"""When money can move: banking days by country."""

from __future__ import annotations

from datetime import date, timedelta

from handslag.kernel.days import is_banking_day


def pay_day(month: date, today: date, country: str, day: int) -> date:
    """Support for a month is paid on `day` of the month before, or on the last banking day before that.

    Where that is past, on the first banking day from `today` on.
    """
    wished = (month - timedelta(days=1)).replace(day=min(day, 28))
    while not is_banking_day(wished, country):
        wished -= timedelta(days=1)
    if wished >= today:
        return wished
    while not is_banking_day(today, country):
        today += timedelta(days=1)
    return today
