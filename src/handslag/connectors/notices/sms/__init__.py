"""Notices by text message: `connectors.notices.port.Notices` over an HTTP gateway; see README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from handslag.connectors.notices.port import AddressRefused, Deferred, Malformed, Notice, Refused

__all__ = ["SmsConfig", "failure", "number", "send"]


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


#: What stands before a number from abroad, by country; there the number loses its first 0.
COUNTRY_CODES = {"SE": "46", "CH": "41", "DE": "49"}


def number(text: str, country: str) -> str:
    """A telephone number as +4670..., from what people write in a country. Raises Malformed."""
    digits = re.sub(r"^00", "+", re.sub(r"[\s()/.\u2010-\u2015-]", "", text))
    digits = re.sub(r"^0", f"+{COUNTRY_CODES[country]}", digits)
    for code in COUNTRY_CODES.values():  # +46 (0)70 ...
        digits = re.sub(rf"^\+{code}0", f"+{code}", digits)
    if not re.fullmatch(r"\+[1-9]\d{6,14}", digits, re.ASCII):
        raise Malformed("number")
    return digits


def send(config: SmsConfig, country: str, notice: Notice) -> str:
    """Hand the notice to the gateway, its number as people of a country write it; returns its id. One try: to repeat is
    up to the job. The same key sent again is the same message for the gateway. Raises Malformed, AddressRefused,
    Refused or Deferred."""
    told = {"id": notice.key, "to": number(notice.to, country), "from": config.sender, "text": notice.body}
    answer = _asked("POST", config, config.url, told)
    if answer.status_code in (200, 201, 202):
        return notice.key
    if answer.status_code in (404, 410, 422):
        raise AddressRefused(f"status_{answer.status_code}")
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Deferred(f"status_{answer.status_code}")
    raise Refused(f"status_{answer.status_code}")


def failure(config: SmsConfig, key: str) -> str | None:
    """Why a message that was handed over didn't arrive: the gateway's word ("absent", ...), "unknown" if it gives none.
    None: it arrived, is still under way, or the gateway can't say. Raises Deferred."""
    answer = _asked("GET", config, f"{config.url}/{key}")
    try:
        told = answer.json() if answer.status_code == 200 else {}
    except requests.JSONDecodeError:
        told = {}
    if not isinstance(told, dict) or told.get("state") != "failed":
        return None
    reason = str(told.get("reason", ""))
    return reason if re.fullmatch(r"[a-z0-9_.-]{1,40}", reason) else "unknown"


def _asked(method: str, config: SmsConfig, url: str, told: dict[str, str] | None = None) -> requests.Response:
    try:
        return requests.request(
            method,
            url,
            json=told,
            headers={"Authorization": f"Bearer {config.token}"},
            timeout=config.timeout_seconds,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise Deferred(type(error).__name__) from error
