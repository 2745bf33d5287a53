"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, flag
from handslag.messages.ech.turn import put_turn, put_words, take_turn, take_words
from handslag.messages.settlement.message import Settlement, Turn

OWN = "urn:handslag:message:settlement:1"
#: Elements of each part in order, as (field, element, what it is): a text, number or flag; `many` texts or numbers; or
#: one part or many of this name. What is empty isn't written.
_PARTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "asked": (("statement", "statement", "text"), ("answer_by", "answerBy", "text"),
              ("submitted", "submitted", "submitted"), ("decided", "decided", "decided"),
              ("questions", "lineQuestion", "many question")),
    "submitted": (("fund", "fund", "text"), ("since", "since", "text"), ("until", "until", "text"),
                  ("number", "number", "number"), ("piece", "piece", "number"), ("pieces", "pieces", "number"),
                  ("withdrawn", "withdrawn", "many number"), ("count", "count", "number"), ("total", "total", "number"),
                  ("currency", "currency", "text"), ("sent_on", "sentOn", "text"), ("lines", "claimLine", "many line")),
    "line": (("number", "number", "number"), ("identifier", "identifier", "text"), ("kind", "kind", "text"),
             ("status", "status", "text"), ("since", "since", "text"), ("until", "until", "text"),
             ("days", "days", "number"), ("rate", "rate", "number"), ("amount", "amount", "number"),
             ("cost", "cost", "text"), ("share", "share", "text"), ("account_code", "accountCode", "text"),
             ("text", "text", "text"), ("corrects", "corrects", "text"), ("findings", "finding", "many text"),
             ("why", "why", "text"), ("items", "item", "many item")),
    "item": (("cost", "cost", "text"), ("since", "since", "text"), ("until", "until", "text"),
             ("days", "days", "number"), ("gross", "gross", "number"), ("whole", "whole", "number"),
             ("common", "common", "number"), ("heads", "heads", "number")),
    "decided": (("number", "number", "number"), ("piece", "piece", "number"), ("pieces", "pieces", "number"),
                ("accepted_total", "acceptedTotal", "number"), ("cut_total", "cutTotal", "number"),
                ("closed", "closed", "flag"), ("decisions", "lineDecision", "many decision")),
    "decision": (("number", "number", "number"), ("outcome", "outcome", "text"), ("reason", "reason", "text"),
                 ("amount", "amount", "number"), ("accepted", "stretch", "many stretch"), ("why", "why", "text")),
    "stretch": (("since", "since", "text"), ("until", "until", "text")),
    "question": (("number", "number", "number"), ("of_line", "ofLine", "number"), ("text", "text", "text")),
}  # fmt: skip


def _put_part(place: etree._Element, part: str, told: Any) -> None:
    for field, name, kind in _PARTS[part]:
        value = getattr(told, field)
        for one in value if isinstance(value, list) else [] if value in ("", None) else [value]:
            inner = kind.removeprefix("many ")
            if inner in _PARTS:
                _put_part(below(place, name, None, OWN), inner, one)
            else:
                below(place, name, one, OWN)


def _take_part(place: etree._Element, part: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for field, name, kind in _PARTS[part]:
        inner = kind.removeprefix("many ")
        found = [_taken(one, inner) for one in place.findall(f"{{{OWN}}}{name}")]
        if kind != inner and found:
            said[field] = found
        elif found:
            (said[field],) = found
    return said


def _taken(place: etree._Element, kind: str) -> Any:
    if kind in _PARTS:
        return _take_part(place, kind)
    text = place.text or ""
    if kind == "flag":
        return flag(text)
    return int(text) if kind == "number" else text


def _put(root: etree._Element, told: Settlement) -> None:
    put_turn(root, told, OWN, _put_asked, lambda place, answer: put_words(place, answer, OWN, "text", "reason"))


def _put_asked(parent: etree._Element, asked: Turn) -> None:
    _put_part(parent, "asked", asked)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, lambda place: _take_part(place, "asked"), lambda place: take_words(place, OWN))


FORM = Form("settlement", 1, Settlement, _put, _take)
