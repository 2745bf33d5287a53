"""Build questions and answers, inside the tenant's door. What is sealed is what `Question` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import may_leave
from handslag.domain.exchange.states import Action
from handslag.domain.tenancy.door import acting_door
from handslag.messages.conversation import (
    adding,
    again,
    answered,
    asking_back,
    identified,
    may_wait_until,
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


def asking(
    *,
    key: UUID,
    recipient: str,
    person: UUID,
    about: UUID,
    unit: UUID,
    number: str,
    month: str | None,
    ground: str,
    answer_by: date,
    text: str,
    lines: list[Picked],
    assessed: str,
    test: bool,
    now: datetime,
) -> NewMessage:
    """The message of a question. NotPossible by `may_leave`, ("answer by") for a day that is past or too far,
    ("no number") for a person without a number."""
    may_wait_until(answer_by, now)
    level = may_leave(person, acting_door().the_tenant.today(now), assessed)
    points: list[dict[str, Any]] = [
        {"number": place, "line": msgspec.to_builtins(picked.line)} for place, picked in enumerate(lines, 1)
    ] or [{"number": 1}]
    asked = {
        "person": identified(person),
        **({"month": month} if month else {}),
        "ground": ground.strip(),
        "answer_by": answer_by.isoformat(),
        "text": text.strip(),
        "points": points,
    }
    return NewMessage(
        id=key,
        kind="question",
        action=Action.REQUEST,
        recipient=recipient,
        body={"asked": asked},
        unit=unit,
        about=about,
        person=person,
        level=level,
        our_case=number,
        response_expected=True,
        test=test,
        due_on=answer_by,
        assessed=assessed.strip() if level else "",
        places={str(place): picked.place for place, picked in enumerate(lines, 1)},
    )


def answering(*, key: UUID, asked: Message, answers: list[Answer]) -> NewMessage:
    """The message of an answer: every point has words, or a reason why not."""
    return answered(key, asked, answers, outcome(answers))
