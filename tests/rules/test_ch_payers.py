"""Who reimburses a municipality of Zurich, by status and day."""

from __future__ import annotations

from datetime import date

import pytest

from handslag.rules.ch.payers import payer_on, payers

ENTRY = date(2019, 9, 15)
OVER = date(2026, 9, 15)


def paid(status: str, since: date, until: date | None, entry: date = ENTRY) -> list[tuple[date, date | None, str]]:
    return list(payers(status, entry, since, until))


def test_the_asylum_coordination_pays_as_long_as_the_status_lasts_and_section_44_refugees() -> None:
    for status, code in (("N", "KSA-AK"), ("S", "KSA-AK"), ("F-R", "KSA-ÖS"), ("B-R", "KSA-ÖS")):
        assert paid(status, ENTRY, None) == [(ENTRY, None, code)]


def test_a_provisionally_admitted_foreigner_is_paid_for_seven_years_from_entry() -> None:
    since, ends = date(2026, 7, 1), date(2026, 10, 1)  # person B of the worked quarter: 76 days of 92
    assert paid("F-A", since, ends) == [(since, OVER, "KSA-AK"), (OVER, ends, "municipality")]
    assert (OVER - since).days == 76
    assert paid("F-A", since, OVER) == [(since, OVER, "KSA-AK")]
    assert paid("F-A", since, None) == [(since, OVER, "KSA-AK"), (OVER, None, "municipality")]
    assert paid("F-A", ends, None) == [(ends, None, "municipality")]


def test_seven_years_from_a_leap_day_end_with_february() -> None:
    assert paid("F-A", date(2027, 1, 1), None, date(2020, 2, 29))[0][1] == date(2027, 3, 1)


def test_section_44_reimburses_what_was_claimed_and_the_lump_sum_needs_no_claim() -> None:
    for status, claimed, expected in (
        ("KSA-ÖS", False, "municipality"), ("KSA-ÖS", True, "KSA-ÖS"), ("municipality", True, "KSA-ÖS"),
        (None, False, None), (None, True, "KSA-ÖS"), ("KSA-AK", True, "KSA-AK"),
    ):  # fmt: skip
        assert payer_on(status, earns=False, claimed=claimed) == expected
    assert payer_on("KSA-AK", earns=True, claimed=True) == "own"
    assert payer_on("KSA-ÖS", earns=True, claimed=True) == "KSA-ÖS"  # earnings are in the net cost


def test_a_status_that_no_rule_names_is_an_error() -> None:
    with pytest.raises(KeyError):
        paid("C", ENTRY, None)
