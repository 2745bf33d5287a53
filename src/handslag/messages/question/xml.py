"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from lxml import etree

from handslag.messages.question.message import Answer, Asked, Question

OWN, HEADER, PERSON = (
    "urn:handslag:message:question:1",
    "http://www.ech.ch/xmlns/eCH-0058/5",
    "http://www.ech.ch/xmlns/eCH-0044/4",
)
#: Signs that XML 1.0 can't carry at all.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(question: Question) -> bytes:
    """A question, an answer or an addition as XML. Control signs that XML lacks are left out."""
    prefixes: Any = {None: OWN, "eCH-0044": PERSON, "eCH-0058": HEADER}
    root = etree.Element(f"{{{OWN}}}question", nsmap=prefixes)
    _header(root, question)
    if question.asked is not None:
        _asked(_below(root, "asked"), question.asked)
    if question.reply is not None:
        reply = _below(root, "reply")
        said = question.reply
        for name, value in (("of", said.of), ("digest", said.digest), ("state", said.state), ("code", said.code)):
            if value:
                _below(reply, name, value)
        if said.until is not None:
            _below(reply, "until", said.until)
    for answer in question.answers:
        _answer(_below(root, "answer"), answer)
    if question.text:
        _below(root, "text", question.text)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _below(
    parent: etree._Element, name: str, value: str | int | bool | date | None = None, space: str = OWN
) -> etree._Element:
    element = etree.SubElement(parent, f"{{{space}}}{name}")
    if isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _UNWRITABLE.sub("", str(value))
    return element


def _header(root: etree._Element, question: Question) -> None:
    told, header = question.header, _below(root, "header", space=HEADER)
    values: list[tuple[str, str | bool | None]] = [
        ("senderId", told.sender),
        ("recipientId", told.recipient),
        ("messageId", told.id),
        ("referenceMessageId", told.reference),
        ("businessProcessId", told.process),
        ("ourBusinessReferenceId", told.our_case),
        ("messageType", OWN),
    ]
    for name, value in values:
        if value is not None:
            _below(header, name, value, HEADER)
    software = _below(header, "sendingApplication", space=HEADER)
    for name, text in (
        ("manufacturer", told.software.manufacturer),
        ("product", told.software.product),
        ("productVersion", told.software.version),
    ):
        _below(software, name, text, HEADER)
    _below(header, "messageDate", told.sent_at, HEADER)
    _below(header, "action", told.action, HEADER)
    for name, flag in (
        ("testDeliveryFlag", told.test),
        ("responseExpected", told.response_expected),
        ("businessCaseClosed", told.closed),
    ):
        _below(header, name, flag, HEADER)


def _asked(parent: etree._Element, asked: Asked) -> None:
    told, person = asked.person, _below(parent, "person")
    if told.identifier_type == "ahvn13":
        _below(person, "vn", told.identifier.replace(".", ""), PERSON)
    local = _below(person, "localPersonId", space=PERSON)
    _below(local, "personIdCategory", told.identifier_type, PERSON)
    _below(local, "personId", told.identifier, PERSON)
    _below(person, "officialName", (told.family_name or told.given_name)[:100], PERSON)
    _below(person, "firstName", (told.given_name or told.family_name)[:100], PERSON)
    if told.birth_on is not None:
        _below(_below(person, "dateOfBirth", space=PERSON), "yearMonthDay", told.birth_on, PERSON)
    if asked.month is not None:
        _below(parent, "month", asked.month)
    _below(parent, "ground", asked.ground)
    _below(parent, "answerBy", asked.answer_by)
    _below(parent, "text", asked.text)
    for each in asked.points:
        point = _below(parent, "point")
        _below(point, "number", each.number)
        if each.line is not None:
            line = _below(point, "line")
            for name in ("code", "name", "amount", "currency"):
                _below(line, name, getattr(each.line, name))


def _answer(parent: etree._Element, answer: Answer) -> None:
    _below(parent, "number", answer.number)
    if answer.reason:
        _below(parent, "reason", answer.reason)
    else:
        _below(parent, "text", answer.text)
