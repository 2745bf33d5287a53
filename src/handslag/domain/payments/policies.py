"""When money can move: banking days by country, and the bank's cut-off."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import setting
from handslag.kernel.days import is_banking_day, working_day_after


def pay_day(month: date, today: date, country: str, day: int) -> date:
    """Support for a month is paid on `day` of the month before, or on the last banking day before that.

    Where that is past, on the first banking day from `today` on.
    """
    wished = (month - timedelta(days=1)).replace(day=min(day, 28))
    while not is_banking_day(wished, country):
        wished -= timedelta(days=1)
    if wished >= today:
        return wished
    while not is_banking_day(today, country):
        today += timedelta(days=1)
    return today


def first_pay_day(now: datetime) -> date:
    """The first day on which a file that is released at `now` can pay: so many banking days after today as the bank
    wants (`bank_lead_days`), after the cut-off (`bank_cut_off`, local time) one later."""
    country, day = acting_door().the_tenant.country, acting_door().the_tenant.today(now)
    if not is_banking_day(day, country) or now >= _cut_off_on(day):
        day = working_day_after(day, 1, country)
    return working_day_after(day, int(setting("bank_lead_days")), country)


def cut_off(execution_on: date) -> datetime:
    """The moment (UTC) until which a file that pays on a banking day must be released."""
    country, day = acting_door().the_tenant.country, execution_on
    for _ in range(int(setting("bank_lead_days"))):
        day -= timedelta(days=1)
        while not is_banking_day(day, country):
            day -= timedelta(days=1)
    return _cut_off_on(day)


def _cut_off_on(day: date) -> datetime:
    local = datetime.combine(day, time.fromisoformat(setting("bank_cut_off")), ZoneInfo(acting_door().the_tenant.zone))
    return local.astimezone(UTC)
