"""PaymentFile -> bytes for a Swiss bank: checked row by row, written as text, proven by lxml against the ISO schema.

Names and free texts are brought to the profile's characters and cut to the field's length; ids, references, account
numbers and amounts are never altered: what doesn't fit is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from handslag.connectors.bank.pain001 import NAMESPACE, amount_of, escaped, identifier_ok, prove
from handslag.connectors.bank.pain001_ch.profile import Profile
from handslag.connectors.bank.port import (
    Account,
    Payment,
    PaymentFile,
    PaymentFileRefused,
    PostalAddress,
    Problem,
    WrittenPaymentFile,
)
from handslag.domain.people.accounts import digits, iban_ok
from handslag.domain.people.names import bank_text
from handslag.domain.people.references import is_qr_iban, reference_fault, reference_kind

_HOUSE = re.compile(r"(?P<street>.*\S)\s+(?P<number>\d+\s?[a-zA-Z]?(?:[-/.]\d+)?)")


class Pain001Writer:
    """Writes pain.001.001.09 for one profile; the port's PaymentFileWriter."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self._text = bank_text(self.profile.letters)

    def write(self, file: PaymentFile) -> WrittenPaymentFile:
        """Bytes for `file`, valid by the ISO schema, read back to the same ids, amounts and sums.

        Raises PaymentFileRefused with every certain problem, SchemaRefused if the proof fails.
        """
        problems = list(self._problems_of_file(file))
        for payment in file.payments:
            problems += self._problems_of(payment)
        if certain := [p for p in problems if p.certain]:
            raise PaymentFileRefused(certain)
        content = "".join(self._document(file)).encode("utf-8")
        prove(content, file)
        total = sum(p.amount for p in file.payments)
        digest = hashlib.sha256(content).hexdigest()
        return WrittenPaymentFile(content, digest, len(file.payments), total, tuple(problems))

    # -- checks ---------------------------------------------------------------------------------------------

    def _problems_of_file(self, file: PaymentFile) -> Iterator[Problem]:
        if not identifier_ok(file.message_id, 35):
            yield Problem("", "message_id", "identifier", "at most 35 plain characters")
        if file.created_at.utcoffset() is None:
            yield Problem("", "created_at", "naive", "the moment needs a time zone")
        if isinstance(file.execution_on, datetime):
            yield Problem("", "execution_on", "not_a_date", "a date without a time")
        if self._text.plain(file.debtor_name, self.profile.name_length) is None:
            yield Problem("", "debtor_name", "unreadable", "not written whole in the bank's letters")
        yield from _check_account(file.debtor_account, "")
        if is_qr_iban(file.debtor_account.number):
            yield Problem("", "debtor_account", "qr_iban", "a QR-IBAN only receives: it can't be drawn on")
        if not file.payments:
            yield Problem("", "payments", "empty", "a file needs at least one payment")
        seen: set[str] = set()
        for payment in file.payments:
            if payment.end_to_end_id in seen:
                yield Problem(payment.end_to_end_id, "end_to_end_id", "twice", "the id stands twice in the file")
            seen.add(payment.end_to_end_id)

    def _problems_of(self, payment: Payment) -> Iterator[Problem]:
        name = payment.end_to_end_id
        if not identifier_ok(name, 35):
            yield Problem(name, "end_to_end_id", "identifier", "at most 35 plain characters")
        if type(payment.amount) is not int or not 0 < payment.amount < 10**11:
            yield Problem(name, "amount", "amount", "0.01 to 999999999.99 francs, in whole Rappen")
        if payment.currency != "CHF":
            yield Problem(name, "currency", "currency", "only CHF")
        if self._text.plain(payment.creditor_name, self.profile.name_length) is None:
            yield Problem(name, "creditor_name", "unreadable", "not written whole in the bank's letters")
        yield from _check_account(payment.account, name)
        if fault := reference_fault(payment.account.number, payment.reference):
            yield Problem(name, "reference", fault, "a QR reference goes to a QR-IBAN, and nothing else does")
        if payment.reference and payment.message:
            yield Problem(name, "reference", "two_texts", "either a reference or a message")
        if payment.message and self._text.plain(payment.message, self.profile.message_length) is None:
            yield Problem(name, "message", "unreadable", "not written whole in the bank's letters")
        yield from self._problems_of_address(payment)

    def _problems_of_address(self, payment: Payment) -> Iterator[Problem]:
        name, to = payment.end_to_end_id, payment.address
        if to is None:
            needed = self.profile.address_needed
            yield Problem(name, "address", "missing", "the profile wants the payee's address", certain=needed)
            return
        told = [*((line, 70) for line in to.lines), (to.postcode, 16), (to.city, 35)]
        whole = to.city.strip() and all(not part or self._text.plain(part, most) is not None for part, most in told)
        if not whole or not re.fullmatch("[A-Z]{2}", to.country) or len(to.lines) > 3:
            yield Problem(name, "address", "address", "a structured address has at least a town and a country")

    # -- text -----------------------------------------------------------------------------------------------

    def _document(self, file: PaymentFile) -> Iterator[str]:
        total = amount_of(sum(p.amount for p in file.payments))
        created = file.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        debtor, count = self._plain(file.debtor_name, self.profile.name_length), len(file.payments)
        yield (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><CstmrCdtTrfInitn>\n'
            f"<GrpHdr><MsgId>{escaped(file.message_id)}</MsgId><CreDtTm>{created}</CreDtTm>"
            f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
            f"<InitgPty><Nm>{debtor}</Nm></InitgPty></GrpHdr>\n"
            f"<PmtInf><PmtInfId>{escaped(file.message_id)}</PmtInfId><PmtMtd>TRF</PmtMtd>"
            f"<BtchBookg>{'true' if self.profile.batch_booking else 'false'}</BtchBookg>"
            f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
            f"<ReqdExctnDt><Dt>{file.execution_on.isoformat()}</Dt></ReqdExctnDt><Dbtr><Nm>{debtor}</Nm></Dbtr>"
            f"<DbtrAcct>{_account(file.debtor_account)}<Ccy>CHF</Ccy></DbtrAcct>"
            f"<DbtrAgt>{self._agent(file.debtor_account)}</DbtrAgt>\n"
        )
        for payment in file.payments:
            yield self._transaction(payment)
        yield "</PmtInf>\n</CstmrCdtTrfInitn></Document>\n"

    def _transaction(self, payment: Payment) -> str:
        key = escaped(payment.end_to_end_id)
        return (
            f"<CdtTrfTxInf><PmtId><InstrId>{key}</InstrId><EndToEndId>{key}</EndToEndId></PmtId>"
            f'<Amt><InstdAmt Ccy="CHF">{amount_of(payment.amount)}</InstdAmt></Amt>'
            f"<Cdtr><Nm>{self._plain(payment.creditor_name, self.profile.name_length)}</Nm>"
            f"{self._address(payment.address)}</Cdtr><CdtrAcct>{_account(payment.account)}</CdtrAcct>"
            f"{self._remittance(payment)}</CdtTrfTxInf>\n"
        )

    def _remittance(self, payment: Payment) -> str:
        if not payment.reference:
            text = self._plain(payment.message, self.profile.message_length) if payment.message else ""
            return f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""
        kind = reference_kind(payment.reference)
        tag = "Prtry" if kind == "QRR" else "Cd"
        return (
            f"<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><{tag}>{kind}</{tag}></CdOrPrtry></Tp>"
            f"<Ref>{digits(payment.reference).upper()}</Ref></CdtrRefInf></Strd></RmtInf>"
        )

    def _address(self, to: PostalAddress | None) -> str:
        """Street and house number, postcode, town and country apart; lines before the street stand as they are."""
        if to is None:
            return ""
        *before, street = to.lines or [""]
        house = _HOUSE.fullmatch(street.strip())
        parts = [
            ("StrtNm", house["street"] if house else street, 70),
            ("BldgNb", house["number"] if house else "", 16),
            ("PstCd", to.postcode, 16),
            ("TwnNm", to.city, 35),
            ("Ctry", to.country, 2),
            *(("AdrLine", line, 70) for line in before),
        ]
        said = "".join(f"<{tag}>{self._plain(text, most)}</{tag}>" for tag, text, most in parts if text.strip())
        return f"<PstlAdr>{said}</PstlAdr>"

    def _agent(self, account: Account) -> str:
        if bic := account.bic or self.profile.debtor_bic:
            return f"<FinInstnId><BICFI>{bic}</BICFI></FinInstnId>"
        member = digits(account.number).upper()[4:9]
        return (
            "<FinInstnId><ClrSysMmbId><ClrSysId><Cd>CHBCC</Cd></ClrSysId>"
            f"<MmbId>{member}</MmbId></ClrSysMmbId></FinInstnId>"
        )

    def _plain(self, text: str, length: int) -> str:
        return escaped(self._text.plain(text, length) or "")


def _account(account: Account) -> str:
    return f"<Id><IBAN>{digits(account.number).upper()}</IBAN></Id>"


def _check_account(account: Account, end_to_end_id: str) -> Iterator[Problem]:
    iban = digits(account.number).upper()
    if account.kind != "iban" or not re.fullmatch(r"(CH|LI)\d{7}[0-9A-Z]{12}", iban):
        yield Problem(end_to_end_id, "account", "format", "an IBAN of Switzerland or Liechtenstein")
    elif not iban_ok(iban):
        yield Problem(end_to_end_id, "iban", "check_digit", "the IBAN fails its check")
