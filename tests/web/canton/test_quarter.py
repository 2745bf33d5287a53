"""The worked quarter, A to F: from applications, decisions and bookings to both sides' accounts, at both counters. The
offices' clock stands at the quarter's last day, then at the day on which they settle."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from django.http import QueryDict
from playwright.sync_api import Page, expect

from handslag.domain.accounts.operations import confirm_paid_to, order_payment, record_paid_to, release_payment
from handslag.domain.accounts.queries import Figures
from handslag.domain.accounts.states import Side as Account
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import open_case
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries.swiss import budget_facts
from handslag.domain.intake.forms import current
from handslag.domain.intake.operations import enter_on_paper
from handslag.domain.payments.operations.account import book
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.operations.persons import form_household
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.settlement.models import Statement
from handslag.domain.tenancy.door import acting
from handslag.jobs import acts
from handslag.jobs.payments import fetch_bank_files, folders, hand_over_file, write_order_file
from handslag.kernel import clock
from handslag.kernel.months import Month
from handslag.messages.case_notification.message import Accepted
from handslag.messages.mutation.message import Agreed
from handslag.messages.question.message import Person as Named
from handslag.web.caseworker.paper import read_answers
from tests import bed
from tests.accounts import BANK, compared
from tests.bed import Database, Process
from tests.canton import Canton, open_canton, somebody
from tests.domain.test_settlement import booked, crossed, figures, lives, reviewed, sent
from tests.exchange import Side
from tests.office import TEST
from verifier import verify

Q2, Q3 = date(2026, 4, 1), date(2026, 7, 1)
#: What the quarter before was settled with: F for all of its days.
BEFORE = 91 * 36_00
FORMS = dict.fromkeys(("new", "renewal", "supplementary"), "ch.support")
WORKS = {"canton": "ZH", "application_forms": FORMS, "demonstration": True}


def turn_to(monkeypatch: pytest.MonkeyPatch, day: date) -> str:
    """Set the clock to a morning; gives by how much it is moved."""
    moment = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    shift = str(int((moment - datetime.now(UTC)).total_seconds()))
    monkeypatch.setenv("HANDSLAG_CLOCK_SHIFT", shift)
    return shift


@pytest.fixture
def canton(database: Database, monkeypatch: pytest.MonkeyPatch) -> Canton:
    turn_to(monkeypatch, date(2026, 9, 30))
    side, *places = open_canton(database)
    for office in (side, *places):
        set_policy(**office.by(TEST), name="section_44_months", value=3)
    for name, value in WORKS.items():
        set_policy(**places[0].by(TEST), name=name, value=value)
    return Canton(database, Side(side), [Side(place) for place in places])


@pytest.fixture
def there(database: Database, canton: Canton, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """A web server on the day on which they settle."""
    shift = turn_to(monkeypatch, date(2026, 10, 12))
    web = bed.web_process(database, bed.free_port(), HANDSLAG_CLOCK_SHIFT=shift)
    turn_to(monkeypatch, date(2026, 9, 30))
    web.start()
    yield web
    web.stop()


def refugee(given: str) -> Any:
    person = Named(
        identifier_type="zemis", identifier=f"{uuid4().int % 10**10}.0", given_name=given, family_name="Haile",
        birth_on=date(1990, 5, 17),
    )  # fmt: skip
    return somebody(status="B-R", person=person)


def claimed(canton: Canton, person: Any, since: date, residence_since: date, last_on: date) -> UUID:
    """The municipality notifies her case, and the canton accepts it; her key at the municipality."""
    here, number = canton.places[0], person.person.identifier
    lives(canton, 0, person, since)
    asked = canton.notified(here, number, supported_since=since, residence_since=residence_since)
    canton.settle()
    canton.accepted(asked, Accepted(number=1, last_on=last_on))
    canton.settle()
    return canton.person(number, here).id


def supported(canton: Canton, case: Case, signed: list[UUID], permits: dict[UUID, Any], **answers: str) -> list[int]:
    """Applied for on paper for each month of the quarter, assessed, proposed by Hanna and decided by Bo; how much."""
    here, act = canton.places[0], canton.pair.act
    granted = []
    for month in (Month(2026, number) for number in (7, 8, 9)):
        form = current("ch.support")
        with acting(here.office.slug, here.office.staff["hanna"], "read"):
            told = QueryDict(urlencode({"living": "own", "household-same": "yes", **answers}))
            said = read_answers(form, told)
        enter_on_paper(
            **act(here, "rut"), case=case.id, month=month, key=uuid4(), channel="counter", language="de", answers=said,
            signed_on=signed, evidence="Ordner 3", form="ch.support",
        )  # fmt: skip
        with acting(here.office.slug, here.office.staff["hanna"], "assess"):
            period = Period.objects.get(case=case, since=month.since)
            facts = budget_facts(case, period)
        for member in facts["members"]:
            member |= permits[UUID(member["key"])]
        sheet = assess(**act(here), period=period.id, facts=facts, version=0)
        proposal = propose(**act(here), sheet=sheet.id, reasons="", language="de")
        decided = decide(**act(here, "bo"), decision=proposal.id, version=proposal.version)
        granted.append(decided.amount)
    return granted


def paid(canton: Canton, amount: int) -> UUID:
    """Two payers of the canton pay the municipality what is open; its file goes to the bank. The order's key."""
    ulla, erik = (canton.pair.act(canton.side, who) for who in ("ulla", "erik"))
    account = {"kind": "iban", "number": "CH5604835012345678009"}
    set_policy(**canton.side.office.by(TEST), name="debtor_account", value=account)
    to = record_paid_to(**ulla, partner=canton.places[0].address, side=Account.PAYER, new=BANK)
    confirm_paid_to(**erik, details=to.id, version=1)
    order = order_payment(**ulla, account=to.account_id, currency="CHF", amount=amount)
    release_payment(**erik, order=order.id, version=1)
    write_order_file(tenant=canton.side.key, order=str(order.id))
    hand_over_file(tenant=canton.side.key, run=str(order.id))
    return order.id


