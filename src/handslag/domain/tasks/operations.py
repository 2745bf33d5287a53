"""Work items given out and done, deadlines set, notices queued."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from handslag.domain.audit.operations import Done, Event, insert_with_events, operation
from handslag.domain.people.models import Person
from handslag.domain.tasks.models import Deadline, Notice, Task
from handslag.domain.tasks.states import NoticeState, TaskState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, member_behind
from handslag.domain.tenancy.policies import Conflict

#: A notice is tried this often, from 5 seconds to 5 minutes apart; then a person looks at it.
MOST_TRIES = 48


class TaskOpened(Event):
    kind = "task opened"


class TaskDone(Event):
    kind = "task done"


class DeadlineSet(Event):
    kind = "deadline set"


class NoticesQueued(Event):
    kind = "notices queued"


class NoticeEnded(Event):
    kind = "notice ended"


@operation()
def open_task(
    *, tenant: str | int, by: Actor, now: datetime, subject: UUID, kind: str, unit: UUID, assignee: UUID | None
) -> Done[Task]:
    """Give a unit (and, if she is known, a member of it) something to do about a subject."""
    task = Task.objects.create(subject_id=subject, kind=kind, unit_id=unit, assignee_id=assignee, created_at=now)
    return Done(task, TaskOpened(subject=subject, payload={"task": str(task.id), "kind": kind}))


@operation()
def finish_task(*, tenant: str | int, by: Actor, now: datetime, task: UUID, version: int) -> Done[Task]:
    """Done: by a member of the unit that it was given to. Conflict if somebody else moved it."""
    found = Task.objects.select_for_update(of=("self",)).filter(id=task).first()
    member = member_behind(acting_door(), now)
    if found is None or found.unit_id != member.unit_id:
        raise Hidden("task", task)
    if found.version != version or found.state != TaskState.OPEN:
        raise Conflict("task", theirs=found.state)
    found.state, found.closed_at, found.version = TaskState.DONE, now, found.version + 1
    found.save(update_fields=["state", "closed_at", "version"])
    return Done(found, TaskDone(subject=found.subject_id, payload={"task": str(found.id)}))


@operation()
def answer_task(*, tenant: str | int, by: Actor, now: datetime, task: UUID) -> Done[Task]:
    """Done by what it asked for: whoever answered may answer, of whichever unit the task is."""
    found = Task.objects.select_for_update(of=("self",)).filter(id=task, state=TaskState.OPEN).first()
    if found is None:
        raise Hidden("task", task)
    found.state, found.closed_at, found.version = TaskState.DONE, now, found.version + 1
    found.save(update_fields=["state", "closed_at", "version"])
    return Done(found, TaskDone(subject=found.subject_id, payload={"task": str(found.id)}))


@operation()
def set_deadline(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    subject: UUID,
    rule: str,
    legal_basis: str,
    consequence: str,
) -> Done[Deadline]:
    """Set a deadline that waits for the proof of the day on which it begins."""
    deadline = Deadline.objects.create(subject_id=subject, rule=rule, legal_basis=legal_basis, consequence=consequence)
    return Done(deadline, DeadlineSet(subject=subject, payload={"deadline": str(deadline.id), "rule": rule}))


@operation()
def queue_notices(
    *, tenant: str | int, by: Actor, now: datetime, subject: UUID, persons: list[UUID], kind: str
) -> Done[list[Notice]]:
    """Queue an e-mail without content to each person who has an address and is not protected."""
    told = Person.objects.filter(id__in=persons, protection_level=0).exclude(email="")
    notices = Notice.objects.bulk_create(
        Notice(
            person=p,
            subject_id=subject,
            kind=kind,
            language=p.language,
            address=p.email,
            created_at=now,
            next_try_at=now,
        )
        for p in told
    )
    return Done(
        notices,
        NoticesQueued(subject=subject, payload={"kind": kind, "notices": [str(n.id) for n in notices]}),
    )


#: Members of staff with those who stand in for them today, and where their post goes.
_TOLD = """
SELECT m.id, u.email FROM tenancy_staffmember m JOIN tenancy_staffuser u ON u.id = m.user_id AND u.is_active
WHERE m.active AND (m.id = ANY(%(members)s) OR m.id IN (
  SELECT d.deputy_id FROM tenancy_deputy d
  WHERE d.tenant_id = m.tenant_id AND d.member_id = ANY(%(members)s) AND d.since <= %(today)s AND d.until > %(today)s))
ORDER BY m.id
"""


@operation()
def tell_staff(
    *, tenant: str | int, by: Actor, now: datetime, subject: UUID, members: list[UUID], kind: str
) -> Done[list[Notice]]:
    """Queue an e-mail without content to members of staff and to whoever stands in for them today, once each."""
    door = acting_door()
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, {"members": members, "today": door.the_tenant.today(now)})
        notices = [
            Notice(
                member_id=key,
                subject_id=subject,
                kind=kind,
                language=door.the_tenant.languages[0],
                address=address,
                created_at=now,
                next_try_at=now,
            )
            for key, address in cursor.fetchall()
        ]
    insert_with_events(*notices)
    return Done(
        notices, NoticesQueued(subject=subject, payload={"kind": kind, "notices": [str(n.id) for n in notices]})
    )


@operation()
def end_notice(
    *, tenant: str | int, by: Actor, now: datetime, notice: UUID, sent: bool, again: bool = True, trouble: str = ""
) -> Done[Notice]:
    """Record what became of a try: sent, to be tried `again` later, or parked for a person."""
    found = Notice.objects.select_for_update().filter(id=notice).first()
    if found is None or by.kind != "system":
        raise Hidden("notice", notice)
    found.attempts += 1
    found.trouble = trouble[:200]
    if sent or not again or found.attempts >= MOST_TRIES:
        found.state = NoticeState.SENT if sent else NoticeState.PARKED
        found.ended_at = now
    else:
        found.next_try_at = now + timedelta(seconds=min(300, 5 * 2 ** min(found.attempts, 8)))
    found.save()
    return Done(
        found,
        NoticeEnded(
            subject=found.subject_id,
            payload={"notice": str(found.id), "state": found.state, "try": found.attempts},
        ),
    )
