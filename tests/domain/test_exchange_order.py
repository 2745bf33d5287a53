"""Whatever the courier loses, doubles, delays and mixes up ends in what one delivery in order ends in."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import pytest
from psycopg.rows import namedtuple_row

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations import courier, inbox
from handslag.domain.exchange.operations.inbox import take_up
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.keys import sign
from handslag.jobs import exchange
from handslag.kernel import clock
from handslag.messages.question.message import Answer
from tests.bed import Database
from tests.exchange import RENT, Pair, Side
from tests.office import TEST, Office, as_role, open_office

#: How many sequences are tried, and how many of them at a time between the same two.
SEQUENCES, TOGETHER = 200, 50
#: What happens to one conversation, and what happens at a side to all of them: a third of all that happens.
WHATS = "carry", "carry", "carry", "broken", "changed", "again", "take up", "answer"
FOR_ALL = "leave", "wait", "take in", "take in"
LONGEST, LATEST = 30, 8
#: What happens; how far back the envelope lies that it happens to; whether at the answerer's.
Step = tuple[str, int, bool]


@dataclass(frozen=True)
class Conversation:
    """The tick at which it begins, and what happens to it in each of the next, where nothing happens to all."""

    begins: int
    steps: tuple[Step | None, ...]


@dataclass(frozen=True)
class Drawn:
    """What happens to all in each tick, and the conversations."""

    for_all: tuple[Step | None, ...]
    conversations: tuple[Conversation, ...]


def drawn(random: Random, count: int) -> Drawn:
    """So many conversations of up to thirty steps, and what happens to all of them meanwhile."""

    def step(whats: Sequence[str]) -> Step:
        return random.choice(whats), random.randrange(8), random.random() < 0.5

    return Drawn(
        tuple(step(FOR_ALL) if random.randrange(3) == 0 else None for _ in range(LATEST + LONGEST)),
        tuple(
            Conversation(random.randrange(LATEST), tuple(step(WHATS) for _ in range(random.randrange(LONGEST + 1))))
            for _ in range(count)
        ),
    )


@dataclass
class Mixed(Pair):
    """A pair whose courier carries what it is told to, one envelope of a conversation at a time. `role` is the
    courier's connection, `eyes` the administrator's, that sees both sides at once."""

    role: Any = None
    eyes: Any = None
    started: Any = None
    #: What was handed over in each conversation, in order: by whom, to whom.
    envelopes: dict[UUID, list[tuple[Side, Side, Any]]] = field(default_factory=dict)
    seen: set[UUID] = field(default_factory=set)
    looked_at: Any = None

    def see(self, query: str, *values: Any) -> list[Any]:
        """Rows of both sides."""
        with self.eyes.cursor(row_factory=namedtuple_row) as cursor:
            return list(cursor.execute(query, values).fetchall())

    def look(self) -> None:
        """At what was handed over since."""
        ways = {here.key: (here, there) for here, there in self.ways()}
        rows = self.see(
            "SELECT * FROM exchange_envelope WHERE tenant_id = ANY(%s) AND handed_over_at >= %s ORDER BY id",
            list(ways), self.looked_at or self.started,
        )  # fmt: skip
        self.looked_at = self.now
        for row in rows:
            if row.id not in self.seen:
                self.seen.add(row.id)
                process = said_in(row.sealed)["header"]["process"]
                self.envelopes.setdefault(UUID(process.split(":")[1]), []).append((*ways[row.tenant_id], row))

    def ways(self) -> tuple[tuple[Side, Side], ...]:
        return (self.asker, self.answerer), (self.answerer, self.asker)

    def carries(self, told: Iterable[tuple[Side, Side, Any, str]]) -> None:
        """Whole; `broken`: truncated; `changed`: with another sign in the middle; `again`: sealed once more. Each under
        the true digest."""
        to: dict[int, list[Any]] = {}
        for here, there, row, how in told:
            sealed, middle = row.sealed, len(row.sealed) // 2
            if how == "broken":
                sealed = sealed[:-9]
            elif how == "changed":
                sealed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
            elif how == "again":
                with acting(here.office.slug, TEST, "seal"):
                    _key, sealed = sign(said_in(sealed))
            one = courier.Sealed(row.id, here.address, there.address, row.message_id, row.digest, sealed)
            to.setdefault(there.key, []).append(one)
        for tenant, rows in to.items():
            with self.role.transaction(), self.role.cursor() as cursor:
                cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
                cursor.execute(courier.PUT, [courier.rows_of(tenant, rows, self.now)])

    def for_all(self, what: str, back: bool) -> None:
        side = self.answerer if back else self.asker
        if what == "leave":
            exchange.hand_over_due(side.key)
        elif what == "take in":
            exchange.take_arrivals(side.key)
        else:
            self.later(minutes=7)

    def for_each(self, steps: dict[UUID, Step]) -> None:
        """What happens in this tick to these conversations."""
        self.look()
        self.carries(
            (*waiting[-1 - which % len(waiting)], what)
            for question, (what, which, _back) in steps.items()
            if what not in ("take up", "answer") and (waiting := self.envelopes.get(question))
        )
        for what in ("take up", "answer"):
            self.said(what, [question for question, step in steps.items() if step[0] == what])

    def said(self, what: str, questions: list[UUID]) -> None:
        """A person at the answerer's takes them up, or answers, where there is something to."""
        rows = self.see(
            "SELECT id, version, business, message_id FROM exchange_message q WHERE tenant_id = %s AND message_id = ANY"
            "(%s) AND NOT EXISTS (SELECT FROM exchange_message a WHERE a.tenant_id = q.tenant_id AND a.partner = "
            "q.partner AND a.reference = q.message_id) ORDER BY id",
            self.answerer.key, questions,
        )  # fmt: skip
        for row in rows:
            if what == "answer" and row.business in ("", "in check"):
                self.answered(row, Answer(number=1, text="Ja."))
            elif what == "take up" and row.business == "":
                take_up(**self.act(self.answerer), message=row.id, version=row.version)

    def finish(self, questions: list[UUID]) -> None:
        """Everything whole, in order, until nothing moves."""
        carried: set[UUID] = set()
        moving = True
        while moving:
            sealed = self.see(
                "SELECT DISTINCT tenant_id FROM exchange_message WHERE tenant_id = ANY(%s) AND transport = 'sealed'",
                [self.asker.key, self.answerer.key],
            )  # fmt: skip
            for row in sealed:
                exchange.hand_over_due(row.tenant_id)
            self.look()
            left = [one for told in self.envelopes.values() for one in told if one[2].id not in carried]
            self.carries((*one, "whole") for one in left)
            carried.update(row.id for _here, _there, row in left)
            for side in (self.answerer, self.asker):
                if any(there is side for _here, there, _row in left):
                    exchange.take_arrivals(side.key)
            self.said("answer", questions)
            self.later(seconds=11)
            moving = bool(sealed or left)


