"""The message `cost_approval`, version 1: a municipality or an institution asks a payer to approve a cost of a person
before it arises (K1), and what the payer approves of it, under which number (K2)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.question.message import Person
from handslag.messages.turns import fits

#: Why a cost isn't approved, or not as it was asked for.
REASONS = (
    "RATE_WRONG", "NO_CLAIM_PERIOD", "OTHER_MUNICIPALITY", "OTHER_PAYER_FIRST", "DUPLICATE", "NOT_ALLOWED",
    "NOT_NEEDED", "DOCUMENT_MISSING", "PERSON_UNKNOWN",
)  # fmt: skip
Reason = Literal[
    "", "RATE_WRONG", "NO_CLAIM_PERIOD", "OTHER_MUNICIPALITY", "OTHER_PAYER_FIRST", "DUPLICATE", "NOT_ALLOWED",
    "NOT_NEEDED", "DOCUMENT_MISSING", "PERSON_UNKNOWN",
]  # fmt: skip
Amount = Annotated[int, Meta(ge=0, lt=10**12)]
Percent = Annotated[int, Meta(ge=1, le=100)]


class Cost(Struct, frozen=True, kw_only=True):
    """A cost of a person that shall arise: what is asked for is `quantity` times `unit_price`, less what another payer
    pays, of which `percent`."""

    person: Person
    account_code: Annotated[str, Meta(pattern="^[A-Z][A-Z_]{0,23}$", description="the kind of cost")]
    what: Annotated[str, Meta(min_length=1, max_length=250)]
    cause: Annotated[str, Meta(min_length=1, max_length=1000, description="why it is needed")]
    since: Annotated[date, Meta(description="the first day on which it arises")]
    last_on: Annotated[date, Meta(description="the last day on which it arises")]
    unit_price: Annotated[int, Meta(ge=1, lt=10**10, description="minor units")]
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    percent: Annotated[Percent, Meta(description="the share that the payer is asked for")] = 100
    other_payer: Annotated[str, Meta(max_length=120, description="who else was asked to pay")] = ""
    other_pays: Annotated[Amount, Meta(description="what that one pays, in minor units")] | None = None
    offers: Annotated[str, Meta(max_length=1000, description="offers that were compared")] = ""
    urgent: bool
    why: Annotated[
        str, Meta(max_length=1000, description="why it is asked for although something speaks against it")
    ] = ""
    answer_by: date
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        if self.person.identifier_type != "zemis":
            raise ValueError("a person is named by her ZEMIS number")
        if self.last_on < self.since:
            raise ValueError("a cost has days")
        if (self.other_pays is not None) != bool(self.other_payer.strip()):
            raise ValueError("who else was asked pays something, or nothing")
        if (self.other_pays or 0) >= self.unit_price * self.quantity:
            raise ValueError("something is asked for")


class Approved(Struct, frozen=True, kw_only=True):
    """What the payer says: under which number it bears at most which amount, for which days and which share; with a
    coded reason where that isn't what was asked for, or where nothing is approved."""

    number: Annotated[int, Meta(ge=1, le=1)]
    text: Annotated[str, Meta(max_length=4000)] = ""
    approval: Annotated[str, Meta(max_length=40, description="the number, to be cited when it is billed")] = ""
    amount: Annotated[int, Meta(ge=1, lt=10**12, description="at most, in minor units")] | None = None
    percent: Percent | None = None
    since: date | None = None
    last_on: date | None = None
    reason: Reason = ""
    by_rules: Annotated[bool, Meta(description="granted in full by the payer's rules: no person decided it")]

    def __post_init__(self) -> None:
        given = [self.amount, self.percent, self.since, self.last_on]
        whole = bool(self.approval) and None not in given
        if not whole and (self.approval or given != [None] * 4 or not self.reason):
            raise ValueError("a cost is approved with all that belongs to it, or there is a reason why not")
        if self.reason and not self.text.strip():
            raise ValueError("what isn't approved in full has words")
        if self.since is not None and self.last_on is not None and self.last_on < self.since:
            raise ValueError("an approval has days")
        if self.by_rules and self.reason:
            raise ValueError("nobody but a person refuses or cuts")


class CostApproval(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 asks (`asked`), 6 answers (`reply`, with one answer, or with
    `text` and the state `question` where something is asked back), 4 adds what was asked back (`text`), 3 recalls what
    was asked for and 12 reminds of it (`text`).
    """

    message: Literal["cost_approval"]
    version: Literal[1]
    header: Header
    asked: Cost | None = None
    reply: Reply | None = None
    answers: Annotated[list[Approved], Meta(max_length=1)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits(self, [], outcome(self.answers) if self.answers else "question", "answers")


def outcome(answers: list[Approved]) -> str:
    """What follows from the answer for the request."""
    if not answers[0].reason:
        return "accepted"
    return "accepted with changes" if answers[0].approval else "rejected"
