"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, put_fields, take_fields
from handslag.messages.ech.turn import put_turn, put_words, take_turn, take_words
from handslag.messages.reclaim.message import Reclaim, Reclaimed

OWN = "urn:handslag:message:reclaim:1"
#: Fields and their elements, in order.
_ASKED = (("reclaim", "reclaim"), ("state", "state"), ("total", "total"), ("currency", "currency"),
          ("reason", "reason"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_LINE = (("number", "number"), ("settled", "settled"), ("amount", "amount"))
_SPAN = (("since", "since"), ("until", "until"))
_NUMBERS = ("total", "number", "amount")


def _put(root: etree._Element, told: Reclaim) -> None:
    put_turn(root, told, OWN, _put_asked, lambda place, one: put_words(place, one, OWN, "text", "reason"))


def _put_asked(parent: etree._Element, asked: Reclaimed) -> None:
    put_fields(parent, asked, _ASKED, OWN)
    for line in asked.lines:
        place = below(parent, "reclaimLine", None, OWN)
        put_fields(place, line, _LINE, OWN)
        for span in line.days:
            put_fields(below(place, "span", None, OWN), span, _SPAN, OWN)


def _whole(told: dict[str, Any]) -> dict[str, Any]:
    return {name: int(value) if name in _NUMBERS else value for name, value in told.items()}


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, lambda place: take_words(place, OWN))


def _take_asked(place: etree._Element) -> dict[str, Any]:
    lines = [_take_line(one) for one in place.findall(f"{{{OWN}}}reclaimLine")]
    return {**_whole(take_fields(place, _ASKED, OWN)), "lines": lines}


def _take_line(place: etree._Element) -> dict[str, Any]:
    days = [take_fields(one, _SPAN, OWN) for one in place.findall(f"{{{OWN}}}span")]
    return {**_whole(take_fields(place, _LINE, OWN)), **({"days": days} if days else {})}


FORM = Form("reclaim", 1, Reclaim, _put, _take)
