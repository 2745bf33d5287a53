"""I14: statements: sums of lines, what became of each, and no cost and no day claimed or settled twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from verifier.database import Connection, Row, rows
from verifier.report import Report


def check_settlements(connection: Connection, report: Report) -> None:
    """Submissions add up to the lines that stand; claimed = accepted + cut + open by what each line got; the keys of
    standing lines are those that are kept, each once; the days that count are those that were accepted and neither
    given nor claimed back, each once. What the payer refused to take in doesn't stand."""
    statements = {row["id"]: row for row in rows(connection, "SELECT * FROM settlement_statement ORDER BY id")}
    lines: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows(connection, "SELECT * FROM settlement_line ORDER BY statement_id, number"):
        lines[row["statement_id"]].append(row)
        if row["kind"] == "days" and row["amount"] != row["days"] * row["rate"]:
            report.broken("I14", "settlement_line", row["id"], "its amount is not its days at its rate")
    submissions: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows(connection, "SELECT * FROM settlement_submission ORDER BY statement_id, number"):
        submissions[row["statement_id"]].append(row)
    answers: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows(connection, "SELECT * FROM settlement_answer ORDER BY line_id"):
        answers[row["line_id"]].append(row)
    amounts = {key: found[0]["amount"] for key, found in answers.items()}
    told = "SELECT submission_id FROM settlement_reception WHERE code <> '' ORDER BY submission_id"
    refused = {row["submission_id"] for row in rows(connection, told)}
    standing: list[Row] = []
    for key, statement in statements.items():
        report.count("statements")
        if statement["side"] == "claimant":  # the payer has no numbers of what it refused
            _check_numbers(report, key, submissions[key], lines[key])
        left = [row for row in submissions[key] if row["id"] not in refused]
        if not submissions[key]:
            report.broken("I14", "settlement_statement", key, "a submission of it is missing")
        there = _check_submissions(report, left, lines.pop(key, []), answers)
        standing += [{**statement, **line} for line in there]
    for rest in lines.values():
        for row in rest:
            report.broken("I14", "settlement_line", row["id"], "belongs to no statement")
    for line in standing:
        for place, answer in enumerate(answers.pop(line["id"], [])):
            _check_answer(report, line, answer)
            if place:
                report.broken("I14", "settlement_answer", answer["id"], "answers a line that is answered")
    for odd in answers.values():
        for row in odd:
            report.broken("I14", "settlement_answer", row["id"], "answers no line that stands")
    _check_keys(connection, report, standing)
    back = _check_reclaims(connection, report, {line["id"]: line for line in standing}, amounts)
    _check_days(connection, report, standing, back)


def _check_numbers(report: Report, statement: UUID, submissions: list[Row], lines: list[Row]) -> None:
    for what, named in ((lines, "line"), (submissions, "submission")):
        if [row["number"] for row in what] != list(range(1, len(what) + 1)):
            report.broken("I14", "settlement_statement", statement, f"a {named} of it is missing")


def _check_submissions(
    report: Report, submissions: list[Row], lines: list[Row], answers: dict[UUID, list[Row]]
) -> list[Row]:
    """The lines of a statement that stand after the last submission."""
    there: dict[int, Row] = {}
    for submission in submissions:
        for number in submission["withdrawn"]:
            gone = there.pop(number, None)
            if gone is None or answers.get(gone["id"]):
                report.broken("I14", "settlement_submission", submission["id"], "withdraws what doesn't stand open")
        there |= {row["number"]: row for row in lines if row["submission_id"] == submission["id"]}
        told = (submission["lines"], submission["total"])
        if told != (len(there), sum(row["amount"] for row in there.values())):
            report.broken("I14", "settlement_submission", submission["id"], "is not the sum of its lines")
    return list(there.values())


def _check_answer(report: Report, line: Row, answer: Row) -> None:
    accepted, claimed = answer["amount"], line["amount"]
    within = min(0, claimed) <= accepted <= max(0, claimed)
    fits = {"accepted": accepted == claimed, "refused": accepted == 0, "cut": within and accepted not in (0, claimed)}
    line["accepted"] = [] if line["kind"] != "days" else [
        tuple(date.fromisoformat(day) for day in one) for one in answer["accepted"]
    ]  # fmt: skip
    days = sum((until - since).days for since, until in line["accepted"])
    inside = all(line["since"] <= since < until <= line["until"] for since, until in line["accepted"])
    if not fits[answer["outcome"]] or (answer["reason"] == "") != (accepted == claimed):
        report.broken("I14", "settlement_answer", answer["id"], "accepted and cut are not what is claimed")
    elif abs(answer["days"]) != days or not inside or (days and abs(accepted) > days * line["rate"]):
        report.broken("I14", "settlement_answer", answer["id"], "accepts other days than it says")


