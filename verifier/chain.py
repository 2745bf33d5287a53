"""The event chains: hashes, commitments, gaps, heads; and that every row is as the chain last committed to it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from verifier.canonical import NotCanonical, encode, sha256
from verifier.database import Connection, Row, moment, plain, rows, stream, tenant_tables
from verifier.report import Report
from verifier.stored import NO_KEY, fields
from verifier.stored import key as key_in

#: What the chain does not commit to, by table: columns, or `*` for the whole table. Reasons are in the product's
#: catalogue; a test compares both lists.
UNCOMMITTED: dict[str, frozenset[str]] = {
    "audit_block": frozenset("*"),
    "audit_blockleaf": frozenset("*"),
    "audit_event": frozenset("*"),
    "audit_payload": frozenset("*"),
    "audit_readentry": frozenset("*"),
    "audit_subject": frozenset({"seq", "head"}),
    "casefile_notedraft": frozenset("*"),
    "casefile_period": frozenset({"last_application_at", "last_decision_on", "result"}),
    "decisions_lefttoperson": frozenset("*"),
    "documents_text": frozenset("*"),
    "entitlement_assessment": frozenset("*"),
    "entitlement_forecast": frozenset("*"),
    "entitlement_personmonth": frozenset("*"),
    "entitlement_precalculation": frozenset("*"),
    "imports_import": frozenset("*"),
    "imports_row": frozenset("*"),
    "intake_draft": frozenset("*"),
    "intake_signingrequest": frozenset("*"),
    "people_nametoken": frozenset("*"),
    "register_contradiction": frozenset("*"),
    "register_responsibility": frozenset("*"),
    "register_standing": frozenset("*"),
    "settlement_claim": frozenset("*"),
    "settlement_counted": frozenset("*"),
    "tenancy_counter": frozenset("*"),
    "tenancy_preference": frozenset("*"),
}

#: Kinds of event whose payload other checks look at.
KEPT = frozenset(
    {
        "hand-over tried",
        "draft opened",
        "application submitted",
        "signature recorded",
        "appeal dismissed",
        "appeal forwarded",
        "appeal packed",
        "decision taken",
        "order appeal noted",
        "order appeal changed",
        "order appeal ended",
        "run file written",
        "document recorded",
        "merge proposed",
        "records merged",
        "merge taken back",
        "merge undone",
        "payment unblocked",
        "payment resumed",
        "payment redirected",
        "account followed",
    }
)


@dataclass(frozen=True)
class Told:
    """An event as far as other checks need it. `payload` is kept for some kinds only."""

    id: UUID
    subject: UUID
    seq: int
    kind: str
    at: datetime
    hash: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Mention:
    """The newest commitment to a row: which event made it, the row's version and digest."""

    event: UUID
    version: int
    seq: int
    digest: str


