"""What the simulated client finds wrong with an envelope (eCH-0090 version 1); how it writes a receipt (version 2)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators import clock

ENVELOPE, RECEIPT = "http://www.ech.ch/xmlns/eCH-0090/1", "http://www.ech.ch/xmlns/eCH-0090/2"
#: The elements of an envelope in their order: name, pattern, at least and at most how often.
ELEMENTS = (
    ("messageId", r"[A-Za-z0-9-]{1,36}", 1, 1),
    ("messageType", r"[0-9]{1,7}", 1, 1),
    ("messageClass", r"[0-9]{1,3}", 1, 1),
    ("referenceMessageId", r"[A-Za-z0-9-]{1,36}", 0, 1),
    ("senderId", r"T?[1-9]-[0-9A-Z]+-[0-9]+|T?0-sedex-0", 1, 1),
    ("recipientId", r"T?[1-9]-[0-9A-Z]+-[0-9]+|T?0-sedex-0", 1, 99),
    ("eventDate", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", 1, 1),
    ("messageDate", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", 1, 1),
)
TEXTS = {
    100: "Message successfully transmitted", 200: "Invalid envelope syntax", 201: "Duplicate message ID",
    202: "No payload found", 203: "Message too old to send", 204: "Message expired", 300: "Unknown sender ID",
    301: "Unknown recipient ID", 302: "Unknown physical sender ID", 303: "Invalid message type",
    304: "Invalid message class", 310: "Not allowed to send", 311: "Not allowed to receive",
    312: "User certificate not valid", 313: "Other recipients are not allowed to receive",
    330: "Message size exceeds limit", 400: "Network error", 401: "OSCI hub not reachable",
    402: "Folder not reachable", 403: "Logging service not reachable", 404: "Authorization service not reachable",
    500: "Internal error", 501: "Error during receiving", 601: "Message successfully sent",
    701: "Message expires soon",
}  # fmt: skip
OLDEST = timedelta(days=30)


@dataclass
class Told:
    """An envelope, as far as it could be read."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        return (self.texts.get(name) or [""])[0]


def read(content: bytes) -> tuple[Told, bool]:
    """What stands in an envelope, and whether it follows the schema."""
    told = Told()
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return told, False
    try:
        root = ET.fromstring(content)
    except ET.ParseError:
        return told, False
    good = root.tag == f"{{{ENVELOPE}}}envelope" and root.attrib.get("version") == "1.0"
    for element in root:
        place, _brace, name = element.tag.lstrip("{").partition("}")
        good = good and place == ENVELOPE
        told.texts.setdefault(name, []).append((element.text or "").strip())
    order = [name for name, _pattern, _least, _most in ELEMENTS]
    found = [element.tag.rpartition("}")[2] for element in root]
    good = good and all(name in order for name in found)
    good = good and found == sorted(found, key=lambda name: order.index(name) if name in order else 99)
    for name, pattern, least, most in ELEMENTS:
        texts = told.texts.get(name, [])
        good = good and least <= len(texts) <= most and all(re.fullmatch(pattern, text) for text in texts)
    return told, good


def refused(told: Told, size: int | None, sender: str, people: dict[str, Any], limits: dict[str, Any]) -> int:
    """The code by which a readable message is refused; 0 when it may go."""
    if told.one("senderId") != sender:
        return 300
    if told.one("recipientId") not in people:
        return 301
    if not 0 <= int(told.one("messageType")) <= 2_699_999 or int(told.one("messageType")) not in limits["types"]:
        return 303
    if int(told.one("messageClass")) not in (0, 1, 2, 3):
        return 304
    if int(told.one("messageClass")) and not told.one("referenceMessageId"):
        return 200
    if sender in people[told.one("recipientId")].get("not_from", []):
        return 310
    if size is None:
        return 202
    if size > limits["most"]:
        return 330
    sent = datetime.fromisoformat(told.one("messageDate"))
    sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    return 203 if clock.now() - sent > OLDEST else 0


def receipt(told: Told, code: int, recipient: str) -> bytes:
    """A receipt about a message."""
    ET.register_namespace("", RECEIPT)
    root = ET.Element(f"{{{RECEIPT}}}receipt", version="2.0")
    at = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    number = told.one("messageType")
    for name, text in (
        ("eventDate", at),
        ("statusCode", str(code)),
        ("statusInfo", TEXTS.get(code, "Unknown")),
        ("messageId", told.one("messageId") or "unknown"),
        ("messageType", number if number.isdigit() else "0"),
        ("messageClass", told.one("messageClass") if told.one("messageClass").isdigit() else "0"),
        ("senderId", told.one("senderId") or "0-sedex-0"),
        ("recipientId", recipient or "0-sedex-0"),
    ):
        ET.SubElement(root, f"{{{RECEIPT}}}{name}").text = text
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True))
