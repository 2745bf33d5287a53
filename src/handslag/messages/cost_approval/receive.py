"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address, sent
from handslag.domain.exchange.states import Code
from handslag.domain.funding.queries import number_used
from handslag.messages.cost_approval.build import as_asked, cost_in, is_request, may_ask, wrong_answer
from handslag.messages.cost_approval.message import CostApproval
from handslag.messages.place import placed_for


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people. None for what is said about a
    request. Unreadable where it isn't asked of a payer, and for an answer that approves more than was asked for, calls
    whole what isn't, or has the number of another approval."""
    try:
        said = msgspec.json.decode(opened.content, type=CostApproval)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    header = said.header
    if said.asked is not None:
        if not may_ask(header.sender, own_address()):
            raise Unreadable(Code.CONTENT, "a municipality asks its canton, an institution either", final=True)
        return placed_for(said.asked.person, said.asked.answer_by, now)
    asked = sent(header.sender, header.reference) if said.answers and header.reference else None
    if asked is not None and is_request(asked):
        cost, answer = cost_in(asked), said.answers[0]
        if wrong_answer(cost, answer) or as_asked(cost, answer) == bool(answer.reason):
            raise Unreadable(Code.CONTENT, "approves more than was asked for, or calls whole what isn't", final=True)
        if answer.approval and number_used(False, header.sender, answer.approval, asked.id):
            raise Unreadable(Code.CONTENT, f"the number {answer.approval} is of another approval", final=True)
    return None
