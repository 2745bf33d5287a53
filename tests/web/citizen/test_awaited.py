"""The second adult: invited, reminded once, and what follows when she doesn't sign; nobody loses what was written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handslag.domain.audit.queries import timeline
from handslag.domain.intake.models import Draft, EvidenceRequest
from handslag.domain.intake.operations import (
    ask_applicant,
    begin_correction,
    change_again,
    enter_on_paper,
    open_draft,
    record_signature,
    save_answers,
    withdraw_application,
)
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.tasks.models import Deadline, Notice, Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import acts, watch
from handslag.kernel.ids import uuid7
from tests.office import C1, TEST, as_role, refused

AMIRA, YUSUF = ("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505")


@pytest.fixture
def night(office: Any, database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`night(3)`: the job runs on the third day from now."""
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])

    def run(days: int) -> None:
        moment = office.now + timedelta(days=days)
        with monkeypatch.context() as later, as_role(database, "worker"):
            later.setattr(watch.clock, "now", lambda: moment)
            watch.watch_signatures(timestamp=0)

    return run


def told(office: Any, kind: str) -> list[str]:
    with acting(office.slug, TEST, "look"):
        return sorted(Notice.objects.filter(kind=kind).values_list("person__given_name", flat=True))


def test_she_is_reminded_once_and_then_a_person_talks_to_them(office: Any, visit: Any, night: Any) -> None:
    couple, other = office.case(AMIRA, YUSUF, email="x@example.org"), office.case(("Eva", "Ek", "19700101"))
    draft, alone = couple.draft(), other.draft()
    assert couple.signed(draft, 0) is None
    amira = visit(office, couple.citizens[0])
    with acting(office.slug, TEST, "look") as door:
        last = door.the_tenant.today(office.now) + timedelta(days=14)
    page = amira.get(f"/{office.slug}/drafts/{draft.id}/sign/").content.decode()
    assert f"senast {last.day} " in page
    night(2)
    assert told(office, "signature reminder") == []
    for day in (3, 4, 14):
        night(day)
        assert told(office, "signature reminder") == ["Yusuf"]
    with acting(office.slug, TEST, "look"):
        assert Draft.objects.get(id=draft.id).state == "signing"
        assert not Task.objects.filter(kind="not signed").exists()
    night(15)
    night(16)
    assert told(office, "not signed") == ["Amira", "Yusuf"]
    with acting(office.slug, TEST, "look"):
        assert Draft.objects.get(id=draft.id).state == "expired"
        assert Draft.objects.get(id=alone.id).state == "open"  # what nobody has signed waits as long as it likes
        task = Task.objects.get(kind="not signed")
        assert (task.subject_id, task.assignee_id) == (couple.case.id, couple.case.caseworker_id)
    with pytest.raises(NotPossible, match="ended"):
        couple.signed(draft, 1)
    for client in (amira, visit(office, couple.citizens[1])):
        my = client.get(f"/{office.slug}/my/").content.decode()
        assert "är inte skickad" in my
        assert "Ansök för" in my
    assert "är inte skickad" not in visit(office, other.citizens[0]).get(f"/{office.slug}/my/").content.decode()
    again = couple.draft()
    assert again.answers["costs"] == C1["costs"]
    assert "är inte skickad" not in amira.get(f"/{office.slug}/my/").content.decode()


