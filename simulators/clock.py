"""The clock of the simulators: moved as the product's is, so that both agree in a moved demonstration or test."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The present moment in UTC, moved by `HANDSLAG_CLOCK_SHIFT` seconds."""
    return datetime.now(UTC) + timedelta(seconds=int(os.environ.get("HANDSLAG_CLOCK_SHIFT") or 0))
