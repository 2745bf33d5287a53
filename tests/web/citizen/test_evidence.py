"""Photos and documents: taken or told apart, locked until the scan, sent with the application or on request."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from playwright.sync_api import Page, expect

from handslag.domain.casefile.models import Message
from handslag.domain.documents.models import Document
from handslag.domain.intake.models import Application, Attachment, EvidenceRequest, InboxItem, Receipt
from handslag.domain.intake.operations import (
    MOST_FILES,
    answer_request,
    ask_applicant,
    attach_files,
    begin_correction,
    close_request,
)
from handslag.domain.tasks.models import Deadline, Notice, Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.jobs import acts, scan, watch
from handslag.web.entry import uploads
from tests.bed import ROOT
from tests.office import TEST, as_role

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(300) + b"\xff\xd9"
VIRUS = PDF.replace(b"<<>> endobj", b"<< X5O!P%@AP[4 $EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H* >> endobj")


def file(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/octet-stream")


@pytest.fixture(scope="module")
def clamd() -> Iterator[str]:
    """The simulated scanner, as a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon = subprocess.Popen([sys.executable, "-m", "simulators.clamd", str(port)], cwd=ROOT)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield f"127.0.0.1:{port}"
    daemon.terminate()
    daemon.wait(10)


def scanned(office: Any, database: Any, address: str) -> None:
    """Do the scan of everything of the office that waits for it."""
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        waiting = list(Document.objects.filter(scan_state="waiting").values_list("id", flat=True))
    with as_role(database, "worker"), override_settings(CLAMD=address):
        for document in waiting:
            scan.scan_document(tenant=tenant, document=str(document))


def states(office: Any) -> dict[str, str]:
    with acting(office.slug, TEST, "look"):
        return dict(Document.objects.filter(kind="evidence").values_list("title", "scan_state"))


def stored(office: Any, *files: SimpleUploadedFile) -> list[tuple[str, Any]]:
    """Files as the pages hand them to the operations."""
    from handslag.domain.tenancy.keys import file_key

    with acting(office.slug, TEST, "look") as door:
        tenant, key = door.the_tenant.id, file_key()
    kept = uploads.keep(tenant, key, list(files))
    return [(one.title, one.file) for one in kept if isinstance(one, uploads.Taken)]


def test_each_file_is_taken_or_told_apart_and_nothing_else_is_lost(office: Any, visit: Any) -> None:
    folder = office.case()
    draft = folder.draft()
    client = visit(office, folder.citizens[0])
    here = f"/{office.slug}/drafts/{draft.id}/files/"
    sent = [
        file("hyra.pdf", PDF),
        file("../../etc/el\u202egnp.exe", PNG),  # a picture under another name
        file("tom.pdf", b""),
        file("låst.pdf", PDF.replace(b"trailer <<>>", b"trailer << /Encrypt 5 0 R >>")),
        file("program.jpg", b"MZ" + bytes(100)),
        file("både.pdf", PDF + b"PK\x05\x06" + bytes(18)),
        file("sida.png", b"<html><script>alert(1)</script></html>"),
        file("stor.jpg", JPEG + bytes(uploads.LARGEST)),
        file("x" * 300 + ".jpg", JPEG),
    ]
    page = client.post(here, {"files": sent, "photo": file("image.jpg", JPEG)})
    text = page.content.decode()
    assert page.status_code == 422
    for told in (
        "tom.pdf är tom", "låst.pdf är låst med lösenord", "program.jpg är av en sort", "både.pdf är av en sort",
        "sida.png är av en sort", "stor.jpg är för stor: högst 15 MB",
    ):  # fmt: skip
        assert told in text, told
    assert "\u202e" not in text
    with acting(office.slug, TEST, "look"):
        rows = Attachment.objects.select_related("document").filter(draft=draft).order_by("document__title")
        kept = [(row.document.title, row.document.content_type, row.document.scan_state) for row in rows]
    assert [(title[:12], kind, state) for title, kind, state in kept] == [
        ("elgnp.png", "image/png", "waiting"),
        ("hyra.pdf", "application/pdf", "waiting"),
        ("image.jpg", "image/jpeg", "waiting"),
        ("xxxxxxxxxxxx", "image/jpeg", "waiting"),
    ]
    assert max(len(title) for title, _, _ in kept) <= 120
    assert "Välj först" in client.post(here).content.decode()
    many = [file(f"{n}.jpg", JPEG) for n in range(MOST_FILES)]
    assert "fler filer än vi kan ta emot" in client.post(here, {"files": many}).content.decode()
    with acting(office.slug, TEST, "look"):
        assert Attachment.objects.filter(draft=draft).count() == 4


