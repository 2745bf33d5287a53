"""`python -m simulators.casesystem PORT FOLDER`: see README.md beside this file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import unquote


class Server(ThreadingHTTPServer):
    folder: Path

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the base class."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """How a case stands."""
        if (trouble := self._trouble("case")) is not None:
            return self._answer(*trouble)
        found = re.fullmatch(r"/cases/([^/]+)", self.path)
        status = self._stored("cases").get(unquote(found[1])) if found else None
        return self._answer(404, b"{}") if status is None else self._answer(200, self._json(status))

    def do_POST(self) -> None:
        """Who somebody is."""
        body = self._body()
        if (trouble := self._trouble("find")) is not None:
            return self._answer(*trouble)
        if self.path != "/clients/find" or not isinstance(body, dict) or set(body) != {"identifier_type", "identifier"}:
            return self._answer(400, b"{}")
        client = self._stored("clients").get(body["identifier"])
        return self._answer(404, b"{}") if client is None else self._answer(200, self._json(client))

    def do_PUT(self) -> None:
        """Take an application: once, whatever comes how often."""
        body = self._body()
        if (trouble := self._trouble("hand_over")) is not None:
            return self._answer(*trouble)
        found = re.fullmatch(r"/applications/([0-9a-f-]{36})", self.path)
        if found is None or not isinstance(body, dict) or (why := wrong(body, found[1])):
            return self._answer(422, self._json({"wrong": why if found else "address"}))
        place = self.server.folder / "applications" / f"{found[1]}.json"
        place.parent.mkdir(exist_ok=True)
        reference = f"L-{hashlib.sha256(found[1].encode()).hexdigest()[:6]}"
        if place.exists():
            if json.loads(place.read_text())["digest"] != body["digest"]:
                return self._answer(409, b"{}")
            (self.server.folder / "again").open("a").write(f"{found[1]}\n")
        else:
            half = place.with_suffix(".half")
            half.write_text(json.dumps(body, ensure_ascii=False))
            os.rename(half, place)
        if self._script().get("deaf"):  # it has the application, but nobody hears so
            self.close_connection = True
            return None
        return self._answer(201, self._json({"reference": reference}))

    def _body(self) -> Any:
        try:
            return json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        except ValueError:
            return None

    def _script(self) -> dict[str, Any]:
        return self._stored("script")

    def _stored(self, name: str) -> dict[str, Any]:
        place = self.server.folder / f"{name}.json"
        found: dict[str, Any] = json.loads(place.read_text()) if place.exists() else {}
        return found

    def _trouble(self, call: str) -> tuple[int, bytes] | None:
        with (self.server.folder / "calls").open("a") as calls:
            calls.write(f"{call}\n")
        if self.headers.get("Authorization") != "Bearer right":
            return 401, b"{}"
        told = self._script()
        if call not in told.get("calls", ["find", "hand_over", "case"]):
            return None
        if told.get("late"):
            time.sleep(float(told["late"]))
        if told.get("error"):
            return int(told["error"]), b"<html>oops"
        if told.get("garbage"):
            return 200, str(told["garbage"]).encode()
        if told.get("endless"):
            return 200, b"[" * 3_000_000
        return None

    def _json(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """No log: numbers are personal."""


def wrong(told: dict[str, Any], key: str) -> str:
    """What a strict receiver finds wrong with an application; "" for nothing."""
    texts = ("id", "case", "kind", "month", "channel", "language", "received_at", "digest")
    for name in texts:
        if not isinstance(told.get(name), str) or not told[name]:
            return name
    if told.get("message") != "application" or told.get("version") != 1 or told["id"] != key:
        return "message, version, id"
    canonical = json.dumps(told.get("document"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(canonical.encode()).hexdigest() != told["digest"]:
        return "digest"
    people = {one.get("person"): one for one in told.get("household") or []}
    adults = sorted(told["document"].get("applicants") or [])
    if sorted(one.get("person") for one in told.get("signers") or []) != adults or not adults:
        return "signers"
    for one in people.values():
        if not all(one.get(name) for name in ("identifier", "identifier_type", "role")) or "family_name" not in one:
            return "household"
    if not set(adults) <= set(people) or not (told.get("receipt") or {}).get("signature"):
        return "household, receipt"
    return ""


def main() -> None:
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    server.folder = Path(sys.argv[2])
    server.serve_forever()


if __name__ == "__main__":
    main()
