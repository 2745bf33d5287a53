"""Another installation over HTTPS: `connectors.exchange.port.Exchange`; see README.md."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from handslag.connectors.calling import calling
from handslag.connectors.exchange.port import Away, KeyWanted, Refused, Unwell
from handslag.kernel.addresses import is_loopback
from handslag.kernel.reading import TooLarge, TooSlow, read_within

T = TypeVar("T")
__all__ = ["HttpsConfig", "ask", "collect", "send", "tell_keys", "texts_in"]

#: Bytes of an answer: a hundred envelopes of the usual size; a partner that has more gives them in parts.
LARGEST = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsConfig:
    """Where the other installation is; `seconds`: the longest that a whole call may take."""

    url: str
    seconds: float = 10

    def __post_init__(self) -> None:
        """ValueError for a connection without encryption that leaves this machine."""
        scheme = urlsplit(self.url).scheme
        if scheme != "https" and not (scheme == "http" and is_loopback(self.url)):
            raise ValueError("url: only an installation on this machine is spoken to without TLS")


def tell_keys(config: HttpsConfig, file: str) -> str:
    """`POST <url>/keys`."""
    return _call(config, "keys", file, "application/json").decode("utf-8", "replace")


def send(config: HttpsConfig, envelope: str) -> None:
    """`POST <url>/envelopes`. It has the envelope when it says so: a page of what stands before it doesn't."""
    content = _call(config, "envelopes", envelope, "application/jose")
    try:
        _read(content, _Taken)
    except Away as error:
        raise Unwell(error.reason) from error


def collect(config: HttpsConfig, request: str) -> list[str]:
    """`POST <url>/collect`."""
    return texts_in(_call(config, "collect", request, "application/jose"))


def texts_in(content: bytes) -> list[str]:
    """The envelopes in an answer to `collect`. Away."""
    return _read(content, list[str])


class _Taken(msgspec.Struct):
    digest: str


def _read(content: bytes, kind: type[T]) -> T:
    """An answer of this kind. Away."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Away("answer can't be read") from error


def _call(config: HttpsConfig, what: str, body: str, kind: str) -> bytes:
    status, said, content = ask(config, what, body, kind)
    if status == 200:
        return content
    if status == 401 and _is_problem(said, content):
        raise KeyWanted(f"status {status}")
    # What stands before the other installation may refuse too: that says nothing of the message, but for its size.
    away = status in (401, 404, 408, 425, 429, 502, 503, 504)
    refused = status == 413 or (not away and 400 <= status < 500 and _is_problem(said, content))
    raise (Refused if refused else Away if away else Unwell)(f"status {status}")


class _Problem(msgspec.Struct):
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{3}\Z")]


def _is_problem(kind: str, content: bytes) -> bool:
    """Whether the other installation itself says why: by a problem with a code."""
    try:
        msgspec.json.decode(content, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return kind.partition(";")[0].strip().lower() == "application/problem+json"


def ask(config: HttpsConfig, what: str, body: str, kind: str) -> tuple[int, str, bytes]:
    """Whatever a call is answered: status, content type, content. Away where there is no answer."""
    ends = time.monotonic() + config.seconds
    try:
        with (
            calling(config.seconds) as session,
            session.post(
                f"{config.url.rstrip('/')}/{what}",
                data=body.encode(),
                headers={"Content-Type": kind},
                timeout=config.seconds,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            content = read_within(answer.iter_content(65_536), LARGEST, ends)
            return answer.status_code, answer.headers.get("Content-Type", ""), content
    except TooLarge as error:
        raise Away("answer too large") from error
    except TooSlow as error:
        raise Away("too slow") from error
    except requests.RequestException as error:
        raise Away("too slow" if time.monotonic() > ends else type(error).__name__) from error
