"""The federal statistics on their pages: put together, looked at, sent against a finding only with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from handslag.domain.exchange.operations.sedex import connect_sedex
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.statistics.models import Ending, FederalDelivery
from handslag.domain.tenancy.door import acting
from handslag.jobs.statistics import watch
from tests.bed import Process
from tests.domain.test_federal_statistics import RECEIVER, granted, spent, tenant_of
from tests.office import TEST, as_role, open_office
from tests.web.caseworker.conftest import Desk


def test_a_registrar_looks_at_a_month_and_sends_it(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    def desk(office: Any, who: str) -> Desk:
        return Desk(server, office, who)

    town = open_office(database.connect, "musterwil", "CH", canton="ZH", demonstration=True)
    month = town.month - 1
    folder, ended = town.case(("Dario", "Müller", "19900517")), town.case(("Elif", "Keller", "19840201"))
    granted(folder, month, "B-R")
    granted(ended, month - 6, "C")
    dental = spent(town, folder, month, 184_30)
    rut = log_in(town, "rut", locale="de-CH")
    home = server.url("desk", f"/{town.slug}/federal_statistics/")

    # the municipality says that it doesn't know what one account is
    rut.goto(f"{home}accounts/")
    rut.get_by_role("button", name="Ändern").click()
    expect(rut.get_by_role("heading", level=1)).to_have_text("Kontocodes und ihre Kategorien")
    expect(rut.locator("[aria-invalid=true]").first).to_be_visible()
    fine_at_both(rut, "federal-accounts-error")
    rut.get_by_label("Kontocode", exact=True).select_option("expense DENTAL")
    rut.get_by_label("Worauf es beruht").fill("Weisung vom 1. November fehlt")
    rut.get_by_role("button", name="Ändern").click()
    expect(rut.get_by_role("row", name="Zahnbehandlung")).to_contain_text("Weisung vom 1. November fehlt")

    # put together by itself, a person is told; it is sent only with a receiver
    with as_role(database, "worker"):
        watch(tenant_of(town))
    rut.goto(server.url("desk", f"/{town.slug}/tasks/"))
    expect(rut.get_by_text("stehen Kontocodes ohne Kategorie")).to_be_visible()
    rut.get_by_role("link", name=str(month)).first.click()
    rut.goto(home)
    expect(rut.get_by_text("Der Empfänger bei sedex ist noch nicht eingestellt")).to_be_visible()
    fine_at_both(rut, "federal-months")
    connect_sedex(**town.by(TEST), participant="T1-9901-1", folder="/nowhere")
    set_policy(**town.by(TEST), name="federal_statistics", value=RECEIVER)
    rut.get_by_role("link", name="Nummer 1").click()
    expect(rut.get_by_text("Kontocodes ohne Kategorie").first).to_be_visible()
    expect(rut.get_by_role("main")).to_contain_text("184.30")
    first = re.sub("^.*/federal_statistics/", "", rut.url)
    message = desk(town, "rut").open(f"/federal_statistics/{first}message.xml")
    assert message.status_code == 200 and "Müller" not in message.text and str(dental.id) in message.text
    rut.get_by_role("button", name="Senden").click()
    expect(rut.locator("[aria-invalid=true]").first).to_be_visible()
    fine_at_both(rut, "federal-delivery-error")

    # why support of a dossier ended: then it is another delivery, put together anew and sent
    rut.get_by_label(ended.case.number).select_option("WORK")
    rut.get_by_role("button", name="Grund festhalten").click()
    expect(rut.get_by_text("Heute wäre es eine andere Lieferung")).to_be_visible()
    with acting(town.slug, TEST, "look"):
        assert Ending.objects.get().reason == "WORK"
    rut.get_by_role("button", name="Neu zusammenstellen").click()
    expect(rut.get_by_role("heading", level=1)).to_contain_text("Nummer 2")
    rut.get_by_label("Warum sie gesendet wird").fill("Die Weisung kommt.")
    rut.get_by_role("button", name="Senden").click()
    expect(rut.get_by_text("Gesendet von")).to_be_visible()
    expect(rut.get_by_text("Die Weisung kommt.")).to_be_visible()
    fine_at_both(rut, "federal-delivery-sent")
    here = re.sub("^.*/federal_statistics/", "", rut.url)
    with acting(town.slug, TEST, "look"):
        assert FederalDelivery.objects.get(number=2).state == "sent"
    french = log_in(town, "rut", locale="fr-CH")
    french.goto(home)
    expect(french.get_by_role("heading", level=1)).to_have_text("Statistique fédérale de l’aide sociale")

    # nobody but a registrar of a Swiss municipality, and of this one
    theirs, swedish = open_office(database.connect, "fremd", "CH"), open_office(database.connect)
    canton = open_office(database.connect, "kanton", "CH", "canton_office")
    for place in ("", "accounts/", here, f"{here}message.xml"):
        path = f"/federal_statistics/{place}"
        assert desk(town, "hanna").open(path).status_code == 403, path
        for office in (swedish, canton):
            assert desk(office, "rut").open(path).status_code == 404, path
    for place in (here, f"{here}message.xml"):
        answer = desk(theirs, "rut").open(f"/federal_statistics/{place}")
        assert answer.status_code == 404 and "Weisung" not in answer.text
    assert "184.30" not in desk(theirs, "rut").open("/federal_statistics/").text
