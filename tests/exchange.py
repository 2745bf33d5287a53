"""Two organisations of one installation that exchange messages, for tests: each step under the role that takes it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from handslag.domain.casefile.operations import transfer_case
from handslag.domain.documents.models import Document
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations import courier
from handslag.domain.exchange.operations.inbox import record_trouble
from handslag.domain.exchange.operations.outbox import NewMessage, header_of, seal_message
from handslag.domain.exchange.operations.partners import make_exchange_keys
from handslag.domain.exchange.queries import own_address, partners
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.keys import sign
from handslag.jobs import exchange
from handslag.kernel import canonical, clock
from handslag.messages.case_transfer import build as handing
from handslag.messages.case_transfer.message import Ground, Item, Taken
from handslag.messages.conversation import Opening
from handslag.messages.document_request import build as wanting
from handslag.messages.document_request.message import File, Given
from handslag.messages.question import build
from handslag.messages.question.message import Answer, Line
from tests.bed import Database
from tests.office import TEST, Folder, Office, as_role, open_office

RENT = build.Picked(Line(code="RENT", name="Hyra", amount=6_200_00, currency="SEK"), "RENT::0")
CONSENT = Ground(basis="consent", text="Samtycke i samtal med Hanna", consented_on=date(2026, 1, 2))
FEE = build.Picked(Line(code="ELECTRICITY", name="El", amount=450_00, currency="SEK"), "ELECTRICITY::0")


def reachable(database: Database, name: str) -> Office:
    """An office with keys, to which other installations can encrypt."""
    made = open_office(database.connect, name, when_asked_for=True)
    make_exchange_keys(tenant=made.slug, by=TEST, now=clock.now(), signing=False)
    database.close_connections()
    return made


#: A file as it travels.
PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


def given(number: int = 1, plain: bytes = PAPER, name: str = "hyresavtal.pdf", kind: str = "application/pdf") -> Given:
    """A document that is given: these bytes, called so."""
    digest, content = hashlib.sha256(plain).hexdigest(), b64encode(plain).decode()
    file = File(name=name, content_type=kind, size=len(plain), digest=digest, scanned="clean", content=content)  # type: ignore[arg-type]
    return Given(number=number, file=file)


@dataclass
class Side:
    """An organisation, as the exchange sees it."""

    office: Office
    key: int = 0
    address: str = ""
    before: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        with acting(self.office.slug, TEST, "look") as door:
            self.key, self.address = door.the_tenant.id, own_address()
            self.before = set(Task.objects.values_list("id", flat=True))

    def rows(self, model: Any, **by: Any) -> list[Any]:
        """Rows of a table, in the order of their keys."""
        with acting(self.office.slug, TEST, "look"):
            return list(model.objects.filter(**by).order_by("id"))

    def message(self, key: UUID) -> Message:
        """Its copy of a message, by the sender's name for it."""
        with acting(self.office.slug, TEST, "look"):
            return Message.objects.get(message_id=key)

    def tasks(self) -> list[str]:
        """The open tasks that came since this side was made, oldest first."""
        with acting(self.office.slug, TEST, "look"):
            found = Task.objects.filter(state="open").exclude(id__in=self.before).order_by("created_at", "id")
            return list(found.values_list("kind", flat=True))


