"""eCH-0090: the envelope of a message (version 1, which the client still wants) and its receipt (version 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from lxml import etree
from msgspec import json

from handslag.domain.exchange.frame import LARGEST, SIGNED, Framed, Unreadable
from handslag.domain.exchange.models import Partner, SedexClient
from handslag.domain.exchange.sedex import HIGHEST_TYPE, PARTICIPANT
from handslag.domain.exchange.states import Action, Code
from handslag.messages.as_xml import as_xml
from handslag.messages.ech.frame import below, parsed

_ENVELOPE, _RECEIPT = "http://www.ech.ch/xmlns/eCH-0090/1", "http://www.ech.ch/xmlns/eCH-0090/2"
#: Classes of messages: what begins something, an answer, a receipt, an error.
MESSAGE, RESPONSE, RECEIPT, ERROR = range(4)


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """An envelope (eCH-0090 version 1): whom a message is from and for, of which agreed type."""

    message_id: str
    message_type: int
    message_class: int
    reference: str | None
    sender: str
    recipients: tuple[str, ...]
    event_at: datetime
    sent_at: datetime


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A receipt of sedex (eCH-0090 version 2) about a message, for one of its recipients."""

    at: datetime
    code: int
    info: str
    message_id: str
    sender: str
    recipient: str


def payload_of(sealed: str) -> tuple[str, bytes]:
    """How the data file ends, and what goes into it: the message as XML in the frame of eCH with its seal; the sealed
    text itself where a kind of message has no XML, or it would be larger than what is read."""
    xml = as_xml(sealed)
    return ("xml", xml) if xml is not None and len(xml) <= LARGEST else ("jws", sealed.encode("ascii"))


def class_of(sealed: str) -> tuple[int, str | None]:
    """The class of a message of ours, and the message that it refers to."""
    framed = json.decode(jws.extract_compact(sealed.encode("ascii"), registry=SIGNED).payload, type=Framed)
    reference = framed.header.reference
    if framed.message == "receipt":
        return (ERROR if Action(framed.header.action) == Action.NEGATIVE_REPORT else RECEIPT), reference
    return (RESPONSE if Action(framed.header.action) == Action.RESPONSE else MESSAGE), reference


def envelope_for(client: SedexClient, partner: Partner, name: str, at: datetime) -> Envelope:
    """The envelope of a message of this name to a partner at sedex, of the class of what begins something."""
    assert partner.sedex is not None and partner.sedex_type is not None
    return Envelope(
        message_id=name,
        message_type=partner.sedex_type,
        message_class=MESSAGE,
        reference=None,
        sender=client.participant,
        recipients=(partner.sedex,),
        event_at=at,
        sent_at=at,
    )


def envelope_xml(told: Envelope) -> bytes:
    """The envelope as its file says it."""
    nsmap: Any = {None: _ENVELOPE}
    root = etree.Element(f"{{{_ENVELOPE}}}envelope", nsmap=nsmap, version="1.0")
    below(root, "messageId", told.message_id, _ENVELOPE)
    below(root, "messageType", told.message_type, _ENVELOPE)
    below(root, "messageClass", told.message_class, _ENVELOPE)
    if told.reference:
        below(root, "referenceMessageId", told.reference, _ENVELOPE)
    below(root, "senderId", told.sender, _ENVELOPE)
    for recipient in told.recipients:
        below(root, "recipientId", recipient, _ENVELOPE)
    below(root, "eventDate", _moment(told.event_at), _ENVELOPE)
    below(root, "messageDate", _moment(told.sent_at), _ENVELOPE)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def read_envelope(content: bytes) -> Envelope:
    """The envelope in a file. Unreadable."""
    found = _fields(content, _ENVELOPE, "envelope", "1.0")
    try:
        return Envelope(
            message_id=_one(found, "messageId", 36),
            message_type=_number(found, "messageType", 0, HIGHEST_TYPE),
            message_class=_number(found, "messageClass", 0, 999),
            reference=_one(found, "referenceMessageId", 36) if "referenceMessageId" in found else None,
            sender=_participant(_one(found, "senderId")),
            recipients=tuple(_participant(each) for each in found["recipientId"]),
            event_at=_at(found, "eventDate"),
            sent_at=_at(found, "messageDate"),
        )
    except (ValueError, KeyError, OverflowError) as error:
        raise Unreadable(Code.CONTENT, f"envelope: {error}", final=False) from error


def read_receipt(content: bytes) -> Receipt:
    """The receipt in a file. Unreadable."""
    found = _fields(content, _RECEIPT, "receipt", "2.0")
    try:
        return Receipt(
            at=_at(found, "eventDate"),
            code=_number(found, "statusCode", 100, 999),
            info=_one(found, "statusInfo", 255),
            message_id=_one(found, "messageId", 36),
            sender=_one(found, "senderId", 40),
            recipient=_one(found, "recipientId", 40),
        )
    except (ValueError, KeyError, OverflowError) as error:
        raise Unreadable(Code.CONTENT, f"receipt: {error}", final=False) from error


def _fields(content: bytes, space: str, name: str, version: str) -> dict[str, list[str]]:
    """The texts of the elements below the root, by name."""
    root = parsed(content)
    if root.tag != f"{{{space}}}{name}" or root.get("version") != version:
        raise Unreadable(Code.CONTENT, f"no {name} of eCH-0090 version {version}", final=False)
    found: dict[str, list[str]] = {}
    for element in root:
        place, _brace, local = str(element.tag).lstrip("{").partition("}")
        if place != space:
            raise Unreadable(Code.CONTENT, f"{name}: holds an element of another schema", final=False)
        found.setdefault(local, []).append((element.text or "").strip())
    return found


def _one(found: dict[str, list[str]], name: str, most: int = 40) -> str:
    texts = found.get(name, [])
    if len(texts) != 1 or len(texts[0]) > most:
        raise ValueError(f"{name} is missing, twice there or too long")
    return texts[0]


def _number(found: dict[str, list[str]], name: str, least: int, most: int) -> int:
    text = _one(found, name)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ValueError(f"{name} is no number from {least} to {most}")
    return int(text)


def _participant(text: str) -> str:
    if not PARTICIPANT.fullmatch(text):
        raise ValueError("an id of a participant is none")
    return text


def _at(found: dict[str, list[str]], name: str) -> datetime:
    """A moment; one without a zone is taken for UTC, as nobody says which is meant and nothing rests on it."""
    at = datetime.fromisoformat(_one(found, name))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
