"""A letter for who reads another language: the Swedish text holds, a translation beside it helps, tagged as such."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from handslag.connectors.letter import port
from handslag.domain.decisions.models import Decision, Letter, PersonalLetter
from handslag.domain.decisions.operations import letter_preview
from handslag.domain.decisions.operations.appeals import check_appeal, dismiss_appeal, lodge_appeal
from handslag.domain.payments.operations.other_help import decide_other_help, propose_other_help
from handslag.domain.payments.operations.recoveries import decide_recovery, propose_recovery, waive_recovery
from handslag.domain.tenancy.door import acting, writing
from handslag.jobs.letters import letter_from, personal_letter_from
from handslag.kernel import canonical
from handslag.kernel.ids import uuid7
from tests.domain.test_recoveries import REASONS, paid_too_much, told_of
from tests.office import TEST, Folder, Office


def speaks(folder: Folder, *languages: str) -> None:
    with acting(folder.office.slug, TEST, "language") as door, writing(door), connection.cursor() as cursor:
        for citizen, language in zip(folder.citizens, languages, strict=True):
            cursor.execute("UPDATE people_person SET language = %s WHERE id = %s", [language, citizen.id])


def letter_of(office: Office, decision: Decision) -> Letter:
    with acting(office.slug, TEST, "look"):
        return Letter.objects.get(decision=decision)


def languages_in(reader: PdfReader) -> set[str]:
    """The languages that the structure tree names."""

    def walk(node: Any) -> Iterator[str]:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, ArrayObject):
            for child in node:
                yield from walk(child)
        elif isinstance(node, DictionaryObject):
            if "/Lang" in node:
                yield str(node["/Lang"])
            yield from walk(node.get("/K"))

    return set(walk(reader.trailer["/Root"]["/StructTreeRoot"]))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_translation_helps_who_reads_another_language(office: Office, language: str, request: Any) -> None:
    folder = office.case()
    speaks(folder, language)
    folder.applied()
    letter = letter_of(office, folder.decided())
    content = letter.content
    assert (content["language"], content["heading"][:6]) == ("sv", "Beslut")
    [told] = content["help"]
    assert told["language"] == language and len(told["lines"]) == len(content["sheet"])
    assert "6,550" in told["outcome"] and told["appeal"]["text"] and told["about"]
    assert canonical.digest(content) == letter.content_digest
    pdf = port.for_tenant().letter(letter_from(content)).content
    folder_of_pictures = request.config.rootpath / "var/pictures"
    folder_of_pictures.mkdir(parents=True, exist_ok=True)
    (folder_of_pictures / f"letter-help-{language}.pdf").write_bytes(pdf)
    reader = PdfReader(io.BytesIO(pdf), strict=True)
    assert reader.trailer["/Root"]["/Lang"] == "sv-SE"
    assert language in languages_in(reader)
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "Beslut om ekonomiskt" in text
    if language == "en":
        assert "The Swedish text holds" in " ".join(text.split())


def test_each_adult_has_one_and_nobody_who_reads_the_letter_itself(office: Office) -> None:
    couple = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    speaks(couple, "ar", "en")
    couple.applied()
    content = letter_of(office, couple.decided()).content
    assert [one["language"] for one in content["help"]] == ["en", "ar"]
    names = {"Amina", "Yusuf", "Åberg"}
    assert not [name for name in names if name in str(content["help"])]
    alone = office.case(("Eva", "Ek", "19700101"))
    alone.applied()
    assert "help" not in letter_of(office, alone.decided()).content
    other = office.case(("Ida", "Io", "19720202"))
    speaks(other, "ti")  # no translation into it: the letter as it is
    other.applied()
    assert "help" not in letter_of(office, other.decided()).content


def test_a_partial_grant_is_explained_too_and_the_preview_shows_it(office: Office) -> None:
    folder = office.case()
    speaks(folder, "ar")
    folder.applied()
    decision = folder.decided()
    with acting(office.slug, TEST, "look"):
        row = Decision.objects.select_related("case", "sheet__snapshot", "period", "replaces").get(id=decision.id)
        shown = letter_preview(row, row.case, office.now, decider="Bo")
    assert shown["help"] == letter_of(office, decision).content["help"]


def the_last(folder: Folder) -> dict[str, Any]:
    """What the newest letter to one person of a case says."""
    with acting(folder.office.slug, TEST, "look"):
        return PersonalLetter.objects.filter(case=folder.case).order_by("id").last().content


@pytest.mark.parametrize("language", ["en", "ar"])
def test_letters_to_one_person_are_explained_too(office: Office, language: str, request: Any) -> None:
    """A claim, its waiver, other help granted and refused, an appeal dismissed: each with what it decides, its texts of
    legal effect and its lines; what the office wrote itself stands in Swedish alone."""
    folder = paid_too_much(office)
    speaks(folder, language)
    hanna, bo = office.act("hanna"), office.act("bo")
    row = propose_recovery(**told_of(folder))
    row = decide_recovery(**bo, recovery=row.id, version=row.version)
    letters = {"claim": the_last(folder)}
    waive_recovery(**bo, recovery=row.id, amount=100_00, reasons="Hon har inget kvar efter hyran.")
    letters["waiver"] = the_last(folder)
    told = {"case": folder.case.id, "month": office.month, "person": folder.citizens[0].id, "language": "sv"}
    for name, amount in (("help", 90_000), ("part", 50_000), ("none", 0)):
        asked = {
            "purpose": f"Läger {name}",
            "applied": 90_000,
            "amount": amount,
            "reasons": REASONS,
        }
        help_ = propose_other_help(**hanna, **told, **asked)
        decide_other_help(**bo, help_=help_.id, version=help_.version)
        letters[name] = the_last(folder)
    with acting(office.slug, TEST, "look"):
        decision = Decision.objects.filter(case=folder.case).order_by("id").last()
    office.now += timedelta(days=40)
    here = office.by(folder.citizens[0])
    appeal = lodge_appeal(**here, appeal=uuid7(), decision=decision.id, text="Hyran är fel.", files=[])
    seen = {"appeal": appeal.id, "version": appeal.version, "finding": "late", "why": "Kvittot är av den dagen."}
    late = check_appeal(**office.act("hanna"), **seen, told_on=office.today - timedelta(days=40))
    dismiss_appeal(**office.act("bo"), appeal=late.id, version=late.version, reasons="Överklagandet kom in för sent.")
    letters["dismissed"] = the_last(folder)
    folder_of_pictures = request.config.rootpath / "var/pictures"
    folder_of_pictures.mkdir(parents=True, exist_ok=True)
    for name, content in letters.items():
        [help_] = content["help"]
        assert content["language"] == "sv" and help_["language"] == language, name
        assert [len(help_["lines"]), bool(help_["parts"][-1][1])] == [len(content["lines"]), True], name
        said = [text for key, text in content["parts"] if key == "reasons"]
        assert said and said[0] not in str(help_), name
        assert "{" not in str(help_["parts"]), name
        pdf = port.for_tenant().letter(personal_letter_from(content)).content
        (folder_of_pictures / f"letter-help-{name}-{language}.pdf").write_bytes(pdf)
        reader = PdfReader(io.BytesIO(pdf), strict=True)
        assert reader.trailer["/Root"]["/Lang"] == "sv-SE" and language in languages_in(reader), name
    assert "SEK" in letters["claim"]["help"][0]["outcome"] and "100" in letters["waiver"]["help"][0]["outcome"]
    told = office.today.isoformat()
    day = f"\u2066{told}\u2069" if language == "ar" else told
    assert day in letters["dismissed"]["help"][0]["parts"][0][1]
    swedish = [letters[name]["outcome"] for name in letters]
    assert not [one for one in letters.values() if one["help"][0]["outcome"] in swedish]
