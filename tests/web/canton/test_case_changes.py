"""Support ends, begins again, and somebody moves: told from her page in the register, with what speaks against it, and
answered for each person; in German too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from handslag.kernel import clock
from handslag.messages.case_notification.message import Accepted
from tests.bed import Process
from tests.canton import Canton, arrived, open_canton, somebody
from tests.exchange import Side


def test_the_end_of_a_case_is_told_and_a_move_is_answered_by_the_new_municipality(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    side, *places = [Side(office) for office in offices]
    canton, here, there = Canton(database, side, places), *places
    person = somebody(status="B-R", status_since=date(2020, 1, 1), entry_on=date(2020, 1, 1))
    told = canton.assigned(0, person)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    number, day = person.person.identifier, canton.today
    asked = canton.notified(here, number, residence_since=date(2020, 1, 1))
    canton.settle()
    canton.accepted(asked, Accepted(number=1, last_on=date(2029, 12, 31)))
    canton.settle()
    key = canton.person(number, here).id
    hanna, rut = log_in(offices[1], "hanna"), log_in(offices[0], "rut")

    def arrives() -> None:
        canton.pair.now = max(canton.pair.now, clock.now())
        canton.settle()

    # from her page to the form; each change needs what belongs to it, and a reason where something speaks against it
    hanna.goto(server.url("desk", f"/{here.office.slug}/register/{key}/"))
    hanna.get_by_role("link", name="Change or end the case").click()
    expect(hanna.get_by_role("heading", level=1)).to_have_text("Change or end the case")
    hanna.get_by_role("radio", name="Support ends").check()
    hanna.get_by_label("On which day?").fill((day - timedelta(days=1)).isoformat())
    hanna.get_by_role("button", name="Tell it").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("Write why support ends.")
    fine_at_both(hanna, "case-change-error")
    hanna.get_by_label("Why support ends").fill("Existenzsicherndes Einkommen")
    hanna.get_by_role("button", name="Tell it").click()
    expect(hanna.get_by_text("No claim is accepted for this day").first).to_be_visible()
    fine_at_both(hanna, "case-change-against")
    hanna.get_by_label("On which day?").fill(day.isoformat())
    hanna.get_by_label("Still to be paid back").fill("3600")
    hanna.get_by_role("button", name="Tell it").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    expect(hanna.get_by_role("row", name="Support begins again without a new notification")).to_contain_text(
        "not verified"
    )
    arrives()
    hanna.reload()
    expect(hanna.get_by_text("it is so").first).to_be_visible()  # it fits: the canton's register has agreed
    fine_at_both(hanna, "case-change-ended")

    # it begins again: the canton's answer needs a last day
    hanna.goto(server.url("desk", f"/{here.office.slug}/register/{key}/case_change/?change=resumed"))
    expect(hanna.get_by_role("radio", name="Support begins again")).to_be_checked()
    hanna.get_by_label("On which day?").fill((day + timedelta(days=1)).isoformat())
    hanna.get_by_role("button", name="Tell it").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    arrives()
    rut.goto(server.url("desk", f"/{side.office.slug}/tasks/"))
    rut.get_by_role("link", name="Musterwil kommun").last.click()
    expect(rut.get_by_role("heading", level=1)).to_contain_text("Support begins again")
    rut.locator("[name=reason-1]").select_option("-")
    rut.get_by_role("button", name="Send the answer").click()
    expect(rut.get_by_role("alert").first).to_contain_text("Enter the last day that is reimbursed")
    fine_at_both(rut, "case-change-answer-error")
    rut.locator("[name=last_on-1]").fill("2029-12-31")
    rut.get_by_role("button", name="Send the answer").click()
    expect(rut.get_by_role("button", name="Take it back")).to_be_visible()
    arrives()
    hanna.goto(server.url("desk", f"/{here.office.slug}/case_changes/"))
    expect(hanna.get_by_role("row", name="Support begins again")).to_contain_text("it is so")
    fine_at_both(hanna, "case-changes")

    # she moves: the canton agrees, and the new municipality says whether she came
    moves = day + timedelta(days=9)
    canton.changed(here, "move", number, on=moves, municipality=there.address, plan="Sprachkurs.", open_costs=145_000)
    canton.settle()
    new = log_in(offices[2], "hanna", at=server.url("desk", f"/{there.office.slug}/tasks/"))
    new.get_by_role("link", name="Kanton kommun").last.click()
    expect(new.get_by_role("heading", level=1)).to_contain_text("Moves here from another municipality")
    expect(new.get_by_text("Sprachkurs.")).to_be_visible()
    new.locator("[name=reason-1]").select_option("NOT_SO")
    fine_at_both(new, "takeover")
    new.get_by_role("button", name="Send the answer").click()
    expect(new.get_by_role("button", name="Take it back")).to_be_visible()
    arrives()
    rut.goto(server.url("desk", f"/{side.office.slug}/register/{canton.person(number).id}/"))
    expect(rut.get_by_text("Messages contradict each other")).to_be_visible()
    fine_at_both(rut, "register-takeover-denied")

    # who pays neither reads nor tells; the canton tells no change; nobody else has a copy
    for office, who, path, status in (
        (offices[1], "ulla", "/case_changes/", 403), (offices[1], "ulla", f"/register/{key}/case_change/", 403),
        (offices[2], "hanna", f"/register/{key}/case_change/", 404),
        (offices[0], "rut", f"/register/{canton.person(number).id}/case_change/", 404),
    ):  # fmt: skip
        answer = log_in(office, who).goto(server.url("desk", f"/{office.slug}{path}"))
        assert answer is not None
        assert answer.status == status, path
    german = log_in(
        offices[1], "hanna", locale="de-CH", at=server.url("desk", f"/{here.office.slug}/register/{key}/case_change/")
    )
    expect(german.get_by_role("heading", level=1)).to_have_text("Fall ändern oder abschliessen")
    fine_at_both(german, "case-change-german")
