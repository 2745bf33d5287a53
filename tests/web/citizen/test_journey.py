"""A renewal in a real browser: desktop by keyboard alone, 320 pixels without scripts, two adults, what came of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest
import requests
from joserfc import jws
from joserfc.jwk import ECKey
from playwright.sync_api import Page, expect

from handslag.domain.exchange.wrap import key_file
from handslag.kernel import canonical
from tests.office import C1, run_jobs

Axe = Callable[[Page], list[str]]


def fits(page: Page) -> None:
    """Nothing runs out of the page at the side."""
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, page.url


def fill_rows(page: Page, rows: list[dict[str, str]], kind: str, more: str) -> None:
    """Fill in the lines of a screen, adding one line after the other by its button."""
    for number, row in enumerate(rows):
        if number:
            page.get_by_role("button", name=more).click()
        page.locator(f"#id_{kind}-{number}-code").select_option(row["code"])
        page.locator(f"#id_{kind}-{number}-amount").fill(row["amount"])


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (320, False)])
def test_a_person_renews_and_keeps_a_receipt_that_can_be_checked_without_us(
    office: Any, citizen: Any, axe: Axe, width: int, scripts: bool, tmp_path: Path, picture: Any
) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"))
    petra = citizen(folder, width=width, java_script_enabled=scripts)
    page: Page = petra.page

    def look() -> None:
        fits(page)
        if scripts:
            assert axe(page) == []

    petra.goto()
    look()
    petra.log_in(by_hand=True)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Petra")
    look()
    page.locator("main form button").first.click()
    look()
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("alert")).to_contain_text("Välj om något har ändrats.")
    expect(page).to_have_title(re.compile("^Fel: "))
    look()
    page.get_by_label("Ja, inget har ändrats").check()
    page.get_by_role("button", name="Fortsätt").click()
    look()
    fill_rows(page, C1["incomes"], "incomes", "Lägg till en inkomst")
    page.get_by_role("button", name="Fortsätt").click()
    fill_rows(page, C1["costs"], "costs", "Lägg till en kostnad")
    page.get_by_label("Är det något mer").fill("Tack så mycket")
    look()
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("main")).to_contain_text("6 930,00 kr")
    expect(page.get_by_role("main")).to_contain_text("Jag försäkrar på heder och samvete")
    look()
    picture(page, f"citizen-check-{width}")
    page.get_by_role("button", name="Gå vidare och skriv under").click()
    look()
    page.get_by_text("Fingeravtrycket av det du").click()
    digest = page.locator(".h-digest").inner_text()
    page.get_by_role("button", name="Skriv under med e-legitimation").click()
    petra.identify()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Vi har din ansökan")
    look()

    files = {}
    for label in ("PDF", "Den signerade kvittensen", "Det underskrivna dokumentet"):
        with page.expect_download() as download:
            page.get_by_role("link", name=label).click()
        files[label] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[label])
    proof = json.loads(files["Den signerade kvittensen"].read_text())
    assert hashlib.sha256(files["Det underskrivna dokumentet"].read_bytes()).hexdigest() == digest
    assert proof["body"]["content_digest"] == digest
    assert proof["body"]["number"] == page.locator(".h-number").inner_text()
    signed = jws.deserialize_compact(proof["signature"], ECKey.import_key(proof["key"]))
    assert signed.payload == canonical.dumps(proof["body"])
    published = requests.get(petra.url("keys.json")).json()
    assert [{name: key[name] for name in proof["key"]} for key in published["keys"]] == [proof["key"]]
    said, vouched_by = key_file(json.dumps(published["signed"]))
    assert (said.organisation, vouched_by) == (published["organisation"], proof["key"]["kid"])
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(files["PDF"]).pages)
    assert proof["body"]["number"] in text
    assert "Tack så mycket" in text

    petra.goto("my/")
    expect(page.get_by_role("listitem").filter(has_text="Skickad och mottagen")).to_be_visible()
    look()
    page.get_by_role("button", name="Logga ut").click()
    expect(page.get_by_text("Du är utloggad.")).to_be_visible()
    petra.goto("my/")
    assert "/log-in/" in page.url


def test_it_goes_by_keyboard_alone(office: Any, citizen: Any) -> None:
    petra = citizen(office.case())
    page: Page = petra.page
    petra.log_in(by_hand=True)

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            at = page.evaluate("(e => (e.labels?.[0]?.innerText || e.innerText || '').trim())(document.activeElement)")
            if at.startswith(name):
                return
        raise AssertionError(f"{name} can't be reached by Tab on {page.url}")

    def press(name: str, key: str = "Enter") -> None:
        tab_to(name)
        with page.expect_navigation():
            page.keyboard.press(key)

    press("Ansök för")
    tab_to("Ja, inget")
    page.keyboard.press("Space")
    press("Fortsätt")
    press("Fortsätt")
    tab_to("Vilken sorts kostnad?")
    page.keyboard.type("Hyra")
    tab_to("Belopp")
    page.keyboard.type("6200")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("6 200,00 kr")
    press("Gå vidare")
    press("Skriv under")
    assert "eid.localhost" in page.url


def test_two_adults_sign_the_same_from_own_log_ins(office: Any, citizen: Any, axe: Axe) -> None:
    folder = office.case(
        ("Amina", "Åberg", "19850302"), ("نور", "الحسن", "19831120"), children=(("Sara", "Åberg", "20210210"),)
    )
    amina, noor = citizen(folder, 0), citizen(folder, 1, width=360)
    amina.log_in()
    page: Page = amina.page
    page.locator("main form button").first.click()
    page.get_by_label("Ja, inget har ändrats").check()
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_label("Vilken sorts inkomst?").select_option("SALARY")
    page.get_by_label("Belopp efter skatt").fill("12 500")
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("alert")).to_contain_text("Välj vems inkomsten är.")
    page.get_by_label("Vems är den?").select_option("نور الحسن")
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_role("button", name="Gå vidare och skriv under").click()
    page.get_by_role("button", name="Skriv under med e-legitimation").click()
    amina.identify()
    expect(page.get_by_role("heading", level=1)).to_have_text("Du har skrivit under")
    assert axe(page) == []
    signed = page.locator(".h-digest").text_content()

    noor.log_in()
    expect(noor.page.get_by_role("main")).to_contain_text("Amina Åberg har skrivit under")
    fits(noor.page)
    noor.page.get_by_role("link", name="Läs och skriv under").click()
    expect(noor.page.get_by_role("main")).to_contain_text("12 500,00 kr")
    assert noor.page.locator(".h-digest").text_content() == signed
    fits(noor.page)
    assert axe(noor.page) == []
    noor.page.get_by_role("button", name="Skriv under med e-legitimation").click()
    noor.identify(number=folder.numbers[0])
    expect(noor.page.get_by_role("alert")).to_contain_text("Någon annan än den som är inloggad")
    noor.page.get_by_role("button", name="Skriv under med e-legitimation").click()
    noor.identify()
    expect(noor.page.get_by_role("heading", level=1)).to_contain_text("Vi har din ansökan")
    number = noor.page.locator(".h-number").inner_text()
    amina.goto("my/")
    page.get_by_role("link", name="Din kvittens").click()
    assert page.locator(".h-number").inner_text() == number


def test_the_decision_is_explained_line_by_line_and_its_payment_followed(
    office: Any, citizen: Any, axe: Axe, database: Any, tmp_path: Path
) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied()
    decision = folder.decided()
    run_jobs(database)
    petra = citizen(folder, width=320)
    page: Page = petra.page
    petra.log_in()
    expect(page.get_by_role("main")).to_contain_text("Beslutad: beviljad")
    expect(page.locator(".h-amounts")).to_contain_text("planerad")
    page.get_by_role("link", name="Du får 6 550,00 kr").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Du får 6 550,00 kr")
    for line in ("Hyra", "Hushållsel", "Aktivitetsstöd", "Riksnormen"):
        expect(page.locator(".h-sheet")).to_contain_text(line)
    page.get_by_text("Hyra", exact=True).click()
    law = page.get_by_role("link", name="12 kap. 7 § socialtjänstlagen").first
    expect(law).to_have_attribute("href", "https://rkrattsbaser.gov.se/sfst?bet=2025:400")
    expect(law.locator("..")).to_contain_text("i den lydelse som gällde ")
    for summary in page.locator("summary").all():
        summary.click()
    fits(page)
    assert axe(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Brevet som PDF").click()
    letter = tmp_path / "letter.pdf"
    download.value.save_as(letter)
    assert decision.number in pypdf.PdfReader(letter).pages[0].extract_text()

    office.run()
    run_jobs(database)
    petra.goto("my/")
    expect(page.locator(".h-amounts")).to_contain_text("skickad till banken")
    fits(page)
    assert axe(page) == []
