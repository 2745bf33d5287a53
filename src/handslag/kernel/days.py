"""Days on which banks and offices work, by country."""

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


def banking_day_from(day: date, country: str) -> date:
    """`day`, or the first banking day after it."""
    while not is_banking_day(day, country):
        day += timedelta(days=1)
    return day


def working_day_after(day: date, days: int, country: str) -> date:
    """The day that is so many working days (banking days) after `day`."""
    while days:
        day += timedelta(days=1)
        days -= is_banking_day(day, country)
    return day
