"""One turn of a conversation, whatever it is about: its parts by its action, and what its reply says of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def fits(told: Any, asked: Sequence[Any], outcome: str, named: str) -> None:
    """ValueError unless the parts of a message are those of its action, its reply says the `outcome` that follows from
    its answers (`question` without any), and what is `asked` is numbered from 1. `named`: what these are called."""
    action, refers = told.header.action, told.header.reference is not None
    adds = refers and told.asked is None and told.reply is None and bool(told.text) and not told.answers
    whole = {
        "5": not refers and told.asked is not None and told.reply is None and not told.answers,
        "6": refers and told.asked is None and told.reply is not None and bool(told.answers) != bool(told.text),
        "3": adds,
        "4": adds,
        "12": adds,
    }
    if action == "4" and told.asked is not None:
        raise ValueError("what was sent is recalled, and sent anew: a correction says in text what was asked back")
    if not whole.get(action):
        raise ValueError("header.action and the parts of the message don't fit together")
    reply = told.reply
    if reply is not None and (reply.state, bool(reply.code)) != (outcome, outcome == "rejected"):
        raise ValueError("reply.state and reply.code don't follow from the answers")
    if reply is not None and (reply.until is not None) != (outcome == "question"):
        raise ValueError("reply.until belongs to a question")
    if [one.number for one in asked] != list(range(1, len(asked) + 1)):
        raise ValueError(f"{named} are numbered from 1")


def fits_persons(told: Any, outcome: str, twice: str) -> None:
    """The same for a message about persons: ValueError(`twice`), too, where one is named twice."""
    persons = told.asked.persons if told.asked is not None else []
    fits(told, persons, outcome, "persons")
    numbers = [one.person.identifier for one in persons]
    if len(set(numbers)) < len(numbers):
        raise ValueError(twice)


def outcome_of(good: Sequence[bool]) -> str:
    """What follows for the whole from whether each of its parts was answered as it was wished."""
    return "accepted" if all(good) else "accepted with changes" if any(good) else "rejected"
