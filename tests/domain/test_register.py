"""The register by day: what follows from what was said, in whatever order; a contradiction has no silent winner; from
the canton's form to both sides' registers and back, each with its own copy."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import chain, permutations
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handslag.domain.casefile.operations import open_case
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import take_back
from handslag.domain.people.operations.persons import form_household, register_person, set_protection
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.models import Contradiction, Notice, Responsibility, Standing
from handslag.domain.register.operations import assign, enter_residents, settle
from handslag.domain.register.policies import counts_from, first_day
from handslag.domain.register.queries import (
    Days,
    QuotaAccount,
    Said,
    days_of,
    ending,
    family_of,
    quota_accounts,
    registered,
    value_of,
)
from handslag.domain.register.states import GONE
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import NotAllowed, member_behind
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.messages.assignment.message import Arrival
from handslag.messages.assignment.notices import person_of
from handslag.messages.case_change.message import Changed, Noted
from handslag.messages.case_change.notices import notices_for
from handslag.messages.case_notification.build import case_in
from handslag.messages.case_notification.checks import checked
from handslag.messages.case_notification.message import Accepted
from handslag.messages.mutation.message import Agreed, Concerned
from handslag.messages.question.message import Person as Named
from handslag.rules.ch.payers import PAYERS, later
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
    since = first_day(day, "municipality", value, moves_from, draw(st.sampled_from(["left", "new"])))
    return Said("municipality", value, day, since, moves_from=moves_from, disputed=draw(_disputed))


_disputed = st.integers(0, 5).map(lambda n: n == 0)
gone = st.builds(
    lambda value, left, day, rule, disputed: Said(
        "municipality", value, day, first_day(day, "municipality", value, left, rule), moves_from=left,
        disputed=disputed,
    ),
    st.sampled_from(sorted(GONE)), st.sampled_from(PLACES), _days, st.sampled_from(["left", "new"]), _disputed,
)  # fmt: skip
statuses = st.builds(
    lambda status, day, entry, disputed: Said("status", status, day, day, entry_on=entry, disputed=disputed),
    st.sampled_from(list(PAYERS)),
    _days,
    st.sampled_from([date(2019, 1, 20), date(2026, 1, 1)]),
    _disputed,
)
earnings = st.builds(
    lambda value, day, long, disputed: Said(
        "earnings", value, day, day, day + timedelta(days=long) if long and value == "own" else None, disputed=disputed
    ),
    st.sampled_from(["own", "own", "earnings_ended"]), _days, st.integers(0, 20), _disputed,
)  # fmt: skip
settlements = st.builds(
    lambda value, since, long, between, place: Said(
        "municipality", value, since, since, since + timedelta(days=long), between=tuple(sorted({value, *between})),
        place=place,
    ),
    st.sampled_from(("", *PLACES)), _days, st.integers(1, 20), st.sets(st.sampled_from(("", *PLACES)), min_size=1),
    st.text("ab", max_size=3),
)  # fmt: skip
claims = st.builds(
    lambda what, place, day, long: Said(
        what, place, day, day, day + timedelta(days=long) if long and what == "claim" else None
    ),
    st.sampled_from(["claim", "claim", "closing"]), st.sampled_from(PLACES), _days, st.integers(0, 20),
)  # fmt: skip


@st.composite
def changes(draw: st.DrawFn) -> list[Said]:
    """What an answered change of a case says (F2, F4, F5), accepted or denied."""
    place, other = draw(st.sampled_from(list(permutations(PLACES, 2))))
    change, day = draw(st.sampled_from(["rent", "resumed", "ended", "move", "takeover"])), draw(_days)
    belongs = {
        "rent": {"after": "1620.00"}, "ended": {"cause": "Arbeit"}, "move": {"municipality": other},
        "takeover": {"municipality": other},
    }.get(change, {})  # fmt: skip
    told = Changed(persons=[_CONCERNED], change=change, on=day, answer_by=day, **belongs)  # type: ignore[arg-type]
    reason, last = draw(st.sampled_from(["", "", "NOT_SO"])), None
    if not reason and (change == "resumed" or (change == "rent" and draw(st.booleans()))):
        last = day + timedelta(days=draw(st.integers(0, 20)))
    rule = draw(st.sampled_from(["left", "new"]))
    return [
        Said(
            one.what, one.value, one.day, first_day(one.day, one.what, one.value, one.moves_from, rule), one.until,
            moves_from=one.moves_from, disputed=one.disputed,
        )
        for one in notices_for(UUID(int=1), told, place, Noted(number=1, last_on=last, reason=reason))  # type: ignore[arg-type]
    ]  # fmt: skip


_CONCERNED = Concerned(
    number=1, person=Named(identifier_type="zemis", identifier="21004711.0", given_name="L", family_name="H")
)
_one = st.one_of(arrivals(), arrivals(), gone, statuses, earnings, claims, settlements).map(lambda said: [said])
sequences = st.lists(st.one_of(_one, _one, changes()), max_size=9).map(lambda told: [*chain.from_iterable(told)])


def on(days: Days, day: date) -> tuple[Any, ...]:
    """What the register says of a day: (municipality, payer), (status, entry), own earnings, what is contradicted."""

    def at(rows: Any) -> list[Any]:
        return [one.value for one in rows if one.since <= day and (one.until is None or day < one.until)]

    opened = {
        what: one.value for what, one in days.contradicted
        if one.since <= day and (one.until is None or day < one.until)
    }  # fmt: skip
    return at(days.responsible), at(days.status), at(days.earning), opened


def where(told: list[Said], day: date) -> set[str]:
    """By brute force: who claims a day; "" where some say that she had left, and others that she hadn't yet."""
    found: set[str] = set()
    for one in told:
        if one.what != "municipality" or one.value in GONE:
            continue
        left = [o for o in told if o.moves_from == one.value and (o.day, o.value in GONE) > (one.day, False)]
        first = min((o.day for o in left), default=day)
        back = [o.day for o in told if o.what == one.what and o.value == one.value and o.day > first]
        same = [o for o in left if not any(o.day >= again for again in back)]
        if one.since <= day and (not same or any(day < o.since for o in same)):
            found.add(one.value)
        if any(o.value in GONE and o.since <= day for o in same) and any(day < o.since for o in same):
            found.add("")
    return found


