"""The annex of a decision's letter: every line of a calculation of every law, in its part, and the PDF made of it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from handslag.connectors.letter import port
from handslag.domain.decisions.operations import _parts
from handslag.jobs.letters import letter_from
from handslag.rules.case_files import worked_cases
from handslag.rules.packs import names, pack
from handslag.rules.sheet import Sheet, wording_of
from handslag.rules.shown import law_url
from tests.domain.test_letter_help import letter_of
from tests.office import Office

#: With a ceiling; with heads of two levels; with children of their own chapter.
SHOWN = {
    "se": "ceiling-an-ore-above", "ch": "split-of-two-levels", "de": "e6-lone-parent-with-two-children",
}  # fmt: skip


def told_by(content: dict[str, Any], sheet: Sheet, language: str, who: str = "a") -> dict[str, Any]:
    """The content of a letter with another calculation, as the decision writes it."""
    say = wording_of(sheet.pack)
    lines = [
        {
            "code": line.code, "text": say.label(line, language), "explanation": say.explain(line, language),
            "who": who if line.person else "", "amount": line.amount, "section": line.section,
            "law_url": law_url(say, line.section),
        }
        for line in sheet.lines
    ]  # fmt: skip
    mine = {"language": language, "currency": say.currency, "sheet": lines, "totals": sheet.totals}
    parts = {} if sheet.pack == "se" else {"parts": _parts(sheet, language)}
    return content | mine | parts | {"granted": sheet.granted, "surplus": sheet.surplus}


@pytest.mark.parametrize("law", names())
def test_every_line_stands_in_the_annex_under_its_part_with_its_sum(office: Office, request: Any, law: str) -> None:
    folder = office.case()
    folder.applied()
    content = letter_of(office, folder.decided()).content
    language = pack(law).LANGUAGE
    for name, case in worked_cases(law):
        sheet = case.calculate()
        annex = letter_from(told_by(content, sheet, language)).annex
        assert annex is not None
        rows = [row for row in annex.lines if row.section]
        assert sorted(row.amount for row in rows) == sorted(line.amount for line in sheet.lines), name
        if name == SHOWN[law]:
            # a word of 120 letters is broken, and what stands on a line of its own makes no line of the annex
            who = f"Bo\nSumma 99 {'Ab' * 60}"
            pdf = port.for_tenant().letter(letter_from(told_by(content, sheet, language, who))).content
            pictures = request.config.rootpath / "var/pictures"
            pictures.mkdir(parents=True, exist_ok=True)
            (pictures / f"annex-{law}.pdf").write_bytes(pdf)
            pages = PdfReader(io.BytesIO(pdf), strict=True).pages
            text = "\n".join(page.extract_text() for page in pages)
            said = " ".join(text.split())
            assert "Bo Summa 99" in text
            runs = [run for line in text.splitlines() for run in re.findall(r"(?:Ab)+A?", line)]
            assert len(runs) > 1 and max(map(len, runs)) < 60
            links = {a["/A"]["/URI"] for page in pages for a in page.get("/Annots", ()) if "/A" in a}
            for line in sheet.lines:
                assert line.section in said, line.section
                assert law_url(wording_of(law), line.section) in {*links, ""}
            assert links
