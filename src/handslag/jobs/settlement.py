"""What is submitted and decided goes to the other side, and what comes from there is taken in, in its order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError

from handslag.domain.accounts.states import Side
from handslag.domain.exchange.models import BusinessStep, Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.queries import sent
from handslag.domain.exchange.states import OVER, Action, Business, Direction, Transport
from handslag.domain.register.operations import tell
from handslag.domain.settlement.models import Reply, Submission
from handslag.domain.settlement.operations import (
    note_answers,
    note_reclaim,
    note_refused,
    note_taken,
    receive_reclaim,
    receive_submission,
)
from handslag.domain.settlement.policies import regimes
from handslag.domain.settlement.queries import message_of
from handslag.domain.settlement.states import ReclaimState
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.messages.conversation import read
from handslag.messages.reclaim import build as back
from handslag.messages.reclaim.message import Answer as BackAnswer
from handslag.messages.settlement.build import answering, decided_in, deciding, submitted_in, submitting
from handslag.messages.settlement.message import Answer, Settlement, Turn

BY = system("settlement")
#: The coded reason why a turn isn't taken in, by the refusal of the operation.
_FAULTS = {
    "number": "NUMBER", "sum": "SUM", "window": "WINDOW", "line": "LINE", "unknown person": "PERSON_UNKNOWN",
    "corrects": "CORRECTS", "answered": "ANSWERED", "statement": "STATEMENT", "differs": "DIFFERS",
}  # fmt: skip


@tasks.task(name="tell_submission", retry=AWAY)
def tell_submission(tenant: int, submission: str) -> None:
    """Send what was submitted. Does nothing the second time."""
    with acting(tenant, BY, "tell submission"):
        row = Submission.objects.select_related("statement").get(id=UUID(submission))
        told = submitting(row, clock.now())
    _tell(tenant, told)


@tasks.task(name="tell_decisions", retry=AWAY)
def tell_decisions(tenant: int, reply: str) -> None:
    """Send what was decided of lines. Does nothing the second time."""
    with acting(tenant, BY, "tell decisions"):
        told = deciding(Reply.objects.select_related("statement").get(id=UUID(reply)), clock.now())
    _tell(tenant, told)


@tasks.task(name="take_settlement", retry=AWAY)
def take_settlement(tenant: int, message: str) -> None:
    """Take in what came about a statement, and answer it; then what waited for it. What comes before its time waits.
    Questions wait for a person. Does nothing the second time."""
    with acting(tenant, BY, "take settlement"):
        process = Message.objects.values_list("process", flat=True).get(id=UUID(message))
    _take_waiting(tenant, process)


@tasks.task(name="note_reception", retry=AWAY)
def note_reception(tenant: int, message: str) -> None:
    """Note what became of a submission of ours at the payer. Does nothing the second time."""
    with acting(tenant, BY, "note reception"):
        row = Message.objects.get(id=UUID(message))
        turn = _turn(row)
        if turn.submitted is None:
            return
        submission = Submission.objects.get(
            statement__side=Side.CLAIMANT, statement__reference=turn.statement, number=turn.submitted.number
        )
        said = [sent(row.partner, message_of(submission.id, n + 1)) for n in range(turn.submitted.pieces)]
        kept = row.transport == Transport.TAKEN_BACK and row.code
        whole = all(one is not None and one.business == Business.ACCEPTED for one in said)
        why = _refusal(row)
    if not whole and why is None and not kept:
        return
    act: dict[str, Any] = {"tenant": tenant, "by": BY, "now": clock.now(), "submission": submission.id}
    with suppress(NotPossible):
        if kept:  # somebody in it became protected: it never left
            note_refused(**act, code=row.code.upper())
        elif why is None:
            note_taken(**act)
        else:
            note_refused(**act, code=why.reason, text=why.text)
    _take_waiting(tenant, row.process)  # what was decided may have waited for this


@tasks.task(name="follow_reclaim", retry=AWAY)
def follow_reclaim(tenant: int, message: str) -> None:
    """What follows from a turn of a reclaim: what is raised is kept for a person here, what is kept or withdrawn is
    noted and answered; what was answered is noted at both sides the same. Does nothing the second time."""
    act: dict[str, Any] = {"tenant": tenant, "by": BY, "now": clock.now()}
    with acting(tenant, BY, "follow reclaim"):
        row = Message.objects.get(id=UUID(message))
        told, kept, comes = back.reclaimed_in(row), back.row_of(row), row.direction == Direction.IN
        said = _answered_so(row)
    if row.test:
        if comes and row.business not in OVER:
            _say(tenant, row.id, BackAnswer(number=1))
    elif said is not None:
        state = told.state if told.state != "raised" else "objected" if said.reason == "OBJECTED" else "accepted"
        if kept is not None and (not said.reason or state == "objected"):
            with suppress(NotPossible):
                note_reclaim(**act, reclaim=kept.id, state=ReclaimState(state), text=said.text)
        elif kept is not None and told.state == "raised":  # it isn't settled so there: a person looks
            with suppress(NotPossible):
                note_reclaim(**act, reclaim=kept.id, state=ReclaimState.OBJECTED, text=said.reason)
    elif comes and told.state == "raised":
        try:
            receive_reclaim(
                **act, partner=row.partner, content=back.content_in(told), text=told.text,
                answer_by=told.answer_by or clock.now().date(),
            )  # fmt: skip
        except NotPossible as refusal:
            if refusal.code != "received":
                _say(tenant, row.id, BackAnswer(number=1, reason="LINE"))
    elif comes:
        reason = "" if kept is not None else "LINE"
        if kept is not None:
            try:
                note_reclaim(**act, reclaim=kept.id, state=ReclaimState(told.state), text=told.text)
            except NotPossible:
                reason = "" if kept.state == told.state else "ANSWERED"
        _say(tenant, row.id, BackAnswer(number=1, reason=reason))  # type: ignore[arg-type]


def _answered_so(row: Message) -> BackAnswer | None:
    """What a turn was answered with, once the answer has left or come."""
    step = BusinessStep.objects.filter(message=row, state__in=[Business.ACCEPTED, Business.REJECTED])
    found = step.select_related("said").first()
    if found is None or found.said is None:
        return None
    (answer,) = read(found.said).answers
    assert isinstance(answer, BackAnswer)
    return answer


def _say(tenant: int, message: UUID, answer: BackAnswer) -> None:
    with acting(tenant, BY, "answer reclaim"):
        asked = Message.objects.get(id=message)
        new = back.answering(key=uuid5(asked.id, "answer"), asked=asked, answer=answer)
    _tell(tenant, [new])


def _refusal(row: Message) -> Answer | None:
    """Why a turn of ours wasn't taken in."""
    step = BusinessStep.objects.filter(message=row, state=Business.REJECTED).select_related("said").first()
    if step is None or step.said is None:
        return None
    (answer,) = read(step.said).answers
    assert isinstance(answer, Answer)
    return answer


