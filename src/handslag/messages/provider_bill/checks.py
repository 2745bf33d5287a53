"""What speaks against a bill: the same function at the institution and at the payer. Inside the tenant's door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q

from handslag.domain.accounts.models import Posting
from handslag.domain.accounts.queries import account_of, paid_to
from handslag.domain.accounts.states import Rests, Side
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.states import GONE, OVER, SETTLED, Business, Direction, Transport
from handslag.domain.funding.models import Approval
from handslag.domain.funding.queries import terms_on, turns_of
from handslag.messages.conversation import told_on
from handslag.messages.cost_approval.build import cost_in
from handslag.messages.provider_bill.build import approval_of, bill_in
from handslag.messages.provider_bill.message import Bill


@dataclass(frozen=True, kw_only=True)
class Billed:
    """A bill as it is checked: `approval` as it is noted here for its person, if it is; amounts in minor units."""

    approval: Approval | None
    partner: str
    payer: bool
    bill: str
    reference: str
    since: date
    last_on: date
    unit_price: int
    amount: int
    iban: str
    billed_on: date


def billed_in(asked: Message) -> Billed:
    """A bill that came or went."""
    bill = bill_in(asked)
    return Billed(
        approval=approval_of(asked), partner=asked.partner, payer=asked.direction == Direction.IN, bill=bill.bill,
        reference=bill.reference, since=bill.since, last_on=bill.last_on, unit_price=bill.unit_price,
        amount=bill.amount, iban=bill.iban, billed_on=told_on(asked),
    )  # fmt: skip


def checked(bill: Billed, asked: Message | None = None) -> list[str]:
    """The findings of a bill, by their codes (`message.FOUND`); none of them decides anything. `asked`: the bill
    itself, where it was sent: those after it that aren't accepted don't speak against it."""
    if asked is not None and asked.business in SETTLED:
        return []
    row, found, before = bill.approval, [], _before(bill, asked)
    if row is None:
        found.append("APPROVAL_MISSING")
    else:
        terms = terms_on(row, turns_of(row), bill.billed_on)
        if bill.since < row.since or bill.last_on >= terms.until:
            found.append("NOT_IN_FORCE")
        if bill.amount > terms.amount - billed_under(row, before):
            found.append("APPROVAL_EXCEEDED")
        if bill.unit_price > cost_in(row.asked).unit_price:
            found.append("RATE_WRONG")
    if _posted(bill) or any(_same(bill, bill_in(one)) for one in before):
        found.append("DUPLICATE_INVOICE")
    if bill.payer and _paid_elsewhere(bill):
        found.append("OTHER_BANK_DETAILS")
    return found


def _posted(bill: Billed) -> bool:
    """Whether a bill of this number stands on the account; at the institution on any."""
    rows = Posting.objects.filter(rests_on=Rests.STATEMENT, reference=bill.bill)
    if bill.payer:
        rows = rows.filter(account__side=Side.PAYER, account__partner=bill.partner)
    return rows.exists()


def _same(bill: Billed, other: Bill) -> bool:
    """Whether another bill is this one: by its number, or by its reference."""
    return bill.bill == other.bill or (bool(bill.reference) and bill.reference == other.reference)


def _before(bill: Billed, asked: Message | None) -> list[Message]:
    """The bills of an institution that stand, sent before or accepted: for the same person, by the same reference, or
    still to answer. The institution has those to all payers, a payer its own. One that is recalled stands where our
    acceptance is on its way: it holds."""
    rows = Message.objects.filter(kind="provider_bill", action="5", test=False).exclude(transport__in=GONE)
    way = {"direction": Direction.IN, "partner": bill.partner} if bill.payer else {"direction": Direction.OUT}
    accepting = Message.objects.filter(
        direction=Direction.OUT, partner=OuterRef("partner"), reference=OuterRef("message_id"),
        transport=Transport.SEALED, content__contains='"state":"accepted"',
    )  # fmt: skip
    rows = rows.filter(~Q(business=Business.RECALLED) | Exists(accepting), **way).exclude(business=Business.REJECTED)
    hers = Q(person_id=bill.approval.person_id) if bill.approval is not None else Q(pk__in=[])
    again = Q(content__contains=f'"reference":"{bill.reference}"') if bill.reference else Q(pk__in=[])
    rows = rows.filter(hers | again | ~Q(business__in=OVER)).order_by("created_at", "id")
    if asked is None:
        return list(rows)
    at = (asked.created_at, asked.id)
    others = rows.exclude(id=asked.id)
    held = (Business.ACCEPTED, Business.RECALLED)
    return [one for one in others if (one.created_at, one.id) < at or one.business in held]


def billed_under(row: Approval, bills: list[Message]) -> int:
    """What of these is billed under an approval, in minor units."""
    hers = [bill_in(one) for one in bills if one.partner == row.partner]
    return sum(told.amount for told in hers if told.approval == row.number)


def left_of(row: Approval, on: date) -> int:
    """What of an approval isn't billed yet, by what it says of what is billed on a day; in minor units."""
    told = Billed(
        approval=row, partner=row.partner, payer=row.payer, bill="", reference="", since=on, last_on=on, unit_price=0,
        amount=0, iban="", billed_on=on,
    )  # fmt: skip
    return terms_on(row, turns_of(row), on).amount - billed_under(row, _before(told, None))


def _paid_elsewhere(bill: Billed) -> bool:
    """Whether the bill wants to be paid elsewhere than where two people have looked at."""
    account = account_of(bill.partner, Side.PAYER)
    to = paid_to(account.id) if account else None
    return to is None or bill.iban not in (to.iban, to.qr_iban)
