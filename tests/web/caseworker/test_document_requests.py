"""Documents are asked for from a case, given from the other side's case, and opened once they are scanned."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from handslag.domain.decisions.models import Letter
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import record_document, record_scan
from handslag.domain.exchange.models import Message
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.tenancy.door import acting, system
from handslag.kernel import clock
from tests.bed import Process
from tests.exchange import Pair, Side
from tests.office import TEST, open_office, run_jobs
from tests.web.caseworker.test_documents_beside_lines import given
from tests.web.citizen.test_evidence import PDF, file, stored


def test_documents_are_asked_for_given_or_refused_and_opened(
    database: Any, connect: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    here, there = open_office(connect, "fragar"), open_office(connect, "ger")
    folder, theirs = here.case(), there.case()
    assert folder.numbers == theirs.numbers
    given(theirs, theirs.draft(), hyresavtal="costs:RENT::0")
    unscanned = stored(there, file("nyss.pdf", PDF + b"nyss"))
    for title, one in unscanned:
        record_document(
            **there.by(TEST), subject=theirs.case.id, kind="evidence", title=title, provenance="applicant",
            retention="personal_file", file=one,
        )  # fmt: skip
    pair = Pair(database, Side(here), Side(there), folder, here.now)

    def settle() -> None:
        pair.now = clock.now()
        pair.settle()

    hanna, other = log_in(here, "hanna"), log_in(there, "hanna")
    case = server.url("desk", f"/{here.slug}/cases/{folder.case.id}/")
    hanna.goto(case)
    hanna.get_by_role("link", name="Ask for documents").click()
    hanna.get_by_label("Which documents?").fill("\n".join(f"Dokument {n}" for n in range(11)))
    hanna.get_by_role("button", name="Ask for them").click()
    expect(hanna.get_by_role("alert")).to_contain_text("At most ten documents")
    expect(hanna.get_by_role("alert")).to_contain_text("Enter the day on which she consented.")
    fine_at_both(hanna, "desk-documents-ask-error")
    hanna.get_by_label("Whom do you ask?").select_option(pair.answerer.address)
    hanna.get_by_label("Which documents?").fill("Hyresavtalet för Provgatan 1\nBeslutet för oktober")
    hanna.get_by_label("The ground in words").fill("Samtycke i samtal")
    hanna.get_by_label("Consented on").fill(pair.today.isoformat())
    hanna.get_by_label("What they should know").fill("Hon hittar inte sitt hyresavtal.")
    hanna.get_by_role("button", name="Ask for them").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    asked = hanna.url
    settle()

    other.goto(server.url("desk", f"/{there.slug}/tasks/"))
    other.get_by_role("link", name="Fragar kommun").first.click()
    lease = other.get_by_label("Hyresavtalet för Provgatan 1")
    offered = lease.locator("option").all_inner_texts()
    assert [text.partition(",")[0] for text in offered if ".pdf" in text] == ["hyresavtal.pdf"]
    other.get_by_role("button", name="Send the answer").click()
    fine_at_both(other, "desk-documents-give-error")
    lease.select_option(label=next(text for text in offered if "hyresavtal" in text))
    other.get_by_label("Beslutet för oktober").select_option("OTHER_AUTHORITY")
    fine_at_both(other, "desk-documents-give")
    other.get_by_role("button", name="Send the answer").click()
    expect(other.get_by_role("button", name="Take it back")).to_be_visible()
    settle()

    (first,) = pair.asker.rows(Message, kind="document_request", reference=None)
    (row,) = pair.keeps(first)
    hanna.goto(asked)
    expect(hanna.get_by_text("locked until it is checked for viruses")).to_be_visible()
    record_scan(**here.by(system("virus scan")), document=row.id, clean=True, detail="")
    hanna.reload()
    fine_at_both(hanna, "desk-documents-given")
    expect(hanna.get_by_text("Another authority knows it")).to_be_visible()
    with hanna.expect_download() as coming:
        hanna.get_by_role("link", name="hyresavtal.pdf").click()
    with acting(there.slug, TEST, "look"):
        digest = Document.objects.get(title="hyresavtal.pdf").digest
    assert hashlib.sha256(coming.value.path().read_bytes()).hexdigest() == digest == row.digest
    hanna.goto(case)
    expect(hanna.get_by_role("link", name="From another organisation").first).to_be_visible()


def test_a_letter_that_tells_a_protected_address_is_given_to_nobody_elsewhere(
    database: Any, connect: Any, desk: Callable[..., Any]
) -> None:
    here, there = open_office(connect, "vill"), open_office(connect, "skyddar")
    folder, theirs = here.case(), there.case()
    theirs.applied()
    decision = theirs.decided()
    run_jobs(database)
    pair = Pair(database, Side(here), Side(there), folder, here.now)
    asked = pair.wanted("Beslutet")
    pair.settle()
    row = pair.answerer.message(asked.message_id)
    with acting(there.slug, TEST, "look"):
        letter = str(Letter.objects.get(decision=decision).document_id)
    bo = desk(there, "bo")
    page = f"/questions/{row.id}/"
    assert letter in bo.open(page).text
    person = theirs.citizens[0].id
    set_protection(**there.act("rut"), person=person, level=0, address_level=1, version=1)
    assert letter not in bo.open(page).text
    refused = bo.open(page, act="answer", key=str(uuid4()), **{"give-1": letter})
    assert refused.status_code == 422
