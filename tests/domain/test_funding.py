"""Costs that are approved before they arise: findings at both sides, granted by rules or by a person, noted alike."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from handslag.domain.casefile.operations import open_case
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message
from handslag.domain.exchange.states import Code
from handslag.domain.funding.models import Approval
from handslag.domain.funding.operations import NewTariff, enter_tariff
from handslag.domain.payments.operations.account import book
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.operations.persons import form_household
from handslag.domain.settlement.models import Line, Statement
from handslag.domain.settlement.operations import preview, review, submit
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.months import Month
from handslag.messages.assignment.message import Arrival
from handslag.messages.cost_approval.build import answering, in_full, wish_in
from handslag.messages.cost_approval.checks import checked
from handslag.messages.cost_approval.message import Approved
from handslag.rules.ch.settlement import ASYLUM
from tests.canton import Canton, arrived, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST


@pytest.fixture(scope="module")
def canton(database: Any) -> Canton:
    side, *places = [Side(office) for office in open_canton(database)]
    return Canton(database, side, places)


def _arrived(canton: Canton) -> str:
    """Somebody who lives in the first municipality from today on."""
    one = somebody()
    told = canton.assigned(0, one)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    return one.person.identifier


def _ruled(canton: Canton, **more: Any) -> None:
    told = {"account_code": "DENTAL", "since": canton.today, "unit_ceiling": 450_00, **more}
    enter_tariff(**canton.pair.act(canton.side, "bo"), new=NewTariff(**told))


def _found(canton: Canton, asked: Message, side: Side) -> list[str]:
    with acting(side.office.slug, TEST, "look"):
        row = Message.objects.get(message_id=asked.message_id)
        return [str(one) for one in checked(wish_in(row), row)]


def _noted(canton: Canton, side: Side, number: str) -> list[Any]:
    key = canton.person(number, side).id
    with acting(side.office.slug, TEST, "look"):
        return list(
            Approval.objects.filter(person_id=key).values_list(
                "payer", "number", "account_code", "since", "until", "amount", "percent", "by_rules"
            )
        )


def _tasks(canton: Canton, asked: Message, side: Side) -> int:
    with acting(side.office.slug, TEST, "look"):
        row = Message.objects.get(message_id=asked.message_id)
        return Task.objects.filter(subject_id=row.id, kind="cost approval", state="open").count()


def test_what_nothing_speaks_against_is_granted_by_rules_and_the_rest_waits_for_a_person(canton: Canton) -> None:
    number, here = _arrived(canton), canton.places[0]
    # without a rule a person decides, and the payer is told that the price can't be checked
    first = canton.asked_for(here, number, account_code="MEDICAL_OTHER")
    canton.settle()
    assert (_found(canton, first, canton.side), _found(canton, first, here)) == (["NO_TARIFF"], [])
    assert _tasks(canton, first, canton.side) == 1
    assert _noted(canton, here, number) == []

    # the payer's rule grants in full what nothing speaks against: both sides note the same, under one number
    _ruled(canton, granted_up_to=1_300_00, first_payer="Krankenkasse")
    granted = canton.asked_for(here, number, other_payer="Krankenkasse", other_pays=60_00)
    canton.settle()
    assert _tasks(canton, granted, canton.side) == 0
    (ours,), (theirs,) = _noted(canton, canton.side, number), _noted(canton, here, number)
    until = canton.today + timedelta(days=30)
    assert ours[2:] == theirs[2:] == ("DENTAL", canton.today, until, 1_200_00, 100, True)
    assert (ours[0], theirs[0], ours[1]) == (True, False, theirs[1])
    assert ours[1]

    # whatever speaks against it waits for a person, although the amount is small: nothing is refused by a rule
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["DUPLICATE", "OTHER_PAYER_FIRST"]),
        ({"unit_price": 451_00, "quantity": 1, "other_payer": "Krankenkasse", "other_pays": 0},
         ["DUPLICATE", "RATE_WRONG"]),
        ({"since": canton.today - timedelta(days=1), "last_on": canton.today - timedelta(days=1),
          "account_code": "TRAINING"}, ["NO_CLAIM_PERIOD", "NO_TARIFF"]),
    ]  # fmt: skip
    for told, found in cases:
        asked = canton.asked_for(here, number, **told)
        canton.settle()
        assert _found(canton, asked, canton.side) == found
        assert _tasks(canton, asked, canton.side) == 1
        with acting(canton.side.office.slug, TEST, "look"):
            assert Message.objects.get(message_id=asked.message_id).business == ""


def test_a_decider_approves_a_part_and_nobody_more_than_was_asked_for(canton: Canton) -> None:
    number, here = _arrived(canton), canton.places[0]
    asked = canton.asked_for(here, number, account_code="PROGRAMME", percent=50, urgent=True)
    canton.settle()
    with acting(canton.side.office.slug, TEST, "look"):
        whole = _by_person(in_full(Message.objects.get(message_id=asked.message_id)))
    assert whole.amount == 630_00
    for wrong, code in (
        (_by_person(whole, amount=630_01, reason="RATE_WRONG", text="x"), "approved more"),
        (_by_person(whole, percent=60), "approved more"),
        (_by_person(whole, last_on=canton.today + timedelta(days=30)), "approved more"),
        (_by_person(whole, reason="RATE_WRONG", text="x"), "in full"),
        (_by_person(whole, amount=600_00), "in full"),
    ):
        with pytest.raises(NotPossible, match=code):
            canton.decided(asked, wrong)
    with pytest.raises(NotAllowed):
        canton.decided(asked, whole, who="hanna")
    part = _by_person(whole, amount=500_00, reason="RATE_WRONG", text="Nach Tarif.")
    said = canton.decided(asked, part)
    assert '"approval":"-"' not in said.content
    canton.settle()
    assert [one[5:] for one in _noted(canton, here, number)] == [(500_00, 50, False)]
    assert [one[5:] for one in _noted(canton, canton.side, number)] == [(500_00, 50, False)]
    # another municipality asks for her: she isn't there
    other = canton.places[1]
    with acting(other.office.slug, TEST, "look"):
        assert not Approval.objects.exists()


def test_a_number_that_a_payer_gives_twice_is_told_to_it_and_noted_once(canton: Canton) -> None:
    number, here = _arrived(canton), canton.places[0]
    first, second = (canton.asked_for(here, number, account_code="PROGRAMME", percent=n) for n in (40, 50))
    canton.settle()
    told = []
    for asked in (first, second):  # a payer whose own system gives the numbers, and gives one twice
        with acting(canton.side.office.slug, canton.side.office.staff["bo"], "answer"):
            row = Message.objects.get(message_id=asked.message_id)
            whole = _by_person(in_full(row), approval="GG-7")
            new = answering(key=uuid4(), asked=row, answers=[whole])
        told.append(seal_message(**canton.pair.act(canton.side, "bo"), new=new))
        canton.settle()
    states = [(one.transport, one.code) for one in (canton.side.message(said.message_id) for said in told)]
    assert states == [("delivered", ""), ("rejected", Code.CONTENT)]
    assert [one[1] for one in _noted(canton, here, number)] == ["GG-7"]
    assert [one[1] for one in _noted(canton, canton.side, number)] == ["GG-7"]


def _by_person(one: Approved, **more: Any) -> Approved:
    """The same as a person says it."""
    return msgspec.structs.replace(one, by_rules=False, **more)


def test_what_is_billed_beyond_its_approval_or_without_one_is_found(canton: Canton) -> None:
    one, here, began, august = somebody(), canton.places[0], date(2026, 7, 1), date(2026, 8, 1)
    told = canton.assigned(0, one, arrival_on=began)
    canton.settle()
    canton.answered(0, told, Arrival(number=1, arrived_on=began, accommodation="apartment"))
    canton.settle()
    number = one.person.identifier
    asked = canton.asked_for(here, number, since=august, last_on=date(2026, 8, 31), unit_price=800_00, quantity=1)
    canton.settle()
    with acting(canton.side.office.slug, TEST, "look"):
        whole = _by_person(in_full(Message.objects.get(message_id=asked.message_id)))
    canton.decided(asked, whole)
    canton.settle()
    _ruled(canton, account_code="MEDICAL_OTHER", since=began, needs_approval=True)

    key, office, now = canton.person(number, here).id, here.office, canton.pair.now
    registers = {**office.act("rut"), "now": now}
    home = form_household(**registers, members=[(key, "adult")], since=began)
    case = open_case(
        **registers, applicant=key, co_applicant=None, household=home.id, unit=office.units["Försörjningsstöd"],
        caseworker=None, opened_on=began,
    )  # fmt: skip
    for n, (code, amount) in enumerate((("DENTAL", 450_00), ("DENTAL", 450_00), ("MEDICAL_OTHER", 50_00))):
        act = {**office.act("hanna"), "now": now + timedelta(seconds=n)}
        book(
            **act, case=case.id, kind=BookingKind.EXPENSE, month=Month.of(august), on=august, account_code=code,
            counterparty=f"Praxis {n}", amount=amount, source=f"Rechnung {n}",
        )  # fmt: skip

    # the municipality finds what is beyond its approval before it sends; the payer's rules it doesn't know
    with acting(office.slug, TEST, "look"):
        seen = preview(ASYLUM, canton.side.address, began)
    beyond = [(seen.lines[n].amount, one.reason, one.amount) for n, one in seen.findings.items()]
    assert beyond == [(450_00, "APPROVAL_EXCEEDED", 350_00)]
    why = {seen.lines[n].content: "Der Zahnarzt fand mehr." for n in seen.findings}
    row = submit(
        **canton.pair.act(here, "ulla"), regime=ASYLUM, partner=canton.side.address, since=began, against=why
    )  # fmt: skip
    canton.settle()
    with acting(office.slug, TEST, "look"):
        reference = Statement.objects.get(id=row.statement_id).reference
    (statement,) = canton.side.rows(Statement, reference=reference)
    with acting(canton.side.office.slug, TEST, "look"):
        found = review(ASYLUM, statement)
        lines = {line.id: line.amount for line in Line.objects.filter(id__in=found)}
    assert {(lines[line], one.reason, one.amount) for line, one in found.items()} == {
        (450_00, "APPROVAL_EXCEEDED", 350_00), (50_00, "APPROVAL_MISSING", 0),
    }  # fmt: skip