def said_in(sealed: str) -> Any:
    """What a sealed text says."""
    payload = sealed.split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def played(pair: Mixed, told: Drawn, counts: Counter[str] | None = None) -> dict[int, str]:
    """Play all of them together; gives how the end of a conversation, by its number, differs from that of one delivery
    in order."""
    counts = Counter() if counts is None else counts
    questions: dict[int, UUID] = {}
    real = clock.now
    clock.now = lambda: pair.now  # type: ignore[assignment]
    try:
        for tick, all_of_them in enumerate(told.for_all):
            if all_of_them:
                counts[all_of_them[0]] += 1
                pair.for_all(all_of_them[0], all_of_them[2])
            else:
                steps = {
                    questions[number]: step
                    for number, one in enumerate(told.conversations)
                    if 0 <= tick - one.begins - 1 < len(one.steps) and (step := one.steps[tick - one.begins - 1])
                }
                counts.update(what for what, _which, _back in steps.values())
                pair.for_each(steps)
            for number, one in enumerate(told.conversations):
                if one.begins == tick:
                    questions[number] = pair.asked(RENT).message_id
            pair.later(seconds=11)
        pair.finish(list(questions.values()))
        pair.later(seconds=60)
        ends = differing(pair, list(questions.values()))
        return {number: ends[question] for number, question in questions.items() if question in ends}
    finally:
        clock.now = real


def narrowed(pair: Callable[[], Mixed], told: Drawn, number: int) -> str:
    """The least of what was drawn by which a conversation still ends otherwise when it is played by itself: tick, what
    happens, how far back, whether at the answerer's."""
    begins, steps = told.conversations[number].begins, told.conversations[number].steps
    left: list[Step | None] = [*told.for_all, *steps]

    def differs(tried: list[Step | None]) -> bool:
        for_all, own = tried[: len(told.for_all)], tried[len(told.for_all) :]
        return bool(played(pair(), Drawn(tuple(for_all), (Conversation(begins, tuple(own)),))))

    if not differs(left):
        return "only together with the others"
    for place in range(len(left)):
        fewer = [*left[:place], None, *left[place + 1 :]]
        if left[place] and differs(fewer):
            left = fewer
    ticks = [*range(len(told.for_all)), *(begins + 1 + place for place in range(len(steps)))]
    return str(sorted((tick, *step) for tick, step in zip(ticks, left, strict=True) if step))


