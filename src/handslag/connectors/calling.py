"""Calling another machine over HTTP for so long and no longer, however slowly it answers."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _Cuttable(HTTPAdapter):
    """Knows the lines of its calls, each by a handle of its own: they can be cut while somebody reads from them."""

    def __init__(self) -> None:
        self.lines: list[socket.socket] = []
        self.over = False
        note = self._note

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                note(self.sock.fileno())

        class Encrypted(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                note(self.sock.fileno())

        plain = type("Plain", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        encrypted = type("Encrypted", (HTTPSConnectionPool,), {"ConnectionCls": Encrypted})
        self.pools = {"http": plain, "https": encrypted}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **more)
        manager.pool_classes_by_scheme = self.pools
        return manager

    def _note(self, descriptor: int) -> None:
        self.lines.append(socket.socket(fileno=os.dup(descriptor)))
        if self.over:
            self.cut()

    def cut(self) -> None:
        """Whoever reads finds the end."""
        self.over = True
        for line in self.lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for line in self.lines:
            line.close()
        super().close()


@contextmanager
def calling(seconds: float) -> Iterator[requests.Session]:
    """A session whose calls have ended after so many seconds, whatever the other machine does: then its lines are cut,
    and what was read until then is torn. Answers are wanted as they are, not compressed: how large they are is seen."""
    lines = _Cuttable()
    with requests.Session() as session:
        session.mount("http://", lines)
        session.mount("https://", lines)
        session.headers["Accept-Encoding"] = "identity"
        timer = threading.Timer(seconds, lines.cut)
        timer.daemon = True
        timer.start()
        try:
            yield session
        finally:
            timer.cancel()
