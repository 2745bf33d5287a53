"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.cost_approval.message import Approved, Cost, CostApproval
from handslag.messages.ech.frame import Form, below, flag, put_fields, take_fields
from handslag.messages.ech.person import put_person, take_person
from handslag.messages.ech.turn import put_turn, take_turn

OWN = "urn:handslag:message:cost_approval:1"
#: Fields and their elements, in order; what is empty isn't written.
_ASKED = (("account_code", "accountCode"), ("what", "what"), ("cause", "cause"), ("since", "since"),
          ("last_on", "lastOn"), ("unit_price", "unitPrice"), ("quantity", "quantity"), ("percent", "percent"),
          ("other_payer", "otherPayer"), ("other_pays", "otherPays"), ("offers", "offers"), ("urgent", "urgent"),
          ("why", "why"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_ANSWER = (("text", "text"), ("approval", "approval"), ("amount", "amount"), ("percent", "percent"), ("since", "since"),
           ("last_on", "lastOn"), ("reason", "reason"), ("by_rules", "byRules"))  # fmt: skip
_WHOLE = ("unit_price", "quantity", "percent", "other_pays", "amount")
_FLAGS = ("urgent", "by_rules")


def _put(root: etree._Element, told: CostApproval) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _put_asked(parent: etree._Element, asked: Cost) -> None:
    put_person(below(parent, "person", None, OWN), asked.person)
    put_fields(parent, asked, _ASKED, OWN)


def _put_answer(place: etree._Element, answer: Approved) -> None:
    put_fields(place, answer, _ANSWER, OWN)


def _take(root: etree._Element) -> dict[str, Any]:
    empty = {"text": "", "approval": "", "reason": ""}
    return take_turn(root, OWN, _take_asked, lambda place: empty | _typed(take_fields(place, _ANSWER, OWN)))


def _take_asked(place: etree._Element) -> dict[str, Any]:
    (person,) = place.findall(f"{{{OWN}}}person")
    return {"person": take_person(person), **_typed(take_fields(place, _ASKED, OWN))}


def _typed(told: dict[str, Any]) -> dict[str, Any]:
    told |= {name: int(told[name]) for name in _WHOLE if name in told}
    return told | {name: flag(told[name]) for name in _FLAGS if name in told}


FORM = Form("cost_approval", 1, CostApproval, _put, _take)
