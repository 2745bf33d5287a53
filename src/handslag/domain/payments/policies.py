"""When money can move: banking days by country."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import holidays

#: Categories of the holidays library on which banks don't pay, named one by one: Midsummer Eve, Christmas Eve and
#: New Year's Eve are no public holidays in Sweden, and yet no banking days; half days ("bank") are.
CLOSED = {"SE": ("public", "de_facto"), "CH": ("public",), "DE": ("public",)}


@cache
def _holidays(country: str) -> holidays.HolidayBase:
    every = holidays.country_holidays(country)
    categories = [c for c in CLOSED.get(country, ("public",)) if c in every.supported_categories]
    return holidays.country_holidays(country, categories=categories)


def is_banking_day(day: date, country: str) -> bool:
    """Monday to Friday, and no day on which the country's banks are closed."""
    return day.weekday() < 5 and day not in _holidays(country)


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
