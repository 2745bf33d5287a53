"""Protected people: fifty planted strings, and none of them reaches whom it must not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from handslag.demo.fill import numbers
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import open_case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations import letter_preview
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import (
    full_name,
    household_seen_by_relative,
    person_by_identifier,
    seen_by_staff,
)
from handslag.domain.tasks.models import Notice
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import Hidden, member_behind
from handslag.domain.tenancy.policies import NotPossible
from tests.office import C1, TEST, Office

FIELDS = (
    "given_name",
    "family_name",
    "email",
    "telephone",
    "street",
    "city",
    "postcode",
    "number",
    "clearing",
    "birth",
)
PEOPLE = 5


def _planted(office: Office) -> tuple[list[Person], list[str]]:
    """Five people under protection (levels 1 to 3) with ten canaries each: name, address, contact, account, number."""
    people, canaries = [], []
    for n in range(PEOPLE):
        number = numbers(f"19{61 + n}0{n + 1}1{n}", 980 + n)
        given, family, street, city = (f"Kanarie{part}{n}x" for part in ("Namn", "Slakt", "Gata", "Stad"))
        email, telephone, postcode, account = f"k{n}@kanarie.example", f"070-99{n}-77", f"K{n}977", f"77{n}8819"
        person = register_person(
            **office.act("rut"),
            new=NewPerson(
                identifier_type="personnummer", identifier=number, given_name=given, family_name=family, email=email,
                telephone=telephone, address_lines=[street], city=city, postcode=postcode,
                account=("bban", f"90{n}9", account), protection_level=1 + n % 3,
            ),
        )  # fmt: skip
        birth = f"19{61 + n}-0{n + 1}-1{n}"
        canaries += [given, family, email, telephone, street, city, postcode, account, number, birth]
        people.append(person)
    assert len(canaries) == len(FIELDS) * PEOPLE == 50
    return people, canaries


def _told(value: Any) -> str:
    """Everything that a page, an export or a log could say of a value: its own form, and as JSON."""
    return repr(value) + json.dumps(value, default=repr, ensure_ascii=False, skipkeys=True)


def _leaks(value: Any, canaries: list[str]) -> list[str]:
    said = _told(value)
    return [canary for canary in canaries if canary in said]


def test_no_canary_reaches_staff_without_clearance(office: Office) -> None:
    people, canaries = _planted(office)
    with acting(office.slug, office.staff["hanna"], "look") as door:
        member = member_behind(door, office.now)
        assert member.clearance == 0
        assert _leaks(seen_by_staff(member, list(Person.objects.all())), canaries) == []
        for person in people:
            with pytest.raises(Hidden) as refusal:
                require_sight(member, person)
            assert _leaks((str(refusal.value), refusal.value.args), canaries) == []
    with acting(office.slug, office.staff["bo"], "look") as door:
        member = member_behind(door, office.now)
        assert member.clearance == 3  # who is cleared sees them: the canaries are where they belong
        assert len(_leaks(seen_by_staff(member, people), canaries)) >= 3 * PEOPLE


def test_a_member_cleared_for_one_level_sees_no_higher_one(office: Office) -> None:
    people, _ = _planted(office)
    with acting(office.slug, office.staff["bo"], "look") as door:
        member = member_behind(door, office.now)
    for clearance in range(4):
        with acting(office.slug, office.staff["bo"], "look"):
            seen = seen_by_staff(replace(member, clearance=clearance), people)
        assert {p.id for p in people if not seen[p.id].masked} == {
            p.id for p in people if p.protection_level <= clearance
        }


def test_the_case_of_a_protected_person_is_not_there(office: Office) -> None:
    people, canaries = _planted(office)
    for person in people:
        home = form_household(**office.act("rut"), members=[(person.id, "adult")], since=office.month.since)
        open_case(
            **office.act("rut"), applicant=person.id, co_applicant=None, household=home.id,
            unit=office.units["Försörjningsstöd"], caseworker=office.members["hanna"], opened_on=office.month.since,
        )  # fmt: skip
    with acting(office.slug, office.staff["hanna"], "look"):
        for case in Case.objects.filter(applicant__in=people):
            with pytest.raises(Hidden) as refusal:
                case_for_staff(case.id, office.staff["hanna"], office.now)
            with pytest.raises(Hidden) as missing:
                case_for_staff(home.id, office.staff["hanna"], office.now)
            assert str(refusal.value) == str(missing.value)
            assert _leaks(refusal.value.args, canaries) == []
    with acting(office.slug, office.staff["bo"], "look"):
        case, _ = case_for_staff(Case.objects.filter(applicant=people[0]).get().id, office.staff["bo"], office.now)
        assert case.applicant_id == people[0].id


def test_no_canary_reaches_a_relative_or_what_both_adults_sign(office: Office) -> None:
    """Nor the household page, the document that both sign, the receipt, or a notice."""
    people, canaries = _planted(office)
    petra, number = office.person("Petra", "Nilsson", "19900615")
    home = form_household(
        **office.act("rut"),
        members=[(petra, "adult"), *((p.id, "child") for p in people)],
        since=office.month.since,
    )
    case = open_case(
        **office.act("rut"), applicant=petra, co_applicant=None, household=home.id,
        unit=office.units["Försörjningsstöd"], caseworker=office.members["hanna"], opened_on=office.month.since,
    )  # fmt: skip
    citizen = Actor("citizen", petra)
    with acting(office.slug, citizen, "look"):
        seen = household_seen_by_relative(petra, home.id, office.month.since, office.month.until)
        assert [m.person.masked for m in seen] == [False] + [True] * PEOPLE
        assert _leaks(seen, canaries) == []
    from tests.office import Folder

    folder = Folder(office, case, [citizen], [number])
    receipt = folder.applied(C1)
    with acting(office.slug, citizen, "look"):
        application = receipt.application
        assert len(application.document["household"]) == 1 + PEOPLE
        assert _leaks((application.document, receipt.body), canaries) == []
    with acting(office.slug, Actor("citizen", people[0].id), "look"):
        own = household_seen_by_relative(people[0].id, home.id, office.month.since, office.month.until)
        masked = {m.person.id: m.person.masked for m in own}
        assert masked[people[0].id] is False and masked[people[1].id] is True


def test_a_protected_person_gets_no_notice_and_no_error_names_one(office: Office) -> None:
    people, canaries = _planted(office)
    from handslag.domain.tasks.operations import queue_notices

    subject = office.case().case.id
    queue_notices(**office.act("hanna"), subject=subject, persons=[p.id for p in people], kind="decision")
    with acting(office.slug, office.staff["hanna"], "look"):
        assert not Notice.objects.exists()
        found = [person_by_identifier("personnummer", canary) for canary in canaries if len(canary) == 12]
        assert len([p for p in found if p]) == PEOPLE  # the search itself finds them; who may see them is asked next
    with pytest.raises(NotPossible) as refusal:
        register_person(
            **office.act("rut"),
            new=NewPerson(
                identifier_type="personnummer", identifier=numbers("19610110", 980), given_name="A", family_name="B"
            ),
        )
    assert _leaks((refusal.value.args, refusal.value.facts), canaries) == []


def test_a_letter_to_both_does_not_name_the_protected_one_to_the_other(office: Office) -> None:
    folder = office.case(("Ove", "Öppen", "19850302"), ("Hemlinda", "Kryptisson", "19831120"))
    folder.applied()
    decision = folder.decided()
    for hidden, named in ((1, "Ove Öppen"), (0, "Hemlinda Kryptisson")):
        with acting(office.slug, TEST, "look"):
            found = Decision.objects.select_related("sheet__snapshot", "period").get(id=decision.id)
            case = Case.objects.select_related("applicant", "co_applicant").get(id=folder.case.id)
            adults = [case.applicant, case.co_applicant]
            adults[hidden].protection_level = 2
            content = letter_preview(found, case, office.now, decider="")
        text = json.dumps(content, ensure_ascii=False)
        assert full_name(adults[hidden]) not in text
        assert content["recipient"][0] == " & ".join(f"Sökande {n + 1}" if n == hidden else named for n in range(2))
        assert f"Sökande {hidden + 1}" in {line["who"] for line in content["sheet"]}
