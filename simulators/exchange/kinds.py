"""The kinds of conversation that the sandbox knows: whether a message is whole, and what is answered."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulators.exchange.jose import canonical
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
    "mutation": Kind(
        "persons",
        frozenset({"WRONG_DAY", "WRONG_STATUS", "OTHER_MUNICIPALITY", "DUPLICATE_DAY", "NOT_SO", "PERSON_UNKNOWN"}),
        "PERSON_UNKNOWN",
    ),
    "case_notification": Kind(
        "persons",
        frozenset({"LATE", "NO_CLAIM_PERIOD", "TEN_YEARS_REACHED", "WRONG_STATUS", "OTHER_MUNICIPALITY",
                   "ALREADY_NOTIFIED", "SPLIT_WRONG", "DOCUMENT_MISSING"}),
        "WRONG_STATUS",
    ),
    "case_change": Kind(
        "persons",
        frozenset({"WRONG_DAY", "WRONG_STATUS", "OTHER_MUNICIPALITY", "NO_CLAIM_PERIOD", "LATE", "NOT_SO",
                   "PERSON_UNKNOWN", "DOCUMENT_MISSING"}),
        "NO_CLAIM_PERIOD",
    ),
    "reconciliation": Kind("parts", frozenset(), ""),
    "payment_advice": Kind("", frozenset({"NOT_OPEN", "ARRIVED"}), "NOT_OPEN"),
    "reclaim": Kind("", frozenset({"OBJECTED", "LINE", "ANSWERED"}), "OBJECTED"),
    "settlement": Kind(
        "questions",
        frozenset({"NUMBER", "SUM", "WINDOW", "LINE", "PERSON_UNKNOWN", "CORRECTS", "ANSWERED", "ALREADY_CLAIMED",
                   "STATEMENT", "DIFFERS", "NOT_KNOWN"}),
        "NOT_KNOWN",
    ),
    "cost_approval": Kind(
        "costs",
        frozenset({"RATE_WRONG", "NO_CLAIM_PERIOD", "OTHER_MUNICIPALITY", "OTHER_PAYER_FIRST", "DUPLICATE",
                   "NOT_ALLOWED", "NOT_NEEDED", "DOCUMENT_MISSING", "PERSON_UNKNOWN"}),
        "PERSON_UNKNOWN",
    ),
    "approval_change": Kind(
        "changes", frozenset({"APPROVAL_UNKNOWN", "PERSON_UNKNOWN", "OVERTAKEN"}), "APPROVAL_UNKNOWN"
    ),
    "provider_bill": Kind(
        "bills",
        frozenset({"APPROVAL_MISSING", "NOT_IN_FORCE", "APPROVAL_EXCEEDED", "RATE_WRONG", "DUPLICATE_INVOICE",
                   "OTHER_BANK_DETAILS", "NOT_DELIVERED", "DOCUMENT_MISSING", "PERSON_UNKNOWN"}),
        "APPROVAL_MISSING",
    ),
}  # fmt: skip
#: Why an approval is changed or ended.
_CHANGED = {"RATE_WRONG", "NO_CLAIM_PERIOD", "OTHER_MUNICIPALITY", "OTHER_PAYER_FIRST", "NOT_NEEDED", "OVER_EARLIER",
            "MORE_NEEDED", "MISTAKE"}  # fmt: skip
#: What changes for somebody, and what else comes with it.
_CHANGES = {
    "status": ("status", "entry_on"), "move": ("municipality",), "disappearance": (), "departure": (), "death": (),
    "earnings": (), "earnings_ended": (),
}  # fmt: skip
#: What changes in a case that was notified, and what has to come with it.
_CASE_CHANGES = {
    **dict.fromkeys(("household", "rent", "work", "birth", "permit", "measure"), ("after",)), "resumed": (),
    "ended": ("cause",), "move": ("municipality",), "takeover": ("municipality",),
}  # fmt: skip
#: What may come with one of these only.
_BELONGS = {"bfs_code": ("ended",), "balance": ("ended",), "restitution": ("ended",), "plan": ("move", "takeover"),
            "open_costs": ("move", "takeover")}  # fmt: skip
_STATUSES = {"N", "F-A", "S", "F-R", "B-R"}
_PERMITS = {"B", "C", "L", "F-R", "B-R"}
_ACCOMMODATION = {"collective", "apartment", "private", "institution"}


def whole(message: dict[str, Any], part: Part) -> None:
    """Whether the parts of a message fit its action, its kind and who we are. ValueError, KeyError, TypeError."""
    header, kind = message["header"], message["message"]
    if header["action"] == "5":
        if kind in _WHOLE:
            _WHOLE[kind](message, part)
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
    wanted = [one["number"] for one in first["asked"].get(numbered, [])]
    if first["message"] == "reconciliation" or not wanted:
        wanted = [1]
    if numbers and numbers != wanted:
        raise ValueError(f"it doesn't answer each of the {numbered} once")
    if first["message"] == "assignment":
        days = [answer["arrived_on"] for answer in message.get("answers", []) if answer.get("arrived_on")]
        if any(date.fromisoformat(day) < date.fromisoformat(first["asked"]["arrival_on"]) for day in days):
            raise ValueError("somebody arrived before her day")


def _mutated(message: dict[str, Any], part: Part) -> None:
    asked, persons = message["asked"], message["asked"]["persons"]
    date.fromisoformat(asked["answer_by"])
    on = date.fromisoformat(asked["on"])
    told = tuple(name for name in ("status", "entry_on", "municipality") if asked.get(name))
    if told != _CHANGES[asked["change"]] or asked.get("status", "N") not in _STATUSES:
        raise ValueError("a status comes with the day of entry, a move with the municipality, nothing else with these")
    if "entry_on" in told and on < date.fromisoformat(asked["entry_on"]):
        raise ValueError("a status begins on the day of entry at the earliest")
    if not persons or [one["number"] for one in persons] != list(range(1, len(persons) + 1)):
        raise ValueError("persons are numbered from 1")
    if any(one["person"]["identifier_type"] != "zemis" for one in persons):
        raise ValueError("a person is named by her ZEMIS number")


def _accounted(message: dict[str, Any], part: Part) -> None:
    asked = message["asked"]
    parts = asked.get("parts", [])
    if asked["side"] not in ("payer", "claimant") or [one["number"] for one in parts] != list(range(1, len(parts) + 1)):
        raise ValueError("an account is a payer's or a claimant's; parts are numbered from 1")
    for one in parts:
        if date.fromisoformat(one["until"]) <= date.fromisoformat(one["since"]) or not one["postings"]:
            raise ValueError("a part has days and postings")
    if asked["digest"] != hashlib.sha256(canonical(parts)).hexdigest():
        raise ValueError("digest isn't that of the parts")


def _settled(message: dict[str, Any], part: Part) -> None:
    asked = message["asked"]
    if [name for name in ("submitted", "decided", "questions") if asked.get(name)][1:]:
        raise ValueError("a turn is submitted, decided, or questions")
    claimant = part.address if not asked.get("submitted") else message["header"]["sender"]
    if not asked["statement"].startswith(f"{claimant}/"):
        raise ValueError("a statement is called after its claimant")
    if told := asked.get("submitted"):
        lines = told.get("lines", [])
        for one in lines:
            if date.fromisoformat(one["until"]) <= date.fromisoformat(one["since"]) or not one["amount"]:
                raise ValueError("a line has days and an amount")
            if one["kind"] == "days" and one["amount"] != one["days"] * one["rate"]:
                raise ValueError("days at their rate are the amount")
            if bool(one.get("findings")) != bool(one.get("why")):
                raise ValueError("a line goes against a finding with a reason, and only so")
        _in_order([one["number"] for one in lines], "lines")
    elif told := asked.get("decided"):
        _in_order([one["number"] for one in told["decisions"]], "decisions")
        for one in told["decisions"]:
            if (one["outcome"] == "accepted") == bool(one.get("reason")):
                raise ValueError("what isn't accepted in full has a reason")
    else:
        date.fromisoformat(asked["answer_by"])
        if not all(one["text"] and one["of_line"] for one in asked["questions"]):
            raise ValueError("a question has its line and words")


def _in_order(numbers: list[int], named: str) -> None:
    if numbers != sorted(set(numbers)):
        raise ValueError(f"{named} stand in the order of their numbers, each once")


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


def _notified(message: dict[str, Any], part: Part) -> None:
    asked = message["asked"]
    if not message["header"]["sender"].startswith("municipality:") or not part.address.startswith("canton_office:"):
        raise ValueError("a municipality notifies, to a canton office")
    date.fromisoformat(asked["answer_by"])
    date.fromisoformat(asked["decided_on"])
    persons = asked["persons"]
    if not persons or [one["number"] for one in persons] != list(range(1, len(persons) + 1)):
        raise ValueError("persons are numbered from 1")
    if asked["heads"] < len(persons) or min(asked["need"], asked["income"]) < 0:
        raise ValueError("a household has at least as many heads as persons; amounts are from 0 on")
    for one in persons:
        if one["person"]["identifier_type"] != "zemis" or one["permit"] not in _PERMITS:
            raise ValueError("a person is named by her ZEMIS number, and has a permit")
        if date.fromisoformat(one["supported_since"]) < date.fromisoformat(one["residence_since"]):
            raise ValueError("support is claimed from when residence began at the earliest")
    if len({one["person"]["identifier"] for one in persons}) < len(persons):
        raise ValueError("a person is named once")


def _altered(message: dict[str, Any], part: Part) -> None:
    asked, sender, persons = message["asked"], message["header"]["sender"], message["asked"]["persons"]
    ends = [one.partition(":")[0] for one in (sender, part.address)]
    takeover = asked["change"] == "takeover"
    if ends != (["canton_office", "municipality"] if takeover else ["municipality", "canton_office"]):
        raise ValueError("a municipality tells a canton office, that one a takeover to a municipality")
    date.fromisoformat(asked["answer_by"])
    date.fromisoformat(asked["on"])
    if tuple(name for name in ("after", "cause", "municipality") if asked.get(name)) != _CASE_CHANGES[asked["change"]]:
        raise ValueError("each change comes with what belongs to it")
    if any(asked.get(name) not in (None, "") and asked["change"] not in those for name, those in _BELONGS.items()):
        raise ValueError("a balance goes with an end, a plan with a move")
    if not persons or [one["number"] for one in persons] != list(range(1, len(persons) + 1)):
        raise ValueError("persons are numbered from 1")
    if any(one["person"]["identifier_type"] != "zemis" for one in persons):
        raise ValueError("a person is named by her ZEMIS number")
    if len({one["person"]["identifier"] for one in persons}) < len(persons):
        raise ValueError("a person is named once")


def _wanted(message: dict[str, Any], part: Part) -> None:
    asked, sender = message["asked"], message["header"]["sender"]
    payers = {"municipality": ("canton_office:",), "provider": ("canton_office:", "municipality:")}
    if not part.address.startswith(payers.get(sender.partition(":")[0], ())):
        raise ValueError("a municipality asks its canton, an institution either")
    date.fromisoformat(asked["answer_by"])
    if date.fromisoformat(asked["last_on"]) < date.fromisoformat(asked["since"]):
        raise ValueError("a cost has days")
    if asked["person"]["identifier_type"] != "zemis":
        raise ValueError("a person is named by her ZEMIS number")
    if not (asked["account_code"] and asked["what"] and asked["cause"] and isinstance(asked["urgent"], bool)):
        raise ValueError("asked: words are missing")
    if (asked.get("other_pays") is not None) != bool(asked.get("other_payer")):
        raise ValueError("who else was asked pays something, or nothing")
    if _sum(asked) < 1 or not 1 <= asked.get("percent", 100) <= 100:
        raise ValueError("something is asked for, at most the whole of it")


def _billed(message: dict[str, Any], part: Part) -> None:
    asked, sender = message["asked"], message["header"]["sender"]
    if not sender.startswith("provider:") or not part.address.startswith(("canton_office:", "municipality:")):
        raise ValueError("an institution bills a canton or a municipality")
    date.fromisoformat(asked["answer_by"])
    if date.fromisoformat(asked["last_on"]) < date.fromisoformat(asked["since"]):
        raise ValueError("a bill has days")
    if asked["person"]["identifier_type"] != "zemis" or not (asked["approval"] and asked["bill"]):
        raise ValueError("a bill has the person's ZEMIS number, that of the approval, and its own")
    if asked["amount"] != asked["unit_price"] * asked["quantity"] or asked["amount"] < 1:
        raise ValueError("the amount is quantity times price")
    if not re.fullmatch("(CH|LI)[0-9]{2}[0-9A-Z]{17}", asked["iban"]):
        raise ValueError("a bill is paid to a Swiss IBAN")
    if not re.fullmatch("([0-9]{27}|RF[0-9]{2}[0-9A-Z]{1,21})?", asked.get("reference", "")):
        raise ValueError("a reference is QRR or SCOR")


def _advised(message: dict[str, Any], part: Part) -> None:
    asked = message["asked"]
    if not message["header"]["sender"].startswith(("canton_office:", "municipality:")):
        raise ValueError("a payer tells what it pays")
    date.fromisoformat(asked["value_on"])
    if asked["state"] not in ("paid", "failed") or not (asked["payment"] and asked["settlements"]):
        raise ValueError("a payment is paid or failed, has its number and what it is for")
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}", asked["iban"]) or not re.fullmatch(
        "[A-Z]{3}", asked["currency"]
    ):
        raise ValueError("a payment has an IBAN and a currency")
    if [one["number"] for one in asked["parts"]] != list(range(1, len(asked["parts"]) + 1)) or any(
        date.fromisoformat(one["until"]) <= date.fromisoformat(one["since"]) for one in asked["parts"]
    ):
        raise ValueError("parts are numbered from 1, and have days")
    paid, netted = (sum(one[name] for one in asked["parts"]) for name in ("paid", "netted"))
    if paid != asked["amount"] or paid < 1 or netted:
        raise ValueError("the parts add up to what is paid, and what is netted to nothing")


#: Why something is claimed back.
_RECLAIMED = {"LATE", "NO_CLAIM_PERIOD", "TEN_YEARS_REACHED", "SEVEN_YEARS_REACHED", "WRONG_STATUS",
              "OTHER_MUNICIPALITY", "DUPLICATE_DAY", "DUPLICATE_INVOICE", "NOT_ACCREDITED", "AREA_NOT_ALLOWED",
              "TARGET_GROUP", "APPROVAL_MISSING", "APPROVAL_EXCEEDED", "OTHER_PAYER_FIRST", "SPLIT_WRONG", "RATE_WRONG",
              "INCOME_MISSING", "DOCUMENT_MISSING", "CEILING_REACHED", "ALREADY_SETTLED"}  # fmt: skip


def _back(message: dict[str, Any], part: Part) -> None:
    asked, lines = message["asked"], message["asked"]["lines"]
    if not message["header"]["sender"].startswith("canton_office:"):
        raise ValueError("a canton claims back")
    if asked["state"] not in ("raised", "kept", "withdrawn") or asked["reason"] not in _RECLAIMED:
        raise ValueError("a reclaim is raised, kept or withdrawn, by a reason of the catalogue")
    if not (asked["reclaim"] and asked["text"]) or not re.fullmatch("[A-Z]{3}", asked["currency"]):
        raise ValueError("a reclaim has its number, words and a currency")
    if (asked["state"] == "raised") != bool(asked.get("answer_by")):
        raise ValueError("what is raised, and nothing else, is answered by a day")
    if not lines or [one["number"] for one in lines] != list(range(1, len(lines) + 1)):
        raise ValueError("lines are numbered from 1")
    for one in lines:
        for span in one.get("days", []):
            if date.fromisoformat(span["until"]) <= date.fromisoformat(span["since"]):
                raise ValueError("a span has days")
    if sum(one["amount"] for one in lines) != asked["total"] or any(one["amount"] < 1 for one in lines):
        raise ValueError("the lines add up to the total")


def _limited(message: dict[str, Any], part: Part) -> None:
    asked, sender = message["asked"], message["header"]["sender"]
    payers = {"municipality": ("canton_office:",), "provider": ("canton_office:", "municipality:")}
    if not sender.startswith(payers.get(part.address.partition(":")[0], ())):
        raise ValueError("a payer changes what it approved")
    date.fromisoformat(asked["answer_by"])
    date.fromisoformat(asked["last_on"])
    if date.fromisoformat(asked["billed_from"]) < date.fromisoformat(message["header"]["sent_at"][:10]):
        raise ValueError("what was billed before it was told stays as it was")
    if asked["person"]["identifier_type"] != "zemis" or not asked["approval"] or not asked["text"].strip():
        raise ValueError("a change has the person's ZEMIS number, that of the approval, and words")
    if asked["turn"] < 1 or asked["amount"] < 0 or asked["reason"] not in _CHANGED:
        raise ValueError("no such turn, amount or reason")


def _sum(asked: dict[str, Any]) -> int:
    """What is asked for, in minor units, rounded once, half up."""
    left = asked["unit_price"] * asked["quantity"] - (asked.get("other_pays") or 0)
    return int(left * asked.get("percent", 100) * 2 + 100) // 200


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
    if kind == "case_notification":
        if bool(answer.get("last_on")) == bool(reason):
            raise ValueError("a claim is accepted until a day, or there is a reason why not")
        date.fromisoformat(answer.get("last_on") or "2000-01-01")
    if kind == "case_change":
        if answer.get("last_on") and reason:
            raise ValueError("what isn't so has no last day")
        date.fromisoformat(answer.get("last_on") or "2000-01-01")
    if kind == "cost_approval":
        whole = all(answer.get(name) for name in ("approval", "amount", "percent", "since", "last_on"))
        if not (whole or reason) or (reason and (answer["by_rules"] or not text)):
            raise ValueError("a cost is approved with all that belongs to it, or a person says why not, in words")
    if kind == "provider_bill" and reason and not text:
        raise ValueError("what isn't paid has words")
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


_WHOLE = {
    "assignment": _assigned, "mutation": _mutated, "reconciliation": _accounted, "settlement": _settled,
    "case_notification": _notified, "case_change": _altered, "cost_approval": _wanted,
    "approval_change": _limited, "provider_bill": _billed,
    "payment_advice": _advised, "reclaim": _back,
}  # fmt: skip


def outcome(kind: str, given: list[dict[str, Any]]) -> str:
    """What follows from the answers for the whole."""
    if kind == "reconciliation":
        return "rejected" if given[0].get("differences") else "accepted"
    refused = [bool(one.get("reason")) for one in given]
    if all(refused) and not given[0].get("approval"):
        return "rejected"
    changed = kind == "case_transfer" and any(one.get("text", "").strip() for one in given)
    return "accepted with changes" if any(refused) or changed else "accepted"


def code(kind: str, given: list[dict[str, Any]]) -> str:
    """Why all of it is rejected."""
    return "DIFFERS" if kind == "reconciliation" else str(given[0]["reason"])


def words(first: dict[str, Any]) -> str:
    """The words of what we are asked or told, in which stands what we shall do."""
    asked = first["asked"]
    lines = (asked.get("submitted") or {}).get("lines", [])
    said = [one.get(name, "") for one in (*lines, *asked.get("questions", [])) for name in ("text", "why")]
    return " ".join([asked.get("text", ""), *said])


def answers(first: dict[str, Any], part: Part, *, refuse: bool) -> list[dict[str, Any]]:
    """What we answer to each that is numbered."""
    kind = first["message"]
    if kind == "assignment":
        lives = {"arrived_on": first["asked"]["arrival_on"], "accommodation": "apartment"}
        told = {"reason": KINDS[kind].unknown} if refuse else lives
        return [{"number": one["number"], **told} for one in first["asked"]["persons"]]
    if kind == "case_notification":
        return [
            {
                "number": one["number"],
                **({"reason": KINDS[kind].unknown} if refuse else {"last_on": _a_year(one["supported_since"])}),
            }
            for one in first["asked"]["persons"]
        ]
    if kind == "case_change":
        begins = {"last_on": _a_year(first["asked"]["on"])} if first["asked"]["change"] == "resumed" else {}
        told = {"reason": "NOT_SO"} if refuse else begins
        return [{"number": one["number"], **told} for one in first["asked"]["persons"]]
    if kind == "cost_approval":
        return [{"number": 1, **_approved(first["asked"], part, refuse=refuse)}]
    if kind == "approval_change":
        return [{"number": 1, "reason": "APPROVAL_UNKNOWN" if refuse else ""}]
    if kind == "reclaim":
        return [{"number": 1, "reason": "OBJECTED" if refuse else "", "text": part.nothing if refuse else ""}]
    if kind == "payment_advice":
        return [{"number": 1, "reason": KINDS[kind].unknown if refuse else ""}]
    if kind == "provider_bill":
        return [{"number": 1, **({"reason": KINDS[kind].unknown, "text": part.nothing} if refuse else {"reason": ""})}]
    if kind in ("mutation", "settlement"):
        numbered = first["asked"].get(KINDS[kind].numbered) or [{"number": 1}]
        reason = "" if not refuse else "NOT_SO" if kind == "mutation" else _fault(first["asked"])
        text = {"text": part.nothing} if first["asked"].get("questions") and not refuse else {}
        return [{"number": one["number"], "reason": reason, **text} for one in numbered]
    if kind == "reconciliation":
        return [_compared(first["asked"], refuse=refuse)]
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


def _a_year(first: str) -> str:
    """The last day of a year from its first on."""
    return (date.fromisoformat(first) + timedelta(days=364)).isoformat()


def _approved(asked: dict[str, Any], part: Part, *, refuse: bool) -> dict[str, Any]:
    """All that is asked for, or that it isn't needed."""
    if refuse:
        return {"reason": "NOT_NEEDED", "text": part.nothing, "by_rules": False}
    return {"approval": f"S-{asked['since']}", "amount": _sum(asked), "percent": asked.get("percent", 100),
            "since": asked["since"], "last_on": asked["last_on"], "by_rules": True}  # fmt: skip


