"""An appeal reaches the court whole; what came late is dismissed by two people, and by nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from handslag.connectors.letter import port
from handslag.connectors.store.port import for_tenant
from handslag.domain.audit.models import Payload
from handslag.domain.decisions.models import Appeal, AppealPackage, PersonalLetter
from handslag.domain.decisions.operations import decide, open_hearing, propose
from handslag.domain.decisions.operations.appeals import (
    check_appeal,
    dismiss_appeal,
    enter_appeal,
    forward_appeal,
    lodge_appeal,
    note_judgment,
)
from handslag.domain.decisions.operations.package import package_of
from handslag.domain.decisions.permissions import appeal_for_citizen
from handslag.domain.decisions.queries import last_day
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import record_document, record_scan
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.entitlement.operations.evidence import link_document
from handslag.domain.lookups.models import FetchedLine, LookUp
from handslag.domain.lookups.operations import NewAnswer, NewLine, answer_dispute, dispute_line, record_answers
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Deadline, Notice, Task
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict
from handslag.jobs.appeals import pack_appeal
from handslag.jobs.letters import personal_letter_from
from handslag.kernel.days import working_day_after
from handslag.kernel.ids import uuid7
from handslag.web.entry import uploads
from tests.office import TEST, Folder, Office, as_role, refused

CANARY = "kanariefågelns hemlighet"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def _couple(office: Office) -> Folder:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"), email="adult@people.example")
    folder.applied()
    return folder


def _open_tasks(folder: Folder) -> list[str]:
    with acting(folder.office.slug, TEST, "look"):
        found = Task.objects.filter(subject_id=folder.case.id, state="open").values_list("kind", flat=True)
        return sorted(kind for kind in found if kind.startswith("appeal"))


def _file(office: Office) -> list[tuple[str, Any]]:
    with acting(office.slug, TEST, "look") as door:
        tenant, key = door.the_tenant.id, file_key()
    kept = uploads.keep(tenant, key, [SimpleUploadedFile("hyra.pdf", PDF)])
    return [(one.title, one.file) for one in kept if isinstance(one, uploads.Taken)]


def test_an_appeal_in_time_changes_only_by_38_and_goes_to_the_court_whole(office: Office, database: Any) -> None:
    folder = _couple(office)
    decision = folder.decided()
    amina, yusuf = folder.citizens
    text = f"Hyran är fel. {CANARY}"
    told = {"appeal": uuid7(), "decision": decision.id, "text": text, "files": _file(office)}
    refused("no appeal", lodge_appeal, **office.by(amina), **{**told, "text": " \n ", "files": []})
    refused("long appeal", lodge_appeal, **office.by(amina), **{**told, "text": "x" * 20_001})
    for stranger in (office.case(("Eva", "Ek", "19700101")).citizens[0], system("nightly"), TEST):
        with pytest.raises(Hidden):
            lodge_appeal(**office.by(stranger), **told)
    appeal = lodge_appeal(**office.by(amina), **told)
    refused("sent already", lodge_appeal, **office.by(amina), **told)
    with pytest.raises(Hidden):  # the key is hers
        lodge_appeal(**office.by(yusuf), **told)
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        assert not any(CANARY in str(body) for body in Payload.objects.values_list("body", flat=True))
        assert Deadline.objects.get(id=appeal.deadline_id).state == "running"
        assert Notice.objects.filter(kind="appeal", member_id=office.members["hanna"]).count() == 1
        with pytest.raises(Hidden):
            appeal_for_citizen(appeal.id, yusuf)
    assert _open_tasks(folder) == ["appeal"]

    # 39 §: until it is with the court, only what 38 § says
    changed = {"sheet": folder.assessed(incomes=[]).id, "reasons": "Lönen räknades två gånger.", "language": "sv"}
    for ground in ("36", "37"):
        refused("appealed", propose, **office.act("hanna"), **changed, ground=ground)
    proposal = propose(**office.act("hanna"), **changed, ground="38")
    new = decide(**office.act("bo"), decision=proposal.id, version=proposal.version)

    seen = {"appeal": appeal.id, "version": 1, "finding": "in time", "told_on": None, "why": ""}
    with pytest.raises(Hidden):
        check_appeal(**office.by(amina), **seen)
    with pytest.raises(NotAllowed):
        check_appeal(**office.act("rut"), **seen)
    checked = check_appeal(**office.act("hanna"), **seen)
    with pytest.raises(Conflict):
        check_appeal(**office.act("hanna"), **seen)
    refused("files waiting", forward_appeal, **office.act("hanna"), appeal=appeal.id, version=checked.version)
    with acting(office.slug, TEST, "look"):
        (scan,) = Document.objects.filter(kind="appeal").values_list("id", flat=True)
    record_scan(**office.by(system("virus scan")), document=scan, clean=True, detail="")
    gone = forward_appeal(**office.act("hanna"), appeal=appeal.id, version=checked.version)
    assert gone.state == "forwarded"
    assert _open_tasks(folder) == []
    with as_role(database, "worker"):
        for _ in range(2):  # once, however often the job runs
            pack_appeal(tenant=tenant, appeal=str(appeal.id))
    assert _open_tasks(folder) == ["appeal package"]
    with acting(office.slug, TEST, "look"):
        package = AppealPackage.objects.select_related("document").get(appeal=appeal).document
        key = file_key()
    store = for_tenant(Path(settings.DATA) / "files" / str(tenant), key)
    with zipfile.ZipFile(io.BytesIO(b"".join(store.read(package.id)))) as found:
        contents = {name: found.read(name) for name in found.namelist()}
    manifest = json.loads(contents.pop("manifest.json"))
    assert {one["name"]: one["digest"] for one in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    assert PDF in contents.values()
    whole = b"".join(contents.values()).decode(errors="replace")
    for said in (CANARY, decision.number, new.number, folder.numbers[0], "Överklagandet"):
        assert said in whole, said
    # letters that no job has set yet are named, not forgotten
    assert [one["why"] for one in manifest["left_out"]] == ["brevet finns inte som PDF"] * 2

    again = {"sheet": folder.assessed().id, "reasons": "Ännu en gång.", "language": "sv"}
    refused("with the court", propose, **office.act("hanna"), **again, ground="38")
    told_then = {"appeal": appeal.id, "version": gone.version, "judgment": "Överklagandet avslås."}
    refused("appeal day", note_judgment, **office.act("hanna"), **told_then, judged_on=date(2020, 1, 1))
    with acting(office.slug, TEST, "look") as door:
        today = door.the_tenant.today(office.now)
    assert note_judgment(**office.act("hanna"), **told_then, judged_on=today).state == "judged"
    after = propose(**office.act("hanna"), **again, ground="37.3", unheard="Domen är klar i saken.")
    assert after.replaces_id == new.id


def test_the_court_reads_what_authorities_said_what_was_shown_by_the_office_and_who_was_silent(office: Office) -> None:
    folder = office.case()
    petra = folder.citizens[0]
    set_policy(**office.act("alva"), name="authorities_asked", value=["FK"])
    folder.applied()
    set_policy(**office.act("alva"), name="authorities_asked", value=[])
    with acting(office.slug, TEST, "look"):
        asked = LookUp.objects.get(case=folder.case)
    said = NewLine("Sjukpenning", "Sjukpenning", (office.month - 1).since, 560_000)
    record_answers(**office.by(TEST), look_up=asked.id, answers=[NewAnswer("FK", lines=(said,))])
    with acting(office.slug, TEST, "look"):
        (line,) = FetchedLine.objects.filter(period=folder.period())
    why = "Det var ett lån av min syster."
    wrong = dispute_line(**office.by(petra), line=line.id, reason="other", text=why, amount=None)
    answer_dispute(**office.act("hanna"), dispute=wrong.id, verdict="fetched", why="Utbetalningen syns hos FK.")
    office.now += timedelta(seconds=1)
    folder.assessed()
    ((title, one),) = _file(office)
    bill = record_document(
        **office.by(TEST), subject=folder.case.id, kind="evidence", title=title, provenance=Provenance.STAFF,
        retention=RetentionClass.PERSONAL_FILE, file=one,
    )  # fmt: skip
    record_scan(**office.by(TEST), document=bill.id, clean=True, detail="")
    link_document(**office.act("hanna"), period=folder.period().id, document=bill.id, line="costs:RENT::0")
    decision = folder.decided()
    day = office.today + timedelta(days=7)
    open_hearing(**office.act("hanna"), period=folder.period().id, about="Vi överväger att ändra.", answer_by=day)
    appeal = lodge_appeal(**office.by(petra), appeal=uuid7(), decision=decision.id, text="Fel.", files=[])
    with acting(office.slug, TEST, "look"):
        manifest, written = package_of(appeal, folder.case)
    names = {one["name"][3:]: one.get("document") for one in manifest["files"]}
    assert names["hyra.pdf"] == str(bill.id)
    words = {name[3:]: content for name, content in written.items()}
    (fetched,) = json.loads(words["uppgifter-fran-myndigheter.json"])
    assert (fetched["authority"], fetched["amount"], fetched["disputed"]["text"], fetched["answered"]["why"]) == (
        "FK", 560_000, why, "Utbetalningen syns hos FK.",
    )  # fmt: skip
    assert f"svar senast {day.isoformat()}" in words["yttrande.txt"]
    assert words["yttrande.txt"].endswith("Vi överväger att ändra.\n\nInget svar.\n")


def test_a_late_one_is_found_late_by_its_days_and_dismissed_by_another(office: Office, connect: Any) -> None:
    folder = _couple(office)
    decision = folder.decided()
    amina = folder.citizens[0]
    with acting(office.slug, TEST, "look") as door:
        today, tenant = door.the_tenant.today(office.now), door.the_tenant.id
        # a Saturday, Midsummer Eve, Christmas Eve (a Thursday before two holidays and a weekend): the next weekday
        ends = {date(2026, 3, 2): date(2026, 3, 23), date(2026, 2, 28): date(2026, 3, 23),
                date(2026, 5, 29): date(2026, 6, 22), date(2026, 12, 3): date(2026, 12, 28)}  # fmt: skip
        assert {told: last_day(told) for told in ends} == ends
        told_on = today + timedelta(days=1)
        came = last_day(told_on) + timedelta(days=1)
    later = office.now + (came - today)
    at = {"tenant": office.slug, "now": later}
    hanna, bo = {**at, "by": office.staff["hanna"]}, {**at, "by": office.staff["bo"]}
    paper = {"appeal": uuid7(), "decision": decision.id, "person": amina.id, "text": "Jag överklagar.", "files": []}
    for day in (today - timedelta(days=1), came + timedelta(days=2)):
        refused("appeal day", enter_appeal, **hanna, **paper, received_on=day)
    stranger = office.case(("Eva", "Ek", "19700101")).citizens[0]
    with pytest.raises(Hidden):
        enter_appeal(**hanna, **{**paper, "person": stranger.id}, received_on=came)
    appeal = enter_appeal(**hanna, **paper, received_on=came)
    assert (appeal.channel, appeal.state) == ("paper", "received")
    others = _couple(office)
    other = others.decided()
    # the days run from when it came; where they are over when it is entered, it goes on the next working day
    for ago, due in ((14, working_day_after(came, 1, "SE")), (2, working_day_after(came - timedelta(days=2), 5, "SE"))):
        theirs = {"appeal": uuid7(), "decision": other.id, "person": others.citizens[0].id}
        late = enter_appeal(**hanna, **paper | theirs, received_on=came - timedelta(days=ago))
        assert late.deadline.due_on == due

    said = {"appeal": appeal.id, "version": 1, "why": "Hon hämtade beslutet i receptionen."}
    refused("appeal told", check_appeal, **hanna, **said, finding="late", told_on=None)
    refused("appeal in time", check_appeal, **hanna, **said, finding="late", told_on=told_on + timedelta(days=7))
    refused("appeal late", check_appeal, **hanna, **said, finding="in time", told_on=told_on)
    refused("reasons", check_appeal, **hanna, **{**said, "why": ""}, finding="45.1", told_on=told_on)
    late = check_appeal(**bo, **said, finding="late", told_on=told_on)
    assert _open_tasks(folder) == ["appeal", "appeal late"]
    with pytest.raises(Conflict):  # nothing found late goes to the court, nor anywhere by itself
        forward_appeal(**hanna, appeal=appeal.id, version=late.version)
    why = {"appeal": appeal.id, "reasons": "Överklagandet kom in en dag för sent."}
    refused("second pair of eyes", dismiss_appeal, **bo, **why, version=late.version)
    refused("delegation", dismiss_appeal, **hanna, **why, version=late.version)

    def tried(role: str, more: str) -> None:
        with connect(role, autocommit=True) as connection, connection.transaction():
            connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
            statement = f"UPDATE decisions_appeal SET state = 'dismissed'{more} WHERE id = %s"
            connection.execute(statement.encode(), [appeal.id])

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tried("worker", "")
    with pytest.raises(psycopg.errors.CheckViolation, match="appeal_dismissed_by_two"):
        tried("web", ", dismissal = 'x', ended_by_id = checked_by_id, ended_at = now()")
    again = check_appeal(**hanna, **{**said, "version": late.version}, finding="late", told_on=told_on)
    done = dismiss_appeal(**bo, **why, version=again.version)
    assert (done.state, done.remedy.key) == ("dismissed", "appeal")
    assert _open_tasks(folder) == ["appeal dismissed"]
    with acting(office.slug, TEST, "look"):
        assert Notice.objects.filter(kind="appeal", person_id=amina.id).count() == 1
        assert Appeal.objects.get(decision=decision).deadline.state == "kept"
        letter = PersonalLetter.objects.get(id=done.letter_id)
    assert letter.person_id == amina.id and letter.content["parts"][1] == ["reasons", why["reasons"]]
    assert told_on.isoformat() in letter.content["parts"][0][1] and letter.content["remedy"] == done.remedy.body
    assert port.for_tenant().letter(personal_letter_from(letter.content)).pages == 1
    # she can appeal that too; and the decision isn't under appeal meanwhile
    more = lodge_appeal(**{**at, "by": amina}, appeal=uuid7(), decision=decision.id, text="Avvisningen.", files=[])
    assert more.number != appeal.number
