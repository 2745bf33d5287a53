"""The packs: one folder for each legal order, found by its name; what each of them has."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from handslag.rules.facts import FactsError
from handslag.rules.local import Local
from handslag.rules.norms import Amendment, Norm, NormError
from handslag.rules.sheet import Sheet


class PackError(ValueError):
    """There is no pack of that name."""


class FactsKind(Protocol):
    """A pack's kind of facts."""

    def from_json(self, data: Mapping[str, Any] | bytes) -> Any:
        """From plain data or JSON bytes; FactsError when it isn't facts that can be calculated."""


class Pack(Protocol):
    """What `rules/<name>/pack.py` offers to who doesn't know which pack it is.

    `CURRENCY`: SEK, CHF, EUR. `LANGUAGE`: the pack's own, which expected sheets are written in. `LOCALE`: how
    amounts are written in its case files (a key of kernel.money). `WHOLE_UNITS`: "kronor". `AMOUNTS`: the
    names of the facts' fields that are amounts. `COUNTRY`: whose organisations it is the law of. `LOCAL`: what a
    municipality or district sets there, by name.
    """

    PACK: str
    COUNTRY: str
    RULE_VERSION: str
    CURRENCY: str
    LANGUAGE: str
    LOCALE: str
    WHOLE_UNITS: str
    AMOUNTS: tuple[str, ...]
    TOTALS: tuple[str, ...]
    LOCAL: Mapping[str, Local]
    Facts: FactsKind

    def norms_of(
        self,
        facts: Any,
        known_on: date | None = None,
        decided_on: date | None = None,
        tables: Sequence[Norm] = (),
        amendments: Sequence[Amendment] = (),
    ) -> Any:
        """The norm set for these facts: that of their first day and their region.

        `tables`: norms that another body sets (a municipality's rents), in the same schema. `amendments`: what a
        proposal changes (a simulation). NormMissing, NormError.
        """

    def open_choices(self, region: str = "") -> Mapping[str, Norm]:
        """By name the settings that no source settles, of which an organisation in that region (a canton) chooses one
        reading; with what holds where it chose none."""

    def accept(self, norm: Norm, on: date) -> None:
        """NormError, NormMissing where no calculation could use what another body sets from that day on."""

    def calculate(self, facts: Any, norms: Any) -> Sheet:
        """The sheet; FactsError, NormMissing."""


def kind_of_facts(law: Pack) -> type[msgspec.Struct]:
    """The struct of a pack's facts."""
    return cast(type[msgspec.Struct], law.Facts)


def without_effect(
    law: Pack, region: str, settings: Iterable[str], tables: Sequence[Norm], known_on: date | None
) -> None:
    """Refuse what would have no effect without a word: FactsError for `settings` of facts, NormError for one of
    `tables` of which nobody knows yet on `known_on` (None: everything is known). `region`: see `Pack.open_choices`.

    Only for who brings them: what is stored is calculated again as it was.
    """
    if known_on is None:
        return
    choices = law.open_choices(region)
    from_then = {name: norm.counts_from for name, norm in choices.items() if norm.counts_from > known_on}
    if problems := [
        f"settings: {name} counts in calculations from {from_then[name]} on, not yet on {known_on}"
        for name in settings
        if name in from_then
    ]:
        raise FactsError(problems)
    for norm in tables:
        counts_from = max(norm.counts_from, from_then.get(norm.name, date.min))
        if counts_from > known_on:
            raise NormError(f"{norm.place} counts in calculations from {counts_from} on, not yet on {known_on}")


@cache
def names() -> tuple[str, ...]:
    """The packs that there are."""
    return tuple(sorted(path.parent.name for path in Path(__file__).parent.glob("*/pack.py")))


@cache
def pack(name: str) -> Pack:
    """The pack `name`; PackError when there is none."""
    if name not in names():
        raise PackError(f"there is no pack {name}; there are {', '.join(names())}")
    return cast(Pack, import_module(f"handslag.rules.{name}.pack"))


@cache
def law_of(country: str) -> Pack:
    """The pack that is the law of that country's organisations; PackError where there is none."""
    for name in names():
        if country == pack(name).COUNTRY:
            return pack(name)
    raise PackError(f"there is no pack for {country or 'no country'}; there are {', '.join(names())}")
