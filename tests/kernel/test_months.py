"""Half-open spans of days, calendar months, ages."""

from datetime import date

import pytest

from handslag.kernel.months import Month, Span, age_on, months_of


def test_a_month_is_its_days() -> None:
    february = Month.parse("2024-02")
    assert (february.since, february.until, february.days) == (date(2024, 2, 1), date(2024, 3, 1), 29)
    assert str(february) == "2024-02"
    assert str(february - 2) == "2023-12"
    assert str(february + 11) == "2025-01"
    assert Month.of(date(2024, 2, 29)) == february


@pytest.mark.parametrize("text", ["2024-13", "2024-00", "24-01", "2024-1", "2024-01-01", "٢٠٢٤-٠١", "0000-01", ""])
def test_no_month(text: str) -> None:
    with pytest.raises(ValueError):
        Month.parse(text)


def test_spans_meet_without_overlapping() -> None:
    march, april = Month.parse("2026-03").span, Month.parse("2026-04").span
    assert march.overlap(april) is None
    assert march.last == date(2026, 3, 31)
    assert date(2026, 3, 31) in march
    assert date(2026, 4, 1) not in march
    both = Span(march.since, april.until)
    assert both.split([date(2026, 4, 1), march.since, april.until]) == [march, april]
    assert both.overlap(april) == april
    assert [str(m) for m in months_of(Span(date(2025, 12, 31), date(2026, 2, 2)))] == ["2025-12", "2026-01", "2026-02"]
    with pytest.raises(ValueError, match="ends after"):
        Span(march.since, march.since)


def test_an_age_counts_from_the_birthday() -> None:
    born = date(2020, 2, 29)
    assert [age_on(d, born) for d in (date(2021, 2, 28), date(2021, 3, 1), date(2024, 2, 29))] == [0, 1, 4]
