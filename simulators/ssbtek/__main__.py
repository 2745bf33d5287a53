"""`python -m simulators.ssbtek`: see README.md beside this file."""

from __future__ import annotations

import argparse
import json
import os
import ssl
import sys
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from simulators import clock
from simulators.serving import until_told
from simulators.ssbtek.answers import answer, fault, ping
from simulators.ssbtek.checks import Refused, read

MOST_BYTES = 200_000


def today() -> date:
    return clock.now().date()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    script: dict[str, str]
    asked: list[dict[str, object]]

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the base class."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:
        """No access log."""

    def do_GET(self) -> None:
        if self.path == "/asked":
            self._send(200, json.dumps(self.server.asked).encode(), "application/json")
        else:
            self._send(200, b"ok", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), MOST_BYTES))
        if self.path == "/script":
            self.server.script = dict(json.loads(body or b"{}"))
            self._send(200, b"ok", "text/plain")
        elif self.path != "/ssbtek":
            self._send(404, b"", "text/plain")
        elif "text/xml" not in self.headers.get("Content-Type", "") or self.headers.get("SOAPAction") != '""':
            self._send(415, b"", "text/plain")
        else:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        script = self.server.script
        whole = script.get("*", "")
        try:
            asked = read(body)
        except Refused as refusal:
            self._send(500, fault("OGILTIG_FRAGA", str(refusal)))
            return
        if asked is None:
            self._send(200, ping(script))
            return
        told = ("case", "person", "caseworker", "law", "purpose", "parts", "sender", "key")
        self.server.asked.append({name: getattr(asked, name) for name in told})
        if whole == "slow":
            time.sleep(0.5)
        if whole == "timeout":
            time.sleep(3)
        if whole == "500":
            self._send(500, b"Internal Server Error", "text/plain")
        elif whole == "fault":
            self._send(500, fault("SSBT_FEL", "Tjänsten är stängd"))
        elif whole == "garbage":
            self._send(200, b"<html><p>hej")
        elif whole == "huge":
            self._send(200, b"<a>" + b" " * 6_000_000 + b"</a>")
        elif whole == "doctype":
            self._send(200, b'<!DOCTYPE a [<!ENTITY x "xx">]>' + answer(asked, script, today()).partition(b"?>")[2])
        elif whole == "deep":
            self._send(200, b"<a>" * 100 + b"</a>" * 100)
        else:
            self._send(200, answer(asked, script, today()))

    def _send(self, status: int, body: bytes, kind: str = "text/xml; charset=utf-8") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.ssbtek", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("HANDSLAG_SSBTEK_PORT", "8002")))
    parser.add_argument("--certificate", help="PEM with the server's certificate and key: then it speaks TLS")
    parser.add_argument("--clients", help="PEM of who vouches for clients: then only those are let in (mTLS)")
    given = parser.parse_args(arguments)
    server = Server((given.host, given.port), Handler)
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate)
        if given.clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(given.clients)
        # the handshake belongs to the thread of its connection, not to the one that accepts
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.script, server.asked = {}, []

    until_told(server, f"Simulated SSBTEK: http://{given.host}:{given.port}/ssbtek")
    return 0


if __name__ == "__main__":
    sys.exit(main())
