"""The style guide in a real browser: every component, under the product's policy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import bed

PAGES = ["", "income", "errors", "check", "decision", "receipt", "components"]
PAGES += ["desk/inbox", "desk/case", "desk/confirm", "desk/empty"]
LOOKS = [
    (1280, "light", "sv"),
    (1280, "dark", "ar"),
    (360, "dark", "en"),
    (320, "light", "ar"),
]
Contexts = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def guide() -> Iterator[str]:
    """Address of the style guide, served by a process of its own."""
    script = Path(__file__).with_name("styleguide.py")
    environment = os.environ | {"PYTHONPATH": str(bed.ROOT / "src")}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout
        yield server.stdout.readline().strip()
        server.terminate()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_each_page_is_accessible_fits_and_keeps_to_the_policy(
    guide: str,
    new_context: Contexts,
    axe: Callable[[Page], list[str]],
    name: str,
    width: int,
    scheme: str,
    language: str,
) -> None:
    page = new_context(width=width).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{guide}{name}?lang={language}&scheme={scheme}")
    page.evaluate("document.fonts.ready")
    for summary in page.locator("summary").all():
        summary.click()

    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert page.evaluate("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr")
    assert page.evaluate("document.fonts.check('16px Plex')")
    assert axe(page) == []
    assert said == []


def test_a_wrong_answer_is_told_without_javascript(guide: str, new_context: Contexts) -> None:
    page = new_context(width=320, java_script_enabled=False).new_page()
    page.goto(f"{guide}income?lang=en")
    page.get_by_label("Amount after tax").fill("four thousand")
    page.get_by_role("button", name="Continue").click()

    expect(page).to_have_title("Error: Income in February · Ekeby kommun")
    amount = page.get_by_label("Amount after tax")
    expect(amount).to_have_value("four thousand")
    expect(amount).to_have_accessible_description(
        "What reached your account in February. Write the amount with digits, for example 4390 or 4390,50."
    )
    page.get_by_role("alert").get_by_role("link", name="Write the amount").click()
    expect(amount).to_be_focused()
    page.get_by_role("alert").get_by_role("link", name="Will it be the same in March?").click()
    expect(page.get_by_label("Yes, the same")).to_be_focused()


def test_the_error_summary_takes_the_focus(guide: str, page: Page) -> None:
    page.goto(f"{guide}errors?lang=sv")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("heading", name="5 svar behöver ses över")).to_be_visible()


def test_the_focus_is_always_visible(guide: str, page: Page) -> None:
    for name in ("income", "decision", "desk/case"):
        page.goto(f"{guide}{name}?lang=en")
        seen: set[str] = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            where, shown = page.evaluate(
                """() => {
                    const element = document.activeElement;
                    const marked = (e) => e && getComputedStyle(e).outlineStyle !== "none"
                        && parseFloat(getComputedStyle(e).outlineWidth) >= 2;
                    const name = element.tagName + (element.textContent || element.name).trim().slice(0, 40);
                    return [name, marked(element) || marked(element.closest(".ds-field"))];
                }"""
            )
            if where.startswith("BODY"):
                break
            assert shown, f"{name}: no visible focus on {where}"
            seen.add(where)
        assert len(seen) > 10


def test_answers_save_themselves(guide: str, new_context: Contexts) -> None:
    context = new_context()
    page = context.new_page()
    page.goto(f"{guide}income?lang=en")
    words = page.get_by_label("Anything we should know?")
    status = page.get_by_role("status")
    with page.expect_request("**/saved") as sent:
        words.fill("Eva är sjuk")
    assert "Eva är sjuk".encode() in (sent.value.post_data_buffer or b"")
    expect(status).to_have_text("Saved. You can leave and come back.")

    context.set_offline(True)
    words.fill("Eva är frisk")
    expect(status).to_have_text("Not saved yet: no connection. We keep trying; leave this page open.")
    context.set_offline(False)
    expect(status).to_have_text("Saved. You can leave and come back.")

    words.fill("conflict")
    expect(status).to_have_text("This page was changed in another window. Press the button to see both texts.")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_inbox_is_worked_by_keys(guide: str, page: Page) -> None:
    page.goto(f"{guide}desk/inbox?lang=en")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Nilsson, Petra")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="Dahl, Erik")).to_be_focused()

    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("njk?")
    expect(search).to_have_value("njk?")
    help_list = page.get_by_label("Keyboard shortcuts")
    expect(help_list).to_be_hidden()

    search.blur()
    page.keyboard.press("?")
    expect(help_list).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_list).to_be_hidden()


def test_paper_shows_every_calculation_and_no_controls(guide: str, page: Page) -> None:
    page.goto(f"{guide}decision?lang=sv")
    page.emulate_media(media="print")
    expect(page.get_by_text("14 403 − 25 % of 5 762 = 12 962,50 kr")).to_be_visible()
    expect(page.get_by_role("link", name="See the letter")).to_be_hidden()
    expect(page.get_by_role("button", name="Logga ut")).to_be_hidden()
