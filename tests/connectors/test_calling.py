"""However slowly another machine answers, a call ends: no header and no body that drips keeps anybody waiting."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from handslag.connectors.exchange import https
from handslag.connectors.exchange.port import Away

WHOLE = b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"digest": "abc"}'
#: What it begins with, before it goes on byte by byte.
DRIPS = (b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that answers whole, or after its first words in drips; each request the next."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            for first in (WHOLE, *DRIPS):
                line, _ = server.accept()
                with line:
                    line.recv(65_536)
                    line.sendall(first)
                    try:
                        while first != WHOLE and not ended.wait(0.05):
                            line.sendall(b"x")
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        thread.join(10)


def test_a_call_ends_in_time(dripping: str) -> None:
    config = https.HttpsConfig(url=dripping, seconds=0.3)
    https.send(config, "x")
    for _ in DRIPS:
        began = time.monotonic()
        with pytest.raises(Away, match="too slow"):
            https.send(config, "x")
        assert time.monotonic() - began < 3
