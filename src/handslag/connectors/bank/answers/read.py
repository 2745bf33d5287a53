"""Bytes of a bank's file -> what it says of each payment. Nothing outside the file is read, no entity resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from lxml import etree

from handslag.domain.payments.operations.bank import Told
from handslag.domain.payments.states import BankFileKind, LineKind

#: Larger files are refused: a hundred thousand payments are some 60 MB.
LARGEST = 100_000_000
_KINDS = {
    "CstmrPmtStsRpt": BankFileKind.PAIN002,
    "BkToCstmrStmt": BankFileKind.CAMT053,
    "BkToCstmrDbtCdtNtfctn": BankFileKind.CAMT054,
}
_AMOUNT = re.compile(r"(\d{1,16})(?:\.(\d{1,5}))?", re.ASCII)
_SETTLED = ("ACSC", "ACCC")


class AnswersRefused(ValueError):
    """The file can't be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answers:
    """What a bank's file says: one line per payment, in the file's order."""

    kind: BankFileKind
    message_id: str
    lines: list[Told]


def read(content: bytes) -> Answers:
    """The lines of a file; AnswersRefused if any part of it can't be read."""
    if len(content) > LARGEST:
        raise AnswersRefused("size")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise AnswersRefused("not_xml") from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        raise AnswersRefused("doctype")
    body = next((child for child in root if _name(child) in _KINDS), None)
    if _name(root) != "Document" or body is None:
        raise AnswersRefused("not_known")
    kind = _KINDS[_name(body)]
    lines = list(_statuses(body) if kind == BankFileKind.PAIN002 else _entries(body))
    if not lines and kind == BankFileKind.PAIN002:
        raise AnswersRefused("empty")
    return Answers(kind, _text(body, "GrpHdr", "MsgId")[:35], lines)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _all(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if _name(child) == name]


def _one(element: etree._Element | None, *path: str) -> etree._Element | None:
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if _name(child) == name), None)
    return element


def _text(element: etree._Element | None, *path: str) -> str:
    found = _one(element, *path)
    return (found.text or "").strip() if found is not None else ""


# -- pain.002 -------------------------------------------------------------------------------------------------


def _statuses(body: etree._Element) -> Iterator[Told]:
    group = _one(body, "OrgnlGrpInfAndSts")
    message, status = _text(group, "OrgnlMsgId"), _text(group, "GrpSts")
    blocks = _all(body, "OrgnlPmtInfAndSts")
    told = False
    for block in blocks:
        for row in _all(block, "TxInfAndSts"):
            told = True
            yield _status(row, _text(row, "TxSts"), reference=_text(row, "OrgnlEndToEndId"))
        if not _all(block, "TxInfAndSts") and _text(block, "PmtInfSts") == "RJCT":
            # a refused block of one kind of account: only the block of a file with one block is surely its payments
            told = True
            yield _status(block, "RJCT", message=message if len(blocks) == 1 else "")
    if not told and group is not None:
        yield _status(group, status, message=message)


def _status(element: etree._Element, status: str, *, reference: str = "", message: str = "") -> Told:
    reason = _one(element, "StsRsnInf")
    code = _text(reason, "Rsn", "Cd") or _text(reason, "Rsn", "Prtry")
    kind = LineKind.REJECTED if status == "RJCT" else LineKind.PAID if status in _SETTLED else LineKind.ACCEPTED
    return Told(
        kind=kind, reference=reference, code=code or status, words=_text(reason, "AddtlInf"), message_id=message
    )


# -- camt.053, camt.054 ---------------------------------------------------------------------------------------


def _entries(body: etree._Element) -> Iterator[Told]:
    for part in (*_all(body, "Stmt"), *_all(body, "Ntfctn")):
        own = _text(part, "Acct", "Id", "IBAN")
        for entry in _all(part, "Ntry"):
            yield from _entry(entry, own)


def _entry(entry: etree._Element, own: str) -> Iterator[Told]:
    booked = (_text(entry, "Sts", "Cd") or _text(entry, "Sts")) in ("BOOK", "")
    day = _day(_text(entry, "BookgDt", "Dt") or _text(entry, "BookgDt", "DtTm")[:10])
    rows = [row for details in _all(entry, "NtryDtls") for row in _all(details, "TxDtls")]
    for row in rows or [entry]:
        credit = (_text(row, "CdtDbtInd") or _text(entry, "CdtDbtInd")) == "CRDT"
        amount = _one(row, "Amt")
        if amount is None:
            amount = _one(row, "AmtDtls", "TxAmt", "Amt")
        if amount is None and len(rows) == 1:
            amount = _one(entry, "Amt")
        reason = _one(row, "RtrInf")
        kind = (LineKind.RETURNED if credit else LineKind.PAID) if booked else LineKind.ACCEPTED
        reference, words = _text(row, "Refs", "EndToEndId"), _text(reason, "AddtlInf")
        if not credit and _text(entry, "RvslInd") in ("true", "1"):  # a credit taken back: it fits no payment of ours
            reference, words = "", f"reversal: {reference} {words}".strip()
        yield Told(
            kind=kind,
            reference=reference,
            amount=_ore(amount),
            currency=(amount.get("Ccy") or "")[:3] if amount is not None else "",
            code=_text(reason, "Rsn", "Cd") or _text(reason, "Rsn", "Prtry"),
            words=words or _text(row, "AddtlTxInf") or _text(entry, "AddtlNtryInf"),
            booked_on=day,
            **(_came_in(row, own) if credit else {}),
        )


def _came_in(row: etree._Element, own: str) -> dict[str, str]:
    """Of money that came in: what the payer says that it is for, and the IBAN of ours to which it came."""
    about = _one(row, "RmtInf")
    said = [] if about is None else [found.text or "" for found in _all(about, "Ustrd")]
    for part in [] if about is None else _all(about, "Strd"):
        said.append(_text(part, "CdtrRefInf", "Ref"))
    account = _text(row, "RltdPties", "CdtrAcct", "Id", "IBAN") or own
    return {"remittance": " ".join(" ".join(said).split()), "account": account}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _ore(element: etree._Element | None) -> int | None:
    if element is None:
        return None
    match = _AMOUNT.fullmatch((element.text or "").strip())
    if match is None or (match[2] or "")[2:].strip("0"):
        raise AnswersRefused("amount")
    return int(match[1]) * 100 + int((match[2] or "")[:2].ljust(2, "0"))
