"""The message `case_notification`, version 1: a municipality claims reimbursement under section 44 SHG ZH for people
of a household whom it supports (F1), and for each of them until when the canton accepts that, or why it doesn't."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.assignment.message import MOST, Place
from handslag.messages.question.message import Person
from handslag.messages.turns import fits_persons, outcome_of

#: Residence, settlement, short stay; provisionally admitted refugee, recognised refugee.
PERMITS = ("B", "C", "L", "F-R", "B-R")
#: Why a claim isn't accepted for somebody.
REASONS = (
    "LATE", "NO_CLAIM_PERIOD", "TEN_YEARS_REACHED", "WRONG_STATUS", "OTHER_MUNICIPALITY", "ALREADY_NOTIFIED",
    "SPLIT_WRONG", "DOCUMENT_MISSING",
)  # fmt: skip
Amount = Annotated[int, Meta(ge=0, lt=10**12)]


class Supported(Struct, frozen=True, kw_only=True):
    """A person of the household for whom reimbursement is claimed, known by her ZEMIS number."""

    number: Place
    person: Person
    nationality: Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166-1; XX: stateless or not known")]
    permit: Literal["B", "C", "L", "F-R", "B-R"]
    permit_until: Annotated[date, Meta(description="the last day of the permit, where it has one")] | None = None
    residence_since: Annotated[date, Meta(description="since when she has lived in the canton without a break")]
    supported_since: Annotated[date, Meta(description="the first day for which reimbursement is claimed")]
    staying: Annotated[
        bool,
        Meta(
            description="she only stays there and has no domicile in the canton (section 44 Abs. 2): `residence_since` "
            "is the first day of the stay, and no years of residence end the claim"
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.person.identifier_type != "zemis":
            raise ValueError("a person is named by her ZEMIS number")
        if self.supported_since < self.residence_since:
            raise ValueError("support is claimed from when residence began at the earliest")


class Case(Struct, frozen=True, kw_only=True):
    """What is claimed: for whom, by which decision, in a household of how many."""

    persons: Annotated[list[Supported], Meta(min_length=1, max_length=MOST)]
    decided_on: Annotated[date, Meta(description="the day on which support was decided")]
    heads: Annotated[int, Meta(ge=1, le=99, description="of the household, with whom nothing is claimed for")]
    cohabitation: Annotated[bool, Meta(description="they live with somebody as a couple who isn't supported")]
    need: Annotated[Amount, Meta(description="expected a month for these persons, in minor units")]
    income: Annotated[Amount, Meta(description="their own, expected a month, in minor units")]
    why: Annotated[str, Meta(max_length=1000, description="why it is claimed although something speaks against it")] = (
        ""
    )
    answer_by: date
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        if self.heads < len(self.persons):
            raise ValueError("a household has at least as many heads as persons")

    @property
    def person(self) -> Person:
        """Whom it is about first of all."""
        return self.persons[0].person


class Accepted(Struct, frozen=True, kw_only=True):
    """What the canton says of one person: the last day until which the claim is accepted, or the coded reason why it
    isn't."""

    number: Place
    last_on: Annotated[date, Meta(description="the last day that is reimbursed")] | None = None
    reason: Literal[
        "", "LATE", "NO_CLAIM_PERIOD", "TEN_YEARS_REACHED", "WRONG_STATUS", "OTHER_MUNICIPALITY", "ALREADY_NOTIFIED",
        "SPLIT_WRONG", "DOCUMENT_MISSING",
    ] = ""  # fmt: skip

    def __post_init__(self) -> None:
        if (self.last_on is not None) == bool(self.reason):
            raise ValueError("a claim is accepted until a day, or there is a reason why not")


class CaseNotification(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 claims (`asked`), 6 answers (`reply`, with an answer for every
    person, or with `text` and the state `question` where something is asked back), 4 adds what was asked back (`text`),
    3 recalls what was claimed and 12 reminds of it (`text`).
    """

    message: Literal["case_notification"]
    version: Literal[1]
    header: Header
    asked: Case | None = None
    reply: Reply | None = None
    answers: Annotated[list[Accepted], Meta(max_length=MOST)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        fits_persons(self, outcome(self.answers) if self.answers else "question", "a person is named once")


def outcome(answers: list[Accepted]) -> str:
    """What follows from the answers for the case as a whole."""
    return outcome_of([not answer.reason for answer in answers])
