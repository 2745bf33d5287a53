"""The message `document_request`, version 1: named documents about a person, and what is given of them."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from handslag.domain.exchange.frame import Digest, Header, Reply
from handslag.messages.case_transfer.message import Ground
from handslag.messages.question.message import Person, Text
from handslag.messages.turns import fits, outcome_of

#: Why a document isn't given.
REASONS = ("NOT_KNOWN", "PERSON_UNKNOWN", "NO_GROUND", "OTHER_AUTHORITY", "TOO_LARGE")
#: All documents of an answer together, in bytes: a message is never larger than a megabyte.
MOST = 600_000
#: So many documents at once, and so long their names.
MOST_DOCUMENTS, NAME_LENGTH = 10, 120
Place = Annotated[int, Meta(ge=1, le=MOST_DOCUMENTS)]
DocumentName = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]


class Wanted(Struct, frozen=True, kw_only=True):
    """A document that is asked for, in words."""

    number: Place
    name: DocumentName


class Sought(Struct, frozen=True, kw_only=True):
    """What is asked for: about whom, on which ground it may be asked and given, by when it is needed."""

    person: Person
    ground: Ground
    answer_by: date
    text: Text
    documents: Annotated[list[Wanted], Meta(min_length=1, max_length=MOST_DOCUMENTS)]


class File(Struct, frozen=True, kw_only=True):
    """A document, whole: its bytes are what the digest says. Whoever takes it scans it before anybody opens it,
    whatever the sender's own scan said.
    """

    name: DocumentName
    content_type: Literal["application/pdf", "image/jpeg", "image/png"]
    size: Annotated[int, Meta(ge=1, le=MOST)]
    digest: Digest
    scanned: Annotated[
        Literal["clean", "own"], Meta(description="found clean by the sender's virus scan, or made by its own system")
    ]
    content: Annotated[str, Meta(description="base64 (RFC 4648, section 4)", pattern="^[A-Za-z0-9+/]+={0,2}$")]

    def __post_init__(self) -> None:
        try:
            plain = self.plain()
        except ValueError as error:
            raise ValueError("content isn't base64") from error
        if (len(plain), hashlib.sha256(plain).hexdigest()) != (self.size, self.digest):
            raise ValueError("content isn't what size and digest say")

    def plain(self) -> bytes:
        """The bytes themselves."""
        return b64decode(self.content, validate=True)


class Given(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is given of one document: the file, or the coded reason why not."""

    number: Place
    file: File | None = None
    reason: Literal["", "NOT_KNOWN", "PERSON_UNKNOWN", "NO_GROUND", "OTHER_AUTHORITY", "TOO_LARGE"] = ""

    def __post_init__(self) -> None:
        if (self.file is None) != bool(self.reason):
            raise ValueError("a document is given, or there is a reason why not")


class DocumentRequest(Struct, frozen=True, kw_only=True):
    """A message of the conversation, by its action: 5 asks (`asked`), 6 answers (`reply`, with an answer to every
    document, or with `text` and the state `question` where something is asked back), 4 adds what was asked back
    (`text`), 3 recalls the request and 12 reminds of it (`text`).
    """

    message: Literal["document_request"]
    version: Literal[1]
    header: Header
    asked: Sought | None = None
    reply: Reply | None = None
    answers: Annotated[list[Given], Meta(max_length=MOST_DOCUMENTS)] = []
    text: Annotated[str, Meta(max_length=4000)] = ""

    def __post_init__(self) -> None:
        documents = self.asked.documents if self.asked is not None else []
        fits(self, documents, outcome(self.answers) if self.answers else "question", "documents")


def outcome(answers: list[Given]) -> str:
    """What follows from the answers to the documents for the request as a whole."""
    return outcome_of([answer.file is not None for answer in answers])
