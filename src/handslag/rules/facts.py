"""What the facts of every pack have in common: plain data in and out as the same bytes, and their faults."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal, Self

import msgspec

from handslag.kernel.months import Month

Source = Literal["fetched", "given", "evidence", "caseworker"]
"""Where a number of the facts came from."""

MOST_ROWS: Final = 200


class FactsError(ValueError):
    """The facts can't be calculated; `problems` are sentences, each with the place that it is about."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def month_of(since: date) -> Month:
    """The month in which a period begins; FactsError beyond the years that have months here (1-9998)."""
    try:
        return Month.of(since)
    except ValueError as error:
        raise FactsError([f"since: {error}"]) from error


class StoredFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Facts as stored with a decision: whole minor units, dates; a pack says which fields there are."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | bytes) -> Self:
        """From plain data or JSON bytes; FactsError when it isn't facts that can be calculated."""
        try:
            if isinstance(data, bytes):
                facts = msgspec.json.decode(data, type=cls)
            else:
                facts = msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise FactsError([str(error)]) from error
        except msgspec.DecodeError as error:
            raise FactsError([f"not JSON: {error}"]) from error
        facts.check()
        return facts

    def to_bytes(self) -> bytes:
        """Canonical JSON: keys sorted, no spaces, UTF-8, whole numbers only; every field stands in it."""
        return _ENCODER.encode(self)

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        data: dict[str, Any] = msgspec.to_builtins(self, order="sorted")
        return data

    def check(self) -> None:
        """FactsError with all faults at once; what a norm decides is checked by the rules."""


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
