"""A message as XML in the frame of eCH, and back: what is read again is, byte for byte, the content that was signed.

The elements hold what a person reads. Whatever they can't hold of a content (fields of a version to come, signs that
XML lacks, a name that is too long for eCH-0044) stands beside them in `more`; it may add to the elements, never
contradict them. `seal` is the sender's signature over the content, without the content (RFC 7515, appendix F).
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from lxml import etree

from handslag.domain.exchange.frame import LARGEST, Header, Unreadable
from handslag.domain.exchange.states import Code
from handslag.kernel import canonical

#: Fields and their elements, in order.
Fields = tuple[tuple[str, str], ...]
HEADER, PERSON = "http://www.ech.ch/xmlns/eCH-0058/5", "http://www.ech.ch/xmlns/eCH-0044/4"
#: Elements below each other in a message.
DEEPEST = 12
#: Signs that XML 1.0 can't carry at all.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEAL = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+")
#: Fields of the header and their elements, in the order of eCH-0058; flags apart.
_HEADER = (
    ("sender", "senderId"),
    ("recipient", "recipientId"),
    ("id", "messageId"),
    ("reference", "referenceMessageId"),
    ("process", "businessProcessId"),
    ("our_case", "ourBusinessReferenceId"),
)
#: Kinds of organisation with a sign that a URI can't begin with, as participants of eCH-0058 are (xs:anyURI).
_AS_URI = {"canton_office:": "cantonoffice:", "integration_office:": "integrationoffice:"}
_SOFTWARE = (("manufacturer", "manufacturer"), ("product", "product"), ("version", "productVersion"))
_FLAGS = (
    ("test", "testDeliveryFlag"),
    ("response_expected", "responseExpected"),
    ("closed", "businessCaseClosed"),
)


@dataclass(frozen=True)
class Form:
    """How a kind of message stands in XML: `put` writes what comes after the header, `take` reads it again."""

    kind: str
    version: int
    struct: type[Any]
    put: Callable[[etree._Element, Any], None]
    take: Callable[[etree._Element], dict[str, Any]]

    @property
    def space(self) -> str:
        """The namespace; the message's type in the header too."""
        return f"urn:handslag:message:{self.kind}:{self.version}"


def written(form: Form, content: bytes, sealed: str = "") -> bytes:
    """The message of this content (canonical JSON, valid by the form's struct) as XML; with its seal, where `sealed`
    is given. msgspec.DecodeError for another content."""
    root = _elements(form, content)
    more = _differences(msgspec.json.decode(content), _read(form, root))
    if more:
        below(root, "more", json.dumps(more, separators=(",", ":")), form.space)
    if sealed:
        head, _payload, signature = sealed.split(".")
        below(root, "seal", f"{head}..{signature}", form.space)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def content_of(form: Form, root: etree._Element) -> bytes:
    """The content of a message in XML, as canonical JSON. Unreadable when it is none, or `more` contradicts it."""
    try:
        read = _read(form, root)
        told = _read(form, root)
        for one in json.loads(_text(root, "more", form.space) or "[]"):
            place: Any = told
            for step in one["at"][:-1]:
                place = place[step]
            if "is" in one:
                place[one["at"][-1]] = one["is"]
            else:
                del place[one["at"][-1]]
        content = canonical.dumps(told)
        again = _read(form, _elements(form, content))
    except Unreadable:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, msgspec.MsgspecError) as error:
        raise Unreadable(Code.CONTENT, f"XML: {type(error).__name__}", final=False) from error
    if again != read:
        raise Unreadable(Code.CONTENT, "XML: `more` says something else than the elements", final=False)
    return content


def sealed_in(form: Form, root: etree._Element) -> str:
    """The sealed text (compact JWS) that a message in XML is the content of. Unreadable; nothing in it is believed."""
    seal = _text(root, "seal", form.space) or ""
    if not _SEAL.fullmatch(seal):
        raise Unreadable(Code.SIGNATURE, "XML without a seal", final=False)
    payload = urlsafe_b64encode(content_of(form, root)).rstrip(b"=").decode()
    return seal.replace("..", f".{payload}.")


