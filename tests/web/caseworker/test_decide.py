"""What a letter can't show is told before a decision is proposed, not after it was taken."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations.appeals import lodge_appeal
from handslag.domain.tenancy.door import acting
from handslag.kernel.ids import uuid7
from handslag.web.caseworker import orders, other_help, recoveries
from handslag.web.caseworker.letters import shown_in_letters
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


def test_as_much_as_a_field_takes_is_kept_to_its_last_character(office: Any, desk: Any) -> None:
    """A browser counts a line break as one character, and sends two."""
    folder = office.case()
    folder.applied()
    sheet = folder.assessed()
    lines = ["Hyran är skälig."] * 587 + ["Så beslutar vi därför."]
    longest = "\n".join(lines)[:10_000]
    told = {"sheet": str(sheet.id), "language": "sv", "act": "propose", "reasons": longest.replace("\n", "\r\n")}
    path = f"/cases/{folder.case.id}/periods/{office.month}/proposal/"
    assert desk(office, "hanna").open(path, **told).status_code == 302
    with acting(office.slug, TEST, "look"):
        assert Decision.objects.get(case=folder.case).reasons == longest


@pytest.mark.parametrize(
    ("form", "names"),
    [
        (other_help.HelpForm, {"purpose", "reasons"}),
        (other_help.AnewForm, {"purpose", "reasons"}),
        (orders.ConditionForm, {"about", "legal_basis", "reasons"}),
        (orders.ReductionForm, {"legal_basis", "reasons"}),
        (recoveries.ProposeForm, {"legal_basis", "reasons"}),
        (recoveries.WaiveForm, {"reasons"}),
    ],
)
def test_what_goes_into_letters_to_one_person_is_told_at_its_field(form: type[forms.Form], names: set[str]) -> None:
    typed = {name: field for name, field in form.base_fields.items() if type(field) is forms.CharField}
    assert {name for name, field in typed.items() if shown_in_letters in field.validators} == names
    for name in names:
        assert typed[name].clean("• Hyran är skälig") == "• Hyran är skälig"
        with pytest.raises(forms.ValidationError, match=r"U\+F0B7"):
            typed[name].clean("\uf0b7 Hyran är skälig")


def test_a_dismissal_that_no_letter_can_show_is_told(office: Any, desk: Any) -> None:
    folder = office.case()
    folder.applied()
    decision = folder.decided()
    (adult,) = folder.citizens
    appeal = lodge_appeal(**office.by(adult), appeal=uuid7(), decision=decision.id, text="Fel.", files=[])
    told = {"act": "dismiss", "version": appeal.version, "reasons": "\uf0b7 För sent"}
    page = desk(office, "bo").open(f"/appeals/{appeal.id}/", **told).text
    assert "No letter can show this: U+F0B7. Write it in another way." in page
