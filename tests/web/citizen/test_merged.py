"""Who was registered twice logs in by the number she has, and sees the one file; undone, each sees her own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from handslag.demo.fill import numbers
from handslag.domain.casefile.operations import open_case
from handslag.domain.decisions.models import Decision
from handslag.domain.people.operations.merges import confirm_merge, end_merge, propose_merge
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.tenancy.door import Actor, acting
from tests.domain.test_merges import ended, two_files
from tests.office import TEST, Folder
from tests.web.citizen.test_looked import look


def test_she_logs_in_by_the_number_that_came_later(office: Any, visit: Any, at_eid: Callable[..., str]) -> None:
    office.admit("ragnar", "Ragnar Registrator", "registrar")
    rut, number = office.act("rut"), numbers("19900615", 990)
    first = NewPerson(identifier_type="temporary", identifier="T-7788", given_name="Petra", family_name="Nilsson")
    known = register_person(**rut, new=first).id
    home = form_household(**rut, members=[(known, "adult")], since=(office.month - 4).since)
    case = open_case(
        **rut, applicant=known, co_applicant=None, household=home.id, unit=office.units["Försörjningsstöd"],
        caseworker=office.members["hanna"], opened_on=(office.month - 4).since,
    )  # fmt: skip
    again = NewPerson(identifier_type="personnummer", identifier=number, given_name="Petra", family_name="Nilsson")
    later = register_person(**rut, new=again).id

    def logged_in() -> Any:
        client = visit(office)
        begun = client.post(f"/{office.slug}/log-in/", {"next": f"/{office.slug}/my/"})
        client.get(at_eid(begun.url, number))
        return client

    def main(client: Any, place: str) -> str:
        text = client.get(f"/{office.slug}/{place}/").content.decode()
        return text.partition("<main")[2].partition("</main")[0]

    before = logged_in()
    assert case.number not in main(before, "my")
    merge = propose_merge(**rut, gone=later, kept=known, reason="Samma pass")
    merge = confirm_merge(**office.act("ragnar"), merge=merge.id, version=1)
    assert before.get(f"/{office.slug}/my/").status_code == 302  # logged out: she logs in anew
    petra = logged_in()
    assert petra.session["citizen"]["person"] == str(known)
    # the application that she signs by the later number counts, and who looked at either record is told
    folder = Folder(office, case, [Actor("citizen", known)], [number])
    folder.applied()
    assert "Ingen utom du" in main(petra, "looked")
    look(office, office.staff["hanna"], "person", later)
    look(office, Actor("citizen", later), "person", later)
    assert main(petra, "looked").count("dina uppgifter") == 1
    end_merge(**rut, merge=merge.id, version=2, reason="De är systrar")
    assert petra.get(f"/{office.slug}/my/").status_code == 302
    alone = logged_in()
    assert alone.session["citizen"]["person"] == str(later)
    assert case.number not in main(alone, "my")


def test_she_reads_the_file_that_she_has_by_another_record(
    office: Any, visit: Any, picture: Any, citizen: Any, axe: Any
) -> None:
    """What was decided and paid there is hers to read, line by line; what is new goes into the other."""
    office.admit("ragnar", "Ragnar Registrator", "registrar")
    first, folder = two_files(office)
    gone, kept = first.case.applicant_id, folder.case.applicant_id
    ended(first)
    with acting(office.slug, TEST, "look"):
        decision = Decision.objects.get(case=first.case)
    her = folder.citizens[0]
    before = visit(office, her)
    assert before.get(f"/{office.slug}/decisions/{decision.id}/").status_code == 404
    assert first.case.number not in before.get(f"/{office.slug}/my/").content.decode()
    merge = propose_merge(**office.act("rut"), gone=gone, kept=kept, reason="Samma pass")
    confirm_merge(**office.act("ragnar"), merge=merge.id, version=1)
    petra = citizen(folder, width=320)
    petra.log_in()
    page = petra.page
    page.get_by_role("button", name=f"Läs den tidigare akten {first.case.number}").click()
    expect(page.get_by_role("main")).to_contain_text("Du får 6")
    assert axe(page) == []
    picture(page, "citizen-earlier-file-320")
    page.goto(page.url.partition(office.slug)[0] + f"{office.slug}/decisions/{decision.id}/")
    expect(page.get_by_role("main")).to_contain_text("Hyra")
    assert axe(page) == []
    page.goto(page.url.partition(office.slug)[0] + f"{office.slug}/cases/{first.case.id}/messages/")
    expect(page.get_by_role("textbox")).to_have_count(0)
    page.get_by_role("button", name="Tillbaka till din akt i dag").click()
    expect(page.get_by_role("button", name=f"Läs den tidigare akten {first.case.number}")).to_be_visible()
    end_merge(**office.act("rut"), merge=merge.id, version=2, reason="De är systrar")
    again = visit(office, her)
    assert "tidigare akten" not in again.get(f"/{office.slug}/my/").content.decode()
