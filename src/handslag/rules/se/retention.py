"""Which personal files are kept for research: 13 kap. 1 § socialtjänstförordningen (2025:468)."""

from datetime import date
from typing import Final

KEPT_DAYS: Final = (5, 15, 25)
"""Days of birth whose files are kept everywhere."""
KEPT_COUNTIES: Final = ("05", "09", "22")
"""Östergötland, Gotland, Västernorrland: the first two digits of their municipalities' codes."""
KEPT_MUNICIPALITIES: Final = ("1480",)
"""Göteborg."""


def kept_for_research(birth_on: date, municipality: str) -> bool:
    """Whether the file of a person born on that day is exempt from thinning in a municipality (its four digits)."""
    everywhere = municipality in KEPT_MUNICIPALITIES or municipality[:2] in KEPT_COUNTIES
    return everywhere or birth_on.day in KEPT_DAYS
