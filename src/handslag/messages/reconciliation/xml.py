"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Form, below, texts
from handslag.messages.ech.turn import put_turn, take_turn
from handslag.messages.reconciliation.message import Compared, Ledger, Reconciliation

OWN = "urn:handslag:message:reconciliation:1"
#: Fields and their elements, in order.
_AMOUNTS = tuple((name, name) for name in ("claimed", "cut", "expired", "accepted", "netted", "paid"))
_PART = (*((name, name) for name in ("number", "regime", "since", "until", "currency")), *_AMOUNTS)
_KNOWN = (("rests_on", "restsOn"), ("reference", "reference"), ("digest", "digest"))
_DIFFERENCE = (("regime", "regime"), ("since", "since"), ("rests_on", "restsOn"), ("reference", "reference"),
               ("state", "state"))  # fmt: skip
_NUMBERS = {"number", *(name for name, _element in _AMOUNTS)}


def _fields(place: etree._Element, told: Any, fields: tuple[tuple[str, str], ...]) -> None:
    for field, name in fields:
        below(place, name, getattr(told, field), OWN)


def _taken(place: etree._Element, fields: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    said = texts(place, OWN, *(name for _, name in fields))
    return {field: int(said[name]) if field in _NUMBERS else said[name] for field, name in fields if name in said}


def _put(root: etree._Element, told: Reconciliation) -> None:
    put_turn(root, told, OWN, _put_asked, _put_answer)


def _put_asked(parent: etree._Element, asked: Ledger) -> None:
    _fields(parent, asked, (("side", "side"), ("digest", "digest")))
    for part in asked.parts:
        place = below(parent, "part", None, OWN)
        _fields(place, part, _PART)
        for one in part.postings:
            _fields(below(place, "posting", None, OWN), one, _KNOWN)


def _put_answer(place: etree._Element, answer: Compared) -> None:
    _fields(place, answer, (("digest", "digest"),))
    for one in answer.differences:
        _fields(below(place, "difference", None, OWN), one, _DIFFERENCE)


def _take(root: etree._Element) -> dict[str, Any]:
    return take_turn(root, OWN, _take_asked, _take_answer)


def _take_asked(place: etree._Element) -> dict[str, Any]:
    parts = [
        {**_taken(part, _PART), "postings": [_taken(one, _KNOWN) for one in part.findall(f"{{{OWN}}}posting")]}
        for part in place.findall(f"{{{OWN}}}part")
    ]
    return {**_taken(place, (("side", "side"), ("digest", "digest"))), **({"parts": parts} if parts else {})}


def _take_answer(place: etree._Element) -> dict[str, Any]:
    found = [_taken(one, _DIFFERENCE) for one in place.findall(f"{{{OWN}}}difference")]
    return {**_taken(place, (("digest", "digest"),)), **({"differences": found} if found else {})}


FORM = Form("reconciliation", 1, Reconciliation, _put, _take)