@dataclass
class Pair:
    """Who asks and who answers, a case of the one who asks, and the clock."""

    database: Any
    asker: Side
    answerer: Side
    folder: Folder
    now: datetime
    carried: set[UUID] = field(default_factory=set)

    @property
    def today(self) -> date:
        """The day on its clock, where the two are."""
        return self.now.astimezone(ZoneInfo(self.asker.office.zone)).date()

    def act(self, side: Side, who: str = "hanna") -> dict[str, Any]:
        return {"tenant": side.office.slug, "by": side.office.staff[who], "now": self.now}

    def asked(self, *lines: build.Picked, **more: Any) -> Message:
        """A question of Hanna's about the applicant."""
        told = {"text": "Betalar ni också hyran?", "ground": "10 kap. 28 § OSL", **more}
        ground = told.pop("ground")
        with acting(self.asker.office.slug, self.asker.office.staff["hanna"], "ask"):
            new = build.asking(
                self.opening(**told), month=str(self.asker.office.month), ground=ground, lines=list(lines)
            )
            return seal_message(**self.act(self.asker) | {"new": new})

    def opening(self, **more: Any) -> Opening:
        """What every first message about the applicant is made of."""
        told = {
            "key": uuid4(), "recipient": self.answerer.address, "person": self.folder.case.applicant_id,
            "about": self.folder.case.id, "unit": self.folder.case.unit_id, "number": self.folder.case.number,
            "answer_by": self.today + timedelta(days=14), "assessed": "", "test": False, "now": self.now, **more,
        }  # fmt: skip
        return Opening(**told)

    def wanted(self, *documents: str, ground: Ground = CONSENT, who: str = "hanna", **more: Any) -> Message:
        """Hanna, or `who`, asks the other side for documents about the applicant."""
        with acting(self.asker.office.slug, self.asker.office.staff[who], "ask"):
            told = self.opening(**{"text": "Hon hittar det inte.", **more})
            new = wanting.asking(told, ground=ground, documents=list(documents))
            return seal_message(**self.act(self.asker, who) | {"new": new})

    def gave(self, asked: Message, *answers: Given, who: str = "hanna", assessed: str = "") -> Message:
        """The answer of the other side's Hanna, or `who`, to a request for documents."""
        more = {"assessed": assessed, "now": self.now}
        return self._said(
            asked, lambda row: wanting.answering(key=uuid4(), asked=row, answers=list(answers), **more), who
        )

    def took(self, told: Message, *answers: Taken) -> Message:
        """What the other side's Hanna takes over of a case."""
        return self._said(told, lambda row: handing.answering(key=uuid4(), asked=row, answers=list(answers)))

    def _said(self, asked: Message, building: Callable[[Message], NewMessage], who: str = "hanna") -> Message:
        office = self.answerer.office
        with acting(office.slug, office.staff[who], "answer"):
            new = building(Message.objects.get(message_id=asked.message_id))
            return seal_message(**self.act(self.answerer, who) | {"new": new})

    def keeps(self, asked: Message) -> list[Document]:
        """The job that keeps what was given on a request, and what the asker's case has then from elsewhere."""
        row = self.asker.message(asked.message_id)
        with self._role("worker"):
            exchange.keep_documents(tenant=self.asker.key, message=str(row.id))
        return self.asker.rows(Document, subject=self.folder.case.id, kind="from elsewhere")

    def answered(self, question: Message, *answers: Answer, **more: Any) -> Message:
        """The answer of the other side's Hanna; with `until` a question back."""
        office = self.answerer.office
        with acting(office.slug, office.staff["hanna"], "answer"):
            asked = Message.objects.get(message_id=question.message_id)
            if more:
                new = build.asking_back(key=uuid4(), asked=asked, now=self.now, **more)
            else:
                new = build.answering(key=uuid4(), asked=asked, answers=list(answers))
            return seal_message(**self.act(self.answerer) | {"new": new})

    def added(self, question: Message, text: str, building: Any = build.adding) -> Message:
        """What the asker says about her question: added, or by `building` recalled or reminded of."""
        office = self.asker.office
        with acting(office.slug, office.staff["hanna"], "add"):
            asked = Message.objects.get(message_id=question.message_id)
            return seal_message(**self.act(self.asker) | {"new": building(key=uuid4(), asked=asked, text=text)})

    def handed(self, *items: Item, ground: Ground = CONSENT, who: str = "hanna", **more: Any) -> Message:
        """The applicant moves to the other side: Hanna, or `who`, tells it these things."""
        office = self.asker.office
        with acting(office.slug, office.staff[who], "hand over"):
            moves_on = more.pop("moves_on", self.today)
            told = self.opening(**{"text": "Hon flyttar.", **more})
            new = handing.handing(told, ground=ground, moves_on=moves_on, items=list(items))
            row = transfer_case(
                **self.act(self.asker, who), case=self.folder.case.id, new=new, moves_on=moves_on,
                basis=ground.basis, ground=ground.text, consented_on=ground.consented_on,
                items=[["member", str(self.folder.citizens[-1].id)] if i.member else ["contact", ""] for i in items],
            )  # fmt: skip
        return next(message for message in self.asker.rows(Message, id=row.id))

    # -- what jobs and courier do, each step under its own role ---------------------------------------------------

    def later(self, **span: int) -> None:
        self.now += timedelta(**span)

    def leaves(self, side: Side) -> None:
        with self._role("worker"):
            exchange.hand_over_due(side.key)

    def carry(self) -> int:
        """Between the organisations that were opened with these two or later: those of hundreds of tests before have
        nothing to do with them, and each is a transaction of the courier's."""
        first = min(self.asker.key, self.answerer.key)
        with self._role("courier"):
            near = {address: key for address, key in courier.directory().items() if key >= first}
            return courier.carry(self.carried, self.now, near)

    def arrives(self, side: Side) -> None:
        with self._role("worker"):
            exchange.take_arrivals(side.key)

    def watch(self, side: Side) -> None:
        with self._role("worker"):
            exchange.watch_outbox(side.key)

    def settle(self) -> None:
        """In order, until nothing moves."""
        self.later(seconds=11)
        for side in (self.asker, self.answerer):
            self.leaves(side)
        while self.carry():
            self.arrives(self.answerer)
            self.arrives(self.asker)

    @contextmanager
    def _role(self, role: str) -> Iterator[None]:
        before = clock.now
        clock.now = lambda: self.now  # type: ignore[assignment]
        try:
            with as_role(self.database, role):
                yield
        finally:
            clock.now = before

    def put(self, side: Side, sealed: str, sender: str, key: UUID | str, digest: str) -> None:
        """Put something into an inbox as the courier would, whatever it is."""
        with self._role("courier"):
            one = courier.Sealed(uuid4(), sender, side.address, UUID(str(key)), digest, sealed)
            courier.put_in(side.key, [one], self.now)

    def states(self, question: Message) -> tuple[Any, ...]:
        """Both copies of a question: content, digest and the state of its matter; and its way at the asker."""
        return self.states_of(question, self.asker, self.answerer)

    def states_of(self, question: Message, asker: Side, answerer: Side) -> tuple[Any, ...]:
        """The same of a question from any side to the other."""
        ours, theirs = asker.message(question.message_id), answerer.message(question.message_id)
        assert (ours.content, ours.digest) == (theirs.content, theirs.digest)
        assert ours.business == theirs.business
        return ours.transport, ours.business, ours.code


