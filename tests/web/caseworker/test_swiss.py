"""A Swiss municipality's own work, through its pages: from the person to the payment file."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import lxml.html
import psycopg
import pytest
from lxml import etree
from playwright.sync_api import expect
from stdnum import iso11649

from handslag.domain.accounts.operations import match_to_claim, undo_hand_match
from handslag.domain.audit.models import Event
from handslag.domain.casefile.models import Case, Period
from handslag.domain.decisions.models import Decision, Letter, Order, PersonalLetter
from handslag.domain.decisions.operations import answer_hearing, decide, open_hearing, propose, withdraw_proposal
from handslag.domain.decisions.operations.order_appeals import (
    change_order_appeal,
    end_order_appeal,
    note_order_appeal,
)
from handslag.domain.decisions.operations.orders import decide_order, end_order, propose_condition, propose_reduction
from handslag.domain.decisions.operations.releases import why_not_released
from handslag.domain.entitlement.models import Assessment, Sheet
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries import chunk_in_force, effect, unnamed_households
from handslag.domain.payments.models import (
    BankLine,
    Booking,
    DirectPayment,
    KeptBack,
    Payee,
    Payment,
    Recovery,
    Run,
    RunFile,
)
from handslag.domain.payments.operations.account import reverse_booking
from handslag.domain.payments.operations.instalments import propose_instalment
from handslag.domain.payments.operations.recoveries import (
    agree_instalments,
    book_repayment,
    decide_recovery,
    propose_recovery,
    waive_recovery,
)
from handslag.domain.payments.queries import postings_of, restitution_in, standing_of
from handslag.domain.people.models import Person
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.references import creditor_reference
from handslag.domain.tasks.models import Deadline, Task
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.jobs import acts, watch
from handslag.jobs.acts import store_of
from handslag.jobs.payments import take_bank_file
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from handslag.rules.norms import from_entries
from tests.connectors.bank.test_qr_bill import text as qr_bill
from tests.domain.test_accounts import notice
from tests.office import TEST, Office, as_role, open_office, run_jobs
from verifier import verify

IBAN, QR_IBAN = "CH9300762011623852957", "CH4431999123000889012"
QRR = "210000000003139471430009017"
FORMS = {"new": "ch.support", "renewal": "ch.support", "supplementary": "ch.support"}
PAIN = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


@pytest.fixture
def musterwil(database: Any) -> Office:
    """A municipality of Zurich that may decide by example norms."""
    return open_office(
        database.connect, "musterwil", "CH", canton="ZH", application_forms=FORMS, demonstration=True,
        debtor_account={"kind": "iban", "number": "CH5604835012345678009"}, bank_lead_days=0, bank_cut_off="23:59",
    )  # fmt: skip


def ahv(nine: str) -> str:
    """An invented AHVN13 for nine digits."""
    body = f"756{nine}"
    return body + str(-sum(int(c) * (3 if n % 2 else 1) for n, c in enumerate(body)) % 10)


def look(office: Office, model: Any, **by: Any) -> Any:
    with acting(office.slug, TEST, "look"):
        return model.objects.get(**by)


def went(page: Any) -> str:
    """Where an act led; what the page complains of, else."""
    said = lxml.html.document_fromstring(page.text or "<p>").xpath("//*[@role='alert']")
    assert page.status_code == 302, " ".join(e.text_content() for e in said) or page.text[-3000:]
    return re.sub("^/[^/]+", "", page.headers["Location"])


def key_in(path: str) -> UUID:
    return UUID(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", path)[-1])


class Counter:
    """The steps of a case at a Swiss office, each by the member of staff who takes it, through her pages."""

    def __init__(self, office: Office, desk: Any) -> None:
        self.office, self.month = office, office.month
        self.rut, self.hanna, self.bo, self.ulla, self.erik = (
            desk(office, who) for who in ("rut", "hanna", "bo", "ulla", "erik")
        )

    def opens(self, *people: tuple[str, str, str, str]) -> str:
        """Register people (given name, day of birth, AHVN13, role), their household and case; its path."""
        for given, born, number, role in people:
            told = {"account_kind": "iban", "account_number": IBAN} if role == "adult" else {}
            made = self.rut.open(
                "/people/new/", identifier_type="ahvn13", identifier=number, given_name=given, family_name="Müller",
                birth_on=born, address="Dorfstrasse 7b", postcode="8999", city="Musterwil", protection_level="0",
                language="de", **told,
            )  # fmt: skip
            went(made)
        rows = {f"number-{n}": number for n, (_, _, number, _) in enumerate(people)}
        rows |= {f"role-{n}": role for n, (*_, role) in enumerate(people)}
        to_case = went(self.rut.open("/households/new/", since=(self.month - 3).since.isoformat(), **rows))
        applicant = look(self.office, Person, given_name=people[0][0])
        return went(
            self.rut.open(
                to_case, applicant=str(applicant.id), unit=str(self.office.units["Försörjningsstöd"]),
                caseworker=str(self.office.members["hanna"]), opened_on=self.month.since.isoformat(),
            )
        )  # fmt: skip

    def applies(self, case: str, *signed: str, **answers: str) -> None:
        """An application on paper, in German."""
        told = {
            "key": str(uuid7()), "month": str(self.month), "channel": "counter", "language": "de",
            "household-same": "yes", "living": "own", "evidence": "Ordner 3", "act": "submit",
        }  # fmt: skip
        people = [str(look(self.office, Person, given_name=one).id) for one in signed]
        went(self.rut.open(f"{case}paper/", **told, **answers, signed=people))

    def assesses(self, case: str, **fields: str) -> Any:
        """The budget as Hanna saves it: what stands in the page's fields, with hers."""
        path = f"{case}periods/{self.month}/"
        page = self.hanna.open(path)
        (form,) = [f for f in lxml.html.document_fromstring(page.text).forms if f.get("id") == "facts"]
        sent = {k: v for k, v in form.form_values() if k not in ("csrfmiddlewaretoken", "csrf")}
        return self.hanna.open(path, **(sent | fields), act="assess")

    def decides(self, case: str, reasons: str = "", language: str = "de", months: str = "1") -> Decision:
        """Hanna proposes, Bo decides."""
        sheet = look(self.office, Sheet, case_id=key_in(case), period__since=self.month.since)
        path = f"{case}periods/{self.month}/proposal/"
        assert "Verfügung" in self.hanna.open(path).text
        proposal = went(
            self.hanna.open(path, act="propose", sheet=str(sheet.id), reasons=reasons, language=language, months=months)
        )
        decision: Decision = look(self.office, Decision, id=key_in(proposal))
        went(self.bo.open(f"{proposal}decide/", version=str(decision.version)))
        return look(self.office, Decision, id=decision.id)

    def landlord(self, name: str = "Liegenschaften Muster AG", iban: str = QR_IBAN) -> Payee:
        """Somebody beside the person, whom Rut records and Hanna confirms."""
        told = {"name": name, "kind": "landlord", "organisation_number": "", "way": "iban", "number": iban}
        went(self.rut.open("/payees/", key=str(uuid7()), **told))
        payee: Payee = look(self.office, Payee, name=name)
        went(self.hanna.open(f"/payees/{payee.id}/confirm/", version=str(payee.version)))
        return payee

    def pays(self, database: Any) -> etree._Element:
        """Ulla reserves what is due, Erik releases it, the job writes the file: its tree."""
        run = key_in(went(self.ulla.open("/runs/new/", execution_on=self.office.pay_day().isoformat())))
        version = look(self.office, Run, id=run).version
        went(self.erik.open(f"/runs/{run}/release/", version=str(version)))
        run_jobs(database)
        return etree.fromstring(stored(self.office, database, look(self.office, RunFile, run_id=run).document_id))


