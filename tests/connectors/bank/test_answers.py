"""Reading the bank's answers: what each says, and what is refused without reading anything outside the file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from handslag.connectors.bank.answers import AnswersRefused, read
from handslag.domain.payments.operations.bank import Told

HERE = Path(__file__).parent


def test_a_status_report_tells_of_each_payment() -> None:
    answers = read((HERE / "pain002.xml").read_bytes())
    assert (answers.kind, answers.message_id) == ("pain.002", "STATUS-1")
    assert answers.lines == [
        Told(kind="rejected", reference="A1", code="AC01", words="Kontot finns inte"),  # type: ignore[arg-type]
        Told(kind="accepted", reference="A2", code="ACSP"),  # type: ignore[arg-type]
        Told(kind="paid", reference="A3", code="ACSC"),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("name", ["camt054.xml", "camt053.xml"])
def test_a_notification_and_a_statement_tell_what_was_paid_and_came_back(name: str) -> None:
    answers = read((HERE / name).read_bytes())
    day = date(2026, 11, 27)
    told = [(line.kind, line.reference, line.amount, line.code, line.booked_on) for line in answers.lines]
    assert told == [
        ("paid", "A2", 620_000, "", day),
        ("paid", "A3", 35_000, "", day),
        ("returned", "A3", 35_000, "AC04", day),
        ("accepted", "A4", 100, "", None),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_xml"),
        (b"\xff\xfe<", "not_xml"),
        (b"<Document><BkToCstmrStmt>", "not_xml"),
        (b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document>&e;</Document>', "doctype"),
        (b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Document/>', "doctype"),
        (b"<Document><Other/></Document>", "not_known"),
        (b"<Document><CstmrPmtStsRpt/></Document>", "empty"),
        (
            b"<Document><BkToCstmrStmt><Stmt><Ntry><Amt Ccy='SEK'>1,00</Amt></Ntry></Stmt></BkToCstmrStmt></Document>",
            "amount",
        ),
        (
            b"<Document><BkToCstmrStmt><Stmt><Ntry><Amt>1.001</Amt></Ntry></Stmt></BkToCstmrStmt></Document>",
            "amount",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(AnswersRefused) as refusal:
        read(content)
    assert refusal.value.code == code


def test_a_return_that_the_bank_takes_back_is_for_a_person() -> None:
    entry = "<Ntry><CdtDbtInd>{}</CdtDbtInd><RvslInd>{}</RvslInd><Sts>BOOK</Sts><NtryDtls><TxDtls><Refs><EndToEndId>A3"
    entry += "</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
    entries = "".join(entry.format(*how) for how in (("CRDT", "true"), ("DBIT", "true"), ("DBIT", "false")))
    document = f"<Document><BkToCstmrStmt><Stmt>{entries}</Stmt></BkToCstmrStmt></Document>".encode()
    told = [(line.kind, line.reference, line.words) for line in read(document).lines]
    assert told == [("returned", "A3", ""), ("paid", "", "reversal: A3"), ("paid", "A3", "")]


def test_a_whole_file_that_the_bank_refuses_names_our_message() -> None:
    document = (
        b"<Document><CstmrPmtStsRpt><GrpHdr><MsgId>S</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>RUN</OrgnlMsgId>"
        b"<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt>"
        b"</Document>"
    )
    assert read(document).lines == [Told(kind="rejected", code="FF01", message_id="RUN")]  # type: ignore[arg-type]
