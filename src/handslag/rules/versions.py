"""Rule functions with a history: what was read before a correction, and how the law is read since.

A stored sheet must come out the same for ever. So a change that alters the result of one is never made in the
function's text; a new version stands below it:

    @versioned
    def counted_income(income, norm, sheet): ...

    @counted_income.corrected(valid_from=date(2026, 1, 1), known_from=date(2026, 11, 25), because="HFD 2026 ref. 1")
    def counted_income_of_the_month(income, norm, sheet): ...

The last version counts that was known on the norms' `known_on` (None: today's knowledge) and is valid on their first
day. The rules call the function by its name as before; its `norm` says which version that is.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, update_wrapper
from typing import Any, Protocol


class Known(Protocol):
    """What a version is chosen by: the norm set of one day, as known on one day."""

    @property
    def on(self) -> date:
        """The first day of the period."""

    @property
    def known_on(self) -> date | None:
        """The day of the calculation; None: now."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a rule function: valid for periods from a day on, known to the office from another one."""

    text: Callable[..., Any]
    valid_from: date
    known_from: date
    valid_until: date
    because: str

    def holds(self, on: date, known_on: date | None) -> bool:
        """Whether it was known then, and is valid on that day."""
        known = known_on is None or self.known_from <= known_on
        return known and self.valid_from <= on < self.valid_until


class Versioned:
    """A rule function that has been corrected: called as before, it calls the version that holds."""

    def __init__(self, first: Callable[..., Any]) -> None:
        self.versions = [Version(first, date.min, date.min, date.max, "")]
        self.held = lru_cache(maxsize=512)(self._held)
        self.place = list(inspect.signature(first).parameters).index("norm")
        update_wrapper(self, first)

    def __call__(self, *arguments: Any) -> Any:
        """The result of the version that holds for the norms among the arguments."""
        norm: Known = arguments[self.place]
        return self.held(norm.on, norm.known_on).text(*arguments)

    def version(self, norm: Known) -> Version:
        """The version that holds for these norms: of those valid on their day the one known last."""
        return self.held(norm.on, norm.known_on)

    def _held(self, on: date, known_on: date | None) -> Version:
        return next(version for version in reversed(self.versions) if version.holds(on, known_on))

    def corrected(
        self, *, valid_from: date, known_from: date, because: str, valid_until: date = date.max
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Add a version, in the order of `known_from`. `because`: the source that says how the law is to be read."""
        if not because or known_from <= self.versions[-1].known_from or not valid_from < valid_until:
            raise ValueError(f"{self.__name__}: a version says why, and stands below those known before it")  # type: ignore[attr-defined]

        def add(text: Callable[..., Any]) -> Callable[..., Any]:
            if list(inspect.signature(text).parameters).index("norm") != self.place:
                raise ValueError(f"{text.__name__}: norm is not where it was")
            self.held.cache_clear()
            newest.cache_clear()
            self.versions.append(Version(text, valid_from, known_from, valid_until, because))
            return text

        return add


_all: dict[str, list[Versioned]] = {}


def versioned(first: Callable[..., Any]) -> Versioned:
    """Give a rule function a history; `first` is its text from the beginning. Its package is the pack's."""
    rule = Versioned(first)
    newest.cache_clear()
    _all.setdefault(pack_of(first.__module__), []).append(rule)
    return rule


def pack_of(module: str) -> str:
    """The pack that a module of rules belongs to."""
    return module.rpartition(".")[0].rpartition(".")[2]


def histories(pack: str) -> tuple[Versioned, ...]:
    """The corrected functions of a pack."""
    return tuple(_all.get(pack, ()))


def until(pack: str, on: date, known_on: date | None) -> date:
    """The first day after `on` on which another version of some function may hold, of those known on `known_on`."""
    every = [version for rule in histories(pack) for version in rule.versions]
    known = [version for version in every if known_on is None or version.known_from <= known_on]
    return min((d for v in known for d in (v.valid_from, v.valid_until) if d > on), default=date.max)


def named(base: str, pack: str, norm: Known) -> str:
    """The rule version as a sheet states it: `base`, and the day of the newest correction that holds."""
    held = newest(pack, norm.on, norm.known_on)
    return base if held == date.min else f"{base}+{held}"


@lru_cache(maxsize=512)
def newest(pack: str, on: date, known_on: date | None) -> date:
    """The day of the newest correction of a pack that holds on `on`, as known on `known_on`; date.min: none."""
    return max((rule.held(on, known_on).known_from for rule in histories(pack)), default=date.min)
