"""What conversations of every kind have in common, inside the tenant's door: how one begins, asking back, adding,
recalling, reminding, and saying once more what didn't arrive. A kind says what its own first and answer hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol, TypeAlias
from uuid import UUID, uuid5

import msgspec

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage, says_words
from handslag.domain.exchange.policies import address_protected, may_leave
from handslag.domain.exchange.queries import received, sent
from handslag.domain.exchange.states import Action, Business
from handslag.domain.people.models import Person as Known
from handslag.domain.people.queries import numbers_of
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.approval_change.message import ApprovalChange, Kept, NewTerms
from handslag.messages.assignment.message import Arrival, Assignment, Placement
from handslag.messages.case_change.message import CaseChange, Changed, Noted
from handslag.messages.case_notification.message import Accepted, Case, CaseNotification
from handslag.messages.case_transfer.message import CaseTransfer, Taken
from handslag.messages.cost_approval.message import Approved, Cost, CostApproval
from handslag.messages.document_request.message import DocumentRequest, File, Given
from handslag.messages.mutation.message import Agreed, Change, Mutation
from handslag.messages.payment_advice.message import Advice, PaymentAdvice
from handslag.messages.provider_bill.message import Bill, Paid, ProviderBill
from handslag.messages.question.message import Answer, Asked, Question
from handslag.messages.reclaim.message import Reclaim, Reclaimed
from handslag.messages.reconciliation.message import Ledger, Reconciliation
from handslag.messages.settlement.message import Answer as OfTurn
from handslag.messages.settlement.message import Settlement, Turn

#: An answer is waited for at most so many days.
LONGEST = 92
#: A message of a conversation of any kind.
Said: TypeAlias = (
    Question
    | CaseTransfer
    | DocumentRequest
    | Assignment
    | Mutation
    | CaseNotification
    | CaseChange
    | CostApproval
    | ApprovalChange
    | ProviderBill
    | PaymentAdvice
    | Reclaim
    | Reconciliation
    | Settlement
)
#: What each kind of conversation is made of.
KINDS: dict[str, type[Said]] = {
    "question": Question,
    "case_transfer": CaseTransfer,
    "document_request": DocumentRequest,
    "assignment": Assignment,
    "mutation": Mutation,
    "case_notification": CaseNotification,
    "case_change": CaseChange,
    "cost_approval": CostApproval,
    "approval_change": ApprovalChange,
    "provider_bill": ProviderBill,
    "payment_advice": PaymentAdvice,
    "reclaim": Reclaim,
    "reconciliation": Reconciliation,
    "settlement": Settlement,
}


def read(message: Message) -> Said:
    """A message of a conversation as it was signed."""
    return msgspec.json.decode(message.content.encode(), type=KINDS[message.kind])


def told_on(message: Message) -> date:
    """The day on which a message was sent, where we are."""
    return acting_door().the_tenant.today(datetime.fromisoformat(read(message).header.sent_at))


def named_in(said: Said) -> str:
    """Whom a first message is about, as it names her; "" where it names nobody."""
    if said.asked is None or isinstance(said.asked, Ledger | Advice | Reclaimed | Turn):
        return ""
    return f"{said.asked.person.given_name} {said.asked.person.family_name}".strip()


def words_in(said: Said) -> str:
    """The words of a message, whichever turn of its conversation it is."""
    asked = said.asked
    if isinstance(asked, Turn):
        return "\n".join(one.text for one in asked.questions)
    return said.text if asked is None or isinstance(asked, Ledger | Advice) else asked.text


def files_of(message: Message) -> dict[int, File]:
    """What a message gives of documents, by their numbers."""
    answers = read(message).answers
    return {one.number: one.file for one in answers if isinstance(one, Given) and one.file is not None}


def kept_as(message: Message) -> dict[int, UUID]:
    """Under which key each of these is kept here."""
    return {number: kept_key(message.id, number) for number in files_of(message)}


def kept_key(message: UUID, number: int) -> UUID:
    """Under which key a document is kept here that a message gave under this number."""
    return uuid5(message, str(number))


@dataclass(frozen=True)
class PassedOn:
    """What a message tells its receiver about a person: `what` it is, the names of what it gives, on which ground."""

    what: str
    names: list[str]
    ground: str
    consented_on: str


def passed_on(message: Message) -> PassedOn | None:
    """What a message of ours tells about a person; None where it tells nothing: a recall, a reminder, an answer that
    refuses or only takes over. What a test tells about her is told as well."""
    if message.kind not in KINDS or message.person_id is None:
        return None
    try:
        return _passed_on(message)
    except msgspec.DecodeError:  # of another version than we know: something was told all the same
        return PassedOn("words", [], "", "")


def _passed_on(message: Message) -> PassedOn | None:
    said, first = read(message), message
    if said.asked is None:
        assert message.reference is not None
        ours = sent(message.partner, message.reference)
        found = ours or received(message.partner, message.reference)
        if found is None or message.action not in (Action.RESPONSE, Action.CORRECTION):
            return None
        first = found
    asked = read(first).asked
    assert asked is not None
    what, names = _told(said)
    if not what:
        return None
    if isinstance(asked, Placement | Change | Case | Changed | Cost | NewTerms | Bill):
        return PassedOn(what, names, "", "")
    if isinstance(asked, Ledger | Advice | Reclaimed | Turn):
        return PassedOn(what, names, "", "")
    if isinstance(asked, Asked):
        return PassedOn(what, names, asked.ground, "")
    day = asked.ground.consented_on
    return PassedOn(what, names, asked.ground.text, day.isoformat() if day else "")


def _told(said: Said) -> tuple[str, list[str]]:
    """What a message tells, and the names of what it gives; "" for nothing about the person."""
    if said.asked is None and said.text.strip():
        return "words", []
    if isinstance(said, DocumentRequest):
        given = [answer.file.name for answer in said.answers if answer.file is not None]
        return ("documents", given) if given else ("question", []) if said.asked else ("", [])
    if isinstance(said, CaseTransfer):
        return ("case", []) if said.asked else ("", [])
    if isinstance(said, Assignment):
        return ("assignment", []) if said.asked or any(not answer.reason for answer in said.answers) else ("", [])
    if isinstance(said, Mutation):
        return ("mutation", []) if said.asked or any(not answer.reason for answer in said.answers) else ("", [])
    if isinstance(said, CaseNotification):
        return ("claim", []) if said.asked or any(not answer.reason for answer in said.answers) else ("", [])
    if isinstance(said, CaseChange):
        return ("case change", []) if said.asked or any(not answer.reason for answer in said.answers) else ("", [])
    if isinstance(said, CostApproval):
        return ("cost", []) if said.asked or any(answer.approval for answer in said.answers) else ("", [])
    if isinstance(said, ApprovalChange | ProviderBill):
        return ("cost", []) if said.asked else ("", [])
    if isinstance(said, Reconciliation | PaymentAdvice | Reclaim | Settlement):
        return "", []  # about no person by herself
    answered = said.asked is None and any(answer.text.strip() for answer in said.answers)
    return ("answer", []) if answered else ("question", []) if said.asked else ("", [])


def may_wait_until(day: date, now: datetime) -> None:
    """NotPossible("answer by") for a day that is past or too far."""
    if not 1 <= (day - acting_door().the_tenant.today(now)).days <= LONGEST:
        raise NotPossible("answer by")


def identified(person: UUID) -> dict[str, Any]:
    """A person as messages name her. NotPossible("no number") for one without a number."""
    known = Known.objects.get(id=person)
    numbers = numbers_of([person]).get(person)
    if not numbers:
        raise NotPossible("no number")
    identifier = numbers[0]
    return {
        "identifier_type": identifier.type,
        "identifier": identifier.value,
        "given_name": known.given_name,
        "family_name": known.family_name,
        **({"birth_on": known.birth_on.isoformat()} if known.birth_on else {}),
    }


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What every first message is made of: `recipient` is its address; `person` and the case `about` (its `number`, its
    `unit`) are ours; `assessed` says why it may be told although somebody in the household is marked."""

    key: UUID
    recipient: str
    person: UUID
    about: UUID
    unit: UUID
    number: str
    answer_by: date
    text: str
    assessed: str
    test: bool
    now: datetime


