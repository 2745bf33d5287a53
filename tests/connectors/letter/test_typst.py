"""The papers as another library (pypdf) sees them: declared standards, tags, language, text, pages."""

import hashlib
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from handslag.connectors.letter import typst_
from handslag.connectors.letter.port import Annex, Fact, LetterRefused, ReceiptPart, SetDocument, for_tenant
from handslag.connectors.letter.typst_ import TypstSetter

from .examples import ENGLISH, LETTER, LONG, RECEIPT

setter = for_tenant()
HERE = Path(typst_.__file__).parent


def read(document: SetDocument) -> PdfReader:
    return PdfReader(io.BytesIO(document.content), strict=True)


def pages(document: SetDocument) -> list[str]:
    """The text of each page, in reading order, spaces folded."""
    return [re.sub(r" +", " ", page.extract_text()) for page in read(document).pages]


def tags(document: SetDocument) -> list[str]:
    """The structure tree's element types in reading order."""

    def walk(node: object) -> Iterator[str]:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, ArrayObject):
            for child in node:
                yield from walk(child)
        elif isinstance(node, DictionaryObject):
            if "/S" in node:
                yield str(node["/S"])[1:]
            yield from walk(node.get("/K"))

    return list(walk(read(document).trailer["/Root"]["/StructTreeRoot"]))


def test_declared_standards_language_title_and_date() -> None:
    letter = setter.letter(LETTER)
    for mark in (b"<pdfuaid:part>1<", b"<pdfaid:part>3<", b"<pdfaid:conformance>A<"):
        assert mark in letter.content, mark
    reader = read(letter)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "sv-SE"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata
    assert reader.metadata.title == "Beslut om ekonomiskt bistånd för mars 2026, 2026-004127-K"
    assert reader.metadata["/CreationDate"] == "D:20260324000000Z"
    assert len(reader.pages) == letter.pages == 2
    assert read(setter.letter(ENGLISH)).trailer["/Root"]["/Lang"] == "en-GB"


def test_same_letter_same_bytes_in_any_compiler() -> None:
    first, again, other = setter.letter(LETTER), setter.letter(LETTER), TypstSetter().letter(LETTER)
    assert first == again == other
    assert first.digest == hashlib.sha256(first.content).hexdigest()
    assert setter.letter(replace(LETTER, written_on=date(2026, 3, 25))).digest != first.digest


def test_structure_reads_from_sender_to_appeal_to_annex() -> None:
    shown = "".join(pages(setter.letter(LETTER)))
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
    assert [shown.index(part) for part in order] == sorted(shown.index(part) for part in order)
    found = tags(setter.letter(LETTER))
    assert [tag for tag in found if re.fullmatch(r"H\d|Table", tag)] == [
        "H1",
        "Table",
        "H2",
        "H2",
        "H2",
        "Table",
    ]
    assert found.count("THead") == 2
    assert found.count("TH") == 3 + 3 + 3  # both tables' columns and the sheet's three groups


def test_text_amounts_and_pages() -> None:
    first, second = pages(setter.letter(LETTER))
    assert "Sida 1 (2)" in first
    assert "Sida 2 (2)" in second
    assert "Aktivitetsstöd\nFörsäkringskassan, utbetalt 2026-02-25\n12 kap. 1 § SoL −5 600\n" in second
    assert "\nSumma 6 550 kr\n" in first
    (english,) = pages(setter.letter(ENGLISH))
    for part in ("SEK 6,550.50", "Page 1 (1)", "24 March 2026"):
        assert part in english


def test_recipient_stands_in_the_window() -> None:
    found: list[tuple[float, float]] = []

    def look(text: str, matrix: list[float], *_: object) -> None:
        if text.startswith(LETTER.recipient[0]):
            found.append((matrix[4] * 25.4 / 72, 297 - matrix[5] * 25.4 / 72))

    read(setter.letter(LETTER)).pages[0].extract_text(visitor_text=look)
    ((left, baseline),) = found
    assert 106 <= left <= 108
    assert 49 <= baseline <= 53


def test_what_people_write_is_never_markup() -> None:
    hostile = (
        "#panic() #sys.inputs",
        '")))#panic("',
        "\\",
        '\\" \\u{22} \\',
        "$x^2$ *fet* _kursiv_ `kod` @ref <etikett>",
        "= rubrik \\ // \"'",
        "a\u202eb\x00c",
    )
    first = pages(setter.letter(replace(LETTER, recipient=hostile)))[0]
    assert "\n".join((*hostile[:-1], "abc")) in first


def test_arabic_names_are_set_and_can_be_read() -> None:
    names = ("محمد علي", "پژمان", "Šárka Øst-Nguyễn", "Ελένη Жанна")
    letter = setter.letter(replace(LETTER, recipient=names, decided_by=("Łucja",)))
    lines = pages(letter)[0].split("\n")
    assert sorted(lines[lines.index("2026-004127-K") + 1].split()) == sorted(names[0].split())
    for line in (*names[1:], "Łucja"):
        assert line in lines
    fonts = read(letter).pages[0]["/Resources"]["/Font"]
    descriptors = [fonts[name]["/DescendantFonts"][0]["/FontDescriptor"] for name in fonts]
    assert {str(d["/FontName"]).partition("+")[2] for d in descriptors} == {
        "SourceSans3-Regular",
        "SourceSans3-SemiBold",
        "Vazirmatn-Regular",
    }
    assert all({"/FontFile2", "/FontFile3"} & set(d) for d in descriptors)  # every font is embedded


