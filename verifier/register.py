"""I14: the days of the register follow again from the notices, person by person.

Written from what docs/decisions/0033 says, day by day, and not from how the product does it: of each day on which
anything begins or ends, what is claimed; one claim holds, several are a contradiction unless a person settled those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from verifier.database import Connection, Row, rows
from verifier.report import Report

#: What says that somebody left a municipality, without a new one.
GONE = ("disappearance", "departure", "death", "moved")
#: Who reimburses by status, and for how many years from entry (0: without end).
PAYERS = {"N": ("KSA-AK", 0), "F-A": ("KSA-AK", 7), "S": ("KSA-AK", 0), "F-R": ("KSA-ÖS", 0), "B-R": ("KSA-ÖS", 0)}
#: What a day says of a person: municipality, payer, status with day of entry, and what is contradicted.
Day = tuple[str, str | None, str, frozenset[tuple[str, tuple[str, ...]]]]
Claims = Callable[[list[Row], date], set[str]]


def check_register(connection: Connection, report: Report) -> None:
    """The stored days of every person are what follows from what was said of her."""
    said: dict[Any, list[Row]] = defaultdict(list)
    stored: dict[Any, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(connection, "SELECT n.*, n.at AS moment FROM register_notice n"):
        said[row["person_id"]].append(row)
    for table in ("responsibility", "standing", "contradiction"):
        for row in rows(connection, f"SELECT * FROM register_{table}"):
            stored[row["person_id"]][table].append(row)
    for person in said.keys() | stored.keys():
        report.count("people of the register")
        notices, days = said.get(person, []), stored[person]
        cuts = {one[edge] for part in (notices, *days.values()) for one in part for edge in ("since", "until")}
        cuts |= {end for one in notices if (end := _years_over(one))}
        for day in sorted(cut for cut in cuts if cut is not None):
            if (follows := _follows(notices, day)) != (is_stored := _stored(days, day)):
                text = f"on {day} {follows} follows from the notices, and {is_stored} is stored"
                report.broken("I14", "register_notice", person, text)
                break


def _stored(days: Any, day: date) -> Day:
    def at(table: str) -> list[Row]:
        return [one for one in days[table] if one["since"] <= day and (one["until"] is None or day < one["until"])]

    where, status = at("responsibility"), at("standing")
    return (
        "+".join(one["municipality"] for one in where),
        where[0]["payer"] if where else None,
        "+".join(f"{one['status']} {one['entry_on']}" for one in status),
        frozenset((one["what"], tuple(one["values"])) for one in at("contradiction")),
    )


def _follows(notices: list[Row], day: date) -> Day:
    open_: set[tuple[str, tuple[str, ...]]] = set()
    held = {}
    for what, claims in (("municipality", _where), ("status", _status), ("earnings", _earning)):
        told = [one for one in notices if one["what"] == what and not one["between"]]
        values = _claimed(claims, told, day)
        if len(values) > 1:
            chosen = _settled(notices, what, values, day)
            if chosen is None:
                open_.add((what, tuple(sorted(values))))
            values = {chosen or ""}
        held[what] = next((value for value in values if value), "")
    unclear = any(what in ("earnings", "status") for what, _values in open_)
    here = held["municipality"]
    by_status = _payer(held["status"], day, earns=bool(held["earnings"]))
    if by_status in (None, "municipality", "KSA-ÖS"):  # section 44: what its municipality claimed, and is accepted
        by_status = "KSA-ÖS" if _is_claimed(notices, here, day) else by_status and "municipality"
    payer = None if unclear or not here else by_status
    return held["municipality"], payer, held["status"], frozenset(open_)


def _claimed(claims: Claims, told: list[Row], day: date) -> set[str]:
    """What is claimed with and without what is disputed; "" where only one of the two claims anything."""
    ways = [claims(told, day), claims([one for one in told if not one["disputed"]], day)]
    return {value for way in ways for value in (way or ({""} if any(ways) else set()))}


def _settled(notices: list[Row], what: str, values: Iterable[str], day: date) -> str | None:
    """What a person settled last between these, for this day."""
    fitting = [
        one
        for one in notices
        if one["what"] == what
        and one["between"]
        and one["since"] <= day
        and (one["until"] is None or day < one["until"])
        and set(values) <= set(one["between"])
    ]
    if not fitting:
        return None
    return _value(max(fitting, key=lambda one: (one["moment"], str(one["id"]))))


def _value(one: Row) -> str:
    return f"{one['value']} {one['entry_on']}" if one["what"] == "status" and one["value"] else str(one["value"])


def _where(told: list[Row], day: date) -> set[str]:
    """Municipalities that claim the day: by an arrival until the last day that is named for leaving, before the next
    arrival there; "" from the first such day that somebody names without a new municipality."""
    found = set()
    for arrival in told:
        if arrival["value"] in GONE:
            continue
        left = [
            one
            for one in told
            if one["moves_from"] == arrival["value"]
            and (one["day"] > arrival["day"] or (one["day"] == arrival["day"] and one["value"] in GONE))
        ]
        if left:
            first = min(one["day"] for one in left)
            again = [one["day"] for one in told if one["value"] == arrival["value"] and one["day"] > first]
            left = [one for one in left if all(one["day"] < back for back in again)]
        last = max((one["since"] for one in left), default=None)
        if arrival["since"] <= day and (last is None or day < last):
            found.add(arrival["value"])
        if last is not None and day < last and any(one["value"] in GONE and one["since"] <= day for one in left):
            found.add("")
    return found


def _status(told: list[Row], day: date) -> set[str]:
    newest = max((one["since"] for one in told if one["since"] <= day), default=None)
    return {_value(one) for one in told if one["since"] == newest}


def _earning(told: list[Row], day: date) -> set[str]:
    """Own earnings last to their last day, or until it is said that they ended."""
    ended = [one["since"] for one in told if one["value"] != "own" and one["since"] <= day]
    return {
        "own"
        for one in told
        if one["value"] == "own"
        and one["since"] <= day
        and (one["until"] is None or day < one["until"])
        and not any(end > one["since"] for end in ended)
    }


def _is_claimed(notices: list[Row], municipality: str, day: date) -> bool:
    """Whether a claim of the municipality is accepted for the day, and none of its closings lies between."""
    mine = [one for one in notices if one["value"] == municipality and one["since"] <= day]
    closed = [one["since"] for one in mine if one["what"] == "closing"]
    return any(
        one["what"] == "claim"
        and (one["until"] is None or day < one["until"])
        and not any(end > one["since"] for end in closed)
        for one in mine
    )


def _payer(status: str, day: date, *, earns: bool) -> str | None:
    if not status:
        return None
    name, _space, entry = status.partition(" ")
    code, years = PAYERS[name]
    if years and day >= _later(date.fromisoformat(entry), years):
        return "municipality"
    return "own" if earns and code == "KSA-AK" else code


def _years_over(one: Row) -> date | None:
    """When the years of reimbursement that a notice of a status begins are over."""
    years = PAYERS[one["value"]][1] if one["what"] == "status" and one["value"] else 0
    return _later(one["entry_on"], years) if years else None


def _later(day: date, years: int) -> date:
    if (day.month, day.day) == (2, 29) and (day.year + years) % 4:
        return date(day.year + years, 3, 1)
    return day.replace(year=day.year + years)
