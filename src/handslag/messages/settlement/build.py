"""Build the messages about statements, inside the tenant's door; sealed is what `Settlement` takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.queries import unit_for
from handslag.domain.exchange.states import Action
from handslag.domain.settlement.models import Reply, Statement, Submission
from handslag.domain.settlement.operations import content_of, reply_of
from handslag.domain.settlement.queries import decided_so_far, message_of
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import canonical
from handslag.messages.conversation import answered, may_wait_until
from handslag.messages.settlement.message import MOST, Answer, Decided, Line, Submitted, Turn, outcome

#: Bytes of lines in one message: the rest of what it may have is for everything else, above all what is withdrawn.
ROOM = 600_000


def submitting(submission: Submission, now: datetime) -> list[NewMessage]:
    """The messages that a submission is sent by: as many pieces as it needs."""
    content = content_of(submission)
    statement = content.pop("statement")
    pieces = pieces_of(content.pop("lines"))
    withdrawn = content.pop("withdrawn")
    found = []
    for piece, lines in enumerate(pieces, 1):
        told = {**content, "piece": piece, "pieces": len(pieces), "lines": lines}
        body = {**told, "withdrawn": withdrawn if piece == 1 else []}
        turn = {"statement": statement, "submitted": _said(body)}
        found.append(_turn(message_of(submission.id, piece), submission.statement, turn, now))
    return found


def deciding(reply: Reply, now: datetime) -> list[NewMessage]:
    """The messages that tell what was decided of lines."""
    content = reply_of(reply)
    accepted, cut, closed = decided_so_far(reply)
    answers = [
        {**one, "accepted": [{"since": a, "until": b} for a, b in one["accepted"]]} for one in content["answers"]
    ]
    pieces = pieces_of(answers)
    found = []
    for piece, decisions in enumerate(pieces, 1):
        told = {
            "number": content["number"], "piece": piece, "pieces": len(pieces), "decisions": decisions,
            "accepted_total": accepted, "cut_total": cut, "closed": closed,
        }  # fmt: skip
        turn = {"statement": content["statement"], "decided": _said(told)}
        found.append(_turn(message_of(reply.id, piece), reply.statement, turn, now))
    return found


def asking(
    *, key: UUID, statement: Statement, lines: Mapping[int, str], answer_by: date, now: datetime, test: bool = False
) -> NewMessage:
    """The message that asks about lines, by their numbers. NotPossible("answer by") for a day that is past or too far,
    ("no lines"), ("text")."""
    may_wait_until(answer_by, now)
    if not lines or not all(text.strip() for text in lines.values()):
        raise NotPossible("text" if lines else "no lines")
    questions = [
        {"number": number, "of_line": line, "text": text.strip()}
        for number, (line, text) in enumerate(sorted(lines.items()), 1)
    ]
    turn = {"statement": statement.reference, "answer_by": answer_by.isoformat(), "questions": questions}
    return _turn(key, statement, turn, now, due_on=answer_by, test=test)


def answering(*, key: UUID, asked: Message, answers: list[Answer]) -> NewMessage:
    """The message that says of a turn that it is taken in or why not, or answers each question."""
    return answered(key, asked, answers, outcome(answers))


def submitted_in(turns: list[Turn]) -> dict[str, Any]:
    """What was submitted, as the domain keeps it, of all its pieces in order."""
    first = turns[0].submitted
    assert first is not None
    told = msgspec.to_builtins(first)
    told |= {
        "statement": turns[0].statement,
        "lines": [_line(one) for turn in turns for one in _submitted(turn).lines],
        "withdrawn": [number for turn in turns for number in _submitted(turn).withdrawn],
    }
    del told["piece"], told["pieces"]
    return dict(told)


def _line(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(line)
    if not line.items:
        del told["items"]
    return told


def decided_in(turns: list[Turn]) -> tuple[dict[str, Any], tuple[int, int]]:
    """What was decided, as the domain keeps it, of all its pieces in order; and what is accepted and cut so far."""
    decisions = [one for turn in turns for one in _decided(turn).decisions]
    first = _decided(turns[0])
    told: dict[str, Any] = {
        "statement": turns[0].statement,
        "number": first.number,
        "answers": [
            {
                "number": one.number, "outcome": one.outcome, "reason": one.reason, "amount": one.amount,
                "accepted": [[str(days.since), str(days.until)] for days in one.accepted], "why": one.why,
            }
            for one in decisions
        ],
    }  # fmt: skip
    return told, (first.accepted_total, first.cut_total)


def _submitted(turn: Turn) -> Submitted:
    assert turn.submitted is not None
    return turn.submitted


def _decided(turn: Turn) -> Decided:
    assert turn.decided is not None
    return turn.decided


def pieces_of(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Lines, or answers to them, as they are written: for each message as many as it may have and has room for."""
    found: list[list[dict[str, Any]]] = [[]]
    room = ROOM
    for one in map(_said, rows):
        size = len(canonical.dumps(one)) + 1
        if found[-1] and (len(found[-1]) == MOST or size > room):
            found.append([])
            room = ROOM
        found[-1].append(one)
        room -= size
    return found


def _said(part: dict[str, Any]) -> dict[str, Any]:
    """As it is written: what is empty isn't said."""
    return {name: value for name, value in part.items() if value not in ("", [])}


def _turn(key: UUID, statement: Statement, turn: dict[str, Any], now: datetime, **more: Any) -> NewMessage:
    return NewMessage(
        id=key,
        kind="settlement",
        action=Action.REQUEST,
        recipient=statement.partner,
        body={"asked": turn},
        unit=unit_for(0, now),
        about=statement.id,
        process=f"settlement:{statement.reference}",
        response_expected=True,
        **more,
    )
