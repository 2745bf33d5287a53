"""What messages say of people goes into the register, at both sides the same."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.people.permissions import ASSIGNED
from handslag.domain.register.operations import note_said
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.messages.assignment.notices import notices_in


@tasks.task(name="note_assignment", retry=AWAY)
def note_assignment(tenant: int, message: str) -> None:
    """Note what the answer to an assignment says of the people who were taken. Does nothing the second time."""
    key = UUID(message)
    with acting(tenant, ASSIGNED, "note assignment"):
        people, notices = notices_in(Message.objects.get(id=key))
    with suppress(NotPossible):
        note_said(tenant=tenant, by=ASSIGNED, now=clock.now(), message=key, people=people, notices=notices)
