"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.accounts.states import Side
from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address, sent, unit_for
from handslag.domain.exchange.states import Code
from handslag.domain.people.models import Identifier, Person
from handslag.domain.settlement.models import Statement
from handslag.domain.settlement.queries import NUMBER
from handslag.messages.settlement.message import Settlement, Turn


def placed(opened: Opened, now: datetime) -> Placed | None:
    """At the statement here, if there is one; at whoever is cleared for everybody in it. None for what is said about a
    turn. Unreadable for another's statement or process, and for what answers otherwise than by one for the turn or each
    question.
    """
    try:
        said = msgspec.json.decode(opened.content, type=Settlement)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    header, numbers = said.header, sorted(answer.number for answer in said.answers)
    asked = sent(header.sender, header.reference) if numbers and header.reference else None
    if asked is not None and asked.kind == "settlement":
        questions = _turn(asked.content.encode()).questions
        if numbers != ([one.number for one in questions] or [1]):
            raise Unreadable(Code.CONTENT, "doesn't answer the turn, or each of its questions, once", final=True)
    if said.asked is None:
        return None
    side = Side.CLAIMANT if said.asked.submitted is None else Side.PAYER
    claimant = own_address() if side == Side.CLAIMANT else header.sender
    if not said.asked.statement.startswith(f"{claimant}/"):
        raise Unreadable(Code.CONTENT, "a statement is called after its claimant", final=True)
    if header.process != f"settlement:{said.asked.statement}":
        raise Unreadable(Code.CONTENT, "header.process isn't that of its statement", final=True)
    rows = Statement.objects.filter(side=side, partner=header.sender, reference=said.asked.statement)
    lines = said.asked.submitted.lines if said.asked.submitted else []
    protected = dict(Person.objects.filter(protection_level__gt=0).values_list("id", "protection_level"))
    about = Identifier.objects.filter(type=NUMBER, value__in={one.identifier for one in lines}, person_id__in=protected)
    level = max((protected[key] for key in about.values_list("person_id", flat=True)), default=0)
    return Placed(
        unit=unit_for(level, now),
        about=rows.values_list("id", flat=True).first(),
        level=level,
        due_on=said.asked.answer_by,
    )


def _turn(content: bytes) -> Turn:
    said = msgspec.json.decode(content, type=Settlement)
    assert said.asked is not None
    return said.asked
