"""`python -m simulators.exchange [--as canton] [--port 8470] [--folder FOLDER]`: see README.md beside this file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

from simulators.exchange.jose import Refused
from simulators.exchange.office import Office
from simulators.exchange.parts import PARTS
from simulators.serving import until_told

MOST_BYTES = 2_000_000


class Server(ThreadingHTTPServer):
    office: Office

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the base class."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """`/keys`: our key file; `/log`: what came of each message, newest last."""
        found: Any = {"/keys": self.server.office.key_file, "/log": lambda: self.server.office.log}.get(self.path)
        if found is None:
            return self._problem(Refused(404, "301", "GET /keys or /log; POST /keys, /envelopes or /collect"))
        return self._answer(200, found())

    def do_POST(self) -> None:
        """The three calls, and `/fault`."""
        office = self.server.office
        calls: dict[str, Callable[[str], Any]] = {
            "/keys": office.keys, "/envelopes": office.envelope, "/collect": office.collect,
            "/fault": office.be_wrong
        }  # fmt: skip
        size = int(self.headers.get("Content-Length") or 0)
        if size > MOST_BYTES:
            self.close_connection = True
            return self._problem(Refused(413, "330", "larger than any message"))
        body = self.rfile.read(size)
        if office.fault == "broken" and self.path != "/fault":
            return self._send(500, b"<h1>Oh no</h1>", "text/html")
        try:
            if self.path not in calls:
                raise Refused(404, "301", "no such call")
            return self._answer(200, calls[self.path](body.decode("ascii", "replace")))
        except Refused as refused:
            return self._problem(refused)
        except (ValueError, RecursionError):
            return self._problem(Refused(422, "200", "can't be read"))

    def _problem(self, refused: Refused) -> None:
        self.server.office.log.append({"call": self.path, "code": refused.code, "why": refused.why})
        body = {"type": "about:blank", "title": refused.why, "status": refused.status, "code": refused.code}
        self._send(refused.status, json.dumps(body).encode(), "application/problem+json")

    def _answer(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: see /log."""


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="python -m simulators.exchange")
    parser.add_argument("--port", type=int, default=8470)
    parser.add_argument("--folder", type=Path, default=Path("var/sandbox"), help="where its keys are kept")
    parser.add_argument("--as", choices=PARTS, default="municipality", dest="part", help="what it plays")
    told = parser.parse_args()
    server = Server(("127.0.0.1", told.port), Handler)
    server.office = Office(told.folder, PARTS[told.part])
    server.office.url = f"http://127.0.0.1:{server.server_port}"
    print(f"{server.office.part.address} at {server.office.url}\nFingerprint: {server.office.fingerprint}", flush=True)
    until_told(server, "It answers. What came of each message: /log. Ctrl-C ends it.")


if __name__ == "__main__":
    main()
