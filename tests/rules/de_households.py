"""Random German households, valid by construction, for one month: plain facts as `Facts.from_json` takes them."""

import random
from datetime import date, timedelta
from typing import Any

from handslag.rules.de.codes import DEBTS, INCOMES, NEEDS
from handslag.rules.de.numbers import history
from handslag.rules.norms import from_entries


def _local(name: str, value: int | list[int]) -> dict[str, Any]:
    dated = {"since": date(2025, 1, 1), "source": "Beschluss", "checked_on": date(2025, 1, 1), "status": "official"}
    norm = {"name": name, "owner": "Kreis Musterstein", "unit": "EUR/month", "label": {"de": name}}
    if isinstance(value, int):
        return norm | {"values": [dated | {"value": value}]}
    return norm | {"by": "persons", "bands": [1, 2, 3, 4], "last": 4, "values": [dated | {"rows": value}]}


TABLES = from_entries(
    [
        _local("rent.limit", [420, 550, 670, 780]),
        _local("rent.further", 110),
        _local("heating.limit", [90, 120, 150, 170]),
        _local("heating.further", 20),
        _local("warm_rent", 430),
        _local("clothing", 25),
    ],
    "district",
)


def settings(draw: random.Random) -> dict[str, str]:
    """Any of the settings, any choice."""
    choices = {name: list(norm.choices) for name, norm in history().items() if norm.unit == "choice"}
    return {name: draw.choice(found) for name, found in choices.items() if draw.random() < 0.4}


