"""Where a journey finds the counters of a product that is somewhere else."""

from __future__ import annotations

import pytest

from handslag.journey.chain import _amount, origin_at
from handslag.kernel.money import MAXIMUM, format_money


@pytest.mark.parametrize(
    ("base_url", "apply", "desk"),
    [
        ("http://127.0.0.1:8000", "http://apply.localhost:8000", "http://desk.localhost:8000"),
        ("https://help.example", "https://apply.help.example", "https://desk.help.example"),
        ("https://apply.help.example", "https://apply.help.example", "https://desk.help.example"),
        ("https://desk.help.example:8443/", "https://apply.help.example:8443", "https://desk.help.example:8443"),
    ],
    ids=["this machine", "host", "the citizens' address", "the staff's address"],
)
def test_each_counter_is_its_name_before_the_host(base_url: str, apply: str, desk: str) -> None:
    assert (origin_at(base_url, "apply"), origin_at(base_url, "desk")) == (apply, desk)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_sum_above_the_most_that_one_line_may_be_is_read(language: str) -> None:
    assert _amount(format_money(60 * MAXIMUM + 35, "SEK", language), language) == 60 * MAXIMUM + 35
