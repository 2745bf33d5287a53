"""I12: the account of each partner: every entry on both sides, each source posted once, nothing missing between."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from verifier.canonical import sha256
from verifier.database import Connection, Row, rows
from verifier.report import Report

#: What each move takes from where to where.
MOVES = {
    "claimed": ("claimed", "in check"),
    "cut": ("in check", "cut"),
    "expired": ("in check", "expired"),
    "accepted": ("in check", "open"),
    "netted": ("open", "netted"),
    "paid": ("open", "paid"),
}


def check_accounts(connection: Connection, report: Report) -> None:
    """Numbers without gaps, digests over source and entries, each source once, each entry from and to where its move
    says; and by account, regime and days claimed = in check + cut + expired + accepted, open = accepted - netted -
    paid."""
    postings = rows(connection, "SELECT * FROM accounts_posting ORDER BY account_id, number")
    entries: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows(connection, "SELECT * FROM accounts_entry ORDER BY posting_id, place"):
        entries[row["posting_id"]].append(row)
    numbers: Counter[UUID] = Counter()
    sources: set[tuple[Any, ...]] = set()
    for posting in postings:
        report.count("postings")
        account, key = posting["account_id"], posting["id"]
        numbers[account] += 1
        if posting["number"] != numbers[account]:
            report.broken("I12", "accounts_posting", key, f"is number {posting['number']}, not {numbers[account]}")
            numbers[account] = posting["number"]
        source = (account, posting["rests_on"], posting["reference"])
        if source in sources:
            report.broken("I12", "accounts_posting", key, "its source is posted already")
        sources.add(source)
        own = entries.pop(key, [])
        if [row["place"] for row in own] != list(range(1, len(own) + 1)) or not own:
            report.broken("I12", "accounts_posting", key, "an entry of it is missing")
        if _digest(posting, own) != posting["digest"]:
            report.broken("I12", "accounts_posting", key, "its source and entries do not have its digest")
        for row in own:
            if row["account_id"] != account:
                report.broken("I12", "accounts_entry", row["id"], "stands on another account than its posting")
    for rest in entries.values():
        for row in rest:
            report.broken("I12", "accounts_entry", row["id"], "belongs to no posting")
    _check_sums(connection, report)


def _digest(posting: Row, entries: list[Row]) -> str:
    said = sorted(
        [
            row["move"], row["amount"], row["currency"], row["regime"], row["since"].isoformat(),
            row["until"].isoformat(), row["cites"], row["reference"], row["content"],
        ]
        for row in entries
    )  # fmt: skip
    return sha256({"source": [posting["rests_on"], posting["reference"], posting["content"]], "entries": said})


def _check_sums(connection: Connection, report: Report) -> None:
    moved: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    lies: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in rows(connection, "SELECT * FROM accounts_entry ORDER BY id"):
        if (row["credited"], row["debited"]) != MOVES.get(row["move"]) or row["amount"] == 0:
            report.broken("I12", "accounts_entry", row["id"], "does not move what its name says")
        key = (row["account_id"], row["regime"], row["since"], row["currency"])
        moved[key][row["move"]] += row["amount"]
        lies[key][row["credited"]] -= row["amount"]
        lies[key][row["debited"]] += row["amount"]
    for key, by in moved.items():
        there = lies[key]
        in_check = by["claimed"] - by["cut"] - by["expired"] - by["accepted"]
        still_open = by["accepted"] - by["netted"] - by["paid"]
        if sum(there.values()) or (there["in check"], there["open"]) != (in_check, still_open):
            report.broken("I12", "accounts_account", key[0], f"its {key[1]} from {key[2]} does not add up")