def household(draw: random.Random, since: date, until: date, chosen: dict[str, str]) -> dict[str, Any]:
    """One household of the month; edges of every limit are common."""

    def amount(most: int = 120_000) -> int:
        near = draw.choice((2_600, 10_000, 25_000, 28_150, 42_000, 60_300, 63_000, 70_000, 93_833))
        return draw.choice((0, 1, 50, 99, max(near + draw.choice((-1, 0, 1)), 0), draw.randint(0, most)))

    def some(chance: float) -> bool:
        return draw.random() < chance

    def around(day: date, months: int = 14) -> date:
        return day + timedelta(days=draw.randint(-30 * months, 30))

    adults = draw.choice((0, 1, 1, 1, 2, 2))
    children = draw.choice((0, 0, 1, 2, 3, 4, 6)) if adults else 1
    days = (until - since).days
    members: list[dict[str, Any]] = []
    for n in range(adults + children):
        adult = n < adults
        years = (
            draw.choice((18, 24, 25, 40, 66, 67, 80))
            if adults and adult
            else draw.choice((0, 1, 5, 6, 7, 13, 14, 15, 16))
        )
        born = date(since.year - years, since.month, 1) + timedelta(days=draw.choice((-40, -1, 0, draw.randint(0, 31))))
        if adult and years == 66:
            born -= timedelta(days=draw.randint(0, 330))
        start = draw.randint(0, days - 1) if some(0.15) else 0
        end = draw.randint(start + 1, days) if some(0.1) else days
        born = min(born, since + timedelta(days=start))
        if adult and (since.year - born.year) < 19:
            born = date(since.year - 18, since.month, 1)
        row: dict[str, Any] = {
            "key": f"p{n}", "role": "adult" if adult else "child", "birth_on": born.isoformat(),
            "claims": not some(0.1), "mark_g": some(0.3), "school_help": some(0.15),
            "since": (since + timedelta(days=start)).isoformat(), "until": (since + timedelta(days=end)).isoformat(),
            "living": draw.choice(("dwelling",) * 6 + ("special", "institution", "other")),
            "supplies": draw.choice(("", "", "first", "second", "both")), "participation": some(0.4),
            "assets": draw.choice((0, 0, 49_999, 50_000, 50_001, 999_999, 1_000_000, 1_000_001, 2_100_000)),
            "arrears": draw.choice((0, 0, 0, 5_000)),
        }  # fmt: skip
        if row["living"] != "dwelling":
            row["accommodation"] = amount(70_000)
            row["extras"] = draw.randint(0, row["accommodation"])
        if adult:
            row |= {
                "capacity": draw.choice(("full", "temporary", "permanent")), "grundrente": some(0.3),
                "care": some(0.3), "lone_parent": adults == 1 and some(0.7), "lunch_days": draw.choice((0, 0, 20)),
                "rent_free": row["living"] == "dwelling" and some(0.15),
            }  # fmt: skip
            if some(0.2):
                row["pregnant_since"] = around(since, 5).isoformat()
                if some(0.4):
                    row["delivered_on"] = (date.fromisoformat(row["pregnant_since"]) + timedelta(days=60)).isoformat()
        else:
            row["own_child"] = some(0.05)
        if some(0.15):
            row |= {"rate_less": amount(60_000), "rate_more": amount(10_000), "reason": "im Einzelfall"}
        if some(0.1):
            row["hot_water"] = amount(3_000)
        members.append(row)
    people = [m["key"] for m in members]
    inside = sum(m["living"] == "dwelling" for m in members)
    grown = [m["key"] for m in members if m["role"] == "adult"]

    def maybe(chance: float) -> str | None:
        return around(since).isoformat() if some(chance) else None

    rent = draw.choice((42_000, 63_000, 63_001, 70_000, 55_000, 82_501, draw.randint(0, 150_000)))
    housing = {
        "rent": rent, "heating": draw.choice((8_000, 9_000, 9_001, 12_000, draw.randint(0, 30_000))),
        "residents": max(inside, 1) + draw.choice((0, 0, 1, 2, 5)), "source": "evidence",
        "own_contract": some(0.15), "appropriate": some(0.3), "benefit_since": maybe(0.7),
        "interrupted": draw.choice((0, 0, 2)), "used": draw.choice((0, 0, 6)), "no_karenz": some(0.1),
        "reduce_until": maybe(0.5), "heating_until": maybe(0.5), "higher_until": maybe(0.15), "death_on": maybe(0.15),
        "over_ceiling": draw.randint(0, rent) if some(0.2) else 0, "decentral": some(0.4),
    }  # fmt: skip
    incomes = []
    seen = set()
    for code in draw.choices(["PENSION_AGE", "EARNINGS", "CHILD_BENEFIT", *sorted(INCOMES)], k=draw.randint(0, 7)):
        person = draw.choice(people)
        if (person, code) in seen:
            continue
        seen.add((person, code))
        one = {
            "code": code, "person": person, "source": draw.choice(("fetched", "given", "evidence", "caseworker")),
            "gross": draw.choice((amount(), amount(), 25_900, 10**12 if some(0.05) else 0)),
            "before": draw.choice((0, 1_000, 2_600, 330_000)), "equipment": some(0.2),
            "car_km": draw.choice((0, 0, 1, 40, 41)), "ticket": draw.choice((0, 4_900)),
            "second_household": draw.choice((0, 13_000, 13_001)), "other_costs": draw.choice((0, 500)),
            "note": draw.choice(("", "laut Bescheid")), "period": draw.choice(("", f"{since:%Y-%m}")),
        }  # fmt: skip
        if some(0.15):
            one |= {"back_payment": True, "received_on": around(since, 8).isoformat()}
            one["received_on"] = min(one["received_on"], (until - timedelta(days=1)).isoformat())
            one["spread_months"] = draw.choice((None, None, 1, 4))
        else:
            one |= {"tax": amount(9_000), "social": amount(9_000), "insurance": draw.choice((0, 500))}
            if code == "PENSION_PRIVATE":
                one["covers_months"] = draw.choice((1, 3, 12))
        incomes.append(one)
    debts = []
    for code in draw.choices(sorted(DEBTS), k=draw.choice((0, 0, 1, 2, 4))):
        sets = code in ("REDUCTION", "UNDUE", "LOAN")
        debts.append(
            {
                "code": code, "person": draw.choice(people), "order": "SO-17",
                "remaining": draw.choice((0, 100, 2_814, 2_815, 2_816, 100_000)),
                "since": (around(since, 38) if some(0.5) else around(since, 2)).isoformat(),
                "amount": draw.choice((0, 2_815, 16_889, 16_891, 50_000)) if sets else None,
                "paid_back": draw.choice((0, 0, 28_000, 28_150)),
            }
        )  # fmt: skip
        debts[-1]["since"] = min(debts[-1]["since"], since.isoformat())
    direct = [
        {"code": code, "person": draw.choice(people),
         "amount": draw.choice((5_000, 90_000) if code == "POWER" else (None, None, 20_000))}
        for code in draw.choices(("FUND", "LANDLORD", "POWER", "PROVIDER"), k=draw.choice((0, 0, 1, 3)))
    ]  # fmt: skip
    needs = [
        {"code": code, "person": draw.choice(people), "note": draw.choice(("", "laut Rechnung")),
         "applied": amount(40_000), "effective": draw.choice((None, amount(40_000)))}
        for code in draw.choices(sorted(NEEDS), k=draw.choice((0, 0, 1, 2, 5)))
    ]  # fmt: skip
    return {
        "since": since.isoformat(), "until": until.isoformat(), "members": members, "settings": chosen,
        "housing": housing if some(0.9) or any(m.get("rent_free") for m in members) else None,
        "needs": needs, "incomes": incomes, "debts": debts, "direct": direct,
        "child_benefit_to": draw.choice((None, *grown)), "one_off_months": draw.choice((0, 0, 1, 6)),
        "assets_usable": not some(0.2),
    }  # fmt: skip
