"""Random households, valid by construction, for one period: plain facts as `Facts.from_json` takes them."""

import random
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from handslag.rules.se.codes import COSTS, INCOMES

_SETTINGS: dict[str, tuple[str, ...]] = {
    "setting.age_reference": ("first_day", "last_day"),
    "setting.day_method": ("year_365", "month_30", "actual_days"),
    "setting.share_rounding": ("half_up", "none"),
    "setting.household_size": ("present_any_day", "present_throughout"),
    "setting.visitation_child_counts": ("no", "yes"),
    "setting.child_means": ("whole", "own_need"),
    "setting.child_work": ("month_passed", "month_after"),
}


def settings(draw: random.Random) -> dict[str, str]:
    """Any of the settings, any choice."""
    return {name: draw.choice(choices) for name, choices in _SETTINGS.items() if draw.random() < 0.5}


def household(draw: random.Random, since: date, until: date, chosen: dict[str, str]) -> dict[str, Any]:
    """One household between the two days; edges (births inside, parts of the month, zero rows) are common."""
    days = (until - since).days
    members: list[dict[str, Any]] = []
    adults = draw.choice((0, 1, 1, 1, 2, 2))
    children = draw.choice((0, 0, 1, 2, 3, 4, 8)) if adults else draw.choice((1, 2))
    for n in range(adults + children):
        adult = n < adults
        role = "adult" if adult else draw.choice(("child", "child", "child", "visitation_child"))
        years = draw.randint(18, 90) if adult else draw.randint(0, 20)
        born = date(since.year - years, since.month, 1) + timedelta(days=draw.randint(-3, 34))
        if (since.year - born.year) > 20 and not adult:
            born = born.replace(year=since.year - 20)
        if not adult and (since.year - born.year) == 20 and draw.random() < 0.5:
            born = since.replace(year=since.year - 20) - timedelta(days=draw.randint(0, 300))
        row: dict[str, Any] = {"key": f"p{n}", "role": role}
        if adult:
            row["job_stimulus"] = draw.random() < 0.4
        else:
            row["lunch_days"] = draw.choice((0, 4, 5, 7))
            row["work_income_before"] = draw.choice((0, 1, 5_879_999, 5_919_999, 5_920_000, 9_999_999))
        start, end = 0, days
        shape = draw.random()
        if shape < 0.25:
            start = draw.randint(0, days - 1)
            end = draw.randint(start + 1, days)
        born = min(born, since + timedelta(days=end - 1))
        start = max(start, (born - since).days)
        row["birth_on"] = born.isoformat()
        row["days_before"] = draw.choice((None, None, 0, since.day - 1))
        cuts = [start, end]
        if shape > 0.8 and end - start > 1:
            cuts = [start, draw.randint(start + 1, end - 1), end]
        for first, last in pairwise(cuts):
            segment = row | {
                "since": (since + timedelta(days=first)).isoformat(),
                "until": (since + timedelta(days=last)).isoformat(),
            }
            if not adult and first != start:
                segment["lunch_days"] = draw.choice((0, 5))
            members.append(segment)
    residents = sum(m["role"] != "visitation_child" for m in {m["key"]: m for m in members}.values())
    people = sorted({m["key"] for m in members})
    amounts = (0, 1, 2, 3, 99, 100, 101, 500_050, 750_000, 1_200_001, draw.randint(0, 2_000_000), 10**12)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "household_size": draw.choice((None, None, max(residents, 1), residents + draw.randint(1, 9))),
        "settings": chosen,
        "days_before": draw.choice((None, 0, since.day // 2, since.day - 1)),
        "members": members,
        "costs": [
            {
                "code": code,
                "applied": draw.choice(amounts),
                "effective": draw.choice((None, *amounts)),
                "person": draw.choice((None, *people)),
            }
            for code in draw.sample(sorted(COSTS), draw.randint(0, 6))
        ],
        "incomes": [
            {"code": code, "gross": draw.choice(amounts), "person": draw.choice(people), "source": "given"}
            for code in draw.choices(["SALARY", *sorted(INCOMES)], k=draw.randint(0, 6))
        ],
    }
