"""Two installations on one machine, with databases, keys and processes of their own and clocks an hour apart: one calls
the other over HTTP, gives what waits and collects what waits for it. The same conversation by all three transports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from handslag.connectors.exchange import conformance
from handslag.connectors.exchange.gate import own_file
from handslag.domain.exchange.models import Envelope, Message, Outcome, Partner, PartnerKey, Passed
from handslag.domain.exchange.operations.partners import end_exchange_key, make_exchange_keys, register_partner
from handslag.domain.exchange.wrap import key_file
from handslag.domain.tenancy import keys as tenant_keys
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.models import TenantKeyRow
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import partners
from handslag.kernel import clock
from handslag.messages.case_transfer.message import Contact, Item, Taken
from handslag.messages.question import build
from handslag.messages.question.message import Answer
from tests import bed
from tests.bed import Database
from tests.crossing import CROSSINGS, answer, business
from tests.elsewhere import Peer
from tests.exchange import PAPER, RENT, Pair, Side, given
from tests.office import TEST, Office, open_office
from tests.sedex import BySedex, post, registered

PHONE = Item(number=1, contact=Contact(telephone="070-174 06 01"))
LEASE = "Hyresavtalet för Provgatan 1"


@pytest.fixture(scope="module")
def peer(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    other = bed.copy_of_template(f"{database.name}_peer")
    made = Peer(other, tmp_path_factory.mktemp("peer"))
    yield made
    made.end()
    bed.drop(other)


class Meeting:
    """Our side: a case, or `office` without one, the peer as partner, and the jobs that call it."""

    def __init__(self, database: Database, peer: Peer, office: Office | None = None) -> None:
        self.office, self.peer = office or open_office(database.connect, "fraga"), peer
        self.side = Side(self.office)
        folder: Any = self.office.case() if office is None else None
        self.pair = Pair(database, self.side, self.side, folder, self.office.now)
        make_exchange_keys(**self.told(), signing=False)
        self.address, text, _slug = peer.keys(False)
        file, vouched_by = key_file(text)
        register_partner(**self.told(), file=file, vouched_by=vouched_by, url=file.url)
        with acting(self.office.slug, TEST, "keys"):
            peer.partner(own_file(self.pair.now))

    def told(self) -> dict[str, Any]:
        return {"tenant": self.office.slug, "by": TEST, "now": self.pair.now}

    def ask(self) -> Message:
        return self.pair.asked(RENT, recipient=self.address)

    def meet(self) -> Partner:
        """Eleven seconds later our jobs run: what was sealed leaves, the partner is called, what came is taken in."""
        self.pair.later(seconds=11)
        self.pair.leaves(self.side)
        with self.pair._role("worker"):
            partners.meet_all(self.side.key)
        self.pair.arrives(self.side)
        (row,) = self.side.rows(Partner, address=self.address)
        return row

    def settle(self) -> None:
        """Both ways, until nothing moves."""
        for _ in range(3):
            assert self.meet().trouble == ""
            self.peer.step(11)
        self.meet()

    def same(self, message: Message) -> tuple[str, str]:
        """The state of the matter at both ends, whose copies are equal byte for byte."""
        ours, theirs = self.side.message(message.message_id), self.peer.look(str(message.message_id))
        assert theirs[:2] == [ours.content, ours.digest]
        return ours.business, theirs[2]


def conversation(pair: Pair, due_on: date | None) -> list[bytes]:
    """Three questions: one answered, one reminded of and recalled, one asked back and added to; a case handed over; a
    document asked for and given. What each message says, which is the same at both ends."""
    asked = [pair.asked(RENT, answer_by=due_on) for _ in range(3)]
    told = pair.handed(PHONE, answer_by=due_on, moves_on=due_on)
    wanted = pair.wanted(LEASE, answer_by=due_on)
    pair.settle()
    reminder = pair.added(asked[1], "Vi väntar.", build.reminding)
    pair.settle()
    answer = pair.answered(asked[0], Answer(number=1, text="Ja."))
    back = pair.answered(asked[2], text="Vilken månad?", until=due_on)
    recall = pair.added(asked[1], "Behövs inte.", build.recalling)
    taken, gave = pair.took(told, Taken(number=1)), pair.gave(wanted, given())
    pair.settle()
    addition = pair.added(asked[2], "Mars.")
    pair.settle()
    states = [pair.states(one)[:2] for one in (*asked, told, wanted)]
    ends = ["accepted", "recalled", "in check", "accepted", "accepted"]
    assert states == [("delivered", end) for end in ends]
    said = [*asked, told, wanted, reminder, answer, back, recall, taken, gave, addition]
    for one in said:
        ends = [side.message(one.message_id) for side in (pair.asker, pair.answerer)]
        assert {(end.content, end.digest) for end in ends} == {(one.content, one.digest)}
    return [business(one.content) for one in said]


def test_two_installations_ask_answer_recall_and_remind_with_keys_that_roll_over(
    database: Database, peer: Peer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = Meeting(database, peer)
    left = iter((True, True, False))

    def pause() -> bool:
        peer.step(1)
        return next(left)

    findings = conformance.check(here.office.slug, here.side.rows(Partner)[0], now=clock.now, pause=pause)
    assert conformance.amiss(findings) == []
    first, second, third = here.ask(), here.ask(), here.ask()
    here.settle()
    assert {here.side.message(q.message_id).transport for q in (first, second, third)} == {"delivered"}
    reminder = here.pair.added(second, "Vi väntar.", build.reminding)
    here.settle()
    assert peer.tasks() == ["question", "question", "question", "question reminded"]

    told = here.pair.handed(PHONE, recipient=here.address, moves_on=first.due_on)
    wanted = here.pair.wanted(LEASE, recipient=here.address)
    here.settle()
    assert peer.tasks()[-2:] == ["case transfer", "question"]
    sent = [peer.take(str(told.message_id)), peer.give(str(wanted.message_id))]
    peer.step(11)
    here.settle()
    assert (here.same(told), here.same(wanted)) == (("accepted", "accepted"), ("accepted", "accepted"))
    assert peer.tasks()[-1] == "case to register"
    (taken,) = here.side.rows(Message, reference=told.message_id, direction="in")
    (gave,) = here.side.rows(Message, reference=wanted.message_id, direction="in")
    assert [[one.content, one.digest] for one in (taken, gave)] == sent
    (document,) = here.pair.keeps(wanted)
    assert document.digest == hashlib.sha256(PAPER).hexdigest()

    peer.keys(True)  # it signs with a fresh key, and wants to be encrypted to a fresh one
    make_exchange_keys(**here.told(), signing=True)
    tenant_keys._opened.clear()
    sent = peer.answer(str(first.message_id), "Ja.")
    back = peer.ask_back(str(third.message_id), "Vilken månad?", str(first.due_on))
    recall = here.pair.added(second, "Behövs inte.", build.recalling)
    peer.step(11)
    here.settle()
    assert (here.same(first), here.same(second)) == (("accepted", "accepted"), ("recalled", "recalled"))
    assert here.same(third) == ("question", "question")
    told_here = [*["question answered"] * 3, "question asked back"]
    assert (peer.tasks(), sorted(here.side.tasks())) == (["case to register"], told_here)
    (answer,) = here.side.rows(Message, reference=first.message_id, direction="in")
    (asked_back,) = here.side.rows(Message, reference=third.message_id, direction="in")
    assert ([answer.content, answer.digest], [asked_back.content, asked_back.digest]) == (sent, back)
    addition = here.pair.added(third, "Mars.")
    here.settle()
    assert (here.same(third), peer.tasks()) == (("in check", "in check"), ["case to register", "question"])
    used = {row.key_id for row in here.side.rows(PartnerKey, partner=here.address)}
    assert len(used) == 4  # two that sign, two that one encrypts to

    # the same over the local transport, and by sedex, says the same, byte for byte
    questions = (first, second, third, told, wanted, reminder, answer, asked_back, recall, taken, gave, addition)
    over = [business(one.content) for one in questions]
    beside = Side(open_office(database.connect, "svar"))
    assert conversation(Pair(database, here.side, beside, here.pair.folder, here.pair.now), first.due_on) == over
    with post(tmp_path_factory.mktemp("sedex")) as made:
        pair = BySedex(database, here.side, beside, here.pair.folder, here.pair.now)
        assert conversation(registered(pair, made), first.due_on) == over

    # nothing twice, nothing lost: given again it changes nothing
    (row,) = here.side.rows(Partner, address=here.address)
    before = len(here.side.rows(Outcome))
    peer.web.stop()
    lost = here.ask()
    down = here.meet()
    with acting(here.office.slug, TEST, "keys"):
        leaked = TenantKeyRow.objects.filter(use="signing").latest("since").key_id
    assert end_exchange_key(**here.told(), key_id=leaked) not in (None, leaked)  # what waits is signed anew
    with pytest.raises(NotPossible, match="no such key"):
        end_exchange_key(**here.told(), key_id=leaked)
    assert (down.trouble, down.attempts, down.failing_since) == ("ConnectionError", 1, here.pair.now)
    assert here.meet().attempts == 1  # not before its time
    here.pair.later(minutes=1)
    assert here.meet().attempts == 2
    peer.web.start()
    here.pair.later(minutes=2)
    assert here.meet().trouble == ""
    peer.step(120)
    here.meet()
    assert here.side.message(lost.message_id).transport == "delivered"
    assert len(here.side.rows(Outcome)) == before + 1
    envelopes = here.side.rows(Envelope, recipient=here.address)
    assert {e.id for e in envelopes} == {p.id for p in here.side.rows(Passed, partner=row)}
    assert down.id == row.id and here.pair.now - row.registered_at > timedelta(minutes=3)

    # a backup older than our newest keys is restored: what was encrypted to them waits until fresh ones are told
    make_exchange_keys(**here.told(), signing=True)
    assert here.meet().trouble == ""
    with database.connect("admin", autocommit=True) as admin:
        where = "tenant_id = %s AND since = (SELECT max(since) FROM tenancy_key WHERE tenant_id = %s)"
        gone = admin.execute(f"DELETE FROM tenancy_key WHERE {where}", [here.side.key] * 2)
        assert gone.rowcount == 2
    tenant_keys._opened.clear()
    peer.answer(str(lost.message_id), "Ja.")
    peer.step(11)
    here.meet()
    (aside,) = here.side.rows(Outcome, state="quarantined")
    assert aside.trouble == "encryption: encrypted to no key of ours"
    make_exchange_keys(**here.told(), signing=True)
    assert (here.meet().trouble, here.same(lost)) == ("", ("accepted", "accepted"))


def every_kind(pair: Pair, until: date) -> dict[str, list[bytes]]:
    """Every kind of message between canton (who asks) and municipality, begun and answered; what each says, which is
    the same at both ends."""
    sides = {"canton": (pair.asker, pair.answerer), "municipality": (pair.answerer, pair.asker)}
    begun = {
        kind: row.begins(sides[row.by][0].office, sides[row.by][1].address, until, pair.now)
        for kind, row in CROSSINGS.items()
    }
    pair.settle()
    answers = {
        kind: answer(sides[row.by][1].office, kind, begun[kind].message_id, pair.now) for kind, row in CROSSINGS.items()
    }
    pair.settle()
    for kind, first in begun.items():
        assert (kind, *pair.states_of(first, *sides[CROSSINGS[kind].by])) == (kind, "delivered", "accepted", "")
        there = {(side.message(answers[kind].message_id).content, answers[kind].content) for side in sides["canton"]}
        assert there == {(answers[kind].content, answers[kind].content)}
    return {kind: [business(begun[kind].content), business(answers[kind].content)] for kind in CROSSINGS}


def test_every_kind_between_canton_and_municipality_says_the_same_by_all_three_transports(
    database: Database, peer: Peer, tmp_path: Path
) -> None:
    canton = open_office(database.connect, "kanton", "CH", "canton_office")
    peer.opened("musterwil", "CH", "municipality")
    here = Meeting(database, peer, canton)
    until = here.pair.today + timedelta(days=7)
    begun = {
        kind: UUID(peer.begin(kind, here.side.address, until.isoformat()))
        if row.by == "municipality"
        else row.begins(canton, here.address, until, here.pair.now).message_id
        for kind, row in CROSSINGS.items()
    }
    peer.step(11)
    here.settle()
    for kind, row in CROSSINGS.items():
        if row.by == "municipality":
            answer(canton, kind, begun[kind], here.pair.now)
        else:
            peer.reply(kind, str(begun[kind]))
    peer.step(11)
    here.settle()
    over = {}
    for kind, key in begun.items():
        first = here.side.message(key)
        (reply,) = here.side.rows(Message, reference=key)
        assert (kind, *here.same(first)) == (kind, "accepted", "accepted")
        assert peer.look(str(reply.message_id))[:2] == [reply.content, reply.digest]
        over[kind] = [business(first.content), business(reply.content)]
    beside, farther = (Side(open_office(database.connect, "beispielen", "CH")) for _ in range(2))
    nobody: Any = None
    assert every_kind(Pair(database, here.side, beside, nobody, here.pair.now), until) == over
    with post(tmp_path) as made:
        by_sedex = registered(BySedex(database, here.side, farther, nobody, here.pair.now), made)
        assert every_kind(by_sedex, until) == over

    # what only an institution begins, also between two installations
    peer.opened("wohnheim", "CH", "provider")
    here = Meeting(database, peer, canton)
    billed = UUID(peer.begin("provider_bill", here.side.address, until.isoformat()))
    peer.step(11)
    here.settle()
    answer(canton, "provider_bill", billed, here.pair.now)
    here.settle()
    first = here.side.message(billed)
    assert (first.kind, *here.same(first)) == ("provider_bill", "accepted", "accepted")
    (reply,) = here.side.rows(Message, reference=billed)
    assert peer.look(str(reply.message_id))[:2] == [reply.content, reply.digest]
