"""I4 of the messages between organisations: our copies, their seals and steps, and both sides against each other."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from verifier.database import Connection, Row
from verifier.invariants import OUTBOX_LIMIT, by_id, grouped
from verifier.report import Report
from verifier.signatures import BadSignature, named_key, signed_by_us
from verifier.stored import Unreadable, fields, loads

#: What somebody signed, by whom it should be and the sealed text; with the digest of exactly that. BadSignature.
Signed = Callable[[str, str], tuple[Any, str]]


@dataclass
class Exchanged:
    """What the organisations of this installation say of the messages between them: by sender, receiver and the
    sender's name for it the digest and, of the sender, the state of its way, of both that of its matter."""

    sent: dict[tuple[str, str, UUID], Row] = field(default_factory=dict)
    received: dict[tuple[str, str, UUID], Row] = field(default_factory=dict)
    tenants: dict[str, str] = field(default_factory=dict)


def check_exchange(
    connection: Connection, report: Report, address: str, keys: Mapping[str, Row], now: datetime
) -> dict[UUID, Row]:
    """I4: every message is what was signed, by whom it says, with each step signed by whoever caused it; whatever
    arrived has one outcome or is younger than the limit. `keys`: our own, by key id. Gives the messages by id."""
    known: dict[str, dict[str, Any]] = defaultdict(dict)
    known[address] = {key_id: row["public_jwk"] for key_id, row in keys.items()}
    for row in by_id(connection, "exchange_partnerkey").values():
        known[row["partner"]][row["key_id"]] = row["jwk"]

    def signed(by: str, sealed: str) -> tuple[Any, str]:
        key_id = named_key(sealed)
        if key_id not in known[by]:
            raise BadSignature(f"no known key of {by}")
        content = signed_by_us(sealed, fields(known[by][key_id]), key_id)
        return loads(content), hashlib.sha256(content).hexdigest()

    messages = by_id(connection, "exchange_message")
    arrivals, outcomes = by_id(connection, "exchange_arrival"), by_id(connection, "exchange_outcome")
    envelopes = by_id(connection, "exchange_envelope")
    for key, row in messages.items():
        report.count("messages")
        if hashlib.sha256(row["content"].encode()).hexdigest() != row["digest"]:
            report.broken("I4", "exchange_message", key, "is not what its digest says")
    sealed_of = {(e["recipient"], e["message_id"]): e["digest"] for e in envelopes.values()}
    for key, row in messages.items():
        left = row["direction"] == "out" and row["handed_over_at"] is not None
        if left and sealed_of.get((row["partner"], row["message_id"])) != row["digest"]:
            report.broken("I4", "exchange_message", key, "was handed over, and there is no envelope of this content")
    for key, row in envelopes.items():
        report.count("envelopes")
        _check_seal(report, "exchange_envelope", key, row, signed, address)
    _check_steps(connection, report, messages, signed)
    _check_sedex(connection, report, messages, envelopes)
    for key, row in arrivals.items():
        report.count("arrivals")
        outcome = outcomes.get(key)
        if outcome is None:
            if now - row["arrived_at"] > OUTBOX_LIMIT:
                report.broken("I4", "exchange_arrival", key, "arrived long ago and has no outcome")
        elif (outcome["sender"], outcome["message_id"]) != (row["sender"], row["message_id"]):
            report.broken("I4", "exchange_outcome", key, "is of another message than what arrived")
        elif outcome["state"] in ("taken", "late", "refused"):
            refused = outcome["state"] == "refused"
            _check_seal(report, "exchange_arrival", key, row, signed, row["sender"], refused=refused)
    for key, row in outcomes.items():
        if row["state"] == "trying" and now - row["at"] > OUTBOX_LIMIT:
            report.broken("I4", "exchange_outcome", key, "is being tried for too long")
    return messages


def _check_seal(
    report: Report, table: str, key: UUID, row: Row, signed: Signed, by: str, *, refused: bool = False
) -> None:
    """It is what its digest says, signed by whom it should be, and names sender and id. What was refused may be a text
    that no reader takes, for which it was refused: that names nobody."""
    try:
        said, digest = signed(by, row["sealed"])
    except BadSignature as error:
        report.broken("I4", table, key, str(error))
        return
    header, told = fields(fields(said).get("header")), (by, str(row["message_id"]))
    named = told if refused and isinstance(said, Unreadable) else (header.get("sender"), header.get("id"))
    if (*named, digest) != (*told, row["digest"]):
        report.broken("I4", table, key, "is sealed over another message")


