"""Providers as processes of their own, and a browser's part of a log-in over plain HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from handslag.connectors.eid.oidc import OidcConfig
from handslag.connectors.eid.oidc.provider import LoopbackNames
from tests.bed import ROOT

CALLBACK = "http://apply.localhost:8000/eid/callback"


@contextmanager
def process(command: Sequence[str], health: str, environment: dict[str, str], cwd: Path) -> Iterator[None]:
    """Run `command` until the block ends; ready when `health` answers. Output goes to the test's own."""
    running = subprocess.Popen(command, cwd=cwd, env=os.environ | environment)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                with browser() as session:
                    session.get(health, timeout=1)
                break
            except requests.RequestException:
                assert running.poll() is None, f"{command[0]} ended with {running.returncode}"
                assert time.monotonic() < until, f"{command[0]} isn't ready after 30 s"
                time.sleep(0.05)
        yield
    finally:
        running.terminate()
        try:
            code = running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise
    assert code in (0, -15), f"{command[0]} ended with {code}"


@dataclass(frozen=True)
class Simulator:
    """The development e-ID at `issuer`, with its keys in `data`."""

    issuer: str
    data: Path
    config: OidcConfig = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", configured(self.issuer))

    @contextmanager
    def running(self, *options: str) -> Iterator[Simulator]:
        port = str(urlsplit(self.issuer).port)
        command = [sys.executable, "-m", "simulators.eid", "--port", port, "--issuer", self.issuer]
        command += ["--redirect-uri", CALLBACK, *options]
        with process(command, f"{self.issuer}/health", {"HANDSLAG_DATA": str(self.data)}, ROOT):
            yield self


def configured(issuer: str, **changes: object) -> OidcConfig:
    fields = {
        "client_id": "handslag-demo",
        "client_secret": "development-only",
        "timeout_seconds": 5,
    } | changes
    return OidcConfig(issuer=issuer, **fields)  # type: ignore[arg-type]


def browser() -> requests.Session:
    """A browser without JavaScript: keeps cookies, knows `*.localhost`."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", LoopbackNames())
    return session


def answer(
    url: str, session: requests.Session | None = None, callback: str = CALLBACK, **fields: str
) -> dict[str, str]:
    """Open `url`, fill in the one form with method post, and return what the provider sends to our callback.

    Follows every redirect that stays with the provider."""
    fields = {"action": "login"} | fields
    with nullcontext(session) if session else browser() as session:
        page = session.get(url, timeout=10, allow_redirects=False)
        for _ in range(10):
            if page.is_redirect:
                target = urljoin(url, page.headers["Location"])
                if target.startswith(callback):
                    return dict(parse_qsl(urlsplit(target).query))
                page = session.get(target, timeout=10, allow_redirects=False)
            else:
                assert page.status_code == 200, page.text
                form = re.search(r'<form method="post" action="([^"]+)"', page.text)
                assert form, page.text
                target = urljoin(url, unescape(form[1]))
                page = session.post(target, data=fields, timeout=10, allow_redirects=False)
    raise AssertionError("the provider keeps redirecting")