def differing(pair: Mixed, questions: list[UUID]) -> dict[UUID, str]:
    """How the conversations ended otherwise than one delivery in order does: by question."""
    found: dict[UUID, str] = {}
    rows: dict[UUID, list[Any]] = {question: [] for question in questions}
    for row in pair.see(
        "SELECT tenant_id, direction, action, transport, business, code, content, digest, reference, message_id FROM "
        "exchange_message WHERE tenant_id = ANY(%s) AND created_at >= %s ORDER BY action, direction",
        [pair.asker.key, pair.answerer.key], pair.started,
    ):  # fmt: skip
        rows.setdefault(row.reference or row.message_id, []).append(row)
    for question in questions:
        conversation = rows[question]
        ways = [
            (row.tenant_id, row.direction, row.action, row.transport, row.business, row.code) for row in conversation
        ]
        if ways != [
            (pair.answerer.key, "in", "5", "delivered", "accepted", ""),
            (pair.asker.key, "out", "5", "delivered", "accepted", ""),
            (pair.asker.key, "in", "6", "delivered", "", ""),
            (pair.answerer.key, "out", "6", "delivered", "", ""),
        ]:
            found[question] = f"ends as {ways}"
            continue
        theirs, ours, copy, answer = conversation
        if (theirs.content, theirs.digest) != (ours.content, ours.digest):
            found[question] = "the copies of the question differ"
        if (copy.content, copy.digest) != (answer.content, answer.digest):
            found[question] = "the copies of the answer differ"
    once = {
        key
        for here, there in pair.ways()
        for (key,) in pair.see(
            "SELECT e.id FROM exchange_envelope e LEFT JOIN exchange_arrival a ON a.tenant_id = %s AND a.sender = %s "
            "AND a.message_id = e.message_id LEFT JOIN exchange_outcome o ON o.tenant_id = a.tenant_id AND o.id = a.id "
            "WHERE e.tenant_id = %s AND e.handed_over_at >= %s GROUP BY e.id HAVING array_agg(a.digest) "
            "FILTER (WHERE o.state IN ('taken', 'late', 'refused')) = ARRAY[e.digest]",
            there.key, here.address, here.key, pair.started,
        )
    }  # fmt: skip
    for question in questions:
        told = pair.envelopes.get(question, [])
        if not told or any(row.id not in once for _here, _there, row in told):
            found.setdefault(question, "not one outcome for each, of exactly what was sent")
    return found


@pytest.fixture(scope="module")
def mixed(database: Database) -> Iterator[Callable[[], Mixed]]:
    """Two organisations and their courier, each time a little later."""
    pair = between(database, open_office(database.connect, "fraga"), open_office(database.connect, "svar"))
    with as_role(database, "worker"):
        yield pair
    database.close_connections()


def between(database: Database, asker: Office, answerer: Office) -> Callable[[], Mixed]:
    """A pair of them as often as it is called, each beginning where the clock of the one before stood."""
    folder = asker.case()
    last: Mixed | None = None
    role, eyes = database.connect("courier", autocommit=True), database.connect("admin", autocommit=True)

    def make() -> Mixed:
        nonlocal last
        now = last.now if last else asker.now
        last = Mixed(database, Side(asker), Side(answerer), folder, now, role=role, eyes=eyes, started=now)
        return last

    return make


def test_any_order_loss_and_doubling_ends_in_one_outcome(mixed: Callable[[], Mixed]) -> None:
    random = Random(1)
    for _ in range(SEQUENCES // TOGETHER):
        told = drawn(random, TOGETHER)
        assert {number: narrowed(mixed, told, number) for number in played(mixed(), told)} == {}


def test_what_ends_otherwise_is_narrowed_to_its_own_conversation(
    mixed: Callable[[], Mixed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in what a second seal comes to is found, in the one of three conversations that has it."""
    right = inbox._after

    def wrong(before: Any, found: Any, *told: Any) -> Any:
        message = Message.objects.get(direction="in", message_id=found.message_id)
        message.code = "fault"
        message.save()
        return right(before, found, *told)

    monkeypatch.setattr(inbox, "_after", wrong)
    leave, take_in, carry, again = ("leave", 0, False), ("take in", 0, True), ("carry", 0, False), ("again", 1, False)
    for_all = (None, leave, None, take_in, None, take_in)
    right_ones = Conversation(0, (None, carry)), Conversation(0, (None, carry, None, carry))
    told = Drawn(for_all, (right_ones[0], Conversation(0, (("take up", 0, True), carry, None, again)), right_ones[1]))
    assert list(played(mixed(), told)) == [1]
    assert narrowed(mixed, told, 1) == str([(1, *leave), (4, *again)])
