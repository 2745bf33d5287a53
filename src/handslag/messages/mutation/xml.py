"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, put_fields, take_fields, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, put_words, take_turn
from handslag.messages.mutation.message import Change, Mutation

OWN = "urn:handslag:message:mutation:1"
#: Fields of a change and their elements, in order; what is empty isn't written.
_ASKED = (("change", "change"), ("on", "on"), ("last_on", "lastOn"), ("status", "status"), ("entry_on", "entryOn"),
          ("municipality", "municipality"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip


def _put(root: etree._Element, told: Mutation) -> None:
    put_turn(root, told, OWN, _put_asked, lambda place, answer: put_words(place, answer, OWN, "reason"))


def _put_asked(parent: etree._Element, asked: Change) -> None:
    put_fields(parent, asked, _ASKED, OWN)
    for each in asked.persons:
        place = below(parent, "concerned", None, OWN)
        below(place, "number", each.number, OWN)
        put_person(below(place, "person", None, OWN), each.person)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, lambda place: {"reason": "", **texts(place, OWN, "reason")})


def _take_asked(place: etree._Element) -> dict[str, Any]:
    persons = [
        {
            "number": int(texts(each, OWN, "number")["number"]),
            "person": take_person(each.findall(f"{{{OWN}}}person")[0]),
        }
        for each in place.findall(f"{{{OWN}}}concerned")
    ]
    return {"persons": persons, **take_fields(place, _ASKED, OWN)}


FORM = Form("mutation", 1, Mutation, _put, _take)