@dataclass
class Chain:
    """One tenant's events by subject, and what they commit to."""

    hashes: dict[tuple[UUID, int], str] = field(default_factory=dict)
    newest: dict[UUID, tuple[int, datetime]] = field(default_factory=dict)
    told: dict[UUID, Told] = field(default_factory=dict)
    mentions: dict[str, dict[UUID, Mention]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[Told]:
        """The events of one kind (of those whose payload is kept)."""
        return [event for event in self.told.values() if event.kind == kind]


_EVENTS = """
SELECT e.*, p.id AS payload_id, p.salt, p.body FROM audit_event e LEFT JOIN audit_payload p ON p.id = e.id
ORDER BY e.subject_id, e.seq
"""


def check_chains(connection: Connection, report: Report) -> Chain:
    """Walk every chain of the tenant from its first event to its head."""
    chain = Chain()
    heads = {row["id"]: row for row in rows(connection, "SELECT id, seq, head FROM audit_subject")}
    subject, seq, head = None, 0, ""
    because: list[tuple[UUID, UUID]] = []
    known: set[UUID] = set()
    for row in stream(connection, _EVENTS):
        report.count("events")
        if row["subject_id"] != subject:
            _end(report, heads, subject, seq, head)
            subject, seq, head = row["subject_id"], 0, ""
        if row["seq"] != seq + 1:
            report.broken("chain", "audit_subject", subject, f"event {seq + 1} is missing: the next is {row['seq']}")
        elif row["previous"] != head:
            report.broken("chain", "audit_event", row["id"], "does not follow the event before it")
        if _hash(row) != row["hash"]:
            report.broken("chain", "audit_event", row["id"], "is not what its hash was taken over")
        seq, head = row["seq"], row["hash"]
        known.add(row["id"])
        chain.hashes[row["subject_id"], seq] = head
        chain.newest[row["subject_id"]] = (seq, row["at"])
        if row["because"]:
            because.append((row["id"], row["because"]))
        _take_payload(chain, report, row)
    _end(report, heads, subject, seq, head)
    for key, row in heads.items():
        if key not in chain.newest:
            report.broken("chain", "audit_subject", key, f"has no event, but its head says {row['seq']}")
    for event, cause in because:
        if cause not in known:
            report.broken("chain", "audit_event", event, f"reacts to {cause}, which isn't there")
    for row in rows(connection, "SELECT id FROM audit_payload"):
        if row["id"] not in known:
            report.broken("chain", "audit_payload", row["id"], "belongs to an event that is gone")
    return chain


def _end(report: Report, heads: dict[UUID, Row], subject: UUID | None, seq: int, head: str) -> None:
    if subject is None:
        return
    report.count("chains")
    kept = heads.get(subject)
    if kept is None:
        report.broken("chain", "audit_subject", subject, "is gone, but has events")
    elif (kept["seq"], kept["head"]) != (seq, head):
        report.broken("chain", "audit_subject", subject, f"its head says {kept['seq']}, the newest event is {seq}")


def _hash(row: Row) -> str:
    actor = str(row["actor_id"]) if row["actor_id"] else None
    return digest_of(
        {
            "id": str(row["id"]),
            "subject": str(row["subject_id"]),
            "seq": row["seq"],
            "kind": row["kind"],
            "at": moment(row["at"]),
            "actor": [row["actor_kind"], actor, row["actor_name"]],
            "purpose": row["purpose"],
            "because": str(row["because"]) if row["because"] else None,
            "commitment": row["commitment"],
            "previous": row["previous"],
        }
    )


def _take_payload(chain: Chain, report: Report, row: Row) -> None:
    """Check the commitment; remember what the payload says and which rows it commits to."""
    if row["payload_id"] is None:
        # There is no operation yet that erases: nothing may be missing.
        report.broken("payload", "audit_payload", row["id"], "is gone, and no erasure says so")
        return
    try:
        made = hmac.new(bytes(row["salt"]), encode(row["body"]), hashlib.sha256).hexdigest()
    except NotCanonical as error:
        made = f"({error})"
    if made != row["commitment"]:
        report.broken("payload", "audit_payload", row["id"], "is not what its event committed to")
        return
    body = fields(row["body"])
    kept = {name: value for name, value in body.items() if name != "rows"} if row["kind"] in KEPT else {}
    chain.told[row["id"]] = Told(row["id"], row["subject_id"], row["seq"], row["kind"], row["at"], row["hash"], kept)
    for table, found in fields(body.get("rows")).items():
        by_key = chain.mentions.setdefault(table, {})
        for name, said in fields(found).items():
            key = key_in(name)
            version, digest = said if isinstance(said, list) and len(said) == 2 else (None, None)
            if key == NO_KEY or not isinstance(version, int) or not isinstance(digest, str):
                report.broken("payload", "audit_payload", row["id"], f"names a row of {table} as no event does")
                continue
            before = by_key.get(key)
            if before is None or (before.version, before.seq) <= (version, row["seq"]):
                by_key[key] = Mention(row["id"], version, row["seq"], digest)


def check_rows(connection: Connection, report: Report, chain: Chain) -> None:
    """Every row of the tenant is the one that the chain last committed to; none is missing, none was put in."""
    for table in tenant_tables(connection):
        left_out = UNCOMMITTED.get(table, frozenset())
        if "*" in left_out:
            continue
        mentions = dict(chain.mentions.get(table, {}))
        for row in stream(connection, sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))):
            report.count("rows")
            mention = mentions.pop(row["id"], None)
            if mention is None and table == "exchange_arrival":
                continue  # committed to with its outcome; one that stays without is named there (I4)
            if mention is None:
                report.broken("rows", table, row["id"], "no event speaks of this row")
            elif row_digest(row, left_out) != mention.digest:
                report.broken("rows", table, row["id"], f"is not what event {mention.event} committed to")
        for key, mention in mentions.items():
            report.broken("rows", table, key, f"is gone; event {mention.event} committed to it")


def digest_of(value: Any) -> str:
    """The canonical digest, or what stands in its way."""
    try:
        return sha256(value)
    except NotCanonical as error:
        return f"({error})"


def row_digest(row: Row, left_out: frozenset[str] = frozenset()) -> str:
    """SHA-256 of a row: every column but the tenant, those left out and NULLs; "" when it has no canonical form."""
    try:
        return sha256(
            {
                column: plain(value)
                for column, value in row.items()
                if value is not None and column != "tenant_id" and column not in left_out
            }
        )
    except NotCanonical:
        return ""
