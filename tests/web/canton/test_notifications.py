"""A household whose case is notified under section 44: sent against a finding, answered by person; in German too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from handslag.kernel import clock
from tests.bed import Process
from tests.canton import BEGIN, Canton, arrived, open_canton, somebody
from tests.exchange import Side


def test_a_late_case_is_sent_with_its_reason_and_answered_for_each_person(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    side, *places = [Side(office) for office in offices]
    canton, here = Canton(database, side, places), places[0]
    father = somebody(status="B-R", status_since=BEGIN)
    child = somebody(2, role="child", status="B-R", status_since=BEGIN)
    told = canton.assigned(0, father, child)
    canton.settle()
    canton.answered(0, told, arrived(canton), arrived(canton, 2))
    canton.settle()
    number, day = father.person.identifier, canton.today
    hanna, rut = log_in(offices[1], "hanna"), log_in(offices[0], "rut")

    # from her number to the form; what speaks against it is shown, and needs a reason
    hanna.goto(server.url("desk", f"/{here.office.slug}/case_notifications/"))
    fine_at_both(hanna, "notifications-empty")
    hanna.get_by_label("Number of the person").fill("1.0")
    hanna.get_by_role("button", name="Notify her case").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Nobody with this number is registered here")
    hanna.get_by_label("Number of the person").fill(number)
    hanna.get_by_role("button", name="Notify her case").click()
    expect(hanna.get_by_role("heading", level=1)).to_have_text("Notify under section 44")
    hanna.get_by_role("button", name="Notify it").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("Enter since when she has lived in the canton.")
    fine_at_both(hanna, "notify-error")
    hanna.locator("[name=claimed-2]").check()
    for n, lives in ((1, "2017-01-15"), (2, "2020-02-29")):
        hanna.locator(f"[name=nationality-{n}]").fill("er")
        hanna.locator(f"[name=residence_since-{n}]").fill(lives)
        hanna.locator(f"[name=supported_since-{n}]").fill(day.isoformat())
        expect(hanna.locator(f"[name=permit-{n}]")).to_have_value("B-R")
    expect(hanna.get_by_label("She only stays here")).to_have_count(2)
    hanna.get_by_label("Support was decided on").fill((day - timedelta(days=40)).isoformat())
    hanna.get_by_label("Expected need a month").fill("1624")
    hanna.get_by_label("Expected income a month").fill("0")
    hanna.get_by_role("button", name="Notify it").click()
    expect(hanna.get_by_text("Notified later than 30 days after the decision").first).to_be_visible()
    expect(hanna.get_by_role("alert").first).to_contain_text("write why it is claimed all the same")
    fine_at_both(hanna, "notify-against")
    hanna.get_by_label("Why it is claimed").fill("Die Bewilligung kam erst jetzt.")
    hanna.get_by_role("button", name="Notify it").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()

    # the canton sees the same finding and the reason, and accepts the father until his own end
    rut.goto(server.url("desk", f"/{side.office.slug}/tasks/"))
    rut.get_by_role("link", name="Musterwil kommun").last.click()
    expect(rut.get_by_text("Notified later than 30 days after the decision").first).to_be_visible()
    expect(rut.get_by_text("Die Bewilligung kam erst jetzt.")).to_be_visible()
    expect(rut.get_by_role("row", name="Notification to the canton")).to_contain_text("not verified")
    expect(rut.locator("[name=last_on-1]")).to_have_value("2027-01-14")
    expect(rut.locator("[name=last_on-2]")).to_have_value("2030-02-28")
    rut.locator("[name=last_on-1]").fill("")
    rut.get_by_role("button", name="Send the answer").click()
    expect(rut.get_by_role("alert").first).to_contain_text("Enter the last day that is reimbursed")
    fine_at_both(rut, "notification-error")
    rut.locator("[name=last_on-1]").fill("2027-01-14")
    rut.locator("[name=reason-2]").select_option("DOCUMENT_MISSING")
    rut.get_by_role("button", name="Send the answer").click()
    expect(rut.get_by_role("button", name="Take it back")).to_be_visible()
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    hanna.reload()
    expect(hanna.get_by_text("accepted for some of them").first).to_be_visible()
    expect(hanna.get_by_text("reimbursed until 2027-01-14")).to_be_visible()
    fine_at_both(hanna, "notification-answered")

    # both registers: who reimburses follows, and when that ends
    for page, office in ((hanna, here.office), (rut, side.office)):
        page.goto(server.url("desk", f"/{office.slug}/register/"))
        page.get_by_role("row", name=number).get_by_role("link").click()
        expect(page.get_by_role("row", name="Canton, public social assistance (section 44)")).to_be_visible()
        expect(page.get_by_role("row", name="Reimbursement under section 44 ends")).to_contain_text("2027-01-14")
        link = page.get_by_role("link", name="Notify under section 44")
        expect(link).to_have_count(1 if page is hanna else 0)
    fine_at_both(hanna, "register-with-claim")
    assert canton.days(number) == canton.days(number, here)

    # who pays neither reads nor notifies; the canton doesn't notify; the other municipality has no copy
    key = canton.person(number, here).id
    for office, who, path, status in (
        (offices[1], "ulla", "/case_notifications/", 403), (offices[2], "hanna", f"/register/{key}/notify/", 404),
        (offices[1], "ulla", f"/register/{key}/notify/", 403),
        (offices[0], "rut", f"/register/{canton.person(number).id}/notify/", 404),
    ):  # fmt: skip
        answer = log_in(office, who).goto(server.url("desk", f"/{office.slug}{path}"))
        assert answer is not None
        assert answer.status == status, path
    german = log_in(
        offices[1], "hanna", locale="de-CH", at=server.url("desk", f"/{here.office.slug}/case_notifications/")
    )
    expect(german.get_by_role("heading", level=1)).to_have_text("Fälle nach § 44")
    fine_at_both(german, "notifications")