def amounts(file: etree._Element) -> dict[str, str]:
    """What a payment file pays to which IBAN."""
    accounts = file.xpath("//p:CdtTrfTxInf/p:CdtrAcct//p:IBAN/text()", namespaces=PAIN)
    return dict(zip(accounts, file.xpath("//p:InstdAmt/text()", namespaces=PAIN), strict=True))


def stored(office: Office, database: Any, document: UUID) -> bytes:
    """The bytes of a document."""
    from handslag.domain.documents.models import Document

    with acting(office.slug, TEST, "read") as door:
        key, row = file_key(), Document.objects.get(id=document)
        tenant = door.the_tenant.id
    return b"".join(store_of(tenant, key).read(UUID(row.store_key)))


def test_person_d_from_the_counter_to_the_bank(musterwil: Office, desk: Any, database: Any) -> None:
    """Person D of the worked quarter: GBL 1061, rent 1050, SIL 120, wage 800 less EFB 267: 1698.00 a month."""
    office, at = musterwil, Counter(musterwil, desk)
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    dario = str(look(office, Person, given_name="Dario").id)
    at.applies(
        case, "Dario", rent="1050", **{"costs-0-code": "BASIC_OTHER", "costs-0-amount": "120.00"},
        **{"incomes-0-code": "WAGE", "incomes-0-amount": "800", "incomes-0-person": dario},
    )  # fmt: skip
    unknown = at.assesses(case)
    assert unknown.status_code == 200 and "Choose the permit" in unknown.text
    went(at.assesses(case, **{"member-0-permit": "B-R", "member-0-reimbursed_until": "1.8.2031"}))
    page = at.hanna.open(f"{case}periods/{office.month}/").text
    assert "CHF\xa01,698.00" in page and "Basic need" in page and "SEK\xa0" not in page
    sheet = look(office, Sheet, case_id=key_in(case))
    assert (sheet.pack, sheet.granted, sheet.currency) == ("ch", 169_800, "CHF")

    decision = at.decides(case)
    assert (decision.outcome, decision.amount, decision.language) == ("bifall", 169_800, "de")
    letter = look(office, Letter, decision=decision)
    assert letter.template == "decision.ch/1" and "Bezirksrat" in letter.content["appeal"]
    assert "nicht am Gesetz geprüft" in letter.content["appeal"]
    outcome = letter.content["outcome"].replace("\xa0", " ")
    assert outcome.startswith("Sie erhalten für ") and "1’698 CHF" in outcome
    payment = look(office, Payment, case_id=key_in(case))
    assert (payment.state, payment.amount, payment.currency) == ("planned", 169_800, "CHF")
    booking = look(office, Booking, case_id=key_in(case))
    assert (booking.amount, booking.account_code) == (169_800, "forsorjningsstod")
    account = at.hanna.open(f"{case}account/").text
    assert iso11649.format(creditor_reference(look(office, Case, id=key_in(case)).number)) in account

    file = at.pays(database)
    assert file.xpath("string(//p:InstdAmt[@Ccy='CHF'])", namespaces=PAIN) == "1698.00"
    assert file.xpath("string(//p:CdtrAcct//p:IBAN)", namespaces=PAIN) == IBAN
    address = {e.tag.partition("}")[2]: e.text for e in file.xpath("//p:Cdtr/p:PstlAdr/*", namespaces=PAIN)}
    assert address == {
        "StrtNm": "Dorfstrasse", "BldgNb": "7b", "PstCd": "8999", "TwnNm": "Musterwil", "Ctry": "CH",
    }  # fmt: skip
    assert "Sozialhilfe" in file.xpath("string(//p:Ustrd)", namespaces=PAIN)
    letter = look(office, Letter, decision=decision)
    assert stored(office, database, letter.document_id).startswith(b"%PDF")


def test_family_e_in_french_with_the_rent_to_the_landlord(musterwil: Office, desk: Any, database: Any) -> None:
    """Person E: GBL of three 1974 and rent 1500, the wife's wage 1200 less EFB 400: 2674.00, 891.33 for each head."""
    office, at = musterwil, Counter(musterwil, desk)
    case = at.opens(
        ("Elias", "1984-02-01", ahv("111111111"), "adult"), ("Emma", "1986-03-02", ahv("222222222"), "adult"),
        ("Eva", "2018-04-03", ahv("333333333"), "child"),
    )  # fmt: skip
    emma = str(look(office, Person, given_name="Emma").id)
    at.applies(
        case, "Elias", "Emma", rent="1500",
        **{"incomes-0-code": "WAGE", "incomes-0-amount": "1’200.00", "incomes-0-person": emma},
    )  # fmt: skip
    page = at.hanna.open(f"{case}periods/{office.month}/").text
    names = re.findall(r"<h3><bdi>(\w+) Müller</bdi>", page)
    of = {name: f"member-{n}" for n, name in enumerate(names)}
    went(
        at.assesses(
            case, **{f"{of['Elias']}-permit": "B-R", f"{of['Elias']}-reimbursed_until": "1.9.2027"},
            **{f"{of['Emma']}-permit": "C", f"{of['Eva']}-permit": "CH"},
        )
    )  # fmt: skip
    sheet = look(office, Sheet, case_id=key_in(case))
    assert (sheet.granted, sheet.body["totals"]["ChargedSum"]) == (267_400, 89_133)

    payee = at.landlord()
    order = {
        "payee": str(payee.id), "cost_code": "RENT", "amount": "1500", "since": str(office.month), "until": "",
        "ground": "Wunsch der Familie", "message": "",
    }  # fmt: skip
    insurer = at.landlord("Krankenkasse Muster", IBAN)
    for change, said in (  # a QR-IBAN takes a QRR and nothing else; a QRR goes nowhere else
        ({"reference": "RF18539007547034"}, "it takes only the QR reference"),
        ({"reference": "", "message": "Miete"}, "it takes only the QR reference"),
        ({"reference": QRR[:-1] + "8"}, "Check each digit against the bill"),
        ({"reference": QRR, "message": "Miete"}, "not both"),
        ({"reference": QRR, "payee": str(insurer.id)}, "it goes only to a QR-IBAN"),
        ({"reference": "RF19539007547034", "payee": str(insurer.id)}, "Check each digit against the bill"),
    ):
        refused = at.hanna.open(f"{case}direct/", key=str(uuid7()), **order | change)
        assert refused.status_code == 200 and said in refused.text, (change, said)

    # by the text of its QR-bill: the form is filled in as the bill says, and nothing is ordered by it
    def by_bill(bill: str) -> Any:
        return at.hanna.open(f"{case}direct/", **{"act": "bill", "bill-text": bill})

    for bill, said in (
        (qr_bill({0: "Rechnung"}), "no text of a QR-bill"), (qr_bill({19: "EUR"}), "only francs"),
        (qr_bill({3: "CH5604835012345678009", 27: "NON", 28: ""}), "No payee who is confirmed"),
        (qr_bill({28: QRR[:-1] + "8"}), "fit its IBAN"),
    ):  # fmt: skip
        assert said in by_bill(bill).text, said
    page = lxml.html.document_fromstring(by_bill(qr_bill()).text)
    (form,) = [f for f in page.forms if "ground" in f.fields]
    filled = {name: form.fields[name] or "" for name in ("payee", "amount", "reference", "message")}
    assert filled == {"payee": str(payee.id), "amount": "1,500.00", "reference": QRR, "message": ""}
    assert "nothing is ordered yet" in page.text_content()
    with acting(office.slug, TEST, "look"):
        assert not DirectPayment.objects.exists()
    went(at.hanna.open(f"{case}direct/", key=str(uuid7()), **order | filled))

    decision = at.decides(case, language="fr")
    content = look(office, Letter, decision=decision).content
    assert content["heading"].startswith("Décision sur l’aide matérielle") and "recours" in content["appeal"]
    assert content["granted"] == 267_400 and "2’674" in content["outcome"]
    # an order without the reference that its account needs: that payment alone doesn't leave, and says why
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("UPDATE payments_payment SET giro_reference = NULL WHERE giro_reference = %s", [QRR])
    assert amounts(at.pays(database)) == {IBAN: "1174.00"}
    left = look(office, Payment, direct__isnull=False)
    assert (left.state, left.blocked_reason) == ("blocked", "reference: qrr_needed")
    assert "takes only payments with a QR reference" in at.hanna.open(f"{case}direct/").text
    went(at.hanna.open(f"{case}payments/{left.id}/", version=str(left.version)))
    file = at.pays(database)
    assert amounts(file) == {QR_IBAN: "1500.00"}
    assert file.xpath("//p:Ref/text()", namespaces=PAIN) == [QRR]
    assert stored(office, database, look(office, Letter, decision=decision).document_id).startswith(b"%PDF")


