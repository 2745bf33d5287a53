"""Who moves in and out of a household, and the end of a case: over pages, by days, with what keeps money right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.audit.models import Event as EventRow
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import close_case, move_in, move_out
from handslag.domain.people.models import Identifier, Membership
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from tests.office import TEST

_serials = count(981)


def _child(office: Any, **more: Any) -> Any:
    from handslag.demo.fill import numbers

    number = numbers("20190412", next(_serials))
    new = NewPerson(identifier_type="personnummer", identifier=number, given_name="Elsa", family_name="Ny", **more)
    return register_person(**office.act("rut"), new=new)


def test_a_child_moves_in_and_out_and_the_caseworker_is_told(
    office: Any,
    log_in: Callable[..., Page],
    server: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    folder, child = office.case(), _child(office)
    with acting(office.slug, TEST, "look"):
        number = Identifier.objects.get(person=child).value
    hanna = log_in(office, "hanna", width=360, at=server.url("desk", f"/{office.slug}/cases/{folder.case.id}/"))
    hanna.get_by_role("link", name="Somebody moves in or out").click()
    expect(hanna.get_by_role("heading", level=1)).to_have_text("Household")
    hanna.get_by_role("button", name="Moves in").click()
    assert axe(hanna) == []
    hanna.get_by_role("textbox", name="Number").fill("19121212-1212")
    hanna.get_by_role("button", name="Moves in").click()
    expect(hanna.locator("main")).to_contain_text("Nobody with this number is registered here")
    picture(hanna, "desk-household-error-360")
    hanna.get_by_role("textbox", name="Number").fill(number)
    hanna.get_by_label("Belongs to the household from").fill(office.month.since.isoformat())
    hanna.get_by_role("button", name="Moves in").click()
    expect(hanna.get_by_role("rowheader", name="Elsa Ny")).to_be_visible()
    hanna.get_by_label("Who moves out").select_option(label="Elsa Ny")
    hanna.get_by_label("First day elsewhere").fill((office.month + 1).since.isoformat())
    hanna.get_by_role("button", name="Moves out").click()
    assert axe(hanna) == []
    picture(hanna, "desk-household-360")
    with acting(office.slug, TEST, "look"):
        row = Membership.objects.get(person=child)
        assert (row.since, row.until, row.role) == (office.month.since, (office.month + 1).since, "child")
        tasks = list(Task.objects.filter(subject_id=folder.case.id).values_list("kind", "assignee_id"))
        assert tasks == [("household changed", folder.case.caseworker_id)] * 2
        events = EventRow.objects.filter(subject_id=folder.case.household_id).order_by("seq")
        assert [event.kind for event in events] == ["household formed", "moved in", "moved out"]


def test_the_one_who_applies_stays_until_the_case_is_closed(
    office: Any, log_in: Callable[..., Page], server: Any, axe: Callable[[Page], list[str]]
) -> None:
    folder = office.case(("Petra", "Nilsson", "19850302"), ("Per", "Nilsson", "19831120"))
    case, since = folder.case, office.month.since
    leaves = {**office.act("rut"), "household": case.household_id, "person": case.co_applicant_id, "until": since}
    with pytest.raises(NotPossible, match="applies"):
        move_out(**leaves)
    with pytest.raises(NotPossible, match="in a household already"):
        move_in(**office.act("rut"), household=case.household_id, person=case.applicant_id, role="adult", since=since)
    single = office.case(("Ensam", "Person", "19770707"))
    third = {"household": case.household_id, "role": "adult", "since": since}
    with pytest.raises(NotPossible, match="in a household already"):
        move_in(**office.act("rut"), person=single.case.applicant_id, **third)
    with pytest.raises(NotPossible, match="one or two adults"):
        move_in(**office.act("rut"), person=_child(office).id, **third)
    hanna = log_in(office, "hanna", at=server.url("desk", f"/{office.slug}/cases/{case.id}/"))
    hanna.get_by_role("link", name="Close the case").click()
    hanna.get_by_role("button", name="Close the case").click()
    expect(hanna.locator("main")).to_contain_text("Write why the case is closed.")
    assert axe(hanna) == []
    hanna.get_by_label("Why").fill("De har flyttat isär")
    hanna.get_by_role("button", name="Close the case").click()
    expect(hanna.locator("main")).to_contain_text("De har flyttat isär")
    with acting(office.slug, TEST, "look"):
        stands = Case.objects.get(id=case.id)
        assert (stands.state, stands.closed_because, stands.version) == ("closed", "De har flyttat isär", 2)
    day = (office.month + 1).since
    with pytest.raises(NotPossible, match="day before moving in"):
        move_out(**leaves | {"until": since.replace(year=since.year - 9)})
    assert move_out(**leaves | {"until": day}).until == day
    again = {**office.act("hanna"), "case": case.id, "version": 2, "closed_on": day, "reason": "igen"}
    with pytest.raises(NotPossible, match="closed"):
        close_case(**again)


def test_days_that_cannot_be_are_asked_again(office: Any, desk: Any) -> None:
    folder, child = office.case(), _child(office)
    rut = desk(office, "rut")
    today = office.today
    new = {
        "identifier_type": "temporary", "identifier": "T-4711", "given_name": "Nya", "family_name": "Person",
        "language": "sv", "protection_level": "0",
    }  # fmt: skip
    to_come = (today + timedelta(days=2)).isoformat()
    for birth_on, said in (("850911", "with all four digits"), ("85-09-11", "with all four"), (to_come, "come yet")):
        answer = rut.open("/people/new/", **new, birth_on=birth_on)
        assert answer.status_code == 200 and said in answer.text and f'value="{birth_on}"' in answer.text
    with pytest.raises(NotPossible, match="birth to come"):
        _child(office, birth_on=today + timedelta(days=2))
    assert rut.open("/people/new/", **new, birth_on="1985-09-11").status_code == 302
    with acting(office.slug, TEST, "look"):
        person = Identifier.objects.get(value="T-4711").person
        assert person.birth_on == date(1985, 9, 11)
        number = Identifier.objects.get(person=child).value
    far = "2999-12-31"
    home = {"number-0": "T-4711", "role-0": "adult", "since": far}
    moves = {"action": "in", "number": number, "role": "child", "since": far}
    lives = {"act": "address", "version": "1", "address": "Nygatan 1", "postcode": "1", "city": "Nystad", "since": far}
    for path, fields in (
        ("/households/new/", home),
        (f"/households/{folder.case.household_id}/", moves),
        (f"/people/{person.id}/change/", lives),
    ):
        answer = rut.open(path, **fields)
        assert answer.status_code == 200 and "Choose a day within a year" in answer.text, path
        assert f'value="{far}"' in answer.text and 'href="#id_since"' in answer.text, path
    with acting(office.slug, TEST, "look"):
        assert not Membership.objects.filter(person__in=[person, child]).exists()


def test_nobody_moves_in_with_whom_one_may_not_see(office: Any) -> None:
    folder, protected = office.case(), _child(office)
    hidden = register_person(
        **office.act("rut"),
        new=NewPerson(
            identifier_type="temporary", identifier="T-0001", given_name="Kanarie", family_name="Dold",
            birth_on=office.month.since.replace(year=2015), protection_level=2,
        ),
    )  # fmt: skip
    since = office.month.since
    told = {"household": folder.case.household_id, "role": "child", "since": since}
    with pytest.raises(Hidden):
        move_in(**office.act("hanna"), person=hidden.id, **told)
    elsewhere = form_household(**office.act("rut"), members=[(_child(office).id, "adult")], since=since)
    with pytest.raises(Hidden):  # no case of hers
        move_in(**office.act("hanna"), **told | {"household": elsewhere.id}, person=protected.id)


def test_a_number_that_she_may_not_see_is_answered_without_telling_whose_and_handed_on(office: Any, desk: Any) -> None:
    office.admit("ragna", "Ragna Registrator", "registrar", clearance=3)
    _, seen = office.person("Petra", "Nilsson", "19900615")
    _, hidden = office.person("Kanarie", "Fågelholm", "19620202", protection_level=2)
    rut, ragna = desk(office, "rut"), desk(office, "ragna")
    sent = {
        "identifier_type": "personnummer", "given_name": "Ny", "family_name": "Person", "language": "sv",
        "protection_level": "0",
    }  # fmt: skip

    def told(number: str) -> str:
        answer = rut.open("/people/new/", **sent, identifier=number)
        assert answer.status_code == 200
        return str(answer.text)

    assert "is registered already" in told(seen)
    with acting(office.slug, TEST, "look"):
        assert not Task.objects.exists()
    for _again in range(2):
        answer = told(hidden)
        assert "A colleague with the right clearance has to do it" in answer
        assert "already" not in answer and "Kanarie" not in answer
    for who, sees in ((rut, False), (desk(office, "hanna"), False), (desk(office, "alva"), False), (ragna, True)):
        page = who.open("/tasks/").text
        assert ("Kanarie Fågelholm" in page) == sees
        assert ("wants to register a number" in page) == sees
    page = ragna.open("/tasks/").text
    assert page.count("wants to register a number") == 1 and "Rut Registrator" in page
    with acting(office.slug, TEST, "look"):
        task = Task.objects.get()
    assert rut.open(f"/tasks/{task.id}/done/", version="1").status_code == 404
    assert ragna.open(f"/tasks/{task.id}/done/", version="1").status_code == 302
