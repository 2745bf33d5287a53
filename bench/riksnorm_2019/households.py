"""Invented households for the benchmark rule: one as JSON in each engine's own form, and many as columns."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench.riksnorm_2019.rule import Facts
from handslag.rules.population import Columns, Households

FACTS = Facts.from_json(
    {
        "since": "2019-03-01",
        "until": "2019-04-01",
        "members": [
            {"key": "sara", "role": "adult", "birth_on": "1988-02-11", "wage": 1_200_003, "stimulated": True},
            {"key": "omar", "role": "adult", "birth_on": "1986-09-30"},
            {"key": "liv", "role": "child", "birth_on": "2013-08-14", "lunch": True},
            {"key": "noa", "role": "child", "birth_on": "2006-11-02"},
        ],
        "rent": 940_000,
        "child_benefit": 265_000,
        "housing_allowance": 300_000,
    }
).to_bytes()


def _month(value: Any) -> dict[str, Any]:
    return {"2019-03": value}


SITUATION = json.dumps(
    {
        "persons": {
            key: {name: _month(value) for name, value in values.items()}
            for key, values in {
                "sara": {"age": 31, "is_adult": True, "cohabiting": True, "wage": 12000.03, "stimulated": True},
                "omar": {"age": 32, "is_adult": True, "cohabiting": True},
                "liv": {"age": 5, "is_adult": False, "lunch": True},
                "noa": {"age": 12, "is_adult": False},
            }.items()
        },
        "households": {
            "one": {
                "adults": ["sara", "omar"],
                "children": ["liv", "noa"],
                "rent": _month(9400),
                "child_benefit": _month(2650),
                "housing_allowance": _month(3000),
            }
        },
    }
)


def many(households: int, seed: int = 1) -> Households:
    """About 2.2 persons to a household; a third of the adults have a wage with öre, half of those a disregard."""
    draw = np.random.default_rng(seed)
    adults = draw.choice([1, 1, 1, 2, 2], households)
    children = draw.choice([0, 0, 0, 0, 0, 1, 1, 2, 3], households)
    count = adults + children
    offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    rows = int(offsets[-1])
    adult = np.arange(rows) - np.repeat(offsets[:-1], count) < np.repeat(adults, count)
    earns = adult & (draw.random(rows) < 0.33)
    persons = {
        "age": np.where(adult, draw.integers(20, 70, rows), draw.integers(0, 20, rows)),
        "adult": adult,
        "cohabiting": adult & np.repeat(adults == 2, count),
        "lunch": ~adult & (draw.random(rows) < 0.5),
        "wage": np.where(earns, draw.integers(0, 2_500_000, rows), 0),
        "stimulated": earns & (draw.random(rows) < 0.5),
    }
    own = {
        "rent": draw.integers(2_000, 12_000, households) * 100,
        "child_benefit": children * 125_000,
        "housing_allowance": draw.choice([0, 0, 110_000, 340_000], households),
    }
    return Households(own, {"members": Columns(offsets, persons)})


def for_openfisca(one: Households, folder: Path) -> None:
    """The same as .npy columns in kronor."""
    folder.mkdir(parents=True, exist_ok=True)
    members, count = one.members, np.diff(one.members.offsets)
    columns = {
        "person_id": np.arange(len(members.age)),
        "household_id": np.arange(len(one)),
        "household_of": np.repeat(np.arange(len(one)), count),
        "age": members.age,
        "is_adult": members.adult,
        "cohabiting": members.cohabiting,
        "lunch": members.lunch,
        "wage": members.wage / 100,
        "stimulated": members.stimulated,
        "rent": one.rent / 100,
        "child_benefit": one.child_benefit / 100,
        "housing_allowance": one.housing_allowance / 100,
    }
    for name, column in columns.items():
        np.save(folder / f"{name}.npy", column)
