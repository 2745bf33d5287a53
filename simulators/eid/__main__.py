"""`python -m simulators.eid`: see README.md beside this file."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from simulators.eid.app import application
from simulators.eid.issuer import Client, Issuer
from simulators.serving import until_told

CALLBACK = f"http://apply.localhost:{os.environ.get('HANDSLAG_PORT', '8000')}/eid/callback"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the base class, which can hang where there is no resolver."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class Handler(WSGIRequestHandler):
    timeout = 30

    def log_message(self, format: str, *args: object) -> None:
        """No access log: addresses and forms hold personal numbers."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.eid", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("HANDSLAG_EID_PORT", "8001")))
    parser.add_argument("--issuer", help="default http://eid.localhost:PORT")
    parser.add_argument("--client-id", default="handslag-demo")
    parser.add_argument("--client-secret", default="development-only")
    parser.add_argument("--redirect-uri", action="append", help=f"may be repeated; default {CALLBACK}")
    parser.add_argument(
        "--people", type=Path, help="the people on the page; default $HANDSLAG_DATA/eid-people.json or the list here"
    )
    parser.add_argument("--rotate-key", action="store_true", help="sign with a new key; the old ones stay published")
    given = parser.parse_args(arguments)

    address = given.issuer or f"http://eid.localhost:{given.port}"
    data = Path(os.environ.get("HANDSLAG_DATA", "var"))
    issuer = Issuer(
        address=address,
        folder=data / "eid",
        people_files=[given.people]
        if given.people
        else [data / "eid-people.json", Path(__file__).with_name("people.json")],
        clients=[Client(given.client_id, given.client_secret, tuple(given.redirect_uri or [CALLBACK]))],
        rotate_key=given.rotate_key,
    )
    server = Server((given.host, given.port), Handler)
    server.set_app(application(issuer))

    until_told(server, f"Development e-ID: {address} (nothing here identifies anybody)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