def test_she_takes_a_photo_with_her_application_and_it_is_locked_until_the_scan(
    citizen: Callable[..., Any],
    office: Any,
    database: Any,
    clamd: str,
    visit: Any,
    tmp_path: Path,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    folder = office.case()
    draft = folder.draft()
    (tmp_path / "IMG_0001.png").write_bytes(PNG)
    (tmp_path / "avi.pdf").write_bytes(VIRUS)
    petra = citizen(folder, width=360, java_script_enabled=False)
    petra.log_in()
    page = petra.page
    petra.goto(f"drafts/{draft.id}/costs/")
    page.get_by_label("Belopp").first.fill("6300")  # what is typed isn't lost on the way to the files
    page.get_by_role("button", name="Lägg till foton eller dokument").click()
    assert page.locator("#id_photo").get_attribute("capture") == "environment"
    page.locator("#id_photo").set_input_files(tmp_path / "IMG_0001.png")
    page.locator("#id_files").set_input_files([tmp_path / "avi.pdf"])
    page.get_by_role("button", name="Lägg till").click()
    expect(page.get_by_role("status")).to_contain_text("sparat med din ansökan")
    expect(page.locator("main")).to_contain_text("kontrolleras för virus")
    picture(page, "citizen-files-360")
    page.get_by_role("link", name="Tillbaka till ansökan").last.click()
    expect(page.get_by_label("Belopp").first).to_have_value("6300")
    scanned(office, database, clamd)
    assert states(office) == {"IMG_0001.png": "clean", "avi.pdf": "infected"}
    petra.goto(f"drafts/{draft.id}/files/")
    expect(page.locator("main")).to_contain_text("har virus: ingen öppnar den")
    with acting(office.slug, TEST, "look"):
        good, bad = (Document.objects.get(title=title) for title in ("IMG_0001.png", "avi.pdf"))
        assert Task.objects.filter(subject_id=folder.case.id, kind="infected file").count() == 1
    mine, other = visit(office, folder.citizens[0]), visit(office, office.case(("Eva", "Ek", "19700101")).citizens[0])
    assert mine.get(f"/{office.slug}/evidence/{good.id}/").headers["Location"].startswith("http://files.localhost")
    assert "files.localhost" not in mine.get(f"/{office.slug}/evidence/{bad.id}/").headers["Location"]
    assert other.get(f"/{office.slug}/evidence/{good.id}/").status_code == 404
    page.get_by_role("button", name="Ta bort avi.pdf").click()
    expect(page.locator("main")).not_to_contain_text("avi.pdf")
    petra.goto(f"drafts/{draft.id}/check/")
    page.get_by_role("button", name="Gå vidare och skriv under").click()
    page.get_by_role("button", name="Skriv under med e-legitimation").click()
    petra.identify()
    expect(page.locator("main")).to_contain_text("Kvittonummer")
    with acting(office.slug, TEST, "look"):
        application = Application.objects.get(id=draft.id)
        assert application.document["attachments"] == [
            {"document": str(good.id), "title": "IMG_0001.png", "digest": good.digest, "size": good.size,
             "content_type": "image/png"}
        ]  # fmt: skip
        assert Receipt.objects.get(application=application).body["attachments"] == [
            {"document": str(good.id), "digest": good.digest}
        ]
    assert axe(new_page(petra, f"applications/{draft.id}/")) == []


def new_page(petra: Any, path: str) -> Page:
    """The same log-in in a window with scripts (axe needs them)."""
    context = petra.page.context.browser.new_context(viewport={"width": 360, "height": 800}, locale="sv-SE")
    context.add_cookies(petra.page.context.cookies())
    page = context.new_page()
    page.goto(petra.url(path))
    return page


def test_a_scanner_that_is_away_or_fails_unlocks_nothing(office: Any, database: Any, clamd: str) -> None:
    folder = office.case()
    draft = folder.draft()
    by = office.by(folder.citizens[0])
    sent = stored(office, file("a.pdf", PDF), file("b.txt", b"SCAN-ERROR"))
    attach_files(**{**by, "now": by["now"] - timedelta(days=2)}, draft=draft.id, files=sent)
    with acting(office.slug, TEST, "look"):
        draft.refresh_from_db()
    assert folder.signed(draft) is not None  # the application is accepted all the same
    for address in ("", "127.0.0.1:9"):
        scanned(office, database, address)
    assert set(states(office).values()) == {"waiting"}
    told = status(database)
    assert "no virus scanner is set" in told
    waiting = int(told.partition("virus scan")[2].split()[0])
    scanned(office, database, clamd)
    assert states(office) == {"a.pdf": "clean", "b.txt": "waiting"}
    told = status(database, HANDSLAG_CLAMD=clamd)
    assert f"virus scan      {waiting - 1} files waiting, the oldest for " in told
    assert "see whether the scanner answers" in told  # the office's clock stood at two days ago


def status(database: Any, **told: str) -> str:
    """What the operator is told."""
    command = [sys.executable, "-m", "handslag.cli.main", "status"]
    environment = {**database.environment(), "HANDSLAG_CLAMD": "", **told}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False).stdout


