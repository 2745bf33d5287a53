"""References of Swiss invoices: QRR (QR reference, 27 digits, to a QR-IBAN only) and SCOR (ISO 11649)."""

from __future__ import annotations

import re

from stdnum import iso11649
from stdnum.ch import esr
from stdnum.iso7064 import mod_97_10

from handslag.domain.people.accounts import digits
from handslag.kernel.ids import reference_is_valid


def is_qr_iban(iban: str) -> bool:
    """Whether the clearing number (IID) of an IBAN says that it takes QR references: 30000 to 31999."""
    number = digits(iban).upper()
    return number[:2] in ("CH", "LI") and number[4:9].isdigit() and 30000 <= int(number[4:9]) <= 31999


def reference_kind(reference: str) -> str:
    """QRR for 27 digits, else SCOR; "" for none."""
    text = digits(reference)
    if not text:
        return ""
    return "QRR" if re.fullmatch(r"\d{27}", text, re.ASCII) else "SCOR"


def reference_fault(iban: str, reference: str) -> str:
    """Why a reference can't go to an IBAN: "qr_iban_needed" for a QR reference to an ordinary IBAN, "qrr_needed" for
    anything else, or nothing, to a QR-IBAN; "check_digit"; "" where it can."""
    kind, text = reference_kind(reference), digits(reference).upper()
    if kind == "QRR" and not is_qr_iban(iban):
        return "qr_iban_needed"
    if kind != "QRR" and is_qr_iban(iban):
        return "qrr_needed"
    if kind == "QRR" and not esr.is_valid(text):
        return "check_digit"
    if kind == "SCOR" and not iso11649.is_valid(text):
        return "check_digit"
    return ""


def creditor_reference(number: str) -> str:
    """The SCOR by which somebody pays us for what has this number (`2026-004127-K`)."""
    body = number.replace("-", "")
    return f"RF{mod_97_10.calc_check_digits(body + 'RF')}{body}"


def numbers_in(text: str) -> list[str]:
    """The numbers of ours that the SCOR references in a text stand for, in their order."""
    words = [digits(word) for word in re.findall(r"\bRF(?: ?[0-9]){12,} ?[A-Z]\b", text.upper(), re.ASCII)]
    found = [f"{word[4:8]}-{word[8:-1]}-{word[-1]}" for word in words if iso11649.is_valid(word)]
    return [number for number in found if reference_is_valid(number)]