def beginning(kind: str, new: Opening, asked: dict[str, Any], places: dict[str, str] | None = None) -> NewMessage:
    """The first message of a conversation: besides the person, the day and the text, where there is one, what its kind
    says is `asked`; without a `number` it names no case of ours. NotPossible by `may_leave`, ("answer by") for a day
    that is past or too far, ("no number") for a person without."""
    may_wait_until(new.answer_by, new.now)
    level = may_leave(new.person, acting_door().the_tenant.today(new.now), new.assessed)
    said = {
        "person": identified(new.person),
        "answer_by": new.answer_by.isoformat(),
        **({"text": text} if (text := new.text.strip()) else {}),
        **asked,
    }
    return NewMessage(
        id=new.key,
        kind=kind,
        action=Action.REQUEST,
        recipient=new.recipient,
        body={"asked": said},
        unit=new.unit,
        about=new.about,
        person=new.person,
        level=level,
        our_case=new.number or None,
        response_expected=True,
        test=new.test,
        due_on=new.answer_by,
        assessed=new.assessed.strip() if level else "",
        places=places or {},
    )


def told_without(part: Any) -> dict[str, Any]:
    """A part of a message as it is written: what it doesn't have isn't said."""
    return {name: value for name, value in msgspec.to_builtins(part).items() if value is not None}


