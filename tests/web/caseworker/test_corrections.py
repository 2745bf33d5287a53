"""A decided month is changed at the desk: what was wrong, why, what it does to the money; and the person sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from handslag.kernel import clock
from handslag.web.entry.sessions import SessionStore
from tests.bed import Process


@pytest.mark.parametrize(("width", "script"), [(1280, True), (360, False)], ids=["desktop", "phone without JavaScript"])
def test_a_decided_month_is_changed_and_the_person_sees_what_replaced_what(
    office: Any,
    log_in: Callable[..., Page],
    new_context: Callable[..., BrowserContext],
    server: Process,
    fine: Any,
    width: int,
    script: bool,
) -> None:
    folder = office.case()
    folder.applied()
    first = folder.decided()
    look = {"width": width, "java_script_enabled": script}
    desk = server.url("desk", f"/{office.slug}/")
    hanna = log_in(office, "hanna", **look)
    hanna.goto(desk + f"cases/{folder.case.id}/")
    expect(hanna.get_by_role("button", name="Calculate and save")).to_have_count(0)
    fine(hanna, "desk-case-decided")
    hanna.get_by_role("link", name="Change the decision").click()
    expect(hanna.get_by_text("stands until another one replaces it")).to_contain_text(first.number)
    expect(hanna.get_by_role("link", name="Propose a decision")).to_have_count(0)
    hanna.locator("[name=income-0-mine]").fill("4 600")
    hanna.locator("[name=income-0-why]").fill("en vecka räknades dubbelt")
    fine(hanna, "desk-case-changing")
    hanna.get_by_role("button", name="Calculate and save").first.click()
    hanna.get_by_role("link", name="Propose a decision").click()
    expect(hanna.get_by_text("SEK\xa06,550.00 before, SEK\xa07,550.00 now.")).to_be_visible()
    hanna.get_by_label("Reasons in the letter").fill("En vecka av ersättningen räknades dubbelt.")
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("Choose why the decision is changed.")
    expect(hanna.get_by_label("Reasons in the letter")).to_have_value("En vecka av ersättningen räknades dubbelt.")
    fine(hanna, "desk-proposal-change-error")
    hanna.get_by_label("It is wrong: something new").check()
    hanna.get_by_role("button", name="Read the letter again").click()
    expect(hanna.get_by_role("article", name="Letter")).to_contain_text("Nu får du 7\xa0550\xa0kr")
    fine(hanna, "desk-proposal-change")
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_role("heading", level=1)).to_contain_text("Granted")
    where = hanna.url
    bo = log_in(office, "bo", **look)
    bo.goto(where)
    fine(bo, "desk-change-proposed")
    bo.get_by_role("button", name="Decide").click()
    expect(bo.locator("main")).to_contain_text("SEK\xa01,000.00")
    fine(bo, "desk-change-decided")
    bo.get_by_role("link", name="The earlier decision").click()
    expect(bo.get_by_role("link", name="Replaced by decision")).to_be_visible()
    fine(bo, "desk-decision-replaced")
    hanna.goto(desk + f"cases/{folder.case.id}/account/")
    expect(hanna.locator("tbody tr")).to_have_count(3)
    expect(hanna.get_by_role("button", name="Book against it")).to_have_count(0)
    fine(hanna, "desk-account-change")

    # less than before: only the grounds that the law names are there, and the page says that nothing is claimed
    hanna.goto(desk + f"cases/{folder.case.id}/")
    hanna.get_by_role("link", name="Change the decision").click()
    hanna.locator("[name=income-0-mine]").fill("9 600")
    hanna.locator("[name=income-0-why]").fill("lön som inte uppgavs")
    hanna.get_by_role("button", name="Calculate and save").first.click()
    hanna.get_by_role("link", name="Propose a decision").click()
    expect(hanna.get_by_role("radio")).to_have_count(3)
    expect(hanna.get_by_text("No money is claimed back by this")).to_be_visible()
    hanna.get_by_label("An obvious slip").check()
    hanna.get_by_label("Reasons in the letter").fill("En lön var inte med i beräkningen.")
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("First ask what they think")
    fine(hanna, "desk-proposal-less")
    hanna.get_by_role("button", name="Ask what they think").click()
    about = hanna.get_by_label("What you consider to decide")
    expect(about).to_have_value("En lön var inte med i beräkningen.")  # what was typed goes along
    about.fill("")
    hanna.get_by_role("button", name="Ask them").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("Write what you consider to decide")
    hanna.get_by_label("What you consider to decide").fill("Enligt arbetsgivaren fick du 4 000 kr i lön.")
    fine(hanna, "desk-hearing-ask")
    hanna.get_by_role("button", name="Ask them").click()
    expect(hanna.get_by_text("can answer until")).to_be_visible()
    fine(hanna, "desk-hearing-open")

    person = _person(folder, new_context(locale="en-GB", **look), server)
    expect(person.get_by_text("replaced by a later decision")).to_be_visible()
    fine(person, "citizen-my-changed")
    person.get_by_role("link", name="Read and answer").click()
    person.get_by_role("button", name="Send").click()
    expect(person.get_by_role("alert").first).to_contain_text("Write what you think.")
    fine(person, "citizen-hearing-error")
    window = person.context.new_page()
    window.goto(person.url)
    person.get_by_label("What you think").fill("Lönen är från i fjol.")
    person.get_by_role("button", name="Send").click()
    expect(person.get_by_text("Your caseworker reads it before anything is decided.")).to_be_visible()
    fine(person, "citizen-hearing-answered")
    window.get_by_label("What you think").fill("Och den var en engångslön.")
    window.get_by_role("button", name="Send").click()
    expect(window.get_by_role("alert")).to_contain_text("Och den var en engångslön.")
    fine(window, "citizen-hearing-unsent")
    hanna.goto(desk + f"cases/{folder.case.id}/periods/{office.month}/proposal/")
    expect(hanna.get_by_text("Lönen är från i fjol.")).to_be_visible()
    expect(hanna.get_by_label("Why nobody has to be heard first")).to_have_count(0)
    fine(hanna, "desk-proposal-heard")
    person.goto(server.url("apply", f"/{office.slug}/my/"))
    person.get_by_role("link", name="You get SEK\xa07,550.00").click()
    expect(person.get_by_role("heading", name="What this decision changes")).to_be_visible()
    expect(person.get_by_text("SEK\xa01,000.00 is paid on")).to_be_visible()
    fine(person, "citizen-decision-change")
    person.get_by_role("link", name="The earlier decision").click()
    expect(person.get_by_text("A later decision has replaced this one")).to_be_visible()
    fine(person, "citizen-decision-replaced")


def _person(folder: Any, context: BrowserContext, server: Process) -> Page:
    """The applicant on her pages, logged in."""
    session, moment, slug = SessionStore(), int(clock.now().timestamp()), folder.office.slug
    who = str(folder.citizens[0].id)
    session["citizen"] = {"tenant": slug, "person": who, "login": who, "since": moment, "seen": moment}
    session.save()
    context.add_cookies([{"name": "session", "value": str(session.session_key), "url": server.url("apply", "/")}])
    page = context.new_page()
    page.goto(server.url("apply", f"/{slug}/my/?language=en"))
    return page
