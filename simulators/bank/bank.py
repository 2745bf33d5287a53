"""The bank itself: checks a pain.001 as banks do, then tells of each payment what became of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulators import clock

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PAIN002, CAMT054 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03", "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
CAMT053 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


class Refused(Exception):
    """The whole file is refused; the text is the reason code."""


@dataclass
class Transfer:
    """One credit transfer as the bank read it."""

    reference: str
    amount: Decimal
    name: str
    account: str
    currency: str = "SEK"
    about: str = ""


@dataclass
class Order:
    """One payment file as the bank read it."""

    message: str
    day: date
    transfers: list[Transfer]
    debtor: str = ""


@dataclass
class Script:
    """What the bank is told to do, by script.json in the folder of answers; see README.md."""

    reject: dict[str, str] = field(default_factory=dict)
    give_back: dict[str, str] = field(default_factory=dict)
    deliver: dict[str, str] = field(default_factory=dict)
    late: bool = False
    twice: bool = False
    statement: bool = False
    silent: bool = False
    strangers: int = 0
    garbage: bool = False

    @classmethod
    def read(cls, folder: Path) -> Script:
        place = folder / "script.json"
        told: dict[str, Any] = json.loads(place.read_text("utf-8")) if place.exists() else {}
        return cls(**{name.replace("return", "give_back"): value for name, value in told.items()})


class Bank:
    """Keeps what it has taken in TO/taken; files that it has seen before are refused as duplicates (AM05)."""

    def __init__(self, to: Path, answers: Path) -> None:
        self.to, self.answers = to, answers
        for folder in (to / "taken", answers):
            folder.mkdir(parents=True, exist_ok=True)

    def work(self) -> int:
        """Take each file that is there; with nothing there, send what came late."""
        script, taken = Script.read(self.answers), 0
        for path in sorted(self.to.glob("[!.]*.xml")):
            self._take(path, script)
            taken += 1
        if not taken:
            for path in sorted(self.answers.glob(".late-*")):
                path.rename(path.with_name(path.name.removeprefix(".late-")))
        return taken

    def _take(self, path: Path, script: Script) -> None:
        content = path.read_bytes()
        try:
            order = read_order(content)
            if self._seen(order.message):
                raise Refused("AM05")
        except Refused as refusal:
            name = re.sub(r"\W", "", path.stem)[:30]
            self._send(f"{name}-status", refused_report(path.stem[:35], str(refusal)), Script())
            path.rename(self.to / "taken" / f"refused-{path.name}")
            return
        with (self.to / "taken" / "messages").open("a") as seen:
            seen.write(order.message + "\n")
        path.rename(self.to / "taken" / path.name)
        if script.silent:
            return
        rejected = {t.reference: script.reject[key] for t in order.transfers if (key := _named(t, script.reject))}
        back = {t.reference: script.give_back[key] for t in order.transfers if (key := _named(t, script.give_back))}
        self._send(f"{order.message}-1-status", status_report(order, rejected), script)
        paid = [t for t in order.transfers if t.reference not in rejected]
        notice = statement if script.statement else notification
        self._send(f"{order.message}-2-paid", notice(order, paid, "DBIT", {}, script.strangers), script)
        if returned := [t for t in paid if t.reference in back]:
            self._send(f"{order.message}-3-returned", notice(order, returned, "CRDT", back, 0), script)
        for account, folder in script.deliver.items():
            came = [t for t in paid if t.account == account and t.reference not in back]
            if came:
                Bank(self.to, Path(folder))._send(f"{order.message}-came-in", came_in(order, came), script)
        if script.garbage:
            self._write(f"{order.message}-4-garbage", b"<Document><BkToCstmrStmt>\xff\xfe cut", script)

    def _seen(self, message: str) -> bool:
        place = self.to / "taken" / "messages"
        return place.exists() and message in place.read_text().split()

    def _send(self, name: str, text: str, script: Script) -> None:
        self._write(name, text.encode(), script)
        if script.twice:
            self._write(f"{name}-again", text.encode(), script)
            again = text.replace("<MsgId>", "<MsgId>A", 1).encode()  # the same news under another message id
            self._write(f"{name}-anew", again, script)

    def _write(self, name: str, content: bytes, script: Script) -> None:
        unfinished = self.answers / f".unfinished-{name}"
        unfinished.write_bytes(content)
        unfinished.rename(self.answers / f"{'.late-' if script.late else ''}{name}.xml")


def _named(transfer: Transfer, told: dict[str, str]) -> str | None:
    """The key of a script that means this transfer: its reference, its account, or its payee's name."""
    return next((key for key in (transfer.reference, transfer.account, transfer.name) if key in told), None)


