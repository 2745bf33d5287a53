"""What arrives: taken in once, held against what it is about, answered by a receipt; what can't be read is set aside.

The rules for what comes twice, late or out of order:
- the same text again changes nothing: its row is there already; the same content under another seal is kept as again;
- another content under an id that came before is a conflict: the first stands, and the sender is told;
- what says something that no longer changes anything (a receipt after the answer, an answer to what is settled) is
  kept as late;
- what adds to a message that hasn't come yet waits for it, for half an hour, and for as long as that lies here;
- what is added once more before the answer changes nothing, and a person reads it;
- what corrects a message about which nothing was asked back is refused: that is recalled, and sent anew;
- what is said about a message in another kind, process or test than that one's is refused: nothing follows from it;
- a recall closes what waits for an answer; what was answered stays answered, and an answer that crosses the recall
  stands;
- a message that is older than fourteen days is refused: its sender counts it as expired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from handslag.domain.audit.models import Subject
from handslag.domain.audit.operations import Done, Event, insert_with_events, open_subject, operation
from handslag.domain.exchange.frame import LARGEST, Opened, Receipt, Unreadable, moment_of
from handslag.domain.exchange.models import Arrival, BusinessStep, Message, Outcome, PartnerKey
from handslag.domain.exchange.operations.outbox import (
    MessageGiven,
    by_itself,
    note_business,
    note_transport,
    said_by,
    send_receipt,
    wait_for,
    write_step,
)
from handslag.domain.exchange.permissions import READS_BROKEN, message_for_staff, who_hold
from handslag.domain.exchange.policies import EXPIRE_AFTER, WAITS_FOR_FIRST
from handslag.domain.exchange.queries import own_address, received, sent
from handslag.domain.exchange.states import (
    AWAITED,
    BEGINNING,
    BUSINESS_STEPS,
    ENDED,
    MOST_TRIES,
    STANDING,
    TRANSPORT_STEPS,
    Action,
    Business,
    Code,
    Direction,
    OutcomeState,
    Transport,
)
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.rows import note_written
from handslag.domain.tenancy.states import Role


class PartnerKeysNoted(Event):
    kind = "partner keys noted"


class MessageTakenIn(Event):
    """Something that wants to be looked at has arrived."""

    kind = "message taken in"


class MessageRecalled(Event):
    """Its sender no longer wants an answer."""

    kind = "message recalled"


class MessageReminded(Event):
    """Its sender still waits for an answer."""

    kind = "message reminded"


class ReplyTakenIn(Event):
    """Something was said about a message of ours: an answer, a question back, or that it can't be delivered."""

    kind = "reply taken in"


class AnsweredElsewhere(Event):
    """The same in the history of the case or person that it is about."""

    kind = "answered elsewhere"


class ArrivalSettled(Event):
    """What arrived has its outcome. `MessageTakenIn` alone says so of what begins something, at its first try."""

    kind = "arrival settled"


class MessageKept(Event):
    """Our copy of what was said about another message."""

    kind = "message kept"


class ReceiptTakenIn(Event):
    """What the receiver says of a message of ours."""

    kind = "receipt taken in"


class ArrivalTried(Event):
    """It couldn't be taken in; after three tries it is set aside. Or it waits for what it adds to."""

    kind = "arrival tried"


class MessageTakenUp(Event):
    kind = "message taken up"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where a message that begins something stands here: its kind's `receive` says so."""

    unit: UUID
    about: UUID | None = None
    person: UUID | None = None
    level: int = 0
    due_on: date | None = None


@dataclass(frozen=True)
class First:
    """What arrived and begins something, opened and placed. Nothing came under its id before."""

    found: Arrival
    opened: Opened
    placed: Placed


@operation()
def note_partner_keys(
    *, tenant: str | int, by: Actor, now: datetime, partner: str, keys: list[dict[str, Any]]
) -> Done[list[PartnerKey]]:
    """Note the public keys of a partner that aren't known yet. A key that was noted stays as it is."""
    if by.kind != "system":
        raise Hidden("partner")
    known = set(PartnerKey.objects.filter(partner=partner).values_list("key_id", flat=True))
    made = PartnerKey.objects.bulk_create(
        PartnerKey(partner=partner, noted_at=now, **key) for key in keys if key["key_id"] not in known
    )
    if not made:
        raise NotPossible("no new key")
    payload = {"partner": partner, "keys": [key.key_id for key in made]}
    return Done(made, PartnerKeysNoted(subject=open_subject("partner"), payload=payload))


