"""Documents on request: named, on a ground; a person gives one of the case, or says why not; kept at the asker's."""

from __future__ import annotations

from datetime import timedelta
from errno import ENOSPC
from typing import Any
from uuid import UUID

import psycopg
import pytest
from procrastinate.jobs import Job

from handslag.connectors.store.local import LocalStore
from handslag.domain.documents.operations import record_scan
from handslag.domain.exchange.models import Message
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import acts, watch
from handslag.jobs.acts import store_of
from handslag.jobs.exchange import keep_documents, not_kept
from handslag.kernel import clock
from handslag.messages.case_transfer.message import Ground
from handslag.messages.document_request.message import MOST, Given
from handslag.web.entry.files import document_for
from tests.bed import Database
from tests.exchange import PAPER, Pair, Side, given
from tests.office import TEST, open_office
from verifier import verify

LEASE, DECISION = "Hyresavtalet för Provgatan 1", "Beslutet för oktober"


@pytest.fixture(scope="module")
def offices(database: Database) -> Any:
    made = open_office(database.connect, "fragar"), open_office(database.connect, "ger")
    database.close_connections()
    return made


@pytest.fixture
def pair(database: Database, offices: Any) -> Pair:
    """The person that is asked about has a case at both."""
    here, there = offices
    made = Pair(database, Side(here), Side(there), here.case(), here.now)
    assert there.case().numbers == made.folder.numbers
    return made


def queued(database: Database, message: UUID) -> int:
    """How many jobs wait that keep what was given on this request."""
    with psycopg.connect(database.admin) as admin:
        sql = "SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE %s AND args->>'message' = %s"
        row = admin.execute(sql, ["%:keep_documents", str(message)]).fetchone()
        assert row
        return int(row[0])


def test_what_is_given_is_kept_with_its_provenance_and_locked_until_it_is_scanned(
    pair: Pair, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pair.wanted(LEASE, DECISION)
    pair.settle()
    theirs = pair.answerer.message(asked.message_id)
    assert (theirs.about_id is not None, theirs.level, pair.answerer.tasks()) == (True, 0, ["question"])
    answer = pair.gave(asked, given(1), Given(number=2, reason="OTHER_AUTHORITY"))
    pair.settle()
    assert pair.states(asked) == ("delivered", "accepted with changes", "")
    assert (pair.asker.tasks(), queued(database, pair.asker.message(asked.message_id).id)) == (["question answered"], 1)
    assert pair.asker.message(answer.message_id).digest == answer.digest
    later = pair.now + timedelta(minutes=6)
    monkeypatch.setattr(acts, "tenants", lambda: [pair.asker.key])
    with monkeypatch.context() as then, psycopg.connect(database.admin) as admin:
        admin.execute("DELETE FROM procrastinate_jobs WHERE task_name LIKE '%:keep_documents'")
        admin.commit()
        then.setattr(clock, "now", lambda: later)
        assert [watch.enqueue_forgotten() for _ in range(2)] == [1, 0]  # its job was lost: queued once more, once
    assert queued(database, pair.asker.message(asked.message_id).id) == 1
    (document,) = pair.keeps(asked)
    assert [one.id for one in pair.keeps(asked)] == [document.id]  # run again: once
    with acting(pair.asker.office.slug, TEST, "look"):
        assert not_kept(later) == []
    found = (document.title, document.provenance, document.scan_state, document.digest, document.content_type)
    file = given(1).file
    assert file and found == ("hyresavtal.pdf", "authority", "waiting", file.digest, "application/pdf")
    office = pair.asker.office
    with acting(office.slug, office.staff["hanna"], "open") as door:
        plain = b"".join(store_of(door.the_tenant.id, file_key()).read(UUID(document.store_key)))
        with pytest.raises(Hidden):
            document_for(document.id, office.staff["hanna"], pair.now)
    assert plain == PAPER
    record_scan(**office.by(system("virus scan")), document=document.id, clean=True, detail="")
    with acting(office.slug, office.staff["hanna"], "open"):
        assert document_for(document.id, office.staff["hanna"], pair.now).id == document.id
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[office.slug, pair.answerer.office.slug], at=pair.now)
    assert [(one.rule, one.table, one.text) for one in report.errors] == []


def no_room(*_: Any) -> None:
    """A store on a full disk."""
    raise OSError(ENOSPC, "No space left on device")


