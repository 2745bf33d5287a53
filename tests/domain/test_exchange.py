"""Messages between two organisations of one installation: sealed, carried by a role that sees nothing else, taken in
once, answered; whatever comes twice, late, out of order or broken."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from joserfc import jws
from joserfc.jwk import ECKey

from handslag.cli import exchange as exchange_cli
from handslag.domain.audit.models import Event, Payload, Subject
from handslag.domain.exchange.frame import moment
from handslag.domain.exchange.models import Arrival, BusinessStep, Envelope, Message, Outcome, TransportStep
from handslag.domain.exchange.operations import courier
from handslag.domain.exchange.operations.inbox import Placed, give_arrival, take_up, try_again
from handslag.domain.exchange.operations.outbox import (
    NewMessage,
    give_message,
    header_of,
    seal_message,
    send_again,
    take_back,
)
from handslag.domain.exchange.permissions import may_be_given, messages_of
from handslag.domain.exchange.queries import figures, first_of, lost, may_say, sealed_of, unit_for
from handslag.domain.exchange.states import Action
from handslag.domain.people.models import Membership
from handslag.domain.people.operations.persons import NewPerson, register_person, set_protection
from handslag.domain.register.operations import tell
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.operations import finish_task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.keys import sign
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, member_behind
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.jobs import exchange
from handslag.jobs.accounts import compare_account
from handslag.kernel import canonical, clock
from handslag.messages.as_xml import sealed_text
from handslag.messages.ech.frame import written
from handslag.messages.question import build
from handslag.messages.question.message import Answer
from handslag.messages.question.xml import FORM
from handslag.web.entry import health
from tests.bed import Database
from tests.exchange import FEE, RENT, Pair, Side, given, sealed_questions
from tests.office import TEST, Office, as_role, open_office
from verifier import verify

#: To take in questions about people who aren't known here, one or a hundred: BEGIN, door, lock, what waits, keys, unit,
#: all that is written, COMMIT. One alone, which is done where a hundred failed: without BEGIN and the like.
STATEMENTS, ALONE = 8, 19


@pytest.fixture(scope="module")
def offices(database: Database) -> tuple[Office, Office]:
    """Two organisations; each test has a case of its own."""
    made = open_office(database.connect, "fraga"), open_office(database.connect, "svar")
    database.close_connections()
    return made


@pytest.fixture
def pair(database: Database, offices: tuple[Office, Office]) -> Pair:
    """A case of the one who asks; nothing of an earlier test is under way."""
    asker, answerer = offices
    return Pair(database, Side(asker), Side(answerer), asker.case(), asker.now)


def test_a_question_is_answered_point_by_point_and_both_sides_hold_the_same(pair: Pair) -> None:
    question = pair.asked(RENT, FEE)
    sent = {"message_id": question.message_id}
    assert (question.transport, pair.asker.rows(Envelope, **sent)) == ("sealed", [])
    pair.settle()
    assert pair.states(question) == ("delivered", "", "")
    assert pair.answerer.tasks() == ["question"]
    theirs = pair.answerer.message(question.message_id)
    assert (theirs.due_on, theirs.about_id) == (question.due_on, None)
    take_up(**pair.act(pair.answerer), message=theirs.id, version=theirs.version)
    pair.settle()
    assert pair.states(question) == ("delivered", "in check", "")
    answer = pair.answered(question, Answer(number=1, text="Ja, till mars."), Answer(number=2, reason="NOT_KNOWN"))
    pair.settle()
    assert pair.states(question) == ("delivered", "accepted with changes", "")
    assert pair.answerer.message(answer.message_id).transport == "delivered"
    assert pair.asker.message(answer.message_id).digest == answer.digest
    assert (pair.answerer.tasks(), pair.asker.tasks()) == ([], ["question answered"])
    assert build.read(pair.asker.message(answer.message_id)).answers[0].text == "Ja, till mars."
    said = msgspec.json.decode(theirs.content)
    assert "places" not in said and str(pair.folder.case.id) not in theirs.content  # no key of ours leaves
    assert "Provgatan" not in theirs.content  # nor an address


def test_every_step_is_signed_by_whoever_caused_it(pair: Pair) -> None:
    question = pair.asked(RENT)
    pair.settle()
    pair.answered(question, Answer(number=1, text="Nej."))
    pair.settle()
    keys = {}
    for side in (pair.asker, pair.answerer):
        with acting(side.office.slug, TEST, "keys"):
            keys[side.address] = exchange.published_keys()[0]
    seen = []
    for side in (pair.asker, pair.answerer):
        for model in (TransportStep, BusinessStep):
            for step in side.rows(model):
                key = ECKey.import_key({n: keys[step.by]["jwk"][n] for n in ("kty", "crv", "x", "y")})
                said = msgspec.json.decode(jws.deserialize_compact(step.sealed, key, algorithms=["ES256"]).payload)
                told = said.get("report") or said.get("reply") or said
                assert (told["state"], told["digest"]) == (step.state, question.digest) or step.message_id != (
                    side.message(question.message_id).id
                )
                seen.append((side is pair.asker, model is TransportStep, step.state, step.by == side.address))
    assert (True, True, "delivered", False) in seen and (True, False, "accepted", False) in seen
    assert (False, True, "delivered", True) in seen and (True, True, "handed over", True) in seen


def test_a_question_back_waits_for_what_is_added(pair: Pair) -> None:
    question = pair.asked()
    pair.settle()
    pair.answered(question, text="Vilken adress?", until=pair.today + timedelta(days=7))
    pair.settle()
    assert pair.states(question) == ("delivered", "question", "")
    assert pair.asker.tasks() == ["question asked back"]
    pair.added(question, "Provgatan är fel; det är den nya.")
    pair.settle()
    assert pair.states(question) == ("delivered", "in check", "")
    assert pair.asker.tasks() == [] and pair.answerer.tasks() == ["question"]
    pair.answered(question, Answer(number=1, reason="NO_GROUND"))
    pair.settle()
    assert pair.states(question) == ("delivered", "rejected", "NO_GROUND")


def test_a_recall_closes_what_waits_and_leaves_what_was_answered(pair: Pair) -> None:
    waits, answered = pair.asked(), pair.asked(RENT)
    pair.settle()
    pair.answered(answered, Answer(number=1, text="Ja."))
    pair.settle()
    assert pair.answerer.tasks() == ["question"]
    for question in (waits, answered):
        pair.added(question, "Hon har visat avtalet.", build.recalling)
    pair.settle()
    assert (pair.answerer.tasks(), pair.asker.tasks()) == ([], ["question answered"])
    assert pair.states(waits) == ("delivered", "recalled", "")
    assert pair.states(answered) == ("delivered", "accepted", "")
    kept = pair.asker.rows(Message, reference=answered.message_id, action=Action.RECALL)
    assert [(row.transport, row.code) for row in kept] == [("taken back", "overtaken")]  # nobody waited for it
    (recall,) = pair.answerer.rows(Message, reference=waits.message_id, direction="in")
    assert build.read(recall).header.closed and not build.read(pair.asker.message(waits.message_id)).header.closed


def test_an_answer_that_crosses_the_recall_stands_at_both_ends(pair: Pair) -> None:
    crossed, back = pair.asked(RENT), pair.asked()
    pair.settle()
    pair.added(crossed, "Behövs inte.", build.recalling)
    pair.added(back, "Behövs inte.", build.recalling)
    pair.answered(crossed, Answer(number=1, text="Ja."))
    kept = pair.answered(back, text="Vilken?", until=pair.today + timedelta(days=7))
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.carry()
    pair.arrives(pair.answerer)  # the recall comes while both are on their way out
    pair.settle()
    assert pair.states(crossed) == ("delivered", "accepted", "")
    assert pair.states(back) == ("delivered", "recalled", "")
    assert (pair.answerer.message(kept.message_id).transport, pair.answerer.message(kept.message_id).code) == (
        "taken back", "overtaken",
    )  # fmt: skip
    assert pair.asker.tasks() == ["question answered"]


def test_each_reminder_raises_one_task_and_an_answer_ends_it(pair: Pair) -> None:
    question = pair.asked()
    pair.settle()
    first = pair.added(question, "Vi väntar.", build.reminding)
    pair.settle()
    pair.carried.clear()
    pair.settle()  # carried again: the same message
    assert pair.answerer.tasks() == ["question", "question reminded"]
    assert pair.states(question) == ("delivered", "", "")
    (task,) = pair.answerer.rows(Task, kind="question reminded", state="open")
    finish_task(**pair.act(pair.answerer), task=task.id, version=task.version)
    pair.added(question, "Vi väntar fortfarande.", build.reminding)
    pair.settle()
    assert pair.answerer.tasks() == ["question", "question reminded"]
    pair.answered(question, Answer(number=1, text="Ja."))
    pair.settle()
    assert (pair.answerer.tasks(), pair.states(question)) == ([], ("delivered", "accepted", ""))
    assert pair.answerer.message(first.message_id).action == Action.REMINDER


def test_what_adds_to_a_question_waits_for_it_half_an_hour(pair: Pair) -> None:
    question = pair.asked()
    pair.settle()
    unknown = {**msgspec.json.decode(pair.added(question, "Behövs inte.", build.recalling).content.encode())}
    unknown["header"] |= {"reference": str(uuid4()), "id": str(uuid4())}
    with acting(pair.asker.office.slug, TEST, "sign"):
        _key, sealed = sign(unknown)
    digest = hashlib.sha256(canonical.dumps(unknown)).hexdigest()
    pair.put(pair.answerer, sealed, pair.asker.address, unknown["header"]["id"], digest)
    for _ in range(2):
        pair.arrives(pair.answerer)
        (waits,) = pair.answerer.rows(Outcome, message_id=unknown["header"]["id"])
        assert (waits.state, waits.attempts, waits.version) == ("trying", 0, 1)  # looked at once
        assert str(waits.waits_for) == unknown["header"]["reference"]
        pair.later(minutes=15)
    pair.arrives(pair.answerer)
    (refused,) = pair.answerer.rows(Outcome, message_id=unknown["header"]["id"])
    assert (refused.state, refused.code) == ("refused", "305")


def _recalling(pair: Pair, of: courier.Sealed, key: UUID | None = None) -> courier.Sealed:
    """The recall of one of `sealed_questions`, as the courier holds it."""
    key = key or uuid4()
    with acting(pair.asker.office.slug, TEST, "seal"):
        header = header_of(
            recipient=of.recipient, key=key, now=pair.now, action="3", process=f"handslag:{of.message_id}",
            reference=of.message_id,
        )  # fmt: skip
        body = {"message": "question", "version": 1, "header": header, "text": "Behövs inte."}
        _key, text = sign(body)
    return courier.Sealed(uuid4(), of.sender, of.recipient, key, canonical.digest(body), text)


def test_what_came_before_its_question_and_who_sends_much_hold_up_nobody(
    fresh: Pair, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More recalls than a round looks at, their questions right behind, and then a word of somebody else's."""
    monkeypatch.setattr(exchange, "TOGETHER", 10)
    side, count = fresh.answerer, 10 * exchange.OFTEN + 1
    other = Side(open_office(database.connect, "granne"))
    asked = sealed_questions(fresh.asker, side, count, fresh.now)
    recalls = [_recalling(fresh, one) for one in asked]
    (lone,) = sealed_questions(other, side, 1, fresh.now)
    with fresh._role("courier"):
        courier.put_in(side.key, [*recalls, *asked, lone], fresh.now)
    said, keys = [], [one.message_id for one in recalls]
    for _ in range(5):
        with fresh._role("worker"), CaptureQueriesContext(connection) as caught:
            exchange.take_arrivals(side.key)
        said.append(len(caught))
        assert _states(fresh, [lone.message_id]) == ["taken 0"]  # in the first round
    assert _states(fresh, [one.message_id for one in asked] + keys) == ["taken 0"] * 2 * count
    matters = {row.business for row in side.rows(Message, partner=fresh.asker.address, action="5")}
    assert matters == {"", "recalled"} and len(side.rows(Message, action="5", business="recalled")) == count
    looked = {row.version for row in side.rows(Outcome, message_id__in=keys)}
    assert looked == {2}  # once when it came, once with its question
    assert max(said) <= exchange.OFTEN * STATEMENTS + 10 * exchange.OFTEN * 3 * ALONE and said[-1] <= STATEMENTS, said


