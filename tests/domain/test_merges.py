"""Two records of one person: by two registrars, undone by one, and no sum is another for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handslag.demo.fill import numbers
from handslag.domain.audit.models import Event as EventRow
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import (
    close_case,
    close_with_merge,
    move_out,
    open_case,
    reopen_after_merge,
    send_message,
    write_note,
)
from handslag.domain.casefile.permissions import LedOn, person_for_staff
from handslag.domain.casefile.queries import cases_beside, cases_of, cases_with
from handslag.domain.casefile.states import NoteKind
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations.appeals import lodge_appeal
from handslag.domain.decisions.queries import in_force_on
from handslag.domain.entitlement.models import PersonMonth, Sheet
from handslag.domain.entitlement.queries import before
from handslag.domain.payments.models import Booking, Payment
from handslag.domain.payments.states import LineKind
from handslag.domain.people.models import Address, CitizenLogin, Identifier, Membership, Merge, Person
from handslag.domain.people.operations.citizens import log_in_citizen
from handslag.domain.people.operations.merges import (
    OF_A_REGISTRATION,
    confirm_merge,
    end_merge,
    keys_to_persons,
    propose_merge,
)
from handslag.domain.people.operations.persons import (
    NewPerson,
    change_person,
    confirm_lowering,
    form_household,
    record_account,
    record_address,
    register_person,
    set_protection,
)
from handslag.domain.people.permissions import NotRepresented, representation_behind
from handslag.domain.people.queries import (
    is_gone,
    kept_for,
    merges_held,
    number_of_log_in,
    numbers_of,
    person_by_identifier,
    person_by_number,
    persons_named,
    records_of,
    represented_by,
    seen_by_staff,
)
from handslag.domain.tenancy.door import Actor, acting, acting_door, at_large, writing
from handslag.domain.tenancy.models import Session
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, member_behind
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests.domain.test_corrections import _as_web, _told, _verified
from tests.office import TEST, Folder, Office, open_office, refused
from tests.web.citizen.test_elsewhere import auditor
from verifier import verify

BORN = date(1990, 6, 15)
WHY = "Samma pass visades båda gångerna"


@pytest.fixture
def two(office: Office) -> Office:
    """An office with two registrars."""
    office.admit("ragnar", "Ragnar Registrator", "registrar")
    return office


def _again(office: Office, number: str = "T-7788", kind: str = "temporary", **more: Any) -> UUID:
    """Somebody registered once more."""
    told = {"given_name": "Petra", "family_name": "Nilsson Ek", "birth_on": BORN, **more}
    new = NewPerson(identifier_type=kind, identifier=number, **told)
    return register_person(**office.act("rut"), new=new).id


def _merged(office: Office, gone: UUID, kept: UUID) -> Merge:
    merge = propose_merge(**office.act("rut"), gone=gone, kept=kept, reason=WHY)
    return confirm_merge(**office.act("ragnar"), merge=merge.id, version=merge.version)


def _looking(office: Office, see: Callable[[], Any]) -> Any:
    with acting(office.slug, office.staff["rut"], "look"):
        return see()


def test_it_takes_two_registrars_a_reason_and_what_was_seen(two: Office, connect: Any) -> None:
    known, again = two.case().case.applicant_id, _again(two)
    told = {"gone": again, "kept": known, "reason": WHY}
    with pytest.raises(NotAllowed):
        propose_merge(**two.act("hanna"), **told)
    refused("merge reason", propose_merge, **two.act("rut"), **told | {"reason": " "})
    merge = propose_merge(**two.act("rut"), **told)
    assert not _looking(two, lambda: is_gone(again))  # proposed isn't merged
    refused("second pair of eyes", confirm_merge, **two.act("rut"), merge=merge.id, version=1)
    refused("merged already", propose_merge, **two.act("ragnar"), **told)
    with pytest.raises(NotAllowed):
        confirm_merge(**two.act("bo"), merge=merge.id, version=1)
    with pytest.raises(Conflict):
        confirm_merge(**two.act("ragnar"), merge=merge.id, version=2)
    alone = "UPDATE people_merge SET confirmed_by_id = proposed_by_id, confirmed_at = now() WHERE id = %s"
    with connect("web", autocommit=True) as web, pytest.raises(psycopg.errors.CheckViolation, match="by_two"):
        _as_web(web, merge.tenant_id, alone, merge.id)
    confirm_merge(**two.act("ragnar"), merge=merge.id, version=1)
    with pytest.raises(Conflict):
        confirm_merge(**two.act("ragnar"), merge=merge.id, version=2)
    refused("merge reason", end_merge, **two.act("rut"), merge=merge.id, version=2, reason="")
    end_merge(**two.act("rut"), merge=merge.id, version=2, reason="De är systrar")
    with pytest.raises(Conflict):
        end_merge(**two.act("rut"), merge=merge.id, version=3, reason="De är systrar")
    other = propose_merge(**two.act("ragnar"), **told)
    end_merge(**two.act("rut"), merge=other.id, version=1, reason="Ska utredas")
    with acting(two.slug, TEST, "look"):
        for subject in (known, again):
            kinds = EventRow.objects.filter(subject_id=subject, kind__contains="merge").order_by("seq")
            assert list(kinds.values_list("kind", flat=True)) == [
                "merge proposed", "records merged", "merge undone", "merge proposed", "merge taken back",
            ]  # fmt: skip


def test_who_cannot_be_one_person_or_by_whom_something_goes_on_is_not_merged(two: Office) -> None:
    folder = two.case()
    known, rut = folder.case.applicant_id, two.act("rut")

    def no(code: str, gone: UUID, kept: UUID) -> None:
        refused(code, propose_merge, **rut, gone=gone, kept=kept, reason=WHY)

    no("one record", known, known)
    no("other birth day", _again(two, "T-0001", birth_on=date(1990, 6, 16)), known)
    no("other number", _again(two, numbers("19900615", 900), "personnummer"), known)
    again = _again(two)
    set_protection(**rut, person=again, version=1, level=0, address_level=0)
    no("goes on", known, again)  # her home and her case stay where they are: the other can go
    alone = _again(two, "T-0004")
    form_household(**rut, members=[(alone, "adult")], since=two.month.since)
    no("goes on", alone, known)
    # three records of one person: all lead to one, none to one that leads on
    third = _again(two, "T-0005")
    merge = _merged(two, again, known)
    no("merged already", again, third)
    no("merged already", third, again)
    no("merged already", known, third)
    _merged(two, third, known)
    assert _looking(two, lambda: records_of(known)) == {known, again, third}
    end_merge(**rut, merge=merge.id, version=2, reason="Fel")
    assert _looking(two, lambda: records_of(known)) == {known, third}


def test_every_row_that_names_her_holds_a_merge_back(two: Office) -> None:
    """Whatever it is, by itself: a table made later is among them."""
    folder, again = two.case(), _again(two)
    folder.applied()
    folder.decided()
    tables = [(model, key) for model, key in keys_to_persons() if model not in OF_A_REGISTRATION]
    assert len(tables) > 25
    people: set[tuple[str, UUID]] = set()
    with acting(two.slug, TEST, "look"):
        for model, key in tables:
            row = model.objects.filter(**{f"{key.name}__isnull": False}).first()
            if row is not None:
                people.add((model._meta.db_table, getattr(row, key.attname)))
    filled = {"casefile_case", "intake_signature", "payments_payment", "entitlement_personmonth"}
    assert filled <= {table for table, _ in people}
    for _, person in people:
        refused("goes on", propose_merge, **two.act("rut"), gone=person, kept=again, reason=WHY)


def test_nothing_is_written_to_a_record_that_leads_to_another(two: Office) -> None:
    known, again, rut = two.case().case.applicant_id, _again(two), two.act("rut")
    merge = _merged(two, again, known)
    details = {"given_name": "P", "family_name": "N", "email": "", "telephone": "", "language": "sv"}
    with pytest.raises(Hidden):
        change_person(**rut, person=again, version=1, **details)
    with pytest.raises(Hidden):
        set_protection(**rut, person=again, version=1, level=1, address_level=1)
    with pytest.raises(Hidden):
        record_account(**rut, person=again, kind="bban", clearing="9020", number="1234566")
    address = {"lines": ["X 1"], "postcode": "1", "city": "X", "since": two.today}
    with pytest.raises(Hidden):
        record_address(**rut, person=again, version=1, **address)
    with pytest.raises(IntegrityError, match="merged into another"):
        form_household(**rut, members=[(again, "adult")], since=two.month.since)
    refused("person known", register_person, **rut, new=_new("T-7788"))
    end_merge(**rut, merge=merge.id, version=2, reason="De är systrar")
    change_person(**rut, person=again, version=1, **details)
    form_household(**rut, members=[(again, "adult")], since=two.month.since)


def _new(number: str) -> NewPerson:
    return NewPerson(identifier_type="temporary", identifier=number, given_name="X", family_name="Y")


def test_a_row_that_was_begun_before_waits_for_the_merge_and_is_refused(two: Office, connect: Any) -> None:
    """Whoever merges holds the record: the key of a row that names it waits, and what was merged meanwhile is seen."""
    known, again = two.case().case.applicant_id, _again(two)
    merge = propose_merge(**two.act("rut"), gone=again, kept=known, reason=WHY)
    insert = (
        "INSERT INTO people_membership (id, tenant_id, household_id, person_id, role, since) "
        "SELECT gen_random_uuid(), tenant_id, household_id, %s, 'child', since FROM people_membership LIMIT 1"
    )
    with connect("web") as web, ThreadPoolExecutor(1) as beside:
        web.execute("SELECT set_config('app.tenant', %s, true)", [str(merge.tenant_id)])
        with acting(two.slug, two.staff["ragnar"], "confirm") as door, writing(door):
            confirm_merge(**two.act("ragnar"), merge=merge.id, version=1)
            tried = beside.submit(web.execute, insert, [again])
            with pytest.raises(TimeoutError):
                tried.result(timeout=0.5)
        with pytest.raises(psycopg.errors.RestrictViolation, match="merged into another"):
            tried.result(timeout=10)


def test_what_was_written_between_proposal_and_confirmation_is_seen(two: Office) -> None:
    known, again = two.case().case.applicant_id, _again(two)
    merge = propose_merge(**two.act("rut"), gone=again, kept=known, reason=WHY)
    form_household(**two.act("rut"), members=[(again, "adult")], since=two.month.since)
    refused("goes on", confirm_merge, **two.act("ragnar"), merge=merge.id, version=1)


def test_she_is_found_by_both_numbers_and_both_names_and_shown_once(two: Office) -> None:
    folder = two.case()
    known, again = folder.case.applicant_id, _again(two)
    merge = _merged(two, again, known)

    def found() -> tuple[Any, ...]:
        member = member_behind(acting_door(), two.now)
        named = [person.id for person in persons_named("Petra", member)]
        old = [person.id for person in persons_named("nilsson ek", member)]
        by_number = {getattr(person_by_number(n, member), "id", None) for n in ("T-7788", folder.numbers[0])}
        by_type = person_by_identifier("temporary", "T-7788")
        seen = seen_by_staff(member, [Person.objects.get(id=known)])[known].identifier
        every = [number.value for number in numbers_of([known])[known]]
        return named, old, by_number, getattr(by_type, "id", None), seen, every

    number = folder.numbers[0]
    assert _looking(two, found) == ([known], [known], {known}, known, number, [number, "T-7788"])
    with pytest.raises(Hidden):
        _looking(two, lambda: person_for_staff(again, two.staff["rut"], two.now))
    end_merge(**two.act("rut"), merge=merge.id, version=2, reason="De är systrar")
    named, old, by_number, by_type, seen, every = _looking(two, found)
    assert (set(named), old, by_number, by_type) == ({known, again}, [again], {known, again}, again)
    assert (seen, every) == (number, [number])


def test_a_number_that_came_later_is_the_one_she_is_asked_about_by(two: Office) -> None:
    """Registered by a temporary number, with a case; then once more by her personnummer, with nothing."""
    rut, number = two.act("rut"), numbers("19900615", 901)
    known, again = _again(two), _again(two, number, "personnummer")
    home = form_household(**rut, members=[(known, "adult")], since=two.month.since)
    case = open_case(
        **rut, applicant=known, co_applicant=None, household=home.id, unit=two.units["Försörjningsstöd"],
        caseworker=two.members["hanna"], opened_on=two.today,
    )  # fmt: skip
    _merged(two, again, known)
    assert _looking(two, lambda: [n.value for n in numbers_of([known])[known]]) == [number, "T-7788"]
    assert _looking(two, lambda: [c.id for c in cases_of(person_by_identifier("personnummer", number).id)]) == [case.id]
    # she logs in by it, applies and signs: the verifier knows the number as hers, as of then
    folder = Folder(two, case, [Actor("citizen", known)], [number])
    folder.applied()


def test_both_are_as_protected_as_the_stricter_of_the_two(two: Office) -> None:
    two.admit("rakel", "Rakel Registrator", "registrar", clearance=3)
    two.admit("ragna", "Ragna Registrator", "registrar", clearance=3)
    known, again = two.case().case.applicant_id, _again(two, address_lines=["Y 1"], city="Y")
    set_protection(**two.act("rakel"), person=again, version=1, level=1, address_level=1)
    refused("less protected", propose_merge, **two.act("rakel"), gone=again, kept=known, reason=WHY)
    with pytest.raises(Hidden):
        propose_merge(**two.act("rut"), gone=again, kept=known, reason=WHY)
    set_protection(**two.act("rakel"), person=known, version=1, level=1, address_level=1)
    merge = propose_merge(**two.act("rakel"), gone=again, kept=known, reason=WHY)
    with pytest.raises(Hidden):
        confirm_merge(**two.act("ragnar"), merge=merge.id, version=1)
    confirm_merge(**two.act("ragna"), merge=merge.id, version=1)
    rakel = two.act("rakel")

    def levels() -> list[tuple[int, int]]:
        with acting(two.slug, TEST, "look"):
            return [
                (Person.objects.get(id=key).protection_level, Address.objects.get(person=key).protection_level)
                for key in (known, again)
            ]

    set_protection(**rakel, person=known, version=2, level=2, address_level=3)
    assert levels() == [(2, 3), (2, 3)]
    # less, as long as both are one, by nobody
    refused("lower merged", set_protection, **rakel, person=known, version=3, level=2, address_level=2)
    end_merge(**rakel, merge=merge.id, version=2, reason="De är systrar")
    assert levels() == [(2, 3), (2, 3)]
    set_protection(**rakel, person=known, version=3, level=2, address_level=2)
    confirm_lowering(**two.act("ragna"), person=known, version=4)
    assert levels() == [(2, 2), (2, 3)]
    # who is less protected is as protected as who she leads to from the first moment
    third = _again(two, "T-9900", address_lines=["Z 1"], city="Z")
    merge = propose_merge(**rakel, gone=third, kept=known, reason=WHY)
    confirm_merge(**two.act("ragna"), merge=merge.id, version=1)
    with acting(two.slug, TEST, "look"):
        assert Person.objects.get(id=third).protection_level == 2
        assert Address.objects.get(person=third).protection_level == 2


def test_logged_in_by_either_number_she_is_one_and_undone_nobody_stays_in(two: Office) -> None:
    number = numbers("19900615", 902)
    known, again = _again(two), _again(two, number, "personnummer")
    told = {"issuer": "https://eid.example", "acr": "loa3"}
    alone = log_in_citizen(**two.by(Actor("citizen", again)), record=again, subject="again", **told)
    _session(alone.id)
    merge = _merged(two, again, known)
    assert _sessions(alone) == []  # she who was in as the record that leads on logs in anew
    her = Actor("citizen", known)
    refused("not served on-line", log_in_citizen, **two.by(Actor("citizen", again)), record=again, subject="x", **told)
    same = log_in_citizen(**two.by(her), record=again, subject="again", **told)
    new = log_in_citizen(**two.by(her), record=again, subject="new", **told)
    own = log_in_citizen(**two.by(her), record=known, subject="own", **told)
    assert same.id == alone.id
    assert _looking(two, lambda: number_of_log_in(her, str(new.id))) == number
    assert _looking(two, lambda: number_of_log_in(her, str(own.id))) == "T-7788"
    stranger = two.case().citizens[0]
    refused("not served on-line", log_in_citizen, **two.by(stranger), record=again, subject="again", **told)
    for one in (same, own):
        _session(one.id)
    end_merge(**two.act("rut"), merge=merge.id, version=2, reason="De är systrar")
    assert _sessions(same, own) == []
    with acting(two.slug, TEST, "look"):
        assert {row.subject: row.person_id for row in CitizenLogin.objects.all()} == {
            "again": again, "new": again, "own": known,
        }  # fmt: skip
    refused("not served on-line", log_in_citizen, **two.by(her), record=known, subject="new", **told)
    log_in_citizen(**two.by(Actor("citizen", again)), record=again, subject="new", **told)


def _session(account: UUID) -> None:
    with at_large("test", writing=True):
        Session.objects.create(
            session_key=uuid7().hex, session_data="", account=account, expire_date=datetime(2099, 1, 1, tzinfo=UTC)
        )


def _sessions(*log_ins: CitizenLogin) -> list[Any]:
    """Sessions that are left of these log-ins."""
    with at_large("test"):
        return list(Session.objects.filter(account__in=[one.id for one in log_ins]).values_list("account", flat=True))


def test_another_organisation_sees_nothing_of_it(two: Office, connect: Any) -> None:
    known, again = two.case().case.applicant_id, _again(two)
    merge = _merged(two, again, known)
    other = open_office(connect, "annan")
    with acting(other.slug, TEST, "look"):
        assert kept_for(again) == again and not Merge.objects.exists()
    with pytest.raises(Hidden):
        end_merge(**other.act("rut"), merge=merge.id, version=2, reason="x")


def _sums(folder: Folder) -> list[Any]:
    """Every sum of a case that is paid, booked or shown, and whose."""
    with acting(folder.office.slug, TEST, "look"):
        sheets = Sheet.objects.order_by("id").values_list("id", "granted", "digest")
        bookings = Booking.objects.order_by("id").values_list("id", "amount", "person_id")
        payments = Payment.objects.order_by("id").values_list("id", "amount", "payee_id", "state", "pay_on")
        return [list(sheets), list(bookings), list(payments)]


@settings(max_examples=12, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(st.sampled_from(["propose", "confirm", "end", "decide", "pay"]), min_size=4, max_size=10))
def test_no_sum_is_another_by_what_is_done_with_records(two: Office, steps: list[str]) -> None:
    """Merging and undoing, in whatever order with a decision and a payment between: each month is decided and paid as
    it would have been, once, and undone everything is as it was."""
    folder = two.case()
    known, again = folder.case.applicant_id, _again(two, f"T-{uuid7().hex[:12]}")
    folder.applied()
    merge: Merge | None = None
    decided = sent = False
    for step in steps:
        before = _sums(folder)
        if step == "decide" and not decided:
            folder.decided()
            decided = True
            continue
        if step == "pay" and decided and not sent:
            two.sent()
            sent = True
            continue
        if step == "propose" and merge is None:
            merge = propose_merge(**two.act("rut"), gone=again, kept=known, reason=WHY)
        elif step == "confirm" and merge is not None and merge.confirmed_at is None:
            merge = confirm_merge(**two.act("ragnar"), merge=merge.id, version=merge.version)
        elif step == "end" and merge is not None:
            end_merge(**two.act("rut"), merge=merge.id, version=merge.version, reason="Fel")
            merge = None
        assert _sums(folder) == before
    with acting(two.slug, TEST, "look"):
        mine = Payment.objects.filter(case=folder.case)
        assert [row.amount for row in mine] == ([655_000] if decided else [])
        assert Identifier.objects.filter(person_id__in=[known, again]).count() == 2


def ended(folder: Folder) -> None:
    """What an office does with one of two files of a person: what was granted is paid, the case is closed, she has
    moved out of its household."""
    office, case = folder.office, folder.case
    office.sent()
    with acting(office.slug, TEST, "look"):
        sent = list(Payment.objects.filter(case=case, state="sent"))
        case.refresh_from_db()
    for one in sent:
        _told(office, one, LineKind.PAID)
    told = {
        "case": case.id,
        "version": case.version,
        "closed_on": office.today,
        "reason": "Samma person har ett ärende",
    }
    close_case(**office.act("hanna"), **told)
    for one in folder.citizens:
        move_out(**office.act("rut"), household=case.household_id, person=one.id, until=office.today)


def second_case(office: Office) -> Folder:
    """An open case of a person who is registered once more, by a temporary number."""
    rut = office.act("rut")
    again = _again(office, "T-9012", account=("bban", "9020", "1234566"), address_lines=["G 1"], postcode="1", city="X")
    since = (office.month - 4).since
    home = form_household(**rut, members=[(again, "adult")], since=since)
    case = open_case(
        **rut, applicant=again, co_applicant=None, household=home.id, unit=office.units["Försörjningsstöd"],
        caseworker=office.members["hanna"], opened_on=since,
    )  # fmt: skip
    return Folder(office, case, [Actor("citizen", again)], ["T-9012"])


def two_files(office: Office) -> tuple[Folder, Folder]:
    """A person with a decided case by a temporary number, and another one by her personnummer: both open."""
    first = second_case(office)
    first.on_paper(office.month)
    first.decided()
    return first, office.case()


def test_of_two_files_one_is_ended_and_stands_beside_the_other(two: Office, database: Any) -> None:
    """Refused with what goes on; each of it is ended in the product, then merged: nothing of it is rewritten, the other
    file says so, the month that is decided there is told, and undone it is as it was."""
    first, folder = two_files(two)
    gone, kept = first.case.applicant_id, folder.case.applicant_id
    told = {"gone": gone, "kept": kept, "reason": WHY}
    with pytest.raises(NotPossible) as refusal:
        propose_merge(**two.act("rut"), **told)
    assert refusal.value.facts["running"] == ["payments_payment"]  # her case and her household would end with it
    ended(first)
    before = _sums(first)
    merge = _merged(two, gone, kept)
    assert _sums(first) == before
    with acting(two.slug, two.staff["hanna"], "look"):
        member = member_behind(acting_door(), two.now)
        assert {case.id for case in cases_with(kept, member, two.now)} == {first.case.id, folder.case.id}
        assert [case.id for case in cases_with(kept, member, two.now, alone=True)] == [folder.case.id]
        assert [case.id for case in cases_beside(folder.case)] == [first.case.id]
        assert [case.id for case in cases_beside(first.case)] == [folder.case.id]
        there = in_force_on([first.case.id], two.month.since)
        assert [one.amount for one in there.values()] == [655_000]
    # the file that leads on is only read; what follows by itself from what was decided there is not lost
    note = {"case": first.case.id, "kind": NoteKind.NOTE, "text": "Ringde"}
    with pytest.raises(LedOn):
        write_note(**two.act("hanna"), **note)
    with acting(two.slug, TEST, "look"):
        paid = Payment.objects.get(case=first.case)
    _told(two, paid, LineKind.RETURNED)
    with acting(two.slug, TEST, "look"):
        assert sorted(Payment.objects.filter(case=first.case).values_list("state", "payee_id")) == sorted(
            [("returned", gone), ("blocked", gone)]
        )
    with _verified(database, two) as report:
        assert report.findings == [], report.to_text()
    end_merge(**two.act("rut"), merge=merge.id, version=2, reason="De är systrar")
    write_note(**two.act("hanna"), **note)
    with acting(two.slug, two.staff["hanna"], "look"):
        assert cases_beside(folder.case) == [] and cases_beside(first.case) == []


def test_two_open_cases_become_one_in_one_step_and_are_two_again_when_it_is_undone(two: Office) -> None:
    """The merge closes the case of the record that leads on and ends its household; undone, all is as it was."""
    first, folder = second_case(two), two.case()
    gone, kept = first.case.applicant_id, folder.case.applicant_id

    def standing() -> list[Any]:
        with acting(two.slug, TEST, "look"):
            cases = Case.objects.filter(id__in=[first.case.id, folder.case.id]).order_by("number")
            homes = Membership.objects.filter(person__in=[gone, kept]).order_by("id")
            columns = ("id", "state", "closed_on", "closed_because", "closed_by_merge", "household_id", "caseworker_id")
            return [list(cases.values(*columns)), list(homes.values())]

    before = standing()
    merge = propose_merge(**two.act("rut"), gone=gone, kept=kept, reason=WHY)
    assert standing() == before
    merge = confirm_merge(**two.act("ragnar"), merge=merge.id, version=1)
    with acting(two.slug, TEST, "look"):
        one, other = (Case.objects.get(id=case.id) for case in (first.case, folder.case))
        assert (one.state, one.closed_on, one.closed_because, other.state) == ("closed", two.today, WHY, "open")
        assert Membership.objects.get(person=gone).until == two.today
        assert Membership.objects.get(person=kept).until is None
        told = EventRow.objects.filter(subject_id=one.id).order_by("seq").last()
        assert (told.kind, told.actor_id) == ("case closed", two.staff["ragnar"].id)
    with acting(two.slug, two.staff["hanna"], "look"):
        assert [case.id for case in cases_beside(folder.case)] == [first.case.id]
    with pytest.raises(LedOn):
        write_note(**two.act("hanna"), case=first.case.id, kind=NoteKind.NOTE, text="Ringde")
    with pytest.raises(Hidden):
        reopen_after_merge(**two.act("rut"), case=first.case.id, merge=merge.id)
    report = verify(auditor(), tenants=[two.slug], at=clock.now())
    assert report.ok, report.to_text()
    end_merge(**two.act("rut"), merge=merge.id, version=2, reason="De är systrar")
    assert standing() == before
    with acting(two.slug, TEST, "look"):
        assert EventRow.objects.filter(subject_id=first.case.id).order_by("seq").last().kind == "case reopened"
    first.on_paper(two.month)  # she goes on in it
    with pytest.raises(Hidden):
        close_with_merge(**two.act("rut"), case=first.case.id, merge=merge.id)
    report = verify(auditor(), tenants=[two.slug], at=clock.now())
    assert report.ok, report.to_text()


def test_only_a_case_of_hers_alone_is_closed_with_the_merge(two: Office) -> None:
    """Who else applies or lives there isn't left behind, and nothing is closed where the other record has no case."""
    known = two.case().case.applicant_id
    rut = two.act("rut")

    def again(number: str, *others: tuple[UUID, str], couple: bool = False, since: date | None = None) -> UUID:
        person = _again(two, number)
        home = form_household(**rut, members=[(person, "adult"), *others], since=since or two.month.since)
        open_case(
            **rut, applicant=person, co_applicant=others[0][0] if couple else None, household=home.id, caseworker=None,
            unit=two.units["Försörjningsstöd"], opened_on=two.month.since,
        )  # fmt: skip
        return person

    child, (spouse, _) = two.person("Kim", "Provling", "20150505")[0], two.person("Pelle", "Provling", "19880808")
    of_two = again("T-0001", (spouse, "adult"), couple=True)
    for gone in (again("T-0002", (child, "child")), of_two, again("T-0003", since=two.today)):
        with pytest.raises(NotPossible) as refusal:
            propose_merge(**rut, gone=gone, kept=known, reason=WHY)
        assert refusal.value.facts["running"] == ["casefile_case", "people_membership"]
    alone = again("T-0004")
    without = _again(two, "T-0005")
    refused("goes on", propose_merge, **rut, gone=alone, kept=without, reason=WHY)
    _merged(two, alone, known)


