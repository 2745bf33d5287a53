"""Cases opened and closed, who moves into and out of their households, periods made ready."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from handslag.domain.audit.operations import Done, Event, looked_at, open_subject, operation
from handslag.domain.casefile.models import (
    AccessGrant,
    Case,
    CaseWarning,
    Message,
    Note,
    NoteDraft,
    Period,
    Transfer,
)
from handslag.domain.casefile.permissions import (
    CASE_ROLES,
    case_for_citizen,
    case_for_staff,
    household_for_staff,
    may_take_access,
)
from handslag.domain.casefile.policies import (
    LONGEST_ACCESS_REASON,
    LONGEST_MESSAGE,
    SHORTEST_ACCESS_REASON,
    is_urgent,
)
from handslag.domain.casefile.queries import Cause, access_taken, cause_of, has_relation, highest_protection
from handslag.domain.casefile.states import (
    AccessReason,
    CaseState,
    NoteKind,
    TransferBasis,
    WarningKind,
    WarningState,
)
from handslag.domain.exchange.operations.outbox import MessageSealed, NewMessage, seal
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.queries import name_of
from handslag.domain.exchange.states import Business, Direction
from handslag.domain.people.models import Membership, Person
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.people.permissions import CASE_SYSTEM, may_register, require_sight
from handslag.domain.people.policies import may_begin_on
from handslag.domain.people.queries import merges_held, person_by_identifier, person_by_number
from handslag.domain.people.states import HouseholdRole
from handslag.domain.tenancy.door import Actor, acting, acting_door, current_door
from handslag.domain.tenancy.operations import new_id, next_reference
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.rows import id_of_key
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.packs import law_of


class CaseOpened(Event):
    kind = "case opened"


class CaseClosed(Event):
    kind = "case closed"


class CaseReopened(Event):
    kind = "case reopened"


class MessageSent(Event):
    kind = "message sent"


class MessageAnswered(Event):
    kind = "message answered"


class MovedIn(Event):
    kind = "moved in"


class MovedOut(Event):
    kind = "moved out"


class NoteWritten(Event):
    kind = "note written"


class AccessTaken(Event):
    kind = "access taken"


class CaseTransferred(Event):
    """Another municipality is told of the case, because somebody moves there."""

    kind = "case transferred"


class CaseTakenOver(Event):
    """A case was opened from what another municipality told."""

    kind = "case taken over"


class WarningsReconciled(Event):
    kind = "warnings reconciled"


class WarningAcknowledged(Event):
    kind = "warning acknowledged"


@operation()
def open_case(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    applicant: UUID,
    co_applicant: UUID | None,
    household: UUID,
    unit: UUID,
    caseworker: UUID | None,
    opened_on: date,
    worked_in: str | None = None,
) -> Done[Case]:
    """Open a case of ekonomiskt bistånd for one or two adults of a household, or, by applying for the first time, for
    oneself alone. `worked_in`: the name of the case system that works it, where it isn't this one."""
    first = by.id == applicant and co_applicant is None and caseworker is None and worked_in is None
    may_register(by, now, own=first)
    adults = set(
        Membership.objects.filter(household_id=household, role="adult", until=None).values_list("person_id", flat=True)
    )
    if adults != {applicant, co_applicant} - {None}:
        raise NotPossible("adults of the household")
    if not Person.objects.filter(id=applicant).exists():
        raise Hidden("person", applicant)
    if Case.objects.filter(applicant_id__in=adults, state="open").exists():
        raise NotPossible("open case")
    case = Case.objects.create(
        id=open_subject("case"),
        number=next_reference("case", now),
        applicant_id=applicant,
        co_applicant_id=co_applicant,
        household_id=household,
        unit_id=unit,
        caseworker_id=caseworker,
        opened_on=opened_on,
        worked_in=worked_in,
        by_applicant=by.kind == "citizen",
        legal_order=law_of(acting_door().the_tenant.country).PACK,
    )
    return Done(case, CaseOpened(subject=case.id, payload={"number": case.number}))