def test_what_could_not_be_kept_is_tried_again_for_weeks(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pair.wanted(LEASE)
    pair.settle()
    pair.gave(asked, given(1))
    pair.settle()
    with monkeypatch.context() as full:
        full.setattr(LocalStore, "write", no_room)
        with pytest.raises(OSError, match="No space") as stopped:
            pair.keeps(asked)
    job = Job(queue="default", lock=None, queueing_lock=None, task_name="keep_documents", attempts=200)
    again = keep_documents.get_retry_exception(stopped.value, job)
    at = again.retry_decision.retry_at if again else None
    assert at is not None and at - clock.now() > timedelta(hours=3)
    assert [one.title for one in pair.keeps(asked)] == ["hyresavtal.pdf"]


def test_refused_with_a_code_or_only_a_test_nothing_is_kept(pair: Pair, database: Database) -> None:
    refused = pair.wanted(LEASE)
    test = pair.wanted(LEASE, test=True)
    pair.settle()
    pair.gave(refused, Given(number=1, reason="NO_GROUND"))
    pair.gave(test, given())
    pair.settle()
    assert pair.states(refused) == ("delivered", "rejected", "NO_GROUND")
    assert pair.states(test)[:2] == ("delivered", "accepted")
    for one in (refused, test):
        assert queued(database, pair.asker.message(one.message_id).id) == 0
    assert pair.keeps(refused) == []


def test_a_file_is_what_it_is_called_and_a_message_is_never_too_large(pair: Pair) -> None:
    """The largest crosses whole; a program that is called a picture is refused, and says so to who sent it."""
    large, picture = pair.wanted(LEASE), pair.wanted(LEASE)
    pair.settle()
    most = PAPER[:-6] + b" " * (MOST - len(PAPER)) + PAPER[-6:]
    with pytest.raises(NotPossible, match="files too large"):
        pair.gave(large, given(1, most), given(2))
    pair.gave(large, given(1, most))
    lie = pair.gave(picture, given(1, b"MZ" + b"\0" * 60, "bild.png", "image/png"))
    pair.settle()
    assert (pair.states(large)[1], pair.asker.message(picture.message_id).business) == ("accepted", "")
    (document,) = pair.keeps(large)
    assert (document.size, pair.keeps(picture)) == (MOST, [document])
    sent = pair.answerer.message(lie.message_id)
    assert (sent.transport, sent.code, pair.answerer.tasks()[-1]) == ("rejected", "200", "message not delivered")


def test_a_ground_is_needed_and_nothing_is_given_of_a_household_in_which_somebody_is_protected(pair: Pair) -> None:
    to_come = Ground(basis="consent", text="Ja", consented_on=pair.today.replace(year=pair.now.year + 1, day=1))
    with pytest.raises(NotPossible, match="consent day"):
        pair.wanted(LEASE, ground=to_come)
    asked = [pair.wanted(LEASE) for _ in range(3)]
    pair.settle()
    there = pair.answerer.office
    if "sara" not in there.staff:
        there.admit("sara", "Sara Skydd", "registrar", clearance=3)
    key = pair.answerer.message(asked[0].message_id).person_id

    def protect(level: int) -> None:
        with acting(there.slug, TEST, "look"):
            version = Person.objects.get(id=key).version
        set_protection(**pair.act(pair.answerer, "sara"), person=key, level=level, address_level=level, version=version)

    waiting = pair.gave(asked[0], given())
    protect(1)
    with pytest.raises(NotPossible, match="assess first"):
        pair.gave(asked[1], given(), who="bo")
    assessed = pair.gave(asked[1], given(), who="bo", assessed="Hon har bett om det.")
    assert (assessed.level, "bett om det" in assessed.content) == (1, False)
    pair.settle()
    # sealed before she was marked: it never left
    assert pair.answerer.message(waiting.message_id).transport == "taken back"
    assert [pair.asker.message(one.message_id).business for one in asked[:2]] == ["", "accepted"]
    protect(2)
    with pytest.raises(NotPossible, match="protected exchange"):
        pair.gave(asked[2], given(), who="bo", assessed="Hon har bett om det.")
    refused = pair.gave(asked[2], Given(number=1, reason="NO_GROUND"), who="bo")
    assert len(pair.answerer.rows(Message, id=refused.id)) == 1
