"""The port to another case system: is this person known, here is an application, how does the case stand.

The messages are handslag.messages.client, .application and .case_status. Every call goes over the network: make it
outside any transaction. A look-up that fails is never an empty answer.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, TypeVar

from handslag.messages.application.message import Application
from handslag.messages.case_status.message import CaseStatus
from handslag.messages.client.message import Client


class CaseSystemError(Exception):
    """A call that led to nothing. `code` is stable; `reason` is a word for the log, free of personal data.
    `again`: whether trying later can help."""

    code: ClassVar[str] = "case_system"
    again: ClassVar[bool] = False

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.code}: {reason}")
        self.reason = reason


class Away(CaseSystemError):
    """Unreachable, too slow, or in trouble itself."""

    code = "case_system.away"
    again = True


class Garbled(CaseSystemError):
    """It answers what this port doesn't understand; it may be mended over there."""

    code = "case_system.garbled"
    again = True


class Refused(CaseSystemError):
    """It refuses us, or what we sent. Somebody has to look."""

    code = "case_system.refused"


Config = TypeVar("Config", contravariant=True)


class CaseSystem(Protocol[Config]):
    """An implementation; `config` is the tenant's own. Every function raises every CaseSystemError."""

    def find(self, config: Config, identifier_type: str, identifier: str) -> Client | None:
        """The client with that number; None if nobody with an open case has it."""

    def hand_over(self, config: Config, application: Application) -> str:
        """Hand an application over; gives what it is called over there. The same application again is no second
        one: it gives the same."""

    def case(self, config: Config, reference: str) -> CaseStatus | None:
        """How a case stands; None if no case has that number."""
