"""Every kind of message between a canton and a municipality, for tests of what carries them: a row says who begins it
and how, and how the other side answers. Both ends of a test use it, whichever process they are in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import msgspec

from handslag.domain.accounts.operations import post
from handslag.domain.accounts.queries import account_of
from handslag.domain.accounts.states import Move, Rests
from handslag.domain.accounts.states import Side as AccountSide
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage, seal_message
from handslag.domain.exchange.states import Action
from handslag.domain.people.operations.persons import register_person
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.operations import tell
from handslag.domain.settlement.models import Reply
from handslag.domain.settlement.operations import NewAnswer, answer_lines, receive_submission
from handslag.domain.settlement.queries import standing
from handslag.domain.settlement.states import Outcome
from handslag.domain.tenancy.door import acting, acting_door
from handslag.kernel import canonical
from handslag.messages.approval_change.build import answering as keeping
from handslag.messages.approval_change.message import Kept
from handslag.messages.assignment.build import answering
from handslag.messages.assignment.message import Arrival, Assignment
from handslag.messages.assignment.notices import person_of
from handslag.messages.case_change.build import Changing, changing
from handslag.messages.case_change.build import answering as noting_change
from handslag.messages.case_change.message import Noted
from handslag.messages.case_notification.build import Claimed, Notifying, notifying
from handslag.messages.case_notification.build import answering as accepting
from handslag.messages.case_notification.message import Accepted
from handslag.messages.conversation import Opening, beginning, read
from handslag.messages.cost_approval.build import Asking, in_full, wish_in
from handslag.messages.cost_approval.build import answering as approving
from handslag.messages.cost_approval.build import asking as asking_cost
from handslag.messages.mutation.build import Telling, telling
from handslag.messages.mutation.build import answering as agreeing
from handslag.messages.mutation.message import Agreed
from handslag.messages.payment_advice.build import answering as saying
from handslag.messages.payment_advice.message import Seen
from handslag.messages.provider_bill.build import answering as paying
from handslag.messages.provider_bill.message import Paid
from handslag.messages.question.message import Person
from handslag.messages.reclaim.build import answering as giving_back
from handslag.messages.reclaim.message import Answer as Returned
from handslag.messages.reconciliation.build import answering as compared
from handslag.messages.reconciliation.build import asking as comparing
from handslag.messages.reconciliation.message import Reconciliation
from handslag.messages.settlement.build import answering as noting
from handslag.messages.settlement.build import deciding
from handslag.messages.settlement.message import Answer as OfTurn
from handslag.rules.ch.settlement import ASYLUM
from tests.accounts import entry, source
from tests.canton import BEGIN, Canton, somebody
from tests.exchange import Side
from tests.office import TEST, Office

LEMLEM = Person(identifier_type="zemis", identifier="21004711.0", given_name="Lemlem", family_name="Haile")


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """`by`: who begins it, `canton`, `municipality` or `provider`. `begins` gets that one's office, the other's
    address, the day by which an answer is needed and the moment; `answers`, inside the door of the one who is asked,
    the message that is answered. Nothing in what is said may be drawn: by every transport it is the same."""

    by: str
    begins: Callable[[Office, str, date, datetime], Message]
    answers: Callable[[Message], NewMessage]


def _assigned(office: Office, to: str, until: date, now: datetime) -> Message:
    canton = Canton(None, Side(office), [SimpleNamespace(address=to)])  # type: ignore[arg-type, list-item]
    canton.pair.now = now
    return canton.assigned(0, somebody(person=LEMLEM), answer_by=until)


def _arrived(asked: Message) -> NewMessage:
    said = read(asked)
    assert isinstance(said, Assignment) and said.asked is not None
    arrival = Arrival(number=1, arrived_on=said.asked.arrival_on, accommodation="apartment")
    return answering(key=uuid4(), asked=asked, answers=[arrival])


def _earns(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "tell"):
        known = person_by_identifier("zemis", LEMLEM.identifier)
        person = (known or register_person(**act, new=person_of(somebody(person=LEMLEM)))).id
        told = telling(
            Telling(
                key=uuid4(), recipient=to, unit=office.units["Försörjningsstöd"], persons=[person], change="earnings",
                on=BEGIN, answer_by=until, now=now,
            )
        )  # fmt: skip
        return seal_message(**act, new=told)


def _so(asked: Message) -> NewMessage:
    return agreeing(key=uuid4(), asked=asked, answers=[Agreed(number=1)])


def _claims(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "notify"):
        known = person_by_identifier("zemis", LEMLEM.identifier)
        person = (known or register_person(**act, new=person_of(somebody(person=LEMLEM)))).id
        claimed = Claimed(person=person, nationality="ER", permit="B-R", residence_since=BEGIN, supported_since=BEGIN)
        told = notifying(
            Notifying(
                key=uuid4(), recipient=to, unit=office.units["Försörjningsstöd"], persons=[claimed], decided_on=BEGIN,
                heads=1, need=106_100, income=0, why="Die Bewilligung kam spät.", answer_by=until, now=now,
            )
        )  # fmt: skip
        return seal_message(**act, new=told)


def _accepted(asked: Message) -> NewMessage:
    return accepting(key=uuid4(), asked=asked, answers=[Accepted(number=1, last_on=date(2035, 12, 31))])


def _ends(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "tell"):
        known = person_by_identifier("zemis", LEMLEM.identifier)
        person = (known or register_person(**act, new=person_of(somebody(person=LEMLEM)))).id
        told = changing(
            Changing(
                key=uuid4(), recipient=to, unit=office.units["Försörjningsstöd"], persons=[person], change="ended",
                on=BEGIN, cause="Existenzsicherndes Einkommen", balance=-120_50, restitution=3_600_00,
                why="Die Meldung kam spät.", answer_by=until, now=now,
            )
        )  # fmt: skip
        return seal_message(**act, new=told)


def _noted_so(asked: Message) -> NewMessage:
    return noting_change(key=uuid4(), asked=asked, answers=[Noted(number=1)])


def _asks(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "ask"):
        known = person_by_identifier("zemis", LEMLEM.identifier)
        person = (known or register_person(**act, new=person_of(somebody(person=LEMLEM)))).id
        told = asking_cost(
            Asking(
                key=uuid4(), recipient=to, unit=office.units["Försörjningsstöd"], person=person, account_code="DENTAL",
                what="Zahnsanierung", cause="Der Zahnarzt hält sie für nötig.", since=BEGIN, last_on=until,
                unit_price=420_00, quantity=3, percent=50, other_payer="Krankenkasse", other_pays=0, urgent=True,
                answer_by=until, now=now,
            )
        )  # fmt: skip
        return seal_message(**act, new=told)


def _approved(asked: Message) -> NewMessage:
    wish, door = wish_in(asked), acting_door()
    if wish.person is None:
        act: dict[str, Any] = {"tenant": door.the_tenant.id, "by": door.the_actor, "now": asked.created_at}
        register_person(**act, new=person_of(somebody(person=LEMLEM)))
    return approving(
        key=uuid4(), asked=asked, answers=[msgspec.structs.replace(in_full(asked), approval="2026-000019-H")]
    )


def _limits(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "tell"):
        known = person_by_identifier("zemis", LEMLEM.identifier)
        person = (known or register_person(**act, new=person_of(somebody(person=LEMLEM)))).id
        opening = Opening(
            key=uuid4(), recipient=to, person=person, about=person, unit=office.units["Försörjningsstöd"], number="",
            answer_by=until, text="Die Behandlung ist abgeschlossen.", assessed="", test=False, now=now,
        )  # fmt: skip
        told = {"approval": "2026-000019-H", "turn": 2, "amount": 600_00, "last_on": until.isoformat(),
                "billed_from": until.isoformat(), "reason": "OVER_EARLIER"}  # fmt: skip
        return seal_message(**act, new=replace(beginning("approval_change", opening, told), our_case=None))


def _kept(asked: Message) -> NewMessage:
    return keeping(key=uuid4(), asked=asked, answers=[Kept(number=1)])


def _posted(office: Office, partner: str, side: AccountSide, now: datetime) -> None:
    """What a claim moves on the account of a partner, at one side of it."""
    said = [entry(Move.CLAIMED, 184_30), entry(Move.ACCEPTED, 184_30)]
    by: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    post(**by, partner=partner, side=side, source=source(Rests.STATEMENT, "S"), entries=said)


def _compares(office: Office, to: str, until: date, now: datetime) -> Message:
    _posted(office, to, AccountSide.PAYER, now)
    with acting(office.slug, office.staff["rut"], "tell"):
        account = account_of(to, AccountSide.PAYER)
        assert account is not None
        new = comparing(key=uuid4(), account=account, unit=office.units["Försörjningsstöd"])
        return seal_message(tenant=office.slug, by=office.staff["rut"], now=now, new=new)


def _the_same(asked: Message) -> NewMessage:
    said, door = read(asked), acting_door()
    assert isinstance(said, Reconciliation) and said.asked is not None
    moves = [entry(Move.CLAIMED, 184_30), entry(Move.ACCEPTED, 184_30)]
    post(
        tenant=door.the_tenant.id, by=door.the_actor, now=asked.created_at, partner=asked.partner,
        side=AccountSide.CLAIMANT, source=source(Rests.STATEMENT, "S"), entries=moves,
    )  # fmt: skip
    return compared(key=uuid4(), asked=asked, theirs=said.asked)[0]


def _advises(office: Office, to: str, until: date, now: datetime) -> Message:
    """A payment of what was claimed."""
    told = {
        "payment": "2026-000018-C", "state": "paid", "amount": 184_30, "currency": "CHF",
        "iban": "CH9300762011623852957", "value_on": until.isoformat(), "settlements": ["S"],
        "parts": [{"number": 1, "regime": "asylum", "since": "2026-07-01", "until": "2026-10-01", "netted": 0,
                   "paid": 184_30}],
    }  # fmt: skip
    new = NewMessage(
        id=uuid4(), kind="payment_advice", action=Action.REQUEST, recipient=to, body={"asked": told},
        unit=office.units["Försörjningsstöd"], about=None, response_expected=True,
    )  # fmt: skip
    return seal_message(tenant=office.slug, by=office.staff["rut"], now=now, new=new)


def _fits(asked: Message) -> NewMessage:
    return saying(key=uuid4(), asked=asked, answer=Seen(number=1))


def _claims_back(office: Office, to: str, until: date, now: datetime) -> Message:
    """What was paid for a bill twice."""
    line = {"number": 1, "settled": f"{to}/asylum/2026-07-01/1", "amount": 84_30}
    told = {
        "reclaim": "2026-000031-K", "state": "raised", "reason": "DUPLICATE_INVOICE", "total": 84_30, "currency": "CHF",
        "lines": [line], "text": "Die Rechnung wurde zweimal bezahlt.", "answer_by": until.isoformat(),
    }  # fmt: skip
    new = NewMessage(
        id=uuid4(), kind="reclaim", action=Action.REQUEST, recipient=to, body={"asked": told},
        unit=office.units["Försörjningsstöd"], about=None, response_expected=True, due_on=until,
    )  # fmt: skip
    return seal_message(tenant=office.slug, by=office.staff["rut"], now=now, new=new)


def _given_back(asked: Message) -> NewMessage:
    return giving_back(key=uuid4(), asked=asked, answer=Returned(number=1))


def _decides(office: Office, to: str, until: date, now: datetime) -> Message:
    """A bill that a municipality claims is refused."""
    line = {
        "number": 1, "identifier": LEMLEM.identifier, "kind": "cost", "status": "N", "since": "2026-07-01",
        "until": "2026-08-01", "days": 0, "rate": 0, "amount": 184_30, "cost": "booking 1", "share": "whole",
        "account_code": "DENTAL", "text": "Rechnung 1", "corrects": "", "findings": [], "why": "",
    }  # fmt: skip
    content = {
        "statement": f"{to}/asylum/2026-07-01", "fund": "asylum", "since": "2026-07-01", "until": "2026-10-01",
        "number": 1, "withdrawn": [], "lines": [line], "count": 1, "total": 184_30, "currency": "CHF",
        "sent_on": "2026-10-02",
    }  # fmt: skip
    act: dict[str, Any] = {"tenant": office.slug, "now": now}
    with acting(office.slug, office.staff["rut"], "look"):
        if person_by_identifier("zemis", LEMLEM.identifier) is None:
            register_person(**act, by=office.staff["rut"], new=person_of(somebody(person=LEMLEM)))
    statement = receive_submission(**act, by=TEST, regime=ASYLUM, partner=to, content=content).statement_id
    with acting(office.slug, TEST, "look"):
        (claimed,) = standing(statement)
    refused = NewAnswer(line=claimed.id, outcome=Outcome.REFUSED, reason="DOCUMENT_MISSING", why="Es fehlt.")
    reply = answer_lines(**act, by=office.staff["bo"], statement=statement, answers=[refused])
    with acting(office.slug, TEST, "tell"):
        (new,) = deciding(Reply.objects.select_related("statement").get(id=reply.id), now)
    return tell(**act, by=TEST, new=new)


def _noted(asked: Message) -> NewMessage:
    return noting(key=uuid4(), asked=asked, answers=[OfTurn(number=1)])


CROSSINGS: dict[str, Crossing] = {
    "assignment": Crossing(by="canton", begins=_assigned, answers=_arrived),
    "mutation": Crossing(by="municipality", begins=_earns, answers=_so),
    "case_notification": Crossing(by="municipality", begins=_claims, answers=_accepted),
    "case_change": Crossing(by="municipality", begins=_ends, answers=_noted_so),
    "cost_approval": Crossing(by="municipality", begins=_asks, answers=_approved),
    "approval_change": Crossing(by="canton", begins=_limits, answers=_kept),
    "reconciliation": Crossing(by="canton", begins=_compares, answers=_the_same),
    "payment_advice": Crossing(by="canton", begins=_advises, answers=_fits),
    "reclaim": Crossing(by="canton", begins=_claims_back, answers=_given_back),
    "settlement": Crossing(by="canton", begins=_decides, answers=_noted),
}


def _bills(office: Office, to: str, until: date, now: datetime) -> Message:
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["rut"], "now": now}
    with acting(office.slug, office.staff["rut"], "bill"):
        person = register_person(**act, new=person_of(somebody(person=LEMLEM))).id
        opening = Opening(
            key=uuid4(), recipient=to, person=person, about=person, unit=office.units["Försörjningsstöd"], number="",
            answer_by=until, text="", assessed="", test=False, now=now,
        )  # fmt: skip
        told = {
            "approval": "2026-000019-H", "bill": "R-1", "since": BEGIN.isoformat(), "last_on": BEGIN.isoformat(),
            "unit_price": 95_00, "quantity": 8, "amount": 760_00, "iban": "CH4431999123000889012",
            "reference": "210000000003139471430009017",
        }  # fmt: skip
        return seal_message(**act, new=replace(beginning("provider_bill", opening, told), our_case=None))


def _bears(asked: Message) -> NewMessage:
    return paying(key=uuid4(), asked=asked, answers=[Paid(number=1)])


#: What only an institution begins.
BILLED: dict[str, Crossing] = {"provider_bill": Crossing(by="provider", begins=_bills, answers=_bears)}


def answer(office: Office, kind: str, asked: UUID, now: datetime) -> Message:
    """Hanna of whoever was asked answers."""
    act: dict[str, Any] = {"tenant": office.slug, "by": office.staff["hanna"], "now": now}
    with acting(office.slug, office.staff["hanna"], "answer"):
        row = Message.objects.get(message_id=asked)
        return seal_message(**act, new=(CROSSINGS | BILLED)[kind].answers(row))


def business(content: str) -> bytes:
    """What a message says, without who says it to whom, when and about which."""
    header = msgspec.json.decode(content)["header"]
    for who in ("sender", "recipient"):  # a statement is called after its claimant
        content = content.replace(header[who], who)
    told = msgspec.json.decode(content)
    told.pop("header")
    for name in ("of", "digest"):
        told.get("reply", {}).pop(name, None)
    return canonical.dumps(told)