def test_a_budget_holds_for_months_that_are_released_after_the_declaration(
    musterwil: Office, desk: Any, database: Any, log_in: Any, server: Any, fine_at_both: Any
) -> None:
    """Decided once for six months: the next month as declared is released by one person, pays, and says so; a month
    that is declared otherwise isn’t, and is decided by itself."""
    office, at = musterwil, Counter(musterwil, desk)
    at.month -= 2
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    told = {"rent": "1050", "costs-0-code": "BASIC_OTHER", "costs-0-amount": "120.00"}
    at.applies(case, "Dario", **told)
    went(at.assesses(case, **{"member-0-permit": "B-R", "member-0-reimbursed_until": "1.8.2031"}))
    budget = at.decides(case, months="6")
    assert budget.holds_until == (at.month + 6).since
    letter = look(office, Letter, decision=budget).content
    assert "Jeden Monat erklären Sie, ob alles gleich ist" in letter["budget"]

    at.month += 1
    page = f"{case}periods/{at.month}/"
    at.applies(case, "Dario", **told)
    assert at.erik.open(page, act="release").status_code in (403, 404)
    browser = log_in(office, "hanna")
    browser.goto(server.url("desk", f"/{office.slug}{page}"))
    expect(browser.get_by_role("main")).to_contain_text("She declares that nothing has changed: CHF\xa02,231.00")
    fine_at_both(browser, "desk-release")
    browser.get_by_role("button", name="Release the month").click()
    expect(browser.get_by_role("heading", level=1)).to_contain_text("2,231.00")
    at.landlord()
    browser = log_in(office, "hanna", locale="de-CH")
    browser.goto(server.url("desk", f"/{office.slug}{case}direct/"))
    for bill, said in ((qr_bill({19: "EUR"}), "nur Franken"), (qr_bill(), "Noch ist nichts angeordnet")):
        browser.get_by_label("Text des QR-Codes").fill(bill)
        browser.get_by_role("button", name="Aus der Rechnung übernehmen").click()
        expect(browser.get_by_text(said).first).to_be_visible()
        fine_at_both(browser, f"desk-bill-{said.split()[0].lower()}-de")
    expect(browser.get_by_text("was Sie geschrieben")).to_have_count(0)
    expect(browser.get_by_label("Wofür")).to_contain_text("Miete")
    released = look(office, Decision, under=budget)
    assert (released.amount, released.outcome, released.state) == (223_100, "bifall", "decided")
    assert released.decided_by_id == office.members["hanna"] and released.delegation == budget.delegation
    assert budget.number in look(office, Letter, decision=released).content["budget"]
    paid = look(office, Payment, case_id=key_in(case), period=released.period_id)
    assert (paid.state, paid.amount, paid.currency) == ("planned", 223_100, "CHF")
    refused = at.hanna.open(page, act="release")
    assert refused.status_code == 200 and "holds for this month" not in refused.text

    at.month += 1
    page = f"{case}periods/{at.month}/"
    at.applies(case, "Dario", **(told | {"rent": "1100"}))
    assert "declares something else" in at.hanna.open(page).text
    refused = at.hanna.open(page, act="release")
    assert refused.status_code == 200 and "Release the month" not in refused.text
    went(at.assesses(case))
    anew = at.decides(case)
    assert (anew.amount, anew.under_id, anew.holds_until) == (228_100, None, None)
    run_jobs(database)
    assert stored(office, database, look(office, Letter, decision=released).document_id).startswith(b"%PDF")
    report = verify(database.of_role("auditor"), tenants=[office.slug])
    assert report.checked["decisions"] == 3
    ours = ("decisions_", "entitlement_")
    assert [one for one in report.findings if one.table.startswith(ours)] == [], report.to_text()
    # each rests on a sheet that a correction of the rules looks at again, and that a simulation takes, naming nobody
    with acting(office.slug, TEST, "look"):
        sheets = chunk_in_force(None)
        assert {sheet.id for sheet in sheets} == set(Decision.objects.values_list("sheet_id", flat=True))
        assert [effect(sheet, office.today) for sheet in sheets] == [None] * 3
        households, _ = unnamed_households(at.month)
    assert list(households) == ["ch"]
    assert "Dario" not in str(households) and str(sheets[0].case.applicant_id) not in str(households)

    # the table refuses what is no release, and the verifier names one that isn't what its budget says
    with psycopg.connect(database.admin, autocommit=True) as admin:
        for change in ("outcome = 'delavslag'", "amount = 0", f"holds_until = '{budget.holds_until}'"):
            with pytest.raises(psycopg.errors.CheckViolation):
                admin.execute(f"UPDATE decisions_decision SET {change} WHERE id = %s".encode(), [released.id])
        for key, change, back, told_of in (
            (released.id, "amount = amount - 100", "amount = amount + 100", "isn't what the budget grants"),
            (budget.id, "holds_until = holds_until - 150", "holds_until = holds_until + 150", "doesn't hold"),
        ):
            admin.execute(f"UPDATE decisions_decision SET {change} WHERE id = %s".encode(), [key])
            found = verify(database.of_role("auditor"), tenants=[office.slug]).findings
            admin.execute(f"UPDATE decisions_decision SET {back} WHERE id = %s".encode(), [key])
            assert [one.row for one in found if told_of in one.text] == [str(released.id)]


def test_a_budget_releases_nothing_that_differs_by_month_and_never_holds_for_a_part(
    musterwil: Office, desk: Any
) -> None:
    """A cost with a limit for the year is decided anew; a part, and thirteen months, are of their month alone."""
    office, at = musterwil, Counter(musterwil, desk)
    at.month -= 2
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    permit = {"member-0-permit": "CH"}
    at.applies(case, "Dario", rent="1050", **{"costs-0-code": "BASIC_OTHER", "costs-0-amount": "120"})
    went(at.assesses(case, **permit, **{"cost-0-mine": "20", "cost-0-why": "zu viel"}))
    sheet = look(office, Sheet, case_id=key_in(case))
    told = {"act": "propose", "sheet": str(sheet.id), "reasons": "zu viel verlangt", "language": "de"}
    path = f"{case}periods/{at.month}/proposal/"
    assert "Only a full grant" in at.hanna.open(path, **told, months="6").text
    assert at.decides(case, "zu viel verlangt", months="13").holds_until is None

    at.month += 1
    yearly = {"rent": "1050", "costs-0-code": "BASIC_OTHER", "costs-0-amount": "120"}
    at.applies(case, "Dario", **yearly)
    deductible = {"new-cost-0-code": "KVG_DEDUCTIBLE", "new-cost-0-mine": "50", "new-cost-0-why": "Rechnung"}
    person = str(look(office, Person, given_name="Dario").id)
    went(at.assesses(case, **permit, **deductible, **{"new-cost-0-person": person}))
    assert at.decides(case, months="12").holds_until == (at.month + 12).since
    at.month += 1
    at.applies(case, "Dario", **yearly)
    page = f"{case}periods/{at.month}/"
    assert "a limit for the year" in at.hanna.open(page).text
    refused = at.hanna.open(page, act="release")
    assert refused.status_code == 200 and "Release the month" not in refused.text
    with acting(office.slug, TEST, "look"):
        assert not Decision.objects.filter(under__isnull=False).exists()