@operation()
def close_case(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, version: int, closed_on: date, reason: str
) -> Done[Case]:
    """Close a case from `closed_on` on, for a reason in words. What is decided and planned stays as it is.

    Conflict if the case was changed since `version`; NotPossible("closed"), ("case reason"), ("day before opening").
    """
    found, _ = case_for_staff(case, by, now, Role.CASEWORKER, Role.DECIDER, lock=True)
    if found.state != CaseState.OPEN:
        raise NotPossible("closed")
    if found.version != version:
        raise Conflict("case", theirs=found.state)
    if not reason.strip():
        raise NotPossible("case reason")
    if closed_on < found.opened_on:
        raise NotPossible("day before opening")
    found.state, found.closed_on, found.closed_because = CaseState.CLOSED, closed_on, reason.strip()
    found.version += 1
    found.save(update_fields=["state", "closed_on", "closed_because", "version"])
    return Done(found, CaseClosed(subject=found.id, payload={"on": closed_on.isoformat(), "reason": reason.strip()}))


@operation()
def close_with_merge(*, tenant: str | int, by: Actor, now: datetime, case: UUID, merge: UUID) -> Done[Case]:
    """What follows from a confirmed merge: the open case of the record that leads on is closed, for the merge's reason,
    and she moves out of its household today. Hidden unless the merge holds and the case is that record's."""
    held = merges_held().filter(id=merge).first()
    found = Case.objects.select_for_update(of=("self",)).filter(id=case, state=CaseState.OPEN).first()
    if held is None or found is None or (found.applicant_id, found.co_applicant_id) != (held.gone_id, None):
        raise Hidden("case", case)
    today = acting_door().the_tenant.today(now)
    Membership.objects.filter(household_id=found.household_id, person_id=held.gone_id, until=None).update(until=today)
    found.state, found.closed_on, found.closed_because = CaseState.CLOSED, today, held.reason
    found.closed_by_merge_id = merge
    found.version += 1
    found.save(update_fields=["state", "closed_on", "closed_because", "closed_by_merge", "version"])
    payload = {"on": today.isoformat(), "reason": held.reason, "merge": str(merge)}
    return Done(found, CaseClosed(subject=found.id, payload=payload))


@operation()
def reopen_after_merge(*, tenant: str | int, by: Actor, now: datetime, case: UUID, merge: UUID) -> Done[Case]:
    """What follows from undoing a merge: the case that was closed with it is open again, and she lives in its household
    as before. Hidden while the merge holds, and for another case."""
    found = Case.objects.select_for_update(of=("self",)).filter(id=case, closed_by_merge_id=merge).first()
    if found is None or merges_held().filter(id=merge).exists():
        raise Hidden("case", case)
    home = Membership.objects.filter(household_id=found.household_id, person_id=found.applicant_id)
    home.filter(until=found.closed_on).update(until=None)
    found.state, found.closed_on, found.closed_because = CaseState.OPEN, None, None
    found.closed_by_merge_id = None
    found.version += 1
    found.save(update_fields=["state", "closed_on", "closed_because", "closed_by_merge", "version"])
    return Done(found, CaseReopened(subject=found.id, payload={"merge": str(merge)}))


@operation()
def let_go(*, tenant: str | int, by: Actor, now: datetime, case: UUID, reason: str) -> Done[Case]:
    """A case that another case system works is no longer followed as it stands here: it is closed, and its household
    ends today. What was applied for stays. NotPossible("changed today") for one that was opened today: its days
    can't end before they began."""
    found = Case.objects.select_for_update(of=("self",)).filter(id=case, state=CaseState.OPEN).first()
    if found is None or found.worked_in is None or by != CASE_SYSTEM:
        raise Hidden("case", case)
    today = acting_door().the_tenant.today(now)
    home = Membership.objects.filter(household_id=found.household_id, until=None)
    if home.filter(since__gte=today).exists():
        raise NotPossible("changed today")
    home.update(until=today)
    found.state, found.closed_on, found.closed_because = CaseState.CLOSED, today, reason
    found.version += 1
    found.save(update_fields=["state", "closed_on", "closed_because", "version"])
    return Done(found, CaseClosed(subject=found.id, payload={"on": today.isoformat(), "reason": reason}))