def status(told: list[Said], day: date) -> set[str]:
    begun = [one for one in told if one.what == "status" and one.since <= day]
    return {value_of(one) for one in begun if one.since == max(other.since for other in begun)}


def earning(told: list[Said], day: date) -> set[str]:
    ended = [one.since for one in told if one.what == "earnings" and one.value != "own" and one.since <= day]
    return {
        one.value for one in told
        if one.what == "earnings" and one.value == "own" and one.since <= day and (one.until is None or day < one.until)
        and not any(one.since < end for end in ended)
    }  # fmt: skip


def claimed_on(told: list[Said], place: str, day: date) -> bool:
    """Whether a claim of the place is accepted for the day."""
    mine = [one for one in told if one.value == place and one.since <= day]
    closed = [one.since for one in mine if one.what == "closing"]
    return any(
        one.what == "claim" and (one.until is None or day < one.until) and not any(end > one.since for end in closed)
        for one in mine
    )


def claimed(by: Any, said: list[Said], day: date) -> set[str]:
    """What is claimed of one day: with and without what is disputed."""
    told = [one for one in said if not one.between]
    ways = [by(told, day), by([one for one in told if not one.disputed], day)]
    return {value for way in ways for value in way or ({""} if any(ways) else ())}


@settings(max_examples=200, deadline=None)
@given(sequences, st.randoms(use_true_random=False))
def test_the_order_does_not_matter_and_no_day_has_two(said: list[Said], random: Any) -> None:
    found, other = days_of(said), [*said, *said[:2]]
    random.shuffle(other)
    assert days_of(other) == found
    for n in range(-1, 45):
        day = BEGIN + timedelta(days=n)
        places, standings, own = (claimed(by, said, day) for by in (where, status, earning))
        responsible, standing, earns, opened = on(found, day)
        assert len(responsible) <= 1
        assert len(standing) <= 1
        fitting = [
            one for one in said
            if one.between and one.since <= day and (one.until is None or day < one.until)
            and places <= set(one.between)
        ]  # fmt: skip
        if len(places) > 1 and not fitting:
            assert (responsible, opened["municipality"]) == ([], tuple(sorted(places)))  # nobody wins, nobody pays
        elif len(places) > 1:
            chosen = max(fitting, key=lambda one: (one.place, one.value)).value
            assert [one[0] for one in responsible] == ([chosen] if chosen else [])
            assert "municipality" not in opened
        else:
            assert [one[0] for one in responsible] == sorted(places - {""})
        for what, claims, holds in (("status", standings, standing), ("earnings", own, earns)):
            if len(claims) > 1:
                assert (holds, opened[what]) == ([], tuple(sorted(claims)))
            else:
                assert (len(holds), what in opened) == (len(claims), False)
        if len(standings) > 1 or len(own) > 1:
            assert all(payer is None for _place, payer in responsible)
        elif responsible:
            accepted = claimed_on(said, responsible[0][0], day)
            if not standings:
                assert responsible[0][1] == ("KSA-ÖS" if accepted else None)
                continue
            rule = PAYERS[standing[0][0]]
            over = rule.years is not None and day >= standing[0][1].replace(year=standing[0][1].year + rule.years)
            if rule.code == "KSA-ÖS" or over:
                assert responsible[0][1] == ("KSA-ÖS" if accepted else "municipality")
            else:
                assert responsible[0][1] == ("own" if own else rule.code)


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

    left = canton.days(person.person.identifier, canton.places[0])
    assert left[0][0] == where[0]  # the one that was left was told, and its register says the same
    (told,) = canton.places[0].rows(Message, kind="mutation", action="5")
    assert (told.direction, told.business) == ("in", "accepted")
    assert canton.places[0].tasks() == ["assigned"]


