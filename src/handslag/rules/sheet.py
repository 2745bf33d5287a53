"""The sheet: one calculation of one period as a flat list of lines, totals, and where each number is from."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Self

import msgspec

from handslag.rules.norms import Number, Resolved, Used


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line: `amount` in minor units; `text` and `params` are what its explanation is made of."""

    code: str
    person: str | None
    amount: int
    section: str
    numbers: list[Used]
    rounding: str
    statistics_code: str | None
    text: str
    params: dict[str, int | str]


class Sheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One calculated period. `granted` and `surplus` are never negative and never both positive.

    `uncertain`: what no source settles and this sheet rests on: the norm's name, and the choice made (or "").
    `region`: the canton or Land whose layer of the pack holds; "" where the pack has none.
    """

    pack: str
    rule_version: str
    norm_digest: str
    since: date
    until: date
    lines: list[Line]
    totals: dict[str, int]
    granted: int
    surplus: int
    uncertain: dict[str, str]
    has_example: bool
    region: str = ""

    def to_bytes(self) -> bytes:
        """Canonical JSON: keys sorted, no spaces, UTF-8, whole numbers only."""
        return _ENCODER.encode(self)

    def to_json(self) -> dict[str, Any]:
        """The same as plain data; dates as 2026-03-01."""
        data: dict[str, Any] = msgspec.to_builtins(self, order="sorted")
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | bytes) -> Self:
        """Back from either form; msgspec.ValidationError when it is no sheet."""
        return msgspec.json.decode(data, type=cls) if isinstance(data, bytes) else msgspec.convert(data, cls)

    def to_text(self, lang: str = "", names: Mapping[str, str] | None = None) -> str:
        """The sheet as people read it, in `lang` ("": the pack's own); `names` by person key (else the key itself)."""
        text: str = _wording(self.pack).to_text(self, lang or languages(self.pack)[0], names or {})
        return text

    def explain(self, line: Line, lang: str = "sv") -> str:
        """One plain sentence for a line."""
        return explain(line, lang, self.pack)


_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def uncertain_in(lines: list[Line], resolved: Resolved) -> dict[str, str]:
    """What these lines rest on that no source settles: the norm's name, and the choice made (or "")."""
    found: dict[str, str] = {}
    for line in lines:
        if line.section in resolved.uncertain_references:
            found[resolved.uncertain_references[line.section]] = ""
        for number in line.numbers:
            if number.uncertain:
                found[number.name] = str(number.value) if number.unit == "choice" else ""
    return found


def _wording(pack: str) -> Any:
    from importlib import import_module

    return import_module(f"handslag.rules.{pack}.text")


def wording_of(pack: str) -> Any:
    """How a pack says its sheets (`text.Wording`)."""
    return _wording(pack).WORDING


def languages(pack: str) -> tuple[str, ...]:
    """The languages that a pack explains itself in, its own first."""
    found: tuple[str, ...] = _wording(pack).LANGUAGES
    return found


def explain(line: Line, lang: str = "sv", pack: str = "se") -> str:
    """One plain sentence that says what a line is and why it is that much."""
    sentence: str = _wording(pack).explain(line, lang)
    return sentence


class Worksheet:
    """The sheet of one household while the rules write it.

    `explains`: its lines say why; where they don't, a rule may leave out what only says that.
    """

    __slots__ = ("lines", "totals")
    explains: Final = True

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.totals: dict[str, int] = {}

    def line(
        self,
        code: str,
        amount: int,
        *,
        of: Any,
        section: str,
        text: str,
        numbers: tuple[Number | None, ...] = (),
        rounding: str = "",
        when: bool = True,
        **params: int,
    ) -> int:
        """Write a line about row `of` (its `key` is the person, its `about` goes to the explanation).

        Returns `amount`; where `when` doesn't hold it writes nothing and returns 0.
        """
        if not when:
            return 0
        self.lines.append(
            Line(
                of.code or code,
                of.key,
                int(amount),
                section,
                [n.used for n in numbers if n is not None],
                rounding,
                of.statistics_code,
                text,
                {**of.about, **{name: int(value) for name, value in params.items()}} if params else of.about,
            )
        )
        return amount

    def total(self, **amounts: int) -> None:
        """Write totals by name."""
        self.totals.update(amounts)


class Columns:
    """The sheets of a population while the rules write them: the same calls, one array for each line code."""

    __slots__ = ("lines", "totals")
    explains: Final = False

    def __init__(self) -> None:
        self.lines: dict[str, Any] = {}
        self.totals: dict[str, Any] = {}

    def line(self, code: str, amount: Any, *, when: Any = True, **_: Any) -> Any:
        """Keep the amounts of a line, 0 where `when` doesn't hold; returns them."""
        if when is not True:
            amount = amount * when
        self.lines[code] = amount
        return amount

    def total(self, **amounts: Any) -> None:
        """Keep totals by name."""
        self.totals.update(amounts)
