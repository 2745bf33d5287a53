"""An institution sees its own people, asks for a cost, bills what was approved, and sees where it is paid."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace as replaced
from typing import Any

from msgspec.structs import replace
from playwright.sync_api import Page, expect

from handslag.domain.accounts.operations import confirm_paid_to, record_paid_to
from handslag.domain.accounts.states import Side as Ledger
from handslag.domain.exchange.models import Message
from handslag.domain.people.operations.persons import register_person
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from handslag.messages.assignment.notices import person_of
from handslag.messages.cost_approval.build import in_full
from tests.accounts import BANK
from tests.bed import Process
from tests.canton import Canton, arrived, open_canton, somebody
from tests.connectors.bank.test_qr_bill import text as qr_bill
from tests.exchange import Side
from tests.office import TEST, open_office


def test_an_institution_sees_its_people_what_was_approved_and_its_money(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    homes = [open_office(database.connect, name, "CH", kind="provider") for name in ("wohnheim", "kursort")]
    database.close_connections()
    side, *places = [Side(office) for office in (*offices, *homes)]
    canton, (home, other) = Canton(database, side, places), homes
    one, unknown = somebody(), somebody()
    told = canton.assigned(0, one)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    number = one.person.identifier
    with acting(home.slug, home.staff["rut"], "register"):
        for person in (one, unknown):
            register_person(**canton.pair.act(places[2], "rut"), new=person_of(person))

    # the first page is its own; it asks for its people only, and has no register
    hanna = log_in(home, "hanna", at=server.url("desk", f"/{home.slug}/"))
    expect(hanna.get_by_role("heading", level=1)).to_have_text("Our people and our money")
    expect(hanna.get_by_role("link", name="The register")).to_have_count(0)
    expect(hanna.get_by_role("link", name="Ask for a cost")).to_have_count(2)
    fine_at_both(hanna, "partner-begun")
    hanna.get_by_role("link", name="Ask for a cost").first.click()
    hanna.get_by_label("Kind of cost").select_option("PROGRAMME")
    hanna.get_by_label("What is it?").fill("Wohntraining")
    hanna.get_by_label("Why is it needed?").fill("Sie soll selbständig wohnen.")
    hanna.get_by_label("Last day").fill(canton.today.isoformat())
    hanna.get_by_label("Price of one").fill("95")
    hanna.get_by_label("Who shall bear it?").select_option(label="Kanton kommun")
    hanna.get_by_role("button", name="Ask for it").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    sent = canton.asked_for(places[2], number, account_code="TRAINING", what="Deutschkurs")
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    with acting(side.office.slug, TEST, "look"):
        answer = in_full(Message.objects.get(message_id=sent.message_id))
    canton.decided(sent, replace(answer, by_rules=False))
    canton.settle()

    # what was approved stands beside her, under its number; the other request waits
    hanna.goto(server.url("desk", f"/{home.slug}/partner/"))
    expect(hanna.get_by_role("row", name="not answered yet")).to_have_count(1)
    expect(hanna.get_by_role("row", name="Course or training")).to_contain_text("260")
    fine_at_both(hanna, "partner")
    hanna.get_by_role("link", name="Calendar").click()  # of the two requests the one that waits
    expect(hanna.locator("tbody tr")).to_have_count(1)
    expect(hanna.get_by_role("row", name="They answer: Cost approval")).to_contain_text("Kanton kommun")
    hanna.go_back()

    # it bills under the number: too much is shown first; by the text of its QR-bill, over the same amount
    hanna.get_by_role("row", name="Course or training").get_by_role("link", name=re.compile("^Bill ")).click()
    expect(hanna.get_by_role("heading", level=1)).to_have_text("Bill under an approval")
    new_bill = hanna.url.partition(home.slug)[2]
    hanna.get_by_label("Number of the bill").fill("R-7")
    for label in ("First day", "Last day"):
        hanna.get_by_label(label).fill(canton.today.isoformat())
    hanna.get_by_label("How many?").fill("4")
    hanna.get_by_label("IBAN or QR-IBAN").fill("CH93 0076 2011 6238 5295 7")
    hanna.get_by_role("button", name="Send the bill").click()
    expect(hanna.get_by_text("More is billed than is left of the approval")).to_be_visible()
    fine_at_both(hanna, "bill-against")
    hanna.get_by_label("How many?").fill("2")
    hanna.get_by_label("Text of the QR code").fill(qr_bill())
    hanna.get_by_role("button", name="Send the bill").click()
    expect(hanna.get_by_text("The QR-bill is over another amount than quantity times price.").first).to_be_visible()
    hanna.get_by_label("Text of the QR code").fill(qr_bill({18: "840.00"}))
    hanna.get_by_role("button", name="Send the bill").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    expect(hanna.get_by_text("210000000003139471430009017")).to_be_visible()
    bill = hanna.url.partition(home.slug)[2]
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()

    # the payer's decider finds it among the tasks, pays it against the finding with words only; both see the same
    bo = log_in(side.office, "bo", at=server.url("desk", f"/{side.office.slug}/tasks/"))
    fine_at_both(bo, "bill-task")
    bo.get_by_role("row").filter(has_text="An institution bills what was approved").get_by_role("link").click()
    expect(bo.get_by_text("Nobody has confirmed the account of this bill as theirs").first).to_be_visible()
    bo.get_by_label("Yes, as a whole").check()
    bo.get_by_role("button", name="Send the answer").click()
    expect(bo.get_by_role("alert").first).to_contain_text("write why it is paid all the same")
    fine_at_both(bo, "bill-error")
    bo.get_by_label("Yes, as a whole").check()
    bo.get_by_label("In words").fill("Die Bankverbindung wird diese Woche bestätigt.")
    bo.get_by_role("button", name="Send the answer").click()
    expect(bo.get_by_role("button", name="Take it back")).to_be_visible()
    there = bo.url.partition(side.office.slug)[2]
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    for one in (hanna, bo):
        one.reload()
        expect(one.get_by_text("accepted, will be paid").first).to_be_visible()
        expect(one.get_by_text("It will be paid.")).to_be_visible()
        fine_at_both(one, "bill-paid" if one is bo else "bill-accepted")
        one.get_by_role("link", name="The account: what is posted and paid").click()
        expect(one.get_by_role("row").filter(has_text="Bills of institutions").first).to_contain_text("840")
    # its reference pays it alone, once two have looked at its account; until then there is a task
    expect(bo.get_by_text("Nobody has confirmed the account of this bill as theirs")).to_be_visible()
    fine_at_both(bo, "account-bill")
    account = bo.url
    new = replaced(BANK, holder="Wohnheim Musterau", qr_iban="CH44 3199 9123 0008 8901 2")
    told = {"partner": places[2].address, "side": Ledger.PAYER, "new": new}
    details = record_paid_to(**canton.pair.act(side, "rut"), **told)
    confirm_paid_to(**canton.pair.act(side, "erik"), details=details.id, version=1)
    ulla = log_in(side.office, "ulla", at=account)
    expect(ulla.get_by_role("button", name="Pay what is open")).to_have_count(0)
    ulla.get_by_role("button", name="Pay CHF 840.00 R-7").click()
    expect(ulla.get_by_text("A payment waits for its release")).to_be_visible()
    expect(ulla.get_by_text("210000000003139471430009017")).to_have_count(2)
    fine_at_both(ulla, "account-bill-ordered")
    hanna.goto(server.url("desk", f"/{home.slug}/provider_bills/"))
    expect(hanna.get_by_role("row").filter(has_text="R-7")).to_contain_text("accepted, will be paid")
    fine_at_both(hanna, "bills")

    # another institution sees nobody of them, a municipality has no such page, who only pays sees no people
    stranger = log_in(other, "hanna", at=server.url("desk", f"/{other.slug}/partner/"))
    expect(stranger.get_by_text("Nobody yet")).to_be_visible()
    key = canton.person(number, places[2]).id
    for office, login, path in (
        (offices[1], "hanna", "/partner/"), (other, "hanna", f"/cost_approvals/new/{key}/"),
        (home, "hanna", f"/cost_approvals/new/{canton.person(number).id}/"), (other, "hanna", new_bill),
        (other, "bo", bill), (offices[1], "bo", there), (offices[0], "bo", new_bill),
    ):  # fmt: skip
        reply = log_in(office, login).goto(server.url("desk", f"/{office.slug}{path}"))
        assert reply is not None
        assert reply.status == 404, path

    # its own administrators let a colleague in: one proposes what she may do, another gives it
    home.admit("ada", "Ada Administratör", "administrator")
    alva = log_in(home, "alva", at=server.url("desk", f"/{home.slug}/staff/"))
    admit = alva.locator("section", has=alva.get_by_role("heading", name="Admit a colleague"))
    admit.get_by_label("E-mail: the log-in name").fill("nora@wohnheim.example")
    admit.get_by_label("Name, as letters show it").fill("Nora Neu")
    admit.get_by_role("button", name="Admit").click()
    alva.get_by_label("Who").select_option(label="Nora Neu")
    alva.get_by_label("Which role").select_option("payer")
    alva.get_by_label("Last day").fill("1.1.2020")
    alva.get_by_role("button", name="Propose", exact=True).click()
    expect(alva.get_by_text("The last day must not lie before the first.").first).to_be_visible()
    fine_at_both(alva, "staff-error")
    alva.get_by_label("Last day").fill("")
    alva.get_by_role("button", name="Propose", exact=True).click()
    hers = alva.get_by_role("row").filter(has_text="Nora Neu")
    expect(hers).to_contain_text("proposed by Alva")
    expect(hers.get_by_role("button", name="Give")).to_have_count(0)
    hers.get_by_role("button", name="Link for the first log-in").click()
    first = alva.locator("code").inner_text(timeout=2000)
    ada = log_in(home, "ada", locale="de-CH", at=server.url("desk", f"/{home.slug}/staff/"))
    ada.get_by_role("button", name="Erteilen").click()
    expect(ada.get_by_role("row").filter(has_text="Nora Neu")).to_contain_text("Zahlungen und Abrechnungen")
    fine_at_both(ada, "staff-de")
    nora = log_in(home, "alva").context.browser.new_page()  # type: ignore[union-attr]
    nora.goto(first)
    for box in nora.locator("input[type=password]").all():
        box.fill("ein Pferd zählt drei Wolken")
    nora.get_by_role("button").last.click()
    expect(nora).to_have_url(server.url("desk", "/log-in/"))
    nora.close()
    alva.reload()
    expect(alva.get_by_role("button", name="Link for the first log-in")).to_have_count(0)

    payer = log_in(home, "ulla", at=server.url("desk", f"/{home.slug}/partner/"))
    expect(payer.get_by_role("heading", name="Our money", exact=True)).to_be_visible()
    expect(payer.get_by_role("heading", name="Our people", exact=True)).to_have_count(0)
    for locale, heading, words in (
        ("de-CH", "Unsere Personen und unser Geld", "Rechnung einer Institution"),
        ("fr-CH", "Nos personnes et notre argent", "Facture d’une institution"),
    ):
        page = log_in(home, "hanna", locale=locale, at=server.url("desk", f"/{home.slug}/partner/"))
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        fine_at_both(page, f"partner-{locale}")
        page.goto(server.url("desk", f"/{home.slug}{bill}"))
        expect(page.get_by_role("heading", level=1)).to_have_text(words)
        fine_at_both(page, f"bill-{locale}")
        page.goto(server.url("desk", f"/{home.slug}{new_bill}"))
        fine_at_both(page, f"bill-new-{locale}")