CONDITION = {
    "about": "Sie bewerben sich jeden Monat auf fünf Stellen.", "legal_basis": "§ 24 SHG ZH", "language": "de",
    "reasons": "Sie können arbeiten und suchen keine Stelle.",
}  # fmt: skip


def condition(office: Office, case: UUID, person: UUID) -> Order:
    """A condition, decided by two."""
    told = CONDITION | {"due_on": office.today + timedelta(days=5)}
    row = propose_condition(**office.act("hanna"), case=case, person=person, **told)
    with pytest.raises(NotForThem):
        decide_order(**office.act("hanna"), order=row.id, version=row.version)
    return decide_order(**office.act("bo"), order=row.id, version=row.version)


def passed(office: Office, database: Any, row: Order) -> None:
    """The day of a condition has passed before the month before this one began."""
    day = (office.month - 1).since - timedelta(days=1)
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("UPDATE decisions_order SET due_on = %s WHERE id = %s", [day, row.id])


#: From this day on everybody knows that whether reductions and instalments share one limit is open.
LIMIT_KNOWN = datetime(2026, 12, 5, 12, tzinfo=UTC)


def settings_are(beside: pytest.MonkeyPatch, since: date, **taken: str) -> None:
    """What the organisation has chosen for its orders."""
    value = {"since": since, "source": "Reglement", "checked_on": since, "status": "official"}
    own = [
        {"name": f"setting.{name}", "unit": "choice", "label": {"de": name}, "choices": {choice: {"de": choice}}}
        | {"owner": "Musterwil", "values": [value | {"value": choice}]}
        for name, choice in taken.items()
    ]
    of_own = from_entries(own, "own")
    beside.setattr("handslag.domain.decisions.operations.orders.local_norms", lambda _: of_own)


def reduced(office: Office, condition: Order, **more: Any) -> Order:
    """A reduction from the first month of the case on, as it is proposed."""
    period = look(office, Period, case_id=condition.case_id, since=(office.month - 1).since)
    told = {"reasons": "Die Auflage wurde nicht erfüllt.", "language": "de", "legal_basis": "§ 24 SHG ZH"}
    return propose_reduction(**office.act("hanna") | told | more, condition=condition.id, period=period.id)


