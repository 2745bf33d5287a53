"""The message `approval_change`, version 1: a payer tells whoever asked that it changes the limit of an approval, or
ends it (K2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.question.message import Person
from handslag.messages.turns import fits

#: Why an approval is changed or ended.
REASONS = (
    "RATE_WRONG", "NO_CLAIM_PERIOD", "OTHER_MUNICIPALITY", "OTHER_PAYER_FIRST", "NOT_NEEDED", "OVER_EARLIER",
    "MORE_NEEDED", "MISTAKE",
)  # fmt: skip
Why = Literal[
    "RATE_WRONG", "NO_CLAIM_PERIOD", "OTHER_MUNICIPALITY", "OTHER_PAYER_FIRST", "NOT_NEEDED", "OVER_EARLIER",
    "MORE_NEEDED", "MISTAKE",
]  # fmt: skip
#: Why it isn't noted.
NOT_NOTED = ("APPROVAL_UNKNOWN", "PERSON_UNKNOWN", "OVERTAKEN")


class NewTerms(Struct, frozen=True, kw_only=True):
    """What an approval says from now on, whole: at most which amount, until which day; for what is billed from a day
    on. What was billed before stays as it was."""

    person: Person
    approval: Annotated[str, Meta(min_length=1, max_length=40, description="its number")]
    turn: Annotated[int, Meta(ge=1, le=1000, description="which change of this approval it is; the last turn holds")]
    amount: Annotated[int, Meta(ge=0, lt=10**12, description="at most, in minor units; 0: nothing any more")]
    last_on: Annotated[date, Meta(description="the last day on which the cost may arise")]
    billed_from: Annotated[date, Meta(description="what is billed on an earlier day stays as it was")]
    reason: Why
    answer_by: date
    text: Annotated[str, Meta(min_length=1, max_length=4000, description="the reason in words")]

    def __post_init__(self) -> None:
        if self.person.identifier_type != "zemis":
            raise ValueError("a person is named by her ZEMIS number")


class Kept(Struct, frozen=True, kw_only=True):
    """That the change is noted, or why it isn't."""

    number: Annotated[int, Meta(ge=1, le=1)]
    text: Annotated[str, Meta(max_length=4000)] = ""
    reason: Literal["", "APPROVAL_UNKNOWN", "PERSON_UNKNOWN", "OVERTAKEN"] = ""


class ApprovalChange(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 tells what an approval is changed to (`asked`), 6 says that it is
    noted, or why not (`reply`, with one answer), or asks back (`text`, state `question`), 4 adds what was asked back, 3
    recalls what isn't noted yet and 12 reminds of it (`text`).
    """

    message: Literal["approval_change"]
    version: Literal[1]
    header: Header
    asked: NewTerms | None = None
    reply: Reply | None = None
    answers: Annotated[list[Kept], Meta(max_length=1)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits(self, [], outcome(self.answers) if self.answers else "question", "answers")
        if self.asked is not None and self.asked.billed_from < datetime.fromisoformat(self.header.sent_at).date():
            raise ValueError("what was billed before it was told stays as it was")


def outcome(answers: list[Kept]) -> str:
    """What follows from the answer."""
    return "rejected" if answers[0].reason else "accepted"
