"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, put_fields, take_fields
from handslag.messages.ech.turn import put_turn, put_words, take_turn
from handslag.messages.payment_advice.message import Advice, PaymentAdvice

OWN = "urn:handslag:message:payment_advice:1"
#: Fields and their elements, in order.
_ASKED = (("payment", "payment"), ("state", "state"), ("amount", "amount"), ("currency", "currency"), ("iban", "iban"),
          ("value_on", "valueOn"))  # fmt: skip
_PART = tuple((name, name) for name in ("number", "regime", "since", "until", "netted", "paid"))
_NUMBERS = ("amount", "number", "netted", "paid")


def _put(root: etree._Element, told: PaymentAdvice) -> None:
    put_turn(root, told, OWN, _put_asked, lambda place, one: put_words(place, one, OWN, "reason"))


def _put_asked(parent: etree._Element, asked: Advice) -> None:
    put_fields(parent, asked, _ASKED, OWN)
    for reference in asked.settlements:
        below(parent, "settlement", reference, OWN)
    for part in asked.parts:
        place = below(parent, "part", None, OWN)
        for field, name in _PART:
            below(place, name, getattr(part, field), OWN)


def _whole(told: dict[str, Any]) -> dict[str, Any]:
    return {name: int(value) if name in _NUMBERS else value for name, value in told.items()}


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, _take_answer)


def _take_answer(place: etree._Element) -> dict[str, Any]:
    return {"reason": "", **take_fields(place, (("reason", "reason"),), OWN)}


def _take_asked(place: etree._Element) -> dict[str, Any]:
    return {
        **_whole(take_fields(place, _ASKED, OWN)),
        "settlements": [one.text or "" for one in place.findall(f"{{{OWN}}}settlement")],
        "parts": [_whole(take_fields(one, _PART, OWN)) for one in place.findall(f"{{{OWN}}}part")],
    }


FORM = Form("payment_advice", 1, PaymentAdvice, _put, _take)
