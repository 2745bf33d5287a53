"""What the facts of every pack have in common: plain data in and out as the same bytes, and their faults."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal, Self

import msgspec

from handslag.kernel.months import Month
from handslag.rules.faults import misread

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
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FactsError([misread(error, cls)]) from error
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

    def carried(self, month: Month, entitled: bool) -> Self:
        """The facts of an earlier period for a whole later month, as if nothing had happened since: who was there at
        the period's end, with the same costs and incomes. What is counted in days and months goes on by itself.

        `entitled`: that period was granted something. A pack says what else ends with a month. FactsError where such
        facts can't be calculated.
        """
        told: Any = self
        rows = sorted(told.members, key=lambda m: getattr(m, "since", None) or told.since)
        last = {m.key: m for m in rows}
        here = [m for m in last.values() if (getattr(m, "until", None) or told.until) >= told.until]
        gone = last.keys() - {m.key for m in here}
        moved: dict[str, Any] = {"since": month.since, "until": month.until}
        for name in self.__struct_fields__:
            if isinstance(getattr(told, name), list):
                moved[name] = [row for row in getattr(told, name) if getattr(row, "person", None) not in gone]
        whole = {"since": None, "until": None}
        moved["members"] = [msgspec.structs.replace(m, **whole) if hasattr(m, "until") else m for m in here]
        found = msgspec.structs.replace(self, **moved)
        found.check()
        return found


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
