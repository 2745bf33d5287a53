"""Work items given out and done, deadlines set, notices queued."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from handslag.domain.audit.models import Subject
from handslag.domain.audit.operations import (
    Done,
    Event,
    insert_with_events,
    not_yet_inserted,
    open_subject,
    operation,
)
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.people.models import Person
from handslag.domain.tasks.models import Deadline, Notice, PrintBatch, Task
from handslag.domain.tasks.queries import protection_printed
from handslag.domain.tasks.states import DeadlineState, NoticeChannel, NoticeState, TaskState
from handslag.domain.tenancy.door import Actor, acting_door, planned_once
from handslag.domain.tenancy.permissions import Hidden, member_behind, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role

#: A notice is tried this often, from 5 seconds to 5 minutes apart; then a person looks at it.
MOST_TRIES = 48


class TaskOpened(Event):
    kind = "task opened"


class TaskDone(Event):
    kind = "task done"


class DeadlineSet(Event):
    kind = "deadline set"


class DeadlineEnded(Event):
    kind = "deadline ended"


class NoticesQueued(Event):
    kind = "notices queued"


class NoticesPrinted(Event):
    kind = "notices printed"


class NoticeEnded(Event):
    kind = "notice ended"


@operation()
def open_task(
    *, tenant: str | int, by: Actor, now: datetime, subject: UUID, kind: str, unit: UUID, assignee: UUID | None
) -> Done[Task]:
    """Give a unit (and, if she is known, a member of it) something to do about a subject."""
    task = Task(subject_id=subject, kind=kind, unit_id=unit, assignee_id=assignee, created_at=now)
    if not_yet_inserted(Subject, subject):
        insert_with_events(task)
    else:
        task.save(force_insert=True)
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
def run_deadline(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    subject: UUID,
    rule: str,
    legal_basis: str,
    consequence: str,
    due_on: date,
    proof: str,
) -> Done[Deadline]:
    """Set a deadline that runs from today to the end of `due_on`; NotPossible("day to answer")."""
    today = acting_door().the_tenant.today(now)
    if due_on <= today:
        raise NotPossible("day to answer")
    deadline = Deadline.objects.create(
        subject_id=subject,
        rule=rule,
        legal_basis=legal_basis,
        consequence=consequence,
        starts_on=today,
        due_on=due_on,
        proof=proof,
        state=DeadlineState.RUNNING,
    )
    payload = {"deadline": str(deadline.id), "rule": rule, "due_on": due_on.isoformat()}
    return Done(deadline, DeadlineSet(subject=subject, payload=payload))


@operation()
def end_deadline(
    *, tenant: str | int, by: Actor, now: datetime, deadline: UUID, state: DeadlineState
) -> Done[Deadline]:
    """A running deadline was kept, missed (from the day after it), or isn't needed any more (lifted).
    NotPossible("not running") for others."""
    found = Deadline.objects.select_for_update(of=("self",)).filter(id=deadline).first()
    if found is None or found.state != DeadlineState.RUNNING or found.due_on is None:
        raise NotPossible("not running")
    if state == DeadlineState.MISSED and acting_door().the_tenant.today(now) <= found.due_on:
        raise NotPossible("not running")
    found.state = state
    found.save(update_fields=["state"])
    payload = {"deadline": str(found.id), "rule": found.rule, "state": str(state)}
    return Done(found, DeadlineEnded(subject=found.subject_id, payload=payload))


@operation()
def queue_notices(
    *, tenant: str | int, by: Actor, now: datetime, subject: UUID, persons: list[UUID], kind: str
) -> Done[list[Notice]]:
    """Queue a notice without content to each person who is not protected: by e-mail; without an address by text
    message, where the tenant sends those (`sms_notices`); without either in the day's print batch
    (`printed_notices`)."""
    told = [(p, *_way(p)) for p in Person.objects.filter(id__in=persons, protection_level=0)]
    notices = Notice.objects.bulk_create(
        Notice(
            person=p,
            subject_id=subject,
            kind=kind,
            language=p.language,
            channel=channel,
            address=address,
            created_at=now,
            next_try_at=now,
        )
        for p, channel, address in told
        if channel != ""
    )
    return Done(
        notices,
        NoticesQueued(subject=subject, payload={"kind": kind, "notices": [str(n.id) for n in notices]}),
    )


def _way(person: Person) -> tuple[str | None, str]:
    """How a person is told: channel (None: e-mail, "": not at all) and address."""
    if person.email:
        return None, person.email
    if person.telephone and setting("sms_notices"):
        return NoticeChannel.SMS, person.telephone
    return (NoticeChannel.PRINT if setting("printed_notices") else ""), ""


@operation()
def record_print_batch(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    notices: list[UUID],
    manifest: dict[str, Any],
    file: StoredFile,
    listing: StoredFile,
) -> Done[PrintBatch]:
    """The day's pages are made: their file is kept, and each notice on them has left.

    NotPossible("printed already") if any of them has: then the file is swept away, and the rest is made anew.
    """
    found = list(
        Notice.objects.select_for_update()
        .filter(id__in=notices, state=NoticeState.WAITING, channel=NoticeChannel.PRINT)
        .order_by("id")
    )
    if by.kind != "system" or not notices or len(found) != len(notices):
        raise NotPossible("printed already")
    key = open_subject("print batch")
    documents = [
        record_document(
            tenant=tenant,
            by=by,
            now=now,
            subject=key,
            kind=kind,
            title=f"{manifest['made_on']}.{ending}",
            provenance=Provenance.SYSTEM,
            retention=RetentionClass.PERSONAL_FILE,
            file=kept,
        )
        for kind, ending, kept in (("print batch", "pdf", file), ("print manifest", "json", listing))
    ]
    batch = PrintBatch.objects.create(
        id=key, document=documents[0], listing=documents[1], manifest=manifest, notices=len(found), made_at=now
    )
    for notice in found:  # each in the chain of its own subject
        end_notice(tenant=tenant, by=by, now=now, notice=notice.id, sent=True)
    payload = {"notices": [str(n.id) for n in found], "document": str(file.key), "digest": file.digest}
    return Done(batch, NoticesPrinted(subject=key, payload=payload))


@operation()
def note_returned(*, tenant: str | int, by: Actor, now: datetime, batch: UUID, page: int) -> Done[Notice]:
    """A printed page of a batch came back by post: the notice is parked, so that somebody tells the person another way.

    NotPossible: ("no such page"), ("came back already"). Hidden for a batch that isn't given out to this registrar.
    """
    member = require_role(by, now, Role.REGISTRAR)
    found = PrintBatch.objects.filter(id=batch).first()
    if found is None or protection_printed([found])[found.id] > member.clearance:
        raise Hidden("print batch", batch)
    listed = {one["page"]: UUID(one["notice"]) for one in found.manifest["pages"]}
    if page not in listed:
        raise NotPossible("no such page")
    notice = Notice.objects.select_for_update(of=("self",)).get(id=listed[page])
    if notice.state != NoticeState.SENT:
        raise NotPossible("came back already")
    return _back(notice, "came back by post")


def _back(notice: Notice, trouble: str) -> Done[Notice]:
    notice.state, notice.trouble = NoticeState.PARKED, trouble
    notice.save(update_fields=["state", "trouble"])
    payload = {"notice": str(notice.id), "state": notice.state, "try": notice.attempts}
    return Done(notice, NoticeEnded(subject=notice.subject_id, payload=payload))


@operation()
def note_bounced(*, tenant: str | int, by: Actor, now: datetime, notice: UUID, trouble: str) -> Done[Notice]:
    """An e-mail or text message that had left didn't arrive, says who carried it (`trouble`: its code): the notice is
    parked, so that somebody tells the person another way.

    NotPossible("came back already"): or it never left. Hidden: for anybody but the system.
    """
    found = Notice.objects.select_for_update(of=("self",)).filter(id=notice).first()
    if found is None or by.kind != "system":
        raise Hidden("notice", notice)
    if found.state != NoticeState.SENT:
        raise NotPossible("came back already")
    return _back(found, f"came back: {trouble}"[:200])


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
    with planned_once() as cursor:
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
