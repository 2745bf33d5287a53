"""Where a journey finds the counters of a product that is somewhere else."""

from __future__ import annotations

import pytest

from handslag.journey.chain import origin_at


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
