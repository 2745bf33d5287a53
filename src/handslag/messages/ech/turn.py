"""One turn of a conversation in XML, whatever it is about: its reply, its answers, its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from handslag.messages.ech.frame import below, texts

_REPLY = ("of", "digest", "state", "code", "until")


def put_turn(
    root: etree._Element,
    told: Any,
    space: str,
    put_asked: Callable[[etree._Element, Any], None],
    said: Callable[[Any], tuple[str, ...]],
) -> None:
    """Write what a message says below its header, in its namespace: what is asked by `put_asked`, of each answer the
    parts that `said` names."""
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
        for name in said(answer):
            if value := getattr(answer, name):
                below(place, name, value, space)
    if told.text:
        below(root, "text", told.text, space)


def take_turn(
    root: etree._Element, space: str, take_asked: Callable[[etree._Element], dict[str, Any]]
) -> dict[str, Any]:
    """Read it again."""
    said: dict[str, Any] = {}
    for asked in root.findall(f"{{{space}}}asked"):
        said["asked"] = take_asked(asked)
    for reply in root.findall(f"{{{space}}}reply"):
        said["reply"] = texts(reply, space, *_REPLY)
    answers = [texts(place, space, "number", "text", "reason") for place in root.findall(f"{{{space}}}answer")]
    if answers:
        said["answers"] = [{"text": "", "reason": "", **one, "number": int(one["number"])} for one in answers]
    return said | texts(root, space, "text")
