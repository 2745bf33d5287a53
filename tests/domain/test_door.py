"""The two doors, and the one mechanism of every write."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from allauth.account.internal.flows.login import record_authentication
from django.db import connection, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from psycopg import sql
from psycopg_pool import ConnectionPool

from handslag.config.reactions import TABLE
from handslag.domain.audit import operations as audit
from handslag.domain.audit.models import Event as EventRow
from handslag.domain.audit.models import Payload, ReadEntry, Subject
from handslag.domain.audit.operations import Done, Event, EventMissing, Reaction, hand_over, open_subject, operation
from handslag.domain.documents.models import Text
from handslag.domain.people.models import Household, Person
from handslag.domain.people.permissions import require_representation
from handslag.domain.tenancy.door import (
    Actor,
    OutsideDoor,
    UnknownTenant,
    WriteOutsideOperation,
    acting,
    at_large,
    current_door,
    system,
)
from handslag.domain.tenancy.models import Organisation, Policy, StaffUser, Unit
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import app as queue
from handslag.web.entry.pages import desk_page
from tests.office import TEST, Office

# -- outside both doors ------------------------------------------------------------------------------------------


def test_outside_the_doors_every_query_raises(office: Office) -> None:
    queries = [
        lambda: list(Person.objects.all()),
        lambda: Organisation.objects.count(),
        lambda: list(Person.objects.all().iterator()),
        lambda: connection.cursor(),
        lambda: Person.objects.raw("SELECT * FROM people_person")[0],
        lambda: connection.ensure_connection() or connection.cursor().execute("SELECT 1"),
    ]
    for query in queries:
        with pytest.raises(OutsideDoor):
            query()
    with pytest.raises(OutsideDoor), transaction.atomic():
        Person.objects.count()


def test_raw_connections_are_refused_by_the_policy_itself(office: Office, connect: Any) -> None:
    office.person("Petra", "Nilsson", "19900615")
    told = connect("web").info.dsn + f" password={connection.settings_dict['PASSWORD']}"
    tenant = _tenant(office)
    with ConnectionPool(told, min_size=1, max_size=1) as pool:
        with pool.connection() as raw, pytest.raises(psycopg.errors.InsufficientPrivilege, match="outside the door"):
            raw.execute("SELECT * FROM people_person")
        with pool.connection() as raw:
            raw.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
            assert raw.execute("SELECT count(*) FROM people_person").fetchone() == (1,)
        # the setting ended with the transaction: the next who gets this connection is refused again
        with pool.connection() as raw, pytest.raises(psycopg.errors.InsufficientPrivilege, match="outside the door"):
            raw.execute("SELECT * FROM people_person")
        with pool.connection() as raw, pytest.raises(psycopg.errors.InsufficientPrivilege, match="outside the door"):
            raw.execute("UPDATE people_person SET email = 'x@y.example'")


def test_the_job_librarys_own_pool_is_refused_too(office: Office) -> None:
    office.person("Petra", "Nilsson", "19900615")

    async def ask() -> Any:
        connector = queue.connector.get_worker_connector()
        await connector.open_async()
        try:
            return await connector.execute_query_all_async("SELECT * FROM people_person")
        finally:
            await connector.close_async()

    # In a thread: Playwright's synchronous interface keeps a loop running in this one.
    with ThreadPoolExecutor(1) as aside, pytest.raises(Exception) as refusal:
        aside.submit(lambda: asyncio.run(ask())).result()
    causes = [refusal.value, refusal.value.__cause__]
    assert any(isinstance(cause, psycopg.errors.InsufficientPrivilege) for cause in causes), causes


def _tenant(office: Office) -> int:
    with acting(office.slug, TEST, "look") as door:
        return door.the_tenant.id


def test_doors_join_only_the_same_and_never_nest(office: Office, new_office: Any) -> None:
    other = new_office()
    with acting(office.slug, TEST, "purpose") as door:
        with acting(office.slug, TEST, "purpose") as same, acting(_in(door), TEST, "purpose") as by_id:
            assert same is door is by_id
        for tenant, by, purpose in (
            (other.slug, TEST, "purpose"),
            (office.slug, system("else"), "purpose"),
            (office.slug, TEST, "else"),
        ):
            with pytest.raises(OutsideDoor), acting(tenant, by, purpose):
                pass
        with pytest.raises(OutsideDoor), at_large("else"):
            pass
    with at_large("outer") as outer:
        with at_large("inner") as inner:
            assert inner is outer
        with pytest.raises(OutsideDoor), acting(office.slug, TEST, "purpose"):
            pass
    assert current_door() is None
    with pytest.raises(UnknownTenant), acting("nowhere", TEST, "purpose"):
        pass
    assert current_door() is None


def _in(door: Any) -> int:
    return int(door.the_tenant.id)


def test_a_tenant_that_is_not_active_has_no_door(office: Office, connect: Any) -> None:
    with connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE tenancy_organisation SET active = false WHERE slug = %s", [office.slug])
    with pytest.raises(UnknownTenant), acting(office.slug, TEST, "purpose"):
        pass


def test_behind_a_tenants_door_its_own_rows_and_no_others(office: Office, new_office: Any) -> None:
    other = new_office()
    (mine, _), (theirs, _) = office.person("Petra", "A", "19900615"), other.person("Petra", "B", "19900615")
    with acting(office.slug, TEST, "look"):
        assert [p.id for p in Person.objects.all()] == [mine]
        assert not Person.objects.filter(id=theirs).exists()


def test_at_large_shows_no_row_of_any_tenant(office: Office) -> None:
    office.person("Petra", "Nilsson", "19900615")
    with at_large("look"), pytest.raises(Exception, match="outside the door"):
        list(Person.objects.all())


def test_an_acting_door_is_one_transaction_and_at_large_reads_are_none(office: Office) -> None:
    with acting(office.slug, TEST, "look"):
        assert connection.in_atomic_block
    with at_large("look"):
        assert not connection.in_atomic_block
        assert Organisation.objects.filter(slug=office.slug).exists()
    with at_large("write", writing=True):
        assert connection.in_atomic_block


# -- writes and their events -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda: Unit.objects.create(name="x"),
        lambda: Unit.objects.bulk_create([Unit(name="x")]),
        lambda: Unit.objects.update(name="x"),
        lambda: Unit.objects.filter(name="Ekonomi").delete(),
        lambda: _raw("  insert into tenancy_unit (id) values (null)"),
        lambda: _raw("/* a */ -- b\n UPDATE tenancy_unit SET name = 'x'"),
        lambda: _raw("WITH x AS (DELETE FROM tenancy_unit RETURNING 1) SELECT * FROM x"),
        lambda: _raw(sql.SQL("UPDATE {} SET name = 'x'").format(sql.Identifier("tenancy_unit"))),
    ],
)
def test_a_write_that_no_operation_carries_raises(office: Office, write: Any) -> None:
    with pytest.raises(WriteOutsideOperation), acting(office.slug, TEST, "look"):
        write()


def _raw(statement: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


class Tried(Event):
    kind = "tried"


class Followed(Event):
    kind = "followed"


@pytest.fixture
def reactions() -> Iterator[Any]:
    """`reactions({Tried: (...)})` on top of the product's table, put back afterwards."""
    ours: dict[type[Event], Any] = {Tried: (), Followed: ()}
    hand_over({**TABLE, **ours}, require_representation)
    yield lambda table: hand_over({**TABLE, **ours, **table}, require_representation)
    hand_over({**TABLE, **ours}, require_representation)


