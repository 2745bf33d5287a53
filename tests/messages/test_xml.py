"""A question as XML: every example is valid by our own schema, and what isn't whole is refused by it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from lxml import etree

from handslag.messages.question.message import Question
from handslag.messages.question.xml import HEADER, OWN, PERSON, written
from tests.bed import ROOT

FOLDER = ROOT / "src/handslag/messages/question"
NAMES = sorted(path.stem for path in (FOLDER / "examples/valid").glob("*.json"))


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(str(FOLDER / "schema.xsd"), parser))


def question(name: str) -> Question:
    return msgspec.json.decode((FOLDER / f"examples/valid/{name}.json").read_bytes(), type=Question)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid_and_says_the_same(schema: Any, name: str) -> None:
    said = question(name)
    root = etree.fromstring(written(said))
    assert schema.validate(root), schema.error_log

    def at(path: str) -> list[str]:
        spaces = {"q": OWN, "h": HEADER, "p": PERSON}
        return [str(one.text) for one in root.findall(path, spaces)]

    assert at("h:header/h:messageId") == [said.header.id]
    assert at("h:header/h:action") == [said.header.action]
    points = said.asked.points if said.asked else []
    assert at("q:asked/q:point/q:line/q:amount") == [str(p.line.amount) for p in points if p.line]
    persons = [said.asked.person.identifier] if said.asked else []
    assert at("q:asked/q:person/p:localPersonId/p:personId") == persons
    assert at("q:answer/q:text") + at("q:answer/q:reason") == [
        *(a.text for a in said.answers if a.text), *(a.reason for a in said.answers if a.reason),
    ]  # fmt: skip


def test_what_is_not_whole_is_refused(schema: Any) -> None:
    whole = etree.fromstring(written(question("two-lines")))
    for number, element in enumerate(whole.iter()):
        if element is whole or element.tag.endswith(("month", "dateOfBirth", "yearMonthDay", "ourBusinessReferenceId")):
            continue
        if element.tag.endswith(("point", "line")):  # there are two; a point without a line is one too
            continue
        broken = deepcopy(whole)
        gone = list(broken.iter())[number]
        gone.getparent().remove(gone)
        assert not schema.validate(broken), element.tag


def test_signs_that_xml_lacks_do_not_break_it(schema: Any) -> None:
    said = question("added")
    strange = msgspec.structs.replace(said, text="a\x00\x0b<b>&\ud800\n")
    root = etree.fromstring(written(strange))
    assert schema.validate(root)
    assert root.findtext(f"{{{OWN}}}text") == "a<b>&\n"


def test_an_ahv_number_stands_where_ech_wants_it(schema: Any) -> None:
    said = question("about-a-person")
    assert said.asked is not None
    person = msgspec.structs.replace(said.asked.person, identifier_type="ahvn13", identifier="756.9217.0769.85")
    root = etree.fromstring(
        written(msgspec.structs.replace(said, asked=msgspec.structs.replace(said.asked, person=person)))
    )
    assert schema.validate(root), schema.error_log
    assert root.findtext(f".//{{{PERSON}}}vn") == "7569217076985"
