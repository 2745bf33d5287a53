"""Somebody moves: her case is handed over from its page, taken over at the other municipality, registered there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from handslag.domain.casefile.models import Case
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import change_person
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from tests.bed import Process
from tests.exchange import Pair, Side
from tests.office import TEST, open_office


def test_a_case_is_handed_over_taken_over_and_registered(
    database: Any, connect: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    here, there = open_office(connect, "harifran"), open_office(connect, "hit")
    folder = here.case(
        ("Petra", "Nilsson", "19900615"),
        children=(("Ella", "Nilsson", "20170301"),),
        telephone="070-174 06 01",
        language="en",
    )
    folder.applied()
    folder.decided()
    pair = Pair(database, Side(here), Side(there), folder, here.now)

    def settle() -> None:
        pair.now = clock.now()
        pair.settle()

    hanna, other, rut = log_in(here, "hanna"), log_in(there, "hanna"), log_in(there, "rut")
    hanna.goto(server.url("desk", f"/{here.slug}/cases/{folder.case.id}/"))
    hanna.get_by_role("link", name="Hand over to another municipality").click()
    hanna.get_by_role("button", name="Hand it over").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Choose at least one thing to tell.")
    expect(hanna.get_by_role("alert")).to_contain_text("Enter the day on which she consented.")
    fine_at_both(hanna, "desk-transfer-error")
    hanna.get_by_label("Which municipality?").select_option(pair.answerer.address)
    hanna.get_by_label("Moves on").fill((pair.today + timedelta(days=2)).isoformat())
    for what in ("Ella Nilsson", "070-174 06 01", "granted"):
        hanna.get_by_role("checkbox", name=what).check()
    hanna.get_by_label("The ground in words").fill("Samtycke i samtal")
    hanna.get_by_label("Consented on").fill(pair.today.isoformat())
    hanna.get_by_label("What they should know").fill("Petra flyttar till er.")
    hanna.get_by_role("button", name="Hand it over").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    fine_at_both(hanna, "desk-transfer-leaving")
    settle()

    work = server.url("desk", f"/{there.slug}/tasks/")
    other.goto(work)
    other.get_by_role("link", name="Harifran kommun").first.click()
    expect(other.get_by_label("What is different here").first).to_be_visible()
    content = other.content()
    assert "Provgatan" not in content and "Ella Nilsson" in content  # the address wasn't ticked
    other.get_by_label("What is different here").first.fill("Börjar skolan i januari.")
    fine_at_both(other, "desk-transfer-answer")
    other.get_by_role("button", name="Send the answer").click()
    expect(other.get_by_role("button", name="Take it back")).to_be_visible()
    settle()

    rut.goto(work)
    rut.get_by_role("link", name="Harifran kommun").click()
    expect(rut.get_by_text("Börjar skolan i januari.")).to_be_visible()
    fine_at_both(rut, "desk-take-over")
    rut.get_by_role("button", name="Register and open the case").click()
    expect(rut.get_by_role("heading", level=1)).to_contain_text("Petra Nilsson")
    with acting(there.slug, TEST, "look"):
        (case,) = Case.objects.select_related("applicant")
    assert (case.applicant.telephone, case.opened_on) == ("070-174 06 01", pair.today + timedelta(days=2))
    assert case.applicant.language == "en"  # letters in the language that she is reached in

    hanna.goto(server.url("desk", f"/{here.slug}/cases/{folder.case.id}/"))
    expect(hanna.get_by_text("answered in part").first).to_be_visible()


def test_how_somebody_is_reached_is_told_of_who_moves_and_of_nobody_else(
    connect: Any, desk: Callable[..., Any]
) -> None:
    here, there = open_office(connect, "skilda"), open_office(connect, "nytt")
    folder = here.case(("Petra", "Nilsson", "19900615"), ("Yusuf", "Åberg", "19850505"))
    petra, yusuf = (actor.id for actor in folder.citizens)
    for key, telephone in ((petra, "070-174 06 01"), (yusuf, "070-174 06 02")):
        with acting(here.slug, TEST, "look"):
            row = Person.objects.get(id=key)
        change_person(
            **here.act("rut"), person=key, version=row.version, given_name=row.given_name, family_name=row.family_name,
            email="", telephone=telephone, language="sv",
        )  # fmt: skip
    hanna, path, to = desk(here, "hanna"), f"/cases/{folder.case.id}/transfer/", Side(there).address
    page = hanna.open(path).text
    assert "070-174 06 01 (Petra Nilsson)" in page and "070-174 06 02 (Yusuf Åberg)" in page
    told = {
        "recipient": to, "person": str(yusuf), "moves_on": here.today.isoformat(), "basis": "consent",
        "text": "Han flyttar.", "ground": "Samtycke i samtal", "consented_on": here.today.isoformat(),
        "answer_by": (here.today + timedelta(days=14)).isoformat(),
    }  # fmt: skip
    for kind in ("contact", "address"):
        refused = hanna.open(path, key=str(uuid4()), items=[f"{kind}-{petra}"], **told)
        assert refused.status_code == 422 and "not the other adult" in refused.text
    key = uuid4()
    assert hanna.open(path, key=str(key), items=[f"contact-{yusuf}", f"address-{yusuf}"], **told).status_code == 302
    content = Side(here).message(key).content
    assert "070-174 06 02" in content and "070-174 06 01" not in content