# -- reading --------------------------------------------------------------------------------------------------


def read_order(content: bytes) -> Order:
    """A pain.001.001.09 as the bank reads it; Refused with the reason code of what is wrong."""
    if b"<!DOCTYPE" in content:
        raise Refused("FF01")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        raise Refused("FF01") from None

    def texts(element: ElementTree.Element, path: str) -> list[str]:
        return [found.text or "" for found in element.iterfind(path, {"": NAMESPACE})]

    def one(element: ElementTree.Element, path: str) -> str:
        found = texts(element, path)
        if len(found) != 1:
            raise Refused("FF01")
        return found[0]

    if root.tag != f"{{{NAMESPACE}}}Document":
        raise Refused("FF01")
    head = "CstmrCdtTrfInitn/GrpHdr"
    transfers: list[Transfer] = []
    days = {date.fromisoformat(day) for day in texts(root, "CstmrCdtTrfInitn/PmtInf/ReqdExctnDt/Dt")}
    for block in root.iterfind("CstmrCdtTrfInitn/PmtInf", {"": NAMESPACE}):
        for row in block.iterfind("CdtTrfTxInf", {"": NAMESPACE}):
            account = [*texts(row, "CdtrAcct/Id/Othr/Id"), *texts(row, "CdtrAcct/Id/IBAN"), "slip"][0]
            if account == "slip" and not texts(row, "Cdtr/PstlAdr/TwnNm"):
                raise Refused("AC02")
            amount = row.find("Amt/InstdAmt", {"": NAMESPACE})
            currency = amount.get("Ccy", "") if amount is not None else ""
            about = " ".join(texts(row, "RmtInf/Ustrd"))
            transfers.append(
                Transfer(
                    one(row, "PmtId/EndToEndId"), _amount(one(row, "Amt/InstdAmt")), one(row, "Cdtr/Nm"), account,
                    currency, about,
                )
            )  # fmt: skip
    total = sum(t.amount for t in transfers)
    if int(one(root, f"{head}/NbOfTxs")) != len(transfers) or _amount(one(root, f"{head}/CtrlSum")) != total:
        raise Refused("AM10")
    if len({t.reference for t in transfers}) != len(transfers) or not transfers or len(days) != 1:
        raise Refused("AM05")
    debtor = texts(root, "CstmrCdtTrfInitn/PmtInf/Dbtr/Nm")
    return Order(one(root, f"{head}/MsgId"), days.pop(), transfers, debtor[0] if debtor else "")


