"""Build bills and their answers, inside the tenant's door; sealed is what `ProviderBill` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from handslag.domain.accounts.operations import BillTaken
from handslag.domain.exchange.models import BusinessStep, Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.states import Business, Direction
from handslag.domain.funding.models import Approval
from handslag.domain.funding.queries import PROVIDER, approval_by_number
from handslag.domain.people.accounts import digits, iban_ok
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.people.references import reference_fault
from handslag.domain.register.policies import CANTON, MUNICIPALITY
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.conversation import Opening, answered, beginning, read
from handslag.messages.provider_bill.message import Bill, Paid, outcome


@dataclass(frozen=True, kw_only=True)
class Billing:
    """What a bill is made of: `approval` is for one of our people, by its payer; the rest as in the message; `assessed`
    says why it may be told although somebody is marked."""

    key: UUID
    approval: Approval
    unit: UUID
    bill: str
    since: date
    last_on: date
    unit_price: int
    quantity: int
    iban: str
    reference: str = ""
    why: str = ""
    answer_by: date
    text: str = ""
    assessed: str = ""
    test: bool = False
    now: datetime


def may_bill(biller: str, payer: str) -> bool:
    """Whether an institution bills whoever may have approved something for it."""
    return biller.startswith(PROVIDER) and payer.startswith((CANTON, MUNICIPALITY))


def billing(new: Billing) -> NewMessage:
    """The message that bills. NotPossible by `may_leave`, ("no number") for a person without, ("answer by"), ("iban"),
    and ("reference") for one that can't be paid to it."""
    row, iban, reference = new.approval, digits(new.iban).upper(), digits(new.reference).upper()
    if iban[:2] not in ("CH", "LI") or not iban_ok(iban):
        raise NotPossible("swiss iban")
    if reference_fault(iban, reference):
        raise NotPossible("reference")
    opening = Opening(
        key=new.key, recipient=row.partner, person=row.person_id, about=row.person_id, unit=new.unit, number="",
        answer_by=new.answer_by, text=new.text, assessed=new.assessed, test=new.test, now=new.now,
    )  # fmt: skip
    texts = {name: told for name, told in (("reference", reference), ("why", new.why.strip())) if told}
    asked = {
        "approval": row.number, "bill": new.bill.strip(), "since": new.since.isoformat(),
        "last_on": new.last_on.isoformat(), "unit_price": new.unit_price, "quantity": new.quantity,
        "amount": new.unit_price * new.quantity, "iban": iban, **texts,
    }  # fmt: skip
    return beginning("provider_bill", opening, asked)


def bill_in(asked: Message) -> Bill:
    """What is billed."""
    bill = read(asked).asked
    assert isinstance(bill, Bill)
    return bill


def approval_of(asked: Message) -> Approval | None:
    """The approval that a bill cites, as it is noted here, if it is for the person who is billed for."""
    bill = bill_in(asked)
    row = approval_by_number(asked.direction == Direction.IN, asked.partner, bill.approval)
    known = person_by_identifier(bill.person.identifier_type, bill.person.identifier)
    return row if row is not None and known is not None and row.person_id == known.id else None


def taken_in(asked: Message) -> BillTaken | None:
    """What a bill that was accepted moves on the account of the other side; None where it wasn't, and of a test."""
    accepted = BusinessStep.objects.filter(message=asked, state=Business.ACCEPTED).exists()
    row = approval_of(asked) if accepted and not asked.test else None
    return taken(asked, row) if row is not None else None


def taken(asked: Message, row: Approval) -> BillTaken:
    """The same of a bill that is to be accepted, under its approval."""
    bill = bill_in(asked)
    return BillTaken(
        partner=asked.partner, payer=asked.direction == Direction.IN, bill=bill.bill, content=asked.digest,
        amount=bill.amount, since=bill.since, last_on=bill.last_on, approval=row.number, approved=row.said.digest,
        iban=bill.iban, reference=bill.reference,
    )  # fmt: skip


def answering(*, key: UUID, asked: Message, answers: list[Paid]) -> NewMessage:
    """The message that says that a bill will be paid, or why not."""
    return answered(key, asked, answers, outcome(answers))
