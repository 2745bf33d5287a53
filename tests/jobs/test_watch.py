"""What keeps the house in order: notices leave without content, what was forgotten is enqueued, blocks are signed."""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from pypdf import PdfReader

from handslag.cli import status
from handslag.domain.audit.models import Block, BlockLeaf, Subject
from handslag.domain.decisions.models import AppealPackage, Letter, PersonalLetter
from handslag.domain.decisions.operations.appeals import check_appeal, forward_appeal, lodge_appeal
from handslag.domain.documents.models import Document
from handslag.domain.payments.operations.other_help import decide_other_help, propose_other_help
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Notice, PrintBatch, Task
from handslag.domain.tasks.operations import finish_task, note_returned, queue_notices
from handslag.domain.tasks.queries import protection_printed
from handslag.domain.tenancy.door import acting, at_large
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.jobs import acts, roots, watch
from handslag.jobs.acts import store_of
from handslag.jobs.payments import folders
from handslag.jobs.queue import AWAY, app, defer
from handslag.kernel.ids import uuid7
from handslag.web.entry.files import document_for
from tests.bed import Database, free_port
from tests.domain.test_other_help import told_of
from tests.office import TEST, Office, open_office, refused, run_jobs
from verifier.invariants import _JOBS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def no_failed_jobs_stay(database: Database) -> Iterator[None]:
    """Jobs that fail here on purpose are nobody's trouble afterwards: `verify` looks at all of a database's."""
    yield
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("UPDATE procrastinate_jobs SET status = 'cancelled' WHERE status = 'failed'")


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Path]:
    """A mail server of its own, which shares no code with ours; gives the folder in which it keeps mail."""
    port = free_port()
    program = ROOT / "tests" / "connectors" / "notices" / "mail_server.py"
    server = subprocess.Popen([sys.executable, str(program), str(port), str(tmp_path)])
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    before = settings.SMTP
    settings.SMTP = f"smtp+plain://127.0.0.1:{port}"
    yield tmp_path
    settings.SMTP = before
    server.terminate()
    server.wait(10)


def _notices(office: Office) -> dict[str, Notice]:
    with acting(office.slug, TEST, "look"):
        return {n.address: n for n in Notice.objects.all()}