def _check_steps(connection: Connection, report: Report, messages: Mapping[UUID, Row], signed: Signed) -> None:
    """Each message is in the state of its last step; each step is what was signed of this content."""
    for machine in ("transport", "business"):
        table = f"exchange_{machine}step"
        rows_of = grouped(by_id(connection, table).values(), "message_id")
        for key, message in messages.items():
            steps = sorted(rows_of.get(key, []), key=lambda step: step["place"])
            if [step["place"] for step in steps] != list(range(len(steps))):
                report.broken("I4", table, key, "steps of it are missing")
            if (steps[-1]["state"] if steps else "") != message[machine]:
                report.broken("I4", "exchange_message", key, f"its {machine} is not what its last step says")
            for step in steps:
                report.count("steps")
                _check_step(report, table, step, message, signed)


def _check_step(report: Report, table: str, step: Row, message: Row, signed: Signed) -> None:
    try:
        said = fields(signed(step["by"], step["sealed"])[0])
    except BadSignature as error:
        report.broken("I4", table, step["id"], str(error))
        return
    part, header = fields(said.get("report") or said.get("reply") or said), fields(said.get("header"))
    if "header" in said and "report" not in said and "reply" not in said:
        state = "recalled" if header.get("action") == "3" else "in check"
        fits = (header.get("reference"), step["state"]) == (str(message["message_id"]), state)
    else:
        fits = (part.get("digest"), part.get("state")) == (message["digest"], step["state"])
    if not fits:
        report.broken("I4", table, step["id"], "says something else than what was signed")


def _check_sedex(
    connection: Connection, report: Report, messages: Mapping[UUID, Row], envelopes: Mapping[UUID, Row]
) -> None:
    """What went by sedex was put out before sedex said something of it, and again only after trouble; what counts as
    refused or never fetched there has a receipt that says so."""
    said: dict[tuple[str, UUID], set[str]] = defaultdict(set)
    of = grouped(by_id(connection, "exchange_sedexstep").values(), "envelope_id")
    for key, steps in of.items():
        tries: dict[int, set[int]] = defaultdict(set)
        for step in steps:
            report.count("steps at sedex")
            tries[step["attempt"]].add(step["code"])
            said[envelopes[key]["recipient"], envelopes[key]["message_id"]].add(f"sedex {step['code']}")
        for step in steps:
            before = tries.get(step["attempt"] - 1, set())
            if 0 not in tries[step["attempt"]] or (step["attempt"] > 1 and not any(400 <= c < 600 for c in before)):
                report.broken("I4", "exchange_sedexstep", step["id"], "is of a try that wasn't made, or needn't be")
    for key, row in messages.items():
        if row["code"].startswith("sedex") and row["code"] not in said[row["partner"], row["message_id"]]:
            report.broken("I4", "exchange_message", key, f"ended by {row['code']}, and sedex said no such thing")


def note_exchanged(exchanged: Exchanged, address: str, tenant: str, messages: Mapping[UUID, Row]) -> None:
    """Keep what an organisation says of its messages, until the other's word is known too."""
    exchanged.tenants[address] = tenant
    for row in messages.values():
        if row["direction"] == "out":
            exchanged.sent[address, row["partner"], row["message_id"]] = row
        else:
            exchanged.received[row["partner"], address, row["message_id"]] = row


def check_reconciled(report: Report, exchanged: Exchanged) -> None:
    """I4 on both sides: what one sent is what the other has, by digest; what was delivered is there, and the other way
    round; what counts as refused, or never left, is not."""
    for place, row in exchanged.sent.items():
        report.tenant = exchanged.tenants[place[0]]
        other = exchanged.received.get(place)
        if place[1] in exchanged.tenants and row["transport"] == "delivered" and other is None:
            report.broken("I4", "exchange_message", row["id"], "was delivered, and its receiver has no such message")
        if other is not None and other["digest"] != row["digest"]:
            report.broken("I4", "exchange_message", row["id"], "is another message at its receiver")
        if other is not None and row["transport"] in ("drafted", "sealed", "taken back", "rejected"):
            report.broken("I4", "exchange_message", row["id"], f"is {row['transport']}, and its receiver has it")
    for place, row in exchanged.received.items():
        report.tenant = exchanged.tenants[place[1]]
        if place[0] in exchanged.tenants and place not in exchanged.sent:
            report.broken("I4", "exchange_message", row["id"], "came from here, and was never sent")
    report.tenant = ""
