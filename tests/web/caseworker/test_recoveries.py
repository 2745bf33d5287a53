"""Money is claimed back at the desk by two people; the person reads why, what is left, and what she can do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from handslag.domain.payments.models import Recovery
from handslag.domain.tenancy.door import acting
from tests.bed import Process
from tests.domain.test_recoveries import REASONS, paid_too_much
from tests.office import TEST
from tests.web.caseworker.test_corrections import _person

pytestmark = pytest.mark.browser


def test_a_claim_from_the_account_to_the_persons_page(
    office: Any,
    log_in: Callable[..., Page],
    new_context: Callable[..., BrowserContext],
    server: Process,
    fine_at_both: Callable[[Page, str], None],
) -> None:
    folder = paid_too_much(office)
    hanna = log_in(office, "hanna", at=server.url("desk", f"/{office.slug}/cases/{folder.case.id}/account/"))
    hanna.get_by_role("link", name="Paid too much, and claimed back").click()
    amount = hanna.get_by_label("To pay back for")
    expect(amount).to_have_value("")  # nothing is filled in
    amount.fill("600")
    hanna.get_by_label("On what ground").select_option("misinformed")
    hanna.get_by_label("Reasons, for the person to read").fill(REASONS)
    hanna.get_by_label("If you haven’t asked").fill("Hon har själv bett oss att räkna om.")
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("More than was paid too much")
    expect(hanna.get_by_label("Reasons, for the person to read")).to_have_value(REASONS)
    fine_at_both(hanna, "desk-recovery-error")
    hanna.get_by_label("To pay back for").fill("550")
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_text("A second pair of eyes")).to_be_visible()

    with acting(office.slug, TEST, "look"):
        row = Recovery.objects.get(case=folder.case)
    bo = log_in(office, "bo", at=server.url("desk", f"/{office.slug}/proposals/"))
    bo.get_by_role("table", name="Claims to pay back").get_by_role("link").click()
    fine_at_both(bo, "desk-recovery-proposed")
    bo.get_by_role("button", name="Decide").click()
    expect(bo.get_by_role("heading", name="Where it stands")).to_be_visible()
    hanna.reload()
    hanna.locator("#id_money-amount").fill("100")
    hanna.get_by_label("What it rests on").fill("kontoutdrag 12")
    hanna.get_by_role("button", name="Book").click()
    hanna.get_by_label("Amount each month").fill("500")
    hanna.get_by_label("What you agreed").fill("Per telefon i dag.")
    hanna.get_by_role("button", name="Write down the plan").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("more than is left to pay")
    fine_at_both(hanna, "desk-recovery-decided")

    person = _person(folder, new_context(locale="en-GB"), server)
    person.goto(server.url("apply", f"/{office.slug}/my/"))
    person.get_by_role("link", name=re.compile("450.* left to pay back")).click()
    expect(person.get_by_text(REASONS)).to_be_visible()
    expect(person.get_by_text(row.number).first).to_be_visible()
    fine_at_both(person, "citizen-recovery")
