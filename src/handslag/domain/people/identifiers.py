"""Numbers by which people are known: normal form and check, with the birth day that they carry.

Sources: Skatteverket SKV 704 (personnummer) and SKV 707 (samordningsnummer: day + 60); Luhn over ten digits.
"""

from __future__ import annotations

import re
from datetime import date

from stdnum import luhn
from stdnum.ch import ssn

from handslag.domain.people.states import IdentifierType


class BadIdentifier(ValueError):
    """The number can't be right; `code` says why (form, check digit, date, type)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def normal_identifier(kind: str, text: str) -> tuple[str, date | None]:
    """Normal form of an identifier and the birth day in it (None if it carries none); BadIdentifier.

    personnummer, samordningsnummer: twelve digits. AHVN13: thirteen digits. Others: as given, upper case.
    """
    if kind in (IdentifierType.PERSONNUMMER, IdentifierType.SAMORDNINGSNUMMER):
        return _swedish(text, coordination=kind == IdentifierType.SAMORDNINGSNUMMER)
    if kind == IdentifierType.AHVN13:
        value = re.sub(r"[.\s]", "", text)
        if not ssn.is_valid(value):
            raise BadIdentifier("check digit")
        return value, None
    if kind in (IdentifierType.ZEMIS, IdentifierType.TEMPORARY):
        value = text.strip().upper()
        if not re.fullmatch(r"[0-9A-Z.\-]{4,40}", value):
            raise BadIdentifier("form")
        return value, None
    raise BadIdentifier("type")


def _swedish(text: str, *, coordination: bool) -> tuple[str, date]:
    found = re.fullmatch(r"\s*(\d{2})?(\d{2})(\d{2})(\d{2})\s*[-+]?\s*(\d{4})\s*", text, re.ASCII)
    if not found:
        raise BadIdentifier("form")
    century, year, month, day, last = found.groups()
    if century is None:
        raise BadIdentifier("twelve digits")
    if not luhn.is_valid(year + month + day + last):
        raise BadIdentifier("check digit")
    real_day = int(day) - 60 if coordination else int(day)
    try:
        born = date(int(century + year), int(month), real_day)
    except ValueError as error:
        raise BadIdentifier("date") from error
    return f"{century}{year}{month}{day}{last}", born
