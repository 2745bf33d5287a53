"""Deadlines between municipality and canton of Zurich, by span and day."""

from __future__ import annotations

from datetime import date

from handslag.rules.ch.deadlines import SPANS, Deadline, of_decision, of_end, of_last_payment, of_status, runs
from handslag.rules.ch.payers import PAYERS, payers

ENTRY = date(2019, 9, 15)


def test_years_from_entry_end_for_whom_they_count() -> None:
    last = date(2026, 9, 14)  # person B of the worked quarter
    assert list(of_status("F-A", ENTRY)) == [Deadline("quota.years", last), Deadline("asylum.years", last)]
    for status in ("N", "S", "F-R"):
        assert list(of_status(status, ENTRY)) == [Deadline("quota.years", last)]
    assert list(of_status("B-R", ENTRY)) == list(of_status("C", ENTRY)) == []


def test_what_ends_is_what_the_register_stops_paying() -> None:
    assert PAYERS["F-A"].years == SPANS["asylum.years"].on(ENTRY).value
    for entry in (ENTRY, date(2020, 2, 29)):
        paid, _over = payers("F-A", entry, entry, None)
        assert paid[1] is not None
        assert (paid[1] - runs("asylum.years", entry).last_on).days == 1


def test_a_case_is_notified_in_thirty_days_and_in_a_year_at_most() -> None:
    assert list(of_decision(date(2026, 1, 31))) == [
        Deadline("claim.days", date(2026, 3, 2)), Deadline("claim.years", date(2027, 1, 31)),
    ]  # fmt: skip
    assert runs("residence.years", date(2016, 9, 1)) == Deadline("residence.years", date(2026, 8, 31))  # person E


def test_each_span_says_its_source_and_what_is_uncertain() -> None:
    assert [ends.span.name for ends in of_decision(ENTRY)] == ["claim.days", "claim.years"]
    assert list(of_end(date(2024, 2, 29))) == [Deadline("resumption.years", date(2025, 3, 1))]
    # the six months of the older survey: paid for August, ended in February
    assert list(of_last_payment(date(2014, 8, 31))) == [Deadline("statistics.months", date(2015, 2, 28))]
    for span in SPANS.values():
        assert span.values[0].source
        assert {"de", "fr", "sv", "en"} == set(span.label)
        assert (span.values[0].status != "official") == bool(span.uncertain)
    assert SPANS["claim.days"].law == "§ 34 Abs. 2 SHV ZH"
