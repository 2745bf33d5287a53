"""An appeal on both sides of the counter: sent by the person, checked, and handed over to the court."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from handslag.domain.decisions.models import Appeal
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import record_scan
from handslag.domain.tenancy.door import acting, system
from tests.bed import Process
from tests.office import TEST
from tests.web.caseworker.test_corrections import _person

pytestmark = pytest.mark.browser
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def test_a_decision_is_appealed_and_goes_to_the_court(
    office: Any,
    log_in: Callable[..., Page],
    new_context: Callable[..., BrowserContext],
    server: Process,
    fine_at_both: Callable[[Page, str], None],
) -> None:
    folder = office.case()
    folder.applied()
    decision = folder.decided()
    person = _person(folder, new_context(locale="en-GB"), server)
    person.goto(server.url("apply", f"/{office.slug}/decisions/{decision.id}/appeal/"))
    person.get_by_role("button", name="Send the appeal").click()
    expect(person.get_by_role("alert")).to_contain_text("Write what you want changed")
    person.get_by_label("How you want it changed").fill("Hyran räknades för lågt.")
    person.get_by_label("Or choose photos").set_input_files(
        {"name": "tom.pdf", "mimeType": "application/pdf", "buffer": b""}
    )
    person.get_by_role("button", name="Send the appeal").click()
    expect(person.get_by_role("alert")).to_contain_text("tom.pdf is empty")
    expect(person.get_by_label("How you want it changed")).to_have_value("Hyran räknades för lågt.")
    fine_at_both(person, "citizen-appeal-error")
    person.get_by_label("Or choose photos").set_input_files(
        {"name": "hyra.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    person.get_by_role("button", name="Send the appeal").click()
    expect(person.get_by_role("heading", name="What happens now")).to_be_visible()
    expect(person.get_by_text("hyra.pdf")).to_be_visible()
    fine_at_both(person, "citizen-appeal-sent")

    with acting(office.slug, TEST, "look"):
        appeal = Appeal.objects.get(decision=decision)
        scan = Document.objects.get(kind="appeal").id
    record_scan(**office.by(system("virus scan")), document=scan, clean=True, detail="")
    hanna = log_in(office, "hanna", at=server.url("desk", f"/{office.slug}/cases/{folder.case.id}/"))
    hanna.get_by_role("link", name=f"Appeal {appeal.number}").click()
    expect(hanna.get_by_text("Hyran räknades för lågt.")).to_be_visible()
    expect(hanna.get_by_text("it is in time, whenever she got it")).to_be_visible()
    hanna.get_by_role("button", name="Note what you find").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("Choose what you find.")
    fine_at_both(hanna, "desk-appeal-error")
    hanna.get_by_label("It came in time").check()
    hanna.get_by_role("button", name="Note what you find").click()
    expect(hanna.get_by_role("heading", name="Send it to the court")).to_be_visible()
    fine_at_both(hanna, "desk-appeal-timely")
    hanna.get_by_role("button", name="Hand it over to the court").click()
    expect(hanna.get_by_role("heading", name="What goes to the court")).to_be_visible()
    expect(hanna.get_by_text("overklagande.txt")).to_be_visible()
    fine_at_both(hanna, "desk-appeal-court")
    hanna.goto(server.url("desk", f"/{office.slug}/decisions/{decision.id}/appeal/"))
    hanna.get_by_label("What it says").fill("Jag överklagar.")
    hanna.get_by_role("button", name="Enter the appeal").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("Choose a day that has been")
    expect(hanna.get_by_label("What it says")).to_have_value("Jag överklagar.")
    fine_at_both(hanna, "desk-appeal-enter-error")
    person.reload()
    expect(person.get_by_text("It is with the administrative court")).to_be_visible()
    person.goto(server.url("apply", f"/{office.slug}/my/"))
    expect(person.get_by_role("link", name=f"Appeal {appeal.number}")).to_be_visible()
    fine_at_both(person, "citizen-my-appeal")
