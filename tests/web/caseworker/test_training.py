"""An organisation for training: filled, marked everywhere, with no way out, and reset while another stays as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import expect

from handslag.demo.fill import HOUSEHOLDS, numbers
from handslag.demo.log_ins import STAFF, address_of
from handslag.domain.audit.models import Event, Payload
from handslag.domain.casefile.models import Case
from handslag.domain.decisions.models import Letter
from handslag.domain.exchange.operations.courier import directory
from handslag.domain.exchange.queries import partners
from handslag.domain.payments.models import RunFile
from handslag.domain.people.operations.staff import ask_training_reset, set_policy
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.tasks.models import Notice
from handslag.domain.tenancy.door import Actor, acting, at_large
from handslag.domain.tenancy.keys import sign
from handslag.domain.tenancy.models import Organisation, StaffMember, StaffUser, TenantKeyRow, Unit
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import examples_bind, setting
from handslag.jobs.watch import send_notices
from handslag.kernel import clock
from handslag.web.entry.files import document_for
from tests.domain.catalogue import append_only_tables, tenant_models
from tests.office import TEST, Folder, Office, open_office, process, refused, run_jobs


@pytest.fixture
def training(database: Any) -> Office:
    """An organisation for training, entered by the command."""
    return entered(database, "ovning")


def entered(database: Any, slug: str) -> Office:
    done = process(
        database, "organisation", "add", slug, "--name", "Provköpings kommun", "--code", slug, "--code-type", "övning",
        "--language", "sv", "--language", "en", "--language", "ar", "--training",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return known(slug)


def known(slug: str) -> Office:
    """The organisation as its rows are now."""
    office = Office(slug, clock.now())
    with at_large("look"):
        users = dict(StaffUser.objects.values_list("email", "id"))
    with acting(slug, TEST, "look"):
        office.units = dict(Unit.objects.values_list("name", "id"))
        members = dict(StaffMember.objects.values_list("user_id", "id"))
    for login in (*(s.login for s in STAFF), "tea"):
        user = users.get(address_of(login, slug))
        if user in members:
            office.staff[login], office.members[login] = Actor("staff", user), members[user]
    return office


def petra(office: Office) -> Folder:
    """The invented person who lives alone, with her case."""
    number = numbers(HOUSEHOLDS[0][0][2], HOUSEHOLDS[0][0][3])
    with acting(office.slug, TEST, "look"):
        person = person_by_identifier("personnummer", number)
        assert person is not None
        case = Case.objects.get(applicant=person, state="open")
    return Folder(office, case, [Actor("citizen", person.id)], [number])


def stands(database: Any, office: Office) -> str:
    """Every byte of an organisation: its rows, and its stored files."""
    told = hashlib.sha256()
    with psycopg.connect(database.admin) as admin:
        row = admin.execute("SELECT id FROM tenancy_organisation WHERE slug = %s", [office.slug]).fetchone()
        assert row is not None
        for table in sorted(tenant_models()):
            for found in admin.execute(f"SELECT t::text FROM {table} t WHERE tenant_id = %s ORDER BY id", row):  # type: ignore[arg-type]
                told.update(found[0].encode())
    for path in sorted((Path(settings.DATA) / "files" / str(row[0])).rglob("*")):
        told.update(path.read_bytes() if path.is_file() else str(path).encode())
    return told.hexdigest()


def test_it_says_so_everywhere_and_nothing_leaves_it(
    training: Office, database: Any, connect: Any, log_in: Any, axe: Any, picture: Any, monkeypatch: Any
) -> None:
    office, other = training, open_office(connect)
    with at_large("look"):
        assert Organisation.objects.get(slug=office.slug).name == "Övning: Provköpings kommun"
    system = {"name": "L", "address": "https://l.example", "units": {}, "groups": []}
    account = {"kind": "bankgiro", "number": "991-2346"}
    leaving = {"bank_folders": True, "authorities_asked": ["FK"], "debtor_account": account, "case_system": system}
    for name, value in leaving.items():
        refused("training", set_policy, **office.by(TEST), name=name, value=value)
    with acting(office.slug, TEST, "look"):
        assert (setting("authorities_asked"), setting("bank_folders"), setting("case_system")) == ([], False, {})
        assert examples_bind() and partners() == {}
    with acting(other.slug, TEST, "look"):
        assert not examples_bind()
        assert not [one for one in partners().values() if getattr(one, "slug", "") == office.slug]
    assert not [address for address in directory() if office.slug in address]
    # a decision, its letter, a payment file: they bear it, and the file gets to nobody
    folder = petra(office)
    folder.applied()
    decision = folder.decided()
    office.run()
    run_jobs(database)
    with acting(office.slug, office.staff["erik"], "look"):
        assert Letter.objects.get(decision=decision).content["organisation"]["name"].startswith("Övning: ")
        file = RunFile.objects.get().document_id
        with pytest.raises(Hidden):
            document_for(file, office.staff["erik"], office.now)
    # notices stay on this machine
    sent: list[Any] = []
    monkeypatch.setattr("handslag.jobs.watch.way_out", lambda: sent.append)
    send_notices(timestamp=0)
    with acting(office.slug, TEST, "look"):
        assert Notice.objects.filter(state="sent").exists() and not Notice.objects.filter(state="waiting").exists()
        mine = {str(key) for key in Notice.objects.values_list("id", flat=True)}
    assert not mine & {one.key for one in sent}
    kept = {path.stem for path in (Path(settings.DATA) / "training-mail" / office.slug).iterdir()}
    assert kept and kept <= mine
    # on every page, also where nobody is logged in
    page = log_in(office, "alva", by_hand=True)
    expect(page.locator(".h-training")).to_be_visible()
    page.goto(page.url.split(f"/{office.slug}/")[0] + f"/{office.slug}/training/")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        picture(page, f"training-{width}")
    assert axe(page) == []
    page.locator("main form button").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    picture(page, "training-error-1280")
    assert axe(page) == []
    page.goto(page.url.replace("desk.", "apply.").split("/training/")[0] + "/")
    expect(page.locator(".h-training")).to_be_visible()
    picture(page, "training-apply-1280")
    with pytest.raises(Hidden):
        ask_training_reset(**other.act("alva"))


def test_a_reset_leaves_every_byte_of_another_organisation(database: Any, connect: Any, log_in: Any) -> None:
    office, other = entered(database, "ovning-2"), open_office(connect)
    office.admit("tea", "Tea Trainee", "caseworker")
    folders = petra(office), other.case()
    for folder in folders:
        folder.applied()
        folder.decided()
        folder.office.run()
    run_jobs(database)
    before, ours = stands(database, other), stands(database, office)
    # the database itself lets nobody delete rows of an organisation that isn't for training, nor mark one so
    with connect("owner", autocommit=True) as owner:
        for value, slug in ((True, other.slug), (False, office.slug)):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="tenancy_organisation"):
                owner.execute("UPDATE tenancy_organisation SET training = %s WHERE slug = %s", [value, slug])
        [tenant] = owner.execute("SELECT id FROM tenancy_organisation WHERE slug = %s", [other.slug]).fetchone()
    for table in sorted(tenant_models()):
        with connect("eraser") as eraser:
            eraser.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
            try:
                deleted = eraser.execute(f"DELETE FROM {table}").rowcount
            except psycopg.errors.InsufficientPrivilege:
                deleted = 0
            eraser.rollback()
        assert deleted == 0 or append_only_tables().get(table), table  # payloads of history: what that role is for
    denied = process(database, "organisation", "reset", other.slug)
    assert denied.returncode == 1 and "is no organisation for training" in denied.stderr
    done = process(database, "organisation", "reset", office.slug)
    assert done.returncode == 0, done.stderr
    assert stands(database, other) == before
    assert stands(database, office) != ours
    again = known(office.slug)
    assert {"rut", "hanna", "bo", "alva", "tea"} <= set(again.members)
    with acting(office.slug, TEST, "look"):
        assert Case.objects.count() == len(HOUSEHOLDS)
        assert not Letter.objects.exists()
    assert said_of_reset(office)["rows"] > 100
    assert (said_of_reset(office)["times"], said_of_reset(office)["asked_by"]) == (1, "installation")
    with acting(office.slug, TEST, "look"):  # this process had opened the keys that went
        assert sign({})[0] == TenantKeyRow.objects.get(use="signing").key_id
    log_in(again, "hanna", by_hand=True)
    folder = petra(again)  # and everything can be done anew
    folder.applied()
    folder.decided()
    run_jobs(database)
    # asked for on the page, done by a job
    page = log_in(again, "alva", by_hand=True)
    page.goto(page.url.split(f"/{office.slug}/")[0] + f"/{office.slug}/training/")
    page.locator("input[name=sure]").check()
    page.locator("main form button").click()
    expect(page.locator("main [role=status]")).to_be_visible()
    run_jobs(database)
    told = said_of_reset(office)
    assert (told["times"], told["asked_by"]) == (2, str(office.staff["alva"].id))
    fine = process(database, "verify", "--tenant", office.slug, "--tenant", other.slug)
    assert fine.returncode == 0, fine.stdout


def said_of_reset(office: Office) -> dict[str, Any]:
    """What the chain says of the newest reset: the only one, since those before went with the rest."""
    with acting(office.slug, TEST, "look"):
        body: dict[str, Any] = Payload.objects.get(id=Event.objects.get(kind="training reset").id).body
        return body