def test_a_reduction_is_heard_reasoned_decided_by_two_and_then_counted(
    musterwil: Office, desk: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A condition comes first, with its day and what may follow; a reduction only after that day, heard and in the
    limits of the rules, never by itself. No budget reduces without it, none leaves it out, and it can be lifted."""
    office, at = musterwil, Counter(musterwil, desk)
    at.month -= 1
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    dario = look(office, Person, given_name="Dario").id

    def calculated(applied: Any = None) -> Sheet:
        at.applies(case, "Dario", rent="1050")
        if applied:
            applied()
        went(at.assesses(case, **{"member-0-permit": "CH"}))
        office.now = clock.now()  # after what came in
        return look(office, Sheet, case_id=key_in(case), period__since=at.month.since)

    sheet = calculated()
    assert sheet.granted == 211_100
    laid_down = condition(office, key_in(case), dario)
    with pytest.raises(NotPossible, match="condition open"):
        reduced(office, laid_down, percent=30, months=2)
    passed(office, database, laid_down)
    letter = laid_down.letter.content
    assert "können wir Ihren Grundbedarf kürzen" in str(letter["parts"]) and "Bezirksrat" in letter["remedy"]
    facts = look(office, Assessment, period__since=at.month.since).facts
    order = {"person": str(dario), "percent": 15, "since": str(at.month.since), "months": 2, "order": "V-7"}
    invented = facts | {"sanctions": [order]}
    made_up = assess(**office.act("hanna"), period=sheet.period_id, facts=invented, version=1)
    told: dict[str, Any] = {"reasons": "Die Auflage wurde nicht erfüllt.", "language": "de"}
    with pytest.raises(NotPossible, match="reductions since"):
        propose(**office.act("hanna"), sheet=made_up.id, **told)

    for change, why in (({"percent": 31}, "percent"), ({"months": 13}, "reduction months"), ({}, "not heard yet")):
        with pytest.raises(NotPossible, match=why):
            reduced(office, laid_down, **{"percent": 30, "months": 2} | change)
    # of the whole unit's need: what others' reductions take leaves less, and instalments where both share one limit
    first = look(office, Period, case_id=key_in(case), since=(office.month - 1).since)
    with acting(office.slug, TEST, "look"):
        of_others = [Order(period=first, percent=percent, months=3) for percent in (10, 15)]
        kept_back = [Order(period=first, percent=4, months=3)]
    for base, limit, most in (("person", "separate", 30), ("unit", "separate", 5), ("unit", "shared", 1)):
        with monkeypatch.context() as beside:
            beside.setattr("handslag.domain.decisions.queries.reductions_in", lambda *_, **__: of_others)
            beside.setattr("handslag.domain.decisions.operations.orders.instalments_in", lambda *_, **__: kept_back)
            settings_are(beside, first.since, sanction_base=base, restitution_limit=limit)
            for percent, why in ((most, "not heard yet"), (most + 1, "percent")):
                with pytest.raises(NotPossible, match=why):
                    reduced(office, laid_down, percent=percent, months=2, now=LIMIT_KNOWN)
    day = office.today + timedelta(days=14)
    (asked,) = open_hearing(**office.act("hanna"), period=sheet.period_id, about="Kürzung der Hilfe", answer_by=day)
    with pytest.raises(NotPossible, match="not heard yet"):
        reduced(office, laid_down, percent=30, months=2)
    answer_hearing(**office.by(Actor("citizen", dario)), hearing=asked.id, answer="Ich war krank.")
    with psycopg.connect(database.admin, autocommit=True) as admin:  # asked before that day: about no breach
        moved = "UPDATE decisions_hearing SET asked_at = asked_at {} interval '200 days' WHERE id = %s"
        admin.execute(moved.format("-").encode(), [asked.id])
        with pytest.raises(NotPossible, match="not heard yet"):
            reduced(office, laid_down, percent=30, months=2)
        admin.execute(moved.format("+").encode(), [asked.id])
    row = reduced(office, laid_down, percent=30, months=2)
    with pytest.raises(NotForThem):
        decide_order(**office.act("hanna"), order=row.id, version=row.version)
    row = decide_order(**office.act("bo"), order=row.id, version=row.version)
    assert "um 30 Prozent gekürzt, befristet auf 2 Monate" in row.letter.content["outcome"]
    with pytest.raises(NotPossible, match="reduced already"):
        reduced(office, laid_down, percent=5, months=1)
    left_out = assess(**office.act("hanna"), period=sheet.period_id, facts=facts, version=2)
    with pytest.raises(NotPossible, match="reductions since"):
        propose(**office.act("hanna"), sheet=left_out.id, **told)

    # appealed: while that suspends it, a month is decided without it; what follows from the outcome a person does
    said: dict[str, Any] = {"order": row.id, "came_on": office.today, "forwarded_on": None, "suspends": True}
    said["why"] = "Der Bezirksrat hat es so mitgeteilt."
    with pytest.raises((Hidden, NotAllowed)):
        note_order_appeal(**office.act("ulla"), **said)
    early, late = office.today - timedelta(days=1), office.today + timedelta(days=1)
    days = (({"came_on": early}, "appeal day"), ({"forwarded_on": late}, "appeal forwarded"), ({"why": ""}, "reasons"))
    for change, why in days:
        with pytest.raises(NotPossible, match=why):
            note_order_appeal(**office.act("hanna"), **said | change)
    appeal = note_order_appeal(**office.act("hanna"), **said)
    with pytest.raises(NotPossible, match="order appealed"):
        note_order_appeal(**office.act("hanna"), **said)
    spared = propose(**office.act("hanna"), sheet=left_out.id, **told)
    assert (spared.outcome, spared.amount) == ("bifall", 211_100)
    withdraw_proposal(**office.act("hanna"), decision=spared.id, version=spared.version)
    known = {"appeal": appeal.id, "version": 1, "forwarded_on": office.today, "suspends": False, "why": said["why"]}
    change_order_appeal(**office.act("hanna"), **known)
    with pytest.raises(NotPossible, match="reductions since"):
        propose(**office.act("hanna"), sheet=left_out.id, **told)
    change_order_appeal(**office.act("hanna"), **known | {"version": 2, "suspends": True})
    ended = {"appeal": appeal.id, "version": 3, "ended_on": office.today, "outcome": "Der Rekurs ist abgewiesen."}
    end_order_appeal(**office.act("hanna"), **ended)
    with pytest.raises(Conflict):
        end_order_appeal(**office.act("hanna"), **ended)
    with pytest.raises(NotPossible, match="reductions since"):
        propose(**office.act("hanna"), sheet=left_out.id, **told)

    went(at.assesses(case))
    office.now = clock.now()
    with acting(office.slug, TEST, "look"):
        sheet = Sheet.objects.filter(case_id=key_in(case)).latest("computed_at")
    assert (sheet.granted, sheet.body["totals"]["SanctionSum"]) == (211_100 - 31_830, 31_830)
    made = propose(**office.act("hanna"), sheet=sheet.id, **told)
    assert made.outcome == "delavslag"
    with pytest.raises(NotForThem):
        decide(**office.act("hanna"), decision=made.id, version=made.version)
    decide(**office.act("bo"), decision=made.id, version=made.version)
    lines = str(look(office, Letter, decision=made).content["sheet"])
    assert row.number in lines and "§ 24 SHG ZH" in lines
    with psycopg.connect(database.admin, autocommit=True) as admin:  # the verifier ties the month to the order
        for change, named in (("+ 0", []), ("- 1", [str(made.id)])):
            admin.execute(f"UPDATE decisions_order SET percent = percent {change} WHERE id = %s".encode(), [row.id])
            found = verify(database.of_role("auditor"), tenants=[office.slug]).findings
            assert [one.row for one in found if one.text == "reduces by what was not decided"] == named
            assert [one for one in found if one.table == "decisions_orderappeal"] == []
        admin.execute("UPDATE decisions_order SET percent = 30 WHERE id = %s", [row.id])
        for change, back, said in (
            ("suspends = false", "suspends = true", "is not what was noted of it"),
            ("outcome = 'x'", f"outcome = '{ended['outcome']}'", "its end is not what was noted"),
        ):
            admin.execute(f"UPDATE decisions_orderappeal SET {change} WHERE id = %s".encode(), [appeal.id])
            found = verify(database.of_role("auditor"), tenants=[office.slug]).findings
            admin.execute(f"UPDATE decisions_orderappeal SET {back} WHERE id = %s".encode(), [appeal.id])
            assert [one.text for one in found if one.rule == "I5" and one.row == str(appeal.id)] == [said]

    at.month += 1  # its last month: not heard again on that order; lifted, it takes nothing any more

    def not_released() -> None:
        period = look(office, Period, case_id=key_in(case), since=at.month.since)
        with acting(office.slug, TEST, "look"):
            assert why_not_released(period.case, period, made) == "reduced since"

    later = calculated(not_released)
    assert later.granted == 211_100 - 31_830
    again = propose(**office.act("hanna"), sheet=later.id, **told)
    assert (again.outcome, again.unheard) == ("delavslag", None)
    withdraw_proposal(**office.act("hanna"), decision=again.id, version=again.version)
    end_order(**office.act("hanna"), order=row.id, version=row.version, why="Er hat sich beworben.", month=at.month)
    with pytest.raises(NotPossible, match="reductions since"):
        propose(**office.act("hanna"), sheet=later.id, **told)
    went(at.assesses(case))
    with acting(office.slug, TEST, "look"):
        assert Sheet.objects.filter(case_id=key_in(case)).latest("computed_at").granted == 211_100


def test_the_day_of_a_condition_that_passed_asks_a_person_and_nothing_else(
    musterwil: Office, desk: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, from the day after it; not where it was met before; done when she says what became of it."""
    office, at = musterwil, Counter(musterwil, desk)
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    dario = look(office, Person, given_name="Dario").id
    met, row = condition(office, key_in(case), dario), condition(office, key_in(case), dario)
    why = {"why": "Er hat sich beworben."}
    end_order(**office.act("hanna"), order=met.id, version=met.version, **why)
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        watched = dict(Deadline.objects.filter(subject_id=key_in(case)).values_list("proof", "state"))
    assert watched == {met.number: "lifted", row.number: "running"}
    for days, tasks in ((5, 0), (6, 1), (7, 1)):
        with monkeypatch.context() as patch, as_role(database, "worker"):
            patch.setattr(acts, "tenants", lambda: [tenant])
            patch.setattr(watch.clock, "now", lambda days=days: office.now + timedelta(days=days))
            watch.watch_deadlines(timestamp=0)
        with acting(office.slug, TEST, "look"):
            assert Task.objects.filter(kind="condition over", state="open").count() == tasks
    assert f'{case}orders/"' in at.hanna.open("/tasks/").text
    with acting(office.slug, TEST, "look"):
        assert Order.objects.count() == 2 and not Order.objects.filter(kind="reduction").exists()
    end_order(**office.act("hanna"), order=row.id, version=row.version, **why)
    assert look(office, Task, kind="condition over").state == "done"


def test_conditions_and_reductions_on_their_pages(
    musterwil: Office, desk: Any, database: Any, log_in: Any, server: Any, fine_at_both: Any
) -> None:
    """In German and French, from the empty form to the line in the budget; nobody else finds them; each is told."""
    office, at = musterwil, Counter(musterwil, desk)
    at.month -= 1
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    at.applies(case, "Dario", rent="1050")
    went(at.assesses(case, **{"member-0-permit": "CH"}))
    period = look(office, Period, case_id=key_in(case), since=at.month.since)
    page = log_in(office, "hanna", locale="de-CH")
    page.goto(server.url("desk", f"/{office.slug}{case}orders/"))
    expect(page.locator("[name=legal_basis]")).to_have_value("§ 24 SHG ZH; Sozialhilfehandbuch ZH 14.2.01")
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("alert").first).to_contain_text("Was zu tun ist")
    fine_at_both(page, "desk-orders-error-de")
    page.get_by_label("Was zu tun ist").fill(CONDITION["about"])
    page.get_by_label("Bis und mit").fill((office.today + timedelta(days=30)).isoformat())
    page.locator("[name=reasons]").fill(CONDITION["reasons"])
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Auflage")
    fine_at_both(page, "desk-order-de")
    row = look(office, Order, kind="condition")
    second = log_in(office, "bo", locale="fr-CH")
    second.goto(server.url("desk", f"/{office.slug}/proposals/"))
    expect(second.get_by_role("table")).to_contain_text("Charge")
    second.get_by_role("table").get_by_role("link").click()
    second.get_by_role("button", name="Décider").click()
    expect(second.get_by_role("main")).to_contain_text("Elle est remplie ou n’est plus valable")
    fine_at_both(second, "desk-order-fr")

    passed(office, database, row)
    page.reload()
    page.get_by_text("eine Kürzung vorschlagen").click()
    page.get_by_label("Ab welchem Monat", exact=True).select_option(str(period.id))
    for name, text in (("percent", "31"), ("months", "2"), ("reasons", "Die Auflage wurde nicht erfüllt.")):
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("alert").first).to_contain_text("Höchstens 30 Prozent.")
    page.locator("[name=percent]").fill("15")
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("alert").first).to_contain_text("ohne das wird nichts gekürzt")
    fine_at_both(page, "desk-order-reduce-de")
    day = office.today + timedelta(days=14)
    office.now = clock.now()
    (asked,) = open_hearing(**office.act("hanna"), period=period.id, about="Kürzung der Hilfe", answer_by=day)
    answer_hearing(**office.by(Actor("citizen", row.person_id)), hearing=asked.id, answer="Ich war krank.")
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kürzung: 15 Prozent")
    made = look(office, Order, kind="reduction")
    went(at.bo.open(f"/orders/{made.id}/", act="decide", version="1"))
    went(at.assesses(case))
    page.goto(server.url("desk", f"/{office.slug}{case}periods/{at.month}/"))
    expect(page.get_by_role("main")).to_contain_text("In diesem Monat ist der Grundbedarf um 15 Prozent gekürzt")
    expect(page.get_by_role("main")).to_contain_text("§ 24 SHG ZH")
    calculated = page.get_by_role("main")  # also the sheet's own words are of the page's language
    expect(calculated).to_contain_text("Bedarf A: Grundsicherung")
    for english in ("Basic need", "Basic security", "Reduction in all"):
        expect(calculated).not_to_contain_text(english)
    fine_at_both(page, "desk-budget-reduced-de")
    second.goto(server.url("desk", f"/{office.slug}/orders/{made.id}/"))
    second.get_by_text("Lever la réduction").click()
    second.get_by_role("button", name="Enregistrer").click()
    expect(second.get_by_role("alert").first).to_be_visible()
    fine_at_both(second, "desk-order-end-fr")
    second.get_by_label("Dès quel mois").select_option(str(at.month + 1))
    second.get_by_label("Pourquoi").fill("Il a cherché du travail.")
    second.get_by_role("button", name="Enregistrer").click()
    expect(second.get_by_role("main")).to_contain_text("Elle n’est plus valable dès le")
    second.get_by_text("Noter un recours").click()
    second.get_by_role("button", name="Enregistrer").click()
    expect(second.get_by_role("alert").first).to_be_visible()
    fine_at_both(second, "desk-order-appeal-error-fr")
    second.locator("[name=appeal-came_on]").fill(office.today.isoformat())
    second.get_by_label("Oui: rien n’est déduit").check()
    second.locator("[name=appeal-why]").fill("Le préfet l’a écrit.")
    second.get_by_role("button", name="Enregistrer").click()
    expect(second.get_by_role("main")).to_contain_text("Il a un effet suspensif:")
    second.get_by_text("Il est tranché, ou retiré").click()
    fine_at_both(second, "desk-order-appeal-fr")
    second.locator("[name=outcome-ended_on]").fill(office.today.isoformat())
    second.locator("[name=outcome-outcome]").fill("Le recours est admis.")
    second.get_by_role("button", name="Enregistrer").click()
    expect(second.get_by_role("main")).to_contain_text("Le recours est admis.")

    run_jobs(database)
    with acting(office.slug, TEST, "look"):
        told = Event.objects.filter(subject_id=key_in(case), kind__startswith="order ")
        kinds = list(told.values_list("kind", flat=True))
    appealed = ["order appeal ended", "order appeal noted"]
    assert sorted(kinds) == [*appealed, "order decided", "order decided", "order ended", *["order proposed"] * 2]
    letter = look(office, PersonalLetter, id=look(office, Order, id=made.id).letter_id)
    assert stored(office, database, letter.document_id).startswith(b"%PDF")
    other = open_office(database.connect, "beispielen", "CH")
    for who in (desk(other, "hanna"), at.ulla):
        for path in (f"{case}orders/", f"/orders/{made.id}/"):
            assert who.open(path).status_code == 404
            assert who.open(path, act="decide", version="1").status_code == 404


