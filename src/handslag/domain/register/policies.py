"""From which day on an arrival counts."""

from __future__ import annotations

from datetime import date, timedelta

from handslag.domain.exchange.queries import own_address
from handslag.domain.tenancy.policies import NotPossible

#: Whose register it is to assign people and to settle what messages contradict each other about.
CANTON = "canton_office:"


def require_canton() -> None:
    """NotPossible("not the canton") anywhere else."""
    if not own_address().startswith(CANTON):
        raise NotPossible("not the canton")


def counts_from(arrived_on: date, moves_from: str, moving_day: str) -> date:
    """The first day that counts to the municipality where somebody arrived: on a first assignment the day itself; on a
    move the day after it, as that day still counts to the municipality that she left, unless it counts to the "new"."""
    return arrived_on + timedelta(days=1) if moves_from and moving_day == "left" else arrived_on
