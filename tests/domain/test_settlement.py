"""Settlement: the worked quarter from assignments and bookings to both sides' ledgers; nothing is claimed or settled
twice; a correction leaves what a settlement of the corrected would have left; the checks against each day by itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from handslag.domain.accounts.queries import Figures, account_of, figures_of, parts_of
from handslag.domain.accounts.states import Side as Account
from handslag.domain.casefile.operations import open_case
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message, take_back
from handslag.domain.payments.models import Booking
from handslag.domain.payments.operations.account import book, reverse_booking
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.operations.persons import form_household, set_protection
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.settlement.checks import Known, check, late
from handslag.domain.settlement.models import Answer, Claim, Counted, Line, Reception, Statement, Submission
from handslag.domain.settlement.operations import (
    NewAnswer,
    accept_clean,
    answer_lines,
    content_of,
    leave_out,
    preview,
    receive_submission,
    review,
    submit,
    to_send,
)
from handslag.domain.settlement.policies import regimes
from handslag.domain.settlement.queries import (
    NewLine,
    Register,
    standing,
    sums_of,
    within,
    without,
)
from handslag.domain.settlement.states import LineKind, Outcome, Reason
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.jobs.settlement import tell_submission
from handslag.kernel.months import Month
from handslag.messages.assignment.message import Arrival, Assigned
from handslag.messages.case_change.checks import checked
from handslag.messages.case_change.message import Changed
from handslag.messages.case_notification.message import Accepted
from handslag.messages.conversation import recalling
from handslag.messages.mutation.message import Concerned
from handslag.messages.settlement import build
from handslag.messages.settlement.message import Answer as Said
from handslag.rules.ch.settlement import ASYLUM, SECTION_44
from handslag.rules.settlement import Regime, Runs, covered, differences, runs
from tests.bed import Database
from tests.canton import Canton, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST
from verifier import verify
from verifier.report import Report
from verifier.settlement import check_settlements

Q2, Q3, Q4 = date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)
LATE = "Die Anweisung kam erst im November."


@pytest.fixture(scope="module")
def canton(database: Database) -> Canton:
    side, *places = open_canton(database)
    return Canton(database, Side(side), [Side(place) for place in places])


def lives(canton: Canton, to: int, person: Assigned, arrived_on: date, moves_from: str = "") -> None:
    """The canton assigns her, and the municipality says that she came."""
    told = canton.assigned(to, person, arrival_on=arrived_on, moves_from=moves_from)
    canton.settle()
    canton.answered(to, told, Arrival(number=1, arrived_on=arrived_on, accommodation="apartment"))
    canton.settle()


def booked(canton: Canton, place: Side, person: Assigned, amount: int, code: str, month: date) -> None:
    """A cost of hers on the account of her case."""
    key, office = canton.person(person.person.identifier, place).id, place.office
    act = {**office.act("rut"), "now": canton.pair.now}
    home = form_household(**act, members=[(key, "adult")], since=month)
    case = open_case(
        **act, applicant=key, co_applicant=None, household=home.id, unit=office.units["Försörjningsstöd"],
        caseworker=None, opened_on=month,
    )  # fmt: skip
    told = {
        "case": case.id, "kind": BookingKind.EXPENSE, "month": Month.of(month), "on": month, "account_code": code,
        "counterparty": "Krankenkasse Muster", "amount": amount, "source": "Rechnung 4711",
    }  # fmt: skip
    act = {**office.act("hanna"), "now": canton.pair.now}
    book(**act, **told)
    ahead = Month.of(canton.today) + 1
    for wrong, refused in (
        ({}, "booked already"), ({"account_code": "forsorjningsstod"}, "account code"), ({"source": " "}, "source"),
        ({"kind": BookingKind.INCOME}, "account code"), ({"month": Month.of(month) - 1}, "month"),
        ({"amount": 0}, "amount"), ({"month": ahead}, "month"), ({"on": ahead.since}, "day"),
        ({"person": uuid4()}, "whose income"),
    ):  # fmt: skip
        with pytest.raises(NotPossible, match=refused):
            book(**act, **{**told, **wrong})
    with pytest.raises(NotAllowed):
        book(**{**act, "by": office.staff["rut"]}, **told)


def sent(canton: Canton, place: Side, since: date, against: Any = (), **more: Any) -> Submission:
    """Ulla submits; the lines of `against` (by whose they are) in spite of their finding."""
    with acting(place.office.slug, TEST, "look"):
        seen = preview(ASYLUM, canton.side.address, since, **more)
    reasons = {
        seen.lines[n].content: "Der Entscheid ist angefochten." for n in seen.findings
        if seen.lines[n].identifier in against
    }  # fmt: skip
    return submit(
        **canton.pair.act(place, "ulla"), regime=ASYLUM, partner=canton.side.address, since=since, against=reasons,
        **more,
    )  # fmt: skip


def crossed(canton: Canton, place: Side, submission: Submission) -> Statement:
    """What was submitted arrives at the canton; gives its statement there."""
    canton.settle()
    with acting(place.office.slug, TEST, "look"):
        reference = Statement.objects.get(id=submission.statement_id).reference
    (statement,) = canton.side.rows(Statement, reference=reference)
    assert isinstance(statement, Statement)
    return statement


def content(place: Side, submission: Submission) -> dict[str, Any]:
    with acting(place.office.slug, TEST, "look"):
        return content_of(Submission.objects.select_related("statement").get(id=submission.id))


def reviewed(canton: Canton, statement: Statement) -> None:
    """Bo accepts what is clean, cuts the rest as proposed, and both replies arrive."""
    canton_side = canton.side.office
    act = canton.pair.act(canton.side, "bo")
    accept_clean(**act, regime=ASYLUM, statement=statement.id, although_late=LATE)
    with acting(canton_side.slug, TEST, "look"):
        found = review(ASYLUM, statement)
    if found:
        answers = [
            NewAnswer(
                line=line, outcome=Outcome.CUT if one.amount else Outcome.REFUSED, reason=one.reason,
                accepted=one.accepted, amount=one.amount, why="Sieben Jahre sind um.",
            )
            for line, one in found.items()
        ]  # fmt: skip
        answer_lines(**act, statement=statement.id, answers=answers)
    canton.settle()


def figures(side: Side, partner: Side, account: Account) -> Figures:
    with acting(side.office.slug, TEST, "look"):
        row = account_of(partner.address, account)
        assert row is not None
        return figures_of(row.id)["CHF"]


def told(side: Side, statement: UUID) -> list[tuple[Any, ...]]:
    """Its lines: (days, amount, what became of it, reason)."""
    with acting(side.office.slug, TEST, "look"):
        answers = {row.line_id: row for row in Answer.objects.filter(line__statement_id=statement)}
        return [
            (row.days, row.amount, *((one.outcome, one.amount, one.reason) if (one := answers.get(row.id)) else ()))
            for row in standing(statement)
        ]


@pytest.fixture(scope="module")
def settled(canton: Canton, database: Database) -> None:
    """The worked quarter."""
    if not canton.side.rows(Statement):
        test_the_worked_quarter(canton, database)


def test_the_worked_quarter(canton: Canton, database: Database) -> None:
    here, there = canton.places
    a, c = somebody(status_since=date(2026, 8, 1), entry_on=date(2026, 8, 1)), somebody(status="S")
    b = somebody(status="F-A", entry_on=date(2019, 9, 15), status_since=date(2021, 2, 1))
    f = somebody()
    lives(canton, 0, f, Q2)
    quarter = sent(canton, here, Q2)
    reviewed(canton, crossed(canton, here, quarter))
    assert figures(here, canton.side, Account.CLAIMANT).accepted == 91 * 36_00

    lives(canton, 1, f, date(2026, 5, 10), moves_from=here.address)  # the notice comes after Q2 was settled
    lives(canton, 0, a, date(2026, 8, 12))
    lives(canton, 0, b, Q3)
    lives(canton, 0, c, Q3)
    booked(canton, here, c, 184_30, "KVG_COPAY", date(2026, 8, 1))
    leave_out(
        **canton.pair.act(here, "ulla"), person=canton.person(c.person.identifier, here).id, regime=ASYLUM,
        since=date(2026, 9, 1), until=Q4, why="Sie verdient genug.",
    )  # fmt: skip
    with acting(here.office.slug, TEST, "look"):
        seen = preview(ASYLUM, canton.side.address, Q3)
    assert [seen.lines[n].identifier for n in seen.findings] == [b.person.identifier]
    (finding,) = seen.findings.values()
    assert (finding.reason, finding.days, finding.amount) == (Reason.SEVEN_YEARS_REACHED, 76, 2_736_00)

    row = sent(canton, here, Q3, against=[b.person.identifier])
    assert row.total == 5_692_30
    statement = crossed(canton, here, row)
    with acting(canton.side.office.slug, TEST, "look"):
        assert sums_of(statement.id).open == 5_692_30
        (proposal,) = review(ASYLUM, statement).values()
        assert (proposal.reason, proposal.amount) == (Reason.SEVEN_YEARS_REACHED, 2_736_00)
    with pytest.raises(NotPossible, match="late"):
        accept_clean(**canton.pair.act(canton.side, "bo"), regime=ASYLUM, statement=statement.id)
    reviewed(canton, statement)
    lines = told(canton.side, statement.id)
    assert told(here, row.statement_id) == lines
    assert sorted(lines) == sorted(
        [
            (50, 1_800_00, "accepted", 1_800_00, ""),
            (92, 3_312_00, "cut", 2_736_00, "SEVEN_YEARS_REACHED"),
            (62, 2_232_00, "accepted", 2_232_00, ""),
            (0, 184_30, "accepted", 184_30, ""),
            (-51, -1_836_00, "accepted", -1_836_00, ""),
        ]
    )
    for side, key in ((canton.side, statement.id), (here, row.statement_id)):
        with acting(side.office.slug, TEST, "look"):
            sums = sums_of(key)
            back = Line.objects.get(statement_id=key, days=-51)
            assert back.corrects is not None
            assert back.corrects.days == 91
        assert (sums.claimed, sums.accepted, sums.cut, sums.open) == (5_692_30, 5_116_30, 576_00, 0)
    all_ = Figures(
        claimed=5_692_30 + 3_276_00, cut=576_00, accepted=5_116_30 + 3_276_00, open=5_116_30 + 3_276_00
    )  # fmt: skip
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT) == all_

    # nothing more is to be claimed, nothing is settled twice, and nothing else is said of what is settled
    with acting(here.office.slug, TEST, "look"):
        assert preview(ASYLUM, canton.side.address, Q3).lines == []
    with pytest.raises(NotPossible, match="nothing changed"):
        sent(canton, here, Q3)
    with pytest.raises(NotPossible, match="received"):
        receive_submission(
            tenant=canton.side.office.slug, by=TEST, now=canton.pair.now, regime=ASYLUM, partner=here.address,
            content=content(here, row),
        )  # fmt: skip
    with pytest.raises(NotPossible, match="no lines"):
        accept_clean(
            **canton.pair.act(canton.side, "bo"), regime=ASYLUM, statement=statement.id, although_late=LATE
        )  # fmt: skip
    with acting(canton.side.office.slug, TEST, "look"):
        again = Answer.objects.filter(line__statement=statement, outcome="cut").get()
    with pytest.raises(NotPossible, match="answered"):
        answer_lines(
            **canton.pair.act(canton.side, "bo"), statement=statement.id,
            answers=[NewAnswer(line=again.line_id, outcome=Outcome.ACCEPTED, amount=3_312_00)],
        )  # fmt: skip

    # the days that were given back are the other municipality's
    theirs = crossed(canton, there, sent(canton, there, Q2))
    reviewed(canton, theirs)
    assert told(canton.side, theirs.id) == [(51, 1_836_00, "accepted", 1_836_00, "")]
    database.close_connections()
    slugs = [side.office.slug for side in (canton.side, here, there)]
    report = verify(database.of_role("auditor"), tenants=slugs)
    assert [(found.rule, found.table, found.text) for found in report.errors] == []


def test_a_second_submission_says_what_changed_and_only_of_what_is_not_answered(canton: Canton) -> None:
    here = canton.places[1]
    first, second = somebody(), somebody()
    lives(canton, 1, first, date(2026, 9, 1))
    row = sent(canton, here, Q3)
    statement = crossed(canton, here, row)
    with pytest.raises(NotPossible, match="nothing changed"):
        sent(canton, here, Q3)
    lives(canton, 1, second, date(2026, 9, 21))
    key = canton.person(first.person.identifier, here).id
    leave_out(
        **canton.pair.act(here, "ulla"), person=key, regime=ASYLUM, since=date(2026, 9, 30), until=Q4, why="weg"
    )  # fmt: skip
    again = sent(canton, here, Q3)
    before = {line[0] for line in told(here, row.statement_id)}
    assert (again.number, before >= {29, 10}, 30 in before) == (2, True, False)
    assert len(again.withdrawn) == 1
    crossed(canton, here, again)
    assert told(canton.side, statement.id) == told(here, row.statement_id)
    sums = [figures(canton.side, here, Account.PAYER), figures(here, canton.side, Account.CLAIMANT)]
    assert sums[0] == sums[1]
    reviewed(canton, statement)
    with acting(here.office.slug, TEST, "look"):
        assert {row.days for row in Line.objects.filter(number__in=again.withdrawn, statement=row.statement)} == {30}
        assert not Answer.objects.filter(line__number__in=again.withdrawn, line__statement=row.statement).exists()


def test_a_decision_stands_where_a_withdrawal_of_its_line_or_a_recall_crosses_it(
    canton: Canton, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, act = canton.places[1], canton.pair.act
    person = somebody()
    lives(canton, 1, person, date(2026, 9, 26))
    statement = crossed(canton, here, sent(canton, here, Q3))
    key = canton.person(person.person.identifier, here).id
    leave_out(
        **act(here, "ulla"), person=key, regime=ASYLUM, since=date(2026, 9, 30), until=Q4, why="Sie war weg."
    )  # fmt: skip
    before = figures(here, canton.side, Account.CLAIMANT)
    late = sent(canton, here, Q3)
    assert late.withdrawn
    with pytest.raises(NotPossible, match="on its way"):
        sent(canton, here, Q3)
    # what is submitted is neither taken back nor recalled: nothing would follow, and nothing could be submitted again
    canton.follows([here])
    (message,) = [one for one in here.rows(Message, kind="settlement", transport="sealed") if one.action == "5"]
    with pytest.raises(NotPossible, match="out of turn"):
        take_back(**act(here, "hanna"), message=message.id, version=message.version)
    with acting(here.office.slug, here.office.staff["hanna"], "recall"):
        new = recalling(key=uuid4(), asked=message, text="Das war falsch.")
    with pytest.raises(NotPossible, match="out of turn"):
        seal_message(**act(here, "hanna"), new=new)
    with monkeypatch.context() as elsewhere:  # by another system, in the same moment
        elsewhere.setattr("handslag.domain.exchange.operations.outbox.by_itself", lambda first: False)
        recall = seal_message(**act(here, "hanna"), new=new)
    assert figures(here, canton.side, Account.CLAIMANT) == before  # it is claimed once the canton has it
    accept_clean(**act(canton.side, "bo"), regime=ASYLUM, statement=statement.id, although_late=LATE)
    canton.settle()
    with acting(here.office.slug, TEST, "look"):
        (refused,) = Reception.objects.exclude(code="")
    assert (refused.submission_id, refused.code) == (late.id, "ANSWERED")
    assert (here.message(recall.message_id).code, here.message(message.message_id).business) == ("306", "rejected")
    assert "settlement refused" in here.tasks()
    assert told(here, late.statement_id) == told(canton.side, statement.id)
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT)
    again = sent(canton, here, Q3)  # what was accepted is given back instead
    assert (again.number, again.withdrawn) == (late.number + 1, [])
    crossed(canton, here, again)
    accept_clean(**act(canton.side, "bo"), regime=ASYLUM, statement=statement.id, although_late=LATE)
    canton.settle()
    assert told(here, late.statement_id) == told(canton.side, statement.id)
    assert told(here, late.statement_id)[-1] == (-1, -36_00, "accepted", -36_00, "")
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT)


def test_pieces_and_decisions_in_another_order_and_a_question_about_a_line(
    canton: Canton, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, act = canton.places[0], canton.pair.act
    first, second = somebody(), somebody()
    for person in (first, second):
        lives(canton, 0, person, date(2026, 9, 28))
    monkeypatch.setattr(build, "MOST", 1)  # each line, and each decision, in a message of its own
    row = sent(canton, here, Q3)
    statement = crossed(canton, here, row)
    pieces = here.rows(Message, kind="settlement", direction="out", about=row.statement_id, due_on=None)
    assert len([one for one in pieces if one.action == "5"]) >= 2
    with acting(canton.side.office.slug, TEST, "look"):
        lines = [line for line in standing(statement.id) if line.submission.number == row.number]
        asked = build.asking(
            key=uuid4(), statement=statement, lines={lines[0].number: "Wo wohnt sie?"}, now=canton.pair.now,
            answer_by=canton.today + timedelta(days=9),
        )  # fmt: skip
    with acting(canton.side.office.slug, canton.side.office.staff["hanna"], "ask"):
        question = seal_message(**act(canton.side, "hanna"), new=asked)
    canton.settle()
    assert "question" in here.tasks()
    there = here.message(question.message_id)
    with acting(here.office.slug, here.office.staff["hanna"], "answer"):
        answer = build.answering(key=uuid4(), asked=there, answers=[Said(number=1, text="In Musterwil.")])
        seal_message(**act(here, "hanna"), new=answer)
    canton.settle()
    assert "question answered" in canton.side.tasks()
    assert canton.side.message(question.message_id).business == "accepted"

    cut = [
        NewAnswer(line=line.id, outcome=Outcome.REFUSED, reason="NO_CLAIM_PERIOD", why="nein") for line in lines
    ]  # fmt: skip
    replies = [answer_lines(**act(canton.side, "bo"), statement=statement.id, answers=[one]) for one in cut]
    canton.done.add(replies[0].id)  # it hasn't left yet
    canton.settle()
    assert [line[2:] for line in told(here, row.statement_id)[-2:]] == [(), ()]
    canton.done.remove(replies[0].id)
    canton.settle()
    assert told(here, row.statement_id) == told(canton.side, statement.id)
    assert [line[2] for line in told(here, row.statement_id)[-2:]] == ["refused", "refused"]
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT)


def test_who_may_and_what_is_refused(canton: Canton, database: Database) -> None:
    here, act = canton.places[1], canton.pair.act
    person = somebody()
    lives(canton, 1, person, date(2026, 9, 30))
    told_ = {"regime": ASYLUM, "partner": canton.side.address, "since": Q3, "against": {}}
    with pytest.raises(NotAllowed):
        submit(**act(here, "hanna"), **told_)
    with pytest.raises(NotPossible, match="window"):
        submit(**act(here, "ulla"), **{**told_, "since": canton.today})
    with pytest.raises(Conflict):
        submit(**act(here, "ulla"), **{**told_, "against": {"0" * 64: "x"}})
    row = sent(canton, here, Q3)
    told_there = content(here, row)
    receive = {"tenant": canton.side.office.slug, "by": TEST, "now": canton.pair.now, "regime": ASYLUM,
               "partner": here.address}  # fmt: skip
    with pytest.raises(Hidden):
        receive_submission(**{**receive, **act(canton.side, "bo")}, content=told_there)
    (line,) = told_there["lines"][-1:]
    for wrong, refused in (
        ({"total": told_there["total"] + 1}, "sum"),
        ({"number": 0}, "number"),
        ({"until": "2026-12-31"}, "window"),
        ({"withdrawn": [1]}, "answered"),
        ({"lines": [{**line, "amount": 1}]}, "line"),
        ({"lines": [{**line, "days": 2, "amount": 72_00}]}, "line"),
        ({"lines": [{**line, "identifier": "1.1"}]}, "unknown person"),
        ({"lines": [{**line, "corrects": f"{told_there['statement']}/99"}]}, "corrects"),
    ):  # fmt: skip
        with pytest.raises(NotPossible, match=refused):
            receive_submission(**receive, content={**told_there, **wrong})
    statement = receive_submission(**receive, content=told_there).statement
    with acting(canton.side.office.slug, TEST, "look"):
        (mine,) = (one for one in standing(statement.id) if one.number == line["number"])
    with pytest.raises(NotAllowed):
        answer_lines(**act(canton.side, "hanna"), statement=statement.id, answers=[])
    given_ = {"line": mine.id, "outcome": Outcome.CUT, "reason": "LATE", "why": "x"}
    for wrong, refused in (
        ({"outcome": Outcome.REFUSED, "why": " "}, "why"),
        ({"outcome": Outcome.REFUSED, "reason": "X"}, "why"),
        ({"outcome": Outcome.CUT}, "amount"),
        ({"outcome": Outcome.ACCEPTED, "amount": mine.amount}, "amount"),
        ({"outcome": Outcome.CUT, "amount": 1, "accepted": ((Q2, Q3),)}, "days"),
        ({"outcome": Outcome.CUT, "amount": 1}, "amount"),
    ):  # fmt: skip
        with pytest.raises(NotPossible, match=refused):
            answer_lines(
                **act(canton.side, "bo"), statement=statement.id, answers=[NewAnswer(**{**given_, **wrong})]
            )  # fmt: skip
    with pytest.raises(Hidden):  # a municipality answers nothing
        answer_lines(**act(here, "bo"), statement=row.statement_id, answers=[])
    refusal = NewAnswer(line=mine.id, outcome=Outcome.REFUSED, reason="LATE", why="zu spät")
    answer_lines(**act(canton.side, "bo"), statement=statement.id, answers=[refusal])
    canton.settle()
    with acting(here.office.slug, TEST, "look"):
        assert preview(ASYLUM, canton.side.address, Q3).lines == []  # a refusal isn't claimed again by itself

    # whoever is protected stays out, and isn't given back
    other = somebody()
    lives(canton, 1, other, date(2026, 9, 29))
    here.office.admit("sara", "Sara Skydd", "registrar", clearance=3)
    set_protection(
        **act(here, "sara"), person=canton.person(other.person.identifier, here).id, level=2, address_level=2, version=1
    )  # fmt: skip
    with acting(here.office.slug, TEST, "look"):
        assert preview(ASYLUM, canton.side.address, Q3).lines == []

    # and so does whoever becomes protected after it was submitted, before it leaves: it is as if it hadn't been sent
    late, beside = somebody(), somebody()
    lives(canton, 1, late, date(2026, 9, 28))
    lives(canton, 1, beside, date(2026, 9, 29))
    kept = sent(canton, here, Q3)
    before = figures(here, canton.side, Account.CLAIMANT)
    with canton.pair._role("worker"):
        tell_submission(here.key, str(kept.id))
    set_protection(
        **act(here, "sara"), person=canton.person(late.person.identifier, here).id, level=2, address_level=2, version=1
    )  # fmt: skip
    canton.settle()
    (reception,) = here.rows(Reception, submission=kept)
    assert (reception.code, figures(here, canton.side, Account.CLAIMANT)) == ("PROTECTED", before)
    again = sent(canton, here, Q3)
    crossed(canton, here, again)
    identifiers = {one["identifier"] for one in content(here, again)["lines"]}
    assert identifiers == {beside.person.identifier}


def test_no_day_and_no_cost_is_there_twice_by_the_database(canton: Canton, database: Database) -> None:
    here, person = canton.places[0], somebody()
    lives(canton, 0, person, date(2026, 9, 20))
    booked(canton, here, person, 20_00, "DENTAL", date(2026, 9, 1))
    reviewed(canton, crossed(canton, here, sent(canton, here, Q3)))
    leave_out(
        **canton.pair.act(here, "ulla"), person=canton.person(person.person.identifier, here).id, regime=ASYLUM,
        since=date(2026, 9, 25), until=Q4, why="Sie war nicht mehr da.",
    )  # fmt: skip
    with acting(here.office.slug, TEST, "look"):
        (back,) = preview(ASYLUM, canton.side.address, Q3).lines  # what is settled is given back, citing its line
    assert (back.since, back.days, back.amount) == (date(2026, 9, 25), -6, -216_00)
    assert back.corrects.startswith(f"{here.address}/asylum/2026-07-01/")
    taken = psycopg.errors.ExclusionViolation
    for model, which, change, refused in (
        (Claim, "cost = 'days'", {"since": "since - 1", "fund": "'44'"}, taken),
        (Claim, "cost <> 'days'", {"since": "since - 1"}, psycopg.errors.UniqueViolation),
        (Counted, "true", {"partner": "'municipality:bfs:x'", "fund": "'44'", "until": "until + 9"}, taken),
    ):  # fmt: skip
        named = {field.column: field.column for field in model._meta.fields}
        values = {**named, "id": "gen_random_uuid()", "line_id": "gen_random_uuid()", **change}
        table = model._meta.db_table
        twice = (
            f"INSERT INTO {table} ({', '.join(named)}) SELECT {', '.join(values[name] for name in named)} "
            f"FROM {table} WHERE {which} LIMIT 1"
        )
        with database.connect("web", autocommit=True) as web, web.transaction(force_rollback=True):
            web.execute("SELECT set_config('app.tenant', %s, true)", [str(canton.side.key)])
            with pytest.raises(refused):
                web.execute(twice)
    with database.connect("web", autocommit=True) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("UPDATE settlement_line SET amount = 1")


def test_section_44_by_heads_from_bookings(canton: Canton, database: Database) -> None:
    """Persons D and E: the pension of earlier months, a third of what the family cost, until ten years are over."""
    here, act = canton.places[0], canton.pair.act
    for side in (canton.side, *canton.places):
        set_policy(**side.office.by(TEST), name="section_44_months", value=3)
    with acting(here.office.slug, TEST, "look"):
        s44 = regimes()["section 44"]
    assert (SECTION_44.months, s44.months, s44.window(Q3)) == (6, 3, (Q3, Q4))
    d, e = (somebody(status="B-R") for _ in range(2))
    s = somebody(status="S")  # lives with E, and is reimbursed by the other fund
    for person in (d, e, s):
        lives(canton, 0, person, date(2026, 1, 1))
    for person, last_on in ((d, date(2031, 7, 31)), (e, date(2026, 8, 31))):
        told_ = canton.notified(here, person.person.identifier, supported_since=date(2026, 1, 1), why="Spät.")
        canton.settle()
        canton.accepted(told_, Accepted(number=1, last_on=last_on))
        canton.settle()
    keys = {one.person.identifier: canton.person(one.person.identifier, here).id for one in (d, e)}
    office = here.office
    child = office.person("Emma", "Müller", "19860302", account=None)[0]
    cases = {}
    for one, more in ((d, []), (e, [keys[e.person.identifier], child])):
        key = canton.person((s if more else one).person.identifier, here).id
        members = [(key, "adult"), *zip(more, ("adult", "child"), strict=False)]
        home = form_household(**act(here, "rut"), members=members, since=date(2026, 1, 1))
        cases[one.person.identifier] = open_case(
            **act(here, "rut"), applicant=key, co_applicant=more[0] if more else None, household=home.id,
            unit=office.units["Försörjningsstöd"], caseworker=None, opened_on=date(2026, 1, 1),
        ).id  # fmt: skip

    def books(one: Any, month: int, amount: int, code: str = "BASIC_OTHER", **more: Any) -> UUID:
        kind = BookingKind.INCOME if code == "PENSION" else BookingKind.EXPENSE
        return book(
            **act(here, "hanna"), case=cases[one.person.identifier], kind=kind, month=Month(2026, month),
            account_code=code, counterparty="SVA Musterwil", amount=amount, source=f"Beleg {month}",
            **{"on": date(2026, month, 20), **more},
        ).id  # fmt: skip

    for month in (7, 8, 9):
        books(d, month, 1_698_00, person=keys[d.person.identifier])
        books(e, month, 2_674_00)  # of three heads
    for month in range(1, 7):
        books(d, month, 600_00, "PENSION", on=date(2026, 8, 20), person=keys[d.person.identifier])
    before = books(d, 6, 99_00)  # not of this quarter, and nothing was settled before it

    def seen() -> Any:
        with acting(office.slug, TEST, "look"):
            return preview(s44, canton.side.address, Q3)

    told_ = {(one.identifier, one.kind, one.since): (one.amount, len(one.items)) for one in seen().lines}
    assert told_ == {
        (d.person.identifier, "cost", Q3): (5_094_00, 3),
        (d.person.identifier, "income", date(2026, 1, 1)): (-1_800_00, 3),
        (d.person.identifier, "income", Q2): (-1_800_00, 3),
        (e.person.identifier, "cost", Q3): (2_674_00, 3),
    }
    (finding,) = seen().findings.values()
    assert (finding.reason, finding.amount) == (Reason.TEN_YEARS_REACHED, 1_782_67)
    row = submit(**act(here, "ulla"), regime=s44, partner=canton.side.address, since=Q3, against={})
    assert row.total == 3_276_67
    statement = crossed(canton, here, row)
    with acting(canton.side.office.slug, TEST, "look"):
        assert review(s44, statement) == {}
    accept_clean(**act(canton.side, "bo"), regime=s44, statement=statement.id, although_late=LATE)
    canton.settle()
    assert told(here, row.statement_id) == told(canton.side, statement.id)
    account = [
        (one.regime, one.since, one.figures.accepted) for one in parts(here, canton.side) if one.regime == "section 44"
    ]  # fmt: skip
    assert account == [
        ("section 44", date(2026, 1, 1), -1_800_00), ("section 44", Q2, -1_800_00), ("section 44", Q3, 6_876_67)
    ]  # fmt: skip
    (left,) = seen().findings.values()  # E's September is told again, and not sent
    assert (left.reason, left.amount, to_send(seen(), {})) == (Reason.TEN_YEARS_REACHED, 0, [])

    # that her support ended before what is settled is a finding at both sides; what was paid since, at who paid it
    ended = Changed(
        persons=[Concerned(number=1, person=d.person)], change="ended", on=date(2026, 6, 30), cause="Arbeit",
        answer_by=Q4,
    )  # fmt: skip
    for side, more_ in ((canton.side, []), (here, ["PAID_LATER"])):
        with acting(side.office.slug, TEST, "look"):
            assert checked(ended, here.address, canton.today) == {1: ["ALREADY_SETTLED", *more_]}
            assert checked(msgspec.structs.replace(ended, on=date(2026, 9, 30)), here.address, canton.today) == {1: []}

    # a settled booking that is countered is given back by a line that cites the settled one; a booking once is once
    with acting(office.slug, TEST, "look"):
        wrong = Booking.objects.get(case_id=cases[d.person.identifier], period__since=date(2026, 8, 1), kind="expense")
    reverse_booking(**act(here, "hanna"), booking=wrong.id, reason="falsche Person")
    ((back, _, _),) = to_send(seen(), {})
    with acting(office.slug, TEST, "look"):
        first = Line.objects.get(statement_id=row.statement_id, amount=5_094_00)
    assert (back.amount, back.corrects) == (-1_698_00, f"{statement.reference}/{first.number}")
    again = submit(**act(here, "ulla"), regime=s44, partner=canton.side.address, since=Q3, against={})
    content_ = content(here, again)
    for change, refused in (
        ({"account_code": "rent"}, "line"), ({"items": []}, "line"), ({"cost": "bookings x"}, "line"),
        ({"share": "whole"}, "line"),
    ):  # fmt: skip
        lines = [{**content_["lines"][0], **change}]
        with pytest.raises(NotPossible, match=refused):
            receive_submission(
                tenant=canton.side.office.slug, by=TEST, now=canton.pair.now, regime=s44, partner=here.address,
                content={**content_, "lines": lines},
            )  # fmt: skip
    reviewed_44 = crossed(canton, here, again)
    accept_clean(**act(canton.side, "bo"), regime=s44, statement=reviewed_44.id, although_late=LATE)
    canton.settle()
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT)
    assert before

    # what one fund was claimed for isn't claimed for by the other, in whatever order, and is found where it is
    twice = f"booking {books(e, 8, 90_00, 'KVG_COPAY')}"  # of three heads; the case is S's
    with acting(office.slug, TEST, "look"):
        (line,) = (one for one in preview(ASYLUM, canton.side.address, Q3).lines if one.cost == twice)
    assert line.amount == 90_00
    submit(**act(here, "ulla"), regime=s44, partner=canton.side.address, since=Q3, against={})
    canton.settle()
    with acting(office.slug, TEST, "look"):
        assert twice not in {one.cost for one in preview(ASYLUM, canton.side.address, Q3).lines}
    theirs = books(e, 7, 60_00, "KVG_COPAY")
    of_asylum = crossed(canton, here, sent(canton, here, Q3))
    with acting(canton.side.office.slug, TEST, "look"):
        (open_line,) = (one for one in standing(of_asylum.id) if one.cost == f"booking {theirs}")
        assert open_line.id not in review(ASYLUM, of_asylum)
    named = {field.column: field.column for field in Claim._meta.fields}
    another = "(SELECT id FROM settlement_line WHERE id <> line_id LIMIT 1)"
    values = {**named, "id": "gen_random_uuid()", "fund": "'section 44'", "line_id": another}
    with database.connect("web", autocommit=True) as web, web.transaction():
        web.execute("SELECT set_config('app.tenant', %s, true)", [str(canton.side.key)])
        web.execute(
            f"INSERT INTO settlement_claim ({', '.join(named)}) SELECT {', '.join(values[name] for name in named)} "
            "FROM settlement_claim WHERE line_id = %s", [open_line.id],
        )  # fmt: skip
    with acting(canton.side.office.slug, TEST, "look"):
        said = review(ASYLUM, of_asylum)[open_line.id]
    with database.connect("web", autocommit=True) as web, web.transaction():
        web.execute("SELECT set_config('app.tenant', %s, true)", [str(canton.side.key)])
        web.execute("DELETE FROM settlement_claim WHERE cost = %s AND fund = 'section 44'", [open_line.cost])
    assert (said.reason, said.amount) == (Reason.DUPLICATE_INVOICE, 0)
    for wrong_one in (theirs, UUID(twice.removeprefix("booking "))):  # each is given back where it was claimed
        reverse_booking(**act(here, "hanna"), booking=wrong_one, reason="falsche Person")
    with acting(office.slug, TEST, "look"):
        copays = [one for one in preview(ASYLUM, canton.side.address, Q3).lines if one.account_code == "KVG_COPAY"]
    assert sorted(one.amount for one in copays if one.identifier == s.person.identifier) == [-60_00, 60_00]
    assert "KVG_COPAY" not in {one.account_code for one in seen().lines}
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[canton.side.office.slug, office.slug])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []


def parts(side: Side, partner: Side) -> list[Any]:
    with acting(side.office.slug, TEST, "look"):
        row = account_of(partner.address, Account.CLAIMANT)
        assert row is not None
        return parts_of(row.id)


# -- in memory ---------------------------------------------------------------------------------------------------------

BEGIN = date(2026, 1, 1).toordinal()
SPAN = 60
NOTHING = runs([])


def of(days: set[tuple[int, int]]) -> Runs:
    """Sets of (key, day) as runs."""
    found = []
    for key, day in sorted(days):
        if found and found[-1][0] == key and found[-1][2] == day:
            found[-1] = (key, found[-1][1], day + 1, 1)
        else:
            found.append((key, day, day + 1, 1))
    return runs(found)


def by_day(found: Runs) -> dict[tuple[int, int], int]:
    told_: dict[tuple[int, int], int] = {}
    for key, since, until, sign in zip(*(column.tolist() for column in found), strict=True):
        for day in range(since, until):
            assert (key, day) not in told_  # no day twice
            told_[key, day] = sign
    return told_


_spans = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, SPAN), st.integers(1, 25)), max_size=7
).map(lambda rows: {(key, day) for key, since, long in rows for day in range(since, since + long)})  # fmt: skip


def settled_again(histories: list[set[tuple[int, int]]], blocked: set[tuple[int, int]], cuts: list[int]) -> int:
    """Settle as the register changes from one of `histories` to the next; gives how many days count in the end."""
    begins = runs([(0, day, 0, 0) for day in sorted(set(cuts))]).since
    counted: set[tuple[int, int]] = set()
    claimed = 0
    for wanted in histories:  # the register changes again and again, and each time what differs is settled
        found = by_day(differences(of(wanted), of(counted), of(blocked), NOTHING, begins))
        less = {place for place, sign in found.items() if sign < 0}
        more = {place for place, sign in found.items() if sign > 0}
        assert less <= counted
        assert not more & (counted | blocked)
        counted = counted - less | more
        claimed += sum(found.values())
        assert claimed == len(counted)
        assert counted == wanted - blocked
        assert not differences(of(wanted), of(counted), of(blocked), NOTHING, begins).key.size
    at_once = differences(of(histories[-1]), NOTHING, of(blocked), NOTHING, begins)
    assert {place for place, sign in by_day(at_once).items() if sign > 0} == counted
    for since, until in zip(at_once.since.tolist(), at_once.until.tolist(), strict=True):
        assert not any(since < cut < until for cut in cuts)
    return claimed


@settings(max_examples=200, deadline=None)
@given(st.lists(_spans, min_size=1, max_size=5), _spans, st.lists(st.integers(0, SPAN), max_size=4))
def test_settle_then_correct_is_to_settle_the_corrected(
    histories: list[set[tuple[int, int]]], blocked: set[tuple[int, int]], cuts: list[int]
) -> None:
    settled_again(histories, blocked, cuts)


def day(number: int) -> date:
    return date.fromordinal(BEGIN + number)


PEOPLE, PLACES, STATUSES = [uuid4() for _ in range(3)], ("m:a", "m:b"), ("N", "F-A", "B-R")
ENTRY = date(2019, 1, 20)  # seven years are over in the middle
_lines = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(("N", "F-A")), st.integers(0, SPAN), st.integers(1, 20),
              st.sampled_from((36_00, 36_00, 36_00, 1)), st.sampled_from((1, 1, -1))),
    min_size=1, max_size=8,
)  # fmt: skip


def stretches(draw: st.DrawFn, values: tuple[str, ...]) -> list[tuple[str, date, date]]:
    """Values of days that don't overlap."""
    at, found = 0, []
    for value, gap, long in draw(
        st.lists(st.tuples(st.sampled_from(values), st.integers(0, 9), st.integers(5, 40)), max_size=4)
    ):
        found.append((value, day(at + gap), day(at + gap + long)))
        at += gap + long
    return found


