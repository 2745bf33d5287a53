"""The message `reclaim`, version 1: a payer claims back, after an audit, what it had accepted of settled lines (S7)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.turns import fits

#: Lines in one message.
MOST = 500
#: Why it isn't as the payer says: objected to by a person, in words; lines that aren't settled so there, or a turn that
#: came too late, by the machine.
AGAINST = ("OBJECTED", "LINE", "ANSWERED")
Why = Literal[
    "LATE", "NO_CLAIM_PERIOD", "TEN_YEARS_REACHED", "SEVEN_YEARS_REACHED", "WRONG_STATUS", "OTHER_MUNICIPALITY",
    "DUPLICATE_DAY", "DUPLICATE_INVOICE", "NOT_ACCREDITED", "AREA_NOT_ALLOWED", "TARGET_GROUP", "APPROVAL_MISSING",
    "APPROVAL_EXCEEDED", "OTHER_PAYER_FIRST", "SPLIT_WRONG", "RATE_WRONG", "INCOME_MISSING", "DOCUMENT_MISSING",
    "CEILING_REACHED", "ALREADY_SETTLED",
]  # fmt: skip


class Span(Struct, frozen=True, kw_only=True):
    """Days from `since` until before `until`."""

    since: date
    until: Annotated[date, Meta(description="the day after the last")]

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError("a span has days")


class ReclaimedLine(Struct, frozen=True, kw_only=True):
    """What is claimed back of one settled line, and of a lump sum for which days."""

    number: Annotated[int, Meta(ge=1, le=MOST)]
    settled: Annotated[str, Meta(min_length=1, max_length=140, description="reference of the settlement / its line")]
    amount: Annotated[int, Meta(ge=1, le=10**15, description="of what was accepted, in minor units")]
    days: Annotated[list[Span], Meta(max_length=MOST)] = []


class Reclaimed(Struct, frozen=True, kw_only=True):
    """A reclaim, each time whole: `raised`, to be answered by a person; `kept` by a person of the payer, after an
    objection or when the day is over; or `withdrawn`."""

    reclaim: Annotated[str, Meta(min_length=1, max_length=40, description="the payer's number")]
    state: Literal["raised", "kept", "withdrawn"]
    reason: Why
    total: Annotated[int, Meta(ge=1, le=10**15, description="minor units")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    lines: Annotated[list[ReclaimedLine], Meta(min_length=1, max_length=MOST)]
    text: Annotated[str, Meta(min_length=1, max_length=4000, description="the reason in words")]
    answer_by: date | None = None

    def __post_init__(self) -> None:
        if sum(one.amount for one in self.lines) != self.total:
            raise ValueError("the lines add up to the total")
        if (self.state == "raised") != (self.answer_by is not None):
            raise ValueError("what is raised, and nothing else, is answered by a day")


class Answer(Struct, frozen=True, kw_only=True):
    """That it is accepted or noted, or why not."""

    number: Annotated[int, Meta(ge=1, le=1)]
    reason: Literal["", "OBJECTED", "LINE", "ANSWERED"] = ""
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        if self.reason == "OBJECTED" and not self.text.strip():
            raise ValueError("who objects says why")


class Reclaim(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 says what is claimed back, kept or withdrawn (`asked`), 6 accepts
    or objects, or says that it is noted (`reply`, with one answer), 3 recalls and 12 reminds (`text`).
    """

    message: Literal["reclaim"]
    version: Literal[1]
    header: Header
    asked: Reclaimed | None = None
    reply: Reply | None = None
    answers: Annotated[list[Answer], Meta(max_length=1)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits(self, self.asked.lines if self.asked else [], outcome(self.answers), "lines")


def outcome(answers: list[Answer]) -> str:
    """What follows from an answer."""
    return "question" if not answers else "rejected" if answers[0].reason else "accepted"
