"""An example of a population: invented households, the same for the same seed."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from handslag.rules.packs import pack


def households(law: str, number: int, seed: int = 1, canton: str = "ZH") -> Iterator[dict[str, Any]]:
    """Rows of a population; PackError for a law that there isn't."""
    make = {"se": _swedish, "ch": _swiss, "de": _german}[pack(law).PACK]
    draw = Random(seed)
    for _ in range(number):
        yield make(draw) | ({"canton": canton} if law == "ch" else {})


def _people(draw: Random, oldest: int) -> tuple[list[int], list[int]]:
    """Ages of the adults and of the children; a few children live without adults in the case."""
    adults = draw.choices((0, 1, 2), (1, 60, 39))[0]
    children = draw.choices((0, 1, 2, 3, 4), (50, 20, 17, 9, 4))[0] if adults else 1
    first = draw.randint(20, oldest)
    return (
        [max(first - draw.randint(0, 5) * n, 18) for n in range(adults)],
        [draw.randint(0, min(17, first - 17)) for _ in range(children)],
    )


def _hundreds(draw: Random, least: int, most: int) -> int:
    """An amount in minor units, a multiple of a hundred of the major one."""
    return draw.randint(least // 100, most // 100) * 100_00


def _swedish(draw: Random) -> dict[str, Any]:
    adults, children = _people(draw, 64)
    members: list[dict[str, Any]] = [
        {"key": f"p{n}", "role": "adult", "age": age, "job_stimulus": draw.random() < 0.1}
        for n, age in enumerate(adults)
    ]
    members += [
        {"key": f"p{n}", "role": "child", "age": age, "lunch_days": 5 if 1 <= age <= 6 else 0}
        for n, age in enumerate(children, len(adults))
    ]
    rent = _hundreds(draw, 3000, 6000) + 900_00 * len(members)
    costs = [{"code": "RENT", "applied": rent}, {"code": "ELECTRICITY", "applied": _hundreds(draw, 200, 900)}]
    incomes: list[dict[str, Any]] = []
    if children:
        incomes.append({"code": "CHILD_BENEFIT", "gross": 1250_00 * len(children), "source": "fetched"})
    for member in members[: len(adults)]:
        if draw.random() < 0.45:
            pay = _hundreds(draw, 1000, 24000)
            incomes.append({"code": "SALARY", "gross": pay, "person": member["key"], "source": "evidence"})
    return {"members": members, "costs": costs, "incomes": incomes}


def _swiss(draw: Random) -> dict[str, Any]:
    adults, children = _people(draw, 64)
    members = [{"key": f"p{n}", "age": age} for n, age in enumerate([*adults, *children])]
    incomes = [
        {"code": "WAGE", "gross": _hundreds(draw, 300, 4200), "person": f"p{n}", "source": "evidence"}
        for n in range(len(adults))
        if draw.random() < 0.5
    ]
    costs = [
        {
            "code": "KVG_PREMIUM",
            "applied": 320_00 if n < len(adults) else 90_00,
            "person": m["key"],
            "source": "evidence",
        }
        for n, m in enumerate(members)
    ]
    rent = _hundreds(draw, 700, 1300) + 200_00 * (len(members) - 1)
    found = {"members": members, "incomes": incomes, "costs": costs, "rent": {"amount": rent, "source": "evidence"}}
    return found | {"claim": draw.choice(("new", "running", "running"))}


def _german(draw: Random) -> dict[str, Any]:
    adults, children = _people(draw, 85)
    members: list[dict[str, Any]] = [
        {"key": f"p{n}", "role": "adult", "age": age, "capacity": draw.choice(("permanent", "temporary"))}
        for n, age in enumerate(adults)
    ]
    members += [{"key": f"p{n}", "role": "child", "age": age} for n, age in enumerate(children, len(adults))]
    incomes: list[dict[str, Any]] = [
        {"code": "CHILD_BENEFIT", "gross": 259_00, "person": m["key"], "source": "fetched"}
        for m in members[len(adults) :]
    ]
    for member in members[: len(adults)]:
        if draw.random() < 0.6:
            code = "PENSION_AGE" if member["age"] >= 67 else "EARNINGS"
            pay = _hundreds(draw, 100, 1300)
            incomes.append({"code": code, "gross": pay, "person": member["key"], "source": "evidence"})
    housing = {
        "rent": _hundreds(draw, 300, 600) + 100_00 * (len(members) - 1), "heating": _hundreds(draw, 100, 200),
        "residents": len(members), "source": "evidence", "appropriate": True, "benefit_since": date(2025, 1, 1),
    }  # fmt: skip
    return {"members": members, "incomes": incomes, "housing": housing}
