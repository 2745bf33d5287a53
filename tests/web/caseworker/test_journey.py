"""From the registrar's desk to the payment file, by five people in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.bed import Process
from tests.office import run_jobs

Axe = Callable[[Page], list[str]]


@pytest.mark.parametrize(("width", "script"), [(1280, True), (360, False)], ids=["desktop", "phone without JavaScript"])
def test_from_the_person_to_the_payment_file(
    office: Any,
    log_in: Callable[..., Page],
    server: Process,
    database: Any,
    fine: Any,
    picture: Any,
    width: int,
    script: bool,
) -> None:
    from handslag.demo.fill import numbers

    look = {"width": width, "java_script_enabled": script}

    rut = log_in(office, "rut", by_hand=True, **look)
    people = server.url("desk", f"/{office.slug}/people/")
    for given, born in (("Amina", "19850302"), ("Yusuf", "19831120"), ("Sara", "20210210")):
        rut.goto(people + "new/")
        rut.get_by_label("Number", exact=True).fill(numbers(born, 981))
        rut.get_by_label("Given name").fill(given)
        rut.get_by_label("Family name").fill("Åberg")
        if given == "Amina":
            rut.get_by_label("Clearing number").fill("9020")
            rut.get_by_label("Account number").fill("1234567")  # a digit is wrong
            rut.get_by_role("button", name="Register").click()
            expect(rut.locator("[name=account_number]")).to_have_value("1234567")
            expect(rut.get_by_role("alert")).to_contain_text("can’t be right")
            fine(rut)
            rut.get_by_label("Account number").fill("1234566")
        fine(rut)
        rut.get_by_role("button", name="Register").click()
        expect(rut.get_by_role("heading", level=1)).to_have_text(f"{given} Åberg")
    fine(rut)
    rut.locator("#search").fill("aberg")
    rut.locator("#search").press("Enter")
    expect(rut).to_have_url(people + "?found")
    expect(rut.locator("tbody tr")).to_have_count(3)
    fine(rut)
    rut.goto(server.url("desk", f"/{office.slug}/households/new/"))
    for n, (born, role) in enumerate((("19850302", "adult"), ("19831120", "adult"), ("20210210", "child"))):
        rut.locator(f"[name=number-{n}]").fill(numbers(born, 981))
        rut.locator(f"[name=role-{n}]").select_option(role)
    fine(rut)
    rut.get_by_role("button", name="Go on to the case").click()
    rut.get_by_label("Unit").select_option(label="Försörjningsstöd")
    fine(rut)
    rut.get_by_role("button", name="Open the case").click()
    expect(rut.get_by_role("heading", level=1)).to_have_text("Amina Åberg & Yusuf Åberg")
    fine(rut)

    rut.get_by_role("link", name="Enter an application on paper").first.click()
    rut.get_by_label("Yes, nothing has changed").check()
    rut.locator("[name=costs-0-amount]").fill("8 000")
    rut.locator("[name=costs-1-amount]").fill("four hundred")
    rut.locator("[name=incomes-0-code]").select_option("SALARY")
    rut.locator("[name=incomes-0-amount]").fill("4000,50")
    rut.get_by_label("Where the paper or the note is kept").fill("binder 3")
    rut.get_by_role("button", name="Receive the application").click()
    expect(rut.locator("[name=costs-1-amount]")).to_have_value("four hundred")
    fine(rut)
    rut.locator("[name=costs-1-amount]").fill("400")
    rut.locator("[name=incomes-0-person]").select_option(label="Yusuf Åberg")
    rut.get_by_label("Amina Åberg").check()
    rut.get_by_role("button", name="Receive the application").click()
    expect(rut.get_by_role("alert")).to_contain_text("Tick each signature")
    rut.get_by_label("Yusuf Åberg", exact=True).check()
    rut.get_by_role("button", name="Receive the application").click()
    expect(rut.get_by_role("heading", level=1)).to_contain_text("Application for")
    fine(rut)

    hanna = log_in(office, "hanna", **look)
    expect(hanna.locator(".h-inbox tbody tr")).to_contain_text(["Amina Åberg"])
    expect(hanna.locator(".h-inbox tbody tr")).to_contain_text([numbers("19831120", 981)])
    fine(hanna)
    hanna.get_by_role("button", name="Take next").click()
    fine(hanna)
    hanna.locator("[name=cost-1-mine]").fill("300")
    hanna.get_by_role("button", name="What if").first.click()
    expect(hanna.get_by_role("alert")).to_contain_text("Electricity: Say why")
    hanna.locator("[name=cost-1-why]").fill("two months on one bill")
    hanna.get_by_role("button", name="What if").first.click()
    expect(hanna.get_by_role("status")).to_contain_text("Not saved and not a decision")
    to_pay = hanna.locator(".h-result .h-figure").inner_text()
    fine(hanna)
    hanna.get_by_role("button", name="Calculate and save").first.click()
    expect(hanna.locator(".h-result .h-figure")).to_have_text(to_pay)
    expect(hanna.get_by_role("heading", name="Calculation 1")).to_be_visible()
    picture(hanna, f"desk-case-{width}")
    hanna.get_by_role("link", name="Propose a decision").click()
    expect(hanna.get_by_role("heading", level=1)).to_have_text(f"Partly granted: {to_pay}")
    hanna.get_by_role("button", name="Propose").first.click()
    expect(hanna.get_by_role("alert")).to_contain_text("Write the reasons")
    hanna.get_by_label("Reasons in the letter").fill("The bill covers two months; one of them counts.")
    fine(hanna)
    hanna.get_by_role("button", name="Propose").first.click()
    expect(hanna.get_by_text("You proposed this yourself")).to_be_visible()
    expect(hanna.get_by_role("button", name="Decide")).to_have_count(0)
    fine(hanna)

    bo = log_in(office, "bo", **look)
    bo.goto(server.url("desk", f"/{office.slug}/proposals/"))
    fine(bo)
    bo.get_by_role("link", name="Amina Åberg & Yusuf Åberg").click()
    expect(bo.locator(".h-letter")).to_contain_text("The bill covers two months")
    fine(bo)
    bo.get_by_role("button", name="Decide").click()
    expect(bo.get_by_text("decided", exact=True)).to_be_visible()
    fine(bo)

    ulla, erik = log_in(office, "ulla", **look), log_in(office, "erik", **look)
    expect(ulla.get_by_role("row", name=re.compile("Amina Åberg"))).to_contain_text(to_pay)
    fine(ulla)
    ulla.get_by_role("button", name="Reserve a run").click()
    expect(ulla.get_by_text("Another payer checks and releases it")).to_be_visible()
    expect(ulla.get_by_role("button", name="Release")).to_have_count(0)
    fine(ulla)
    erik.goto(ulla.url)
    erik.get_by_role("button", name="Release").click()
    expect(erik.get_by_text("The file is being written")).to_be_visible()
    run_jobs(database)
    erik.reload()
    digest = erik.locator("#file-digest").inner_text()
    fine(erik)
    with erik.expect_download() as coming:
        erik.get_by_role("link", name="Payment file").click()
    assert coming.value.url.startswith(server.url("files", f"/{office.slug}/documents/"))
    content = coming.value.path().read_bytes()
    import hashlib

    assert hashlib.sha256(content).hexdigest() == digest
    assert b"pain.001.001.09" in content and b"Amina" in content

    hanna.reload()
    with hanna.expect_download() as letter:
        hanna.get_by_role("link", name="Letter as PDF").click()
    assert letter.value.path().read_bytes().startswith(b"%PDF")
    hanna.get_by_role("link", name=re.compile("Åberg")).first.click()
    fine(hanna)
    hanna.get_by_role("link", name="Case account").click()
    expect(hanna.locator("tbody tr")).to_contain_text(["file written"])
    fine(hanna)


def test_a_simple_renewal_goes_from_inbox_to_proposal_by_four_keys(
    office: Any, log_in: Callable[..., Page], axe: Axe
) -> None:
    folder = office.case()
    folder.applied()
    page = log_in(office, "hanna")
    page.keyboard.press("?")
    expect(page.get_by_role("complementary", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("?")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Petra Nilsson")).to_be_focused()
    for key, heading in (("n", "Petra Nilsson · "), ("s", "Petra Nilsson · "), ("d", "Granted: "), ("p", "Granted: ")):
        with page.expect_navigation():
            page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    expect(page.get_by_text("proposed", exact=True)).to_be_visible()


def test_nothing_typed_is_lost_when_the_session_has_ended(
    office: Any, log_in: Callable[..., Page], new_context: Callable[..., BrowserContext]
) -> None:
    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code
    from handslag.domain.tenancy.door import at_large
    from handslag.domain.tenancy.models import Session

    folder = office.case()
    folder.applied()
    page = log_in(office, "hanna")
    with page.expect_navigation():
        page.keyboard.press("n")
    page.locator("[name=cost-1-mine]").fill("77")
    page.locator("[name=cost-1-why]").fill("written while the session ended")
    with at_large("test", writing=True):
        Session.objects.filter(account=office.staff["hanna"].id).delete()
    with page.expect_navigation():
        page.get_by_role("button", name="Calculate and save").first.click()
    page.fill("[name=login]", address_of("hanna", office.slug))
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    for later in (1, -1, 0):
        page.fill("[name=code]", one_time_code(TOTP_SECRET, later=later))
        with page.expect_navigation():
            page.keyboard.press("Enter")
        if "/log-in/" not in page.url:
            break
    expect(page.locator("[name=cost-1-mine]")).to_have_value("77")
    expect(page.locator("[name=cost-1-why]")).to_have_value("written while the session ended")
