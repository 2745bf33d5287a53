"""The message `payment_advice`, version 1: a payer tells a claimant what it pays when, for what, and what it netted
(S6)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.turns import fits

#: Why a payment doesn't fit the claimant's own account.
NOT_SEEN = ("NOT_OPEN", "ARRIVED")
#: Parts, and settlements, in one message.
MOST = 3000
Minor = Annotated[int, Meta(ge=-(10**15), le=10**15, description="minor units")]


class Part(Struct, frozen=True, kw_only=True):
    """What of the payment is for the days of a regime from `since` until before `until`. `netted` is set off: below 0
    where it is owed the other way (a reclaim, a correction), above 0 where it was taken from."""

    number: Annotated[int, Meta(ge=1, le=MOST)]
    regime: Annotated[str, Meta(min_length=1, max_length=24)]
    since: date
    until: Annotated[date, Meta(description="the day after the last")]
    netted: Minor
    paid: Minor

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError("a part has days")


class Advice(Struct, frozen=True, kw_only=True):
    """A payment: `paid` as its file went to the bank, `failed` once the bank says that it reached nobody."""

    payment: Annotated[str, Meta(min_length=1, max_length=80, description="the payer's number, as in the bank's words")]
    state: Literal["paid", "failed"]
    amount: Annotated[int, Meta(ge=1, le=10**15, description="that arrives, in minor units")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    iban: Annotated[str, Meta(pattern="^[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}$", description="where it arrives")]
    value_on: Annotated[date, Meta(description="the day on which the bank is to pay")]
    settlements: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=120)]],
        Meta(min_length=1, max_length=MOST, description="the references of the settlements and bills that it pays"),
    ]
    parts: Annotated[list[Part], Meta(min_length=1, max_length=MOST)]

    def __post_init__(self) -> None:
        if sum(one.paid for one in self.parts) != self.amount or sum(one.netted for one in self.parts) != 0:
            raise ValueError("the parts add up to what is paid, and what is netted to nothing")


class Seen(Struct, frozen=True, kw_only=True):
    """Whether the claimant's own account fits: just that is open there (or no money has arrived of what failed)."""

    number: Annotated[int, Meta(ge=1, le=1)]
    reason: Literal["", "NOT_OPEN", "ARRIVED"] = ""


class PaymentAdvice(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 tells a payment (`asked`), 6 says whether it fits the claimant's
    account (`reply`, with one answer), 3 recalls and 12 reminds (`text`).
    """

    message: Literal["payment_advice"]
    version: Literal[1]
    header: Header
    asked: Advice | None = None
    reply: Reply | None = None
    answers: Annotated[list[Seen], Meta(max_length=1)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits(self, self.asked.parts if self.asked else [], outcome(self.answers), "parts")


def outcome(answers: list[Seen]) -> str:
    """What follows from an answer."""
    return "question" if not answers else "rejected" if answers[0].reason else "accepted"
