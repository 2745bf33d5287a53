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
    "In each round 1,000 random households over the age limit (one person or a couple; pensions, company pensions, "
    "wages, contributions, mark G, basic-pension times, rent and heating) are calculated here and by GETTSIM, in an "
    "environment of its own made for it. Every person's claim to Grundsicherung is equal but for rounding: GETTSIM "
    "rounds no line, here each is rounded to the cent, so at most 3 cents lie between them. Left out, because GETTSIM "
    "differs from the law there or doesn't have it: assets (all or nothing, children at 10,000), children's income, "
    "capital income (spread over the year), chapter 3, extra needs but mark G, contributions above what a pension "
    "leaves."
)
ROUNDS = 10
HOUSEHOLDS = 1000
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
    for _ in range(draw.choice((1, 2))):
        pension = amount(10_000, 70_500, 50_600, 104_300)
        people.append(
            {
                "pension": pension,
                "contributions": int(pension * 11) / 100 if pension >= 300 and draw.random() < 0.6 else 0.0,
                "company": amount(10_000, 70_500) if draw.random() < 0.5 else 0.0,
                "wage": amount(93_833, 10_000) if draw.random() < 0.3 else 0.0,
                "months": draw.choice((0, 395, 396, 500)),
                "g": draw.random() < 0.4,
            }
        )
    return {"rent": amount(40_000, 52_000), "heating": int(amount(8_000) * 10) / 100, "people": people}


def facts_of(one: dict[str, Any]) -> Facts:
    """The same household as facts of the pack."""

    def cents(euro: float) -> int:
        return int(euro * 100 + 0.5)

    incomes = []
    for n, p in enumerate(one["people"]):
        said = {"person": f"p{n}", "source": "fetched"}
        incomes += [
            {"code": "PENSION_AGE", "gross": cents(p["pension"]), "social": cents(p["contributions"]), **said},
            {"code": "PENSION_COMPANY", "gross": cents(p["company"]), **said},
            {"code": "EARNINGS", "gross": cents(p["wage"]), **said},
        ]
    return Facts.from_json(
        {
            "since": JANUARY[0].isoformat(),
            "until": JANUARY[1].isoformat(),
            "members": [
                {
                    "key": f"p{n}",
                    "role": "adult",
                    "birth_on": "1950-01-01",
                    "mark_g": p["g"],
                    "grundrente": p["months"] >= 396,
                }
                for n, p in enumerate(one["people"])
            ],
            "housing": {
                "rent": cents(one["rent"]),
                "heating": cents(one["heating"]),
                "residents": len(one["people"]),
                "source": "evidence",
                "appropriate": True,
            },
            "incomes": incomes,
        }
    )


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


def round(python: Path, number: int, draw: Random, counts: Counter[str]) -> list[str]:
    """Both claims of every person; findings are people for whom they differ by more than rounding."""
    households = [household(draw) for _ in range(HOUSEHOLDS)]
    said = subprocess.run(
        [str(python), str(SCRIPT)], input=json.dumps(households), capture_output=True, text=True, check=True
    )
    theirs = iter(json.loads(said.stdout))
    norms, findings = norms_for(JANUARY[0]), []
    for one in households:
        claims = {line.person: line.amount for line in calculate(facts_of(one), norms).lines if line.code == "CLAIM_4"}
        for n in range(len(one["people"])):
            mine, other = claims.get(f"p{n}", 0), next(theirs) * 100
            counts["people with a claim" if mine else "people without one"] += 1
            counts["largest difference, hundredths of a cent"] = max(
                counts["largest difference, hundredths of a cent"], int(abs(mine - other) * 100)
            )
            if abs(mine - other) > CENTS:
                findings.append(f"p{n}: {mine / 100} here, {other / 100:.4f} there: {json.dumps(one)}")
    return findings
