"""What is told in several messages has room in each."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.exchange.frame import LARGEST
from handslag.kernel import canonical
from handslag.messages.reconciliation.build import differences, that_fit
from handslag.messages.reconciliation.message import MOST as MOST_POSTINGS
from handslag.messages.reconciliation.message import Known, Ledger, Part
from handslag.messages.settlement.build import pieces_of
from handslag.messages.settlement.message import MOST


def _line(number: int, bookings: int) -> dict[str, Any]:
    """A line of an extract of the case account, as large as half a year of a household makes it."""
    days = {"since": "2026-07-01", "until": "2026-08-01", "days": 31}
    items = [
        {"cost": f"posting:{UUID(int=number * 1000 + one)}", "gross": 1_234_00, "whole": 0, "common": 1_234_00,
         "heads": 3, **days}
        for one in range(bookings)
    ]  # fmt: skip
    return {
        "number": number, "identifier": "012345678", "kind": "cost", "rate": 0, "amount": 411_33, "cost": "extract",
        "account_code": "4010", "text": "Krankenkasse, Franchise und Selbstbehalt", "items": items, "why": "", **days,
    }  # fmt: skip


def test_a_settlement_with_many_bookings_comes_in_pieces_that_have_room() -> None:
    for bookings, pieces in ((0, 3), (20, 6)):
        lines = [_line(number, bookings) for number in range(1, 2 * MOST + 2)]
        found = pieces_of(lines)
        assert max(len(canonical.dumps(piece)) for piece in found) < LARGEST * 3 // 4
        assert max(map(len, found)) <= MOST and all(found)
        assert len(found) >= pieces
        assert [one["number"] for piece in found for one in piece] == [one["number"] for one in lines]
    assert pieces_of([]) == [[]]


def test_an_answer_about_two_accounts_tells_as_many_differences_as_it_has_room_for() -> None:
    def ledger(side: str, each: int, sign: str) -> Ledger:
        postings = [Known(rests_on="booking", reference=f"{n:06}" + sign * 114, digest="0" * 64) for n in range(each)]
        figures = dict.fromkeys(("claimed", "cut", "expired", "accepted", "netted", "paid"), 0)
        part = Part(
            number=1, regime="asylum", since=date(2026, 7, 1), until=date(2026, 10, 1), currency="CHF",
            postings=postings, **figures,
        )  # fmt: skip
        return Ledger(side=side, digest="0" * 64, parts=[part])  # type: ignore[arg-type]

    all_of_them = differences(ledger("payer", MOST_POSTINGS, "é"), ledger("claimant", MOST_POSTINGS, "ü"))
    assert len(all_of_them) == 2 * MOST_POSTINGS
    told = that_fit(all_of_them)
    assert (
        told == all_of_them[: len(told)] and LARGEST * 0.95 < len(canonical.dumps(msgspec.to_builtins(told))) < LARGEST
    )
    few = all_of_them[:100]
    assert that_fit(few) == few
