"""The message `settlement`, version 1: what is claimed for a window (S1, S5), what the payer decided of each line, and
what it asks about lines."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Header, Reply
from handslag.messages.turns import fits, outcome_of

#: Lines, or answers to them, in one message; what has more comes in several pieces.
MOST = 500
#: Lines of a statement over all submissions.
HIGHEST = 100_000
#: Why a turn isn't taken in: its number isn't the next; it isn't the sum of its lines; no such window of the fund; a
#: line can't be one; nobody is known by a number; the settled line isn't known; a line is answered already; a cost or
#: day is claimed already; no such statement; what is accepted isn't the same at both sides.
FAULTS = ("NUMBER", "SUM", "WINDOW", "LINE", "PERSON_UNKNOWN", "CORRECTS", "ANSWERED", "ALREADY_CLAIMED", "STATEMENT",
          "DIFFERS")  # fmt: skip
#: Why a question isn't answered.
NOT_KNOWN = "NOT_KNOWN"

Number = Annotated[int, Meta(ge=1, le=HIGHEST)]
Piece = Annotated[int, Meta(ge=1, le=200)]
Amount = Annotated[int, Meta(ge=-(10**15), le=10**15, description="minor units")]
Named = Annotated[str, Meta(min_length=1, max_length=120, description="of the statement, the same at both sides")]
Why = Annotated[str, Meta(max_length=1000)]
Reason = Literal[
    "LATE", "NO_CLAIM_PERIOD", "TEN_YEARS_REACHED", "SEVEN_YEARS_REACHED", "WRONG_STATUS", "OTHER_MUNICIPALITY",
    "DUPLICATE_DAY", "DUPLICATE_INVOICE", "NOT_ACCREDITED", "AREA_NOT_ALLOWED", "TARGET_GROUP", "APPROVAL_MISSING",
    "APPROVAL_EXCEEDED", "OTHER_PAYER_FIRST", "SPLIT_WRONG", "RATE_WRONG", "INCOME_MISSING", "DOCUMENT_MISSING",
    "CEILING_REACHED", "ALREADY_SETTLED",
]  # fmt: skip


class Stretch(Struct, frozen=True, kw_only=True):
    """Days from `since` until before `until`."""

    since: date
    until: Annotated[date, Meta(description="the day after the last")]

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError("a stretch has days")


class Item(Struct, frozen=True, kw_only=True):
    """A booking in an extract of the case account: of `gross` (an income below 0) hers is `whole` and one head's part
    of `common`; it is claimed for so many `days` of its own."""

    cost: Annotated[str, Meta(min_length=1, max_length=160, description="names the one booking")]
    since: date
    until: Annotated[date, Meta(description="the day after the last")]
    days: Annotated[int, Meta(ge=1, le=4000)]
    gross: Amount
    whole: Amount
    common: Amount
    heads: Annotated[int, Meta(ge=1, le=100)]

    def __post_init__(self) -> None:
        if not self.days <= (self.until - self.since).days:
            raise ValueError("no more days are claimed of a booking than it has")


class Line(Struct, frozen=True, kw_only=True):
    """One line that is claimed. (`cost`, fund, `share`) is what is claimed, once for ever: of an extract of the case
    account that is the `cost` of each of its `items`, and its amount is the sum of their parts, rounded once."""

    number: Number
    identifier: Annotated[str, Meta(min_length=1, max_length=36, description="the person's ZEMIS number")]
    kind: Annotated[
        Literal["days", "cost", "income"],
        Meta(description="a lump sum for each day; what was booked; what is set off, below 0"),
    ]
    status: Annotated[str, Meta(max_length=8)] = ""
    since: date
    until: Annotated[date, Meta(description="the day after the last")]
    days: Annotated[int, Meta(ge=-4000, le=4000, description="below 0: given back")]
    rate: Annotated[int, Meta(ge=0, le=10**9, description="minor units for each day; 0 where there is none")]
    amount: Amount
    cost: Annotated[str, Meta(min_length=1, max_length=160, description="`days`, or a text that names the one cost")]
    share: Annotated[str, Meta(min_length=1, max_length=24)] = "whole"
    account_code: Annotated[str, Meta(max_length=24)] = ""
    text: Annotated[str, Meta(max_length=250)] = ""
    corrects: Annotated[str, Meta(max_length=140, description="the settled line: its statement/number")] = ""
    findings: Annotated[list[Reason], Meta(max_length=20, description="what the claimant's own checks found")] = []
    why: Annotated[Why, Meta(description="it is claimed all the same")] = ""
    items: Annotated[list[Item], Meta(max_length=500)] = []

    def __post_init__(self) -> None:
        if self.until <= self.since or self.amount == 0:
            raise ValueError("a line has days and an amount")
        if self.kind == "days" and self.amount != self.days * self.rate:
            raise ValueError("days at their rate are the amount")
        if (self.days < 0) > bool(self.corrects):
            raise ValueError("days are given back of a settled line")
        if bool(self.findings) != bool(self.why.strip()):
            raise ValueError("a line goes against a finding with a reason, and only so")


class Submitted(Struct, frozen=True, kw_only=True):
    """A statement as it is sent the `number`th time: lines that are added, and the numbers of those that no longer
    stand. `count` and `total` are of all lines that stand then, in all pieces."""

    fund: Annotated[str, Meta(min_length=1, max_length=24)]
    since: date
    until: Annotated[date, Meta(description="the day after the window's last")]
    number: Number
    piece: Piece = 1
    pieces: Piece = 1
    withdrawn: Annotated[list[Number], Meta(max_length=HIGHEST)] = []
    lines: Annotated[list[Line], Meta(max_length=MOST)] = []
    count: Annotated[int, Meta(ge=0, le=HIGHEST)]
    total: Amount
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    sent_on: date

    def __post_init__(self) -> None:
        _in_order([one.number for one in self.lines], "lines")
        if self.until <= self.since or self.piece > self.pieces:
            raise ValueError("a submission has days, and no more pieces than it says")
        if self.pieces == 1 and not self.lines and not self.withdrawn:
            raise ValueError("a submission changes something")


class Decision(Struct, frozen=True, kw_only=True):
    """What becomes of one line, for good: accepted in full, cut to days (`accepted`) or an amount, or refused."""

    number: Annotated[int, Meta(ge=1, le=HIGHEST, description="of the line")]
    outcome: Literal["accepted", "cut", "refused"]
    reason: Literal["", Reason] = ""
    amount: Amount
    accepted: Annotated[list[Stretch], Meta(max_length=100)] = []
    why: Why = ""

    def __post_init__(self) -> None:
        whole = self.outcome == "accepted"
        if whole != (self.reason == "") or not (whole or self.why.strip()):
            raise ValueError("what isn't accepted in full has a reason and words")
        if self.outcome == "refused" and (self.amount or self.accepted):
            raise ValueError("a refused line has no amount and no days")


class Decided(Struct, frozen=True, kw_only=True):
    """What the payer decided of lines at the `number`th time. `accepted_total` and `cut_total`: of the statement so
    far, with this. `closed`: nothing of what was submitted is open."""

    number: Number
    piece: Piece = 1
    pieces: Piece = 1
    decisions: Annotated[list[Decision], Meta(min_length=1, max_length=MOST)]
    accepted_total: Amount
    cut_total: Amount
    closed: bool

    def __post_init__(self) -> None:
        _in_order([one.number for one in self.decisions], "decisions")
        if self.piece > self.pieces:
            raise ValueError("there are no more pieces than it says")


class LineQuestion(Struct, frozen=True, kw_only=True):
    """What the payer asks about a line before it decides."""

    number: Annotated[int, Meta(ge=1, le=MOST)]
    of_line: Number
    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class Turn(Struct, frozen=True, kw_only=True):
    """One turn about a statement: `submitted` by the claimant, or `decided` or `questions` by the payer."""

    statement: Named
    answer_by: Annotated[date, Meta(description="of questions")] | None = None
    submitted: Submitted | None = None
    decided: Decided | None = None
    questions: Annotated[list[LineQuestion], Meta(max_length=MOST)] = []

    def __post_init__(self) -> None:
        if [self.submitted is None, self.decided is None, not self.questions].count(False) != 1:
            raise ValueError("a turn is submitted, decided, or questions")
        if bool(self.questions) != (self.answer_by is not None):
            raise ValueError("questions have a day, and nothing else has")


class Answer(Struct, frozen=True, kw_only=True):
    """To a submission or decisions (number 1): taken in, or the coded reason why not, with words. To each question:
    what the claimant says, or that it doesn't know."""

    number: Annotated[int, Meta(ge=1, le=MOST)]
    reason: Literal[
        "", "NUMBER", "SUM", "WINDOW", "LINE", "PERSON_UNKNOWN", "CORRECTS", "ANSWERED", "ALREADY_CLAIMED", "STATEMENT",
        "DIFFERS", "NOT_KNOWN"
    ] = ""  # fmt: skip
    text: Annotated[str, Meta(max_length=4000)] = ""


class Settlement(Struct, frozen=True, kw_only=True):
    """A message about a statement, by its action: 5 a turn (`asked`), 6 answers it (`reply`, with an answer for the
    turn or for each question, or with `text` and the state `question` where something is asked back), 4 adds what was
    asked back (`text`), 3 recalls questions and 12 reminds of them (`text`).
    """

    message: Literal["settlement"]
    version: Literal[1]
    header: Header
    asked: Turn | None = None
    reply: Reply | None = None
    answers: Annotated[list[Answer], Meta(max_length=MOST)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        questions = self.asked.questions if self.asked is not None else []
        fits(self, questions, outcome(self.answers) if self.answers else "question", "questions")


def outcome(answers: list[Answer]) -> str:
    """What follows from the answers for the turn as a whole."""
    return outcome_of([not answer.reason for answer in answers])


def _in_order(numbers: list[int], named: str) -> None:
    if numbers != sorted(set(numbers)):
        raise ValueError(f"{named} stand in the order of their numbers, each once")
