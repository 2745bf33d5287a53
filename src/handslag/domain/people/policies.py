"""What a day of the register can be."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible


def may_begin_on(day: date, now: datetime) -> None:
    """NotPossible("far day") for a day more than a year ahead: nobody knows so early who lives where."""
    if day > acting_door().the_tenant.today(now) + timedelta(days=366):
        raise NotPossible("far day")


def may_be_born_on(day: date | None, now: datetime) -> None:
    """NotPossible("birth to come") for a day of birth after today."""
    if day is not None and day > acting_door().the_tenant.today(now):
        raise NotPossible("birth to come")
