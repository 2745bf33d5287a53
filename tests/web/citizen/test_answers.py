"""Nothing typed is lost: wrong figures, scripts, other writing, two windows, a session that is over."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from handslag.connectors.letter.port import LetterRefused
from handslag.connectors.letter.typst_ import TypstSetter
from handslag.domain.intake.models import Application, Draft
from handslag.domain.intake.operations import fix_for_signing, withdraw_draft
from handslag.domain.intake.queries import signed_by
from handslag.domain.tenancy.door import acting, at_large
from handslag.domain.tenancy.models import Session
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests.office import C1, TEST

RUDE = '<script>alert("x")</script> \u202eנ\u202c نور الحسن\x00'


def answers(office: Any, draft: Any) -> dict[str, Any]:
    with acting(office.slug, TEST, "look"):
        found: dict[str, Any] = Draft.objects.get(id=draft.id).answers
    return found


@pytest.mark.parametrize(
    ("language", "typed", "words"),
    [
        ("sv", "fem tusen", "Skriv beloppet med siffror, till exempel 4390 eller 4390,50."),
        ("sv", "1.250", "Vi kan inte se hur mycket det är."),
        ("sv", "-500", "Skriv beloppet utan minustecken."),
        ("sv", "12,345", "Skriv högst två siffror efter kommat"),
        ("sv", "9" * 30, "Beloppet är större än vi kan ta emot."),
        ("sv", "", "Skriv beloppet, eller ta bort raden."),
        ("en", "2026-03-01", "Write the amount with digits, for example 4390 or 4390,50."),
        ("en", "five", "Write the amount with digits, for example 4390 or 4390,50."),
        ("en", "1.2.3", "We can’t tell how much this is."),
    ],
)
def test_an_amount_that_is_no_amount_stays_typed_and_is_explained(
    office: Any, visit: Any, language: str, typed: str, words: str
) -> None:
    folder = office.case()
    draft = folder.draft()
    client = visit(office, folder.citizens[0])
    client.cookies["language"] = language
    page = client.post(
        f"/{office.slug}/drafts/{draft.id}/costs/",
        {"version": draft.version, "costs-0-code": "RENT", "costs-0-amount": typed, "costs-0-note": "avi"},
    )
    text = page.content.decode()
    assert page.status_code == 422
    assert '<a class="ds-link" href="#id_costs-0-amount">' in text
    assert text.count(words) == 2  # in the summary and at the field
    if typed:
        assert f'value="{typed}"' in text
    assert answers(office, draft)["costs"] == [{"code": "RENT", "amount": typed, "note": "avi"}]


@pytest.mark.parametrize("typed", ["٤٣٩٠", "४३९०", "4 390,00 kr", "4390:-", "4390.00", "\u200f4390"])
def test_digits_of_every_script_are_an_amount(office: Any, visit: Any, typed: str) -> None:
    folder = office.case()
    draft = folder.draft()
    client = visit(office, folder.citizens[0])
    there = f"/{office.slug}/drafts/{draft.id}/"
    row = {"version": draft.version, "costs-7-code": "RENT", "costs-7-amount": typed}
    assert client.post(f"{there}costs/", row).status_code == 302
    assert "4\xa0390,00\xa0kr" in client.get(f"{there}check/").content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("6.200,50", "utan punkt, komma eller mellanslag mellan tusentalen"),
        ("6200,505", "högst två siffror efter kommat"),
        ("\u202e0026\u202c", "Skriv beloppet med siffror"),
    ],
)
def test_an_amount_that_is_unclear_is_kept_and_what_is_wrong_with_it_is_said(
    office: Any, visit: Any, typed: str, said: str
) -> None:
    folder = office.case()
    draft = folder.draft()
    client = visit(office, folder.citizens[0])
    there = f"/{office.slug}/drafts/{draft.id}/"
    row = {"version": draft.version, "costs-7-code": "RENT", "costs-7-amount": typed}
    page = client.post(f"{there}costs/", row).content.decode()
    assert said in page
    assert typed.strip("\u202c") in page  # as it was typed; never taken for 26
    assert "26,00" not in page


def test_scripts_and_other_writing_are_text_and_nothing_else(
    office: Any, citizen: Any, new_context: Any, axe: Callable[[Page], list[str]]
) -> None:
    folder = office.case(("نور", "الحسن <b>", "19950909"))
    noor = citizen(folder, width=320)
    page: Page = noor.page
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("pageerror", lambda error: said.append(str(error)))
    noor.log_in()
    page.locator("main form button").first.click()
    page.get_by_label("Nej, något har ändrats").check()
    page.get_by_label("Vad har ändrats?").fill(RUDE)
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_label("Är det något mer").fill(RUDE)
    page.get_by_label("Vilken sorts kostnad?").select_option("OTHER")
    page.get_by_label("Belopp").fill("10")
    page.get_by_label("Något att tillägga?").fill(RUDE)
    page.get_by_role("button", name="Fortsätt").click()
    kept = '<script>alert("x")</script> נ نور الحسن'
    for place in page.locator("main .h-typed").all():
        assert place.inner_text().strip() == kept
        assert place.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
    assert page.locator("main .h-typed").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert axe(page) == []
    assert said == []


def test_two_windows_show_both_texts_and_keep_the_one_that_is_chosen(
    office: Any, citizen: Any, axe: Callable[[Page], list[str]]
) -> None:
    folder = office.case()
    draft = folder.draft({"household": {"same": "", "changes": ""}})
    petra = citizen(folder)
    petra.log_in()
    one: Page = petra.page
    two: Page = one.context.new_page()
    for page in (one, two):
        page.goto(petra.url(f"drafts/{draft.id}/household/"))
    one.get_by_label("Nej, något har ändrats").check()
    one.get_by_label("Vad har ändrats?").fill("Text i första fönstret")
    expect(one.get_by_role("status")).to_have_text("Sparat. Du kan gå härifrån och komma tillbaka.")
    two.get_by_label("Nej, något har ändrats").check()
    two.get_by_label("Vad har ändrats?").fill("Text i andra fönstret")
    expect(two.get_by_role("status")).to_contain_text("ändrats i ett annat fönster")
    two.get_by_role("button", name="Fortsätt").click()
    expect(two.get_by_role("alert")).to_contain_text("Sidan ändrades i ett annat fönster")
    expect(two.get_by_role("main")).to_contain_text("Text i första fönstret")
    expect(two.get_by_label("Vad har ändrats?")).to_have_value("Text i andra fönstret")
    assert answers(office, draft)["household"]["changes"] == "Text i första fönstret"
    assert axe(two) == []
    two.get_by_role("button", name="Behåll mitt").click()
    assert answers(office, draft)["household"]["changes"] == "Text i andra fönstret"
    # Another screen in the first window is no conflict: each screen stands for itself.
    one.goto(petra.url(f"drafts/{draft.id}/income/"))
    two.get_by_role("button", name="Lägg till en inkomst").wait_for()
    one.get_by_role("button", name="Fortsätt").click()
    assert one.url.endswith("/costs/")


def test_a_session_that_is_over_loses_nothing_that_was_typed(office: Any, citizen: Any) -> None:
    folder = office.case()
    draft = folder.draft({"message": ""})
    petra = citizen(folder, java_script_enabled=False)
    petra.log_in()
    page: Page = petra.page
    petra.goto(f"drafts/{draft.id}/costs/")
    page.get_by_label("Vilken sorts kostnad?").select_option("RENT")
    page.get_by_label("Belopp").fill("sex tusen")
    page.get_by_label("Är det något mer").fill("En lång berättelse om نور")
    with at_large("test", writing=True):
        Session.objects.all().delete()
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("main")).to_contain_text("Det du hade skrivit är sparat")
    with at_large("look"):
        held = str([session.get_decoded() for session in Session.objects.all()])
    assert "berättelse" not in held
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    petra.log_in()
    assert page.url == petra.url(f"drafts/{draft.id}/costs/")
    expect(page.get_by_role("status").first).to_contain_text("Det du hade skrivit finns här igen")
    expect(page.get_by_label("Belopp")).to_have_value("sex tusen")
    expect(page.get_by_label("Är det något mer")).to_have_value("En lång berättelse om نور")
    assert answers(office, draft)["message"] == "En lång berättelse om نور"


def test_what_was_typed_is_given_back_to_the_same_person_only(office: Any, visit: Any) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    draft = folder.draft({"message": ""})
    where = f"/{office.slug}/drafts/{draft.id}/costs/"
    for comes, expected in ((1, ""), (0, "Mellan oss")):
        client = visit(office, folder.citizens[0], ago=3600)
        assert client.post(where, {"version": 2, "message": "Mellan oss"}).status_code == 302
        held = dict(client.session.items())
        assert set(held) == {"kept", "was"}
        comes_in(client, office, folder.citizens[comes])
        page = client.get(where).content.decode()
        assert ("Mellan oss" in page) == bool(expected)
        assert answers(office, draft)["message"] == expected
        assert ("kept" in client.session) == (not expected)  # it waits for her whose it is


def test_two_windows_that_were_sent_too_late_are_both_given_back(office: Any, visit: Any) -> None:
    folder = office.case()
    draft, petra = folder.draft({"message": ""}), folder.citizens[0]
    where = [f"/{office.slug}/cases/{folder.case.id}/messages/", f"/{office.slug}/drafts/{draft.id}/costs/"]
    client = visit(office, petra, ago=3600)
    for at, fields in zip(where, ({"text": "Ett brev"}, {"version": 2, "message": "En kostnad"}), strict=True):
        client.post(at, {**fields, "message": fields.get("message", str(uuid7()))})
    for number in range(3):
        client.post(f"/{office.slug}/cases/{uuid7()}/messages/", {"text": f"{number}"})
    assert len(client.session["kept"]) == 5
    comes_in(client, office, petra)
    assert "Ett brev" in client.get(where[0]).content.decode()
    assert "En kostnad" in client.get(where[1]).content.decode()
    assert "Ett brev" not in client.get(where[0]).content.decode()
    anybody = visit(office)
    for number in range(7):
        anybody.post(f"/{office.slug}/cases/{uuid7()}/messages/", {"text": f"{number}"})
    assert len(anybody.session["kept"]) == 5  # bounded


def comes_in(client: Any, office: Any, person: Any) -> None:
    """The session that a log-in begins, with what it takes over."""
    session, moment = client.session, int(clock.now().timestamp())
    session.pop("before", None)
    session["citizen"] = {
        "tenant": office.slug, "person": str(person.id), "login": str(person.id), "since": moment, "seen": moment,
    }  # fmt: skip
    session.save()


def test_a_button_pressed_when_the_session_is_over_leads_back_to_its_page(office: Any, visit: Any) -> None:
    folder = office.case()
    draft = folder.draft({"household": {"same": "yes", "changes": ""}})
    there = f"/{office.slug}/drafts/{draft.id}"
    for address, page in (
        (f"/{office.slug}/drafts/", f"/{office.slug}/my/"),
        (f"{there}/sign/begin/", f"{there}/sign/"),
        (f"{there}/change/", f"{there}/sign/"),
        (f"{there}/income/save/", f"{there}/income/"),
    ):
        client = visit(office)
        assert client.post(address, {"a": "1"}).url == f"/{office.slug}/log-in/?next={page.replace('/', '%2F')}"
        assert "kept" not in client.session
    saved = visit(office).post(f"{there}/income/save/", {"a": "1"}, headers={"accept": "application/json"})
    assert saved.status_code == 401
    mine = visit(office, folder.citizens[0]).get(f"/{office.slug}/my/").content.decode()
    assert f'href="{there}/income/"' in mine  # the first screen that isn't answered yet


def test_last_months_costs_stand_beside_and_can_be_taken_over(new_office: Any, visit: Any) -> None:
    office = new_office(renewal_opens_days_before=31)
    folder = office.case()
    folder.applied()
    draft = folder.draft({"message": ""}, month=office.month + 1)
    client = visit(office, folder.citizens[0])
    where = f"/{office.slug}/drafts/{draft.id}/costs/"
    row = {"version": draft.version, "costs-0-code": "RENT", "costs-0-amount": "6300", "action": "last"}
    client.post(where, row)
    page = client.get(where).content.decode()
    assert "Förra månaden: 6\xa0200,00\xa0kr" in page
    assert [(row["code"], row["amount"]) for row in answers(office, draft)["costs"]] == [
        ("RENT", "6300"),
        ("ELECTRICITY", "450"),
        ("HOME_INSURANCE", "120"),
        ("UNEMPLOYMENT_FUND", "160"),
    ]
    assert "Ta över de här raderna" not in page
    client.post(where, {**row, "version": 99, "action": "remove-0"})
    assert answers(office, draft)["costs"] == []


def test_an_income_can_only_be_somebodys_of_the_household(office: Any, visit: Any) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    stranger = office.case(("Eva", "Ek", "19700101"))
    draft = folder.draft({"message": ""})
    client = visit(office, folder.citizens[0])
    row = {"incomes-0-code": "SALARY", "incomes-0-amount": "100", "version": draft.version}
    where = f"/{office.slug}/drafts/{draft.id}/income/"
    answer = client.post(where, {**row, "incomes-0-person": str(stranger.citizens[0].id)})
    assert answer.status_code == 422
    assert answers(office, draft)["incomes"][0]["person"] == ""


OLD = {"costs-0-code": "RENT", "costs-0-amount": "4 321", "costs-0-note": "<avi> نور", "message": "Min nya text"}


@pytest.mark.parametrize("adults", [1, 2])
def test_an_old_window_of_an_application_that_is_being_signed_loses_nothing(
    office: Any, visit: Any, adults: int
) -> None:
    folder = office.case(*(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))[:adults])
    draft = folder.draft()
    by = office.by(folder.citizens[0])
    if adults == 2:
        folder.signed(draft, 1)
    else:
        fix_for_signing(**by, draft=draft.id, version=draft.version)
    client = visit(office, folder.citizens[0])
    here = f"/{office.slug}/drafts/{draft.id}/costs/"
    row = {"version": draft.version, **OLD}
    page = client.post(here, row)
    text = page.content.decode()
    assert (page.status_code, "håller på att skrivas under" in text) == (409, True)
    for typed in ("4 321", "&lt;avi&gt; نور", "Min nya text"):
        assert text.count(typed) == 2  # to read, and to be sent on
    assert ("ni skriver båda under på nytt" in text) == (adults == 2)
    assert f'href="/{office.slug}/drafts/{draft.id}/sign/"' in text
    assert client.post(f"{here}save/", row).status_code == 409
    assert answers(office, draft)["costs"] == C1["costs"]
    # The same as what is being signed: nothing to tell.
    same = {f"costs-{n}-{name}": value for n, line in enumerate(C1["costs"]) for name, value in line.items()}
    assert client.post(here, {**same, "message": "", "version": 1}).headers["Location"].endswith("/sign/")
    # Put in after all: it is opened again, and signatures given so far don't count.
    put = client.post(here, {**row, "reopen": "1"})
    assert put.headers["Location"] == f"/{office.slug}/drafts/{draft.id}/check/"
    assert answers(office, draft)["costs"] == [{"code": "RENT", "amount": "4 321", "note": "<avi> نور"}]
    assert answers(office, draft)["message"] == "Min nya text"
    with acting(office.slug, TEST, "look"):
        found = Draft.objects.get(id=draft.id)
        assert (found.state, found.shown, signed_by(found)) == ("open", None, [])


def test_an_old_window_of_an_application_that_is_sent_says_so_and_can_send_it_as_a_message(
    office: Any, citizen: Any, axe: Callable[[Page], list[str]], picture: Callable[[Page, str], None]
) -> None:
    folder = office.case()
    draft = folder.draft()
    petra = citizen(folder, width=320, java_script_enabled=False)
    petra.log_in()
    page: Page = petra.page
    petra.goto(f"drafts/{draft.id}/costs/")
    page.get_by_label("Belopp").first.fill("4 321")
    page.get_by_label("Är det något mer").fill("Min nya text 👍")
    receipt = folder.signed(draft)
    page.get_by_role("button", name="Fortsätt").click()
    main = page.get_by_role("main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Den här ansökan är redan skickad")
    expect(main).to_contain_text(f"kvitto {receipt.number}. Det som är underskrivet står kvar")
    expect(main).to_contain_text("4 321")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    picture(page, "citizen-too-late-320")
    page.get_by_role("button", name="Skicka som meddelande").click()
    for typed in ("Hyra: 4 321", "Min nya text 👍"):
        expect(page.locator("#newest")).to_contain_text(typed)
    assert answers(office, draft)["costs"] == C1["costs"]
    with acting(office.slug, TEST, "look"):
        assert Application.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "button", "title"),
    [
        ("signing", "Fortsätt", "Den här ansökan håller på att skrivas under"),
        ("accepted", "Continue", "This application has been sent already"),
        ("withdrawn", "Continue", "This application was taken back"),
    ],
)
def test_the_page_for_what_came_too_late_is_kind_in_each_state(
    office: Any, citizen: Any, axe: Callable[[Page], list[str]], state: str, button: str, title: str
) -> None:
    folder = office.case()
    draft = folder.draft()
    by = office.by(folder.citizens[0])
    petra = citizen(folder, locale="sv-SE" if state == "signing" else "en-GB")
    petra.log_in()
    page: Page = petra.page
    petra.goto(f"drafts/{draft.id}/costs/")
    if state == "signing":
        fix_for_signing(**by, draft=draft.id, version=draft.version)
    elif state == "accepted":
        folder.signed(draft)
    else:
        withdraw_draft(**by, draft=draft.id)
    page.locator("#id_message").fill("Kom för sent")
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("main")).to_contain_text("Kom för sent")
    assert axe(page) == []


def test_pressing_on_in_an_old_window_leads_to_the_receipt_that_says_it_was_sent_already(
    office: Any, visit: Any
) -> None:
    folder = office.case()
    draft = folder.draft()
    folder.signed(draft)
    client = visit(office, folder.citizens[0])
    page = client.post(f"/{office.slug}/drafts/{draft.id}/check/", {"version": 1}, follow=True)
    assert "var redan skickad" in page.content.decode()
    # Typed, then logged out, then sent elsewhere: it is shown when she is back.
    late = visit(office, folder.citizens[0], ago=3600)
    here = f"/{office.slug}/drafts/{draft.id}/costs/"
    assert late.post(here, {"version": 1, **OLD}).status_code == 302
    session, moment = late.session, int(clock.now().timestamp())
    key = str(folder.citizens[0].id)
    session["citizen"] = {"tenant": office.slug, "person": key, "login": key, "since": moment, "seen": moment}
    session.save()
    back = late.get(here)
    assert (back.status_code, "Min nya text" in back.content.decode()) == (409, True)


def test_a_sign_that_no_font_shows_keeps_nobody_from_her_receipt(
    office: Any, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = office.case()
    receipt = folder.applied({**C1, "message": "Tack 👍 李"})
    client = visit(office, folder.citizens[0])
    there = f"/{office.slug}/applications/{receipt.application_id}/"
    paper = client.get(f"{there}receipt.pdf")
    assert (paper.status_code, paper.headers["Content-Type"]) == (200, "application/pdf")
    text = " ".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.content)).pages).split())
    assert "Tack □ □" in text and "□ står för ett tecken" in text
    signed = client.get(f"{there}application.json").content
    assert "Tack 👍 李" in signed.decode()
    assert hashlib.sha256(signed).hexdigest() == receipt.body["content_digest"]
    monkeypatch.setattr(TypstSetter, "receipt", Mock(side_effect=LetterRefused("a fault of the fonts")))
    page = client.get(f"{there}receipt.pdf", follow=True)
    assert (page.status_code, "Vi kan inte göra kvittot som PDF" in page.content.decode()) == (200, True)
