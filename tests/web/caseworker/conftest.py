"""An office with a desk: staff who log in, a browser that is logged in, a session that needs no log-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page

from tests.bed import Process


@pytest.fixture(scope="module")
def module_connect(database: Any) -> Any:
    """`connect` for a whole module."""
    yield database.connect
    database.close_connections()


@pytest.fixture
def office(connect: Any) -> Any:
    """A fresh tenant (tests.office.Office)."""
    from tests.office import open_office

    return open_office(connect)


@pytest.fixture
def fine(axe: Any, picture: Any, width: int, script: bool) -> Callable[..., None]:
    """`fine(page, "desk-case")`, of a test with `width` and `script`: a picture, no page wider than its window, and
    where scripts run axe finds nothing."""

    def look(page: Page, name: str = "") -> None:
        page.wait_for_load_state()  # a click waits for the next page to begin, not to be there
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if name:
            picture(page, f"{name}-{width}")
        assert wider == 0, page.url
        if script:
            assert axe(page) == [], page.url

    return look


class Desk(requests.Session):
    """A member of staff over HTTP, with a session as the log-in leaves it."""

    def __init__(self, server: Process, office: Any, who: str) -> None:
        from tests.office import session_of

        super().__init__()
        self.server, self.key = server, session_of(office, who)
        self.base = f"/{office.slug}"
        self.headers["Cookie"] = f"session={self.key}; csrf={'a' * 32}; language=en"

    def open(self, path: str, **fields: Any) -> requests.Response:
        """GET a page of the office, or POST `fields` to it; redirections are not followed."""
        url = self.server.url("desk", self.base + path)
        if not fields:
            return self.get(url, allow_redirects=False)
        data = {"csrfmiddlewaretoken": "a" * 32, **fields}
        return self.post(url, data, headers={"Origin": self.server.url("desk", "")}, allow_redirects=False)


@pytest.fixture
def desk(server: Process) -> Callable[..., Desk]:
    """`desk(office, "hanna")`: that member of staff over HTTP."""
    return lambda office, who: Desk(server, office, who)