def test_a_correction_a_new_signature_and_protection(office: Any, visit: Any, night: Any) -> None:
    # One that corrects, and whom no notice reaches: reminded once all the same, and what was sent counts. Another
    # application of theirs that waits beside it has its own reminder.
    couple = office.case(AMIRA, YUSUF)
    sent, by = couple.applied(), office.by(couple.citizens[0])
    draft = begin_correction(**by, application=sent.application_id)
    draft = save_answers(**by, draft=draft.id, version=draft.version, part={"message": "Hyran är höjd"})
    couple.signed(draft, 0)
    more = open_draft(**by, case=couple.case.id, month=office.month, language="sv", form="se.supplementary")
    glasses = {"costs": [{"code": "GLASSES", "amount": "900", "note": ""}]}
    couple.signed(save_answers(**by, draft=more.id, version=more.version, part=glasses), 0)
    for day in (3, 4, 15):
        night(day)
    with acting(office.slug, TEST, "look"):
        kinds = [one.kind for one in timeline([couple.case.id])]
    assert (kinds.count("signer reminded"), kinds.count("signing ended")) == (2, 2)
    my = visit(office, couple.citizens[1]).get(f"/{office.slug}/my/").content.decode()
    assert "Rättelsen för" in my and "det ni skickade tidigare gäller" in my
    assert begin_correction(**by, application=sent.application_id).answers["message"] == "Hyran är höjd"
    # A signature that was given again counts from then.
    again = office.case(("Ros", "Ek", "19880808"), ("Olle", "Ek", "19850505"), email="x@example.org")
    draft = again.draft()
    again.signed(draft, 0)
    change_again(**office.by(again.citizens[1]), draft=draft.id)
    night(20)  # it is open again: nobody waits for anybody
    office.now += timedelta(days=20)
    with acting(office.slug, TEST, "look"):
        draft.refresh_from_db()
    again.signed(draft, 1, state=f"{draft.id}/again")
    night(14)
    assert (told(office, "signature reminder"), told(office, "not signed")) == (["Ros"], [])
    # Somebody is protected in the middle: it ends at once, and no notice goes to who is protected.
    hidden = office.case(("Eva", "Al", "19880808"), ("Bo", "Al", "19850505"), email="x@example.org")
    hidden.signed(hidden.draft(), 0)
    office.admit("sara", "Sara Skydd", "registrar", clearance=3)
    with acting(office.slug, TEST, "look"):
        version = Person.objects.get(id=hidden.citizens[1].id).version
    set_protection(**office.act("sara"), person=hidden.citizens[1].id, version=version, level=2, address_level=2)
    night(1)
    assert told(office, "not signed") == ["Eva"]
    with acting(office.slug, TEST, "look"):
        assert Draft.objects.get(case=hidden.case).state == "expired"
        assert Task.objects.filter(kind="not signed", subject_id=hidden.case.id).count() == 1


def test_who_has_not_signed_on_paper_keeps_nobody_from_taking_it_back(office: Any, visit: Any) -> None:
    folder = office.case(("Petra", "Nilsson", "19850302"), ("Per", "Nilsson", "19831120"))
    petra, per = folder.citizens
    receipt = enter_on_paper(
        **office.act("rut"), key=uuid7(), case=folder.case.id, month=office.month, channel="paper", language="sv",
        answers=C1, signed_on=[petra.id], lacking=[per.id], evidence="pärm 3",
    )  # fmt: skip
    page = visit(office, petra).get(f"/{office.slug}/applications/{receipt.application_id}/")
    assert "En underskrift saknas på papperet" in page.content.decode()
    told = {"case": folder.case.id, "application": receipt.application_id, "person": per.id, "evidence": "pärm 4"}
    asked = {"case": folder.case.id, "period": folder.period().id, "person": None, "text": "Vi behöver hyresavin."}
    ask_applicant(**office.act("hanna"), **asked, wanted=[], until=office.today + timedelta(days=7))
    assert withdraw_application(**office.by(petra), application=receipt.application_id).whole
    # Nothing waits for what was taken back; a signature that comes all the same isn't kept where nobody would see it.
    refused("not in force", record_signature, **office.act("rut"), **told)
    with acting(office.slug, TEST, "look"):
        tasks = dict(Task.objects.filter(subject_id=folder.case.id).values_list("kind", "state"))
        assert tasks == {"signature missing": "done", "application withdrawn": "open"}
        assert EvidenceRequest.objects.get(case=folder.case).state == "closed"
        assert Deadline.objects.get(subject_id=folder.case.id).state == "lifted"
    assert "Vi behöver något från dig" not in visit(office, petra).get(f"/{office.slug}/my/").content.decode()
