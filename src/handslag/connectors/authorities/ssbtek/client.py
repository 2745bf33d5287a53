"""The call: time-outs, certificate, size, and a breaker that stops calling for a while what doesn't answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from handslag.connectors.authorities.port import Answer, Question
from handslag.connectors.authorities.ssbtek.ask import ping_xml, question_xml
from handslag.connectors.authorities.ssbtek.read import answers_of, failed, reachable
from handslag.connectors.authorities.ssbtek.safe import MOST_BYTES, Unreadable
from handslag.connectors.calling import calling
from handslag.kernel.reading import TooLarge, TooSlow, read_within


@dataclass(frozen=True, slots=True)
class SsbtekConfig:
    """Where the service is. `certificate` and `key`: files of the organisation's certificate (mTLS), both or neither;
    `authorities_file`: who vouches for the service, else the system's list."""

    address: str
    certificate: str = ""
    key: str = field(default="", repr=False)
    authorities_file: str = ""
    connect_seconds: float = 5
    read_seconds: float = 30
    whole_seconds: float = 60


class _NotReached(Exception):
    """No answer that could be read; the text is the code."""


class Breaker:
    """Open after so many failures in a row: then nothing is called until the pause is over, and one call tries."""

    def __init__(self, failures: int = 5, pause: float = 60, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._pause, self._clock = failures, pause, clock
        self._failures, self._until, self._lock = 0, 0.0, threading.Lock()

    def lets(self) -> bool:
        """Whether to call now."""
        with self._lock:
            if self._failures < self._most:
                return True
            if self._clock() < self._until:
                return False
            self._until = self._clock() + self._pause
            return True

    def note(self, well: bool) -> None:
        """What came of a call."""
        with self._lock:
            self._failures = 0 if well else self._failures + 1
            if self._failures >= self._most:
                self._until = self._clock() + self._pause


_breakers: dict[str, Breaker] = {}


def breaker_of(config: SsbtekConfig) -> Breaker:
    """The breaker of an address, one in this process."""
    return _breakers.setdefault(config.address, Breaker())


def fetch(config: SsbtekConfig, question: Question) -> list[Answer]:
    """As the port says; whatever goes wrong is the answer of each authority asked."""
    try:
        return answers_of(_call(config, question_xml(question)), question)
    except _NotReached as trouble:
        return failed(question, "HERE", str(trouble))
    except Unreadable as trouble:
        return failed(question, "HERE", "not understood", str(trouble))


def ping(config: SsbtekConfig) -> list[Answer]:
    """As the port says; [] means that the service itself can't be reached."""
    try:
        return reachable(_call(config, ping_xml()))
    except (_NotReached, Unreadable):
        return []


def _call(config: SsbtekConfig, message: bytes) -> bytes:
    """POST and the body of the answer, also of a SOAP fault (status 500 with XML)."""
    breaker = breaker_of(config)
    if not breaker.lets():
        raise _NotReached("paused")
    try:
        body = _post(config, message)
    except _NotReached:
        breaker.note(False)
        raise
    breaker.note(True)
    return body


def _post(config: SsbtekConfig, message: bytes) -> bytes:
    until = time.monotonic() + config.whole_seconds
    try:
        with (
            calling(config.whole_seconds) as session,
            session.post(
                config.address,
                data=message,
                headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
                timeout=(config.connect_seconds, config.read_seconds),
                cert=(config.certificate, config.key) if config.certificate else None,
                verify=config.authorities_file or True,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            xml = "xml" in answer.headers.get("Content-Type", "")
            if answer.status_code != 200 and not (answer.status_code == 500 and xml):
                raise _NotReached(f"HTTP {answer.status_code}")
            return read_within(answer.iter_content(65536), MOST_BYTES, until)
    except TooLarge as error:
        raise _NotReached("too large") from error
    except (requests.Timeout, TooSlow) as error:
        raise _NotReached("timeout") from error
    except (requests.RequestException, OSError) as error:
        raise _NotReached("timeout" if time.monotonic() > until else "unreachable") from error
