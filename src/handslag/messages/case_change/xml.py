"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.case_change.message import CaseChange, Changed
from handslag.messages.ech.frame import Form, below, put_fields, take_fields, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, take_turn

OWN = "urn:handslag:message:case_change:1"
#: Fields of a change and their elements, in order; what is empty isn't written.
_ASKED = (("change", "change"), ("on", "on"), ("before", "before"), ("after", "after"), ("cause", "cause"),
          ("bfs_code", "bfsCode"), ("balance", "balance"), ("restitution", "restitution"),
          ("municipality", "municipality"), ("plan", "plan"), ("open_costs", "openCosts"),
          ("notification", "notification"), ("why", "why"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_ANSWER = (("last_on", "lastOn"), ("reason", "reason"))


def _put(root: etree._Element, told: CaseChange) -> None:
    put_turn(root, told, OWN, _put_asked, lambda place, answer: put_fields(place, answer, _ANSWER, OWN))


def _put_asked(parent: etree._Element, asked: Changed) -> None:
    put_fields(parent, asked, _ASKED, OWN)
    for each in asked.persons:
        place = below(parent, "concerned", None, OWN)
        below(place, "number", each.number, OWN)
        put_person(below(place, "person", None, OWN), each.person)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, lambda place: {"reason": "", **take_fields(place, _ANSWER, OWN)})


def _take_asked(place: etree._Element) -> dict[str, Any]:
    told = take_fields(place, _ASKED, OWN)
    told |= {name: int(told[name]) for name in ("balance", "restitution", "open_costs") if name in told}
    persons = [
        {
            "number": int(texts(each, OWN, "number")["number"]),
            "person": take_person(each.findall(f"{{{OWN}}}person")[0]),
        }
        for each in place.findall(f"{{{OWN}}}concerned")
    ]
    return {"persons": persons, **told}


FORM = Form("case_change", 1, CaseChange, _put, _take)
