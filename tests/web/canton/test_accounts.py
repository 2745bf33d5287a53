"""The accounts of partners at the counter: figures down to their source, bank details and payments by two people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from playwright.sync_api import Page, expect

from handslag.domain.accounts.models import PaymentOrder
from handslag.domain.accounts.operations import post
from handslag.domain.accounts.states import Move, Rests, Side
from handslag.domain.exchange.queries import own_address
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting
from handslag.jobs.payments import take_bank_file
from handslag.kernel import clock
from tests.accounts import CLAIMED, DECIDED, compared, entry, source
from tests.bed import Process
from tests.canton import Canton, open_canton
from tests.domain.test_accounts import notice
from tests.exchange import Side as Exchanging
from tests.office import TEST, run_jobs


def test_every_figure_leads_to_its_source_and_two_people_pay(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    canton, place, other = open_canton(database)
    home = f"/{canton.slug}"
    addresses = []
    for office in (place, other):
        with acting(office.slug, TEST, "look"):
            addresses.append(own_address())
    ulla = log_in(canton, "ulla", at=server.url("desk", f"{home}/accounts/"))
    fine_at_both(ulla, "accounts-empty")

    # an account begins with bank details: a QR-IBAN isn't one, and another person confirms
    ulla.get_by_text("Record where a partner is paid").click()
    ulla.get_by_label("Who is paid?").select_option(addresses[0])
    for label, text in (
        ("Holder of the account", "Gemeinde Musterwil"), ("Postcode", "8999"), ("Town", "Musterwil"),
        ("IBAN", "CH44 3199 9123 0008 8901 2"),
    ):  # fmt: skip
        ulla.get_by_label(label, exact=True).fill(text)
    ulla.get_by_role("button", name="Record").click()
    expect(ulla.get_by_role("alert")).to_contain_text("it is a QR-IBAN")
    fine_at_both(ulla, "accounts-error")
    ulla.get_by_label("IBAN", exact=True).fill("CH93 0076 2011 6238 5295 7")
    ulla.get_by_label("QR-IBAN").fill("CH44 3199 9123 0008 8901 2")
    ulla.get_by_role("button", name="Record").click()
    expect(ulla.get_by_text("to be confirmed by a second person")).to_be_visible()
    expect(ulla.get_by_role("button", name="Checked: it is right")).to_have_count(0)
    account = ulla.url
    erik = log_in(canton, "erik", locale="de-CH", at=account)
    erik.get_by_role("button", name="Geprüft: Es stimmt").click()
    expect(erik.get_by_text("Von zweien geprüft")).to_be_visible()

    # the quarter is claimed and decided; each figure leads to its entries, and these to their posting
    posts = {**canton.act("hanna"), "partner": addresses[0], "side": Side.PAYER}
    post(**posts, source=source(Rests.STATEMENT, "2026-Q3"), entries=CLAIMED)
    post(**posts, source=source(Rests.ANSWER, "2026-Q3 answered"), entries=DECIDED)
    post(**posts | {"partner": addresses[1]}, source=source(Rests.STATEMENT, "2026-Q3"), entries=CLAIMED[:1])
    erik.goto(account)
    expect(erik.get_by_role("row", name="Zusammen")).to_contain_text("8’392.97")
    fine_at_both(erik, "account-de")
    erik.get_by_role("link", name="576.00 Gekürzt, Asylfürsorge").click()
    expect(erik.get_by_role("row")).to_have_count(2)
    fine_at_both(erik, "account-entries-de")
    erik.get_by_role("row").nth(1).get_by_role("link").click()
    expect(erik.get_by_text("2026-Q3 answered", exact=True)).to_be_visible()
    expect(erik.get_by_role("row")).to_have_count(1 + len(DECIDED))
    fine_at_both(erik, "account-posting-de")

    # one orders, another releases: everything is paid, what was reclaimed is netted
    ulla.goto(account)
    ulla.get_by_role("button", name="Pay what is open").click()
    expect(ulla.get_by_text("waits for a second person")).to_be_visible()
    expect(ulla.get_by_role("button", name="Release")).to_have_count(0)
    erik.goto(account)
    erik.get_by_role("button", name="Freigeben").click()
    expect(erik.get_by_text("die Zahlungsdatei wird geschrieben")).to_be_visible()
    run_jobs(database)  # no account of the canton to draw on is known yet: a person is told, and nothing has left
    erik.reload()
    expect(erik.get_by_text("die Zahlungsdatei kann nicht geschrieben werden")).to_be_visible()
    fine_at_both(erik, "account-refused-de")
    erik.goto(server.url("desk", f"{home}/tasks/"))
    erik.get_by_role("link", name="2026-").click()
    set_policy(**canton.by(TEST), name="debtor_account", value={"kind": "iban", "number": "CH5604835012345678009"})
    erik.get_by_role("button", name="Zurücknehmen").click()
    erik.get_by_role("button", name="Offenes bezahlen").click()
    ulla.goto(account)
    ulla.get_by_role("button", name="Release").click()
    expect(ulla.get_by_text("its file is being written")).to_be_visible()
    run_jobs(database)
    erik.goto(account)
    expect(erik.get_by_text("für die Bank geschrieben und gebucht")).to_be_visible()
    with erik.expect_download() as taken:
        erik.get_by_role("link", name="Zahlungsdatei").click()
    assert ElementTree.parse(taken.value.path()).findtext(".//{*}CtrlSum") == "8392.97"
    fine_at_both(erik, "account-paid-de")

    # the bank pays it, and the money comes back: open again, and who released it has a task
    with acting(canton.slug, TEST, "look"):
        key = PaymentOrder.objects.get(state="sent").id.hex
    take_bank_file(canton.slug, TEST, notice(1, "8392.97", reference=key))
    erik.reload()
    expect(erik.get_by_text("die Bank hat bezahlt")).to_be_visible()
    take_bank_file(canton.slug, TEST, notice(2, "8392.97", "CRDT", reference=key, code="AC04"))
    take_bank_file(canton.slug, TEST, notice(3, "12.00", "CRDT", about="Danke"))
    erik.goto(server.url("desk", f"{home}/tasks/"))
    expect(erik.get_by_text("Eine Zahlung an einen Partner kam bei niemandem an")).to_be_visible()
    fine_at_both(erik, "account-tasks-de")
    erik.get_by_role("link", name="2026-").click()
    expect(erik.get_by_text("das Geld kam zurück")).to_be_visible()
    expect(erik.get_by_role("button", name="Offenes bezahlen")).to_be_visible()
    fine_at_both(erik, "account-returned-de")
    erik.goto(server.url("desk", f"{home}/bank/"))
    expect(erik.get_by_role("row", name="keine Zahlung hat diese Referenz")).to_contain_text("kam herein Danke")
    fine_at_both(erik, "account-bank-de")

    # the list: partners with what waits; in French too
    page = log_in(canton, "rut", locale="fr-CH", at=server.url("desk", f"{home}/accounts/"))
    expect(page.get_by_role("row", name="Beispielen kommun")).to_contain_text("1 800.00")
    expect(page.get_by_role("row", name="Ensemble")).to_be_visible()
    fine_at_both(page, "accounts-fr")

    # what the partner's own account says differently stands before a person, in her words
    side, *places = [Exchanging(office) for office in (canton, place, other)]
    told = Canton(database, side, places)
    told.pair.now = clock.now()
    compared(told, side, places[0], Side.PAYER)
    page.goto(server.url("desk", f"{home}/tasks/"))
    page.locator("a[href*=payment_advices]").first.click()  # that a payment doesn't fit there
    expect(page.get_by_text("ne correspond pas au compte du partenaire")).to_be_visible()
    expect(page.get_by_role("row", name="01.07.2026").first).to_be_visible()
    fine_at_both(page, "account-advice-fr")
    page.goto(server.url("desk", f"{home}/tasks/"))
    page.locator("a[data-item][href*=questions]").click()
    expect(page.get_by_text("manque chez le partenaire").first).to_be_visible()
    fine_at_both(page, "account-differs-fr")
    page.goto(account)
    expect(page.get_by_text("pas identiques")).to_be_visible()
    page.get_by_role("button", name="Comparer avec le partenaire").click()
    expect(page.get_by_text("pas encore de réponse")).to_be_visible()
    fine_at_both(page, "account-compared-fr")

    # a municipality sees neither the canton's accounts nor another one's
    hanna = log_in(place, "hanna")
    answer = hanna.goto(server.url("desk", f"/{place.slug}{account.split(home)[1]}"))
    assert answer is not None
    assert answer.status == 404
    hanna.goto(server.url("desk", f"/{place.slug}/accounts/"))
    expect(hanna.get_by_text("No account yet")).to_be_visible()

    # money that nothing here expects: a payer matches it, wrongly first, and takes it back
    entries = [entry(move, 20_00) for move in (Move.CLAIMED, Move.ACCEPTED)]
    post(**posts | {"side": Side.CLAIMANT}, source=source(Rests.STATEMENT, "T"), entries=entries)
    erik.goto(server.url("desk", f"{home}/bank/"))
    erik.get_by_role("link", name="Von Hand zuordnen").click()
    expect(erik.get_by_text("Danke")).to_be_visible()
    erik.get_by_role("button", name="Auf diesem Konto buchen").click()
    expect(erik.get_by_role("alert")).to_be_visible()
    fine_at_both(erik, "incoming-error-de")
    erik.get_by_label("Nummer, die der Partner").fill("P-77")
    erik.get_by_label("das Älteste zuerst").check()
    erik.get_by_role("button", name="Auf diesem Konto buchen").click()
    matched = erik.get_by_role("table", name="Von Hand zugeordnet")
    expect(matched.get_by_role("row", name="Musterwil kommun")).to_contain_text("12.00")
    fine_at_both(erik, "bank-matched-de")
    page = log_in(canton, "erik", locale="fr-CH", at=server.url("desk", f"{home}/bank/"))
    page.get_by_role("table", name="Attribué à la main").get_by_role("link").click()
    page.get_by_label("Pourquoi c’est annulé").fill("autre canton")
    fine_at_both(page, "incoming-matched-fr")
    page.get_by_role("button", name="Annuler l’attribution").click()
    expect(page.get_by_role("link", name="Attribuer à la main")).to_be_visible()
    page.get_by_role("link", name="Attribuer à la main").click()
    page.get_by_label("Numéro du dossier").fill("2026-9")
    page.get_by_label("Ce que c’est").select_option(label="Autre revenu")
    page.get_by_label("De qui").fill("Voisine")
    page.get_by_role("button", name="Comptabiliser sur ce dossier").click()
    expect(page.get_by_text("Il n’y a pas de dossier portant ce numéro").first).to_be_visible()
    page.get_by_label("Numéro de la créance").fill("2026-9-D")
    page.get_by_role("button", name="Comptabiliser sur cette créance").click()
    expect(page.get_by_text("Il n’y a pas ici de créance portant ce numéro").first).to_be_visible()
    fine_at_both(page, "incoming-claim-error-fr")
    line = page.url.split(home)[1]
    for office, who in ((canton, "hanna"), (place, "ulla")):
        answer = log_in(office, who).goto(server.url("desk", f"/{office.slug}{line}"))
        assert answer is not None
        assert answer.status in (403, 404)