def replying(
    key: UUID, asked: Message, state: Business, body: dict[str, Any], *, code: str = "", until: date | None = None
) -> NewMessage:
    """The message that answers, or with `until` asks back."""
    reply = {
        "of": str(asked.message_id),
        "digest": asked.digest,
        "state": state.value,
        **({"code": code} if code else {}),
        **({"until": until.isoformat()} if until else {}),
    }
    return _about(key, asked, Action.RESPONSE, {"reply": reply, **body}, closed=state != Business.QUESTION)


class AboutPeople(Protocol):
    """What requests about people known here have in common. `assessed`: why it may be told (`may_leave`)."""

    @property
    def key(self) -> UUID: ...
    @property
    def recipient(self) -> str: ...
    @property
    def unit(self) -> UUID: ...
    @property
    def answer_by(self) -> date: ...
    @property
    def assessed(self) -> str: ...
    @property
    def test(self) -> bool: ...


def about_people(kind: str, new: AboutPeople, people: Sequence[UUID], asked: dict[str, Any], level: int) -> NewMessage:
    """The request that a conversation about people begins with, the first of them above all. Each is named in it by her
    place, from 1 on."""
    return NewMessage(
        id=new.key,
        kind=kind,
        action=Action.REQUEST,
        recipient=new.recipient,
        body={"asked": asked},
        unit=new.unit,
        about=people[0],
        person=people[0],
        level=level,
        response_expected=True,
        test=new.test,
        due_on=new.answer_by,
        assessed=new.assessed.strip() if level else "",
        places={str(n): str(person) for n, person in enumerate(people, 1)},
    )


def answered(
    key: UUID,
    asked: Message,
    answers: Sequence[Answer | Taken | Given | Arrival | Agreed | Accepted | Noted | Approved | Kept | Paid | OfTurn],
    outcome: str,
) -> NewMessage:
    """The message with an answer to each point or item; `outcome` is what follows from them for the whole."""
    state = Business(outcome)
    code = answers[0].reason if state == Business.REJECTED else ""
    return replying(key, asked, state, {"answers": [told_without(one) for one in answers]}, code=code)


def asking_back(*, key: UUID, asked: Message, text: str, until: date, now: datetime) -> NewMessage:
    """The message that asks back. NotPossible("answer by") for a day that is past or too far."""
    may_wait_until(until, now)
    return replying(key, asked, Business.QUESTION, {"text": text.strip()}, until=until)


