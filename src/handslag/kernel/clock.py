"""The only clock. Domain code is told the time (`now=`); only connectors and what stands above read it here."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_CENTRAL = ZoneInfo("Europe/Stockholm")


def now() -> datetime:
    """The present moment in UTC, moved by `HANDSLAG_CLOCK_SHIFT` seconds where a test or a demonstration sets that;
    never in production."""
    shift = os.environ.get("HANDSLAG_CLOCK_SHIFT") if os.environ.get("HANDSLAG_PRODUCTION") != "1" else None
    moment = datetime.now(UTC)
    return moment + timedelta(seconds=int(shift)) if shift else moment


def central_today() -> date:
    """What day it is where no office is asked: the countries whose law there is share one time."""
    return now().astimezone(_CENTRAL).date()
