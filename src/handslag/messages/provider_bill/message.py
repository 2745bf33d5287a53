"""The message `provider_bill`, version 1: an institution bills a payer for what that one approved for one of its people
(I4), and hears whether it is paid."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.question.message import Person
from handslag.messages.turns import fits

#: What speaks against a bill, by the checks of both sides.
FOUND = (
    "APPROVAL_MISSING", "NOT_IN_FORCE", "APPROVAL_EXCEEDED", "RATE_WRONG", "DUPLICATE_INVOICE", "OTHER_BANK_DETAILS",
)  # fmt: skip
#: Why a bill isn't paid.
REASONS = (*FOUND, "NOT_DELIVERED", "DOCUMENT_MISSING", "PERSON_UNKNOWN")
Why = Literal[
    "", "APPROVAL_MISSING", "NOT_IN_FORCE", "APPROVAL_EXCEEDED", "RATE_WRONG", "DUPLICATE_INVOICE",
    "OTHER_BANK_DETAILS", "NOT_DELIVERED", "DOCUMENT_MISSING", "PERSON_UNKNOWN",
]  # fmt: skip


class Bill(Struct, frozen=True, kw_only=True):
    """What an institution did for a person under an approval, from `since` to `last_on`: `quantity` times `unit_price`
    is `amount`, in CHF; to be paid as the QR-bill says."""

    person: Person
    approval: Annotated[str, Meta(min_length=1, max_length=40, description="the number of the approval")]
    bill: Annotated[
        str, Meta(pattern="^[0-9A-Za-z][0-9A-Za-z./-]{0,39}$", description="the number the institution gives it, once")
    ]
    since: Annotated[date, Meta(description="the first day that is billed")]
    last_on: Annotated[date, Meta(description="the last day that is billed")]
    unit_price: Annotated[int, Meta(ge=1, lt=10**10, description="minor units")]
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    amount: Annotated[int, Meta(ge=1, lt=10**12, description="minor units")]
    iban: Annotated[str, Meta(pattern="^(CH|LI)[0-9]{2}[0-9A-Z]{17}$", description="IBAN or QR-IBAN of the QR-bill")]
    reference: Annotated[
        str, Meta(pattern="^([0-9]{27}|RF[0-9]{2}[0-9A-Z]{1,21})?$", description="QRR or SCOR; none: NON")
    ] = ""
    why: Annotated[str, Meta(max_length=1000, description="why it is billed although something speaks against it")] = ""
    answer_by: date
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        if self.person.identifier_type != "zemis":
            raise ValueError("a person is named by her ZEMIS number")
        if self.last_on < self.since:
            raise ValueError("a bill has days")
        if self.amount != self.unit_price * self.quantity:
            raise ValueError("the amount is quantity times price")


class Paid(Struct, frozen=True, kw_only=True):
    """That the bill is accepted as a whole and will be paid, or why not; what isn't paid has words."""

    number: Annotated[int, Meta(ge=1, le=1)]
    text: Annotated[str, Meta(max_length=4000)] = ""
    reason: Why = ""

    def __post_init__(self) -> None:
        if self.reason and not self.text.strip():
            raise ValueError("what isn't paid has words")


class ProviderBill(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 bills (`asked`), 6 says that it will be paid, or why not
    (`reply`, with one answer), or asks back (`text`, state `question`), 4 adds what was asked back, 3 recalls a bill
    that isn't answered yet and 12 reminds of it (`text`).
    """

    message: Literal["provider_bill"]
    version: Literal[1]
    header: Header
    asked: Bill | None = None
    reply: Reply | None = None
    answers: Annotated[list[Paid], Meta(max_length=1)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits(self, [], outcome(self.answers) if self.answers else "question", "answers")


def outcome(answers: list[Paid]) -> str:
    """What follows from the answer."""
    return "rejected" if answers[0].reason else "accepted"
