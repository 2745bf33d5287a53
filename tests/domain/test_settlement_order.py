"""Sequences of what is told of people in any order and settled meanwhile: no day is anybody's twice, sums are the
ledgers, nothing is settled twice, and in the end it is as if only the end had been settled; costs likewise."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.bed import Database
from tests.canton import Canton, open_canton
from tests.exchange import Side
from tests.settled_costs import Costs
from tests.settling import Mixed, Settling
from verifier import verify

#: How many sequences: each person one, with a twin of whom the same is told in another order. `./dev soak settlement`
#: plays thousands; in memory hundreds are played by `test_settlement.py` and `test_register.py`.
SEQUENCES = 40


def test_what_is_told_in_any_order_and_settled_meanwhile_ends_as_if_it_had_been_settled_once(
    database: Database,
) -> None:
    side, *places = open_canton(database)
    canton = Mixed(database, Side(side), [Side(place) for place in places])
    canton.random = Random(11)
    counts: Counter[str] = Counter()
    Settling(canton, Random(1), counts).play(SEQUENCES // 2)
    assert min(counts[name] for name in ("submissions", "cut", "contradicted")) > 0, counts
    assert counts["days"] > 40 * SEQUENCES
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[one.slug for one in (side, *places)])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []


def test_costs_booked_countered_and_settled_meanwhile_end_as_what_stands(database: Database) -> None:
    side, *places = open_canton(database)
    counts: Counter[str] = Counter()
    Costs(Canton(database, Side(side), [Side(place) for place in places]), Random(5), counts).play(8, 3)
    assert min(counts[name] for name in ("booked", "countered", "corrected")) > 3, counts
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[side.slug, places[0].slug])
    assert [(found.rule, found.table, found.text) for found in report.errors] == []
