"""Whether our account of a partner is the same as what it told; what is told of payments; what an accepted bill moves
on it."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID, uuid5

from handslag.domain.accounts.models import PaymentOrder
from handslag.domain.accounts.operations import answer_told, post_bill
from handslag.domain.exchange.models import Message
from handslag.domain.register.operations import tell
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.messages.conversation import read
from handslag.messages.payment_advice import build as advice
from handslag.messages.payment_advice.message import PaymentAdvice
from handslag.messages.provider_bill.build import taken_in
from handslag.messages.reconciliation.build import answering
from handslag.messages.reconciliation.message import Reconciliation

BY = system("accounts")


@tasks.task(name="compare_account", retry=AWAY)
def compare_account(tenant: int, message: str) -> None:
    """Answer what a partner told of its account, or of a payment. Does nothing the second time."""
    with acting(tenant, BY, "compare account"):
        asked = Message.objects.get(id=UUID(message))
        said, key = read(asked), uuid5(asked.id, "answer")
        with suppress(NotPossible):
            if isinstance(said, PaymentAdvice):
                seen = advice.seen(asked)
                new, equal = advice.answering(key=key, asked=asked, answer=seen), not seen.reason
            else:
                assert isinstance(said, Reconciliation) and said.asked is not None
                new, equal = answering(key=key, asked=asked, theirs=said.asked)
            answer_told(tenant=tenant, by=BY, now=clock.now(), asked=asked.id, new=new, equal=equal)


@tasks.task(name="advise_payment", retry=AWAY)
def advise_payment(tenant: int, order: str) -> None:
    """Tell a partner what it is paid, or that it wasn't. Does nothing the second time, nor for one who isn't reached by
    messages."""
    with acting(tenant, BY, "advise payment"):
        row = PaymentOrder.objects.select_related("account", "paid_to", "released_by", "bill").get(id=UUID(order))
        new = advice.advising(row)
    try:
        tell(tenant=tenant, by=BY, now=clock.now(), new=new)
    except NotPossible as refusal:
        if refusal.code not in ("sent already", "no such partner"):
            raise


@tasks.task(name="post_provider_bill", retry=AWAY)
def post_provider_bill(tenant: int, message: str) -> None:
    """Post a bill that was accepted, at both sides alike. Does nothing the second time."""
    with acting(tenant, BY, "post bill"):
        bill = taken_in(Message.objects.get(id=UUID(message)))
    if bill is not None:
        with suppress(NotPossible):
            post_bill(tenant=tenant, by=BY, now=clock.now(), bill=bill)
