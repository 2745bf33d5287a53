"""Somebody registered twice: both records side by side, merged by two registrars, found once, undone by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.audit.models import ReadEntry
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import close_case, move_out, open_case
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.people.models import Merge
from handslag.domain.people.operations.merges import confirm_merge, propose_merge
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person, set_protection
from handslag.domain.tenancy.door import Actor, acting
from tests.domain.test_merges import ended, second_case, two_files
from tests.office import TEST, Folder


def _again(office: Any, number: str = "T-7788") -> Any:
    """Petra, registered once more by a temporary number."""
    new = NewPerson(
        identifier_type="temporary", identifier=number, given_name="Petra", family_name="Nilsson Ek",
        address_lines=["Tillfälliga gatan 3"], postcode="990 02", city="Provstad",
    )  # fmt: skip
    return register_person(**office.act("rut"), new=new).id


def test_two_registrars_merge_and_one_undoes(
    office: Any,
    log_in: Callable[..., Page],
    server: Any,
    fine_at_both: Callable[[Page, str], None],
) -> None:
    office.admit("ragnar", "Ragnar Registrator", "registrar")
    folder, again = office.case(), _again(office)
    known = folder.case.applicant_id
    rut = log_in(office, "rut", at=server.url("desk", f"/{office.slug}/people/{again}/"))
    rut.get_by_role("link", name="Registered twice?").click()
    rut.get_by_label("Number of the other record").fill("19121212-1212")
    rut.get_by_role("button", name="Show both").click()
    expect(rut.locator("main")).to_contain_text("Nobody else with this number is registered here.")
    fine_at_both(rut, "desk-merge-find-error")
    rut.get_by_label("Number of the other record").fill(folder.numbers[0])
    rut.get_by_role("button", name="Show both").click()
    expect(rut.get_by_role("heading", level=2, name="Petra Nilsson Ek")).to_be_visible()
    assert folder.numbers[0] not in rut.url
    # who has a household and a case is the one that stays, unless she says otherwise
    expect(rut.get_by_role("radio", name=folder.numbers[0])).to_be_checked()
    rut.get_by_role("radio", name="T-7788").check()
    rut.get_by_label("How you know that it is one person").fill("Samma pass visades båda gångerna")
    rut.get_by_role("button", name="Propose").click()
    expect(rut.locator("main")).to_contain_text("an open case: close it; a household")
    fine_at_both(rut, "desk-merge-propose-error")
    rut.get_by_role("radio", name=folder.numbers[0]).check()
    rut.get_by_role("button", name="Propose").click()
    expect(rut.get_by_role("heading", level=1)).to_have_text("Two records of one person")
    expect(rut.locator("main")).to_contain_text("A colleague who registers people has to confirm it.")
    fine_at_both(rut, "desk-merge-waits")
    rut.get_by_role("button", name="Take it back").click()
    expect(rut.get_by_role("alert")).to_contain_text("Write why")
    fine_at_both(rut, "desk-merge-error")

    ragnar = log_in(office, "ragnar", at=server.url("desk", f"/{office.slug}/people/"))
    ragnar.get_by_role("link", name="Merged records: 1 waits for a second person").click()
    fine_at_both(ragnar, "desk-merges")
    ragnar.get_by_role("link", name="Petra Nilsson · Petra Nilsson Ek").click()
    ragnar.get_by_role("button", name="It is one person: merge").click()
    expect(ragnar.get_by_role("button", name="Undo the merge")).to_be_visible()
    fine_at_both(ragnar, "desk-merge-holds")

    # found by either number and either name, once; the record that leads on leads there
    for words in ("T-7788", folder.numbers[0], "Nilsson Ek", "Petra Nilsson"):
        ragnar.goto(server.url("desk", f"/{office.slug}/people/?q={words}"))
        expect(ragnar.get_by_role("row")).to_have_count(2)
        expect(ragnar.get_by_role("cell", name=folder.numbers[0])).to_be_visible()
    ragnar.goto(server.url("desk", f"/{office.slug}/people/{again}/"))
    expect(ragnar).to_have_url(server.url("desk", f"/{office.slug}/people/{known}/"))
    expect(ragnar.locator("main")).to_contain_text("T-7788")
    expect(ragnar.locator("main")).to_contain_text("Another record of the same person leads here.")
    fine_at_both(ragnar, "desk-person-merged")
    ragnar.get_by_role("link", name="Show both").click()
    ragnar.get_by_label("Why").fill("De är systrar")
    ragnar.get_by_role("button", name="Undo the merge").click()
    expect(ragnar.locator("main")).to_contain_text("De är systrar")
    fine_at_both(ragnar, "desk-merge-undone")
    ragnar.goto(server.url("desk", f"/{office.slug}/people/{again}/"))
    expect(ragnar.get_by_role("heading", level=1)).to_have_text("Petra Nilsson Ek")
    with acting(office.slug, TEST, "look"):
        assert ReadEntry.objects.filter(subject=again, what="person", outcome="read").exists()


def test_who_proposed_it_cannot_confirm_and_who_is_not_cleared_sees_nothing(office: Any, desk: Any) -> None:
    office.admit("rakel", "Rakel Registrator", "registrar", clearance=3)
    folder, again = office.case(), _again(office)
    known = folder.case.applicant_id
    merge = propose_merge(**office.act("rut"), gone=again, kept=known, reason="Samma pass")
    rut, path = desk(office, "rut"), f"/people/merges/{merge.id}/"
    answer = rut.open(path, act="confirm", version="1")
    assert answer.status_code == 422 and "A colleague has to take the next step" in answer.text
    with acting(office.slug, TEST, "look"):
        assert ReadEntry.objects.filter(subject=merge.id, outcome="refused").exists()
        assert Merge.objects.get().confirmed_at is None
    assert rut.open(path, act="confirm", version="7").status_code == 422
    set_protection(**office.act("rakel"), person=known, version=1, level=2, address_level=2)
    confirm_merge(**office.act("rakel"), merge=merge.id, version=1)
    for where in (path, f"/people/{again}/", f"/people/{known}/", f"/people/{again}/merge/"):
        assert rut.open(where).status_code == 404, where
    for words in ("T-7788", "Nilsson Ek", folder.numbers[0]):
        assert "No hit" in rut.open(f"/people/?q={words}").text
    assert "Petra" not in rut.open("/people/merges/").text
    assert "Petra" in desk(office, "rakel").open("/people/merges/").text


@pytest.mark.parametrize("who", ["hanna", "bo", "ulla", "alva"])
def test_only_registrars_merge(office: Any, desk: Any, who: str) -> None:
    folder, again = office.case(), _again(office)
    merge = propose_merge(**office.act("rut"), gone=again, kept=folder.case.applicant_id, reason="Samma pass")
    her = desk(office, who)
    assert her.open("/people/merges/").status_code == 403
    assert her.open(f"/people/merges/{merge.id}/", act="confirm", version="1").status_code in (403, 404)
    with acting(office.slug, TEST, "look"):
        assert Merge.objects.get().confirmed_at is None


def test_a_file_that_was_ended_stands_beside_the_other_and_is_only_read(
    office: Any, desk: Any, log_in: Callable[..., Page], server: Any, fine_at_both: Callable[[Page, str], None]
) -> None:
    """Both had a case: the page says what goes on, the desk ends it, and from the merge on each file shows the other;
    a month that is decided there is told wherever it is worked on, proposed or decided here."""
    office.admit("ragnar", "Ragnar Registrator", "registrar")
    first, folder = two_files(office)
    gone, kept = first.case.applicant_id, folder.case.applicant_id
    rut, hanna = desk(office, "rut"), desk(office, "hanna")
    told = {"number": folder.numbers[0], "act": "propose", "kept": str(kept), "reason": "Samma pass"}
    answer = rut.open(f"/people/{gone}/merge/", **told)
    assert answer.status_code == 422
    assert "It is: a payment that the bank hasn’t confirmed." in answer.text  # her case would end with the merge
    ended(first)
    folder.applied()
    assert rut.open(f"/people/{gone}/merge/", **told).status_code == 302
    with acting(office.slug, TEST, "look"):
        merge = Merge.objects.get()
    desk(office, "ragnar").open(f"/people/merges/{merge.id}/", act="confirm", version="1")
    person = rut.open(f"/people/{kept}/").text
    assert first.case.number in person and folder.case.number in person
    month = str(office.month)
    here, there = f"/cases/{folder.case.id}/periods/{month}/", f"/cases/{first.case.id}/periods/{month}/"
    assert "This month is decided in another file of the same person" in hanna.open(here).text
    proposal = folder.assessed()
    assert "This month is decided in another file" in hanna.open(f"{here}proposal/").text
    made = propose(**office.act("hanna"), sheet=proposal.id, reasons="", language="sv")
    assert first.case.number in desk(office, "bo").open(f"/decisions/{made.id}/").text
    old = hanna.open(there).text
    assert "An earlier file" in old and folder.case.number in old and "Calculate and save" not in old
    refused = hanna.open(f"/cases/{first.case.id}/notes/", kind="note", text="Ringde i dag")
    assert refused.status_code == 403
    assert "it can only be read" in refused.text and "Ringde i dag" in refused.text
    decide(**office.act("bo"), decision=made.id, version=made.version)
    assert "Decided in both files" in rut.open(f"/people/merges/{merge.id}/").text
    # an organisation's other unit is told that there is something, and not what
    office.admit("otto", "Otto Annanstans", "caseworker", unit="Ekonomi")
    assert desk(office, "otto").open(there).status_code == 404
    page = log_in(office, "hanna")
    for name, place in (("kept", here), ("gone", there)):
        page.goto(server.url("desk", f"/{office.slug}{place}"))
        fine_at_both(page, f"desk-two-files-{name}")
    page = log_in(office, "rut", at=server.url("desk", f"/{office.slug}/people/merges/{merge.id}/"))
    fine_at_both(page, "desk-two-files-merge")


def test_of_two_open_cases_one_is_closed_with_the_merge_and_opened_by_undoing_it(
    office: Any, desk: Any, log_in: Callable[..., Page], server: Any, fine_at_both: Callable[[Page, str], None]
) -> None:
    """The page names the case before it is confirmed, and while it holds; the case says what happened to it."""
    office.admit("ragnar", "Ragnar Registrator", "registrar")
    first, folder = second_case(office), office.case()
    gone, kept = first.case.applicant_id, folder.case.applicant_id
    rut = log_in(office, "rut", at=server.url("desk", f"/{office.slug}/people/{gone}/merge/"))
    rut.get_by_label("Number of the other record").fill(folder.numbers[0])
    rut.get_by_role("button", name="Show both").click()
    expect(rut.locator("main")).to_contain_text("the merge closes the one of the record that leads on")
    fine_at_both(rut, "desk-two-cases-propose")
    rut.get_by_role("radio", name=folder.numbers[0]).check()
    rut.get_by_label("How you know that it is one person").fill("Samma pass")
    rut.get_by_role("button", name="Propose").click()
    expect(rut.locator("dl").first).to_contain_text(f"The case that is closed with it{first.case.number}")
    fine_at_both(rut, "desk-two-cases-waits")
    with acting(office.slug, TEST, "look"):
        merge = Merge.objects.get(gone_id=gone, kept_id=kept)
    path = f"/people/merges/{merge.id}/"
    assert desk(office, "ragnar").open(path, act="confirm", version="1").status_code == 302
    assert first.case.number in desk(office, "rut").open(path).text
    person = desk(office, "rut").open(f"/people/{kept}/").text
    assert first.case.number in person and folder.case.number in person
    rut.goto(server.url("desk", f"/{office.slug}{path}"))
    fine_at_both(rut, "desk-two-cases-holds")
    rut.get_by_label("Why").fill("De är systrar")
    rut.get_by_role("button", name="Undo the merge").click()
    expect(rut.locator("main")).to_contain_text("De är systrar")
    with acting(office.slug, TEST, "look"):
        assert Case.objects.get(id=first.case.id).state == "open"
    assert first.case.number not in desk(office, "rut").open(f"/people/{kept}/").text


def test_a_month_that_was_granted_to_one_of_a_couple_alone_is_told_wherever_it_is_worked_on(
    office: Any, desk: Any
) -> None:
    """She gets a decision by herself, moves in with somebody, and both apply on-line for the same month."""
    alone, (pelle, number) = office.case(), office.person("Pelle", "Provling", "19880808")
    alone.applied()
    granted = alone.decided()
    with acting(office.slug, TEST, "look"):
        alone.case.refresh_from_db()
    told = {"case": alone.case.id, "version": alone.case.version, "closed_on": office.today, "reason": "Hon flyttar"}
    close_case(**office.act("hanna"), **told)
    petra = alone.case.applicant_id
    move_out(**office.act("rut"), household=alone.case.household_id, person=petra, until=office.today)
    both = [(petra, "adult"), (pelle, "adult")]
    home = form_household(**office.act("rut"), members=both, since=office.today)
    case = open_case(
        **office.act("rut"), applicant=pelle, co_applicant=petra, household=home.id, caseworker=office.members["hanna"],
        unit=office.units["Försörjningsstöd"], opened_on=office.today,
    )  # fmt: skip
    citizens = [Actor("citizen", pelle), alone.citizens[0]]
    couple = Folder(office, case, citizens, [number, alone.numbers[0]])
    couple.applied()
    hanna, here = desk(office, "hanna"), f"/cases/{case.id}/periods/{office.month}/"

    def warned(page: str) -> bool:
        return "This month is decided in another file" in page and f"/decisions/{granted.id}/" in page

    assert warned(hanna.open(here).text)
    sheet = couple.assessed()
    assert warned(hanna.open(f"{here}proposal/").text)
    made = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    assert warned(desk(office, "bo").open(f"/decisions/{made.id}/").text)
    assert not warned(hanna.open(f"/cases/{alone.case.id}/periods/{office.month}/").text)  # nothing is decided here yet
