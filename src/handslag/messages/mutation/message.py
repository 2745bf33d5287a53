"""The message `mutation`, version 1: something changes for asylum persons on a day (F3), told by a municipality to its
canton or the other way, and for each person whether that is so."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Address, Header, Reply
from handslag.messages.assignment.message import MOST, Place
from handslag.messages.question.message import Person
from handslag.messages.turns import fits_persons, outcome_of

#: A new status; moved to another municipality of the canton; disappeared; left the canton or country; died; lives on
#: own earnings; doesn't any more.
CHANGES = ("status", "move", "disappearance", "departure", "death", "earnings", "earnings_ended")
#: Why it isn't so.
REASONS = ("WRONG_DAY", "WRONG_STATUS", "OTHER_MUNICIPALITY", "DUPLICATE_DAY", "NOT_SO", "PERSON_UNKNOWN")
Day = Annotated[
    date,
    Meta(
        description="the first day of a status, of own earnings, or without them; the day of a move, of a departure, "
        "of a death; the last day on which somebody who disappeared was there"
    ),
]


class Concerned(Struct, frozen=True, kw_only=True):
    """A person for whom it changes, known by her ZEMIS number."""

    number: Place
    person: Person

    def __post_init__(self) -> None:
        if self.person.identifier_type != "zemis":
            raise ValueError("a person is named by her ZEMIS number")


class Change(Struct, frozen=True, kw_only=True):
    """What changes, for whom, from which day on."""

    persons: Annotated[list[Concerned], Meta(min_length=1, max_length=MOST)]
    change: Literal["status", "move", "disappearance", "departure", "death", "earnings", "earnings_ended"]
    on: Day
    last_on: Annotated[date, Meta(description="the last day of own earnings, where it is known")] | None = None
    status: Literal["", "N", "F-A", "S", "F-R", "B-R"] = ""
    entry_on: Annotated[date, Meta(description="entry into Switzerland, with a status")] | None = None
    municipality: Annotated[Address, Meta(description="where somebody moves to")] | None = None
    answer_by: date
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        parts = (bool(self.status), self.entry_on is not None, self.municipality is not None)
        if parts != (self.change == "status", self.change == "status", self.change == "move"):
            raise ValueError(
                "a status comes with the day of entry, a move with the municipality, nothing else with these"
            )
        if self.last_on is not None and (self.change != "earnings" or self.last_on < self.on):
            raise ValueError("own earnings alone have a last day, not before the first")
        if self.entry_on is not None and self.on < self.entry_on:
            raise ValueError("a status begins on the day of entry at the earliest")

    @property
    def person(self) -> Person:
        """Whom it is about first of all."""
        return self.persons[0].person


class Agreed(Struct, frozen=True, kw_only=True):
    """Whether it is so for one person: it is, or the coded reason why it isn't."""

    number: Place
    reason: Literal[
        "", "WRONG_DAY", "WRONG_STATUS", "OTHER_MUNICIPALITY", "DUPLICATE_DAY", "NOT_SO", "PERSON_UNKNOWN"
    ] = ""


class Mutation(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 tells the change (`asked`), 6 answers (`reply`, with an answer
    for every person, or with `text` and the state `question` where something is asked back), 4 adds what was asked back
    (`text`), 3 recalls what was told and 12 reminds of it (`text`).
    """

    message: Literal["mutation"]
    version: Literal[1]
    header: Header
    asked: Change | None = None
    reply: Reply | None = None
    answers: Annotated[list[Agreed], Meta(max_length=MOST)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits_persons(self, outcome(self.answers) if self.answers else "question", "a person is named once")


def outcome(answers: list[Agreed]) -> str:
    """What follows from the answers for the change as a whole."""
    return outcome_of([not answer.reason for answer in answers])