@operation()
def send_message(*, tenant: str | int, by: Actor, now: datetime, case: UUID, message: UUID, text: str) -> Done[Message]:
    """A citizen writes to the office, about anything and at any time, also in a closed case.

    `message` is the key that her page named. NotPossible("empty message"), ("long message"), ("sent already") where
    the key stands for the same text, ("other message") where it stands for another.
    """
    found = case_for_citizen(case, by)
    assert by.id is not None
    row = _message(message, text, case=found, person=by.id, member=None, through=by.through, now=now)
    payload = {
        "message": str(row.id),
        "urgent": row.urgent,
        "caseworker": str(found.caseworker_id) if found.caseworker_id else None,
    }
    return Done(row, MessageSent(subject=found.id, payload=payload))


@operation()
def answer_message(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    person: UUID,
    message: UUID,
    text: str,
    seen: int | None = None,
) -> Done[Message]:
    """The office writes to one adult of a case. `seen`: how many messages of hers the page showed.

    Refusals as for `send_message`, NotPossible("said more") where she has written since: an answer ends what waits for
    one, so that is read first. Hidden if she is none of the case's adults.
    """
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, Role.DECIDER, lock=True)
    if person not in found.adults:
        raise Hidden("person", person)
    hers = Message.objects.filter(case=found, person_id=person, member=None)
    if seen is not None and hers.count() > seen and not Message.objects.filter(id=id_of_key(message)).exists():
        raise NotPossible("said more")
    row = _message(message, text, case=found, person=person, member=member.id, now=now)
    payload = {"message": str(row.id), "person": str(person)}
    return Done(row, MessageAnswered(subject=found.id, payload=payload))


def _message(
    key: UUID, text: str, *, case: Case, person: UUID, member: UUID | None, now: datetime, through: UUID | None = None
) -> Message:
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise NotPossible("empty message")
    if len(said) > LONGEST_MESSAGE:
        raise NotPossible("long message")
    own = id_of_key(key)
    before = Message.objects.filter(id=own).first()
    if before is not None:
        same = (before.case_id, before.person_id, before.member_id, before.text) == (case.id, person, member, said)
        raise NotPossible("sent already" if same else "other message")
    urgent = member is None and is_urgent(said)
    return Message.objects.create(
        id=own,
        case=case,
        person_id=person,
        member_id=member,
        representative_id=through,
        text=said,
        urgent=urgent,
        sent_at=now,
    )


@operation()
def move_in(
    *, tenant: str | int, by: Actor, now: datetime, household: UUID, person: UUID, role: str, since: date
) -> Done[Membership]:
    """A person belongs to the household from `since` on.

    NotPossible("in a household already") on one of those days, ("one or two adults") where she would be the third,
    ("far day").
    """
    may_begin_on(since, now)
    home, member = household_for_staff(household, by, now)
    found = Person.objects.select_for_update().filter(id=person).first()
    if found is None:
        raise Hidden("person", person)
    require_sight(member, found)
    if Membership.objects.filter(person=found).exclude(until__lte=since).exists():
        raise NotPossible("in a household already")
    adults = Membership.objects.filter(household=home, role=HouseholdRole.ADULT).exclude(until__lte=since)
    if role == HouseholdRole.ADULT and adults.count() >= 2:
        raise NotPossible("one or two adults")
    row = Membership.objects.create(household=home, person=found, role=HouseholdRole(role), since=since)
    return Done(
        row, MovedIn(subject=home.id, payload={"person": str(found.id), "role": role, "since": since.isoformat()})
    )


@operation()
def move_out(
    *, tenant: str | int, by: Actor, now: datetime, household: UUID, person: UUID, until: date
) -> Done[Membership]:
    """A person belongs to the household until before `until`.

    NotPossible("applies") for an adult who applies in an open case of it (that case is closed first),
    ("day before moving in"), ("far day"); Hidden if she isn't in the household.
    """
    may_begin_on(until, now)
    home, _ = household_for_staff(household, by, now)
    row = Membership.objects.select_for_update().filter(household=home, person_id=person, until=None).first()
    if row is None:
        raise Hidden("person", person)
    applies = Q(applicant_id=person) | Q(co_applicant_id=person)
    if Case.objects.filter(applies, household=home, state=CaseState.OPEN).exists():
        raise NotPossible("applies")
    if until <= row.since:
        raise NotPossible("day before moving in")
    row.until = until
    row.save(update_fields=["until"])
    return Done(row, MovedOut(subject=home.id, payload={"person": str(person), "until": until.isoformat()}))


