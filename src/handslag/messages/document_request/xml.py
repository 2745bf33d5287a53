"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.document_request.message import DocumentRequest, Given, Sought
from handslag.messages.ech.frame import Form, below, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_ground, put_turn, take_ground, take_turn

OWN = "urn:handslag:message:document_request:1"
#: Fields of a file and their elements.
_FILE = (
    ("name", "name"),
    ("content_type", "contentType"),
    ("size", "size"),
    ("digest", "digest"),
    ("scanned", "scanned"),
    ("content", "content"),
)


def _put(root: etree._Element, told: DocumentRequest) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _put_asked(parent: etree._Element, asked: Sought) -> None:
    put_person(below(parent, "person", None, OWN), asked.person)
    put_ground(parent, asked.ground, OWN)
    below(parent, "answerBy", asked.answer_by, OWN)
    below(parent, "text", asked.text, OWN)
    for each in asked.documents:
        document = below(parent, "document", None, OWN)
        below(document, "number", each.number, OWN)
        below(document, "name", each.name, OWN)


def _put_answer(place: etree._Element, answer: Given) -> None:
    if answer.file is None:
        below(place, "reason", answer.reason, OWN)
        return
    file = below(place, "file", None, OWN)
    for field, name in _FILE:
        below(file, name, getattr(answer.file, field), OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, _take_answer)


def _take_asked(place: etree._Element) -> dict[str, Any]:
    (person,) = place.findall(f"{{{OWN}}}person")
    told = texts(place, OWN, "answerBy", "text")
    named = [texts(each, OWN, "number", "name") for each in place.findall(f"{{{OWN}}}document")]
    return {
        "person": take_person(person),
        "ground": take_ground(place, OWN),
        "answer_by": told["answerBy"],
        "text": told["text"],
        "documents": [{**one, "number": int(one["number"])} for one in named],
    }


def _take_answer(place: etree._Element) -> dict[str, Any]:
    for file in place.findall(f"{{{OWN}}}file"):
        told = texts(file, OWN, *(name for _, name in _FILE))
        return {"file": {field: told[name] for field, name in _FILE} | {"size": int(told["size"])}}
    return dict(texts(place, OWN, "reason"))


FORM = Form("document_request", 1, DocumentRequest, _put, _take)
