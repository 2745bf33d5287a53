"""A provider that lies in one chosen way. The rest of what it says is right."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from handslag.connectors.eid.port import LOA3
from handslag.kernel import clock

NUMBER = "https://id.oidc.se/claim/personalIdentityNumber"


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Liar:
    """`claims` and `header` are laid over the true ones (None: left out), `forge` over the finished token;
    `metadata` over the discovery document, `token_answer` over the token response, `userinfo` is answered."""

    issuer: str
    key: ECKey = field(default_factory=lambda: new_key("one"))
    published: list[ECKey] = field(default_factory=list)
    nonce: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    token_answer: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    forge: Callable[[str], str] = str
    status: int = 200
    delay_seconds: float = 0
    asked: list[str] = field(default_factory=list)

    def id_token(self) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": "subject",
            "aud": "handslag-demo",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": self.nonce,
            "acr": LOA3,
            "given_name": "Amina",
            "family_name": "Lindqvist",
            NUMBER: "198503149802",
        } | self.claims
        header = {"alg": "ES256", "kid": self.key.kid, "typ": "JWT"} | self.header
        signed = jwt.encode(
            {name: value for name, value in header.items() if value is not None},
            {name: value for name, value in claims.items() if value is not None},
            self.key,
            default_type=None,
        )
        return self.forge(signed)

    def answer(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
            } | self.metadata
        if path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}
        if path == "/token":
            return {
                "access_token": "opaque",
                "token_type": "Bearer",
                "id_token": self.id_token(),
            } | self.token_answer
        return self.userinfo

    @contextmanager
    def running(self) -> Iterator[Liar]:
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                liar.asked.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                time.sleep(liar.delay_seconds)
                body = json.dumps(liar.answer(self.path)).encode()
                self.send_response(liar.status if self.path == "/token" else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(BrokenPipeError):  # whom we kept waiting has gone
                    self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.issuer = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
