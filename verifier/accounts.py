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
    moved: dict[UUID, list[Row]] = {}
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
        moved[key] = own
    for rest in entries.values():
        for row in rest:
            report.broken("I12", "accounts_entry", row["id"], "belongs to no posting")
    _check_sums(connection, report)
    _check_bank(connection, report, {row["id"]: row for row in postings}, moved)


#: States of an order that the bank says; the last line of its answers that was carried out on one is of that kind.
_SAID = frozenset({"accepted", "paid", "rejected", "returned"})


def _check_bank(
    connection: Connection, report: Report, postings: dict[UUID, Row], moved: dict[UUID, list[Row]]
) -> None:
    """An order whose file has left is posted, to just the bill that it is for, if any, is what the bank said of
    it last, and is countered whole just where it reached nobody; what is carried out of the bank's lines is on one
    account, once, to the cent."""
    lines = {row["id"]: row for row in rows(connection, "SELECT * FROM payments_bankline")}
    matches = rows(connection, "SELECT * FROM accounts_bankmatch ORDER BY id")
    by_source = {(row["account_id"], row["rests_on"], row["reference"]): row for row in postings.values()}
    counters = {row["counters_id"]: row for row in postings.values() if row["counters_id"]}
    said: dict[UUID, list[Row]] = defaultdict(list)
    for match in matches:
        report.count("bank matches")
        line, posting = lines.get(match["line_id"]), postings.get(match["posting_id"])
        if line is None or line["outcome"] != "account":
            report.broken("I12", "accounts_bankmatch", match["id"], "its line was not carried out on an account")
            continue
        if match["order_id"]:
            said[match["order_id"]].append(line)
        elif posting is None or (_paid(moved.get(posting["id"], [])), posting["account_id"]) != (
            line["amount"], match["account_id"],
        ):  # fmt: skip
            report.broken("I12", "accounts_bankmatch", match["id"], "posts another amount than came in")
    for key in {row["id"] for row in lines.values() if row["outcome"] == "account"} - {m["line_id"] for m in matches}:
        report.broken("I12", "payments_bankline", key, "is carried out on no account")
    for order in rows(connection, "SELECT * FROM accounts_paymentorder WHERE document_id IS NOT NULL"):
        report.count("orders sent")
        posting = by_source.get((order["account_id"], "payment", order["number"]))
        if posting is None or _paid(moved.get(posting["id"], [])) != order["amount"]:
            report.broken("I12", "accounts_paymentorder", order["id"], "its amount is not posted")
            continue
        bill, own = postings.get(order["bill_id"]), moved.get(posting["id"], [])
        cited = {(row["reference"], row["content"]) for row in own if row["move"] == "paid"}
        if order["bill_id"] and (bill is None or cited != {(bill["reference"], bill["content"])}):
            report.broken("I12", "accounts_paymentorder", order["id"], "pays something else than its bill")
        last = said[order["id"]][-1]["kind"] if said[order["id"]] else None
        if last != (order["state"] if order["state"] in _SAID else None):
            report.broken("I12", "accounts_paymentorder", order["id"], f"is {order['state']}, the bank: {last}")
        if (posting["id"] in counters) != (order["state"] in ("rejected", "returned")):
            report.broken("I12", "accounts_paymentorder", order["id"], f"is {order['state']}, and posted otherwise")
    _check_by_hand(connection, report, lines, postings, moved, counters)
    for key, counter in counters.items():
        if _lines(moved.get(key, []), -1) != _lines(moved.get(counter["id"], []), 1):
            report.broken("I12", "accounts_posting", counter["id"], "does not take back what it counters")


def _check_by_hand(
    connection: Connection,
    report: Report,
    lines: dict[UUID, Row],
    postings: dict[UUID, Row],
    moved: dict[UUID, list[Row]],
    counters: dict[UUID, Row],
) -> None:
    """What a person matched is a line that came in, to the cent, on one account or case; what was undone is countered,
    and nothing else of an account is."""
    bookings = {row["id"]: row for row in rows(connection, "SELECT * FROM payments_booking WHERE kind = 'income'")}
    reversed_ = {row["reverses_id"] for row in bookings.values() if row["reverses_id"]}
    claims = {row["id"]: row["recovery_id"] for row in rows(connection, "SELECT * FROM payments_recoveryline")}
    for match in rows(connection, "SELECT * FROM accounts_handmatch ORDER BY id"):
        report.count("matches by hand")
        line, undone = lines.get(match["line_id"]), match["undone_at"] is not None
        if line is None or line["kind"] != "returned" or (not undone and line["outcome"] != "settled"):
            report.broken("I12", "accounts_handmatch", match["id"], "its line is no money that was matched")
            continue
        posting, booking = postings.get(match["posting_id"]), bookings.get(match["booking_id"])
        if posting is not None:
            fits = posting["account_id"] == match["account_id"] and (posting["id"] in counters) == undone
            fits = fits and match["booking_id"] is None
            fits = fits and _paid(moved.get(posting["id"], [])) == line["amount"]
        else:
            own = [booking] if booking is not None else []
            if booking is not None and booking["recovery_line_id"]:
                claim = claims.get(booking["recovery_line_id"])
                own = [row for row in bookings.values() if _with(row) == _with(booking) and not row["reverses_id"]]
                own = [row for row in own if claims.get(row["recovery_line_id"]) == claim]
            fits = bool(own) and sum(row["amount"] for row in own) == line["amount"]
            fits = fits and (not undone or all(row["id"] in reversed_ for row in own))
        if not fits:
            report.broken("I12", "accounts_handmatch", match["id"], "is posted otherwise than it came in, or undone")


def _with(booking: Row) -> tuple[Any, ...]:
    """What the bookings of one match have in common: of a claim there is one for each of its months."""
    return booking["case_id"], booking["source"], booking["booked_at"], bool(booking["recovery_line_id"])


def _paid(entries: list[Row]) -> int:
    return sum(row["amount"] for row in entries if row["move"] in ("paid", "netted"))


def _lines(entries: list[Row], sign: int) -> list[tuple[Any, ...]]:
    names = ("move", "currency", "regime", "since", "until")
    return sorted((*(row[name] for name in names), sign * row["amount"]) for row in entries)


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
