"""A case system by HTTP and JSON: `connectors.casesystem.port.CaseSystem`; see README.md."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
import requests

from handslag.connectors.calling import calling
from handslag.connectors.casesystem.port import Away, Garbled, Refused
from handslag.kernel.reading import TooLarge, TooSlow, read_within
from handslag.messages.application.message import Application
from handslag.messages.case_status.message import CaseStatus
from handslag.messages.client.message import Client

__all__ = ["HttpConfig", "case", "find", "hand_over"]

#: Bytes of an answer.
LARGEST = 2_000_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Where the case system is; `token` lets us in. `seconds`: the longest that a whole call may take."""

    address: str
    token: str = field(repr=False)
    seconds: float = 8

    def __post_init__(self) -> None:
        """ValueError for a connection without encryption that leaves this machine."""
        parts = urlsplit(self.address)
        if parts.scheme != "https" and (parts.scheme, parts.hostname) not in [("http", "127.0.0.1"), ("http", "::1")]:
            raise ValueError("address: only a case system on this machine is spoken to without TLS")


class _Taken(msgspec.Struct):
    reference: str


def find(config: HttpConfig, identifier_type: str, identifier: str) -> Client | None:
    """`POST /clients/find`: the number stands in the body, never in an address."""
    asked = {"identifier_type": identifier_type, "identifier": identifier}
    return _read(_call(config, "POST", "/clients/find", msgspec.json.encode(asked)), Client)


def hand_over(config: HttpConfig, application: Application) -> str:
    """`PUT /applications/<id>`."""
    body = msgspec.json.encode(application)
    taken = _read(_call(config, "PUT", f"/applications/{application.id}", body), _Taken)
    if taken is None:
        raise Refused("status_404")
    if not 0 < len(taken.reference) <= 80:
        raise Garbled("reference")
    return taken.reference


def case(config: HttpConfig, reference: str) -> CaseStatus | None:
    """`GET /cases/<reference>`."""
    found = _read(_call(config, "GET", f"/cases/{quote(reference, safe='')}", None), CaseStatus)
    if found is not None and found.case != reference:
        raise Garbled("another case")
    return found


def _call(config: HttpConfig, verb: str, path: str, body: bytes | None) -> bytes | None:
    """The body of the answer, or None for 404 with an object of JSON: another 404 is of what stands in between."""
    ends = time.monotonic() + config.seconds
    headers = {"Authorization": f"Bearer {config.token}", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        with (
            calling(config.seconds) as session,
            session.request(
                verb,
                config.address.rstrip("/") + path,
                data=body,
                headers=headers,
                timeout=config.seconds,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            content = read_within(answer.iter_content(65_536), LARGEST, ends)
            status = answer.status_code
    except TooLarge as error:
        raise Garbled("size") from error
    except TooSlow as error:
        raise Away("slow") from error
    except requests.RequestException as error:
        raise Away(type(error).__name__) from error
    if status in (200, 201):
        return content
    if status == 404:
        _read(content, dict)  # else Garbled
        return None
    if status in (408, 425, 429) or status >= 500:
        raise Away(f"status_{status}")
    raise Refused(f"status_{status}")


def _read(content: bytes | None, kind: type[T]) -> T | None:
    if content is None:
        return None
    if b"\\u0000" in content:  # no database keeps a NUL in a text
        raise Garbled("NUL")
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Garbled(type(error).__name__) from error


def plain(message: Any) -> dict[str, Any]:
    """A message as plain JSON, to be kept."""
    found: dict[str, Any] = msgspec.to_builtins(message)
    return found
