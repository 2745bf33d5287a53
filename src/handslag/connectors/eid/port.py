"""The port for electronic identification: what every implementation takes, returns and raises.

Two acts: logging in, and signing. Signing is a step-up: the person identifies anew, and the answer is bound
to the digest of exactly what was shown. Plain Python, no Django: the caller keeps the flow and the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol, TypeVar

Purpose = Literal["login", "sign"]

#: Levels of assurance of the Swedish registry (Sweden Connect, Registry for identifiers, section 3.1.1).
LOA2 = "http://id.swedenconnect.se/loa/1.0/uncertified-loa2"
LOA3 = "http://id.swedenconnect.se/loa/1.0/uncertified-loa3"
LOA4 = "http://id.elegnamnden.se/loa/1.0/loa4"


@dataclass(frozen=True, slots=True)
class Begun:
    """`url`: where the browser goes. `flow`: what the caller keeps server-side, bound to that browser,
    hands to `finish` and deletes when it does (whatever the outcome): a flow is for one use."""

    url: str
    flow: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who identified. An account is known by (`issuer`, `subject`), never by `subject` alone.

    identifier, identifier_type  the national number in canonical form (twelve digits for "personnummer" and
                                 "samordningsnummer")
    acr        the level of assurance, always one that the configuration accepts ("" where it needs none)
    auth_time  when the person identified, UTC; None where the provider doesn't say, never for a signature
    evidence   fit for canonical JSON; for a signature all that `check_evidence` needs, for ever, off-line
    """

    issuer: str
    subject: str
    identifier: str = field(repr=False)
    identifier_type: str
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    name: str = field(repr=False)
    acr: str
    auth_time: datetime | None
    evidence: dict[str, object] = field(repr=False)


class EidError(Exception):
    """A log-in or signature that came to nothing. `code` is stable (the web layer words the message by it);
    `reason` is one machine word for the log, free of personal data."""

    code: ClassVar[str] = "eid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.code}: {reason}")
        self.reason = reason


class Cancelled(EidError):
    """The person said no, or closed the e-ID."""

    code = "eid.cancelled"


class TooWeak(EidError):
    """The level of assurance is missing or isn't one that is accepted."""

    code = "eid.too_weak"


class WrongIssuer(EidError):
    """The answer comes from another provider than the one that was asked."""

    code = "eid.wrong_issuer"


class BadToken(EidError):
    """The answer isn't the one to our question: wrong state, signature, audience, nonce, digest, ..."""

    code = "eid.bad_token"


class Unreachable(EidError):
    """No answer, a nonsensical one, or we are refused as a client: nothing that the person can mend."""

    code = "eid.unreachable"


class Expired(EidError):
    """Too late, or used before: begin again."""

    code = "eid.expired"


Config = TypeVar("Config", contravariant=True)


class Eid(Protocol[Config]):
    """An implementation; `config` is the tenant's own."""

    def begin(
        self,
        config: Config,
        *,
        redirect_uri: str,
        purpose: Purpose,
        digest: str | None,
        ui_locale: str,
        login_hint: str | None = None,
    ) -> Begun:
        """Start. `digest` is the SHA-256 (64 hexadecimal digits) of what is signed, None for a log-in;
        `login_hint` (a national number) is sent only where it doesn't end up in a URL. Raises Unreachable."""

    def finish(self, config: Config, flow: dict[str, str], query: Mapping[str, str]) -> Identity:
        """End: `query` is what the browser brought to `redirect_uri`. Talks to the provider, so call it
        outside any transaction. Raises every EidError."""

    def check_evidence(self, evidence: Mapping[str, object]) -> None:
        """Re-check a signature off-line; raises BadToken."""
