from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone, translation

from handslag.web.ui import formats


@pytest.mark.parametrize(
    ("language", "amount", "shown"),
    [
        ("sv", 439000, "4 390,00 kr"),
        ("sv", -5, "−0,05 kr"),
        ("sv", 123456789, "1 234 567,89 kr"),
        ("en", 439000, "SEK 4,390.00"),
        ("en", -439050, "−SEK 4,390.50"),
        ("ar", -439000, "\u2066−4 390,00 kr\u2069"),
        ("de", 439000, "SEK 4.390,00"),
        ("so", 0, "0,00 kr"),
    ],
)
def test_an_amount_is_written_as_the_language_writes_it(language: str, amount: int, shown: str) -> None:
    with translation.override(language):
        assert formats.money(amount) == shown.replace(" ", "\u00a0")


def test_a_difference_carries_its_sign() -> None:
    with translation.override("sv"):
        assert [formats.change(amount) for amount in (25000, 0, -25000)] == [
            "+250,00\u00a0kr",
            "0,00\u00a0kr",
            "−250,00\u00a0kr",
        ]
    with translation.override("ar"):
        assert formats.change(25000) == "\u2066+250,00\u00a0kr\u2069"


def test_other_currencies_stand_in_front() -> None:
    with translation.override("fr"):
        assert formats.money(-57600, "CHF") == "−CHF\u00a0576.00"


def test_days_and_months_follow_language_and_zone() -> None:
    late = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    with translation.override("sv"), timezone.override("Europe/Stockholm"):
        assert formats.month("2026-03") == "mars 2026"
        assert formats.day("2026-03-25") == "25 mars 2026"
        assert formats.day(late) == "1 april 2026"
        assert formats.moment(late) == "1 april 2026, 00:30"
        assert formats.short_day(late) == "2026-04-01"
    with translation.override("en"):
        assert formats.month(date(2026, 5, 1)) == "May 2026"
    with translation.override("de"):
        assert (formats.day("2026-03-05"), formats.short_day("2026-03-05")) == ("5. März 2026", "05.03.2026")
    with translation.override("fr"):
        assert (formats.day("2026-03-05"), formats.short_day("2026-03-05")) == ("5 mars 2026", "05.03.2026")
    with pytest.raises(ValueError):
        formats.month("2026-13")