def at_bank(canton: Canton, iban: str) -> None:
    """The bank takes the canton's file, and tells everything twice: the canton, and who has the account `iban`."""
    (to, answers), (_, theirs) = (folders(side.office.slug) for side in (canton.side, canton.places[0]))
    answers.mkdir(parents=True, exist_ok=True)
    (answers / "script.json").write_text(json.dumps({"deliver": {iban: str(theirs)}, "twice": True}))
    theirs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "simulators.bank", str(to), str(answers), "--once"]
    subprocess.run(command, check=True, cwd=Path(__file__).resolve().parents[3], capture_output=True, timeout=60)


def test_the_worked_quarter_from_applications_to_both_accounts(
    canton: Canton, there: Process, log_in: Callable[..., Page], fine_at_both: Any, monkeypatch: pytest.MonkeyPatch,
    database: Database,
) -> None:
    (here, _), act = canton.places, canton.pair.act

    # asylum: A arrives, B has been here for seven years, C earns her living in September, F had left and was settled
    a, c = somebody(status_since=date(2026, 8, 1), entry_on=date(2026, 8, 1)), somebody(status="S")
    b = somebody(status="F-A", entry_on=date(2019, 9, 15), status_since=date(2021, 2, 1))
    f = somebody()
    lives(canton, 0, f, Q2)
    reviewed(canton, crossed(canton, here, sent(canton, here, Q2)))
    lives(canton, 1, f, date(2026, 5, 10), moves_from=here.address)
    for person, day in ((a, date(2026, 8, 12)), (b, Q3), (c, Q3)):
        lives(canton, 0, person, day)
    told = canton.told(here, canton.side, "earnings", c.person.identifier, on=date(2026, 9, 1))
    canton.settle()
    canton.agreed(canton.side, told, Agreed(number=1))
    canton.settle()
    booked(canton, here, c, 184_30, "KVG_COPAY", date(2026, 8, 1))

    # section 44: D with a wage and a pension that is paid for earlier months; E with his family until his ten years
    begin, nobody = date(2026, 1, 1), {"permit": "CH", "izu": 0, "reimbursed_until": None}
    d, e = refugee("Dario"), refugee("Elias")
    dario = claimed(canton, d, begin, date(2021, 8, 1), date(2031, 7, 31))
    elias = claimed(canton, e, Q3, date(2016, 9, 1), date(2026, 8, 31))
    office = here.office
    emma = office.person("Emma", "Haile", "19860302", account=None)[0]
    eva = office.person("Eva", "Haile", "20180403", account=None)[0]
    cases = []
    for people, since in (([dario], begin), ([elias, emma, eva], Q3)):
        members = [(key, "child" if key == eva else "adult") for key in people]
        home = form_household(**act(here, "rut"), members=members, since=since)
        cases.append(
            open_case(
                **act(here, "rut"), applicant=people[0], co_applicant=emma if emma in people else None,
                household=home.id, unit=office.units["Försörjningsstöd"], caseworker=office.members["hanna"],
                opened_on=since,
            )
        )  # fmt: skip
    reimbursed = {"permit": "B-R", "izu": 0, "reimbursed_until": "2031-08-01"}
    assert supported(
        canton, cases[0], [dario], {dario: reimbursed}, rent="1050",
        **{"costs-0-code": "BASIC_OTHER", "costs-0-amount": "120.00"},
        **{"incomes-0-code": "WAGE", "incomes-0-amount": "800", "incomes-0-person": str(dario)},
    ) == [1_698_00] * 3  # fmt: skip
    family = {elias: {**reimbursed, "reimbursed_until": "2026-09-01"}, emma: {**nobody, "permit": "C"}, eva: nobody}
    assert supported(
        canton, cases[1], [elias, emma], family, rent="1500",
        **{"incomes-0-code": "WAGE", "incomes-0-amount": "1200", "incomes-0-person": str(emma)},
    ) == [2_674_00] * 3  # fmt: skip
    for number in range(1, 7):
        book(
            **act(here), case=cases[0].id, kind=BookingKind.INCOME, month=Month(2026, number), on=date(2026, 8, 20),
            account_code="PENSION", counterparty="SVA Musterwil", amount=600_00, source="Verfügung IV", person=dario,
        )  # fmt: skip

    # the municipality: B against its own finding, all else as proposed
    turn_to(monkeypatch, date(2026, 10, 12))
    canton.pair.now = clock.now()
    home, to = f"/{office.slug}", f"/{canton.side.office.slug}"
    ulla = log_in(office, "ulla", locale="de-CH")
    ulla.goto(there.url("desk", f"{home}/statements/new/?fund=asylum&since={Q3}"))
    expect(ulla.get_by_text("Vorgeschlagen: CHF 2’736.00, gekürzt um CHF 576.00.")).to_be_visible()
    ulla.get_by_label("Die Zeile trotzdem").check()
    ulla.get_by_label("Warum trotzdem").fill("Der Entscheid ist angefochten.")
    ulla.get_by_role("button", name="Abrechnung senden").click()
    expect(ulla.get_by_text("CHF 5’692.30 ist noch nicht beantwortet.")).to_be_visible()
    ulla.goto(there.url("desk", f"{home}/statements/new/?fund=section+44&since={Q3}"))
    expect(ulla.get_by_text("Vorgeschlagen: CHF 1’782.67, gekürzt um CHF 891.33.")).to_be_visible()
    expect(ulla.get_by_text("TEN_YEARS_REACHED")).to_be_visible()
    for one in ulla.get_by_text("3 Buchungen des Fallkontos").all():
        one.click()
    fine_at_both(ulla, "quarter-44-new-de")
    ulla.get_by_role("button", name="Abrechnung senden").click()
    expect(ulla.get_by_text("CHF 3’276.67 ist noch nicht beantwortet.")).to_be_visible()
    canton.settle()

    # the canton: what is clean in one act, B cut by 576.00
    bo = log_in(canton.side.office, "bo", locale="de-CH")
    bo.goto(there.url("desk", f"{to}/statements/?since={Q3}"))
    expect(bo.get_by_role("row", name="Zusammen")).to_contain_text("8’968.97")
    for fund in ("asylum", "section 44"):
        with acting(canton.side.office.slug, TEST, "look"):
            key = Statement.objects.get(fund=fund, since=Q3).id
        bo.goto(there.url("desk", f"{to}/statements/{key}/"))
        bo.get_by_role("button", name="Zeilen ohne Befund annehmen").click()
        expect(bo.get_by_role("button", name="Zeilen ohne Befund annehmen")).to_have_count(0)
        if fund == "asylum":
            bo.get_by_label("In Ihren Worten").fill("Sieben Jahre sind um.")
            bo.get_by_role("button", name="Antwort senden").click()
            expect(bo.get_by_role("link", name="CHF 576.00")).to_be_visible()
    fine_at_both(bo, "quarter-44-answered-de")
    canton.settle()
    bo.goto(there.url("desk", f"{to}/statements/?since={Q3}"))
    for figure in ("8’968.97", "576.00", "8’392.97"):
        expect(bo.get_by_role("row", name="Zusammen")).to_contain_text(figure)
    fine_at_both(bo, "quarter-canton-de")
    ulla.goto(there.url("desk", f"{home}/statements/"))
    expect(ulla.get_by_role("row", name="01.07.2026 – 30.09.2026 § 44")).to_contain_text("3’276.67")
    expect(ulla.get_by_role("row", name="Zusammen")).to_contain_text("11’668.97")  # with the quarter before

    # both ledgers say the same, to the cent, by themselves and by the message that compares them
    all_ = Figures(
        claimed=BEFORE + 8_968_97, cut=576_00, accepted=BEFORE + 8_392_97, open=BEFORE + 8_392_97,
    )  # fmt: skip
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT) == all_
    assert compared(canton, canton.side, here, Account.PAYER).business == "accepted"

    # the canton pays by two people: its file to the bank says what both quarters come to
    order = paid(canton, BEFORE + 8_392_97)
    (file,) = folders(canton.side.office.slug)[0].glob("*.xml")
    tree = ElementTree.parse(file)
    sums = [tree.findtext(f".//{{*}}{name}") for name in ("CtrlSum", "InstdAmt", "EndToEndId")]
    assert sums == ["11668.97", "11668.97", order.hex]
    assert f"/asylum/{Q2}" in str(tree.findtext(".//{*}Ustrd"))
    closed = replace(all_, open=0, paid=BEFORE + 8_392_97)
    assert figures(canton.side, here, Account.PAYER) == closed
    assert figures(here, canton.side, Account.CLAIMANT) == all_

    # its bank pays, and tells it; the municipality's tells what came in: both accounts are equal, and nothing is open
    at_bank(canton, BANK.iban.replace(" ", ""))
    monkeypatch.setattr(acts, "tenants", lambda: [canton.side.key, here.key])
    fetch_bank_files(timestamp=0)
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT) == closed
    assert compared(canton, canton.side, here, Account.PAYER).business == "accepted"
    for page, at, name in (
        (ulla, home, "municipality"), (log_in(canton.side.office, "ulla", locale="de-CH"), to, "canton")
    ):  # fmt: skip
        page.goto(there.url("desk", f"{at}/accounts/"))
        page.get_by_role("row").nth(1).get_by_role("link").click()
        expect(page.get_by_role("row", name="Zusammen").get_by_role("link", name="11’668.97 Bezahlt")).to_be_visible()
        expect(page.get_by_text("auf den Rappen gleich")).to_be_visible()
        fine_at_both(page, f"quarter-closed-{name}-de")
    expect(page.get_by_text("die Bank hat bezahlt")).to_be_visible()
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[canton.side.office.slug, office.slug])
    assert [one for one in report.errors if one.rule in ("I5", "I6", "I7", "I12")] == [], report.to_text()
