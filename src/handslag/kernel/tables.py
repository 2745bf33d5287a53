"""Tables as people hand them over: CSV as a spreadsheet saves it, or a workbook (xlsx). Every cell is text."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

MOST: Final = 100_000_000
"""Bytes of a workbook once it is unpacked."""
Row = tuple[int, list[str]]
"""A line of the file, counted from 1, and its cells."""


class TableError(ValueError):
    """The file can't be read; `code`: text, quotes, workbook, size."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def as_text(content: bytes) -> str:
    """The text of a file, as UTF-8 or as spreadsheets on Windows write it. TableError for what is no text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise TableError("text")
    return text


def separator(line: str) -> str:
    """The sign between the cells of a table, by its first line."""
    return max(";,\t", key=line.count)


def tables(content: bytes) -> dict[str, list[Row]]:
    """The rows of a file that say anything: of each sheet of a workbook by its name, of a CSV by ""."""
    if content.startswith(b"PK"):
        try:
            return dict(_sheets(content))
        except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, ValueError, NotImplementedError) as error:
            raise error if isinstance(error, TableError) else TableError("workbook") from error
    lines = as_text(content).splitlines()
    reader = csv.reader(lines, delimiter=separator(lines[0]) if lines else ";", strict=True)
    try:
        return {"": [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]}
    except csv.Error as error:
        raise TableError("quotes") from error


def _sheets(content: bytes) -> Iterator[tuple[str, list[Row]]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(one.file_size for one in archive.infolist()) > MOST:
            raise TableError("size")
        names = archive.namelist()
        shared = []
        if "xl/sharedStrings.xml" in names:
            shared = [_told(one) for one in _part(archive, "xl/sharedStrings.xml").findall("{*}si")]
        targets = {one.get("Id"): one.get("Target", "") for one in _part(archive, "xl/_rels/workbook.xml.rels")}
        book = _part(archive, "xl/workbook.xml")
        if any(one.get("date1904") in ("1", "true") for one in book.findall("{*}workbookPr")):
            raise TableError("workbook")
        for sheet in book.findall("{*}sheets/{*}sheet"):
            key = next(value for name, value in sheet.items() if etree.QName(name).localname == "id" and "}" in name)
            target = targets[key].removeprefix("/").removeprefix("xl/")
            if f"xl/{target}" in names and "worksheets/" in target:
                yield sheet.get("name", ""), list(_rows(_part(archive, f"xl/{target}"), shared))


def _part(archive: zipfile.ZipFile, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(archive.read(name), parser)


def _rows(sheet: Any, shared: list[str]) -> Iterator[Row]:
    for place, row in enumerate(sheet.findall("{*}sheetData/{*}row"), 1):
        cells: dict[int, str] = {}
        for n, cell in enumerate(row.findall("{*}c")):
            letters = re.match(r"[A-Z]{1,3}", cell.get("r", ""))
            cells[_column(letters[0]) if letters else n] = _cell(cell, shared).strip()
        if any(cells.values()):
            yield int(row.get("r", place)), [cells.get(n, "") for n in range(max(cells) + 1)]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell(cell: Any, shared: list[str]) -> str:
    kind, value = cell.get("t", "n"), cell.findtext("{*}v", "")
    if kind == "s":
        return shared[int(value)]
    if kind == "inlineStr":
        return "".join(_told(one) for one in cell.findall("{*}is"))
    if kind == "n" and value:
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


def _told(text: Any) -> str:
    """The text of a cell, in one piece or several of different type, without what is said of how it is read."""
    return "".join(one.text or "" for one in (*text.findall("{*}t"), *text.findall("{*}r/{*}t")))