def taken(canton: Canton, *persons: Any) -> list[str]:
    """The first municipality takes these on the canton's day; their numbers."""
    told = canton.assigned(0, *persons)
    canton.settle()
    canton.answered(0, told, *(arrived(canton, one.number) for one in persons))
    canton.settle()
    return [one.person.identifier for one in persons]


def test_what_fits_the_register_is_agreed_to_at_once_and_both_follow(canton: Canton, database: Database) -> None:
    here, day = canton.places[0], canton.today
    numbers = taken(canton, somebody(), somebody(2, role="child"))
    one, two = numbers
    with acting(canton.side.office.slug, TEST, "look"):
        assert len(family_of(canton.person(one).id)) == 2
    begin = canton.side.tasks()
    canton.told(here, canton.side, "earnings", one, on=day + timedelta(days=10), last_on=day + timedelta(days=19))
    canton.settle()
    canton.told(here, canton.side, "departure", one, two, on=day + timedelta(days=29))
    canton.settle()
    ten, twenty, end = (day + timedelta(days=n) for n in (10, 20, 30))
    expected = [
        (day, ten, here.address, "KSA-AK"), (ten, twenty, here.address, "own"), (twenty, end, here.address, "KSA-AK"),
    ]  # fmt: skip
    assert canton.days(one)[0] == canton.days(one, here)[0] == expected
    assert canton.days(two)[0] == canton.days(two, here)[0] == [(day, end, here.address, "KSA-AK")]
    assert canton.side.tasks() == begin  # nobody was asked
    # a status is the canton's to say: told by the municipality it waits for a person there
    told = canton.told(here, canton.side, "status", one, on=ten, status="F-A", entry_on=BEGIN)
    canton.settle()
    assert canton.side.tasks() == [*begin, "mutation"]
    assert canton.days(one)[1] == [(BEGIN, None, "N")]
    canton.agreed(canton.side, told, Agreed(number=1))
    canton.settle()
    canton.told(canton.side, here, "status", two, on=ten, status="F-A", entry_on=BEGIN)
    canton.settle()
    for number in numbers:
        for side in (canton.side, here):
            assert canton.days(number, side)[1] == [(BEGIN, ten, "N"), (ten, None, "F-A")]
    assert "mutation" not in canton.side.tasks() + here.tasks()
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[canton.side.office.slug, here.office.slug])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []


