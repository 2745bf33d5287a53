"""The message `assignment`, version 1: the persons of a family unit whom the canton assigns to a municipality (Z1), and
for each of them the day on which she arrived and how she lives there, or why she isn't taken (Z2)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Address, Header, Reply
from handslag.messages.question.message import Person
from handslag.messages.turns import fits_persons, outcome_of

#: Asylum seeker, provisionally admitted foreigner, protection, provisionally admitted refugee, recognised refugee.
STATUSES = ("N", "F-A", "S", "F-R", "B-R")
#: How somebody lives.
ACCOMMODATION = ("collective", "apartment", "private", "institution")
#: Why a person isn't taken.
REASONS = ("OTHER_MUNICIPALITY", "DUPLICATE_DAY", "WRONG_STATUS", "QUOTA_REACHED", "NO_CAPACITY")
#: A family unit has at most so many persons.
MOST = 20
Place = Annotated[int, Meta(ge=1, le=MOST)]
Words = Annotated[str, Meta(max_length=1000)]


class Assigned(Struct, frozen=True, kw_only=True):
    """A person who is assigned, known by her ZEMIS number."""

    number: Place
    person: Person
    role: Literal["adult", "child"]
    status: Literal["N", "F-A", "S", "F-R", "B-R"]
    status_since: Annotated[date, Meta(description="the first day of this status")]
    entry_on: Annotated[date, Meta(description="entry into Switzerland: years of reimbursement count from it")]
    special_needs: Words = ""
    quota_credit: Annotated[bool, Meta(description="counts towards the municipality's quota")]

    def __post_init__(self) -> None:
        if self.person.identifier_type != "zemis":
            raise ValueError("a person is assigned by her ZEMIS number")
        if self.status_since < self.entry_on:
            raise ValueError("a status begins on the day of entry at the earliest")


class Placement(Struct, frozen=True, kw_only=True):
    """What the canton assigns: the persons of one family unit, from which day on, from where."""

    persons: Annotated[list[Assigned], Meta(min_length=1, max_length=MOST)]
    arrival_on: Annotated[date, Meta(description="she arrives on this day or later")]
    centre: Annotated[str, Meta(max_length=120, description="the centre where she lives now")] = ""
    moves_from: Annotated[Address, Meta(description="the municipality that was responsible before")] | None = None
    answer_by: date
    text: Annotated[str, Meta(max_length=4000)] = ""

    @property
    def person(self) -> Person:
        """Whom it is about first of all."""
        return self.persons[0].person


class Arrival(Struct, frozen=True, kw_only=True):
    """What becomes of one person: the day on which she arrived and how she lives, or why she isn't taken."""

    number: Place
    arrived_on: date | None = None
    accommodation: Literal["", "collective", "apartment", "private", "institution"] = ""
    reason: Literal["", "OTHER_MUNICIPALITY", "DUPLICATE_DAY", "WRONG_STATUS", "QUOTA_REACHED", "NO_CAPACITY"] = ""

    def __post_init__(self) -> None:
        taken = self.arrived_on is not None and bool(self.accommodation)
        told = self.arrived_on is not None or bool(self.accommodation)
        if taken == bool(self.reason) or told != taken:
            raise ValueError("a person is taken with her day and accommodation, or there is a reason why not")


class Assignment(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 assigns (`asked`), 6 answers (`reply`, with an answer for every
    person, or with `text` and the state `question` where another day is asked for or something asked back), 4 adds what
    was asked back (`text`), 3 recalls the assignment and 12 reminds of it (`text`).
    """

    message: Literal["assignment"]
    version: Literal[1]
    header: Header
    asked: Placement | None = None
    reply: Reply | None = None
    answers: Annotated[list[Arrival], Meta(max_length=MOST)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits_persons(self, outcome(self.answers) if self.answers else "question", "a person is assigned once")


def outcome(answers: list[Arrival]) -> str:
    """What follows from the answers for the assignment as a whole."""
    return outcome_of([not answer.reason for answer in answers])