def test_a_decision_is_announced_without_content_and_a_refused_address_is_parked(
    office: Office, mailbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])  # the other tests' offices have notices of their own
    folder = office.case(
        ("Hemlig", "Mottagare", "19850302"), ("Borta", "Mottagare", "19831120"), email="petra@people.example"
    )
    gone = office.case(("Gone", "Person", "19770707"), email="gone@people.example")
    full = office.case(("Full", "Person", "19770808"), email="full@people.example")
    hidden = office.case(("Skyddad", "Person", "19660606"), email="protected@people.example")
    late = office.case(("Late", "Person", "19760909"), email="late@people.example")
    moved = office.case(("Flyttad", "Person", "19761010"), email="moved@people.example")
    for each in (folder, gone, full, hidden, late, moved):
        each.applied()
        each.decided()
    set_protection(**office.act("rut"), person=late.case.applicant_id, version=1, level=1, address_level=1)
    watch.send_notices(timestamp=0)
    mails = [json.loads(path.read_text())["content"] for path in sorted(mailbox.glob("*.json"))]
    kept = [mail for mail in mails if "petra@people.example" in mail]
    assert len(kept) == 3  # one for each adult of the couple, and the one that asked the second to sign
    # a notice's random key and the office's number may hold the digits of an amount
    said = [re.sub(r"(?mi)^Message-ID: <[0-9a-f-]{36}@", "", mail).replace(office.slug, "") for mail in mails]
    for canary in ("Hemlig", "Mottagare", "6 550", "6550", "bistånd", folder.case.number, "avslag", "bifall"):
        assert not any(canary in mail for mail in said), canary
    found = _notices(office)
    assert found["petra@people.example"].state == "sent"
    assert found["gone@people.example"].state == "parked"
    assert (found["late@people.example"].state, found["late@people.example"].trouble[:9]) == ("parked", "protected")
    assert not any("late@people.example" in mail for mail in mails)
    assert (found["full@people.example"].state, found["full@people.example"].attempts) == ("waiting", 1)
    with acting(office.slug, TEST, "look"):
        (task,) = Task.objects.filter(subject_id=gone.case.id)
    assert (task.kind, task.state) == ("notice parked", "open")
    watch.send_notices(timestamp=0)
    assert len(list(mailbox.glob("*.json"))) == len(mails)  # nothing is sent twice
    # what was taken and comes back to the sender's mailbox is a task, once; all else stays there for a person
    box = mailbox / "returned"
    monkeypatch.setattr(settings, "RETURNED", str(box))
    (returned,) = (box / "new").iterdir()
    text = returned.read_text()
    key = _notices(office)["moved@people.example"].id
    (box / "new" / "delayed").write_text(text.replace("Action: failed", "Action: delayed"))
    (box / "new" / "again").write_text(text)
    (box / "new" / "reply").write_text(f"From: a@b.example\nIn-Reply-To: <{key}@handslag.example>\n\nJag är hungrig")
    (box / "new" / "unknown").write_text(text.replace(str(key), str(uuid7())))
    (box / "new" / "garbage").write_bytes(bytes(range(256)))
    watch.take_returned(timestamp=0)
    watch.take_returned(timestamp=0)
    assert sorted(path.name[:5] for path in (box / "cur").iterdir()) == ["delay", "garba", "reply", "unkno"]
    assert not list((box / "new").iterdir())
    back = _notices(office)["moved@people.example"]
    assert (back.state, back.trouble) == ("parked", "came back: 5.1.6")
    with acting(office.slug, TEST, "look"):
        assert Task.objects.filter(kind="notice parked", subject_id=moved.case.id, state="open").count() == 1


def test_what_was_committed_but_never_enqueued_is_enqueued_once(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.now -= timedelta(minutes=10)
    folder = office.case()
    folder.applied()
    with monkeypatch.context() as lost:
        lost.setattr("handslag.jobs.queue.defer", lambda *task, **ids: None)
        decision = folder.decided()
        run = office.run()
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])  # the other tests' offices have forgotten work of their own
    assert watch.enqueue_forgotten() == 2
    watch.enqueue_forgotten()  # again, whether or not a worker has begun: nothing is made twice
    run_jobs(database)
    assert watch.enqueue_forgotten() == 0
    with acting(office.slug, TEST, "look"):
        assert Letter.objects.get(decision=decision).document_id is not None
        assert Document.objects.filter(subject_id=folder.case.id, kind="decision letter").count() == 1
        assert Document.objects.filter(subject_id=run.id, kind="payment file").count() == 1


def test_a_letter_to_one_person_and_a_package_for_the_court_are_not_forgotten_either(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.now -= timedelta(minutes=10)
    folder = office.case()
    folder.applied()
    decision = folder.decided()
    (adult,) = folder.citizens
    text = "Hyran är fel."
    appeal = lodge_appeal(**office.by(adult), appeal=uuid7(), decision=decision.id, text=text, files=[])
    seen = {"finding": "in time", "told_on": None, "why": ""}
    checked = check_appeal(**office.act("hanna"), appeal=appeal.id, version=1, **seen)
    run_jobs(database)
    help_ = propose_other_help(**told_of(folder))
    with monkeypatch.context() as lost:
        lost.setattr("handslag.jobs.queue.defer", lambda *task, **ids: None)
        forward_appeal(**office.act("hanna"), appeal=appeal.id, version=checked.version)
        letter = decide_other_help(**office.act("bo"), help_=help_.id, version=help_.version).letter_id
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])
    assert watch.enqueue_forgotten() == 2
    run_jobs(database)
    assert watch.enqueue_forgotten() == 0
    with acting(office.slug, TEST, "look"):
        assert PersonalLetter.objects.get(id=letter).document_id is not None
        assert AppealPackage.objects.filter(appeal=appeal).count() == 1


