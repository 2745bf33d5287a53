"""What messages say of people goes into the register, at both sides the same; what it says to the other side."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID, uuid5

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.queries import conversation
from handslag.domain.exchange.states import Business
from handslag.domain.people.operations.persons import NewPerson
from handslag.domain.people.permissions import ASSIGNED
from handslag.domain.register.models import Contradiction
from handslag.domain.register.operations import NewNotice, note_said, tell
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.operations import open_task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.messages.assignment import notices as assignment
from handslag.messages.case_change import notices as case_change
from handslag.messages.case_change.build import answering as noting
from handslag.messages.case_change.build import changed_in
from handslag.messages.case_change.message import Noted
from handslag.messages.case_change.tell import to_who_takes_over
from handslag.messages.case_notification import notices as case_notification
from handslag.messages.mutation import notices as mutation
from handslag.messages.mutation.build import answering
from handslag.messages.mutation.message import Agreed
from handslag.messages.mutation.tell import about_contradiction, to_who_was_left

#: What an answered message of a kind says of people.
NOTICES: dict[str, Callable[[Message], tuple[list[NewPerson], list[NewNotice]]]] = {
    "assignment": assignment.notices_in,
    "mutation": mutation.notices_in,
    "case_notification": case_notification.notices_in,
    "case_change": case_change.notices_in,
}


@tasks.task(name="note_in_register", retry=AWAY)
def note_in_register(tenant: int, message: str) -> None:
    """Note what an answered message says of people, and tell the municipality that they left, or the one where they
    move to. Does nothing the second time."""
    key = UUID(message)
    with acting(tenant, ASSIGNED, "note in register"):
        asked = Message.objects.get(id=key)
        people, notices = NOTICES[asked.kind](asked)
    with suppress(NotPossible):
        note_said(tenant=tenant, by=ASSIGNED, now=clock.now(), message=key, people=people, notices=notices)
    with acting(tenant, ASSIGNED, "who was left"):
        told, untold = to_who_was_left(Message.objects.get(id=key), clock.now())
        taking, missed = to_who_takes_over(Message.objects.get(id=key), clock.now())
    _tell(tenant, [*told, *taking])
    for kind, persons in (("move untold", untold), ("takeover untold", missed)):
        for person in persons:
            _task(tenant, person, kind, asked.unit_id)


@tasks.task(name="look_at_mutation", retry=AWAY)
def look_at_mutation(tenant: int, message: str) -> None:
    """A mutation that fits the register is agreed to; what doesn't, or was asked back about, waits for a person."""
    with acting(tenant, ASSIGNED, "look at mutation"):
        asked = Message.objects.get(id=UUID(message))
        new = None
        if asked.business == Business.NONE and len(conversation(asked)) == 1 and mutation.fits_the_register(asked):
            numbers = [one.number for one in mutation.change_in(asked).persons]
            new = answering(key=uuid5(asked.id, "answer"), asked=asked, answers=[Agreed(number=n) for n in numbers])
    if new is not None:
        _tell(tenant, [new])
    elif not asked.test:
        _task(tenant, asked.id, "mutation", asked.unit_id)


@tasks.task(name="look_at_case_change", retry=AWAY)
def look_at_case_change(tenant: int, message: str) -> None:
    """The same of a change of a case."""
    with acting(tenant, ASSIGNED, "look at case change"):
        asked = Message.objects.get(id=UUID(message))
        new = None
        if asked.business == Business.NONE and len(conversation(asked)) == 1 and case_change.fits_the_register(asked):
            numbers = [one.number for one in changed_in(asked).persons]
            new = noting(key=uuid5(asked.id, "answer"), asked=asked, answers=[Noted(number=n) for n in numbers])
    if new is not None:
        _tell(tenant, [new])
    elif not asked.test:
        _task(tenant, asked.id, "case change", asked.unit_id)


@tasks.task(name="ask_both_sides", retry=AWAY)
def ask_both_sides(tenant: int, contradiction: str, unit: str) -> None:
    """The canton asks each municipality that says something of the days of a contradiction; once, as it is."""
    with acting(tenant, ASSIGNED, "ask both sides"):
        found = Contradiction.objects.filter(id=UUID(contradiction)).first()
        told = about_contradiction(found, UUID(unit), clock.now()) if found else []
    _tell(tenant, told)


def _task(tenant: int, subject: UUID, kind: str, unit: UUID) -> None:
    with acting(tenant, ASSIGNED, "task"):
        there = Task.objects.filter(subject_id=subject, kind=kind, state="open").exists()
    if not there:
        open_task(tenant=tenant, by=ASSIGNED, now=clock.now(), subject=subject, kind=kind, unit=unit, assignee=None)


def _tell(tenant: int, told: list[NewMessage]) -> None:
    for new in told:
        with suppress(NotPossible):  # it was said before, or the other side can't be reached
            tell(tenant=tenant, by=ASSIGNED, now=clock.now(), new=new)
