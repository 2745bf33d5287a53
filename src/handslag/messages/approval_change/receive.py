"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Code
from handslag.domain.funding.queries import approval_by_number, terms_on, turns_of
from handslag.domain.tenancy.door import acting_door
from handslag.messages.approval_change.build import put_forward
from handslag.messages.approval_change.message import ApprovalChange
from handslag.messages.cost_approval.build import may_ask
from handslag.messages.place import placed_for


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people. None for what is said about a
    change. Unreadable where it isn't a payer of ours who tells it, where the number is of another person's approval,
    and where it ends before it was told."""
    try:
        said = msgspec.json.decode(opened.content, type=ApprovalChange)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    if said.asked is None:
        return None
    if not may_ask(own_address(), said.header.sender):
        raise Unreadable(Code.CONTENT, "a payer changes what it approved for us", final=True)
    found = placed_for(said.asked.person, said.asked.answer_by, now)
    row = approval_by_number(False, said.header.sender, said.asked.approval)
    if row is None:
        return found
    if row.person_id != found.person:
        raise Unreadable(Code.CONTENT, f"the approval {row.number} is of somebody else", final=True)
    told_on = acting_door().the_tenant.today(datetime.fromisoformat(said.header.sent_at))
    earlier = [one for one in turns_of(row) if one.turn < said.asked.turn]
    if put_forward(terms_on(row, earlier).until, said.asked.last_on, told_on):
        raise Unreadable(Code.CONTENT, "an approval doesn't end before it is told", final=True)
    return found
