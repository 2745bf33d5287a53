"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.case_notification.message import Accepted, Case, CaseNotification
from handslag.messages.ech.frame import Form, below, flag, put_fields, take_fields, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, take_turn

OWN = "urn:handslag:message:case_notification:1"
#: Fields and their elements, in order; what is empty isn't written.
_ASKED = (("decided_on", "decidedOn"), ("heads", "heads"), ("cohabitation", "cohabitation"), ("need", "need"),
          ("income", "income"), ("why", "why"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_PERSON = (("nationality", "nationality"), ("permit", "permit"), ("permit_until", "permitUntil"),
           ("residence_since", "residenceSince"), ("supported_since", "supportedSince"))  # fmt: skip
_STAYING = (("staying", "staying"),)
_ANSWER = (("last_on", "lastOn"), ("reason", "reason"))


def _put(root: etree._Element, told: CaseNotification) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _put_asked(parent: etree._Element, asked: Case) -> None:
    put_fields(parent, asked, _ASKED, OWN)
    for each in asked.persons:
        place = below(parent, "supported", None, OWN)
        below(place, "number", each.number, OWN)
        put_person(below(place, "person", None, OWN), each.person)
        put_fields(place, each, (*_PERSON, *(_STAYING if each.staying else ())), OWN)


def _put_answer(place: etree._Element, answer: Accepted) -> None:
    put_fields(place, answer, _ANSWER, OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, lambda place: {"reason": "", **take_fields(place, _ANSWER, OWN)})


def _take_asked(place: etree._Element) -> dict[str, Any]:
    told = take_fields(place, _ASKED, OWN)
    told |= {name: int(told[name]) for name in ("heads", "need", "income")}
    told["cohabitation"] = flag(told["cohabitation"])
    persons = [
        {
            "number": int(texts(each, OWN, "number")["number"]),
            "person": take_person(each.findall(f"{{{OWN}}}person")[0]),
            **take_fields(each, _PERSON, OWN),
            **{name: flag(told) for name, told in take_fields(each, _STAYING, OWN).items()},
        }
        for each in place.findall(f"{{{OWN}}}supported")
    ]
    return {"persons": persons, **told}


FORM = Form("case_notification", 1, CaseNotification, _put, _take)
