"""A message as XML in the frame of eCH-0058, read back into the text that its seal signs; by the catalogue alone."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from xml.etree import ElementTree

from simulators.exchange.jose import Refused, canonical

_HEADER, _PERSON = "{http://www.ech.ch/xmlns/eCH-0058/5}", "{http://www.ech.ch/xmlns/eCH-0044/4}"
_TYPE = re.compile(r"urn:handslag:message:([a-z_]+):([0-9]+)")
_SEAL = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+")
_NAMES = {
    "senderId": "sender", "recipientId": "recipient", "messageId": "id", "referenceMessageId": "reference",
    "businessProcessId": "process", "ourBusinessReferenceId": "our_case", "messageDate": "sent_at", "action": "action",
}  # fmt: skip
_FLAGS = {"testDeliveryFlag": "test", "responseExpected": "response_expected", "businessCaseClosed": "closed"}
_LISTS = {"point": "points", "item": "items", "document": "documents", "answer": "answers", "line": "lines"}
#: What stands in JSON as "" where there is no element.
_EMPTY = {
    ("question", "answer"): ("text", "reason"),
    ("case_transfer", "answer"): ("text", "reason"),
    ("case_transfer", "address"): ("postcode", "city"),
    ("case_transfer", "contact"): ("email", "telephone", "language"),
}
_MOST, _DEEPEST = 1_000_000, 12


def sealed_text(text: bytes) -> str:
    """The sealed text (compact JWS) of a message in XML. Refused; nothing in it is believed yet."""
    if len(text) > _MOST:
        raise Refused(413, "330", "larger than any message")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Refused(422, "200", "XML: has a DOCTYPE")
    try:
        root = ElementTree.fromstring(text)
        if _deep(root, 1) > _DEEPEST:
            raise ValueError("too deep")
        space, kind = root.tag[1:].split("}")
        found = _TYPE.fullmatch(space)
        if not found or found[1] != kind:
            raise ValueError("the namespace names another kind of message")
        own = f"{{{space}}}"
        seal = root.findtext(f"{own}seal", "")
        if not _SEAL.fullmatch(seal):
            raise ValueError("without a seal")
        told = _message(root, own, kind, int(found[2]))
        for one in json.loads(root.findtext(f"{own}more", "[]")):
            _mended(told, one)
    except (ElementTree.ParseError, ValueError, KeyError, TypeError, IndexError) as error:
        raise Refused(422, "200", f"XML: {error}") from error
    payload = base64.urlsafe_b64encode(canonical(told)).rstrip(b"=").decode()
    return seal.replace("..", f".{payload}.")


def _deep(place: ElementTree.Element, depth: int) -> int:
    return max([depth, *(_deep(one, depth + 1) for one in place)]) if depth <= _DEEPEST else depth


def _message(root: ElementTree.Element, own: str, kind: str, version: int) -> dict[str, Any]:
    (header,) = root.findall(f"{_HEADER}header")
    if header.findtext(f"{_HEADER}messageType") != own[1:-1]:
        raise ValueError("messageType names another kind of message")
    said: dict[str, Any] = {"message": kind, "version": version, "header": _header(header)}
    for one in root:
        name = one.tag.removeprefix(own)
        if one.tag.startswith(own) and name not in ("seal", "more"):
            _add(said, kind, name, _value(one, own, kind, name))
    return said


def _header(place: ElementTree.Element) -> dict[str, Any]:
    texts = {one.tag.removeprefix(_HEADER): one.text or "" for one in place}
    (by,) = place.findall(f"{_HEADER}sendingApplication")
    software = {"manufacturer": "manufacturer", "product": "product", "version": "productVersion"}
    return {
        **{field: texts[name] for name, field in _NAMES.items() if name in texts},
        **{field: texts[name] in ("true", "1") for name, field in _FLAGS.items()},
        "software": {field: by.findtext(_HEADER + name, "") for field, name in software.items()},
    }


def _value(place: ElementTree.Element, own: str, kind: str, name: str) -> Any:
    if name == "person":
        return _person(place)
    if len(place) == 0 and (kind, name) not in _EMPTY:
        text = place.text or ""
        if name == "marked":
            return text in ("true", "1")
        return int(text) if name in ("number", "size", "amount") else text
    said: dict[str, Any] = dict.fromkeys(_EMPTY.get((kind, name), ()), "")
    for one in place:
        below = one.tag.removeprefix(own)
        _add(said, kind, below, _value(one, own, kind, below))
    return said


def _add(said: dict[str, Any], kind: str, name: str, value: Any) -> None:
    """Put a value by its name in JSON; what may come more than once is a list, but a point has one line."""
    if name in _LISTS and (kind, name) != ("question", "line"):
        said.setdefault(_LISTS[name], []).append(value)
    else:
        said[re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)] = value


def _person(place: ElementTree.Element) -> dict[str, Any]:
    (local,) = place.findall(f"{_PERSON}localPersonId")
    born = place.findtext(f"{_PERSON}dateOfBirth/{_PERSON}yearMonthDay")
    return {
        "identifier_type": local.findtext(f"{_PERSON}personIdCategory", ""),
        "identifier": local.findtext(f"{_PERSON}personId", ""),
        "given_name": place.findtext(f"{_PERSON}firstName", ""),
        "family_name": place.findtext(f"{_PERSON}officialName", ""),
        **({"birth_on": born} if born else {}),
    }


def _mended(told: Any, one: dict[str, Any]) -> None:
    *way, last = one["at"]
    for step in way:
        told = told[step]
    if "is" in one:
        told[last] = one["is"]
    else:
        del told[last]
