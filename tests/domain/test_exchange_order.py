"""Whatever the courier loses, doubles, delays and mixes up ends in what one delivery in order ends in."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import namedtuple_row

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations import courier
from handslag.domain.exchange.operations.inbox import take_up
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.keys import sign
from handslag.jobs import exchange
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from handslag.messages.question.message import Answer
from tests.bed import Database
from tests.exchange import RENT, Pair, Side
from tests.office import TEST, as_role, open_office

#: How many sequences are tried.
SEQUENCES = 200
WHATS = (
    "leave", "carry", "carry", "carry", "broken", "changed", "again", "wait", "take in", "take in", "take up", "answer",
)  # fmt: skip
#: (what happens, how far back the envelope lies that it happens to)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(WHATS),
        st.integers(0, 7),
        st.booleans(),
    ),
    max_size=30,
)


class Mixed(Pair):
    """A pair whose courier carries what it is told to, one envelope at a time. `role` is the courier's connection,
    `eyes` the administrator's, that sees both sides at once."""

    role: Any = None
    eyes: Any = None
    started: Any = None

    def see(self, query: str, *values: Any) -> list[Any]:
        """Rows of both sides."""
        with self.eyes.cursor(row_factory=namedtuple_row) as cursor:
            return list(cursor.execute(query, values).fetchall())

    def envelopes(self) -> list[tuple[Side, Side, Any]]:
        """What was handed over, in order: by whom, to whom."""
        ways = {here.key: (here, there) for here, there in self.ways()}
        rows = self.see(
            "SELECT * FROM exchange_envelope WHERE tenant_id = ANY(%s) AND handed_over_at >= %s ORDER BY id",
            list(ways), self.started,
        )  # fmt: skip
        return [(*ways[row.tenant_id], row) for row in rows]

    def ways(self) -> tuple[tuple[Side, Side], ...]:
        return (self.asker, self.answerer), (self.answerer, self.asker)

    def carry_one(self, here: Side, there: Side, row: Any, how: str = "carry") -> None:
        """Whole; `broken`: truncated; `changed`: with another sign in the middle; `again`: sealed once more. Each under
        the true digest."""
        sealed, middle = row.sealed, len(row.sealed) // 2
        if how == "broken":
            sealed = sealed[:-9]
        elif how == "changed":
            sealed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
        elif how == "again":
            with acting(here.office.slug, TEST, "seal"):
                payload = sealed.split(".")[1]
                _key, sealed = sign(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
        values = (uuid7(), there.key, here.address, row.message_id, row.digest, sealed, self.now)
        with self.role.transaction():
            self.role.execute("SELECT set_config('app.tenant', %s, true)", [str(there.key)])
            self.role.execute(courier._PUT, values)

    def step(self, what: str, which: int, back: bool, question: UUID) -> None:
        side = self.answerer if back else self.asker
        if what == "leave":
            exchange.hand_over_due(side.key)
        elif what in ("carry", "broken", "changed", "again"):
            waiting = self.envelopes()
            if waiting:
                self.carry_one(*waiting[-1 - which % len(waiting)], how=what)
        elif what == "wait":
            self.later(minutes=7)
        elif what == "take in":
            exchange.take_arrivals(side.key)
        else:
            self.said(what, question)

    def said(self, what: str, question: UUID) -> None:
        """A person at the answerer's takes it up, or answers, where there is something to."""
        rows = self.see(
            "SELECT id, version, business, message_id FROM exchange_message WHERE tenant_id = %s AND message_id = %s"
            " AND NOT EXISTS (SELECT FROM exchange_message a WHERE a.tenant_id = %s AND a.reference = %s)",
            self.answerer.key, question, self.answerer.key, question,
        )  # fmt: skip
        for row in rows:
            if what == "answer" and row.business in ("", "in check"):
                self.answered(row, Answer(number=1, text="Ja."))
            elif what == "take up" and row.business == "":
                take_up(**self.act(self.answerer), message=row.id, version=row.version)

    def finish(self, question: UUID) -> None:
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
            left = [each for each in self.envelopes() if each[2].id not in carried]
            for each in left:
                self.carry_one(*each)
            carried.update(row.id for _here, _there, row in left)
            for side in (self.answerer, self.asker):
                if any(there is side for _here, there, _row in left):
                    exchange.take_arrivals(side.key)
            self.said("answer", question)
            self.later(seconds=11)
            moving = bool(sealed or left)


@pytest.fixture(scope="module")
def mixed(database: Database) -> Iterator[Callable[[], Mixed]]:
    """A fresh question between two organisations, and its courier."""
    asker, answerer = open_office(database.connect, "fraga"), open_office(database.connect, "svar")
    folder = asker.case()
    role, eyes = database.connect("courier", autocommit=True), database.connect("admin", autocommit=True)
    started = [asker.now]

    def make() -> Mixed:
        pair = Mixed(database, Side(asker), Side(answerer), folder, started[0])
        pair.role, pair.eyes, pair.started = role, eyes, started[0]
        return pair

    def moved(pair: Mixed) -> None:
        pair.later(seconds=60)
        started[0] = pair.now

    make.moved = moved  # type: ignore[attr-defined]
    yield make
    database.close_connections()


@contextmanager
def played(pair: Mixed) -> Iterator[None]:
    real = clock.now
    clock.now = lambda: pair.now  # type: ignore[assignment]
    try:
        yield
    finally:
        clock.now = real


def test_any_order_loss_and_doubling_ends_in_one_outcome(database: Database, mixed: Any) -> None:
    @settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(STEPS)
    def play(steps: list[tuple[str, int, bool]]) -> None:
        pair = mixed()
        with played(pair):
            question = pair.asked(RENT)
            pair.later(seconds=11)
            for what, which, back in steps:
                pair.step(what, which, back, question.message_id)
                pair.later(seconds=11)
            pair.finish(question.message_id)
            mixed.moved(pair)
            in_order(pair, question)

    with as_role(database, "worker"):
        play()


def in_order(pair: Mixed, question: Message) -> None:
    """The end of the one delivery in order."""
    conversation = pair.see(
        "SELECT tenant_id, direction, action, transport, business, code, content, digest FROM exchange_message"
        " WHERE tenant_id = ANY(%s) AND %s IN (message_id, reference) ORDER BY action, direction",
        [pair.asker.key, pair.answerer.key], question.message_id,
    )  # fmt: skip
    theirs, ours, copy, answer = conversation
    ways = [(row.tenant_id, row.direction, row.action, row.transport, row.business, row.code) for row in conversation]
    assert ways == [
        (pair.answerer.key, "in", "5", "delivered", "accepted", ""),
        (pair.asker.key, "out", "5", "delivered", "accepted", ""),
        (pair.asker.key, "in", "6", "delivered", "", ""),
        (pair.answerer.key, "out", "6", "delivered", "", ""),
    ]
    assert (copy.content, copy.digest) == (answer.content, answer.digest)
    assert (theirs.content, theirs.digest) == (ours.content, ours.digest)
    for here, there in pair.ways():
        stands = pair.see(
            "SELECT e.message_id, array_agg(a.digest) FILTER (WHERE o.state IN ('taken', 'late', 'refused')) = ARRAY["
            "e.digest] AS once FROM exchange_envelope e LEFT JOIN exchange_arrival a ON a.tenant_id = %s AND a.sender ="
            " %s AND a.message_id = e.message_id LEFT JOIN exchange_outcome o ON o.tenant_id = a.tenant_id AND o.id ="
            " a.id WHERE e.tenant_id = %s AND e.handed_over_at >= %s GROUP BY e.id",
            there.key, here.address, here.key, pair.started,
        )  # fmt: skip
        assert stands
        assert [row.message_id for row in stands if not row.once] == []  # one outcome each, of exactly what was sent
