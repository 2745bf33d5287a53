"""What the invented people receive, from the digits of their numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Paid:
    """One payment, kronor. `part`: who answers with it."""

    part: str
    code: str
    name: str
    day: date
    amount: int


def months(since: date, last: date) -> list[date]:
    """The first days of the calendar months that a period touches."""
    found, here = [], since.replace(day=1)
    while here <= last:
        found.append(here)
        here = date(here.year + here.month // 12, here.month % 12 + 1, 1)
    return found


def payments(number: str, since: date, last: date) -> list[Paid]:
    """The payments of somebody in a period, both days included."""
    kind = int(number[8:11]) % 5
    found = []
    for n, month in enumerate(months(since, last)):
        rows = {
            0: [("FK", "AS", "Aktivitetsstöd", 25, 5600)],
            1: [("FK", "SJP", "Sjukpenning", 24, 8400 + 1400 * n)],
            2: [("FK", "BOB", "Bostadsbidrag", 26, 3000), ("FK", "ABB", "Barnbidrag", 20, 2650)],
            3: [("CSN", "SM", "Studiemedel", 25, 10500)],
            4: [("SO", "AKASSA", "Prov-kassan", 22, 7320)],
        }[kind]
        found += [Paid(p, code, name, month.replace(day=day), amount) for p, code, name, day, amount in rows]
    return [one for one in found if since <= one.day <= last]