@operation()
def take_in(
    *, tenant: str | int, by: Actor, now: datetime, arrival: UUID, opened: Opened, placed: Placed | None
) -> Done[Outcome]:
    """Take in what arrived, and send the receipt. `placed` for what begins something, None for everything else.

    What adds to a message that may still come is noted as waiting for it. NotPossible("settled") when it has its
    outcome already. Unreadable for what must be refused.
    """
    found, row = _begin(arrival, by, now)
    framed = opened.framed
    if before := _standing(found):
        return _after(before, found, row, opened, now)
    if opened.fault:  # nothing is said of a receipt: a person looks at it
        raise Unreadable(Code.CONTENT, opened.fault, final=framed.message != "receipt")
    if framed.message == "receipt":
        return _take_receipt(found, row, opened, now)
    if now - moment_of(framed.header.sent_at) >= EXPIRE_AFTER:
        return _refuse(found, row, Code.TOO_OLD, "older than fourteen days", now, opened)
    if framed.header.reference is None:
        if placed is None:
            raise Unreadable(Code.UNKNOWN_TYPE, "nobody knows where it belongs", final=True)
        return _take_first(found, row, opened, placed, now)
    if framed.reply is not None:
        return _take_reply(found, row, opened, now)
    return _take_addition(found, row, opened, now)


def begins(opened: Opened, now: datetime) -> bool:
    """Whether it begins something, and could be taken in with others: neither too old nor what can't be kept."""
    header, message = opened.framed.header, opened.framed.message
    if message == "receipt" or header.reference is not None or opened.fault:
        return False
    return now - moment_of(header.sent_at) < EXPIRE_AFTER


@operation(silent=True)
def take_in_together(*, tenant: str | int, by: Actor, now: datetime, firsts: list[First]) -> Done[int]:
    """Take in all of what `begins`, or nothing of it. For whoever called `alone_with_arrivals` before looking for
    them."""
    for first in firsts:
        take_in_first(tenant=tenant, by=by, now=now, first=first)
    return Done(len(firsts))


@operation()
def take_in_first(*, tenant: str | int, by: Actor, now: datetime, first: First) -> Done[Outcome]:
    """Take in one of them: every row that is written is inserted with the events."""
    found = first.found
    if by.kind != "system":
        raise Hidden("arrival", found.id)
    note_written(found)
    row = Outcome(id=found.id, sender=found.sender, message_id=found.message_id, version=0)
    return _take_first(found, row, first.opened, first.placed, now, with_events=True)


def _take_first(
    found: Arrival, row: Outcome, opened: Opened, placed: Placed, now: datetime, *, with_events: bool = False
) -> Done[Outcome]:
    message = _store(found, opened, placed, now, with_events=with_events)
    _end(row, OutcomeState.TAKEN, now, message, with_events=with_events)
    told = MessageTakenIn(subject=message.id, payload={"digest": message.digest, "from": message.partner})
    return Done(row, told) if row.version == 1 else Done(row, _settled(row), told)


def _take_reply(found: Arrival, row: Outcome, opened: Opened, now: datetime) -> Done[Outcome]:
    """What we asked is answered; when it is settled already, the answer is kept and changes nothing."""
    header, reply = opened.framed.header, opened.framed.reply
    assert reply is not None and header.reference is not None
    asked = sent(found.sender, header.reference, lock=True)
    never_left = (Transport.DRAFTED, Transport.SEALED, Transport.TAKEN_BACK)
    wrong = asked is None or asked.transport in never_left or asked.action not in BEGINNING
    if asked is None or wrong or (reply.of, reply.digest) != (header.reference, asked.digest):
        return _refuse(found, row, Code.UNKNOWN_REFERENCE, "answers what was never asked", now, opened)
    _belongs(asked, opened)
    message = _store(found, opened, _beside(asked, reply.until), now)
    kept = MessageKept(subject=message.id, payload={"digest": message.digest})
    state = Business(reply.state)
    if state not in BUSINESS_STEPS[asked.business]:
        _end(row, OutcomeState.LATE, now, message, code=asked.business)
        return Done(row, _settled(row), kept)
    note_business(asked, state, now, code=reply.code, by=found.sender, said=message, sealed=found.sealed)
    wait_for(asked, message, now)
    asked.save()
    _end(row, OutcomeState.TAKEN, now, message)
    told: list[Event] = [
        _settled(row),
        kept,
        ReplyTakenIn(subject=asked.id, payload={"state": state, "code": reply.code}),
    ]
    if asked.about_id is not None:
        told.append(AnsweredElsewhere(subject=asked.about_id, payload={"message": str(asked.id)}))
    return Done(row, *told)


