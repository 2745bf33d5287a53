"""One month of a couple, all the way in browsers: said, signed, worked, heard, decided by two, paid, returned, appealed
and corrected, by two applicants, two caseworkers and two payers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.conf import settings
from playwright.sync_api import Page, expect

from handslag.domain.payments.models import Booking, Payment
from handslag.domain.payments.operations.payees import order_direct_payment
from handslag.domain.tenancy.door import acting
from tests.jobs.test_bank import Exchange
from tests.office import TEST, Folder, as_role, landlord, process, run_jobs

#: Kronor: the norm of two adults and their costs, less what she says she has and what the office counts of his.
NORM, RENT, POWER, HERS, HIS, HIS_RIGHTLY = 8_510, 8_200, 450, 4_000, 9_800, 5_800
FIRST = NORM + RENT + POWER - HERS - HIS
SECOND = FIRST + HIS - HIS_RIGHTLY
TO_LANDLORD = 2_000
WRITTEN, HEARD = "Kan vi ses på torsdag?", "Sjukpenningen gäller två månader."
APPEALED = "Bara 5 800 kr av sjukpenningen är för den här månaden."


def sv(amount: int) -> str:
    """So many kronor (a thousand at least) as citizens' pages say it."""
    return f"{amount:,}".replace(",", "\xa0") + ",00 kr"


def en(amount: int) -> str:
    """The same on the caseworkers' pages in English."""
    return f"SEK\xa0{amount:,}.00"