@st.composite
def registers(draw: st.DrawFn) -> Known:
    where = [(who, *row) for who in PEOPLE for row in stretches(draw, PLACES)]
    status = [(who, name, ENTRY, a, b) for who in PEOPLE for name, a, b in stretches(draw, STATUSES)]
    counted = [(who, *row) for who in PEOPLE for row in stretches(draw, PLACES)[:1]]
    own = [(who, a, b) for who in PEOPLE for _, a, b in stretches(draw, ("own",))[:1]]
    return Known(Register(where, status, own), counted)


@settings(max_examples=200, deadline=None)
@given(registers(), _lines)
def test_the_checks_say_of_columns_what_each_day_says_by_itself(known: Known, drawn: Any) -> None:
    lines = [
        NewLine(
            person=PEOPLE[who], identifier=str(who), kind=LineKind.DAYS, status=status, since=day(since),
            until=day(since + long), days=sign * long, rate=rate, amount=sign * long * rate, cost="days",
        )
        for who, status, since, long, rate, sign in drawn
    ]  # fmt: skip
    found = {one.place: one for one in check(ASYLUM, PLACES[0], lines, known)}

    def lies(rows: Any, who: UUID, on: date) -> bool:
        return any(row[0] == who and row[-2] <= on < row[-1] for row in rows)

    def fits(place: int, on: date) -> bool:
        line = lines[place]
        mine = [row for row in known.counted if row[1] == PLACES[0]]
        if line.days < 0:
            return lies(mine, line.person, on)
        given_back = any(
            one.person == line.person and one.days < 0 and one.since <= on < one.until for one in lines
        )  # fmt: skip
        taken = (lies(known.counted, line.person, on) and not given_back) or any(
            one.person == line.person and one.days > 0 and one.since <= on < one.until for one in lines[:place]
        )
        here = [row for row in known.register.where if row[1] == PLACES[0]]
        status = [row for row in known.register.status if row[1] == line.status]
        within_years = line.status != "F-A" or on < ENTRY.replace(year=2026)
        own = lies(known.register.own, line.person, on)
        return lies(here, line.person, on) and lies(status, line.person, on) and within_years and not own and not taken

    for place, line in enumerate(lines):
        days = [line.since + timedelta(days=n) for n in range(abs(line.days))]
        good = [on for on in days if fits(place, on)]
        twice = line.days < 0 and any(
            one is not line and one.person == line.person and one.days < 0 and within(
                [(one.since, one.until)], [(line.since, line.until)]) for one in lines
        )  # fmt: skip
        wrong_rate = line.days > 0 and line.rate != 36_00
        if good == days and not wrong_rate and not twice:
            assert place not in found, (line, found[place])
        elif len(good) < len(days) or wrong_rate:
            one = found[place]
            assert one.days == (len(good) if line.days > 0 else -len(good))
            assert one.amount == one.days * (36_00 if line.days > 0 else line.rate)
            left = [on for on in days if any(a <= on < b for a, b in one.accepted)]
            assert left == good