def assessed(new: NewMessage, why: str, now: datetime) -> NewMessage:
    """What is said about a message, with why it may be told although somebody in the household is marked; as it is
    where it says nothing but codes. NotPossible by `may_leave`."""
    if new.person is None or not says_words(new.body):
        return new
    level = may_leave(new.person, acting_door().the_tenant.today(now), why)
    return replace(new, level=max(new.level, level), assessed=why.strip() if level else "")


def adding(*, key: UUID, asked: Message, text: str) -> NewMessage:
    """The message that answers what was asked back."""
    return _about(key, asked, Action.CORRECTION, {"text": text.strip()}, closed=False)


def recalling(*, key: UUID, asked: Message, text: str) -> NewMessage:
    """The message that recalls the first one: no answer is wanted any more, and why. Without words a dash stands for
    them: that alone may leave about somebody who has protected registration by now."""
    return _about(key, asked, Action.RECALL, {"text": text.strip() or "–"}, closed=True)


def reminding(*, key: UUID, asked: Message, text: str) -> NewMessage:
    """The message that reminds of the first one."""
    return _about(key, asked, Action.REMINDER, {"text": text.strip()}, closed=False)


def again(*, key: UUID, lost: Message, answer_by: date | None, now: datetime) -> NewMessage:
    """What didn't arrive, once more: the same words in a message of its own, with a new day where it names one.
    NotPossible by `may_leave`, ("answer by") for a day that is past or too far, ("protected address") for an address,
    or a document that may tell it, once it is protected."""
    today = acting_door().the_tenant.today(now)
    said = read(lost)
    told = msgspec.json.decode(lost.content.encode())
    body = {name: part for name, part in told.items() if name not in ("message", "version", "header")}
    if names_a_day(said):
        if answer_by is None:
            raise NotPossible("answer by")
        may_wait_until(answer_by, now)
        if said.asked is not None:
            body["asked"]["answer_by"] = answer_by.isoformat()
            if isinstance(said.asked, NewTerms):  # what was billed before it is told stays as it was
                body["asked"]["billed_from"] = max(said.asked.billed_from, today).isoformat()
        else:
            body["reply"]["until"] = answer_by.isoformat()
    level = lost.level
    if lost.person_id is not None and says_words(body):
        level = max(level, may_leave(lost.person_id, today, lost.assessed))
    if (
        lost.person_id is not None
        and (level or address_protected(lost.person_id, today))
        and _may_tell_address(lost, said)
    ):
        raise NotPossible("protected address")
    return NewMessage(
        id=key,
        kind=lost.kind,
        action=Action(lost.action),
        recipient=lost.partner,
        body=body,
        unit=lost.unit_id,
        about=lost.about_id,
        person=lost.person_id,
        level=level,
        reference=lost.reference,
        process=lost.process,
        our_case=said.header.our_case,
        response_expected=said.header.response_expected,
        closed=said.header.closed,
        test=lost.test,
        due_on=answer_by if said.asked else lost.due_on,
        assessed=lost.assessed,
        places=lost.places,
    )


def _may_tell_address(message: Message, said: Said) -> bool:
    handed = said.asked.items if isinstance(said, CaseTransfer) and said.asked else []
    return any(item.address for item in handed) or bool(files_of(message))


def names_a_day(said: Said) -> bool:
    """Whether a message says by when the other side shall answer it."""
    if isinstance(said.asked, Turn | Reclaimed):
        return said.asked.answer_by is not None
    asks = said.asked is not None and not isinstance(said.asked, Ledger | Advice)
    return asks or bool(said.reply and said.reply.until)


def _about(key: UUID, asked: Message, action: Action, body: dict[str, Any], *, closed: bool) -> NewMessage:
    return NewMessage(
        id=key,
        kind=asked.kind,
        action=action,
        recipient=asked.partner,
        body=body,
        unit=asked.unit_id,
        about=asked.about_id,
        person=asked.person_id,
        level=asked.level,
        reference=asked.message_id,
        process=asked.process,
        test=asked.test,
        closed=closed,
    )
