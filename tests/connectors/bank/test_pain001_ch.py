"""Swiss payment files: valid by the ISO schema, and by what the Swiss profile wants beyond it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from handslag.connectors.bank.port import (
    PROFILES,
    Account,
    Payment,
    PaymentFile,
    PaymentFileRefused,
    PostalAddress,
    for_tenant,
)

FIXTURE = Path(__file__).with_name("pain001_ch.xml")
PERSON = Payment(
    end_to_end_id="a1", amount=169_800, currency="CHF", creditor_name="Dario Müller & Łukasz Žák",
    account=Account("iban", "CH93 0076 2011 6238 5295 7"), message="Sozialhilfe 11.2026",
    address=PostalAddress(["c/o Meier", "Dorfstrasse 7b"], "8999", "Musterwil", "CH"),
)  # fmt: skip
LANDLORD = replace(
    PERSON, end_to_end_id="a2", amount=105_000, message="", reference="21 00000 00003 13947 14300 09017",
    account=Account("iban", "CH44 3199 9123 0008 8901 2"), creditor_name="Liegenschaften Muster AG",
)  # fmt: skip
INSURER = replace(PERSON, end_to_end_id="a3", amount=5, message="", reference="RF18 5390 0754 7034", address=None)
FILE = PaymentFile(
    message_id="run1", created_at=datetime(2026, 11, 27, 9, tzinfo=UTC), execution_on=date(2026, 11, 30),
    debtor_name="Gemeinde Musterwil", debtor_org_number="", debtor_account=Account("iban", "CH5604835012345678009"),
    payments=[PERSON, LANDLORD, INSURER],
)  # fmt: skip


def written(file: PaymentFile, **options: object) -> Any:
    return for_tenant(PROFILES["CH"], options).write(file)


def codes(file: PaymentFile, **options: object) -> set[tuple[str, str]]:
    with pytest.raises(PaymentFileRefused) as refused:
        written(file, **options)
    return {(p.field, p.code) for p in refused.value.problems}


def test_a_file_says_whom_how_much_and_by_which_reference() -> None:
    done = written(FILE)
    assert (done.count, done.control_sum) == (3, 274_805) and done == written(FILE)
    assert done.content == FIXTURE.read_bytes()  # which `./dev conformance` compares with the Swiss schema
    assert [(p.end_to_end_id, p.code) for p in done.findings] == [("a3", "missing")]  # a doubt: it stops nothing
    tree = etree.fromstring(done.content)
    ns = {"p": tree.nsmap[None]}

    def texts(path: str) -> list[str]:
        return [e.text for e in tree.xpath(path, namespaces=ns)]

    assert texts("//p:InstdAmt") == ["1698.00", "1050.00", "0.05"]
    assert texts("//p:Cdtr/p:Nm")[0] == "Dario Müller + Lukasz Zák"
    first = [(e.tag.partition("}")[2], e.text) for e in tree.xpath("(//p:PstlAdr)[1]/*", namespaces=ns)]
    assert first == [
        ("StrtNm", "Dorfstrasse"), ("BldgNb", "7b"), ("PstCd", "8999"), ("TwnNm", "Musterwil"), ("Ctry", "CH"),
        ("AdrLine", "c/o Meier"),
    ]  # fmt: skip
    assert texts("//p:CdOrPrtry/*") == ["QRR", "SCOR"]
    assert texts("//p:Ref") == ["210000000003139471430009017", "RF18539007547034"]
    assert texts("//p:MmbId") == ["04835"] and texts("//p:DbtrAcct/p:Ccy") == ["CHF"]
    assert texts("//p:Ustrd") == ["Sozialhilfe 11.2026"]
    assert b"<BICFI>POFICHBEXXX</BICFI>" in written(FILE, debtor_bic="POFICHBEXXX").content


@pytest.mark.parametrize(
    ("payment", "problem"),
    [
        (replace(LANDLORD, account=PERSON.account), ("reference", "qr_iban_needed")),
        (replace(PERSON, account=LANDLORD.account), ("reference", "qrr_needed")),
        (replace(INSURER, account=LANDLORD.account), ("reference", "qrr_needed")),
        (replace(LANDLORD, reference="210000000003139471430009018"), ("reference", "check_digit")),
        (replace(INSURER, reference="RF19539007547034"), ("reference", "check_digit")),
        (replace(INSURER, message="und ein Text"), ("reference", "two_texts")),
        (replace(PERSON, currency="EUR"), ("currency", "currency")),
        (replace(PERSON, amount=0), ("amount", "amount")),
        (replace(PERSON, account=Account("iban", "SE4550000000058398257466")), ("account", "format")),
        (replace(PERSON, account=Account("iban", "CH9400762011623852957")), ("iban", "check_digit")),
        (replace(PERSON, account=Account("bankgiro", "5050-1055")), ("account", "format")),
        (replace(PERSON, address=PostalAddress(["Dorfstrasse 7b"], "8999", "", "CH")), ("address", "address")),
        (replace(PERSON, creditor_name="…"), ("creditor_name", "unreadable")),
    ],
)
def test_what_a_swiss_bank_would_send_back_is_refused(payment: Payment, problem: tuple[str, str]) -> None:
    assert codes(replace(FILE, payments=[payment])) == {problem}


def test_a_file_that_no_bank_would_take_is_refused() -> None:
    assert codes(replace(FILE, debtor_account=LANDLORD.account)) == {("debtor_account", "qr_iban")}
    assert codes(replace(FILE, payments=[PERSON, PERSON])) == {("end_to_end_id", "twice")}
    assert codes(replace(FILE, payments=[])) == {("payments", "empty")}
    assert codes(FILE, address_needed=True) == {("address", "missing")}
