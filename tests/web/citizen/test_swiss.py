"""A Swiss municipality's applicants on their pages, in German and French: in by AGOV, from the application to the
order."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from handslag.domain.casefile.models import Case
from handslag.domain.intake.models import Application
from handslag.domain.people.models import AccountChange, Person
from handslag.domain.tenancy.door import Actor, acting
from tests.office import TEST, open_office
from tests.web.caseworker.conftest import Desk
from tests.web.caseworker.test_swiss import FORMS, Counter, ahv, condition, look, run_jobs

LEVELS = [f"urn:qa.agov.ch:names:tc:ac:classes:{level}" for level in (400, 500)]
AGOV = {"name": "AGOV", "claims": {"ahvn13": "ahvn13"}, "scopes": ["openid", "profile"], "accepted_acr": LEVELS}
#: What has no place on a Swiss page.
SWEDISH = re.compile(
    r"\bkr\b|kronor|öre\b|SEK|personnummer|BankID|Freja|riksnorm|försörjning|förvaltning|giro|Swish|god man", re.I
)
#: What the unit of every test's office is called.
UNIT = "Försörjningsstöd"
NEW_IBAN = "CH5604835012345678009"


def test_an_applicant_in_german_from_agov_to_the_order(
    database: Any, server: Any, citizen: Any, visit: Any, axe: Any, picture: Any
) -> None:
    office = open_office(
        database.connect, "musterwil", "CH", canton="ZH", application_forms=FORMS, demonstration=True, eid=AGOV,
        debtor_account={"kind": "iban", "number": NEW_IBAN}, renewal_opens_days_before=31,
    )  # fmt: skip
    number = ahv("921707698")
    at = Counter(office, lambda office, who: Desk(server, office, who))
    case = at.opens(("Dario", "1990-05-17", number, "adult"))
    with acting(office.slug, TEST, "look"):
        one = Case.objects.get()
    dario = citizen(_Folder(office, number), width=360, locale="de-CH")
    page: Page = dario.page

    def fine(title: str, name: str = "", way: Any = page) -> None:
        expect(way.get_by_role("heading", level=1)).to_contain_text(title)  # the page that the press led to
        way.wait_for_load_state()
        if name:
            picture(way, f"citizen-ch-{name}-360")
        assert axe(way) == []
        assert way.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        said = SWEDISH.search(way.locator("body").inner_text().replace(UNIT, ""))
        assert said is None, (way.url, said)

    dario.goto()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    fine("Sozialhilfe beantragen", "start")
    page.get_by_role("button", name="Mit AGOV anmelden").click()
    dario.identify("loa2")  # AGOV has not checked who she is well enough
    fine("Diese elektronische Identität reicht nicht")
    expect(page.get_by_role("main")).to_contain_text("AGOV hat noch nicht genug geprüft")
    page.get_by_role("link", name="Anders anmelden").click()
    expect(page.get_by_role("main")).to_contain_text("Sie brauchen Ihr Login bei AGOV.")
    page.get_by_role("button", name="Mit AGOV anmelden").click()
    dario.identify()
    fine("Dario", "my")
    page.get_by_role("button", name="Gesuch für").first.click()
    fine("Wer lebt im")
    page.get_by_role("button", name="Weiter", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Wählen Sie, ob sich etwas geändert hat.")
    fine("Wer lebt im", "household")
    page.get_by_label("Ja, alles ist gleich").check()
    page.get_by_label("In einem eigenen Haushalt").check()
    page.get_by_role("button", name="Weiter", exact=True).click()
    fine("Einkommen im")
    page.get_by_label("Welche Art von Einnahme?").select_option("WAGE")
    page.get_by_label("Betrag netto").fill("zwölf")
    page.get_by_role("button", name="Weiter", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("4390.50")
    fine("Einkommen im", "income")
    page.get_by_label("Betrag netto").fill("800.00")
    page.get_by_role("button", name="Weiter", exact=True).click()
    fine("Kosten im")
    page.get_by_label("Miete mit Nebenkosten").fill("1'050")
    page.get_by_label("Welche Art von Kosten?").first.select_option("BASIC_OTHER")
    page.get_by_label(re.compile("^Betrag")).first.fill("120")
    fine("Kosten im", "costs")
    page.get_by_role("button", name="Weiter", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("CHF\xa01’050.00")
    expect(page.get_by_role("main")).to_contain_text("Nettolohn")
    fine("Prüfen Sie alles", "check")
    page.get_by_role("button", name="Weiter zum Unterschreiben").click()
    expect(page.locator("blockquote").first).to_have_attribute("lang", "de")
    fine("Unterschreiben Sie Ihr Gesuch", "sign")
    page.get_by_role("button", name="Mit AGOV unterschreiben").click()
    dario.identify()
    fine("Wir haben Ihr Gesuch", "receipt")
    with acting(office.slug, TEST, "look"):
        document = Application.objects.get().document
    assert (document["language"], document["answers"]["rent"]) == ("de", 105_000)
    here = visit(office, Actor("citizen", one.applicant_id))
    paper = here.get(f"{urlsplit(page.url).path}receipt.pdf", headers={"accept-language": "de"})
    assert paper.content.startswith(b"%PDF") and re.search(rb"/Lang ?\(de", paper.content)
    page.get_by_role("link", name="Hilfe und Kontakt").click()
    fine("Wenn Sie es abgeschickt haben", "help")

    assessed = at.assesses(case, **{"member-0-permit": "B-R", "member-0-reimbursed_until": "1.8.2031"})
    assert assessed.status_code == 302, assessed.text[-2000:]
    decision = at.decides(case)
    run_jobs(database)
    dario.goto(f"decisions/{decision.id}/")
    fine("Sie erhalten CHF\xa01’698.00 für", "decision")
    main = page.get_by_role("main")
    for told in ("Grundbedarf", "Nettolohn", "Bezirksrat"):
        expect(main).to_contain_text(told)
    # a Rekurs is written and signed by hand, to whom the remedy names: nothing is lodged here
    assert page.get_by_text("Sich gegen die Verfügung wehren").count() == 0
    assert here.get(f"/{office.slug}/decisions/{decision.id}/appeal/").status_code == 404
    page.get_by_role("link", name="Was wäre, wenn").click()
    page.get_by_label("Miete").fill("950")
    page.get_by_role("button", name="Berechnen").click()
    expect(page.get_by_text("CHF\xa0100.00 weniger als entschieden.")).to_be_visible()
    fine("Was wäre wenn", "what-if")

    laid_down = condition(office, one.id, one.applicant_id)
    at.opens(("Eva", "1991-01-02", ahv("333333333"), "adult"))
    stranger = visit(office, Actor("citizen", look(office, Person, given_name="Eva").id))
    assert stranger.get(f"/{office.slug}/orders/{laid_down.id}/").status_code == 404
    dario.goto("my/")
    page.get_by_role("link", name="Was Sie bis").click()
    fine("Was Sie bis", "order")
    for told in ("fünf Stellen", "können wir Ihren Grundbedarf kürzen", "Bezirksrat"):
        expect(page.get_by_role("main")).to_contain_text(told)

    dario.goto("account/")
    page.get_by_label("IBAN").fill("CH44 3199 9123 0008 8901 2")  # a QR-IBAN: only bills have one
    page.get_by_role("button", name="Mit AGOV bestätigen").click()
    expect(page.get_by_role("alert")).to_contain_text("Prüfen Sie die IBAN")
    fine("Das Konto", "account")
    page.get_by_label("IBAN").fill("CH56 0483 5012 3456 7800 9")
    page.get_by_role("button", name="Mit AGOV bestätigen").click()
    dario.identify()
    fine("Das Konto")
    assert look(office, AccountChange, state="asked").number == NEW_IBAN

    dario.goto()
    page.get_by_role("button", name="Français").click()
    for path, title, name in (
        ("my/", "Dario", "my-fr"),
        (f"decisions/{decision.id}/", "Vous recevez CHF\xa01\xa0698.00 pour", "decision-fr"),
        (f"orders/{laid_down.id}/", "Ce que vous devez faire", "order-fr"),
        ("help/apply/", "Faire la demande", "help-fr"),
        (f"cases/{one.id}/messages/", "Messages", ""),
        ("looked/", "Qui a regardé votre dossier", ""),
    ):
        dario.goto(path)
        fine(title, name)
        expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_role("main")).to_contain_text("votre ménage")


class _Folder:
    """What the fixture `citizen` needs of a case."""

    def __init__(self, office: Any, number: str) -> None:
        self.office, self.numbers = office, [number]
