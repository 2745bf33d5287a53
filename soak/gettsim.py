"""The German claim at old age against GETTSIM, an independent implementation of the same law."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from handslag.rules.de.facts import Facts
from handslag.rules.de.pack import calculate, norms_for
from soak.evidence import ROOT

WHAT = (
    "10,000 random households over the age limit (one person, some with a child, or a couple; pensions, company "
    "pensions, wages, contributions, mark G, basic-pension times, rent and heating, assets) are calculated here and by "
    "GETTSIM, in an environment of its own made for it, in one call. Every person's claim to Grundsicherung is equal "
    "but for rounding: GETTSIM rounds no line, here each is rounded to the cent, so at most 3 cents lie between them. "
    "Where GETTSIM differs from the law, that it does is shown on the households concerned; those are counted, each "
    "with its reason. That a child of old people earns a lot changes nothing in either. Left out, because GETTSIM "
    "doesn't have it: chapter 3 (so a couple has no child here, for what one of them has left goes to partner and "
    "child), extra needs but mark G, capital income of a month (it has the year), contributions above what a pension "
    "leaves, and 2017, before this law begins here."
)
ROUNDS = 1
HOUSEHOLDS = 10_000
DEVIATIONS = {
    "all or nothing": "assets above the allowances end the whole claim there; § 90 SGB XII takes what is above them",
    "just the allowance": "assets of exactly the allowances end the claim there; they are free",
    "a child's allowance": "10,000 for a child there; 500 in § 1 of the ordinance on § 90",
    "reduced capacity": "below the age limit there is no claim there, with mark G neither; § 41 Abs. 3 gives one",
}
ADULT, CHILD = 10_000, 500
GETTSIM = "gettsim>=1.3.1,<1.4"
CENTS = 3
SCRIPT = Path(__file__).with_name("oracle") / "gettsim_claims.py"
JANUARY = (date(2026, 1, 1), date(2026, 2, 1))


def household(draw: Random) -> dict[str, Any]:
    """One household; amounts in euro, edges of each allowance common."""

    def amount(*near: int) -> float:
        cents = draw.choice([0, *(n + draw.choice((-1, 0, 1)) for n in near), draw.randint(0, 160_000)])
        return max(cents, 0) / 100

    people = []
    young = draw.random() < 0.03
    for _ in range(draw.choice((1, 2))):
        pension = amount(10_000, 70_500, 50_600, 104_300)
        people.append(
            {
                "age": 60 if young else 76,
                "pension": pension,
                "contributions": int(pension * 11) / 100 if pension >= 300 and draw.random() < 0.6 else 0.0,
                "company": amount(10_000, 70_500) if draw.random() < 0.5 else 0.0,
                "wage": amount(93_833, 10_000) if draw.random() < 0.3 else 0.0,
                "months": draw.choice((0, 395, 396, 500)),
                "g": draw.random() < 0.4,
            }
        )
    adults = len(people)
    if adults == 1 and draw.random() < 0.2:
        nothing = {"pension": 0.0, "contributions": 0.0, "company": 0.0, "wage": 0.0, "months": 0, "g": False}
        people.append({"age": 10, **nothing})
    assets = 0.0
    if draw.random() < 0.2:
        free = ADULT * adults + CHILD * (len(people) - adults)
        theirs = ADULT * len(people)
        assets = draw.choice((1, free - 0.01, free, free + 0.01, free + 200, theirs, theirs + 300))
    return {
        "rent": amount(40_000, 52_000),
        "heating": int(amount(8_000) * 10) / 100,
        "assets": assets,
        "rich_child": draw.random() < 0.02,
        "people": people,
    }


def facts_of(one: dict[str, Any]) -> Facts:
    """The same household as facts of the pack."""

    def cents(euro: float) -> int:
        return int(euro * 100 + 0.5)

    incomes, members = [], []
    for n, p in enumerate(one["people"]):
        said = {"person": f"p{n}", "source": "fetched"}
        member = {
            "key": f"p{n}",
            "role": "adult" if p["age"] >= 18 else "child",
            "birth_on": f"{2026 - p['age']}-01-01",
        }
        if member["role"] == "adult":
            incomes += [
                {"code": "PENSION_AGE", "gross": cents(p["pension"]), "social": cents(p["contributions"]), **said},
                {"code": "PENSION_COMPANY", "gross": cents(p["company"]), **said},
                {"code": "EARNINGS", "gross": cents(p["wage"]), **said},
            ]
            member |= {"mark_g": p["g"], "grundrente": p["months"] >= 396, "capacity": "permanent"}
        members.append(member)
    members[0]["assets"] = cents(one["assets"])
    housing = {
        "rent": cents(one["rent"]), "heating": cents(one["heating"]), "residents": len(members), "source": "evidence",
        "appropriate": True,
    }  # fmt: skip
    since, until = (day.isoformat() for day in JANUARY)
    return Facts.from_json({"since": since, "until": until, "members": members, "housing": housing, "incomes": incomes})


@contextmanager
def setting() -> Iterator[Path]:
    """GETTSIM's own environment, made once; its Python."""
    folder = ROOT / "var" / "soak" / "gettsim"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", GETTSIM], check=True)
        (folder / "made").touch()
    yield python