def test_asked_for_by_a_day_and_answered_by_photo_or_message(
    office: Any, citizen: Any, visit: Any, tmp_path: Path, axe: Callable[[Page], list[str]], picture: Any
) -> None:
    couple = office.case(("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505"), email="x@example.org")
    sent = couple.applied()
    until = office.today + timedelta(days=7)
    told = {"case": couple.case.id, "period": couple.period().id, "text": "Vi behöver se hyresavin.", "until": until}
    asked = ask_applicant(**office.act("hanna"), person=None, wanted=["Hyresavi", " "], **told)
    private = ask_applicant(
        **office.act("hanna"), person=couple.citizens[1].id, wanted=[], **{**told, "text": "Ditt läkarintyg"}
    )
    for wrong, code in (({"text": " "}, "empty request"), ({"until": office.today}, "day to answer")):
        with pytest.raises(NotPossible, match=code):
            ask_applicant(**office.act("hanna"), person=None, wanted=[], **{**told, **wrong})
    other = office.case(("Nils", "Annan", "19850506"))
    waiting = other.applied()
    with pytest.raises(Hidden):  # the month of another case
        ask_applicant(**office.act("hanna"), person=None, wanted=[], **{**told, "period": other.period().id})
    with acting(office.slug, TEST, "look"):
        assert InboxItem.objects.get(application_id=waiting.application_id).state == "waiting"
    with acting(office.slug, TEST, "look"):
        item = InboxItem.objects.get(application_id=sent.application_id)
        assert (item.state, item.answer_by) == ("asked", until)
        assert Notice.objects.filter(kind="request").count() == 3
    client = visit(office, couple.citizens[0])
    assert "läkarintyg" not in client.get(f"/{office.slug}/my/").content.decode()
    assert client.get(f"/{office.slug}/requests/{private.id}/").status_code == 404
    with pytest.raises(Hidden):
        answer_request(**office.by(couple.citizens[0]), asked=private.id, files=[], text="jag")
    (tmp_path / "hyra.jpg").write_bytes(JPEG)
    (tmp_path / "tom.pdf").write_bytes(b"")
    amira = citizen(couple, width=320)
    amira.log_in()
    page = amira.page
    picture(page, "citizen-my-asked-320")
    page.get_by_role("link", name="Läs och svara").click()
    expect(page.locator("main")).to_contain_text("Hyresavi")
    assert axe(page) == []
    page.get_by_role("button", name="Skicka").click()
    expect(page.get_by_role("alert")).to_contain_text("Välj ett foto eller en fil")
    page.get_by_label("Eller skriv till oss").fill("Avin kom i går")
    page.locator("#id_files").set_input_files([tmp_path / "hyra.jpg", tmp_path / "tom.pdf"])
    page.get_by_role("button", name="Skicka").click()
    expect(page.locator("main")).to_contain_text("tom.pdf är tom")
    expect(page.locator("main")).to_contain_text("hyra.jpg")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert axe(page) == []
    picture(page, "citizen-request-320")
    with acting(office.slug, TEST, "look"):
        row = EvidenceRequest.objects.select_related("deadline").get(id=asked.id)
        assert (row.state, row.deadline.state) == ("answered", "kept")
        assert Message.objects.get(case=couple.case).text == "Avin kom i går"
        assert Task.objects.filter(subject_id=couple.case.id, kind="evidence", state="open").count() == 1
        assert InboxItem.objects.get(application_id=sent.application_id).state == "asked"  # Yusuf is still asked
    answer_request(**office.by(couple.citizens[1]), asked=private.id, files=[], text="Det kommer i morgon")
    with acting(office.slug, TEST, "look"):
        assert InboxItem.objects.get(application_id=sent.application_id).state == "taken"
    with pytest.raises(Conflict):
        close_request(**office.act("hanna"), asked=asked.id, version=1)
    close_request(**office.act("hanna"), asked=asked.id, version=row.version)
    with pytest.raises(NotPossible, match="closed"):
        answer_request(**office.by(couple.citizens[0]), asked=asked.id, files=[], text="en sak till")
    couple.decided()
    with acting(office.slug, TEST, "look"):
        assert not EvidenceRequest.objects.filter(case=couple.case).exclude(state="closed").exists()


