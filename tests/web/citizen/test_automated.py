"""A decision that nobody took says so, with the way to a person."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from handslag.domain.decisions.models import Decision
from handslag.domain.tenancy.door import acting
from tests.domain.test_automated import delegated, renewed, tried
from tests.office import TEST


def test_she_is_told_that_no_person_decided_and_asks_for_one(new_office: Any, citizen: Any, fine_at_both: Any) -> None:
    office = new_office(renewal_opens_days_before=31)
    office.admit("astrid", "Astrid Andra", "administrator")
    delegated(office)
    folder = renewed(office)
    assert tried(folder) == ""
    with acting(office.slug, TEST, "look"):
        made = Decision.objects.get(automated=True)
    her = citizen(folder)
    her.log_in()
    expect(her.page.locator("h1")).to_contain_text("Petra")
    her.goto(f"decisions/{made.id}/")
    expect(her.page.get_by_text("Det här beslutet är fattat automatiskt")).to_be_visible()
    fine_at_both(her.page, "citizen-decision-automated")
    her.page.get_by_text("Lagen och vem").click()
    expect(her.page.locator("main")).to_contain_text("Beslutet är fattat automatiskt, enligt 4.2.1")
    expect(her.page.locator("main")).not_to_contain_text("Ingen dator")
    her.page.get_by_role("link", name="Be att en människa går igenom det").click()
    expect(her.page.locator("textarea[name=text]")).to_be_visible()