def test_verify_folds_the_notices_again_and_finds_what_does_not_follow(canton: Canton, database: Database) -> None:
    here, day = canton.places[0], canton.today
    one, two = taken(canton, somebody(status="F-A", entry_on=date(2020, 2, 29)), somebody(2))
    canton.told(here, canton.side, "earnings", two, on=day + timedelta(days=5))
    canton.settle()
    told = canton.told(here, canton.side, "earnings_ended", two, on=day + timedelta(days=9))
    canton.settle()
    canton.agreed(canton.side, told, Agreed(number=1, reason="NOT_SO"))
    canton.settle()
    assert canton.days(two)[2] == [("earnings", day + timedelta(days=9), None, ["", "own"])]
    database.close_connections()
    slugs = [canton.side.office.slug, here.office.slug]
    report = verify(database.of_role("auditor"), tenants=slugs)
    assert [(found.rule, found.table, found.text) for found in report.errors] == []
    assert report.checked["people of the register"] >= 4
    key = canton.person(one).id
    for before, after in (("KSA-AK", "KSA-ÖS"), ("KSA-ÖS", "KSA-AK")):
        database.close_connections()
        with database.connect("owner", autocommit=True) as owner, owner.transaction():
            owner.execute("SELECT set_config('app.tenant', %s, true)", [str(canton.side.key)])
            changed = "UPDATE register_responsibility SET payer = %s WHERE person_id = %s AND payer = %s"
            assert owner.execute(changed, [after, key, before]).rowcount == 1
        report = verify(database.of_role("auditor"), tenants=slugs)
        wrong = {("I14", str(key))} if after == "KSA-ÖS" else set()
        assert {(found.rule, found.row) for found in report.errors} == wrong


def test_what_is_disputed_is_open_at_both_until_it_is_settled(canton: Canton) -> None:
    here, day = canton.places[0], canton.today
    (number,) = taken(canton, somebody())
    told = canton.told(canton.side, here, "disappearance", number, on=day - timedelta(days=3))
    canton.settle()
    assert "mutation" in here.tasks()  # she wasn't there on that day
    assert canton.days(number)[0] == [(day, None, here.address, "KSA-AK")]
    canton.agreed(here, told, Agreed(number=1, reason="NOT_SO"))
    canton.settle()
    assert canton.days(number) == canton.days(number, here)
    assert canton.days(number)[2] == []  # she arrived after that day: nothing is contradicted
    told = canton.told(canton.side, here, "disappearance", number, on=day + timedelta(days=3))
    canton.settle()
    assert canton.days(number)[0] == [(day, day + timedelta(days=4), here.address, "KSA-AK")]  # it fits: agreed to
    later = canton.told(here, canton.side, "move", number, on=day + timedelta(days=8), municipality=PLACES[1])
    canton.settle()
    canton.agreed(canton.side, later, Agreed(number=1, reason="NOT_SO"))
    canton.settle()
    since, until = day + timedelta(days=4), day + timedelta(days=9)
    opened = [("municipality", since, until, ["", here.address])]
    assert canton.days(number)[2] == canton.days(number, here)[2] == opened
    assert "contradiction" in canton.side.tasks()
    assert {"contradiction", "question"} <= set(here.tasks())  # both sides are asked
    (row,) = canton.side.rows(Contradiction, person_id=canton.person(number).id)
    settle(**canton.pair.act(canton.side, "rut"), contradiction=row.id, value="", why="Ist am vierten gegangen.")
    assert canton.days(number)[0] == [(day, since, here.address, "KSA-AK")]
    assert canton.days(number)[2] == []
    assert "contradiction" not in canton.side.tasks()