def drawn_too_much(office: Office, at: Counter, database: Any) -> tuple[str, UUID, Sheet]:
    """Dario's case, himself, and the sheet that says 1911.00 by his wage, once 2111.00 are paid."""
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    dario = look(office, Person, given_name="Dario").id
    at.applies(case, "Dario", rent="1050")
    went(at.assesses(case, **{"member-0-permit": "CH"}))
    at.decides(case)
    at.pays(database)
    wage = {"code": "WAGE", "mine": "300", "why": "Lohnabrechnung", "person": str(dario)}
    went(at.assesses(case, **{f"new-income-0-{name}": value for name, value in wage.items()}))
    office.now = clock.now()
    with acting(office.slug, TEST, "look"):
        sheet = Sheet.objects.filter(case_id=key_in(case)).latest("computed_at")
    return case, dario, sheet


def test_what_was_drawn_unlawfully_is_claimed_back_in_the_terms_of_the_canton(
    musterwil: Office, desk: Any, database: Any, log_in: Any, server: Any, fine_at_both: Any
) -> None:
    """Paid 2111.00 and decided 1911.00 later: 200.00 are claimed by two with the canton's remedy, paid in part by
    agreed instalments, given up for the rest; in German and French, booked on the case account."""
    office, at = musterwil, Counter(musterwil, desk)
    case, _dario, sheet = drawn_too_much(office, at, database)
    assert sheet.granted == 191_100
    told: dict[str, Any] = {"language": "de", "reasons": "Der Lohn fehlte im Gesuch."}
    told["unheard"] = "Er hat es selbst gesagt."
    less = propose(**office.act("hanna"), sheet=sheet.id, ground="37.3", **told)
    decide(**office.act("bo"), decision=less.id, version=less.version)

    page = log_in(office, "hanna", locale="de-CH")
    page.goto(server.url("desk", f"/{office.slug}{case}recoveries/"))
    expect(page.get_by_role("main")).to_contain_text("nicht am Recht des Kantons geprüft")
    expect(page.locator("[name=legal_basis]")).to_have_value("SKOS-RL E.2")
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    fine_at_both(page, "desk-recoveries-error-de")
    page.locator("[name=ground]").select_option("misinformed")
    page.locator("[name^=amount-]").fill("200")
    for name in ("reasons", "unheard"):
        page.locator(f"[name={name}]").fill(told[name])
    page.get_by_label("Sprache des Briefs").select_option("fr")
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("article")).to_contain_text("Nous vous demandons de rembourser 200 CHF")
    fine_at_both(page, "desk-recovery-de")
    row = look(office, Recovery, case_id=key_in(case))
    went(at.bo.open(f"/recoveries/{row.id}/", act="decide", version=str(row.version)))
    row = look(office, Recovery, id=row.id)
    assert (row.state, row.court_until, row.legal_basis) == ("decided", None, "SKOS-RL E.2")
    content = look(office, PersonalLetter, id=row.letter_id).content
    assert "Bezirksrat" in content["remedy"] and "help" not in content
    agree_instalments(
        **office.act("hanna"), recovery=row.id, monthly=5_000, first_on=office.today, agreed="Am Schalter vereinbart."
    )
    book_repayment(**office.act("hanna"), recovery=row.id, amount=15_000, source="camt 12")
    given_up = waive_recovery(**office.act("bo"), recovery=row.id, amount=5_000, reasons="Es bleibt ihm nichts übrig.")
    assert (given_up.legal_basis, given_up.letter.content["heading"]) == ("SKOS-RL E.2", "Décision de remise")
    run_jobs(database)
    for letter in (row.letter_id, given_up.letter_id):
        document = look(office, PersonalLetter, id=letter).document_id
        assert stored(office, database, document).startswith(b"%PDF")
    with acting(office.slug, TEST, "look"):
        standing = standing_of(row)
        assert (standing.claimed, standing.paid, standing.waived, standing.open) == (20_000, 15_000, 5_000, 0)
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("camt 12")
    other = open_office(database.connect, "beispielen", "CH")
    for path in (f"{case}recoveries/", f"/recoveries/{row.id}/"):
        assert desk(other, "hanna").open(path).status_code == 404
    report = verify(database.of_role("auditor"), tenants=[office.slug])
    assert [one for one in report.errors if one.table.startswith(("payments_", "decisions_"))] == [], report.to_text()


