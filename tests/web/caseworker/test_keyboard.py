"""The desk by keyboard: how few keys a simple renewal takes, where letters rest, and that they can be switched off."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.bed import Process

MOST_KEYS, MOST_LOADS = 12, 5


def test_a_simple_renewal_takes_few_keys_from_the_inbox_to_the_proposal(
    office: Any, log_in: Callable[..., Page], picture: Any, axe: Callable[[Page], list[str]]
) -> None:
    from handslag.domain.decisions.models import Decision
    from handslag.domain.tenancy.door import acting, system

    folder = office.case()
    folder.applied()
    page = log_in(office, "hanna")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    picture(page, "desk-inbox-1280")
    keys: list[str] = []
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))

    def press(key: str) -> None:
        keys.append(key)
        with page.expect_navigation():
            page.keyboard.press(key)

    press("n")
    assert re.search(rf"/cases/{folder.case.id}/periods/", page.url)
    press("s")
    expect(page.get_by_role("heading", name="Calculation 1")).to_be_visible()
    press("d")
    press("p")
    expect(page.get_by_text("You proposed this yourself")).to_be_visible()
    assert len(keys) <= MOST_KEYS and len(loads) <= MOST_LOADS, (keys, loads)
    with acting(office.slug, system("test"), "look"):
        assert Decision.objects.get(case=folder.case).state == "proposed"


def test_letters_move_rest_in_fields_and_can_be_switched_off(
    office: Any, log_in: Callable[..., Page], server: Process, axe: Callable[[Page], list[str]], picture: Any
) -> None:
    for given in ("Petra", "Amina"):
        office.case((given, "Nilsson", "19900615")).applied()
    page = log_in(office, "hanna")
    names = page.locator("[data-item]")
    for key, place in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(names.nth(place)).to_be_focused()
    page.keyboard.press("?")
    listed = page.get_by_role("complementary", name="Keyboard shortcuts")
    expect(listed).to_be_visible()
    expect(listed.locator("kbd")).to_have_text(["n", "j", "k", "/", "?"])
    assert axe(page) == []
    page.keyboard.press("Escape")
    here = page.url
    page.keyboard.press("/")
    page.keyboard.type("n j ?")
    expect(page.get_by_role("searchbox")).to_have_value("n j ?")
    expect(listed).to_be_hidden()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Control+n")
    assert page.url == here
    # Off for her, on every page and in every browser; nothing is lost by it.
    page.keyboard.press("?")
    with page.expect_navigation():
        page.get_by_role("button", name="Switch single-letter shortcuts off").click()
    elsewhere = log_in(office, "hanna")
    for one in (page, elsewhere):
        for key in ("n", "j", "?", "/"):
            one.keyboard.press(key)
        expect(one.get_by_role("complementary", name="Keyboard shortcuts")).to_be_hidden()
        expect(one.get_by_role("heading", level=1)).to_have_text("Inbox")
        assert one.evaluate("document.activeElement === document.body")
    page.get_by_role("link", name="Your desk").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your desk")
    assert axe(page) == []
    picture(page, "desk-own-1280")
    page.get_by_role("button", name="Switch on").click()
    page.goto(server.url("desk", f"/{office.slug}/inbox/"))
    with page.expect_navigation():
        page.keyboard.press("n")
    assert "/cases/" in page.url


def test_the_inbox_works_without_scripts_on_a_small_screen(
    office: Any, log_in: Callable[..., Page], picture: Any
) -> None:
    folder = office.case()
    folder.applied()
    page = log_in(office, "hanna", width=360, java_script_enabled=False)
    picture(page, "desk-inbox-360")
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0
    page.locator("[name=item]").check()
    page.get_by_role("button", name="Hand over").click()
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a colleague")
    assert page.evaluate(wider) == 0
    page.get_by_label("To", exact=True).select_option(label="Bo Beslutsfattare")
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_role("status")).to_contain_text("1 application handed over")
    page.get_by_text("Another view").click()
    page.get_by_label("Whose").select_option("unit")
    page.get_by_label("Name").fill("Everything")
    picture(page, "desk-views-360")
    assert page.evaluate(wider) == 0
    page.get_by_role("button", name="Save this view").click()
    expect(page.get_by_role("link", name="Everything 1")).to_have_attribute("aria-current", "page")
    assert page.evaluate(wider) == 0
