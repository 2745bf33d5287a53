"""What speaks against a claim to reimbursement under section 44 SHG ZH for a person: findings, which decide nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from handslag.rules.ch.deadlines import runs
from handslag.rules.ch.payers import LUMP_SUM, PAYERS

#: Permits that the register knows as a status.
_KNOWN_AS_STATUS: Final = frozenset({"F-R", "B-R"})


class Known(NamedTuple):
    """What the register says of her on the first day that is claimed: her status, the municipality responsible for her,
    and the municipalities whose claim is accepted."""

    status: str | None
    municipality: str | None
    claimed_by: frozenset[str]


def findings(
    permit: str, residence_since: date | None, supported_since: date, municipality: str, known: Known
) -> Iterator[str]:
    """The codes of what speaks against it: its ten years are over (None: she only stays, § 44 Abs. 2, which no years
    end), the status or the municipality is another one, or it is claimed already."""
    if residence_since is not None and supported_since > runs("residence.years", residence_since).last_on:
        yield "TEN_YEARS_REACHED"
    by_lump_sum = known.status in PAYERS and PAYERS[known.status].code in LUMP_SUM
    if by_lump_sum or (known.status and permit in _KNOWN_AS_STATUS and permit != known.status):
        yield "WRONG_STATUS"
    if known.claimed_by - {municipality} or known.municipality not in (None, municipality):
        yield "OTHER_MUNICIPALITY"
    if municipality in known.claimed_by:
        yield "ALREADY_NOTIFIED"
