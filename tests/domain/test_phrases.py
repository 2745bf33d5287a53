"""Reasons from dated phrases with fields, and of each adult by herself: in the decision and in its letter."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from handslag.connectors.letter import port
from handslag.domain.decisions.models import Letter
from handslag.domain.decisions.operations import decide, filled, propose
from handslag.domain.documents.models import Text
from handslag.domain.documents.queries import phrases_for, text_for
from handslag.domain.entitlement.models import Sheet
from handslag.domain.tenancy.door import acting
from handslag.jobs.letters import letter_from
from tests.office import C1, TEST, Office, refused

NEW = date(2026, 11, 26)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_phrase_fills_in_each_language_from_what_it_names(office: Office, language: str) -> None:
    folder = office.case()
    folder.applied()
    sheet = folder.assessed()
    typed: dict[str, Any] = {
        "source": "Volvo", "amount": 123_400, "applied": 200_000, "cost": "el", "why": "den är betald",
        "day": "2026-11-02", "what": "hyresavin",
    }  # fmt: skip
    with acting(office.slug, TEST, "look"):
        sheet = Sheet.objects.select_related("period").get(id=sheet.id)
        for phrase in phrases_for("se", language, NEW).values():
            told = filled(phrase, sheet, "Petra Nilsson", typed, language)
            assert "{" not in told and phrase.text.source
            for field in phrase.fields:
                refused("phrase field", filled, phrase=phrase, sheet=sheet, name="x", typed={**typed, field: ""},
                        language=language)  # fmt: skip
        covers = filled(phrases_for("se", "sv", NEW)["income_covers"], sheet, "", {}, "sv")
    assert "5\xa0600\xa0kr" in covers and "12\xa0150\xa0kr" in covers
    assert phrases_for("se", "sv", date(2020, 1, 1)) == {}


def test_each_adult_has_reasons_and_the_texts_used_are_kept(office: Office) -> None:
    single = office.case(("Eva", "Ek", "19700101"))
    single.applied()
    alone = {"sheet": single.assessed().id, "reasons": "", "language": "sv"}
    refused("co-applicant", propose, **office.act("hanna"), **alone, reasons_co="Bara för någon annan.")
    refused("phrase", propose, **office.act("hanna"), **alone, phrases=["invented"])
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    folder.applied({**C1, "costs": [{"code": "RENT", "amount": "9 000", "note": ""}]})
    costs = [{"code": "RENT", "applied": 900_000, "effective": 800_000, "note": "skäligt"}]
    sheet = folder.assessed(costs=costs)
    told = {"reasons": "Hyran är över riktlinjen.", "reasons_co": "Yusuf har inte visat sin avi.", "language": "sv"}
    proposal = propose(**office.act("hanna"), sheet=sheet.id, **told, phrases=["cost_in_part", "cost_in_part"])
    digest = phrases_for("se", "sv", NEW)["cost_in_part"].text.digest
    assert proposal.phrases == [{"phrase": "cost_in_part", "digest": digest}]
    decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    with acting(office.slug, TEST, "look"):
        assert Text.objects.filter(key="phrase.cost_in_part", digest=digest).count() == 1
        content = Letter.objects.get(decision=proposal).content
    set_ = letter_from(content)
    said = [(part.heading, part.text) for part in set_.paragraphs if part.heading.startswith("Skäl")]
    assert said == [
        ("Skäl för beslutet, Amina Åberg", told["reasons"]), ("Skäl för beslutet, Yusuf Åberg", told["reasons_co"]),
    ]  # fmt: skip
    assert port.for_tenant().letter(set_).pages >= 1
    # less than applied for isn't only a matter of costs, and the text says so
    assert content["grounds"] == text_for("se", "decision.partly", "sv", office.today).body
    assert "inkomsterna eller hushållet" in content["grounds"]
