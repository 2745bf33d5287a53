"""`python -m simulators.clamd PORT|SOCKET`: see README.md beside this file."""

from __future__ import annotations

import base64
import sys
import time
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer, ThreadingUnixStreamServer

MARK = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
LARGEST = 25_000_000


class Daemon(StreamRequestHandler):
    """One command on one connection."""

    def handle(self) -> None:
        """Read the command and what follows it, and answer in one line."""
        command = b""
        while not command.endswith(b"\0"):
            sign = self.rfile.read(1)
            if not sign or len(command) > 64:
                return
            command += sign
        if command == b"zPING\0":
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM\0":
            self.wfile.write(self._judged())
        else:
            self.wfile.write(b"UNKNOWN COMMAND\0")

    def _judged(self) -> bytes:
        content = b""
        while length := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(length)
            if len(content) > LARGEST:
                return b"INSTREAM size limit exceeded. ERROR\0"
        if b"SLOW-SCAN" in content:
            time.sleep(30)
        if b"NO-ANSWER" in content:
            return b""
        if b"SCAN-ERROR" in content:
            return b"stream: Can't allocate memory ERROR\0"
        wrapped = (base64.b64encode(b"X" * pad + MARK)[4:-4] for pad in range(3))
        if any(one in content for one in (MARK, MARK[::-1], *wrapped)):
            return b"stream: Eicar-Test-Signature FOUND\0"
        return b"stream: OK\0"


class Loopback(ThreadingTCPServer):
    """On a port of this machine; connections end with it."""

    allow_reuse_address = True
    daemon_threads = True


class Socket(ThreadingUnixStreamServer):
    """On a socket in the file system; connections end with it."""

    daemon_threads = True


def main() -> None:
    """Serve until told to stop."""
    where = sys.argv[1]
    if where.isdigit():
        server: Loopback | Socket = Loopback(("127.0.0.1", int(where)), Daemon)
    else:
        Path(where).unlink(missing_ok=True)
        server = Socket(where, Daemon)
    with server:
        server.serve_forever()


if __name__ == "__main__":
    main()