def parsed(content: bytes) -> etree._Element:
    """The root of an XML document in UTF-8. Unreadable for size, DOCTYPE and depth before anything is looked at."""
    if len(content) > LARGEST:
        raise Unreadable(Code.TOO_LARGE, "larger than any message", final=False)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(Code.CONTENT, "XML: not UTF-8", final=False) from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable(Code.CONTENT, "XML: has a DOCTYPE", final=False)
    parser = etree.XMLPullParser(  # whatever it says of its own encoding, it is read as what was looked at
        events=("start", "end"), encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    depth = 0
    try:
        for start in range(0, len(content), 4096):
            parser.feed(content[start : start + 4096])
            for event, _element in parser.read_events():
                depth += 1 if event == "start" else -1
                if depth > DEEPEST:
                    raise Unreadable(Code.CONTENT, "XML: too deep", final=False)
        root = parser.close()
    except etree.XMLSyntaxError as error:
        raise Unreadable(Code.CONTENT, "XML: not well-formed", final=False) from error
    return root


# -- what the forms of the kinds are made of ------------------------------------------------------------------------


def below(parent: etree._Element, name: str, value: str | int | bool | date | None, space: str) -> etree._Element:
    """A new element below another."""
    element = etree.SubElement(parent, f"{{{space}}}{name}")
    if isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _UNWRITABLE.sub("", str(value))
    return element


def texts(parent: etree._Element, space: str, *names: str) -> dict[str, str]:
    """The text of each of these elements that is there, by its name."""
    found = {name: _text(parent, name, space) for name in names}
    return {name: text for name, text in found.items() if text is not None}


def put_fields(place: etree._Element, told: Any, fields: Fields, space: str) -> None:
    """Write the fields that `told` has, each as its element, in order; what is empty isn't written."""
    for field, name in fields:
        if (value := getattr(told, field)) not in ("", None):
            below(place, name, value, space)


def take_fields(place: etree._Element, fields: Fields, space: str) -> dict[str, Any]:
    """Read them again, as texts: those that are there."""
    told = texts(place, space, *(name for _, name in fields))
    return {field: told[name] for field, name in fields if name in told}


def flag(text: str) -> bool:
    """What a flag says."""
    return {"true": True, "1": True, "false": False, "0": False}[text]


def _text(parent: etree._Element, name: str, space: str) -> str | None:
    found = parent.findall(f"{{{space}}}{name}")
    if len(found) > 1:
        raise ValueError(f"{name} twice")
    return (found[0].text or "") if found else None


def _elements(form: Form, content: bytes) -> etree._Element:
    message = msgspec.json.decode(content, type=form.struct)
    prefixes: Any = {None: form.space, "eCH-0044": PERSON, "eCH-0058": HEADER}
    root = etree.Element(f"{{{form.space}}}{form.kind}", nsmap=prefixes)
    _put_header(root, message.header, form.space)
    form.put(root, message)
    return root


def _read(form: Form, root: etree._Element) -> dict[str, Any]:
    """What the elements say, as JSON says it."""
    if root.tag != f"{{{form.space}}}{form.kind}":
        raise Unreadable(Code.UNKNOWN_TYPE, f"XML: no {form.kind}", final=False)
    (header,) = root.findall(f"{{{HEADER}}}header")
    return {"message": form.kind, "version": form.version, "header": _take_header(header, form), **form.take(root)}


def _put_header(root: etree._Element, header: Header, kind: str) -> None:
    place = below(root, "header", None, HEADER)
    for field, name in _HEADER:
        if (value := getattr(header, field)) is not None:
            below(place, name, _spelt(value, _AS_URI), HEADER)
    below(place, "messageType", kind, HEADER)
    software = below(place, "sendingApplication", None, HEADER)
    for field, name in _SOFTWARE:
        below(software, name, getattr(header.software, field), HEADER)
    below(place, "messageDate", header.sent_at, HEADER)
    below(place, "action", header.action, HEADER)
    for field, name in _FLAGS:
        below(place, name, getattr(header, field), HEADER)


def _spelt(value: str, other: dict[str, str]) -> str:
    """An address with the other spelling of its kind; any other text as it is."""
    kind, colon, rest = value.partition(":")
    return other.get(kind + colon, kind + colon) + rest


def _take_header(place: etree._Element, form: Form) -> dict[str, Any]:
    told = texts(place, HEADER, *(name for _, name in (*_HEADER, *_FLAGS)), "messageType", "messageDate", "action")
    if told["messageType"] != form.space:
        raise Unreadable(Code.UNKNOWN_TYPE, "XML: the header names another kind of message", final=False)
    (software,) = place.findall(f"{{{HEADER}}}sendingApplication")
    by = texts(software, HEADER, *(name for _, name in _SOFTWARE))
    for name in ("senderId", "recipientId"):
        told[name] = _spelt(told[name], {uri: kind for kind, uri in _AS_URI.items()})
    return {
        **{field: told[name] for field, name in _HEADER if name in told},
        "software": {field: by[name] for field, name in _SOFTWARE},
        "sent_at": told["messageDate"],
        "action": told["action"],
        **{field: flag(told[name]) for field, name in _FLAGS},
    }


def _differences(said: Any, read: Any, at: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    """What has to be put (`is`) or taken away at which places of `read`, so that it is `said`."""
    if isinstance(said, dict) and isinstance(read, dict):
        found = [{"at": [*at, name]} for name in sorted(read.keys() - said.keys())]
        for name in sorted(said):
            if name in read:
                found += _differences(said[name], read[name], (*at, name))
            else:
                found.append({"at": [*at, name], "is": said[name]})
        return found
    if isinstance(said, list) and isinstance(read, list) and len(said) == len(read):
        return [one for i, pair in enumerate(zip(said, read, strict=True)) for one in _differences(*pair, (*at, i))]
    return [] if type(said) is type(read) and said == read else [{"at": list(at), "is": said}]