def _note(office: Office) -> dict[str, Any]:
    return {"tenant": office.slug, "by": TEST, "now": office.now}


@operation()
def open_household(*, tenant: str, by: Actor, now: datetime, fail: bool = False) -> Done[UUID]:
    """A write for these tests."""
    household = Household.objects.create(id=open_subject("household"))
    if fail:
        raise NotPossible("told to fail")
    return Done(household.id, Tried(subject=household.id, payload={"x": 1}))


@operation()
def follow(*, tenant: str | int, by: Actor, now: datetime, subject: UUID) -> Done[None]:
    """A reaction for these tests."""
    return Done(None, Followed(subject=subject))


def test_an_operation_without_events_raises_and_writes_nothing(office: Office) -> None:
    bo = office.members["bo"]

    @operation()
    def mute(*, tenant: str, by: Actor, now: datetime) -> Done[None]:
        Household.objects.create(id=open_subject("household"))
        return Done(None)

    @operation(silent=True)
    def chatty(*, tenant: str, by: Actor, now: datetime) -> Done[None]:
        return Done(None, Tried(subject=bo))

    @operation(silent=True)
    def sly(*, tenant: str, by: Actor, now: datetime) -> Done[None]:
        Policy.objects.filter(name="organisation_number").update(value="")
        return Done(None)

    for verb, said in ((mute, "0 events"), (chatty, "1 events"), (sly, "Policy")):
        with pytest.raises(EventMissing, match=said):
            verb(**_note(office))
    with acting(office.slug, TEST, "look"):
        assert not Household.objects.exists()
        assert Policy.objects.get(name="organisation_number").value


