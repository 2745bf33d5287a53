"""A message as XML in the frame of eCH-0058, and back into the text that its seal signs; by the catalogue alone."""

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
_SOFTWARE = {"manufacturer": "manufacturer", "product": "product", "version": "productVersion"}
_LISTS = {"point": "points", "item": "items", "document": "documents", "answer": "answers", "line": "lines",
          "assigned": "persons", "concerned": "persons", "supported": "persons", "part": "parts", "posting": "postings",
          "difference": "differences", "settlement": "settlements",
          "reclaimLine": "lines", "span": "days",
          "claimLine": "lines", "withdrawn": "withdrawn", "finding": "findings",
          "lineDecision": "decisions", "stretch": "accepted", "lineQuestion": "questions"}  # fmt: skip
#: What persons are called, by the kind of message.
_PERSONS = {
    "assignment": "assigned", "mutation": "concerned", "case_notification": "supported", "case_change": "concerned",
}  # fmt: skip
#: The elements below each other element, in the order of the schemas; below the root ("") all that follow the header.
_ORDER = {
    "": "asked reply answer text report",
    "asked": "statement person marked month movesOn arrivalOn centre movesFrom change on "
    "before after accountCode what cause bfsCode balance restitution approval bill turn payment "
    "reclaim state total amount currency since lastOn "
    "unitPrice quantity percent otherPayer otherPays offers urgent status entryOn municipality plan openCosts "
    "notification ground decidedOn heads cohabitation need income iban valueOn "
    "settlement reference why billedFrom reason answerBy text "
    "point item document assigned "
    "concerned supported "
    "reclaimLine side digest part submitted decided lineQuestion",
    "submitted": "fund since until number piece pieces withdrawn count total currency sentOn claimLine",
    "claimLine": "number identifier kind status since until days rate amount cost share accountCode text corrects "
    "finding why item",
    "decided": "number piece pieces acceptedTotal cutTotal closed lineDecision",
    "lineDecision": "number outcome reason amount stretch why",
    "stretch": "since until",
    "reclaimLine": "number settled amount span",
    "span": "since until",
    "lineQuestion": "number ofLine text",
    "ground": "basis text consentedOn",
    "assigned": "number person role status statusSince entryOn specialNeeds quotaCredit",
    "part": "number regime since until currency claimed cut expired accepted netted paid posting",
    "posting": "restsOn reference digest",
    "difference": "regime since restsOn reference state",
    "concerned": "number person",
    "supported": "number person nationality permit permitUntil residenceSince supportedSince staying",
    "point": "number line",
    "line": "code name amount currency",
    "item": "number member address contact decision cost since until days gross whole common heads",
    "member": "person role marked",
    "address": "line postcode city country",
    "contact": "email telephone language",
    "decision": "month decidedOn result amount currency",
    "document": "number name",
    "reply": "of digest state code until",
    "answer": "number text arrivedOn accommodation approval amount percent since lastOn reason byRules file digest "
    "difference",
    "file": "name contentType size digest scanned content",
    "report": "of digest machine state code text",
}
#: Signs that XML 1.0 can't carry at all.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
for _prefix, _space in (("eCH-0058", _HEADER), ("eCH-0044", _PERSON)):
    ElementTree.register_namespace(_prefix, _space[1:-1])
#: What stands in JSON as "" where there is no element.
_EMPTY = {
    ("question", "answer"): ("text", "reason"),
    ("case_transfer", "answer"): ("text", "reason"),
    ("assignment", "answer"): ("accommodation", "reason"),
    ("assignment", "assigned"): ("special_needs",),
    ("mutation", "answer"): ("reason",),
    ("settlement", "answer"): ("text", "reason"),
    ("case_notification", "answer"): ("reason",),
    ("case_change", "answer"): ("reason",),
    ("cost_approval", "answer"): ("text", "approval", "reason"),
    ("approval_change", "answer"): ("text", "reason"),
    ("provider_bill", "answer"): ("text", "reason"),
    ("payment_advice", "answer"): ("reason",),
    ("reclaim", "answer"): ("text", "reason"),
    ("case_transfer", "address"): ("postcode", "city"),
    ("case_transfer", "contact"): ("email", "telephone", "language"),
}
_KINDS = {"cantonoffice": "canton_office", "integrationoffice": "integration_office"}
_NUMBERS = ("number", "size", "amount", "claimed", "cut", "expired", "accepted", "netted", "paid", "piece", "pieces",
            "withdrawn", "count", "total", "days", "rate", "acceptedTotal", "cutTotal", "ofLine", "heads",
            "need", "income", "gross", "whole", "common", "unitPrice", "quantity", "percent", "otherPays",
            "balance", "restitution", "openCosts", "turn")  # fmt: skip
_FLAGS_OWN = ("marked", "quotaCredit", "closed", "cohabitation", "urgent", "byRules", "staying")
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
            raise Refused(422, "303", "XML: the namespace names no kind of message")
        own = f"{{{space}}}"
        seal = root.findtext(f"{own}seal", "")
        if not _SEAL.fullmatch(seal):
            raise Refused(422, "312", "XML: without a seal")
        told, read = (_message(root, own, kind, int(found[2])) for _ in range(2))
        for one in json.loads(root.findtext(f"{own}more", "[]")):
            _mended(told, one)
        if _message(_elements(told), own, kind, int(found[2])) != read:
            raise ValueError("`more` contradicts an element, or one isn't in schema.xsd")
    except Refused:
        raise
    except (ElementTree.ParseError, ValueError, KeyError, TypeError, IndexError) as error:
        raise Refused(422, "200", f"XML: {error}") from error
    payload = base64.urlsafe_b64encode(canonical(told)).rstrip(b"=").decode()
    return seal.replace("..", f".{payload}.")