def _take_waiting(tenant: int, process: str) -> None:
    """Take in all that waits of a statement, again and again until nothing fits."""
    moved = True
    while moved:
        moved = False
        with acting(tenant, BY, "waiting turns"):
            rows = Message.objects.filter(
                kind="settlement", direction=Direction.IN, action=Action.REQUEST, process=process
            ).exclude(business__in=OVER)
            answered = Message.objects.filter(kind="settlement", direction=Direction.OUT, process=process)
            rows = rows.exclude(message_id__in=answered.exclude(reference=None).values("reference"))
            waiting = [(row.id, row.partner, _turn(row), row.test) for row in rows.order_by("created_at", "id")]
        for key, partner, turn, test in waiting:
            if turn.questions:
                continue
            pieces = [(row, one) for row, whose, one, _ in waiting if whose == partner and _same(one, turn)]
            pieces.sort(key=lambda both: _piece(both[1])[0])
            if [_piece(one)[0] for _, one in pieces] != list(range(1, _piece(turn)[1] + 1)) or key != pieces[0][0]:
                continue  # the rest of it hasn't come, or it was done with its first piece
            answer = Answer(number=1) if test else _taken(tenant, partner, [one for _, one in pieces])
            if answer is not None:
                moved = True
                for row, _ in pieces:
                    _answer(tenant, row, answer)


def _taken(tenant: int, partner: str, turns: list[Turn]) -> Answer | None:
    """What is answered to a turn: taken in, or why not; None while it is early."""
    taking: Callable[[int, str, list[Turn]], None] = _submitted if turns[0].submitted else _decided
    try:
        taking(tenant, partner, turns)
    except NotPossible as refusal:
        if refusal.code == "early":
            return None
        if refusal.code != "received":
            return Answer(number=1, reason=_FAULTS.get(refusal.code, "LINE"), text=str(refusal.facts.get("person", "")))  # type: ignore[arg-type]
    except IntegrityError:
        return Answer(number=1, reason="ALREADY_CLAIMED")
    return Answer(number=1)


def _submitted(tenant: int, partner: str, turns: list[Turn]) -> None:
    content = submitted_in(turns)
    with acting(tenant, BY, "regimes"):
        regime = regimes().get(content["fund"])
    if regime is None:
        raise NotPossible("window")
    receive_submission(tenant=tenant, by=BY, now=clock.now(), regime=regime, partner=partner, content=content)


def _decided(tenant: int, partner: str, turns: list[Turn]) -> None:
    content, totals = decided_in(turns)
    note_answers(tenant=tenant, by=BY, now=clock.now(), partner=partner, content=content, totals=totals)


def _answer(tenant: int, message: UUID, answer: Answer) -> None:
    with acting(tenant, BY, "answer turn"):
        asked = Message.objects.get(id=message)
        new = answering(key=uuid5(asked.id, "answer"), asked=asked, answers=[answer])
    _tell(tenant, [new])


def _tell(tenant: int, told: list[NewMessage]) -> None:
    for new in told:
        try:
            tell(tenant=tenant, by=BY, now=clock.now(), new=new)
        except NotPossible as refusal:
            if refusal.code != "sent already":
                raise


def _turn(row: Message) -> Turn:
    said = read(row)
    assert isinstance(said, Settlement) and said.asked is not None
    return said.asked


def _same(one: Turn, other: Turn) -> bool:
    """Whether two turns are pieces of one."""
    if one.submitted and other.submitted:
        return one.submitted.number == other.submitted.number
    return bool(one.decided and other.decided and one.decided.number == other.decided.number)


def _piece(turn: Turn) -> tuple[int, int]:
    part = turn.submitted or turn.decided
    return (part.piece, part.pieces) if part else (1, 1)
