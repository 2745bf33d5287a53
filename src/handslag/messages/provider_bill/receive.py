"""Receive a message of this kind: is it one, and where does it belong here? Inside the receiver's door."""

from __future__ import annotations

from datetime import datetime

import msgspec

from handslag.domain.exchange.frame import Opened, Unreadable
from handslag.domain.exchange.operations.inbox import Placed
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Code
from handslag.domain.people.accounts import iban_ok
from handslag.domain.people.references import reference_fault
from handslag.messages.place import placed_for
from handslag.messages.provider_bill.build import may_bill
from handslag.messages.provider_bill.message import ProviderBill


def placed(opened: Opened, now: datetime) -> Placed | None:
    """As of a question: the unit of her open case here, else of whoever registers people. None for what is said about a
    bill. Unreadable where no institution bills a payer, and for an account or a reference that none can be paid to."""
    try:
        said = msgspec.json.decode(opened.content, type=ProviderBill)
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=True) from error
    if said.asked is None:
        return None
    if not may_bill(said.header.sender, own_address()):
        raise Unreadable(Code.CONTENT, "an institution bills a canton or a municipality", final=True)
    if not iban_ok(said.asked.iban) or reference_fault(said.asked.iban, said.asked.reference):
        raise Unreadable(Code.CONTENT, "nothing can be paid to this IBAN by this reference", final=True)
    return placed_for(said.asked.person, said.asked.answer_by, now)
