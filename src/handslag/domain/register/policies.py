"""Whose register it is, and from which day on a notice counts."""

from __future__ import annotations

from datetime import date, timedelta

from handslag.domain.exchange.queries import own_address
from handslag.domain.register.states import GONE, MOVED, What
from handslag.domain.tenancy.policies import NotPossible

#: Whose register it is to assign people and to settle what messages contradict each other about.
CANTON = "canton_office:"
#: What the address of a municipality begins with.
MUNICIPALITY = "municipality:"


def require_canton() -> None:
    """NotPossible("not the canton") anywhere else."""
    if not own_address().startswith(CANTON):
        raise NotPossible("not the canton")


def first_day(day: date, what: str, value: str, moves_from: str, moving_day: str) -> date:
    """The first day on which a notice counts: after the last on which somebody was there, where it says that she left;
    as of an arrival where it says who is responsible; the day itself otherwise."""
    if what == What.MUNICIPALITY and value in GONE - {MOVED}:
        return day + timedelta(days=1)
    return counts_from(day, moves_from, moving_day)


def counts_from(arrived_on: date, moves_from: str, moving_day: str) -> date:
    """The first day that counts to the municipality where somebody arrived: on a first assignment the day itself; on a
    move the day after it, as that day still counts to the municipality that she left, unless it counts to the "new"."""
    return arrived_on + timedelta(days=1) if moves_from and moving_day == "left" else arrived_on
