"""Forms are data: a service is one folder, taken from citizen and paper to inbox and decision; what is routed where."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings

from handslag.domain.casefile.operations import close_case, move_in
from handslag.domain.entitlement.models import Sheet
from handslag.domain.intake import forms
from handslag.domain.intake.forms import FormError, form_of
from handslag.domain.intake.models import Application, Draft, InboxItem
from handslag.domain.intake.operations import open_draft
from handslag.domain.intake.policies import answers_problems
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from tests.bed import ROOT, Process
from tests.office import TEST
from tests.web.caseworker.conftest import Desk

GLASSES = "example.glasses"
ANSWERED = {
    "eyes-tested": "yes", "eyes-tested_on": "2026-11-02", "eyes-use": "always", "eyes-paid": "150,50",
    "eyes-optician": "Provoptik <b>",
}  # fmt: skip


def application(office: Any, **given: Any) -> Application:
    with acting(office.slug, TEST, "look"):
        return Application.objects.select_related("case").get(**given)


def waiting(office: Any) -> int:
    with acting(office.slug, TEST, "look"):
        return InboxItem.objects.exclude(state="done").count()


def test_a_service_is_one_folder_from_citizen_and_paper_to_inbox_and_decision(
    new_office: Callable[..., Any], visit: Any, server: Process
) -> None:
    office = new_office(services=[GLASSES])
    folder, other = office.case(), office.case(("Tilda", "Berg", "19790303"))
    folder.applied()
    other.applied()
    office.now += timedelta(minutes=1)
    client, drafts = visit(office, folder.citizens[0]), f"/{office.slug}/drafts/"
    offered = client.get(f"/{office.slug}/my/").content.decode()
    assert "Ansökan om glasögon" in offered and "Tilläggsansökan" in offered
    told = {"case": folder.case.id, "month": office.month, "form": GLASSES}
    where = client.post(drafts, told).headers["Location"]
    draft = where.split("/")[3]
    assert where == f"{drafts}{draft}/eyes/"
    assert client.get(f"{drafts}{draft}/household/").status_code == 404

    wrong = client.post(where, {"version": 1, "eyes-tested": "yes", "eyes-tested_on": "igår", "eyes-paid": "-5"})
    page = wrong.content.decode()
    assert wrong.status_code == 422 and 'value="igår"' in page and 'value="-5"' in page
    for words in ("Välj när de behövs.", "Skriv datumet med år, månad oc", "Skriv beloppet utan minustecken."):
        assert page.count(words) == 2, words
    assert client.post(where, {"version": 2, **ANSWERED}).headers["Location"] == f"{drafts}{draft}/costs/"
    costs = client.get(f"{drafts}{draft}/costs/").content.decode()
    assert 'value="GLASSES"' in costs and 'value="RENT"' not in costs
    row = {"version": 3, "costs-0-code": "GLASSES", "costs-0-amount": "1 200"}
    assert client.post(f"{drafts}{draft}/costs/", row).headers["Location"] == f"{drafts}{draft}/check/"
    check = client.get(f"{drafts}{draft}/check/").content.decode()
    assert "Provoptik &lt;b&gt;" in check and "150,50" in check
    assert "Receptet" in check and "Offerten på lagning" not in check
    with acting(office.slug, TEST, "look"):
        found = Draft.objects.get(id=draft)
    receipt = folder.signed(found)
    kept = application(office, id=draft)
    form = form_of(GLASSES, 1)
    assert (kept.kind, kept.form, kept.form_version) == ("service", GLASSES, 1)
    assert kept.document["form_digest"] == form.digests["form.yaml"]
    assert kept.document["texts_digest"] == form.digests["texts.sv.yaml"]
    assert kept.document["answers"]["eyes"] == {
        "tested": True, "tested_on": "2026-11-02", "use": "always", "paid": 150_50, "optician": "Provoptik <b>"
    }  # fmt: skip
    assert receipt.body["content_digest"] == kept.digest
    assert client.get(f"/{office.slug}/applications/{draft}/receipt.pdf").status_code == 200

    rut, hanna = Desk(server, office, "rut"), Desk(server, office, "hanna")
    path = f"/cases/{other.case.id}/paper/?form={GLASSES}"
    sent = {
        "key": str(uuid4()), "month": str(office.month), "channel": "paper", "language": "sv", **ANSWERED,
        "signed": str(other.case.applicant_id), "evidence": "binder", "act": "submit",
    }  # fmt: skip
    missing = rut.open(path, **sent)
    assert missing.status_code == 200 and "Write what they cost." in missing.text
    assert 'value="Provoptik &lt;b&gt;"' in missing.text
    taken = rut.open(path, **sent, **{"costs-0-code": "GLASSES", "costs-0-amount": "900"})
    assert taken.status_code == 302
    assert rut.open(f"/cases/{other.case.id}/paper/?form=example.unknown").status_code == 404
    shown = hanna.open(taken.headers["Location"].removeprefix(f"/{office.slug}")).text
    assert "Application for glasses" in shown and "The prescription" in shown and "Provoptik &lt;b&gt;" in shown

    inbox = hanna.open("/inbox/?view=unit").text
    assert inbox.count("Application for glasses") == 2 and "gone:" not in inbox
    assert waiting(office) == 4
    for case, glasses in ((folder, 1_200_00), (other, 900_00)):
        sheet = case.assessed()
        applied = applied_in(office, sheet, "costs")
        assert applied["RENT"] == 6_200_00 and applied["GLASSES"] == glasses
        shown = hanna.open(f"/cases/{case.case.id}/periods/{office.month}/")
        assert shown.status_code == 200 and "Glasses" in shown.text and "Activity support" in shown.text
        case.decided(reasons="Kostnaden är skälig")
    assert waiting(office) == 0


def applied_in(office: Any, sheet: Any, kind: str) -> dict[str, int]:
    with acting(office.slug, TEST, "look"):
        facts = Sheet.objects.select_related("snapshot").get(id=sheet.id).snapshot.facts
    return {row["code"]: row["applied" if kind == "costs" else "gross"] for row in facts[kind]}


def test_more_for_a_month_comes_on_top_and_is_routed_by_what_was_applied_for(office: Any, visit: Any) -> None:
    folder = office.case()
    by = {**office.by(folder.citizens[0]), "case": folder.case.id, "month": office.month, "language": "sv"}
    with pytest.raises(NotPossible, match="month closed"):
        open_draft(**by, form="se.supplementary")
    folder.applied()
    office.now += timedelta(minutes=1)
    with pytest.raises(NotPossible, match="month closed"):
        open_draft(**by)
    client = visit(office, folder.citizens[0])
    told = {"case": folder.case.id, "month": office.month, "form": "se.supplementary"}
    where = client.post(f"/{office.slug}/drafts/", told).headers["Location"]
    empty = client.post(where, {"version": 1, "message": "hej"})
    assert empty.status_code == 422 and empty.content.decode().count("Skriv minst en kostnad.") == 1
    row = {"version": 2, "costs-0-code": "MEDICINE", "costs-0-amount": "240"}
    assert client.post(where, row).status_code == 302
    check = client.get(where.replace("/costs/", "/check/")).content.decode()
    assert "Räkningen eller kvittot" in check
    with acting(office.slug, TEST, "look"):
        draft = Draft.objects.get(id=where.split("/")[3])
    folder.signed(draft)
    sheet = folder.assessed()
    costs = applied_in(office, sheet, "costs")
    assert (costs["RENT"], costs["MEDICINE"]) == (6_200_00, 240_00)
    assert applied_in(office, sheet, "incomes") == {"ACTIVITY_SUPPORT": 5_600_00}
    folder.decided(reasons="Kostnaden är skälig")
    assert f'value="{office.month}"' in client.get(f"/{office.slug}/my/").content.decode()
    open_draft(**by, form="se.supplementary")  # also where the month is decided
    assert f'value="{office.month}"' not in client.get(f"/{office.slug}/my/").content.decode()


def test_who_lives_otherwise_or_has_no_open_case_is_not_led_into_a_renewal(office: Any, visit: Any) -> None:
    closed, moved, known = office.case(), office.case(("Tilda", "Berg", "19790303")), office.case()
    today = office.today
    close_case(
        **office.act("hanna"), case=closed.case.id, version=closed.case.version, closed_on=today, reason="arbete"
    )
    partner, _ = office.person("Otto", "Lind", "19800808")

    move_in(**office.act("rut"), household=moved.case.household_id, person=partner, role="adult", since=today)
    for folder, words in ((closed, "avslutades nyligen"), (moved, "du söker på nytt")):
        page = visit(office, folder.citizens[0]).get(f"/{office.slug}/my/").content.decode()
        assert words in page and "Ansök för" not in page
        with pytest.raises(NotPossible, match="month closed"):
            open_draft(**office.by(folder.citizens[0]), case=folder.case.id, month=office.month, language="sv")
    assert "Ansök för" in visit(office, known.citizens[0]).get(f"/{office.slug}/my/").content.decode()


def test_a_published_version_never_changes_and_a_draft_stays_on_its_own(tmp_path: Path) -> None:
    first = tmp_path / "example.other" / "1"
    shutil.copytree(ROOT / "tests/forms" / GLASSES / "1", first)
    second = tmp_path / "example.other" / "2"
    shutil.copytree(first, second)
    with override_settings(FORM_FOLDERS=[str(tmp_path)]):
        (second / forms.PUBLISHED).unlink()
        assert forms.current("example.other").version == 1  # what isn't published isn't there
    text = second / "form.yaml"
    given = text.read_text()
    text.write_text(given.replace("eyes.paid, kind: amount", "eyes.paid, kind: amount, required: true"))
    with pytest.raises(FormError, match=r"en: eyes.paid doesn't say what to do where it is missing; sv: eyes.paid"):
        forms.publish(second)
    text.write_text(given.replace("eyes.paid, kind: amount", "eyes.paid, kind: text, lines: 2"))
    forms.publish(second)
    later = [str(tmp_path), str(tmp_path / "nothing")]  # as a process that starts later would read it
    with override_settings(FORM_FOLDERS=later):
        kinds = [form_of("example.other", version).question("eyes.paid") for version in (1, 2)]
        assert [one.kind for one in kinds if one] == ["amount", "text"]
        assert forms.current("example.other").version == 2
    words = first / "texts.sv.yaml"
    words.write_text(words.read_text().replace("Din syn", "Din tur"))
    with override_settings(FORM_FOLDERS=[*later, str(tmp_path / "more")]), pytest.raises(FormError, match="published"):
        forms.forms()
    with pytest.raises(FormError, match=r"texts.sv.yaml isn't what was published; make a new version"):
        forms.publish(first)


def test_a_condition_asks_and_discards_nothing() -> None:
    form = form_of(GLASSES, 1)
    asked = {p.field for p in answers_problems(form, {"eyes": {"tested": "yes"}}, "sv")}
    assert asked == {"eyes-tested_on", "eyes-use", "costs"}
    assert {p.field for p in answers_problems(form, {"eyes": {"tested": "no"}}, "sv")} == {"eyes-use", "costs"}
    odd = {
        "eyes": {"tested": "perhaps", "use": "never", "optician": "x" * 61},
        "costs": [{"code": "RENT", "amount": "1"}],
    }
    assert [(p.field, p.code) for p in answers_problems(form, odd, "sv")] == [
        ("eyes-tested", "choose"), ("eyes-use", "choose"), ("eyes-optician", "too long"), ("costs-0-code", "choose"),
    ]  # fmt: skip
