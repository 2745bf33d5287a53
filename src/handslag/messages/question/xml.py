"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, texts
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, put_words, take_turn, take_words
from handslag.messages.question.message import Answer, Asked, Question

OWN = "urn:handslag:message:question:1"
_LINE = ("code", "name", "amount", "currency")


def _put(root: etree._Element, told: Question) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _put_answer(place: etree._Element, answer: Answer) -> None:
    put_words(place, answer, OWN, "reason" if answer.reason else "text")


def _put_asked(parent: etree._Element, asked: Asked) -> None:
    put_person(below(parent, "person", None, OWN), asked.person)
    if asked.month is not None:
        below(parent, "month", asked.month, OWN)
    below(parent, "ground", asked.ground, OWN)
    below(parent, "answerBy", asked.answer_by, OWN)
    below(parent, "text", asked.text, OWN)
    for each in asked.points:
        point = below(parent, "point", None, OWN)
        below(point, "number", each.number, OWN)
        if each.line is not None:
            line = below(point, "line", None, OWN)
            for name in _LINE:
                below(line, name, getattr(each.line, name), OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, lambda place: take_words(place, OWN))


def _take_asked(place: etree._Element) -> dict[str, Any]:
    (person,) = place.findall(f"{{{OWN}}}person")
    told = texts(place, OWN, "month", "ground", "answerBy", "text")
    return {
        "person": take_person(person),
        **({"month": told["month"]} if "month" in told else {}),
        "ground": told["ground"],
        "answer_by": told["answerBy"],
        "text": told["text"],
        "points": [_take_point(point) for point in place.findall(f"{{{OWN}}}point")],
    }


def _take_point(point: etree._Element) -> dict[str, Any]:
    said: dict[str, Any] = {"number": int(texts(point, OWN, "number")["number"])}
    for line in point.findall(f"{{{OWN}}}line"):
        told = texts(line, OWN, *_LINE)
        said["line"] = {**told, "amount": int(told["amount"])}
    return said


FORM = Form("question", 1, Question, _put, _take)
