"""What leaves: sealed, taken back or handed over, answered for by receipts; watched until it has arrived."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.audit.operations import Done, Event, insert_with_events, open_subject, operation
from handslag.domain.exchange.frame import (
    LARGEST,
    Awaiting,
    Framed,
    Header,
    Report,
    digest_of,
    moment,
    software,
)
from handslag.domain.exchange.models import BusinessStep, Envelope, Message, TransportStep
from handslag.domain.exchange.permissions import may_be_given, message_for_staff
from handslag.domain.exchange.policies import (
    EXPIRE_AFTER,
    NEVER_LEAVES,
    TAKE_BACK,
    WARN_AFTER,
    most_protected,
    tells_address,
)
from handslag.domain.exchange.queries import first_of, may_send_again, overdue, own_address, partners, received, sent
from handslag.domain.exchange.states import (
    BEGINNING,
    BUSINESS_STEPS,
    BY_ITSELF,
    SPOKEN_OF,
    TRANSPORT_STEPS,
    Action,
    Business,
    Code,
    Direction,
    Transport,
)
from handslag.domain.people.models import Identifier, Person
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.keys import sign, sign_content
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.kernel.ids import uuid7


class MessageSealed(Event):
    """Its content is fixed. For ten seconds it can be taken back."""

    kind = "message sealed"


class AskedElsewhere(Event):
    """Another organisation is asked about a case or person: told in that one's own history."""

    kind = "asked elsewhere"


class MessageTakenBack(Event):
    kind = "message taken back"


class MessageHandedOver(Event):
    kind = "message handed over"


class MessageUncollected(Event):
    """Three days without a receipt."""

    kind = "message uncollected"


class MessageExpired(Event):
    """Fourteen days without a receipt."""

    kind = "message expired"


class MessageSentAgain(Event):
    """What didn't arrive is said again, by a message of its own."""

    kind = "message sent again"


class MessageOverdue(Event):
    """The day by which an answer was needed is over, and there is none."""

    kind = "message overdue"


class MessageGiven(Event):
    """A colleague shall look at a message, or at what couldn't be read."""

    kind = "message given"


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """A message to be sealed: its kind's own `body`, and where it stands here."""

    id: UUID
    kind: str
    action: Action
    recipient: str
    body: dict[str, Any]
    unit: UUID
    about: UUID | None = None
    person: UUID | None = None
    level: int = 0
    reference: UUID | None = None
    process: str = ""
    our_case: str | None = None
    response_expected: bool = False
    closed: bool = False
    test: bool = False
    due_on: date | None = None
    assessed: str = ""
    instead_of: UUID | None = None
    version: int = 1
    places: dict[str, str] = field(default_factory=dict)