def test_who_disagrees_about_the_day_of_a_move_leaves_the_days_between_open() -> None:
    here = Said("municipality", PLACES[0], BEGIN, BEGIN)
    gone = Said("municipality", "moved", date(2026, 5, 10), date(2026, 5, 11), moves_from=PLACES[0])
    there = Said("municipality", PLACES[1], date(2026, 5, 15), date(2026, 5, 16), moves_from=PLACES[0])
    found = days_of([there, gone, here])
    assert [(one.since, one.until, one.value[0]) for one in found.responsible] == [
        (BEGIN, date(2026, 5, 11), PLACES[0]), (date(2026, 5, 16), None, PLACES[1]),
    ]  # fmt: skip
    ((what, one),) = found.contradicted
    assert (what, one.since, one.until, one.value) == (
        "municipality", date(2026, 5, 11), date(2026, 5, 16), ("", PLACES[0]),
    )  # fmt: skip


def test_who_may_tell_a_change(canton: Canton) -> None:
    here, day = canton.places[0], canton.today
    (number,) = taken(canton, somebody())
    with pytest.raises(NotPossible, match="moves to"):
        canton.told(here, canton.side, "move", number, on=day, municipality=here.address)
    with pytest.raises(NotPossible, match="answer by"):
        canton.told(here, canton.side, "death", number, on=day, answer_by=day)
    told = canton.told(here, canton.places[1], "death", number, on=day)  # between municipalities only the canton does
    canton.settle()
    assert canton.places[1].rows(Message, message_id=told.message_id) == []
    assert here.message(told.message_id).transport == "rejected"
    test = canton.told(here, canton.side, "death", number, on=day, test=True)
    canton.settle()
    assert canton.days(number)[0] == [(day, None, here.address, "KSA-AK")]
    assert canton.side.message(test.message_id).business == "accepted"  # it is answered, and nothing follows


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


