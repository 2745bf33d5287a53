"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.case_notification.message import Accepted, Case, CaseNotification
from handslag.messages.ech.frame import Form, below, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, take_turn

OWN = "urn:handslag:message:case_notification:1"
#: Fields and their elements, in order; what is empty isn't written.
_ASKED = (("decided_on", "decidedOn"), ("heads", "heads"), ("cohabitation", "cohabitation"), ("need", "need"),
          ("income", "income"), ("why", "why"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_PERSON = (("nationality", "nationality"), ("permit", "permit"), ("permit_until", "permitUntil"),
           ("residence_since", "residenceSince"), ("supported_since", "supportedSince"))  # fmt: skip
_ANSWER = (("last_on", "lastOn"), ("reason", "reason"))


def _put(root: etree._Element, told: CaseNotification) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _fields(place: etree._Element, told: Any, fields: tuple[tuple[str, str], ...]) -> None:
    for field, name in fields:
        if (value := getattr(told, field)) not in ("", None):
            below(place, name, value, OWN)


def _taken(place: etree._Element, fields: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    told = texts(place, OWN, *(name for _, name in fields))
    return {field: told[name] for field, name in fields if name in told}


def _put_asked(parent: etree._Element, asked: Case) -> None:
    _fields(parent, asked, _ASKED)
    for each in asked.persons:
        place = below(parent, "supported", None, OWN)
        below(place, "number", each.number, OWN)
        put_person(below(place, "person", None, OWN), each.person)
        _fields(place, each, _PERSON)


def _put_answer(place: etree._Element, answer: Accepted) -> None:
    _fields(place, answer, _ANSWER)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, lambda place: {"reason": "", **_taken(place, _ANSWER)})


def _take_asked(place: etree._Element) -> dict[str, Any]:
    told = _taken(place, _ASKED)
    told |= {name: int(told[name]) for name in ("heads", "need", "income")}
    told["cohabitation"] = {"true": True, "1": True, "false": False, "0": False}[told["cohabitation"]]
    persons = [
        {
            "number": int(texts(each, OWN, "number")["number"]),
            "person": take_person(each.findall(f"{{{OWN}}}person")[0]),
            **_taken(each, _PERSON),
        }
        for each in place.findall(f"{{{OWN}}}supported")
    ]
    return {"persons": persons, **told}


FORM = Form("case_notification", 1, CaseNotification, _put, _take)