def test_she_reads_her_earlier_file_and_writes_nothing_to_it(two: Office) -> None:
    first, folder = two_files(two)
    gone, kept = first.case.applicant_id, folder.case.applicant_id
    ended(first)
    her = Actor("citizen", kept)
    assert _looking(two, lambda: represented_by(kept, two.today)) == []
    merge = _merged(two, gone, kept)
    (earlier,) = _looking(two, lambda: represented_by(kept, two.today))
    assert (earlier.person_id, earlier.representative_id, earlier.scope) == (gone, kept, "see")
    through = Actor("citizen", gone, through=kept)
    with acting(two.slug, TEST, "look"):
        decision = Decision.objects.get(case=first.case)
    with acting(two.slug, through, "look"):
        assert representation_behind(through, two.now).scope == "see"
        assert [case.id for case in cases_of(gone)] == [first.case.id]
    message = {"case": first.case.id, "message": uuid7(), "text": "Hej"}
    appeal = {"appeal": uuid7(), "decision": decision.id, "text": "Fel", "files": []}
    for by, wrong in ((through, NotAllowed), (her, Hidden)):
        with pytest.raises(wrong):
            send_message(**two.by(by), **message)
        with pytest.raises(wrong):
            lodge_appeal(**two.by(by), **appeal)
    # nobody else does, and she herself not once it is undone
    stranger = two.case(("Eva", "Ek", "19700101")).citizens[0]
    assert _looking(two, lambda: represented_by(stranger.id, two.today)) == []
    end_merge(**two.act("rut"), merge=merge.id, version=2, reason="De är systrar")
    with acting(two.slug, through, "look"), pytest.raises(NotRepresented):
        representation_behind(through, two.now)


def test_months_of_both_files_count_once_for_the_job_stimulus(two: Office, database: Any) -> None:
    """Six months of support open it: those of the earlier file are hers."""
    first, folder = two_files(two)
    gone, kept = first.case.applicant_id, folder.case.applicant_id
    folder.applied()
    folder.decided()
    later = (two.month + 1).since

    def months() -> set[Any]:
        """The months that count for the record that stays."""
        with acting(two.slug, TEST, "look"):
            known = {kept: kept} | dict(merges_held().filter(kept_id=kept).values_list("gone_id", "kept_id"))
            rows = PersonMonth.objects.filter(person_id__in=list(known), since__lt=later)
            return {(row.person_id, row.since) for row in rows}

    assert {person for person, _ in months()} == {kept}
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("UPDATE entitlement_personmonth SET work_income = 1000")
    ended(first)
    earned = _looking(two, lambda: before([kept], later)[kept].earned)
    _merged(two, gone, kept)
    assert {person for person, _ in months()} == {kept, gone}
    assert _looking(two, lambda: before([kept], later)[kept].earned) == earned == 1000
