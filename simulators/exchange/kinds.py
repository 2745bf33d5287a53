"""The kinds of conversation that the sandbox knows: whether a message is whole, and what is answered."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulators.exchange.parts import Part

_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
_MOST = 600_000


@dataclass(frozen=True)
class Kind:
    """What is numbered in what is asked, and why one of it may be refused; `unknown`: nobody is known by the number."""

    numbered: str
    reasons: frozenset[str]
    unknown: str


KINDS = {
    "question": Kind(
        "points", frozenset({"NOT_KNOWN", "PERSON_UNKNOWN", "NO_GROUND", "OTHER_AUTHORITY"}), "PERSON_UNKNOWN"
    ),
    "case_transfer": Kind("items", frozenset({"NOT_NEEDED", "NO_GROUND", "NOT_MOVED", "WRONG"}), "WRONG"),
    "document_request": Kind(
        "documents",
        frozenset({"NOT_KNOWN", "PERSON_UNKNOWN", "NO_GROUND", "OTHER_AUTHORITY", "TOO_LARGE"}),
        "PERSON_UNKNOWN",
    ),
    "assignment": Kind(
        "persons",
        frozenset({"OTHER_MUNICIPALITY", "DUPLICATE_DAY", "WRONG_STATUS", "QUOTA_REACHED", "NO_CAPACITY"}),
        "NO_CAPACITY",
    ),
}
_STATUSES = {"N", "F-A", "S", "F-R", "B-R"}
_ACCOMMODATION = {"collective", "apartment", "private", "institution"}


def whole(message: dict[str, Any], part: Part) -> None:
    """Whether the parts of a message fit its action, its kind and who we are. ValueError, KeyError, TypeError."""
    header, kind = message["header"], message["message"]
    if header["action"] == "5":
        if kind == "assignment":
            _assigned(message, part)
        else:
            _asked(message["asked"], kind, part)
        if header.get("reference") or message.get("reply"):
            raise ValueError("what begins a conversation is about no other message")
    elif header["action"] == "6":
        reply, given = message["reply"], message.get("answers", [])
        for answer in given:
            _answer(answer, kind)
        wanted = outcome(kind, given) if given else "question"
        if (reply["state"], bool(reply.get("code"))) != (wanted, wanted == "rejected"):
            raise ValueError("reply.state and reply.code don't follow from the answers")
        if not (given or message["text"]):
            raise ValueError("reply: nothing is said")
    elif header["action"] in ("3", "4", "12"):
        if not message["text"] or not header["reference"]:
            raise ValueError("text and header.reference are needed")
    else:
        raise ValueError("no action of a conversation")


def belongs(message: dict[str, Any], first: dict[str, Any]) -> None:
    """Whether what is said about a first message is of its kind, process and test, and an answer whole. ValueError."""
    for place in ("process", "test"):
        if message["header"].get(place, False) != first["header"].get(place, False):
            raise ValueError(f"header.{place} isn't that of the message that it is about")
    if message["message"] != first["message"]:
        raise ValueError(f"it is about a message of the kind {first['message']}")
    numbered = KINDS[first["message"]].numbered
    numbers = sorted(answer["number"] for answer in message.get("answers", []))
    if numbers and numbers != [one["number"] for one in first["asked"][numbered]]:
        raise ValueError(f"it doesn't answer each of the {numbered} once")
    if first["message"] == "assignment":
        days = [answer["arrived_on"] for answer in message.get("answers", []) if answer.get("arrived_on")]
        if any(date.fromisoformat(day) < date.fromisoformat(first["asked"]["arrival_on"]) for day in days):
            raise ValueError("somebody arrived before her day")


def _assigned(message: dict[str, Any], part: Part) -> None:
    asked = message["asked"]
    if not message["header"]["sender"].startswith("canton_office:") or not part.address.startswith("municipality:"):
        raise ValueError("a canton assigns, to a municipality")
    date.fromisoformat(asked["answer_by"])
    date.fromisoformat(asked["arrival_on"])
    persons = asked["persons"]
    if not persons or [one["number"] for one in persons] != list(range(1, len(persons) + 1)):
        raise ValueError("persons are numbered from 1")
    for one in persons:
        if one["person"]["identifier_type"] != "zemis":
            raise ValueError("a person is assigned by her ZEMIS number")
        if one["status"] not in _STATUSES or one["role"] not in ("adult", "child"):
            raise ValueError("no such status or role")
        if date.fromisoformat(one["status_since"]) < date.fromisoformat(one["entry_on"]):
            raise ValueError("a status begins on the day of entry at the earliest")
    if len({one["person"]["identifier"] for one in persons}) < len(persons):
        raise ValueError("a person is assigned once")


def _asked(asked: dict[str, Any], kind: str, part: Part) -> None:
    date.fromisoformat(asked["answer_by"])
    person, numbered = asked["person"], asked[KINDS[kind].numbered]
    words = (asked["text"], person["identifier"], person["family_name"], person["given_name"])
    if not all(isinstance(each, str) for each in words) or not asked["ground"] or not asked["text"]:
        raise ValueError("asked: words are missing")
    if not numbered or [one["number"] for one in numbered] != list(range(1, len(numbered) + 1)):
        raise ValueError(f"{KINDS[kind].numbered} are numbered from 1")
    if kind != "question":
        ground = asked["ground"]
        if (ground["basis"] == "consent") != bool(ground.get("consented_on")):
            raise ValueError("consent has its day, and nothing else has")
    amounts = [one.get("line") or one.get("decision") or {} for one in numbered]
    if part.numbers == "ahvn13" and any(one.get("currency", "CHF") != "CHF" for one in amounts):
        raise ValueError("amounts are in CHF")
    part.knows(person)


def _answer(answer: dict[str, Any], kind: str) -> None:
    text, reason, file = bool(answer.get("text", "").strip()), answer.get("reason", ""), answer.get("file")
    if reason and reason not in KINDS[kind].reasons:
        raise ValueError("no such reason")
    if kind == "assignment":
        told = (answer.get("arrived_on") is not None, answer.get("accommodation") in _ACCOMMODATION)
        if told != (not reason, not reason):
            raise ValueError("a person is taken with her day and accommodation, or there is a reason why not")
    if kind == "question" and text == bool(reason):
        raise ValueError("a point has an answer or a reason why not")
    if kind == "case_transfer" and text and reason:
        raise ValueError("an item that isn't taken over has no change")
    if kind == "document_request":
        if (file is None) != bool(reason):
            raise ValueError("a document is given, or there is a reason why not")
        if file is not None:
            plain = b64decode(file["content"], validate=True)
            if (len(plain), hashlib.sha256(plain).hexdigest()) != (file["size"], file["digest"]) or len(plain) > _MOST:
                raise ValueError("content isn't what size and digest say")
            if file["scanned"] not in ("clean", "own"):
                raise ValueError("a file that wasn't scanned isn't taken")


def outcome(kind: str, given: list[dict[str, Any]]) -> str:
    """What follows from the answers for the whole."""
    refused = [bool(one.get("reason")) for one in given]
    if all(refused):
        return "rejected"
    changed = kind == "case_transfer" and any(one.get("text", "").strip() for one in given)
    return "accepted with changes" if any(refused) or changed else "accepted"


def answers(first: dict[str, Any], part: Part, *, refuse: bool) -> list[dict[str, Any]]:
    """What we answer to each that is numbered."""
    kind = first["message"]
    if kind == "assignment":
        lives = {"arrived_on": first["asked"]["arrival_on"], "accommodation": "apartment"}
        told = {"reason": KINDS[kind].unknown} if refuse else lives
        return [{"number": one["number"], **told} for one in first["asked"]["persons"]]
    known = part.knows(first["asked"]["person"]) or part.numbers != "ahvn13"
    found: list[dict[str, Any]] = []
    for one in first["asked"][KINDS[kind].numbered]:
        says: dict[str, Any] = {"number": one["number"]}
        if refuse or not known:
            says["reason"] = "NO_GROUND" if refuse else KINDS[kind].unknown
        elif kind == "question":
            says["text"] = part.nothing
        elif kind == "document_request":
            says["file"] = {
                "name": f"{one['name'][:100]}.pdf", "content_type": "application/pdf", "size": len(_PDF),
                "digest": hashlib.sha256(_PDF).hexdigest(), "scanned": "own", "content": b64encode(_PDF).decode(),
            }  # fmt: skip
        found.append(says)
    return found


def asked(kind: str, part: Part, answer_by: str) -> dict[str, Any]:
    """What we ask or tell ourselves, about somebody invented."""
    if kind == "assignment":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004711.0"}
        since = (date.fromisoformat(answer_by) - timedelta(days=60)).isoformat()
        one = {
            "number": 1, "person": person, "role": "adult", "status": "N", "status_since": since, "entry_on": since,
            "quota_credit": True,
        }  # fmt: skip
        return {"persons": [one], "arrival_on": answer_by, "answer_by": answer_by, "text": part.moves}
    told: dict[str, Any] = {"person": part.person, "answer_by": answer_by}
    yesterday = (date.fromisoformat(answer_by) - timedelta(days=15)).isoformat()
    consent = {"basis": "consent", "text": part.ground, "consented_on": yesterday}
    if kind == "question":
        return told | {"ground": part.ground, "text": part.question, "points": [{"number": 1}]}
    if kind == "document_request":
        named = [{"number": 1, "name": part.document}]
        return told | {"ground": consent, "text": part.question, "documents": named}
    contact = [{"number": 1, "contact": {"telephone": "070-174 06 01"}}]
    return told | {"ground": consent, "text": part.moves, "moves_on": answer_by, "items": contact}
