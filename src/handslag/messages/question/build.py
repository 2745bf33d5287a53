"""Build questions and answers, inside the tenant's door. What is sealed is what `Question` takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.messages.conversation import (
    Opening,
    adding,
    again,
    answered,
    asking_back,
    beginning,
    read,
    recalling,
    reminding,
)
from handslag.messages.question.message import Answer, Line, outcome

__all__ = ["Picked", "adding", "again", "answering", "asking", "asking_back", "read", "recalling", "reminding"]


@dataclass(frozen=True)
class Picked:
    """A line of the case that is asked about; `place` is its key here and is never sent."""

    line: Line
    place: str


def asking(new: Opening, *, month: str | None, ground: str, lines: list[Picked]) -> NewMessage:
    """The message of a question. NotPossible by `beginning`."""
    points: list[dict[str, Any]] = [
        {"number": place, "line": msgspec.to_builtins(picked.line)} for place, picked in enumerate(lines, 1)
    ] or [{"number": 1}]
    asked = {**({"month": month} if month else {}), "ground": ground.strip(), "points": points}
    return beginning("question", new, asked, {str(place): picked.place for place, picked in enumerate(lines, 1)})


def answering(*, key: UUID, asked: Message, answers: list[Answer]) -> NewMessage:
    """The message of an answer: every point has words, or a reason why not."""
    return answered(key, asked, answers, outcome(answers))