def test_a_file_that_could_not_be_put_before_the_bank_is_put_there_later(
    office: Office, database: Any, connect: Any
) -> None:
    set_policy(**office.by(TEST), name="bank_folders", value=True)
    folder = office.case()
    folder.applied()
    folder.decided()
    run = office.run()
    to, _ = folders(office.slug)
    to.parent.mkdir(parents=True)
    to.write_text("in the way, as a disk without room is")
    run_jobs(database)

    def ours(found: list[int]) -> list[int]:
        with connect("admin", autocommit=True) as admin:
            query = "SELECT id FROM procrastinate_jobs WHERE id = ANY(%s) AND args->>'run' = %s"
            return [key for (key,) in admin.execute(query, [found, str(run.id)]).fetchall()]

    def later(minutes: int) -> None:
        with connect("admin", autocommit=True) as admin:
            admin.execute(
                "UPDATE procrastinate_events SET at = at - make_interval(mins => %s) WHERE job_id IN "
                "(SELECT id FROM procrastinate_jobs WHERE args->>'run' = %s)",
                [minutes, str(run.id)],
            )

    assert ours(watch.failed_lately()) == []  # five minutes are not over
    later(6)
    assert len(ours(watch.failed_lately())) == 1
    to.unlink()
    with at_large("test", writing=True):
        defer(watch.sweep, timestamp=0)
    run_jobs(database)
    assert [path.name for path in to.glob("*")] == [f"{run.id.hex}.xml"]
    with connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE args->>'run' = %s", [str(run.id)])
    later(6)
    assert len(ours(watch.failed_lately())) == 1
    later(60 * 24)
    assert ours(watch.failed_lately()) == []  # a person may have sent it by now


