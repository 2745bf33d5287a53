"""An approval that its payer changes or ends: told, noted by both alike; what is billed beyond it later is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from handslag.domain.audit.models import Event as EventRow
from handslag.domain.casefile.operations import open_case
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message, take_back
from handslag.domain.exchange.states import Code
from handslag.domain.funding.models import Approval, ApprovalTerms, ProposedChange
from handslag.domain.funding.operations import (
    NewChange,
    NewTariff,
    change_approval,
    enter_tariff,
    propose_change,
    take_back_change,
)
from handslag.domain.funding.queries import Terms, Turn, terms_of, terms_on
from handslag.domain.payments.operations.account import book
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.operations.persons import form_household
from handslag.domain.settlement.models import Answer, Line, Statement
from handslag.domain.settlement.operations import NewAnswer, answer_lines, preview, review, submit
from handslag.domain.settlement.states import Outcome
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel.months import Month
from handslag.messages.approval_change.build import Changing, changing, waiting
from handslag.messages.assignment.message import Arrival
from handslag.messages.conversation import Opening, beginning
from handslag.messages.cost_approval.build import answering, in_full
from handslag.rules.ch.settlement import ASYLUM
from tests.canton import Canton, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


@pytest.fixture(scope="module")
def canton(database: Any) -> Canton:
    side, *places = [Side(office) for office in open_canton(database)]
    return Canton(database, side, places)


def _arrived(canton: Canton) -> str:
    """Somebody who has lived in the first municipality since July."""
    one = somebody()
    told = canton.assigned(0, one, arrival_on=JULY)
    canton.settle()
    canton.answered(0, told, Arrival(number=1, arrived_on=JULY, accommodation="apartment"))
    canton.settle()
    return one.person.identifier


def _approved(canton: Canton, number: str, **more: Any) -> Message:
    """800.00 for her teeth, in full, from August to the end of the year."""
    told = {"since": AUGUST, "last_on": date(2026, 12, 31), "unit_price": 800_00, "quantity": 1, **more}
    asked = canton.asked_for(canton.places[0], number, **told)
    canton.settle()
    with acting(canton.side.office.slug, TEST, "look"):
        whole = in_full(Message.objects.get(message_id=asked.message_id))
    canton.decided(asked, msgspec.structs.replace(whole, by_rules=False))
    canton.settle()
    return asked


def _ours(canton: Canton, asked: Message, side: Side) -> Approval:
    with acting(side.office.slug, TEST, "look"):
        found: Approval = Approval.objects.select_related("person", "asked").get(asked__message_id=asked.message_id)
    return found


def _changed(canton: Canton, asked: Message, who: str = "bo", **more: Any) -> Message:
    """Bo of the canton changes it to 500.00 until today, for what is billed from tomorrow on."""
    told: dict[str, Any] = {
        "amount": 500_00, "last_on": canton.today, "billed_from": canton.today + timedelta(days=1),
        "reason": "OVER_EARLIER", "text": "Die Behandlung ist abgeschlossen.", **more,
    }  # fmt: skip
    row, act = _ours(canton, asked, canton.side), canton.pair.act(canton.side, who)
    with acting(canton.side.office.slug, canton.side.office.staff[who], "change"):
        new = changing(
            Changing(
                key=uuid4(), approval=row, unit=row.asked.unit_id, answer_by=canton.today + timedelta(days=14),
                now=canton.pair.now, **told,
            )
        )  # fmt: skip
    return change_approval(**act, approval=row.id, new=new)


def _terms(side: Side) -> list[Any]:
    with acting(side.office.slug, TEST, "look"):
        rows = ApprovalTerms.objects.order_by("turn")
        return list(rows.values_list("turn", "amount", "until", "billed_from", "reason", "approval__number"))


def _kinds(side: Side, *kinds: str) -> list[str]:
    with acting(side.office.slug, TEST, "look"):
        return list(Task.objects.filter(kind__in=kinds, state="open").values_list("kind", flat=True))


def _booked(canton: Canton, case: Any, on: date, amount: int) -> None:
    canton.pair.later(seconds=1)
    book(
        **canton.pair.act(canton.places[0], "hanna"), case=case.id, kind=BookingKind.EXPENSE, month=Month.of(on), on=on,
        account_code="DENTAL", counterparty="Praxis", amount=amount, source=f"Rechnung {uuid4()}",
    )  # fmt: skip


def _found(canton: Canton, since: date, sent_on: date = date.max) -> tuple[list[Any], dict[str, str]]:
    """What the municipality finds before it sends, and why it sends it all the same."""
    with acting(canton.places[0].office.slug, TEST, "look"):
        seen = preview(ASYLUM, canton.side.address, since, sent_on=sent_on)
    found = [(seen.lines[n].amount, str(one.reason), one.amount) for n, one in seen.findings.items()]
    return found, {seen.lines[n].content: "Der Zahnarzt fand mehr." for n in seen.findings}


def _reviewed(canton: Canton, since: date) -> tuple[Statement, list[Any]]:
    """The statement at the canton, and what its own checks find."""
    (statement,) = [row for row in canton.side.rows(Statement) if row.since == since]
    with acting(canton.side.office.slug, TEST, "look"):
        found = review(ASYLUM, statement)
        lines = {line.id: line.amount for line in Line.objects.filter(id__in=found)}
    return statement, [(lines[line], str(one.reason), one.amount) for line, one in found.items()]


def test_of_several_changes_the_last_turn_holds_in_whatever_order_they_come() -> None:
    row = Approval(tenant_id=1, since=JULY, until=AUGUST, amount=800)
    one, two = Turn(1, 500, date(2026, 7, 20), date(2026, 7, 10)), Turn(2, 700, AUGUST, date(2026, 7, 15))
    for turns in ([one, two], [two, one]):
        assert terms_on(row, turns) == terms_on(row, turns, date(2026, 7, 15)) == Terms(AUGUST, 700)
        assert terms_on(row, turns, date(2026, 7, 14)) == Terms(date(2026, 7, 20), 500)
        assert terms_on(row, turns, date(2026, 7, 9)) == Terms(AUGUST, 800)


def test_a_change_is_told_and_noted_by_both_and_what_is_billed_beyond_it_later_is_found(canton: Canton) -> None:
    number, here, office = _arrived(canton), canton.places[0], canton.places[0].office
    asked = _approved(canton, number)
    yesterday, tomorrow = (canton.today + timedelta(days=n) for n in (-1, 1))
    for wrong, code in (
        ({"amount": 800_01}, "changed more"), ({"last_on": date(2027, 1, 1)}, "changed more"),
        ({"amount": 800_00, "last_on": date(2026, 12, 31)}, "nothing changes"),
        ({"last_on": yesterday}, "ends before told"), ({"last_on": JULY}, "before it began"),
        ({"billed_from": canton.today - timedelta(days=1)}, "billed from"),
    ):  # fmt: skip
        with pytest.raises(NotPossible, match=code):
            _changed(canton, asked, **wrong)
    with pytest.raises(NotAllowed):
        _changed(canton, asked, who="hanna")
    theirs = _ours(canton, asked, here)
    with pytest.raises(Hidden):  # whoever asked changes nothing
        change_approval(
            **canton.pair.act(here, "bo"), approval=theirs.id, new=replace(_message(canton, number, "1"), body={})
        )

    # billed before: checked as it was
    key, registers = canton.person(number, here).id, {**office.act("rut"), "now": canton.pair.now}
    home = form_household(**registers, members=[(key, "adult")], since=JULY)
    case = open_case(
        **registers, applicant=key, co_applicant=None, household=home.id, unit=office.units["Försörjningsstöd"],
        caseworker=None, opened_on=JULY,
    )  # fmt: skip
    _booked(canton, case, AUGUST, 450_00)
    _booked(canton, case, AUGUST, 450_00)
    before, why = _found(canton, JULY, canton.today)
    assert before == [(450_00, "APPROVAL_EXCEEDED", 350_00)]
    submit(**canton.pair.act(here, "ulla"), regime=ASYLUM, partner=canton.side.address, since=JULY, against=why)
    canton.settle()

    wrong = _changed(canton, asked, amount=450_00)  # taken back before it leaves: nothing is under way
    with acting(canton.side.office.slug, TEST, "look"):
        wrong = Message.objects.get(id=wrong.id)
    take_back(**canton.pair.act(canton.side, "bo"), message=wrong.id, version=wrong.version)
    told = _changed(canton, asked)
    with pytest.raises(NotPossible, match="change under way"):
        _changed(canton, asked, amount=400_00)
    assert _terms(canton.side) == _terms(here) == []
    canton.settle()
    noted = [(1, 500_00, tomorrow, tomorrow, "OVER_EARLIER", theirs.number)]
    assert _terms(canton.side) == _terms(here) == noted
    assert [canton.side.message(told.message_id).business, here.message(told.message_id).business] == ["accepted"] * 2
    assert _kinds(here, "approval changed") == ["approval changed"]
    with acting(canton.side.office.slug, TEST, "look"):  # the payer has nothing to do
        assert not Task.objects.filter(subject_id=told.id).exists()
    for side in (canton.side, here):
        with acting(side.office.slug, TEST, "look"):
            assert EventRow.objects.filter(kind="approval changed").count() == 1
            (terms,) = terms_of(Approval.objects.all()).values()
        assert terms == Terms(tomorrow, 500_00)
    with acting(canton.places[1].office.slug, TEST, "look"):
        assert not ApprovalTerms.objects.exists()

    # what was billed before stays as it was, and so does what is settled
    statement, found = _reviewed(canton, JULY)
    assert found == before
    with acting(canton.side.office.slug, TEST, "look"):
        paid, refused = Line.objects.filter(statement=statement, account_code="DENTAL").order_by("number")
    answers = [
        NewAnswer(line=paid.id, outcome=Outcome.ACCEPTED, amount=450_00),
        NewAnswer(line=refused.id, outcome=Outcome.REFUSED, reason="DOCUMENT_MISSING", why="Es fehlt."),
    ]
    answer_lines(**canton.pair.act(canton.side, "bo"), statement=statement.id, answers=answers)
    canton.settle()

    # billed later: what is beyond the new limit, and what arose after the new last day; the same at both
    canton.pair.now += timedelta(days=40)
    _booked(canton, case, date(2026, 10, 1), 60_00)
    _booked(canton, case, date(2026, 12, 1), 30_00)
    begins = date(2026, 10, 1)
    assert sorted(_found(canton, begins, told_on(noted))[0]) == []
    beyond, why = _found(canton, begins, canton.today)
    assert sorted(beyond) == [(30_00, "APPROVAL_EXCEEDED", 0), (60_00, "APPROVAL_EXCEEDED", 50_00)]
    submit(**canton.pair.act(here, "ulla"), regime=ASYLUM, partner=canton.side.address, since=begins, against=why)
    canton.settle()
    _, found = _reviewed(canton, begins)
    assert sorted(found) == sorted(beyond)
    with acting(canton.side.office.slug, TEST, "look"):
        settled = Answer.objects.filter(line__statement=statement, line__account_code="DENTAL")
        assert sorted(settled.values_list("amount", flat=True)) == [0, 450_00]


def told_on(noted: list[Any]) -> date:
    """The day before a change holds."""
    billed_from: date = noted[0][3]
    return billed_from - timedelta(days=1)


def test_where_the_payers_rules_say_so_one_proposes_and_another_tells(canton: Canton) -> None:
    number = _arrived(canton)
    today = canton.today
    asked = _approved(canton, number, account_code="PROGRAMME", since=today, last_on=today + timedelta(days=60))
    rule = NewTariff(account_code="PROGRAMME", since=JULY, changed_by_two=True)
    enter_tariff(**canton.pair.act(canton.side, "bo"), new=rule)
    canton.side.office.admit("berta", "Berta Beslut", "decider")
    row = _ours(canton, asked, canton.side)
    with pytest.raises(NotPossible, match="two people"):
        _changed(canton, asked)
    new = NewChange(
        amount=500_00, last_on=today, billed_from=today, reason="OVER_EARLIER", text="Die Behandlung ist abgeschlossen."
    )
    bo, berta = canton.pair.act(canton.side, "bo"), canton.pair.act(canton.side, "berta")
    dropped = propose_change(**bo, approval=row.id, new=new)
    with pytest.raises(NotPossible, match="proposed before"):
        propose_change(**berta, approval=row.id, new=new)
    assert _kinds(canton.side, "approval change") == ["approval change"]
    take_back_change(**bo, proposed=dropped.id)
    with pytest.raises(Conflict):
        take_back_change(**berta, proposed=dropped.id)
    assert _kinds(canton.side, "approval change") == []
    propose_change(**bo, approval=row.id, new=new)
    with pytest.raises(NotPossible, match="second pair of eyes"):
        _changed(canton, asked, billed_from=today)
    with pytest.raises(NotPossible, match="proposed otherwise"):
        _changed(canton, asked, who="berta", amount=1)
    _changed(canton, asked, who="berta", billed_from=today)
    assert _kinds(canton.side, "approval change") == []
    canton.settle()
    for side in (canton.side, canton.places[0]):
        assert [one[1] for one in _terms(side) if one[5] == row.number] == [500_00]
    with acting(canton.side.office.slug, TEST, "look"):
        assert list(ProposedChange.objects.order_by("at").values_list("state", flat=True)) == ["taken back", "told"]


def _message(canton: Canton, number: str, approval: str, **more: Any) -> Any:
    """A change as another system might tell it."""
    test, office, person = more.pop("test", False), canton.side.office, canton.person(number).id
    with acting(office.slug, office.staff["bo"], "tell"):
        opening = Opening(
            key=uuid4(), recipient=canton.places[0].address, person=person, about=person,
            unit=office.units["Försörjningsstöd"], number="", answer_by=canton.today + timedelta(days=14), text="Ende.",
            assessed="", test=test, now=canton.pair.now,
        )  # fmt: skip
        told = {
            "approval": approval, "turn": 1, "amount": 1_00, "last_on": canton.today.isoformat(),
            "billed_from": canton.today.isoformat(), "reason": "MISTAKE", **more,
        }  # fmt: skip
        return replace(beginning("approval_change", opening, told), our_case=None)


def test_a_change_waits_for_its_approval_and_none_ends_before_it_was_told(canton: Canton) -> None:
    number, here = _arrived(canton), canton.places[0]
    bo = canton.pair.act(canton.side, "bo")
    early = seal_message(**bo, new=_message(canton, number, "GG-9"))
    canton.settle()
    assert here.message(early.message_id).business == ""
    with acting(here.office.slug, TEST, "look"):
        assert [row.message_id for row in waiting(canton.person(number, here).id)] == [early.message_id]
    today = canton.today
    asked = canton.asked_for(here, number, account_code="TRAINING", since=today, last_on=today + timedelta(days=9))
    canton.settle()
    with acting(canton.side.office.slug, canton.side.office.staff["bo"], "answer"):
        row = Message.objects.get(message_id=asked.message_id)
        whole = msgspec.structs.replace(in_full(row), by_rules=False, approval="GG-9")
        new = answering(key=uuid4(), asked=row, answers=[whole])
    seal_message(**canton.pair.act(canton.side, "bo"), new=new)
    canton.settle()
    assert here.message(early.message_id).business == "accepted"
    for side in (canton.side, here):
        assert [one[:2] for one in _terms(side) if one[5] == "GG-9"] == [(1, 1_00)]

    # the same turn once more is said to be overtaken; an end before it is told, or another person's, is no change
    again = seal_message(**canton.pair.act(canton.side, "bo"), new=_message(canton, number, "GG-9", amount=2_00))
    past = _message(canton, number, "GG-9", turn=2, last_on=(canton.today - timedelta(days=1)).isoformat())
    other = _message(canton, _arrived(canton), "GG-9", turn=2)
    test = _message(canton, number, "GG-9", turn=3, amount=3_00, test=True)
    past, other, test = (seal_message(**canton.pair.act(canton.side, "bo"), new=one) for one in (past, other, test))
    canton.settle()
    stood = [canton.side.message(one.message_id) for one in (again, past, other, test)]
    assert [(one.transport, one.business) for one in stood] == [
        ("delivered", "rejected"), ("rejected", ""), ("rejected", ""), ("delivered", "accepted"),
    ]  # fmt: skip
    assert [one.code for one in stood[1:3]] == [Code.CONTENT] * 2
    for side in (canton.side, here):
        assert [one[:2] for one in _terms(side) if one[5] == "GG-9"] == [(1, 1_00)]
