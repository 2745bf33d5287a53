"""From the canton's form to both registers and back: assigned, taken or not, contradicted, settled; in German too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from handslag.rules.ch.payers import later
from tests.bed import Process
from tests.canton import BEGIN, Canton, arrived, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST, Office


def settled(canton: Canton) -> None:
    canton.pair.now = clock.now()
    canton.settle()


def filled(page: Page, n: int, number: str, given: str, **more: str) -> None:
    told = {
        "number": number, "given_name": given, "family_name": "Haile", "birth_on": "1991-03-02",
        "status_since": "2026-05-04", "entry_on": "2026-05-04", **more,
    }  # fmt: skip
    for name, text in told.items():
        page.locator(f"[name={name}-{n}]").fill(text)


def test_from_the_form_to_the_register_and_back(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    side, *places = [Side(office) for office in offices]
    canton, here = Canton(database, side, places), places[0]
    office: Office = offices[0]
    rut, hanna = log_in(office, "rut"), log_in(offices[1], "hanna")
    day, home = canton.today.isoformat(), f"/{office.slug}"

    # the canton assigns two of a family
    rut.goto(server.url("desk", f"{home}/register/"))
    fine_at_both(rut, "canton-register-empty")
    rut.get_by_role("link", name="Assign somebody").click()
    rut.get_by_role("button", name="Assign", exact=True).click()
    expect(rut.get_by_role("alert")).to_contain_text("ZEMIS number")
    expect(rut.get_by_text("Here is what you had typed")).to_have_count(0)  # the form is there, a box was ticked
    fine_at_both(rut, "canton-assign-error")
    filled(rut, 1, "21004711.0", "Lemlem")
    rut.get_by_role("button", name="One person more").click()
    expect(rut.locator("[name=given_name-1]")).to_have_value("Lemlem")
    filled(rut, 2, "21004712.0", "Samuel", birth_on="2019-11-20", entry_on="2026-05-05")
    rut.locator("[name=role-2]").select_option("child")
    rut.get_by_label("Special needs").nth(1).fill("Rollstuhl")
    rut.get_by_label("To which municipality?").select_option(here.address)
    rut.get_by_label("Arrives on").fill(day)
    rut.get_by_role("button", name="Assign", exact=True).click()
    expect(rut.get_by_role("alert")).to_contain_text("A status begins on the day of entry at the earliest.")
    rut.locator("[name=entry_on-2]").fill("2026-05-04")
    fine_at_both(rut, "canton-assign")
    rut.get_by_role("button", name="Assign", exact=True).click()
    expect(rut.get_by_role("button", name="Take it back")).to_be_visible()
    settled(canton)
    rut.reload()
    expect(rut.get_by_text("delivered, no answer yet")).to_be_visible()

    # the municipality asks for another day, gets it, takes the mother and not the child
    hanna.goto(server.url("desk", f"/{here.office.slug}/tasks/"))
    hanna.get_by_role("link", name="Kanton kommun").click()
    expect(hanna.get_by_text("Rollstuhl")).to_be_visible()
    hanna.get_by_text("Ask for another day, or ask back").click()
    hanna.get_by_label("Which other day").fill("Geht der Tag danach?")
    hanna.get_by_label("Needed by").fill((canton.today + timedelta(days=2)).isoformat())
    hanna.get_by_role("button", name="Ask back").click()
    settled(canton)
    rut.reload()
    rut.get_by_label("Your answer to what they asked back").fill("Ja.")
    fine_at_both(rut, "canton-asked-back")
    rut.get_by_role("button", name="Send it").click()
    settled(canton)
    hanna.reload()
    expect(hanna.get_by_text("Ja.", exact=True)).to_be_visible()
    later = (canton.today + timedelta(days=1)).isoformat()
    hanna.get_by_label("Arrived on").first.fill(later)
    hanna.get_by_role("button", name="Send the answer").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Choose how she lives")
    fine_at_both(hanna, "canton-answer-error")
    hanna.get_by_label("Lives in").first.select_option("apartment")
    hanna.get_by_label("If she isn’t taken, why").nth(1).select_option("OTHER_MUNICIPALITY")
    hanna.get_by_role("button", name="Send the answer").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    settled(canton)

    # it stands in the canton's register, and the municipality has her and a task
    rut.goto(server.url("desk", f"{home}/register/"))
    row = rut.get_by_role("row", name="Lemlem Haile")
    expect(row).to_contain_text("–")  # she arrives tomorrow
    expect(rut.get_by_text("Samuel")).to_have_count(0)
    row.get_by_role("link").click()
    expect(rut.get_by_role("row", name=re.compile(later))).to_contain_text("Musterwil kommun")
    expect(rut.get_by_role("row", name=re.compile(later))).to_contain_text("asylum coordination")
    fine_at_both(rut, "canton-days")
    expect(rut.get_by_role("img")).to_be_visible()
    assert canton.days("21004711.0") == canton.days("21004711.0", here)
    log = log_in(offices[1], "rut", at=server.url("desk", f"/{here.office.slug}/tasks/"))
    expect(log.get_by_role("link", name="Lemlem Haile")).to_be_visible()
    fine_at_both(log, "canton-task")
    with acting(here.office.slug, TEST, "look"):
        assert here.tasks() == ["assigned"]


def test_two_claims_are_shown_and_settled_and_each_sees_only_its_own(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    side, *places = [Side(office) for office in offices]
    canton = Canton(database, side, places)
    entry = later(canton.today, -7) + timedelta(days=20)
    person = somebody(status="F-A", entry_on=entry, status_since=BEGIN)
    told = [canton.assigned(n, person) for n in (0, 1)]
    canton.settle()
    for n in (0, 1):
        canton.answered(n, told[n], arrived(canton, days=n - 0))
    canton.settle()
    home = f"/{offices[0].slug}"
    rut = log_in(offices[0], "rut", at=server.url("desk", f"{home}/register/"))
    expect(rut.get_by_text("Messages contradict each other about 1 person")).to_be_visible()
    fine_at_both(rut, "canton-register")
    rut.get_by_role("row", name="Lemlem Haile").get_by_role("link").click()
    rut.get_by_role("button", name="Settle it").click()
    expect(rut.get_by_role("alert").first).to_contain_text("Why")
    fine_at_both(rut, "canton-contradiction-error")
    rut.get_by_role("radio", name="Beispielen kommun").check()
    rut.get_by_label("Why").fill("Beide haben es bestätigt.")
    rut.get_by_role("button", name="Settle it").click()
    expect(rut.get_by_text("Messages contradict each other")).to_have_count(0)
    expect(rut.get_by_text("Beide haben es bestätigt.")).to_be_visible()
    last = (later(entry, 7) - timedelta(days=1)).isoformat()
    ends = rut.get_by_role("row", name="Reimbursement of the asylum regime ends, counted from entry")
    expect(ends).to_contain_text("§ 10 AfV ZH")
    expect(ends).to_contain_text(last)
    expect(rut.get_by_role("row", name="No longer counts towards the quota")).to_contain_text("not verified")
    fine_at_both(rut, "register-deadlines-of-her")
    for page, office in ((rut, offices[0]), (log_in(offices[1], "hanna", locale="de-CH"), offices[1])):
        page.goto(server.url("desk", f"/{office.slug}/register/deadlines/"))
        expect(page.get_by_role("row", name="§ 10 AfV ZH")).to_contain_text("Lemlem Haile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fristen")
    fine_at_both(rut, "register-deadlines")

    # the quota account of each municipality, at the canton
    rut.goto(server.url("desk", f"{home}/register/"))
    rut.get_by_role("link", name="Quota").click()
    rut.get_by_role("button", name="Enter it").click()
    expect(rut.get_by_role("alert").first).to_contain_text("Residents")
    fine_at_both(rut, "quota-error")
    rut.get_by_label("Municipality").select_option(places[0].address)
    rut.get_by_label("Residents").fill("2000")
    rut.get_by_role("button", name="Enter it").click()
    expect(rut.get_by_role("row", name="Musterwil kommun")).to_contain_text("30")  # 1.5 %
    expect(rut.get_by_text("not verified")).to_be_visible()
    fine_at_both(rut, "quota")

    # a municipality has its own register, and not the other's copy
    place = server.url("desk", f"/{offices[1].slug}")
    hanna = log_in(offices[1], "hanna")
    own, other = places[0].message(told[0].message_id), places[1].message(told[1].message_id)
    for path, status in (
        (f"/assignments/{own.id}/", 200), (f"/assignments/{other.id}/", 404), ("/register/", 200),
        ("/register/deadlines/", 200),
        ("/register/quota/", 404),
        (f"/register/{canton.person(person.person.identifier).id}/", 404), ("/assignments/new/", 404),
        (f"/register/{canton.person(person.person.identifier).id}/change/", 404),
    ):  # fmt: skip
        answer = hanna.goto(place + path)
        assert answer is not None
        assert answer.status == status, path
    payer = log_in(offices[0], "ulla")
    for path in ("/register/", "/register/deadlines/", "/register/quota/", "/assignments/", "/assignments/new/"):
        answer = payer.goto(server.url("desk", home + path))
        assert answer is not None
        assert answer.status == 403, path


def test_swiss_offices_read_german_and_french_and_nobody_else_does(
    database: Any, connect: Any, log_in: Callable[..., Page], server: Process
) -> None:
    from tests.office import open_office

    canton, swedish = open_canton(database)[0], open_office(connect)
    for office, locale, lang, word in (
        (canton, "de-CH", "de", "Zuweisungen"), (canton, "fr-CH", "fr", "Attributions"), (canton, "sv-SE", "de", None),
        (canton, "en-GB", "en", "Assignments"), (swedish, "de-CH", "sv", None),
    ):  # fmt: skip
        page = log_in(
            office,
            "rut",
            locale=locale,
            at=server.url("desk", f"/{office.slug}/{'people' if office is swedish else 'register'}/"),
        )
        expect(page.locator("html")).to_have_attribute("lang", lang)
        if word:
            page.goto(server.url("desk", f"/{office.slug}/assignments/"))
            expect(page.get_by_role("heading", level=1)).to_have_text(word)
            page.goto(server.url("desk", f"/{office.slug}/people/"))
            expect(page.locator("html")).to_have_attribute("lang", lang)


def test_before_she_has_logged_in_the_desk_speaks_her_browsers_language(
    new_context: Callable[..., Any], server: Process
) -> None:
    for locale, lang in (("de-CH", "de"), ("fr-CH", "fr"), ("sv-SE", "sv"), ("ar", "sv")):
        page = new_context(locale=locale).new_page()
        page.goto(server.url("desk", "/log-in/"))
        expect(page.locator("html")).to_have_attribute("lang", lang)
