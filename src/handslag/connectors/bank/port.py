"""Payment files to a bank: what goes in, what comes out, and who can write one.

Amounts are int minor units (öre), moments are aware UTC datetimes, dates are dates. A writer is a pure
function of its input: the same `PaymentFile` gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import Literal, Protocol, cast

AccountKind = Literal["bban", "bankgiro", "plusgiro", "iban", "slip"]

_WRITERS = {
    "pain001_se": "handslag.connectors.bank.pain001_se",
    "pain001_ch": "handslag.connectors.bank.pain001_ch",
}
#: The profile by which banks of a country take payment files.
PROFILES = {"SE": "pain001_se", "CH": "pain001_ch"}


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the payee gave it; spaces and hyphens are allowed in the numbers.

    `clearing` is set for kind "bban" only (4 digits, or 5 for Swedbank 8xxx-x). `bic` is optional. Kind "slip" has
    no number: the bank sends a payment slip (utbetalningsavi) to the payee's address.
    """

    kind: AccountKind
    number: str
    clearing: str = ""
    bic: str = ""


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where a payee lives, or a payment slip goes."""

    lines: Sequence[str]
    postcode: str
    city: str
    country: str = "SE"


@dataclass(frozen=True, slots=True)
class Payment:
    """One credit transfer. At most one of `reference` (OCR number; in Switzerland QRR or SCOR) and `message` (free
    text) is set. `address`: of the payee, for kind "slip" and where the profile names it."""

    end_to_end_id: str
    amount: int
    currency: str
    creditor_name: str
    account: Account
    reference: str = ""
    message: str = ""
    address: PostalAddress | None = None


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """An instruction to a bank: pay all of `payments` from `debtor_account` on `execution_on`."""

    message_id: str
    created_at: datetime
    execution_on: date
    debtor_name: str
    debtor_org_number: str
    debtor_account: Account
    payments: Sequence[Payment]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something can't be paid, or should be looked at. `end_to_end_id` is "" for the file itself.

    `certain` problems are wrong by arithmetic or format; the others are doubts that stop nothing.
    """

    end_to_end_id: str
    field: str
    code: str
    text: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class WrittenPaymentFile:
    """The finished bytes, proven by the schema. `control_sum` in minor units, `digest` SHA-256 hex."""

    content: bytes
    digest: str
    count: int
    control_sum: int
    findings: tuple[Problem, ...]


class PaymentFileRefused(ValueError):
    """Nothing was written. `problems` names every payment and field at fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.end_to_end_id or 'file'}: {p.field}: {p.code}" for p in self.problems[:5]))


class SchemaRefused(PaymentFileRefused):
    """The written bytes break the ISO schema or don't add up: a fault of the writer, never sent."""


class PaymentFileWriter(Protocol):
    """Writes payment files in one bank format."""

    def write(self, file: PaymentFile) -> WrittenPaymentFile:
        """Bytes for `file`. Raises PaymentFileRefused (with every problem) or SchemaRefused."""
        ...


def for_tenant(kind: str, options: Mapping[str, object] | None = None) -> PaymentFileWriter:
    """The writer that a tenant has chosen: `kind` is a folder beside this file, `options` its switches.

    Raises LookupError for a kind that doesn't exist, TypeError for an option that the profile doesn't have.
    """
    if kind not in _WRITERS:
        raise LookupError(f"no payment file writer {kind!r}; known: {', '.join(sorted(_WRITERS))}")
    return cast(PaymentFileWriter, import_module(_WRITERS[kind]).writer(**(options or {})))
