"""`python -m simulators.sms PORT FOLDER`: see README.md beside this file."""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import TCPServer


class Server(HTTPServer):
    folder: Path

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the base class."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        """Take a message, or say why not."""
        try:
            told = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        except ValueError:
            return self._answer(400)
        if self.headers.get("Authorization") != "Bearer right":
            return self._answer(401)
        if set(told) != {"id", "to", "from", "text"} or not re.fullmatch(r"[A-Za-z0-9-]{1,64}", told["id"]):
            return self._answer(400)
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", told["to"]) or told["to"].endswith("404"):
            return self._answer(422)
        if told["to"].endswith("503"):
            return self._answer(503)
        place = self.server.folder / f"{told['id']}.json"
        if not place.exists():
            place.write_text(json.dumps(told))
        return self._answer(202)

    def do_GET(self) -> None:
        """Say what became of a message: a number that ends in 408 was switched off."""
        place = self.server.folder / f"{self.path.rpartition('/')[2]}.json"
        if self.headers.get("Authorization") != "Bearer right":
            return self._answer(401)
        if not place.exists():
            return self._answer(404)
        off = json.loads(place.read_text())["to"].endswith("408")
        self._answer(200, {"state": "failed", "reason": "absent"} if off else {"state": "delivered"})

    def _answer(self, status: int, told: dict[str, str] | None = None) -> None:
        content = json.dumps(told).encode() if told else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """No log: numbers are personal."""


def main() -> None:
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    server.folder = Path(sys.argv[2])
    server.serve_forever()


if __name__ == "__main__":
    main()