def test_the_event_commits_to_the_rows_of_its_operation(office: Office, reactions: Any) -> None:
    reactions({})
    household = open_household(**_note(office))
    with acting(office.slug, TEST, "look"):
        (event,) = EventRow.objects.filter(subject_id=household)
        payload = Payload.objects.get(id=event.id)
        row = Household.objects.get(id=household)
        subject = Subject.objects.get(id=household)
        assert audit.event_hash(vars(event)) == event.hash == subject.head
        assert audit.commitment(bytes(payload.salt), payload.body) == event.commitment
        digests = {
            model._meta.db_table: {str(household): [0, audit.canonical.digest(audit.row_form(found))]}
            for model, found in ((Household, row), (Subject, subject))
        }
    assert payload.body == {"x": 1, "rows": digests}


def test_what_a_failed_operation_collected_is_forgotten(office: Office, reactions: Any) -> None:
    reactions({Tried: (Reaction(lambda e, by, now: _fail(), causes=()),)})
    with acting(office.slug, TEST, "page") as door:
        by = {"tenant": office.slug, "by": TEST, "now": office.now}
        with pytest.raises(NotPossible), transaction.atomic():
            open_household(**by)
        with pytest.raises(NotPossible), transaction.atomic():
            open_household(**by, fail=True)
        assert not door.memory.get("events") and not door.memory.get("written")
        reactions({})
        household = open_household(**by)
    with acting(office.slug, TEST, "look"):
        assert list(Household.objects.values_list("id", flat=True)) == [household]
        assert EventRow.objects.filter(kind="tried").count() == 1


def _fail() -> None:
    raise NotPossible("a reaction fails")


def test_a_reaction_runs_before_the_one_commit_and_says_why(office: Office, reactions: Any) -> None:
    seen: list[bool] = []

    def react(event: Event, by: Actor, now: datetime) -> None:
        seen.append(connection.in_atomic_block)
        follow(tenant=office.slug, by=by, now=now, subject=event.subject)

    reactions({Tried: (Reaction(react, causes=(Followed,)),)})
    household = open_household(**_note(office))
    with acting(office.slug, TEST, "look"):
        first, second = EventRow.objects.filter(subject_id=household).order_by("seq")
    assert seen == [True]
    assert (first.kind, second.kind, second.because, second.previous) == ("tried", "followed", first.id, first.hash)


def test_a_reaction_that_fails_takes_everything_with_it(office: Office, reactions: Any) -> None:
    reactions({Tried: (Reaction(lambda e, by, now: _fail()),)})
    with pytest.raises(NotPossible):
        open_household(**_note(office))
    with acting(office.slug, TEST, "look"):
        assert not Household.objects.exists() and not EventRow.objects.filter(kind="tried").exists()


def test_a_circle_and_an_event_without_entry_are_errors_at_start(reactions: Any) -> None:
    circle = {
        Tried: (Reaction(lambda e, b, n: None, causes=(Followed,)),),
        Followed: (Reaction(lambda e, b, n: None, causes=(Tried,)),),
    }
    with pytest.raises(ValueError, match=r"circle: .*(Tried -> Followed -> Tried|Followed -> Tried -> Followed)"):
        reactions(circle)
    without = {kind: entry for kind, entry in TABLE.items() if kind is not Tried} | {Followed: ()}
    with pytest.raises(ValueError, match=r"no entry .*Tried"):
        hand_over(without, require_representation)


