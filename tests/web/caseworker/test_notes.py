"""Notes that lock when done, drafts that survive, colleagues who see each other, a proposal taken back."""

from __future__ import annotations

import html
from typing import Any
from uuid import uuid4

import pytest

from handslag.domain.casefile.models import Note
from handslag.domain.decisions.operations import decide, propose, withdraw_proposal
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import Conflict


def stored(office: Any) -> list[tuple[str, str]]:
    with acting(office.slug, system("test"), "look"):
        return list(Note.objects.order_by("written_at", "id").values_list("kind", "text"))


def test_notes_lock_when_done_and_what_is_typed_survives(office: Any, desk: Any) -> None:
    folder, other = office.case(), office.case(("Amina", "Åberg", "19850302"))
    hanna, bo = desk(office, "hanna"), desk(office, "bo")
    path, page = f"/cases/{folder.case.id}/notes/", f"/cases/{folder.case.id}/"
    typed = {"kind": "phone", "text": "She <called> about the rent", "at": "", "adds_to": ""}
    hanna.headers["Accept"] = "application/json"
    assert hanna.open(path, **(typed | {"text": "She <cal"})).json() == {"version": 0}
    del hanna.headers["Accept"]
    assert "She &lt;cal</textarea>" in hanna.open(page).text and "&lt;cal" not in bo.open(page).text
    refused = hanna.open(path, **typed)
    assert refused.status_code == 200 and "Write the day and the time of the call" in refused.text
    assert f"{html.escape(typed['text'])}</textarea>" in refused.text and stored(office) == []
    assert "Write the note" in hanna.open(path, **(typed | {"at": "2026-11-20T09:30", "text": " "})).text
    assert hanna.open(path, **(typed | {"at": "2026-11-20T09:30"})).status_code == 302
    shown = bo.open(page).text
    assert "She &lt;called&gt; about the rent" in shown and "09:30" in shown and "Hanna Handläggare" in shown
    assert "She &lt;called" not in hanna.open(page).text.split("<textarea")[1].split("</textarea>")[0]
    with acting(office.slug, system("test"), "look"):
        note = Note.objects.get()
    added = {"kind": "note", "text": "The landlord confirms", "adds_to": str(note.id)}
    once = added | {"key": str(uuid4())}
    assert bo.open(path, **once).status_code == 302
    again = bo.open(path, **(once | {"text": "And the rent is paid"})).text  # the same page once more, by the way back
    assert "This form was sent before" in again and "And the rent is paid</textarea>" in again
    assert [text for _, text in stored(office)] == [note.text, "The landlord confirms"]
    assert "Added: The landlord confirms" in hanna.open(page).text
    # Another case's note is not there, and a payer sees none.
    assert hanna.open(f"/cases/{other.case.id}/notes/", **added).status_code == 404
    assert desk(office, "ulla").open(path, **added).status_code in (403, 404)
    assert len(stored(office)) == 2


def test_colleagues_on_one_case_see_each_other_until_they_go_on(office: Any, desk: Any) -> None:
    folder, other = office.case(), office.case(("Amina", "Åberg", "19850302"))
    hanna, bo = desk(office, "hanna"), desk(office, "bo")
    for one in (folder, other):
        one.applied()
    pages = [f"/cases/{one.case.id}/periods/{office.month}/" for one in (folder, other)]

    def here(who: Any, page: str) -> bool:
        return "Also here now" in who.open(page).text

    assert not here(hanna, pages[0])
    assert here(bo, pages[0]) and here(hanna, pages[0])
    assert not here(hanna, pages[1])  # gone on, though the read log remembers that she looked
    assert not here(bo, pages[0])


def test_who_proposed_takes_it_back_before_it_is_decided(office: Any, desk: Any) -> None:
    folder = office.case()
    folder.applied()
    sheet = folder.assessed()
    first = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    with pytest.raises(NotAllowed):
        withdraw_proposal(**office.act("bo"), decision=first.id, version=first.version)
    hanna = desk(office, "hanna")
    assert "Take it back" in hanna.open(f"/decisions/{first.id}/").text
    assert "Take it back" not in desk(office, "bo").open(f"/decisions/{first.id}/").text
    assert hanna.open(f"/decisions/{first.id}/withdraw/", version="1").status_code == 302
    with pytest.raises(Conflict):
        decide(**office.act("bo"), decision=first.id, version=first.version)
    second = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    taken = decide(**office.act("bo"), decision=second.id, version=second.version)
    with pytest.raises(Conflict):
        withdraw_proposal(**office.act("hanna"), decision=second.id, version=taken.version)


def test_a_nul_among_what_is_sent_takes_nothing_away(office: Any, desk: Any) -> None:
    """U+0000 comes from a broken clipboard or an attack; the database can't hold it, and nobody means it."""
    folder = office.case()
    hanna = desk(office, "hanna")
    assert hanna.open("/people/?q=%00").status_code == 200

    for query in ("/inbox/?q=%00&view=%00", "/payees/?q=a%00", "/people/?q=%%0000", "/tasks/?x%00=%00"):
        assert hanna.open(query).status_code < 500, query
    kept = hanna.open(f"/cases/{folder.case.id}/notes/", kind="note", text="Besök\0 hos familjen\0", at="", adds_to="")
    assert kept.status_code == 302
    assert stored(office) == [("note", "Besök hos familjen")]
