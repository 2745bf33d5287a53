"""The message `reconciliation`, version 1: an account as one side has it, and whether the other side's is the same."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Digest, Header, Reply
from handslag.messages.turns import fits

#: Why an account isn't equal.
DIFFERS = "DIFFERS"
#: Postings in one message, over all parts.
MOST = 3000
Amount = Annotated[int, Meta(ge=-(10**15), le=10**15, description="minor units")]
Regime = Annotated[str, Meta(min_length=1, max_length=24)]
Rests = Literal["statement", "answer", "correction", "reclaim", "line", "booking", "payment"]
Named = Annotated[str, Meta(min_length=1, max_length=120, description="of the source, the same at both sides")]


class Known(Struct, frozen=True, kw_only=True):
    """What one source moves in a part: its digest is taken over the source and its entries there."""

    rests_on: Rests
    reference: Named
    digest: Digest


class Part(Struct, frozen=True, kw_only=True):
    """The days of a regime from `since` until before `until`: the figures, and what they follow from."""

    number: Annotated[int, Meta(ge=1, le=MOST)]
    regime: Regime
    since: date
    until: Annotated[date, Meta(description="the day after the last")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    claimed: Amount
    cut: Amount
    expired: Amount
    accepted: Amount
    netted: Amount
    paid: Amount
    postings: Annotated[list[Known], Meta(min_length=1, max_length=MOST)]

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError("a part has days")


class Ledger(Struct, frozen=True, kw_only=True):
    """An account as the sender has it; `digest` is taken over `parts`."""

    side: Annotated[Literal["payer", "claimant"], Meta(description="what the sender is")]
    digest: Digest
    parts: Annotated[list[Part], Meta(max_length=MOST)] = []


class Difference(Struct, frozen=True, kw_only=True):
    """What one source moves in a part is known to one side only, or isn't the same."""

    regime: Regime
    since: date
    rests_on: Rests
    reference: Named
    state: Annotated[
        Literal["missing here", "missing with you", "different"], Meta(description="as who answers sees it")
    ]


class Compared(Struct, frozen=True, kw_only=True):
    """The account as who answers has it: its digest, and where it differs."""

    number: Literal[1]
    digest: Digest
    differences: Annotated[list[Difference], Meta(max_length=2 * MOST)] = []


class Reconciliation(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 tells an account (`asked`), 6 answers: equal (`accepted`, the
    same digest, no differences) or not (`rejected`, DIFFERS, with the differences), 3 recalls and 12 reminds (`text`).
    """

    message: Literal["reconciliation"]
    version: Literal[1]
    header: Header
    asked: Ledger | None = None
    reply: Reply | None = None
    answers: Annotated[list[Compared], Meta(max_length=1)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits(self, self.asked.parts if self.asked else [], outcome(self.answers), "parts")


def outcome(answers: list[Compared]) -> str:
    """What follows from an answer."""
    return "question" if not answers else "rejected" if answers[0].differences else "accepted"
