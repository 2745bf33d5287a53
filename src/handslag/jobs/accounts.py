"""Whether our account of a partner is the same as what it told; what an accepted bill moves on it."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID, uuid5

from handslag.domain.accounts.operations import answer_told, post_bill
from handslag.domain.exchange.models import Message
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.messages.conversation import read
from handslag.messages.provider_bill.build import taken_in
from handslag.messages.reconciliation.build import answering
from handslag.messages.reconciliation.message import Reconciliation

BY = system("accounts")


@tasks.task(name="compare_account", retry=AWAY)
def compare_account(tenant: int, message: str) -> None:
    """Answer what a partner told of its account. Does nothing the second time."""
    with acting(tenant, BY, "compare account"):
        asked = Message.objects.get(id=UUID(message))
        said = read(asked)
        assert isinstance(said, Reconciliation) and said.asked is not None
        with suppress(NotPossible):
            new, equal = answering(key=uuid5(asked.id, "answer"), asked=asked, theirs=said.asked)
            answer_told(tenant=tenant, by=BY, now=clock.now(), asked=asked.id, new=new, equal=equal)


@tasks.task(name="post_provider_bill", retry=AWAY)
def post_provider_bill(tenant: int, message: str) -> None:
    """Post a bill that was accepted, at both sides alike. Does nothing the second time."""
    with acting(tenant, BY, "post bill"):
        bill = taken_in(Message.objects.get(id=UUID(message)))
    if bill is not None:
        with suppress(NotPossible):
            post_bill(tenant=tenant, by=BY, now=clock.now(), bill=bill)