def test_one_month_goes_the_whole_way(
    new_office: Callable[..., Any],
    citizen: Callable[..., Any],
    log_in: Callable[..., Page],
    server: Any,
    database: Any,
    ssbtek_address: str,
    axe: Callable[[Page], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "SSBTEK", f"{ssbtek_address}/ssbtek")
    requests.post(f"{ssbtek_address}/script", json={}, timeout=5)
    office = new_office("whole", authorities_asked=["FK"], lefi_actor="9000")
    office.serial = itertools.count(5)  # by their numbers she gets activity support, and he sickness benefit
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    order_direct_payment(
        **office.act("hanna"), case=folder.case.id, payee=landlord(office).id, cost_code="RENT",
        amount=TO_LANDLORD * 100, reference="12345674", message="", ground="önskemål", since=office.month, until=None,
    )  # fmt: skip
    exchange = Exchange(office, database, monkeypatch)
    desk = server.url("desk", f"/{office.slug}/")
    month = f"{desk}cases/{folder.case.id}/periods/{office.month}/"

    # She begins; meanwhile the authority is asked. She says that its line is wrong, and writes to the office.
    amina, yusuf = citizen(folder, 0), citizen(folder, 1, width=360)
    hers: Page = amina.page
    his: Page = yusuf.page
    amina.log_in(by_hand=True)
    hers.get_by_role("button", name="Ansök för").first.click()
    hers.wait_for_url("**/household/")
    run_jobs(database)
    hers.get_by_label("Ja, inget har ändrats").check()
    hers.get_by_role("button", name="Fortsätt").click()
    said = hers.locator("#fetched")
    expect(said).to_contain_text("Aktivitetsstöd")
    expect(said).to_contain_text("5\xa0600,00 kr")
    expect(said).not_to_contain_text("Sjukpenning")  # what is said of him is his
    said.get_by_role("link", name="Det här är fel").first.click()
    hers.get_by_label("Beloppet är fel").check()
    hers.get_by_label("Vilket belopp").fill("4 000")
    hers.get_by_role("button", name="Skicka till handläggaren").click()
    expect(said).to_contain_text("Din handläggare tittar på det före beslutet.")
    amina.goto(f"cases/{folder.case.id}/messages/")
    hers.get_by_label("Ditt meddelande").fill(WRITTEN)
    hers.get_by_role("button", name="Skicka").click()
    expect(hers.locator("#newest")).to_contain_text(WRITTEN)
    amina.goto("my/")
    hers.get_by_role("link", name="Fortsätt").click()
    expect(said).to_contain_text("Din handläggare tittar på det före beslutet.")
    hers.get_by_role("button", name="Fortsätt").click()
    for number, (code, amount) in enumerate((("RENT", RENT), ("ELECTRICITY", POWER))):
        if number:
            hers.get_by_role("button", name="Lägg till en kostnad").click()
        hers.locator(f"#id_costs-{number}-code").select_option(code)
        hers.locator(f"#id_costs-{number}-amount").fill(str(amount))
    hers.get_by_role("button", name="Fortsätt").click()
    expect(hers.get_by_role("main")).to_contain_text(sv(RENT + POWER))
    hers.get_by_role("button", name="Gå vidare och skriv under").click()
    hers.get_by_role("button", name="Skriv under med e-legitimation").click()
    amina.identify()
    expect(hers.get_by_role("heading", level=1)).to_have_text("Du har skrivit under")

    # He signs the same on his own telephone. Nothing reached the inbox before.
    hanna = log_in(office, "hanna")
    expect(hanna.get_by_role("heading", level=1)).to_be_visible()
    expect(hanna.locator(".h-inbox tbody tr")).to_have_count(0)
    yusuf.log_in(by_hand=True)
    expect(his.get_by_role("main")).to_contain_text("Amina Åberg har skrivit under")
    expect(his.get_by_role("main")).not_to_contain_text(WRITTEN)
    his.get_by_role("link", name="Läs och skriv under").click()
    expect(his.get_by_role("main")).to_contain_text(sv(RENT))
    his.get_by_role("button", name="Skriv under med e-legitimation").click()
    yusuf.identify()
    expect(his.get_by_role("heading", level=1)).to_contain_text("Vi har din ansökan")
    run_jobs(database)

    # The first caseworker takes it, answers the message and the dispute, and counts what he hasn't said.
    hanna.reload()
    expect(hanna.locator(".h-inbox tbody tr")).to_contain_text(["Amina Åberg"])
    hanna.get_by_role("button", name="Take next").click()
    expect(hanna.locator("#look-ups")).to_contain_text("Amina Åberg says that this is wrong: the amount is wrong")
    hanna.get_by_label("We go by what the applicant says").check()
    hanna.get_by_label("Why; the applicant reads it").fill("Kontoutdraget visar 4 000 kr")
    hanna.get_by_role("button", name="Answer : Aktivitetsstöd").click()
    expect(hanna.locator("#look-ups")).to_contain_text("We go by what the applicant says: Kontoutdraget")
    hanna.goto(month + "?from=authorities")
    expect(hanna.locator("#income")).to_contain_text("9,800.00")
    hanna.locator("[name=income-0-mine]").fill(str(HERS))
    hanna.locator("[name=income-0-why]").fill("kontoutdraget")
    hanna.get_by_role("button", name="Calculate and save").first.click()
    expect(hanna.get_by_role("heading", name="Calculation 1")).to_be_visible()
    expect(hanna.locator(".h-result .h-figure")).to_have_text(en(FIRST))
    hanna.goto(f"{desk}cases/{folder.case.id}/messages/")
    expect(hanna.get_by_role("main")).to_contain_text(WRITTEN)
    hers_there = hanna.locator("section").filter(has=hanna.get_by_role("heading", name="Amina Åberg"))
    hers_there.get_by_role("textbox").fill("Ja, kl. 10")
    hers_there.get_by_role("button", name="Send the answer").click()
    expect(hers_there).to_contain_text("Ja, kl. 10")

    # Less than applied for by what they haven't said: both are asked, and each answers for herself.
    hanna.goto(month + "proposal/")
    expect(hanna.get_by_role("heading", level=1)).to_have_text(f"Partly granted: {en(FIRST)}")
    hanna.get_by_label("Reasons in the letter").fill("Sjukpenningen från Försäkringskassan räknas som inkomst.")
    hanna.get_by_role("button", name="Propose", exact=True).click()
    expect(hanna.get_by_role("alert").first).to_contain_text("First ask what they think")
    hanna.get_by_role("button", name="Ask what they think").click()
    hanna.get_by_label("What you consider to decide").fill("Försäkringskassan betalade 9 800 kr i sjukpenning.")
    hanna.get_by_role("button", name="Ask them").click()
    expect(hanna.get_by_text("can answer until")).to_have_count(2)
    for one, answer in ((yusuf, HEARD), (amina, "Det vet bara Yusuf.")):
        one.goto("my/")
        one.page.get_by_role("link", name="Läs och svara").click()
        expect(one.page.get_by_role("main")).to_contain_text("9 800 kr i sjukpenning")
        one.page.get_by_label("Vad du anser").fill(answer)
        one.page.get_by_role("button", name="Skicka").click()
        expect(one.page.get_by_text("innan något beslutas")).to_be_visible()
    expect(hers.get_by_role("main")).not_to_contain_text(HEARD)
    amina.goto(f"cases/{folder.case.id}/messages/")
    expect(hers.locator("#newest")).to_contain_text("Ja, kl. 10")
    yusuf.goto(f"cases/{folder.case.id}/messages/")
    expect(his.get_by_label("Ditt meddelande")).to_be_visible()
    expect(his.get_by_role("main")).not_to_contain_text("kl. 10")

    # The first proposes a part, and can't decide it; the second decides.
    hanna.goto(month + "proposal/")
    expect(hanna.get_by_text(HEARD)).to_be_visible()
    hanna.get_by_label("Reasons in the letter").fill("Sjukpenningen från Försäkringskassan räknas som inkomst.")
    hanna.get_by_role("button", name="Propose", exact=True).click()
    expect(hanna.get_by_text("You proposed this yourself")).to_be_visible()
    expect(hanna.get_by_role("button", name="Decide")).to_have_count(0)
    amina.goto("my/")
    expect(hers.get_by_role("heading", level=1)).to_contain_text("Amina")
    expect(hers.get_by_role("main")).not_to_contain_text(sv(FIRST))  # a proposal is no decision
    bo = log_in(office, "bo")
    decided(bo, desk)
    run_jobs(database)

    # What both see of it: the part, the sum, why; and what is paid to whom.
    for one in (amina, yusuf):
        one.goto("my/")
        one.page.get_by_role("link", name=f"Du får {sv(FIRST)}").click()
        main = one.page.get_by_role("main")
        expect(main).to_contain_text("En del av det du sökte har vi inte beviljat.")
        expect(main).to_contain_text("Sjukpenningen från Försäkringskassan räknas som inkomst.")
    where = hers.url.partition(f"/{office.slug}/")[2]
    assert states(folder) == [("planned", TO_LANDLORD), ("planned", FIRST - TO_LANDLORD)]

    # A payer makes the run, another releases it; the bank pays the rent and returns what was for them.
    ulla, erik = log_in(office, "ulla"), log_in(office, "erik")
    run(ulla, erik, FIRST)
    run_jobs(database)
    erik.reload()
    expect(erik.locator("#file-digest")).to_be_visible()
    amina.goto("my/")
    expect(hers.locator(".h-amounts")).to_contain_text("skickad till banken")
    bank(exchange, **{"return": {"Amina Åberg": "AC04"}})
    theirs = FIRST - TO_LANDLORD
    assert states(folder) == [("confirmed", TO_LANDLORD), ("returned", theirs), ("blocked", theirs)]
    amina.goto("my/")
    expect(hers.locator(".h-amounts")).to_contain_text("kom tillbaka: kontakta oss")
    expect(hers.locator(".h-amounts")).to_contain_text("till Hyresbostäder AB via bankgiro")
    assert axe(hers) == []
    yusuf.goto(where)
    expect(his.get_by_text("Utbetalningen har stannat")).to_have_count(1)
    expect(his.get_by_role("main")).to_contain_text(f"{sv(TO_LANDLORD)} av det betalades till Hyresbostäder AB")
    hanna.goto(desk + "tasks/")
    returned = hanna.get_by_role("row", name="Money came back: check the account")
    expect(returned).to_contain_text("Amina Åberg & Yusuf Åberg")
    returned.get_by_role("button", name="Done").click()
    expect(returned).to_have_count(0)
    ulla.goto(desk + "payments/")
    blocked = ulla.get_by_role("table", name="Blocked")
    expect(blocked).to_contain_text("the money came back: AC04")
    expect(blocked).to_contain_text(en(theirs))
    blocked.get_by_role("button", name="Try again").click()
    expect(ulla.get_by_role("table", name="Due")).to_contain_text(en(theirs))

    # He appeals; that is his alone. The first caseworker finds it in time.
    his.locator("#appeal summary").click()
    his.get_by_role("link", name="Överklaga beslutet").click()
    his.get_by_label("Hur du vill att det ska ändras").fill(APPEALED)
    his.get_by_role("button", name="Skicka överklagandet").click()
    expect(his.get_by_role("heading", name="Vad händer nu")).to_be_visible()
    amina.goto("my/")
    expect(hers.get_by_role("link", name=f"Du får {sv(FIRST)}")).to_be_visible()
    expect(hers.get_by_role("main")).not_to_contain_text("Överklagande")
    hanna.goto(month)
    hanna.get_by_role("link", name=re.compile(r"^Appeal \d")).click()
    expect(hanna.get_by_text(APPEALED)).to_be_visible()
    expect(hanna.get_by_text("it is in time, whenever she got it")).to_be_visible()
    hanna.get_by_label("It came in time").check()
    hanna.get_by_role("button", name="Note what you find").click()
    expect(hanna.get_by_role("heading", name="Send it to the court")).to_be_visible()
    appeal = hanna.url

    # He is right: a new decision replaces the first one, again by two.
    hanna.goto(month)
    hanna.get_by_role("link", name="Change the decision").click()
    hanna.locator("[name=income-1-mine]").fill(str(HIS_RIGHTLY))
    hanna.locator("[name=income-1-why]").fill("resten är för en annan månad")
    hanna.get_by_role("button", name="Calculate and save").first.click()
    expect(hanna.locator(".h-result .h-figure")).to_have_text(en(SECOND))
    hanna.get_by_role("link", name="Propose a decision").click()
    expect(hanna.get_by_text(f"{en(FIRST)} before, {en(SECOND)} now.")).to_be_visible()
    hanna.get_by_label("It is obviously wrong in what matters").check()
    hanna.get_by_label("Reasons in the letter").fill("En del av sjukpenningen är för en annan månad.")
    assert axe(hanna) == []
    hanna.get_by_role("button", name="Propose", exact=True).click()
    expect(hanna.get_by_text("You proposed this yourself")).to_be_visible()
    bo.goto(hanna.url)
    bo.get_by_role("button", name="Decide").click()
    expect(bo.get_by_text("decided", exact=True)).to_be_visible()
    bo.get_by_role("link", name="The earlier decision").click()
    expect(bo.get_by_role("link", name="Replaced by decision")).to_be_visible()
    hanna.goto(appeal)
    expect(hanna.get_by_role("link", name="Replaced by decision")).to_contain_text(en(SECOND))
    hanna.get_by_role("button", name="Hand it over to the court").click()
    expect(hanna.get_by_role("heading", name="What goes to the court")).to_be_visible()
    run_jobs(database)

    # It is booked against, and the rest is paid with what came back. Nothing is paid twice.
    run(ulla, erik, theirs + SECOND - FIRST)
    run_jobs(database)
    bank(exchange)
    assert states(folder) == [
        ("confirmed", TO_LANDLORD), ("returned", theirs), ("confirmed", theirs),
        ("confirmed", SECOND - FIRST),
    ]  # fmt: skip
    hanna.goto(f"{desk}cases/{folder.case.id}/account/")
    expect(hanna.locator("tbody tr")).to_have_count(5)
    with acting(office.slug, TEST, "look"):
        rows = Booking.objects.filter(case=folder.case).order_by("booked_at", "id")
        booked = [(b.kind, b.account_code, b.amount // 100) for b in rows]
    assert booked == [
        ("expense", "forsorjningsstod", FIRST), ("income", "retur", theirs),
        ("expense", "retur", theirs), ("expense", "forsorjningsstod", -FIRST),
        ("expense", "forsorjningsstod", SECOND),
    ]  # fmt: skip

    # Both see what replaced what, and what has been paid.
    for one in (amina, yusuf):
        one.goto("my/")
        expect(one.page.get_by_text("ersatt av ett senare beslut")).to_be_visible()
        for amount in (TO_LANDLORD, theirs, SECOND - FIRST):
            expect(one.page.get_by_role("listitem").filter(has_text=f"{sv(amount)} utbetalt")).to_have_count(1)
        expect(one.page.get_by_text("har stannat")).to_have_count(0)
        one.page.get_by_role("link", name=f"Du får {sv(SECOND)}").click()
        expect(one.page.get_by_role("heading", name="Vad beslutet ändrar")).to_be_visible()
        expect(one.page.get_by_role("main")).to_contain_text("En del av sjukpenningen är för en annan månad.")
        expect(one.page.get_by_text("har stannat")).to_have_count(0)
        one.page.get_by_role("link", name="Det tidigare beslutet").click()
        expect(one.page.get_by_text("Ett senare beslut har ersatt det här")).to_be_visible()
        expect(one.page.get_by_role("heading", level=1)).to_contain_text(sv(FIRST))
    expect(hers.get_by_role("main")).not_to_contain_text("Överklagande")
    yusuf.goto("my/")
    expect(his.get_by_role("main")).to_contain_text("hos domstolen")

    verified = process(database, "verify", "--tenant", office.slug)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (0, "everything in order"), verified.stdout


def decided(bo: Page, desk: str) -> None:
    """The second caseworker takes the decision that is proposed."""
    bo.goto(desk + "proposals/")
    bo.get_by_role("link", name="Amina Åberg & Yusuf Åberg").click()
    bo.get_by_role("button", name="Decide").click()
    expect(bo.get_by_text("decided", exact=True)).to_be_visible()


def run(maker: Page, releaser: Page, total: int) -> None:
    """One payer makes a run of all that is due, and can't release it; the other one does."""
    maker.goto(maker.url.partition("/payments/")[0].partition("/runs/")[0].rstrip("/") + "/payments/")
    maker.get_by_role("button", name="Reserve a run").click()
    expect(maker.get_by_text("Another payer checks and releases it")).to_be_visible()
    expect(maker.get_by_role("heading", level=1)).to_have_text(en(total))
    expect(maker.get_by_role("button", name="Release")).to_have_count(0)
    releaser.goto(maker.url)
    releaser.get_by_role("button", name="Release").click()
    expect(releaser.get_by_text("The file is being written")).to_be_visible()


def bank(exchange: Exchange, **script: Any) -> None:
    """The bank takes the file and answers, and the minute's job fetches what it says."""
    exchange.bank(**script)
    with as_role(exchange.database, "worker"):
        exchange.fetch()


def states(folder: Folder) -> list[tuple[str, int]]:
    """The payments of the case, in kronor."""
    with acting(folder.office.slug, TEST, "look"):
        return [(p.state, p.amount // 100) for p in Payment.objects.filter(case=folder.case).order_by("id")]