def _take_addition(found: Arrival, row: Outcome, opened: Opened, now: datetime) -> Done[Outcome]:
    """The sender adds to what it asked, because we asked back; it recalls it; or it reminds us."""
    header = opened.framed.header
    assert header.reference is not None
    asked = received(found.sender, header.reference, lock=True)
    if asked is None and (row.next_at is None or now < row.next_at or _lies_here(found.sender, header.reference)):
        row.waits_for, row.next_at = UUID(header.reference), now + WAITS_FOR_FIRST
        _end(row, OutcomeState.TRYING, now, None)
        payload = {"try": row.attempts, "state": row.state, "reason": "waits for another", "from": found.sender}
        return Done(row, ArrivalTried(subject=_chain_of(row), payload=payload))
    if asked is None or asked.action not in BEGINNING:
        return _refuse(found, row, Code.UNKNOWN_REFERENCE, "adds to what never came", now, opened)
    _belongs(asked, opened)
    if (
        Action(header.action) == Action.CORRECTION
        and not BusinessStep.objects.filter(message=asked, state=Business.QUESTION).exists()
    ):
        why = "nothing was asked back: what was sent is recalled, and sent anew"
        return _refuse(found, row, Code.NOT_ASKED_BACK, why, now, opened)
    if Action(header.action) == Action.RECALL and by_itself(asked):
        why = "it is taken in by itself: tell what holds instead"
        return _refuse(found, row, Code.NOT_ASKED_BACK, why, now, opened)
    message = _store(found, opened, _beside(asked, asked.due_on), now)
    kept = MessageKept(subject=message.id, payload={"digest": message.digest})
    payload = {"digest": message.digest, "from": message.partner}
    reminder, state = message.action == Action.REMINDER, said_by(message.action)
    late = asked.business not in AWAITED if reminder else state not in BUSINESS_STEPS[asked.business]
    more = MessageTakenIn(subject=asked.id, payload=payload | {"adds": True})
    if late or (state == Business.IN_CHECK and not reminder and asked.business != Business.QUESTION):
        _end(row, OutcomeState.LATE, now, message, code=asked.business)
        unread = message.action == Action.CORRECTION and asked.business == Business.IN_CHECK
        return Done(row, _settled(row), kept, *([more] if unread else []))
    if not reminder:
        note_business(asked, state, now, by=found.sender, said=message, sealed=found.sealed)
        wait_for(asked, message, now)
        asked.save()
    _end(row, OutcomeState.TAKEN, now, message)
    if reminder:
        return Done(row, _settled(row), kept, MessageReminded(subject=asked.id, payload=payload))
    if state == Business.RECALLED:
        return Done(row, _settled(row), kept, MessageRecalled(subject=asked.id, payload=payload))
    return Done(row, _settled(row), kept, more)


def _take_receipt(found: Arrival, row: Outcome, opened: Opened, now: datetime) -> Done[Outcome]:
    """What the receiver says of our message's way, or that it looks at its matter."""
    try:
        report = msgspec.json.decode(opened.content, type=Receipt).report
    except msgspec.DecodeError as error:
        raise Unreadable(Code.CONTENT, str(error), final=False) from error
    message = sent(found.sender, report.of, lock=True)
    if message is None or message.digest != report.digest:
        _end(row, OutcomeState.LATE, now, None, code=Code.UNKNOWN_REFERENCE)
        return Done(row, _settled(row))
    told: Event = ReceiptTakenIn(subject=message.id, payload={"state": report.state})
    if report.machine == "business":
        late = report.state != "in check" or message.business != Business.NONE or message.handed_over_at is None
        if not late:
            note_business(message, Business.IN_CHECK, now, by=found.sender, sealed=found.sealed)
    else:
        state = Transport(report.state) if report.state in ("delivered", "rejected") else Transport.HANDED_OVER
        late = state not in TRANSPORT_STEPS[message.transport]
        if not late:
            if state == Transport.DELIVERED and message.code in Code.values:
                message.code = ""  # it counted as expired, or as refused on its way
            if state == Transport.REJECTED:
                message.code = report.code
                told = ReplyTakenIn(subject=message.id, payload={"state": "not delivered", "code": report.code})
            note_transport(message, state, now, code=report.code, by=found.sender, sealed=found.sealed)
    message.save()
    _end(row, OutcomeState.LATE if late else OutcomeState.TAKEN, now, message)
    return Done(row, _settled(row), told)


