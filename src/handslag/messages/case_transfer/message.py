"""The message `case_transfer`, version 1: what another municipality gets to know of a case because somebody moves
there, and what it takes over."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.question.message import MonthText, Number, Person, Text
from handslag.messages.turns import fits

#: Why an item isn't taken over.
REASONS = ("NOT_NEEDED", "NO_GROUND", "NOT_MOVED", "WRONG")
Short = Annotated[str, Meta(max_length=120)]
Marked = Annotated[bool, Meta(description="her data are marked as confidential there (level 1): assess before telling")]


class Ground(Struct, frozen=True, kw_only=True):
    """On what ground it may be told: a section of law, or that she consents."""

    basis: Literal["law", "consent"]
    text: Annotated[str, Meta(min_length=1, max_length=400, description="the section, or to what she consents and how")]
    consented_on: date | None = None

    def __post_init__(self) -> None:
        if (self.basis == "consent") != (self.consented_on is not None):
            raise ValueError("consent has its day, and nothing else has")


class Member(Struct, frozen=True, kw_only=True):
    """Somebody of the household who moves along, besides the person herself."""

    person: Person
    role: Literal["adult", "child"]
    marked: Marked = False


class Address(Struct, frozen=True, kw_only=True):
    """Where she gets post. Never of a household in which anybody is protected."""

    lines: Annotated[list[Short], Meta(min_length=1, max_length=4)]
    postcode: Annotated[str, Meta(max_length=12)] = ""
    city: Annotated[str, Meta(max_length=80)] = ""
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] = "SE"


class Contact(Struct, frozen=True, kw_only=True):
    """How she is reached."""

    email: Annotated[str, Meta(max_length=254)] = ""
    telephone: Annotated[str, Meta(max_length=40)] = ""
    language: Annotated[str, Meta(max_length=12)] = ""


class Decided(Struct, frozen=True, kw_only=True):
    """A decision in force: for which month, what was granted (minor units)."""

    month: MonthText
    decided_on: date
    result: Literal["granted", "partly granted", "not granted"]
    amount: Annotated[int, Meta(ge=0, le=10**12)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Item(Struct, frozen=True, kw_only=True):
    """One thing that is told: exactly one of the four."""

    number: Number
    member: Member | None = None
    address: Address | None = None
    contact: Contact | None = None
    decision: Decided | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.member, self.address, self.contact, self.decision)) != 1:
            raise ValueError("an item is exactly one thing")


class Handed(Struct, frozen=True, kw_only=True):
    """What is handed over: who moves, from which day on, on which ground it may be told, and the items chosen."""

    person: Person
    marked: Marked = False
    moves_on: date
    ground: Ground
    answer_by: date
    text: Text
    items: Annotated[list[Item], Meta(min_length=1, max_length=50)]


class Taken(Struct, frozen=True, kw_only=True):
    """What becomes of one item: taken over as it is, taken over with what is changed (`text`), or why not."""

    number: Number
    text: Annotated[str, Meta(max_length=4000)] = ""
    reason: Literal["", "NOT_NEEDED", "NO_GROUND", "NOT_MOVED", "WRONG"] = ""

    def __post_init__(self) -> None:
        if self.text.strip() and self.reason:
            raise ValueError("an item that isn't taken over has no change")


class CaseTransfer(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 hands over (`asked`), 6 answers (`reply`, with an answer to every
    item, or with `text` and the state `question` where something is asked back), 4 adds what was asked back (`text`),
    3 recalls the hand-over and 12 reminds of it (`text`).
    """

    message: Literal["case_transfer"]
    version: Literal[1]
    header: Header
    asked: Handed | None = None
    reply: Reply | None = None
    answers: Annotated[list[Taken], Meta(max_length=50)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        items = self.asked.items if self.asked is not None else []
        fits(self, items, outcome(self.answers) if self.answers else "question", "items")


def outcome(answers: list[Taken]) -> str:
    """What follows from the answers to the items for the hand-over as a whole."""
    if all(answer.reason for answer in answers):
        return "rejected"
    changed = any(answer.reason or answer.text.strip() for answer in answers)
    return "accepted with changes" if changed else "accepted"
