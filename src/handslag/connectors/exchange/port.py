"""The port to another installation. What goes over it is signed and encrypted already, and is believed by nobody before
it was opened. Every call goes over the network: make it outside any transaction."""

from __future__ import annotations

from typing import ClassVar, Protocol, TypeVar


class ExchangeError(Exception):
    """A call that led to nothing. `code` is stable, `reason` a word for the log, free of personal data."""

    code: ClassVar[str] = "exchange"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.code}: {reason}")
        self.reason = reason


class Away(ExchangeError):
    """Unreachable, too slow, in trouble itself, or without our newest keys: try again later."""

    code = "exchange.away"


class KeyWanted(Away):
    """It knows no key by which this was signed, or that one has ended: it wants our key file."""

    code = "exchange.key"


class Unwell(Away):
    """It answers, but makes nothing of this one and doesn't say why: the next may pass, and this one later."""

    code = "exchange.unwell"


class Refused(ExchangeError):
    """It refuses this one; the next may pass."""

    code = "exchange.refused"


Config = TypeVar("Config", contravariant=True)


class Exchange(Protocol[Config]):
    """An implementation. Every function raises Away (KeyWanted) and Refused."""

    def tell_keys(self, config: Config, file: str) -> str:
        """Give our key file, get theirs."""

    def send(self, config: Config, envelope: str) -> None:
        """Give one encrypted envelope. The same again changes nothing."""

    def collect(self, config: Config, request: str) -> list[str]:
        """Encrypted envelopes that wait for us, for a signed request."""