def header_of(
    *,
    recipient: str,
    key: UUID,
    now: datetime,
    action: str,
    process: str,
    reference: UUID | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The header of a message of ours, as it is written."""
    header = Header(
        sender=own_address(),
        recipient=recipient,
        id=str(key),
        reference=str(reference) if reference else None,
        process=process,
        software=software(),
        sent_at=moment(now),
        action=action,  # type: ignore[arg-type]
        **more,
    )
    return {name: value for name, value in msgspec.to_builtins(header).items() if value is not None}


def seal(tenant: str | int, by: Actor, now: datetime, new: NewMessage) -> Message:
    """Fix the content of a message; the operations below and those of its kind call it."""
    if new.recipient not in partners():
        raise NotPossible("no such partner")
    if new.action == Action.RECALL and new.reference is not None:
        recalled = sent(new.recipient, new.reference)
        if recalled is not None and by_itself(recalled):
            raise NotPossible("out of turn")
    process = new.process or f"handslag:{new.id}"
    header = header_of(
        recipient=new.recipient,
        key=new.id,
        now=now,
        action=new.action.value,
        process=process,
        reference=new.reference,
        our_case=new.our_case,
        test=new.test,
        response_expected=new.response_expected,
        closed=new.closed,
    )
    content = canonical.dumps({"message": new.kind, "version": new.version, "header": header, **new.body})
    if len(content) > LARGEST:
        raise NotPossible("files too large")  # the other side wouldn't even look at it
    today = acting_door().the_tenant.today(now)
    beside = _beside(new.places)
    if new.person is not None and says_words(new.body) and most_protected(new.person, today, *beside) >= NEVER_LEAVES:
        raise NotPossible("protected exchange")  # that it isn't answered, and by which code, may be said
    if new.person is not None and tells_address(new.body, new.person, today, *beside):
        raise NotPossible("protected address")
    known = Message.objects.filter(direction=Direction.OUT, partner=new.recipient, message_id=new.id).first()
    if known is not None:
        raise NotPossible("sent already", message=known.id)
    row = Message.objects.create(
        id=open_subject("message"),
        direction=Direction.OUT,
        partner=new.recipient,
        message_id=new.id,
        kind=new.kind,
        action=new.action,
        reference=new.reference,
        process=process,
        test=new.test,
        content=content.decode(),
        digest=digest_of(content),
        about_id=new.about,
        person_id=new.person,
        level=new.level,
        unit_id=new.unit,
        assessed=new.assessed,
        instead_of_id=new.instead_of,
        places=new.places,
        transport=Transport.SEALED,
        due_on=new.due_on,
        created_at=now,
    )
    for place, state in enumerate((Transport.DRAFTED, Transport.SEALED)):
        write_step(row, place, state, now)
    return row


@operation()
def seal_message(*, tenant: str | int, by: Actor, now: datetime, new: NewMessage) -> Done[Message]:
    """Fix the content of a message: it leaves in ten seconds, unless it is taken back.

    NotPossible("no such partner"), ("sent already") for an id that was used before, ("files too
    large") for more than a message may have, ("protected exchange") for words about a household with protected
    registration: only a code may be answered about it; ("protected address") for its address where one is protected.
    """
    if by.kind != "staff":
        raise Hidden("message")
    row = seal(tenant, by, now, new)
    told: list[Event] = [MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest})]
    if new.about is not None and new.reference is None:
        told.append(AskedElsewhere(subject=new.about, payload={"message": str(row.id)}))
    return Done(row, *told)


@operation()
def send_again(
    *, tenant: str | int, by: Actor, now: datetime, message: UUID, version: int, new: NewMessage
) -> Done[Message]:
    """Say once more what didn't arrive: `new` is a message of its own, as the id of the first has its outcome. It can
    be taken back like any other. Conflict where it arrived since, or somebody else was quicker."""
    first, _member = message_for_staff(message, by, now, Role.CASEWORKER, lock=True)
    if first.version != version or not may_send_again(first):
        raise Conflict("message", theirs=first.transport)
    first.version += 1
    first.save()
    row = seal(tenant, by, now, replace(new, instead_of=first.id))
    return Done(
        row,
        MessageSentAgain(subject=first.id, payload={"message": str(row.id)}),
        MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest}),
    )


@operation()
def give_message(*, tenant: str | int, by: Actor, now: datetime, message: UUID, to: UUID) -> Done[Message]:
    """Let a colleague of the unit look at a message. NotPossible("colleague") for anybody who may not see it."""
    row, _member = message_for_staff(message, by, now)
    if not may_be_given(row, now).filter(id=to).exists():
        raise NotPossible("colleague")
    return Done(row, MessageGiven(subject=row.id, payload={"to": str(to)}))


@operation()
def take_back(*, tenant: str | int, by: Actor, now: datetime, message: UUID, version: int) -> Done[Message]:
    """It never leaves. Conflict when it has left, or somebody else was quicker. NotPossible("too late to take back")
    from the moment on in which it may leave, ("out of turn") for what is told and answered by itself."""
    row, _member = message_for_staff(message, by, now, lock=True)
    if row.version != version or row.transport != Transport.SEALED:
        raise Conflict("message", theirs=row.transport)
    if now >= row.created_at + TAKE_BACK:
        raise NotPossible("too late to take back")
    first = first_of(row)
    if first is not None and by_itself(first):
        raise NotPossible("out of turn")
    note_transport(row, Transport.TAKEN_BACK, now)
    row.save()
    return Done(row, MessageTakenBack(subject=row.id, payload={"why": ""}))


@operation()
def hand_over(*, tenant: str | int, by: Actor, now: datetime, message: UUID) -> Done[Message]:
    """Let the courier read it, once it can't be taken back any more. Somebody in the household, or whom it names, who
    became protected since keeps it here, if it says more than codes; so does that it would say what nobody waits for
    any more. An answer settles what it answers in this moment, a recall what it recalls.

    NotPossible("not yet") before, or when it is on its way already.
    """
    row = Message.objects.select_for_update(of=("self",)).filter(id=message).first()
    if row is None or by.kind != "system":
        raise Hidden("message", message)
    if row.transport != Transport.SEALED or now < row.created_at + TAKE_BACK:
        raise NotPossible("not yet")
    today = acting_door().the_tenant.today(now)
    level = most_protected(row.person_id, today, *_beside(row.places)) if row.person_id is not None else 0
    protected = level > row.level and not only_codes(canonical_of(row))
    protected = protected or (level >= NEVER_LEAVES and says_words(canonical_of(row))) or _tells_protected(row, today)
    settles = _settles(row)
    if settles and row.instead_of_id and settles[0].business == settles[1]:
        settles = None  # the message that this one says again has settled it
    unasked = settles and row.action == Action.CORRECTION and settles[0].business != Business.QUESTION
    if protected or unasked or (settles and settles[1] not in BUSINESS_STEPS[settles[0].business]):
        row.code = "protected" if protected else "overtaken"
        note_transport(row, Transport.TAKEN_BACK, now, code=row.code)
        row.save()
        return Done(row, MessageTakenBack(subject=row.id, payload={"why": row.code}))
    content = canonical_of(row)
    _key_id, sealed = sign(content)
    Envelope.objects.create(
        recipient=row.partner, message_id=row.message_id, digest=row.digest, sealed=sealed, handed_over_at=now
    )
    row.handed_over_at = now
    note_transport(row, Transport.HANDED_OVER, now)
    row.save()
    if settles:
        asked, state, code = settles
        note_business(asked, state, now, code=code, by=own_address(), said=row, sealed=sealed)
        wait_for(asked, row, now)
        asked.save()
    payload = {"digest": row.digest, "to": row.partner, "settles": str(settles[0].id) if settles else None}
    return Done(row, MessageHandedOver(subject=row.id, payload=payload))


def _beside(places: Mapping[str, str]) -> list[UUID]:
    """Whom a message about several people is about besides the first; a line that stands there finds nobody."""
    return [UUID(key) for key in places.values() if _KEY.fullmatch(key)]


_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def says_words(content: Any) -> bool:
    """Whether a message says more than codes: words (a dash is none), or a document."""
    parts: list[Any] = [content]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if part.get("file") or (isinstance(text := part.get("text"), str) and re.search(r"\w", text)):
                return True
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    return False


def only_codes(content: Any) -> bool:
    """Whether a message says nothing but which one it is about, and codes: a recall or reminder without words, an
    answer that only takes over or says by a code why not. It may be said whoever is protected by now."""
    told = [{name for name, said in one.items() if said} for one in content.get("answers", [])]
    return "asked" not in content and not says_words(content) and all(one <= {"number", "reason"} for one in told)


def _tells_protected(row: Message, today: date) -> bool:
    """Whether a message tells an address of her household that is protected by now, or names somebody by a number who
    is protected more than it was when it was sealed."""
    numbers: set[str] = set()
    content = canonical_of(row)
    parts: list[Any] = [content]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if isinstance(number := part.get("identifier"), str):
                numbers.add(number)
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    if row.person_id is not None and tells_address(content, row.person_id, today, *_beside(row.places)):
        return True
    named = Identifier.objects.filter(value__in=numbers).values("person_id")
    return bool(numbers) and Person.objects.filter(id__in=named, protection_level__gt=row.level).exists()


def _settles(row: Message) -> tuple[Message, Business, str] | None:
    """What this message makes of the one that it is about, and why, once it leaves: an answer of what we were asked, an
    addition to what we asked, or its recall. A reminder makes nothing of it."""
    if row.reference is None or row.action == Action.REMINDER:
        return None
    framed = msgspec.json.decode(row.content.encode(), type=Framed)
    if framed.reply is not None:
        asked = received(row.partner, row.reference, lock=True)
        state, code = Business(framed.reply.state), framed.reply.code
    else:
        asked = sent(row.partner, row.reference, lock=True)
        state, code = said_by(row.action), ""
    if asked is None:
        raise NotPossible("nothing asked")
    return asked, state, code


def wait_for(asked: Message, said: Message, now: datetime) -> None:
    """Until when the next word about what was asked is waited for, after `said`: a question back names its day; where
    that was answered, the answer is due as before. When a day to come is over a person is told anew."""
    if asked.business == Business.QUESTION:
        reply = msgspec.json.decode(said.content.encode(), type=Framed).reply
        asked.due_on = reply.until if reply else None
    elif asked.business == Business.IN_CHECK:
        asked.due_on = msgspec.json.decode(asked.content.encode(), type=Awaiting).asked.answer_by
    else:
        return
    if asked.due_on is None or asked.due_on >= acting_door().the_tenant.today(now):
        asked.overdue_at = None


def by_itself(first: Message) -> bool:
    """Whether this is taken in by itself, since no person answers it by a day, and what follows from it here has
    followed. So it isn't taken back or recalled, nor is its answer: what holds instead is told."""
    whole = first.kind in BY_ITSELF and first.action in BEGINNING
    return whole and not (canonical_of(first).get("asked") or {}).get("answer_by")


def said_by(action: str) -> Business:
    """What becomes of a matter by what its sender adds: recalled, or in check again."""
    return Business.RECALLED if action == Action.RECALL else Business.IN_CHECK


@operation()
def note_uncollected(*, tenant: str | int, by: Actor, now: datetime, message: UUID) -> Done[Message]:
    """Three days after it was handed over there is no receipt: a person is told, once. NotPossible otherwise."""
    row = Message.objects.select_for_update(of=("self",)).filter(id=message).first()
    if row is None or by.kind != "system":
        raise Hidden("message", message)
    waited = row.transport == Transport.HANDED_OVER and row.handed_over_at and now - row.handed_over_at >= WARN_AFTER
    if not waited or row.warned_at is not None or row.business in SPOKEN_OF:
        raise NotPossible("not yet")
    row.warned_at = now
    row.version += 1
    row.save()
    return Done(row, MessageUncollected(subject=row.id, payload={"to": row.partner}))


@operation()
def expire(*, tenant: str | int, by: Actor, now: datetime, message: UUID) -> Done[Message]:
    """Fourteen days after it was handed over there is no receipt: it counts as not delivered. NotPossible otherwise."""
    row = Message.objects.select_for_update(of=("self",)).filter(id=message).first()
    if row is None or by.kind != "system":
        raise Hidden("message", message)
    waited = row.transport == Transport.HANDED_OVER and row.handed_over_at and now - row.handed_over_at >= EXPIRE_AFTER
    if not waited or row.business in SPOKEN_OF:
        raise NotPossible("not yet")
    row.code = Code.EXPIRED
    note_transport(row, Transport.EXPIRED, now, code=Code.EXPIRED)
    row.save()
    return Done(row, MessageExpired(subject=row.id, payload={"to": row.partner}))


@operation()
def note_overdue(*, tenant: str | int, by: Actor, now: datetime, message: UUID) -> Done[Message]:
    """The day by which an answer was needed is over and there is none, ours or theirs, to what was asked or asked back:
    a person is told, once. NotPossible otherwise."""
    if by.kind != "system":
        raise Hidden("message", message)
    late = overdue(acting_door().the_tenant.today(now), now - EXPIRE_AFTER)
    row = late.select_for_update(of=("self",)).filter(id=message).first()
    if row is None:
        raise NotPossible("not yet")
    row.overdue_at = now
    row.version += 1
    row.save()
    return Done(row, MessageOverdue(subject=row.id, payload={"direction": row.direction, "state": row.business}))


# -- what all of the chapter's writes share -------------------------------------------------------------------------


def canonical_of(row: Message) -> Any:
    """The content of a message as the value that its seal is over."""
    return msgspec.json.decode(row.content.encode())


def note_transport(
    row: Message, state: Transport, at: datetime, *, code: str = "", by: str = "", sealed: str = ""
) -> None:
    """Let a message take a step on its way, signed by us unless `sealed` is somebody's receipt."""
    place = TransportStep.objects.filter(message=row).count()
    if place and state not in TRANSPORT_STEPS[row.transport]:
        raise NotPossible("out of turn", state=row.transport)
    row.transport = state
    row.version += 1
    write_step(row, place, state, at, code=code, by=by, sealed=sealed)


def write_step(
    row: Message, place: int, state: Transport, at: datetime, *, code: str = "", by: str = "", sealed: str = ""
) -> None:
    """Write down the step at this place of a message's way; the message itself isn't changed."""
    insert_with_events(
        TransportStep(
            message_id=row.id,
            place=place,
            state=state,
            code=code,
            at=at,
            by=by or own_address(),
            sealed=sealed or _signed(row, "transport", state, code, at),
        )
    )


def note_business(
    row: Message, state: Business, at: datetime, *, by: str, sealed: str, code: str = "", said: Message | None = None
) -> None:
    """Let the matter of a message take a step, signed by whoever caused it."""
    if state not in BUSINESS_STEPS[row.business]:
        raise NotPossible("out of turn", state=row.business)
    row.business, row.code = state, code or row.code
    row.version += 1
    BusinessStep.objects.create(
        message=row,
        place=BusinessStep.objects.filter(message=row).count(),
        state=state,
        code=code,
        at=at,
        by=by,
        said=said,
        sealed=sealed,
    )


def _signed(row: Message, machine: str, state: str, code: str, at: datetime) -> str:
    body = {
        "message": str(row.message_id),
        "digest": row.digest,
        "machine": machine,
        "state": str(state),
        "code": code,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": own_address(),
    }
    return sign(body)[1]


def send_receipt(
    *,
    to: str,
    of: UUID,
    digest: str,
    process: str,
    machine: str,
    state: str,
    code: str,
    now: datetime,
    test: bool,
    text: str = "",
) -> str:
    """Seal a receipt and hand it over at once; gives it sealed. Nothing is said of a receipt; one of a test is one."""
    key = uuid7()
    good = state != Transport.REJECTED
    header = header_of(
        recipient=to,
        key=key,
        now=now,
        action=(Action.POSITIVE_REPORT if good else Action.NEGATIVE_REPORT).value,
        process=process,
        reference=of,
        test=test,
    )
    report = {"of": str(of), "digest": digest, "machine": machine, "state": str(state), "code": str(code)}
    if text:
        report["text"] = text[:500]
    msgspec.convert(report, Report)  # what we say is what the other side takes
    body = {"message": "receipt", "version": 1, "header": header, "report": report}
    content = canonical.dumps(body)
    _key_id, sealed = sign_content(content)
    insert_with_events(
        Envelope(recipient=to, message_id=key, digest=digest_of(content), sealed=sealed, handed_over_at=now)
    )
    return sealed
