"""One turn of a conversation in XML, whatever it is about: its reply, its answers, its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from handslag.messages.ech.frame import Fields, Form, below, flag, put_fields, take_fields, texts
from handslag.messages.ech.person import put_person, take_person

_REPLY = ("of", "digest", "state", "code", "until")


def put_turn(
    root: etree._Element,
    told: Any,
    space: str,
    put_asked: Callable[[etree._Element, Any], None],
    put_answer: Callable[[etree._Element, Any], None],
) -> None:
    """Write what a message says below its header, in its namespace: what is asked by `put_asked`, what is answered to
    each number by `put_answer`."""
    if told.asked is not None:
        put_asked(below(root, "asked", None, space), told.asked)
    if told.reply is not None:
        reply = below(root, "reply", None, space)
        for name in _REPLY:
            if value := getattr(told.reply, name):
                below(reply, name, value, space)
    for answer in told.answers:
        place = below(root, "answer", None, space)
        below(place, "number", answer.number, space)
        put_answer(place, answer)
    if told.text:
        below(root, "text", told.text, space)


def take_turn(
    root: etree._Element,
    space: str,
    take_asked: Callable[[etree._Element], dict[str, Any]],
    take_answer: Callable[[etree._Element], dict[str, Any]],
) -> dict[str, Any]:
    """Read it again."""
    said: dict[str, Any] = {}
    for asked in root.findall(f"{{{space}}}asked"):
        said["asked"] = take_asked(asked)
    for reply in root.findall(f"{{{space}}}reply"):
        said["reply"] = texts(reply, space, *_REPLY)
    answers = [
        {"number": int(texts(place, space, "number")["number"]), **take_answer(place)}
        for place in root.findall(f"{{{space}}}answer")
    ]
    if answers:
        said["answers"] = answers
    return said | texts(root, space, "text")


def put_words(place: etree._Element, answer: Any, space: str, *names: str) -> None:
    """Write those of `names` that an answer has: its `text`, its `reason`."""
    for name in names:
        if value := getattr(answer, name):
            below(place, name, value, space)


def take_words(place: etree._Element, space: str) -> dict[str, Any]:
    """Read them again."""
    return {"text": "", "reason": "", **texts(place, space, "text", "reason")}


def put_ground(parent: etree._Element, ground: Any, space: str) -> None:
    """Write on what ground it is told: a section of law, or consent with its day."""
    place = below(parent, "ground", None, space)
    below(place, "basis", ground.basis, space)
    below(place, "text", ground.text, space)
    if ground.consented_on is not None:
        below(place, "consentedOn", ground.consented_on, space)


def take_ground(parent: etree._Element, space: str) -> dict[str, Any]:
    """Read it again."""
    (place,) = parent.findall(f"{{{space}}}ground")
    told = texts(place, space, "basis", "text", "consentedOn")
    since = {"consented_on": told["consentedOn"]} if "consentedOn" in told else {}
    return {"basis": told["basis"], "text": told["text"], **since}


def about_person(
    kind: str, struct: type[Any], asked: Fields, answer: Fields, *, empty: tuple[str, ...] = ("text", "reason"),
    whole: tuple[str, ...] = (), flags: tuple[str, ...] = (),
) -> Form:  # fmt: skip
    """The form of a kind (version 1) that asks about one person: she, then the fields `asked`; each answer has the
    fields `answer`. Of both some are `whole` numbers and some `flags`; what an answer says by nothing is `empty`."""
    space = f"urn:handslag:message:{kind}:1"

    def put_asked(parent: etree._Element, told: Any) -> None:
        put_person(below(parent, "person", None, space), told.person)
        put_fields(parent, told, asked, space)

    def put(root: etree._Element, told: Any) -> None:
        put_turn(root, told, space, put_asked, lambda place, one: put_fields(place, one, answer, space))

    def typed(told: dict[str, Any]) -> dict[str, Any]:
        told |= {name: int(told[name]) for name in whole if name in told}
        return told | {name: flag(told[name]) for name in flags if name in told}

    def take_asked(place: etree._Element) -> dict[str, Any]:
        (person,) = place.findall(f"{{{space}}}person")
        return {"person": take_person(person), **typed(take_fields(place, asked, space))}

    def take_answer(place: etree._Element) -> dict[str, Any]:
        return dict.fromkeys(empty, "") | typed(take_fields(place, answer, space))

    return Form(kind, 1, struct, put, lambda root: take_turn(root, space, take_asked, take_answer))