def test_operations_take_moments_in_utc_only(office: Office) -> None:
    with pytest.raises(ValueError, match="UTC"):
        open_household(**{**_note(office), "now": office.now.replace(tzinfo=None)})


def test_bulk_writes_know_their_rows() -> None:
    with pytest.raises(ValueError, match="knows every row"):
        Text.objects.bulk_create([], ignore_conflicts=True)


# -- the chain under concurrency ---------------------------------------------------------------------------------


@pytest.mark.parametrize("subjects", [1, 5])
def test_threads_leave_no_gap_in_any_chain(office: Office, reactions: Any, subjects: int) -> None:
    reactions({})
    keys = [open_household(**_note(office)) for _ in range(subjects)]
    trouble: list[Exception] = []

    @operation()
    def touch(*, tenant: str, by: Actor, now: datetime, first: UUID, second: UUID) -> Done[None]:
        return Done(None, Tried(subject=first), Tried(subject=second))

    def work(number: int) -> None:
        try:
            for turn in range(10):
                pair = keys[(number + turn) % subjects], keys[(number - turn) % subjects]  # in every order
                touch(**_note(office), first=pair[0], second=pair[1])
        except Exception as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    with acting(office.slug, TEST, "look"):
        total = 0
        for key in keys:
            rows = list(EventRow.objects.filter(subject_id=key).order_by("seq"))
            assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
            assert [row.previous for row in rows] == ["", *(row.hash for row in rows[:-1])]
            assert Subject.objects.get(id=key).head == rows[-1].hash
            total += len(rows)
    assert total == subjects + 6 * 10 * 2


# -- looks and refusals ------------------------------------------------------------------------------------------


def _ask(office: Office, who: str, view: Any) -> HttpResponse:
    request: HttpRequest = RequestFactory().get(f"/{office.slug}/x")
    request.counter, request.wanted = "desk", "sv"  # type: ignore[attr-defined]
    request.session = {}  # type: ignore[assignment]
    request.user = StaffUser(id=office.staff[who].id)
    record_authentication(request, request.user, method="mfa", type="totp")
    return view(request, tenant=office.slug)  # type: ignore[no-any-return]


def test_a_refusal_is_kept_although_everything_else_of_the_request_is_not(office: Office, reactions: Any) -> None:
    reactions({})
    folder = office.case()

    @desk_page("look for something")
    def view(request: Any, tenant: str) -> HttpResponse:
        audit.looked_at("inbox")
        open_household(tenant=tenant, by=request.door.the_actor, now=request.now)
        raise Hidden("case", folder.case.id)

    with acting(office.slug, TEST, "look"):
        before = Household.objects.count()
    answer = _ask(office, "hanna", view)
    with acting(office.slug, TEST, "look"):
        assert Household.objects.count() == before
        looks = list(
            ReadEntry.objects.order_by("outcome").values_list("outcome", "what", "subject", "actor_id", "purpose")
        )
    by = office.staff["hanna"].id
    assert answer.status_code == 404
    assert looks == [
        ("read", "inbox", None, by, "look for something"),
        ("refused", "case", folder.case.id, by, "look for something"),
    ]


def test_a_missing_and_a_hidden_case_give_the_same_page(office: Office) -> None:
    answers = []
    for subject in (office.case().case.id, UUID(int=0)):

        @desk_page("look for something")
        def view(request: Any, tenant: str, subject: UUID = subject) -> HttpResponse:
            raise Hidden("case", subject)

        answers.append(_ask(office, "ulla", view))
    pages = [re.sub(rb'csrfmiddlewaretoken" value="\w+"', b"", answer.content) for answer in answers]
    assert pages[0] == pages[1]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_the_actor_of_a_look_is_who_asked() -> None:
    with pytest.raises(ValueError):
        Actor("staff", None)
    with pytest.raises(ValueError):
        replace(system("x"), id=UUID(int=0))
