"""Damage is noticed, and the row that was damaged is named."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from handslag.domain.tenancy.rows import TenantRow
from handslag.rules.se.codes import INCOMES
from tests.verifier.mutations import BLIND, WORKING_STATE, Damage, Vandal, missed
from verifier.chain import UNCOMMITTED
from verifier.invariants import WORK

SEED = 20_261_122
MUTATIONS = 100
#: So many damages are looked for in one verification where the chain commits to rows whole.
TOGETHER = 10
#: Tables of which the chain commits to something only, or later.
ALONE = UNCOMMITTED.keys() | {"exchange_arrival"}


def test_the_verifier_leaves_out_what_the_models_say() -> None:
    said = {
        model._meta.db_table: frozenset(model.uncommitted) for model in TenantRow.__subclasses__() if model.uncommitted
    }
    assert said == UNCOMMITTED


def test_the_verifier_takes_for_work_what_the_law_does() -> None:
    assert {code for code, kind in INCOMES.items() if kind.employment} == WORK


def test_what_is_kept_of_a_person_and_month_is_held_against_the_sheet(filled: Any) -> None:
    table = "entitlement_personmonth"
    vandal = Vandal(filled.copy.admin, filled.tenant, filled.files, SEED)
    with closing(vandal.connection):
        for column in ("supported", "work_income", None):
            damage = vandal.alter(table, column) if column else vandal.delete(table)
            try:
                report = filled.verify(tenants=[filled.office.slug])
            finally:
                vandal.undo()
            named = {(finding.table, finding.row) for finding in report.errors}
            assert named and named <= damage.expected, damage.what  # the row itself; of one that is gone its sheet


def test_every_mutation_is_noticed_and_its_row_named(filled: Any, capsys: Any) -> None:
    """What is held against anything but the chain is damaged alone. Rows that the chain commits to whole are damaged
    some at a time, in a table each: none stands in for another, for each is named as not what was committed to."""
    vandal = Vandal(filled.copy.admin, filled.tenant, filled.files, SEED)
    tables = vandal.tables()
    targets = [*tables, "chain ends", "stored files"]
    plan = list(itertools.islice(itertools.cycle(targets), MUTATIONS))
    alone = [target for target in plan if target not in tables or target in ALONE]
    others = [target for target in plan if target not in alone]
    groups = [[target] for target in alone]
    groups += [others[first : first + TOGETHER] for first in range(0, len(others), TOGETHER)]
    kinds = itertools.cycle(["alter", "alter", "delete", "alter", "insert"])
    found: list[str] = []
    with closing(vandal.connection):
        for group in groups:
            damages = [_damage(vandal, target, kinds) for target in group]
            found += missed(filled, vandal, *damages, rule="rows" if group[0] in others else None)
    assert found == [], "\n".join(found)
    assert filled.verify().ok  # all was put back
    with capsys.disabled():
        print(f"\n{MUTATIONS} mutations (seed {SEED}) drawn evenly over: {', '.join(targets)}")
        print("not held against anything: " + "; ".join(f"{k}: {v}" for k, v in WORKING_STATE.items()))
        print("blind columns: " + "; ".join(f"{'.'.join(k)}: {v}" for k, v in BLIND.items()))


def _damage(vandal: Vandal, target: str, kinds: Iterator[str]) -> Damage:
    """Damage to a table of the next kind; to chain ends and stored files what can be done to them."""
    if target == "chain ends":
        return vandal.cut()
    return vandal.flip() if target == "stored files" else getattr(vandal, next(kinds))(target)