def deviation(one: dict[str, Any]) -> str:
    """For which reason GETTSIM differs from the law for a household; "" where it doesn't."""
    children = sum(p["age"] < 18 for p in one["people"])
    free = ADULT * (len(one["people"]) - children) + CHILD * children
    if one["people"][0]["age"] < 67:
        return "reduced capacity"
    if one["assets"] == free and not children:
        return "just the allowance"
    if one["assets"] >= ADULT * len(one["people"]):
        return "all or nothing"
    return "a child's allowance" if one["assets"] > free else ""


def round(python: Path, number: int, draw: Random, counts: Counter[str]) -> list[str]:
    """Both claims of every person; findings are people for whom they differ by more than the reasons say."""
    households = [household(draw) for _ in range(HOUSEHOLDS)]
    plain = [one | {"assets": 0.0, "rich_child": False} for one in households]
    said = subprocess.run(
        [str(python), str(SCRIPT)], input=json.dumps([*households, *plain]), capture_output=True, text=True, check=True
    )
    theirs = iter(json.loads(said.stdout))
    claimed = [[next(theirs) * 100 for _ in one["people"]] for one in [*households, *plain]]
    findings = []
    for one, others, without in zip(households, claimed[:HOUSEHOLDS], claimed[HOUSEHOLDS:], strict=True):
        mine = claims(one)
        reason = deviation(one)
        counts[f"households: {reason or 'equal'}"] += 1
        if not reason:
            wrong = [n for n, own in enumerate(mine) if abs(own - others[n]) > CENTS]
            counts["people with a claim"] += sum(own > 0 for own in mine)
            counts["people without one"] += sum(own == 0 for own in mine)
            most = max(abs(own - others[n]) for n, own in enumerate(mine))
            counts["largest difference, hundredths of a cent"] = max(
                counts["largest difference, hundredths of a cent"], int(most * 100)
            )
        else:
            wrong = [0] if not explained(one, reason, mine, others, without) else []
        findings += [
            f"{reason}: {n}: {mine} here, {others} there, without: {without}: {json.dumps(one)}" for n in wrong
        ]
    for reason, why in DEVIATIONS.items():
        if counts[f"households: {reason}"]:
            counts[f"deviation: {reason}: {why}"] = counts.pop(f"households: {reason}")
    return findings


def claims(one: dict[str, Any]) -> list[int]:
    """What each person of a household claims here, cents."""
    lines = calculate(facts_of(one), norms_for(JANUARY[0])).lines
    found = {line.person: line.amount for line in lines if line.code == "CLAIM_4"}
    return [found.get(f"p{n}", 0) for n in range(len(one["people"]))]


def explained(one: dict[str, Any], reason: str, mine: list[int], others: list[float], without: list[float]) -> bool:
    """Whether the claims differ just as the reason says. `without`: GETTSIM's without assets and rich children."""
    children = sum(p["age"] < 18 for p in one["people"])
    over = max(one["assets"] - ADULT * (len(one["people"]) - children) - CHILD * children, 0) * 100
    if reason == "reduced capacity":
        return sum(others) == 0 and (sum(mine) > 0 or bool(over) or enough(one))
    if reason == "a child's allowance":
        there = others == without
    else:
        there = sum(others) == 0
    slack = CENTS * len(mine)
    least, most = max(sum(without) - over, 0) - slack, sum(without) + slack
    return there and least <= sum(mine) <= (most if children else max(sum(without) - over, 0) + slack)


def enough(one: dict[str, Any]) -> bool:
    """Whether the household may have enough of its own, so that nobody claims."""
    return bool(sum(p["pension"] + p["company"] + p["wage"] for p in one["people"]) > 500)
