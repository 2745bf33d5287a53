"""ClamAV's daemon by its INSTREAM command (clamd(8)): lengths before pieces, zero at the end, one line back.

clamd has no authentication: reach it by a Unix socket or on loopback only.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from handslag.connectors.scan.port import Verdict

_PIECE = 256 * 1024


class Clamd:
    """The port's Scanner. `seconds` bounds connecting and each wait for the daemon."""

    def __init__(self, address: str, seconds: float = 60.0) -> None:
        self._address, self._seconds = address, seconds

    def scan(self, content: Iterable[bytes]) -> Verdict:
        """See Scanner.scan. Errors of `content` itself are raised as they are."""
        pieces = (chunk[i : i + _PIECE] for chunk in content for i in range(0, len(chunk), _PIECE))
        try:
            connection = self._connect()
        except OSError as error:
            return Verdict("unreachable", type(error).__name__)
        with connection:
            try:
                connection.sendall(b"zINSTREAM\0")
            except OSError as error:
                return Verdict("unreachable", type(error).__name__)
            for piece in pieces:
                try:
                    connection.sendall(len(piece).to_bytes(4, "big") + piece)
                except OSError:
                    break  # the daemon has stopped listening: its answer says why
            try:
                connection.sendall(b"\0\0\0\0")
            except OSError:
                pass
            return _verdict(_answer(connection))

    def _connect(self) -> socket.socket:
        if self._address.startswith("/"):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self._seconds)
            try:
                connection.connect(self._address)
            except OSError:
                connection.close()
                raise
            return connection
        host, _, port = self._address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=self._seconds)


def _answer(connection: socket.socket) -> str:
    answer = b""
    try:
        while len(answer) < 4096 and not answer.endswith(b"\0") and (part := connection.recv(4096)):
            answer += part
    except OSError as error:
        return type(error).__name__
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")


def _verdict(answer: str) -> Verdict:
    if answer == "stream: OK":
        return Verdict("clean")
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return Verdict("infected", answer.removeprefix("stream: ").removesuffix(" FOUND"))
    return Verdict("unreachable", answer or "no answer")
