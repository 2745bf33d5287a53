"""The register by day: what follows from what was said, in whatever order; a contradiction has no silent winner; from
the canton's form to both sides' registers and back, each with its own copy."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handslag.domain.casefile.operations import open_case
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import take_back
from handslag.domain.people.operations.persons import form_household, set_protection
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.models import Contradiction, Notice, Responsibility, Standing
from handslag.domain.register.operations import assign, settle
from handslag.domain.register.policies import counts_from
from handslag.domain.register.queries import Days, Said, days_of, registered, value_of
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import NotAllowed, member_behind
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.messages.assignment.message import Arrival
from handslag.messages.assignment.notices import person_of
from handslag.rules.ch.payers import PAYERS
from tests.bed import Database
from tests.canton import BEGIN, Canton, arrived, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST
from verifier import verify

PLACES = ("municipality:bfs:1", "municipality:bfs:2", "municipality:bfs:3")

# -- the days, from what was said -------------------------------------------------------------------------------------

_days = st.integers(0, 40).map(lambda n: BEGIN + timedelta(days=n))


@st.composite
def arrivals(draw: st.DrawFn) -> Said:
    value, day = draw(st.sampled_from(PLACES)), draw(_days)
    moves_from = draw(st.sampled_from(["", *(one for one in PLACES if one != value)]))
    rule = draw(st.sampled_from(["left", "new"]))
    return Said("municipality", value, day, counts_from(day, moves_from, rule), moves_from=moves_from)


statuses = st.builds(
    lambda status, day, entry: Said("status", status, day, day, entry_on=entry),
    st.sampled_from(list(PAYERS)),
    _days,
    st.sampled_from([date(2019, 1, 20), date(2026, 1, 1)]),
)
settlements = st.builds(
    lambda value, since, long, between, place: Said(
        "municipality", value, since, since, since + timedelta(days=long), between=tuple(sorted({value, *between})),
        place=place,
    ),
    st.sampled_from(PLACES), _days, st.integers(1, 20), st.sets(st.sampled_from(PLACES), min_size=1),
    st.text("ab", max_size=3),
)  # fmt: skip
sequences = st.lists(st.one_of(arrivals(), arrivals(), statuses, settlements), max_size=9)


def on(days: Days, day: date) -> tuple[Any, ...]:
    """What the register says of a day: (municipality, payer), (status, entry), what is contradicted."""

    def at(rows: Any) -> list[Any]:
        return [one.value for one in rows if one.since <= day and (one.until is None or day < one.until)]

    opened = {
        what: one.value for what, one in days.contradicted
        if one.since <= day and (one.until is None or day < one.until)
    }  # fmt: skip
    return at(days.responsible), at(days.status), opened


def claimed(said: list[Said], day: date) -> tuple[set[str], set[str]]:
    """The same by brute force: which municipalities and statuses claim one day."""
    told = [one for one in said if not one.between]
    where = {
        one.value for one in told
        if one.what == "municipality" and one.since <= day
        and not any(o.moves_from == one.value and o.day > one.day and o.since <= day for o in told)
    }  # fmt: skip
    begun = [one for one in told if one.what == "status" and one.since <= day]
    newest = max((one.since for one in begun), default=None)
    return where, {value_of(one) for one in begun if one.since == newest}


@settings(max_examples=200, deadline=None)
@given(sequences, st.randoms(use_true_random=False))
def test_the_order_does_not_matter_and_no_day_has_two(said: list[Said], random: Any) -> None:
    found, other = days_of(said), [*said, *said[:2]]
    random.shuffle(other)
    assert days_of(other) == found
    for n in range(-1, 45):
        day = BEGIN + timedelta(days=n)
        where, status = claimed(said, day)
        responsible, standing, opened = on(found, day)
        assert len(responsible) <= 1
        assert len(standing) <= 1
        fitting = [
            one for one in said
            if one.between and one.since <= day and (one.until is None or day < one.until) and where <= set(one.between)
        ]  # fmt: skip
        if len(where) > 1 and not fitting:
            assert (responsible, opened["municipality"]) == ([], tuple(sorted(where)))  # nobody wins, nobody pays
        elif len(where) > 1:
            assert responsible[0][0] == max(fitting, key=lambda one: (one.place, one.value)).value
            assert "municipality" not in opened
        else:
            assert [one[0] for one in responsible] == sorted(where)
        if len(status) > 1:
            assert (standing, opened["status"]) == ([], tuple(sorted(status)))
        if len(status) != 1:
            assert all(payer is None for _place, payer in responsible)
        elif responsible:
            years = PAYERS[standing[0][0]].years
            over = years is not None and day >= standing[0][1].replace(year=standing[0][1].year + years)
            assert responsible[0][1] == ("municipality" if over else PAYERS[standing[0][0]].code)


def test_the_day_of_a_move_counts_where_she_was_and_an_arrival_from_its_day() -> None:
    here = Said("municipality", PLACES[0], date(2026, 8, 12), date(2026, 8, 12))

    def moved(rule: str) -> list[tuple[Any, ...]]:
        since = counts_from(date(2026, 9, 1), PLACES[0], rule)
        there = Said("municipality", PLACES[1], date(2026, 9, 1), since, moves_from=PLACES[0])
        return [(one.since, one.until, one.value[0]) for one in days_of([there, here]).responsible]

    for rule, first in (("left", date(2026, 9, 2)), ("new", date(2026, 9, 1))):
        assert moved(rule) == [(date(2026, 8, 12), first, PLACES[0]), (first, None, PLACES[1])]


def test_whoever_was_settled_between_two_is_open_again_with_a_third() -> None:
    said = [Said("municipality", place, BEGIN, BEGIN) for place in PLACES]
    chosen = Said("municipality", PLACES[1], BEGIN, BEGIN, between=PLACES[:2], place="1")
    assert [one.value[0] for one in days_of([*said[:2], chosen]).responsible] == [PLACES[1]]
    assert days_of([*said, chosen]).responsible == ()


# -- from the canton's form to both registers --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def offices(database: Database) -> Any:
    return open_canton(database)


@pytest.fixture
def canton(database: Database, offices: Any) -> Canton:
    side, *places = [Side(office) for office in offices]
    return Canton(database, side, places)


def test_who_is_taken_stands_in_both_registers_from_her_day_and_who_is_not_in_none(
    canton: Canton, database: Database
) -> None:
    first, second = somebody(), somebody(2, role="child")
    told = canton.assigned(0, first, second)
    canton.settle()
    here = canton.places[0]
    number, other = first.person.identifier, second.person.identifier
    assert (here.tasks(), canton.days(number)) == (["assignment"], ([], [], []))  # an assignment alone says no day
    canton.answered(0, told, arrived(canton, days=2), Arrival(number=2, reason="OTHER_MUNICIPALITY"))
    canton.settle()
    day = canton.today + timedelta(days=2)
    expected = ([(day, None, here.address, "KSA-AK")], [(BEGIN, None, "N")], [])
    assert canton.days(number) == canton.days(number, here) == expected
    assert canton.days(other) == ([], [], [])
    assert canton.side.tasks() == ["question answered"]
    assert here.tasks() == ["assigned"]
    with acting(here.office.slug, TEST, "look"):
        assert person_by_identifier("zemis", other) is None  # who isn't taken isn't registered
        task = Task.objects.get(kind="assigned", state="open")
    assert task.subject_id == canton.person(number, here).id
    kinds = {row.accommodation for row in canton.side.rows(Notice, person_id=canton.person(number).id)}
    assert kinds == {"apartment", ""}
    assert canton.places[1].rows(Message) == canton.places[1].rows(Notice) == []  # nobody else has a copy
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[canton.side.office.slug, here.office.slug])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.connect("web") as web:
        web.execute("UPDATE register_notice SET value = 'x'")


def test_opening_her_case_does_the_task(canton: Canton) -> None:
    person = somebody()
    told = canton.assigned(0, person)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    here, key = canton.places[0], canton.person(person.person.identifier, canton.places[0]).id
    act = {**here.office.act("rut"), "now": canton.pair.now}
    home = form_household(**act, members=[(key, "adult")], since=canton.today)
    open_case(
        **act, applicant=key, co_applicant=None, household=home.id, unit=here.office.units["Försörjningsstöd"],
        caseworker=None, opened_on=canton.today,
    )  # fmt: skip
    assert here.tasks() == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_who_claim_her_leave_the_days_open_until_a_person_settles_it(
    canton: Canton, order: tuple[int, int]
) -> None:
    person = somebody()
    number, told = person.person.identifier, [canton.assigned(n, person) for n in (0, 1)]
    canton.settle()
    for n in order:  # whoever answers first
        canton.answered(n, told[n], arrived(canton, days=n * 3))
        canton.settle()
    first, later = canton.today, canton.today + timedelta(days=3)
    places = sorted(place.address for place in canton.places)
    before, (_since, _until, values) = canton.days(number)[0], canton.days(number)[2][0][1:]
    assert before == [(first, later, canton.places[0].address, "KSA-AK")]
    assert canton.days(number)[2] == [("municipality", later, None, places)]
    assert values == places
    (row,) = canton.side.rows(Contradiction, person_id=canton.person(number).id)
    act = canton.pair.act(canton.side, "rut")
    for wrong, refused in (({"value": "x"}, NotPossible), ({"why": " "}, NotPossible)):
        with pytest.raises(refused):
            settle(**act, **{"contradiction": row.id, "value": places[0], "why": "gesprochen", **wrong})
    with pytest.raises(NotAllowed):
        settle(**canton.pair.act(canton.side, "bo"), contradiction=row.id, value=places[0], why="x")
    settle(**act, contradiction=row.id, value=canton.places[1].address, why="Beide haben es bestätigt.")
    assert canton.days(number)[0] == [*before, (later, None, canton.places[1].address, "KSA-AK")]
    assert canton.days(number)[2] == []
    with pytest.raises(Conflict):
        settle(**act, contradiction=row.id, value=places[0], why="x")


def test_she_moves_and_the_day_of_the_move_counts_where_she_was(canton: Canton) -> None:
    person = somebody(status="F-A", entry_on=date(2019, 9, 15), status_since=date(2021, 2, 1))
    told = canton.assigned(0, person)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    moving = canton.assigned(1, person, moves_from=canton.places[0].address)
    canton.settle()
    canton.answered(1, moving, arrived(canton, days=4))
    canton.settle()
    after = canton.today + timedelta(days=5)
    where, status, opened = canton.days(person.person.identifier)
    assert where == [
        (canton.today, after, canton.places[0].address, "municipality"),  # seven years were over on 14 September
        (after, None, canton.places[1].address, "municipality"),
    ]
    assert (status, opened) == ([(date(2021, 2, 1), None, "F-A")], [])


def test_what_is_refused_at_the_canton_and_at_the_municipality(canton: Canton) -> None:
    person = somebody()
    with pytest.raises(NotAllowed):
        canton.assigned(0, person, who="bo")  # a registrar assigns
    with pytest.raises(NotPossible, match="moves from"):
        canton.assigned(0, person, moves_from=canton.places[0].address)
    with pytest.raises(NotPossible, match="answer by"):
        canton.assigned(0, person, answer_by=canton.today)
    told = canton.assigned(0, person)
    canton.settle()
    for wrong in ([arrived(canton, days=-1)], [arrived(canton), arrived(canton, 2)]):
        with pytest.raises(NotPossible, match="arrival day"):
            canton.answered(0, told, *wrong)
    with acting(canton.places[0].office.slug, TEST, "look"):
        new = person_of(person)
    row = canton.places[0].message(told.message_id)
    with pytest.raises(NotPossible, match="not the canton"):
        assign(**canton.pair.act(canton.places[0]), new=row, people=[new])


def test_taken_back_and_tests_say_nothing(canton: Canton) -> None:
    person, other = somebody(), somebody()
    back = canton.assigned(0, person)
    take_back(**canton.pair.act(canton.side), message=back.id, version=back.version)
    test = canton.assigned(0, other, test=True)
    canton.settle()
    assert canton.places[0].tasks() == []
    canton.answered(0, test, arrived(canton))
    canton.settle()
    for one in (person, other):
        assert canton.days(one.person.identifier) == ([], [], [])


def test_whom_nobody_may_be_told_of_is_not_assigned_and_whom_she_may_not_see_is_not_there(canton: Canton) -> None:
    person = somebody()
    told = canton.assigned(0, person)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    canton.side.office.admit("sara", "Sara Skydd", "registrar", clearance=3)
    key, office = canton.person(person.person.identifier).id, canton.side.office
    set_protection(**canton.pair.act(canton.side, "sara"), person=key, level=2, address_level=2, version=1)
    with pytest.raises(NotPossible, match="protected exchange"):
        canton.assigned(1, person)
    for who, seen in (("rut", False), ("sara", True)):
        with acting(office.slug, office.staff[who], "look") as door:
            rows = registered(member_behind(door, canton.pair.now)).filter(id=key)
            assert rows.exists() == seen


def test_a_payer_per_day_is_held_by_the_database(canton: Canton, database: Database) -> None:
    person = somebody()
    told = canton.assigned(0, person)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    key: UUID = canton.person(person.person.identifier).id
    for table, columns in (
        (Responsibility._meta.db_table, "municipality, payer"), (Standing._meta.db_table, "status, entry_on"),
    ):  # fmt: skip
        twice = (
            f"INSERT INTO {table} (id, tenant_id, person_id, since, until, {columns}) "
            f"SELECT gen_random_uuid(), tenant_id, person_id, since + 10, NULL, {columns} FROM {table} "
            "WHERE person_id = %s"
        )
        with database.connect("web", autocommit=True) as web, web.transaction(force_rollback=True):
            web.execute("SELECT set_config('app.tenant', %s, true)", [str(canton.side.key)])
            with pytest.raises(psycopg.errors.ExclusionViolation):
                web.execute(twice, [key])
