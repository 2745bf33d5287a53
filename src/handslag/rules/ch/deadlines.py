"""Deadlines between a municipality of the canton of Zurich and the canton: each by its span in `deadlines.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from handslag.kernel.months import Month
from handslag.rules.ch.payers import PAYERS, later
from handslag.rules.norms import Norm, load

_FILE: Final = Path(__file__).with_name("deadlines.yaml")
#: The spans by code, each with its law, source and what is uncertain about it.
SPANS: Final[dict[str, Norm]] = {norm.name: norm for norm in load(_FILE.read_text(encoding="utf-8"), _FILE.name)}
#: Who counts towards the quota of a municipality.
COUNTED: Final = frozenset({"N", "F-A", "F-R", "S"})


class Deadline(NamedTuple):
    """The last day on which something holds or may be done; `code` of its span."""

    code: str
    last_on: date

    @property
    def span(self) -> Norm:
        """The norm that it follows from: its words, its law, and how sure that is."""
        return SPANS[self.code]


def runs(code: str, begins: date) -> Deadline:
    """The deadline of years whose first day is `begins`."""
    return Deadline(code, later(begins, _many(code, begins)) - timedelta(days=1))


def after(code: str, day: date) -> Deadline:
    """The deadline of a span after what happened on a `day`."""
    many = _many(code, day)
    return Deadline(code, day + timedelta(days=many) if SPANS[code].unit == "days" else later(day, many))


def of_status(status: str, entry_on: date) -> Iterator[Deadline]:
    """What ends for somebody of this status because of the years since entry."""
    if status in COUNTED:
        yield runs("quota.years", entry_on)
    if status in PAYERS and PAYERS[status].years:
        yield runs("asylum.years", entry_on)


def of_decision(decided_on: date) -> Iterator[Deadline]:
    """By when a municipality notifies a case under section 44, and until when it may at all."""
    yield after("claim.days", decided_on)
    yield after("claim.years", decided_on)


def of_end(last_on: date) -> Iterator[Deadline]:
    """Until when support whose last day was this may begin again without a new notification."""
    yield after("resumption.years", last_on)


def of_last_payment(paid_on: date) -> Iterator[Deadline]:
    """When a dossier whose last regular payment was for that day ends in the federal statistics: the last day of its
    month there."""
    many = _many("statistics.months", paid_on)
    yield Deadline("statistics.months", (Month.of(paid_on) + many).span.last)


def _many(code: str, day: date) -> int:
    many = SPANS[code].on(day).value
    assert isinstance(many, int)
    return many


#: A dossier ends in the federal statistics so many months after the last one with support.
MONTHS_UNTIL_CLOSED: Final = _many("statistics.months", date(2026, 1, 1))
