"""A computer that others use too: a short session, nothing kept in it, a receipt on paper. We keep what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from playwright.sync_api import Page, expect

from handslag.domain.tenancy.door import at_large
from handslag.domain.tenancy.models import Session


def test_the_session_is_short_and_what_was_typed_stands_again(
    new_office: Any, visit: Any, at_eid: Callable[..., str]
) -> None:
    office = new_office(shared_computer_minutes=3)
    folder = office.case()
    draft = folder.draft({"message": ""})
    client, start = visit(office), f"/{office.slug}/"
    assert "efter 3 minuter" in client.get(start).content.decode()
    cancelled = client.get(
        at_eid(client.post(f"{start}log-in/", {"shared": "yes"}).url, "", action="cancel"), follow=True
    )
    assert 'id="shared" checked' in cancelled.content.decode()
    done = client.get(at_eid(client.post(f"{start}log-in/", {"shared": "yes"}).url, folder.numbers[0]))
    assert (done.url, done.cookies["session"]["max-age"]) == (f"{start}my/", "")  # the cookie ends with the browser
    page = client.get(done.url)
    assert 'data-leave="180"' in page.content.decode() and page.headers["Cache-Control"] == "no-store"

    session = client.session
    session["citizen"] = {**session["citizen"], "seen": session["citizen"]["seen"] - 181}
    session.save()
    income = f"{start}drafts/{draft.id}/income/"
    row = {"version": draft.version, "incomes-0-code": "SALARY", "incomes-0-amount": "4711"}
    over = client.post(income, row)
    assert over.url.startswith(f"{start}log-in/") and "shared=yes" in over.url
    assert 'id="shared" checked' in client.get(over.url).content.decode()
    with at_large("look"):
        assert "4711" not in str(Session.objects.get(session_key=client.cookies["session"].value).get_decoded())
    again = client.get(at_eid(client.post(over.url, {"next": income, "shared": "yes"}).url, folder.numbers[0]))
    assert 'value="4711"' in client.get(again.url).content.decode()

    out = client.post(f"{start}log-out/")
    assert out.url == f"{start}?left&shared"
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert {name for name, cookie in out.cookies.items() if cookie["max-age"] == 0} >= {settings.CSRF_COOKIE_NAME}
    usual = visit(office, folder.citizens[0])
    assert "data-leave" not in usual.get(f"{start}my/").content.decode()
    assert "Clear-Site-Data" not in usual.post(f"{start}log-out/").headers


def test_it_logs_out_by_itself_and_the_receipt_goes_on_paper(
    office: Any, citizen: Any, axe: Callable[[Page], list[str]], picture: Any
) -> None:
    folder = office.case()
    receipt = folder.applied()
    petra = citizen(folder, width=360)
    page: Page = petra.page
    petra.goto("log-in/")
    page.get_by_label("Andra använder också").check()
    petra.log_in()
    page.clock.install()
    petra.goto(f"applications/{receipt.application_id}/")
    expect(page.get_by_role("button", name="Logga ut")).to_have_class("ds-button")
    assert axe(page) == []
    picture(page, "citizen-shared-360")
    page.get_by_role("link", name="En sida att skriva ut").click()
    expect(page.get_by_role("main")).to_contain_text("6 200,00 kr")
    expect(page.get_by_role("button", name="Logga ut")).to_be_visible()
    assert axe(page) == []
    picture(page, "citizen-receipt-print-360")
    page.get_by_role("link", name="Kvittens").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Vi har din ansökan")
    page.wait_for_load_state()  # else the time passes on the page before
    page.clock.run_for(250_000)
    expect(page.locator(".h-leaving")).to_contain_text("om en minut")
    page.keyboard.press("Tab")
    expect(page.locator(".h-leaving")).to_have_text("")
    with page.expect_navigation():
        page.clock.run_for(301_000)
    expect(page.get_by_role("status")).to_contain_text("Du är utloggad. Stäng också")
    page.go_back()
    page.wait_for_load_state()
    assert "Petra" not in page.content()
