"""Whatever the courier loses, doubles, delays and mixes up ends in what one delivery in order ends in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handslag.domain.exchange.models import Arrival, Envelope, Message, Outcome
from handslag.domain.exchange.operations import courier
from handslag.domain.exchange.operations.inbox import take_up
from handslag.domain.exchange.states import STANDING
from handslag.domain.tenancy.door import acting
from handslag.jobs import exchange
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from handslag.messages.question.message import Answer
from tests.bed import Database
from tests.exchange import RENT, Pair, Side
from tests.office import TEST, as_role, open_office

#: How many sequences are tried.
SEQUENCES = 25
#: (what happens, how far back the envelope lies that it happens to)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["leave", "carry", "carry", "carry", "broken", "wait", "take in", "take in", "take up", "answer"]
        ),
        st.integers(0, 7),
        st.booleans(),
    ),
    max_size=30,
)


class Mixed(Pair):
    """A pair whose courier carries what it is told to, one envelope at a time."""

    role: Any = None
    started: Any = None

    def envelopes(self) -> list[tuple[Side, Side, Any]]:
        found = [
            (here, there, row)
            for here, there in ((self.asker, self.answerer), (self.answerer, self.asker))
            for row in here.rows(Envelope, handed_over_at__gte=self.started)
        ]
        return sorted(found, key=lambda each: each[2].id)

    def carry_one(self, here: Side, there: Side, row: Any, how: str = "carry") -> None:
        """Whole, `broken` (truncated), or `changed`: with another sign in the middle."""
        sealed, digest, middle = row.sealed, row.digest, len(row.sealed) // 2
        if how == "broken":
            sealed, digest = sealed[:-9], "f" * 64
        elif how == "changed":
            sealed, digest = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :], "e" * 64
        values = (uuid7(), there.key, here.address, row.message_id, digest, sealed, self.now)
        with self.role.transaction():
            self.role.execute("SELECT set_config('app.tenant', %s, true)", [str(there.key)])
            self.role.execute(courier._PUT, values)

    def step(self, what: str, which: int, back: bool, question: UUID) -> None:
        side = self.answerer if back else self.asker
        if what == "leave":
            exchange.hand_over_due(side.key)
        elif what in ("carry", "broken", "changed"):
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
        rows = self.answerer.rows(Message, message_id=question)
        mine = self.answerer.rows(Message, reference=question, direction="out")
        if not rows or mine or rows[0].business not in ("", "in check"):
            return
        if what == "answer":
            self.answered(rows[0], Answer(number=1, text="Ja."))
        elif rows[0].business == "":
            take_up(**self.act(self.answerer), message=rows[0].id, version=rows[0].version)

    def finish(self, question: UUID) -> None:
        """Everything that still waits, in order, until nothing moves."""
        before = -1
        while before != (before := self._count()):
            for side in (self.asker, self.answerer):
                exchange.hand_over_due(side.key)
            for each in self.envelopes():
                self.carry_one(*each)
            for side in (self.answerer, self.asker):
                exchange.take_arrivals(side.key)
            for what in ("take up", "answer"):
                self.said(what, question)
            self.later(seconds=11)

    def _count(self) -> int:
        return sum(len(side.rows(Outcome)) + len(side.rows(Envelope)) for side in (self.asker, self.answerer))


@pytest.fixture(scope="module")
def mixed(database: Database) -> Iterator[Callable[[], Mixed]]:
    """A fresh question between two organisations, and its courier."""
    asker, answerer = open_office(database.connect, "fraga"), open_office(database.connect, "svar")
    folder = asker.case()
    role = database.connect("courier", autocommit=True)
    started = [asker.now]

    def make() -> Mixed:
        pair = Mixed(database, Side(asker), Side(answerer), folder, started[0])
        pair.role, pair.started = role, started[0]
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
    assert pair.states(question) == ("delivered", "accepted", "")
    (answer,) = pair.answerer.rows(Message, reference=question.message_id, direction="out")
    assert answer.transport == "delivered"
    (copy,) = pair.asker.rows(Message, message_id=answer.message_id)
    assert (copy.content, copy.digest) == (answer.content, answer.digest)
    for here, there in ((pair.asker, pair.answerer), (pair.answerer, pair.asker)):
        sent = {row.message_id: row.digest for row in here.rows(Envelope, handed_over_at__gte=pair.started)}
        came = there.rows(Arrival, message_id__in=sent)
        with acting(there.office.slug, TEST, "look"):
            stands = list(Outcome.objects.filter(message_id__in=sent, state__in=STANDING).values_list("id", flat=True))
        digests = {row.message_id: row.digest for row in came if row.id in stands}
        assert (len(stands), digests) == (len(sent), sent)  # exactly one outcome each, of exactly what was sent