def test_days_in_columns_are_those_counted_one_by_one() -> None:
    draw = np.random.default_rng(1)
    by = of({(int(key), int(on)) for key, on in zip(draw.integers(0, 4, 300), draw.integers(0, 99, 300), strict=True)})
    since = draw.integers(0, 99, 50)
    whose = draw.integers(0, 5, 50)
    line = Runs(whose, since, since + draw.integers(1, 30, 50), np.ones(50, dtype=np.int64))
    there = set(by_day(by))
    expected = [
        sum((key, on) in there for on in range(first, last))
        for key, first, last in zip(*(c.tolist() for c in line[:3]), strict=True)
    ]  # fmt: skip
    assert covered(line, by).tolist() == expected
    assert covered(line, NOTHING).tolist() == [0] * 50


def test_windows_dues_rates_and_another_countrys_regime() -> None:
    assert ASYLUM.window(date(2026, 11, 5)) == (Q4, date(2027, 1, 1))
    assert ASYLUM.due_on(Q4) == date(2026, 10, 30)
    assert [late(ASYLUM, Q4, date(2026, 10, on)) for on in (30, 31)] == [False, True]
    assert ASYLUM.rate_on(Q3) == 36_00
    assert list(ASYLUM.cuts(Q2, Q4)) == [Q3]
    assert ASYLUM.statuses == ("N", "F-A", "S")
    # § 46a SGB XII: the proof of net expenditure, quarterly, without a lump sum
    proof = Regime(
        code="46a", law="§ 46a SGB XII", payer="Bund", currency="EUR", months=3, due_days=45, statuses=("chapter 4",),
        rate=None, years={}, accounts=("need", "housing"), later=ASYLUM.later,
    )  # fmt: skip
    cost = NewLine(
        person=PEOPLE[0], identifier="1", kind=LineKind.COST, status="chapter 4", since=day(0), until=day(31), days=0,
        rate=0, amount=500_00, cost="booking 1", account_code="need",
    )  # fmt: skip
    register = Register([(PEOPLE[0], "m:a", day(0), day(9))], [(PEOPLE[0], "chapter 4", day(0), day(0), day(99))])
    assert check(proof, "m:a", [cost], Known(register, [])) == []
    (outside,) = check(proof, "m:b", [cost], Known(register, []))
    assert (outside.reason, outside.amount) == (Reason.NO_CLAIM_PERIOD, 0)