@operation()
def refuse_arrival(
    *, tenant: str | int, by: Actor, now: datetime, arrival: UUID, opened: Opened, code: str, reason: str
) -> Done[Outcome]:
    """It will never be taken in, and its sender is told why. Its seal held. NotPossible("settled") when it is done."""
    found, row = _begin(arrival, by, now)
    if before := _standing(found):
        return _after(before, found, row, opened, now)
    return _refuse(found, row, code, reason, now, opened)


@operation()
def record_trouble(*, tenant: str | int, by: Actor, now: datetime, arrival: UUID, reason: str) -> Done[Outcome]:
    """It couldn't be taken in: it is tried again, and set aside after the third try. NotPossible("settled")."""
    found, row = _begin(arrival, by, now)
    row.attempts += 1
    row.trouble, row.next_at = reason[:300], None
    ended = row.attempts >= MOST_TRIES
    _end(row, OutcomeState.QUARANTINED if ended else OutcomeState.TRYING, now, None)
    payload = {"try": row.attempts, "state": row.state, "reason": row.trouble, "from": found.sender}
    return Done(row, ArrivalTried(subject=_chain_of(row), payload=payload))


@operation()
def try_again(*, tenant: str | int, by: Actor, now: datetime, arrival: UUID, version: int) -> Done[Outcome]:
    """What was set aside is tried three times more. Conflict if somebody else was quicker."""
    require_role(by, now, *READS_BROKEN)
    row = Outcome.objects.select_for_update(of=("self",)).filter(id=arrival).first()
    if row is None:
        raise Hidden("arrival", arrival)
    if row.version != version or row.state != OutcomeState.QUARANTINED:
        raise Conflict("arrival", theirs=row.state)
    row.attempts, row.next_at = 0, None
    _end(row, OutcomeState.TRYING, now, None)
    payload = {"try": 0, "state": row.state, "reason": row.trouble, "from": row.sender}
    return Done(row, ArrivalTried(subject=row.id, payload=payload))


@operation()
def give_arrival(*, tenant: str | int, by: Actor, now: datetime, arrival: UUID, to: UUID) -> Done[Outcome]:
    """Let a colleague look at what couldn't be read. NotPossible("colleague") for anybody who doesn't see such."""
    require_role(by, now, *READS_BROKEN)
    row = Outcome.objects.filter(id=arrival, state=OutcomeState.QUARANTINED).first()
    if row is None:
        raise Hidden("arrival", arrival)
    if not who_hold(READS_BROKEN, now).filter(id=to).exists():
        raise NotPossible("colleague")
    return Done(row, MessageGiven(subject=row.id, payload={"to": str(to)}))


@operation()
def take_up(*, tenant: str | int, by: Actor, now: datetime, message: UUID, version: int) -> Done[Message]:
    """A person looks at what was asked: the asker is told that it is in check. Conflict if it has moved."""
    row, _member = message_for_staff(message, by, now, Role.CASEWORKER, lock=True)
    if row.version != version or row.direction != Direction.IN or row.business != Business.NONE:
        raise Conflict("message", theirs=row.business)
    sealed = send_receipt(
        to=row.partner,
        of=row.message_id,
        digest=row.digest,
        process=row.process,
        machine="business",
        state=Business.IN_CHECK,
        code=Code.DELIVERED,
        now=now,
        test=row.test,
    )
    note_business(row, Business.IN_CHECK, now, by=own_address(), sealed=sealed)
    row.save()
    return Done(row, MessageTakenUp(subject=row.id, payload={"message": str(row.message_id)}))


# -- parts --------------------------------------------------------------------------------------------------------


def _begin(arrival: UUID, by: Actor, now: datetime) -> tuple[Arrival, Outcome]:
    """The arrival and its outcome, which is made at the first try."""
    found = Arrival.objects.filter(id=arrival).first()
    if found is None or by.kind != "system":
        raise Hidden("arrival", arrival)
    alone_with_arrivals()
    row = Outcome.objects.select_for_update(of=("self",)).filter(id=arrival).first()
    if row is None:
        row = Outcome(id=arrival, sender=found.sender, message_id=found.message_id, version=0)
        note_written(found)  # the chain commits to what arrived, which is never changed
    if row.state in ENDED:
        raise NotPossible("settled")
    return found, row


def alone_with_arrivals() -> None:
    """Nobody else takes in anything of this organisation's before this transaction is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext('arrivals'))", [acting_door().the_tenant.id])


def _standing(found: Arrival) -> Arrival | None:
    """What came under the same id before, and whose seal held: what can't be read must not keep out what can."""
    others = Outcome.objects.filter(sender=found.sender, message_id=found.message_id, state__in=STANDING)
    return Arrival.objects.filter(id__in=others.exclude(id=found.id).values("id")).first()


