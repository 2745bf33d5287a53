"""The payer's and the caseworker's pages about money, in a browser: payees, direct payments, advances, tomorrow."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.runs import refuse_run_file
from handslag.domain.payments.queries import advances_awaited, payments_in
from handslag.domain.tenancy.door import acting
from tests.bed import Process
from tests.office import TEST

Axe = Callable[[Page], list[str]]


@pytest.mark.parametrize(("width", "script"), [(1280, True), (360, False)], ids=["desktop", "phone without JavaScript"])
def test_a_landlord_an_advance_a_stopped_payment_and_what_is_paid_tomorrow(
    office: Any, log_in: Callable[..., Page], server: Process, fine: Any, width: int, script: bool
) -> None:
    look = {"width": width, "java_script_enabled": script}

    folder = office.case()
    hanna, bo, ulla = (log_in(office, who, **look) for who in ("hanna", "bo", "ulla"))
    desk = server.url("desk", f"/{office.slug}/")
    hanna.goto(desk + "payees/")
    hanna.get_by_label("Name").fill("Hyresbostäder AB")
    hanna.get_by_label("Giro or account number").fill("991-2345")
    hanna.get_by_role("button", name="Record").click()
    expect(hanna.get_by_role("alert")).to_contain_text("can’t be right")
    expect(hanna.get_by_label("Name")).to_have_value("Hyresbostäder AB")
    fine(hanna, "desk-payees-error")
    hanna.get_by_label("Giro or account number").fill("991-2346")
    hanna.get_by_role("button", name="Record").click()
    expect(hanna.get_by_role("button", name="Account checked")).to_have_count(0)  # not by herself
    ulla.goto(desk + "payees/")
    ulla.get_by_role("button", name="Account checked").click()
    fine(ulla, "desk-payees")

    direct = desk + f"cases/{folder.case.id}/direct/"
    hanna.goto(direct)
    hanna.get_by_label("Amount each month").fill("6 200")
    hanna.get_by_label("OCR number").fill("12345675")
    hanna.get_by_label("From month").fill(str(office.month))
    hanna.get_by_label("What it rests on").fill("Petras önskemål 2026-11-02")
    hanna.get_by_role("button", name="Order").click()
    expect(hanna.get_by_role("alert")).to_contain_text("OCR")
    fine(hanna, "desk-direct-error")
    hanna.get_by_label("OCR number").fill("")
    hanna.get_by_label("Message to the payee").fill("-")
    hanna.get_by_role("button", name="Order").click()
    expect(hanna.get_by_role("alert")).to_contain_text("The bank can’t send this message")
    expect(hanna.get_by_label("Message to the payee")).to_have_value("-")
    hanna.get_by_label("Message to the payee").fill("")
    hanna.get_by_label("OCR number").fill("12345674")
    hanna.get_by_role("button", name="Order").click()
    expect(hanna.get_by_role("table", name="Direct payments")).to_contain_text("Hyresbostäder AB")

    # the same once more: asked, and what was typed stays
    expect(hanna.get_by_label("This is to be paid as well")).to_have_count(0)
    hanna.get_by_label("Amount each month").fill("150")
    hanna.get_by_label("Message to the payee").fill("Garage 7")
    hanna.get_by_label("From month").fill(str(office.month + 3))
    hanna.get_by_label("What it rests on").fill("Petras önskemål 2026-11-09")
    hanna.get_by_role("button", name="Order").click()
    expect(hanna.get_by_role("alert")).to_contain_text("would then go there twice")
    expect(hanna.get_by_label("Message to the payee")).to_have_value("Garage 7")
    fine(hanna, "desk-direct-twice")
    hanna.get_by_label("This is to be paid as well").check()
    hanna.get_by_role("button", name="Order").click()
    expect(hanna.get_by_role("table", name="Direct payments").get_by_role("row")).to_have_count(3)

    bo.goto(direct)
    bo.locator("[name=advance-amount]").fill("100")
    bo.get_by_label("Reasons").fill("Ingen mat hemma i dag.")
    bo.get_by_role("button", name="Grant the advance").click()
    expect(bo.get_by_role("table", name="Advances")).to_contain_text("Ingen mat hemma")
    fine(bo, "desk-direct")
    folder.applied()
    folder.decided()
    hanna.goto(desk + f"cases/{folder.case.id}/account/")
    fine(hanna, "desk-account-split")

    ulla.goto(desk + "payments/")
    row = ulla.get_by_role("row", name="Hyresbostäder AB")
    row.get_by_text("More").click()
    row.get_by_label("Why").fill("uppsagd lägenhet")
    fine(ulla, "desk-payments-more")
    row.get_by_role("button", name="Stop this payment").click()
    expect(ulla.get_by_role("table", name="Blocked")).to_contain_text("uppsagd lägenhet")
    advance = ulla.get_by_role("row", name="100").first
    advance.get_by_text("More").click()
    advance.get_by_role("button", name="Pay at once").click()
    expect(ulla.get_by_role("heading", level=1)).to_contain_text("100")
    fine(ulla, "desk-run-alone")
    number = ulla.title()
    day = ulla.url
    ulla.goto(desk + "payments/tomorrow/?day=" + _first_pay_day(office))
    expect(ulla.get_by_role("heading", level=2)).to_have_count(1)
    assert ulla.get_by_role("link", name="2026").first.inner_text() in number
    fine(ulla, "desk-tomorrow")
    ulla.goto(day)
    ulla.get_by_role("button", name="Cancel the run").click()
    expect(ulla.get_by_role("heading", level=1)).to_have_text("Payments")

    # a name that the bank can't write, and a released run whose file is refused
    unsaid = office.case(("𞤀𞤁𞤂", "🙂", "19900303"))
    told = {"month": office.month, "amount": 10_000, "reasons": "Ingen mat hemma."}
    grant_advance(**office.act("bo"), case=unsaid.case.id, **told)
    ulla.goto(desk + "payments/tomorrow/?day=" + _first_pay_day(office))
    expect(ulla.get_by_role("table", name="Blocked, and why")).to_contain_text("writes it in Latin letters")
    fine(ulla, "desk-tomorrow-unsaid")
    hanna.goto(desk + f"cases/{unsaid.case.id}/direct/")
    hanna.get_by_role("button", name="Try again").click()
    expect(hanna.get_by_role("alert")).to_contain_text("takes Latin letters only")
    hanna.goto(direct)
    hanna.get_by_text("Pay somebody else").click()
    hanna.get_by_role("button", name="Let it go there").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Write why it goes to somebody else")
    fine(hanna, "desk-direct-blocked")
    hanna.get_by_role("table", name="Not paid as it stands").get_by_label("Why").fill("Petra har flyttat.")
    hanna.get_by_role("button", name="Let it go there").click()
    expect(hanna.get_by_role("table", name="Not paid as it stands")).to_have_count(0)
    run = office.run()
    with acting(office.slug, TEST, "look"):
        first = payments_in(run.id)[0]
    faults = [f"{first.reference}: creditor_name: unreadable", "file: execution_on: past"]
    refuse_run_file(**office.by(TEST), run=run.id, problems=faults)
    ulla.goto(desk + f"runs/{run.id}/")
    expect(ulla.get_by_role("alert")).to_contain_text("the day that it should pay on is past")
    expect(ulla.get_by_role("table", name="Payments")).to_contain_text("the bank can’t write this name")
    ulla.locator("summary", has_text="Cancel the run").click()
    ulla.get_by_role("button", name="Cancel the run").click()
    expect(ulla.get_by_role("alert").first).to_contain_text("Write why you cancel the run")
    fine(ulla, "desk-run-refused")
    ulla.get_by_label("Why").first.fill("dagen är förbi")
    ulla.get_by_role("button", name="Cancel the run").click()
    expect(ulla.get_by_role("heading", level=1)).to_have_text("Payments")


@pytest.mark.parametrize(("width", "script"), [(1280, True), (360, False)], ids=["desktop", "phone without JavaScript"])
def test_what_the_bank_says_and_a_day_of_the_ledger(
    connect: Any,
    monkeypatch: pytest.MonkeyPatch,
    log_in: Callable[..., Page],
    server: Process,
    fine: Any,
    width: int,
    script: bool,
) -> None:
    from handslag.domain.payments.operations.postings import set_chart_row
    from handslag.domain.payments.queries import CHART_CODES
    from handslag.jobs.payments import take_bank_file
    from handslag.kernel import clock
    from tests.office import open_office

    earlier = clock.now() - timedelta(days=2)
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: earlier)
        office = open_office(connect)
        folder = office.case()
        folder.applied()
        folder.decided()
    for code in CHART_CODES:
        if code != "skuld":
            set_chart_row(
                **office.act("ulla"), code=code, account="10", unit="", activity="", since=office.today, source="x"
            )
    take_bank_file(
        office.slug,
        TEST,
        b"<Document><BkToCstmrStmt><GrpHdr><MsgId>UTDRAG-1</MsgId></GrpHdr><Stmt><Ntry><Amt Ccy='SEK'>12.50</Amt>"
        b"<CdtDbtInd>DBIT</CdtDbtInd><NtryDtls><TxDtls><Refs><EndToEndId>AVGIFT</EndToEndId></Refs></TxDtls></NtryDtls>"
        b"</Ntry></Stmt></BkToCstmrStmt></Document>",
    )
    take_bank_file(office.slug, TEST, b"<Document><cut off")
    ulla = log_in(office, "ulla", width=width, java_script_enabled=script)
    desk = server.url("desk", f"/{office.slug}/")
    ulla.goto(desk + "bank/")
    expect(ulla.get_by_role("table", name="In quarantine")).to_contain_text("no payment has this reference")
    expect(ulla.get_by_role("table", name="Files")).to_contain_text("cut off")
    fine(ulla, "desk-bank")
    ulla.get_by_text("Looked at").click()
    ulla.get_by_role("button", name="Take out of quarantine").click()
    expect(ulla.get_by_role("alert")).to_contain_text("Write what it was")
    ulla.get_by_text("Looked at").click()
    ulla.get_by_label("What it was").fill("bankens avgift för november")
    ulla.get_by_role("button", name="Take out of quarantine").click()
    expect(ulla.get_by_text("Nothing is in quarantine")).to_be_visible()

    ulla.goto(desk + "ledger/")
    ulla.get_by_role("button", name="Fix the day").click()
    expect(ulla.get_by_role("alert")).to_contain_text("Owed to people and payees")
    fine(ulla, "desk-ledger-error")
    ulla.get_by_label("What it is").select_option("skuld")
    ulla.get_by_label("Ledger account").fill("2890")
    ulla.get_by_label("Valid from").fill(office.today.isoformat())
    ulla.get_by_label("Where that stands").fill("Kontoplan 2026, sidan 4")
    ulla.get_by_role("button", name="Set", exact=True).click()
    ulla.get_by_role("button", name="Fix the day").click()
    expect(ulla.get_by_role("table", name="Days")).to_contain_text("6,550.00")
    fine(ulla, "desk-ledger")
    with ulla.expect_download() as download:
        ulla.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def _first_pay_day(office: Any) -> str:
    from handslag.domain.payments.policies import first_pay_day

    with acting(office.slug, TEST, "look"):
        return first_pay_day(office.now).isoformat()


def test_a_large_advance_waits_in_sight_and_is_refused_on_its_page(office: Any, desk: Any) -> None:
    office.admit("vera", "Vera Vaksam", "decider", "caseworker")
    folder = office.case()
    folder.applied()
    folder.assessed()
    told = {"month": office.month, "amount": 600_000, "reasons": "Ingen mat hemma."}
    grant_advance(**office.act("bo"), case=folder.case.id, **told)
    path = f"/cases/{folder.case.id}"
    page = desk(office, "hanna").open(f"{path}/periods/{office.month}/proposal/").text
    assert "An advance waits for a second person" in page and "granted by Bo Beslutsfattare" in page
    assert "Refuse the advance" not in desk(office, "bo").open(f"{path}/direct/").text
    with acting(office.slug, TEST, "look"):
        (advance,) = advances_awaited(folder.case.id)
    refuse, vera = f"{path}/advance/{advance}/refuse/", desk(office, "vera")
    shown = vera.open(f"{path}/direct/").text
    assert f"{advance}/confirm/" in shown and "The month is decided meanwhile" not in shown
    decision = folder.decided()
    shown = html.unescape(desk(office, "hanna").open(f"/decisions/{decision.id}/").text)
    for told in ("granted by Bo Beslutsfattare. The month is decided meanwhile", "Refuse it</a>"):
        assert told in shown and "unless it is confirmed" not in shown  # it can't be any more
    again = folder.changed(900_000, "37")
    page = desk(office, "hanna").open(f"/decisions/{again.id}/").text
    assert "The month is decided meanwhile" in page and "unless it is confirmed" not in page
    shown = vera.open(f"{path}/direct/").text  # what couldn't be done isn't offered, and why stands there
    assert f"{advance}/confirm/" not in shown and "The month is decided meanwhile" in shown and refuse in shown
    assert "Write why the advance is refused" in vera.open(refuse, reason=" ").text
    assert 'value="' + "x" * 121 in vera.open(refuse, reason="x" * 121).text
    assert vera.open(refuse, reason="Mat finns till fredag.").status_code == 302
    assert "waits for a second person" not in vera.open(f"{path}/direct/").text
