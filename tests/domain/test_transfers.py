"""A case goes with somebody who moves: told on a ground, taken over in parts, made a case there by a registrar."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from handslag.domain.casefile.models import Case, Transfer
from handslag.domain.casefile.operations import take_over_case
from handslag.domain.casefile.queries import told_of
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import send_again, take_back
from handslag.domain.exchange.permissions import messages_of
from handslag.domain.exchange.policies import street_in
from handslag.domain.people.models import Address, Membership, Person
from handslag.domain.people.operations.persons import NewPerson, set_protection
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, member_behind
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel import clock
from handslag.messages import conversation
from handslag.messages.case_transfer.message import Address as Told
from handslag.messages.case_transfer.message import Contact, Ground, Item, Member, Taken
from handslag.messages.question.message import Person as Named
from tests.bed import Database
from tests.exchange import Pair, Side
from tests.office import TEST, open_office
from verifier import verify

PETRA, YUSUF = ("Petra", "Nilsson", "19900615"), ("Yusuf", "Åberg", "19850505")
LAW = Ground(basis="law", text="Den paragraf som juristen nämnde")
PHONE = Item(number=1, contact=Contact(telephone="070-174 06 01"))
CANARY = "Kanariegränd 13"
HERE = Item(number=1, address=Told(lines=[CANARY], postcode="990 02", city="Provstad"))


@pytest.fixture(scope="module")
def offices(database: Database) -> Any:
    made = open_office(database.connect, "harifran"), open_office(database.connect, "hit")
    database.close_connections()
    return made


@pytest.fixture
def pair(database: Database, offices: Any) -> Pair:
    here, there = offices
    return Pair(database, Side(here), Side(there), here.case(PETRA, YUSUF, address_lines=[CANARY]), here.now)


def along(pair: Pair, **more: Any) -> Item:
    """The other adult moves along."""
    number = pair.folder.numbers[1]
    person = Named(identifier_type="personnummer", identifier=number, given_name="Yusuf", family_name="Åberg")
    return Item(number=1, member=Member(person=person, role="adult", **more))


def taken(pair: Pair, told: Message, *answers: Taken) -> None:
    """Their Hanna says what is taken over, and it arrives."""
    pair.took(told, *answers)
    pair.settle()


def registered(pair: Pair, told: Message, who: str = "rut", **more: Any) -> Case:
    """Their registrar makes a case of it."""
    row = pair.answerer.message(told.message_id)
    people = [
        (NewPerson(identifier_type="personnummer", identifier=number, given_name=given, family_name=family), "adult")
        for number, (given, family, _birth) in zip(pair.folder.numbers, (PETRA, YUSUF), strict=False)
    ]
    return take_over_case(
        **pair.act(pair.answerer, who), message=row.id,
        **{"version": row.version, "people": people, "since": pair.today, "caseworker": None,
           "unit": pair.answerer.office.units["Försörjningsstöd"], **more},
    )  # fmt: skip


def seen(pair: Pair, adult: int) -> list[tuple[str, str]]:
    """What the person sees of it on her pages: to whom, and how far it is."""
    with acting(pair.asker.office.slug, pair.folder.citizens[adult], "my pages"):
        key = pair.folder.citizens[adult].id
        assert isinstance(key, UUID)
        return [(one.transfer.to, one.state) for one in told_of([pair.folder.case.id], key)]


def test_what_was_told_is_taken_over_in_part_and_a_registrar_makes_a_case_of_it(pair: Pair, database: Database) -> None:
    told = pair.handed(along(pair), PHONE, HERE)
    assert seen(pair, 0) == []  # it can still be taken back
    pair.settle()
    there = pair.answerer.office
    name = "Hit kommun"
    assert (seen(pair, 0), seen(pair, 1)) == ([(name, "")], [(name, "")])
    assert pair.answerer.tasks() == ["case transfer"]
    theirs = pair.answerer.message(told.message_id)
    assert (theirs.content, theirs.digest, theirs.about_id, theirs.due_on) == (
        told.content, told.digest, None, told.due_on,
    )  # fmt: skip
    with pytest.raises(Conflict):
        registered(pair, told)  # nobody has taken it over
    taken(pair, told, Taken(number=1), Taken(number=2, text="070-174 06 02"), Taken(number=3, reason="WRONG"))
    assert pair.states(told)[:2] == ("delivered", "accepted with changes")
    assert (seen(pair, 0), pair.asker.tasks()) == ([(name, "in part")], ["question answered"])
    assert pair.answerer.tasks() == ["case to register"]
    assert pair.answerer.rows(Case) == []  # nothing is opened by a message
    for who, wrong in (("hanna", NotAllowed), ("ulla", Hidden)):
        with pytest.raises(wrong):
            registered(pair, told, who)
    case = registered(pair, told)
    assert pair.answerer.tasks() == []
    with acting(there.slug, TEST, "look"):
        assert {case.applicant.family_name, case.co_applicant and case.co_applicant.family_name} == {"Nilsson", "Åberg"}
        assert Membership.objects.filter(household=case.household_id).count() == 2
        row = Message.objects.get(id=theirs.id)
    assert (row.about_id, row.person_id) == (case.id, case.applicant_id)
    with pytest.raises(Conflict):
        registered(pair, told)
    database.close_connections()
    both = [pair.asker.office.slug, there.slug]
    report = verify(database.of_role("auditor"), tenants=both, at=clock.now())
    assert [(found.rule, found.table, found.text) for found in report.errors] == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.connect("web") as web:
        web.execute("UPDATE casefile_transfer SET ground = 'annan'")


def test_who_moves_where_is_nobody_elses_business(pair: Pair) -> None:
    pair.handed(PHONE)
    pair.settle()
    assert (seen(pair, 0), seen(pair, 1)) == ([("Hit kommun", "")], [])


def test_what_was_handed_over_again_is_seen_by_her_too(pair: Pair) -> None:
    told = pair.handed(PHONE)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.later(days=14)
    pair.watch(pair.asker)
    assert seen(pair, 0) == []  # nobody fetched it
    lost = pair.asker.message(told.message_id)
    with acting(pair.asker.office.slug, pair.asker.office.staff["hanna"], "again"):
        by = pair.today + timedelta(days=9)
        new = conversation.again(key=uuid4(), lost=lost, answer_by=by, now=pair.now)
        send_again(**pair.act(pair.asker), message=lost.id, version=lost.version, new=new)
    pair.settle()
    assert (seen(pair, 0), seen(pair, 1)) == ([("Hit kommun", "")], [])


def test_not_taken_over_recalled_and_taken_back(pair: Pair) -> None:
    refused_there = pair.handed(PHONE)
    pair.settle()
    taken(pair, refused_there, Taken(number=1, reason="NOT_MOVED"))
    assert pair.asker.message(refused_there.message_id).code == "NOT_MOVED"
    assert (seen(pair, 0), pair.answerer.tasks()) == ([("Hit kommun", "not taken over")], [])
    back = pair.handed(PHONE)
    take_back(**pair.act(pair.asker), message=back.id, version=back.version)
    pair.settle()
    assert pair.answerer.rows(Message, message_id=back.message_id) == []
    assert [state for _to, state in seen(pair, 0)] == ["not taken over"]
    assert len(pair.asker.rows(Transfer, case=pair.folder.case.id)) == 2
    test = pair.handed(PHONE, test=True)
    pair.settle()
    taken(pair, test, Taken(number=1))
    assert pair.answerer.tasks() == []
    with pytest.raises(Conflict):
        registered(pair, test)


def test_nothing_is_told_without_a_ground_or_to_nobody(pair: Pair) -> None:
    office = pair.asker.office
    set_policy(**office.by(TEST), name="case_transfer_grounds", value=["consent"])
    with pytest.raises(NotPossible, match="transfer ground"):
        pair.handed(PHONE, ground=LAW)
    set_policy(**office.by(TEST), name="case_transfer_grounds", value=["consent", "law"])
    assert pair.handed(PHONE, ground=LAW).transport == "sealed"
    to_come = Ground(basis="consent", text="Ja", consented_on=pair.today.replace(year=pair.now.year + 1, day=1))
    with pytest.raises(NotPossible, match="consent day"):
        pair.handed(PHONE, ground=to_come)
    with pytest.raises(NotPossible, match="nothing told"):
        pair.handed()


def test_never_a_protected_address(pair: Pair) -> None:
    """Marked data leave by a person's decision and without an address; protected registration leaves by no message."""
    office, people = pair.asker.office, pair.folder.citizens

    office.admit("sara", "Sara Skydd", "registrar", clearance=3)

    def protect(level: int) -> None:
        with acting(office.slug, TEST, "look"):
            version = Person.objects.get(id=people[1].id).version
        set_protection(
            **pair.act(pair.asker, "sara"), person=people[1].id, level=level, address_level=level, version=version
        )

    sealed = pair.handed(HERE)
    words = pair.asked(text=f"Betalar ni hyran för {CANARY.upper()}?")
    # the one of whom she lives with is hers
    set_protection(**pair.act(pair.asker, "sara"), person=people[1].id, level=0, address_level=1, version=1)
    pair.settle()
    assert (pair.asker.message(words.message_id).transport, pair.asker.message(words.message_id).code) == (
        "taken back", "protected",
    )  # fmt: skip
    apart = unicodedata.normalize("NFD", CANARY)  # as some systems write the names of files
    for text in (CANARY.replace(" ", "  "), f"{apart.replace(' ', '_')}.pdf", f"{CANARY}B lgh 1102", f"({CANARY},"):
        with pytest.raises(NotPossible, match="protected address"):
            pair.asked(text=f"Betalar ni hyran för {text}?")
    assert pair.asked(text=f"Betalar ni hyran för {CANARY}7?").transport == "sealed"
    lines = (
        "Åvägen 12 lgh 1102", "12, rue du Lac", "c/o Berg 3 tr", "Box 7", "Storgatan", "5",
        "Seestr. 4", "SEESTRASSE 4b",
    )  # fmt: skip
    streets = [" åvägen 12 ", " 12 rue du lac ", " c o berg 3 ", " box 7 ", "", "", *[" seestrasse 4 "] * 2]
    assert [street_in(line) for line in lines] == streets
    kept = pair.asker.message(sealed.message_id)
    assert (kept.transport, kept.code) == ("taken back", "protected")
    assert pair.answerer.rows(Message, message_id=sealed.message_id) == []
    with acting(office.slug, office.staff["hanna"], "again"), pytest.raises(NotPossible, match="protected address"):
        conversation.again(key=uuid4(), lost=kept, answer_by=kept.due_on, now=pair.now)
    with pytest.raises(NotPossible, match="protected address"):
        pair.handed(HERE)
    protect(1)
    with pytest.raises(NotPossible, match="assess first"):
        pair.handed(PHONE, who="bo")
    for items in ((HERE,), (PHONE, HERE)):
        with pytest.raises(NotPossible, match="protected address"):
            pair.handed(*items, assessed="Hon har bett om det.", who="bo")
    told = pair.handed(PHONE, along(pair, marked=True), assessed="Hon har bett om det.", who="bo")
    assert CANARY not in told.content and "bett om det" not in told.content
    pair.settle()
    theirs = pair.answerer.message(told.message_id)
    assert theirs.level == 1
    there = pair.answerer.office
    for who, count in (("hanna", 0), ("bo", 1)):
        with acting(there.slug, there.staff[who], "look") as door:
            assert messages_of(member_behind(door, pair.now)).filter(id=theirs.id).count() == count, who
    with acting(there.slug, TEST, "look"):
        assert not Address.objects.filter(lines__contains=[CANARY]).exists()
    waiting = pair.handed(PHONE, assessed="Hon har bett om det.", who="bo")
    protect(2)
    with pytest.raises(NotPossible, match="protected exchange"):
        pair.handed(PHONE, assessed="Hon har bett om det.", who="bo")
    pair.settle()
    assert pair.asker.message(waiting.message_id).transport == "taken back"
    assert pair.answerer.rows(Message, message_id=waiting.message_id) == []