def _lies_here(sender: str, message_id: str) -> bool:
    """Whether a message has arrived, and what becomes of it is open. Not one that waits for another itself."""
    looked_at = Outcome.objects.filter(Q(state__in=ENDED) | Q(waits_for__isnull=False), id=OuterRef("id"))
    return Arrival.objects.filter(~Exists(looked_at), sender=sender, message_id=message_id).exists()


def _belongs(asked: Message, opened: Opened) -> None:
    """Unreadable for what is said about a message in another kind of message, in another process, or as a test about
    what is none (and the other way round): nothing may follow from that."""
    framed = opened.framed
    if framed.message != asked.kind:
        raise Unreadable(Code.CONTENT, f"is about a message of the kind {asked.kind}", final=True)
    if framed.header.process != asked.process:
        raise Unreadable(Code.CONTENT, "header.process isn't that of the message that it is about", final=True)
    if framed.header.test != asked.test:
        raise Unreadable(Code.CONTENT, "header.test isn't that of the message that it is about", final=True)


def _after(before: Arrival, found: Arrival, row: Outcome, opened: Opened, now: datetime) -> Done[Outcome]:
    """What comes under an id that has its outcome: the same content sealed once more is nothing, another is refused."""
    if before.digest != opened.digest:
        return _refuse(found, row, Code.OTHER_CONTENT, "another content came under this id", now, opened)
    _end(row, OutcomeState.AGAIN, now, None)
    return Done(row, _settled(row))


def _end(
    row: Outcome,
    state: OutcomeState,
    now: datetime,
    message: Message | None,
    code: str = "",
    *,
    with_events: bool = False,
) -> None:
    row.state, row.at, row.code = state, now, code
    row.taken_id = message.id if message else None
    row.version += 1
    if with_events:
        insert_with_events(row)
    else:
        row.save()


def _settled(row: Outcome) -> ArrivalSettled:
    payload = {"state": str(row.state), "code": str(row.code), "reason": row.trouble}
    return ArrivalSettled(subject=_chain_of(row), payload=payload)


def _chain_of(row: Outcome) -> UUID:
    """The subject of what arrived, which is opened with the first event about it."""
    return row.id if Subject.objects.filter(id=row.id).exists() else open_subject("arrival", key=row.id)


def _refuse(found: Arrival, row: Outcome, code: str, reason: str, now: datetime, opened: Opened) -> Done[Outcome]:
    """Tell the sender of this content that it isn't taken; never of a receipt."""
    row.trouble = reason[:300]
    _end(row, OutcomeState.CONFLICT if code == Code.OTHER_CONTENT else OutcomeState.REFUSED, now, None, code=code)
    if opened.framed.message != "receipt":
        send_receipt(
            to=found.sender,
            of=found.message_id,
            digest=opened.digest,
            process=opened.framed.header.process,
            machine="transport",
            state=Transport.REJECTED,
            code=code,
            text=reason,
            test=opened.framed.header.test,
            now=now,
        )
    return Done(row, _settled(row))


def _store(found: Arrival, opened: Opened, placed: Placed, now: datetime, *, with_events: bool = False) -> Message:
    """Our copy of a message, delivered by the receipt that is sent with it."""
    if len(opened.content) > LARGEST:
        raise Unreadable(Code.TOO_LARGE, "larger than any message", final=True)
    header = opened.framed.header
    row = Message(
        id=open_subject("message", with_events=with_events),
        direction=Direction.IN,
        partner=found.sender,
        message_id=found.message_id,
        kind=opened.framed.message,
        action=Action(header.action),
        reference=UUID(header.reference) if header.reference else None,
        process=header.process,
        test=header.test,
        content=opened.content.decode(),
        digest=opened.digest,
        about_id=placed.about,
        person_id=placed.person,
        level=placed.level,
        unit_id=placed.unit,
        transport=Transport.DELIVERED,
        due_on=placed.due_on,
        created_at=now,
    )
    if with_events:
        insert_with_events(row)
    else:
        row.save(force_insert=True)
    sealed = send_receipt(
        to=found.sender,
        of=found.message_id,
        digest=opened.digest,
        process=header.process,
        machine="transport",
        state=Transport.DELIVERED,
        code=Code.DELIVERED,
        now=now,
        test=header.test,
    )
    write_step(row, 0, Transport.DELIVERED, now, code=Code.DELIVERED, sealed=sealed)
    return row


def _beside(asked: Message, due_on: date | None) -> Placed:
    return Placed(unit=asked.unit_id, about=asked.about_id, person=asked.person_id, level=asked.level, due_on=due_on)