@pytest.mark.parametrize(("name", "missing"), [("李小龙", "李"), ("Anna 😀", "😀")])
def test_a_character_without_a_glyph_is_refused_by_name(name: str, missing: str) -> None:
    with pytest.raises(LetterRefused) as refused:
        setter.letter(replace(LETTER, recipient=(name,)))
    assert missing in refused.value.characters
    assert setter.unshown(f"{name} – نور\t{name}") == "".join(dict.fromkeys(name.removeprefix("Anna ")))
    assert setter.letter(LETTER).pages == 2  # the kept compiler still works


def _hebrew(folder: Path) -> None:
    """A font of another family with nothing but Hebrew letters: glyphs of ours under other characters."""
    ours = next((HERE / "fonts").glob("SourceSans3_400*.ttf")).read_bytes()
    font = bytearray(ours.replace("Source Sans 3".encode("utf-16-be"), "Source Hebr 3".encode("utf-16-be")))
    table = struct.pack(">HHHHL", 0, 1, 3, 10, 12) + struct.pack(">HHLLLLLL", 12, 0, 28, 0, 1, 0x5D0, 0x5EA, 40)
    entry = next(at for at in range(12, 600, 16) if font[at : at + 4] == b"cmap")
    struct.pack_into(">LL", font, entry + 8, len(font), len(table))
    (folder / "hebrew.ttf").write_bytes(font + table)


def test_fonts_of_the_installation_show_what_ours_do_not(tmp_path: Path) -> None:
    _hebrew(tmp_path)
    more = TypstSetter((tmp_path,))
    assert more.letter(replace(LETTER, recipient=("יעל כהן",))).pages == 2
    assert (more.unshown("יעל כהן 李"), setter.unshown("יעל")) == ("李", "יעל")
    assert more.letter(LETTER).content == setter.letter(LETTER).content  # ours come first
    told = replace(
        RECEIPT, parts=(ReceiptPart("Meddelande", (Fact("Din text", "יעל 李"),)),), unshown="□ är ett tecken."
    )
    assert "□ är ett tecken." in pages(more.receipt(told))[0]
    assert pages(more.receipt(told))[0].count("□") == 2  # the Chinese sign, and what tells of it


def test_a_receipt_shows_squares_and_says_so_where_no_font_shows_a_character() -> None:
    typed = "Tack 👍🏽 för 李小龙 \ud800, 👨‍👩‍👧 och نور"
    told = replace(RECEIPT, parts=(ReceiptPart("Meddelande", (Fact("Din text", typed),)),), unshown="□ är ett tecken.")
    text = " ".join(pages(setter.receipt(told))[0].split())
    assert "Tack □□ för □□□ □, □□□ och" in text
    assert text.count("□ är ett tecken.") == 1
    assert read(setter.receipt(told)).attachments == read(setter.receipt(RECEIPT)).attachments
    assert "□" not in pages(setter.receipt(replace(RECEIPT, unshown="□ är ett tecken.")))[0]
    for start in (*range(0, 0xD800, 0x1000), *range(0xE000, 0x10000, 0x1000), 0x1F000):
        signs = " ".join("".join(map(chr, range(row, row + 64))) for row in range(start, start + 0x1000, 64))
        assert setter.receipt(replace(told, statement=signs)).pages > 1, hex(start)


def test_half_a_character_and_a_wrong_colour_are_refused() -> None:
    with pytest.raises(LetterRefused):
        setter.letter(replace(LETTER, recipient=("\ud800",)))
    with pytest.raises(LetterRefused):
        setter.letter(replace(LETTER, organisation=replace(LETTER.organisation, colour="red")))


def test_sixty_lines_break_over_pages_with_the_head_repeated() -> None:
    long = setter.letter(LONG)
    shown = pages(long)
    assert len(shown) == long.pages == 4
    for page in shown[1:]:
        assert page.count("Rad Lagrum Belopp, kr") == 1
        # no line is torn from its explanation
        assert re.findall(r"Rad nummer (\d+)\n", page) == re.findall(r"Förklaring till rad (\d+)\n", page)
    numbers = [int(n) for page in shown for n in re.findall(r"Rad nummer (\d+)\n", page)]
    assert numbers == list(range(1, 61))


def test_the_sheet_travels_byte_for_byte() -> None:
    data = '{"a":"å \\u0000 #panic()","b":[1,2]}'
    annex = replace(LETTER.annex or Annex("", "", (), ""), data=data)
    attached = read(setter.letter(replace(LETTER, annex=annex))).attachments
    assert dict(attached) == {"sheet.json": [data.encode()]}


def test_a_logo_takes_the_place_of_the_name_and_has_it_as_alternative() -> None:
    logo = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="14"><rect width="40" height="14"/></svg>'
    letter = setter.letter(replace(LETTER, organisation=replace(LETTER.organisation, logo=logo)))
    assert "Figure" in tags(letter)
    assert b"/Alt(Ljungvik kommun)" in letter.content
    assert letter.pages == 2


def test_receipt() -> None:
    receipt = setter.receipt(RECEIPT)
    (shown,) = pages(receipt)
    assert "Inkom måndag 2 mars 2026 kl. 14.07.31" in shown
    assert RECEIPT.digest in shown
    assert dict(read(receipt).attachments) == {"receipt.json": [RECEIPT.data.encode()]}
    assert receipt == setter.receipt(RECEIPT)
    assert [tag for tag in tags(receipt) if re.fullmatch(r"H\d", tag)] == ["H1", "H2", "H2", "H2", "H2"]


def test_only_what_exists_can_be_chosen() -> None:
    with pytest.raises(LookupError):
        for_tenant("word")
