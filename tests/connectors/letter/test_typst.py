"""The papers as poppler sees them: declared standards, tags, language, text, pages."""

import hashlib
import re
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from handslag.connectors.letter.port import Annex, LetterRefused, SetDocument, for_tenant
from handslag.connectors.letter.typst_ import TypstSetter

from .examples import ENGLISH, LETTER, LONG, RECEIPT

setter = for_tenant()


def run(program: str, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8", "replace")


def text(document: SetDocument, folder: Path, *options: str) -> str:
    path = folder / "paper.pdf"
    path.write_bytes(document.content)
    return run("pdftotext", *options, str(path), "-")


def structure(document: SetDocument, folder: Path) -> str:
    path = folder / "paper.pdf"
    path.write_bytes(document.content)
    return run("pdfinfo", "-struct-text", str(path))


def test_declared_standards_language_title_and_date(tmp_path: Path) -> None:
    set_letter = setter.letter(LETTER)
    for mark in (b"<pdfuaid:part>1<", b"<pdfaid:part>3<", b"<pdfaid:conformance>A<", b"/Lang(sv-SE)"):
        assert mark in set_letter.content, mark
    (tmp_path / "paper.pdf").write_bytes(set_letter.content)
    info = dict(
        re.findall(r"^(\w[\w ]*):\s+(.*)$", run("pdfinfo", "-isodates", str(tmp_path / "paper.pdf")), re.M)
    )
    assert info["Tagged"] == "yes"
    assert info["Title"] == "Beslut om ekonomiskt bistånd för mars 2026, 2026-004127-K"
    assert info["CreationDate"] == "2026-03-24T00:00:00Z"
    assert info["Pages"] == str(set_letter.pages) == "2"
    assert b"/Lang(en-GB)" in setter.letter(ENGLISH).content


def test_same_letter_same_bytes_in_any_compiler() -> None:
    first, again, other = setter.letter(LETTER), setter.letter(LETTER), TypstSetter().letter(LETTER)
    assert first == again == other
    assert first.digest == hashlib.sha256(first.content).hexdigest()
    assert setter.letter(replace(LETTER, written_on=date(2026, 3, 25))).digest != first.digest


def test_structure_reads_from_sender_to_appeal_to_annex(tmp_path: Path) -> None:
    tags = structure(setter.letter(LETTER), tmp_path)
    order = [
        "Ljungvik kommun",
        "24 mars 2026",
        "Petra Nilsson",
        "Beslut om ekonomiskt",
        "6 550 kr",
        "Skälen för",
        "Karin Åberg",
        "Om du inte är nöjd",
        "Bilaga: Beräkning",
    ]
    assert [tags.index(part) for part in order] == sorted(tags.index(part) for part in order)
    assert len(re.findall(r"^ *H1 ", tags, re.M)) == 1
    assert len(re.findall(r"^ *H2 ", tags, re.M)) == 3
    assert tags.count("THead") == 2  # the decision's lines and the annex
    assert re.findall(r'TH <U2x0y\d+>:.*?"(.*?)"', tags, re.S) == [
        "Rad",
        "Riksnorm",
        "Skäliga kostnader utanför riksnormen",
        "Inkomster i februari",
    ]
    assert "12 kap." in tags


def test_text_amounts_and_pages(tmp_path: Path) -> None:
    shown = text(setter.letter(LETTER), tmp_path, "-layout")
    assert "Sida 1 (2)" in shown
    assert "Sida 2 (2)" in shown
    assert "−5 600" in shown
    assert re.search(r"Summa +6 550 kr\n", shown)
    english = text(setter.letter(ENGLISH), tmp_path, "-layout")
    assert "SEK 6,550.50" in english
    assert "Page 1 (1)" in english
    assert "24 March 2026" in english


def test_recipient_stands_in_the_window(tmp_path: Path) -> None:
    boxes = text(setter.letter(LETTER), tmp_path, "-bbox", "-l", "1")
    found = re.search(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">Petra<', boxes)
    assert found
    left, top, bottom = (float(value) * 25.4 / 72 for value in found.groups())
    assert 106 <= left <= 108
    assert 46 <= top < bottom <= 78


def test_what_people_write_is_never_markup(tmp_path: Path) -> None:
    hostile = (
        "#panic() #sys.inputs",
        "$x^2$ *fet* _kursiv_ `kod` @ref <etikett>",
        "= rubrik \\ // \"'",
        "a\u202eb\x00c",
    )
    shown = text(setter.letter(replace(LETTER, recipient=hostile)), tmp_path, "-raw")
    assert hostile[0] in shown
    assert hostile[1] in shown
    assert "= rubrik \\ // \"'" in shown
    assert "abc" in shown


def test_arabic_names_are_set_and_can_be_read(tmp_path: Path) -> None:
    arabic = replace(LETTER, recipient=("محمد علي", "Šárka Øst-Nguyễn", "Ελένη Жанна"), decided_by=("Łucja",))
    shown = text(setter.letter(arabic), tmp_path, "-raw")
    for word in ("محمد", "Šárka Øst-Nguyễn", "Ελένη Жанна"):
        assert word in shown
    fonts = run("pdffonts", str(tmp_path / "paper.pdf"))
    assert "NotoSansArabic" in fonts
    assert {line.split()[-5] for line in fonts.splitlines()[2:]} == {"yes"}  # every font is embedded


@pytest.mark.parametrize(("name", "missing"), [("李小龙", "李"), ("Anna 😀", "😀")])
def test_a_character_without_a_glyph_is_refused_by_name(name: str, missing: str) -> None:
    with pytest.raises(LetterRefused) as refused:
        setter.letter(replace(LETTER, recipient=(name,)))
    assert missing in refused.value.characters
    assert setter.letter(LETTER).pages == 2  # the kept compiler still works


def test_half_a_character_and_a_wrong_colour_are_refused() -> None:
    with pytest.raises(LetterRefused):
        setter.letter(replace(LETTER, recipient=("\ud800",)))
    with pytest.raises(LetterRefused):
        setter.letter(replace(LETTER, organisation=replace(LETTER.organisation, colour="red")))


def test_sixty_lines_break_over_pages_with_the_head_repeated(tmp_path: Path) -> None:
    long = setter.letter(LONG)
    pages = text(long, tmp_path, "-layout").split("\f")[:-1]
    assert len(pages) == long.pages == 4
    for page in pages[1:]:
        assert len(re.findall(r"Rad +Lagrum +Belopp, kr", page)) == 1
    numbers = [int(n) for page in pages for n in re.findall(r"Rad nummer (\d+) ", page)]
    assert numbers == list(range(1, 61))
    for page in pages[1:]:  # no line is torn from its explanation
        assert re.findall(r"Rad nummer (\d+) ", page) == re.findall(r"Förklaring till rad (\d+)", page)


def test_the_sheet_travels_byte_for_byte(tmp_path: Path) -> None:
    data = '{"a":"å \\u0000 #panic()","b":[1,2]}'
    annex = replace(LETTER.annex or Annex("", "", (), ""), data=data)
    (tmp_path / "paper.pdf").write_bytes(setter.letter(replace(LETTER, annex=annex)).content)
    run("pdfdetach", "-save", "1", "-o", str(tmp_path / "sheet.json"), str(tmp_path / "paper.pdf"))
    assert (tmp_path / "sheet.json").read_bytes() == data.encode()


def test_a_logo_takes_the_place_of_the_name_and_has_it_as_alternative(tmp_path: Path) -> None:
    logo = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="14"><rect width="40" height="14"/></svg>'
    )
    with_logo = setter.letter(replace(LETTER, organisation=replace(LETTER.organisation, logo=logo)))
    tags = structure(with_logo, tmp_path)
    assert "Figure" in tags
    assert with_logo.pages == 2


def test_receipt(tmp_path: Path) -> None:
    receipt = setter.receipt(RECEIPT)
    shown = text(receipt, tmp_path, "-layout")
    assert re.search(r"Inkom +måndag 2 mars 2026 kl. 14.07.31", shown)
    assert RECEIPT.digest in shown
    run("pdfdetach", "-save", "1", "-o", str(tmp_path / "data"), str(tmp_path / "paper.pdf"))
    assert (tmp_path / "data").read_bytes() == RECEIPT.data.encode()
    assert receipt == setter.receipt(RECEIPT)


def test_only_what_exists_can_be_chosen() -> None:
    with pytest.raises(LookupError):
        for_tenant("word")
