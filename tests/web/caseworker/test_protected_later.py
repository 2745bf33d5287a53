"""Who is protected after a decision and its payment: what was made before tells nothing to those not cleared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handslag.domain.decisions.models import Letter
from handslag.domain.documents.models import Document
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.tenancy.door import acting
from tests.office import TEST, run_jobs


def test_letter_and_payment_file_are_for_those_cleared_for_everybody_in_them(
    office: Any, desk: Callable[..., Any], database: Any
) -> None:
    office.admit("lisa", "Lisa Lön", "payer", clearance=3, unit="Ekonomi")
    folder = office.case(children=(("Hemlig", "Kanariefågel", "20140505"),))
    folder.applied()
    decision, run = folder.decided(), office.run()
    run_jobs(database)
    with acting(office.slug, TEST, "look"):
        letter = Letter.objects.get(decision=decision).document_id
        file = Document.objects.get(subject_id=run.id, kind="payment file").id
        child = Person.objects.get(family_name="Kanariefågel").id
    hanna, bo, ulla, lisa = (desk(office, who) for who in ("hanna", "bo", "ulla", "lisa"))
    told, case = f"/decisions/{decision.id}/", f"/cases/{folder.case.id}/periods/{office.month}/"

    def protect(person: Any, level: int, address_level: int) -> None:
        with acting(office.slug, TEST, "look"):
            version = Person.objects.get(id=person).version
        levels = {"level": level, "address_level": address_level, "version": version}
        set_protection(**office.act("rut"), person=person, **levels)

    def given(who: Any, document: Any, *pages: str) -> list[Any]:
        """The status of a document for somebody, and whether each page links to it."""
        status = who.open(f"/documents/{document}/").status_code
        return [status, *(str(document) in who.open(page).text for page in pages)]

    before = hanna.open(told).text
    assert all(words in before for words in ("Hemlig Kanariefågel", "Barn 12 år", "Provgatan 1"))
    assert given(hanna, letter, told, case) == [302, True, True]

    protect(child, 3, 3)
    text = hanna.open(told).text
    assert "Skyddad person" in text and "the PDF isn’t given out to you" in text and "Provgatan 1" in text
    assert not [leak for leak in ("Hemlig", "Kanariefågel", "12 år") if leak in text]
    assert given(hanna, letter, told, case) == [404, False, False]
    assert given(bo, letter, told, case) == [302, True, True]
    assert "Hemlig Kanariefågel" in bo.open(told).text
    assert given(ulla, file, f"/runs/{run.id}/") == [302, True]  # the child isn't in the file

    protect(folder.citizens[0].id, 0, 3)
    text = hanna.open(told).text
    assert "Skyddad adress" in text and "Provgatan 1" not in text

    protect(folder.citizens[0].id, 3, 3)
    text = ulla.open(f"/runs/{run.id}/").text
    assert "Protected person" in text and "names somebody who is protected" in text
    assert given(ulla, file, f"/runs/{run.id}/") == [404, False]
    assert given(lisa, file, f"/runs/{run.id}/") == [302, True]
