"""Virus scan of uploaded files. A file is served only after the state `clean`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, cast

_SCANNERS = {"clamd": "handslag.connectors.scan.clamd"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`infected` carries the signature's name in `detail`, `unreachable` why there is no answer."""

    state: Literal["clean", "infected", "unreachable"]
    detail: str = ""


class Scanner(Protocol):
    """Judges one file at a time; never raises because the scanner is away or refuses."""

    def scan(self, content: Iterable[bytes]) -> Verdict:
        """The verdict on the bytes of `content`, which is read as a stream."""
        ...


def for_tenant(address: str, kind: str = "clamd") -> Scanner:
    """The scanner at `address` ("host:port" or the path of a Unix socket). LookupError for another kind."""
    if kind not in _SCANNERS:
        raise LookupError(f"no scanner {kind!r}; known: {', '.join(sorted(_SCANNERS))}")
    return cast(Scanner, import_module(_SCANNERS[kind]).Clamd(address))