def test_what_waits_is_refused_only_where_nothing_that_it_waits_for_lies_here(
    fresh: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = fresh.answerer
    (question,) = sealed_questions(fresh.asker, side, 1, fresh.now)
    recall, itself = _recalling(fresh, question), _recalling(fresh, replace(question, message_id=(key := uuid4())), key)
    with fresh._role("courier"):
        courier.put_in(side.key, [itself, recall], fresh.now)
    fresh.arrives(side)
    fresh.later(minutes=30)
    with fresh._role("courier"):
        courier.put_in(side.key, [question], fresh.now)
    with monkeypatch.context() as apart:
        apart.setattr(exchange, "_take_together", lambda tenant, waiting: set())
        fresh.arrives(side)  # the recall is looked at first
    fresh.arrives(side)
    keys = [question.message_id, recall.message_id, itself.message_id]
    assert _states(fresh, keys) == ["taken 0", "taken 0", "refused 0"]


def test_versions_live_side_by_side_and_what_is_unknown_is_kept(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = msgspec.json.decode(pair.asked().content.encode())["asked"]
    base = {
        "kind": "question", "action": Action.REQUEST, "recipient": pair.answerer.address,
        "unit": pair.folder.case.unit_id, "person": pair.folder.case.applicant_id,
    }  # fmt: skip
    monkeypatch.setitem(exchange.RECEIVED_BY, ("question", 2), lambda opened, now: Placed(unit=unit_for(0, now)))
    bodies = {1: {"asked": {**asked, "urgency": "high"}, "mood": 3}, 2: {"asked": {"whom": "Petra"}}, 3: {}}
    sent = {
        version: seal_message(**pair.act(pair.asker), new=NewMessage(id=uuid4(), version=version, body=body, **base))
        for version, body in bodies.items()
    }
    pair.settle()
    for version in (1, 2):
        theirs = pair.answerer.message(sent[version].message_id)
        assert (theirs.digest, theirs.content) == (sent[version].digest, sent[version].content)
    assert '"urgency":"high"' in pair.answerer.message(sent[1].message_id).content
    refused = pair.asker.message(sent[3].message_id)
    assert (refused.transport, refused.code) == ("rejected", "303")


def test_a_message_as_xml_is_the_message_that_was_signed(pair: Pair) -> None:
    question = pair.asked(RENT, FEE)
    pair.settle()
    with acting(pair.answerer.office.slug, TEST, "look"):
        row = Message.objects.get(message_id=question.message_id)
        sealed = sealed_of(row)
        xml = written(FORM, row.content.encode(), sealed)
    assert sealed_text(xml) == sealed == pair.asker.rows(Envelope, message_id=question.message_id)[0].sealed


@pytest.mark.parametrize("test", [True, False])
def test_what_is_said_of_a_test_is_a_test(pair: Pair, test: bool) -> None:
    question = pair.asked(RENT, test=test)
    pair.settle()
    pair.answered(question, Answer(number=1, text="Ja."))
    with acting(pair.answerer.office.slug, TEST, "look"):
        envelopes = Envelope.objects.filter(recipient=pair.asker.address)
        said = [json.loads(told) for told in map(_told, envelopes) if question.process in told]
    pair.settle()
    answer = json.loads(pair.answerer.rows(Message, reference=question.message_id)[0].content)
    assert [told["message"] for told in said] == ["receipt"]
    assert {told["header"]["test"] for told in (*said, answer)} == {test}


def _says(pair: Pair, sender: Side, to: Side, first: Message, told: dict[str, Any], **header: Any) -> tuple[str, str]:
    """Something about a message, signed by `sender`, which may write what we never write: state and code of its outcome
    at `to`."""
    head = {**json.loads(first.content)["header"], "sender": sender.address, "recipient": to.address}
    head |= {"id": str(uuid4()), "reference": str(first.message_id), "sent_at": moment(pair.now), **header}
    body = {"message": first.kind, "version": 1, **told, "header": head}
    with acting(sender.office.slug, TEST, "forge"):
        _key_id, sealed = sign(body)
    pair.put(to, sealed, sender.address, head["id"], canonical.digest(body))
    pair.arrives(to)
    (row,) = to.rows(Outcome, message_id=head["id"])
    return row.state, row.code


def test_what_does_not_belong_to_what_it_is_about_changes_nothing(pair: Pair) -> None:
    """In another kind of message, another process, or as a test: nothing follows from it, and its sender is told."""
    question = pair.asked(RENT, FEE)
    pair.settle()
    reply = {"of": str(question.message_id), "digest": question.digest, "state": "accepted"}
    answers = [{"number": number, "text": "Ja."} for number in (1, 2)]
    gives = {
        "message": "document_request",
        "reply": {**reply, "state": "accepted with changes"},
        "answers": [msgspec.to_builtins(given(1)), {"number": 2, "reason": "NOT_KNOWN"}],
    }
    says = {"reply": reply, "answers": answers}
    for told, header in (
        (gives, {}),
        (says, {"process": "another"}),
        (says, {"test": True}),
        ({**says, "answers": answers[:1]}, {}),
        ({**says, "answers": [*answers, {"number": 3, "text": "Ja."}]}, {}),
        ({**says, "answers": [answers[0], answers[0]]}, {}),
    ):
        assert _says(pair, pair.answerer, pair.asker, question, told, action="6", **header) == ("refused", "200")
    for told, header in (
        ({"text": "Nej.", "message": "case_transfer"}, {}),
        ({"text": "Nej."}, {"process": "another"}),
        ({"text": "Nej."}, {"test": True}),
        ({"text": "Ne\0j."}, {}),
        ({"text": "Nej."}, {"sent_at": "2026-02-30T10:00:00Z"}),
    ):
        assert _says(pair, pair.asker, pair.answerer, question, told, action="3", **header) == ("refused", "200")
    pair.settle()
    assert pair.states(question) == ("delivered", "", "")
    assert pair.asker.tasks() == []
    assert _says(pair, pair.answerer, pair.asker, question, says, action="6") == ("taken", "")
    assert pair.asker.message(question.message_id).business == "accepted"
    recall = {"text": "Nej."}
    answer = pair.asker.rows(Message, reference=question.message_id)[0]
    assert _says(pair, pair.answerer, pair.asker, answer, recall, action="3") == ("refused", "305")  # begins nothing


def test_what_corrects_a_question_is_refused_by_a_code_until_something_was_asked_back(pair: Pair) -> None:
    question = pair.asked(RENT)
    pair.settle()
    asked = msgspec.json.decode(question.content.encode())["asked"]

    def corrects(**told: Any) -> tuple[str, str]:
        return _says(pair, pair.asker, pair.answerer, question, told, action="4")

    assert corrects(text="Nej, elen.") == ("refused", "306")
    assert corrects(asked={**asked, "text": "Betalar ni elen?"}) == ("refused", "200")
    receipts = [msgspec.json.decode(_told(row).encode()).get("report", {}) for row in pair.answerer.rows(Envelope)]
    said = [(one["state"], one["code"], one["text"]) for one in receipts[-2:]]
    assert [one[:2] for one in said] == [("rejected", "306"), ("rejected", "200")]
    assert all("recalled, and sent anew" in text for _state, _code, text in said)
    kept = pair.added(question, "Nej, elen.")  # ours doesn't even leave
    pair.settle()
    row = pair.asker.message(kept.message_id)
    assert (row.transport, row.code) == ("taken back", "overtaken")
    assert pair.states(question) == ("delivered", "", "") and pair.answerer.tasks() == ["question"]
    pair.answered(question, text="Vilken hyra?", until=pair.today + timedelta(days=3))
    pair.settle()
    added = pair.added(question, "Den i maj.")
    pair.settle()
    assert pair.states(question) == ("delivered", "in check", "")
    assert pair.asker.message(added.message_id).digest == pair.answerer.message(added.message_id).digest
    (task,) = pair.answerer.rows(
        Task, state="open", kind="question", subject=pair.answerer.message(question.message_id).id
    )
    finish_task(**pair.act(pair.answerer), task=task.id, version=task.version)
    assert corrects(text="Och den i juni.") == ("late", "in check")  # before it is answered, somebody reads that too
    assert pair.states(question) == ("delivered", "in check", "") and pair.answerer.tasks() == ["question"]


def test_a_conversation_begins_with_the_message_of_its_own_side_though_both_used_its_id(pair: Pair) -> None:
    (theirs,) = sealed_questions(pair.answerer, pair.asker, 1, pair.now)
    content = json.loads(_told(theirs))
    question = pair.asked()
    content["header"]["id"] = str(question.message_id)
    with acting(pair.answerer.office.slug, TEST, "seal"):
        _key, sealed = sign(content)
    pair.put(pair.asker, sealed, pair.answerer.address, question.message_id, canonical.digest(content))
    pair.arrives(pair.asker)
    pair.settle()
    assert len(pair.asker.rows(Message, message_id=question.message_id)) == 2
    reply = {"of": str(question.message_id), "digest": question.digest, "state": "accepted"}
    told = {"reply": reply, "answers": [{"number": 1, "text": "Ja."}]}
    assert _says(pair, pair.answerer, pair.asker, question, told, action="6") == ("taken", "")
    head = {"text": "Behövs inte.", "process": content["header"]["process"]}
    assert (
        _says(pair, pair.answerer, pair.asker, question, {"text": head.pop("text")}, action="3", **head)[0] == "taken"
    )
    with acting(pair.asker.office.slug, TEST, "look"):
        said = {row.action: first_of(row) for row in Message.objects.filter(reference=question.message_id)}
    assert {action: first.direction for action, first in said.items() if first} == {"6": "out", "3": "in"}


def test_ten_seconds_to_take_it_back(pair: Pair) -> None:
    question = pair.asked()
    pair.later(seconds=9)
    pair.leaves(pair.asker)
    assert pair.asker.rows(Envelope, message_id=question.message_id) == []
    taken = take_back(**pair.act(pair.asker), message=question.id, version=question.version)
    assert taken.transport == "taken back"
    pair.settle()
    assert pair.answerer.rows(Arrival, message_id=question.message_id) == []
    gone = pair.asked()
    pair.settle()
    with pytest.raises(Conflict):
        take_back(**pair.act(pair.asker), message=gone.id, version=pair.asker.message(gone.message_id).version)
    late = pair.asked()
    pair.later(seconds=10)  # no worker has looked yet
    with pytest.raises(NotPossible, match="too late to take back"):
        take_back(**pair.act(pair.asker), message=late.id, version=late.version)
    pair.settle()
    assert pair.states(late)[0] == "delivered"


def test_one_that_cannot_leave_holds_up_none_behind_it(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, good = pair.asked(), pair.asked(RENT)
    leaves = exchange.hand_over

    def hand_over(**told: Any) -> Any:
        if told["message"] == stuck.id:
            raise RuntimeError("whatever it is")
        return leaves(**told)

    monkeypatch.setattr(exchange, "hand_over", hand_over)
    pair.settle()
    ways = [pair.asker.message(one.message_id).transport for one in (stuck, good)]
    assert ways == ["sealed", "delivered"]


def test_nothing_leaves_about_a_protected_household(pair: Pair) -> None:
    person = pair.folder.case.applicant_id
    question = pair.asked()
    set_protection(**pair.act(pair.asker, "rut"), person=person, level=1, address_level=1, version=1)
    pair.settle()  # it had been sealed for somebody who was not protected
    with pytest.raises(NotPossible, match="assess first"):
        pair.asked()
    assert pair.asked(assessed="hon har samtyckt").level == 1
    pair.folder = pair.asker.office.case(("Mia", "Mor", "19900101"), children=(("Liv", "Mor", "20180101"),))
    with acting(pair.asker.office.slug, TEST, "look"):
        child = Membership.objects.get(household=pair.folder.case.household_id, role="child").person_id
    set_protection(**pair.act(pair.asker, "rut"), person=child, level=2, address_level=2, version=1)
    with pytest.raises(NotPossible, match="protected exchange"):  # her child's: nothing about the household leaves
        pair.asked(assessed="hon har samtyckt")
    kept = pair.asker.message(question.message_id)
    assert (kept.transport, kept.code, pair.asker.tasks()[-1]) == ("taken back", "protected", "message kept back")

    # of several people that a message is about, each counts with her household, not only the first
    first, beside = (
        pair.asker.office.case((name, "Berg", born)) for name, born in (("Ida", "19910101"), ("Pia", "19920202"))
    )
    pair.folder, other = first, beside.case.applicant_id
    two = pair.asked(replace(RENT, place=str(other)))
    at_home = pair.asker.office.case(("Eva", "Ek", "19930303"), children=(("Siv", "Ek", "20190101"),))
    three = pair.asked(replace(RENT, place=str(at_home.case.applicant_id)))
    with acting(pair.asker.office.slug, TEST, "look"):
        child = Membership.objects.get(household=at_home.case.household_id, role="child").person_id
    for one, level in ((other, 1), (child, 2)):
        set_protection(**pair.act(pair.asker, "rut"), person=one, level=level, address_level=level, version=1)
    with pytest.raises(NotPossible, match="protected exchange"):
        pair.asked(replace(RENT, place=str(at_home.case.applicant_id)))
    pair.settle()
    assert [pair.asker.message(one.message_id).code for one in (two, three)] == ["protected", "protected"]


def test_the_courier_can_read_sealed_envelopes_and_nothing_else(pair: Pair, connect: Any) -> None:
    pair.asked()
    pair.settle()
    role = connect("courier", autocommit=True)
    tables = [row[0] for row in role.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()]
    readable, writable = [], []
    for table in sorted(tables):
        with role.transaction(force_rollback=True):
            role.execute("SELECT set_config('app.tenant', %s, true)", [str(pair.answerer.key)])
            for verb, places in (
                ("SELECT", readable),
                ("INSERT", writable),
                ("UPDATE", writable),
                ("DELETE", writable),
            ):
                has = "SELECT has_table_privilege(%s, %s), has_any_column_privilege(%s, %s)"
                wanted = verb if verb != "DELETE" else "INSERT"
                if any(role.execute(has, [table, verb, table, wanted]).fetchone()) and (verb, table) not in places:
                    places.append((verb, table))
    assert {t for v, t in readable} == {"exchange_envelope", "tenancy_organisation", "tenancy_relation"}
    assert {(v, t) for v, t in writable if v != "DELETE"} == {("INSERT", "exchange_arrival")}
    with role.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute("SELECT sealed FROM exchange_arrival")
    with role.transaction():  # another organisation's envelopes are not there for it either
        role.execute("SELECT set_config('app.tenant', %s, true)", [str(pair.asker.key)])
        senders = role.execute("SELECT DISTINCT tenant_id FROM exchange_envelope").fetchall()
    assert senders == [(pair.asker.key,)]


def test_the_same_again_is_nothing_and_another_content_is_a_conflict(pair: Pair) -> None:
    question = pair.asked()
    pair.settle()
    mine = {"message_id": question.message_id}
    (envelope,) = pair.asker.rows(Envelope, **mine)
    pair.carried.clear()
    pair.carry()
    pair.arrives(pair.answerer)
    assert len(pair.answerer.rows(Arrival, **mine)) == 1
    with acting(pair.asker.office.slug, TEST, "forge"):
        content = msgspec.json.decode(question.content.encode())
        content["asked"]["text"] = "Någonting annat?"
        _key, sealed = sign(content)
    digest = hashlib.sha256(canonical.dumps(content)).hexdigest()
    pair.put(pair.answerer, sealed, pair.asker.address, question.message_id, digest)
    pair.arrives(pair.answerer)
    assert sorted(row.state for row in pair.answerer.rows(Outcome, **mine)) == ["conflict", "taken"]
    assert pair.answerer.message(question.message_id).digest == envelope.digest
    pair.settle()
    assert pair.states(question) == ("delivered", "", "")  # the refusal is of another content than ours


def test_one_outcome_whatever_claims_to_be_the_same_message(pair: Pair, database: Database) -> None:
    """Under the true id and digest come first a forgery, then the true message, then its content sealed once more; two
    jobs take them in at the same time. One outcome stands; nothing but that is told."""
    question = pair.asked()
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    mine = {"message_id": question.message_id}
    (envelope,) = pair.asker.rows(Envelope, **mine)
    with acting(pair.asker.office.slug, TEST, "seal"):
        _key, anew = sign(msgspec.json.decode(question.content.encode()))
    forged = envelope.sealed[:-8] + ("AAAAAAAA" if not envelope.sealed.endswith("AAAAAAAA") else "BBBBBBBB")
    for sealed in (forged, envelope.sealed, envelope.sealed, anew, "\\x" + forged):
        pair.put(pair.answerer, sealed, pair.asker.address, question.message_id, envelope.digest)
    with pair._role("worker"), ThreadPoolExecutor(2) as jobs:
        for _ in range(3):
            for done in [jobs.submit(_taken_in, pair.answerer.key) for _ in range(2)]:
                done.result()
    states = [row.state for row in pair.answerer.rows(Outcome, **mine)]
    assert sorted(states) == ["again", "quarantined", "quarantined", "taken"]
    receipts = [row for row in pair.answerer.rows(Envelope) if str(question.message_id) in _told(row)]
    assert len(receipts) == 1
    assert pair.answerer.message(question.message_id).digest == envelope.digest
    with pytest.raises(psycopg.errors.UniqueViolation, match="outcome_exactly_one"), database.connect("admin") as admin:
        admin.execute(
            "UPDATE exchange_outcome SET state = 'taken' WHERE message_id = %s AND state = 'again'",
            [question.message_id],
        )


def _taken_in(tenant: int) -> None:
    try:
        exchange.take_arrivals(tenant)
    finally:
        connection.close()


def _told(envelope: Any) -> str:
    payload = envelope.sealed.split(".")[1]
    return urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


def test_what_cannot_be_read_is_set_aside_and_holds_up_no_other(pair: Pair) -> None:
    key = uuid4()
    pair.put(pair.answerer, "not.a.jws", pair.asker.address, key, "0" * 64)
    good = pair.asked()
    pair.settle()
    assert pair.states(good)[0] == "delivered"
    for _ in range(3):
        pair.arrives(pair.answerer)
    (poison,) = pair.answerer.rows(Outcome, message_id=key)
    assert (poison.state, poison.attempts, poison.trouble) == ("quarantined", 3, "not a signed text")
    assert "message unreadable" in pair.answerer.tasks()
    with pytest.raises(NotAllowed):  # she wouldn't even see it
        try_again(**pair.act(pair.answerer), arrival=poison.id, version=poison.version)
    try_again(**pair.act(pair.answerer, "rut"), arrival=poison.id, version=poison.version)
    for _ in range(3):
        pair.arrives(pair.answerer)
    (again,) = pair.answerer.rows(Outcome, message_id=key)
    assert (again.state, again.attempts) == ("quarantined", 3)


def test_a_forged_envelope_under_a_true_id_does_not_keep_out_the_true_one(pair: Pair) -> None:
    question = pair.asked()
    with acting(pair.answerer.office.slug, TEST, "forge"):  # signed, but by somebody else
        _key, sealed = sign(msgspec.json.decode(question.content.encode()))
    pair.put(pair.answerer, sealed, pair.asker.address, question.message_id, "1" * 64)
    for _ in range(3):
        pair.arrives(pair.answerer)
    pair.settle()
    assert sorted(row.state for row in pair.answerer.rows(Outcome, message_id=question.message_id)) == [
        "quarantined", "taken",
    ]  # fmt: skip
    assert pair.states(question)[0] == "delivered"


def test_what_breaks_its_schema_is_refused_and_the_sender_told(pair: Pair) -> None:
    new = NewMessage(
        id=uuid4(), kind="question", action=Action.REQUEST, recipient=pair.answerer.address,
        body={"asked": {"person": {}}}, unit=pair.folder.case.unit_id, person=pair.folder.case.applicant_id,
    )  # fmt: skip
    broken = seal_message(**pair.act(pair.asker), new=new)
    strange = seal_message(**pair.act(pair.asker), new=replace(new, id=uuid4(), kind="riddle", action=Action.NEW))
    pair.settle()
    told = [
        (m.transport, m.code) for m in (pair.asker.message(broken.message_id), pair.asker.message(strange.message_id))
    ]
    assert told == [("rejected", "200"), ("rejected", "303")]
    assert pair.asker.tasks() == ["message not delivered", "message not delivered"]
    assert pair.answerer.rows(Message, message_id__in=[broken.message_id, strange.message_id]) == []


def test_three_days_fourteen_days_and_a_receipt_that_comes_late(database: Database, connect: Any) -> None:
    asker, answerer = open_office(connect, "fraga"), open_office(connect, "svar")  # nothing else waits there
    pair = Pair(database, Side(asker), Side(answerer), asker.case(), asker.now)
    question = pair.asked()
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.carry()
    pair.later(days=3, microseconds=-1)
    pair.watch(pair.asker)
    assert pair.asker.tasks() == []
    pair.later(microseconds=1)
    for _ in range(2):
        pair.watch(pair.asker)
    assert pair.asker.tasks() == ["message not collected"]
    pair.arrives(pair.answerer)  # collected on the third day, but its receipt is lost for now
    pair.later(days=11, microseconds=-1)
    pair.watch(pair.asker)
    assert pair.asker.message(question.message_id).transport == "handed over"
    pair.later(microseconds=1)
    for _ in range(2):
        pair.watch(pair.asker)
    late = pair.asker.message(question.message_id)
    assert (late.transport, late.code) == ("expired", "204")
    assert pair.asker.tasks() == ["message not collected", "message expired"]
    pair.carry()
    pair.arrives(pair.asker)
    assert pair.states(question) == ("delivered", "", "")
    assert pair.asker.tasks() == []  # it has arrived after all: nobody has to do anything about it
    second = pair.asked()
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.later(days=15)
    pair.watch(pair.asker)
    with pair._role("courier"):
        for one in courier.sealed_by(pair.asker.key, pair.asker.address, pair.now - timedelta(days=30)):
            courier.put_in(pair.answerer.key, [one], pair.now)
    pair.arrives(pair.answerer)
    pair.settle()
    assert (pair.asker.message(second.message_id).transport, pair.asker.message(second.message_id).code) == (
        "rejected", "203",
    )  # fmt: skip


def _again(pair: Pair, side: Side, lost: Message, answer_by: Any = None) -> Message:
    office = side.office
    with acting(office.slug, office.staff["hanna"], "again"):
        row = Message.objects.get(id=lost.id)
        new = build.again(key=uuid4(), lost=row, answer_by=answer_by, now=pair.now)
        return send_again(**pair.act(side), message=row.id, version=row.version, new=new)


def test_what_was_answered_has_arrived_though_no_receipt_of_it_came(fresh: Pair) -> None:
    question, back = fresh.asked(), fresh.asked(RENT)
    fresh.later(seconds=11)
    fresh.leaves(fresh.asker)
    fresh.carry()
    fresh.arrives(fresh.answerer)
    fresh.carried.update(row.id for row in fresh.answerer.rows(Envelope))  # the receipts are lost
    fresh.answered(question, Answer(number=1, text="Ja."))
    fresh.answered(back, text="Sedan när?", until=fresh.today + timedelta(days=20))
    fresh.settle()
    fresh.later(days=15)
    fresh.watch(fresh.asker)
    assert fresh.states(question)[:2] == ("handed over", "accepted")
    assert fresh.states(back)[:2] == ("handed over", "question")
    assert _open(fresh.asker, question) == ["question answered"]
    assert _open(fresh.asker, back) == ["question asked back"]
    with acting(fresh.asker.office.slug, TEST, "look"):
        assert not lost(Message.objects.filter(message_id__in=[question.message_id, back.message_id])).exists()
        assert may_say(fresh.asker.message(back.message_id), "recall")
        assert [(one.waiting, one.oldest) for one in figures(fresh.now)] == [(0, None)]


def test_what_did_not_arrive_is_sent_again_once_in_its_own_words(pair: Pair) -> None:
    """A question that expires, and an answer that expires: each is said again by a message of its own, and only once;
    what arrived isn't, and nothing about a household that is protected since."""
    question = pair.asked(RENT)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.later(days=15)
    pair.watch(pair.asker)  # nobody carried it
    assert _open(pair.asker, question) == ["message not collected", "message expired"]
    for day in (None, pair.today, pair.today + timedelta(days=400)):
        with pytest.raises(NotPossible, match="answer by"):
            _again(pair, pair.asker, question, day)
    by = pair.today + timedelta(days=10)
    second = _again(pair, pair.asker, question, by)
    assert (second.process, second.due_on, second.places) == (question.process, by, question.places)
    said, before = canonical_without_header(second), canonical_without_header(question)
    assert said == before | {"asked": before["asked"] | {"answer_by": by.isoformat()}}
    assert _open(pair.asker, question) == []
    with pytest.raises(Conflict):
        _again(pair, pair.asker, question, by)
    pair.settle()
    assert pair.asker.message(second.message_id).transport == "delivered"
    with pytest.raises(Conflict):
        _again(pair, pair.asker, second, by)

    answer = pair.answered(second, Answer(number=1, text="Ja."))
    pair.later(seconds=11)
    pair.leaves(pair.answerer)
    pair.later(days=15)
    pair.watch(pair.answerer)
    repeated = _again(pair, pair.answerer, answer)
    pair.settle()
    assert (pair.answerer.message(repeated.message_id).transport, pair.states(second)[1]) == ("delivered", "accepted")
    steps = pair.answerer.rows(BusinessStep, message=pair.answerer.message(second.message_id).id)
    assert [step.state for step in steps] == ["accepted"]

    kept = pair.asked()
    set_protection(
        **pair.act(pair.asker, "rut"), person=pair.folder.case.applicant_id, level=2, address_level=2, version=1
    )
    pair.settle()
    with pytest.raises(NotPossible, match="protected exchange"):
        _again(pair, pair.asker, kept, pair.today + timedelta(days=5))


def _open(side: Side, question: Message) -> list[str]:
    """The open tasks of one side about a question, in the order in which they came."""
    return [task.kind for task in side.rows(Task, subject=side.message(question.message_id).id, state="open")]


def canonical_without_header(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(message.content)
    del told["header"]
    return told


def test_who_waits_and_who_is_waited_for_is_told_once_when_the_day_is_over(pair: Pair) -> None:
    question = pair.asked(answer_by=pair.today + timedelta(days=5))
    pair.settle()
    for days, told in ((5, ([], ["question"])), (1, (["question unanswered"], ["question", "question overdue"]))):
        pair.later(days=days)
        for _ in range(2):
            pair.watch(pair.asker)
            pair.watch(pair.answerer)
        assert (_open(pair.asker, question), _open(pair.answerer, question)) == told
    pair.answered(question, Answer(number=1, reason="NOT_KNOWN"))
    pair.settle()
    assert (_open(pair.asker, question), _open(pair.answerer, question)) == (["question answered"], [])


def test_what_names_no_day_is_waited_for_fourteen_days(fresh: Pair) -> None:
    asked = {"side": "payer", "digest": "0" * 64, "parts": []}
    with acting(fresh.asker.office.slug, TEST, "tell"):
        new = NewMessage(
            id=uuid4(), kind="reconciliation", action=Action.REQUEST, recipient=fresh.answerer.address,
            body={"asked": asked}, unit=fresh.folder.case.unit_id, response_expected=True,
        )  # fmt: skip
    row = tell(tenant=fresh.asker.office.slug, by=TEST, now=fresh.now, new=new)
    fresh.settle()
    theirs = fresh.answerer.message(row.message_id)

    def told() -> list[list[str]]:
        for side in (fresh.asker, fresh.answerer):
            fresh.watch(side)
            fresh.watch(side)
        both = ((fresh.asker, row), (fresh.answerer, theirs))
        return [[one.kind for one in side.rows(Task, state="open", subject=of.id)] for side, of in both]

    fresh.later(days=13)
    assert told() == [[], []]
    fresh.later(days=1)
    assert told() == [["question unanswered"], ["question overdue"]]
    with fresh._role("worker"):
        compare_account(tenant=fresh.answerer.key, message=str(theirs.id))
    fresh.settle()
    assert (fresh.asker.message(row.message_id).business, told()) == ("accepted", [[], []])


def test_who_waits_for_what_was_asked_back_is_told_too_when_its_day_is_over(pair: Pair) -> None:
    def told_after(days: int) -> tuple[list[str], list[str]]:
        pair.later(days=days)
        pair.watch(pair.asker)
        pair.watch(pair.answerer)
        return _open(pair.asker, question), _open(pair.answerer, question)

    question = pair.asked(answer_by=pair.today + timedelta(days=5))
    pair.settle()
    assert told_after(6) == (["question unanswered"], ["question", "question overdue"])
    pair.answered(question, text="Vilken adress?", until=pair.today + timedelta(days=7))
    pair.settle()
    assert told_after(7) == (["question asked back"], [])
    assert pair.answerer.message(question.message_id).due_on == pair.asker.message(question.message_id).due_on
    assert told_after(1) == (["question asked back", "question overdue"], ["question unanswered"])
    pair.added(question, "Den nya.")
    pair.settle()
    assert (_open(pair.asker, question), _open(pair.answerer, question)) == ([], ["question"])
    assert pair.answerer.message(question.message_id).due_on == question.due_on  # as before, and told already
    assert told_after(1) == ([], ["question"])
    pair.answered(question, text="Sedan när?", until=pair.today + timedelta(days=1))
    pair.settle()
    pair.answered(question, Answer(number=1, reason="NOT_KNOWN"))  # they find it without our help
    pair.settle()
    assert (_open(pair.asker, question), _open(pair.answerer, question)) == (["question answered"], [])


def _about_somebody_protected_there(pair: Pair) -> Message:
    """A question about a person who is protected at the answerer, as it has it."""
    new = NewPerson(
        identifier_type="personnummer", identifier=pair.folder.numbers[0], given_name="Petra", family_name="Nilsson",
        protection_level=2,
    )  # fmt: skip
    register_person(**pair.act(pair.answerer, "rut"), new=new)
    question = pair.asked()
    pair.settle()
    return pair.answerer.message(question.message_id)


def test_a_message_is_given_to_a_colleague_who_may_see_it(pair: Pair) -> None:
    office, theirs = pair.answerer.office, _about_somebody_protected_there(pair)
    told = pair.act(pair.answerer, "bo")
    for colleague in ("hanna", "ulla"):  # not cleared; sees no messages
        with pytest.raises(NotPossible, match="colleague"):
            give_message(**told, message=theirs.id, to=office.members[colleague])
    with pytest.raises(Hidden):
        give_message(**pair.act(pair.answerer), message=theirs.id, to=office.members["bo"])
    for _ in range(2):
        give_message(**told, message=theirs.id, to=office.members["bo"])
    (task,) = pair.answerer.rows(Task, kind="message given", subject=theirs.id)
    assert (task.assignee_id, task.state) == (office.members["bo"], "open")
    key = uuid4()
    pair.put(pair.answerer, "not.a.jws", pair.asker.address, key, "0" * 64)
    for _ in range(3):
        pair.arrives(pair.answerer)
    (broken,) = pair.answerer.rows(Outcome, state="quarantined", message_id=key)
    with pytest.raises(NotPossible, match="colleague"):
        give_arrival(**pair.act(pair.answerer, "rut"), arrival=broken.id, to=office.members["hanna"])
    give_arrival(**pair.act(pair.answerer, "rut"), arrival=broken.id, to=office.members["alva"])
    (task,) = pair.answerer.rows(Task, kind="message given", subject=broken.id)
    assert task.assignee_id == office.members["alva"]


def test_operators_see_how_it_goes_with_each_partner_and_nothing_of_what_is_said(
    pair: Pair, database: Database, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.cache import cache

    def printed(*more: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            exchange_cli.app(["status", pair.asker.office.slug, *more], standalone_mode=False)
        return int(ended.value.code or 0), capsys.readouterr().out

    pair = Pair(database, Side(open_office(database.connect, "matt")), pair.answerer, pair.folder, pair.now)
    pair.folder = pair.asker.office.case()
    monkeypatch.setattr(exchange_cli, "acting_as", lambda role: as_role(database, role))
    assert printed()[0] == 0
    pair.asked()
    pair.settle()
    waiting = pair.asked()
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.asked()  # it never leaves
    pair.put(pair.asker, "not.a.jws", pair.answerer.address, uuid4(), "0" * 64)
    monkeypatch.setattr(clock, "now", lambda: pair.now)
    pair.later(hours=23)
    code, lines = printed("--json")
    (row,) = [json.loads(line) for line in lines.splitlines()]
    assert (row["partner"], row["way"]) == (pair.answerer.address, "here")
    counts = ("waiting", "held", "unanswered", "lost", "set_aside", "unlooked", "sent", "delivered", "received")
    assert [row[name] for name in counts] == [1, 1, 1, 0, 0, 1, 2, 1, 0]
    asks = ("1 of ours couldn't leave for more than an hour", "1 arrived more than an hour ago and weren't taken in")
    assert (code, row["amiss"]) == (1, [f"{one}: does the worker run?" for one in asks])
    pair.later(hours=2)
    code, text = printed()
    assert "a message has waited for a receipt for more than a day" in text
    cache.delete("exchange-figures")
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    figures = health.metrics(request).content.decode()
    pair.carry()
    pair.arrives(pair.answerer)
    pair.carry()
    pair.arrives(pair.asker)  # what left the day before arrived on this one
    row = json.loads(printed("--json")[1])
    assert [row[name] for name in counts] == [0, 1, 2, 0, 0, 1, 0, 1, 0]
    label = f'{{organisation="{pair.asker.office.slug}",partner="{pair.answerer.address}"}}'
    assert f"handslag_exchange_waiting{label} 1.0" in figures
    assert f"handslag_exchange_oldest_seconds{label} {(pair.now - waiting.created_at).total_seconds() - 11}" in figures
    for secret in ("Petra", "Nilsson", "Betalar", *pair.folder.numbers, pair.folder.case.number):
        assert secret not in text + lines + figures
    cache.delete("exchange-figures")


def test_a_question_about_somebody_protected_here_is_seen_by_cleared_staff_only(pair: Pair) -> None:
    office, theirs = pair.answerer.office, _about_somebody_protected_there(pair)
    assert theirs.level == 2
    for who, seen in (("hanna", 0), ("bo", 1)):
        with acting(office.slug, office.staff[who], "look") as door:
            member = member_behind(door, pair.now)
            assert messages_of(member).filter(id=theirs.id).count() == seen, who
    with pytest.raises(Hidden):
        take_up(**pair.act(pair.answerer), message=theirs.id, version=theirs.version)


def test_who_was_protected_since_is_seen_by_cleared_staff_and_only_codes_are_said(pair: Pair) -> None:
    office = pair.answerer.office
    new = NewPerson(
        identifier_type="personnummer", identifier=pair.folder.numbers[0], given_name="Petra", family_name="Nilsson"
    )
    known = register_person(**pair.act(pair.answerer, "rut"), new=new)
    question, other = pair.asked(), pair.asked(RENT)
    pair.settle()
    theirs = pair.answerer.message(question.message_id)

    def seen() -> list[int]:
        found = []
        for who in ("hanna", "bo"):
            with acting(office.slug, office.staff[who], "look") as door:
                found.append(messages_of(member_behind(door, pair.now)).filter(id=theirs.id).count())
        return found

    assert seen() == [1, 1]
    set_protection(**pair.act(pair.answerer, "rut"), person=known.id, level=2, address_level=2, version=known.version)
    set_protection(
        **pair.act(pair.asker, "rut"), person=pair.folder.case.applicant_id, level=2, address_level=2, version=1
    )
    assert seen() == [0, 1]
    pair.folder = pair.asker.office.case(("Mia", "Berg", "19900101"), ("Per", "Berg", "19910101"))
    beside, his = pair.asked(), pair.folder.case.co_applicant_id
    set_protection(**pair.act(pair.asker, "rut"), person=his, level=2, address_level=2, version=1)
    for who, count in (("hanna", 0), ("bo", 1)):  # who doesn't see the case for his sake sees nothing said of her
        with acting(pair.asker.office.slug, pair.asker.office.staff[who], "look") as door:
            assert messages_of(member_behind(door, pair.now)).filter(id=beside.id).count() == count
            assert may_be_given(beside, pair.now).filter(id=pair.asker.office.members[who]).count() == count
    with pytest.raises(NotPossible, match="colleague"):
        give_message(**pair.act(pair.answerer, "bo"), message=theirs.id, to=office.members["hanna"])
    with pytest.raises(NotPossible, match="protected exchange"):
        pair.added(other, "Behövs inte.", build.recalling)
    pair.added(other, "", build.recalling)
    with acting(office.slug, office.staff["bo"], "answer"):
        said = build.answering(key=uuid4(), asked=theirs, answers=[Answer(number=1, reason="NO_GROUND")])
    seal_message(**pair.act(pair.answerer, "bo"), new=said)
    pair.settle()
    assert pair.states(other) == ("delivered", "recalled", "")
    assert pair.states(question) == ("delivered", "rejected", "NO_GROUND")


def test_about_somebody_with_protected_registration_only_a_code_is_answered(pair: Pair) -> None:
    office, theirs = pair.answerer.office, _about_somebody_protected_there(pair)

    def says(answer: Answer | None) -> Message:
        with acting(office.slug, office.staff["bo"], "answer"):
            asked = Message.objects.get(id=theirs.id)
            if answer is None:
                until = pair.today + timedelta(days=7)
                new = build.asking_back(key=uuid4(), asked=asked, text="Varför?", until=until, now=pair.now)
            else:
                new = build.answering(key=uuid4(), asked=asked, answers=[answer])
            return seal_message(**pair.act(pair.answerer, "bo") | {"new": new})

    for words in (Answer(number=1, text="Hon bor på Kanariegränd 13."), None):
        with pytest.raises(NotPossible, match="protected exchange"):
            says(words)
    said = says(Answer(number=1, reason="NO_GROUND"))
    with acting(office.slug, office.staff["bo"], "again"):  # where it didn't arrive
        assert build.again(key=uuid4(), lost=said, answer_by=None, now=pair.now).level == 2
    pair.settle()
    assert pair.asker.message(theirs.message_id).code == "NO_GROUND"


@pytest.fixture
def fresh(database: Database) -> Pair:
    """Two organisations of their own: nothing else arrives there."""
    asker, answerer = open_office(database.connect, "fraga"), open_office(database.connect, "svar")
    pair = Pair(database, Side(asker), Side(answerer), asker.case(), asker.now)
    _arriving(pair, 1)
    pair.arrives(pair.answerer)  # the keys are noted
    return pair


def _arriving(pair: Pair, count: int) -> list[UUID]:
    """Questions that lie in the answerer's inbox: what they are called."""
    sealed = sealed_questions(pair.asker, pair.answerer, count, pair.now)
    with pair._role("courier"):
        courier.put_in(pair.answerer.key, sealed, pair.now)
    return [one.message_id for one in sealed]


def _states(pair: Pair, asked: list[UUID]) -> list[str]:
    found = {row.message_id: f"{row.state} {row.attempts}" for row in pair.answerer.rows(Outcome)}
    return [found[key] for key in asked]


def test_a_hundred_questions_cost_the_statements_of_one(fresh: Pair) -> None:
    """The whole of it: verified, placed, kept with their steps, outcomes, receipts, tasks and chains."""
    said: dict[int, list[str]] = {}
    for count in (1, 2, 1, 100):
        asked = _arriving(fresh, count)
        with fresh._role("worker"), CaptureQueriesContext(connection) as caught:
            exchange.take_arrivals(fresh.answerer.key)
        assert _states(fresh, asked) == ["taken 0"] * count
        said[count] = [one["sql"] for one in caught.captured_queries]
    assert len(said[1]) == len(said[2]) <= STATEMENTS, "\n".join(said[1])
    assert len(said[100]) == 2 * STATEMENTS - 3, "\n".join(said[100])  # and a look whether there is more
    (key,) = _arriving(fresh, 1)
    (arrival,) = fresh.answerer.rows(Arrival, message_id=key)
    with fresh._role("worker"), CaptureQueriesContext(connection) as caught:
        exchange.take_arrival(fresh.answerer.key, arrival.id)
    assert _states(fresh, [key]) == ["taken 0"]
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    alone = [one["sql"] for one in caught.captured_queries if not one["sql"].startswith(control)]
    assert len(alone) <= ALONE, "\n".join(alone)


#: What differs between two messages: ids, digests, moments and what is signed.
_OWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|20\d\d-\d\d-\d\d[T ][0-9:.]+Z|eyJ\S+")


def _written(pair: Pair, key: UUID) -> list[str]:
    """Every row that taking in a question wrote, but for what is its own."""
    side = pair.answerer
    (message,), (outcome,) = side.rows(Message, message_id=key), side.rows(Outcome, message_id=key)
    subjects = [message.id, outcome.id]
    events = sorted(side.rows(Event, subject__in=subjects), key=lambda row: (row.subject_id == message.id, row.seq))
    envelopes = [row for row in side.rows(Envelope) if str(key) in _told(row)]
    steps, tasks = side.rows(TransportStep, message=message.id), side.rows(Task, subject=message.id)
    rows = [
        message, outcome, *envelopes, *steps, *tasks, *side.rows(Subject, id__in=subjects), *events,
        *(side.rows(Payload, id=row.id)[0] for row in events),
    ]  # fmt: skip
    told = [
        f"{row._meta.db_table} {[(f.attname, getattr(row, f.attname)) for f in row._meta.fields if f.name != 'salt']}"
        for row in rows
    ]
    return [_OWN.sub("*", one) for one in [*told, *map(_told, envelopes)]]


def test_what_is_taken_in_together_is_written_as_if_alone(fresh: Pair) -> None:
    alone, *together = _arriving(fresh, 4)
    (arrival,) = fresh.answerer.rows(Arrival, message_id=alone)
    with fresh._role("worker"):
        exchange.take_arrival(fresh.answerer.key, arrival.id)
    fresh.arrives(fresh.answerer)
    wanted = _written(fresh, alone)
    assert len(wanted) == 11, wanted  # one event commits to what arrived, its outcome and the message
    for key in together:
        assert _written(fresh, key) == wanted
    fresh.carry()
    report = verify(fresh.database.of_role("auditor"), tenants=[fresh.answerer.office.slug], at=fresh.now)
    assert [f"{e.rule} {e.table}: {e.text}" for e in report.errors] == []


def test_what_begins_something_has_one_event_and_what_was_tried_before_a_chain_of_its_own(
    fresh: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, tried = _arriving(fresh, 2)
    usual = exchange.RECEIVED_BY["question", 1]

    def placed(opened: Any, now: Any) -> Placed | None:
        if opened.framed.header.id == str(tried):
            raise LookupError("nowhere")
        return usual(opened, now)

    with monkeypatch.context() as first:
        first.setitem(exchange.RECEIVED_BY, ("question", 1), placed)
        fresh.arrives(fresh.answerer)
    fresh.arrives(fresh.answerer)
    assert _states(fresh, [once, tried]) == ["taken 0", "taken 1"]
    chains, told = [], []
    for key in (once, tried):
        (message,), (arrival,) = (fresh.answerer.rows(model, message_id=key) for model in (Message, Arrival))
        chains.append([event.kind for event in fresh.answerer.rows(Event, subject=arrival.id)])
        (event,) = fresh.answerer.rows(Event, subject=message.id, kind="message taken in")
        (payload,) = fresh.answerer.rows(Payload, id=event.id)
        told.append({table for table in payload.body.get("rows", {}) if table.startswith("exchange_")})
    assert chains == [[], ["arrival tried", "arrival settled"]]
    kept = {f"exchange_{name}" for name in ("arrival", "outcome", "message", "transportstep", "envelope")}
    assert told == [kept, set()]


def test_one_that_fails_holds_up_none_of_those_it_came_with(fresh: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it fails where it is placed or in the database: all of them are tried alone, once."""
    asked = _arriving(fresh, 6)
    bad = {str(asked[1]): LookupError("nowhere"), str(asked[3]): None, str(asked[5]): OperationalError}
    usual = exchange.RECEIVED_BY["question", 1]

    def placed(opened: Any, now: Any) -> Placed | None:
        key = opened.framed.header.id
        if key in bad:
            if bad[key] is OperationalError:  # it takes too long: the database is still there
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)")
            if error := bad[key]:
                raise error
            return Placed(unit=uuid4())  # refused by the database, with everything in the same statement
        return usual(opened, now)

    monkeypatch.setitem(exchange.RECEIVED_BY, ("question", 1), placed)
    fresh.arrives(fresh.answerer)
    assert _states(fresh, asked) == ["taken 0", "trying 1", "taken 0", "trying 1", "taken 0", "trying 1"]
    for tries in ("trying 2", "quarantined 3", "quarantined 3"):
        behind = _arriving(fresh, 2)
        with monkeypatch.context() as alone:
            alone.setattr(exchange, "take_in", _refused)  # those behind them go together
            fresh.arrives(fresh.answerer)
        assert _states(fresh, behind) == ["taken 0", "taken 0"]
        assert _states(fresh, asked)[1::2] == [tries] * 3
    assert len(fresh.answerer.rows(Message, message_id__in=asked)) == 3


def _refused(**told: Any) -> None:
    raise IntegrityError("nothing alone")


def test_the_first_of_two_under_one_id_stands_though_they_come_together(fresh: Pair) -> None:
    first, other = sealed_questions(fresh.asker, fresh.answerer, 2, fresh.now)
    content = json.loads(_told(other))
    content["header"]["id"] = str(first.message_id)
    with acting(fresh.asker.office.slug, TEST, "seal"):
        _key, sealed = sign(content)
    second = replace(other, message_id=first.message_id, digest=canonical.digest(content), sealed=sealed)
    with fresh._role("courier"):
        courier.put_in(fresh.answerer.key, [first, second], fresh.now)
    fresh.arrives(fresh.answerer)
    outcomes = fresh.answerer.rows(Outcome, message_id=first.message_id)
    assert [row.state for row in outcomes] == ["taken", "conflict"]
    (message,) = fresh.answerer.rows(Message, message_id=first.message_id)
    assert message.digest == first.digest


#: What bounds a look for what waits: a key that says since when, the key of one row, or an index of what waits only.
_BOUND = re.compile(r"\b(id|handed_over_at) >= |\b(id|message_id) = |\bmessage = ")
_OF_WAITING = {"outcome_trying", "message_way", "message_awaited", "outcome_exactly_one"}
_TABLES = {"exchange_arrival", "exchange_outcome", "exchange_message", "exchange_envelope"}


def _unbounded(plan: dict[str, Any]) -> list[str]:
    """The looks of a plan at a table of messages that go through all that it ever held."""
    found = [one for part in plan.get("Plans", []) for one in _unbounded(part)]
    name, bound = plan.get("Index Name"), plan.get("Index Cond", "")
    of_ours = plan.get("Relation Name") in _TABLES or name
    if of_ours and name not in _OF_WAITING and not _BOUND.search(bound):
        found.append(f"{plan['Node Type']} of {plan.get('Relation Name') or name}: {bound}")
    return found


def test_what_waits_is_found_without_going_through_all_that_ever_came(fresh: Pair, database: Database) -> None:
    """Each statement of the jobs and the courier, by its plan with as many rows as make it worth while."""
    side = fresh.answerer
    with fresh._role("courier"):
        many = [courier.Sealed(uuid4(), "x", "y", uuid4(), "0" * 64, "not.a.jws") for _ in range(500)]
        courier.put_in(fresh.asker.key, many, fresh.now)
    _arriving(fresh, 1)
    fresh.arrives(side)
    _arriving(fresh, 1)
    admin = database.connect("admin", autocommit=True)
    admin.execute("SET session_replication_role = replica")  # rows for the planner alone
    admin.execute(
        """INSERT INTO exchange_message SELECT made.* FROM exchange_message m, generate_series(1, 2000) n,
        jsonb_populate_record(m, jsonb_build_object('id', md5('m' || n)::uuid, 'message_id', md5('m' || n)::uuid,
        'overdue_at', now(), 'about_id', NULL)) made WHERE m.id = (
            SELECT id FROM exchange_message WHERE tenant_id = %s AND direction = 'in' LIMIT 1)""",
        [side.key],
    )
    admin.execute("ANALYZE exchange_arrival, exchange_message, exchange_outcome, exchange_envelope")
    with fresh._role("worker"), CaptureQueriesContext(connection) as caught:
        for work in (exchange.take_arrivals, exchange.hand_over_due, exchange.watch_outbox):
            work(side.key)
    with fresh._role("courier"), CaptureQueriesContext(connection) as carried:
        courier.sealed_by(side.key, side.address, fresh.now - courier.RECENT)
    reads = [one["sql"] for one in [*caught, *carried] if one["sql"].startswith("\nSELECT a.id") or (
        one["sql"].startswith("SELECT") and any(f'FROM "{table}"' in one["sql"] for table in _TABLES)
    )]  # fmt: skip
    assert len(reads) == 6, reads  # arrivals, due, uncollected for three days and for fourteen, overdue, envelopes
    assert str(UUID(int=0)) not in reads[0]  # this process has looked once
    with acting(side.office.slug, TEST, "plans"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        for sql in reads:
            cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"), [])
            assert _unbounded(cursor.fetchone()[0][0]["Plan"]) == [], sql
    made = "SELECT md5('m' || n)::uuid FROM generate_series(1, 2000) n"
    admin.execute(f"DELETE FROM exchange_message WHERE id IN ({made})".encode())


def test_what_was_set_aside_long_ago_is_tried_when_somebody_says_so(
    fresh: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = fresh.answerer
    fresh.put(side, "not.a.jws", fresh.asker.address, uuid4(), "0" * 64)
    for _ in range(3):
        fresh.arrives(side)
    (row,) = side.rows(Outcome, state="quarantined")
    monkeypatch.setitem(exchange._noted, side.key, UUID(int=2**128 - 1))
    fresh.arrives(side)
    assert side.rows(Outcome, id=row.id)[0].attempts == 3
    try_again(**fresh.act(side, "rut"), arrival=row.id, version=row.version)
    fresh.arrives(side)
    (again,) = side.rows(Outcome, id=row.id)
    assert (again.state, again.attempts) == ("trying", 1)