def test_a_failed_job_counts_as_made_good_once_its_work_was_done(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the sweep repaired needs nobody any more, in `handslag status` as in `verify`; what nobody repaired does."""
    office.now -= timedelta(minutes=10)
    folder = office.case()
    folder.applied()
    folder.decided()
    run = office.run()
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    with psycopg.connect(database.admin, autocommit=True) as admin:

        def sql(text: str) -> list[tuple[Any, ...]]:
            done = admin.execute(text.replace("MINE", f"args->>'tenant' = '{tenant}'").encode())
            return done.fetchall() if done.description else []

        def failed_for_good() -> set[str]:
            counted = dict(sql(status._JOBS.replace("GROUP BY 1", "WHERE MINE GROUP BY 1")))
            found = sql(f"SELECT task_name FROM ({_JOBS}) x WHERE status = 'failed' AND id IN "
                        "(SELECT id FROM procrastinate_jobs WHERE MINE)")  # fmt: skip
            assert counted.get("failed", 0) == len(found)
            return {name.removeprefix("handslag:") for (name,) in found}

        def add(task: str, args: str, ends: str) -> None:
            sql("WITH one AS (INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
                f"VALUES ('default', 'handslag:{task}', '{args}') RETURNING id) SELECT * FROM one")  # fmt: skip
            for state in ("doing", ends):
                sql(f"UPDATE procrastinate_jobs SET status = '{state}' WHERE id = "
                    "(SELECT max(id) FROM procrastinate_jobs)")  # fmt: skip

        sql("UPDATE procrastinate_jobs SET status = 'failed' WHERE MINE")
        assert failed_for_good() == {"render_letter", "write_run_file"}
        monkeypatch.setattr(acts, "tenants", lambda: [tenant])
        assert watch.enqueue_forgotten() == 2
        assert failed_for_good() == {"render_letter", "write_run_file"}
        sql(f"UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'todo' AND args->>'run' = '{run.id}'")
        assert failed_for_good() == {"render_letter"}
        # Another letter of the same case has the same lock, and is another job.
        sql("INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status) SELECT queue_name, task_name, "
            "lock, args || '{\"letter\": \"x\"}', 'succeeded' FROM procrastinate_jobs WHERE MINE AND "
            "status = 'todo'")  # fmt: skip
        assert failed_for_good() == {"render_letter"}
        sql("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE MINE AND status = 'todo'")
        assert failed_for_good() == set()
        # What the job of a single thing left undone is done by the round of every minute, if that came after.
        for one, rounds in (
            ("hand_over_message", "exchange_messages"),
            ("deliver_application", "deliver_applications"),
        ):
            add(rounds, '{"timestamp": 1}', "succeeded")
            add(one, f'{{"tenant": {tenant}}}', "failed")
            assert failed_for_good() == {one}
            add(rounds, '{"timestamp": 2}', "succeeded")
            assert failed_for_good() == set()


def test_a_letter_or_file_that_cannot_be_made_becomes_a_task_once(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.now -= timedelta(minutes=10)
    folder = office.case(("漢字", "ሰላም", "19850302"))
    folder.applied()
    decision = folder.decided()
    with psycopg.connect(database.admin, autocommit=True) as admin, acting(office.slug, TEST, "look") as door:
        wrong = '{"kind": "bankgiro", "number": "5050-1056"}'  # its check digit: as it may have been set long ago
        where = "name = 'debtor_account' AND tenant_id = %s"
        admin.execute(f"UPDATE tenancy_policy SET value = %s WHERE {where}".encode(), [wrong, door.the_tenant.id])
    run = office.run()
    run_jobs(database)
    with acting(office.slug, TEST, "look") as door:
        kinds = set(Task.objects.filter(state="open").values_list("kind", "subject_id"))
        assert Letter.objects.get(decision=decision).document_id is None
        task = Task.objects.get(kind="letter refused", subject_id=folder.case.id)
        tenant = door.the_tenant.id
    assert kinds == {("letter refused", folder.case.id), ("run file refused", run.id)}
    finish_task(**office.act("hanna"), task=task.id, version=task.version)
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])
    assert watch.enqueue_forgotten() == 0  # she has sent it another way


def test_what_is_done_once_a_day_is_done_later_where_the_database_went_away() -> None:
    daily = {
        one.task for one in app.periodic_registry.periodic_tasks.values() if not re.match(r"\*\S* \* ", one.cron)
    }
    assert {"handslag:print_notices", "handslag:watch_deadlines"} <= {task.name for task in daily}
    assert [task.name for task in daily if task.retry_strategy is not AWAY] == []


def test_a_block_covers_every_head_that_moved_and_is_chained(office: Office) -> None:
    office.case()
    first = watch.sign_block(**office.by(TEST))
    assert watch.sign_block(**office.by(TEST)) is None
    office.case(("Ny", "Person", "19900101"))
    second = watch.sign_block(**office.by(TEST))
    assert first is not None
    assert second is not None
    with acting(office.slug, TEST, "look"):
        assert list(Block.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
        heads = set(Subject.objects.filter(seq__gt=0).values_list("id", "seq", "head"))
        newest = {}
        for leaf in BlockLeaf.objects.order_by("block__number"):
            newest[leaf.subject_id] = (leaf.subject_id, leaf.seq, leaf.head)
    assert set(newest.values()) == heads
    assert second.previous != ""


def test_one_organisations_failure_does_not_end_the_others_turn(
    office: Office, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = f"half-{office.slug}"
    with connect("owner", autocommit=True) as owner:  # as a first half of `organisation add` leaves it
        (key,) = owner.execute(
            "INSERT INTO tenancy_organisation (slug, name, kind, country, currency, zone, languages, code_type, code,"
            " colour, address_lines, telephone, is_tenant, active) VALUES (%s, 'Halv', 'municipality', 'SE', 'SEK',"
            " 'Europe/Stockholm', '{sv}', 'kommunkod', %s, '#1f5c7a', '{}', '', true, true) RETURNING id",
            [half, half],
        ).fetchone()
    office.case()
    set_policy(tenant=half, by=TEST, now=office.now, name="four_eyes_above", value=1)  # an event, and no key to sign it
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [key, tenant])
    with pytest.raises(acts.TenantsFailed, match=f"sign_blocks: not done for 1 organisations: {key}"):
        watch.sign_blocks(0)
    with acting(office.slug, TEST, "look"):
        assert Block.objects.count() == 1
    with connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE tenancy_organisation SET active = false WHERE id = %s", [key])


def test_blocks_that_are_gone_are_missed_and_nothing_is_signed_over_it(
    office: Office, connect: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "DATA", tmp_path)
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    office.case()
    watch.sign_heads(tenant)
    kept = roots.place(tmp_path, office.slug)
    with acting(office.slug, TEST, "look"):
        assert roots.read(kept) == {"1": Block.objects.get().root}
    before = kept.read_text()
    with connect("admin", autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM audit_blockleaf WHERE tenant_id = %s", [tenant])
        admin.execute("DELETE FROM audit_block WHERE tenant_id = %s", [tenant])
    with pytest.raises(watch.BlocksGone):
        watch.sign_heads(tenant)
    with acting(office.slug, TEST, "look"):
        assert not Block.objects.exists()
    assert kept.read_text() == before


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Path]:
    """A gateway for text messages as a process of its own; gives the folder in which it keeps them."""
    port, folder = free_port(), tmp_path / "sms"
    folder.mkdir()
    server = subprocess.Popen([sys.executable, "-m", "simulators.sms", str(port), str(folder)], cwd=ROOT)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    before = settings.SMS
    settings.SMS = f"http://:right@127.0.0.1:{port}/messages"
    yield folder
    settings.SMS = before
    server.terminate()
    server.wait(10)


def test_who_has_no_e_mail_is_told_by_text_message_and_who_has_neither_on_paper(
    office: Office, gateway: Path, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        key = file_key()
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])
    for name in ("sms_notices", "printed_notices"):
        set_policy(**office.by(TEST), name=name, value=True)
    by_phone = office.case(("Hemlig", "Mottagare", "19850302"), telephone="070-174 06 05")
    unknown = office.case(("Fel", "Nummer", "19850303"), telephone="070-174 04 04")
    busy = office.case(("Upptagen", "Nummer", "19850304"), telephone="0046 70 174 05 03")
    off = office.case(("Av", "Stängd", "19850305"), telephone="070-174 04 08")
    on_paper = office.case(("Pia", "Papper", "19600606"))
    nowhere = office.case(("Nisse", "Ingenstans", "19600707"), address_lines=[], city="", postcode="")
    unset = office.case(("漢字", "ሰላም", "19600808"))
    hidden = office.case(("Skyddad", "Person", "19660606"), telephone="070-174 06 06", protection_level=1)
    swiss = open_office(connect, "bern", "CH", sms_notices=True)
    urs, _ = swiss.person("Urs", "Muster", "19800101", telephone="079 174 06 05", account=None)
    queue_notices(**swiss.by(TEST), subject=urs, persons=[urs], kind="reminder")
    for each in (by_phone, unknown, busy, off, on_paper, nowhere, unset):
        each.applied()
        each.decided()
    queue_notices(**office.by(TEST), subject=hidden.case.id, persons=[hidden.case.applicant_id], kind="reminder")
    watch.send_notices(timestamp=0)
    watch.send_notices(timestamp=0)
    with acting(swiss.slug, TEST, "look") as door:
        monkeypatch.setattr(acts, "tenants", lambda abroad=door.the_tenant.id: [abroad])
    watch.send_notices(timestamp=0)
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])
    messages = {one["to"]: one for one in (json.loads(path.read_text()) for path in gateway.glob("*.json"))}
    assert messages.pop("+41791740605")  # as she writes it in her country, and to nobody in another
    assert messages.pop("+46701740408")  # the gateway took it; what became of it, it says when it is asked
    for _ in range(2):
        watch.ask_for_texts(timestamp=0)
    (message,) = messages.values()
    assert (message["to"], message["from"]) == ("+46701740605", "Handslag")
    for canary in ("Hemlig", "6 550", "bistånd", by_phone.case.number):
        assert canary not in message["text"]
    watch.print_notices(timestamp=0)
    watch.print_notices(timestamp=0)
    with acting(office.slug, TEST, "look"):
        found = {n.person_id: (n.channel, n.state, n.trouble) for n in Notice.objects.exclude(person=None)}
        (batch,) = PrintBatch.objects.select_related("document")
        parked = set(Task.objects.filter(kind="notice parked").values_list("subject_id", flat=True))
        document = batch.document
    assert found == {
        by_phone.case.applicant_id: ("sms", "sent", ""),
        unknown.case.applicant_id: ("sms", "parked", "notice.address_refused: status_422"),
        busy.case.applicant_id: ("sms", "waiting", "notice.deferred: status_503"),
        off.case.applicant_id: ("sms", "parked", "came back: absent"),
        on_paper.case.applicant_id: ("print", "sent", ""),
        nowhere.case.applicant_id: ("print", "parked", "no address to print"),
        unset.case.applicant_id: ("print", "parked", "can't be printed"),
    }
    assert parked == {unknown.case.id, off.case.id, nowhere.case.id, unset.case.id}
    content = b"".join(store_of(tenant, key).read(UUID(document.store_key)))
    pdf = PdfReader(io.BytesIO(content))
    assert hashlib.sha256(content).hexdigest() == batch.manifest["pdf"]["digest"] == document.digest
    assert len(pdf.pages) == len(batch.manifest["pages"]) == batch.notices == 1
    text = pdf.pages[0].extract_text()
    assert "Pia Papper" in text
    assert "Provgatan 1" in text
    assert "6 550" not in text
    # the page comes back by post: somebody is to tell her another way
    with pytest.raises(NotAllowed):
        note_returned(**office.act("hanna"), batch=batch.id, page=1)
    refused("no such page", note_returned, **office.act("rut"), batch=batch.id, page=2)
    back = note_returned(**office.act("rut"), batch=batch.id, page=1)
    assert (back.person_id, back.state, back.trouble) == (on_paper.case.applicant_id, "parked", "came back by post")
    refused("came back already", note_returned, **office.act("rut"), batch=batch.id, page=1)
    with acting(office.slug, TEST, "look"):
        assert Task.objects.filter(kind="notice parked", subject_id=on_paper.case.id, state="open").count() == 1
    office.admit("cecilia", "Cecilia Central", "registrar", clearance=2, unit="Ekonomi")

    def given(who: str) -> list[bool]:
        """Whether the pages and their manifest are given out to somebody."""
        with acting(office.slug, office.staff[who], "look"):
            found = []
            for key in (document.id, batch.listing_id):
                try:
                    found.append(document_for(key, office.staff[who], office.now).id == key)
                except Hidden:
                    found.append(False)
        return found

    assert given("rut") == [True, True]
    with acting(office.slug, TEST, "look"):
        pia = Person.objects.get(id=on_paper.case.applicant_id)
    set_protection(**office.act("rut"), person=pia.id, level=0, address_level=2, version=pia.version)
    with pytest.raises(Hidden):
        note_returned(**office.act("rut"), batch=batch.id, page=1)
    assert (given("rut"), given("cecilia")) == ([False, False], [True, True])
    with acting(office.slug, TEST, "look"):
        assert protection_printed([batch]) == {batch.id: 2}