def test_section_44_reimburses_each_of_a_household_as_long_as_her_own_claim(canton: Canton, database: Database) -> None:
    here, day = canton.places[0], canton.today
    numbers = taken(canton, *(somebody(n, status="B-R", status_since=BEGIN) for n in (1, 2, 3)))
    one, two, three = numbers
    assert canton.days(one)[0] == [(day, None, here.address, "municipality")]  # nothing is claimed yet
    told = canton.notified(here, *numbers, decided_on=day - timedelta(days=31), why="Die Bewilligung kam spät.")
    canton.settle()
    assert "case notification" in canton.side.tasks()
    for side in (canton.side, here):
        with acting(side.office.slug, TEST, "look"):
            row = Message.objects.get(message_id=told.message_id)
            found = checked(case_in(row), here.address, day, row)
        assert found == {1: ["LATE"], 2: ["LATE"], 3: ["LATE"]}  # a finding at both sides, and no answer
    assert canton.days(one, here)[0] == [(day, None, here.address, "municipality")]
    with pytest.raises(NotPossible, match="last day"):
        canton.accepted(told, Accepted(number=1, last_on=day))
    with pytest.raises(NotPossible, match="last day"):
        canton.accepted(told, *(Accepted(number=n, last_on=day - timedelta(days=1)) for n in (1, 2, 3)))
    ends = [day + timedelta(days=n) for n in (59, 99)]
    canton.accepted(
        told, Accepted(number=1, last_on=ends[0]), Accepted(number=2, last_on=ends[1]),
        Accepted(number=3, reason="DOCUMENT_MISSING"),
    )  # fmt: skip
    canton.settle()
    assert "case notification" not in canton.side.tasks()
    for side in (canton.side, here):
        for number, end in zip((one, two), ends, strict=True):
            after = end + timedelta(days=1)
            assert canton.days(number, side)[0] == [
                (day, after, here.address, "KSA-ÖS"), (after, None, here.address, "municipality"),
            ]  # fmt: skip
        assert canton.days(three, side)[0] == [(day, None, here.address, "municipality")]
        office = side.office
        with acting(office.slug, office.staff["rut"], "look") as door:
            listed = ending(member_behind(door, canton.pair.now), day, day, day + timedelta(days=200))
        mine = {canton.person(number, side).id: end for number, end in zip((one, two), ends, strict=True)}
        assert {row.person: row.last_on for row in listed if row.person in mine} == mine
    # a second one of the same is a finding; what is told again is claimed by its own notices only
    again = canton.notified(here, one)
    canton.settle()
    with acting(canton.side.office.slug, TEST, "look"):
        row = Message.objects.get(message_id=again.message_id)
        assert checked(case_in(row), here.address, day, row) == {1: ["ALREADY_NOTIFIED"]}
    # who only stays (para. 2): neither ten years nor the thirty days of the municipality of residence
    told, lives = {"decided_on": day - timedelta(days=31)}, date(2011, 1, 1)
    for staying, wrong in ((False, ["LATE", "TEN_YEARS_REACHED"]), (True, [])):
        asked = canton.notified(here, three, staying=staying, residence_since=lives, why="Nothilfe.", **told)
        canton.settle()
        with acting(canton.side.office.slug, TEST, "look"):
            row = Message.objects.get(message_id=asked.message_id)
            assert checked(case_in(row), here.address, day, row) == {1: wrong}
    canton.accepted(asked, Accepted(number=1, last_on=day + timedelta(days=9)))
    canton.settle()
    assert [stretch[3] for stretch in canton.days(three)[0]] == ["KSA-ÖS", "municipality"]
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[canton.side.office.slug, here.office.slug])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []


def test_who_may_notify_a_case_and_two_municipalities_that_do(canton: Canton) -> None:
    here, there = canton.places
    (number,) = taken(canton, somebody(status="B-R"))
    with pytest.raises(NotPossible, match="not decided yet"):
        canton.notified(here, number, decided_on=canton.today + timedelta(days=1))
    with pytest.raises(NotPossible, match="answer by"):
        canton.notified(here, number, answer_by=canton.today)
    test = canton.notified(here, number, test=True)
    canton.settle()
    canton.accepted(test, Accepted(number=1, last_on=canton.today))
    canton.settle()
    assert canton.days(number)[0] == [(canton.today, None, here.address, "municipality")]  # nothing follows from a test
    # the other municipality, which knows her from elsewhere, claims her too: a finding, and after it a contradiction
    with acting(there.office.slug, TEST, "look"):
        one = Named(identifier_type="zemis", identifier=number, given_name="Lemlem", family_name="Haile")
        named = person_of(somebody(person=one))
    register_person(**canton.pair.act(there, "rut"), new=named)
    told = canton.notified(there, number)
    canton.settle()
    with acting(canton.side.office.slug, TEST, "look"):
        row = Message.objects.get(message_id=told.message_id)
        assert checked(case_in(row), there.address, canton.today, row) == {1: ["OTHER_MUNICIPALITY"]}
    canton.accepted(told, Accepted(number=1, last_on=canton.today + timedelta(days=9)))
    canton.settle()
    places = sorted(place.address for place in canton.places)
    assert canton.days(number)[0] == []
    assert canton.days(number)[2] == [("municipality", canton.today, None, places)]