def sealed_questions(asker: Side, answerer: Side, count: int, now: datetime | None = None) -> list[courier.Sealed]:
    """So many questions of one organisation to another about somebody who isn't known there, as the courier holds
    them."""
    now = now or clock.now()
    person = {"identifier_type": "personnummer", "identifier": "198001019999", "given_name": "A", "family_name": "B"}
    asked = {
        "person": person, "answer_by": asker.office.today.isoformat(), "text": "Betalar ni hyran?",
        "ground": "10 kap. 28 § OSL", "points": [{"number": 1}],
    }  # fmt: skip
    made = []
    with acting(asker.office.slug, TEST, "seal"):
        for _ in range(count):
            key = uuid4()
            header = header_of(
                recipient=answerer.address, key=key, now=now, action="5", process=f"handslag:{key}",
                response_expected=True,
            )  # fmt: skip
            body = {"message": "question", "version": 1, "header": header, "asked": asked}
            _key_id, text = sign(body)
            made.append(courier.Sealed(uuid4(), asker.address, answerer.address, key, canonical.digest(body), text))
    return made


def asked(folder: Folder, text: str) -> Message:
    """A question about a case's applicant to some other organisation; it has not left."""
    office = folder.office
    with acting(office.slug, office.staff["hanna"], "ask"):
        told = Opening(
            key=uuid4(), recipient=next(iter(partners())), person=folder.case.applicant_id, about=folder.case.id,
            unit=folder.case.unit_id, number=folder.case.number, answer_by=office.today + timedelta(days=14),
            text=text, assessed="", test=False, now=office.now,
        )  # fmt: skip
        new = build.asking(told, month=None, ground=text, lines=[])
        return seal_message(**office.act("hanna"), new=new)


def unreadable(connect: Any, office: Office, sender: str) -> UUID:
    """Something that arrived from nobody known, couldn't be read, and was set aside."""
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    key = uuid4()
    role = connect("courier", autocommit=True)
    with role.transaction():
        role.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
        role.execute(
            "INSERT INTO exchange_arrival (id, tenant_id, sender, message_id, digest, sealed, arrived_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (key, tenant, f"municipality:kommunkod:{sender}", uuid4(), "0" * 64, "x", office.now),
        )
    for _ in range(3):
        record_trouble(**office.by(TEST), arrival=key, reason=sender)
    return key
