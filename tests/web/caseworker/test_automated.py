"""Granting without a person is switched on by two administrators; each page and the letter say that nobody decided, and
how a person looks at it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from handslag.connectors.letter import port
from handslag.domain.decisions.models import Decision, Letter
from handslag.domain.tenancy.door import acting
from handslag.jobs.letters import letter_from
from tests.domain.test_automated import renewed, tried
from tests.office import TEST, open_office


def test_it_is_switched_on_at_the_desk_and_said_to_everybody(
    connect: Any, log_in: Callable[..., Page], server: Any, fine_at_both: Any, request: Any
) -> None:
    office = open_office(connect, renewal_opens_days_before=31)
    office.admit("astrid", "Astrid Andra", "administrator")
    folder = renewed(office)
    page = log_in(office, "alva", at=server.url("desk", f"/{office.slug}/delegations/"))
    page.get_by_label("Which decisions").select_option("automated")
    page.get_by_label("To whom").select_option("decider")
    page.get_by_label("Clause of the delegation order").fill("4.2.1")
    page.get_by_label("Whose decision, of which day").fill("Socialnämnden 2026-03-02")
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.get_by_text("nobody only for what is automated").first).to_be_visible()
    fine_at_both(page, "desk-delegation-automated-error")
    page.get_by_label("To whom").select_option("nobody")
    page.get_by_label("Months in a row").fill("2")
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.get_by_role("cell", name="nobody", exact=True)).to_be_visible()
    assert tried(folder) == "not delegated"
    page = log_in(office, "astrid", at=server.url("desk", f"/{office.slug}/delegations/"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("entered by Alva")).to_be_visible()
    expect(page.get_by_text("2 months in a row")).to_be_visible()
    fine_at_both(page, "desk-delegation-automated")
    expect(page.get_by_text("The register is empty")).to_be_visible()  # people go on as before
    assert tried(folder) == ""
    with acting(office.slug, TEST, "look"):
        made = Decision.objects.get(automated=True)
        letter = letter_from(Letter.objects.get(decision=made).content)
        pdf = port.for_tenant().letter(letter).content
    folder_of_pictures = request.config.rootpath / "var/pictures"
    folder_of_pictures.mkdir(parents=True, exist_ok=True)
    (folder_of_pictures / "letter-automated.pdf").write_bytes(pdf)
    said = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf), strict=True).pages).split())
    for words in ("Ett automatiserat beslut", "Ingen människa har gått igenom det först", "Automatiserat beslut"):
        assert words in said, words
    assert "fattats av en person" not in said

    page = log_in(office, "hanna", at=server.url("desk", f"/{office.slug}/decisions/{made.id}/"))
    expect(page.get_by_text("Decided automatically")).to_be_visible()
    fine_at_both(page, "desk-decision-automated")
