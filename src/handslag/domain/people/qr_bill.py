"""The text in the code of a Swiss QR-bill ("SPC"): whom to pay, how much, by which reference.

By the Swiss Implementation Guidelines QR-bill of SIX, version 2: section 4, the data structure. One element a line, in
fixed order, empty where it isn't used; up to "EPD" all are there, billing information and other schemes may follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from handslag.domain.people.accounts import digits, iban_ok
from handslag.domain.people.references import reference_fault, reference_kind

#: The code holds no more characters.
LONGEST = 997
_AMOUNT = re.compile(r"\d{1,9}\.\d{2}", re.ASCII)
#: At which line (from 0) each element stands; the creditor has seven lines from its kind of address on.
_CODING, _IBAN, _CREDITOR, _AMOUNT_AT, _CURRENCY, _KIND, _REFERENCE, _MESSAGE, _END = 2, 3, 4, 18, 19, 27, 28, 29, 30


class BadQrBill(ValueError):
    """The text is none of a QR-bill, or can't be paid; `code`: "format", "iban", "currency", "amount", "reference"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class QrBill:
    """What a bill asks for: `amount` in minor units, None where the payer writes it; `reference` QRR, SCOR or ""."""

    iban: str
    name: str
    address: tuple[str, ...]
    country: str
    amount: int | None
    currency: str
    reference: str
    message: str


def read_qr_bill(text: str) -> QrBill:
    """What the text of a bill says; raises BadQrBill."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(text.strip()) > LONGEST or len(lines) <= _END or lines[0] != "SPC" or not re.fullmatch(r"02\d\d", lines[1]):
        raise BadQrBill("format")
    _address_kind, name, *address, country = lines[_CREDITOR : _CREDITOR + 7]
    if lines[_CODING] != "1" or lines[_END] != "EPD" or not name or not re.fullmatch("[A-Z]{2}", country):
        raise BadQrBill("format")
    iban = digits(lines[_IBAN]).upper()
    if iban[:2] not in ("CH", "LI") or not iban_ok(iban):
        raise BadQrBill("iban")
    if lines[_CURRENCY] not in ("CHF", "EUR"):
        raise BadQrBill("currency")
    amount = lines[_AMOUNT_AT]
    if amount and not (_AMOUNT.fullmatch(amount) and int(amount.replace(".", ""))):
        raise BadQrBill("amount")
    reference = digits(lines[_REFERENCE]).upper()
    if (reference_kind(reference) or "NON") != lines[_KIND] or reference_fault(iban, reference):
        raise BadQrBill("reference")
    return QrBill(
        iban=iban, name=name, address=tuple(line for line in address if line), country=country,
        amount=int(amount.replace(".", "")) if amount else None, currency=lines[_CURRENCY], reference=reference,
        message=lines[_MESSAGE],
    )  # fmt: skip
