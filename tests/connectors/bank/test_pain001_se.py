import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from xml.sax import make_parser
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import InputSource

import pytest

from handslag.connectors.bank.pain001_se.write import Pain001Writer, prove
from handslag.connectors.bank.port import (
    Account,
    Payment,
    PaymentFile,
    PaymentFileRefused,
    SchemaRefused,
    for_tenant,
)
from handslag.domain.people.names import BankText

FIXTURE = Path(__file__).with_name("pain001_se.xml")
IBAN = Account("iban", "SE35 5000 0000 0549 1000 0003", bic="ESSESESS")


def payment(number: int = 1, **changes: object) -> Payment:
    row = Payment(
        f"2026-000{number}-K",
        6_550_00,
        "SEK",
        "Petra Nilsson",
        Account("bban", "850731-2398", clearing="3300"),
        message="Ekonomiskt bistånd mars 2026",
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def file(*payments: Payment, **changes: object) -> PaymentFile:
    whole = PaymentFile(
        "LJUNGBY-2026-03-25-1",
        datetime(2026, 3, 24, 13, 5, 9, tzinfo=UTC),
        date(2026, 3, 25),
        "Ljungvik kommun & Co",
        "212000-1355",
        IBAN,
        payments,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


EXAMPLE = file(
    payment(1),
    payment(
        2,
        creditor_name="Łucja  Sørensen-Nguyễn",
        account=Account("bban", "1234 5679", clearing="6789"),
        amount=1,
    ),
    payment(
        3,
        creditor_name="Ljungvik Energi AB",
        account=Account("bankgiro", "5050-1055"),
        amount=450_00,
        message="",
        reference="123 456 74",
    ),
    payment(
        4,
        creditor_name="Hyresvärden <Norr> AB",
        account=Account("plusgiro", "1234567-4"),
        amount=6_200_00,
        message="Hyra april, lgh 1203",
    ),
    payment(5, account=Account("iban", "DE89 3704 0044 0532 0130 00"), message=""),
)


class Rows(ContentHandler):
    """An independent reader (SAX of the standard library): rows, sums and counts as text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, str]] = []
        self.sums: list[str] = []
        self.counts: list[str] = []
        self._path: list[str] = []
        self._text = ""

    def startElementNS(self, name, qname, attrs):  # type: ignore[no-untyped-def]
        self._path.append(name[1])
        self._text = ""
        if name[1] == "CdtTrfTxInf":
            self.rows.append({})

    def characters(self, content: str) -> None:
        self._text += content

    def endElementNS(self, name, qname):  # type: ignore[no-untyped-def]
        path = "/".join(self._path)
        if name[1] == "CtrlSum":
            self.sums.append(self._text)
        elif name[1] == "NbOfTxs":
            self.counts.append(self._text)
        elif "CdtTrfTxInf/" in path and self._text.strip():
            self.rows[-1][path.partition("CdtTrfTxInf/")[2]] = self._text
        self._path.pop()
        self._text = ""


def read(content: bytes) -> Rows:
    rows, parser = Rows(), make_parser()
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(rows)
    source = InputSource()
    source.setByteStream(BytesIO(content))
    parser.parse(source)
    return rows


def ore(text: str) -> int:
    assert re.fullmatch(r"\d+\.\d\d", text)
    return int(text.replace(".", ""))


def test_exact_bytes_and_the_same_again() -> None:
    written = for_tenant("pain001_se").write(EXAMPLE)
    assert written.content == FIXTURE.read_bytes()
    assert written == for_tenant("pain001_se").write(EXAMPLE)
    assert (written.count, written.control_sum) == (5, 6_550_00 + 1 + 450_00 + 6_200_00 + 6_550_00)
    assert written.findings == ()


def test_a_thousand_payments_come_back_as_they_went_in() -> None:
    chance = random.Random(20260325)
    names = ["Anna Åkerström", "José Álvarez", "محمد Ali", "O'Neill & Söner", "X" * 200, "  Örjan\tBerg "]
    accounts = [
        Account("bban", "850731-2398", clearing="3300"),
        Account("bankgiro", "5050-1055"),
        Account("plusgiro", "1234567-4"),
        IBAN,
        Account("bban", "7", clearing="9999"),
    ]
    rows = [
        payment(
            n,
            end_to_end_id=f"P{n:04d}",
            amount=chance.choice([1, 99, 100, chance.randrange(1, 10**9)]),
            creditor_name=chance.choice(names),
            account=chance.choice(accounts),
            message=chance.choice(["", "a<b"]),
        )
        for n in range(1000)
    ]
    written = Pain001Writer().write(file(*rows))
    back = read(written.content)
    found = {r["PmtId/EndToEndId"]: ore(r["Amt/InstdAmt"]) for r in back.rows}
    assert found == {r.end_to_end_id: r.amount for r in rows}
    assert ore(back.sums[0]) == sum(map(ore, back.sums[1:])) == sum(r.amount for r in rows) == written.control_sum
    assert int(back.counts[0]) == sum(map(int, back.counts[1:])) == 1000
    assert all(0 < len(r["Cdtr/Nm"]) <= 70 for r in back.rows)
    assert {f.code for f in written.findings} == {"clearing_unknown"}


def test_each_kind_of_account_is_addressed_as_the_profile_says() -> None:
    back = read(FIXTURE.read_bytes()).rows
    account, agent = "CdtrAcct/Id/Othr/", "CdtrAgt/FinInstnId/ClrSysMmbId/"
    by_id = {r["PmtId/EndToEndId"]: r for r in back}
    assert (by_id["2026-0001-K"][account + "Id"], by_id["2026-0001-K"][agent + "MmbId"]) == (
        "8507312398",
        "3300",
    )
    assert by_id["2026-0002-K"][account + "Id"] == "012345679"
    assert by_id["2026-0003-K"][account + "SchmeNm/Prtry"] == "BGNR"
    assert by_id["2026-0003-K"]["RmtInf/Strd/CdtrRefInf/Ref"] == "12345674"
    assert by_id["2026-0004-K"][agent + "MmbId"] == "9960"
    assert by_id["2026-0005-K"]["CdtrAcct/Id/IBAN"] == "DE89370400440532013000"


def test_switches_change_the_file_and_it_stays_valid() -> None:
    options: dict[str, object] = {
        "service_level": "",
        "charge_bearer": "SLEV",
        "category_purpose_accounts": "SALA",
        "customer_id": "55123",
        "bban_scheme": "Prtry",
        "plusgiro_scheme": "PGNR",
        "bban_holds_clearing": True,
        "one_block_per_kind": False,
        "fifth_clearing_digit": "before-account",
        "letters": "åäöÅÄÖéø",
        "batch_booking": False,
    }
    sparbank = payment(6, account=Account("bban", "123", clearing="8327-9"))
    text = (
        for_tenant("pain001_se", options)
        .write(replace(EXAMPLE, payments=(*EXAMPLE.payments, sparbank)))
        .content.decode()
    )
    assert "SvcLvl" not in text
    assert "CtgyPurp" not in text  # accounts and giros share the one block
    for part in (
        "<ChrgBr>SLEV</ChrgBr>",
        "<Prtry>BBAN</Prtry>",
        "<Prtry>PGNR</Prtry>",
        "<Id>33008507312398</Id>",
        "<Id>83279123</Id>",
        "Sørensen",
        "<BtchBookg>false</BtchBookg>",
        "<Id>55123</Id>",
    ):
        assert part in text
    assert text.count("<PmtInf>") == 1
    with pytest.raises(TypeError):
        for_tenant("pain001_se", {"chargebearer": "SLEV"})
    with pytest.raises(LookupError):
        for_tenant("bankgiro_lb")


@pytest.mark.parametrize(
    ("broken", "field", "code"),
    [
        (file(payment(amount=0)), "amount", "amount"),
        (file(payment(amount=True)), "amount", "amount"),
        (file(payment(amount=12.5)), "amount", "amount"),
        (file(payment(currency="EUR")), "currency", "currency"),
        (file(payment(creditor_name="\u2014 \u2014")), "creditor_name", "unreadable"),
        (file(payment(creditor_name="")), "creditor_name", "unreadable"),
        (file(payment(end_to_end_id="å" * 3)), "end_to_end_id", "identifier"),
        (file(payment(end_to_end_id="A" * 36)), "end_to_end_id", "identifier"),
        (file(payment(), payment()), "end_to_end_id", "twice"),
        (file(payment(reference="12345674")), "reference", "two_texts"),
        (file(payment(reference="12345674", message="")), "reference", "reference_on_account"),
        (file(payment(account=Account("bankgiro", "5050-1056"))), "bankgiro", "check_digit"),
        (file(payment(account=replace(IBAN, bic="Nordea"))), "bic", "format"),
        (
            file(payment(), created_at=datetime(2026, 3, 24, tzinfo=UTC).replace(tzinfo=None)),
            "created_at",
            "naive",
        ),
        (file(payment(), debtor_org_number="212000-1356"), "debtor_org_number", "check_digit"),
        (file(payment(), message_id="M" * 34), "message_id", "identifier"),
        (file(), "payments", "empty"),
    ],
)
def test_what_cannot_be_paid_is_refused_with_its_place(broken: PaymentFile, field: str, code: str) -> None:
    with pytest.raises(PaymentFileRefused) as refused:
        Pain001Writer().write(broken)
    assert [(p.field, p.code) for p in refused.value.problems] == [(field, code)]


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(PaymentFileRefused) as refused:
        Pain001Writer().write(file(payment(1, amount=-1), payment(2), payment(3, currency="NOK")))
    assert [p.end_to_end_id for p in refused.value.problems] == ["2026-0001-K", "2026-0003-K"]


def damaged() -> Iterator[tuple[bytes, str]]:
    whole = FIXTURE.read_bytes()
    yield whole.replace(b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>XXX</PmtMtd>"), "SCHEMAV_CVC_ENUMERATION_VALID"
    yield whole.replace(b"<Nm>Petra Nilsson</Nm>", b"<Nm></Nm>", 1), "SCHEMAV_CVC_MINLENGTH_VALID"
    yield whole.replace(b"<EndToEndId>2026-0001-K</EndToEndId>", b""), "SCHEMAV_ELEMENT_CONTENT"
    yield whole[:-5], "not_well_formed"
    yield whole.replace(b">6200.00<", b">6200.01<", 1), "sum"
    yield whole.replace(b"2026-0004-K", b"2026-0009-K"), "sum"
    yield whole.replace(b"<NbOfTxs>5<", b"<NbOfTxs>6<"), "sum"


@pytest.mark.parametrize(("content", "rule"), list(damaged()))
def test_the_proof_refuses_a_broken_file(content: bytes, rule: str) -> None:
    assert content != FIXTURE.read_bytes()
    with pytest.raises(SchemaRefused) as refused:
        prove(content, EXAMPLE)
    assert refused.value.problems[0].code == rule
    assert "Petra" not in str(refused.value)


def test_a_writer_that_breaks_the_schema_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pain001Writer, "_agent", lambda self, account: "<Wrong/>")
    with pytest.raises(SchemaRefused):
        Pain001Writer().write(EXAMPLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("André Åkesson", "Andre Åkesson"),
        ("Søren Ærø", "Sören Äröl"[:-1]),
        ("A\u202e\u0000B<&>", "A?B?+?"),
        ("Nguyễn Thị", "Nguyen Thi"),
        ("e\u0301", "e"),
        ("李小龙", "li xiao long"),
        ("  ", None),
    ],
)
def test_spelling(text: str, expected: str | None) -> None:
    assert BankText("åäöÅÄÖ").plain(text, 70) == expected