def test_days_of_both_and_of_the_first_only() -> None:
    these, those = [(day(0), day(10)), (day(10), day(20))], [(day(3), day(12)), (day(15), day(16))]
    assert within(these, those) == [(day(3), day(12)), (day(15), day(16))]
    assert without(these, those) == [(day(0), day(3)), (day(12), day(15)), (day(16), day(20))]


BREACHES = {
    "an amount": ("UPDATE settlement_line SET amount = amount + 1 WHERE kind = 'cost'", "settlement_submission"),
    "a rate": ("UPDATE settlement_line SET rate = 1 WHERE days = 92", "settlement_line"),
    "a line that is gone": ("DELETE FROM settlement_line WHERE number = 1", "settlement_statement"),
    "a total": ("UPDATE settlement_submission SET total = total + 1", "settlement_submission"),
    "an answer": ("UPDATE settlement_answer SET amount = amount - 1 WHERE outcome = 'accepted'", "settlement_answer"),
    "a cut without a reason": ("UPDATE settlement_answer SET reason = '' WHERE outcome = 'cut'", "settlement_answer"),
    "accepted days": ("UPDATE settlement_answer SET days = 1 WHERE outcome = 'cut'", "settlement_answer"),
    "an answer twice": (
        "INSERT INTO settlement_answer "
        "SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))).* FROM settlement_answer a",
        "settlement_answer",
    ),
    "a key": ("DELETE FROM settlement_claim", "settlement_claim"),
    "a day claimed twice": (
        "UPDATE settlement_line a SET person_id = b.person_id FROM settlement_line b "
        "WHERE a.days = 62 AND b.days = 92 AND b.statement_id = a.statement_id", "settlement_line",
    ),
    "days that count": ("UPDATE settlement_counted SET until = until - 1", "settlement_counted"),
    "days of another partner": ("UPDATE settlement_counted SET partner = 'x'", "settlement_counted"),
}  # fmt: skip


@pytest.mark.parametrize("which", BREACHES)
def test_verify_finds_what_the_database_let_be(settled: None, database: Database, which: str) -> None:
    statement, table = BREACHES[which]
    with psycopg.connect(database.admin, row_factory=dict_row) as administrator:
        for on, constraint in (
            ("line", "line_days_times_rate"), ("answer", "answer_says_why_not_all"), ("answer", "answer_once_per_line"),
        ):  # fmt: skip
            administrator.execute(f"ALTER TABLE settlement_{on} DROP CONSTRAINT {constraint}".encode())
        administrator.execute("SET session_replication_role = replica")
        before, after = Report(), Report()
        check_settlements(administrator, before)
        assert administrator.execute(statement.encode()).rowcount > 0
        check_settlements(administrator, after)
        administrator.rollback()
    assert [found.text for found in before.errors] == []
    assert table in {found.table for found in after.errors}
