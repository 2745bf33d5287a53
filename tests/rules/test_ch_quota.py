"""The quota of a municipality, by day; who counts towards it as long as her deadline says."""

from __future__ import annotations

from datetime import date, timedelta

from handslag.rules.ch.deadlines import runs
from handslag.rules.ch.quota import SHARE, entered_after, target


def test_the_share_of_the_day_rounded_down_to_whole_people() -> None:
    assert [target(10_000, day) for day in (date(2024, 6, 30), date(2024, 7, 1), date(2026, 1, 1))] == [130, 160, 150]
    assert target(1_999, date(2025, 1, 1)) == 31  # 31.984
    assert SHARE.on(date(2026, 1, 1)).status == "example"  # from a headline: shown as not verified


def test_who_counts_is_who_has_not_reached_her_deadline() -> None:
    for first in (date(2020, 2, 26), date(2021, 2, 26), date(2019, 12, 30)):
        for n in range(6):
            entry = first + timedelta(days=n)
            last = runs("quota.years", entry).last_on
            for day in (last - timedelta(days=1), last, last + timedelta(days=1), last + timedelta(days=2)):
                assert (entry > entered_after(day)) == (day <= last), (entry, day)