def period_of(case: Case, month: Month) -> Period:
    """The period of a case for a calendar month, made if it isn't there (inside an operation)."""
    period, _ = Period.objects.get_or_create(case=case, since=month.since, until=month.until)
    return period


def keep_warnings(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    period: UUID,
    kinds: Collection[WarningKind],
    causes: Iterable[Cause],
) -> None:
    """The entry point of every check (`checks.py` of the chapter that owns the causes): let the warnings of these
    `kinds` on a period be those whose `causes` are there now. Writes nothing when they are already.

    Call it from a reaction whenever the causes may have changed, with all causes of all `kinds` that the check owns;
    warnings of other kinds are left alone. A cause is the kind with what it is about, whose, and both amounts: when
    one of them changes that is another cause, hence a new warning.
    """
    wanted = set(causes)
    assert all(cause.kind in kinds for cause in wanted)
    door = current_door()
    with acting(tenant, by, door.purpose if door is not None else "keep_warnings"):
        there = {cause_of(row): row for row in CaseWarning.objects.filter(period_id=period, kind__in=list(kinds))}
        standing = {cause for cause, row in there.items() if row.state != WarningState.CLOSED}
        if standing - wanted or wanted - set(there):
            reconcile_warnings(tenant=tenant, by=by, now=now, period=period, kinds=kinds, causes=wanted)


@operation()
def reconcile_warnings(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    period: UUID,
    kinds: Collection[WarningKind],
    causes: Collection[Cause],
) -> Done[list[CaseWarning]]:
    """Open a warning for each cause that never had one, close those whose cause has gone (acknowledged or not), and
    leave the others as they are: what a person acknowledged stays so, and what was closed is never opened again.

    Call `keep_warnings`, which calls this only where something moves.
    """
    found = Period.objects.select_related("case").select_for_update(of=("self",)).filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    there = {cause_of(row): row for row in CaseWarning.objects.filter(period=found, kind__in=list(kinds))}
    closed = [row for cause, row in there.items() if cause not in causes and row.state != WarningState.CLOSED]
    for row in closed:
        row.state, row.closed_at = WarningState.CLOSED, now
        row.save(update_fields=["state", "closed_at"])
    opened = CaseWarning.objects.bulk_create(
        CaseWarning(
            case=found.case,
            period=found,
            kind=cause.kind,
            about=cause.about,
            person=cause.person,
            amount=cause.amount,
            amount_before=cause.amount_before,
            found_at=now,
        )
        for cause in sorted(set(causes) - set(there))
    )
    told = {"opened": [row.kind for row in opened], "closed": [row.kind for row in closed]}
    return Done(opened, WarningsReconciled(subject=found.case_id, payload={"period": str(found.id), **told}))


@operation()
def acknowledge_warning(*, tenant: str | int, by: Actor, now: datetime, warning: UUID) -> Done[CaseWarning]:
    """A caseworker has looked at it. Conflict if a colleague has already, or if its cause has gone."""
    found = CaseWarning.objects.select_for_update(of=("self",)).filter(id=warning).first()
    if found is None:
        raise Hidden("warning", warning)
    case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER)
    if found.state != WarningState.OPEN:
        raise Conflict("warning", theirs=found.state)
    found.state, found.acknowledged_by_id, found.acknowledged_at = WarningState.ACKNOWLEDGED, member.id, now
    found.save(update_fields=["state", "acknowledged_by", "acknowledged_at"])
    return Done(
        found, WarningAcknowledged(subject=case.id, payload={"warning": str(found.id), "kind": str(found.kind)})
    )


@operation()
def go_on_without(
    *, tenant: str | int, by: Actor, now: datetime, period: UUID, warnings: Collection[UUID], reason: str
) -> Done[list[CaseWarning]]:
    """A caseworker has checked in another way what authorities didn't answer, or says why it can wait: those of the
    named warnings whose cause is still there are acknowledged with her reason. They go on being asked.

    NotPossible("no answer chosen"), ("no reason"), ("long reason"); Conflict where none of them waits any more.
    """
    found = Period.objects.filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER)
    why = reason.strip()
    if not warnings:
        raise NotPossible("no answer chosen")
    if not why:
        raise NotPossible("no reason")
    if len(why) > LONGEST_REASON:
        raise NotPossible("long reason")
    waiting = CaseWarning.objects.select_for_update(of=("self",)).filter(
        period=found, id__in=warnings, kind=WarningKind.MISSING_SSBTEK, state=WarningState.OPEN
    )
    seen = list(waiting.order_by("id"))
    for row in seen:
        row.state, row.acknowledged_by_id, row.acknowledged_at = WarningState.ACKNOWLEDGED, member.id, now
        row.reason = why
        row.save(update_fields=["state", "acknowledged_by", "acknowledged_at", "reason"])
    if not seen:
        raise Conflict("warning", theirs=WarningState.CLOSED)
    events = [
        WarningAcknowledged(subject=case.id, payload={"warning": str(row.id), "kind": str(row.kind)}) for row in seen
    ]
    return Done(seen, *events)