def written(content: bytes, sealed: str) -> str:
    """The message of this content (canonical JSON, of a kind that has a frame) as XML, with its seal."""
    told = json.loads(content)
    root = _elements(told)
    own = root.tag.partition("}")[0] + "}"
    if more := _differences(told, _message(root, own, told["message"], told["version"]), ()):
        _below(root, f"{own}more", json.dumps(more, separators=(",", ":")))
    head, _payload, signature = sealed.split(".")
    _below(root, f"{own}seal", f"{head}..{signature}")
    return ElementTree.tostring(root, encoding="unicode", default_namespace=own[1:-1]).replace("\r", "&#13;")


def _elements(told: dict[str, Any]) -> ElementTree.Element:
    """What a message says, as far as elements can hold it."""
    space = f"urn:handslag:message:{told['message']}:{told['version']}"
    root = ElementTree.Element(f"{{{space}}}{told['message']}")
    header, software = told["header"], told["header"]["software"]
    place = _below(root, f"{_HEADER}header")
    for name, field in _NAMES.items():
        if name == "messageDate":
            _below(place, f"{_HEADER}messageType", space)
            by = _below(place, f"{_HEADER}sendingApplication")
            for each, element in _SOFTWARE.items():
                _below(by, _HEADER + element, software[each])
        if header.get(field):
            named = _spelt(header[field], {there: here for here, there in _KINDS.items()})
            _below(place, _HEADER + name, named)
    for name, field in _FLAGS.items():
        _below(place, _HEADER + name, header.get(field, False))
    _put(root, f"{{{space}}}", "", told)
    return root


def _put(place: ElementTree.Element, own: str, within: str, told: dict[str, Any]) -> None:
    for name in _ORDER[within].split():
        field = _field(name)
        if name in _PERSONS.values() and name != _PERSONS.get(own.split(":")[3]):
            continue
        many = told.get(_LISTS.get(name, ""))
        for one in many if isinstance(many, list) else [told.get(field)]:
            if one is None or one == "" or (one is False and name == "marked"):
                continue
            below = _below(place, own + name, None if isinstance(one, dict) else one)
            if name == "person":
                _put_person(below, one)
            elif isinstance(one, dict):
                _put(below, own, name, one)


def _put_person(place: ElementTree.Element, told: dict[str, Any]) -> None:
    if told["identifier_type"] == "ahvn13":
        _below(place, f"{_PERSON}vn", told["identifier"].replace(".", ""))
    local = _below(place, f"{_PERSON}localPersonId")
    _below(local, f"{_PERSON}personIdCategory", told["identifier_type"])
    _below(local, f"{_PERSON}personId", told["identifier"])
    _below(place, f"{_PERSON}officialName", (told["family_name"] or told["given_name"])[:100])
    _below(place, f"{_PERSON}firstName", (told["given_name"] or told["family_name"])[:100])
    if told.get("birth_on"):
        _below(_below(place, f"{_PERSON}dateOfBirth"), f"{_PERSON}yearMonthDay", told["birth_on"])


def _below(place: ElementTree.Element, name: str, value: str | int | None = None) -> ElementTree.Element:
    element = ElementTree.SubElement(place, name)
    if value is not None:
        element.text = str(value).lower() if isinstance(value, bool) else _UNWRITABLE.sub("", str(value))
    return element


def _differences(said: Any, read: Any, at: tuple[Any, ...]) -> list[dict[str, Any]]:
    """What has to be put (`is`) or taken away at which places of `read`, so that it is `said`."""
    if isinstance(said, dict) and isinstance(read, dict):
        found: list[dict[str, Any]] = [{"at": [*at, name]} for name in sorted(read.keys() - said.keys())]
        for name in sorted(said):
            here = (*at, name)
            found += _differences(said[name], read[name], here) if name in read else [{"at": here, "is": said[name]}]
        return found
    if isinstance(said, list) and isinstance(read, list) and len(said) == len(read):
        return [one for i, pair in enumerate(zip(said, read, strict=True)) for one in _differences(*pair, (*at, i))]
    return [] if said == read else [{"at": at, "is": said}]


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
    texts |= {name: _spelt(texts[name], _KINDS) for name in ("senderId", "recipientId")}
    return {
        **{field: texts[name] for name, field in _NAMES.items() if name in texts},
        **{field: texts[name] in ("true", "1") for name, field in _FLAGS.items()},
        "software": {field: by.findtext(_HEADER + name, "") for field, name in _SOFTWARE.items()},
    }


def _spelt(address: str, kinds: dict[str, str]) -> str:
    """An address with the other spelling of its kind: a URI has no _ in its scheme."""
    kind, colon, rest = address.partition(":")
    return kinds.get(kind, kind) + colon + rest


def _value(place: ElementTree.Element, own: str, kind: str, name: str) -> Any:
    if name == "person":
        return _person(place)
    if len(place) == 0 and (kind, name) not in _EMPTY:
        text = place.text or ""
        if name in _FLAGS_OWN:
            return text in ("true", "1")
        return int(text) if name in _NUMBERS else text
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
        said[_field(name)] = value


def _field(name: str) -> str:
    """The name in JSON of an element of ours."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _person(place: ElementTree.Element) -> dict[str, Any]:
    (local,) = place.findall(f"{_PERSON}localPersonId")
    born = place.findtext(f"{_PERSON}dateOfBirth/{_PERSON}yearMonthDay")
    category, number = (local.findtext(_PERSON + name, "") for name in ("personIdCategory", "personId"))
    vn = place.findtext(f"{_PERSON}vn")
    if category == "ahvn13" and vn not in (None, number.replace(".", "")):
        raise ValueError("vn is another number than personId")
    return {
        "identifier_type": category,
        "identifier": number,
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