def _fault(asked: dict[str, Any]) -> str:
    return "NOT_KNOWN" if asked.get("questions") else "SUM" if asked.get("submitted") else "DIFFERS"


def _compared(asked: dict[str, Any], *, refuse: bool) -> dict[str, Any]:
    """We have whatever account we are told, or when we shall refuse, none."""
    if not refuse:
        return {"number": 1, "digest": asked["digest"]}
    missing = [
        {"regime": one["regime"], "since": one["since"], "rests_on": each["rests_on"], "reference": each["reference"],
         "state": "missing here"}
        for one in asked.get("parts", []) for each in one["postings"]
    ]  # fmt: skip
    nothing = hashlib.sha256(canonical([])).hexdigest()
    return {"number": 1, "digest": nothing, **({"differences": missing} if missing else {})}


def _own(kind: str, part: Part, answer_by: str, to: str) -> dict[str, Any]:
    """A change, an account or a settlement of ours."""
    since = (date.fromisoformat(answer_by) - timedelta(days=60)).isoformat()
    canton = part.address.startswith("canton_office:")
    if kind == "mutation":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004711.0"}
        persons = [{"number": 1, "person": person}]
        return {"persons": persons, "change": "departure", "on": since, "answer_by": answer_by, "text": part.moves}
    if kind == "reconciliation":
        posted = {"rests_on": "statement", "reference": "S", "digest": "0" * 64}
        figures = dict.fromkeys(("cut", "expired", "accepted", "netted", "paid"), 0) | {"claimed": 3600}
        parts = [{"number": 1, "regime": "asylum", "since": since, "until": answer_by, "currency": part.currency,
                  "postings": [posted], **figures}]  # fmt: skip
        digest = hashlib.sha256(canonical(parts)).hexdigest()
        return {"side": "payer" if canton else "claimant", "digest": digest, "parts": parts}
    if canton:  # about a statement of whoever we ask
        return {"statement": f"{to}/asylum/{since}", "answer_by": answer_by,
                "questions": [{"number": 1, "of_line": 1, "text": part.question}]}  # fmt: skip
    line = {"number": 1, "identifier": "21004711.0", "kind": "cost", "since": since, "until": answer_by, "days": 0,
            "rate": 0, "amount": 3600, "cost": "booking 1", "share": "whole"}  # fmt: skip
    told = {"fund": "asylum", "since": since, "until": answer_by, "number": 1, "lines": [line], "count": 1,
            "total": 3600, "currency": part.currency, "sent_on": answer_by}  # fmt: skip
    return {"statement": f"{part.address}/asylum/{since}", "submitted": told}


