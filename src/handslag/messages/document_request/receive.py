"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.states import Code
from handslag.messages.document_request.message import DocumentRequest
from handslag.messages.place import answers_all, placed_for


def placed(opened: Opened, now: datetime, kind_of: Callable[[bytes], str]) -> Placed | None:
    """As of a question. None for what is said about a request. `kind_of` says what a file is by its content: one that
    is something else than it is called is refused. Unreadable."""
    try:
        said = msgspec.json.decode(opened.content, type=DocumentRequest)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    answers_all(opened, [answer.number for answer in said.answers], "documents")
    for answer in said.answers:
        if answer.file is not None and kind_of(answer.file.plain()) != answer.file.content_type:
            reason = f"document {answer.number} isn't what its content_type says"
            raise Unreadable(Code.CONTENT, reason, final=True)
    return placed_for(said.asked.person, said.asked.answer_by, now) if said.asked is not None else None
