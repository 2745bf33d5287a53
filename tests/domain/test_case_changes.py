"""What changes in a case under section 44, that support ends and begins again, that somebody moves: from the
municipality to both registers, whoever comes first; what is denied is nobody's until a person has settled it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from handslag.domain.casefile.operations import close_case, open_case
from handslag.domain.exchange.models import Message
from handslag.domain.people.operations.persons import form_household
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.models import Contradiction, Notice
from handslag.domain.register.operations import settle
from handslag.domain.register.queries import ending
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import member_behind
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import acts, watch
from handslag.kernel import clock
from handslag.messages.case_change.build import changed_in
from handslag.messages.case_change.checks import checked
from handslag.messages.case_change.message import Noted
from handslag.messages.case_notification.message import Accepted
from handslag.rules.ch.payers import later
from tests.bed import Database
from tests.canton import BEGIN, Canton, arrived, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST
from verifier import verify

#: So long her claim is accepted.
LONG = timedelta(days=999)


@pytest.fixture(scope="module")
def offices(database: Database) -> Any:
    return open_canton(database, "lauf")


@pytest.fixture
def canton(database: Database, offices: Any) -> Canton:
    side, *places = [Side(office) for office in offices]
    return Canton(database, side, places)


def claimed(canton: Canton, many: int = 1, since: int = -400) -> list[str]:
    """Recognised refugees of the first municipality, whose claim was accepted from `since` days ago on."""
    first = canton.today + timedelta(days=since)
    persons = [somebody(n, status="B-R", status_since=date(2020, 1, 1), entry_on=date(2020, 1, 1)) for n in
               range(1, many + 1)]  # fmt: skip
    told = canton.assigned(0, *persons)
    canton.settle()
    canton.answered(0, told, *(arrived(canton, n) for n in range(1, many + 1)))
    canton.settle()
    numbers = [one.person.identifier for one in persons]
    asked = canton.notified(
        canton.places[0], *numbers, supported_since=first, residence_since=date(2020, 1, 1), why="Kam spät.",
    )  # fmt: skip
    canton.settle()
    canton.accepted(asked, *(Accepted(number=n, last_on=canton.today + LONG) for n in range(1, many + 1)))
    canton.settle()
    return numbers


def found(canton: Canton, side: Side, told: Message) -> dict[int, list[str]]:
    """What the checks of a side find."""
    with acting(side.office.slug, TEST, "look"):
        row = Message.objects.get(message_id=told.message_id)
        return checked(changed_in(row), canton.places[0].address, canton.today, row)


def payers(canton: Canton, number: str, side: Side) -> list[tuple[date, date | None, str]]:
    return [(since, until, payer) for since, until, _place, payer in canton.days(number, side)[0]]


def test_support_ends_begins_again_within_a_year_and_changes_in_between(canton: Canton, database: Database) -> None:
    here, day = canton.places[0], canton.today
    one, two = claimed(canton, 2)
    before = canton.side.tasks()
    # F4: it costs whoever tells it, and fits: nobody is asked, and both registers follow
    told = canton.changed(here, "ended", one, on=day - timedelta(days=60), cause="Arbeit", balance=0, restitution=3_600)
    canton.settle()
    assert (canton.side.tasks(), canton.side.message(told.message_id).business) == (before, "accepted")
    first, end = day - timedelta(days=400), day - timedelta(days=59)
    for side in (canton.side, here):
        assert payers(canton, one, side) == [(first, end, "KSA-ÖS"), (end, None, "municipality")]
        assert payers(canton, two, side) == [
            (first, day + LONG + timedelta(days=1), "KSA-ÖS"), (day + LONG + timedelta(days=1), None, "municipality"),
        ]  # fmt: skip
        # the deadline is an object of hers, at both sides: a year to begin again without a new notification
        office, last = side.office, later(day - timedelta(days=60), 1)
        with acting(office.slug, office.staff["rut"], "look") as door:
            listed = ending(member_behind(door, canton.pair.now), day, day, day + timedelta(days=400))
        mine = [row.deadline for row in listed if row.person == canton.person(one, side).id]
        assert [(each.code, each.last_on) for each in mine] == [("resumption.years", last)]
    assert changed_in_both(canton, told, here) == "Arbeit"

    # it begins again: a person of the canton says until when
    again = canton.changed(here, "resumed", one, on=day)
    canton.settle()
    assert "case change" in canton.side.tasks()
    assert found(canton, canton.side, again) == {1: []}
    for wrong in (Noted(number=1), Noted(number=1, last_on=day - timedelta(days=1)), Noted(number=2)):
        with pytest.raises(NotPossible, match="last day"):
            canton.noted(canton.side, again, wrong)
    canton.noted(canton.side, again, Noted(number=1, last_on=day + timedelta(days=99)))
    canton.settle()
    assert "case change" not in canton.side.tasks()
    over = day + timedelta(days=100)
    for side in (canton.side, here):
        assert payers(canton, one, side) == [
            (first, end, "KSA-ÖS"), (end, day, "municipality"), (day, over, "KSA-ÖS"), (over, None, "municipality"),
        ]  # fmt: skip
        with acting(side.office.slug, side.office.staff["rut"], "look") as door:
            listed = ending(member_behind(door, canton.pair.now), day, day, day + timedelta(days=400))
        assert "resumption.years" not in {row.deadline.code for row in listed}  # it has begun again

    # F2: what changes is told; it ends the claim only where the answer says so, at the earliest the day before it
    rent = canton.changed(here, "rent", two, on=day, before="1450.00", after="1620.00")
    canton.settle()
    canton.noted(canton.side, rent, Noted(number=1))
    canton.settle()
    assert payers(canton, two, here)[0] == (first, day + LONG + timedelta(days=1), "KSA-ÖS")
    permit = canton.changed(here, "permit", two, on=day + timedelta(days=9), after="C")
    canton.settle()
    with pytest.raises(NotPossible, match="last day"):
        canton.noted(canton.side, permit, Noted(number=1, last_on=day + timedelta(days=7)))
    canton.noted(canton.side, permit, Noted(number=1, last_on=day + timedelta(days=8)))
    canton.settle()
    for side in (canton.side, here):
        assert payers(canton, two, side) == [
            (first, day + timedelta(days=9), "KSA-ÖS"), (day + timedelta(days=9), None, "municipality"),
        ]  # fmt: skip
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[canton.side.office.slug, here.office.slug])
    assert [(error.rule, error.table, error.text) for error in report.errors] == []


def changed_in_both(canton: Canton, told: Message, here: Side) -> str:
    """The cause of an end, the same at both, with the notification that it is about."""
    causes = set()
    for side in (canton.side, here):
        with acting(side.office.slug, TEST, "look"):
            said = changed_in(Message.objects.get(message_id=told.message_id))
            assert Message.objects.filter(message_id=said.notification, kind="case_notification", action="5").exists()
            causes.add(said.cause)
    (cause,) = causes
    return cause


def test_findings_decide_nothing_and_what_does_not_fit_waits_for_a_person(
    canton: Canton, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, day = *canton.places, canton.today
    number, other = claimed(canton, 2)
    late = canton.changed(here, "ended", number, on=day - timedelta(days=399), cause="Arbeit")
    canton.settle()
    again = canton.changed(here, "resumed", number, on=day)
    twice = canton.changed(here, "ended", number, on=day, cause="Arbeit")
    with monkeypatch.context() as lost:
        lost.setattr(canton, "follows", lambda sides: False)
        canton.settle()
    later_on = canton.pair.now + timedelta(minutes=6)

    def forgotten() -> int:
        with monkeypatch.context() as then:
            then.setattr(acts, "tenants", lambda: [canton.side.key])
            then.setattr(clock, "now", lambda: later_on)
            return watch.enqueue_forgotten()

    assert [forgotten() for _ in range(2)] == [2, 0]  # nobody has looked at them: queued once more, once
    canton.settle()
    with psycopg.connect(canton.pair.database.admin) as admin:
        admin.execute("DELETE FROM procrastinate_jobs WHERE task_name LIKE '%:look_at_case_change'")
    assert forgotten() == 0  # they wait for a person
    for side in (canton.side, here):
        assert found(canton, side, late) == {1: []}
        assert found(canton, side, again) == {1: ["LATE"]}  # the break was longer than a year
        assert found(canton, side, twice) == {1: ["NO_CLAIM_PERIOD"]}
    assert canton.side.tasks().count("case change") >= 2
    denied = canton.days(number)
    canton.noted(canton.side, again, Noted(number=1, reason="LATE"))
    canton.noted(canton.side, twice, Noted(number=1, reason="NO_CLAIM_PERIOD"))
    canton.settle()
    assert canton.days(number) == canton.days(number, here) == denied  # a refused change changes nothing
    # a test is answered, and nothing follows; what goes another way is none
    test = canton.changed(here, "ended", other, on=day, cause="x", test=True)
    canton.settle()
    assert here.message(test.message_id).business == "accepted"
    assert payers(canton, other, here)[0][2] == "KSA-ÖS"
    assert canton.side.rows(Notice, message__message_id=test.message_id) == []
    for wrong, code in (
        ({"on": day + timedelta(days=1)}, "not ended yet"), ({"answer_by": day}, "answer by"),
        ({"recipient": there.address}, "not a municipality"),
    ):  # fmt: skip
        with pytest.raises(NotPossible, match=code):
            canton.changed(here, "ended", other, **{"on": day, "cause": "x", **wrong})  # type: ignore[arg-type]
    with pytest.raises(NotPossible, match="moves to"):
        canton.changed(here, "move", other, on=day, municipality=here.address)
    with acting(there.office.slug, TEST, "look"):
        assert person_by_identifier("zemis", other) is None  # nobody else has a copy


def test_who_moves_is_the_new_municipalitys_once_it_says_so_and_nobodys_where_it_denies_it(canton: Canton) -> None:
    here, there, day = *canton.places, canton.today
    one, two = claimed(canton, 2)
    told = canton.changed(
        here, "move", one, two, on=day, municipality=there.address, plan="Sprachkurs bis Dezember.", open_costs=145_000
    )
    canton.settle()  # it fits: the canton agrees, and tells the new one
    after, first = day + timedelta(days=1), day - timedelta(days=400)
    assert canton.side.message(told.message_id).business == "accepted"
    old = [(first, after, here.address, "KSA-ÖS")]
    for number in (one, two):
        assert canton.days(number)[0] == canton.days(number, here)[0] == old
    (asked,) = there.rows(Message, kind="case_change", action="5", business="")
    assert "case change" in there.tasks()
    with acting(there.office.slug, TEST, "look"):
        said = changed_in(asked)
    assert (said.change, said.municipality, said.plan, said.open_costs) == (
        "takeover", here.address, "Sprachkurs bis Dezember.", 145_000,
    )  # fmt: skip
    canton.noted(there, asked, Noted(number=1), Noted(number=2, reason="WRONG_DAY"))
    canton.settle()
    new = [(after, None, there.address, "municipality")]  # it notifies the case itself
    assert canton.days(one)[0] == [*old, *new]
    assert canton.days(one, there)[0] == [(after, None, there.address, None)]  # nobody has told it her status yet
    assert "assigned" in there.tasks()  # her case is to be opened
    # nobody wins in silence: the days have no municipality and no payer, and both sides are asked
    assert canton.days(two)[0] == old
    assert canton.days(two)[2] == [("municipality", after, None, ["", there.address])]
    assert "contradiction" in canton.side.tasks()
    for place in canton.places:
        assert "question" in place.tasks()
    with acting(there.office.slug, TEST, "look"):
        assert person_by_identifier("zemis", two) is None  # who denies her registers nobody
    (row,) = canton.side.rows(Contradiction, person_id=canton.person(two).id)
    settle(**canton.pair.act(canton.side, "rut"), contradiction=row.id, value=there.address, why="Hat den Mietvertrag.")
    assert canton.days(two)[0] == [*old, *new]


def test_a_closed_case_asks_to_tell_the_canton_and_the_end_does_it(canton: Canton) -> None:
    here, day = canton.places[0], canton.today
    (number,) = claimed(canton, since=-30)
    act = {**here.office.act("rut"), "now": canton.pair.now}
    key = canton.person(number, here).id
    home = form_household(**act, members=[(key, "adult")], since=BEGIN)
    case = open_case(
        **act, applicant=key, co_applicant=None, household=home.id, unit=here.office.units["Försörjningsstöd"],
        caseworker=None, opened_on=BEGIN,
    )  # fmt: skip
    tasks = here.tasks()
    close_case(
        **{**act, "by": here.office.staff["hanna"]}, case=case.id, closed_on=day, reason="Arbeit", version=case.version
    )
    assert here.tasks() == sorted([*tasks, "support ended"])
    canton.changed(here, "ended", number, on=day, cause="Arbeit")
    canton.settle()
    assert "support ended" not in here.tasks()
