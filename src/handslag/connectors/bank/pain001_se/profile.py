"""The switches in which Swedish banks' message guides differ; defaults and their certainty: README.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handslag.domain.people.names import BANK_LETTERS, BANK_MESSAGE, BANK_NAME


@dataclass(frozen=True, slots=True)
class Profile:
    """One bank's reading of pain.001.001.09. Empty text leaves the element out.

    Lengths are characters. `letters` are the letters beside a-z that the bank takes in names and messages.
    """

    service_level: str = "NURG"
    charge_bearer: Literal["", "SLEV", "SHAR", "DEBT", "CRED"] = ""
    category_purpose_accounts: str = ""
    category_purpose_giros: str = ""
    customer_id: str = ""
    initiating_party_scheme: str = "CUST"
    debtor_scheme: str = "BANK"
    bban_scheme: Literal["Cd", "Prtry"] = "Cd"
    plusgiro_scheme: Literal["BBAN", "PGNR"] = "BBAN"
    bban_holds_clearing: bool = False
    fifth_clearing_digit: Literal["dropped", "before-account"] = "dropped"
    bankgiro_clearing: str = "9900"
    plusgiro_clearing: str = "9960"
    one_block_per_kind: bool = True
    batch_booking: bool = True
    reference_on_accounts: bool = False
    slips: bool = False
    slip_cheque_type: str = "BCHQ"
    name_length: int = BANK_NAME
    message_length: int = BANK_MESSAGE
    letters: str = BANK_LETTERS
    currencies: tuple[str, ...] = ("SEK",)
