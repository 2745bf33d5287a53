"""The pages for the statistics: what is asked of a month, the file made, looked at, made anew and marked delivered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from handslag.domain.statistics.operations import make_statistics_file


def test_recorded_made_looked_at_and_delivered(office: Any, log_in: Any, server: Any, fine_at_both: Any) -> None:
    month = office.month - 1
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    folder.on_paper(month)
    folder.decided(month)
    hanna = log_in(office, "hanna", at=server.url("desk", f"/{office.slug}/cases/{folder.case.id}/periods/{month}/"))
    hanna.get_by_role("link", name="For the statistics").click()
    hanna.locator("[name=cause-0]").select_option(label="Works full-time, income not enough")
    hanna.locator("[name=refugee-0]").select_option("no")
    hanna.locator("[name=abroad-0]").select_option("yes")
    fine_at_both(hanna, "desk-statistics-case")
    hanna.get_by_role("button", name="Keep").click()
    # The next month begins with what stood, and says that nobody has kept it yet.
    folder.applied()
    hanna.goto(server.url("desk", f"/{office.slug}/cases/{folder.case.id}/periods/{office.month}/statistics/"))
    expect(hanna.locator("[name=cause-0]")).to_have_value("FULL_TIME_INCOME")
    expect(hanna.get_by_text("as in the month before, not kept yet")).to_have_count(1)

    rut = log_in(office, "rut", at=server.url("desk", f"/{office.slug}/statistics/"))
    rut.get_by_role("button", name="Make the file").click()
    lacking = rut.locator("main li", has_text=folder.case.number)
    expect(lacking).to_contain_text("what hinders a living of one’s own, refugee, born abroad")
    rut.get_by_role("button", name="Mark as delivered").click()
    expect(rut.locator(".ds-error-summary")).to_be_visible()
    fine_at_both(rut, "desk-statistics-file")
    with rut.expect_download() as got:
        rut.get_by_role("link", name="Households").click()
    text = got.value.path().read_bytes().decode()
    assert text.split("\t")[6] == folder.numbers[0] and text.count("\r\n") == 1
    # Something is recorded: the file stays, a newer one is made, and that one was delivered.
    hanna.goto(server.url("desk", f"/{office.slug}/cases/{folder.case.id}/periods/{month}/statistics/"))
    hanna.locator("[name=cause-1]").select_option("LANGUAGE")
    hanna.get_by_role("button", name="Keep").click()
    rut.reload()
    expect(rut.get_by_role("heading", name="Today it would be another one")).to_be_visible()
    rut.get_by_role("button", name="Make it anew").click()
    expect(rut.get_by_role("heading", level=1)).to_contain_text("number 2")
    rut.get_by_label("How it was delivered").fill("Kvittens 4711")
    rut.get_by_role("button", name="Mark as delivered").click()
    expect(rut.get_by_text("Delivered: Kvittens 4711")).to_be_visible()
    rut.get_by_role("link", name="Statistics").first.click()
    expect(rut.locator("tbody tr").first).to_contain_text("number 2 delivered")
    fine_at_both(rut, "desk-statistics")


def test_what_is_sent_wrong_comes_back_with_the_reason(office: Any, desk: Any) -> None:
    folder = office.case()
    folder.applied()
    hanna = desk(office, "hanna")
    page = f"/cases/{folder.case.id}/periods/{office.month}/statistics/"
    answer = hanna.open(page, **{"cause-0": "LAZY", "refugee-0": "no", "abroad-0": "perhaps"})
    assert answer.status_code == 422 and "Choose a cause from the list." in answer.text
    assert '<option value="no" selected>' in answer.text
    for none in ("1999-01", "x"):
        assert hanna.open(f"/cases/{folder.case.id}/periods/{none}/statistics/").status_code == 404
    rut = desk(office, "rut")
    folder.decided()
    for told in ("", "2026-13", str(office.month), str(office.month - 3)):
        assert rut.open("/statistics/", month=told or "x").status_code == 422
    after = {**office.act("rut"), "now": (office.now.replace(day=1) + timedelta(days=32)).replace(day=1)}
    file = make_statistics_file(**after, month=office.month)
    assert rut.open(f"/statistics/{file.id}/", how="Kvittens", version="99").status_code == 422
