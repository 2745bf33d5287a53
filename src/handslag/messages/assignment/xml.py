"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.assignment.message import Arrival, Assigned, Assignment, Placement
from handslag.messages.ech.frame import Form, below, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, take_turn

OWN = "urn:handslag:message:assignment:1"
#: Fields of an assignment, of a person, of an answer and their elements, in order; what is empty isn't written.
_ASKED = (("arrival_on", "arrivalOn"), ("centre", "centre"), ("moves_from", "movesFrom"), ("answer_by", "answerBy"),
          ("text", "text"))  # fmt: skip
_PERSON = (("role", "role"), ("status", "status"), ("status_since", "statusSince"), ("entry_on", "entryOn"),
           ("special_needs", "specialNeeds"), ("quota_credit", "quotaCredit"))  # fmt: skip
_ANSWER = (("arrived_on", "arrivedOn"), ("accommodation", "accommodation"), ("reason", "reason"))


def _put(root: etree._Element, told: Assignment) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _fields(place: etree._Element, told: Any, fields: tuple[tuple[str, str], ...]) -> None:
    for field, name in fields:
        if (value := getattr(told, field)) not in ("", None):
            below(place, name, value, OWN)


def _taken(place: etree._Element, fields: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    told = texts(place, OWN, *(name for _, name in fields))
    return {field: told[name] for field, name in fields if name in told}


def _put_asked(parent: etree._Element, asked: Placement) -> None:
    _fields(parent, asked, _ASKED)
    for each in asked.persons:
        _put_person(below(parent, "assigned", None, OWN), each)


def _put_person(place: etree._Element, each: Assigned) -> None:
    below(place, "number", each.number, OWN)
    put_person(below(place, "person", None, OWN), each.person)
    _fields(place, each, _PERSON)


def _put_answer(place: etree._Element, answer: Arrival) -> None:
    _fields(place, answer, _ANSWER)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(
        root, OWN, _take_asked, lambda place: {"accommodation": "", "reason": "", **_taken(place, _ANSWER)}
    )


def _take_asked(place: etree._Element) -> dict[str, Any]:
    persons = [_take_person(each) for each in place.findall(f"{{{OWN}}}assigned")]
    return {"persons": persons, **_taken(place, _ASKED)}


def _take_person(place: etree._Element) -> dict[str, Any]:
    (person,) = place.findall(f"{{{OWN}}}person")
    told = _taken(place, _PERSON)
    told["quota_credit"] = {"true": True, "1": True, "false": False, "0": False}[told["quota_credit"]]
    return {"number": int(texts(place, OWN, "number")["number"]), "person": take_person(person), "special_needs": "",
            **told}  # fmt: skip


FORM = Form("assignment", 1, Assignment, _put, _take)
