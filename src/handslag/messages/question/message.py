"""The message `question`, version 1: a question about a person, or lines of her case, and what is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.turns import fits, outcome_of

Name = Annotated[str, Meta(max_length=120)]
Text = Annotated[str, Meta(min_length=1, max_length=4000)]
MonthText = Annotated[str, Meta(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$")]
Number = Annotated[int, Meta(ge=1, le=50)]
#: Why a point isn't answered.
REASONS = ("NOT_KNOWN", "PERSON_UNKNOWN", "NO_GROUND", "OTHER_AUTHORITY")


class Person(Struct, frozen=True, kw_only=True):
    """Whom it is about. Never an address."""

    identifier_type: Annotated[str, Meta(min_length=1, max_length=20)]
    identifier: Annotated[str, Meta(min_length=1, max_length=36)]
    given_name: Name
    family_name: Name
    birth_on: date | None = None


class Line(Struct, frozen=True, kw_only=True):
    """A line of the asker's case: what it is called there, and the amount that counts (minor units)."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    amount: Annotated[int, Meta(ge=-(10**12), le=10**12)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Point(Struct, frozen=True, kw_only=True):
    """One thing that is asked. Without a line it is about the person as such."""

    number: Number
    line: Line | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """The question: whom it is about, on which ground she may be spoken of, by when an answer is needed."""

    person: Person
    month: MonthText | None = None
    ground: Annotated[str, Meta(min_length=1, max_length=400, description="section of law, or the person's consent")]
    answer_by: date
    text: Text
    points: Annotated[list[Point], Meta(min_length=1, max_length=50)]


class Answer(Struct, frozen=True, kw_only=True):
    """What is answered to one point: words, or the coded reason why not."""

    number: Number
    text: Annotated[str, Meta(max_length=4000)] = ""
    reason: Literal["", "NOT_KNOWN", "PERSON_UNKNOWN", "NO_GROUND", "OTHER_AUTHORITY"] = ""

    def __post_init__(self) -> None:
        if bool(self.text.strip()) == bool(self.reason):
            raise ValueError("a point has an answer or a reason why not")


class Question(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 asks (`asked`), 6 answers (`reply`, with an answer to every
    point, or with `text` and the state `question` where something is asked back), 4 adds what was asked back (`text`),
    3 recalls the question and 12 reminds of it (`text`).
    """

    message: Literal["question"]
    version: Literal[1]
    header: Header
    asked: Asked | None = None
    reply: Reply | None = None
    answers: Annotated[list[Answer], Meta(max_length=50)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        points = self.asked.points if self.asked is not None else []
        fits(self, points, outcome(self.answers) if self.answers else "question", "points")


def outcome(answers: list[Answer]) -> str:
    """What follows from the answers to the points for the question as a whole."""
    return outcome_of([not answer.reason for answer in answers])
