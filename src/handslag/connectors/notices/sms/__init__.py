"""Notices by text message: `connectors.notices.port.Notices` over an HTTP gateway; see README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from handslag.connectors.notices.port import AddressRefused, Deferred, Malformed, Notice, Refused

__all__ = ["SmsConfig", "number", "send"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsConfig:
    """A gateway: `url` takes the messages, `token` lets us in, `sender` is shown (at most 11 letters or digits)."""

    url: str
    token: str = field(repr=False)
    sender: str
    timeout_seconds: int = 10

    def __post_init__(self) -> None:
        """ValueError for a connection without encryption that leaves this machine."""
        parts = urlsplit(self.url)
        if parts.scheme != "https" and (parts.scheme, parts.hostname) not in [("http", "127.0.0.1"), ("http", "::1")]:
            raise ValueError("url: only a gateway on this machine is spoken to without TLS")


def number(text: str, country_code: str = "46") -> str:
    """A telephone number as +4670..., from what people write. Raises Malformed."""
    digits = re.sub(r"[\s()/.-]", "", text)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    elif digits.startswith("0"):
        digits = f"+{country_code}{digits[1:]}"
    if not re.fullmatch(r"\+[1-9]\d{6,14}", digits, re.ASCII):
        raise Malformed("number")
    return digits


def send(config: SmsConfig, notice: Notice) -> str:
    """Hand the notice to the gateway; returns its id. One try: to repeat is up to the job. The same key sent again is
    the same message for the gateway. Raises Malformed, AddressRefused, Refused or Deferred."""
    told = {"id": notice.key, "to": number(notice.to), "from": config.sender, "text": notice.body}
    try:
        answer = requests.post(
            config.url,
            json=told,
            headers={"Authorization": f"Bearer {config.token}"},
            timeout=config.timeout_seconds,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise Deferred(type(error).__name__) from error
    if answer.status_code in (200, 201, 202):
        return notice.key
    if answer.status_code in (404, 410, 422):
        raise AddressRefused(f"status_{answer.status_code}")
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Deferred(f"status_{answer.status_code}")
    raise Refused(f"status_{answer.status_code}")