def overpaid(office: Office, at: Counter, database: Any) -> tuple[str, Recovery]:
    """Dario's case, two months ago: 2111.00 paid, 1911.00 decided later, the 200.00 claimed back by two."""
    at.month -= 2
    case, dario, sheet = drawn_too_much(office, at, database)
    told: dict[str, Any] = {"language": "de", "reasons": "Der Lohn fehlte im Gesuch.", "unheard": "Er sagte es selbst."}
    less = propose(**office.act("hanna"), sheet=sheet.id, ground="37.3", **told)
    decide(**office.act("bo"), decision=less.id, version=less.version)
    row = propose_recovery(
        **office.act("hanna"), case=key_in(case), person=dario, ground="misinformed", legal_basis="SKOS-RL E.2",
        amounts={sheet.period_id: 20_000}, **told,
    )  # fmt: skip
    at.month += 1
    return case, decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)


def test_instalments_are_kept_back_by_the_rule_until_the_claim_is_paid(
    musterwil: Office, desk: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By two, after a hearing, in the limits; each month counts them and books them towards the claim; what comes in
    otherwise makes the last one smaller; never more than is owed, and then no more."""
    office, at = musterwil, Counter(musterwil, desk)
    case, claim = overpaid(office, at, database)

    def calculated(fields: dict[str, str] | None = None) -> Sheet:
        went(at.assesses(case, **(fields or {})))
        office.now = clock.now()
        with acting(office.slug, TEST, "look"):
            return Sheet.objects.filter(case_id=key_in(case)).latest("computed_at")

    def planned() -> list[int]:
        with acting(office.slug, TEST, "look"):
            rows = Payment.objects.filter(period__since=at.month.since).exclude(state="stopped").order_by("id")
            return list(rows.values_list("amount", flat=True))

    def stands() -> tuple[int, int]:
        with acting(office.slug, TEST, "look"):
            return standing_of(claim).paid, standing_of(claim).open

    at.applies(case, "Dario", rent="1050")
    first = look(office, Period, case_id=key_in(case), since=at.month.since)
    told: dict[str, Any] = {"recovery": claim.id, "period": first.id, "percent": 10, "language": "de"}
    told |= {"reasons": "Die Forderung ist offen.", "legal_basis": "SKOS-RL E.2"}
    with pytest.raises((Hidden, NotAllowed)):
        propose_instalment(**office.act("ulla"), **told)
    for change, why in (({}, "not heard first"), ({"percent": 31}, "percent")):
        with pytest.raises(NotPossible, match=why):
            propose_instalment(**office.act("hanna"), **told | change)
    with acting(office.slug, TEST, "look"):
        of_two = [Order(period=first, percent=percent, months=3) for percent in (10, 15)]
    limits = (("person", "shared", 15), ("unit", "shared", 5), ("unit", "separate", 30), ("unit", "none", 100))
    for base, limit, most in limits:
        with monkeypatch.context() as beside:
            beside.setattr("handslag.domain.decisions.queries.reductions_in", lambda *_, **__: of_two)
            settings_are(beside, first.since, sanction_base=base, restitution_limit=limit)
            # by what is known on the day, as a sheet of that day: before, nobody knew that both may share one limit
            before = LIMIT_KNOWN - timedelta(days=1)
            for now, percent, why in (
                (LIMIT_KNOWN, most, "not heard first"),
                (LIMIT_KNOWN, most + 1, "percent"),
                (before, 30, "not heard first"),
                (before, 31, "percent"),
            ):
                with pytest.raises(NotPossible, match=why):
                    propose_instalment(**office.act("hanna") | told | {"percent": percent, "now": now})
    day = office.today + timedelta(days=14)
    (asked,) = open_hearing(**office.act("hanna"), period=first.id, about="Raten einbehalten", answer_by=day)
    answer_hearing(**office.by(Actor("citizen", claim.person_id)), hearing=asked.id, answer="Das geht.")
    without = calculated()
    row = propose_instalment(**office.act("hanna"), **told)
    with pytest.raises(NotForThem):
        decide_order(**office.act("hanna"), order=row.id, version=row.version)
    row = decide_order(**office.act("bo"), order=row.id, version=row.version)
    letter = row.letter.content
    assert "10 Prozent des Grundbedarfs zurück" in letter["outcome"] and "Bezirksrat" in letter["remedy"]
    assert claim.number in str(letter["parts"])
    with pytest.raises(NotPossible, match="kept back already"):
        propose_instalment(**office.act("hanna"), **told)
    stale = propose(**office.act("hanna"), sheet=without.id, language="de", reasons="")
    with pytest.raises(NotPossible, match="instalments since"):
        decide(**office.act("bo"), decision=stale.id, version=stale.version)
    withdraw_proposal(**office.act("hanna"), decision=stale.id, version=stale.version)

    def decided(**more: Any) -> Decision:
        made = propose(**office.act("hanna"), sheet=calculated(more.pop("fields", None)).id, language="de", **more)
        return decide(**office.act("bo"), decision=made.id, version=made.version)

    made = decided(reasons="")
    assert (made.outcome, made.amount, planned(), stands()) == ("bifall", 211_100, [200_490], (10_610, 9_390))
    lines = str(look(office, Letter, decision=made).content["sheet"])
    assert row.number in lines and "93.90" in lines

    def came(number: int, amount: str) -> BankLine:
        about = {"about": f"Rate {claim.number}", "own": "CH5604835012345678009"}
        file = take_bank_file(office.slug, TEST, notice(number, amount, "CRDT", **about))
        assert file is not None
        return look(office, BankLine, file_id=file.id)  # type: ignore[no-any-return]

    much, line = came(1, "93.91"), came(2, "30.00")  # what comes in is matched by a payer, never more than is left
    office.now = clock.now()
    at_line = {"line": line.id, "version": line.version}
    with pytest.raises((Hidden, NotAllowed)):
        match_to_claim(**office.act("hanna"), **at_line, number=claim.number)
    for change, why in (({"number": "2026-9"}, "no such claim"), ({"line": much.id}, "more than claimed")):
        with pytest.raises(NotPossible, match=why):
            match_to_claim(**office.act("ulla"), **at_line | {"number": claim.number} | change)
    for undone in (True, False):
        matched = match_to_claim(**office.act("ulla"), **at_line, number=claim.number)
        assert stands() == (13_610, 6_390)
        if undone:
            undo_hand_match(**office.act("ulla"), match=matched.id, version=1, why="gehört jemand anderem")
            assert stands() == (10_610, 9_390)
            at_line["version"] = look(office, BankLine, id=line.id).version
    with acting(office.slug, TEST, "look"):
        assert Task.objects.filter(kind="money for case", state="open").exists()
        kept = KeptBack.objects.get()
        entries = postings_of(office.today, clock.now()).entries
        assert [(e.debit[0], e.credit[0]) for e in entries if kept.counter_id in e.bookings] == [("skuld", "fordran")]
    with pytest.raises(NotPossible, match="set off"):
        reverse_booking(**office.act("hanna"), booking=kept.counter_id, reason="falsch")

    at.month += 1  # the last instalment is what is left
    at.applies(case, "Dario", rent="1050")
    decided(reasons="")
    assert (planned(), stands()) == ([211_100 - 6_390], (20_000, 0))
    with acting(office.slug, TEST, "look"):
        later = Period(case_id=key_in(case), since=(at.month + 1).since, until=(at.month + 2).since)
        assert restitution_in(later) is None  # nothing is left to keep back

    at.month -= 1  # changed in her favour: as much is kept back as before, and the difference is paid
    cost = {"code": "BASIC_OTHER", "mine": "40", "why": "Brille"}
    fields = {f"new-cost-0-{name}": value for name, value in cost.items()}
    decided(reasons="Die Brille war zu zahlen.", ground="37", fields=fields)
    assert (sum(planned()), stands()) == (204_490, (20_000, 0))
    report = verify(database.of_role("auditor"), tenants=[office.slug])
    assert report.checked["kept back"] == 3
    ours = ("payments_", "decisions_")
    assert [one for one in report.errors if one.table.startswith((*ours, "accounts_"))] == [], report.to_text()
    with psycopg.connect(database.admin, autocommit=True) as admin:  # kept back for what wasn't decided
        admin.execute("UPDATE decisions_order SET about = 'other' WHERE id = %s", [row.id])
        found = verify(database.of_role("auditor"), tenants=[office.slug]).findings
        assert {one.table for one in found if "was not decided, or is" in one.text} == {"payments_keptback"}
        admin.execute("UPDATE decisions_order SET about = %s WHERE id = %s", [claim.number, row.id])
    end_order(**office.act("hanna"), order=row.id, version=row.version, why="Alles ist bezahlt.", month=at.month + 1)


def test_instalments_on_their_pages(
    musterwil: Office, desk: Any, database: Any, log_in: Any, server: Any, fine_at_both: Any
) -> None:
    """From the claim to the line in the budget, in German and French; another municipality finds nothing."""
    office, at = musterwil, Counter(musterwil, desk)
    case, claim = overpaid(office, at, database)
    at.applies(case, "Dario", rent="1050")
    first = look(office, Period, case_id=key_in(case), since=at.month.since)
    page = log_in(office, "hanna", locale="de-CH")
    page.goto(server.url("desk", f"/{office.slug}/recoveries/{claim.id}/"))
    page.get_by_text("Raten von der Unterstützung einbehalten").click()
    page.get_by_label("Ab welchem Monat", exact=True).select_option(str(first.id))
    page.locator("[name=keep-percent]").fill("31")
    page.locator("[name=keep-reasons]").fill("Die Forderung ist offen.")
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("alert").first).to_contain_text("Höchstens 30 Prozent.")
    fine_at_both(page, "desk-recovery-keep-error-de")
    day = office.today + timedelta(days=14)
    (asked,) = open_hearing(**office.act("hanna"), period=first.id, about="Raten einbehalten", answer_by=day)
    answer_hearing(**office.by(Actor("citizen", claim.person_id)), hearing=asked.id, answer="Das geht.")
    page.locator("[name=keep-percent]").fill("10")
    page.get_by_role("button", name="Vorschlagen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Einbehaltene Rate: 10 Prozent")
    row = look(office, Order, kind="instalment")
    went(at.bo.open(f"/orders/{row.id}/", act="decide", version="1"))
    page.goto(server.url("desk", f"/{office.slug}{case}periods/{at.month}/"))
    expect(page.get_by_role("main")).to_contain_text("In diesem Monat werden 10 Prozent des Grundbedarfs")
    went(at.assesses(case))
    at.decides(case)
    second = log_in(office, "bo", locale="fr-CH")
    second.goto(server.url("desk", f"/{office.slug}/orders/{row.id}/"))
    expect(second.get_by_role("main")).to_contain_text("106.10")
    expect(second.get_by_role("main")).to_contain_text(re.compile("Reste à payer: .*93.90"))
    second.get_by_text("Lever l’acompte").click()
    fine_at_both(second, "desk-order-instalment-fr")
    page.goto(server.url("desk", f"/{office.slug}/recoveries/{claim.id}/"))
    expect(page.get_by_role("main")).to_contain_text("Einbehaltene Raten")
    other = desk(open_office(database.connect, "beispielen", "CH"), "hanna")
    for path in (f"/orders/{row.id}/", f"/recoveries/{claim.id}/"):
        assert {other.open(path, **one).status_code for one in ({}, {"act": "keep", "version": "1"})} == {404}


def test_a_swiss_office_sees_no_other_ones_budget(musterwil: Office, desk: Any, database: Any) -> None:
    """Another municipality finds nothing; a payer works no budget; without a canton nothing is calculated."""
    office, at = musterwil, Counter(musterwil, desk)
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    at.applies(case, "Dario", rent="1050")
    path = f"{case}periods/{office.month}/"
    other = open_office(database.connect, "beispielen", "CH")
    assert desk(other, "hanna").open(path).status_code == 404
    assert at.ulla.open(path, version="0", act="assess").status_code in (403, 404)
    set_policy(**office.by(TEST), name="canton", value="")
    unknown = at.assesses(case, **{"member-0-permit": "CH"})
    assert unknown.status_code == 200 and "canton" in unknown.text
    set_policy(**office.by(TEST), name="canton", value="BE")
    went(at.assesses(case, **{"member-0-permit": "CH"}))
    page = at.hanna.open(f"{path}proposal/")
    assert page.status_code == 200 and "isn’t known here" in page.text


def test_the_month_of_a_swiss_case_is_a_fine_page(
    musterwil: Office, desk: Any, log_in: Any, server: Any, fine_at_both: Any
) -> None:
    office, at = musterwil, Counter(musterwil, desk)
    case = at.opens(("Dario", "1990-05-17", ahv("921707698"), "adult"))
    at.applies(case, "Dario", rent="1050", **{"costs-0-code": "BASIC_OTHER", "costs-0-amount": "120.00"})
    page = log_in(office, "hanna")
    page.goto(server.url("desk", f"/{office.slug}{case}periods/{office.month}/"))
    page.locator("[name=cost-0-mine]").fill("90")
    page.get_by_role("button", name="Calculate and save").click()
    assert "Choose the permit" in page.get_by_role("alert").first.inner_text()
    assert "Say why in a few words" in page.get_by_role("alert").first.inner_text()
    fine_at_both(page, "desk-budget-error")
    page.get_by_label("Permit").select_option("S")
    page.locator("[name=cost-0-why]").fill("nur der halbe Monat")
    page.get_by_role("button", name="Calculate and save").click()
    page.get_by_role("heading", name="Calculation 1").wait_for()
    fine_at_both(page, "desk-budget")
    page.get_by_role("link", name="Propose a decision").click()
    page.get_by_text("Verfügung über wirtschaftliche Hilfe").first.wait_for()
    fine_at_both(page, "desk-order")
