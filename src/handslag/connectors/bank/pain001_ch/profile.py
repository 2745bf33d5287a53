"""The switches in which Swiss banks differ; defaults and their certainty: README.md."""

from __future__ import annotations

from dataclasses import dataclass

from handslag.domain.people.names import BANK_MESSAGE, BANK_NAME, SWISS_LETTERS


@dataclass(frozen=True, slots=True)
class Profile:
    """One bank's reading of the Swiss profile. Lengths are characters. `debtor_bic`: of the bank that pays; without it
    the bank is named by the clearing number (IID) of the debtor's IBAN."""

    debtor_bic: str = ""
    batch_booking: bool = True
    address_needed: bool = False
    name_length: int = BANK_NAME
    message_length: int = BANK_MESSAGE
    letters: str = SWISS_LETTERS