def test_a_day_that_passes_is_told_to_a_person_and_nothing_follows(
    office: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = office.case()
    folder.applied()
    until = office.today + timedelta(days=2)
    asked = ask_applicant(
        **office.act("hanna"), case=folder.case.id, period=folder.period().id, person=None, text="Hyran?", wanted=[],
        until=until,
    )  # fmt: skip
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])
    for days, state, tasks in ((2, "running", 0), (3, "missed", 1), (4, "missed", 1)):
        moment = office.now + timedelta(days=days)
        monkeypatch.setattr(watch.clock, "now", lambda moment=moment: moment)
        with as_role(database, "worker"):
            watch.watch_deadlines(timestamp=0)
        monkeypatch.undo()
        monkeypatch.setattr(acts, "tenants", lambda: [tenant])
        with acting(office.slug, TEST, "look"):
            assert Deadline.objects.get(id=asked.deadline_id).state == state
            assert Task.objects.filter(kind="evidence late").count() == tasks
            assert InboxItem.objects.get(case=folder.case).state == "asked"
    done = answer_request(**office.by(folder.citizens[0]), asked=asked.id, files=[], text="Här är den")  # late: taken
    assert done.state == "answered"


def test_a_correction_takes_the_files_along_and_can_add_one(office: Any) -> None:
    folder = office.case()
    draft = folder.draft()
    by = office.by(folder.citizens[0])
    attach_files(**by, draft=draft.id, files=stored(office, file("a.pdf", PDF)))
    with acting(office.slug, TEST, "look"):
        draft.refresh_from_db()
    sent = folder.signed(draft)
    assert sent is not None
    again = begin_correction(**by, application=sent.application_id)
    attach_files(**by, draft=again.id, files=stored(office, file("b.pdf", PDF)))
    with acting(office.slug, TEST, "look"):
        again.refresh_from_db()
    receipt = folder.signed(again)
    assert receipt is not None
    with acting(office.slug, TEST, "look"):
        document = Application.objects.get(id=receipt.application_id).document
    assert [one["title"] for one in document["attachments"]] == ["a.pdf", "b.pdf"]
    assert document["corrects"]["changed"] == [{"part": "attachments", "code": "attachments"}]


def test_she_says_which_line_a_file_shows(office: Any, visit: Any) -> None:
    folder = office.case()
    draft = folder.draft()
    client, here = visit(office, folder.citizens[0]), f"/{office.slug}/drafts/{draft.id}/files/"
    page = client.get(here).content.decode()
    assert '<option value="costs:RENT::0">Hyra 6 200</option>' in page
    assert client.post(here, {"files": file("avi.pdf", PDF), "line": "costs:RENT::0"}).status_code == 302
    assert client.post(here, {"files": file("annat.pdf", PDF), "line": "costs:GLASSES::0"}).status_code == 302
    assert "visar: Hyra 6 200" in client.get(here).content.decode()
    refused = client.post(here, {"files": file("tom.pdf", b""), "line": "costs:RENT::0"}).content.decode()
    assert '<option value="costs:RENT::0" selected>' in refused  # what she chose isn't lost with a file
    with acting(office.slug, TEST, "look"):
        draft.refresh_from_db()
    sent = folder.signed(draft)
    again = begin_correction(**office.by(folder.citizens[0]), application=sent.application_id)
    with acting(office.slug, TEST, "look"):
        rows = Attachment.objects.filter(draft=again).order_by("document__title")
        assert list(rows.values_list("document__title", "line")) == [("annat.pdf", None), ("avi.pdf", "costs:RENT::0")]
