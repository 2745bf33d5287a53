"""XML from outside, refused before anything is built from it: too large, too deep, with a document type."""

from __future__ import annotations

from typing import Any, Final
from xml.parsers import expat

from lxml import etree

MOST_BYTES: Final = 4_000_000
DEEPEST: Final = 60


class Unreadable(ValueError):
    """It isn't what it should be; the text is a word for the log, free of personal data."""


def parsed(body: bytes) -> etree._Element:
    """The root of a document; Unreadable otherwise."""
    if len(body) > MOST_BYTES:
        raise Unreadable("too large")
    depth = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise Unreadable("too deep")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: Any) -> None:
        raise Unreadable("document type")

    scout = expat.ParserCreate()
    scout.StartElementHandler, scout.EndElementHandler, scout.StartDoctypeDeclHandler = start, end, doctype
    try:
        scout.Parse(body, True)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
            remove_comments=True, remove_pis=True,
        )  # fmt: skip
        return etree.fromstring(body, parser)
    except Unreadable:
        raise
    except (expat.ExpatError, etree.XMLSyntaxError, LookupError, ValueError) as error:  # the last: of some encodings
        raise Unreadable("not XML") from error


def first(parent: etree._Element, *path: str) -> etree._Element | None:
    """The first element along a path of names, in whatever namespace."""
    here: etree._Element | None = parent
    for name in path:
        here = next((child for child in here if local(child) == name), None) if here is not None else None
    return here


def all_of(parent: etree._Element, name: str) -> list[etree._Element]:
    """All elements of a name below, in whatever namespace."""
    return [one for one in parent.iter() if local(one) == name]


def text(parent: etree._Element, *path: str) -> str:
    """The text at the end of a path, "" where there is none."""
    found = first(parent, *path)
    return (found.text or "").strip() if found is not None else ""


def local(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return etree.QName(element).localname
