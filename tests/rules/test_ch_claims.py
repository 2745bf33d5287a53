"""What speaks against a claim under section 44: each finding by itself, and none."""

from __future__ import annotations

from datetime import date

from handslag.rules.ch.claims import Known, findings

HERE, THERE = "municipality:bfs:1", "municipality:bfs:2"
LIVES = date(2016, 9, 1)
UNKNOWN = Known(None, None, frozenset())


def found(begins: date = date(2026, 8, 31), known: Known = UNKNOWN, permit: str = "B-R") -> list[str]:
    return list(findings(permit, LIVES, begins, HERE, known))


def test_nothing_speaks_against_who_is_not_known_or_known_as_told() -> None:
    assert found() == found(known=Known("B-R", HERE, frozenset())) == []
    assert found(permit="B", known=Known("F-R", None, frozenset())) == []  # a permit that is no status of the register


def test_ten_years_are_over_the_day_after_they_end() -> None:
    assert found(date(2026, 9, 1)) == ["TEN_YEARS_REACHED"]


def test_no_years_end_for_somebody_who_only_stays() -> None:
    assert list(findings("B", None, date(2046, 9, 1), HERE, UNKNOWN)) == []


def test_another_status_another_municipality_and_what_is_claimed_already() -> None:
    for status in ("N", "F-A", "S"):  # a lump sum is due, whatever the permit says
        assert found(permit="B", known=Known(status, HERE, frozenset())) == ["WRONG_STATUS"]
    assert found(known=Known("F-R", HERE, frozenset())) == ["WRONG_STATUS"]
    assert found(known=Known(None, THERE, frozenset())) == ["OTHER_MUNICIPALITY"]
    assert found(known=Known(None, HERE, frozenset({THERE}))) == ["OTHER_MUNICIPALITY"]
    assert found(known=Known(None, HERE, frozenset({HERE}))) == ["ALREADY_NOTIFIED"]
