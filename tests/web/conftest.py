"""What the tests of every counter look at a page with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page


@pytest.fixture
def fine_at_both(axe: Any, picture: Any) -> Callable[[Page, str], None]:
    """`fine_at_both(page, "desk-appeal")`: a picture at 360 and at 1280, no page wider than its window, and axe finds
    nothing."""

    def look(page: Page, name: str) -> None:
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_load_state()  # a click waits for the next page to begin, not to be there
            picture(page, f"{name}-{width}")
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider == 0, (page.url, width)
        assert axe(page) == [], page.url

    return look
