"""The message `case_change`, version 1: what changes in a case that was notified under section 44 SHG ZH (F2), that
support ends or begins again (F4), that somebody moves to another municipality and whether that one takes her over (F5),
and for each person what the other side says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Address, Header, Reply, Uuid
from handslag.messages.assignment.message import MOST, Place
from handslag.messages.mutation.message import Concerned
from handslag.messages.question.message import Person
from handslag.messages.turns import fits_persons, outcome_of

#: What changes while support goes on (F2).
FACTS = ("household", "rent", "work", "birth", "permit", "measure")
#: All that is told: also that support begins again within a year, that it ends (F4), that somebody moves, as the
#: municipality tells it that she leaves, and as the canton tells it to the one where she moves to (F5).
CHANGES = (*FACTS, "resumed", "ended", "move", "takeover")
#: Why it isn't so, or nothing follows from it.
REASONS = (
    "WRONG_DAY", "WRONG_STATUS", "OTHER_MUNICIPALITY", "NO_CLAIM_PERIOD", "LATE", "NOT_SO", "PERSON_UNKNOWN",
    "DOCUMENT_MISSING",
)  # fmt: skip
Amount = Annotated[int, Meta(ge=0, lt=10**12)]
Words = Annotated[str, Meta(max_length=400)]


class Changed(Struct, frozen=True, kw_only=True):
    """What changes in a case, for whom, from which day on."""

    persons: Annotated[list[Concerned], Meta(min_length=1, max_length=MOST)]
    change: Literal[
        "household", "rent", "work", "birth", "permit", "measure", "resumed", "ended", "move", "takeover"
    ]  # fmt: skip
    on: Annotated[
        date,
        Meta(description="the first day on which it is so; the last day of support where it ends; the day of a move"),
    ]
    before: Annotated[Words, Meta(description="how it was")] = ""
    after: Annotated[Words, Meta(description="how it is")] = ""
    cause: Annotated[Words, Meta(description="why support ends")] = ""
    bfs_code: Annotated[
        str, Meta(pattern="^[0-9A-Za-z.]{0,8}$", description="the same by the codes of the BFS, where it is known")
    ] = ""
    balance: (
        Annotated[
            int,
            Meta(
                gt=-(10**12),
                lt=10**12,
                description="of the case account on the last day: spent beyond what came in, in minor units",
            ),
        ]
        | None
    ) = None
    restitution: Annotated[Amount, Meta(description="still to be paid back, in minor units")] | None = None
    municipality: (
        Annotated[Address, Meta(description="where she moves to; with `takeover` where she leaves")] | None
    ) = None
    plan: Annotated[str, Meta(max_length=2000, description="of integration, as far as the new one needs it")] = ""
    open_costs: Annotated[Amount, Meta(description="approved and not spent yet, in minor units")] | None = None
    notification: Annotated[Uuid, Meta(description="the message that notified the case")] | None = None
    why: Annotated[str, Meta(max_length=1000, description="why it is told although something speaks against it")] = ""
    answer_by: date
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        if bool(self.after.strip()) != (self.change in FACTS) or (self.before and self.change not in FACTS):
            raise ValueError("how it is now is said of what changes while support goes on, and of nothing else")
        if bool(self.cause.strip()) != (self.change == "ended"):
            raise ValueError("an end has its cause, and nothing else has")
        if self.change != "ended" and (self.bfs_code or self.balance is not None or self.restitution is not None):
            raise ValueError("an end alone has a code, a balance and what is still to be paid back")
        moves = self.change in ("move", "takeover")
        if (self.municipality is not None) != moves:
            raise ValueError("a move comes with the other municipality, nothing else does")
        if not moves and (self.plan or self.open_costs is not None):
            raise ValueError("a plan and open costs go with a move")

    @property
    def person(self) -> Person:
        """Whom it is about first of all."""
        return self.persons[0].person


class Noted(Struct, frozen=True, kw_only=True):
    """What the other side says of one person: it is so; with `last_on` the claim for her is reimbursed until that day;
    or the coded reason why it isn't so."""

    number: Place
    last_on: Annotated[date, Meta(description="the last day that is reimbursed by now")] | None = None
    reason: Literal[
        "", "WRONG_DAY", "WRONG_STATUS", "OTHER_MUNICIPALITY", "NO_CLAIM_PERIOD", "LATE", "NOT_SO", "PERSON_UNKNOWN",
        "DOCUMENT_MISSING",
    ] = ""  # fmt: skip

    def __post_init__(self) -> None:
        if self.last_on is not None and self.reason:
            raise ValueError("what isn't so has no last day")


class CaseChange(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 tells the change (`asked`), 6 answers (`reply`, with an answer
    for every person, or with `text` and the state `question` where something is asked back), 4 adds what was asked back
    (`text`), 3 recalls what was told and 12 reminds of it (`text`).
    """

    message: Literal["case_change"]
    version: Literal[1]
    header: Header
    asked: Changed | None = None
    reply: Reply | None = None
    answers: Annotated[list[Noted], Meta(max_length=MOST)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits_persons(self, outcome(self.answers) if self.answers else "question", "a person is named once")


def outcome(answers: list[Noted]) -> str:
    """What follows from the answers for the change as a whole."""
    return outcome_of([not answer.reason for answer in answers])


def first_open(told: Changed) -> date | None:
    """The earliest last day that an answer may name: of a claim that goes on the day before the change, of one that
    begins again its first; None where the change itself says until when, and an answer names no day."""
    if told.change == "resumed":
        return told.on
    return told.on - timedelta(days=1) if told.change in FACTS else None