#: Characters of a reason for going on without an answer.
LONGEST_REASON = 300
#: Characters of a note.
LONGEST_NOTE = 10_000


@operation()
def write_note(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    kind: str,
    text: str,
    at: datetime | None = None,
    adds_to: UUID | None = None,
    key: UUID | None = None,
) -> Done[Note]:
    """Note something in a case: done, it is never changed; `adds_to` names the note that this one adds to.

    `key`: of the form; SentAlready the second time.
    NotPossible("note text") for nothing or too much, ("note time") for a call or an appointment without its moment.
    """
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR, lock=True)
    row_id = new_id(Note, key)
    text = text.strip()
    if not text or len(text) > LONGEST_NOTE:
        raise NotPossible("note text")
    if (kind == NoteKind.NOTE) != (at is None):
        raise NotPossible("note time")
    if adds_to is not None and not Note.objects.filter(id=adds_to, case=found).exists():
        raise Hidden("note", adds_to)
    note = Note.objects.create(
        id=row_id,
        case=found,
        kind=NoteKind(kind),
        text=text,
        at=at,
        adds_to_id=adds_to,
        written_by_id=member.id,
        written_at=now,
    )
    NoteDraft.objects.filter(case=found, member_id=member.id).update(form={}, saved_at=now)
    return Done(note, NoteWritten(subject=found.id, payload={"note": str(note.id), "kind": note.kind}))


@operation(silent=True)
def keep_note_draft(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, form: dict[str, str]
) -> Done[NoteDraft]:
    """Keep what the member acting is writing in a case, as typed."""
    found, member = case_for_staff(case, by, now)
    draft, _ = NoteDraft.objects.get_or_create(
        case=found, member_id=member.id, defaults={"form": form, "saved_at": now}
    )
    draft.form, draft.saved_at = form, now
    draft.save(update_fields=["form", "saved_at"])
    return Done(draft)


@operation()
def take_access(
    *, tenant: str | int, by: Actor, now: datetime, number: str, reason: str, text: str
) -> Done[AccessGrant]:
    """Open a case that one has no relation to: by its number or the number of one of its adults, with a reason.

    It lets her do what her roles allow in cases of her own unit, until the organisation's next midnight; the case's
    caseworker gets a task. Nobody gets past a protection level, nor into a case with a higher one than the setting
    `self_access_level` names. NotPossible("access reason"), ("access text") for
    less than ten characters, ("no such case") where there is none that she may open (tried with that number or not:
    the refusal is in the read log), ("related") where she needs none.
    """
    member = require_role(by, now, *CASE_ROLES)
    if reason not in AccessReason.values:
        raise NotPossible("access reason")
    if not SHORTEST_ACCESS_REASON <= len(text.strip()) <= LONGEST_ACCESS_REASON:
        raise NotPossible("access text")
    cases = Case.objects.select_related("applicant", "co_applicant")
    found = cases.filter(number=number.strip().upper()).first()
    if found is None and (person := person_by_number(number, member)) is not None:
        found = cases.filter(Q(applicant=person) | Q(co_applicant=person)).order_by("-state", "-opened_on").first()
    adults = [p for p in (found.applicant, found.co_applicant) if p is not None] if found else []
    organisation = acting_door().the_tenant
    today = organisation.today(now)
    hidden = found is None or any(p.protection_level > member.clearance for p in adults)
    if found is not None and not hidden and has_relation(found, member):
        raise NotPossible("related", case=found.id)
    if found is None or hidden or not may_take_access(highest_protection(found, today)):
        looked_at("case", found.id if found else None, outcome="refused")
        raise NotPossible("no such case")
    if access_taken(found.id, member, now):
        raise NotPossible("related", case=found.id)
    midnight = datetime.combine(today + timedelta(days=1), time(0), ZoneInfo(organisation.zone)).astimezone(UTC)
    grant = AccessGrant.objects.create(
        case=found, member_id=member.id, reason=reason, text=text.strip(), since=now, until=midnight
    )
    payload = {"grant": str(grant.id), "why": reason, "reason": grant.text, "until": midnight.isoformat()}
    return Done(grant, AccessTaken(subject=found.id, payload=payload))


