"""What speaks against a request for approval of a cost, and what its answer approves. Inside the tenant's door."""

from __future__ import annotations

from datetime import timedelta

from handslag.domain.exchange.models import BusinessStep, Message
from handslag.domain.exchange.states import GONE, SETTLED, Business, Direction
from handslag.domain.funding.operations import Granted
from handslag.domain.funding.queries import Wish, against
from handslag.domain.funding.states import Against
from handslag.messages.conversation import read
from handslag.messages.cost_approval.build import cost_in, wish_in
from handslag.messages.cost_approval.message import CostApproval


def checked(wish: Wish, but: Message | None = None) -> list[Against]:
    """The findings of a request, none of which decides anything; `but`: the request itself, and what it led to, which
    don't speak against it."""
    if wish.person is None:
        return against(wish)
    rows = Message.objects.filter(kind="cost_approval", action="5", person_id=wish.person, test=False)
    rows = rows.exclude(business__in=[*SETTLED, Business.RECALLED]).exclude(transport__in=GONE)
    if but is not None:
        rows = rows.exclude(id=but.id)
        if but.business in SETTLED:
            return []
    others = [cost_in(row) for row in rows]
    days = [(one.since, one.last_on + timedelta(days=1)) for one in others if one.account_code == wish.account_code]
    return against(wish, days)


def granted_in(asked: Message) -> Granted | None:
    """What the answer to a request approves; None where it approves nothing. Nothing follows from a test."""
    step = BusinessStep.objects.filter(message=asked, state__in=[Business.ACCEPTED, Business.CHANGED]).first()
    if step is None or step.said is None or asked.test:
        return None
    reply = read(step.said)
    assert isinstance(reply, CostApproval)
    told = reply.answers[0]
    assert told.amount and told.percent and told.since and told.last_on
    person = wish_in(asked).person
    if person is None:
        return None
    return Granted(
        person=person, said=step.said.id, partner=asked.partner, payer=asked.direction == Direction.IN,
        number=told.approval,
        account_code=cost_in(asked).account_code, since=told.since, until=told.last_on + timedelta(days=1),
        amount=told.amount, percent=told.percent, by_rules=told.by_rules,
    )  # fmt: skip