def _check_keys(connection: Connection, report: Report, standing: list[Row]) -> None:
    kept = {row["line_id"] for row in rows(connection, "SELECT line_id FROM settlement_claim ORDER BY line_id")}
    if kept != {line["id"] for line in standing}:
        for key in sorted(kept ^ {line["id"] for line in standing}):
            report.broken("I14", "settlement_claim", key, "isn't the key of a line that stands")
    seen: set[tuple[Any, ...]] = set()
    for line in standing:
        named = (line["side"], line["partner"], line["share"])
        costs = [item["cost"] for item in line["items"] or []] or [line["cost"]]
        own: list[tuple[Any, ...]] = [(*named, line["fund"], cost) for cost in costs]
        if line["cost"] == "days":
            own = [(*named, line["person_id"], day) for day in _days([(line["since"], line["until"])])]
        if seen.intersection(own):
            report.broken("I14", "settlement_line", line["id"], "claims what another line claims")
        seen.update(own)


def _check_reclaims(
    connection: Connection, report: Report, standing: Mapping[UUID, Row], amounts: Mapping[UUID, int]
) -> list[tuple[Row, list[tuple[date, date]]]]:
    """What is claimed back is of settled lines, of none more than was accepted and of none twice; it is posted just
    where it is in force, each amount cut from what was accepted. Gives the lines with the days that count no more."""
    told: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows(connection, "SELECT * FROM settlement_reclaimline ORDER BY reclaim_id, line_id"):
        told[row["reclaim_id"]].append(row)
    said = (
        "SELECT a.side, a.partner, p.reference, p.content, e.move, sum(e.amount) AS amount FROM accounts_posting p "
        "JOIN accounts_account a ON a.id = p.account_id JOIN accounts_entry e ON e.posting_id = p.id "
        "WHERE p.rests_on = 'reclaim' GROUP BY 1, 2, 3, 4, 5"
    )
    posted: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
    for row in rows(connection, said):
        posted[row["side"], row["partner"], row["reference"], row["content"]][row["move"]] = int(row["amount"])
    back, seen = [], set()
    for reclaim in rows(connection, "SELECT * FROM settlement_reclaim ORDER BY id"):
        key, own = reclaim["id"], told.pop(reclaim["id"], [])
        report.count("reclaims")
        if sum(row["amount"] for row in own) != reclaim["total"]:
            report.broken("I14", "settlement_reclaim", key, "is not the sum of its lines")
        force = reclaim["state"] in ("accepted", "kept")
        moved = posted.pop((reclaim["side"], reclaim["partner"], reclaim["reference"], reclaim["content"]), {})
        if moved != ({"accepted": -reclaim["total"], "cut": reclaim["total"]} if force else {}):
            report.broken("I14", "settlement_reclaim", key, f"is {reclaim['state']}, and posted otherwise")
        for row in own:
            line = standing.get(row["line_id"])
            if line is None or line["side"] != reclaim["side"] or amounts.get(row["line_id"], 0) < row["amount"]:
                report.broken("I14", "settlement_reclaimline", row["id"], "claims back more than was accepted")
            elif row["stands"] == (reclaim["state"] in ("dropped", "withdrawn")) or (
                row["stands"] and row["line_id"] in seen
            ):
                report.broken("I14", "settlement_reclaimline", row["id"], "claims a line back twice, or not any more")
            elif force:
                spans = [(date.fromisoformat(since), date.fromisoformat(until)) for since, until in row["days"]]
                back.append((line, spans))
            seen |= {row["line_id"]} if row["stands"] else set()
    for key_ in posted:
        report.broken("I14", "settlement_reclaim", key_[2], "is posted, and isn't there")
    for rest in told.values():
        report.broken("I14", "settlement_reclaimline", rest[0]["id"], "belongs to no reclaim")
    return back


def _check_days(
    connection: Connection, report: Report, standing: list[Row], back: list[tuple[Row, list[tuple[date, date]]]]
) -> None:
    expected: Counter[tuple[Any, ...]] = Counter()
    for line, spans in back:
        for day in _days(spans):
            expected[line["side"], line["person_id"], line["partner"], day] -= 1
    for line in standing:
        for day in _days(line.get("accepted", [])):
            expected[line["side"], line["person_id"], line["partner"], day] += 1 if line["days"] > 0 else -1
    found: Counter[tuple[Any, ...]] = Counter()
    whose: dict[tuple[Any, ...], UUID] = {}
    for row in rows(connection, "SELECT * FROM settlement_counted ORDER BY id"):
        for day in _days([(row["since"], row["until"])]):
            key = (row["side"], row["person_id"], row["partner"], day)
            if (row["side"], row["person_id"], day) in whose:
                report.broken("I14", "settlement_counted", row["id"], "counts a day that counts already")
            whose[row["side"], row["person_id"], day] = row["id"]
            found[key] += 1
    people = {key[1] for key in set(expected) | set(found) if expected[key] != found[key]}
    for person in sorted(people):
        report.broken("I14", "settlement_counted", person, "her days that count are not those that were accepted")


def _days(stretches: list[tuple[date, date]]) -> Iterator[int]:
    for since, until in stretches:
        yield from range(since.toordinal(), until.toordinal())
