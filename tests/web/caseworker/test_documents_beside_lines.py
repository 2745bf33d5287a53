"""Documents stand beside the lines that they show, as the applicant said when she gave them or as a caseworker says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from handslag.domain.audit.models import Event
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import record_scan
from handslag.domain.entitlement.models import LineDocument
from handslag.domain.entitlement.operations.evidence import link_document, unlink_document
from handslag.domain.intake.models import Draft
from handslag.domain.intake.operations import attach_files, open_draft, save_answers
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from tests.office import C1, TEST
from tests.web.caseworker.test_case_page import fields, sheets, where
from tests.web.citizen.test_evidence import PDF, file, stored

TWICE = C1 | {"costs": [*C1["costs"], *({"code": "MEDICINE", "amount": str(n), "note": ""} for n in (100, 200))]}


def given(folder: Any, draft: Draft, **lines: str | None) -> dict[str, Document]:
    """Files given with a draft, each with the line that she says it shows, scanned; the draft is signed."""
    office = folder.office
    for title, line in lines.items():
        files = stored(office, file(f"{title}.pdf", PDF + title.encode()))
        attach_files(**office.by(folder.citizens[0]), draft=draft.id, files=files, line=line)
    with acting(office.slug, TEST, "look"):
        draft.refresh_from_db()
        found = {one.title.removesuffix(".pdf"): one for one in Document.objects.filter(subject_id=folder.case.id)}
    for title in lines:
        record_scan(**office.by(TEST), document=found[title].id, clean=True, detail="")
    assert folder.signed(draft) is not None
    return found


def beside(page: str) -> dict[str, list[str]]:
    """The files beside each line of the case page, by its key; "": those beside none."""
    found = {}
    for row in page.split('<tr class="h-case-line')[1:]:
        key = re.search(r'-key" value="([^"]*)"', row)
        assert key
        found[key[1]] = re.findall(r'/documents/[^"]*/">(?:<bdi[^>]*>)?([^<]*)\.pdf', row.partition("</tr>")[0])
    apart = page.partition('<section id="documents">')[2].partition("</section>")[0]
    found[""] = re.findall(r'/documents/[^"]*/">(?:<bdi[^>]*>)?([^<]*)\.pdf', apart)
    return {key: files for key, files in found.items() if files}


def test_what_she_said_stands_until_a_caseworker_says_otherwise(office: Any, desk: Any) -> None:
    folder = office.case()
    draft = folder.draft(TWICE)
    files = given(folder, draft, hyra="costs:RENT::0", kvitto="costs:MEDICINE::1", annat=None, fel="costs:GLASSES::0")
    hanna, path = desk(office, "hanna"), where(office, folder)
    page = hanna.open(path).text
    assert beside(page) == {"RENT::0": ["hyra"], "MEDICINE::1": ["kvitto"], "": ["fel", "annat"]}
    link = re.search(r'/documents/[^"]*/(?=">(?:<bdi[^>]*>)?hyra)', page)
    assert link and "files.localhost" in hanna.open(link[0]).headers["Location"]

    # More for the same month, on top: its first medicine is the third of the month.
    by = office.by(folder.citizens[0])
    told = {"case": folder.case.id, "month": office.month, "language": "sv", "form": "se.supplementary"}
    more = open_draft(**by, **told)
    answers = {"costs": [{"code": "MEDICINE", "amount": "300", "note": ""}], "message": ""}
    more = save_answers(**by, draft=more.id, version=more.version, part=answers)
    files |= given(folder, more, tillägg="costs:MEDICINE::0")
    page = hanna.open(path).text
    assert beside(page)["MEDICINE::2"] == ["tillägg"] and beside(page)["MEDICINE::1"] == ["kvitto"]

    # She puts one beside a line; what she has typed meanwhile stands, unsaved.
    typed = fields(page) | {"cost-0-why": "typed, not saved", f"line-{files['annat'].id}": "costs:ELECTRICITY::0"}
    page = hanna.open(path, **typed, act=f"link:{files['annat'].id}").text
    assert beside(page)["ELECTRICITY::0"] == ["annat"] and "typed, not saved" in page and sheets(office, folder) == []
    page = hanna.open(path, **fields(page), act=f"unlink:{files['hyra'].id}:costs:RENT::0").text
    assert set(beside(page)[""]) == {"fel", "hyra"} and "typed, not saved" in page
    assert "Somebody else was quicker" in hanna.open(path, **typed, act=f"link:{files['annat'].id}").text
    typed[f"line-{files['annat'].id}"] = ""
    assert "Choose the line that the document shows" in hanna.open(path, **typed, act=f"link:{files['annat'].id}").text
    assert hanna.open(path, **typed, act="link:nonsense").status_code == 404

    # Said again: what was said before stays, and all of it is in the chain.
    here = {**office.act("hanna"), "period": folder.period().id}
    link_document(**here, document=files["hyra"].id, line="costs:RENT::0")
    unlink_document(**here, document=files["hyra"].id, line="costs:RENT::0")
    with pytest.raises(Conflict):
        unlink_document(**here, document=files["hyra"].id, line="costs:RENT::0")
    with acting(office.slug, TEST, "look"):
        rows = LineDocument.objects.filter(document=files["hyra"]).order_by("id")
        assert list(rows.values_list("line", "shows")) == [("costs:RENT::0", shows) for shows in (False, True, False)]
        kinds = Event.objects.filter(subject_id=folder.case.id, kind__startswith="document ").order_by("seq")
        assert list(kinds.values_list("kind", flat=True))[-4:] == [
            "document linked", "document unlinked", "document linked", "document unlinked"
        ]  # fmt: skip

    # A decided month shows them and changes nothing; another month can use one of this.
    folder.decided()
    page = hanna.open(path).text
    assert beside(page)["ELECTRICITY::0"] == ["annat"] and "unlink:" not in page and "link:" not in page
    later = office.month + 1
    folder.on_paper(later)
    page = hanna.open(f"/cases/{folder.case.id}/periods/{later}/").text
    assert set(beside(page)) == {""} and set(beside(page)[""]) == set(files)
    link_document(
        **office.act("hanna"), period=folder.period(later).id, document=files["hyra"].id, line="costs:RENT::0"
    )
    assert beside(hanna.open(f"/cases/{folder.case.id}/periods/{later}/").text)["RENT::0"] == ["hyra"]


def test_only_documents_of_the_case_by_who_works_it(office: Any) -> None:
    folder, other = office.case(), office.case(("Eva", "Ek", "19700101"))
    hers, theirs = given(folder, folder.draft(), avi=None), given(other, other.draft(), annan=None)
    more = open_draft(
        **office.by(other.citizens[0]), case=other.case.id, month=office.month, language="sv", form="se.supplementary"
    )
    attach_files(**office.by(other.citizens[0]), draft=more.id, files=stored(office, file("osänd.pdf", PDF)))
    with acting(office.slug, TEST, "look"):
        not_sent = Document.objects.get(title="osänd.pdf").id
    here = {"period": folder.period().id, "line": "costs:RENT::0"}
    for document in (theirs["annan"].id, folder.case.id):
        with pytest.raises(Hidden):
            link_document(**office.act("hanna"), **here, document=document)
    with pytest.raises(Hidden):
        link_document(**office.act("hanna"), **(here | {"period": other.period().id}), document=not_sent)
    for who in ("rut", "ulla"):
        with pytest.raises((Hidden, NotAllowed)):
            link_document(**office.act(who), **here, document=hers["avi"].id)
    with pytest.raises(Hidden):
        link_document(**office.by(folder.citizens[0]), **here, document=hers["avi"].id)
    with pytest.raises(NotPossible, match="line gone"):
        link_document(**office.act("hanna"), **(here | {"line": "costs:GLASSES::0"}), document=hers["avi"].id)
    assert link_document(**office.act("hanna"), **here, document=hers["avi"].id).shows