#: Kinds of organisation that a case goes to when somebody moves.
MOVES_TO = "municipality:"


@operation()
def transfer_case(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    new: NewMessage,
    moves_on: date,
    basis: str,
    ground: str,
    consented_on: date | None,
    items: list[list[str]],
) -> Done[Transfer]:
    """Tell another municipality of a case because an adult of it moves there: `new` is the message, `items` the kind of
    each thing that it tells (with the month of a decision, or who moves along), for the person to see. It leaves in
    ten seconds.

    NotPossible("transfer ground") for a basis that the organisation doesn't tell on (setting `case_transfer_grounds`),
    ("consent day") for a consent to come, ("no such partner") for anybody but a municipality; as `seal_message`.
    """
    found, _member = case_for_staff(case, by, now, Role.CASEWORKER)
    if new.about != found.id or new.person not in found.adults or new.person is None:
        raise Hidden("person", new.person)
    if basis not in setting("case_transfer_grounds"):
        raise NotPossible("transfer ground")
    if consented_on is not None and consented_on > acting_door().the_tenant.today(now):
        raise NotPossible("consent day")
    if not new.recipient.startswith(MOVES_TO):
        raise NotPossible("no such partner")
    message = seal(tenant, by, now, new)
    row = Transfer.objects.create(
        id=message.id,
        case=found,
        person_id=new.person,
        to=name_of(new.recipient)[:200],
        moves_on=moves_on,
        basis=TransferBasis(basis),
        ground=ground,
        consented_on=consented_on,
        items=items,
        written_at=now,
    )
    return Done(
        row,
        CaseTransferred(subject=found.id, payload={"message": str(message.id), "to": new.recipient, "basis": basis}),
        MessageSealed(subject=message.id, payload={"message": str(message.id), "digest": message.digest}),
    )


@operation()
def take_over_case(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    message: UUID,
    version: int,
    people: list[tuple[NewPerson, str]],
    since: date,
    unit: UUID,
    caseworker: UUID | None,
) -> Done[Case]:
    """A registrar makes a case of what another municipality told and was accepted here: whoever isn't registered is,
    `people` (with their role, the applicant first) are one household from `since` on, and their case is opened.
    Whoever is registered already stays as she is.

    Conflict if the message has moved, or somebody took it over before; NotPossible("not here") for somebody above her
    clearance, and as `register_person`, `form_household`, `open_case`.
    """
    row, member = message_for_staff(message, by, now, Role.REGISTRAR, lock=True)
    taken = row.direction == Direction.IN and row.business in (Business.ACCEPTED, Business.CHANGED)
    if row.version != version or row.about_id is not None or row.test or not taken:
        raise Conflict("message", theirs=row.business)
    keys: list[tuple[UUID, str]] = []
    for new, role in people:
        known = person_by_identifier(new.identifier_type, new.identifier)
        if known is not None and known.protection_level > member.clearance:
            raise NotPossible("not here")
        key = known.id if known else register_person(tenant=tenant, by=by, now=now, new=new).id
        keys.append((key, role))
    household = form_household(tenant=tenant, by=by, now=now, members=keys, since=since)
    adults = [key for key, role in keys if role == HouseholdRole.ADULT]
    case = open_case(
        tenant=tenant,
        by=by,
        now=now,
        applicant=adults[0],
        co_applicant=adults[1] if len(adults) > 1 else None,
        household=household.id,
        unit=unit,
        caseworker=caseworker,
        opened_on=since,
    )
    row.about_id, row.person_id, row.unit_id = case.id, adults[0], unit
    row.version += 1
    row.save()
    return Done(case, CaseTakenOver(subject=case.id, payload={"message": str(row.id), "from": row.partner}))
