"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.case_transfer.message import CaseTransfer, Handed, Item
from handslag.messages.ech.frame import Form, below, flag, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_ground, put_turn, put_words, take_ground, take_turn, take_words

OWN = "urn:handslag:message:case_transfer:1"
_CONTACT = ("email", "telephone", "language")
#: Fields of a decision and their elements.
_DECISION = (
    ("month", "month"),
    ("decided_on", "decidedOn"),
    ("result", "result"),
    ("amount", "amount"),
    ("currency", "currency"),
)


def _put(root: etree._Element, told: CaseTransfer) -> None:
    put_turn(root, told, OWN, _put_asked, lambda place, answer: put_words(place, answer, OWN, "text", "reason"))


def _put_asked(parent: etree._Element, asked: Handed) -> None:
    put_person(below(parent, "person", None, OWN), asked.person)
    if asked.marked:
        below(parent, "marked", asked.marked, OWN)
    below(parent, "movesOn", asked.moves_on, OWN)
    put_ground(parent, asked.ground, OWN)
    below(parent, "answerBy", asked.answer_by, OWN)
    below(parent, "text", asked.text, OWN)
    for each in asked.items:
        item = below(parent, "item", None, OWN)
        below(item, "number", each.number, OWN)
        _put_item(item, each)


def _put_item(item: etree._Element, each: Item) -> None:
    if each.member is not None:
        member = below(item, "member", None, OWN)
        put_person(below(member, "person", None, OWN), each.member.person)
        below(member, "role", each.member.role, OWN)
        if each.member.marked:
            below(member, "marked", each.member.marked, OWN)
    elif each.address is not None:
        address = below(item, "address", None, OWN)
        for line in each.address.lines:
            below(address, "line", line, OWN)
        for name in ("postcode", "city", "country"):
            if value := getattr(each.address, name):
                below(address, name, value, OWN)
    elif each.contact is not None:
        contact = below(item, "contact", None, OWN)
        for name in _CONTACT:
            if value := getattr(each.contact, name):
                below(contact, name, value, OWN)
    elif each.decision is not None:
        decision = below(item, "decision", None, OWN)
        for field, name in _DECISION:
            below(decision, name, getattr(each.decision, field), OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, lambda place: take_words(place, OWN))


def _take_asked(place: etree._Element) -> dict[str, Any]:
    (person,) = place.findall(f"{{{OWN}}}person")
    told = texts(place, OWN, "movesOn", "answerBy", "text")
    return {
        "person": take_person(person),
        **_marked(place),
        "moves_on": told["movesOn"],
        "ground": take_ground(place, OWN),
        "answer_by": told["answerBy"],
        "text": told["text"],
        "items": [_take_item(item) for item in place.findall(f"{{{OWN}}}item")],
    }


def _marked(place: etree._Element) -> dict[str, bool]:
    told = texts(place, OWN, "marked")
    return {"marked": flag(told["marked"])} if told else {}


def _take_item(item: etree._Element) -> dict[str, Any]:
    said: dict[str, Any] = {"number": int(texts(item, OWN, "number")["number"])}
    for member in item.findall(f"{{{OWN}}}member"):
        (person,) = member.findall(f"{{{OWN}}}person")
        said["member"] = {"person": take_person(person), **texts(member, OWN, "role"), **_marked(member)}
    for address in item.findall(f"{{{OWN}}}address"):
        lines = [line.text or "" for line in address.findall(f"{{{OWN}}}line")]
        told = texts(address, OWN, "postcode", "city", "country")
        said["address"] = {"lines": lines, "postcode": "", "city": "", **told}
    for contact in item.findall(f"{{{OWN}}}contact"):
        said["contact"] = dict.fromkeys(_CONTACT, "") | texts(contact, OWN, *_CONTACT)
    for decision in item.findall(f"{{{OWN}}}decision"):
        told = texts(decision, OWN, *(name for _, name in _DECISION))
        said["decision"] = {field: told[name] for field, name in _DECISION} | {"amount": int(told["amount"])}
    return said


FORM = Form("case_transfer", 1, CaseTransfer, _put, _take)
