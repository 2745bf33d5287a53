"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, put_fields, take_fields
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, take_turn
from handslag.messages.provider_bill.message import Bill, Paid, ProviderBill

OWN = "urn:handslag:message:provider_bill:1"
#: Fields and their elements, in order; what is empty isn't written.
_ASKED = (("approval", "approval"), ("bill", "bill"), ("amount", "amount"), ("since", "since"),
          ("last_on", "lastOn"), ("unit_price", "unitPrice"), ("quantity", "quantity"), ("iban", "iban"),
          ("reference", "reference"), ("why", "why"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_ANSWER = (("text", "text"), ("reason", "reason"))
_WHOLE = ("unit_price", "quantity", "amount")


def _put(root: etree._Element, told: ProviderBill) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _put_asked(parent: etree._Element, asked: Bill) -> None:
    put_person(below(parent, "person", None, OWN), asked.person)
    put_fields(parent, asked, _ASKED, OWN)


def _put_answer(place: etree._Element, answer: Paid) -> None:
    put_fields(place, answer, _ANSWER, OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    empty = {"text": "", "reason": ""}
    return take_turn(root, OWN, _take_asked, lambda place: empty | take_fields(place, _ANSWER, OWN))


def _take_asked(place: etree._Element) -> dict[str, Any]:
    (person,) = place.findall(f"{{{OWN}}}person")
    told = take_fields(place, _ASKED, OWN)
    told |= {name: int(told[name]) for name in _WHOLE}
    return {"person": take_person(person), **told}


FORM = Form("provider_bill", 1, ProviderBill, _put, _take)
