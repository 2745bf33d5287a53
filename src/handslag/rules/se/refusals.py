"""On which grounds other than the calculation a person may refuse or dismiss an application; from refusals.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final, Literal

import msgspec

from handslag.rules.yaml_files import shipped


class Refusal(msgspec.Struct, frozen=True):
    """A ground: `outcome` by it, `since` which month, what has to be sure first (`ask`), the `section` that the
    decision rests on, the sentence of the `letter` with {month}, by language; where that was read, whether it is
    certain."""

    code: str
    outcome: Literal["avslag", "avvisning"]
    since: date
    name: dict[str, str]
    ask: dict[str, str]
    section: str
    letter: dict[str, str]
    source: str
    certain: bool


REFUSALS: Final[tuple[Refusal, ...]] = msgspec.convert(
    shipped(Path(__file__).with_name("refusals.yaml")), tuple[Refusal, ...]
)


def refusals_on(month: date) -> dict[str, Refusal]:
    """Those by which the month that begins on a day may be refused, by code."""
    return {one.code: one for one in REFUSALS if one.since <= month}
