"""The port for notices: one short message that says "there is something new, log in" and nothing of the case.

The words are the caller's (a dated text in the person's language); an implementation adds only what its
channel demands. Delivery is at least once: sent again with the same key, a notice has the same message id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person.

    to        one e-mail address
    language  BCP 47 tag of the texts
    key       the notice's own id (letters, digits, hyphens), the same whenever it is sent again; it goes into
              the message id and must mean nothing outside
    """

    to: str = field(repr=False)
    subject: str
    body: str
    language: str
    key: str


class NoticeError(Exception):
    """A notice that didn't leave. `code` is stable; `reason` is a word for the log, free of personal data.
    `again`: whether trying later can help."""

    code: ClassVar[str] = "notice"
    again: ClassVar[bool] = False

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.code}: {reason}")
        self.reason = reason


class Malformed(NoticeError):
    """The notice itself can't be sent: no address, line breaks in a header, ..."""

    code = "notice.malformed"


class AddressRefused(NoticeError):
    """The receiving side says for good that this address doesn't exist or takes nothing."""

    code = "notice.address_refused"


class Refused(NoticeError):
    """The channel refuses us, not the address: log-in, sender, encryption, content. Somebody has to look."""

    code = "notice.refused"


class Deferred(NoticeError):
    """Not now: unreachable, too slow, or told to come back."""

    code = "notice.deferred"
    again = True


Config = TypeVar("Config", contravariant=True)


class Notices(Protocol[Config]):
    """An implementation; `config` is the tenant's own."""

    def send(self, config: Config, notice: Notice) -> str:
        """Hand the notice over; returns its message id. Uses the network: call it outside any transaction.
        Raises every NoticeError."""
