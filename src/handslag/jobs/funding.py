"""A request for approval of a cost is looked at; what its answer approves, and what it is changed to, is noted at both
sides the same."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID, uuid5

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.queries import conversation
from handslag.domain.exchange.states import OVER, Business, Direction
from handslag.domain.funding.models import ApprovalTerms
from handslag.domain.funding.operations import decide_cost, note_approval, note_change
from handslag.domain.funding.queries import granted_by_rules
from handslag.domain.register.operations import tell
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.operations import open_task
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.messages.approval_change.build import answering as saying
from handslag.messages.approval_change.build import approval_in, changed_by
from handslag.messages.approval_change.message import Kept
from handslag.messages.cost_approval.build import answering, in_full, wish_in
from handslag.messages.cost_approval.checks import checked, granted_in

#: The system, as it looks at requests and notes approvals.
BY = system("funding")


@tasks.task(name="look_at_cost", retry=AWAY)
def look_at_cost(tenant: int, message: str) -> None:
    """A request that nothing speaks against, and that our rules grant, is approved in full; every other one waits for a
    person. Nothing is granted on a test."""
    with acting(tenant, BY, "look at cost"):
        asked = Message.objects.get(id=UUID(message))
        new, wish = None, wish_in(asked)
        fresh = asked.business == Business.NONE and len(conversation(asked)) == 1 and not asked.test
        if fresh and not checked(wish, asked) and granted_by_rules(wish):
            new = answering(key=uuid5(asked.id, "answer"), asked=asked, answers=[in_full(asked)])
        waits = Task.objects.filter(subject_id=asked.id, kind="cost approval", state="open").exists()
    if new is not None:
        with suppress(NotPossible):  # it was said before
            decide_cost(tenant=tenant, by=BY, now=clock.now(), asked=asked.id, new=new)
    elif fresh and not waits:
        open_task(
            tenant=tenant, by=BY, now=clock.now(), subject=asked.id, kind="cost approval", unit=asked.unit_id,
            assignee=None,
        )  # fmt: skip


@tasks.task(name="note_cost_approval", retry=AWAY)
def note_cost_approval(tenant: int, message: str) -> None:
    """Note what the answer to a request approves. Does nothing the second time."""
    with acting(tenant, BY, "note approval"):
        granted = granted_in(Message.objects.get(id=UUID(message)))
    if granted is not None:
        with suppress(NotPossible):
            note_approval(tenant=tenant, by=BY, now=clock.now(), asked=UUID(message), new=granted)


@tasks.task(name="note_approval_change", retry=AWAY)
def note_approval_change(tenant: int, message: str) -> None:
    """Note what a payer changed an approval to: whoever is told notes it, and says so; then the payer does. What came
    before its approval waits for it. Nothing follows from a test. Does nothing the second time."""
    with acting(tenant, BY, "note change"):
        told = Message.objects.get(id=UUID(message))
        comes, row, new = told.direction == Direction.IN, approval_in(told), changed_by(told)
        if told.business in OVER if comes else told.business != Business.ACCEPTED or told.test:
            return
        if row is None and not told.test:
            return
        overtaken = row is not None and ApprovalTerms.objects.filter(approval=row, turn=new.turn).exists()
        kept = Kept(number=1, reason="OVERTAKEN" if overtaken else "")
        reply = saying(key=uuid5(told.id, "answer"), asked=told, answers=[kept]) if comes else None
    with suppress(NotPossible):
        if row is not None and not told.test and not overtaken:
            note_change(tenant=tenant, by=BY, now=clock.now(), approval=row.id, new=new, reply=reply)
        elif reply is not None:
            tell(tenant=tenant, by=BY, now=clock.now(), new=reply)
