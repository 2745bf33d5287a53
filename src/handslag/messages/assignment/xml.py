"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.assignment.message import Arrival, Assigned, Assignment, Placement
from handslag.messages.ech.frame import Form, below, flag, put_fields, take_fields, texts
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


def _put_asked(parent: etree._Element, asked: Placement) -> None:
    put_fields(parent, asked, _ASKED, OWN)
    for each in asked.persons:
        _put_person(below(parent, "assigned", None, OWN), each)


def _put_person(place: etree._Element, each: Assigned) -> None:
    below(place, "number", each.number, OWN)
    put_person(below(place, "person", None, OWN), each.person)
    put_fields(place, each, _PERSON, OWN)


def _put_answer(place: etree._Element, answer: Arrival) -> None:
    put_fields(place, answer, _ANSWER, OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(
        root, OWN, _take_asked, lambda place: {"accommodation": "", "reason": "", **take_fields(place, _ANSWER, OWN)}
    )


def _take_asked(place: etree._Element) -> dict[str, Any]:
    persons = [_take_person(each) for each in place.findall(f"{{{OWN}}}assigned")]
    return {"persons": persons, **take_fields(place, _ASKED, OWN)}


def _take_person(place: etree._Element) -> dict[str, Any]:
    (person,) = place.findall(f"{{{OWN}}}person")
    told = take_fields(place, _PERSON, OWN)
    told["quota_credit"] = flag(told["quota_credit"])
    return {"number": int(texts(place, OWN, "number")["number"]), "person": take_person(person), "special_needs": "",
            **told}  # fmt: skip


FORM = Form("assignment", 1, Assignment, _put, _take)
