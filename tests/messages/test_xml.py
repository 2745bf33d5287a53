"""Messages as XML: every example is valid by our own schema and is read back byte for byte; what isn't whole, or isn't
what was signed, is refused."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from lxml import etree

from handslag.domain.exchange.frame import Unreadable
from handslag.kernel import canonical
from handslag.messages.as_xml import FORMS, sealed_text
from handslag.messages.ech.frame import HEADER, PERSON, content_of, parsed, written
from handslag.messages.question.message import Question
from handslag.messages.question.xml import OWN
from tests.bed import ROOT

FOLDER = ROOT / "src/handslag/messages"
BY_KIND = {form.kind: form for form in FORMS.values()}
NAMES = [
    f"{kind}/{path.stem}"
    for kind in sorted(BY_KIND)
    for path in sorted((FOLDER / kind / "examples/valid").glob("*.json"))
]
KEY = ECKey.generate_key("P-256")


@pytest.fixture(scope="module")
def schemas() -> dict[str, etree.XMLSchema]:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return {kind: etree.XMLSchema(etree.parse(str(FOLDER / kind / "schema.xsd"), parser)) for kind in BY_KIND}


def example(name: str) -> bytes:
    kind, _slash, stem = name.partition("/")
    return canonical.dumps(json.loads((FOLDER / kind / f"examples/valid/{stem}.json").read_bytes()))


def as_xml(name: str, content: bytes | None = None, sealed: str = "") -> bytes:
    return written(BY_KIND[name.partition("/")[0]], example(name) if content is None else content, sealed)


def altered(name: str, **fields: Any) -> bytes:
    return canonical.dumps({**json.loads(example(name)), **fields})


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid_and_read_back_byte_for_byte(schemas: Any, name: str) -> None:
    kind = name.partition("/")[0]
    content = example(name)
    sealed = jws.serialize_compact({"alg": "ES256", "kid": "k"}, content, KEY)
    xml = as_xml(name, sealed=sealed)
    root = parsed(xml)
    assert schemas[kind].validate(root), schemas[kind].error_log
    assert content_of(BY_KIND[kind], root) == content
    assert sealed_text(xml) == sealed  # the seal over the JSON is the seal of the XML
    assert (root.find(f"{{{OWN}}}more") is not None) == (name == "question/with-a-field-of-the-future")


def test_what_is_asked_stands_in_the_elements() -> None:
    said = msgspec.json.decode(example("question/two-lines"), type=Question)
    root = parsed(as_xml("question/two-lines"))

    def at(path: str) -> list[str]:
        return [str(one.text) for one in root.findall(path, {"q": OWN, "h": HEADER, "p": PERSON})]

    assert said.asked is not None
    assert at("h:header/h:messageId") == [said.header.id]
    assert at("q:asked/q:point/q:line/q:amount") == [str(p.line.amount) for p in said.asked.points if p.line]
    assert at("q:asked/q:person/p:localPersonId/p:personId") == [said.asked.person.identifier]


def test_what_is_not_whole_is_refused(schemas: Any) -> None:
    for name in ("question/two-lines", "receipt/refused"):
        whole = parsed(as_xml(name))
        for number, element in enumerate(whole.iter()):
            free = ("month", "dateOfBirth", "yearMonthDay", "ourBusinessReferenceId", "referenceMessageId")
            if element is whole or element.tag.endswith(free) or element.tag.endswith("receipt:1}text"):
                continue
            if element.tag.endswith(("point", "line")):  # there are two; a point without a line is one too
                continue
            broken = deepcopy(whole)
            gone = list(broken.iter())[number]
            gone.getparent().remove(gone)
            assert not schemas[name.partition("/")[0]].validate(broken), element.tag


def test_what_the_elements_cannot_hold_is_kept_beside_them(schemas: Any) -> None:
    long, strange = "Ö" * 120, "a\x00\x0b<b>&\r\n"
    person = {"identifier_type": "ahvn13", "identifier": "756.9217.0769.85", "given_name": "", "family_name": long}
    asked = {**json.loads(example("question/about-a-person"))["asked"], "person": person, "text": strange}
    content = altered("question/about-a-person", asked=asked)
    root = parsed(as_xml("question/about-a-person", content))
    assert schemas["question"].validate(root), schemas["question"].error_log
    assert content_of(BY_KIND["question"], root) == content
    assert root.findtext(f".//{{{PERSON}}}vn") == "7569217076985"
    assert root.findtext(f"{{{OWN}}}asked/{{{OWN}}}text") == "a<b>&\r\n"
    assert root.findtext(f".//{{{PERSON}}}firstName") == "Ö" * 100


def test_a_number_that_is_not_signed_says_nothing_else_than_the_one_that_is() -> None:
    asked = json.loads(example("question/about-a-person"))["asked"]
    person = asked["person"] | {"identifier_type": "ahvn13", "identifier": "756.9217.0769.85"}
    content = altered("question/about-a-person", asked=asked | {"person": person})
    xml = as_xml("question/about-a-person", content)
    vn = b"<eCH-0044:vn>7569217076985</eCH-0044:vn>"
    assert vn in xml
    for other in (vn, b""):
        assert content_of(BY_KIND["question"], parsed(xml.replace(vn, other))) == content
    with pytest.raises(Unreadable, match="XML"):
        content_of(BY_KIND["question"], parsed(xml.replace(vn, vn.replace(b"6985", b"6992"))))


def test_what_contradicts_itself_or_the_seal_is_refused() -> None:
    content = example("question/answered-in-part")
    sealed = jws.serialize_compact({"alg": "ES256", "kid": "k"}, content, KEY)
    xml = as_xml("question/answered-in-part", sealed=sealed)
    other = sealed_text(xml.replace(b"Ja, 3 000 kr", b"Nej, 0 kr"))
    with pytest.raises(Exception, match="bad_signature"):
        jws.deserialize_compact(other, KEY, algorithms=["ES256"])
    more = json.dumps([{"at": ["answers", 0, "text"], "is": "Nej."}])
    hidden = xml.replace(b"<seal>", f"<more>{more}</more><seal>".encode())
    with pytest.raises(Unreadable, match="something else"):
        sealed_text(hidden)
    for bad in ("[]]", '[{"at": []}]', '[{"at": ["nowhere", 3]}]', '[{"at": 3}]', "[" * 100_000):
        with pytest.raises(Unreadable):
            sealed_text(xml.replace(b"<seal>", f"<more>{bad}</more><seal>".encode()))
    with pytest.raises(Unreadable, match="without a seal"):
        sealed_text(as_xml("question/answered-in-part"))


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "DOCTYPE"),
        (
            b'<?xml version="1.0" encoding="UTF-7"?>'
            b"+ADw-!DOCTYPE a +AFs- +ADw-!ENTITY x +ACI-y+ACI- +AD4- +AF0- +AD4-<a>&x;</a>",
            "formed",
        ),
        (b"<a>" * 13 + b"</a>" * 13, "deep"),
        (b"<a>" + b" " * 1_000_000 + b"</a>", "larger"),
        ('<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"), "UTF-8"),
        (b"<a>", "well-formed"),
        (b"<a/>", "no such kind"),
        (b"", "well-formed"),
        (b'<question xmlns="urn:handslag:message:question:1"><seal>a..b</seal></question>', "XML"),
    ],
)
def test_what_is_dangerous_or_none_is_refused(xml: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        sealed_text(xml)
