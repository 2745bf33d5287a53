"""Random Swiss units, valid by construction, for one period and canton: plain facts as `Facts.from_json` takes them."""

import random
from datetime import date, timedelta
from typing import Any

from handslag.rules.ch.codes import COSTS, INCOMES
from handslag.rules.ch.numbers import history
from handslag.rules.norms import Norm, from_entries

RENTS = from_entries(
    [
        {
            "name": "rent.limit",
            "owner": "Musterwil",
            "unit": "CHF/month",
            "label": {"de": "Mietlimite"},
            "by": "persons",
            "bands": [1, 2, 3, 5],
            "last": 200,
            "values": [
                {
                    "since": date(2025, 1, 1),
                    "rows": [1200, 1500, 1700, 2100],
                    "source": "Beschluss",
                    "checked_on": date(2025, 1, 1),
                    "status": "official",
                }
            ],
        }
    ],
    "rents",
)


def settings(draw: random.Random, canton: str) -> dict[str, str]:
    """Any of the canton's settings, any choice."""
    choices: dict[str, Norm] = {name: norm for name, norm in history(canton).items() if norm.unit == "choice"}
    return {name: draw.choice(list(norm.choices)) for name, norm in choices.items() if draw.random() < 0.5}


def unit(draw: random.Random, since: date, until: date, canton: str, chosen: dict[str, str]) -> dict[str, Any]:
    """One unit between the two days; edges of every limit are common."""

    def amount() -> int:
        near = draw.choice((0, 95_000, 100_000, 106_100, 120_000, 190_000, 600_000, 1_200_000, 1_500_000))
        odd = max(near + draw.choice((-1, 0, 1, 50)), 0)
        return draw.choice((0, 1, 2, 99, 30_000, 35_000, 70_000, odd, draw.randint(0, 500_000), odd, 10**12))

    def born(years: int) -> str:
        day = date(since.year - years, since.month, 1) + timedelta(days=draw.randint(-2, 2))
        return min(day, since).isoformat()

    def source() -> str:
        return draw.choice(("fetched", "given", "evidence", "caseworker"))

    adults = draw.choice((0, 1, 1, 1, 2))
    children = draw.choice((0, 0, 0, 1, 2, 3, 8)) if adults else 1
    permits = ("CH", "B", "F-A", "N", "S") if canton == "ZH" and draw.random() < 0.5 else ("CH", "C", "B-R")
    members = [
        {
            "key": f"p{n}",
            "birth_on": born(draw.choice((19, 24, 26, 25, 40, 70)) if n < adults else draw.choice((0, 1, 10, 15, 16))),
            "permit": draw.choice(permits),
            "izu": draw.choice((0, 0, 9_999, 30_000, 30_001)),
            "reimbursed_until": draw.choice((None, since, until, date(2031, 1, 1))),
        }
        for n in range(adults + children)
    ]
    for member in members:
        if isinstance(member["reimbursed_until"], date):
            member["reimbursed_until"] = member["reimbursed_until"].isoformat()
    in_part = (since + timedelta(days=31)).replace(day=1) > until or since.day > 1
    for member in members if in_part else ():
        member["efb_before"] = draw.choice((None, 0, 30_000, 40_001))
        member["izu_before"] = draw.choice((None, 0, 10_000, 30_001))
    people = [m["key"] for m in members]
    living = draw.choice(("own", "own", "purpose_flat", "family_like", "with_parents"))
    facts: dict[str, Any] = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "canton": canton,
        "members": members,
        "claim": draw.choice(("new", "new", "running")),
        "living": living,
        "without_activity": living == "own" and len(people) == 1 and draw.random() < 0.5,
        "settings": chosen,
        "wealth": draw.choice((None, 0, amount())),
        "wealth_before": draw.choice((None, 0, 50_000, amount())) if in_part else None,
        "costs": [
            {
                "code": code,
                "applied": amount(),
                "effective": draw.choice((None, amount())),
                "source": source(),
                "person": draw.choice(people) if code.startswith("KVG") else draw.choice((None, *people)),
                "before": draw.choice((0, 0, 29_999, 30_000, 34_999, 69_999, 70_000)),
                "units": draw.randint(0, 31),
            }
            for code in draw.choices(sorted(COSTS), k=draw.randint(0, 6))
        ],
        "incomes": [
            {"code": code, "gross": amount(), "person": person, "source": source()}
            for code in draw.choices(["WAGE", "WAGE", *sorted(INCOMES)], k=draw.randint(0, 5))
            for person in [draw.choice(people) if code == "WAGE" else draw.choice((None, *people))]
        ],
    }
    again = [row for row in facts["costs"] if row["code"] in ("KVG_DEDUCTIBLE", "KVG_COPAY")]
    facts["costs"] += [row | {"applied": row["units"] * 1_000, "effective": None} for row in again]
    told: dict[tuple[str, str], tuple[int, int]] = {}
    for row in facts["costs"]:
        first, rows = told.get((row["person"], row["code"]), (row["before"], 0))
        row["before"] = draw.choice((first, min(first + rows, 10**12)))
        told[row["person"], row["code"]] = (
            first,
            rows + (row["applied"] if row["effective"] is None else row["effective"]),
        )
    if living in ("family_like", "with_parents"):
        facts["household_size"] = len(people) + draw.choice((1, 1, 2, 9))
    if draw.random() < 0.8:
        notice = draw.choice((None, since, since + timedelta(days=1), since - timedelta(days=1)))
        notice_text = notice.isoformat() if notice else None
        facts["rent"] = {"amount": amount(), "source": source(), "notice_until": notice_text}
    if living == "family_like" and draw.random() < 0.5:
        together = since - timedelta(days=draw.choice((0, 400, 730, 731, 732)))
        facts["partner"] = {
            "together_since": together.isoformat(),
            "common_child": draw.random() < 0.3,
            "income": amount(),
            "budget": amount(),
            "source": source(),
        }
    if draw.random() < 0.3:
        begun = since - timedelta(days=draw.choice((-40, -5, 0, 5, 40, 200, 364, 400)))
        facts["sanctions"] = [
            {"person": person, "percent": draw.choice((5, 30, 31, 100)), "since": begun.isoformat(), "months": months,
             "order": "V-1"}
            for person in draw.sample(people, 1)
            for months in [draw.choice((1, 6, 12, 13))]
        ]  # fmt: skip
        others = [person for person in people if person != facts["sanctions"][0]["person"]]
        facts["sanctions"] += [facts["sanctions"][0] | {"person": other, "order": "V-3"} for other in others[:2]]
    if draw.random() < 0.3:
        facts["restitution"] = {"remaining": amount(), "percent": draw.choice((1, 15, 30, 100)), "order": "V-2"}
    if draw.random() < 0.2:
        facts["refund"] = {"wealth": amount() * 5, "received": amount(), "source": source()}
        facts["refund"]["wealth"] = min(facts["refund"]["wealth"], 10**12)
    facts["relatives"] = [
        {"name": "M", "income": near, "couple": draw.random() < 0.5, "children": draw.randint(0, 2), "source": source()}
        for near in draw.sample((0, 12_000_000, 12_000_001, 14_000_000, 18_000_001, 20_000_000), draw.choice((0, 0, 1)))
    ]
    return facts