def test_the_quota_account_of_a_municipality(canton: Canton, database: Database) -> None:
    here, there = canton.places
    day, office, act = canton.today, canton.side.office, canton.pair.act(canton.side, "rut")

    def account(on: date = day, place: Side = here) -> QuotaAccount:
        with acting(office.slug, office.staff["rut"], "look"):
            none = QuotaAccount(place.address, None, None, None, 0)
            return next((one for one in quota_accounts(on) if one.municipality == place.address), none)

    before = account()
    assert (before.target, before.open) == (None, None)  # nobody has entered how many residents it has
    entry = later(day, -7) + timedelta(days=1)
    numbers = taken(
        canton, somebody(1), somebody(2, quota_credit=False), somebody(3, status="B-R"),
        somebody(4, status="F-R", entry_on=entry, status_since=BEGIN),
    )  # fmt: skip
    assert account().actual == before.actual + 2  # of the four one has no credit, and a recognised refugee no place
    assert account(on=day + timedelta(days=1)).actual == before.actual + 1  # and one has been here for seven years
    for number in (2_000, 1_999):
        enter_residents(**act, municipality=here.address, since=day, residents=number)
    found = account()
    assert (found.residents, found.target, found.open) == (1_999, 29, 29 - found.actual)  # the last one entered
    assert account(on=day - timedelta(days=1)).target is None
    assert account(place=there).target is None
    for wrong, code in (
        ({"municipality": "municipality:bfs:1"}, "no such partner"), ({"municipality": office.slug}, "no such partner"),
        ({"residents": 0}, "no residents"),
    ):  # fmt: skip
        with pytest.raises(NotPossible, match=code):
            enter_residents(**act, **{"municipality": here.address, "since": day, "residents": 1, **wrong})
    with pytest.raises(NotAllowed):
        enter_residents(**canton.pair.act(canton.side, "bo"), municipality=here.address, since=day, residents=1)
    with pytest.raises(NotPossible, match="not the canton"):
        enter_residents(**canton.pair.act(here, "rut"), municipality=here.address, since=day, residents=1)
    canton.told(here, canton.side, "departure", numbers[0], on=day)
    canton.settle()
    assert account(on=day + timedelta(days=1)).actual == before.actual
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[office.slug])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []


def test_what_ends_is_listed_for_those_who_are_there(canton: Canton) -> None:
    here, day = canton.places[0], canton.today
    entry = later(day, -7) + timedelta(days=11)
    (number,) = taken(canton, somebody(status="F-A", entry_on=entry, status_since=BEGIN))
    (other,) = taken(canton, somebody())  # counts for years to come

    def listed(side: Side, who: str = "rut", on: date = day) -> list[tuple[str, date]]:
        office, key = side.office, canton.person(number, side).id
        with acting(office.slug, office.staff[who], "look") as door:
            found = ending(member_behind(door, canton.pair.now), on, day - timedelta(days=1), day + timedelta(days=90))
        assert canton.person(other, side).id not in {one.person for one in found}
        return [one.deadline for one in found if one.person == key]  # type: ignore[misc]

    last = later(entry, 7) - timedelta(days=1)
    ends = [("asylum.years", last), ("quota.years", last)]
    assert listed(canton.side) == listed(here) == ends
    assert listed(canton.side, on=day - timedelta(days=1)) == []  # nobody was responsible for her yet
    set_policy(**canton.side.office.by(TEST), name="unverified_deadlines", value=False)
    assert (listed(canton.side), listed(here)) == (ends[:1], ends)
    act = canton.pair.act(canton.side, "rut")
    set_protection(**act, person=canton.person(number).id, level=1, address_level=0, version=1)
    assert listed(canton.side) == []  # rut isn't cleared for her any more
    canton.told(here, canton.side, "departure", number, on=day)
    canton.settle()
    assert listed(here, on=day + timedelta(days=1)) == []


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