def _amount(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise Refused("AM12") from None
    if not found > 0 or found != found.quantize(Decimal("0.01")):
        raise Refused("AM12")
    return found


# -- writing --------------------------------------------------------------------------------------------------


def _now() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def refused_report(message: str, reason: str) -> str:
    """A pain.002 that refuses a whole file."""
    return _status_document(message, "RJCT", f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>", "")


def status_report(order: Order, rejected: dict[str, str]) -> str:
    """A pain.002 that tells of each transfer whether it is taken."""
    rows = []
    for transfer in order.transfers:
        reason = rejected.get(transfer.reference)
        why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
        status = "RJCT" if reason else "ACSP"
        reference = escape(transfer.reference)
        rows.append(
            f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}</TxInfAndSts>"
        )
    block = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{order.message}-1</OrgnlPmtInfId>{''.join(rows)}</OrgnlPmtInfAndSts>"
    return _status_document(order.message, "PART" if rejected else "ACSP", "", block)


def _status_document(message: str, status: str, why: str, blocks: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{PAIN002}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>S{escape(message)[:34]}</MsgId><CreDtTm>{_now()}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{escape(message)}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"<GrpSts>{status}</GrpSts>{why}</OrgnlGrpInfAndSts>{blocks}</CstmrPmtStsRpt></Document>"
    )


def notification(order: Order, transfers: list[Transfer], side: str, back: dict[str, str], strangers: int) -> str:
    """A camt.054 that tells of debits, or of credits that came back."""
    entry = _entry(order, transfers, side, back, strangers)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT054}"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>N{side[0]}{order.message[:33]}</MsgId><CreDtTm>{_now()}</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>1</Id><CreDtTm>{_now()}</CreDtTm>{_own_account()}{entry}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )


def statement(order: Order, transfers: list[Transfer], side: str, back: dict[str, str], strangers: int) -> str:
    """A camt.053 with the same entries."""
    zero = (
        f'<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="SEK">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{order.day}</Dt></Dt></Bal>"
    )
    entry = _entry(order, transfers, side, back, strangers)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT053}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>T{side[0]}{order.message[:33]}</MsgId><CreDtTm>{_now()}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>1</Id><CreDtTm>{_now()}</CreDtTm>{_own_account()}{zero}{entry}</Stmt></BkToCstmrStmt></Document>"
    )


def came_in(order: Order, transfers: list[Transfer]) -> str:
    """A camt.054 by which the payees' bank tells them what came in, and what the payer says of it."""
    rows = "".join(
        f"<Ntry><Amt Ccy='{t.currency}'>{t.amount:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{order.day}</Dt></BookgDt><BkTxCd><Prtry><Cd>PMNT</Cd></Prtry></BkTxCd><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{escape(t.reference)}</EndToEndId></Refs><Amt Ccy='{t.currency}'>{t.amount:.2f}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>{escape(order.debtor)}</Nm></Pty></Dbtr></RltdPties>"
        f"<RmtInf><Ustrd>{escape(t.about)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for t in transfers
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT054}"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>C{order.message[:34]}</MsgId><CreDtTm>{_now()}</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>1</Id><CreDtTm>{_now()}</CreDtTm><Acct><Id><IBAN>{transfers[0].account}</IBAN></Id></Acct>{rows}"
        "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )


def _own_account() -> str:
    return "<Acct><Id><Othr><Id>50501055</Id></Othr></Id><Ccy>SEK</Ccy></Acct>"


def _entry(order: Order, transfers: list[Transfer], side: str, back: dict[str, str], strangers: int) -> str:
    currency = next((t.currency for t in transfers), "SEK")
    told = [(t.reference, t.amount, back.get(t.reference)) for t in transfers]
    told += [(f"STRANGER{n}", Decimal("1.00"), None) for n in range(strangers)]
    if not told:
        return ""
    rows = []
    for reference, amount, reason in told:
        why = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
        rows.append(
            f"<TxDtls><Refs><EndToEndId>{escape(reference)}</EndToEndId></Refs>"
            f'<Amt Ccy="{currency}">{amount:.2f}</Amt><CdtDbtInd>{side}</CdtDbtInd>{why}</TxDtls>'
        )
    total = sum(amount for _, amount, _ in told)
    return (
        f'<Ntry><Amt Ccy="{currency}">{total:.2f}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{order.day}</Dt></BookgDt>"
        "<BkTxCd><Prtry><Cd>PMNT</Cd></Prtry></BkTxCd>"
        f"<NtryDtls>{''.join(rows)}</NtryDtls></Ntry>"
    )
