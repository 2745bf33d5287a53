"""By which section help is tried on a day, and what is tried next."""

from datetime import date

import pytest

from handslag.rules.se.remedies import OTHER, RIGHT, remedy_on, tried_next


def test_the_section_of_a_kind_of_help_is_that_of_the_day() -> None:
    last, first = date(2025, 6, 30), date(2025, 7, 1)
    assert [remedy_on(RIGHT, day).section[:12] for day in (last, first)] == ["4 kap. 1 § s", "12 kap. 1 § "]
    assert [remedy_on(OTHER, day).section[:12] for day in (last, first)] == ["4 kap. 2 § s", "12 kap. 2 § "]
    for code, day in ((RIGHT, date(2001, 12, 31)), ("third", first)):
        with pytest.raises(ValueError):
            remedy_on(code, day)


def test_help_without_a_right_is_tried_after_the_right_and_nothing_after_it() -> None:
    assert (tried_next(RIGHT), tried_next(OTHER)) == (OTHER, None)
