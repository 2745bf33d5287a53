"""A version of a message, once given to others, is never broken; what breaks it is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.messages.landed import LANDED, alike, breaks, now


def test_no_landed_version_is_broken_or_gone() -> None:
    found = {path.name for path in LANDED.iterdir()}
    assert found == set(now())  # a version that was landed stays; a new one is landed with it
    for name, path in now().items():
        old, new = (LANDED / name).read_text(), path.read_text()
        assert breaks(name, old, new) == [], "a breaking change needs a new version"
        assert alike(name, old, new), f"{name} has grown: python -m tests.messages.landed"


def _changed(change: Callable[[Any], object]) -> tuple[str, str]:
    old = (LANDED / "question-1.json").read_text()
    new = json.loads(old)
    change(new["$defs"])
    return old, json.dumps(new)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda defs: defs["Asked"]["required"].append("month"), ["/$defs/Asked/required: is another"]),
        (lambda defs: defs["Asked"]["required"].remove("ground"), ["/$defs/Asked/required: is another"]),
        (lambda defs: defs["Asked"]["properties"].pop("ground"), ["/$defs/Asked/properties/ground: is gone"]),
        (
            lambda defs: defs["Asked"]["properties"]["ground"].update(maxLength=399),
            ["/$defs/Asked/properties/ground/maxLength: was 400, is 399"],
        ),
        (
            lambda defs: defs["Header"]["properties"]["action"]["enum"].append("13"),
            ["/$defs/Header/properties/action/enum: is another"],
        ),
        (lambda defs: defs["Asked"].update(additionalProperties=False), ["/$defs/Asked/additionalProperties: is new"]),
        (lambda defs: defs["Asked"]["properties"].update(urgency={"type": "string"}), []),
        (lambda defs: defs["Asked"].update(description="in other words"), []),
    ],
)
def test_what_breaks_a_version_is_seen(change: Callable[[Any], object], broken: list[str]) -> None:
    assert breaks("question-1.json", *_changed(change)) == broken


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ('<xs:element name="month" type="xs:gYearMonth" minOccurs="0"/>', "", True),
        ('type="xs:gYearMonth" minOccurs="0"', 'type="xs:gYearMonth"', True),
        ('<xs:element name="answerBy" type="xs:date"/>', '<xs:element name="answerBy" type="xs:string"/>', True),
        (
            '<xs:enumeration value="NO_GROUND"/>',
            '<xs:enumeration value="NO_GROUND"/><xs:enumeration value="NEW"/>',
            True,
        ),
        (
            '<xs:element name="answerBy"',
            '<xs:element name="urgency" type="xs:string"/><xs:element name="answerBy"',
            True,
        ),
        (
            '<xs:element name="answerBy"',
            '<xs:element name="urgency" type="xs:string" minOccurs="0"/><xs:element name="answerBy"',
            False,
        ),
    ],
)
def test_what_breaks_the_xml_is_seen(old: str, new: str, broken: bool) -> None:
    whole = (LANDED / "question-1.xsd").read_text()
    assert old in whole
    assert bool(breaks("question-1.xsd", whole, whole.replace(old, new))) is broken


def test_what_a_version_to_come_says_is_no_reason_to_refuse() -> None:
    closed = [name for name, path in now().items() if '"additionalProperties": false' in path.read_text()]
    assert closed == []
