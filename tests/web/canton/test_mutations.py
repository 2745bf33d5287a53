"""A change told from the register: agreed to by itself, or by a person, or disputed and settled; in German too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from handslag.kernel import clock
from tests.bed import Process
from tests.canton import Canton, arrived, open_canton, somebody
from tests.exchange import Side


def test_a_municipality_tells_and_the_canton_disputes(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    side, *places = [Side(office) for office in offices]
    canton, here, day = Canton(database, side, places), places[0], None
    mother, child = somebody(), somebody(2, role="child")
    told = canton.assigned(0, mother, child)
    canton.settle()
    canton.answered(0, told, arrived(canton), arrived(canton, 2))
    canton.settle()
    number, day = mother.person.identifier, canton.today
    hanna, rut = log_in(offices[1], "hanna"), log_in(offices[0], "rut")

    # own earnings fit the register: agreed to by itself
    hanna.goto(server.url("desk", f"/{here.office.slug}/mutations/"))
    fine_at_both(hanna, "mutations-empty")
    hanna.goto(server.url("desk", f"/{here.office.slug}/register/"))
    hanna.get_by_role("row", name=number).get_by_role("link").click()
    hanna.get_by_role("link", name="Tell a change").click()
    hanna.get_by_role("button", name="Tell it").click()
    expect(hanna.get_by_role("alert")).to_contain_text("What changes?")
    hanna.get_by_role("radio", name="New status").check()
    hanna.get_by_label("On which day?").fill((day + timedelta(days=10)).isoformat())
    hanna.get_by_label("Entry into Switzerland on").fill("")
    hanna.get_by_role("button", name="Tell it").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Choose the new status.")
    expect(hanna.get_by_role("alert")).to_contain_text("Enter the day of entry into Switzerland.")
    fine_at_both(hanna, "change-error")
    hanna.get_by_role("radio", name="Lives on own earnings", exact=True).check()
    hanna.get_by_label("Last day of own earnings").fill((day + timedelta(days=19)).isoformat())
    hanna.get_by_role("button", name="Tell it").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    hanna.reload()
    expect(hanna.get_by_text("It is so").first).to_be_visible()
    assert [payer for *_rest, payer in canton.days(number)[0]].count("own") == 1

    # a status waits for a person of the canton, who disputes it; both registers say so
    hanna.goto(server.url("desk", f"/{here.office.slug}/register/"))
    hanna.get_by_role("row", name=number).get_by_role("link").click()
    hanna.get_by_role("link", name="Tell a change").click()
    hanna.get_by_role("radio", name="New status").check()
    hanna.get_by_label("On which day?").fill((day + timedelta(days=5)).isoformat())
    hanna.get_by_label("Which status?").select_option("F-A")
    hanna.get_by_role("button", name="Tell it").click()
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    rut.goto(server.url("desk", f"/{side.office.slug}/tasks/"))
    rut.get_by_role("link", name="Musterwil kommun").last.click()
    fine_at_both(rut, "mutation-answer")
    rut.get_by_role("button", name="Send the answer").click()
    expect(rut.get_by_role("alert")).to_contain_text("Lemlem Haile")
    rut.get_by_label("Lemlem Haile").select_option("WRONG_STATUS")
    rut.get_by_role("button", name="Send the answer").click()
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    rut.reload()
    expect(rut.get_by_text("The status is wrong").first).to_be_visible()
    fine_at_both(rut, "mutation-disputed")
    for page, office in ((hanna, here.office), (rut, side.office)):
        page.goto(server.url("desk", f"/{office.slug}/register/"))
        page.get_by_role("row", name=number).get_by_role("link").click()
        expect(page.get_by_text("Messages contradict each other")).to_be_visible()
        expect(page.get_by_role("button", name="Settle it")).to_have_count(1 if page is rut else 0)
    fine_at_both(hanna, "register-of-a-municipality")
    rut.get_by_role("radio", name="N: asylum seeker").check()
    rut.get_by_label("Why").fill("Der Entscheid ist nicht rechtskräftig.")
    rut.get_by_role("button", name="Settle it").click()
    expect(rut.get_by_text("Messages contradict each other")).to_have_count(0)
    rut.goto(server.url("desk", f"/{side.office.slug}/mutations/"))
    expect(rut.get_by_role("row", name="Lives on own earnings")).to_contain_text("it is so")
    fine_at_both(rut, "mutations")

    # who pays neither reads nor tells; the other municipality has no copy
    for office, who, path, status in (
        (offices[1], "ulla", "/mutations/", 403), (offices[2], "hanna", f"/mutations/{told.id}/", 404),
        (offices[1], "ulla", f"/register/{canton.person(number, here).id}/change/", 403),
    ):  # fmt: skip
        answer = log_in(office, who).goto(server.url("desk", f"/{office.slug}{path}"))
        assert answer is not None
        assert answer.status == status, path
    german = log_in(offices[1], "hanna", locale="de-CH", at=server.url("desk", f"/{here.office.slug}/mutations/"))
    expect(german.get_by_role("heading", level=1)).to_have_text("Mutationen")
