"""What a letter can't show is told before a decision is proposed, not after it was taken."""

from __future__ import annotations

from typing import Any

from handslag.domain.decisions.models import Decision
from handslag.domain.tenancy.door import acting
from tests.office import TEST


def test_reasons_that_no_letter_can_show_stay_typed_and_are_not_proposed(office: Any, desk: Any) -> None:
    folder = office.case(("李", "Åberg", "19850302"))
    folder.applied()
    sheet = folder.assessed()
    path = f"/cases/{folder.case.id}/periods/{office.month}/proposal/"
    hanna = desk(office, "hanna")
    first = hanna.open(path).text
    assert "It can’t be made as PDF" in first and "No letter can show this: 李." in first  # a name is no fault of hers
    told = {"sheet": str(sheet.id), "language": "sv", "act": "propose"}
    pasted = "\uf0b7 Hyran är skälig 🙂\n\uf0b7 Elen också"
    again = hanna.open(path, **told, reasons=pasted).text
    assert "No letter can show this: U+F0B7 🙂. Write it in another way." in again
    assert pasted.splitlines()[1] in again
    with acting(office.slug, TEST, "look"):
        assert not Decision.objects.filter(case=folder.case).exists()
    assert hanna.open(path, **told, reasons="• Hyran är skälig\n• Elen också").status_code == 302
    with acting(office.slug, TEST, "look"):
        made = Decision.objects.get(case=folder.case)
    assert "No letter can show this: 李." in desk(office, "bo").open(f"/decisions/{made.id}/").text
