"""What is settled, as the organisation behind the door has set it."""

from __future__ import annotations

from dataclasses import replace

from handslag.domain.tenancy.policies import setting
from handslag.rules.ch.settlement import REGIMES, SECTION_44
from handslag.rules.settlement import Regime


def regimes() -> dict[str, Regime]:
    """By code; section 44 by as many months as is set."""
    return REGIMES | {SECTION_44.code: replace(SECTION_44, months=int(setting("section_44_months")))}