def asked(kind: str, part: Part, answer_by: str, to: str = "") -> dict[str, Any]:
    """What we ask or tell ourselves, about somebody invented; `to` whom."""
    if kind in ("mutation", "reconciliation", "settlement"):
        return _own(kind, part, answer_by, to)
    if kind == "assignment":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004711.0"}
        since = (date.fromisoformat(answer_by) - timedelta(days=60)).isoformat()
        one = {
            "number": 1, "person": person, "role": "adult", "status": "N", "status_since": since, "entry_on": since,
            "quota_credit": True,
        }  # fmt: skip
        return {"persons": [one], "arrival_on": answer_by, "answer_by": answer_by, "text": part.moves}
    if kind == "case_notification":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004781.0"}
        since = (date.fromisoformat(answer_by) - timedelta(days=60)).isoformat()
        one = {"number": 1, "person": person, "nationality": "ER", "permit": "B-R", "residence_since": since,
               "supported_since": since}  # fmt: skip
        return {"persons": [one], "decided_on": since, "heads": 1, "cohabitation": False, "need": 120000, "income": 0,
                "answer_by": answer_by, "text": part.question}  # fmt: skip
    if kind == "case_change":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004781.0"}
        changed = {"persons": [{"number": 1, "person": person}], "answer_by": answer_by, "text": part.moves}
        on = (date.fromisoformat(answer_by) - timedelta(days=30)).isoformat()
        if part.address.startswith("canton_office:"):
            return changed | {"change": "takeover", "on": on, "municipality": "municipality:example:0001"}
        return changed | {"change": "ended", "on": on, "cause": part.moves}
    if kind == "cost_approval":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004711.0"}
        return {"person": person, "account_code": "DENTAL", "what": part.document, "cause": part.question,
                "since": answer_by, "last_on": answer_by, "unit_price": 42000, "quantity": 3, "urgent": False,
                "answer_by": answer_by}  # fmt: skip
    if kind == "approval_change":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004711.0"}
        return {"person": person, "approval": "S-1", "turn": 1, "amount": 0, "last_on": answer_by,
                "billed_from": answer_by, "reason": "NOT_NEEDED", "answer_by": answer_by,
                "text": part.moves}  # fmt: skip
    if kind == "provider_bill":
        person = {**part.person, "identifier_type": "zemis", "identifier": "21004711.0"}
        return {"person": person, "approval": "S-1", "bill": "S-1", "since": answer_by, "last_on": answer_by,
                "unit_price": 42000, "quantity": 3, "amount": 126000, "iban": "CH9300762011623852957",
                "answer_by": answer_by}  # fmt: skip
    if kind == "reclaim":
        return {"reclaim": "S-1", "state": "raised", "reason": "DOCUMENT_MISSING", "total": 18430, "currency": "CHF",
                "lines": [{"number": 1, "settled": "S/1", "amount": 18430}], "text": part.nothing,
                "answer_by": answer_by}  # fmt: skip
    if kind == "payment_advice":
        since = (date.fromisoformat(answer_by) - timedelta(days=60)).isoformat()
        one = {"number": 1, "regime": "asylum", "since": since, "until": answer_by, "netted": 0, "paid": 18430}
        return {"payment": "S-1", "state": "paid", "amount": 18430, "currency": "CHF", "iban": "CH9300762011623852957",
                "value_on": answer_by, "settlements": ["S"], "parts": [one]}  # fmt: skip
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
