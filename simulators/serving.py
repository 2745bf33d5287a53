"""What simulators that are an HTTP server share: they serve until they are told to end."""

from __future__ import annotations

import signal
import socketserver
import threading


def until_told(server: socketserver.BaseServer, words: str) -> None:
    """Say `words` and serve until SIGTERM or SIGINT."""

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(words, flush=True)
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()
