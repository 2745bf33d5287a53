"""What a canton claims back of settled lines: by two, answered by the municipality, settled by a person, the same in
both ledgers; nothing is claimed back, or given back, twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handslag.domain.accounts.models import Posting
from handslag.domain.accounts.operations import confirm_paid_to, order_payment, record_paid_to, release_payment
from handslag.domain.accounts.queries import Figures
from handslag.domain.accounts.states import Side as Account
from handslag.domain.exchange.models import Message
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.settlement.models import Line, Reclaim, Statement
from handslag.domain.settlement.operations import (
    NewAnswer,
    NewReclaimLine,
    accept_clean,
    answer_lines,
    answer_reclaim,
    drop_reclaim,
    note_reclaim,
    preview,
    propose_reclaim,
    settle_reclaim,
    tell_reclaim,
)
from handslag.domain.settlement.states import Outcome, ReclaimState
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.jobs.payments import write_order_file
from handslag.messages.payment_advice.build import advised
from handslag.messages.reclaim.build import TO_ANSWER, answering, raised, telling
from handslag.messages.reclaim.message import Answer
from handslag.rules.ch.settlement import ASYLUM
from tests.accounts import BANK, compared
from tests.bed import Database
from tests.canton import Canton, open_canton, somebody
from tests.domain.test_settlement import LATE, Q3, Q4, booked, crossed, figures, lives, reviewed, sent
from tests.exchange import Side
from tests.office import TEST
from verifier import verify

LEFT = date(2026, 9, 21)


@pytest.fixture
def canton(database: Database) -> Canton:
    side, *places = open_canton(database)
    side.admit("berta", "Berta Berg", "decider")
    return Canton(database, Side(side), [Side(place) for place in places])


def told(canton: Canton, statement: UUID, *lines: NewReclaimLine) -> Reclaim:
    """One proposes to claim back, another tells it, and it arrives."""
    row = propose_reclaim(
        **canton.pair.act(canton.side, "bo"), statement=statement, lines=lines, reason="OTHER_MUNICIPALITY",
        text="Sie lebte anderswo.",
    )  # fmt: skip
    tells(canton, row, "berta")
    canton.settle()
    return row


def tells(canton: Canton, row: Reclaim, who: str) -> None:
    office = canton.side.office
    with acting(office.slug, office.staff[who], "tell"):
        until = canton.today + TO_ANSWER
        new = telling(row, "raised", unit=office.units["Försörjningsstöd"], text=row.text, answer_by=until)
    tell_reclaim(**canton.pair.act(canton.side, who), reclaim=row.id, new=new)


def answers(canton: Canton, reference: str, objection: str = "", who: str = "ulla", arrives: bool = True) -> None:
    """What the municipality says to it."""
    place = canton.places[0]
    (row,) = place.rows(Reclaim, reference=reference)
    with acting(place.office.slug, place.office.staff[who], "answer"):
        asked = raised(row)  # type: ignore[arg-type]
        assert asked is not None
        said = Answer(number=1, reason="OBJECTED" if objection else "", text=objection)
        new = answering(key=uuid4(), asked=asked, answer=said)
    answer_reclaim(**canton.pair.act(place, who), reclaim=row.id, asked=asked.id, new=new)
    if arrives:
        canton.settle()


def settles(canton: Canton, row: Reclaim, state: ReclaimState, who: str, arrives: bool = True) -> None:
    office, why = canton.side.office, "Der Mietvertrag sagt es."
    with acting(office.slug, office.staff[who], "settle"):
        new = telling(row, str(state), unit=office.units["Försörjningsstöd"], text=why)
    settle_reclaim(**canton.pair.act(canton.side, who), reclaim=row.id, new=new, state=state, why=why)
    if arrives:
        canton.settle()


def states(canton: Canton, reference: str) -> list[str]:
    """How it stands at the canton and at the municipality."""
    return [one.state for side in (canton.side, canton.places[0]) for one in side.rows(Reclaim, reference=reference)]


def test_what_is_claimed_back_is_the_same_in_both_ledgers_and_once(canton: Canton, database: Database) -> None:
    side, (here, third) = canton.side, canton.places
    a, b, c = somebody(), somebody(), somebody(status="S")
    for one in (a, b, c):
        lives(canton, 0, one, Q3)
    booked(canton, here, c, 184_30, "KVG_COPAY", date(2026, 8, 1))
    statement = crossed(canton, here, sent(canton, here, Q3))
    reviewed(canton, statement)
    total = 3 * 92 * 36_00 + 184_30

    def both() -> Figures:
        ours, theirs = figures(side, here, Account.PAYER), figures(here, side, Account.CLAIMANT)
        assert ours == theirs
        assert compared(canton, side, here, Account.PAYER).business == "accepted"
        return ours

    accepted = Figures(claimed=total, accepted=total, open=total)
    assert both() == accepted
    with acting(side.office.slug, TEST, "look"):
        rows = list(Line.objects.filter(statement=statement))
    of = {(one.person_id, one.kind): one for one in rows}
    day, bill, other = (
        of[canton.person(who.person.identifier).id, kind] for who, kind in ((a, "days"), (c, "cost"), (b, "days"))
    )
    ten = NewReclaimLine(line=day.id, amount=10 * 36_00, days=((LEFT, Q4),))
    cost = NewReclaimLine(line=bill.id, amount=84_30)

    # two deciders of the canton; never more than was accepted, other days, or a line of somebody else's
    act = canton.pair.act(side, "bo")
    words = {"reason": "OTHER_MUNICIPALITY", "text": "Sie lebte anderswo."}
    for lines, refused in (
        ([replace(cost, amount=184_31)], "more back"), ([replace(ten, amount=36_00)], "more back"), ([], "no lines"),
        ([replace(ten, days=((LEFT, Q4 + timedelta(days=1)),), amount=11 * 36_00)], "days back"), ([ten, ten], "line"),
        ([replace(cost, days=((LEFT, Q4),))], "days back"),
    ):  # fmt: skip
        with pytest.raises((NotPossible, Hidden), match=refused if refused != "claimed back" else "line|claimed back"):
            propose_reclaim(**act, statement=statement.id, lines=lines, **words)
    with pytest.raises(NotPossible, match="why"):
        propose_reclaim(**act, statement=statement.id, lines=[ten], reason="moved", text="x")
    with pytest.raises(NotAllowed):
        propose_reclaim(**canton.pair.act(side, "rut"), statement=statement.id, lines=[ten], **words)
    (own,) = here.rows(Statement)
    with pytest.raises(Hidden):
        propose_reclaim(**canton.pair.act(here, "bo"), statement=own.id, lines=[ten], **words)
    wrong = propose_reclaim(**act, statement=statement.id, lines=[cost], **words)
    with pytest.raises(NotPossible, match="claimed back"):
        propose_reclaim(**act, statement=statement.id, lines=[ten, cost], **words)
    with pytest.raises(NotForThem):
        tells(canton, wrong, "bo")
    drop_reclaim(**act, reclaim=wrong.id)
    with pytest.raises(Conflict):
        tells(canton, wrong, "berta")

    # accepted: cut from what was accepted, at both sides, on the line's own window; the line stays as it was
    first = told(canton, statement.id, ten, cost)
    assert (states(canton, first.reference), here.tasks().count("reclaim")) == (["told", "told"], 1)
    assert [one.answer_by for one in here.rows(Reclaim)] == [canton.today + TO_ANSWER] and both() == accepted
    with pytest.raises(NotAllowed):
        answers(canton, first.reference, who="rut")
    with pytest.raises(NotPossible, match="time to answer"):
        settles(canton, first, ReclaimState.KEPT, "berta")
    answers(canton, first.reference)
    assert (states(canton, first.reference), here.tasks().count("reclaim")) == (["accepted", "accepted"], 0)
    back = 10 * 36_00 + 84_30
    assert both() == Figures(claimed=total, cut=back, accepted=total - back, open=total - back)
    with acting(side.office.slug, TEST, "look"):
        assert sorted(Line.objects.filter(statement=statement).values_list("id", "amount")) == sorted(
            (one.id, one.amount) for one in rows
        )
    rest = replace(ten, days=((Q3, LEFT),), amount=82 * 36_00)
    with pytest.raises(NotPossible, match="claimed back"):
        propose_reclaim(**act, statement=statement.id, lines=[rest], **words)
    with pytest.raises(Conflict):
        answers(canton, first.reference, "Doch nicht.")
    with pytest.raises(NotPossible, match="answered"):
        note_reclaim(tenant=side.office.slug, by=TEST, now=canton.pair.now, reclaim=first.id,
                     state=ReclaimState.WITHDRAWN)  # fmt: skip
    # what is claimed back isn't claimed again, and isn't given back once more when the register hears of it
    lives(canton, 1, a, LEFT, moves_from=here.address)
    with acting(here.office.slug, TEST, "look"):
        assert preview(ASYLUM, side.address, Q3).lines == []

    # an objection goes to who told it: withdrawn, nothing has moved, and it is claimed back anew; or kept by another
    whole = NewReclaimLine(line=other.id, amount=5 * 36_00, days=((Q3, Q3 + timedelta(days=5)),))
    before = both()
    second = told(canton, statement.id, whole)
    with pytest.raises(ValueError, match="who objects says why"):
        answers(canton, second.reference, " ")
    answers(canton, second.reference, "Sie war hier.")
    assert states(canton, second.reference) == ["objected", "objected"]
    assert side.tasks().count("reclaim objected") == 1 and both() == before
    settles(canton, second, ReclaimState.WITHDRAWN, "bo")
    assert states(canton, second.reference) == ["withdrawn", "withdrawn"] and both() == before
    third_one = told(canton, statement.id, whole)
    answers(canton, third_one.reference, "Sie war hier.")
    with pytest.raises(NotForThem):
        settles(canton, third_one, ReclaimState.KEPT, "bo")
    settles(canton, third_one, ReclaimState.KEPT, "berta")
    assert states(canton, third_one.reference) == ["kept", "kept"]
    assert "reclaim objected" not in side.tasks()
    back += 5 * 36_00
    assert both() == Figures(claimed=total, cut=back, accepted=total - back, open=total - back)
    for one in (side, here):
        (row,) = one.rows(Reclaim, reference=third_one.reference)
        assert (row.objection, row.settled_why) == ("Sie war hier.", "Der Mietvertrag sagt es.")

    # the other municipality has heard of nothing; what is paid is what is left
    assert third.rows(Reclaim) == [] and not third.rows(Message, kind="reclaim")
    set_policy(**side.office.by(TEST), name="debtor_account", value={"kind": "iban", "number": "CH5604835012345678009"})
    ulla, erik = (canton.pair.act(side, who) for who in ("ulla", "erik"))
    details = record_paid_to(**ulla, partner=here.address, side=Account.PAYER, new=BANK)
    confirm_paid_to(**erik, details=details.id, version=1)
    order = order_payment(**ulla, account=details.account_id, currency="CHF", amount=total - back)
    release_payment(**erik, order=order.id, version=1)
    write_order_file(tenant=side.key, order=str(order.id))
    canton.settle()
    (advice,) = here.rows(Message, kind="payment_advice", action="5")
    assert (advised(advice).amount, advice.business) == (total - back, "accepted")

    # after that nothing is open: it is owed, and netted with what is accepted next
    fourth = told(canton, statement.id, replace(whole, line=of[canton.person(c.person.identifier).id, "days"].id))
    answers(canton, fourth.reference)
    assert figures(side, here, Account.PAYER).open == -5 * 36_00
    with acting(side.office.slug, TEST, "look"):
        assert Posting.objects.filter(rests_on="reclaim").count() == 3
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[one.office.slug for one in (side, here)])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []


def test_a_reclaim_that_crosses_a_correction_an_answer_or_its_withdrawal_ends_the_same_at_both(
    canton: Canton, database: Database
) -> None:
    side, here = canton.side, canton.places[0]
    people = [somebody(), somebody(), somebody(status="S")]
    for one in people:
        lives(canton, 0, one, Q3)
    statement = crossed(canton, here, sent(canton, here, Q3))
    reviewed(canton, statement)
    with acting(side.office.slug, TEST, "look"):
        of = {one.person_id: one for one in Line.objects.filter(statement=statement)}
    lines = [of[canton.person(one.person.identifier).id] for one in people]

    def cut() -> int:
        ours = figures(side, here, Account.PAYER)
        assert ours == figures(here, side, Account.CLAIMANT)
        return 3 * 92 * 36_00 - ours.accepted

    # she moved: the municipality gives days back while the canton claims them back; they are cut once
    moved = NewReclaimLine(line=lines[0].id, amount=10 * 36_00, days=((LEFT, Q4),))
    lives(canton, 1, people[0], LEFT, moves_from=here.address)
    correction = crossed(canton, here, sent(canton, here, Q3))
    with CaptureQueriesContext(connection) as claimed:
        row = told(canton, statement.id, moved)
    act = canton.pair.act(side, "bo")
    with acting(side.office.slug, TEST, "look"):
        (back,) = Line.objects.filter(statement=correction, amount__lt=0)
    given = NewAnswer(line=back.id, outcome=Outcome.ACCEPTED, accepted=((back.since, back.until),), amount=back.amount)
    with pytest.raises(NotPossible, match="no lines"):
        accept_clean(**act, regime=ASYLUM, statement=correction.id, although_late=LATE)
    with pytest.raises(NotPossible, match="claimed back"):
        answer_lines(**act, statement=correction.id, answers=[given])
    answers(canton, row.reference, "Das haben wir berichtigt.")
    settles(canton, row, ReclaimState.WITHDRAWN, "bo")
    with CaptureQueriesContext(connection) as accepted:
        accept_clean(**canton.pair.act(side, "bo"), regime=ASYLUM, statement=correction.id, although_late=LATE)
    for caught in (claimed, accepted):  # in one instant, of two statements: who comes second sees the first
        tables = [query["sql"].partition('FROM "')[2].partition('"')[0] for query in caught]
        locks = [n for n, query in enumerate(caught) if "FOR UPDATE" in query["sql"]]
        alone = next(n for n in locks if tables[n] == "accounts_account")
        looks = ("settlement_line", "settlement_counted", "settlement_reclaimline")
        assert alone < min(n for n, table in enumerate(tables) if table in looks)
    canton.settle()
    gone = -back.amount
    assert cut() == gone > 0

    def crosses(row: Reclaim, state: ReclaimState, objection: str) -> None:
        """What the canton says is taken in while the municipality's answer is sealed and hasn't left."""
        settles(canton, row, state, "berta", arrives=False)
        canton.pair.later(seconds=11)
        canton.pair.leaves(side)
        answers(canton, row.reference, objection, arrives=False)
        canton.pair.carry()
        canton.pair.arrives(here)
        canton.follows([here])
        canton.settle()

    # accepted while it is withdrawn: the acceptance holds, at both
    some = [NewReclaimLine(line=one.id, amount=5 * 36_00, days=((Q3, Q3 + timedelta(days=5)),)) for one in lines[1:]]
    row = told(canton, statement.id, some[0])
    crosses(row, ReclaimState.WITHDRAWN, "")
    assert (states(canton, row.reference), cut()) == (["accepted", "accepted"], gone + 5 * 36_00)

    # kept on the day after the thirtieth and not before, while an objection is on its way: kept, with what was objected
    row = told(canton, statement.id, some[1])
    canton.pair.later(days=30)
    with pytest.raises(NotPossible, match="time to answer"):
        settles(canton, row, ReclaimState.KEPT, "berta")
    canton.pair.later(days=1)
    crosses(row, ReclaimState.KEPT, "Sie war hier.")
    assert (states(canton, row.reference), cut()) == (["kept", "kept"], gone + 10 * 36_00)
    for one in (side, here):
        assert [each.objection for each in one.rows(Reclaim, reference=row.reference)] == ["Sie war hier."]
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[one.office.slug for one in (side, here)])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []
