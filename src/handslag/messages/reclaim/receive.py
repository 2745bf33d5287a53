"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.accounts.queries import account_of
from handslag.domain.accounts.states import Side
from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import unit_for
from handslag.domain.exchange.states import Code
from handslag.messages.reclaim.build import is_payer
from handslag.messages.reclaim.message import Reclaim


def placed(opened: Opened, now: datetime) -> Placed | None:
    """At our account of the sender. None for what is said about a message that came before. Unreadable where it isn't a
    payer of ours who tells it."""
    try:
        said = msgspec.json.decode(opened.content, type=Reclaim)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    if said.asked is None:
        return None
    if not is_payer(said.header.sender):
        raise Unreadable(Code.CONTENT, "a canton claims back from a municipality", final=True)
    account = account_of(said.header.sender, Side.CLAIMANT)
    return Placed(unit=unit_for(0, now), about=account.id if account else None, due_on=said.asked.answer_by)
