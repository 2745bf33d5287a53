"""At the desk: what a corrected application changed stands first, and asking for what is missing is one page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from handslag.kernel import clock
from tests.office import C1

CHANGED = [
    *({**row, "amount": "6 500" if row["code"] == "RENT" else row["amount"]} for row in C1["costs"]),
    {"code": "GLASSES", "amount": "1 200", "note": "to see the board"},
]
CHANGED = [row for row in CHANGED if row["code"] != "ELECTRICITY"]


def test_the_difference_to_what_was_sent_first_stands_above_the_work(
    office: Any, log_in: Callable[..., Page], axe: Any, fine_at_both: Callable[[Page, str], None]
) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"))
    sent = folder.applied()
    office.now = clock.now()
    assert folder.corrected(sent.application_id, costs=CHANGED, message="We had the wrong bill") is not None
    page = log_in(office, "hanna")
    page.goto(page.url.partition(f"/{office.slug}/")[0] + f"/{office.slug}/inbox/")
    expect(page.locator("main")).to_contain_text("correction")
    page.goto(page.url.replace("/inbox/", f"/cases/{folder.case.id}/periods/{office.month}/"))
    told = page.locator(".ds-alert", has_text="what is different")
    rows = [row.inner_text().replace("\xa0", " ").split("\n") for row in told.locator("dl > div").all()]
    assert [(row[0], " ".join(row[1:])) for row in rows] == [
        ("Rent", "SEK 6,500.00 before: SEK 6,200.00"),
        ("Glasses", "SEK 1,200.00 to see the board before: –"),
        ("Electricity", "– before: SEK 450.00"),
        ("Is there anything else you want to tell us?", f"We had the wrong bill before: {C1.get('message') or '–'}"),
    ]
    assert told.bounding_box()["y"] < page.locator("#costs").bounding_box()["y"]  # type: ignore[index]
    fine_at_both(page, "desk-corrected")
    page.goto(page.url.replace(f"periods/{office.month}/", f"applications/{sent.application_id}/"))
    expect(page.locator("main")).to_contain_text("corrected")
    assert axe(page) == []
    page.goto(page.url.replace(f"applications/{sent.application_id}/", f"periods/{office.month}/ask/"))
    page.get_by_label("What you need to know or see").fill("We need to see the bill")
    page.locator("#id_until").fill("2020-01-01")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("main")).to_contain_text("We need to see the bill")
    assert page.locator("[aria-invalid=true]").get_attribute("id") == "id_until"
    fine_at_both(page, "desk-ask")
    page.locator("#id_until").fill((office.today + timedelta(days=7)).isoformat())
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("main")).to_contain_text("We need to see the bill")
    assert "/ask/" not in page.url
    fine_at_both(page, "desk-asked")
