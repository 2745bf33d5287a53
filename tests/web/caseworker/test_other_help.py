"""Help under 12 kap. 2 § from the desk to the person's page, in-process; and what it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from handslag.domain.audit.models import ReadEntry
from handslag.domain.payments.models import OtherHelp
from handslag.domain.tenancy.door import acting
from tests.bed import Process
from tests.domain.test_other_help import REASONS
from tests.office import TEST
from tests.web.caseworker.test_corrections import _person

pytestmark = pytest.mark.browser


def test_from_the_proposal_to_the_persons_page(
    office: Any,
    log_in: Callable[..., Page],
    new_context: Callable[..., BrowserContext],
    server: Process,
    fine_at_both: Callable[[Page, str], None],
) -> None:
    folder = office.case()
    hanna = log_in(office, "hanna", at=server.url("desk", f"/{office.slug}/cases/{folder.case.id}/other-help/"))
    hanna.get_by_label("For which month").select_option(str(office.month))
    hanna.get_by_label("What it is for").fill("Sommarläger för barnet")
    hanna.get_by_label("Amount applied for").fill("1 200")
    hanna.get_by_label("Amount to grant").fill("1 300")
    hanna.get_by_label("Reasons, for the person to read").fill(REASONS)
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("at most what is applied for")
    expect(hanna.get_by_label("Reasons, for the person to read")).to_have_value(REASONS)
    fine_at_both(hanna, "desk-other-help-error")
    hanna.get_by_label("Amount to grant").fill("900")
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_text("A second pair of eyes")).to_be_visible()
    expect(hanna.get_by_role("button", name="Decide")).to_have_count(0)

    bo = log_in(office, "bo", at=server.url("desk", f"/{office.slug}/proposals/"))
    bo.get_by_role("table", name="Help under 12 kap. 2 §").get_by_role("link").click()
    fine_at_both(bo, "desk-other-help-proposed")
    bo.get_by_role("button", name="Decide").click()
    expect(bo.get_by_role("heading", name="Payments")).to_be_visible()
    with acting(office.slug, TEST, "look"):
        row = OtherHelp.objects.get(case=folder.case)
        assert ReadEntry.objects.filter(what="other help", subject=row.person_id).exists()  # told to her, nobody else
    bo.goto(server.url("desk", f"/{office.slug}/cases/{folder.case.id}/account/"))
    expect(bo.get_by_role("table", name="Bookings")).to_contain_text("Help under 12 kap. 2 §")

    person = _person(folder, new_context(locale="en-GB"), server)
    person.goto(server.url("apply", f"/{office.slug}/my/"))
    expect(person.get_by_role("heading", name="Payments").locator("..")).to_contain_text("Other help")
    person.get_by_role("link", name=re.compile("Sommarläger för barnet: you get .*900")).click()
    expect(person.get_by_text(REASONS)).to_be_visible()
    expect(person.get_by_text(row.number).first).to_be_visible()
    expect(person.locator("#appeal")).to_contain_text("laglighetsprövning")
    fine_at_both(person, "citizen-other-help")

    # the decision was wrong: another one takes its place, on a ground, and she sees both
    hanna.goto(server.url("desk", f"/{office.slug}/other-help/{row.id}/"))
    hanna.get_by_text("Replace it by another decision").click()
    hanna.get_by_label("Amount to grant").fill("1 200")
    hanna.get_by_label("Reasons, for the person to read").fill("Avgiften var högre än vi trodde.")
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_label("Amount to grant")).to_have_value("1 200")  # no ground yet, and nothing is lost
    fine_at_both(hanna, "desk-other-help-replace-error")
    hanna.get_by_label(re.compile("It is wrong: something new")).check()
    hanna.get_by_role("button", name="Propose").click()
    expect(hanna.get_by_role("link", name=f"Replaces decision {row.number}")).to_be_visible()
    bo.goto(hanna.url)
    bo.get_by_role("button", name="Decide").click()
    expect(bo.get_by_role("heading", name="Payments").locator("..")).to_contain_text("300")
    person.reload()
    expect(person.get_by_text("A later decision has replaced this one")).to_be_visible()
    person.get_by_role("link", name=re.compile("^Decision ")).click()
    expect(person.get_by_text("Avgiften var högre än vi trodde.")).to_be_visible()
    expect(person.locator("#appeal")).to_contain_text("laglighetsprövning")
