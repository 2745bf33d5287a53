"""Where a claim to pay back stands, and how long the court can be asked about it."""

from datetime import date

import pytest

from handslag.rules.se.recovery import last_day_at_court, section_on


def test_a_section_holds_from_its_day_on_and_none_before_the_first() -> None:
    assert section_on("court", date(2026, 3, 1)).section
    with pytest.raises(ValueError):
        section_on("court", date(1900, 1, 1))
    with pytest.raises(KeyError):
        section_on("none", date(2026, 3, 1))


def test_the_court_is_asked_within_three_years_also_from_a_leap_day() -> None:
    assert last_day_at_court(date(2026, 3, 1)) == date(2029, 3, 1)
    assert last_day_at_court(date(2024, 2, 29)) == date(2027, 2, 28)
