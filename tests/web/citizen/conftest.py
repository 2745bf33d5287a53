"""Citizens at their counter: in a browser by the development e-ID, or in this process with a session made for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page

from tests.bed import Process


@pytest.fixture
def new_office(database: Any, connect: Any) -> Callable[..., Any]:
    """`new_office("name", decision_days=3)`: a fresh tenant (tests.office.Office)."""
    from tests.office import open_office

    return lambda name="office", **policies: open_office(connect, name, when_asked_for=True, **policies)


@pytest.fixture
def office(new_office: Callable[..., Any]) -> Any:
    """A fresh tenant."""
    return new_office()


def identified(
    address: str, number: str, name: str = "Prov Person", level: str = "loa3", action: str = "login"
) -> requests.Response:
    """What the e-ID answers who identifies at the address where a log-in or signature led."""
    form = {"pnr": number, "name": name, "acr": level, "action": action}
    back = requests.post(address, form, allow_redirects=False)
    assert back.status_code == 303, back.text
    return back


@dataclass
class Citizen:
    """A person with a browser at one organisation."""

    page: Page
    server: Process
    slug: str
    number: str
    name: str

    def url(self, path: str = "") -> str:
        return self.server.url("apply", f"/{self.slug}/{path}")

    def goto(self, path: str = "") -> None:
        self.page.goto(self.url(path))

    def log_in(self, level: str = "loa3", *, by_hand: bool = False) -> None:
        """By the e-ID, to My pages; with `by_hand`, or from the log-in page that is open, on the pages of both."""
        if "/log-in/" not in self.page.url:
            if not by_hand:
                return self._enter(level)
            self.goto()
        self.page.get_by_role("button", name=re.compile("e-legitimation|e-ID")).click()
        self.identify(level)

    def _enter(self, level: str) -> None:
        """The same without the browser, which only gets the session."""
        there = self.server.url("apply", "")
        headers, form = {"Origin": there, "Cookie": f"csrf={'a' * 32}"}, {"csrfmiddlewaretoken": "a" * 32}
        begun = requests.post(self.url("log-in/"), form, headers=headers, allow_redirects=False)
        back = identified(begun.headers["Location"], self.number, self.name, level)
        held = {"Cookie": f"session={begun.cookies['session']}"}
        done = requests.get(back.headers["Location"], headers=held, allow_redirects=False)
        assert done.headers["Location"] == f"/{self.slug}/my/", done.text
        self.page.context.add_cookies([{"name": "session", "value": done.cookies["session"], "url": there}])
        self.goto("my/")

    def identify(self, level: str = "loa3", number: str = "") -> None:
        """Answer the e-ID's page."""
        self.page.locator("#pnr").fill(number or self.number)
        self.page.locator("#name").fill(self.name)
        self.page.locator(f"#acr-{level}").check()
        self.page.locator("button.main").click()


@pytest.fixture
def citizen(
    server: Process, eid: Process, new_context: Callable[..., BrowserContext], office: Any
) -> Callable[..., Citizen]:
    """`citizen(folder, 0, width=320, ...)`: an adult of a case with a browser of her own."""

    def of(folder: Any, adult: int = 0, **browser: Any) -> Citizen:
        page = new_context(**browser).new_page()
        return Citizen(page, server, folder.office.slug, folder.numbers[adult], "Prov Person")

    return of


@pytest.fixture
def visit(database: Any) -> Callable[..., Any]:
    """`visit(office, actor)`: Django's test client with that citizen's session (nobody's without an actor)."""
    from django.conf import settings
    from django.test import Client

    from handslag.kernel import clock
    from handslag.web.entry.sessions import SessionStore

    settings.STATIC_ROOT.mkdir(exist_ok=True)

    def of(office: Any, actor: Any = None, ago: int = 0, **more: Any) -> Any:
        client = Client(SERVER_NAME="apply.localhost", headers={"accept-language": "sv"}, **more)
        if actor is not None:
            moment = int(clock.now().timestamp()) - ago
            session = SessionStore()
            session["citizen"] = {
                "tenant": office.slug,
                "person": str(actor.id),
                "login": str(actor.id),
                "since": moment,
                "seen": moment,
            }
            session.save()
            client.cookies["session"] = session.session_key
        return client

    return of


@pytest.fixture
def at_eid(eid: Process) -> Callable[..., str]:
    """`at_eid(address, number)`: identify where a log-in or signature led, without a browser; gives the address
    (path and query) that the e-ID sends the browser back to."""

    def answer(address: str, number: str, level: str = "loa3", action: str = "login") -> str:
        back = identified(address, number, level=level, action=action)
        return "/" + back.headers["Location"].split("/", 3)[3]

    return answer


@pytest.fixture
def same() -> Callable[..., bytes]:
    """`same(answer, path)`: a page's bytes without the token and the address that differ from one load to the next."""

    def of(answer: Any, path: str = "") -> bytes:
        content: bytes = re.sub(rb'(name="csrfmiddlewaretoken" value=")[^"]*', rb"\1", answer.content)
        return content.replace(path.encode(), b"") if path else content

    return of
