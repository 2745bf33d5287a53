"""Who was registered twice logs in by the number she has, and sees the one file; undone, each sees her own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handslag.demo.fill import numbers
from handslag.domain.casefile.operations import open_case
from handslag.domain.people.operations.merges import confirm_merge, end_merge, propose_merge
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.tenancy.door import Actor
from tests.office import Folder
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
