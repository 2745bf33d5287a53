"""Build questions, answers and additions, inside the tenant's door. What is sealed is what `Question` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import may_leave
from handslag.domain.exchange.states import Action, Business
from handslag.domain.people.models import Identifier
from handslag.domain.people.models import Person as Known
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.question.message import Answer, Line, Question

#: A question waits for an answer at most so many days.
LONGEST = 92


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
    today = acting_door().the_tenant.today(now)
    if not 1 <= (answer_by - today).days <= LONGEST:
        raise NotPossible("answer by")
    level = may_leave(person, today, assessed)
    known = Known.objects.get(id=person)
    identifier = Identifier.objects.filter(person_id=person).order_by("-id").first()
    if identifier is None:
        raise NotPossible("no number")
    points: list[dict[str, Any]] = [
        {"number": place, "line": msgspec.to_builtins(picked.line)} for place, picked in enumerate(lines, 1)
    ] or [{"number": 1}]
    asked = {
        "person": {
            "identifier_type": identifier.type,
            "identifier": identifier.value,
            "given_name": known.given_name,
            "family_name": known.family_name,
            **({"birth_on": known.birth_on.isoformat()} if known.birth_on else {}),
        },
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
    said = [not answer.reason for answer in answers]
    state = Business.ACCEPTED if all(said) else Business.CHANGED if any(said) else Business.REJECTED
    code = answers[0].reason if state == Business.REJECTED else ""
    body = {"answers": [msgspec.to_builtins(answer) for answer in answers]}
    return _reply(key, asked, state, body, code=code)


def asking_back(*, key: UUID, asked: Message, text: str, until: date, now: datetime) -> NewMessage:
    """The message that asks back. NotPossible("answer by") for a day that is past or too far."""
    if not 1 <= (until - acting_door().the_tenant.today(now)).days <= LONGEST:
        raise NotPossible("answer by")
    return _reply(key, asked, Business.QUESTION, {"text": text.strip()}, until=until)


def _reply(
    key: UUID, asked: Message, state: Business, body: dict[str, Any], *, code: str = "", until: date | None = None
) -> NewMessage:
    reply = {
        "of": str(asked.message_id),
        "digest": asked.digest,
        "state": state.value,
        **({"code": code} if code else {}),
        **({"until": until.isoformat()} if until else {}),
    }
    return _about(key, asked, Action.RESPONSE, {"reply": reply, **body}, closed=state != Business.QUESTION)


def adding(*, key: UUID, asked: Message, text: str) -> NewMessage:
    """The message that answers what was asked back."""
    return _about(key, asked, Action.CORRECTION, {"text": text.strip()}, closed=False)


def recalling(*, key: UUID, asked: Message, text: str) -> NewMessage:
    """The message that recalls a question: no answer is wanted any more, and why."""
    return _about(key, asked, Action.RECALL, {"text": text.strip()}, closed=True)


def reminding(*, key: UUID, asked: Message, text: str) -> NewMessage:
    """The message that reminds of a question."""
    return _about(key, asked, Action.REMINDER, {"text": text.strip()}, closed=False)


def again(*, key: UUID, lost: Message, answer_by: date | None, now: datetime) -> NewMessage:
    """What didn't arrive, once more: the same words in a message of its own, with a new day where it names one.
    NotPossible by `may_leave`, ("answer by") for a day that is past or too far."""
    today = acting_door().the_tenant.today(now)
    said = read(lost)
    told = msgspec.json.decode(lost.content.encode())
    body = {name: part for name, part in told.items() if name not in ("message", "version", "header")}
    if names_a_day(said):
        if answer_by is None or not 1 <= (answer_by - today).days <= LONGEST:
            raise NotPossible("answer by")
        if said.asked is not None:
            body["asked"]["answer_by"] = answer_by.isoformat()
        else:
            body["reply"]["until"] = answer_by.isoformat()
    level = lost.level if lost.person_id is None else may_leave(lost.person_id, today, lost.assessed)
    return NewMessage(
        id=key,
        kind=lost.kind,
        action=Action(lost.action),
        recipient=lost.partner,
        body=body,
        unit=lost.unit_id,
        about=lost.about_id,
        person=lost.person_id,
        level=level,
        reference=lost.reference,
        process=lost.process,
        our_case=said.header.our_case,
        response_expected=said.header.response_expected,
        closed=said.header.closed,
        test=lost.test,
        due_on=answer_by if said.asked else lost.due_on,
        assessed=lost.assessed,
        places=lost.places,
    )


def names_a_day(said: Question) -> bool:
    """Whether a message says by when the other side shall answer it."""
    return said.asked is not None or bool(said.reply and said.reply.until)


def _about(key: UUID, asked: Message, action: Action, body: dict[str, Any], *, closed: bool) -> NewMessage:
    return NewMessage(
        id=key,
        kind="question",
        action=action,
        recipient=asked.partner,
        body=body,
        unit=asked.unit_id,
        about=asked.about_id,
        person=asked.person_id,
        level=asked.level,
        reference=asked.message_id,
        process=asked.process,
        test=asked.test,
        closed=closed,
    )


def read(message: Message) -> Question:
    """A message of this kind as it was signed."""
    return msgspec.json.decode(message.content.encode(), type=Question)
